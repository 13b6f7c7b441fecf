package batch

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"posteriori/engine/fault"
)

// Version is the version of the manifest's format.
const Version = 1

// Kind is what a file is, by its content.
type Kind string

// The kinds. Video and Photograph can be analysed; Picture is a picture in a
// format that the engine does not read.
const (
	Video      Kind = "video"
	Photograph Kind = "photograph"
	Picture    Kind = "picture"
	Sound      Kind = "sound"
	Archive    Kind = "archive"
	DiskImage  Kind = "disk-image"
	Document   Kind = "document"
	Program    Kind = "program"
	Database   Kind = "database"
	Text       Kind = "text"
	Sidecar    Kind = "sidecar" // text beside a recording that tells of it
	Empty      Kind = "empty"
	Unreadable Kind = "unreadable" // file or folder
	Link       Kind = "link"
	Special    Kind = "special" // pipe, device, socket
	Other      Kind = "other"
)

// Action is what a run does with a file.
type Action string

// The actions.
const (
	Analyse  Action = "analyse"
	LeaveOut Action = "leave-out"
)

// Doc is one document of a manifest's stream. Exactly one pointer is set.
type Doc struct {
	Plan    *Plan    `yaml:"plan,omitempty"`
	Camera  *Camera  `yaml:"camera,omitempty"`
	LeftOut *LeftOut `yaml:"left-out,omitempty"`
}

// Plan is the first document: what was walked, what to confirm, what it costs.
type Plan struct {
	Version  int       `yaml:"version" json:"version"`
	Made     time.Time `yaml:"made" json:"made"`
	Roots    []string  `yaml:"roots" json:"roots"`
	Exhibit  string    `yaml:"exhibit" json:"exhibit"` // scellé or PV; to be filled in
	Basis    string    `yaml:"basis" json:"basis"`     // requisition, seizure, handover or access; to be filled in
	Zone     string    `yaml:"zone" json:"zone"`       // IANA name of the zone that recorders' clocks showed
	Totals   Totals    `yaml:"totals" json:"totals"`
	Estimate *Estimate `yaml:"estimate,omitempty" json:"estimate,omitempty"`
	Warnings []string  `yaml:"warnings,omitempty" json:"warnings,omitempty"`
}

// Totals count what was found.
type Totals struct {
	Files      int           `yaml:"files" json:"files"` // lines of the manifest, links and unreadable folders included
	Bytes      int64         `yaml:"bytes" json:"bytes"`
	Analyse    int           `yaml:"analyse" json:"analyse"`
	LeaveOut   int           `yaml:"leave-out" json:"leave_out"`
	Duplicates int           `yaml:"duplicates" json:"duplicates"`
	Cameras    int           `yaml:"cameras" json:"cameras"`
	Length     time.Duration `yaml:"length" json:"length_ns"`              // of the recordings to analyse, where known
	Unknown    int           `yaml:"unknown-length" json:"unknown_length"` // recordings to analyse whose length is not known
}

// Estimate is what a run will take, from a sample that was measured.
type Estimate struct {
	Samples []Sample      `yaml:"samples,omitempty" json:"samples,omitempty"`
	Time    time.Duration `yaml:"time,omitempty" json:"time_ns,omitempty"` // on this machine, with Workers
	Bytes   int64         `yaml:"bytes,omitempty" json:"bytes,omitempty"`
	Workers int           `yaml:"workers,omitempty" json:"workers,omitempty"`
	Note    string        `yaml:"note" json:"note"` // what it rests on, or why there is none
}

// Sample is one measured stretch of a recording.
type Sample struct {
	Group    string        `yaml:"group" json:"group"`         // codec and size of picture
	Length   time.Duration `yaml:"length" json:"length_ns"`    // media time measured
	Work     time.Duration `yaml:"work" json:"work_ns"`        // what one worker took for it
	Speed    float64       `yaml:"speed" json:"speed"`         // Length over Work
	BytesSec float64       `yaml:"bytes-sec" json:"bytes_sec"` // of results for a second of media
}

// Camera is one proposed camera with its timeline.
type Camera struct {
	Name      string        `yaml:"name"`
	Confirmed bool          `yaml:"confirmed"` // a person has looked at name and clock
	Evidence  []string      `yaml:"evidence,omitempty"`
	Clock     Clock         `yaml:"clock"`
	Exhibit   string        `yaml:"exhibit,omitempty"`  // where it is another than the plan's
	Priority  int           `yaml:"priority,omitempty"` // 1 first, 4 last; 0: that of the run
	Key       string        `yaml:"key"`                // what its files have in common; carries answers to a new plan
	From      *time.Time    `yaml:"from,omitempty"`
	To        *time.Time    `yaml:"to,omitempty"`
	Length    time.Duration `yaml:"length"`
	Gaps      Holes         `yaml:"gaps"`
	Overlaps  Holes         `yaml:"overlaps"`
	Files     []File        `yaml:"files"`
}

// Clock is a proposal for the wall clock of a camera's recordings.
type Clock struct {
	From        string        `yaml:"from"`        // name, container, sidecar or none
	Offset      time.Duration `yaml:"offset"`      // what to add to what the recorder says
	Uncertainty time.Duration `yaml:"uncertainty"` // either way, to be put right by whoever confirms
	Evidence    []string      `yaml:"evidence,omitempty"`
}

// Holes sum up gaps or overlaps of a timeline.
type Holes struct {
	Count   int           `yaml:"count"`
	Length  time.Duration `yaml:"length"`
	Missing []int         `yaml:"missing-numbers,omitempty,flow"` // of the files' sequence, where they are numbered
}

// MarshalYAML writes it on one line.
func (h Holes) MarshalYAML() (any, error) {
	var l line
	l.number("count", int64(h.Count))
	l.text("length", h.Length.String())
	if len(h.Missing) > 0 {
		var m line
		for _, n := range h.Missing {
			m.nodes = append(m.nodes, scalar("!!int", strconv.Itoa(n)))
		}
		l.put("missing-numbers", &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle, Content: m.nodes})
	}
	return l.node(), nil
}

// LeftOut are files of one kind that no run will touch.
type LeftOut struct {
	Kind  Kind   `yaml:"kind"`
	Why   string `yaml:"why"`
	Files []File `yaml:"files"`
}

// File is one line of a manifest.
type File struct {
	Path     string        `yaml:"path"`            // absolute; bytes that are not UTF-8 make it !!binary
	Shown    string        `yaml:"shown,omitempty"` // Path for people, where it does not show as it is
	Bytes    int64         `yaml:"bytes"`
	Kind     Kind          `yaml:"kind"`
	Action   Action        `yaml:"action"`
	Reason   string        `yaml:"reason,omitempty"` // why it is left out
	Start    *time.Time    `yaml:"start,omitempty"`  // as the recorder says, without the clock's offset
	Length   time.Duration `yaml:"length,omitempty"` // as the container says
	Gap      time.Duration `yaml:"gap,omitempty"`    // since the end of the file before
	Overlap  time.Duration `yaml:"overlap,omitempty"`
	Number   int           `yaml:"number,omitempty"` // in the recorder's sequence
	Format   string        `yaml:"format,omitempty"`
	Video    string        `yaml:"video,omitempty"` // codec and size of picture
	SHA256   string        `yaml:"sha256,omitempty"`
	Warnings []string      `yaml:"warnings,omitempty,flow"`
}

// MarshalYAML writes it on one line.
func (f File) MarshalYAML() (any, error) {
	var l line
	l.text("path", f.Path)
	l.some("shown", f.Shown)
	l.number("bytes", f.Bytes)
	l.text("kind", string(f.Kind))
	l.text("action", string(f.Action))
	l.some("reason", f.Reason)
	if f.Start != nil {
		l.put("start", scalar("!!timestamp", f.Start.Format(time.RFC3339Nano)))
	}
	for _, d := range []struct {
		key string
		d   time.Duration
	}{{"length", f.Length}, {"gap", f.Gap}, {"overlap", f.Overlap}} {
		if d.d != 0 {
			l.text(d.key, d.d.String())
		}
	}
	if f.Number != 0 {
		l.number("number", int64(f.Number))
	}
	l.some("format", f.Format)
	l.some("video", f.Video)
	l.some("sha256", f.SHA256)
	if len(f.Warnings) > 0 {
		var w line
		for _, t := range f.Warnings {
			w.nodes = append(w.nodes, text(t))
		}
		l.put("warnings", &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle, Content: w.nodes})
	}
	return l.node(), nil
}

// line builds a mapping on one line. By hand, because the library would
// encode and parse each anew, at a hundred kilobytes of memory a file.
type line struct{ nodes []*yaml.Node }

func (l *line) put(key string, v *yaml.Node) { l.nodes = append(l.nodes, text(key), v) }
func (l *line) text(key, v string)           { l.put(key, text(v)) }
func (l *line) number(key string, v int64)   { l.put(key, scalar("!!int", strconv.FormatInt(v, 10))) }
func (l *line) node() *yaml.Node {
	return &yaml.Node{Kind: yaml.MappingNode, Style: yaml.FlowStyle, Content: l.nodes}
}
func (l *line) some(key, v string) {
	if v != "" {
		l.text(key, v)
	}
}

func scalar(tag, v string) *yaml.Node { return &yaml.Node{Kind: yaml.ScalarNode, Tag: tag, Value: v} }

// text is a string as it is: quoted where YAML would read it as something
// else, and as !!binary where it is not UTF-8.
func text(s string) *yaml.Node {
	n := &yaml.Node{}
	n.SetString(s)
	if strings.ContainsAny(s, "\n\r") && n.Tag != "!!binary" {
		n.Style = yaml.DoubleQuotedStyle // a block has no place on a line
	}
	return n
}

// header tells whoever opens a manifest what to do with it.
const header = `# What posteriori batch plan found. Look through it before batch run:
#  - fill in exhibit and basis of the plan;
#  - of each camera: correct name, clock.offset and clock.uncertainty, then set
#    confirmed: true. Until then its recordings have no time of day;
#  - action: analyse or leave-out, of each file, with the reason for the latter.
# Times are those of the recorders, in the zone of the plan. Nothing else needs
# a change. Unknown words are refused.
`

// Writer writes a manifest, one document after the other.
type Writer struct {
	w     io.Writer
	begun bool
}

// NewWriter begins a manifest.
func NewWriter(w io.Writer) (*Writer, error) {
	_, err := io.WriteString(w, header)
	return &Writer{w: w}, err
}

// Put writes one document. Each has an encoder of its own, for the library's
// keeps all that it was ever given.
func (w *Writer) Put(d Doc) error {
	if w.begun {
		if _, err := io.WriteString(w.w, "---\n"); err != nil {
			return err
		}
	}
	w.begun = true
	enc := yaml.NewEncoder(w.w)
	enc.SetIndent(2)
	if err := enc.Encode(d); err != nil {
		return err
	}
	return enc.Close()
}

// Read gives each document of a manifest to f, in order; the first is the
// plan. It holds one document at a time. Errors are fault.BadInput and name
// what is wrong; f's own come back as they are.
func Read(r io.Reader, f func(Doc) error) error {
	dec := yaml.NewDecoder(bufio.NewReader(r))
	dec.KnownFields(true)
	for n := 1; ; n++ {
		var d Doc
		err := dec.Decode(&d)
		if errors.Is(err, io.EOF) && n > 1 {
			return nil
		}
		if err != nil {
			return fault.Wrap(fault.BadInput, err, "it is no manifest of batch plan (document %d)", n).
				WithHint("posteriori batch plan writes one")
		}
		if err := d.check(n); err != nil {
			return err
		}
		if err := f(d); err != nil {
			return err
		}
	}
}

// check refuses a document that a run could not follow.
func (d Doc) check(n int) error {
	bad := func(format string, args ...any) error {
		return fault.New(fault.BadInput, "document %d of the manifest: %s", n, fmt.Sprintf(format, args...)).
			WithHint("see the head of the file for what may be changed")
	}
	switch {
	case n == 1 && d.Plan == nil:
		return bad("it does not begin with the plan")
	case n > 1 && d.Plan != nil, d.Camera != nil && d.LeftOut != nil, d.Camera == nil && d.LeftOut == nil && n > 1:
		return bad("it is neither a camera nor a list of what is left out")
	case d.Plan != nil && d.Plan.Version != Version:
		return bad("its format has version %d, this program reads %d", d.Plan.Version, Version)
	case d.Plan != nil:
		if _, err := time.LoadLocation(d.Plan.Zone); err != nil || d.Plan.Zone == "" {
			return bad("zone %q is not known", d.Plan.Zone)
		}
	case d.LeftOut != nil:
		for _, f := range d.LeftOut.Files {
			if f.Action != LeaveOut {
				return bad("a file among those left out has the action %q: move its line to a camera to analyse it", f.Action)
			}
		}
	case d.Camera != nil:
		return d.Camera.check(bad)
	}
	return nil
}

func (c *Camera) check(bad func(string, ...any) error) error {
	switch c.Clock.From {
	case "name", "container", "sidecar", "none":
	default:
		return bad("clock.from of camera %q is none of name, container, sidecar, none", c.Name)
	}
	if c.Clock.Uncertainty < 0 {
		return bad("clock.uncertainty of camera %q is negative", c.Name)
	}
	if c.Name == "" {
		return bad("a camera has no name")
	}
	if c.Priority < 0 || c.Priority > 4 {
		return bad("priority %d of camera %q is none of 1 to 4", c.Priority, c.Name)
	}
	for _, f := range c.Files {
		switch {
		case f.Path == "":
			return bad("a file of camera %q has no path", c.Name)
		case f.Action != Analyse && f.Action != LeaveOut:
			return bad("a file of camera %q has the action %q, which is none of analyse, leave-out", c.Name, f.Action)
		case f.Action == LeaveOut && f.Reason == "":
			return bad("a file of camera %q is left out without a reason", c.Name)
		}
	}
	return nil
}
