package synopsis

import (
	"bytes"
	"image"
	"image/jpeg"
	"math"
)

// When two backgrounds of one camera do not show the same scene in the same
// light: what was recorded over the one is not pasted over the other.
const (
	lightApart = 45  // mean luma, of 255: day and night
	greyBelow  = 3   // mean distance of chroma from grey of a picture without colour (infrared at night) …
	colourFrom = 7   // … and of one with
	sameScene  = .45 // least correlation of two pictures of one scene: below, the camera moved
	lookCols   = 32
	lookRows   = 18
	lookEvery  = 30 // plates between two that are looked at in any case
)

// look is what tells backgrounds apart: a picture of 32×18 lumas, its mean,
// its deviation, and how much colour there is.
type look struct {
	luma              [lookCols * lookRows]float64
	mean, dev, colour float64
}

// lookOf reads a plate; false when it is no picture.
func lookOf(plate []byte) (l look, ok bool) {
	img, err := jpeg.Decode(bytes.NewReader(plate))
	if err != nil {
		return l, false
	}
	b := img.Bounds()
	ycc, colour := img.(*image.YCbCr)
	const fine = 4 // looks a cell each way
	for i := range l.luma {
		for k := range fine * fine {
			x := b.Min.X + ((i%lookCols*fine+k%fine)*2+1)*b.Dx()/(2*fine*lookCols)
			y := b.Min.Y + ((i/lookCols*fine+k/fine)*2+1)*b.Dy()/(2*fine*lookRows)
			if !colour {
				r, g, b, _ := img.At(x, y).RGBA()
				l.luma[i] += float64(r+g+b) / (3 * 257 * fine * fine)
				continue
			}
			c := ycc.COffset(x, y)
			l.luma[i] += float64(ycc.Y[ycc.YOffset(x, y)]) / (fine * fine)
			l.colour += math.Hypot(float64(ycc.Cb[c])-128, float64(ycc.Cr[c])-128) / float64(fine*fine*len(l.luma))
		}
	}
	for _, v := range l.luma {
		l.mean += v / float64(len(l.luma))
	}
	for _, v := range l.luma {
		l.dev += (v - l.mean) * (v - l.mean)
	}
	l.dev = math.Sqrt(l.dev)
	return l, true
}

// apart tells whether two looks are of other scenes or of day and night.
func (l *look) apart(o *look) bool {
	if math.Abs(l.mean-o.mean) > lightApart {
		return true
	}
	if min(l.colour, o.colour) < greyBelow && max(l.colour, o.colour) > colourFrom {
		return true
	}
	if l.dev == 0 || o.dev == 0 { // a picture of one grey tells of no place
		return false
	}
	sum := 0.
	for i, v := range l.luma {
		sum += (v - l.mean) * (o.luma[i] - o.mean)
	}
	return sum/(l.dev*o.dev) < sameScene
}

// looks numbers the looks of one camera's backgrounds.
type looks struct{ known []look }

// of is the number of a plate's look: the first of those known that is not
// apart from it, or a new one. A plate that is no picture has the first.
func (k *looks) of(plate []byte) int {
	l, ok := lookOf(plate)
	if !ok {
		return 0
	}
	for i := range k.known {
		if !k.known[i].apart(&l) {
			return i
		}
	}
	k.known = append(k.known, l)
	return len(k.known) - 1
}

// number gives each of a recording's plates its look. Decoding is what it
// costs: plates between two of one look, if they are not too many, are taken
// to have it too; where looks differ, the place of the change is searched.
func (k *looks) number(plates []plate) []int {
	out := make([]int, len(plates))
	for i := range out {
		out[i] = -1
	}
	at := func(i int) int {
		if out[i] < 0 {
			out[i] = k.of(plates[i].jpeg)
		}
		return out[i]
	}
	var between func(a, b int)
	between = func(a, b int) {
		if b-a < 2 {
			return
		}
		if at(a) == at(b) && b-a <= lookEvery {
			for i := a + 1; i < b; i++ {
				out[i] = out[a]
			}
			return
		}
		m := (a + b) / 2
		at(m)
		between(a, m)
		between(m, b)
	}
	if n := len(plates); n > 0 {
		at(0)
		at(n - 1)
		between(0, n-1)
	}
	return out
}

// lookAt is the look of a recording at a moment: that of its nearest plate.
func (r *Recording) lookAt(mediaUS int64) int {
	if len(r.Looks) == 0 {
		return 0
	}
	best, distance := 0, int64(math.MaxInt64)
	for i, t := range r.Plates {
		if d := abs64(t - mediaUS); d < distance && i < len(r.Looks) {
			best, distance = r.Looks[i], d
		}
	}
	return best
}
