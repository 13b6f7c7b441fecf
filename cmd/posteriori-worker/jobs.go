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
	if err := nameFFmpeg(ctx, job, hello.Versions); err != nil {
		return err
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

// nameFFmpeg notes FFmpeg's version. To ask it starts a program that loads two
// hundred libraries, which for a small file is a tenth of all that is done: so
// it is asked only where the version counts and the parent cannot know it. What
// a file is decides nothing that the version names.
func nameFFmpeg(ctx context.Context, job wire.Job, versions map[string]string) error {
	switch {
	case job.Probe != nil:
		return nil
	case job.FFmpeg != "" && job.Describe == nil:
		versions["ffmpeg"] = job.FFmpeg
		return nil
	}
	v, err := media.Version(ctx)
	if err == nil {
		versions["ffmpeg"] = v
	} else if job.Describe == nil {
		return err
	}
	return nil
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
