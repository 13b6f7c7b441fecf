package main

import (
	"context"

	"posteriori/detectors"
	"posteriori/detectors/open"
	"posteriori/engine/fault"
	"posteriori/engine/infer"
	"posteriori/engine/media"
	"posteriori/engine/pipeline"
	"posteriori/engine/render"
	"posteriori/engine/vision"
	"posteriori/engine/wire"
	"posteriori/models"
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
	if v, err := media.Version(ctx); err == nil {
		hello.Versions["ffmpeg"] = v
	} else if job.Describe == nil {
		return err
	}
	switch {
	case job.Describe != nil:
		det, err := engine(job.Describe.Engine, &hello)
		if err != nil {
			return err
		}
		closeDetector(det)
		return w.Send(wire.KindHello, hello)
	case job.Probe != nil:
		if err := w.Send(wire.KindHello, hello); err != nil {
			return err
		}
		var p *wire.Probe
		err := beat(w, func() bool { return true }, func() (err error) { // media ends an ffprobe that stalls
			p, err = media.Probe(ctx, job.Path, job.Probe.ChunkUS)
			return err
		})
		if err != nil {
			return err
		}
		return w.Send(wire.KindProbe, p)
	case job.Analyse != nil:
		return analyse(ctx, job, hello, w)
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

func analyse(ctx context.Context, job wire.Job, hello wire.Hello, w *wire.Writer) error {
	det, err := engine(job.Analyse.Engine, &hello)
	if err != nil {
		return err
	}
	defer closeDetector(det)
	if err := w.Send(wire.KindHello, hello); err != nil {
		return err
	}
	a := *job.Analyse
	a.Engine.Device = hello.Device
	return pipeline.Run(ctx, job.Path, a, det, w.Send)
}

// engine loads the detector that the job names and notes in h what it is.
// Without one it is nil: motion alone.
func engine(e wire.Engine, h *wire.Hello) (detectors.Detector, error) {
	vision.SetNumThreads(max(1, e.Threads))
	if len(e.Models) == 0 {
		return nil, nil
	}
	if err := infer.Load(e.ORTPath); err != nil {
		return nil, err
	}
	h.Versions["onnxruntime"] = infer.Version()
	all, err := models.Load()
	if err != nil {
		return nil, err
	}
	for _, m := range e.Models {
		known, err := all.Find(m.Name)
		if err != nil || known.SHA256 != m.SHA256 {
			return nil, fault.New(fault.Integrity, "model %s is not on the list of this build", m.Name).OnFile(m.Path).UnderRule("11")
		}
		if known.Task != models.Detector {
			continue
		}
		det, err := open.Detector(m.Path, known, detectors.Options{Device: e.Device, Threads: e.Threads})
		if err != nil {
			return nil, err
		}
		h.Device, h.Detector = det.Info().Device, det.Info().Name
		return det, nil
	}
	return nil, nil
}

func closeDetector(d detectors.Detector) {
	if d != nil {
		_ = d.Close()
	}
}
