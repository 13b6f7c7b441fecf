package main

import (
	"context"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	vocab "posteriori/engine/scene"
	"posteriori/testdata/scene"
)

// coats is a pavement on which three walk, one after the other: two persons in
// the same red coat, then the first of them again, of whom nothing but the coat
// has changed: it is yellow.
func coats(t *testing.T) string {
	t.Helper()
	s, err := scene.New("empty", 640, 360, 7)
	if err != nil {
		t.Fatal(err)
	}
	s.Light, s.Wind, s.Noise, s.Seconds = scene.Light{}, 0, 2, 21
	way := func(from float64) []scene.Waypoint {
		return []scene.Waypoint{{T: from, X: -30, Y: 296}, {T: from + 5, X: 670, Y: 296}}
	}
	s.Rate = []scene.Rate{{UntilS: s.Seconds, PerSecond: 12.5}}
	s.Actors = []scene.Actor{
		{ID: 1, Class: vocab.Person, Colour: vocab.Red, Lower: vocab.Black, Size: 1.3, Way: way(1)},
		{ID: 2, Class: vocab.Person, Colour: vocab.Red, Lower: vocab.Black, Size: 1.3, Way: way(8)},
		{ID: 3, Class: vocab.Person, Colour: vocab.Yellow, Lower: vocab.Black, Size: 1.3, Way: way(15)},
	}
	clip := filepath.Join(t.TempDir(), "coats.mp4")
	if err := s.Encode(context.Background(), clip, scene.Encoding{GOP: 25}); err != nil {
		t.Fatal(err)
	}
	return clip
}

// linking are names of a field that would tie what is seen at one time to what
// is seen at another.
var linking = regexp.MustCompile(`(?i)ident|person|same|link|group|cluster|embed|vector|similar|re_?id|appearance|signature`)

// TestClothingLinksNobody: two persons in the same red coat both come back when
// red is asked for, each as a passage of its own; the same person in another
// coat does not, and nothing ties the two passages.
func TestClothingLinksNobody(t *testing.T) {
	t.Parallel()
	p := newPrograms(t)
	store := p.store(coats(t), "5m")
	detector := p.haveModels()
	if detector {
		p.models(store)
	}
	p.run(store, "analyse")
	windows := [][2]float64{{0, 7}, {7, 14}, {14, 21}} // of the three passages
	ask := func(args ...string) (found []bool) {
		t.Helper()
		found = make([]bool, len(windows))
		for _, o := range objects(t, p.run(store, append([]string{"query", "--format", "json"}, args...)...)) {
			track := o.(map[string]any)
			from, to := track["start_us"].(float64)/1e6, track["end_us"].(float64)/1e6
			i := slices.IndexFunc(windows, func(w [2]float64) bool { return from > w[0] && to < w[1] })
			if i < 0 {
				t.Errorf("a track from %.1f to %.1f s spans two passages", from, to)
				continue
			}
			found[i] = true
			for _, k := range slices.Sorted(maps.Keys(track)) {
				if linking.MatchString(k) {
					t.Errorf("field %q speaks of identity", k)
				}
			}
		}
		return found
	}
	if got := ask(); !slices.Equal(got, []bool{true, true, true}) {
		t.Errorf("passages %v, want all", got)
	}
	if !detector {
		return // a thing that only moved is given no clothing
	}
	for _, c := range []struct {
		colour string
		want   []bool
	}{{"red", []bool{true, true, false}}, {"yellow", []bool{false, false, true}}} {
		if got := ask("--class", "person", "--colour", c.colour); !slices.Equal(got, c.want) {
			t.Errorf("persons in %s: passages %v, want %v", c.colour, got, c.want)
		}
	}
}
