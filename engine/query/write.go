package query

import (
	"bufio"
	"cmp"
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"posteriori/engine/fault"
	"posteriori/engine/scene"
)

// flushRows is after how many rows a table is written out, so that its memory
// is bounded; widths are fitted anew after it.
const flushRows = 1000

// WriteTable writes the results as a table for people, and their scope.
func (r *Results) WriteTable(ctx context.Context, w io.Writer) error {
	t := tabwriter.NewWriter(w, 2, 0, 2, ' ', 0)
	extra, err := r.extraColumns(ctx)
	if err != nil {
		return err
	}
	if r.Len() > 0 {
		fmt.Fprint(t, "TRACK\tCLASS\tSCORE\tCOLOUR\tHEADING\tSTART\tIN VIEW\tSIZE\tSTATUS\tCAMERA")
		for _, c := range extra {
			fmt.Fprint(t, "\t"+c.name)
		}
		fmt.Fprintln(t)
	}
	n := 0
	for h, err := range r.Hits(ctx, false) {
		if err != nil {
			return err
		}
		heading := cmp.Or(h.Compass(), "-")
		inView := (time.Duration(h.Track.EndUS-h.Track.StartUS) * time.Microsecond).Round(100 * time.Millisecond)
		fmt.Fprintf(t, "%d:%d\t%s\t%.2f\t%s\t%s\t%s\t%s\t%.0fx%.0f\t%s\t%s", h.Recording.ID, h.Track.ID, h.Track.Class, h.Track.ClassScore,
			coloured(h.Track), heading, h.When(), inView, h.Size.MedianW, h.Size.MedianH, h.Status, printable(h.Recording.Camera))
		for _, c := range extra {
			fmt.Fprint(t, "\t"+c.text(h))
		}
		fmt.Fprintln(t)
		if n++; n%flushRows == 0 {
			if err := t.Flush(); err != nil {
				return err
			}
		}
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err = fmt.Fprintln(w, r.Summary())
	return err
}

// column is one that a table has only where there is something for it.
type column struct {
	name string
	text func(Hit) string
}

func (r *Results) extraColumns(ctx context.Context) (out []column, err error) {
	some, err := r.store.HasEvents(ctx)
	if err != nil {
		return nil, err
	}
	if some {
		out = append(out, column{"EVENT", eventText})
	}
	if r.plan.grounds != nil {
		out = append(out, column{"SPEED", speedText})
	}
	some, err = r.store.HasRegistrations(ctx)
	if some {
		out = append(out, column{"PLATE", func(h Hit) string { return cmp.Or(plateText(h), "-") }})
	}
	if r.plan.filter.Plate != nil {
		out = append(out, column{"MATCH", func(h Hit) string { return cmp.Or(plateWhy(h), "-") }})
	}
	return out, err
}

// eventText is "left 0:01:02.0 by 1:17".
func eventText(h Hit) string {
	if h.Track.Event == scene.NoEvent {
		return "-"
	}
	out := h.Track.Event.String() + " " + MediaTime(h.Track.EventUS)
	if h.Track.Linked != 0 {
		out += fmt.Sprintf(" near %d:%d", h.Recording.ID, h.Track.Linked)
	}
	return out
}

func plateText(h Hit) string {
	if h.Plate == nil {
		return ""
	}
	return h.Plate.Text
}

func plateWhy(h Hit) string {
	if h.Plate == nil || h.Plate.Match == nil {
		return ""
	}
	return h.Plate.Match.Why
}

// printable keeps tabs and line ends of a name out of tables.
func printable(s string) string {
	return strings.Map(func(c rune) rune {
		if strconv.IsPrint(c) {
			return c
		}
		return '�'
	}, s)
}

// Summary says in one line or two how much was found and in what scope.
func (r *Results) Summary() string {
	s := fmt.Sprintf("%d tracks", r.Len())
	if r.Len() == 1 {
		s = "1 track"
	}
	s += fmt.Sprintf(" in %s seen of %s asked for", length(r.Scope.SeenUS()), length(r.Scope.AskedUS()))
	not := r.Scope.NotSeen()
	var parts []string
	for _, k := range slices.Sorted(maps.Keys(not)) {
		parts = append(parts, fmt.Sprintf("%s %s", k, length(not[k])))
	}
	if parts != nil {
		s += "; not seen: " + strings.Join(parts, ", ")
	}
	var noClock []string
	for _, rec := range r.Scope.Recordings {
		if rec.NoClock {
			noClock = append(noClock, strconv.FormatInt(rec.Recording, 10))
		}
	}
	if r.plan.filter.wantsSpeed() {
		var noGround []string
		for _, rec := range r.Scope.Recordings {
			if rec.NoGround {
				noGround = append(noGround, strconv.FormatInt(rec.Recording, 10))
			}
		}
		if noGround != nil {
			s += "\nnot searched, their camera is not calibrated: recordings " + strings.Join(noGround, ", ")
		}
	}
	if noClock != nil {
		s += "\nnot searched, their clock is not known: recordings " + strings.Join(noClock, ", ")
	}
	return s
}

// coloured is a track's colour for a table: of a person that of the upper, then
// that of the lower clothing, where it is known.
func coloured(t scene.Track) string {
	if t.Lower == scene.UnknownColour {
		return t.Colour.String()
	}
	return t.Colour.String() + "/" + t.Lower.String()
}

func length(us int64) string {
	return (time.Duration(us) * time.Microsecond).Round(100 * time.Millisecond).String()
}

var csvHeader = []string{"recording", "sha256", "camera", "track", "class", "class_score", "colour", "colour_score",
	"heading", "start", "end", "clock_uncertainty_us", "start_us", "end_us", "width", "height",
	"best_us", "best_x", "best_y", "best_w", "best_h", "status", "bearing", "plate", "plate_why",
	"event", "event_us", "linked", "speed_kmh", "speed_kmh_error", "width_m", "width_m_error", "height_m", "height_m_error",
	"lower_colour", "lower_score"}

// WriteCSV writes the results as CSV with a header.
func (r *Results) WriteCSV(ctx context.Context, w io.Writer) error {
	c := csv.NewWriter(w)
	_ = c.Write(csvHeader) // the error stays until Flush
	f := func(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }
	number := func(v *float64) string {
		if v == nil {
			return ""
		}
		return f(*v)
	}
	i := func(v int64) string { return strconv.FormatInt(v, 10) }
	at := func(t *time.Time) string {
		if t == nil {
			return ""
		}
		return t.Format(time.RFC3339Nano)
	}
	for h, err := range r.Hits(ctx, false) {
		if err != nil {
			return err
		}
		e := h.Record()
		row := []string{i(e.Recording), e.SHA256, inert(e.Camera), i(e.Track), e.Class, f(e.ClassScore), e.Colour, f(e.ColourScore),
			number(e.Heading), at(e.Start), at(e.End), i(e.UncertaintyUS), i(e.StartUS), i(e.EndUS), f(e.Width), f(e.Height),
			i(e.BestUS), f(e.Best[0]), f(e.Best[1]), f(e.Best[2]), f(e.Best[3]), e.Status, number(e.Bearing), plateText(h), plateWhy(h)}
		_ = c.Write(append(row, rareFields(e)...))
	}
	c.Flush()
	return c.Error()
}

// rareFields are the last columns of the CSV.
func rareFields(e Record) []string {
	out := []string{e.Event, "", ""}
	if e.EventUS != nil {
		out[1] = strconv.FormatInt(*e.EventUS, 10)
	}
	if e.Linked != 0 {
		out[2] = strconv.FormatInt(e.Linked, 10)
	}
	var g Ground
	if e.Ground != nil {
		g = *e.Ground
	}
	for _, m := range []*scene.Measured{g.Speed, g.Width, g.Height} {
		if m == nil {
			out = append(out, "", "")
			continue
		}
		out = append(out, strconv.FormatFloat(m.Value, 'f', -1, 64), strconv.FormatFloat(m.Error, 'f', -1, 64))
	}
	if e.Lower == "" {
		return append(out, "", "")
	}
	return append(out, e.Lower, strconv.FormatFloat(e.LowerScore, 'f', -1, 64))
}

// inert keeps a spreadsheet from running a name as a formula.
func inert(s string) string {
	if s != "" && strings.ContainsAny(s[:1], "=+-@\t\r") {
		return "'" + s
	}
	return s
}

// WriteMOT writes the results as MOTChallenge text, "frame,id,x,y,w,h,conf,
// -1,-1,-1": for each frame in decode order, counted from 1, the box of each
// track that is there, interpolated. MOTChallenge knows one sequence a file,
// so the results must be of one recording. Conf is the score of the class, 1
// for what no detector named.
func (r *Results) WriteMOT(ctx context.Context, w io.Writer) error {
	if err := r.OneRecording(); err != nil || r.Len() == 0 {
		return err
	}
	next, stop := iter.Pull2(r.Hits(ctx, true))
	defer stop()
	b := bufio.NewWriter(w)
	var live []scene.Track
	hit, err, more := next()
	frame := 0
	for t, ferr := range r.store.FrameTimes(ctx, r.keys[0].Recording) {
		if ferr != nil {
			return ferr
		}
		frame++
		for ; more && err == nil && hit.Track.StartUS <= t; hit, err, more = next() {
			live = append(live, hit.Track)
		}
		if err != nil {
			return err
		}
		live = slices.DeleteFunc(live, func(k scene.Track) bool { return k.EndUS < t })
		for _, k := range live {
			writeMOT(b, frame, k, t)
		}
		if !more && len(live) == 0 {
			break
		}
	}
	return b.Flush()
}

func writeMOT(w io.Writer, frame int, k scene.Track, t int64) {
	box, ok := k.Path.At(t)
	if !ok {
		return
	}
	conf := k.ClassScore
	if conf <= 0 {
		conf = 1
	}
	fmt.Fprintf(w, "%d,%d,%.2f,%.2f,%.2f,%.2f,%.3f,-1,-1,-1\n", frame, k.ID, box.X, box.Y, box.W, box.H, conf)
}

// OneRecording tells, as fault.Usage, that the results are of several recordings.
func (r *Results) OneRecording() error {
	if n := len(r.keys); n > 0 { // they are sorted
		if r.keys[0].Recording != r.keys[n-1].Recording {
			return fault.New(fault.Usage, "the mot format is of one recording, and the results are of several").
				WithHint("name one with --recording")
		}
	}
	return nil
}
