package media

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"posteriori/engine/fault"
	"posteriori/engine/wire"
)

// Codecs that MP4 and Matroska hold as they are.
var (
	mp4Codecs = []string{"h264", "hevc", "mpeg4", "mpeg2video", "mpeg1video", "mjpeg", "vp9", "av1"}
	mkvCodecs = []string{"h264", "hevc", "mpeg4", "mpeg2video", "mpeg1video", "mjpeg", "vp8", "vp9", "av1", "theora",
		"prores", "msmpeg4v3", "wmv3", "vc1", "ffv1", "huffyuv"}
	playerCodecs = []string{"h264", "vp9", "av1"} // what browsers play
)

// ExtractClip writes the pictures of [FromUS, ToUS) of the recording at path to
// a new file, MP4 or (when its name has .mkv in it) Matroska, and tells what it
// holds. The stream is copied bit for bit from the key frame at or before
// FromUS; where it cannot be (container or codec, times that had to be mended,
// or a player that could not show it) it is encoded anew as H.264 from FromUS
// on. Sound is left out. Errors: Usage for an existing file or an empty span,
// NoSpace, and those of [Open].
func ExtractClip(ctx context.Context, path string, job *wire.ClipJob) (wire.Output, error) {
	p, out := &job.Probe, job.Out
	src, err := reopen(path, p)
	if err != nil {
		return wire.Output{}, err
	}
	abs, err := newFile(out)
	if err != nil {
		return wire.Output{}, err
	}
	fromUS, toUS := max(job.FromUS, 0), min(job.ToUS, p.DurationUS)
	if p.Still || fromUS >= toUS {
		return wire.Output{}, fault.New(fault.Usage, "the recording holds nothing from %s to %s", clockText(fromUS), clockText(toUS)).
			OnFile(path).WithHint("it lasts %s", clockText(p.DurationUS))
	}
	why := whyNotCopy(p, out)
	if why == "" && job.Player && !slices.Contains(playerCodecs, p.Codec) {
		why = "browsers do not play " + p.Codec
	}
	if why == "" {
		made, err := copyClip(ctx, src, job, fromUS, toUS, abs)
		if err == nil {
			return made, nil
		}
		_ = os.Remove(abs)
		if !errors.Is(err, errNoCopy) {
			return wire.Output{}, err
		}
		why = "it cannot be cut without"
	}
	n, first, err := reencodeClip(ctx, path, p, fromUS, toUS, out)
	if err != nil {
		return wire.Output{}, err
	}
	return wire.Output{Path: out, FromUS: first, Note: fmt.Sprintf("%s to %s, %d pictures, encoded anew as H.264 (%s), without sound",
		clockText(fromUS), clockText(toUS), n, why)}, nil
}

// errNoCopy says that a stream copy did not give what it should.
var errNoCopy = errors.New("the stream cannot be copied")

// muxer is the container for a file's name.
func muxer(out string) string {
	if strings.Contains(strings.ToLower(filepath.Base(out)), ".mkv") {
		return "matroska"
	}
	return "mp4"
}

// whyNotCopy says why a stream copy is out of the question, or "".
func whyNotCopy(p *wire.Probe, out string) string {
	ok := mp4Codecs
	if muxer(out) == "matroska" {
		ok = mkvCodecs
	}
	switch {
	case p.Counted || slices.Contains(rawFormats, p.Format):
		return "the recording has no timestamps to copy"
	case slices.ContainsFunc(p.Warnings, func(w string) bool { return strings.HasPrefix(w, "timestamps jump") }):
		return "the recording's timestamps jump"
	case !slices.Contains(ok, p.Codec):
		return p.Codec + " does not go into " + muxer(out)
	}
	return ""
}

// copyClip copies packets from the key frame at or before fromUS, and checks
// by a scan of the copy that it begins with a key frame and holds the span.
func copyClip(ctx context.Context, src source, job *wire.ClipJob, fromUS, toUS int64, abs string) (wire.Output, error) {
	p, out := &job.Probe, job.Out
	c := NewClock(p)
	start, seekUS, err := copyStart(ctx, src, p, c.PTS(fromUS))
	if err != nil {
		return wire.Output{}, err
	}
	args := []string{"-hide_banner", "-nostdin", "-v", "error"}
	zeroUS := fileUS(p, p.FirstPTS)
	if seekUS >= 0 {
		args = append(args, "-seek_timestamp", "1", "-noaccurate_seek", "-ss", seconds(seekUS))
		zeroUS = seekUS
	}
	args = append(args, src.inputFlags()...)
	length := max(fileUS(p, c.PTS(toUS))-zeroUS, 1) // ffmpeg counts it from the time sought
	args = append(args, "-i", src.url(), "-map", "0:"+itoa(p.Stream), "-c", "copy", "-t", seconds(length),
		"-map_metadata", "-1", "-avoid_negative_ts", "make_zero", "-fflags", "+bitexact", "-f", muxer(out), "-n", "file:"+abs)
	_, msgs, err := runTool(ctx, "ffmpeg", args)
	if fault.KindOf(err) == fault.Interrupted || msgs == nil {
		return wire.Output{}, err
	}
	if err != nil {
		if werr := writeError(msgs, out); fault.KindOf(werr) == fault.NoSpace {
			return wire.Output{}, werr
		}
		return wire.Output{}, fmt.Errorf("%w: %s", errNoCopy, msgs.last())
	}
	q, err := Probe(ctx, abs, math.MaxInt64/4)
	if err != nil || q.Packets == 0 || q.KeyFrames == 0 || q.DurationUS+2*p.FrameUS < toUS-fromUS-holesIn(p, fromUS, toUS) {
		return wire.Output{}, errNoCopy
	}
	if job.Player && !beginsAtKey(ctx, abs, q) {
		return wire.Output{}, errNoCopy // which picture a player shows first would be its own affair
	}
	return wire.Output{Path: out, FromUS: c.US(start) - Clock{TB: q.TimeBase}.US(q.FirstPTS), Copied: true,
		Note: fmt.Sprintf("%s to %s, %d pictures, copied bit for bit from the key frame at or before %s, without sound",
			clockText(c.US(start)), clockText(min(c.US(start)+q.DurationUS, p.DurationUS)), q.Packets, clockText(fromUS))}, nil
}

// beginsAtKey says whether the first picture of a file, in the order shown, is
// its first key frame.
func beginsAtKey(ctx context.Context, abs string, q *wire.Probe) bool {
	src, err := reopen(abs, q)
	if err != nil {
		return false
	}
	first, found := int64(0), false
	_, err = scanPackets(ctx, src, q.Stream, "", func(k *packet) error {
		if k.key && !found {
			first, found = k.pts, true
		}
		return nil
	})
	return err == nil && found && first == q.FirstPTS
}

// reorderSlackUS is what ffmpeg seeks early by in containers that seek by
// decoding time (3/23 s), rounded up.
const reorderSlackUS = 131_000

// copyStart finds the key frame at or before from, where a copy begins, and
// the time to seek to for it; -1 when no seek gets there and the copy is from
// the start.
func copyStart(ctx context.Context, src source, p *wire.Probe, from int64) (start, seekUS int64, err error) {
	if !p.Seekable || from <= p.FirstPTS {
		return p.FirstPTS, -1, nil
	}
	for _, back := range []int64{0, 20_000_000, 120_000_000} {
		var keys []int64
		interval := seconds(max(fileUS(p, from)-back, 0)) + "%" + seconds(fileUS(p, from)+1_000_000)
		_, err := scanPackets(ctx, src, p.Stream, interval, func(k *packet) error {
			if k.key && k.pts != noPTS && k.pts <= from {
				keys = append(keys, k.pts)
			}
			return nil
		})
		if err != nil {
			return 0, 0, err
		}
		if len(keys) == 0 {
			continue
		}
		key := slices.Max(keys)
		for _, at := range []int64{fileUS(p, key) + reorderSlackUS, fileUS(p, key)} {
			got, isKey, ok, err := landing(ctx, src, p, at)
			if err != nil {
				return 0, 0, err
			}
			// A copy begins at the first key frame that is read.
			keys = slices.DeleteFunc(keys, func(k int64) bool { return k < got })
			switch {
			case !ok || got > key:
			case isKey:
				return got, at, nil
			case len(keys) > 0:
				return slices.Min(keys), at, nil
			}
		}
	}
	return p.FirstPTS, -1, nil
}

// holesIn is how much of a span may lack at most: a copy does not end in a hole.
func holesIn(p *wire.Probe, fromUS, toUS int64) int64 {
	n := int64(0)
	for _, g := range p.Gaps {
		n += max(0, min(g.ToUS, toUS)-max(g.FromUS, fromUS))
	}
	return n
}

// reencodeClip decodes the span and encodes it at the recording's median
// frame distance, repeating or leaving out pictures so that times are kept. It
// gives the number of pictures and the media time of the first.
func reencodeClip(ctx context.Context, path string, p *wire.Probe, fromUS, toUS int64, out string) (n, firstUS int64, err error) {
	c := NewClock(p)
	d, err := Open(ctx, path, p, DecodeOptions{FromPTS: c.PTS(fromUS), ToPTS: c.PTS(toUS), AllFull: true})
	if err != nil {
		return 0, 0, err
	}
	defer d.Close()
	e, err := NewEncoder(ctx, out, p.Width, p.Height, max(p.FrameUS, 1), nil)
	if err != nil {
		return 0, 0, err
	}
	n, firstUS, err = pump(d, e, fromUS, toUS, max(p.FrameUS, 1))
	if cerr := e.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		_ = os.Remove(out)
		return 0, 0, err
	}
	return n, firstUS, nil
}

// pump shows each picture from its own time to the next one's, on a grid of
// step µs, and gives the number of pictures decoded and where the grid begins.
func pump(d *Decoder, e *Encoder, fromUS, toUS, step int64) (n, firstUS int64, err error) {
	var shown *Frame
	defer func() { shown.Release() }()
	next := fromUS // the grid's next time
	for {
		f, err := d.Next()
		if err != nil && !errors.Is(err, io.EOF) {
			return n, firstUS, err
		}
		until := toUS
		if f != nil {
			until = f.TUS
		}
		for ; shown != nil && next+step/2 < until; next += step {
			if err := e.Write(*shown.Full); err != nil {
				f.Release()
				return n, firstUS, err
			}
		}
		if f == nil {
			break
		}
		shown.Release()
		shown = f
		if n++; n == 1 {
			next = max(next, f.TUS-step/2)
			firstUS = next
		}
	}
	if n == 0 {
		return 0, 0, fault.New(fault.BadInput, "not one picture between %s and %s can be decoded", clockText(fromUS), clockText(toUS)).
			OnFile(d.src.path).WithHint("choose another span")
	}
	return n, firstUS, nil
}
