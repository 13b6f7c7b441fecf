package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"posteriori/engine"
	"posteriori/engine/analysis"
	"posteriori/engine/evidence"
	"posteriori/engine/fault"
	"posteriori/engine/index"
	"posteriori/engine/journal"
	"posteriori/engine/procedure"
	"posteriori/engine/wire"
)

// importOptions are the flags of posteriori import.
type importOptions struct {
	exhibit, basis, camera string
	clockStart             string
	clockOffset            time.Duration
	chunk                  time.Duration
	clockUncertainty       time.Duration

	offsetSet   bool
	start       time.Time // of clockStart
	clockSource string    // who said clockStart; empty: the command line
}

func newImportCommand(a *app) *cobra.Command {
	var o importOptions
	c := &cobra.Command{
		Use:   "import -p ID --exhibit SCELLE --basis BASIS FILE|DIR…",
		Short: "Bring recordings into a procedure",
		Long: `Bring recordings into a procedure: files, and folders with all that is in them.
Each is hashed, probed and recorded where it is; the original is only read.
Only finished files come in: an address of a stream, or a file that another
program is still writing, is refused.

A file that cannot be used is named and left out, the others come in, and the
exit status is then 4. A recording that is in the procedure already, by its
hash, is named and left as it was; where its file is no longer where it was,
the new place is noted.

--clock-start is the true time at which a recording begins. --clock-offset is
what to add to the creation time that the container carries, where the clock
of the camera was found to be wrong by that much (0s: it was right).
` + exitStatus,
		Example: `  posteriori import -p 2025-00123 --exhibit "scellé 4" --basis seizure --camera "rue Haute" \
    --clock-offset=-3m12s --clock-uncertainty 2s --reason "exploitation du scellé 4" /media/usb`,
		Args: argsBetween(1, -1),
		RunE: func(c *cobra.Command, args []string) error { return a.importFiles(c, o, args) },
	}
	f := c.Flags()
	f.StringVar(&o.exhibit, "exhibit", "", "the `scellé` or PV that the recordings come from")
	f.StringVar(&o.basis, "basis", "", "how they came into the procedure: requisition, seizure, handover or access")
	f.StringVar(&o.camera, "camera", "", "`name` of the camera")
	f.DurationVar(&o.chunk, "chunk", analysis.Chunk, "about how long the parts are in which a recording is analysed")
	f.StringVar(&o.clockStart, "clock-start", "", "true `time` at which the recording begins (RFC 3339)")
	f.DurationVar(&o.clockOffset, "clock-offset", 0, "what to add to the container's creation time")
	f.DurationVar(&o.clockUncertainty, "clock-uncertainty", time.Second, "how far the time may be off, either way")
	return c
}

// check reads the flags that belong together.
func (o *importOptions) check(c *cobra.Command, files int) error {
	o.offsetSet = c.Flags().Changed("clock-offset")
	if o.chunk < time.Second {
		return usage(c, "--chunk %v is under a second", o.chunk)
	}
	if o.clockUncertainty < 0 {
		return usage(c, "--clock-uncertainty %v is negative", o.clockUncertainty)
	}
	if o.clockStart == "" {
		return nil
	}
	if o.offsetSet {
		return usage(c, "--clock-start and --clock-offset exclude each other")
	}
	if files > 1 {
		return usage(c, "--clock-start is the beginning of one recording, and %d files are given", files)
	}
	t, err := time.Parse(time.RFC3339, o.clockStart)
	if err != nil {
		return usage(c, "--clock-start %q is no time like 2025-03-01T10:00:00+01:00", o.clockStart)
	}
	o.start = t
	return nil
}

// importRow is what became of one file.
type importRow struct {
	Path      string           `json:"path"`
	State     string           `json:"state"` // imported, duplicate, moved, failed
	Recording int64            `json:"recording,omitempty"`
	SHA256    string           `json:"sha256,omitempty"`
	Error     string           `json:"error,omitempty"`
	Hint      string           `json:"hint,omitempty"`
	Warnings  []string         `json:"warnings,omitempty"`
	Details   *index.Recording `json:"details,omitempty"`
	err       error
}

// The states of an importRow.
const (
	rowImported  = "imported"
	rowDuplicate = "duplicate"
	rowMoved     = "moved" // in already, and its file was elsewhere then
	rowFailed    = "failed"
)

func (a *app) importFiles(c *cobra.Command, o importOptions, args []string) error {
	id, err := a.needProcedure(c)
	if err != nil {
		return err
	}
	store, err := a.openStore()
	if err != nil {
		return err
	}
	var rows []importRow
	spec := engine.ActSpec{Procedure: id, Operation: journal.Collect, Sub: journal.SubImport, Reason: a.reason}
	err = store.Do(c.Context(), spec, func(act *engine.Act) error {
		if err := procedure.MayImport(act.Procedure().Doc, o.exhibit, procedure.Basis(o.basis)); err != nil {
			return err
		}
		files, err := walk(args)
		if err != nil {
			return err
		}
		if err := o.check(c, len(files)); err != nil {
			return err
		}
		ix, err := act.Procedure().Index(c.Context())
		if err != nil {
			return err
		}
		defer ix.Close()
		w, err := analysis.FindWorker()
		if err != nil {
			return err
		}
		im := importer{app: a, store: store, act: act, index: ix, worker: w, opt: o, seen: map[string]string{}}
		rows, err = im.run(c.Context(), files)
		return err
	})
	if len(rows) > 1 || err == nil {
		if perr := a.printImport(rows); err == nil {
			err = perr
		}
	}
	if failed := count(rows, rowFailed); err == nil && failed > 0 {
		return fault.New(fault.BadInput, "%d of %d files could not be imported", failed, len(rows)).
			WithHint("the others are in; they are named above")
	}
	return err
}

func count(rows []importRow, state string) int {
	n := 0
	for _, r := range rows {
		if r.State == state {
			n++
		}
	}
	return n
}

// walk lists the files that args name, folders with all in them, each once.
// An address among them refuses the whole import (rule 1).
func walk(args []string) ([]string, error) {
	var files []string
	seen := map[string]bool{}
	add := func(path string) {
		if !seen[path] {
			seen[path] = true
			files = append(files, path)
		}
	}
	for _, arg := range args {
		info, err := os.Stat(arg)
		if err != nil {
			if cerr := evidence.CheckPath(arg); fault.KindOf(cerr) == fault.Refused {
				return nil, cerr
			}
		}
		abs, aerr := filepath.Abs(arg)
		if aerr != nil {
			return nil, fault.Wrap(fault.BadInput, aerr, "it has no absolute path").OnFile(arg)
		}
		if err != nil || !info.IsDir() {
			add(abs) // what is wrong with it is said in its turn
			continue
		}
		err = filepath.WalkDir(abs, func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.IsDir() {
				add(path)
			}
			if err != nil && d != nil && d.IsDir() {
				return fs.SkipDir
			}
			return nil
		})
		if err != nil {
			return nil, fault.Wrap(fault.BadInput, err, "the folder cannot be read").OnFile(arg)
		}
	}
	if len(files) == 0 {
		return nil, fault.New(fault.BadInput, "there are no files in it").OnFile(strings.Join(args, ", "))
	}
	return files, nil
}

// importer is one run of posteriori import.
type importer struct {
	app    *app
	store  *engine.Store
	act    *engine.Act
	index  *index.Store
	worker analysis.Worker
	opt    importOptions
	seen   map[string]string // path by hash, of this run
	build  string            // of the worker
	params string            // for the journal
	hashed evidence.Progress // told of what is read, in place of the meter
	hash   evidence.Hasher   // reads the files; nil: this machine
	runner analysis.Runner   // says what they are; nil: the worker here
}

// run looks at every file, records the act, and adds what can be used.
func (im *importer) run(ctx context.Context, files []string) ([]importRow, error) {
	meter := newHashMeter(im.app.stderr, "reading", sizeOf(files))
	defer meter.stop()
	rows := make([]importRow, 0, len(files))
	for _, path := range files {
		row := im.look(ctx, path, meter)
		meter.skip(sizeOf([]string{path}))
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if k := fault.KindOf(row.err); row.err != nil && (k == fault.Missing || k == fault.NoSpace) {
			return nil, row.err // no other file would fare better
		}
		rows = append(rows, row)
	}
	meter.stop()
	about := im.details(rows)
	im.act.About(about)
	im.act.Worker(im.build)
	if count(rows, rowFailed) == len(rows) {
		if len(rows) == 1 {
			return rows, rows[0].err
		}
		return rows, fault.New(fault.BadInput, "none of %d files could be imported", len(rows))
	}
	if err := im.act.RecordItems(ctx, about, imported(rows)); err != nil {
		return nil, err
	}
	added := map[string]int64{}
	for i := range rows {
		if err := im.add(ctx, &rows[i]); err != nil {
			return rows, err
		}
		if rows[i].State == rowImported {
			added[rows[i].SHA256] = rows[i].Recording
		} else if rows[i].State == rowDuplicate && rows[i].Recording == 0 {
			rows[i].Recording = added[rows[i].SHA256]
		}
	}
	return rows, nil
}

// imported are the hashes of what comes in.
func imported(rows []importRow) []string {
	var sums []string
	for _, r := range rows {
		if r.State == rowImported {
			sums = append(sums, r.SHA256)
		}
	}
	return sums
}

// look hashes and probes one file. What is wrong with it is in the row.
func (im *importer) look(ctx context.Context, path string, meter *hashMeter) importRow {
	row := importRow{Path: path}
	fail := func(err error) importRow {
		row.State, row.err, row.Error = rowFailed, err, err.Error()
		var f *fault.Error
		if errors.As(err, &f) {
			row.Hint = f.Hint
			if f.File == path {
				row.Error = strings.TrimPrefix(row.Error, fault.Printable(path)+": ")
			}
		}
		return row
	}
	read := im.hashed
	if read == nil {
		read = meter.file()
	}
	hash := im.hash
	if hash == nil {
		hash = evidence.Hash
	}
	id, err := hash(ctx, path, read)
	if err != nil {
		return fail(err)
	}
	row.SHA256 = id.SHA256
	was, ok, err := im.index.Imported(ctx, id.SHA256)
	if err != nil {
		return fail(err)
	}
	if ok {
		row.State, row.Recording = rowDuplicate, was.ID
		if _, err := os.Stat(was.Path); errors.Is(err, fs.ErrNotExist) && was.Path != path {
			was.Path, was.ModifiedUS = path, id.Modified.UnixMicro()
			row.State, row.Details = rowMoved, &was
		}
		return row
	}
	if err := procedure.MayRecord(im.act.Procedure().Doc, id.SHA256, im.store.Now()); err != nil {
		return fail(err)
	}
	if first, ok := im.seen[id.SHA256]; ok {
		row.State, row.Error = rowDuplicate, "the same as "+fault.Printable(first)
		return row
	}
	var runner analysis.Runner = im.worker
	if im.runner != nil {
		runner = im.runner
	}
	probe, hello, err := analysis.Probe(ctx, runner, analysis.Task{SHA256: id.SHA256,
		Job: wire.Job{Path: path, Probe: &wire.ProbeJob{ChunkUS: im.opt.chunk.Microseconds()}}})
	if err != nil {
		return fail(err)
	}
	if err := evidence.Unchanged(id); err != nil {
		return fail(err)
	}
	im.build = hello.Build
	rec := index.Recording{
		SHA256: id.SHA256, Path: path, Bytes: id.Bytes, ModifiedUS: id.Modified.UnixMicro(), ImportedUS: im.store.Now().UnixMicro(),
		Exhibit: im.opt.exhibit, Basis: im.opt.basis, Camera: im.opt.camera, Probe: *probe,
	}
	if err := im.opt.setClock(&rec); err != nil {
		return fail(err)
	}
	im.seen[id.SHA256] = path
	row.State, row.Details, row.Warnings = rowImported, &rec, probe.Warnings
	return row
}

// setClock gives the recording its wall clock, where it is known.
func (o importOptions) setClock(r *index.Recording) error {
	var start time.Time
	switch {
	case o.clockStart != "":
		start, r.ClockSource = o.start, cmp.Or(o.clockSource, "given at import")
	case o.offsetSet:
		created, err := time.Parse(time.RFC3339Nano, r.Probe.Created)
		if err != nil {
			return fault.New(fault.BadInput, "it carries no creation time to apply --clock-offset to").OnFile(r.Path).
				WithHint("import it by itself with --clock-start")
		}
		start, r.ClockSource = created.Add(o.clockOffset), fmt.Sprintf("container, offset %v", o.clockOffset)
	default:
		return nil
	}
	us := start.UnixMicro()
	r.ClockUS, r.ClockUncertaintyUS = &us, o.clockUncertainty.Microseconds()
	return nil
}

// details is what the journal keeps: every file by its hash, and its fate.
func (im *importer) details(rows []importRow) journal.Details {
	d := journal.Details{Params: im.params, Source: &journal.Source{Exhibit: im.opt.exhibit, Basis: im.opt.basis}}
	for _, r := range rows {
		obj := journal.Object{Kind: "recording", SHA256: r.SHA256, Camera: im.opt.camera}
		switch r.State {
		case rowDuplicate:
			obj.Note = "already in"
		case rowMoved:
			obj.Note = "already in, its file is elsewhere now"
		case rowFailed:
			obj.Note = "left out: " + fault.KindOf(r.err).String()
		}
		d.Objects = append(d.Objects, obj)
	}
	return d
}

// add puts one row's recording into the index.
func (im *importer) add(ctx context.Context, row *importRow) error {
	if row.State == rowMoved {
		return im.index.MoveRecording(ctx, row.Recording, row.Details.Path, row.Details.ModifiedUS)
	}
	if row.State != rowImported {
		return nil
	}
	id, err := im.index.AddRecording(ctx, *row.Details)
	if errors.Is(err, index.ErrDuplicate) { // by another process, meanwhile
		row.State = rowDuplicate
	} else if err != nil {
		return err
	}
	row.Recording, row.Details.ID = id, id
	return nil
}
