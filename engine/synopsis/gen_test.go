package synopsis

import (
	"math/rand/v2"

	"pgregory.net/rapid"

	"posteriori/engine/scene"
	"posteriori/engine/wire"
)

func recording(id, camera string, durationUS int64) Recording {
	return Recording{
		ID: id, Name: id + ".mp4", SHA256: "00" + id, Path: "/none/" + id, Camera: camera,
		Probe: wire.Probe{Width: 640, Height: 360, DurationUS: durationUS, FrameUS: 40_000,
			TimeBase: wire.Rational{Num: 1, Den: 12800}, FirstPTS: 512},
		PlaneW: 320, PlaneH: 180,
	}
}

// mover is a tube on a straight way, w×h pixels, that stops for stopUS in
// the middle of it.
func mover(rec int, track, startUS, moveUS, stopUS int64, x0, y0, x1, y1, w, h float64) Tube {
	t := Tube{Recording: rec, Track: track, Class: scene.Person, StartUS: startUS, EndUS: startUS + moveUS + stopUS}
	for us := int64(0); us <= moveUS+stopUS; us += 40_000 {
		moved := us
		if us > moveUS/2 {
			moved = max(moveUS/2, us-stopUS)
		}
		f := float64(moved) / float64(max(moveUS, 1))
		t.Path = append(t.Path, scene.PathPoint{TUS: startUS + us, Box: scene.Box{X: x0 + (x1-x0)*f, Y: y0 + (y1-y0)*f, W: w, H: h}})
	}
	t.EndUS = t.Path[len(t.Path)-1].TUS
	return t
}

// boxMasks gives a tube full masks twice a second.
func boxMasks(t Tube) Tube {
	for us := t.StartUS; us <= t.EndUS; us += 500_000 {
		b := boxAt(t.Path, us).Clamp(640, 360)
		m := scene.Mask{TUS: us, X: int(b.X / 2), Y: int(b.Y / 2), W: max(1, int(b.W/2)), H: max(1, int(b.H/2))}
		m.Bits = make([]byte, (m.W+7)/8*m.H)
		for i := range m.Bits {
			m.Bits[i] = 0xff
		}
		if pad := (8 - m.W%8) % 8; pad > 0 {
			for y := range m.H {
				m.Bits[(y+1)*((m.W+7)/8)-1] <<= pad
			}
		}
		t.Masks = append(t.Masks, m)
	}
	return t
}

// genTubes draws a street: up to three recordings of one or two cameras.
func genTubes(t *rapid.T) ([]Recording, []Tube) {
	n := rapid.IntRange(1, 3).Draw(t, "recordings")
	recs := make([]Recording, n)
	for i := range recs {
		recs[i] = recording(string(rune('a'+i)), rapid.SampledFrom([]string{"north", "south"}).Draw(t, "camera"), 600*second)
		if rapid.Bool().Draw(t, "clock") {
			recs[i].HasClock, recs[i].ClockUS = true, 1_700_000_000*second+int64(i)*900*second
		}
		if rapid.Bool().Draw(t, "plates") {
			recs[i].Plates = []int64{0, 200 * second, 400 * second}
		}
	}
	coord := rapid.Float64Range(0, 1)
	var tubes []Tube
	for i := range rapid.IntRange(1, 25).Draw(t, "tubes") {
		tube := mover(rapid.IntRange(0, n-1).Draw(t, "rec"), int64(i+1),
			rapid.Int64Range(0, 500*second).Draw(t, "start"), rapid.Int64Range(0, 20*second).Draw(t, "move"),
			rapid.SampledFrom([]int64{0, 0, 6 * second, 70 * second}).Draw(t, "stop"),
			600*coord.Draw(t, "x0"), 300*coord.Draw(t, "y0"), 600*coord.Draw(t, "x1"), 300*coord.Draw(t, "y1"),
			4+100*coord.Draw(t, "w"), 4+100*coord.Draw(t, "h"))
		if rapid.Bool().Draw(t, "masks") {
			tube = boxMasks(tube)
		}
		tubes = append(tubes, tube)
	}
	return recs, tubes
}

// street is many tubes on a few lanes, as of a busy street, for scale.
func street(n int, seed uint64) ([]Recording, []Tube) {
	rng := rand.New(rand.NewPCG(seed, 2))
	recs := []Recording{recording("a", "north", 86_400*second)}
	var tubes []Tube
	for i := range n {
		start := int64(float64(i) / float64(n) * 86_000 * float64(second))
		y := 60 + float64(rng.IntN(8))*32 + rng.Float64()*6
		x0, x1 := -20., 620.
		if rng.IntN(2) == 0 {
			x0, x1 = x1, x0
		}
		h := 12 + y/8
		tubes = append(tubes, mover(0, int64(i+1), start, 5*second+rng.Int64N(10*second), 0, x0, y, x1, y+rng.Float64()*20-10, h/2, h))
	}
	return recs, tubes
}
