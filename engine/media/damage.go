package media

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"posteriori/engine/scene"
	"posteriori/engine/wire"
)

// maxSpans bounds the spans of damage told of one chunk, or of so much media
// time; beyond, the last one reaches to the end.
const (
	maxSpans = 1000
	perSpans = 300_000_000 // µs
)

// located is what looking for damage found.
type located struct {
	spans []scene.Coverage
	got   []int64 // PTS of the pictures, in order
}

// locate decodes and lists a chunk again; it tells up to limit spans.
func locate(ctx context.Context, path string, p *wire.Probe, c wire.Chunk, limit int, rep Report) (*located, error) {
	src, err := reopen(path, p)
	if err != nil {
		return nil, err
	}
	l := &locator{p: p, c: c, limit: limit, clock: NewClock(p), keys: map[int64]bool{}}
	if err := l.packets(ctx, src); err != nil {
		return nil, err
	}
	if err := l.decode(ctx, src, rep); err != nil {
		return nil, err
	}
	l.compare()
	return &located{l.spans, l.got}, nil
}

// lacking tells whether fewer pictures came than packets promised. Two
// packets a picture are interlaced fields, not damage.
func lacking(p *wire.Probe, c wire.Chunk, frames int64) bool {
	if d := c.Packets - 2*frames; d >= -2 && d <= 2 && c.Packets > 8 {
		return false
	}
	if p.Counted && frames >= c.Packets-c.Packets/100-2 {
		return false // AVI marks skipped pictures by empty packets
	}
	return frames < c.Packets
}

// addSpan appends s clipped to the chunk, when something is left of it.
func addSpan(out []scene.Coverage, c wire.Chunk, s scene.Coverage) []scene.Coverage {
	s.FromUS, s.ToUS = max(s.FromUS, c.StartUS), min(s.ToUS, c.EndUS)
	if s.FromUS < s.ToUS {
		out = append(out, s)
	}
	return out
}

// reason puts damage into words.
func reason(lost, bad int, msgs []string) string {
	s := "the decoder reports errors here"
	switch {
	case lost > 0 && bad > 0:
		s = fmt.Sprintf("%d pictures cannot be decoded, %d are faulty", lost, bad)
	case lost > 0:
		s = fmt.Sprintf("%d pictures cannot be decoded", lost)
	case bad > 0:
		s = fmt.Sprintf("%d pictures are faulty", bad)
	}
	if len(msgs) > 0 {
		s += ": " + stripPrefix(msgs[0])
	}
	return s
}

// locator finds the damage in one chunk.
type locator struct {
	p     *wire.Probe
	c     wire.Chunk
	limit int // of spans
	clock Clock
	want  []int64 // PTS of the chunk's packets, in order; none where counted
	keys  map[int64]bool
	got   []int64 // PTS of the chunk's pictures, in order
	spans []scene.Coverage

	// of the decode under way
	pending string // the first error since the last picture
	from    int64  // where the open span of bad pictures begins
	bad     int    // pictures in it; 0: none open
	why     string
	past    bool
}

// stalled is the chunk from where ffmpeg hung on.
func stalled(p *wire.Probe, c wire.Chunk, rep Report) []scene.Coverage {
	from := c.StartUS
	if rep.Frames > 0 {
		from = NewClock(p).US(rep.LastPTS) + p.FrameUS
	}
	return addSpan(nil, c, scene.Coverage{FromUS: from, ToUS: c.EndUS, Kind: scene.Damaged,
		Reason: "the decoder hung here and was stopped"})
}

// decode runs the chunk through ffmpeg again and notes which pictures came
// after errors.
func (l *locator) decode(ctx context.Context, src source, rep Report) error {
	run, cancel := context.WithTimeout(ctx, locateLimit(l.p, l.c))
	defer cancel()
	o := DecodeOptions{FromPTS: l.c.LeadPTS, ToPTS: l.c.EndPTS, AllFull: true, Threads: 1}
	if err := o.complete(l.p); err != nil {
		return err
	}
	a := attempts(l.p, &o)[0]
	if rep.Unsought {
		a.seekUS = -1
	}
	cmd, err := newCommand(run, "ffmpeg", locateArgs(src, l.p, a))
	if err != nil {
		return err
	}
	msgs := &messages{each: func(s string) {
		if l.line(s); l.past {
			cancel()
		}
	}}
	cmd.Stdout, cmd.Stderr = io.Discard, msgs
	_ = cmd.Run() // its exit adds nothing to its messages
	msgs.flush()
	if ctx.Err() != nil {
		return interrupted(ctx)
	}
	if err := cmd.killed(); err != nil {
		return err
	}
	if l.bad > 0 || l.pending != "" && len(l.got) == 0 {
		l.close(math.MaxInt64)
	}
	return nil
}

// locateArgs decode one chunk on one thread and print a line per picture.
func locateArgs(src source, p *wire.Probe, a attempt) []string {
	args := []string{"-hide_banner", "-nostdin", "-nostats", "-v", "level+info", "-max_alloc", itoa(maxAlloc),
		"-max_error_rate", "1", "-filter_complex_threads", "1", "-copyts"}
	if a.seekUS >= 0 {
		args = append(args, "-seek_timestamp", "1", "-noaccurate_seek", "-ss", seconds(a.seekUS))
	}
	args = append(args, "-threads", "1", "-reinit_filter", "0")
	args = append(append(args, src.inputFlags()...), "-codec_whitelist", allowedCodecs)
	u := unit(p)
	return append(args, "-i", src.url(), "-filter_complex",
		fmt.Sprintf("[0:%d]%s,showinfo=checksum=0[s]", p.Stream, timeFilter(p)),
		"-map", "[s]", "-fps_mode", "passthrough", "-enc_time_base", itoa(u.Num)+":"+itoa(u.Den), "-f", "null", "-")
}

// locateLimit is far more than the second decode can need, so that a file on
// which the decoder hangs does not hang the analysis.
func locateLimit(p *wire.Probe, c wire.Chunk) time.Duration {
	n := c.EndUS - c.StartUS + 30_000_000
	if !p.Seekable {
		n = p.DurationUS
	}
	return time.Minute + 2*time.Duration(n)*time.Microsecond
}

// line takes one message of ffmpeg's, in the order of its work.
func (l *locator) line(s string) {
	if strings.Contains(s, "[error]") || strings.Contains(s, "[fatal]") {
		if l.pending == "" {
			l.pending = stripPrefix(s)
		}
		return
	}
	if !strings.Contains(s, "showinfo") {
		return
	}
	t, key, ok := parseShowinfo(s)
	if !ok {
		return
	}
	pts := l.p.FirstPTS + t
	if pts >= l.c.EndPTS {
		l.past = true
		return
	}
	// Garbage may claim to be a key frame: the container must say so too.
	if l.bad > 0 && key && l.keys[pts] && l.pending == "" {
		l.close(pts)
	}
	if l.bad == 0 && l.pending != "" {
		l.from, l.why = pts, l.pending
		l.bad = 1
	} else if l.bad > 0 {
		l.bad++
	}
	l.pending = ""
	if pts >= l.c.StartPTS {
		l.got = append(l.got, pts)
	}
}

// close ends the open span of bad pictures at to.
func (l *locator) close(to int64) {
	s := scene.Coverage{FromUS: l.clock.US(l.from), ToUS: l.c.EndUS, Kind: scene.Damaged,
		Reason: reason(0, l.bad, []string{cmp.Or(l.why, l.pending)})}
	if l.bad == 0 { // not one picture came
		s.FromUS = l.c.StartUS
	}
	if to != math.MaxInt64 {
		s.ToUS = l.clock.US(to)
	}
	l.bad = 0
	l.add(s)
}

func (l *locator) add(s scene.Coverage) {
	if n := len(l.spans); n >= l.limit {
		l.spans[n-1].ToUS = l.c.EndUS
		return
	}
	l.spans = addSpan(l.spans, l.c, s)
}

// parseShowinfo reads "n:   4 pts:   2048 pts_time:… iskey:1 …".
func parseShowinfo(s string) (pts int64, key, ok bool) {
	_, rest, found := strings.Cut(s, " pts:")
	if !found || !strings.Contains(s, " n:") {
		return 0, false, false
	}
	f := strings.Fields(rest)
	if len(f) == 0 {
		return 0, false, false
	}
	pts, err := strconv.ParseInt(f[0], 10, 64)
	return pts, strings.Contains(rest, "key:1"), err == nil
}

// compare marks the packets that gave no picture.
func (l *locator) compare() {
	slices.Sort(l.want)
	want := slices.Compact(l.want)
	slices.Sort(l.got)
	lost, from := 0, int64(0)
	for _, pts := range append(want, math.MaxInt64) {
		_, have := slices.BinarySearch(l.got, pts)
		switch {
		case pts != math.MaxInt64 && !have:
			if lost++; lost == 1 {
				from = pts
			}
		case lost > 0:
			to := l.c.EndUS
			if pts != math.MaxInt64 {
				to = l.clock.US(pts)
			}
			l.add(scene.Coverage{FromUS: l.clock.US(from), ToUS: to, Kind: scene.Damaged, Reason: reason(lost, 0, nil)})
			lost = 0
		}
	}
}

// packets lists the chunk's packets and key frames again. Where pictures are
// counted, packet n is picture n.
func (l *locator) packets(ctx context.Context, src source) error {
	if l.p.Counted {
		n := int64(0)
		_, err := scanPackets(ctx, src, l.p.Stream, "", func(k *packet) error {
			if k.key && !k.discard {
				l.keys[n] = true
			}
			if n++; n > l.c.EndPTS {
				return errEnough
			}
			return nil
		})
		return err
	}
	if l.p.Seekable && l.c.StartPTS > l.p.FirstPTS {
		first, err := l.list(ctx, src, seconds(max(fileUS(l.p, l.c.LeadPTS)-1_000_000, 0))+"%")
		if err != nil || first <= l.c.StartPTS {
			return err
		}
	}
	_, err := l.list(ctx, src, "")
	return err
}

// list gathers the packets of the chunk from an interval of ffprobe's, or
// from the whole file, and gives the smallest PTS seen.
func (l *locator) list(ctx context.Context, src source, interval string) (int64, error) {
	m, first := newMender(l.p.FirstPTS, l.p.TimeBase), int64(math.MaxInt64)
	l.want = l.want[:0]
	q := newOrderer(l.p.TimeBase, func(k queued) error {
		if k.guess {
			return nil
		}
		pts := k.pts
		if interval == "" {
			pts = m.next(k.pts)
		}
		first = min(first, pts)
		if pts >= l.c.EndPTS {
			return errEnough
		}
		if k.key {
			l.keys[pts] = true
		}
		if pts >= l.c.StartPTS {
			l.want = append(l.want, pts)
		}
		return nil
	})
	_, err := scanPackets(ctx, src, l.p.Stream, interval, q.order)
	if err == nil {
		err = q.drain(0)
	}
	if errors.Is(err, errEnough) {
		err = nil
	}
	return first, err
}

// overlay puts the spans of b over those of a: sorted, disjoint, touching
// ones of a kind joined.
func overlay(a, b []scene.Coverage) []scene.Coverage {
	b = join(b)
	var out []scene.Coverage
	for _, x := range a {
		for _, y := range b {
			if y.ToUS <= x.FromUS || y.FromUS >= x.ToUS {
				continue
			}
			if x.FromUS < y.FromUS {
				left := x
				left.ToUS = y.FromUS
				out = append(out, left)
			}
			x.FromUS = min(y.ToUS, x.ToUS)
		}
		if x.FromUS < x.ToUS {
			out = append(out, x)
		}
	}
	out = append(out, b...)
	slices.SortFunc(out, func(x, y scene.Coverage) int { return cmp.Compare(x.FromUS, y.FromUS) })
	return out
}

// join sorts spans of one kind and joins those that touch.
func join(s []scene.Coverage) []scene.Coverage {
	slices.SortStableFunc(s, func(x, y scene.Coverage) int { return cmp.Compare(x.FromUS, y.FromUS) })
	var out []scene.Coverage
	for _, x := range s {
		if n := len(out); n > 0 && x.FromUS <= out[n-1].ToUS {
			out[n-1].ToUS = max(out[n-1].ToUS, x.ToUS)
			if !strings.Contains(out[n-1].Reason, x.Reason) && len(out[n-1].Reason) < 300 {
				out[n-1].Reason += "; " + x.Reason
			}
			continue
		}
		out = append(out, x)
	}
	return out
}
