package synopsis

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"posteriori/engine/fault"
	"posteriori/engine/wire"
)

// Blobs fetches what a plan refers to, packed as the index keeps it.
type Blobs interface {
	// Tube is the path and masks of a track (scene.PackPath, scene.PackMasks).
	Tube(recording int, track int64) (path, masks []byte, err error)
	// Beside is a recording's tracks that are not shown, at least in part
	// within [fromUS, toUS].
	Beside(recording int, fromUS, toUS int64) ([]Beside, error)
	// Plate is the background of a recording at a time listed in its Plates.
	Plate(recording int, tUS int64) (jpeg []byte, err error)
}

// Beside is a track that is not shown.
type Beside struct {
	FromUS, ToUS int64
	Path         []byte // scene.PackPath
}

// Job is the worker's order for the plan: a new file out, with the text mark
// in every frame and meta in the container. scratch is an empty folder, into
// which go the paths, masks and pictures that the job refers to.
func (p *Plan) Job(blobs Blobs, out, scratch, mark string, meta map[string]string) (*wire.RenderJob, error) {
	j := &wire.RenderJob{
		Out: out, Scratch: scratch, Mark: mark, Meta: meta,
		Width: p.Width, Height: p.Height, Band: p.Band, FrameUS: p.FrameUS, Frames: p.Frames, Dates: p.dates(),
	}
	source, mixed := p.jobSources(j), len(p.offsets()) > 1
	if p.Options.Mode != Objects {
		for _, s := range p.Spans {
			r := &p.Recordings[s.Recording]
			j.Spans = append(j.Spans, wire.RenderSpan{
				Source: source[s.Recording], Start: s.Start, Frames: s.Frames, FromUS: s.FromUS, ToUS: s.ToUS,
				ClockUS: p.shownClock(r, s.FromUS), Label: r.Name, Note: strings.TrimSpace(p.offsetNote(r, s.FromUS, mixed) + s.note()),
			})
		}
		return j, nil
	}
	j.TrailUS = p.Options.TrailUS
	j.Legend = p.legend()
	j.Blobs = filepath.Join(scratch, "blobs")
	f, err := os.OpenFile(j.Blobs, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, fault.Wrap(fault.NoSpace, err, "the order for the video cannot be written").OnFile(scratch)
	}
	w := wire.NewBlobWriter(f)
	err = errors.Join(p.jobTubes(j, blobs, w, source, mixed), p.jobBeside(j, blobs, w, source), p.jobBacks(j, blobs, w, source))
	if e := errors.Join(w.Flush(), f.Close()); err == nil && e != nil {
		err = fault.Wrap(fault.NoSpace, e, "the order for the video cannot be written").OnFile(scratch)
	}
	if err != nil {
		return nil, err
	}
	return j, nil
}

// jobTubes puts the objects into the job, one at a time.
func (p *Plan) jobTubes(j *wire.RenderJob, blobs Blobs, w *wire.BlobWriter, source map[int]int, mixed bool) error {
	for i := range p.Objects {
		o := &p.Objects[i]
		path, masks, err := blobs.Tube(o.Recording, o.Track)
		if err != nil {
			return fmt.Errorf("track %d: %w", o.Track, err)
		}
		t := wire.RenderTube{
			Source: source[o.Recording], ClockUS: p.shownClock(&p.Recordings[o.Recording], o.Plays[0].FromUS),
		}
		if p.Options.ByClass {
			t.Colour = &kinds[kindOf(o.Class)].colour
		}
		t.Path, _ = w.Put(path) // Flush tells what failed
		t.Masks, _ = w.Put(masks)
		zone := p.offsetNote(&p.Recordings[o.Recording], o.Plays[0].FromUS, mixed)
		for _, y := range o.Plays {
			t.Plays = append(t.Plays, wire.RenderPlay{
				Start: y.Start, Frames: y.Frames, FromUS: y.FromUS, ToUS: y.ToUS, Note: strings.TrimSpace(zone + y.note())})
		}
		j.Tubes = append(j.Tubes, t)
	}
	return nil
}

// besideUS joins spans that are nearer than this into one question.
const besideUS = 30 * second

// jobBeside puts the ways of objects that are not shown but were there at the
// time into the job, by recording and start: nothing of theirs is cut out.
func (p *Plan) jobBeside(j *wire.RenderJob, blobs Blobs, w *wire.BlobWriter, source map[int]int) error {
	type span struct {
		rec      int
		from, to int64
	}
	var spans []span
	for i := range p.Objects {
		for _, y := range p.Objects[i].Plays {
			spans = append(spans, span{p.Objects[i].Recording, y.FromUS, y.ToUS})
		}
	}
	slices.SortFunc(spans, func(a, b span) int { return cmp.Or(cmp.Compare(a.rec, b.rec), cmp.Compare(a.from, b.from)) })
	for i := 0; i < len(spans); {
		s := spans[i]
		for i++; i < len(spans) && spans[i].rec == s.rec && spans[i].from <= s.to+besideUS; i++ {
			s.to = max(s.to, spans[i].to)
		}
		there, err := blobs.Beside(s.rec, s.from, s.to)
		if err != nil {
			return fmt.Errorf("objects of %s that are not shown: %w", p.Recordings[s.rec].Name, err)
		}
		for _, b := range there {
			at, _ := w.Put(b.Path) // Flush tells what failed
			j.Beside = append(j.Beside, wire.RenderBeside{Source: source[s.rec], FromUS: b.FromUS, ToUS: b.ToUS, Path: at})
		}
	}
	return nil
}

// plateKey names a plate.
type plateKey struct {
	rec int
	tUS int64
}

// jobBacks puts the backgrounds into the job, and the plates nearest in time to
// what is shown; each plate once.
func (p *Plan) jobBacks(j *wire.RenderJob, blobs Blobs, w *wire.BlobWriter, source map[int]int) error {
	known := map[plateKey]wire.Blob{}
	put := func(k plateKey) error {
		if _, ok := known[k]; ok || k.tUS < 0 {
			return nil
		}
		jpeg, err := blobs.Plate(k.rec, k.tUS)
		if err != nil {
			return fmt.Errorf("background of %s: %w", p.Recordings[k.rec].Name, err)
		}
		known[k], _ = w.Put(jpeg)
		return nil
	}
	for _, b := range p.Backs {
		k := plateKey{b.Recording, b.TUS}
		if err := put(k); err != nil {
			return err
		}
		j.Backs = append(j.Backs, wire.RenderBack{Start: b.Start, Scene: b.Scene, Source: source[b.Recording], TUS: b.TUS, JPEG: known[k]})
	}
	for _, k := range p.platesOfShown() {
		if err := put(k); err != nil {
			return err
		}
		j.Plates = append(j.Plates, wire.RenderPlate{Source: source[k.rec], TUS: k.tUS, JPEG: known[k]})
	}
	return nil
}

// platesOfShown is, of each recording, the plates that are nearest in time to
// some moment that is shown, in order.
func (p *Plan) platesOfShown() []plateKey {
	var keys []plateKey
	for i := range p.Objects {
		o := &p.Objects[i]
		plates := p.Recordings[o.Recording].Plates
		if len(plates) == 0 {
			continue
		}
		nearest := func(t int64) int {
			k, _ := slices.BinarySearch(plates, t)
			if k == len(plates) || k > 0 && t-plates[k-1] <= plates[k]-t {
				k--
			}
			return k
		}
		for _, y := range o.Plays {
			for k := nearest(y.FromUS); k <= nearest(y.ToUS); k++ {
				keys = append(keys, plateKey{o.Recording, plates[k]})
			}
		}
	}
	slices.SortFunc(keys, func(a, b plateKey) int { return cmp.Or(cmp.Compare(a.rec, b.rec), cmp.Compare(a.tUS, b.tUS)) })
	return slices.Compact(keys)
}

// jobSources lists the recordings that the output reads.
func (p *Plan) jobSources(j *wire.RenderJob) map[int]int {
	source := map[int]int{}
	use := func(rec int) {
		if _, ok := source[rec]; ok {
			return
		}
		r := &p.Recordings[rec]
		source[rec] = len(j.Sources)
		j.Sources = append(j.Sources, wire.RenderSource{Path: r.Path, Probe: r.Probe, PlaneW: r.PlaneW, PlaneH: r.PlaneH})
	}
	for i := range p.Objects {
		use(p.Objects[i].Recording)
	}
	for _, b := range p.Backs {
		use(b.Recording)
	}
	return source
}

// shownClock is media time zero as the recording's wall clock shows it in the
// wanted zone, at the offset that the zone has at media time tUS; 0 without
// a clock.
func (p *Plan) shownClock(r *Recording, tUS int64) int64 {
	if !r.HasClock {
		return 0
	}
	_, offset := time.UnixMicro(r.ClockUS + tUS).In(p.zone()).Zone()
	return r.ClockUS + int64(offset)*second
}

// ZoneName is the zone of the stamps as it stands at the moments shown, "CEST
// (UTC+02:00)", in the night the clocks go back "CEST (UTC+02:00), CET
// (UTC+01:00)"; empty when no recording has a clock.
func (p *Plan) ZoneName() string {
	var names []string
	for _, at := range p.offsets() {
		name, offset := at.Zone()
		switch {
		case offset == 0:
			name = "UTC"
		case strings.ContainsAny(name, "+-"): // a zone without a name of its own
			name = "UTC" + at.Format("-07:00")
		default:
			name += at.Format(" (UTC-07:00)")
		}
		names = append(names, name)
	}
	return strings.Join(names, ", ")
}

// offsets is the first moment shown of each offset from UTC that the zone has
// at those shown, in order of time.
func (p *Plan) offsets() (first []time.Time) {
	for i := range p.Objects {
		r := &p.Recordings[p.Objects[i].Recording]
		if !r.HasClock || len(p.Objects[i].Plays) == 0 {
			continue
		}
		at := time.UnixMicro(r.ClockUS + p.Objects[i].Plays[0].FromUS).In(p.zone())
		k := slices.IndexFunc(first, func(t time.Time) bool { return t.Format("-07:00") == at.Format("-07:00") })
		if k < 0 {
			first = append(first, at)
		} else if at.Before(first[k]) {
			first[k] = at
		}
	}
	slices.SortFunc(first, time.Time.Compare)
	return first
}

// offsetNote is the offset from UTC of stamps from media time tUS on, where
// not all have the same: in the night the clocks go back an hour comes twice.
func (p *Plan) offsetNote(r *Recording, tUS int64, mixed bool) string {
	if !r.HasClock || !mixed {
		return ""
	}
	return time.UnixMicro(r.ClockUS + tUS).In(p.zone()).Format("-07:00 ")
}

func (p *Plan) zone() *time.Location {
	if p.Options.Zone == nil {
		return time.UTC
	}
	return p.Options.Zone
}

// dates tells whether what is shown lies on more than one day.
func (p *Plan) dates() bool {
	day, some := "", false
	for i := range p.Objects {
		r := &p.Recordings[p.Objects[i].Recording]
		if !r.HasClock {
			continue
		}
		for _, y := range p.Objects[i].Plays {
			for _, t := range []int64{y.FromUS, y.ToUS} {
				d := time.UnixMicro(r.ClockUS + t).In(p.zone()).Format(time.DateOnly)
				if some && d != day {
					return true
				}
				day, some = d, true
			}
		}
	}
	return false
}

// note is what a time stamp says beside the time: speed and part.
func (y Play) note() string {
	s := ""
	if y.Speed >= 1.05 {
		s = "×" + trimFloat(y.Speed)
	}
	if y.Parts > 1 {
		if s != "" {
			s += " "
		}
		s += fmt.Sprintf("%d/%d", y.Part, y.Parts)
	}
	return s
}

func trimFloat(f float64) string {
	if f >= 10 {
		return fmt.Sprintf("%.0f", f)
	}
	if s := fmt.Sprintf("%.1f", f); s[len(s)-1] != '0' {
		return s
	}
	return fmt.Sprintf("%.0f", f)
}
