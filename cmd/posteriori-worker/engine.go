package main

import (
	"cmp"

	"posteriori/detectors"
	"posteriori/detectors/mover"
	"posteriori/detectors/open"
	"posteriori/detectors/plate"
	"posteriori/engine/fault"
	"posteriori/engine/infer"
	"posteriori/engine/vision"
	"posteriori/engine/wire"
	"posteriori/models"
)

// engine is the models of a job, loaded. All may be nil: then motion alone
// finds objects, nothing is named, and no plates are read.
type engine struct {
	detector detectors.Detector
	namer    *mover.Namer
	plates   *plate.Finder
}

// openEngine loads the models that the job names, the first of each task, and
// notes in h what they are. Plates take a detector and a reader: where one
// lacks, they are not read.
func openEngine(e wire.Engine, h *wire.Hello) (*engine, error) {
	out, err := openOn(e, h)
	if err != nil && e.Device == string(infer.CUDA) && fault.KindOf(err) == fault.Missing {
		e.Device = string(infer.CPU)
		if out, err = openOn(e, h); err == nil {
			h.Fallback = noCard
		}
	}
	return out, err
}

// noCard is why the CPU computes although CUDA was asked for. What lacks is
// for `posteriori doctor` to tell: the coverage is read by people who did not
// set the machine up.
const noCard = "cuda was asked for, and the CPU computes: the card, its driver or its libraries are missing"

// openOn loads the models on the device that e names.
func openOn(e wire.Engine, h *wire.Hello) (*engine, error) {
	vision.SetNumThreads(max(1, e.Threads))
	out := &engine{}
	if len(e.Models) == 0 {
		return out, nil
	}
	if err := infer.Load(e.ORTPath); err != nil {
		return nil, err
	}
	h.Versions["onnxruntime"] = infer.Version()
	all, err := models.Load()
	if err != nil {
		return nil, err
	}
	var plates plate.Finder
	for _, m := range e.Models {
		known, err := all.Find(m.Name)
		if err == nil && known.SHA256 == m.SHA256 {
			err = out.load(m.Path, known, detectors.Options{Device: e.Device, Threads: e.Threads}, &plates)
		} else {
			err = fault.New(fault.Integrity, "model %s is not on the list of this build", m.Name).OnFile(m.Path).UnderRule("11")
		}
		if err != nil {
			out.close()
			closePlates(plates)
			return nil, err
		}
	}
	if out.detector != nil {
		h.Device, h.Detector = out.detector.Info().Device, out.detector.Info().Name
	}
	if out.namer != nil {
		h.Namer = out.namer.Info().Name
		h.Device = cmp.Or(h.Device, out.namer.Info().Device)
	}
	if plates.Detector == nil || plates.Reader == nil {
		closePlates(plates)
		return out, nil
	}
	out.plates = &plates
	h.Plates = []string{plates.Detector.Info().Name, plates.Reader.Info().Name}
	return out, nil
}

// load opens one model, unless there is one of its task already.
func (e *engine) load(path string, m models.Model, o detectors.Options, plates *plate.Finder) (err error) {
	switch {
	case m.Task == models.Detector && e.detector == nil:
		e.detector, err = open.Detector(path, m, o)
	case m.Task == models.MoverClassifier && e.namer == nil:
		e.namer, err = mover.Open(path, m, o)
	case m.Task == models.PlateDetector && plates.Detector == nil:
		o.MinScore = plate.MinScore
		plates.Detector, err = plate.OpenDetector(path, m, o)
	case m.Task == models.PlateReader && plates.Reader == nil:
		plates.Reader, err = plate.OpenReader(path, m, o)
	}
	return err
}

// close frees the models.
func (e *engine) close() {
	if e.detector != nil {
		_ = e.detector.Close()
	}
	if e.namer != nil {
		_ = e.namer.Close()
	}
	if e.plates != nil {
		_ = e.plates.Close()
	}
}

// closePlates frees what is there of a finder that lacks a part.
func closePlates(f plate.Finder) {
	if f.Detector != nil {
		_ = f.Detector.Close()
	}
	if f.Reader != nil {
		_ = f.Reader.Close()
	}
}
