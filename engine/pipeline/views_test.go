package pipeline

import (
	"context"
	"testing"

	"posteriori/engine/scene"
	"posteriori/engine/track"
	"posteriori/engine/wire"
)

// four are four grey pictures; in the upper left one a walker comes from the
// left and leaves at the seam as another walks on from it in the next.
const four = "color=0x404040:s=320x180:r=25:d=6[a];color=0x707070:s=320x180:r=25:d=6[b];color=0x909090:s=320x180:r=25:d=6[c];" +
	"color=0xb0b0b0:s=320x180:r=25:d=6[d];[a][b][c][d]xstack=inputs=4:layout=0_0|w0_0|0_h0|w0_h0[m];" +
	"color=white:s=24x44:r=25:d=6[p];[m][p]overlay=x=60+88*t:y=70,noise=alls=3"

func runQuarters(t *testing.T, path string, quarters bool) answer {
	t.Helper()
	p := planned(t, path, 60_000_000)
	probe := *p
	probe.Chunks, probe.Gaps = nil, nil
	var out answer
	job := wire.AnalyseJob{Probe: probe, Chunks: p.Chunks, Params: wire.Params{Quarters: quarters}, Engine: wire.Engine{Device: "cpu", Threads: 1}}
	err := Run(context.Background(), path, job, nil, func(_ wire.Kind, body any) error {
		switch v := body.(type) {
		case wire.TrackMsg:
			out.Tracks = append(out.Tracks, v)
		case wire.ChunkEnd:
			out.End = v
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestQuartersApart: the same file, read as one picture, has one walker who
// crosses the seam; as four pictures, two who do not. The coverage says what
// the picture seems to be, and how it was read.
func TestQuartersApart(t *testing.T) {
	path := clip(t, "four.mp4", four, "-c:v", "libx264", "-preset", "ultrafast")
	crossing := func(a answer) (n, across int) {
		for _, m := range a.Tracks {
			p, err := scene.UnpackPath(m.Track.Path)
			if err != nil {
				t.Fatal(err)
			}
			from, to := p[0].Box.Center().X, p[len(p)-1].Box.Center().X
			if from < 310 && to > 330 {
				across++
			}
		}
		return len(a.Tracks), across
	}
	whole, apart := runQuarters(t, path, false), runQuarters(t, path, true)
	if n, across := crossing(whole); n == 0 || across != 1 {
		t.Errorf("one picture: %d tracks, %d across the seam; want one that crosses", n, across)
	}
	if n, across := crossing(apart); n != 2 || across != 0 {
		t.Errorf("four pictures: %d tracks, %d across the seam; want 2 and none", n, across)
	}
	for _, c := range []struct {
		a    answer
		want string
	}{{whole, splitSeen}, {apart, splitApart}} {
		said := false
		for _, s := range c.a.End.Coverage {
			said = said || s.Kind == scene.Seen && s.Reason == c.want
		}
		if !said {
			t.Errorf("the coverage %v does not say %q", c.a.End.Coverage, c.want)
		}
	}
}

// TestViewsGiveNumbersAndPlacesOfTheWhole: a track of the lower right quarter.
func TestViewsGiveNumbersAndPlacesOfTheWhole(t *testing.T) {
	v := newViews(640, 360, 480, true)
	seen := map[int64]bool{}
	for i := range int64(50) {
		at := i * 40_000
		box := func(x, y float64) scene.Box { return scene.Box{X: x + 4*float64(i), Y: y, W: 30, H: 60} }
		v.Step(track.Frame{TUS: at, Trusted: true, Blobs: []track.Blob{
			{Box: box(20, 60), Fill: .8, Area: 1400}, {Box: box(360, 260), Fill: .8, Area: 1400},
		}})
		for _, k := range v.Live() {
			seen[k.ID] = true
			if i > 10 && k.Box.IoU(box(20, 60)) < .5 && k.Box.IoU(box(360, 260)) < .5 {
				t.Fatalf("track %d is at %v in step %d", k.ID, k.Box, i)
			}
		}
	}
	done := v.Flush()
	if len(done) != 2 || done[0].ID == done[1].ID || !seen[done[0].ID] || !seen[done[1].ID] {
		t.Fatalf("%d tracks of the numbers seen %v", len(done), seen)
	}
	if p := done[1].Path; p[len(p)-1].Box.X < 500 || p[len(p)-1].Box.Y < 240 {
		t.Errorf("the lower one ends at %v", p[len(p)-1].Box)
	}
}

// TestSeamsDoNotSmear: what ends at a seam shines over it by a sample of the
// motion plane, and is nothing there.
func TestSeamsDoNotSmear(t *testing.T) {
	v := newViews(640, 360, 480, true)
	for i := range int64(40) {
		x := 250 + float64(i)
		v.Step(track.Frame{TUS: i * 40_000, Trusted: true, Blobs: []track.Blob{{Box: scene.Box{X: x, Y: 100, W: 322 - x, H: 40}, Fill: .8, Area: 1000}}})
		for _, k := range v.Live() {
			if k.Box.X >= 320 {
				t.Fatalf("a track at %v", k.Box)
			}
		}
	}
}
