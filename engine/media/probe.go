package media

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"posteriori/engine/fault"
	"posteriori/engine/scene"
	"posteriori/engine/wire"
)

// scanStall is how long ffprobe may say nothing before it is killed.
var scanStall = 2 * time.Minute

// minChunkUS keeps a plan to a sane number of chunks.
const minChunkUS = 100_000

// seekUS is how long a recording must be for seeks to be worth a try: a shorter
// one is read from its start sooner than it is shown that it can be sought.
const seekUS = 2_000_000

// rawFormats have no timestamps at all.
var rawFormats = []string{"h264", "hevc", "m4v", "mpegvideo", "mjpeg", "obu"}

// Probe says what a file is: the container's word, checked by a scan of every
// packet of the video stream. chunkUS is the wanted length of a chunk. Memory
// does not grow with the file but for one entry a chunk.
//
// Errors are [fault.Error]s: BadInput for what cannot be used, Refused for
// what is not a regular file, Missing without ffprobe, Interrupted when ctx
// ends. What is odd but usable is a warning.
func Probe(ctx context.Context, path string, chunkUS int64) (*wire.Probe, error) {
	src, err := openSource(path)
	if err != nil {
		return nil, err
	}
	if chunkUS < minChunkUS {
		return nil, fault.New(fault.Usage, "a chunk of %d µs is too short; at least %d", chunkUS, minChunkUS)
	}
	p, err := steadyLook(ctx, &src, path, chunkUS)
	if err != nil {
		return nil, err
	}
	if p.Seekable = p.Seekable && p.DurationUS > seekUS; p.Seekable {
		if p.Seekable, err = trySeeks(ctx, src, p); err != nil {
			return nil, onFile(err, path)
		}
		if !p.Seekable {
			p.Warnings = append(p.Warnings, "seeking does not work in this file: every chunk is reached by reading from the start")
		}
	}
	return p, nil
}

// steadyLook looks at a file, and once more where what it saw may come of a disk
// or share that was away for a moment: FFmpeg takes that for the file's end, or
// for another kind of file, and says nothing.
func steadyLook(ctx context.Context, src *source, path string, chunkUS int64) (*wire.Probe, error) {
	first := *src
	p, odd, err := look(ctx, src, path, chunkUS)
	if !odd && fault.KindOf(err) != fault.BadInput {
		return p, err
	}
	again, _, aerr := look(ctx, &first, path, chunkUS)
	if k := fault.KindOf(aerr); k == fault.Interrupted || k == fault.Missing {
		return nil, aerr
	}
	if !reflect.DeepEqual(p, again) || fmt.Sprint(err) != fmt.Sprint(aerr) {
		return nil, fault.Wrap(fault.Internal, errUnsteady, "it does not read the same twice").OnFile(path).
			WithHint("see that its disk or share holds, then repeat the command")
	}
	return p, err
}

// look says what a file is, but for whether it can be sought; odd tells whether
// anything speaks for another reading.
func look(ctx context.Context, src *source, path string, chunkUS int64) (p *wire.Probe, odd bool, err error) {
	p, st, err := probeAs(ctx, src, path, chunkUS)
	if err == nil && p.Still && p.Packets > 2 { // two: a photograph with a preview
		src.format = "mjpeg"
		p, st, err = probeAs(ctx, src, path, chunkUS)
	}
	if err != nil {
		return nil, false, err
	}
	if p.Still {
		p.Packets = 1
	}
	if st.promisedUS > p.DurationUS+1_000_000 && !p.Still && !p.Counted {
		st.odd = true
		p.Gaps = append(p.Gaps, scene.Coverage{FromUS: p.DurationUS, ToUS: st.promisedUS, Kind: scene.Damaged,
			Reason: "the file ends before the container says it does"})
		p.Warnings = append(p.Warnings, fmt.Sprintf("the container promises %s, the file holds %s: it was cut short",
			clockText(st.promisedUS), clockText(p.DurationUS)))
	}
	return p, st.odd, nil
}

// Glance says what a file's container says of it, without reading its packets:
// quick, and unverified. Errors are those of [Probe].
func Glance(ctx context.Context, path string) (*wire.Probe, error) {
	src, err := openSource(path)
	if err != nil {
		return nil, err
	}
	m, err := readMeta(ctx, src, path, false)
	if err != nil {
		return nil, err
	}
	p, st, err := m.probe(path)
	if err != nil {
		return nil, err
	}
	p.Bytes, p.DurationUS = src.bytes, st.promisedUS
	if s, err := strconv.ParseFloat(m.Format.Duration, 64); p.DurationUS == 0 && err == nil && s > 0 && s < 1e9 && !p.Still {
		p.DurationUS = int64(s * 1e6)
	}
	return p, nil
}

// probeAs reads the streams and scans the packets, and notes the demuxer in src.
func probeAs(ctx context.Context, src *source, path string, chunkUS int64) (*wire.Probe, *streamFacts, error) {
	m, err := readMeta(ctx, *src, path, true)
	if err != nil {
		return nil, nil, err
	}
	p, st, err := m.probe(path)
	if err != nil {
		return nil, nil, err
	}
	p.Bytes = src.bytes
	src.format, _, _ = strings.Cut(p.Format, ",")
	sc := newScan(p, st, chunkUS)
	msgs, err := m.msgs, error(nil)
	if m.Packets != nil {
		err = m.each(sc.packet)
	} else {
		msgs, err = scanPackets(ctx, *src, p.Stream, "", sc.packet)
	}
	if err == nil {
		err = sc.finish(p, msgs)
	}
	if err != nil {
		return nil, nil, onFile(err, path)
	}
	_, complaints := msgs.lines()
	st.odd = complaints > 0 || sc.corrupt > 0 || sc.endsEarly(src.bytes)
	return p, st, nil
}

// onFile names the file in err, which is a fault.Error or becomes one.
func onFile(err error, path string) error {
	if e, ok := err.(*fault.Error); ok {
		return e.OnFile(path)
	}
	return fault.Wrap(fault.Internal, err, "ffprobe failed").OnFile(path)
}

// indexed tells whether the container has an index of key frames that
// FFmpeg seeks by.
func indexed(format string) bool {
	for _, f := range strings.Split(format, ",") {
		switch f {
		case "mov", "matroska", "webm", "avi", "flv", "nut":
			return true
		}
	}
	return false
}

// still tells whether the demuxer is for photographs.
func still(format string) bool { return format == "jpeg_pipe" || format == "png_pipe" }

// seekable tells whether seeks are worth a try.
func seekable(p *wire.Probe) bool {
	if p.Still || p.Counted || p.KeyFrames < 2 {
		return false
	}
	return indexed(p.Format) || p.Format == "mpegts" || p.Format == "asf" || p.Format == "mpeg"
}

// trySeeks seeks to chunks in the middle and at the end as a decode would (in
// a recording of one chunk, to its middle) and tells whether each seek lands
// at or shortly before its target.
func trySeeks(ctx context.Context, src source, p *wire.Probe) (bool, error) {
	c := NewClock(p)
	// The middle is no key frame's own time, and containers that seek by
	// decoding time may go on to the next one. Who seeks there looks where it
	// landed.
	targets, late := []int64{c.PTS(p.DurationUS / 2)}, c.ticks(1_000_000)
	if n := len(p.Chunks); n > 1 {
		targets, late = nil, 0
		for _, i := range slices.Compact([]int{n / 2, n - 1}) {
			want := p.Chunks[i].LeadPTS
			if want <= p.FirstPTS {
				want = p.Chunks[i].StartPTS
			}
			targets = append(targets, want)
		}
	}
	for _, want := range targets {
		got, _, ok, err := landing(ctx, src, p, fileUS(p, want))
		if err != nil {
			return false, err
		}
		if !ok || got > want+late || c.US(want)-c.US(got) > max(60_000_000, p.DurationUS/20) {
			return false, nil
		}
	}
	return true, nil
}

// landing is the first packet that ffmpeg reads after a seek to a time in the
// file: its PTS, and whether it is a key frame. ok is false when there is none.
func landing(ctx context.Context, src source, p *wire.Probe, atUS int64) (pts int64, key, ok bool, err error) {
	tb := itoa(p.TimeBase.Num) + ":" + itoa(p.TimeBase.Den)
	args := []string{"-hide_banner", "-nostdin", "-v", "error", "-copyts", "-seek_timestamp", "1", "-noaccurate_seek",
		"-ss", seconds(atUS)}
	args = append(args, src.inputFlags()...)
	args = append(args, "-i", src.url(), "-map", "0:"+itoa(p.Stream), "-c", "copy", "-copyinkf", "-frames:v", "1",
		"-enc_time_base", tb, "-avoid_negative_ts", "disabled", "-f", "framecrc", "pipe:1")
	out, _, err := runTool(ctx, "ffmpeg", args)
	if fault.KindOf(err) != fault.Internal || errors.Is(err, errKilled) {
		return 0, false, false, err // Interrupted or Missing
	}
	num := wire.Rational{}
	for _, l := range strings.Split(string(out), "\n") {
		if s, ok := strings.CutPrefix(l, "#tb 0: "); ok {
			_, _ = fmt.Sscanf(s, "%d/%d", &num.Num, &num.Den)
			continue
		}
		f := strings.Split(l, ",")
		if strings.HasPrefix(l, "#") || len(f) < 3 || !validTimeBase(num) {
			continue
		}
		var t int64
		if _, err := fmt.Sscan(strings.TrimSpace(f[2]), &t); err != nil {
			return 0, false, false, nil
		}
		return mulDiv(t, num.Num*p.TimeBase.Den, num.Den*p.TimeBase.Num), !strings.Contains(l, "F=0x"), true, nil
	}
	return 0, false, false, nil
}
