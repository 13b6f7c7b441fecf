package render

import "encoding/binary"

// perWord is how many samples are looked at together, in one machine word.
const perWord = 8

const highs = 0x8080808080808080

// widest is a 3×3 maximum.
func widest(p, tmp []byte, w, h int) {
	for y := range h {
		row, out := p[y*w:][:w], tmp[y*w:][:w]
		x := 1
		for ; x+perWord < w; x += perWord {
			binary.LittleEndian.PutUint64(out[x:], most(most(word(row[x-1:]), word(row[x:])), word(row[x+1:])))
		}
		for ; x < w-1; x++ {
			out[x] = max(row[x-1], row[x], row[x+1])
		}
		out[0], out[w-1] = max(row[0], row[min(1, w-1)]), max(row[max(w-2, 0)], row[w-1])
	}
	for y := range h {
		b, out := tmp[y*w:][:w], p[y*w:][:w]
		a, c := tmp[max(y-1, 0)*w:][:w], tmp[min(y+1, h-1)*w:][:w]
		x := 0
		for ; x+perWord <= w; x += perWord {
			binary.LittleEndian.PutUint64(out[x:], most(most(word(a[x:]), word(b[x:])), word(c[x:])))
		}
		for ; x < w; x++ {
			out[x] = max(a[x], b[x], c[x])
		}
	}
}

func word(p []byte) uint64 { return binary.LittleEndian.Uint64(p) }

// most is the greater of each two bytes.
func most(a, b uint64) uint64 {
	above := (a | highs) - b&^highs // of the lower seven bits; the eighth says which
	above = (a&^b | ^(a^b)&above) & highs
	return b ^ (a^b)&(above<<1-above>>7)
}
