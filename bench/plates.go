package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"posteriori/bench/score"
)

// plateModels are the pairs of plate models that the suite compares, by the
// manifest's names: those that come with the program, and the listed ones.
var plateModels = []struct {
	name             string
	detector, reader string
	own              bool
}{
	{"own models", "plate-detector-320", "plate-reader-eu", true},
	{"listed models", "plate-detector-yolo-v9-t", "plate-reader-cct-xs-v2", false},
}

// vehicleDetector looks for the vehicles, where the data directory has it.
const vehicleDetector = "deimv2-femto"

// plateHit is one plate that the program found and read in a photograph.
type plateHit struct {
	Box   score.Rect
	Text  string
	Score float64
}

// plateSuite finds and reads the plates of the photographs of
// truth/plates/SET as a user would: import, analyse, validate, unmask. Sets
// whose names end in _train are training data.
func plateSuite(ctx context.Context, e *env) ([]figure, error) {
	sets, err := plateSets(filepath.Join(e.data, "truth/plates"))
	if err != nil {
		return nil, err
	}
	if len(sets) == 0 {
		return nil, errNoData
	}
	var out []figure
	for _, m := range plateModels {
		folder := filepath.Join(e.data, "models")
		if m.own {
			folder = filepath.Join(e.root, "models")
		}
		e.note("%s", m.name)
		figures, err := scorePlates(ctx, e, sets, m.name, folder, m.detector, m.reader)
		if err != nil {
			return out, fmt.Errorf("%s: %w", m.name, err)
		}
		out = append(out, figures...)
	}
	return out, nil
}

// scorePlates measures one pair of models on all sets; without figures where
// the folder lacks one of the two.
func scorePlates(ctx context.Context, e *env, sets []plateSet, name, folder string, models ...string) ([]figure, error) {
	p, err := emptyProgram(ctx, e)
	if err != nil {
		return nil, err
	}
	defer p.Close()
	if _, err := p.run(ctx, append([]string{"models", "install", "--from", folder}, models...)...); err != nil {
		e.note("%s are passed over: %v", name, err)
		return nil, nil
	}
	vehicles := "no vehicle detector"
	if _, err := p.run(ctx, "models", "install", "--from", filepath.Join(e.data, "models"), vehicleDetector); err == nil {
		vehicles = "vehicles by " + vehicleDetector
	}
	var files []string
	for _, s := range sets {
		for _, t := range s.pictures {
			files = append(files, t.file)
		}
	}
	hits, err := readPlates(ctx, e, p, files)
	if err != nil {
		return nil, err
	}
	var out []figure
	for _, s := range sets {
		n := len(s.pictures)
		t := tallyPlates(e, s, hits[:n])
		hits = hits[n:]
		out = append(out, t.figures(s.name+", "+name, fmt.Sprintf("%d photographs, %s, %s", n, strings.Join(models, " and "), vehicles))...)
	}
	return out, nil
}

// readPlates imports and analyses photographs, validates what has a plate and
// unmasks it; the answer is by the place in files.
func readPlates(ctx context.Context, e *env, p *program, files []string) ([][]plateHit, error) {
	found, err := p.stills(ctx, files)
	if err != nil {
		return nil, err
	}
	places, _, err := byContent(files)
	if err != nil {
		return nil, err
	}
	with := map[string]stillHit{}
	for _, list := range found {
		for _, h := range list {
			if h.Plate != nil {
				with[fmt.Sprintf("%d:%d", h.Recording, h.Track)] = h
			}
		}
	}
	out := make([][]plateHit, len(files))
	refs := slices.Sorted(maps.Keys(with))
	e.note("%d plates to unmask", len(refs))
	for some := range slices.Chunk(refs, 100) {
		if _, err := p.run(ctx, append([]string{"hit", "validate"}, some...)...); err != nil {
			return nil, err
		}
	}
	for _, ref := range refs {
		h, err := p.unmask(ctx, ref)
		if err != nil {
			return nil, err
		}
		for _, i := range places[with[ref].SHA256] {
			out[i] = append(out[i], h)
		}
	}
	return out, nil
}

// unmask shows the plate of a track of a photograph.
func (p *program) unmask(ctx context.Context, ref string) (plateHit, error) {
	raw, err := p.run(ctx, "hit", "unmask", "--json", ref)
	if err != nil {
		return plateHit{}, err
	}
	var answer struct {
		Plate string  `json:"plate"`
		Score float64 `json:"score"`
		Reads []struct {
			Box [4]float64 `json:"box"`
		} `json:"reads"`
	}
	if err := json.Unmarshal(raw, &answer); err != nil {
		return plateHit{}, fmt.Errorf("the answer of hit unmask: %w", err)
	}
	if len(answer.Reads) == 0 {
		return plateHit{}, fmt.Errorf("hit unmask %s names no read", ref)
	}
	b := answer.Reads[0].Box
	return plateHit{Box: score.Rect{X: b[0], Y: b[1], W: b[2], H: b[3]}, Text: answer.Plate, Score: answer.Score}, nil
}
