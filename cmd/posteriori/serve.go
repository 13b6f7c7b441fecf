package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"posteriori/engine"
	"posteriori/engine/evidence"
	"posteriori/engine/fault"
	"posteriori/engine/index"
	"posteriori/engine/journal"
	"posteriori/engine/procedure"
	"posteriori/engine/query"
	"posteriori/engine/review"
	"posteriori/engine/review/loopback"
)

// serveOptions are the flags of posteriori serve.
type serveOptions struct {
	filter   filterFlags
	synopses []string
	idle     time.Duration
}

func newServeCommand(a *app) *cobra.Command {
	var o serveOptions
	c := &cobra.Command{
		Use:   "serve -p ID [filters]",
		Short: "Show what a search found to the browser of this machine",
		Long: `Show the page that posteriori review writes to a browser on this machine, and cut
the originals that it asks for. The address printed works once and on this
machine only; nothing is to be had from another.

Each original looked at is an act in the journal, its recording hashed before
and after; so is each decision taken on the page. The session ends with Ctrl-C,
after --idle without use, and within seconds of a veto or a revocation. What it
cut is destroyed then.

--synopsis FILE.mp4 shows a synopsis made before with posteriori synopsis, which
lies with its FILE.json; give it several times for several densities.
` + "\n" + filterHelp + exitStatus,
		Example: `  posteriori serve -p 2026-00123 --class car,truck --reason "vehicles of 3 May"
  posteriori serve -p 2026-00123 --synopsis objects.mp4`,
		Args: argsBetween(0, 0),
		RunE: func(c *cobra.Command, _ []string) error { return a.serve(c, o) },
	}
	f := c.Flags()
	o.filter.bind(f)
	f.StringArrayVar(&o.synopses, "synopsis", nil, "show this synopsis: a `file` that posteriori synopsis made")
	f.DurationVar(&o.idle, "idle", 30*time.Minute, "end after so long without use; 0: never")
	return c
}

func (a *app) serve(c *cobra.Command, o serveOptions) error {
	if o.idle < 0 {
		return usage(c, "--idle %v is negative", o.idle)
	}
	return a.inProcedure(c, journal.Consult, journal.SubReview, func(_ context.Context, store *engine.Store, act *engine.Act) error {
		s := session{app: a, store: store, act: act}
		return s.run(c, o)
	})
}

// run finds, records, and serves until the session ends.
func (s *session) run(c *cobra.Command, o serveOptions) error {
	ctx := c.Context()
	if err := procedure.MayAnalyse(s.act.Procedure().Doc); err != nil {
		return err
	}
	ix, err := s.act.Procedure().Index(ctx)
	if err != nil {
		return err
	}
	defer ix.Close()
	s.ix = ix
	if s.filter, err = o.filter.filter(ctx, c, ix); err != nil {
		return err
	}
	q, err := journalQuery(s.act, s.filter)
	if err != nil {
		return err
	}
	if err := s.readSynopses(ctx, o.synopses); err != nil {
		return err
	}
	res, err := s.collect(ctx)
	if err != nil {
		return err
	}
	var drop func()
	if s.temp, drop, err = s.act.Procedure().TempDir("serve-*"); err != nil {
		return err
	}
	defer drop()
	n := int64(res.Len())
	q.Results = &n
	about := journal.Details{Objects: synopsisObjects(res.Recordings(), res.Keys()), Params: `{"view":"serve"}`, Query: q}
	if err := s.act.Record(about); err != nil {
		return err
	}
	return s.listen(ctx, o)
}

func (s *session) listen(ctx context.Context, o serveOptions) error {
	watched, stop := s.act.Watch(ctx, procedure.MayAnalyse)
	err := stop(loopback.Serve(watched, s, loopback.Options{Policy: review.Policy("'self'"), Idle: o.idle, Ready: func(address string) {
		_ = s.print(map[string]string{"address": address}, func(w io.Writer) error {
			_, err := fmt.Fprintln(w, address)
			return err
		})
		s.notef("open this address in a browser of this machine; it works once. Ctrl-C ends the session")
	}}))
	switch {
	case errors.Is(err, loopback.ErrIdle):
		s.notef("nobody used the page for %v: the session has ended", o.idle)
		return nil
	case errors.Is(err, context.Canceled) && ctx.Err() != nil:
		s.notef("the session has ended")
		return nil
	}
	return err
}

// readSynopses takes up synopses made before, if they still are what they were.
func (s *session) readSynopses(ctx context.Context, files []string) error {
	s.videos = map[string]string{}
	for i, file := range files {
		side, err := os.ReadFile(sidecarName(file))
		if err != nil {
			return fault.Wrap(fault.NotFound, err, "it cannot be read").OnFile(sidecarName(file)).
				WithHint("name a synopsis that posteriori synopsis made, with its .json beside it")
		}
		name := fmt.Sprintf("synopsis-%d.mp4", i+1)
		syn, err := review.SynopsisOf(side, name)
		if err != nil {
			return err
		}
		if syn.Procedure != s.act.Procedure().Doc.ID {
			return procedure.Refuse("2", "show it in its own procedure", "the synopsis is of another procedure")
		}
		if _, err := evidence.Check(ctx, file, syn.SHA256, nil); err != nil {
			return err
		}
		s.synopses, s.videos[name] = append(s.synopses, syn), file
	}
	return nil
}

// collect runs the search and makes the page of what it finds now.
func (s *session) collect(ctx context.Context) (*query.Results, error) {
	res, err := query.Run(ctx, s.ix, s.filter)
	if err != nil {
		return nil, err
	}
	page, err := review.Collect(ctx, s.ix, res, s.filter, review.Options{Procedure: s.act.Procedure().Doc.ID, Mark: s.store.Mark(),
		Build: version, Made: s.store.Now(), By: s.act.By(), Live: true})
	if err != nil {
		return nil, err
	}
	page.Meta.Synopses, page.Meta.Clips = s.synopses, s.cut
	s.page, s.shown = page, map[index.Key]bool{}
	for _, k := range page.Keys() {
		s.shown[k] = true
	}
	return res, nil
}

// decodeStrict reads JSON that has the fields of v and no others.
func decodeStrict(body []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return fault.Wrap(fault.BadInput, err, "it is not what was expected")
	}
	if d.More() {
		return fault.New(fault.BadInput, "there is more in it than was expected")
	}
	return nil
}

// tempClip is where a session keeps a clip.
func (s *session) tempClip(name string) string { return filepath.Join(s.temp, name) }
