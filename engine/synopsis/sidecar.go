package synopsis

import (
	"encoding/json"
	"io"
	"math/big"
	"time"

	"posteriori/engine/wire"
)

// SidecarSchema names the form of the sidecar.
const SidecarSchema = "posteriori/synopsis/1"

// statement is what every sidecar says of its video.
const statement = "This video is a montage made from the recordings listed here. It is not an original: " +
	"objects may be shown together that were never there together, and at changed speed. " +
	"Only the recordings, identified by their SHA-256, show what took place."

// Sidecar maps a synopsis to its sources.
type Sidecar struct {
	Schema     string             `json:"schema"`
	Statement  string             `json:"statement"`
	Procedure  string             `json:"procedure"`
	Demo       bool               `json:"demonstration,omitempty"`
	Build      string             `json:"build,omitempty"`
	Mark       string             `json:"mark"` // text in every frame
	Mode       Mode               `json:"mode"`
	Zone       string             `json:"zone,omitempty"`  // time zone of the stamps in the picture
	Query      any                `json:"query,omitempty"` // the filter, as journalled
	Wanted     SidecarWanted      `json:"wanted"`
	Output     SidecarOutput      `json:"output"`
	Figures    Figures            `json:"figures"`
	Warnings   []string           `json:"warnings,omitempty"`
	Recordings []SidecarRecording `json:"recordings"`
	Objects    []SidecarObject    `json:"objects"`
	Spans      []SidecarSpan      `json:"spans,omitempty"`       // condense and timelapse
	Backs      []SidecarBack      `json:"backgrounds,omitempty"` // objects mode
}

// SidecarWanted is what was asked for; zero values were left to the engine.
type SidecarWanted struct {
	DurationUS int64   `json:"duration_us,omitempty"`
	Density    float64 `json:"density,omitempty"`
	MaxOverlap float64 `json:"max_overlap"`
	StillSpeed float64 `json:"still_speed"`
	ByClass    bool    `json:"colour_by_class,omitempty"`
	TrailUS    int64   `json:"trail_us,omitempty"`
}

// SidecarOutput is the video.
type SidecarOutput struct {
	File       string `json:"file"` // its base name
	SHA256     string `json:"sha256"`
	Width      int    `json:"width"`
	Height     int    `json:"height"`
	Band       int    `json:"band"`     // rows at the bottom that hold text, no picture
	FrameUS    int64  `json:"frame_us"` // output frame n is shown at n·frame_us
	Frames     int64  `json:"frames"`
	DurationUS int64  `json:"duration_us"`
}

// SidecarRecording is one source.
type SidecarRecording struct {
	ID            string        `json:"id"`
	Name          string        `json:"name"`
	SHA256        string        `json:"sha256"`
	Camera        string        `json:"camera,omitempty"`
	Width         int           `json:"width"`
	Height        int           `json:"height"`
	TimeBase      wire.Rational `json:"time_base"` // seconds, of every PTS here
	FirstPTS      int64         `json:"first_pts"`
	DurationUS    int64         `json:"duration_us"`
	Start         string        `json:"start,omitempty"` // wall clock of media time zero, RFC 3339
	UncertaintyUS int64         `json:"uncertainty_us,omitempty"`
}

// SidecarPlay is a stretch of source in a range of output frames.
type SidecarPlay struct {
	Play
	OutFromUS int64 `json:"out_from_us"`
	OutToUS   int64 `json:"out_to_us"`
	FromPTS   int64 `json:"from_pts"`
	ToPTS     int64 `json:"to_pts"`
}

// SidecarObject is one track and every range of output frames that shows it.
type SidecarObject struct {
	Recording string        `json:"recording"`
	SHA256    string        `json:"sha256"`
	Track     int64         `json:"track"`
	Class     string        `json:"class"`
	Group     int           `json:"group"`
	Beyond    bool          `json:"beyond_wanted_length,omitempty"`
	Plays     []SidecarPlay `json:"plays"`
}

// SidecarSpan is one stretch of a recording, whole frames.
type SidecarSpan struct {
	SidecarPlay
	Recording string  `json:"recording"`
	SHA256    string  `json:"sha256"`
	Tracks    []int64 `json:"tracks"`
}

// SidecarBack is the background from an output frame on.
type SidecarBack struct {
	Start     int64  `json:"start_frame"`
	Recording string `json:"recording"`
	TUS       int64  `json:"t_us"` // media time of the plate; -1: made from the pictures decoded
}

// Sidecar describes the plan. The caller adds procedure, mark, query, build,
// the output's name and its hash.
func (p *Plan) Sidecar() *Sidecar {
	s := &Sidecar{
		Schema: SidecarSchema, Statement: statement, Mode: p.Options.Mode, Zone: p.ZoneName(),
		Wanted: SidecarWanted{p.Options.DurationUS, p.Options.Density, p.Options.MaxOverlap, p.Options.StillSpeed, p.Options.ByClass, p.Options.TrailUS},
		Output: SidecarOutput{Width: p.Width, Height: p.Height, Band: p.Band, FrameUS: p.FrameUS, Frames: p.Frames,
			DurationUS: p.DurationUS()},
		Figures: p.Figures, Warnings: p.Warnings, Objects: []SidecarObject{},
	}
	used := map[int]bool{}
	for i := range p.Objects {
		o := &p.Objects[i]
		used[o.Recording] = true
		r := &p.Recordings[o.Recording]
		so := SidecarObject{Recording: r.ID, SHA256: r.SHA256, Track: o.Track, Class: o.Class.String(), Group: o.Group, Beyond: o.Beyond}
		for _, y := range o.Plays {
			so.Plays = append(so.Plays, p.sidecarPlay(r, y))
		}
		s.Objects = append(s.Objects, so)
	}
	for _, sp := range p.Spans {
		r := &p.Recordings[sp.Recording]
		tracks := sp.Tracks
		if tracks == nil {
			tracks = []int64{}
		}
		s.Spans = append(s.Spans, SidecarSpan{p.sidecarPlay(r, sp.Play), r.ID, r.SHA256, tracks})
	}
	for _, b := range p.Backs {
		used[b.Recording] = true
		s.Backs = append(s.Backs, SidecarBack{b.Start, p.Recordings[b.Recording].ID, b.TUS})
	}
	for i := range p.Recordings {
		if used[i] {
			s.Recordings = append(s.Recordings, p.sidecarRecording(&p.Recordings[i]))
		}
	}
	return s
}

func (p *Plan) sidecarRecording(r *Recording) SidecarRecording {
	out := SidecarRecording{
		ID: r.ID, Name: r.Name, SHA256: r.SHA256, Camera: r.Camera,
		Width: r.Probe.Width, Height: r.Probe.Height,
		TimeBase: r.Probe.TimeBase, FirstPTS: r.Probe.FirstPTS, DurationUS: r.Probe.DurationUS,
	}
	if r.HasClock {
		out.Start = time.UnixMicro(r.ClockUS).In(p.zone()).Format(time.RFC3339Nano)
		out.UncertaintyUS = r.UncertaintyUS
	}
	return out
}

func (p *Plan) sidecarPlay(r *Recording, y Play) SidecarPlay {
	return SidecarPlay{
		Play: y, OutFromUS: y.Start * p.FrameUS, OutToUS: (y.Start + y.Frames) * p.FrameUS,
		FromPTS: ptsAt(r.Probe, y.FromUS), ToPTS: ptsAt(r.Probe, y.ToUS),
	}
}

// ptsAt is media time in the recording's own time base, rounded to nearest.
func ptsAt(pr wire.Probe, us int64) int64 {
	if pr.TimeBase.Num <= 0 || pr.TimeBase.Den <= 0 {
		return us
	}
	n := new(big.Int).Mul(big.NewInt(us), big.NewInt(pr.TimeBase.Den))
	d := new(big.Int).Mul(big.NewInt(second), big.NewInt(pr.TimeBase.Num))
	n.Add(n, new(big.Int).Rsh(d, 1))
	return pr.FirstPTS + n.Div(n, d).Int64()
}

// Write writes the sidecar as indented JSON.
func (s *Sidecar) Write(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(s)
}
