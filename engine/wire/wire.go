// Package wire is the stream between posteriori and posteriori-worker.
//
// The parent writes one [Job] as one line of JSON on the worker's standard
// input and keeps it open: its end tells the worker that nobody waits any
// longer, and the worker stops its children and dies. The worker answers on
// standard output with messages: four bytes of length (big endian, of what
// follows), one byte of [Kind], and a JSON body. The first message is always [Hello], the last [Done] or [Failure].
// Seized files are hostile, so the worker may be too: the parent bounds every
// length and trusts no value.
package wire

import (
	"regexp"

	"posteriori/engine/scene"
)

// Version of the protocol. A worker of another version is refused.
const Version = 1

// Kind is the type of one message.
type Kind byte

// The kinds of message.
const (
	KindHello    Kind = 'H'
	KindProbe    Kind = 'P'
	KindProgress Kind = 'p'
	KindTrack    Kind = 'T'
	KindChunkEnd Kind = 'C'
	KindOutput   Kind = 'O'
	KindDone     Kind = 'D'
	KindFailure  Kind = 'F'
	KindTriage   Kind = 'G'
)

// Job is what the worker is to do. Exactly one of the pointers is set.
type Job struct {
	Version  int          `json:"version"`
	Path     string       `json:"path,omitempty"` // the recording; absolute
	Describe *DescribeJob `json:"describe,omitempty"`
	Probe    *ProbeJob    `json:"probe,omitempty"`
	Analyse  *AnalyseJob  `json:"analyse,omitempty"`
	Render   *RenderJob   `json:"render,omitempty"`
	Clip     *ClipJob     `json:"clip,omitempty"`
	Triage   *TriageJob   `json:"triage,omitempty"`
	// FFmpeg is its version as a worker said it before, its file being the same
	// since; empty: the worker is to ask it.
	FFmpeg string `json:"ffmpeg,omitempty"`
}

// Rational is a fraction; a time base in seconds when used as one.
type Rational struct {
	Num int64 `json:"num"`
	Den int64 `json:"den"`
}

// DescribeJob asks what the worker would work with: [Hello] is the answer.
type DescribeJob struct {
	Engine Engine `json:"engine"`
}

// Engine is what the worker computes with.
type Engine struct {
	Models  []Model `json:"models"` // those to load; empty: motion alone
	Device  string  `json:"device"` // auto, cpu or cuda
	Threads int     `json:"threads"`
	ORTPath string  `json:"ort_path,omitempty"` // absolute path of the ONNX Runtime library
	// Fallback says why the CPU computes although cuda was asked for, as Hello
	// said it: text for the coverage.
	Fallback string `json:"fallback,omitempty"`
}

// ProbeJob asks what a file is. The answer is one [Probe].
type ProbeJob struct {
	ChunkUS int64 `json:"chunk_us"` // wanted length of a chunk, media time
	// Brief asks for the container's word alone: no packet is read, so there are
	// no chunks, and DurationUS is what the container promises; 0 when it does not.
	Brief bool `json:"brief,omitempty"`
}

// Probe is what a recording is: the container's word, checked by a scan of
// every packet.
type Probe struct {
	Format     string   `json:"format"` // FFmpeg's short name of the demuxer
	Codec      string   `json:"codec"`
	Width      int      `json:"width"` // as displayed, after Rotation
	Height     int      `json:"height"`
	Rotation   int      `json:"rotation"` // degrees clockwise, a multiple of 90
	Stream     int      `json:"stream"`   // index of the video stream
	TimeBase   Rational `json:"time_base"`
	FirstPTS   int64    `json:"first_pts"` // smallest PTS of a packet, in TimeBase; media time zero
	DurationUS int64    `json:"duration_us"`
	Packets    int64    `json:"packets"`
	KeyFrames  int64    `json:"key_frames"`
	FrameUS    int64    `json:"frame_us"` // median distance of frames; 0 for a still
	Variable   bool     `json:"variable"` // frame distances differ by more than a tenth
	Seekable   bool     `json:"seekable"` // chunks can be reached without reading from the start
	Still      bool     `json:"still"`    // a photograph: one frame, no time
	Bytes      int64    `json:"bytes"`
	Plain      bool     `json:"plain,omitempty"`   // pictures are 8-bit 4:2:0 of limited range, as the engine takes them
	Counted    bool     `json:"counted,omitempty"` // the file has no presentation times: PTS n is the n-th picture
	Created    string   `json:"created,omitempty"` // the container's creation time, RFC 3339, unverified
	Warnings   []string `json:"warnings,omitempty"`
	// Chunks cut the recording at key frames; they tile [0, DurationUS).
	Chunks []Chunk `json:"chunks"`
	// Gaps are holes of over a second between frames.
	Gaps []scene.Coverage `json:"gaps,omitempty"`
}

// LengthUS is how long the recording was meant to be: where a file was cut
// short, what its container promises, else DurationUS.
func (p Probe) LengthUS() int64 {
	n := p.DurationUS
	for _, g := range p.Gaps {
		n = max(n, g.ToUS)
	}
	return n
}

// Chunk is a span of a recording that starts at a key frame, the unit of
// retry. It owns the frames with StartPTS <= PTS < EndPTS.
type Chunk struct {
	Index    int   `json:"index"`
	StartPTS int64 `json:"start_pts"`
	EndPTS   int64 `json:"end_pts"` // exclusive; math.MaxInt64 for the last
	StartUS  int64 `json:"start_us"`
	EndUS    int64 `json:"end_us"`
	Packets  int64 `json:"packets"` // packets with a PTS in the span
	// LeadPTS is the PTS of the key frame from which to decode so that the
	// background model is warm at StartPTS; equal to StartPTS for the first.
	LeadPTS int64 `json:"lead_pts"`
}

// AnalyseJob asks for the tracks of consecutive chunks of one recording. For
// each chunk the answer is its [TrackMsg]s and one [ChunkEnd].
type AnalyseJob struct {
	Probe  Probe   `json:"probe"`  // Chunks and Gaps left empty
	Chunks []Chunk `json:"chunks"` // consecutive
	Params Params  `json:"params"`
	Engine Engine  `json:"engine"`
	Triage *Triage `json:"triage,omitempty"` // nil: every frame is decoded
}

// Model is one model file that the parent has checked against the manifest.
type Model struct {
	Name   string `json:"name"` // its name in the manifest
	Path   string `json:"path"`
	SHA256 string `json:"sha256"` // the worker checks it again as it loads
}

// Params are the settings that change what is found. They are part of an
// analysis's identity: the same recording, models and Params give the same
// tracks. Zero values mean the defaults of engine/pipeline.
type Params struct {
	DetectUS  int64   `json:"detect_us,omitempty"`  // distance of detector frames
	PlaneArea int     `json:"plane_area,omitempty"` // samples of the motion plane
	MinScore  float64 `json:"min_score,omitempty"`
	Quarters  bool    `json:"quarters,omitempty"` // the picture is four cameras' pictures: no track goes from one to another
	Coverage  string  `json:"coverage,omitempty"` // CoverageTriage, or empty: every frame is decoded
}

// CoverageTriage asks for the spans only that packet sizes say something moves in.
const CoverageTriage = "triage"

// Hello is the worker's first word.
type Hello struct {
	Version  int               `json:"version"`
	Build    string            `json:"build"`
	Device   string            `json:"device"`             // cpu or cuda, as used
	Versions map[string]string `json:"versions,omitempty"` // opencv, onnxruntime, ffmpeg
	Sandbox  string            `json:"sandbox"`            // what holds the process in, for doctor and the journal
	Detector string            `json:"detector,omitempty"` // model name, or empty: motion alone
	Namer    string            `json:"namer,omitempty"`    // name of the classifier of movers, or empty
	Fallback string            `json:"fallback,omitempty"` // why the CPU computes although cuda was asked for
	Plates   []string          `json:"plates,omitempty"`   // names of the plate detector and reader, or empty
	// Machine is which machine ran the worker for another's batch, by its own name
	// for itself (see [CheckMachine]); empty: the one that asked. No worker sets it.
	Machine string `json:"machine,omitempty"`
}

// machineNames are what machines may call themselves: it stands in reports.
var machineNames = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

// CheckMachine tells whether a machine may be called so.
func CheckMachine(name string) bool { return machineNames.MatchString(name) }

// Progress says how far the chunk under way is.
type Progress struct {
	Frames    int64 `json:"frames"`
	ReachedUS int64 `json:"reached_us"` // media time since the chunk's start
	Tracks    int64 `json:"tracks"`
}

// TrackMsg is one piece of a track in one chunk. Ends that touch the
// chunk's edge say so, and the piece's Path then runs through the lead-in
// of the chunk, so that the parent can stitch pieces by their common path.
type TrackMsg struct {
	Chunk       int                `json:"chunk"`
	OpenStart   bool               `json:"open_start"` // was there before the chunk's StartPTS
	OpenEnd     bool               `json:"open_end"`   // still there at EndPTS
	Weight      float64            `json:"weight"`     // sum of detector scores behind the class
	Detections  int                `json:"detections"` // their number
	ClassVotes  map[string]float64 `json:"class_votes,omitempty"`
	ColourVotes map[string]float64 `json:"colour_votes,omitempty"`
	LowerVotes  map[string]float64 `json:"lower_votes,omitempty"` // on a person's lower clothing
	CropScore   float64            `json:"crop_score"`            // how good the crop is; the larger is kept
	Plates      []byte             `json:"plates,omitempty"`      // what was read of its number plate, packed by plate.Pack
	Track       PackedTrack        `json:"track"`
}

// PackedTrack is a scene.Track with its path and masks packed
// (scene.PackPath, scene.PackMasks).
type PackedTrack struct {
	Class       string      `json:"class"`
	ClassScore  float64     `json:"class_score"`
	Colour      string      `json:"colour"`
	ColourScore float64     `json:"colour_score"`
	Lower       string      `json:"lower,omitempty"` // of a person's lower clothing
	LowerScore  float64     `json:"lower_score,omitempty"`
	Heading     float64     `json:"heading"`
	HasHeading  bool        `json:"has_heading"`
	Observed    float64     `json:"observed"`
	StartUS     int64       `json:"start_us"`
	EndUS       int64       `json:"end_us"`
	BestUS      int64       `json:"best_us"`
	Best        scene.Box   `json:"best"`
	Crop        *scene.Crop `json:"crop,omitempty"`
	Path        []byte      `json:"path"`
	Masks       []byte      `json:"masks,omitempty"`
	Event       string      `json:"event,omitempty"`    // scene.Event by name
	EventUS     int64       `json:"event_us,omitempty"` // may lie before the chunk
}

// ChunkEnd closes a chunk: what was seen of it, and its clean background.
type ChunkEnd struct {
	Chunk    int              `json:"chunk"`
	Frames   int64            `json:"frames"` // frames decoded that the chunk owns
	Times    []byte           `json:"times"`  // their media times, packed by scene.PackTimes
	Coverage []scene.Coverage `json:"coverage"`
	PlaneW   int              `json:"plane_w"` // size of the motion plane that masks refer to
	PlaneH   int              `json:"plane_h"`
	Plates   []Plate          `json:"plates,omitempty"`
	Stages   map[string]int64 `json:"stages,omitempty"` // nanoseconds spent per stage
	// Machine is which machine did it, as [Hello] has it. The coordinator sets it.
	Machine string `json:"machine,omitempty"`
}

// Plate is a picture of the scene without its movers.
type Plate struct {
	TUS  int64  `json:"t_us"`
	JPEG []byte `json:"jpeg"`
}

// Output names a file that a render or clip job wrote.
type Output struct {
	Path string `json:"path"`
	Note string `json:"note,omitempty"`
	// Of a clip: the media time in the recording at the file's own time zero (its
	// first picture may come a little later), and whether its pictures are those of
	// the recording, bit for bit.
	FromUS int64 `json:"from_us,omitempty"`
	Copied bool  `json:"copied,omitempty"`
}

// Done is the worker's last word when all went well.
type Done struct {
	PeakRSS int64 `json:"peak_rss"` // bytes, worker and its children
}

// Failure is the worker's last word when it did not. Fault is the
// fault.Kind. Msg goes into the journal and names no file; Cause may.
type Failure struct {
	Fault int    `json:"fault"`
	File  string `json:"file,omitempty"`
	Rule  string `json:"rule,omitempty"`
	Msg   string `json:"msg"`
	Cause string `json:"cause,omitempty"`
	Hint  string `json:"hint,omitempty"`
}
