package main

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"posteriori/engine"
	"posteriori/engine/batch"
	"posteriori/engine/evidence"
	"posteriori/engine/fault"
	"posteriori/engine/index"
	"posteriori/engine/journal"
)

// batchStatusOptions are the flags of posteriori batch status.
type batchStatusOptions struct {
	queueOptions
	format    string
	out       string
	overwrite bool
	all       bool
}

func newBatchStatusCommand(a *app) *cobra.Command {
	var o batchStatusOptions
	c := &cobra.Command{
		Use:   "status -p ID [NUMBER]",
		Short: "Say how far a batch is and what became of each file",
		Long: `Say how far a batch is, the last one or that of the number, and which files could
not be analysed, or not whole, and why. With --all every file has its line. With
--queue it says too which machines are there and how much waits in the queue.

STATES: waiting; analysed; partly (with the seconds that are not); refused (it
cannot be used, or a rule forbids it); failed (it was tried, and broke);
cancelled; left-out (by the manifest, with its reason).
` + exitStatus,
		Example: `  posteriori batch status -p 2026-00123 --all --format csv
  posteriori batch status -p 2026-00123 -o batch.html`,
		Args: argsBetween(0, 1),
		RunE: func(c *cobra.Command, args []string) error { return a.batchStatus(c, o, args) },
	}
	f := c.Flags()
	f.StringVar(&o.format, "format", "", "`format`: table, json, csv or html (default: by the name of the file, else table)")
	f.StringVarP(&o.out, "output", "o", "", "`file` that it is written to, with every file's line")
	f.BoolVar(&o.overwrite, "overwrite", false, "replace the file where there is one")
	f.BoolVar(&o.all, "all", false, "list every file, not only those that were not analysed")
	o.queueFlags(c)
	return c
}

// batchSummary is the account of a batch.
type batchSummary struct {
	Batch    int64             `json:"batch"`
	Made     time.Time         `json:"made"`
	State    string            `json:"state"`
	Manifest string            `json:"manifest_sha256"`
	Files    int               `json:"files"`
	States   map[string]int    `json:"states"`
	LengthUS int64             `json:"length_us"`   // of what was to be analysed, by the plan
	NotSeen  int64             `json:"not_seen_us"` // of what was analysed in part
	Tracks   int64             `json:"tracks"`
	Joined   int64             `json:"joined"` // objects that go on in the next file of their camera
	Cut      int64             `json:"cut"`    // that a join of files cuts, and nothing goes on
	Progress *batch.Progress   `json:"progress,omitempty"`
	Items    []index.BatchItem `json:"items"`
	Queue    *queueState       `json:"queue,omitempty"`
	Demo     string            `json:"mark,omitempty"`
}

// summarise reads the account of a batch; with all it holds every file.
func summarise(ctx context.Context, ix *index.Store, b index.Batch, all bool) (batchSummary, error) {
	s := batchSummary{Batch: b.ID, Made: time.UnixMicro(b.MadeUS).UTC(), State: b.State, Manifest: b.Manifest,
		States: map[string]int{}, Items: []index.BatchItem{}}
	batches, err := ix.Batches(ctx)
	if err != nil {
		return s, err
	}
	for _, x := range batches { // as it is now, not as it was when the run began
		if x.ID == b.ID {
			s.State = x.State
			var p batch.Progress
			if json.Unmarshal([]byte(x.Progress), &p) == nil {
				s.Progress = &p
			}
		}
	}
	for it, err := range ix.BatchItems(ctx, b.ID, "") {
		if err != nil {
			return s, err
		}
		s.Files++
		s.States[it.State]++
		s.Tracks += it.Tracks
		if it.State != index.ItemLeftOut {
			s.LengthUS += it.LengthUS
		}
		for _, c := range it.NotSeen {
			s.NotSeen += c.ToUS - c.FromUS
		}
		if all || slices.Contains(troubled, it.State) || it.State == index.ItemWaiting && it.Reason != "" {
			s.Items = append(s.Items, it)
		}
	}
	s.Joined, s.Cut, err = ix.CountJoins(ctx, b.ID)
	return s, err
}

// troubled are the states that a person has to look at.
var troubled = []string{index.ItemPartly, index.ItemRefused, index.ItemFailed}

func (a *app) batchStatus(c *cobra.Command, o batchStatusOptions, args []string) error {
	format := o.format
	if format == "" {
		format = "table"
		if ext := strings.TrimPrefix(strings.ToLower(filepath.Ext(o.out)), "."); ext == "json" || ext == "csv" || ext == "html" {
			format = ext
		}
	}
	if a.json && o.out == "" {
		format = "json"
	}
	write, ok := map[string]func(io.Writer, batchSummary) error{
		"table": printSummary, "json": writeSummaryJSON, "csv": writeSummaryCSV, "html": writeSummaryHTML}[format]
	if !ok {
		return usage(c, "--format %q is none of table, json, csv, html", format)
	}
	if err := o.queueOptions.check(); err != nil {
		return err
	}
	return a.inBatch(c, args, "status", func(ctx context.Context, act *engine.Act, ix *index.Store, b index.Batch) error {
		s, err := summarise(ctx, ix, b, o.all || o.out != "" || format == "csv")
		if err != nil {
			return err
		}
		if act.Procedure().Doc.Demo {
			s.Demo = "DÉMONSTRATION"
		}
		if o.queue != "" {
			if s.Queue, err = readQueue(ctx, act.Procedure(), o.queueOptions, b); err != nil {
				return err
			}
		}
		if o.out == "" {
			if err := recordBatch(act, "status", b); err != nil {
				return err
			}
			return write(a.stdout, s)
		}
		return a.batchStatusFile(ctx, act, ix, b, o, func(w io.Writer) error { return write(w, s) })
	})
}

// batchStatusFile writes the account to a file, which the procedure then lists.
func (a *app) batchStatusFile(ctx context.Context, act *engine.Act, ix *index.Store, b index.Batch, o batchStatusOptions, write func(io.Writer) error) error {
	temp, drop, err := tempBeside(o.out, o.overwrite)
	if err != nil {
		return err
	}
	defer drop()
	f, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err == nil {
		err = write(f)
		if cerr := f.Close(); err == nil {
			err = cerr
		}
	}
	if err != nil {
		return fault.Wrap(fault.NoSpace, err, "it cannot be written").OnFile(o.out)
	}
	made, err := evidence.Hash(ctx, temp, nil)
	if err != nil {
		return err
	}
	if err := recordBatch(act, "status", b, journal.Object{Kind: "derived", ID: "batch", SHA256: made.SHA256}); err != nil {
		return err
	}
	d, err := sealAs(ctx, temp, o.out, made.SHA256, o.overwrite)
	if err != nil {
		return err
	}
	return act.AddDerived(ctx, ix, index.DerivedBatch, d)
}

// stateOrder is that in which states are told.
var stateOrder = []string{index.ItemWaiting, index.ItemAnalysed, index.ItemPartly, index.ItemRefused, index.ItemFailed, index.ItemCancelled, index.ItemLeftOut}

// head is the account in a few lines.
func (s batchSummary) head() []string {
	parts := make([]string, 0, len(s.States))
	for _, st := range stateOrder {
		if n := s.States[st]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, st))
		}
	}
	out := []string{fmt.Sprintf("batch %d (%s): %d files: %s", s.Batch, s.State, s.Files, strings.Join(parts, ", ")),
		fmt.Sprintf("%d objects in %v of recordings", s.Tracks, span(s.LengthUS))}
	if s.NotSeen > 0 {
		out[1] += fmt.Sprintf(", of which %v could not be analysed", span(s.NotSeen))
	}
	if s.Joined+s.Cut > 0 {
		out = append(out, fmt.Sprintf("where files join: %d objects go on in the next, %d ends and beginnings are cut (posteriori explain says of each)", s.Joined, s.Cut))
	}
	if p := s.Progress; p != nil && s.States[index.ItemWaiting] > 0 {
		out = append(out, fmt.Sprintf("as of %s: %s", time.UnixMicro(p.AtUS).Local().Format("2006-01-02 15:04:05"), progressText(*p)))
	}
	if s.Queue != nil {
		out = append(out, s.Queue.String())
	}
	return out
}

// progressText is how far a run is, and how long it will take.
func progressText(p batch.Progress) string {
	left := "time left not known yet"
	if p.Left >= 0 {
		left = p.Left.Round(time.Second).String() + " left"
	}
	return fmt.Sprintf("%.1f %%, %v of %v, %d files under way, %s", 100*p.Share, p.Done.Round(time.Second), p.Length.Round(time.Second), p.Running, left)
}

func printSummary(w io.Writer, s batchSummary) error {
	for _, l := range s.head() {
		fmt.Fprintln(w, l)
	}
	if len(s.Items) == 0 {
		return nil
	}
	t := tabwriter.NewWriter(w, 2, 0, 2, ' ', 0)
	fmt.Fprintln(t, "NO\tSTATE\tRECORDING\tOBJECTS\tCAMERA\tFILE\tWHY")
	for _, it := range s.Items {
		rec := "-"
		if it.Recording > 0 {
			rec = strconv.FormatInt(it.Recording, 10)
		}
		fmt.Fprintf(t, "%d\t%s\t%s\t%d\t%s\t%s\t%s\n", it.Item, it.State, rec, it.Tracks, fault.Printable(it.Camera), fault.Printable(it.Path), why(it))
	}
	return t.Flush()
}

// why is the reason of an item, with the seconds that are not there.
func why(it index.BatchItem) string {
	out := fault.Printable(it.Reason)
	for _, c := range it.NotSeen {
		out += fmt.Sprintf("; %v to %v %s%s", span(c.FromUS), span(c.ToUS), c.Kind, because(c.Reason))
	}
	if it.Hint != "" && it.State != index.ItemWaiting {
		out += " (" + it.Hint + ")"
	}
	if it.State == index.ItemWaiting && it.Attempts > 0 && out != "" {
		out += fmt.Sprintf(" (after %d tries)", it.Attempts)
	}
	return strings.TrimPrefix(out, "; ")
}

func writeSummaryJSON(w io.Writer, s batchSummary) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(s)
}

// cell keeps a spreadsheet from taking a seized file's name for a formula.
func cell(s string) string {
	s = fault.Printable(s)
	if s != "" && strings.ContainsRune("=+-@", rune(s[0])) {
		return "'" + s
	}
	return s
}

func writeSummaryCSV(w io.Writer, s batchSummary) error {
	c := csv.NewWriter(w)
	_ = c.Write([]string{"item", "state", "recording", "objects", "camera", "exhibit", "file", "bytes", "length_s", "not_seen_s", "attempts", "why"}) // the error stays until Flush
	for _, it := range s.Items {
		var lost int64
		for _, x := range it.NotSeen {
			lost += x.ToUS - x.FromUS
		}
		rec := ""
		if it.Recording > 0 {
			rec = strconv.FormatInt(it.Recording, 10)
		}
		_ = c.Write([]string{strconv.FormatInt(it.Item, 10), it.State, rec, strconv.FormatInt(it.Tracks, 10), cell(it.Camera), cell(it.Exhibit), cell(it.Path),
			strconv.FormatInt(it.Bytes, 10), seconds(it.LengthUS), seconds(lost), strconv.Itoa(it.Attempts), cell(why(it))})
	}
	c.Flush()
	return c.Error()
}

func seconds(us int64) string { return strconv.FormatFloat(float64(us)/1e6, 'f', 3, 64) }

// summaryPage shows the account without scripts or anything from elsewhere.
var summaryPage = template.Must(template.New("batch").Funcs(template.FuncMap{"why": why, "span": span, "printable": fault.Printable}).Parse(`<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Batch {{.S.Batch}}</title>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<style>
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 80rem; padding: 0 1rem; color: #1a1a1a; }
.mark { color: #b00020; font-weight: 600; }
table { border-collapse: collapse; width: 100%; } th, td { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid #ddd; vertical-align: top; }
td.n { text-align: right; font-variant-numeric: tabular-nums; } td.f { word-break: break-all; font-family: ui-monospace, monospace; font-size: .85em; }
tr.partly, tr.refused { background: #fff6dd; } tr.failed { background: #fde8e6; } tr.left-out, tr.cancelled { color: #666; }
</style></head><body>
{{with .S.Demo}}<p class="mark">{{.}}</p>{{end}}<h1>Batch {{.S.Batch}}</h1>
{{range .Head}}<p>{{.}}</p>
{{end}}<p>Manifest: SHA-256 {{.S.Manifest}}</p>
<table><thead><tr><th>No</th><th>State</th><th>Recording</th><th>Objects</th><th>Length</th><th>Camera</th><th>File</th><th>Why</th></tr></thead><tbody>
{{range .S.Items}}<tr class="{{.State}}"><td class="n">{{.Item}}</td><td>{{.State}}</td><td class="n">{{if .Recording}}{{.Recording}}{{end}}</td><td class="n">{{.Tracks}}</td><td class="n">{{span .LengthUS}}</td><td>{{printable .Camera}}</td><td class="f">{{printable .Path}}</td><td>{{why .}}</td></tr>
{{end}}</tbody></table></body></html>
`))

func writeSummaryHTML(w io.Writer, s batchSummary) error {
	return summaryPage.Execute(w, map[string]any{"S": s, "Head": s.head()})
}
