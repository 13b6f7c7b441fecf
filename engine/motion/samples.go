package motion

import (
	"encoding/binary"
	"math/bits"
)

const (
	slots   = 16 // background samples kept of every picture sample
	perWord = 8
	highs   = 0x8080808080808080
	lows    = 0x7f7f7f7f7f7f7f7f
	ones    = 0x0101010101010101
	// gather moves the high bits of eight bytes into one byte.
	gather  = 0x0102040810204080
	needed  = 2  // samples that must agree (Barnich and Van Droogenbroeck 2011)
	maxRad  = 60 // bands wider than 127 would break the byte arithmetic
	strongX = 2  // a change this many radii wide is a certain one
	surelyX = 4  // beyond this many radii no background sample is expected
)

// background is the model of every picture sample: a set of past values
// (ViBe: Barnich and Van Droogenbroeck, IEEE TIP 20(6), 2011), a running
// mean, and a radius that follows the local noise and flicker (PBAS: Hofmann
// et al., CVPRW 2012; SuBSENSE: St-Charles et al., IEEE TIP 24(1), 2015).
//
// Eight picture samples lie in one machine word, and so do eight background
// samples of one picture sample; all comparisons run on whole words.
type background struct {
	w, h, stride int
	set          []uint64 // two words of samples a picture sample
	px           []pixel
	lo           []uint8 // low end of the band around the mean that is background at once
	slack        []uint8 // 127 - width of that band
	base         int     // smallest radius
	rng          uint64
}

// pixel is what is known of one picture sample beside its samples; together
// in one place, as learning touches them together.
type pixel struct {
	mean  uint16 // 8.8 fixed point
	noise uint16 // mean absolute deviation, 8.8
	extra uint8  // widening of the radius where the mask flickers, quarters of a grey level
	rad   uint8  // radius in force
	grey  uint8  // mean, rounded
}

func newBackground(w, h, stride, base int, seed uint64) *background {
	n := stride * h
	return &background{
		w: w, h: h, stride: stride,
		set: make([]uint64, 2*n), px: make([]pixel, n), lo: make([]uint8, n), slack: make([]uint8, n),
		base: base, rng: seed ^ 0x9e3779b97f4a7c15,
	}
}

// rand is xorshift64* (Vigna 2016): cheap, and the same on every machine.
func (b *background) rand() uint32 {
	b.rng ^= b.rng >> 12
	b.rng ^= b.rng << 25
	b.rng ^= b.rng >> 27
	return uint32(b.rng * 0x2545f4914f6cdd1d >> 32)
}

// band recomputes the radius and the band of one picture sample.
func (b *background) band(p int) {
	q := &b.px[p]
	r := min(b.base+int(q.noise)*5>>9+int(q.extra>>2), maxRad)
	m := int(min(uint32(q.mean)+128, 0xffff) >> 8)
	q.rad, q.grey = uint8(r), uint8(m)
	r -= r >> 2
	lo, hi := max(m-r, 0), min(m+r, 255)
	b.lo[p] = uint8(lo)
	b.slack[p] = uint8(127 - (hi - lo))
}

// suspects marks the picture samples of one word of 64 whose value lies
// outside the band around the mean.
func (b *background) suspects(cur []byte, o int) uint64 {
	x, lo, sl := cur[o:o+64:o+64], b.lo[o:o+64:o+64], b.slack[o:o+64:o+64]
	var out uint64
	for k := 0; k < 64; k += 8 {
		v := binary.LittleEndian.Uint64(x[k : k+8])
		l := binary.LittleEndian.Uint64(lo[k : k+8])
		s := binary.LittleEndian.Uint64(sl[k : k+8])
		d := ((v | highs) - (l &^ highs)) ^ ((v ^ ^l) & highs) // v - l, byte by byte
		if t := ((d & lows) + s | d) & highs; t != 0 {
			out |= (t >> 7 * gather >> 56) << uint(k)
		}
	}
	return out
}

// foreign tells whether value v at p agrees with fewer than the needed number
// of background samples, within radius r.
func (b *background) foreign(p int, v uint8, r int) bool {
	lo := max(int(v)-r, 0)
	width := min(int(v)+r, 255) - lo
	l := uint64(lo) * ones
	ln, lh := l&^highs, ^l
	c := uint64(127-width) * ones
	s := b.set[2*p]
	d := ((s | highs) - ln) ^ ((s ^ lh) & highs)
	miss := bits.OnesCount64(((d & lows) + c | d) & highs)
	if miss <= perWord-needed {
		return false
	}
	s = b.set[2*p+1]
	d = ((s | highs) - ln) ^ ((s ^ lh) & highs)
	miss += bits.OnesCount64(((d & lows) + c | d) & highs)
	return miss > slots-needed
}

// nearby tells whether v lies among the means of the 3×3 samples around p, to
// half a radius, and these differ a lot: along a sharp edge that is what a camera trembling by a
// fraction of a sample shows.
func (b *background) nearby(p, v, r int) bool {
	if p < b.stride+1 || p >= len(b.px)-b.stride-1 {
		return false
	}
	lo, hi := 255, 0
	for q := p - b.stride; q <= p+b.stride; q += b.stride {
		for _, n := range b.px[q-1 : q+2] {
			lo, hi = min(lo, int(n.grey)), max(hi, int(n.grey))
		}
	}
	return hi-lo > 3*r && v >= lo-r/2 && v <= hi+r/2
}

// put replaces background sample i (0..15) of p by v.
func (b *background) put(p int, i uint32, v uint8) {
	sh := (i & 7) * 8
	w := &b.set[2*p+int(i>>3&1)]
	*w = *w&^(0xff<<sh) | uint64(v)<<sh
}

// learn moves the mean and the noise of p towards v. When v is unlike the
// mean it also replaces sample i (0..15); values near it are in the set many
// times already, and only one in four goes in: the set is cold memory.
func (b *background) learn(p int, v uint8, i uint32, always bool) {
	q := &b.px[p]
	if d := int(v) - int(q.grey); always || d > 3 || d < -3 {
		b.put(p, i, v)
	}
	d := int32(v)<<8 - int32(q.mean)
	q.mean = uint16(int32(q.mean) + d>>3)
	if d < 0 {
		d = -d
	}
	q.noise = uint16(int32(q.noise) + (d-int32(q.noise))>>4)
	if q.extra > 0 {
		q.extra--
	}
	b.band(p)
}

// restart makes v the only value the model of p knows, with the noise kept.
func (b *background) restart(p int, v uint8) {
	b.set[2*p] = uint64(v) * ones
	b.set[2*p+1] = uint64(v) * ones
	b.px[p].mean = uint16(v) << 8
	b.band(p)
}

// fill makes v background sample i of every picture sample.
func (b *background) fill(cur []byte, i uint32) {
	for y := 0; y < b.h; y++ {
		for p := y * b.stride; p < y*b.stride+b.w; p++ {
			b.put(p, i, cur[p])
		}
	}
}

// consolidate ends a learning phase: of the first n samples of each picture
// sample it takes the middle of the densest half for the mean, its width for
// the noise, and replaces the samples that disagree (passing
// objects; only when it is the last time) and those not yet filled.
func (b *background) consolidate(n int, last bool) {
	var v [slots]uint8
	for y := 0; y < b.h; y++ {
		for p := y * b.stride; p < y*b.stride+b.w; p++ {
			for i := 0; i < n; i++ {
				v[i] = uint8(b.set[2*p+i>>3] >> (uint(i&7) * 8))
			}
			s := v[:n]
			insertionSort(s)
			med, width := shortestHalf(s)
			q := &b.px[p]
			q.mean = uint16(med) << 8
			// A normal spread's mean deviation is .6 of its shortest half.
			q.noise = uint16(min(width*154, 6<<8))
			q.extra = 0
			b.band(p)
			r := int(q.rad)
			good := s[:0]
			for _, x := range s {
				if abs(int(x)-med) <= r {
					good = append(good, x)
				}
			}
			from := n
			if last {
				from = 0
			}
			for i := from; i < slots; i++ {
				b.put(p, uint32(i), good[i%len(good)])
			}
		}
	}
}

// shortestHalf is the middle and the width of the narrowest interval that
// holds half of the sorted values: unlike the median it stays with the
// background when traffic covers it half of the time (Rousseeuw 1984).
func shortestHalf(s []uint8) (middle, width int) {
	k := len(s) / 2
	width = 256
	for i := 0; i+k < len(s); i++ {
		if w := int(s[i+k]) - int(s[i]); w < width {
			width, middle = w, int(s[i+(k+1)/2])
		}
	}
	return middle, width
}

func insertionSort(s []uint8) {
	for i := 1; i < len(s); i++ {
		v := s[i]
		j := i
		for j > 0 && s[j-1] > v {
			s[j] = s[j-1]
			j--
		}
		s[j] = v
	}
}

func abs(x int) int {
	if x < 0 {
		return -x
	}
	return x
}
