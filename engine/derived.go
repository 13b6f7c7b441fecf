package engine

import (
	"context"
	"encoding/json"
	"path/filepath"
	"slices"

	"posteriori/engine/evidence"
	"posteriori/engine/index"
	"posteriori/engine/journal"
)

// How is how a derived file was made, as [index.Derived] keeps it: enough to
// make it again (rule 22), by reference.
type How struct {
	Command journal.Sub      `json:"command"`
	Filter  json.RawMessage  `json:"filter,omitempty"`
	Params  json.RawMessage  `json:"params,omitempty"`
	Sources []journal.Object `json:"sources,omitempty"` // recordings, with spans and tracks where parts were used
	Models  []index.ModelRef `json:"models,omitempty"`  // behind the tracks of the sources
	Note    string           `json:"note,omitempty"`
	Program journal.Build    `json:"program"`
}

// AddDerived lists files that this act made in the procedure's index, with how
// they were made, taken from the act's own record. The act must be recorded,
// and the record must name the recordings used.
func (a *Act) AddDerived(ctx context.Context, ix *index.Store, kind index.DerivedKind, files ...evidence.Derived) error {
	how, err := a.how(ctx, ix)
	if err != nil {
		return err
	}
	text, err := json.Marshal(how)
	if err != nil {
		return err
	}
	list := make([]index.Derived, len(files))
	for i, f := range files {
		abs, err := filepath.Abs(f.Path)
		if err != nil {
			return err
		}
		list[i] = index.Derived{Kind: kind, Name: filepath.Base(abs), Path: abs, SHA256: f.SHA256, Bytes: f.Bytes,
			MadeUS: a.store.now().UnixMicro(), Record: a.seq, How: string(text)}
	}
	_, err = ix.AddDerived(ctx, list...)
	return err
}

func (a *Act) how(ctx context.Context, ix *index.Store) (How, error) {
	r := a.draft()
	h := How{Command: a.spec.Sub, Params: rawJSON(r.Params), Note: r.Result, Program: r.Build}
	if r.Query != nil {
		h.Filter = rawJSON(r.Query.Filter)
	}
	used := map[string]bool{}
	for _, o := range r.Objects {
		if o.Kind == kindRecording {
			h.Sources = append(h.Sources, o)
			used[o.SHA256] = true
		}
	}
	recs, err := ix.Recordings(ctx)
	if err != nil {
		return h, err
	}
	all, err := ix.Analyses(ctx)
	if err != nil {
		return h, err
	}
	for _, an := range all {
		i := slices.IndexFunc(recs, func(r index.Recording) bool { return r.ID == an.Recording })
		if i < 0 || !used[recs[i].SHA256] {
			continue
		}
		for _, m := range an.Models {
			if !slices.Contains(h.Models, m) {
				h.Models = append(h.Models, m)
			}
		}
	}
	return h, nil
}

// kindRecording and kindDerived are kinds of journal objects.
const (
	kindRecording = "recording"
	kindDerived   = "derived"
)

// rawJSON is s where it is JSON, else s as a JSON string; nil when empty.
func rawJSON(s string) json.RawMessage {
	switch {
	case s == "":
		return nil
	case json.Valid([]byte(s)):
		return json.RawMessage(s)
	}
	b, _ := json.Marshal(s) // a string always encodes
	return b
}

// DerivedHow reads how a derived file was made. One listed without it gives
// the zero value.
func DerivedHow(d index.Derived) How {
	var h How
	_ = json.Unmarshal([]byte(d.How), &h)
	return h
}

// shows says whether a derived file may show something of a recording, or with
// track > 0 of one of its tracks in its time. It does not when its sources are
// other recordings, other tracks alone (a synopsis), or spans of another time
// (a clip).
func shows(d index.Derived, rec index.Recording, track, fromUS, toUS int64) bool {
	sources := DerivedHow(d).Sources
	if len(sources) == 0 {
		return true // a document about the whole procedure
	}
	for _, o := range sources {
		if o.SHA256 != rec.SHA256 {
			continue
		}
		overlaps := o.FromUS == nil || o.ToUS == nil || *o.FromUS < toUS && fromUS < *o.ToUS
		spanned := o.FromUS != nil
		switch {
		case track == 0, len(o.Tracks) == 0 && overlaps, spanned && overlaps, slices.Contains(o.Tracks, track), o.Note != "":
			return true
		}
	}
	return false
}
