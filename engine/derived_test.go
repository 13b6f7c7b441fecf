package engine

import (
	"encoding/json"
	"testing"

	"posteriori/engine/evidence"
	"posteriori/engine/index"
	"posteriori/engine/journal"
)

// TestAddDerived: a derived file is listed with the act's own account of how
// it was made.
func TestAddDerived(t *testing.T) {
	m := newMarked(t, testStore(t, true))
	err := m.act(journal.SubImport, func(a *Act, ix *index.Store) error {
		a.Worker("worker build")
		from, to := int64(1), int64(9)
		d := journal.Details{Query: &journal.Query{Filter: `{"class":["car"]}`}, Params: "not JSON", Result: "encoded anew",
			Objects: []journal.Object{{Kind: "recording", SHA256: m.rec.SHA256, FromUS: &from, ToUS: &to, Tracks: []int64{2}}, {Kind: "derived"}}}
		if err := a.Record(d); err != nil {
			return err
		}
		if err := a.AddDerived(ctx, ix, "clip", evidence.Derived{Path: "x.mp4", SHA256: m.rec.SHA256, Bytes: 3}); err != nil {
			return err
		}
		all, err := ix.DerivedFiles(ctx)
		if err != nil {
			return err
		}
		got := all[len(all)-1]
		h := DerivedHow(got)
		if got.Kind != "clip" || got.Name != "x.mp4" || got.Path[0] != '/' || got.Record != a.seq ||
			h.Command != journal.SubImport || len(h.Sources) != 1 || h.Program.Worker != "worker build" ||
			string(h.Params) != `"not JSON"` || !json.Valid(h.Filter) || h.Note != "encoded anew" {
			t.Errorf("%+v made by %+v", got, h)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestShows: an erasure misses no file that may show the object, and names
// none that cannot.
func TestShows(t *testing.T) {
	rec := index.Recording{SHA256: "a"}
	span := func(from, to int64) journal.Object {
		return journal.Object{SHA256: "a", FromUS: &from, ToUS: &to, Tracks: []int64{1}}
	}
	for name, c := range map[string]struct {
		sources []journal.Object
		track   int64
		want    bool
	}{
		"a report":                         {nil, 7, true},
		"another recording":                {[]journal.Object{{SHA256: "b"}}, 0, false},
		"the recording":                    {[]journal.Object{{SHA256: "a", Tracks: []int64{1}}}, 0, true},
		"a synopsis of it":                 {[]journal.Object{{SHA256: "a", Tracks: []int64{1, 7}}}, 7, true},
		"a synopsis of others":             {[]journal.Object{{SHA256: "a", Tracks: []int64{1, 2}}}, 7, false},
		"a synopsis of more than listed":   {[]journal.Object{{SHA256: "a", Tracks: []int64{1, 2}, Note: "more"}}, 7, true},
		"a sheet of all":                   {[]journal.Object{{SHA256: "a"}}, 7, true},
		"a clip of another at its time":    {[]journal.Object{span(0, 150)}, 7, true},
		"a clip of another, earlier":       {[]journal.Object{span(0, 100)}, 7, false},
		"a clip of another, later":         {[]journal.Object{span(200, 300)}, 7, false},
		"a clip, and a whole recording it": {[]journal.Object{{SHA256: "b"}, span(199, 300)}, 7, true},
	} {
		how, err := json.Marshal(How{Sources: c.sources})
		if err != nil {
			t.Fatal(err)
		}
		if got := shows(index.Derived{How: string(how)}, rec, c.track, 100, 200); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
