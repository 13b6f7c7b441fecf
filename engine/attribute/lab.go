package attribute

import "math"

// lab is a colour in CIELAB (CIE 1976, D65).
type lab struct{ L, a, b float64 }

func (c lab) chroma() float64 { return math.Hypot(c.a, c.b) }

// hue is in degrees, 0..360: about 40 red, 100 yellow, 140 green, 280 blue.
func (c lab) hue() float64 {
	h := math.Atan2(c.b, c.a) * 180 / math.Pi
	if h < 0 {
		h += 360
	}
	return h
}

// linear is the sRGB transfer function (IEC 61966-2-1) of 8-bit values.
var linear = func() (t [256]float64) {
	for i := range t {
		v := float64(i) / 255
		if v <= 0.04045 {
			t[i] = v / 12.92
		} else {
			t[i] = math.Pow((v+0.055)/1.055, 2.4)
		}
	}
	return t
}()

// cubeRoot is CIELAB's f on a grid of [0, 1], linear between.
var cubeRoot = func() (t [1026]float64) {
	for i := range t {
		v := float64(i) / 1024
		if v > 216.0/24389 {
			t[i] = math.Cbrt(v)
		} else {
			t[i] = (24389.0/27*v + 16) / 116
		}
	}
	return t
}()

func labF(v float64) float64 {
	v = math.Max(0, math.Min(v, 1)) * 1024
	i := int(v)
	return cubeRoot[i] + (v-float64(i))*(cubeRoot[i+1]-cubeRoot[i])
}

// fromYUV turns one limited-range BT.601 sample (ITU-R BT.601-7, 16..235 and
// 16..240) into CIELAB. A BT.709 recording read so is off by a few units of
// hue, less than a colour name is wide.
func fromYUV(y, u, v byte) lab {
	l := 1.164383 * (float64(y) - 16)
	cb, cr := float64(u)-128, float64(v)-128
	return fromRGB(clamp8(l+1.596027*cr), clamp8(l-0.391762*cb-0.812968*cr), clamp8(l+2.017232*cb))
}

func clamp8(v float64) int { return int(math.Max(0, math.Min(v+0.5, 255))) }

func fromRGB(r, g, b int) lab {
	lr, lg, lb := linear[r], linear[g], linear[b]
	x := labF((0.4124564*lr + 0.3575761*lg + 0.1804375*lb) / 0.95047)
	y := labF(0.2126729*lr + 0.7151522*lg + 0.0721750*lb)
	z := labF((0.0193339*lr + 0.1191920*lg + 0.9503041*lb) / 1.08883)
	return lab{116*y - 16, 500 * (x - y), 200 * (y - z)}
}
