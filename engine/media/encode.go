package media

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"posteriori/engine/fault"
	"posteriori/engine/frame"
)

// Encoder writes pictures as H.264 in an MP4 that browsers play: yuv420p,
// constant frame distance, index in front. Pictures of odd size are padded by
// one row or column. One goroutine uses it.
type Encoder struct {
	ctx    context.Context
	cancel context.CancelFunc
	out    string
	w, h   int
	cmd    *command
	in     io.WriteCloser
	msgs   *messages
	done   bool
	err    error
	packed []byte
}

// NewEncoder starts encoding w×h pictures, frameUS apart, to a new file out;
// meta becomes the file's tags. An existing out is an error. The caller must
// Close.
func NewEncoder(ctx context.Context, out string, w, h int, frameUS int64, meta map[string]string) (*Encoder, error) {
	if w <= 0 || h <= 0 || w > 1<<14 || h > 1<<14 || frameUS <= 0 {
		return nil, fault.New(fault.Internal, "a video of %d×%d every %d µs cannot be encoded", w, h, frameUS)
	}
	abs, err := newFile(out)
	if err != nil {
		return nil, err
	}
	args := []string{"-hide_banner", "-v", "error", "-f", "rawvideo", "-pix_fmt", "yuv420p", "-video_size", fmt.Sprintf("%dx%d", w, h),
		"-framerate", "1000000/" + itoa(frameUS), "-i", "pipe:0", "-map_metadata", "-1", "-fflags", "+bitexact", "-flags:v", "+bitexact",
		"-c:v", "libx264", "-crf", "20", "-pix_fmt", "yuv420p"}
	if w&1 != 0 || h&1 != 0 {
		args = append(args, "-vf", "pad=ceil(iw/2)*2:ceil(ih/2)*2")
	}
	args = append(args, quick...)
	keys := make([]string, 0, len(meta))
	for k := range meta {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, k := range keys {
		args = append(args, "-metadata", strings.ReplaceAll(k, "=", "_")+"="+strings.ReplaceAll(meta[k], "\x00", ""))
	}
	args = append(args, "-movflags", "+faststart+use_metadata_tags", "-f", "mp4", "-n", "file:"+abs)
	ctx, cancel := context.WithCancel(ctx)
	cmd, err := newCommand(ctx, "ffmpeg", args)
	if err != nil {
		cancel()
		return nil, err
	}
	e := &Encoder{ctx: ctx, cancel: cancel, out: out, w: w, h: h, cmd: cmd, msgs: &messages{}}
	cmd.Stderr = e.msgs
	if e.in, err = cmd.StdinPipe(); err != nil {
		cancel()
		return nil, fault.Wrap(fault.Internal, err, "no pipe for ffmpeg")
	}
	if f, ok := e.in.(*os.File); ok {
		widenPipe(f, frame.PackedSize(w, h))
	}
	if err := cmd.Start(); err != nil {
		cancel()
		return nil, fault.Wrap(fault.Missing, err, "ffmpeg does not start")
	}
	return e, nil
}

// quick is x264's settings. Of 150 composed pictures of 1920×1122 they made
// 2.1 s of processor time and 2.8 MB (SSIM of luma .9951), with subme=1 2.3 s and
// 2.4 MB (.9957), preset veryfast half as much time again. Without B pictures a
// player steps back and forth faster.
var quick = []string{"-preset", "superfast", "-bf", "0", "-x264-params", "weightp=0:scenecut=0:mbtree=1:rc-lookahead=10:subme=0"}

// newFile checks that out does not exist and its folder does, and gives its
// absolute path.
func newFile(out string) (string, error) {
	abs, err := filepath.Abs(out)
	if err != nil {
		return "", fault.Wrap(fault.Usage, err, "bad path").OnFile(out)
	}
	if _, err := os.Lstat(abs); err == nil {
		return "", fault.New(fault.Usage, "the file exists already").OnFile(out).WithHint("choose another name; nothing is overwritten")
	} else if !errors.Is(err, fs.ErrNotExist) {
		return "", fault.Wrap(fault.NoSpace, err, "the file cannot be written").OnFile(out)
	}
	if st, err := os.Stat(filepath.Dir(abs)); err != nil || !st.IsDir() {
		return "", fault.New(fault.Usage, "its folder does not exist").OnFile(out).WithHint("create %s first", filepath.Dir(out))
	}
	return abs, nil
}

// Write encodes one picture. NoSpace when the disk is full.
func (e *Encoder) Write(y frame.YUV) error {
	if e.done {
		return cmpErr(e.err, fault.New(fault.Internal, "written to after its end").OnFile(e.out))
	}
	cw, ch := (e.w+1)/2, (e.h+1)/2
	if y.Y.W != e.w || y.Y.H != e.h || y.U.W != cw || y.U.H != ch || y.V.W != cw || y.V.H != ch {
		return fault.New(fault.Internal, "a picture of %d×%d in a video of %d×%d", y.Y.W, y.Y.H, e.w, e.h).OnFile(e.out)
	}
	for _, p := range []frame.Plane{y.Y, y.U, y.V} {
		pix := p.Pix[:p.W*p.H]
		if p.Stride != p.W {
			e.packed = e.packed[:0]
			for r := range p.H {
				e.packed = append(e.packed, p.Row(r)...)
			}
			pix = e.packed
		}
		if _, err := e.in.Write(pix); err != nil {
			return e.end(true)
		}
	}
	return nil
}

// Close ends the file. On any error, that of an earlier Write too, the
// unfinished file is removed.
func (e *Encoder) Close() error {
	if e.done {
		return e.err
	}
	return e.end(false)
}

// end waits for ffmpeg; broken says that it stopped reading.
func (e *Encoder) end(broken bool) error {
	e.done = true
	closeErr := e.in.Close()
	err := e.cmd.Wait()
	e.msgs.flush()
	stopped := e.ctx.Err() != nil
	e.cancel()
	switch {
	case stopped:
		e.err = interrupted(e.ctx)
	case e.cmd.killed() != nil:
		e.err = e.cmd.killed()
	case err != nil || broken || closeErr != nil && !errors.Is(closeErr, os.ErrClosed):
		e.err = writeError(e.msgs, e.out)
	}
	if e.err != nil {
		_ = os.Remove(e.out)
	}
	return e.err
}

// cmpErr is err, or other when err is nil.
func cmpErr(err, other error) error {
	if err != nil {
		return err
	}
	return other
}

// writeError puts ffmpeg's failure to write a file into words.
func writeError(msgs *messages, out string) error {
	switch {
	case msgs.has("No space left") || msgs.has("Disk quota exceeded") || msgs.has("File too large"):
		return fault.New(fault.NoSpace, "the disk is full").OnFile(out).WithHint("make room or choose another disk, then start again")
	case msgs.has("Permission denied") || msgs.has("Read-only file system"):
		return fault.New(fault.NoSpace, "the file cannot be written").OnFile(out).WithHint("choose a folder that may be written to")
	case msgs.has("Unknown encoder"):
		return fault.New(fault.Missing, "this ffmpeg has no H.264 encoder (libx264)").OnFile(out).
			WithHint("install an FFmpeg built with libx264 (Debian's ffmpeg is)")
	}
	return fault.New(fault.Internal, "ffmpeg failed to write it (it says: %s)", cleanMessage(msgs.last(), out)).OnFile(out)
}
