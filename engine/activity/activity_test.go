package activity

import (
	"bytes"
	"encoding/xml"
	"errors"
	"image/png"
	"io"
	"math"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"posteriori/engine/scene"
)

func at(s string) *int64 {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		panic(err)
	}
	us := t.UnixMicro()
	return &us
}

func recording(clock *int64) Recording {
	return Recording{Camera: "gate", Width: 640, Height: 360, Clock: clock}
}

func track(c scene.Class, from, to time.Duration) scene.Track {
	t := scene.Track{Class: c, StartUS: from.Microseconds(), EndUS: to.Microseconds()}
	for us := t.StartUS; us <= t.EndUS; us += 500_000 {
		t.Path = append(t.Path, scene.PathPoint{TUS: us, Box: scene.Box{X: 300, Y: 100, W: 40, H: 80}})
	}
	return t
}

// The night the clocks go back has twenty-five hours, the repeated one twice.
func TestLongNight(t *testing.T) {
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Skip("no time zones on this machine")
	}
	a := New(paris)
	r := recording(at("2025-10-25T22:00:00Z")) // midnight, in Paris
	a.Saw(r, 0, (25 * time.Hour).Microseconds())
	a.Add(r, track(scene.Person, 2*time.Hour+5*time.Minute, 2*time.Hour+6*time.Minute)) // 02:05 summer time
	a.Add(r, track(scene.Car, 3*time.Hour+5*time.Minute, 3*time.Hour+6*time.Minute))    // 02:05 winter time
	bins, length := a.Hours()
	if length != time.Hour || len(bins) < 25 {
		t.Fatalf("%d bins of %v", len(bins), length)
	}
	if s := bins[2].Start.Format("15:04 -0700"); s != "02:00 +0200" || bins[2].Objects[scene.Person] != 1 || len(bins[2].Objects) != 1 {
		t.Errorf("%s: %v", s, bins[2].Objects)
	}
	if s := bins[3].Start.Format("15:04 -0700"); s != "02:00 +0100" || bins[3].Objects[scene.Car] != 1 || len(bins[3].Objects) != 1 {
		t.Errorf("%s: %v", s, bins[3].Objects)
	}
	var svg bytes.Buffer
	if err := a.Sheet("t", "s", "", false).WriteSVG(&svg); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(svg.String(), "+01:00") || !strings.Contains(svg.String(), "+02:00") {
		t.Error("the change of the clocks is not written")
	}
}

// Every track counts in each bin it was in, whatever the clocks; what was seen
// is a share; the heat is the time that was spent in the picture.
func TestCounts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := New(time.UTC)
		some, none := recording(at("2025-05-03T10:20:00Z")), recording(nil)
		hours := rapid.IntRange(1, 400).Draw(t, "hours")
		whole := time.Duration(hours) * time.Hour
		a.Saw(some, 0, whole.Microseconds())
		a.Saw(some, 0, whole.Microseconds()/2) // seen twice is seen once
		n, clockless, spent := rapid.IntRange(0, 12).Draw(t, "n"), 0, 0.
		for range n {
			from := time.Duration(rapid.Int64Range(0, int64(whole-time.Minute)).Draw(t, "from")).Truncate(time.Microsecond)
			tr := track(scene.Car, from, from+10*time.Second)
			r := some
			if rapid.Bool().Draw(t, "clockless") {
				r = none
				clockless++
			}
			a.Add(r, tr)
			spent += 10
		}
		bins, length := a.Hours()
		if a.NoClock != clockless {
			t.Fatalf("%d left out, not %d", a.NoClock, clockless)
		}
		sum, seen := 0, 0.
		for i, b := range bins {
			sum += b.Objects[scene.Car]
			seen += b.Seen * length.Seconds()
			if b.Seen > 1.0001 || i > 0 && b.Start.Sub(bins[i-1].Start) != length {
				t.Fatalf("bin %d: %+v of %v", i, b, length)
			}
		}
		if sum < n-clockless || sum > 2*(n-clockless) {
			t.Fatalf("%d counted of %d", sum, n-clockless)
		}
		if d := seen - whole.Seconds(); d > 1 || d < -1 {
			t.Fatalf("%g s seen of %v", seen, whole)
		}
		heat := 0.
		for _, v := range a.Views {
			for _, s := range v.Heat {
				heat += s
			}
		}
		if d := heat - spent; d > .1*float64(n)+.01 || d < -.1*float64(n)-.01 {
			t.Fatalf("%g s of heat, %g spent", heat, spent)
		}
	})
}

// Both drawings are what they claim, also of nothing at all and of hostile names.
func TestDrawings(t *testing.T) {
	for name, fill := range map[string]func(*Activity){
		"nothing": func(*Activity) {},
		"one":     func(a *Activity) { a.Add(recording(nil), track(scene.Person, 0, 3*time.Second)) },
		"hostile": func(a *Activity) {
			r := recording(at("2025-05-03T10:20:00Z"))
			r.Camera = "<script>&\x00"
			a.Add(r, track(scene.Bus, 0, time.Second))
			a.Saw(r, 0, 90_000_000_000)
		},
	} {
		a := New(time.UTC)
		fill(a)
		s := a.Sheet("Activity <1>", "searched", "DÉMONSTRATION", true)
		var svg, pic bytes.Buffer
		if err := s.WriteSVG(&svg); err != nil {
			t.Fatal(err)
		}
		dec := xml.NewDecoder(&svg)
		for {
			tok, err := dec.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if e, ok := tok.(xml.StartElement); ok && e.Name.Local == "script" {
				t.Errorf("%s: a name became an element", name)
			}
		}
		if err := s.WritePNG(&pic); err != nil {
			t.Fatal(err)
		}
		m, err := png.Decode(&pic)
		if w, h := s.size(); err != nil || m.Bounds().Dx() != w || m.Bounds().Dy() != h {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What was not analysed is hatched where it lies in its bar, and a recording that
// ends with a bar has none after it.
func TestUnseenLiesWhereItIs(t *testing.T) {
	clock := time.Date(2026, 3, 2, 13, 0, 0, 0, time.UTC).UnixMicro()
	a := New(time.UTC)
	r := Recording{Camera: "c", Width: 100, Height: 100, Clock: &clock}
	a.Saw(r, 0, 12_000_000)
	a.Saw(r, 14_000_000, 23_000_000)
	bins, length := a.Hours()
	if length != 10*time.Second || len(bins) != 3 {
		t.Fatalf("%d bars of %v", len(bins), length)
	}
	want := [][]Part{nil, {{.2, .4}}, {{.3, 1}}}
	for i, b := range bins {
		if len(b.Unseen) != len(want[i]) {
			t.Fatalf("bar %d: not seen %v, want %v", i, b.Unseen, want[i])
		}
		for k, u := range b.Unseen {
			if math.Abs(u.From-want[i][k].From)+math.Abs(u.To-want[i][k].To) > 1e-9 {
				t.Errorf("bar %d: not seen %v, want %v", i, b.Unseen, want[i])
			}
		}
	}
	b := New(time.UTC)
	b.Saw(r, 0, 150_000_000)
	if bins, _ := b.Hours(); len(bins) != 15 || bins[14].Unseen != nil {
		t.Errorf("150 s have %d bars, of the last %v is not seen", len(bins), bins[len(bins)-1].Unseen)
	}
}
