package align

import (
	"image"
	"math"
	"testing"

	"pgregory.net/rapid"

	"posteriori/engine/frame"
)

// street is a picture with corners everywhere, as if the camera stood further
// left and up by (dx, dy); light and noise as told, a bright object over box.
func street(dx, dy, light float64, noise uint32, box image.Rectangle) frame.Plane {
	p := frame.NewPlane(320, 240)
	seed := noise*2654435761 + 1
	for y := range p.H {
		for x := range p.W {
			u, v := float64(x)-dx, float64(y)-dy
			s := lattice(u/11, v/11)
			if image.Pt(x, y).In(box) {
				s = 230
			}
			seed = seed*1664525 + 1013904223
			p.Row(y)[x] = byte(min(max(s*light+float64(seed>>30)-1.5, 0), 255))
		}
	}
	return p
}

// lattice is a smooth surface through a random value at every whole place.
func lattice(u, v float64) float64 {
	x, y := math.Floor(u), math.Floor(v)
	at := func(i, j float64) float64 {
		h := uint32(int32(x+i)*73856093) ^ uint32(int32(y+j)*19349663)
		h = (h ^ h>>15) * 2246822519
		return 40 + float64((h^h>>13)&127)
	}
	soft := func(f float64) float64 { return f * f * (3 - 2*f) }
	f, g := soft(u-x), soft(v-y)
	return (at(0, 0)*(1-f)+at(1, 0)*f)*(1-g) + (at(0, 1)*(1-f)+at(1, 1)*f)*g
}

// A shift is told to a tenth of a sample or so, in other light and with a large
// object before the scene, also from afar and in a part of the picture.
func TestShift(t *testing.T) {
	ref := New(street(0, 0, 1, 1, image.Rectangle{}), nil)
	var all, known, unknown int // where it is told, the object being known or not
	rapid.Check(t, func(t *rapid.T) {
		dx, dy := rapid.Float64Range(-12, 12).Draw(t, "dx"), rapid.Float64Range(-12, 12).Draw(t, "dy")
		object := image.Rect(0, 0, 60, 80).Add(image.Pt(rapid.IntRange(0, 250).Draw(t, "x"), rapid.IntRange(0, 160).Draw(t, "y")))
		pic := street(dx, dy, rapid.Float64Range(.8, 1.2).Draw(t, "light"), 7, object)
		at := image.Pt(rapid.IntRange(0, 40).Draw(t, "left"), rapid.IntRange(0, 30).Draw(t, "top"))
		pic.Pix = pic.Pix[at.Y*pic.Stride+at.X:]
		pic.W, pic.H = pic.W-at.X, pic.H-at.Y
		x, y, ok := ref.Shift(pic, at, 0, 0, true, []image.Rectangle{object.Sub(at)})
		if all++; ok {
			known++
		}
		if ok && (math.Abs(x-dx) > .15 || math.Abs(y-dy) > .15) {
			t.Fatalf("(%.2f,%.2f), want (%.2f,%.2f)", x, y, dx, dy)
		}
		x, y, ok = ref.Shift(pic, at, dx+.8, dy-.6, false, nil) // the object not known
		if ok && (math.Abs(x-dx) > .3 || math.Abs(y-dy) > .3) {
			t.Fatalf("from near (%.2f,%.2f), want (%.2f,%.2f)", x, y, dx, dy)
		}
		if ok {
			unknown++
		}
	})
	if known*100 < all*97 || unknown*10 < all*9 { // what hides nearly all may leave it untold
		t.Errorf("of %d shifts %d are told, %d where the object is not known", all, known, unknown)
	}
}

// Where few patches can be seen, by an object in their way and a picture that is
// cut, places at which as few are alike by chance do not come first.
func TestFewInView(t *testing.T) {
	object := image.Rect(160, 50, 220, 130)
	pic := street(1, 1, 1.2, 7, object)
	at := image.Pt(0, 12)
	pic.Pix = pic.Pix[at.Y*pic.Stride:]
	pic.H -= at.Y
	x, y, ok := New(street(0, 0, 1, 1, image.Rectangle{}), nil).Shift(pic, at, 0, 0, true, []image.Rectangle{object.Sub(at)})
	if !ok || math.Abs(x-1) > .15 || math.Abs(y-1) > .15 {
		t.Errorf("(%.2f,%.2f) %v, want (1,1)", x, y, ok)
	}
}

// Another scene, an empty one and one without corners tell no shift.
func TestNothingToTell(t *testing.T) {
	flat := frame.NewPlane(320, 240)
	ref := New(street(0, 0, 1, 1, image.Rectangle{}), nil)
	other := street(0, 0, 1, 3, image.Rectangle{})
	for y := range other.H { // upside down
		copy(other.Row(y), street(0, 0, 1, 4, image.Rectangle{}).Row(other.H-1-y))
	}
	for name, pic := range map[string]frame.Plane{"flat": flat, "other": other, "tiny": frame.NewPlane(8, 8)} {
		if x, y, ok := ref.Shift(pic, image.Point{}, 0, 0, false, nil); ok {
			t.Errorf("%s: shifted by (%.1f,%.1f)", name, x, y)
		}
	}
	if _, _, ok := New(flat, nil).Shift(flat, image.Point{}, 0, 0, true, nil); ok {
		t.Error("a picture of nothing tells a shift")
	}
	if n := len(New(frame.NewPlane(3, 2), nil).patches); n != 0 {
		t.Errorf("%d patches in a picture of 3×2", n)
	}
}

func BenchmarkShift(b *testing.B) {
	ref, pic := New(street(0, 0, 1, 1, image.Rectangle{}), nil), street(.3, .2, 1, 2, image.Rectangle{})
	for b.Loop() {
		ref.Shift(pic, image.Point{}, 0, 0, false, nil)
	}
}

func BenchmarkNew(b *testing.B) {
	pic := frame.NewPlane(1920, 1080)
	for b.Loop() {
		New(pic, nil)
	}
}
