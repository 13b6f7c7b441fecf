package scene

import (
	"errors"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// genPath draws paths on the eighth-pixel grid, which packing keeps exactly.
func genPath(t *rapid.T) Path {
	n := rapid.IntRange(0, 60).Draw(t, "n")
	var p Path
	at := rapid.Int64Range(-5_000_000, 1<<50).Draw(t, "t0")
	grid := func(name string, lo, hi int) float64 {
		return float64(rapid.IntRange(lo*8, hi*8).Draw(t, name)) / 8
	}
	for range n {
		p = append(p, PathPoint{TUS: at, Interpolated: rapid.Bool().Draw(t, "interp"), Box: Box{
			X: grid("x", -5000, 5000), Y: grid("y", -5000, 5000), W: grid("w", 0, 4000), H: grid("h", 0, 4000),
		}})
		at += rapid.Int64Range(1, 10_000_000).Draw(t, "dt")
	}
	return p
}

func TestPathRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := genPath(t)
		got, err := UnpackPath(PackPath(want))
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Fatal(d)
		}
	})
}

func TestPackPathRoundsAndRepairs(t *testing.T) {
	got, err := UnpackPath(PackPath(Path{
		{TUS: 10, Box: Box{X: 1.06, Y: math.NaN(), W: -3, H: math.Inf(1)}},
		{TUS: 10, Box: Box{X: 9}},
		{TUS: 11, Box: Box{X: 2}},
	}))
	if err != nil {
		t.Fatal(err)
	}
	want := Path{{TUS: 10, Box: Box{X: 1, H: maxCoord / 8}}, {TUS: 11, Box: Box{X: 2}}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestPackPathIsSmall(t *testing.T) {
	var p Path
	for i := range 1000 {
		p = append(p, PathPoint{TUS: int64(i) * 200_000, Box: Box{X: float64(i) * 3, Y: 100, W: 40, H: 80}})
	}
	if n := len(PackPath(p)); n > 5*len(p)+20 {
		t.Errorf("1000 even points take %d bytes", n)
	}
}

func genMask(t *rapid.T) Mask {
	m := Mask{
		TUS: rapid.Int64Range(-1<<40, 1<<40).Draw(t, "t"),
		X:   rapid.IntRange(-500, 500).Draw(t, "x"), Y: rapid.IntRange(-500, 500).Draw(t, "y"),
		W: rapid.IntRange(1, 40).Draw(t, "w"), H: rapid.IntRange(1, 40).Draw(t, "h"),
	}
	n := (m.W + 7) / 8 * m.H
	if rapid.Bool().Draw(t, "smooth") {
		m.Bits = make([]byte, n)
		for i := n / 3; i < n; i++ {
			m.Bits[i] = 0xFF
		}
	} else {
		m.Bits = rapid.SliceOfN(rapid.Byte(), n, n).Draw(t, "bits")
	}
	m.Bits = tidyBits(m)
	return m
}

func TestMasksRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.SliceOfN(rapid.Custom(genMask), 0, 8).Draw(t, "masks")
		got, err := UnpackMasks(PackMasks(want))
		if err != nil {
			t.Fatal(err)
		}
		if len(want) == 0 {
			want = nil
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Fatal(d)
		}
	})
}

func TestPackMasksShortBitsAndNoSamples(t *testing.T) {
	got, err := UnpackMasks(PackMasks([]Mask{{W: 0, H: 3}, {TUS: 5, W: 9, H: 2, Bits: []byte{0xFF}}}))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]Mask{{TUS: 5, W: 9, H: 2, Bits: []byte{0xFF, 0, 0, 0}}}, got); d != "" {
		t.Error(d)
	}
}

// A few bytes that claim gigabytes of masks must be refused.
func TestUnpackMasksIsBounded(t *testing.T) {
	one := PackMasks([]Mask{{W: maxMaskSide, H: maxMaskSide}})
	bomb := append([]byte{}, one...)
	for range 300 {
		bomb = append(bomb, one[1:]...)
	}
	if _, err := UnpackMasks(bomb); !errors.Is(err, ErrPacked) {
		t.Errorf("%d bytes of blank masks: %v", len(bomb), err)
	}
}

func TestTimesRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var want []int64
		for range rapid.IntRange(0, 5).Draw(t, "runs") {
			at := rapid.Int64().Draw(t, "base")
			num := rapid.Int64Range(-90_000, 9_000_000).Draw(t, "num")
			den := rapid.Int64Range(1, 100).Draw(t, "den")
			for i := range rapid.Int64Range(1, 200).Draw(t, "n") {
				want = append(want, at+i*num/den)
			}
		}
		want = append(want, rapid.SliceOfN(rapid.Int64(), 0, 10).Draw(t, "wild")...)
		got, err := UnpackTimes(PackTimes(want))
		if err != nil {
			t.Fatal(err)
		}
		if len(want) == 0 {
			want = nil
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Fatal(d)
		}
	})
}

// Rates whose frame distance is no whole microsecond are still a few runs,
// rounded down or to the nearest, from any first frame.
func TestPackTimesConstantRates(t *testing.T) {
	for _, rate := range [][2]int64{{25, 1}, {30000, 1001}, {24000, 1001}, {60000, 1001}, {15, 1}, {7, 1}, {12500, 1000}} {
		for _, half := range []int64{0, 1} {
			var ts []int64
			for i := int64(17); i < 20_017; i++ {
				ts = append(ts, (2*i*1_000_000*rate[1]+half*rate[0])/(2*rate[0]))
			}
			if n := len(PackTimes(ts)); n > 100 {
				t.Errorf("20000 frames at %d/%d (half %d) take %d bytes", rate[0], rate[1], half, n)
			}
		}
	}
}

func TestUnpackTimesIsBounded(t *testing.T) {
	bomb := []byte{timesFormat, 0, 0xF0, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 2}
	if _, err := UnpackTimes(bomb); !errors.Is(err, ErrPacked) {
		t.Errorf("a billion frames in nine bytes: %v", err)
	}
}

func FuzzUnpackPath(f *testing.F) {
	f.Add(PackPath(Path{{TUS: 1, Box: Box{1, 2, 3, 4}}, {TUS: 40_001, Box: Box{2, 2, 3, 4}, Interpolated: true}}))
	f.Add([]byte{pathFormat, 0xFF, 0xFF, 0xFF})
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := UnpackPath(data)
		if err != nil {
			return
		}
		again, err := UnpackPath(PackPath(p))
		if d := cmp.Diff(p, again); err != nil || d != "" {
			t.Errorf("packed again: %v %s", err, d)
		}
	})
}

func FuzzUnpackMasks(f *testing.F) {
	f.Add(PackMasks([]Mask{{TUS: 3, X: 1, Y: 2, W: 9, H: 2, Bits: []byte{1, 128, 255, 0}}, {W: 64, H: 64}}))
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 1<<12 {
			return
		}
		ms, err := UnpackMasks(data)
		if err != nil {
			return
		}
		again, err := UnpackMasks(PackMasks(ms))
		if d := cmp.Diff(ms, again); err != nil || d != "" {
			t.Errorf("packed again: %v %s", err, d)
		}
	})
}

func FuzzUnpackTimes(f *testing.F) {
	f.Add(PackTimes([]int64{0, 40_000, 80_000, 120_000, 500_000, 500_001, -3}))
	f.Fuzz(func(t *testing.T, data []byte) {
		ts, err := UnpackTimes(data)
		if err != nil || len(ts) > 1<<16 {
			return
		}
		again, err := UnpackTimes(PackTimes(ts))
		if d := cmp.Diff(ts, again); err != nil || d != "" {
			t.Errorf("packed again: %v %s", err, d)
		}
	})
}
