package detectors

import (
	"posteriori/engine/frame"
	"posteriori/engine/scene"
)

// Detection is one object in one picture.
type Detection struct {
	Box   scene.Box // source pixels of the whole picture, inside it
	Class scene.Class
	Score float64 // 0..1, the model's own
	Label string  // the model's word for it
	// Cut tells that the box ends at the edge of the region in which it was
	// seen (and not of the picture): the object may go on beyond.
	Cut bool
}

// Detector finds objects in pictures. It is safe for concurrent use, but one
// call runs at a time.
type Detector interface {
	// Detect looks at the regions of f, in source pixels, and returns what is
	// there, best score first; no regions means the whole picture. Regions
	// may overlap, reach over the picture's edge, and be of any size; those
	// that do not touch the picture are passed over. Boxes may lie beyond
	// their region where it was widened. The same input gives the same
	// output.
	Detect(f frame.YUV, regions []scene.Box) ([]Detection, error)
	// Info says what is running.
	Info() Info
	// Close frees the model. Detect fails afterwards.
	Close() error
}

// Info is what a detector is.
type Info struct {
	Name   string // the model's name in the manifest
	SHA256 string // of the file that was loaded, lower-case hex
	Device string // cpu or cuda
	Input  int    // side of the model's input, in pixels
	Batch  int    // most regions that one run takes
}

// DefaultMinScore keeps what a second look of the tracker can use; what
// starts a track should score higher.
const DefaultMinScore = 0.1

// Options say how a detector is opened.
type Options struct {
	Device   string  // auto, cpu or cuda; empty: auto
	Threads  int     // threads of one run on the CPU; 0: 1
	MinScore float64 // weaker detections are dropped; 0: DefaultMinScore
	// Raw reports every label of the model (those outside the vocabulary as
	// scene.Other) and suppresses doubles per label only, as the figures in
	// papers do. For measuring.
	Raw bool
}
