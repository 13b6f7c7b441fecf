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
)

// ExtractClip writes the pictures of [fromUS, toUS) to a new file out, MP4 or
// (when out's name has .mkv in it) Matroska, and notes what it holds. The
// stream is copied bit for bit from the key frame at or before fromUS; where
// it cannot be (container or codec, times that had to be mended) it is
// encoded anew as H.264 from fromUS on. Sound is left out. Errors: Usage for
// an existing out or an empty span, NoSpace, and those of [Open].
func ExtractClip(ctx context.Context, path string, p *wire.Probe, fromUS, toUS int64, out string) (string, error) {
	src, err := reopen(path, p)
	if err != nil {
		return "", err
	}
	abs, err := newFile(out)
	if err != nil {
		return "", err
	}
	fromUS, toUS = max(fromUS, 0), min(toUS, p.DurationUS)
	if p.Still || fromUS >= toUS {
		return "", fault.New(fault.Usage, "the recording holds nothing from %s to %s", clockText(fromUS), clockText(toUS)).
			OnFile(path).WithHint("it lasts %s", clockText(p.DurationUS))
	}
	why := whyNotCopy(p, out)
	if why == "" {
		note, err := copyClip(ctx, src, p, fromUS, toUS, out, abs)
		if err == nil {
			return note, nil
		}
		_ = os.Remove(abs)
		if !errors.Is(err, errNoCopy) {
			return "", err
		}
		why = "it cannot be cut without"
	}
	n, err := reencodeClip(ctx, path, p, fromUS, toUS, out)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%s to %s, %d pictures, encoded anew as H.264 (%s), without sound", clockText(fromUS), clockText(toUS), n, why), nil
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
func copyClip(ctx context.Context, src source, p *wire.Probe, fromUS, toUS int64, out, abs string) (string, error) {
	c := NewClock(p)
	start, seekUS, err := copyStart(ctx, src, p, c.PTS(fromUS))
	if err != nil {
		return "", err
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
		return "", err
	}
	if err != nil {
		if werr := writeError(msgs, out); fault.KindOf(werr) == fault.NoSpace {
			return "", werr
		}
		return "", fmt.Errorf("%w: %s", errNoCopy, msgs.last())
	}
	q, err := Probe(ctx, abs, math.MaxInt64/4)
	if err != nil || q.Packets == 0 || q.KeyFrames == 0 || q.DurationUS+2*p.FrameUS < toUS-fromUS-holesIn(p, fromUS, toUS) {
		return "", errNoCopy
	}
	return fmt.Sprintf("%s to %s, %d pictures, copied bit for bit from the key frame at or before %s, without sound",
		clockText(c.US(start)), clockText(min(c.US(start)+q.DurationUS, p.DurationUS)), q.Packets, clockText(fromUS)), nil
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
// frame distance, repeating or leaving out pictures so that times are kept.
func reencodeClip(ctx context.Context, path string, p *wire.Probe, fromUS, toUS int64, out string) (int64, error) {
	c := NewClock(p)
	d, err := Open(ctx, path, p, DecodeOptions{FromPTS: c.PTS(fromUS), ToPTS: c.PTS(toUS), AllFull: true})
	if err != nil {
		return 0, err
	}
	defer d.Close()
	e, err := NewEncoder(ctx, out, p.Width, p.Height, max(p.FrameUS, 1), nil)
	if err != nil {
		return 0, err
	}
	n, err := pump(d, e, fromUS, toUS, max(p.FrameUS, 1))
	if cerr := e.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		_ = os.Remove(out)
		return 0, err
	}
	return n, nil
}

// pump shows each picture from its own time to the next one's, on a grid of
// step µs, and gives the number of pictures decoded.
func pump(d *Decoder, e *Encoder, fromUS, toUS, step int64) (int64, error) {
	var shown *Frame
	defer func() { shown.Release() }()
	n, next := int64(0), fromUS // next is the grid's next time
	for {
		f, err := d.Next()
		if err != nil && !errors.Is(err, io.EOF) {
			return n, err
		}
		until := toUS
		if f != nil {
			until = f.TUS
		}
		for ; shown != nil && next+step/2 < until; next += step {
			if err := e.Write(*shown.Full); err != nil {
				f.Release()
				return n, err
			}
		}
		if f == nil {
			break
		}
		shown.Release()
		shown = f
		if n++; n == 1 {
			next = max(next, f.TUS-step/2)
		}
	}
	if n == 0 {
		return 0, fault.New(fault.BadInput, "not one picture between %s and %s can be decoded", clockText(fromUS), clockText(toUS)).
			OnFile(d.src.path).WithHint("choose another span")
	}
	return n, nil
}
