package main

import (
	"context"
	"fmt"
	"sort"
	"time"

	"posteriori/bench/score"
)

// triageCase is one recording on which triage is held against decoding everything.
type triageCase struct {
	footage
	easy bool // the goal is speed; on the others that it notices
}

// triageCases are one recording that triage is for, and those that are hard for it.
func triageCases(full bool) []triageCase {
	crf, cbr := coding{"h264", 720, 50, false}, coding{"h264", 720, 50, true}
	out := []triageCase{
		{footage{park2, crf, 1800}, true},
		{footage{park2, cbr, 900}, false},
		{footage{park2.in("night"), crf, 900}, false},
		{footage{park2.in("rain"), crf, 900}, false},
		{footage{highway, crf, 120}, false},
	}
	if full {
		for _, gop := range []int{25, 250} {
			out = append(out, triageCase{footage{park2, coding{"h264", 1080, gop, false}, 3600}, true},
				triageCase{footage{park2, coding{"hevc", 1080, gop, false}, 3600}, true})
		}
	}
	return out
}

// triageFigures hold triage against the decode floor and against what
// decoding everything finds.
func triageFigures(ctx context.Context, e *env) ([]figure, error) {
	out, err := measureCases(ctx, e, "triage ", triageCases(e.full))
	if err != nil {
		return out, err
	}
	if len(out) == 0 && e.clip == "" {
		return nil, errNoData
	}
	return out, nil
}

func (c triageCase) measure(ctx context.Context, e *env, clip string) ([]figure, error) {
	floor, err := measure(floors[len(floors)-1].cmd(ctx, clip))
	if err != nil {
		return nil, err
	}
	full, err := analyseOnce(ctx, e, clip, c.String())
	if err != nil {
		return nil, err
	}
	quick, err := analyseOnce(ctx, e, clip, "triage "+c.String(), "--coverage", "triage")
	if err != nil {
		return nil, err
	}
	again := foundAgain(full.found, quick.found)
	share := 100.0
	if len(full.found) > 0 {
		share = 100 * float64(again) / float64(len(full.found))
	}
	e.note("    ffmpeg %.1f s (%.1f s of processor time), full %.1f s (%.1f s), triage %.1f s (%.1f s); %d of %d objects; %s", floor.Wall.Seconds(), floor.CPU.Seconds(),
		full.Wall.Seconds(), full.CPU.Seconds(), quick.Wall.Seconds(), quick.CPU.Seconds(), again, len(full.found), quick.triage.Why)
	name, goal := "triage, "+c.String(), ""
	if c.easy {
		goal = "10"
	}
	decoded := 100 * (1 - float64(quick.skippedUS)/1e6/float64(c.seconds))
	return []figure{
		{name + ": times the decoder's speed", floor.Wall.Seconds() / quick.Wall.Seconds(), "×", goal, "goal of the project",
			fmt.Sprintf("%d s of footage, %.0f %% of it decoded; ffmpeg -f null %.1f s of processor time, full coverage %.1f s, triage %.1f s",
				c.seconds, decoded, floor.CPU.Seconds(), full.CPU.Seconds(), quick.CPU.Seconds())},
		{name + ": objects of full coverage found", share, "%", "99.5", "goal of the project",
			fmt.Sprintf("%d of %d: half of the path or more, at an overlap of .5; %s", again, len(full.found), quick.triage.Why)},
	}, nil
}

// foundAgain counts the tracks of one analysis that another has too: half of
// the path or more lies in one track of the other, at an overlap of .5.
func foundAgain(want, got []score.Track) int {
	n := 0
	for _, w := range want {
		for _, g := range got {
			if g.StartUS > w.EndUS || g.EndUS < w.StartUS {
				continue
			}
			same := 0
			for _, p := range w.Path {
				if b, ok := at(g, p[0]); ok && overlap(b, p) >= .5 {
					same++
				}
			}
			if 2*same >= len(w.Path) {
				n++
				break
			}
		}
	}
	return n
}

// at is the point of a path nearest to a time, when it is near.
func at(t score.Track, us float64) ([5]float64, bool) {
	i := sort.Search(len(t.Path), func(i int) bool { return t.Path[i][0] >= us })
	best, far := [5]float64{}, float64(200*time.Millisecond/time.Microsecond)
	ok := false
	for _, k := range []int{i - 1, i} {
		if k < 0 || k >= len(t.Path) {
			continue
		}
		if d := max(t.Path[k][0]-us, us-t.Path[k][0]); d <= far {
			best, far, ok = t.Path[k], d, true
		}
	}
	return best, ok
}

// overlap is the intersection over the union of two boxes of a path.
func overlap(a, b [5]float64) float64 {
	w := min(a[1]+a[3], b[1]+b[3]) - max(a[1], b[1])
	h := min(a[2]+a[4], b[2]+b[4]) - max(a[2], b[2])
	if w <= 0 || h <= 0 {
		return 0
	}
	return w * h / (a[3]*a[4] + b[3]*b[4] - w*h)
}
