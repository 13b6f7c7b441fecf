package index

import (
	"posteriori/engine/scene"
	"posteriori/engine/wire"
)

// Recording is one imported file. The original stays at Path.
type Recording struct {
	ID         int64  `json:"id"`     // 1-based, in order of import; set by AddRecording
	SHA256     string `json:"sha256"` // 64 lower-case hex digits: its identity
	Path       string `json:"path"`   // absolute
	Bytes      int64  `json:"bytes"`
	ModifiedUS int64  `json:"modified_unix_us"` // the file's time at import, Unix µs
	ImportedUS int64  `json:"imported_unix_us"`
	Exhibit    string `json:"exhibit"`
	Basis      string `json:"basis"`
	Camera     string `json:"camera"`
	// ClockUS is the wall-clock time of media time zero, Unix µs; nil when
	// nobody has said. It is right to within ClockUncertaintyUS either way.
	ClockUS            *int64     `json:"clock_unix_us"`
	ClockUncertaintyUS int64      `json:"clock_uncertainty_us"`
	ClockSource        string     `json:"clock_source,omitempty"` // who or what said so
	Probe              wire.Probe `json:"probe"`
}

// The states of an analysis.
const (
	Running  = "running"  // some chunks may be done; no tracks yet
	Complete = "complete" // tracks and coverage are there
)

// Analysis is how a recording was or is being analysed.
type Analysis struct {
	Recording int64       `json:"recording"`
	Identity  string      `json:"identity"` // hash of the recording's hash, models and parameters
	Models    []ModelRef  `json:"models"`
	Params    wire.Params `json:"params"`
	Build     string      `json:"build"`
	Device    string      `json:"device"`
	State     string      `json:"state"` // Running or Complete; set by the store
	StartedUS int64       `json:"started_unix_us"`
	// FinishedUS is zero while State is Running.
	FinishedUS int64 `json:"finished_unix_us,omitempty"`
	PlaneW     int   `json:"plane_w"` // the motion plane that masks refer to; set by PutChunk
	PlaneH     int   `json:"plane_h"`
	ChunksDone int   `json:"chunks_done"`
	Tracks     int64 `json:"tracks"`
}

// ModelRef names a model that took part in an analysis.
type ModelRef struct {
	Name   string `json:"name"`
	SHA256 string `json:"sha256"`
}

// Piece is one step of [Store.Pieces]. Exactly one pointer is set.
type Piece struct {
	End   *wire.ChunkEnd // opens a chunk: its end message, without Plates
	Track *wire.TrackMsg // a piece of a track in that chunk
}

// Where chooses tracks for [Store.Search]. SQL is a condition over t (table
// track), r (recording) and a (analysis), or empty for all; only package
// query writes it, from its own text, with every value in Args.
type Where struct {
	SQL   string
	Args  []any
	Path  bool // load Track.Path
	Reads bool // load Track.Plates
	Limit int  // at most so many rows; 0: all
	// Narrow says that SQL picks few tracks by class, colour or time: an index
	// finds them and sorting them is cheap.
	Narrow bool
	// Foot says that SQL picks by the extent of the feet: the index of those is
	// a fifth of the table.
	Foot bool
	// Unordered lets the rows of a recording come in any order, which spares
	// sorting them.
	Unordered bool
}

// Row is one track that a search found. Track has no Crop and no Masks.
type Row struct {
	Recording int64
	Track     scene.Track
	Size      Sizes
	TravelPX  float64 // way travelled by the foot, without jitter
	Status    Status
}

// Sizes are the smallest, median and largest width and height, each on its
// own, over a track's path, in whole pixels.
type Sizes struct {
	MinW, MinH       float64
	MedianW, MedianH float64
	MaxW, MaxH       float64
}

// Key names a track.
type Key struct {
	Recording, Track int64
}
