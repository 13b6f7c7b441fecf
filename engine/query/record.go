package query

import (
	"fmt"
	"math"
	"time"

	"posteriori/engine/scene"
)

// Record is one hit as the JSON output has it. Scores are 0..1, places and
// sizes source pixels. Start and End are wall-clock times, absent when the
// recording's clock is not known, right to within UncertaintyUS.
type Record struct {
	Recording     int64       `json:"recording"`
	SHA256        string      `json:"sha256"`
	Camera        string      `json:"camera"`
	Track         int64       `json:"track"`
	Class         string      `json:"class"`
	ClassScore    float64     `json:"class_score"`
	Colour        string      `json:"colour"`
	ColourScore   float64     `json:"colour_score"`
	Lower         string      `json:"lower_colour,omitempty"` // of a person's lower clothing; Colour is then that of the upper
	LowerScore    float64     `json:"lower_score,omitempty"`
	Heading       *float64    `json:"heading"`           // degrees in the picture, 0 is up; null when it did not travel
	Bearing       *float64    `json:"bearing,omitempty"` // over ground, where the filter gave the camera's north
	Compass       string      `json:"compass,omitempty"` // of the bearing, else of the heading
	Start         *time.Time  `json:"start"`
	End           *time.Time  `json:"end"`
	UncertaintyUS int64       `json:"clock_uncertainty_us"`
	StartUS       int64       `json:"start_us"`
	EndUS         int64       `json:"end_us"`
	Width         float64     `json:"width"` // of the median box
	Height        float64     `json:"height"`
	Travel        float64     `json:"travel"`
	Observed      float64     `json:"observed"`
	BestUS        int64       `json:"best_us"`
	Best          [4]float64  `json:"best"`               // x, y, w, h at BestUS
	Status        string      `json:"status"`             // proposed, validated or rejected
	Event         string      `json:"event,omitempty"`    // left or removed
	EventUS       *int64      `json:"event_us,omitempty"` // when, media time
	EventAt       *time.Time  `json:"event_at,omitempty"` // and by the clock
	Linked        int64       `json:"linked,omitempty"`   // track of the recording that was there then
	Ground        *Ground     `json:"ground,omitempty"`
	Plate         *PlateShown `json:"plate,omitempty"`
	Path          []PathEntry `json:"path,omitempty"`
}

// PathEntry is [t_us, x, y, w, h].
type PathEntry [5]float64

// Record makes the hit's record; with the path when the hit has one.
func (h Hit) Record() Record {
	t := h.Track
	r := Record{
		Recording: h.Recording.ID, SHA256: h.Recording.SHA256, Camera: h.Recording.Camera, Track: t.ID,
		Class: t.Class.String(), ClassScore: round3(t.ClassScore), Colour: t.Colour.String(), ColourScore: round3(t.ColourScore),
		UncertaintyUS: h.Recording.ClockUncertaintyUS, StartUS: t.StartUS, EndUS: t.EndUS,
		Width: h.Size.MedianW, Height: h.Size.MedianH, Travel: h.TravelPX, Observed: round3(t.Observed),
		BestUS: t.BestUS, Best: [4]float64{round3(t.Best.X), round3(t.Best.Y), round3(t.Best.W), round3(t.Best.H)},
		Status: string(h.Status), Plate: h.Plate, Ground: h.Ground, Linked: t.Linked,
	}
	if t.Class == scene.Person {
		r.Lower, r.LowerScore = t.Lower.String(), round3(t.LowerScore)
	}
	if t.HasHeading {
		deg := math.Round(t.Heading*10) / 10
		r.Heading, r.Compass = &deg, h.Compass()
		if over, _ := h.Bearing(); h.North != nil {
			over = math.Round(over*10) / 10
			r.Bearing = &over
		}
	}
	if at, ok := h.Clock(t.StartUS); ok {
		r.Start = &at
	}
	if at, ok := h.Clock(t.EndUS); ok {
		r.End = &at
	}
	if t.Event != scene.NoEvent {
		r.Event, r.EventUS = t.Event.String(), &t.EventUS
		if at, ok := h.Clock(t.EventUS); ok {
			r.EventAt = &at
		}
	}
	for _, p := range t.Path {
		r.Path = append(r.Path, PathEntry{float64(p.TUS), p.Box.X, p.Box.Y, p.Box.W, p.Box.H})
	}
	return r
}

func round3(v float64) float64 { return math.Round(v*1000) / 1000 }

// When is the start of the hit for a person to read: wall clock to the second
// in the machine's time zone with its offset from UTC, which tells the two
// hours of a clock set back apart; or with a plus sign the media time.
func (h Hit) When() string {
	if at, ok := h.Clock(h.Track.StartUS); ok {
		return at.Local().Format("2006-01-02 15:04:05Z07:00")
	}
	return "+" + MediaTime(h.Track.StartUS)
}

// MediaTime writes µs as h:mm:ss.s.
func MediaTime(us int64) string {
	tenths := (us + 50_000) / 100_000
	s := tenths / 10
	return fmt.Sprintf("%d:%02d:%02d.%d", s/3600, s/60%60, s%60, tenths%10)
}
