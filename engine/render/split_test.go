package render

import (
	"math"
	"testing"

	"posteriori/engine/frame"
	"posteriori/engine/media"
	"posteriori/engine/scene"
	"posteriori/engine/wire"
)

// boxOf is the box of a person in the middle of the stage, moved by (dx, dy).
func boxOf(dx, dy float64) scene.Box {
	return scene.Box{X: actX + dx - 38, Y: actY + dy - 100, W: 76, H: 205}
}

// no is no shadow.
func no(int, int) float64 { return 1 }

// place puts the act's object at box, with one mask.
func (a *act) place(t *testing.T, box scene.Box, opacity func(i, j int) float64) {
	path := scene.Path{{TUS: 0, Box: box}, {TUS: 2 * second, Box: box}}
	a.job.Tubes[0].Path = blob(t, a.job, scene.PackPath(path))
	a.job.Tubes[0].Masks = blob(t, a.job, scene.PackMasks([]scene.Mask{maskOf(940_000, opacity, no)}))
}

// seen is which share of the samples in which somebody is alone shows, in got,
// the source and not the place behind.
func (a *act) seen(opacity, but func(i, j int) float64, in func(i, j int) bool) float64 {
	n, of := 0, 0
	for j := range stageH {
		for i := range stageW {
			if opacity(i, j) < 1 || but(i, j) > 0 || !in(i, j) {
				continue
			}
			of++
			if math.Abs(float64(a.under.Y.Row(j)[i])-float64(a.source.Y.Row(j)[i])) < 16 {
				n++
			}
		}
	}
	return float64(n) / float64(max(of, 1))
}

// nobody has no opacity.
func nobody(int, int) float64 { return 0 }

// empty is the act with an empty place to lay the cut-out over.
func (a *act) empty() *act {
	a.under = stage(1)
	for i, v := range a.under.Y.Pix { // lighter than anybody, and not as the source's
		a.under.Y.Pix[i] = byte(min(235, int(v)+40))
	}
	return a
}

// A track whose box ends at the hips, as that of a bicycle does, shows all that
// moves with it.
func TestRiderIsWhole(t *testing.T) {
	a := newAct(t).empty()
	whole, box := person(actX, actY), boxOf(0, 0)
	box.Y, box.H = actY, 105
	a.place(t, box, whole)
	a.play(t)
	for _, part := range []struct {
		name     string
		from, to float64
	}{{"head", -100, -55}, {"trunk", -50, 30}, {"legs", 30, 105}} {
		s := a.seen(whole, nobody, func(_, j int) bool { return float64(j) > actY+part.from && float64(j) < actY+part.to })
		t.Logf("of the %s %.0f %% is seen", part.name, 100*s)
		if s < .95 { // 0 of the head where the cut-out keeps to the box
			t.Errorf("of the %s %.0f %% is seen", part.name, 100*s)
		}
	}
}

// Of two who stand side by side, arm in arm, the one whose track is shown is
// whole and the other is not there: the border runs between them, not where a
// box ends.
func TestBorderRunsBetween(t *testing.T) {
	for _, dx := range []float64{56, 66, -60} {
		a := newAct(t).empty()
		us, them := person(actX, actY), person(actX+dx, actY-2)
		put(a.source, them, no, wear(60, actY))
		put(a.source, us, no, wear(70, actY))
		both := func(i, j int) float64 { return max(us(i, j), them(i, j)) }
		box := boxOf(dx/4, 0) // boxes of those who touch are too wide
		box.X, box.W = box.X-6, box.W+12
		a.place(t, box, both)
		beside := scene.Path{{TUS: 0, Box: boxOf(dx, -2)}, {TUS: 2 * second, Box: boxOf(dx, -2)}}
		b := wire.RenderBeside{ToUS: 2 * second, Path: blob(t, a.job, scene.PackPath(beside))}
		a.job.Beside = append(a.job.Beside, b)
		a.play(t)
		ours, theirs := a.seen(us, them, always), a.seen(them, us, always)
		t.Logf("%3.0f samples apart: of the one shown %.0f %% is seen, of the other %.0f %%", dx, 100*ours, 100*theirs)
		if ours < .93 || theirs > .12 {
			t.Errorf("%3.0f samples apart: of the one shown %.0f %% is seen, of the other %.0f %%", dx, 100*ours, 100*theirs)
		}
	}
}

func always(int, int) bool { return true }

// Two who are shown together are not taken apart, and neither are two of whom
// one half hides the other; two who are shown at different times, and only touch,
// are.
func TestTogetherIsWhole(t *testing.T) {
	for _, c := range []struct {
		name      string
		dx        float64
		later     int64 // output frames by which the other is shown later
		least, at float64
	}{
		{"shown together", 60, 0, .97, 1},
		{"half hidden", 30, 100, .97, 1},
		{"only touching", 66, 100, 0, .15},
	} {
		a := newAct(t).empty()
		us, them := person(actX, actY), person(actX+c.dx, actY-4)
		put(a.source, them, no, wear(60, actY))
		put(a.source, us, no, wear(70, actY))
		both := func(i, j int) float64 { return max(us(i, j), them(i, j)) }
		a.place(t, boxOf(0, 0), both)
		other := a.job.Tubes[0]
		path := scene.Path{{TUS: 0, Box: boxOf(c.dx, -4)}, {TUS: 2 * second, Box: boxOf(c.dx, -4)}}
		other.Path = blob(t, a.job, scene.PackPath(path))
		other.Plays = []wire.RenderPlay{{Start: c.later, Frames: 1, FromUS: 900_000, ToUS: 1_000_000}}
		a.job.Tubes = append(a.job.Tubes, other)
		a.job.Frames = 200

		r, err := newRenderer(a.job, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer r.close()
		cutter := cutter{r: r, shows: r.showings(0)}
		if err := cutter.cut(&media.Frame{TUS: 940_000, Full: &a.source}, 980_000); err != nil {
			t.Fatal(err)
		}
		if err := cutter.finish(); err != nil {
			t.Fatal(err)
		}
		for i := range r.spool.cuts {
			if k := &r.spool.cuts[i]; k.first == 0 {
				if err := r.paste(a.under, k); err != nil {
					t.Fatal(err)
				}
			}
		}
		s := a.seen(them, us, always)
		t.Logf("%s: of the other %.0f %% is seen", c.name, 100*s)
		if s < c.least || s > c.at {
			t.Errorf("%s: of the other %.0f %% is seen", c.name, 100*s)
		}
		if s := a.seen(us, nobody, always); s < .95 {
			t.Errorf("%s: of itself %.0f %% is seen", c.name, 100*s)
		}
	}
}

// Who stands behind, is no track, and reaches further than a head or a leg would,
// is not shown cut off in the middle: not at all, where he is beside the box.
func TestStrangerIsNotCutInTwo(t *testing.T) {
	a := newAct(t).empty()
	us, them := person(actX, actY), person(actX+50, actY-90)
	put(a.source, them, no, wear(60, actY-90))
	put(a.source, us, no, wear(70, actY))
	a.place(t, boxOf(0, 0), us)
	a.play(t)
	box := boxOf(0, 0)
	out := a.seen(them, us, func(i, j int) bool { return float64(j) < box.Y-4 || float64(i) > box.X+box.W+4 })
	t.Logf("of itself %.0f %% is seen, of who stands behind, beside the box, %.0f %%", 100*a.seen(us, nobody, always), 100*out)
	if out > .05 || a.seen(us, nobody, always) < .97 {
		t.Errorf("of itself %.0f %% is seen, of who stands behind, beside the box, %.0f %%", 100*a.seen(us, nobody, always), 100*out)
	}
}

// What a camera shows that has moved a little since its background was kept is
// laid where the background has it: no line of the scene stands beside itself.
func TestMovedCameraLeavesNoSmears(t *testing.T) {
	const dx, dy = 6, -4
	lined := func(light float64) frame.YUV {
		y := stage(light)
		for j := range stageH {
			for i := range stageW {
				if (i+j)%60 < 5 || (i-2*j+2000)%110 < 5 {
					y.Y.Row(j)[i] = byte(230 * light)
				}
			}
		}
		return y
	}
	a := newActAt(t, lined)
	whole := person(actX, actY)
	a.under, a.ideal = lined(1), lined(1)
	put(a.ideal, whole, no, wear(70, actY))
	was := lined(1)
	put(was, whole, no, wear(70, actY))
	moved := frame.NewYUV(stageW, stageH)
	for j := range stageH {
		for i := range stageW {
			u, v := min(max(i-dx, 0), stageW-1), min(max(j-dy, 0), stageH-1)
			moved.Y.Row(j)[i] = was.Y.Row(v)[u]
			moved.U.Row(j / 2)[i/2], moved.V.Row(j / 2)[i/2] = was.U.Row(v / 2)[u/2], was.V.Row(v / 2)[u/2]
		}
	}
	a.source = noisy(moved)
	box := boxOf(dx, dy)
	a.place(t, box, person(actX+dx, actY+dy))
	got := a.play(t)
	worst := 0
	for j := range stageH {
		for i := range stageW {
			if d := math.Abs(float64(got.Y.Row(j)[i]) - float64(a.ideal.Y.Row(j)[i])); d > 40 {
				worst++
			}
		}
	}
	t.Logf("%d samples differ", worst)
	if worst > 120 { // 3,600 where it is laid where the camera shows it
		t.Errorf("%d samples differ from the person before the background", worst)
	}
}
