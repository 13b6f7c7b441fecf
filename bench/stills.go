package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// stillHit is one object that the program found in a photograph.
type stillHit struct {
	SHA256      string     `json:"sha256"`
	Recording   int64      `json:"recording"`
	Track       int64      `json:"track"`
	Class       string     `json:"class"`
	ClassScore  float64    `json:"class_score"`
	Colour      string     `json:"colour"`
	ColourScore float64    `json:"colour_score"`
	Best        [4]float64 `json:"best"`
	Plate       *struct{}  `json:"plate"` // nil where none was read
}

// readStills imports photographs, analyses them in one run, and returns what
// was found in each, by its place in files. Copies of one photograph get the
// same answer, and suites of one run share it.
func readStills(ctx context.Context, e *env, files []string) ([][]stillHit, error) {
	key := strings.Join(files, "\n")
	if hits, ok := e.stills[key]; ok {
		return hits, nil
	}
	p, err := newProgram(ctx, e)
	if err != nil {
		return nil, err
	}
	defer p.Close()
	out, err := p.stills(ctx, files)
	if err != nil {
		return nil, err
	}
	e.stills[key] = out
	return out, nil
}

// stills imports and analyses photographs in p, and returns what was found in
// each, by its place in files.
func (p *program) stills(ctx context.Context, files []string) ([][]stillHit, error) {
	places, distinct, err := byContent(files)
	if err != nil {
		return nil, err
	}
	args := []string{"import", "--exhibit", "S1", "--basis", "seizure", "--camera", "bench"}
	if _, err := p.run(ctx, append(args, distinct...)...); err != nil {
		return nil, err
	}
	if _, err := p.run(ctx, "analyse"); err != nil {
		return nil, err
	}
	raw, err := p.run(ctx, "query", "--format", "json")
	if err != nil {
		return nil, err
	}
	var answer struct {
		Tracks []stillHit `json:"tracks"`
	}
	if err := json.Unmarshal(raw, &answer); err != nil {
		return nil, fmt.Errorf("the answer of query: %w", err)
	}
	out := make([][]stillHit, len(files))
	for _, h := range answer.Tracks {
		for _, i := range places[h.SHA256] {
			out[i] = append(out[i], h)
		}
	}
	return out, nil
}

// byContent says which files have which content, and names one of each.
func byContent(files []string) (places map[string][]int, distinct []string, err error) {
	places = map[string][]int{}
	for i, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			return nil, nil, err
		}
		sum := sha256.Sum256(b)
		key := hex.EncodeToString(sum[:])
		if places[key] == nil {
			distinct = append(distinct, f)
		}
		places[key] = append(places[key], i)
	}
	return places, distinct, nil
}

// picturesIn lists the photographs of a folder.
func picturesIn(dir string) []string {
	var out []string
	for _, pattern := range []string{"*.jpg", "*.jpeg", "*.JPG", "*.png"} {
		found, _ := filepath.Glob(filepath.Join(dir, pattern))
		out = append(out, found...)
	}
	return out
}
