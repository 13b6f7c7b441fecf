package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"posteriori/engine"
	"posteriori/engine/fault"
	"posteriori/engine/index"
	"posteriori/engine/journal"
	"posteriori/engine/procedure"
	"posteriori/engine/scene"
)

// orderFlags are the flags that name the decision behind an erasure or a
// correction.
func orderFlags(f *pflag.FlagSet, d *procedure.Authorisation) {
	f.StringVar(&d.Reference, "order", "", "`reference` of the order")
	f.StringVar(&d.Magistrate, "magistrate", "", "`name` of the magistrate")
	f.StringVar((*string)(&d.Quality), "quality", "", "`quality`: procureur, juge-instruction or magistrat-referent")
	f.StringVar(&d.Date, "date", "", "`date` of the order, YYYY-MM-DD")
	f.StringVar(&d.Document, "document", "", "the signed `file`; its SHA-256 is recorded")
}

// hashDocument puts the document's hash and bare name in d, where it names one.
func hashDocument(ctx context.Context, d *procedure.Authorisation) error {
	if d.Document == "" {
		return nil
	}
	sum, err := hashSigned(ctx, d.Document)
	if err != nil {
		return err
	}
	d.Document, d.SHA256 = filepath.Base(d.Document), sum
	return nil
}

// orderOptions are the flags of posteriori erase and rectify.
type orderOptions struct {
	track, recording string
	class            string
	colour, lower    string
	decision         procedure.Authorisation
}

func newEraseCommand(a *app) *cobra.Command {
	var o orderOptions
	c := &cobra.Command{
		Use:   "erase -p ID --track [REC:]TRACK|--recording R --order REF --magistrate NAME --quality Q --date DATE",
		Short: "Erase a track or a recording on a magistrate's order",
		Long: `Erase a track, or a recording with all that was found in it, on the order of a
magistrate (rule 15). It goes by reference: the record in the journal holds the
numbers and the order, nothing of what was erased. What the index held is
overwritten; its number is never used again. The original is not touched: it is
the exhibit's. Files outside the store that may still show it are named.

A report made before is stale from then on: make it anew.
` + exitStatus,
		Example: `  posteriori erase -p 2026-00123 --track 1:17 --order ORD-5 --magistrate "Mme Martin" \
    --quality procureur --date 2026-03-01 --reason "ordonnance du 1er mars"`,
		Args: argsBetween(0, 0),
		RunE: func(c *cobra.Command, _ []string) error { return a.erase(c, o) },
	}
	f := c.Flags()
	f.StringVar(&o.track, "track", "", "the `track`, RECORDING:TRACK")
	f.StringVar(&o.recording, "recording", "", "the `recording`: its number, path or the start of its hash")
	orderFlags(f, &o.decision)
	return c
}

func (a *app) erase(c *cobra.Command, o orderOptions) error {
	if (o.track == "") == (o.recording == "") {
		return usage(c, "name one --track or one --recording")
	}
	var done engine.Erased
	err := a.ordered(c, journal.Erase, journal.SubErase, &o, func(act *engine.Act, ix *index.Store, order engine.Order) error {
		var err error
		done, err = act.EraseOrdered(c.Context(), ix, order)
		return err
	})
	if err != nil {
		return err
	}
	return a.print(done, func(w io.Writer) error {
		for _, k := range done.Tracks {
			fmt.Fprintf(w, "track %d:%d is erased\n", k.Recording, k.Track)
		}
		for _, r := range done.Recordings {
			fmt.Fprintf(w, "recording %d is erased with all that was found in it\n", r)
		}
		return printOutside(w, done.Outside)
	})
}

// printOutside names the files that the store cannot reach.
func printOutside(w io.Writer, files []index.Derived) error {
	for _, d := range files {
		if _, err := fmt.Fprintf(w, "handed over, may still show it: %s (%s, SHA-256 %s)\n", fault.Printable(d.Path), d.Kind, d.SHA256); err != nil {
			return err
		}
	}
	return nil
}

func newRectifyCommand(a *app) *cobra.Command {
	var o orderOptions
	c := &cobra.Command{
		Use:   "rectify -p ID --track [REC:]TRACK --class CLASS|--colour COLOUR|--lower COLOUR --order REF --magistrate NAME --quality Q --date DATE",
		Short: "Correct a track's class or colours on a magistrate's order",
		Long: `Correct a track's class or colours on the order of a magistrate (rule 15). A
person's --colour is that of the upper clothing, --lower that of the lower. What
the engine itself proposed is kept beside the correction.

A report made before is stale from then on: make it anew.
` + exitStatus,
		Example: `  posteriori rectify -p 2026-00123 --track 1:17 --colour blue --order ORD-6 --magistrate "Mme Martin" \
    --quality procureur --date 2026-03-01 --reason "ordonnance du 1er mars"`,
		Args: argsBetween(0, 0),
		RunE: func(c *cobra.Command, _ []string) error { return a.rectify(c, o) },
	}
	f := c.Flags()
	f.StringVar(&o.track, "track", "", "the `track`, RECORDING:TRACK")
	f.StringVar(&o.class, "class", "", "its true `class`")
	f.StringVar(&o.colour, "colour", "", "its true `colour`")
	f.StringVar(&o.lower, "lower", "", "the true `colour` of a person's lower clothing")
	orderFlags(f, &o.decision)
	return c
}

func (a *app) rectify(c *cobra.Command, o orderOptions) error {
	if o.track == "" || o.class == "" && o.colour == "" && o.lower == "" {
		return usage(c, "name a --track, and its --class, --colour or --lower")
	}
	var what index.Correction
	if o.class != "" {
		v, ok := scene.ParseClass(o.class)
		if !ok {
			return usage(c, "--class %q is no class that the engine knows", o.class)
		}
		what.Class = &v
	}
	for _, x := range []struct {
		flag, name string
		to         **scene.Colour
	}{{"colour", o.colour, &what.Colour}, {"lower", o.lower, &what.Lower}} {
		if x.name == "" {
			continue
		}
		v, ok := scene.ParseColour(x.name)
		if !ok {
			return usage(c, "--%s %q is no colour that the engine knows", x.flag, x.name)
		}
		*x.to = &v
	}
	var key index.Key
	err := a.ordered(c, journal.Modify, journal.SubRectify, &o, func(act *engine.Act, ix *index.Store, order engine.Order) error {
		key = index.Key{Recording: order.Recording.ID, Track: order.Track}
		return act.RectifyOrdered(c.Context(), ix, order, what)
	})
	if err != nil {
		return err
	}
	return a.print(key, func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "track %d:%d is corrected; the engine's own proposal is kept beside it\n", key.Recording, key.Track)
		return err
	})
}

// ordered runs an act on order: it finds the item and hashes the document.
func (a *app) ordered(c *cobra.Command, op journal.Operation, sub journal.Sub, o *orderOptions, do func(*engine.Act, *index.Store, engine.Order) error) error {
	id, err := a.needProcedure(c)
	if err != nil {
		return err
	}
	var ref trackRef
	if o.track != "" {
		if ref, err = parseTrackRef(o.track); err != nil {
			return err
		}
	}
	store, err := a.openStore()
	if err != nil {
		return err
	}
	ctx := c.Context()
	return store.Do(ctx, engine.ActSpec{Procedure: id, Operation: op, Sub: sub, Reason: a.reason}, func(act *engine.Act) error {
		ix, err := act.Procedure().Index(ctx)
		if err != nil {
			return err
		}
		defer ix.Close()
		if err := hashDocument(ctx, &o.decision); err != nil {
			return err
		}
		order := engine.Order{Track: ref.track, Decision: o.decision}
		if o.track != "" {
			order.Recording, err = ref.recording(ctx, ix)
		} else {
			order.Recording, err = ix.FindRecording(ctx, o.recording)
		}
		if err != nil {
			return err
		}
		return do(act, ix, order)
	})
}

func newPurgeCommand(a *app) *cobra.Command {
	var due, clockIsRight bool
	c := &cobra.Command{
		Use:   "purge --due",
		Short: "Erase the recordings whose three years are over",
		Long: `Erase, in every procedure of the store, the recordings that were brought in three
years ago or before, with all that was found in them (rule 14). It is meant to
run each night, so that what nobody looks at is erased too; it is one act in
each procedure where something is due. Whatever is due in a procedure is also
erased before any other act in it, without being asked for. The originals are
not touched: they are the exhibits'. From thirty months on whoever works in
such a procedure is told.

A machine's date may be wrong, and what is erased stays erased. Where no time
service keeps the clock and the journals know nothing of the month before, or
of another since the recordings came in, nothing is erased and no act goes ahead
in their procedures until the clock is set, or until --clock-is-right: whoever
gives it answers for the date, and the record says so.

A magistrate's decision to keep them longer is recorded with posteriori
procedure extend. A whole procedure is erased by posteriori procedure close.
` + exitStatus,
		Example: `  posteriori purge --due --reason "conservation de trois ans"`,
		Args:    argsBetween(0, 0),
		RunE: func(c *cobra.Command, _ []string) error {
			if !due {
				return usage(c, "posteriori purge erases what is due: say --due")
			}
			return a.purgeDue(c, clockIsRight)
		},
	}
	c.Flags().BoolVar(&due, "due", false, "erase what is due by now")
	c.Flags().BoolVar(&clockIsRight, "clock-is-right", false, "vouch for the machine's date")
	return c
}

func (a *app) purgeDue(c *cobra.Command, clockIsRight bool) error {
	store, err := a.openStore()
	if err != nil {
		return err
	}
	if clockIsRight {
		store = store.ConfirmClock()
	}
	done := []engine.DueResult{}
	found, err := store.PurgeDue(c.Context(), a.reason)
	done = append(done, found...)
	perr := a.print(done, func(w io.Writer) error {
		if len(done) == 0 && err == nil {
			_, err := fmt.Fprintln(w, "nothing is due")
			return err
		}
		for _, r := range done {
			fmt.Fprintf(w, "procedure %s: recordings %v erased with all that was found in them\n", r.Procedure, r.Recordings)
			if err := printOutside(w, r.Outside); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		err = perr
	}
	return err
}
