package review

import (
	"context"
	"encoding/json"
	"time"

	"posteriori/engine/fault"
	"posteriori/engine/index"
	"posteriori/engine/query"
	"posteriori/engine/scene"
)

// MaxTracks bounds the tracks on one page: their columns and paths are held in
// memory at once, here and in the browser.
const MaxTracks = 250_000

// Options say what page to make.
type Options struct {
	Procedure string
	Mark      string    // of a demonstration store, else empty
	Build     string    // version of the program
	Made      time.Time // when the page is made
	By        string    // who makes it, as the index names people
	Live      bool      // package loopback answers: clips on demand, decisions kept
}

// Page is a review page without its files.
type Page struct {
	Meta Meta
	keys []index.Key
	cols columns
	path []pathPart
}

// Meta is what the page says beside the columns; the browser reads it as JSON.
type Meta struct {
	Procedure  string            `json:"procedure"`
	Mark       string            `json:"mark,omitempty"`
	Build      string            `json:"build"`
	Made       time.Time         `json:"made"`
	By         string            `json:"by"`
	Live       bool              `json:"live"`
	Filter     json.RawMessage   `json:"filter"` // of the search behind the page, canonical
	Flags      Flags             `json:"flags"`  // the same for a command line
	Classes    []string          `json:"classes"`
	Colours    []string          `json:"colours"`
	Vehicles   []int             `json:"vehicles"` // classes that are road vehicles
	Statuses   []index.Status    `json:"statuses"`
	EventNames []string          `json:"event_names"`
	Events     []EventOf         `json:"events,omitempty"`
	Plated     []PlateOf         `json:"plated,omitempty"`
	Speeds     []SpeedOf         `json:"speeds,omitempty"`
	Recordings []Recording       `json:"recordings"`
	Scope      query.Scope       `json:"scope"`
	Decisions  []Decision        `json:"decisions"`
	Columns    map[string]Column `json:"columns"`
	Tracks     int               `json:"tracks"`
	PathFiles  []PathFile        `json:"path_files"`
	Crops      string            `json:"crops"`           // folder of the pictures, REC-TRACK.jpg
	Clips      []Clip            `json:"clips,omitempty"` // cut beforehand
	Synopses   []Synopsis        `json:"synopses,omitempty"`
}

// Recording is one recording as the page knows it.
type Recording struct {
	ID            int64            `json:"id"`
	SHA256        string           `json:"sha256"`
	Camera        string           `json:"camera"`
	Exhibit       string           `json:"exhibit"`
	Width         int              `json:"width"`
	Height        int              `json:"height"`
	ClockUS       *int64           `json:"clock_unix_us"` // wall clock of media time zero
	UncertaintyUS int64            `json:"clock_uncertainty_us"`
	ClockSource   string           `json:"clock_source,omitempty"`
	LengthUS      int64            `json:"length_us"`
	FrameUS       int64            `json:"frame_us"`
	FirstPTS      int64            `json:"first_pts"`
	Num           int64            `json:"tb_num"` // time base, seconds
	Den           int64            `json:"tb_den"`
	Analysed      bool             `json:"analysed"`
	Coverage      []scene.Coverage `json:"coverage"`
	Plates        []Plate          `json:"plates"`
}

// Plate is a picture of the scene without its movers.
type Plate struct {
	TUS int64  `json:"t_us"`
	Src string `json:"src"` // relative to the page
}

// EventOf is what was left or removed as a track tells it.
type EventOf struct {
	Row    int   `json:"row"`
	US     int64 `json:"us"`               // media time
	Linked int64 `json:"linked,omitempty"` // track of the recording that was there then
}

// PlateOf is a track's number plate as the page may have it: blocks in its shape
// while it is masked.
type PlateOf struct {
	Row    int    `json:"row"`
	Text   string `json:"text"`
	Masked bool   `json:"masked"`
	Why    *Match `json:"why,omitempty"` // how it met the plate that was asked for
}

// Match is how a plate met the pattern that was asked for, for the page to say
// in its language.
type Match struct {
	Doubts []query.PlateDoubt `json:"doubts"` // none: read as asked
	Raw    bool               `json:"raw,omitempty"`
}

// MatchOf is a match as the page has it.
func MatchOf(m *query.PlateWhy) *Match {
	return &Match{append([]query.PlateDoubt{}, m.Doubts...), m.Raw}
}

// SpeedOf is a track's speed over ground, where its camera is calibrated; Error
// speaks for two standard deviations.
type SpeedOf struct {
	Row   int     `json:"row"`
	KMH   float64 `json:"kmh"`
	Error float64 `json:"error"`
}

// Decision is what a person said of a track.
type Decision struct {
	Recording int64         `json:"recording"`
	Track     int64         `json:"track"`
	Verdict   index.Verdict `json:"verdict"`
	Text      string        `json:"text,omitempty"`
	By        string        `json:"by"`
	AtUS      int64         `json:"at_unix_us"`
}

// Collect gathers what the page shows of a search's results. More than
// [MaxTracks] are fault.Usage.
func Collect(ctx context.Context, ix *index.Store, res *query.Results, f query.Filter, opt Options) (*Page, error) {
	if res.Len() > MaxTracks {
		return nil, fault.New(fault.Usage, "%d tracks are more than a page can show (%d)", res.Len(), MaxTracks).
			WithHint("narrow the search, for example with --from and --to or --camera")
	}
	p := &Page{Meta: Meta{Procedure: opt.Procedure, Mark: opt.Mark, Build: opt.Build, Made: opt.Made.UTC(), By: opt.By, Live: opt.Live,
		Filter: f.Canonical(), Flags: FlagsOf(f, opt.Live), Statuses: index.Statuses, Scope: res.Scope, Tracks: res.Len(), Crops: "crops",
		Decisions: []Decision{}, Recordings: []Recording{}, PathFiles: []PathFile{}}}
	if p.Meta.Scope.Recordings == nil {
		p.Meta.Scope.Recordings = []query.RecordingScope{}
	}
	p.vocabulary()
	place, err := p.recordings(ctx, ix, res)
	if err != nil {
		return nil, err
	}
	if err := p.tracks(ctx, ix, res, place); err != nil {
		return nil, err
	}
	return p, p.decisions(ctx, ix)
}

// vocabulary lists the names behind the numbers of the columns.
func (p *Page) vocabulary() {
	for i, c := range scene.Classes() {
		p.Meta.Classes = append(p.Meta.Classes, c.String())
		if c.IsVehicle() {
			p.Meta.Vehicles = append(p.Meta.Vehicles, i)
		}
	}
	for e := scene.Event(1); e.String() != ""; e++ {
		p.Meta.EventNames = append(p.Meta.EventNames, e.String())
	}
	for _, c := range scene.Colours() {
		p.Meta.Colours = append(p.Meta.Colours, c.String())
	}
}

// recordings fills in the recordings that the search looked at, and gives each
// one's place in the list.
func (p *Page) recordings(ctx context.Context, ix *index.Store, res *query.Results) (map[int64]int, error) {
	analyses, err := ix.Analyses(ctx)
	if err != nil {
		return nil, err
	}
	done := map[int64]bool{}
	for _, a := range analyses {
		done[a.Recording] = a.State == index.Complete
	}
	asked := map[int64]bool{}
	for _, s := range res.Scope.Recordings {
		asked[s.Recording] = true
	}
	place := map[int64]int{}
	for _, r := range res.Recordings() {
		if !asked[r.ID] {
			continue
		}
		out := recordingOf(r, done[r.ID])
		if done[r.ID] {
			if out.Coverage, err = ix.Coverage(ctx, r.ID); err != nil {
				return nil, err
			}
			plates, err := Plates(ctx, ix, r.ID)
			if err != nil {
				return nil, err
			}
			for k, pl := range plates {
				out.Plates = append(out.Plates, Plate{TUS: pl.TUS, Src: PlateName(r.ID, k)})
			}
		}
		place[r.ID] = len(p.Meta.Recordings)
		p.Meta.Recordings = append(p.Meta.Recordings, out)
	}
	return place, nil
}

func recordingOf(r index.Recording, analysed bool) Recording {
	return Recording{ID: r.ID, SHA256: r.SHA256, Camera: r.Camera, Exhibit: r.Exhibit, Width: r.Probe.Width, Height: r.Probe.Height,
		ClockUS: r.ClockUS, UncertaintyUS: r.ClockUncertaintyUS, ClockSource: r.ClockSource,
		LengthUS: max(r.Probe.LengthUS(), 1), FrameUS: max(r.Probe.FrameUS, 1), FirstPTS: r.Probe.FirstPTS,
		Num: max(1, int64(r.Probe.TimeBase.Num)), Den: max(1, int64(r.Probe.TimeBase.Den)), Analysed: analysed,
		Coverage: []scene.Coverage{}, Plates: []Plate{}}
}

// decisions fills in what people said of the tracks on the page.
func (p *Page) decisions(ctx context.Context, ix *index.Store) error {
	all, err := ix.Decisions(ctx, 0, 0)
	if err != nil {
		return err
	}
	shown := make(map[index.Key]bool, len(p.keys))
	for _, k := range p.keys {
		shown[k] = true
	}
	for _, d := range all {
		if shown[index.Key{Recording: d.Recording, Track: d.Track}] {
			p.Meta.Decisions = append(p.Meta.Decisions, Decision{d.Recording, d.Track, d.Verdict, d.Text, d.By, d.AtUS})
		}
	}
	return nil
}

// Keys lists the tracks on the page, by recording, then id.
func (p *Page) Keys() []index.Key { return p.keys }
