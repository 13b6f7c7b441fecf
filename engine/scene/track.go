package scene

// Box is an axis-aligned rectangle in source pixels: top-left corner and size.
type Box struct {
	X, Y, W, H float64
}

// PathPoint is where a track was at one moment. Interpolated marks a place
// that geometry bridged and no observation saw.
type PathPoint struct {
	TUS          int64
	Box          Box
	Interpolated bool
}

// Path is a track's places in order of time, strictly increasing.
type Path []PathPoint

// Mask is the silhouette of a track at one moment on the motion plane (the
// small luma plane that the background model sees), one bit a sample, row by
// row, most significant bit first, rows padded to whole bytes. X and Y are
// the plane sample of its top-left bit.
type Mask struct {
	TUS        int64
	X, Y, W, H int
	Bits       []byte
}

// Crop is one picture of a track out of the recording, as JPEG, for a person
// to look at. Box is the part of the frame it shows.
type Crop struct {
	TUS  int64
	Box  Box
	JPEG []byte
}

// Track is all that is known of one object in one recording. It is found by
// geometry and motion alone and carries no description of appearance beyond
// class and colour names.
type Track struct {
	ID          int64 // within the recording, 1-based, in order of start
	Class       Class
	ClassScore  float64 // 0..1, share of the class's weight in the votes times mean detector score
	Colour      Colour  // of a vehicle's body, of a person's upper clothing
	ColourScore float64 // 0..1
	Lower       Colour  // of a person's lower clothing; unknown for all else
	LowerScore  float64 // 0..1
	Heading     float64 // degrees, see package doc; meaningful when HasHeading
	HasHeading  bool    // false when it did not travel far enough to tell
	Observed    float64 // share of its life, 0..1, in which an observation saw it
	StartUS     int64
	EndUS       int64
	Best        Box   // box at BestUS, the moment of its best crop
	BestUS      int64 // media time
	Crop        *Crop
	Path        Path
	Masks       []Mask
	Event       Event  // a thing left or removed; NoEvent for what moves
	EventUS     int64  // when it was set down or taken; meaningful with an Event
	Linked      int64  // ID of the track that was there then; 0 when none is known
	Plates      []byte // what was read off its number plate, packed by plate.Pack; nil when nothing was
	Votes       Votes  // what class and colours were told from
}

// Votes are what a track's class and colours were told from. A track of an
// index that was made before votes were kept has none.
type Votes struct {
	Looks  int                `json:"looks"`            // how often the detector found it
	Class  map[string]float64 `json:"class,omitempty"`  // by class: sum of the detector's scores, each 0..1
	Colour map[string]float64 `json:"colour,omitempty"` // by colour, of a vehicle's body or a person's upper clothing: sum of weights
	Lower  map[string]float64 `json:"lower,omitempty"`  // of a person's lower clothing
}

// Known is false where no votes were kept.
func (v Votes) Known() bool { return v.Looks > 0 || len(v.Class)+len(v.Colour)+len(v.Lower) > 0 }

// CoverageKind says what became of a span of a recording.
type CoverageKind string

// The kinds of coverage. Everything that is not Seen is a scope that "nothing
// found" does not cover.
const (
	Seen        CoverageKind = "seen"         // decoded and analysed
	Damaged     CoverageKind = "damaged"      // decoder errors: pictures wrong or lacking
	Gap         CoverageKind = "gap"          // the recording holds no frames here
	Relearning  CoverageKind = "relearning"   // light or camera changed: background not trusted
	Covered     CoverageKind = "covered"      // the lens saw nothing usable
	NotAnalysed CoverageKind = "not-analysed" // not reached yet, or skipped
	Triaged     CoverageKind = "triaged"      // not decoded: packet sizes show no movement
)

// Coverage is one span [FromUS, ToUS) of a recording and what became of it.
type Coverage struct {
	FromUS int64        `json:"from_us"`
	ToUS   int64        `json:"to_us"`
	Kind   CoverageKind `json:"kind"`
	Reason string       `json:"reason,omitempty"`
}
