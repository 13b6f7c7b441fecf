package query

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"posteriori/engine/fault"
	"posteriori/engine/index"
	"posteriori/engine/plate"
	"posteriori/engine/scene"
)

// sureRead packs one sure read of a plate.
func sureRead(text string) []byte {
	r := plate.Read{Box: scene.Box{W: 120, H: 26}, Found: 1}
	for _, c := range []byte(text) {
		var ch plate.Char
		ch[plate.Bit(c)] = 1
		r.Chars = append(r.Chars, ch)
	}
	return plate.Pack(plate.Fuse([]plate.Read{r}))
}

// plateStore holds four cars: AB123CD, A8123CD, none, XY999ZZ; the last was
// rejected, the first validated.
func plateStore(t *testing.T) *index.Store {
	t.Helper()
	s := testStore(t)
	var cars []scene.Track
	for i, text := range []string{"AB123CD", "A8123CD", "", "XY999ZZ"} {
		c := trackOf(int64(i+1), scene.Car, scene.Red, float64(10*i), float64(10*i+5), scene.Point{X: 50, Y: 150}, scene.Point{X: 250, Y: 150})
		if text != "" {
			c.Plates = sureRead(text)
		}
		cars = append(cars, c)
	}
	fill(t, s, 3, nil, cars...)
	decide(t, s, 1, index.Validated)
	decide(t, s, 4, index.Rejected)
	return s
}

func decide(t *testing.T, s *index.Store, track int64, v index.Verdict) {
	t.Helper()
	if _, err := s.Decide(t.Context(), index.Decision{Recording: 3, Track: track, Verdict: v, By: "x"}); err != nil {
		t.Fatal(err)
	}
}

func TestPlateFilter(t *testing.T) {
	s := plateStore(t)
	for _, c := range []struct {
		plate Plate
		want  []string
	}{
		{Plate{Pattern: "AB-1?3-*"}, []string{"3-1", "3-2"}}, // 8 for B
		{Plate{Pattern: "ab 123 cd", Literal: true}, []string{"3-1"}},
		{Plate{Pattern: "AB124CD"}, nil},
		{Plate{Pattern: "AB129CD", Fuzzy: 1}, []string{"3-1", "3-2"}},
		{Plate{Pattern: "AB129CD", Fuzzy: 1, Literal: true}, []string{"3-1"}},
		{Plate{Pattern: "XY999ZZ"}, nil}, // rejected
		{Plate{Pattern: "*Y9*"}, nil},
	} {
		f := Filter{Plate: &c.plate}
		if d := cmp.Diff(c.want, found(t, s, f)); d != "" {
			t.Errorf("%+v: %s", c.plate, d)
		}
		f.Where = `class == "car"`
		if d := cmp.Diff(c.want, found(t, s, f)); d != "" {
			t.Errorf("%+v with an expression: %s", c.plate, d)
		}
	}
	for _, f := range []Filter{{PlateRead: true}, {PlateRead: true, Where: "vehicle"}, {PlateRead: true, Plate: &Plate{Pattern: "A*"}}} {
		if d := cmp.Diff([]string{"3-1", "3-2"}, found(t, s, f)); d != "" { // not the one that was rejected
			t.Errorf("%s: %s", f.Canonical(), d)
		}
	}
	for _, bad := range []Plate{{Pattern: "***"}, {Pattern: "AB_1"}, {Pattern: "AB12", Fuzzy: 4}, {Pattern: "A", Fuzzy: 1}, {Pattern: "AB", Fuzzy: -1}} {
		if err := (Filter{Plate: &bad}).Validate(); fault.KindOf(err) != fault.Usage {
			t.Errorf("%+v: %v", bad, err)
		}
	}
}

// outputs are all that a search can write.
func outputs(t *testing.T, s *index.Store, f Filter) string {
	t.Helper()
	r := run(t, s, f)
	var b bytes.Buffer
	for _, write := range []func() error{
		func() error { return r.WriteTable(t.Context(), &b) },
		func() error { return r.WriteCSV(t.Context(), &b) },
		func() error { return r.WriteJSON(t.Context(), &b, true) },
		func() error { // near misses and explanations too
			m, err := r.NearMisses(t.Context(), 50)
			if err != nil {
				return nil // a filter without conditions
			}
			if err := m.WriteJSON(&b); err != nil {
				return err
			}
			return m.WriteTable(&b)
		},
		func() error {
			for _, k := range r.Keys() {
				h, conditions, err := Explain(t.Context(), s, f, k)
				if err != nil {
					return err
				}
				if err := json.NewEncoder(&b).Encode([]any{h.Record(), conditions}); err != nil {
					return err
				}
			}
			return nil
		},
	} {
		if err := write(); err != nil {
			t.Fatal(err)
		}
	}
	return b.String()
}

// Rule 10: no output says a plate that is masked, or one of a track that was
// rejected; a validated and unmasked one is said.
func TestNoOutputSaysAMaskedPlate(t *testing.T) {
	s := plateStore(t)
	filters := []Filter{{}, {Classes: []string{"car"}}, {Plate: &Plate{Pattern: "A?1*"}}, {Plate: &Plate{Pattern: "AB129CD", Fuzzy: 2}},
		{Plate: &Plate{Pattern: "Q*Z"}, Classes: []string{"car"}}}
	for _, f := range filters {
		out := outputs(t, s, f)
		for _, text := range []string{"AB123CD", "A8123CD", "XY999ZZ", "8 read"} {
			if strings.Contains(out, text) {
				t.Errorf("%s: an output says %s", f.Canonical(), text)
			}
		}
		if f.Classes != nil && f.Plate == nil && strings.Count(out, "██-███-██") < 3 {
			t.Error("masks are missing")
		}
	}
	if err := s.Unmask(t.Context(), 3, 1, "OPJ-1", 4); err != nil {
		t.Fatal(err)
	}
	out := outputs(t, s, filters[2])
	if !strings.Contains(out, "AB123CD") || strings.Contains(out, "A8123CD") {
		t.Error("after unmasking the first, and no other, is to be said")
	}
}

func TestWhyOfAPlate(t *testing.T) {
	s := plateStore(t)
	r := run(t, s, Filter{Plate: &Plate{Pattern: "AB-123-CD"}})
	var got []PlateShown
	for h, err := range r.Hits(t.Context(), false) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, *h.Plate)
	}
	want := []PlateShown{
		{Text: "██-███-██", Masked: true, Match: &PlateWhy{Why: "read as asked", Score: 1}},
		{Text: "███████", Masked: true, Match: &PlateWhy{Why: "a look-alike of B read at 2", Score: .25,
			Doubts: []PlateDoubt{{How: plate.Alike, Want: "B", Place: 2}}}},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	_, conditions, err := Explain(t.Context(), s, Filter{Plate: &Plate{Pattern: "AB-123-CD"}}, index.Key{Recording: 3, Track: 4})
	if err != nil || len(conditions) != 1 || conditions[0].Kept || !strings.HasPrefix(conditions[0].Had, "another plate") {
		t.Errorf("%+v, %v", conditions, err)
	}
}

// The journal's form of a filter says that a plate was asked for, and not which.
func TestCanonicalHidesThePattern(t *testing.T) {
	f := Filter{Classes: []string{"car"}, Plate: &Plate{Pattern: "AB-123-CD", Fuzzy: 1}}
	if got := string(f.Canonical()); got != `{"classes":["car"],"plate":{"fuzzy":1}}` {
		t.Error(got)
	}
}

// Hits come whole however many there are.
func TestHitsInBatches(t *testing.T) {
	s := testStore(t)
	var tracks []scene.Track
	for i := range 5*batch + 3 {
		k := trackOf(int64(i+1), scene.Car, scene.Red, float64(i), float64(i+1), scene.Point{X: 50, Y: 150})
		if i%1000 == 0 {
			k.Plates = sureRead("AB123CD")
		}
		tracks = append(tracks, k)
	}
	fill(t, s, 3, nil, tracks...)
	for _, withPath := range []bool{false, true} {
		var ids []int64
		masked := 0
		for h, err := range run(t, s, Filter{Recordings: []int64{3}}).Hits(t.Context(), withPath) {
			if err != nil {
				t.Fatal(err)
			}
			ids = append(ids, h.Track.ID)
			if h.Plate != nil {
				masked++
			}
			if withPath != (len(h.Track.Path) > 0) {
				t.Fatal("path")
			}
		}
		if len(ids) != len(tracks) || !slices.IsSorted(ids) || masked != 3 {
			t.Errorf("%d hits, %d with a plate", len(ids), masked)
		}
	}
}
