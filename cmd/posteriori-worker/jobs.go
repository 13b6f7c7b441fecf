package main

import (
	"context"

	"posteriori/engine/fault"
	"posteriori/engine/media"
	"posteriori/engine/pipeline"
	"posteriori/engine/render"
	"posteriori/engine/vision"
	"posteriori/engine/wire"
)

// do carries out one job. Everything that a job needs is opened inside the
// sandbox.
func do(ctx context.Context, job wire.Job, w *wire.Writer) error {
	sandbox, err := confine(job)
	if err != nil {
		return err
	}
	hello := wire.Hello{
		Version: wire.Version, Build: build(), Device: "cpu", Sandbox: sandbox,
		Versions: map[string]string{"opencv": vision.Version()},
	}
	if job.Probe == nil || !job.Probe.Brief { // which is asked of tens of thousands of files
		if v, err := media.Version(ctx); err == nil {
			hello.Versions["ffmpeg"] = v
		} else if job.Describe == nil {
			return err
		}
	}
	switch {
	case job.Describe != nil:
		eng, err := openEngine(job.Describe.Engine, &hello)
		if err != nil {
			return err
		}
		eng.close()
		return w.Send(wire.KindHello, hello)
	case job.Probe != nil:
		if err := w.Send(wire.KindHello, hello); err != nil {
			return err
		}
		var p *wire.Probe
		err := beat(w, func() bool { return true }, func() (err error) { // media ends an ffprobe that stalls
			if job.Probe.Brief {
				p, err = media.Glance(ctx, job.Path)
			} else {
				p, err = media.Probe(ctx, job.Path, job.Probe.ChunkUS)
			}
			return err
		})
		if err != nil {
			return err
		}
		return w.Send(wire.KindProbe, p)
	case job.Analyse != nil:
		return analyse(ctx, job, hello, w)
	case job.Triage != nil:
		return triage(ctx, job, hello, w)
	case job.Render != nil:
		if err := w.Send(wire.KindHello, hello); err != nil {
			return err
		}
		out, err := render.Run(ctx, job.Render, func(p wire.Progress) { _ = w.Send(wire.KindProgress, p) })
		if err != nil {
			return err
		}
		return w.Send(wire.KindOutput, out)
	case job.Clip != nil:
		if err := w.Send(wire.KindHello, hello); err != nil {
			return err
		}
		var out wire.Output
		err := beat(w, grows(job.Clip.Out), func() (err error) {
			out, err = media.ExtractClip(ctx, job.Path, job.Clip)
			return err
		})
		if err != nil {
			return err
		}
		return w.Send(wire.KindOutput, out)
	}
	return fault.New(fault.Usage, "the job asks for nothing")
}

// triage decides which spans of a recording are to be decoded. It reads no
// plates: where objects are is all that it asks.
func triage(ctx context.Context, job wire.Job, hello wire.Hello, w *wire.Writer) error {
	eng, err := openEngine(job.Triage.Engine, &hello)
	if err != nil {
		return err
	}
	defer eng.close()
	if err := w.Send(wire.KindHello, hello); err != nil {
		return err
	}
	t := *job.Triage
	t.Engine.Device = hello.Device
	plan, err := pipeline.Triage(ctx, job.Path, t, eng.detector, w.Send)
	if err != nil {
		return err
	}
	return w.Send(wire.KindTriage, plan)
}

func analyse(ctx context.Context, job wire.Job, hello wire.Hello, w *wire.Writer) error {
	eng, err := openEngine(job.Analyse.Engine, &hello)
	if err != nil {
		return err
	}
	defer eng.close()
	if err := w.Send(wire.KindHello, hello); err != nil {
		return err
	}
	a := *job.Analyse
	a.Engine.Device = hello.Device
	var options []pipeline.Option
	if eng.namer != nil {
		options = append(options, pipeline.WithNamer(eng.namer))
	}
	if eng.plates != nil {
		options = append(options, pipeline.WithPlates(eng.plates))
	}
	return pipeline.Run(ctx, job.Path, a, eng.detector, w.Send, options...)
}
