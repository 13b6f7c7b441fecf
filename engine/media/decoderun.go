package media

import (
	"context"
	"errors"
	"io"
	"os"
	"sync"
	"time"

	"posteriori/engine/fault"
	"posteriori/engine/wire"
)

// Slack between the readers and the consumer. Pictures of both outputs come
// in step, but for what FFmpeg's own queues hold (8 frames from version 7 on).
const (
	smallSlack = 32
	fullSlack  = 2
)

// rawFrame is one picture off a pipe; pts is media ticks.
type rawFrame struct {
	pts int64
	buf []byte
}

// decodeRun is one ffmpeg process and the readers of its pipes.
type decodeRun struct {
	cancel context.CancelFunc
	done   <-chan struct{}
	cmd    *command
	msgs   *messages
	small  chan *rawFrame
	full   chan *rawFrame
	wg     sync.WaitGroup
	once   sync.Once
	exit   error
	mu     sync.Mutex
	broken error // the first error of a reader
}

// start runs ffmpeg for one attempt.
func (d *Decoder) start(a attempt) (*decodeRun, error) {
	ctx, cancel := context.WithCancel(d.ctx)
	if ctx.Err() != nil {
		cancel()
		return nil, interrupted(d.ctx)
	}
	cmd, err := newCommand(ctx, "ffmpeg", d.args(a))
	if err != nil {
		cancel()
		return nil, err
	}
	run := &decodeRun{cancel: cancel, done: ctx.Done(), cmd: cmd, msgs: &messages{},
		small: make(chan *rawFrame, smallSlack), full: make(chan *rawFrame, fullSlack)}
	cmd.Stderr = run.msgs
	smallPool := &d.planes
	if d.o.AllFull {
		smallPool = &d.fulls
	}
	r1, w1, err := os.Pipe()
	if err != nil {
		cancel()
		return nil, fault.Wrap(fault.Internal, err, "no pipe for ffmpeg")
	}
	widenPipe(r1, smallPool.size+4096)
	cmd.Stdout = w1
	ends := []*os.File{w1}
	var r3, w3 *os.File
	if d.o.FullUS > 0 {
		if r3, w3, err = os.Pipe(); err != nil {
			cancel()
			closeAll(r1, w1)
			return nil, fault.Wrap(fault.Internal, err, "no pipe for ffmpeg")
		}
		widenPipe(r3, d.fulls.size+4096)
		cmd.ExtraFiles = []*os.File{w3} // pipe:3
		ends = append(ends, w3)
	}
	err = cmd.Start()
	closeAll(ends...)
	if err != nil {
		cancel()
		closeAll(r1, r3)
		return nil, fault.Wrap(fault.Missing, err, "ffmpeg does not start")
	}
	run.read(r1, run.small, smallPool, unit(d.p))
	if r3 != nil {
		run.read(r3, run.full, &d.fulls, unit(d.p))
	} else {
		close(run.full)
	}
	return run, nil
}

func closeAll(fs ...*os.File) {
	for _, f := range fs {
		if f != nil {
			f.Close()
		}
	}
}

// args is ffmpeg's command line.
func (d *Decoder) args(a attempt) []string {
	args := []string{"-hide_banner", "-nostdin", "-v", "level+error", "-max_alloc", itoa(maxAlloc),
		"-max_error_rate", "1", "-filter_complex_threads", "1", "-copyts"}
	if a.device == "cuda" {
		args = append(args, "-hwaccel", "cuda")
	}
	if a.onCard { // frames are held in the card's memory: queues and slack take some
		args = append(args, "-hwaccel_output_format", "cuda", "-extra_hw_frames", "8")
	}
	if a.seekUS >= 0 {
		args = append(args, "-seek_timestamp", "1", "-noaccurate_seek", "-ss", seconds(a.seekUS))
	}
	args = append(args, "-threads", itoa(d.o.Threads), "-reinit_filter", "0")
	args = append(args, d.src.inputFlags()...)
	args = append(args, "-codec_whitelist", allowedCodecs)
	args = append(args, "-i", d.src.url(), "-filter_complex", graph(d.p, &d.o, d.o.FromPTS > d.p.FirstPTS, a.onCard))
	u := unit(d.p)
	out := func(label, pipe string, size int) {
		args = append(args, "-map", label, "-fps_mode", "passthrough", "-enc_time_base", itoa(u.Num)+":"+itoa(u.Den),
			"-c:v", "rawvideo", "-threads", "1")
		if d.p.Still {
			args = append(args, "-frames:v", "1")
		}
		// Every picture is flushed: one held back in a buffer while the other
		// output waits for its reader would be a deadlock.
		args = append(args, "-f", "nut", "-write_index", "0", "-flush_packets", "1",
			"-blocksize", itoa(min(size+4096, 1<<20)), pipe)
	}
	if d.o.AllFull {
		out("[s]", "pipe:1", d.fulls.size)
		return args
	}
	out("[s]", "pipe:1", d.planes.size)
	if d.o.FullUS > 0 {
		out("[f]", "pipe:3", d.fulls.size)
	}
	return args
}

// read turns what comes from f into frames on ch, which it closes at the end.
func (run *decodeRun) read(f *os.File, ch chan<- *rawFrame, pl *pool, u wire.Rational) {
	run.wg.Add(1)
	go func() {
		defer run.wg.Done()
		defer close(ch)
		defer f.Close()
		if err := run.readFrames(f, ch, pl, u); err != nil {
			run.fail(err)
		}
	}()
}

func (run *decodeRun) readFrames(f io.Reader, ch chan<- *rawFrame, pl *pool, u wire.Rational) error {
	nut, err := NewNUTReader(f)
	if err != nil {
		return err
	}
	for {
		pts, size, err := nut.Next()
		if err != nil {
			return err
		}
		if size != pl.size {
			return nutErr("a picture of %d bytes, wanted %d", size, pl.size)
		}
		t, ok := exactRescale(pts, nut.head.TimeBase, u)
		if !ok {
			return nutErr("PTS %d of time base %v is none of time base %v", pts, nut.head.TimeBase, u)
		}
		buf := pl.get()
		if err := nut.Read(buf); err != nil {
			return err
		}
		select {
		case ch <- &rawFrame{t, buf}:
		case <-run.done:
			return io.EOF
		}
	}
}

// fail keeps the first error that is not the end of a stream: ffmpeg's death
// cuts streams anywhere, and its exit says why.
func (run *decodeRun) fail(err error) {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, os.ErrClosed) {
		return
	}
	run.mu.Lock()
	defer run.mu.Unlock()
	if run.broken == nil {
		run.broken = err
	}
}

// stop ends the process if it runs, waits for it and for the readers, and
// gives its exit error. With atEnd the process, whose output has ended, gets
// time to exit by itself.
func (run *decodeRun) stop(atEnd bool) error {
	run.once.Do(func() {
		if atEnd {
			defer time.AfterFunc(waitDelay, run.cancel).Stop()
		} else {
			run.cancel()
		}
		run.drain(run.small)
		run.drain(run.full)
		run.wg.Wait()
		run.exit = run.cmd.Wait()
		run.msgs.flush()
		run.cancel()
	})
	return run.exit
}

func (run *decodeRun) drain(ch <-chan *rawFrame) {
	for range ch {
	}
}

// recv takes the next picture, or io.EOF. While it waits ffmpeg owes one: it
// is killed when it gives none for too long, and the stream ends there.
func (d *Decoder) recv(ch <-chan *rawFrame) (*rawFrame, error) {
	var r *rawFrame
	var ok bool
	select {
	case r, ok = <-ch:
	default:
		d.stall.Reset(d.o.Stall)
		select {
		case r, ok = <-ch:
		case <-d.stall.C:
			d.rep.Stalled = true
		case <-d.ctx.Done():
			return nil, interrupted(d.ctx)
		}
		d.stall.Stop()
	}
	if ok {
		return r, nil
	}
	d.run.mu.Lock()
	defer d.run.mu.Unlock()
	if err := d.run.broken; err != nil {
		return nil, fault.Wrap(fault.Internal, err, "what ffmpeg wrote cannot be read").OnFile(d.src.path)
	}
	return nil, io.EOF
}

// exactRescale converts between time bases where nothing is lost.
func exactRescale(t int64, from, to wire.Rational) (int64, bool) {
	q, ok := rescaleDown(t, from, to)
	if !ok {
		return 0, false
	}
	back, ok := rescaleDown(q, to, from)
	return q, ok && back == t
}

// pool keeps buffers of one size for reuse.
type pool struct {
	size int
	mu   sync.Mutex
	free [][]byte
}

func (p *pool) get() []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n := len(p.free); n > 0 {
		b := p.free[n-1]
		p.free = p.free[:n-1]
		return b
	}
	return make([]byte, p.size)
}

func (p *pool) put(b []byte) {
	if len(b) != p.size || b == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.free = append(p.free, b)
}
