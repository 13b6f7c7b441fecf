package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"posteriori/bench/score"
)

// sequence is truth/tracking/SEQ/seq.json.
type sequence struct {
	Clip       string   `json:"clip"`   // a file of footage/, or
	Frames     string   `json:"frames"` // a printf pattern of pictures
	FPS        float64  `json:"fps"`
	Truth      string   `json:"truth"`
	TruthScale float64  `json:"truth_scale"`
	Classes    []string `json:"classes"`
}

// trackingReference are figures of others, by sequence and name.
var trackingReference = map[string]map[string]string{
	"PETS09-S2L1": {
		"MOTA": "MOG2+IoU 32.2, YOLOv8n@960+ByteTrack 81.4; goal 90",
		"IDF1": "MOG2+IoU 31.7, YOLOv8n@960+ByteTrack 76.0; goal 85",
	},
}

func trackingSuite(ctx context.Context, e *env) ([]figure, error) {
	files, _ := filepath.Glob(filepath.Join(e.data, "truth/tracking/*/seq.json"))
	if len(files) == 0 {
		return nil, errNoData
	}
	var out []figure
	var failed error
	for _, f := range files {
		figures, err := scoreSequence(ctx, e, f)
		if err != nil {
			failed = errors.Join(failed, fmt.Errorf("%s: %w", f, err))
		}
		out = append(out, figures...)
	}
	return out, failed
}

func scoreSequence(ctx context.Context, e *env, file string) ([]figure, error) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	q := sequence{TruthScale: 1, FPS: 25}
	if err := json.Unmarshal(raw, &q); err != nil {
		return nil, err
	}
	dir, name := filepath.Dir(file), filepath.Base(filepath.Dir(file))
	truthFile, err := os.Open(filepath.Join(dir, q.Truth))
	if err != nil {
		return nil, err
	}
	defer truthFile.Close()
	truth, err := score.ReadMOTTruth(truthFile, q.TruthScale)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", q.Truth, err)
	}
	clip, err := q.clip(ctx, e, dir, name)
	if err != nil {
		return nil, err
	}
	result, err := trackClip(ctx, e, clip, q.Classes)
	if err != nil {
		return nil, err
	}
	frames := truth.Frames()
	out := trackingFigures(name, score.ScoreTracking(truth, result, frames))
	if fair, kept := score.WithoutFlagged(truth, result); fair.Boxes() < truth.Boxes() {
		t := score.ScoreTracking(fair, kept, frames)
		note := fmt.Sprintf("%d boxes that the truth flags 0 neither missed nor false", truth.Boxes()-fair.Boxes())
		out = append(out, figure{Name: name + " MOTA without flagged", Value: 100 * t.MOTA, Unit: "%", Note: note},
			figure{Name: name + " IDF1 without flagged", Value: 100 * t.IDF1, Unit: "%", Note: note})
	}
	return out, nil
}

// clip is the sequence as one file, joined from pictures when it is pictures.
func (q sequence) clip(ctx context.Context, e *env, dir, name string) (string, error) {
	if q.Clip != "" {
		return filepath.Join(e.data, "footage", q.Clip), nil
	}
	if q.Frames == "" {
		return "", fmt.Errorf("it names neither clip nor frames")
	}
	pattern := q.Frames
	if !filepath.IsAbs(pattern) {
		pattern = filepath.Join(dir, pattern)
	}
	file := filepath.Join(e.out, "sequence-"+name+".mkv")
	args := []string{"-v", "error", "-nostdin", "-y", "-framerate", fmt.Sprint(q.FPS), "-i", pattern}
	if strings.EqualFold(filepath.Ext(pattern), ".jpg") {
		args = append(args, "-c:v", "copy") // the pictures as they are
	} else {
		args = append(args, "-c:v", "ffv1")
	}
	if out, err := exec.CommandContext(ctx, "ffmpeg", append(args, file)...).CombinedOutput(); err != nil {
		return "", fmt.Errorf("ffmpeg: %w: %s", err, tail(string(out)))
	}
	return file, nil
}

// trackClip analyses a clip and returns its tracks of the classes.
func trackClip(ctx context.Context, e *env, clip string, classes []string) (score.Sequence, error) {
	p, err := newProgram(ctx, e)
	if err != nil {
		return nil, err
	}
	defer p.Close()
	if _, err := p.analyse(ctx, clip); err != nil {
		return nil, err
	}
	args := []string{"query", "--format", "mot"}
	if len(classes) > 0 {
		args = append(args, "--class", strings.Join(classes, ","))
	}
	mot, err := p.run(ctx, args...)
	if err != nil {
		return nil, err
	}
	return score.ReadMOTResult(bytes.NewReader(mot))
}

func trackingFigures(name string, t score.Tracking) []figure {
	note := fmt.Sprintf("%d frames, %d boxes, IoU .5", t.Frames, t.TruthBoxes)
	row := func(what string, v float64, unit string) figure {
		return figure{Name: name + " " + what, Value: v, Unit: unit, Reference: trackingReference[name][what],
			Source: map[bool]string{true: "same clip and key frames, measured with those programs"}[trackingReference[name][what] != ""], Note: note}
	}
	return []figure{
		row("MOTA", 100*t.MOTA, "%"), row("IDF1", 100*t.IDF1, "%"), row("HOTA", 100*t.HOTA, "%"),
		row("DetA", 100*t.DetA, "%"), row("AssA", 100*t.AssA, "%"),
		row("switches", float64(t.Switches), ""), row("fragments", float64(t.Fragments), ""),
		row("missed boxes", float64(t.FN), ""), row("false boxes", float64(t.FP), ""),
	}
}
