package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"posteriori/engine"
	"posteriori/engine/evidence"
	"posteriori/engine/journal"
)

// handOut is what the commands share that give something of the journal away.
type handOut struct {
	out, recipient string
}

func (h *handOut) flags(c *cobra.Command, out string) {
	c.Flags().StringVarP(&h.out, "output", "o", "", out)
	c.Flags().StringVar(&h.recipient, "recipient", "", "who it is for, a `person or service`; goes into the journal")
}

// recipients are what the record says of whom it is for.
func (h handOut) recipients(sha string) []journal.Recipient {
	if h.recipient == "" {
		return nil
	}
	return []journal.Recipient{{Who: h.recipient, SHA256: sha}}
}

// write records the act and then writes text to the file, or to stdout where
// none is named.
func (h handOut) write(stdout io.Writer, act *engine.Act, d journal.Details, text []byte) error {
	sum := sha256.Sum256(text)
	sha := hex.EncodeToString(sum[:])
	d.Objects = append(d.Objects, journal.Object{Kind: "document", SHA256: sha})
	d.Recipients = h.recipients(sha)
	if h.out == "" {
		if err := act.Record(d); err != nil {
			return err
		}
		_, err := stdout.Write(text)
		return err
	}
	w, err := evidence.Create(h.out, false)
	if err != nil {
		return err
	}
	defer w.Abort()
	if _, err := w.Write(text); err != nil {
		return err
	}
	if err := act.Record(d); err != nil {
		return err
	}
	_, err = w.Commit()
	return err
}

// stateObject names a journal in a state of it.
func stateObject(cp journal.Checkpoint) journal.Object {
	return journal.Object{Kind: "journal", ID: cp.Origin, Note: cp.Held()}
}

func newJournalProveCommand(a *app) *cobra.Command {
	var h handOut
	var against string
	c := &cobra.Command{
		Use:   "prove [-p ID] SEQ [--against CHECKPOINT] [-o FILE]",
		Short: "Prove to an outsider that one record is in the journal",
		Long: `Make a file that proves that record SEQ is in the journal as it stands, and with
--against that the journal continues an earlier checkpoint. Whoever holds the
public key checks it with posteriori journal verify --proof, without the rest
of the journal. The file holds the whole record.
` + exitStatus,
		Example: `  posteriori journal prove -p 2025-00123 7 --against 5:q1…= -o record-7.json`,
		Args:    argsBetween(1, 1),
		RunE: func(c *cobra.Command, args []string) error {
			seq, err := strconv.ParseInt(args[0], 10, 64)
			if err != nil || seq < 0 {
				return usage(c, "%q is no record's number", args[0])
			}
			return a.journalProve(c, seq, against, h)
		},
	}
	h.flags(c, "`file` to write (default standard output)")
	c.Flags().StringVar(&against, "against", "", "an earlier `checkpoint`, SIZE:ROOT or a file")
	return c
}

func (a *app) journalProve(c *cobra.Command, seq int64, against string, h handOut) error {
	store, err := a.openStore()
	if err != nil {
		return err
	}
	older, err := readHeld(c, "against", against, store.PublicKey())
	if err != nil {
		return err
	}
	return store.Do(c.Context(), a.journalSpec(journal.Communicate, journal.SubJournalProve), func(act *engine.Act) error {
		p, err := act.Journal().Prove(seq, older)
		if err != nil {
			return err
		}
		text, err := p.Encode()
		if err != nil {
			return err
		}
		of := journal.Object{Kind: "record", ID: strconv.FormatInt(seq, 10)}
		return h.write(a.stdout, act, journal.Details{Objects: []journal.Object{of}}, text)
	})
}

// journalSpec is an act on the journal of the procedure named, or the store's.
func (a *app) journalSpec(op journal.Operation, sub journal.Sub) engine.ActSpec {
	return engine.ActSpec{Procedure: a.procedure, Operation: op, Sub: sub, Reason: a.reason}
}

func newJournalCheckpointCommand(a *app) *cobra.Command {
	var h handOut
	c := &cobra.Command{
		Use:   "checkpoint [-p ID] [-o FILE]",
		Short: "Write the journal's signed state, to be held outside",
		Long: `Write how many records the journal has and the root of their tree, signed (a
C2SP checkpoint), and a line in French with the same for a procès-verbal. Held
by someone else, it shows later whether the journal was rewritten or put back.
It is the state before this act's own record. Without -o the signed text goes
to standard output and the line to standard error.
` + exitStatus,
		Example: `  posteriori journal checkpoint -p 2025-00123 -o etat.txt`,
		Args:    argsBetween(0, 0),
		RunE:    func(c *cobra.Command, _ []string) error { return a.journalCheckpoint(c, h) },
	}
	h.flags(c, "`file` to write (default standard output)")
	return c
}

// checkpointResult is what --json prints.
type checkpointResult struct {
	journal.Checkpoint
	Held   string `json:"held"`   // SIZE:ROOT
	Signed string `json:"signed"` // the note
	Line   string `json:"line"`   // for a procès-verbal
	File   string `json:"file,omitempty"`
}

func (a *app) journalCheckpoint(c *cobra.Command, h handOut) error {
	store, err := a.openStore()
	if err != nil {
		return err
	}
	var r checkpointResult
	err = store.Do(c.Context(), a.journalSpec(journal.Communicate, journal.SubJournalCheckpoint), func(act *engine.Act) error {
		cp, signed, err := act.Journal().Checkpoint()
		if err != nil {
			return err
		}
		r = checkpointResult{Checkpoint: cp, Held: cp.Held(), Signed: string(signed), File: h.out,
			Line: pvLine(cp, time.Now(), store.Mark())}
		d := journal.Details{Objects: []journal.Object{stateObject(cp)}}
		stdout := a.stdout
		if a.json {
			stdout = io.Discard // the text is in the result
		}
		return h.write(stdout, act, d, signed)
	})
	if err != nil {
		return err
	}
	return a.print(r, func(w io.Writer) error {
		if h.out == "" {
			w = a.stderr
		}
		_, err := fmt.Fprintln(w, r.Line)
		return err
	})
}

// pvLine is a checkpoint as a sentence for a procès-verbal. It claims no date
// but the machine's.
func pvLine(cp journal.Checkpoint, at time.Time, mark string) string {
	if mark != "" {
		mark = "[" + mark + "] "
	}
	records := "enregistrements"
	if cp.Size < 2 {
		records = "enregistrement"
	}
	return fmt.Sprintf("%sJournal %s : %d %s, racine %s (SHA-256, RFC 6962), état relevé le %s UTC (%s heure locale) selon l'horloge de la machine.",
		mark, cp.Origin, cp.Size, records, cp.Root, at.UTC().Format("02/01/2006 à 15:04:05"), at.Format("15:04:05 -07:00"))
}
