package query

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"posteriori/engine/index"
	"posteriori/engine/scene"
)

// The encoder writes what encoding/json makes of the hit's Record, to the byte.
func TestRecordEncoder(t *testing.T) {
	enc := recordEncoder{heads: map[*index.Recording][]byte{}}
	number := rapid.OneOf(rapid.Float64Range(-1e4, 1e4), rapid.Float64Range(-1e-9, 1e-9), rapid.Float64Range(-1e300, 1e300),
		rapid.SampledFrom([]float64{0, 1, -1, .5, 1e21, 1e20, 1e-7, 1e-6, 1 << 53, 1<<53 + 2}))
	box := rapid.Custom(func(r *rapid.T) scene.Box {
		return scene.Box{X: number.Draw(r, "x"), Y: number.Draw(r, "y"), W: number.Draw(r, "w"), H: number.Draw(r, "h")}
	})
	us := rapid.Int64Range(-1e15, 1e15)
	rapid.Check(t, func(r *rapid.T) {
		rec := &index.Recording{ID: rapid.Int64Min(0).Draw(r, "rec"), SHA256: rapid.String().Draw(r, "sha"), Camera: rapid.String().Draw(r, "camera"),
			ClockUncertaintyUS: us.Draw(r, "uncertainty")}
		if rapid.Bool().Draw(r, "clock") {
			rec.ClockUS = new(us.Draw(r, "at"))
		}
		h := Hit{Recording: rec, Size: index.Sizes{MedianW: number.Draw(r, "mw"), MedianH: number.Draw(r, "mh")}, TravelPX: number.Draw(r, "travel"),
			Status: rapid.SampledFrom(index.Statuses).Draw(r, "status"),
			Track: scene.Track{ID: us.Draw(r, "id"), Class: scene.Class(rapid.Uint8Max(3).Draw(r, "class")), ClassScore: number.Draw(r, "score"),
				Colour: scene.Colour(rapid.Uint8().Draw(r, "colour")), ColourScore: number.Draw(r, "cscore"),
				Lower: scene.Colour(rapid.Uint8Max(3).Draw(r, "lower")), LowerScore: number.Draw(r, "lscore"), Observed: number.Draw(r, "observed"),
				HasHeading: rapid.Bool().Draw(r, "has"), Heading: rapid.Float64Range(0, 359.99).Draw(r, "heading"),
				StartUS: us.Draw(r, "start"), EndUS: us.Draw(r, "end"), BestUS: us.Draw(r, "best"), Best: box.Draw(r, "box")}}
		if rapid.Bool().Draw(r, "north known") {
			h.North = new(rapid.Float64Range(0, 360).Draw(r, "north"))
		}
		h.Track.Event, h.Track.EventUS = scene.Event(rapid.IntRange(0, 2).Draw(r, "event")), us.Draw(r, "event at")
		h.Track.Linked = rapid.Int64Range(0, 2).Draw(r, "linked")
		if rapid.Bool().Draw(r, "ground") {
			h.Ground = &Ground{Speed: &scene.Measured{Value: number.Draw(r, "speed"), Error: 1}}
		}
		if rapid.Bool().Draw(r, "plate") {
			h.Plate = &PlateShown{Text: rapid.SampledFrom([]string{"██-███-██", "AB123CD"}).Draw(r, "text"), Masked: rapid.Bool().Draw(r, "masked")}
			if rapid.Bool().Draw(r, "match") {
				h.Plate.Match = &PlateWhy{Why: rapid.String().Draw(r, "why"), Edits: 1, Score: .25}
			}
		}
		for range rapid.IntRange(0, 3).Draw(r, "points") {
			h.Track.Path = append(h.Track.Path, scene.PathPoint{TUS: us.Draw(r, "t"), Box: box.Draw(r, "place")})
		}
		want, err := json.Marshal(h.Record())
		if err != nil {
			r.Skip("encoding/json cannot write it:", err)
		}
		got, err := enc.encode(h)
		if d := cmp.Diff(string(want), string(got)); d != "" || err != nil {
			r.Fatal(d, err)
		}
	})
}
