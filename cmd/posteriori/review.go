package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"posteriori/engine"
	"posteriori/engine/evidence"
	"posteriori/engine/fault"
	"posteriori/engine/index"
	"posteriori/engine/journal"
	"posteriori/engine/procedure"
	"posteriori/engine/query"
	"posteriori/engine/review"
)

// reviewOptions are the flags of posteriori review.
type reviewOptions struct {
	filter     filterFlags
	out        string
	densities  []float64
	noSynopsis bool
	clips      int
	overwrite  bool
}

func newReviewCommand(a *app) *cobra.Command {
	var o reviewOptions
	c := &cobra.Command{
		Use:   "review -p ID [filters] -o DIR",
		Short: "Write a folder that shows what a search found, for any browser",
		Long: `Write a folder with one page, DIR/index.html, that shows what a search found: the
synopsis, where a click on an object shows its original beside it; the timeline
of the procedure with what was seen and what was not; the pictures of all
objects with filters; and each camera's picture, to draw zones and lines on. It
opens in any browser of a machine without network, and asks for nothing beyond
the folder.

Decisions taken on the page are saved by it as a file that posteriori hit import
takes. posteriori serve shows the same page and keeps them itself.

--densities 2,6,12 renders a synopsis for each wanted mean number of objects on
screen; without it there is one, as short as it can be. --clips N cuts the
originals of the first N objects; for the others the page says which command
does. Every file is listed as a derived file; DIR/SHA256SUMS has their hashes.
` + "\n" + filterHelp + exitStatus,
		Example: `  posteriori review -p 2026-00123 --class car,truck -o revue --reason "vehicles of 3 May"
  posteriori review -p 2026-00123 --densities 3,8 --clips 100 -o revue`,
		Args: argsBetween(0, 0),
		RunE: func(c *cobra.Command, _ []string) error { return a.review(c, o) },
	}
	f := c.Flags()
	o.filter.bind(f)
	f.StringVarP(&o.out, "output", "o", "", "the `folder` to write; it must be new, empty, or with --overwrite an earlier review")
	f.Float64SliceVar(&o.densities, "densities", nil, "a synopsis for each mean `number` of objects on screen")
	f.BoolVar(&o.noSynopsis, "no-synopsis", false, "make no synopsis")
	f.IntVar(&o.clips, "clips", 20, "cut the originals of so `many` objects")
	f.BoolVar(&o.overwrite, "overwrite", false, "replace an earlier review")
	return c
}

// maxDensities bounds the synopses of one page.
const maxDensities = 5

// check tells what is wrong with the flags.
func (o *reviewOptions) check(c *cobra.Command) error {
	switch {
	case o.out == "":
		return usage(c, "no folder to write is named: -o DIR")
	case o.clips < 0 || o.clips > 5000:
		return usage(c, "--clips %d is not within 0 and 5000", o.clips)
	case len(o.densities) > maxDensities:
		return usage(c, "--densities names %d synopses; %d are the most", len(o.densities), maxDensities)
	case o.noSynopsis && o.densities != nil:
		return usage(c, "--no-synopsis and --densities contradict each other")
	case slices.ContainsFunc(o.densities, func(d float64) bool { return !(d > 0 && d <= 1000) }):
		return usage(c, "--densities wants numbers over 0 and at most 1000")
	}
	slices.Sort(o.densities)
	o.densities = slices.Compact(o.densities)
	return nil
}

// reviewResult is what --json prints.
type reviewResult struct {
	Page     evidence.Derived `json:"page"`
	Tracks   int              `json:"tracks"`
	Files    int              `json:"files"`
	Clips    int              `json:"clips"`
	Synopses int              `json:"synopses"`
	Scope    query.Scope      `json:"scope"`
}

func (a *app) review(c *cobra.Command, o reviewOptions) error {
	if err := o.check(c); err != nil {
		return err
	}
	id, err := a.needProcedure(c)
	if err != nil {
		return err
	}
	store, err := a.openStore()
	if err != nil {
		return err
	}
	spec := engine.ActSpec{Procedure: id, Operation: journal.Communicate, Sub: journal.SubReview, Reason: a.reason}
	if err := freeFolder(o.out, o.overwrite); err != nil {
		return store.Do(c.Context(), spec, func(*engine.Act) error { return err })
	}
	r := reviewAct{app: a, cmd: c, store: store, opt: o}
	if err := r.makeSynopses(); err != nil {
		return err
	}
	err = store.Do(c.Context(), spec, func(act *engine.Act) error {
		r.act = act
		return r.run(c.Context())
	})
	if err != nil {
		return err
	}
	return a.print(r.res, func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "%s  %s\n%d objects, %d originals, %d synopses, %d files; %s\n", r.res.Page.SHA256, r.res.Page.Path,
			r.res.Tracks, r.res.Clips, r.res.Synopses, r.res.Files, seenText(r.res.Scope))
		return err
	})
}

// reviewAct is one review folder under way.
type reviewAct struct {
	*app
	cmd   *cobra.Command
	store *engine.Store
	act   *engine.Act
	opt   reviewOptions
	res   reviewResult

	synopses []string // names of videos in the folder
	page     *review.Page
	temp     string // where the files are until the act is recorded
	made     []madeFile
}

// makeSynopses renders the synopses into the folder, each as the command posteriori
// synopsis, an act of its own, does it.
func (r *reviewAct) makeSynopses() error {
	if r.opt.noSynopsis {
		return nil
	}
	quiet := *r.app
	quiet.stdout = io.Discard
	wanted := r.opt.densities
	if wanted == nil {
		wanted = []float64{0}
	}
	for i, d := range wanted {
		name := fmt.Sprintf("synopsis-%d.mp4", i+1)
		args := append(filterArgs(r.cmd), "--output="+filepath.Join(r.opt.out, name))
		if d > 0 {
			args = append(args, "--density="+strconv.FormatFloat(d, 'f', -1, 64))
		}
		c := newSynopsisCommand(&quiet)
		c.SilenceErrors, c.SilenceUsage = true, true
		c.SetArgs(args)
		err := c.ExecuteContext(r.cmd.Context())
		if fault.KindOf(err) == fault.NotFound { // nothing to show: the page says so
			return nil
		}
		if err != nil {
			return err
		}
		r.synopses = append(r.synopses, name)
	}
	return nil
}

// filterArgs are the filter flags of a command as they were given.
func filterArgs(c *cobra.Command) (args []string) {
	own := pflag.NewFlagSet("filters", pflag.ContinueOnError)
	new(filterFlags).bind(own)
	c.Flags().Visit(func(f *pflag.Flag) {
		if own.Lookup(f.Name) == nil {
			return
		}
		values := []string{f.Value.String()}
		if list, ok := f.Value.(pflag.SliceValue); ok {
			values = list.GetSlice()
		}
		for _, v := range values {
			args = append(args, "--"+f.Name+"="+v)
		}
	})
	return args
}

// run gathers the page, makes its files beside their place, records, and puts
// them there.
func (r *reviewAct) run(ctx context.Context) error {
	if err := procedure.MayAnalyse(r.act.Procedure().Doc); err != nil {
		return err
	}
	ix, err := r.act.Procedure().Index(ctx)
	if err != nil {
		return err
	}
	defer ix.Close()
	f, err := r.opt.filter.filter(ctx, r.cmd, ix)
	if err != nil {
		return err
	}
	q, err := journalQuery(r.act, f)
	if err != nil {
		return err
	}
	res, err := query.Run(ctx, ix, f)
	if err != nil {
		return err
	}
	n := int64(res.Len())
	q.Results = &n
	about := journal.Details{Objects: synopsisObjects(res.Recordings(), res.Keys()), Query: q,
		Params: fmt.Sprintf(`{"clips":%d,"synopses":%d}`, r.opt.clips, len(r.synopses))}
	r.act.About(about)
	r.page, err = review.Collect(ctx, ix, res, f, r.options(false))
	if err != nil {
		return err
	}
	ctx, stop := r.act.Watch(ctx, procedure.MayAnalyse)
	return stop(r.make(ctx, ix, about))
}

func (r *reviewAct) options(live bool) review.Options {
	return review.Options{Procedure: r.act.Procedure().Doc.ID, Mark: r.store.Mark(), Build: version, Made: r.store.Now(), By: r.act.By(), Live: live}
}

func (r *reviewAct) make(ctx context.Context, ix *index.Store, about journal.Details) error {
	temp, err := os.MkdirTemp(r.opt.out, ".posteriori-*")
	if err != nil {
		return fault.Wrap(fault.NoSpace, err, "it cannot be written").OnFile(r.opt.out)
	}
	defer os.RemoveAll(temp)
	if r.temp, err = filepath.Abs(temp); err != nil {
		return err
	}
	if err := r.writeFiles(ctx, ix); err != nil {
		return err
	}
	about.Objects = append(about.Objects,
		journal.Object{Kind: "derived", ID: indexName, SHA256: r.find(indexName).SHA256},
		journal.Object{Kind: "derived", ID: sumsName, SHA256: r.find(sumsName).SHA256})
	if err := r.act.Record(about); err != nil {
		return err
	}
	if err := r.place(); err != nil {
		return err
	}
	r.res.Page, r.res.Tracks, r.res.Files = r.find(indexName).Derived, len(r.page.Keys()), len(r.made)
	r.res.Synopses, r.res.Scope = len(r.synopses), r.page.Meta.Scope
	return r.list(ctx, ix)
}

// Names of files in a review folder.
const (
	indexName = "index.html"
	sumsName  = "SHA256SUMS"
)

// freeFolder makes the folder, or says why it cannot be written into. With
// overwrite an earlier review in it is removed: the files that its list names.
func freeFolder(dir string, overwrite bool) error {
	if err := evidence.CheckPlace(filepath.Join(dir, indexName)); err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fault.Wrap(fault.NoSpace, err, "the folder cannot be made").OnFile(dir).WithHint("name one that this account may write to")
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fault.Wrap(fault.BadInput, err, "it cannot be read").OnFile(dir)
	}
	if len(entries) == 0 {
		return nil
	}
	sums, err := os.ReadFile(filepath.Join(dir, sumsName))
	if !overwrite || err != nil {
		return fault.New(fault.BadInput, "it is not empty").OnFile(dir).WithHint("name a new folder, or pass --overwrite to replace an earlier review")
	}
	return removeListed(dir, string(sums))
}

// removeListed removes what a review's list names, and the folders it leaves
// empty. Anything else in the folder is kept and refused.
func removeListed(dir, sums string) error {
	root, err := os.OpenRoot(dir) // names that lead outside are refused
	if err != nil {
		return fault.Wrap(fault.BadInput, err, "it cannot be read").OnFile(dir)
	}
	defer root.Close()
	for line := range strings.Lines(sums) {
		_, name, ok := strings.Cut(strings.TrimSpace(line), "  ")
		if ok {
			_ = root.Remove(name)
		}
	}
	_ = root.Remove(sumsName)
	for _, sub := range []string{"crops", "clips", "plates", "data"} {
		_ = root.Remove(sub) // if it is empty
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) > 0 {
		return fault.New(fault.BadInput, "it holds other files than an earlier review").OnFile(dir).WithHint("name a new folder")
	}
	return nil
}

// since is a short time span for people.
func since(t time.Time) time.Duration { return time.Since(t).Round(time.Second) }
