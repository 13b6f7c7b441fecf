package wire

import (
	"bufio"
	"fmt"
	"io"
)

// ClipJob asks for a span of the original as a file of its own.
type ClipJob struct {
	Probe  Probe  `json:"probe"` // Chunks left empty
	FromUS int64  `json:"from_us"`
	ToUS   int64  `json:"to_us"`
	Out    string `json:"out"` // a new file, in the same folder as its final name
	// Player asks for a file that a browser plays: what it cannot is encoded anew.
	Player bool `json:"player,omitempty"`
}

// RenderJob asks for a video made of spans or of tubes. The plan is the
// parent's (engine/synopsis); the worker only decodes, composes and encodes
// (engine/render). Output frame f is shown from f·FrameUS on. Exactly one of
// Tubes and Spans is set. Paths, masks and pictures may be a gigabyte for a
// day of a busy street: they lie in the file Blobs, and the job says where.
type RenderJob struct {
	Out     string            `json:"out"`      // a new file, absolute
	Width   int               `json:"width"`    // even
	Height  int               `json:"height"`   // even, Band included
	Band    int               `json:"band"`     // even; rows at the bottom for text, so that text covers no picture
	FrameUS int64             `json:"frame_us"` // output frame distance
	Frames  int64             `json:"frames"`
	Mark    string            `json:"mark,omitempty"`  // text on every frame: montage, procedure, demonstration
	Dates   bool              `json:"dates,omitempty"` // time stamps show the date too
	Meta    map[string]string `json:"meta,omitempty"`  // container metadata
	Sources []RenderSource    `json:"sources"`
	Tubes   []RenderTube      `json:"tubes,omitempty"`    // objects mode
	Spans   []RenderSpan      `json:"spans,omitempty"`    // condense and timelapse; tile [0, Frames)
	Backs   []RenderBack      `json:"backs,omitempty"`    // objects mode: background by output frame, in order
	Plates  []RenderPlate     `json:"plates,omitempty"`   // objects mode: backgrounds of the times that are shown
	Beside  []RenderBeside    `json:"beside,omitempty"`   // objects mode: what is not shown but was there
	TrailUS int64             `json:"trail_us,omitempty"` // objects mode: for how long the way that an object came is drawn
	Legend  []RenderLegend    `json:"legend,omitempty"`   // objects mode: in the band, above the mark
	Scratch string            `json:"scratch"`            // a folder for cut-outs, with nothing in it but Blobs; its content is removed after
	Blobs   string            `json:"blobs,omitempty"`    // absolute; the worker unlinks it as it opens it
}

// RGB is a colour, full range.
type RGB [3]uint8

// RenderLegend says what a colour stands for.
type RenderLegend struct {
	Colour RGB    `json:"colour"`
	Label  string `json:"label"`
}

// Blob is where bytes lie in a job's file of them.
type Blob struct {
	At  int64 `json:"at"`
	Len int64 `json:"len"`
}

// MaxBlob bounds one blob: the masks of a track of many hours stay below it.
const MaxBlob = 1 << 30

// Read fetches the bytes; nil where there are none.
func (b Blob) Read(r io.ReaderAt) ([]byte, error) {
	if b.Len == 0 {
		return nil, nil
	}
	if b.At < 0 || b.Len < 0 || b.Len > MaxBlob {
		return nil, fmt.Errorf("%w: %d bytes at %d", ErrProtocol, b.Len, b.At)
	}
	out := make([]byte, b.Len)
	if _, err := r.ReadAt(out, b.At); err != nil {
		return nil, fmt.Errorf("%w: %d bytes at %d: %w", ErrProtocol, b.Len, b.At, err)
	}
	return out, nil
}

// BlobWriter puts bytes one after another.
type BlobWriter struct {
	w   *bufio.Writer
	end int64
}

// NewBlobWriter starts at the beginning of w.
func NewBlobWriter(w io.Writer) *BlobWriter { return &BlobWriter{w: bufio.NewWriterSize(w, 1<<18)} }

// Put appends bytes.
func (w *BlobWriter) Put(b []byte) (Blob, error) {
	at := Blob{w.end, int64(len(b))}
	w.end += at.Len
	_, err := w.w.Write(b)
	return at, err
}

// Flush writes what is still held.
func (w *BlobWriter) Flush() error { return w.w.Flush() }

// RenderSource is one recording that a render reads. Its pictures are scaled
// to fit the output above the band, in the middle of it.
type RenderSource struct {
	Path   string `json:"path"`
	Probe  Probe  `json:"probe"` // with Chunks, for seeking
	PlaneW int    `json:"plane_w"`
	PlaneH int    `json:"plane_h"`
}

// RenderTube is one track and where in the output it is shown.
type RenderTube struct {
	Source  int          `json:"source"`
	Path    Blob         `json:"path"`             // scene.PackPath
	Masks   Blob         `json:"masks,omitzero"`   // scene.PackMasks; may be empty
	ClockUS int64        `json:"clock_us"`         // see RenderSpan
	Label   string       `json:"label,omitempty"`  // shown before the time
	Colour  *RGB         `json:"colour,omitempty"` // of its stamp, trail and rim; nil: white, and no rim
	Plays   []RenderPlay `json:"plays"`
}

// RenderPlay shows [FromUS, ToUS) of a tube over Frames output frames from
// Start on. Plays of one tube may follow each other at different speeds, and
// may be on screen at the same time.
type RenderPlay struct {
	Start  int64  `json:"start"`
	Frames int64  `json:"frames"`
	FromUS int64  `json:"from_us"`
	ToUS   int64  `json:"to_us"`
	Note   string `json:"note,omitempty"` // shown after the time: speed, part
}

// RenderSpan shows [FromUS, ToUS) of a source over Frames output frames from
// Start on. ClockUS is the wall clock of media time zero as it is to be read
// off the picture, in microseconds since 1970 of that clock's own zone; 0
// shows media time.
type RenderSpan struct {
	Source  int    `json:"source"`
	Start   int64  `json:"start"`
	Frames  int64  `json:"frames"`
	FromUS  int64  `json:"from_us"`
	ToUS    int64  `json:"to_us"`
	ClockUS int64  `json:"clock_us"`
	Label   string `json:"label,omitempty"`
	Note    string `json:"note,omitempty"`
}

// RenderBack is the background from output frame Start on, cross-faded with
// the one before it when both show the same scene. Without a JPEG the worker
// makes it from the pictures of Source that it decodes.
type RenderBack struct {
	Start  int64 `json:"start"`
	Source int   `json:"source"`
	TUS    int64 `json:"t_us"`  // media time of the JPEG
	Scene  int   `json:"scene"` // backgrounds of one camera view have one number
	JPEG   Blob  `json:"jpeg,omitzero"`
}

// RenderPlate is the background of a source at a media time. What is shown of
// that time is compared with it, to tell an object from what stands behind it.
type RenderPlate struct {
	Source int   `json:"source"`
	TUS    int64 `json:"t_us"`
	JPEG   Blob  `json:"jpeg"`
}

// RenderBeside is a track that is not shown, of [FromUS, ToUS]: what is its own
// is kept out of what is shown of that time.
type RenderBeside struct {
	Source int   `json:"source"`
	FromUS int64 `json:"from_us"`
	ToUS   int64 `json:"to_us"`
	Path   Blob  `json:"path"` // scene.PackPath
}
