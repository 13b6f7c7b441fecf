package review

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strconv"

	"posteriori/engine/fault"
	"posteriori/engine/index"
	"posteriori/engine/synopsis"
)

// MaxClipUS is the longest span of an original in one clip of the page. A longer
// track is shown in parts.
const MaxClipUS = 120_000_000

// padUS is what a clip shows before and after its track.
const padUS = 2_000_000

// Clip is a span of an original cut for the page.
type Clip struct {
	Recording int64  `json:"recording"`
	Track     int64  `json:"track"`
	Part      int    `json:"part"`  // from 0
	Parts     int    `json:"parts"` // that the track's span has
	Src       string `json:"src"`   // relative to the page
	// FromUS is the media time at the file's own time zero. With Copied its pictures
	// are those of the recording, bit for bit.
	FromUS int64  `json:"from_us"`
	ToUS   int64  `json:"to_us"`
	Copied bool   `json:"copied"`
	Note   string `json:"note"`
	SHA256 string `json:"sha256"`
	// Times are the media times of the recording's frames about the clip, µs, as
	// the first and then differences.
	Times []int64 `json:"times"`
}

// ClipSpan is the part-th span of a recording that shows a track, how many parts
// there are, and the span's end. A part out of range is fault.NotFound.
func ClipSpan(rec index.Recording, startUS, endUS int64, part int) (fromUS, toUS int64, parts int, err error) {
	length := max(rec.Probe.DurationUS, 1)
	from := max(0, startUS-padUS)
	to := min(endUS+padUS+max(rec.Probe.FrameUS, 1), length)
	parts = int(max(1, (to-from+MaxClipUS-1)/MaxClipUS))
	if part < 0 || part >= parts {
		return 0, 0, parts, fault.New(fault.NotFound, "the track has %d parts, and part %d is asked for", parts, part)
	}
	fromUS = from + int64(part)*MaxClipUS
	return fromUS, min(to, fromUS+MaxClipUS), parts, nil
}

// Synopsis is one rendered synopsis on the page: where each object is in it.
type Synopsis struct {
	Src       string  `json:"src"`
	SHA256    string  `json:"sha256"`
	Density   float64 `json:"density"` // mean number of objects on screen
	Width     int     `json:"width"`
	Height    int     `json:"height"`
	Band      int     `json:"band"`
	FrameUS   int64   `json:"frame_us"`
	Frames    int64   `json:"frames"`
	Mark      string  `json:"mark"`
	Procedure string  `json:"procedure"`
	// Plays are [recording, track, start frame, frames, from µs, to µs], by start.
	Plays [][6]int64 `json:"plays"`
}

// SynopsisOf reads what the page needs out of a synopsis's sidecar. src is the
// video's address, relative to the page.
func SynopsisOf(sidecar []byte, src string) (Synopsis, error) {
	var s synopsis.Sidecar
	if err := json.Unmarshal(sidecar, &s); err != nil {
		return Synopsis{}, fault.Wrap(fault.BadInput, err, "it is no description of a synopsis")
	}
	if s.Schema != synopsis.SidecarSchema {
		return Synopsis{}, fault.New(fault.BadInput, "it is a description of another form: %s", s.Schema)
	}
	out := Synopsis{Src: src, SHA256: s.Output.SHA256, Density: s.Figures.Density, Width: s.Output.Width, Height: s.Output.Height,
		Band: s.Output.Band, FrameUS: max(1, s.Output.FrameUS), Frames: s.Output.Frames, Mark: s.Mark, Procedure: s.Procedure, Plays: [][6]int64{}}
	for _, o := range s.Objects {
		rec, err := strconvID(o.Recording)
		if err != nil {
			return out, err
		}
		for _, p := range o.Plays {
			out.Plays = append(out.Plays, [6]int64{rec, o.Track, p.Start, p.Frames, p.FromUS, p.ToUS})
		}
	}
	sortPlays(out.Plays)
	return out, nil
}

// strconvID reads a recording's number as the sidecar has it.
func strconvID(s string) (int64, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return 0, fault.Wrap(fault.BadInput, err, "the description of a synopsis names no recording")
	}
	return n, nil
}

// sortPlays puts what begins first first.
func sortPlays(plays [][6]int64) {
	slices.SortFunc(plays, func(a, b [6]int64) int {
		return cmp.Or(cmp.Compare(a[2], b[2]), cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1]))
	})
}

// FrameTimes gathers the media times of a recording's frames in [fromUS, toUS] and
// a second on either side, sorted, as the first and then differences.
func FrameTimes(ctx context.Context, ix *index.Store, rec, fromUS, toUS int64) ([]int64, error) {
	var times []int64
	for t, err := range ix.FrameTimes(ctx, rec) {
		if err != nil {
			return nil, err
		}
		if t >= fromUS-1_000_000 && t <= toUS+1_000_000 {
			times = append(times, t)
		}
	}
	slices.Sort(times)
	times = slices.Compact(times)
	for i := len(times) - 1; i > 0; i-- {
		times[i] -= times[i-1]
	}
	return times, nil
}
