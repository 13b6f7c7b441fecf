package vision

// ITU-R BT.601-7, section 2.5, limited range, in 16.16 fixed point:
//
//	R = 1.164383 (Y-16)                    + 1.596027 (V-128)
//	G = 1.164383 (Y-16) - 0.391762 (U-128) - 0.812968 (V-128)
//	B = 1.164383 (Y-16) + 2.017232 (U-128)
const (
	fixOne  = 1 << 16
	fixHalf = fixOne / 2
)

// yuvTables hold each term of the conversion for each of the 256 samples.
type yuvTables struct {
	y, vr, ug, vg, ub [256]int32
}

var toRGB = func() (t yuvTables) {
	for i := range 256 {
		c := float64(i - 128)
		t.y[i] = fix(255.0/219*float64(i-16)) + fixHalf
		t.vr[i] = fix(255.0 / 224 * 2 * (1 - 0.299) * c)
		t.ug[i] = fix(-255.0 / 224 * 2 * (1 - 0.114) * 0.114 / 0.587 * c)
		t.vg[i] = fix(-255.0 / 224 * 2 * (1 - 0.299) * 0.299 / 0.587 * c)
		t.ub[i] = fix(255.0 / 224 * 2 * (1 - 0.114) * c)
	}
	return t
}()

func fix(v float64) int32 {
	if v < 0 {
		return int32(v*fixOne - 0.5)
	}
	return int32(v*fixOne + 0.5)
}

// clamp8 rounds a 16.16 value that already holds its half to 0..255.
func clamp8(v int32) uint8 {
	v >>= 16
	if uint32(v) > 255 {
		if v < 0 {
			return 0
		}
		return 255
	}
	return uint8(v)
}

// rgb converts one sample triple.
func (t *yuvTables) rgb(y, u, v uint8) (r, g, b uint8) {
	l := t.y[y]
	return clamp8(l + t.vr[v]), clamp8(l + t.ug[u] + t.vg[v]), clamp8(l + t.ub[u])
}

// lumaOf is Y of a full-range RGB triple.
func lumaOf(r, g, b int32) uint8 {
	const kr, kg, kb = 16829, 33039, 6416 // 0.256788, 0.504129, 0.097906
	return clamp8(kr*r + kg*g + kb*b + 16*fixOne + fixHalf)
}

// chromaOf is U and V of a full-range RGB triple.
func chromaOf(r, g, b int32) (u, v uint8) {
	const (
		ur, ug, ub = -9714, -19071, 28784 // the last is 0.439216
		vr, vg, vb = 28784, -24103, -4681
	)
	off := int32(128*fixOne + fixHalf)
	return clamp8(ur*r + ug*g + ub*b + off), clamp8(vr*r + vg*g + vb*b + off)
}
