// Package open makes the detector for a model of the manifest.
package open

import (
	"posteriori/detectors"
	"posteriori/detectors/deimv2"
	"posteriori/detectors/nanodet"
	"posteriori/detectors/yolox"
	"posteriori/engine/fault"
	"posteriori/models"
)

// Detector loads the model m from the file at path. The ONNX Runtime library
// must have been loaded (infer.Load). A model that is no detector is
// fault.BadInput; see network.Open for the other errors.
func Detector(path string, m models.Model, o detectors.Options) (detectors.Detector, error) {
	if m.Task != models.Detector {
		return nil, fault.New(fault.BadInput, "model %s is a %s, not a detector", m.Name, m.Task)
	}
	switch m.Decoder {
	case "deimv2":
		return detector(deimv2.Open(path, m, o))
	case "nanodet":
		return detector(nanodet.Open(path, m, o))
	case "yolox":
		return detector(yolox.Open(path, m, o))
	}
	return nil, fault.New(fault.BadInput, "this version has no decoder %q for model %s", m.Decoder, m.Name)
}

// detector keeps a nil pointer from becoming an interface that is not nil.
func detector[D detectors.Detector](d D, err error) (detectors.Detector, error) {
	if err != nil {
		return nil, err
	}
	return d, nil
}
