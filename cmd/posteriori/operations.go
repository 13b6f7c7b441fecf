package main

import (
	"context"
	"io"
	"log/slog"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"posteriori/engine/analysis"
	"posteriori/engine/batch"
	"posteriori/engine/evidence"
	"posteriori/engine/fault"
	"posteriori/engine/index"
	"posteriori/engine/metrics"
	"posteriori/engine/oplog"
)

// operations are what whoever keeps the machines running is told of a run: a log
// and figures, by reference alone. Both are off unless they are asked for.
type operations struct {
	file, format, level string // --log, --log-format, --log-level
	address             string // --metrics
	log                 *slog.Logger
	set                 *metrics.Set
	procedure           string
	ends                []func()
}

func newOperations() *operations { return &operations{log: oplog.Off(), set: new(metrics.Set)} }

// opsFlags gives a command that runs for long the flags of its log and figures.
func (a *app) opsFlags(c *cobra.Command) {
	o := a.ops
	f := c.Flags()
	f.StringVar(&o.file, "log", "", "append a log of the run to this `file`, - for standard error: references only, nothing personal")
	f.StringVar(&o.format, "log-format", "text", "`form` of the log: text or json")
	f.StringVar(&o.level, "log-level", "info", "`least` that is logged: debug, info, warn or error")
	f.StringVar(&o.address, "metrics", "", "show figures for Prometheus on this `address`, 127.0.0.1:PORT")
	c.PreRunE = func(c *cobra.Command, _ []string) error { return o.start(a, c) }
}

// start opens the log and shows the figures.
func (o *operations) start(a *app, c *cobra.Command) error {
	o.procedure = a.procedure
	if o.file != "" {
		w, err := o.open(a)
		if err != nil {
			return err
		}
		log, err := oplog.New(w, o.format, o.level)
		if err != nil {
			return err
		}
		o.log = log
	}
	o.log.Info(c.CommandPath()+" begins", "procedure", o.procedure, "version", version)
	if o.address == "" {
		return nil
	}
	o.set.Process(version)
	if dir, err := a.storeDir(); err == nil {
		o.set.Func("posteriori_store_free_bytes", "Room left on the disk of the store.", func() float64 { return freeBytes(dir) })
	}
	at, stop, err := o.set.Serve(o.address)
	if err != nil {
		return err
	}
	o.ends = append(o.ends, stop)
	o.log.Info("figures are shown", "address", at)
	if o.file != "-" {
		a.notef("figures are shown on http://%s/metrics", at)
	}
	return nil
}

func (o *operations) open(a *app) (io.Writer, error) {
	if o.file == "-" {
		return a.stderr, nil
	}
	if err := evidence.CheckPlace(o.file); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(o.file, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fault.Wrap(fault.NoSpace, err, "the log cannot be written").OnFile(o.file)
	}
	o.ends = append(o.ends, func() { _ = f.Close() })
	return f, nil
}

// end closes what start opened, with how the command ended.
func (o *operations) end(err error) {
	if err != nil {
		o.log.Error("it ended with an error", append([]any{"procedure", o.procedure}, oplog.Err(err)...)...)
	} else {
		o.log.Info("it ended", "procedure", o.procedure)
	}
	for _, f := range o.ends {
		f()
	}
	o.ends = nil
}

// progressTo is where the progress is drawn: nowhere, when the log is there.
func (a *app) progressTo() io.Writer {
	if a.ops.file == "-" {
		return io.Discard
	}
	return a.stderr
}

func freeBytes(dir string) float64 {
	var s syscall.Statfs_t
	if syscall.Statfs(dir, &s) != nil {
		return 0
	}
	return float64(s.Bavail) * float64(s.Bsize)
}

// watch logs and counts what happens in an analysis.
func (o *operations) watch(e analysis.Event) {
	at := []any{"procedure", o.procedure, "recording", e.Recording}
	const chunks, help = "posteriori_chunks_total", "Chunks that ended, by how."
	switch e.What {
	case analysis.EventChunk:
		o.log.Debug("a chunk is done", append(at, "chunk", e.Chunk, "took", e.Took, "frames", e.Frames, "tracks", e.Tracks)...)
		o.set.Counter(chunks, help, "outcome=done", 1)
		o.set.Counter("posteriori_chunk_seconds_total", "Time that chunks took.", "", e.Took.Seconds())
		o.set.Counter("posteriori_media_seconds_total", "Media time of the chunks that are done.", "", float64(e.LengthUS)/1e6)
		o.set.Counter("posteriori_frames_total", "Frames looked at.", "", float64(e.Frames))
	case analysis.EventAgain:
		o.log.Warn("a worker broke off; its chunk is tried once more", append(append(at, "chunk", e.Chunk), oplog.Err(e.Err)...)...)
		o.set.Counter(chunks, help, "outcome=again", 1)
	case analysis.EventLost:
		o.log.Error("a chunk cannot be analysed", append(append(at, "chunk", e.Chunk), oplog.Err(e.Err)...)...)
		o.set.Counter(chunks, help, "outcome=lost", 1)
	case analysis.EventRecording:
		o.log.Info("a recording is complete", append(at, "frames", e.Frames, "tracks", e.Tracks)...)
		o.set.Counter("posteriori_recordings_total", "Recordings that are complete.", "", 1)
	case analysis.EventDropped:
		o.log.Error("no more is done of a recording", append(at, oplog.Err(e.Err)...)...)
	}
}

// handle logs and counts the files of a batch.
func (o *operations) handle(next batch.Handler) batch.Handler {
	return func(ctx context.Context, it index.BatchItem, report func(batch.Step)) (index.BatchItem, error) {
		began := time.Now()
		at := []any{"procedure", o.procedure, "batch", it.Batch, "item", it.Item, "attempt", it.Attempts}
		o.log.Info("a file begins", append(at, "bytes", it.Bytes)...)
		done, err := next(ctx, it, report)
		state := done.State
		at = append(at, "recording", done.Recording, "took", time.Since(began), "tracks", done.Tracks)
		switch {
		case err != nil && ctx.Err() != nil:
			state = "interrupted"
			o.log.Info("a file is interrupted", at...)
		case err != nil:
			state = "error"
			o.log.Warn("a file ended with an error", append(at, oplog.Err(err)...)...)
		case state == index.ItemAnalysed:
			o.log.Info("a file is done", append(at, "state", state)...)
		default: // its reason may quote a file; posteriori batch status has it
			o.log.Warn("a file could not be analysed, or not whole", append(at, "state", state)...)
		}
		o.set.Counter("posteriori_file_attempts_total", "Files that were worked on, by how that ended.", "outcome="+state, 1)
		return done, err
	}
}

// report shows the progress of a batch as figures, and logs it once a minute.
func (o *operations) report(next func(batch.Progress)) func(batch.Progress) {
	var mu sync.Mutex
	var told time.Time
	return func(p batch.Progress) {
		waiting := p.Files
		for state, n := range p.States {
			o.set.Gauge("posteriori_files", "Files of the batch, by state.", "state="+state, float64(n))
			if state != index.ItemWaiting {
				waiting -= n
			}
		}
		o.set.Gauge("posteriori_files", "", "state="+index.ItemWaiting, float64(waiting))
		left := p.Left
		if left < 0 {
			left = -time.Second
		}
		o.set.Gauge("posteriori_files_running", "Files that are worked on.", "", float64(p.Running))
		o.set.Gauge("posteriori_batch_share", "Share of the batch's work that is done, 0 to 1.", "", p.Share)
		o.set.Gauge("posteriori_batch_left_seconds", "Estimated time left; -1 while it is not known.", "", left.Seconds())
		o.set.Gauge("posteriori_batch_tracks", "Objects found.", "", float64(p.Tracks))
		mu.Lock()
		if time.Since(told) >= time.Minute {
			told = time.Now()
			o.log.Info("progress", "procedure", o.procedure, "files", p.Files, "running", p.Running, "share", p.Share, "left", left, "tracks", p.Tracks)
		}
		mu.Unlock()
		next(p)
	}
}
