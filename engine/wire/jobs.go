package wire

// ClipJob asks for a span of the original as a file of its own.
type ClipJob struct {
	Probe  Probe  `json:"probe"` // Chunks left empty
	FromUS int64  `json:"from_us"`
	ToUS   int64  `json:"to_us"`
	Out    string `json:"out"` // a new file, in the same folder as its final name
}

// RenderJob asks for a video made of spans or of tubes. The plan is the
// parent's; the worker only decodes, composes and encodes.
type RenderJob struct {
	Out     string            `json:"out"`
	Width   int               `json:"width"`
	Height  int               `json:"height"`
	FrameUS int64             `json:"frame_us"` // output frame distance
	Frames  int64             `json:"frames"`
	Mark    string            `json:"mark,omitempty"` // text on every frame (demonstration, procedure)
	Meta    map[string]string `json:"meta,omitempty"`
	Sources []RenderSource    `json:"sources"`
	Tubes   []RenderTube      `json:"tubes,omitempty"` // objects mode
	Spans   []RenderSpan      `json:"spans,omitempty"` // condense and timelapse
	Backs   []RenderBack      `json:"backs,omitempty"` // objects mode: background by output frame
	Scratch string            `json:"scratch"`         // a folder for cut-outs, removed after
}

// RenderSource is one recording that a render reads.
type RenderSource struct {
	Path   string `json:"path"`
	Probe  Probe  `json:"probe"` // with Chunks, for seeking
	PlaneW int    `json:"plane_w"`
	PlaneH int    `json:"plane_h"`
}

// RenderTube is one track placed at an output frame.
type RenderTube struct {
	Source  int    `json:"source"`
	Start   int64  `json:"start"` // output frame at which it begins
	FromUS  int64  `json:"from_us"`
	ToUS    int64  `json:"to_us"`
	Path    []byte `json:"path"`     // scene.PackPath
	Masks   []byte `json:"masks"`    // scene.PackMasks
	ClockUS int64  `json:"clock_us"` // wall clock at media time zero, Unix µs; 0: show media time
	Label   string `json:"label"`    // shown before the time, may be empty
}

// RenderSpan is a span of a source shown from output frame Start on.
type RenderSpan struct {
	Source  int    `json:"source"`
	Start   int64  `json:"start"`
	Frames  int64  `json:"frames"`
	FromUS  int64  `json:"from_us"`
	ToUS    int64  `json:"to_us"`
	ClockUS int64  `json:"clock_us"`
	Label   string `json:"label"`
}

// RenderBack is the background from output frame Start on, cross-faded.
type RenderBack struct {
	Start int64  `json:"start"`
	JPEG  []byte `json:"jpeg"`
}
