package motion

// tone follows changes of the whole picture: automatic exposure, gain, a
// cloud, the pulse of a key frame. It looks at a sparse grid of samples only.
type tone struct {
	points  []int32 // offsets of the grid in the padded plane
	hist    [bins][256]uint16
	dev     [256]uint16
	lut     [256]uint8 // from the picture's luma to the model's
	on      bool       // lut is not the identity
	gain    float64    // picture = gain·model + offset
	offset  float64
	sinceUS int64 // the present fit holds (about) since then
	heldG   float64
	heldO   float64
	quiet   float64 // slow mean of the upper quartile of |picture - model|
	boost   int     // grey levels by which this frame is noisier than usual
}

const (
	bins       = 8  // of model luma
	minInBin   = 12 // fewer points say nothing
	toneFloor  = 2  // grey levels: smaller shifts are left to the model
	inlier     = 10 // grey levels: a point explained by a fit
	gridPoints = 1200
)

func newTone(w, h, stride int) *tone {
	step := 1
	for (w/(step+1))*(h/(step+1)) >= gridPoints {
		step++
	}
	t := &tone{gain: 1, quiet: -1}
	for y := step / 2; y < h; y += step {
		for x := step / 2; x < w; x += step {
			t.points = append(t.points, int32(y*stride+x))
		}
	}
	return t
}

// spread is the standard deviation of the grid's samples, and the mean
// absolute change from the frame before.
func (t *tone) spread(cur, prev []byte) (std, change float64) {
	var s, s2, d int
	for _, p := range t.points {
		v := int(cur[p])
		s += v
		s2 += v * v
		d += abs(v - int(prev[p]))
	}
	n := float64(len(t.points))
	mean := float64(s) / n
	return sqrt(max(float64(s2)/n-mean*mean, 0)), float64(d) / n
}

// estimate fits picture = gain·model + offset through the medians of eight
// classes of model luma, so that objects, a minority in most classes, do not
// bend it. It reports whether a correction is called for.
func (t *tone) estimate(cur []byte, px []pixel, skip bitPlane) bool {
	t.gain, t.offset, t.on = 1, 0, false
	var n, sum [bins]int
	for i := range t.hist {
		clear(t.hist[i][:])
	}
	for _, p := range t.points {
		if skip.w[p>>6]>>(uint(p)&63)&1 != 0 {
			continue
		}
		m := int(px[p].grey)
		k := m * bins >> 8
		n[k]++
		sum[k] += m
		t.hist[k][cur[p]]++
	}
	var xs, ys, ws [bins]float64
	used, worst := 0, 0.0
	for k := range n {
		if n[k] < minInBin {
			continue
		}
		xs[used] = float64(sum[k]) / float64(n[k])
		ys[used] = t.median(k, n[k])
		ws[used] = float64(n[k])
		worst = max(worst, fabs(ys[used]-xs[used]))
		used++
	}
	if used == 0 || worst <= toneFloor {
		return false
	}
	g, o := fitLine(xs[:used], ys[:used], ws[:used])
	if g < 0.3 || g > 3 || !t.improves(cur, px, skip, g, o) {
		return false
	}
	t.gain, t.offset, t.on = g, o, true
	for v := range t.lut {
		t.lut[v] = clampByte((float64(v)-o)/g + 0.5)
	}
	return true
}

// median of class k, to a fraction of a grey level.
func (t *tone) median(k, n int) float64 {
	half, c := (n+1)/2, 0
	for v, q := range t.hist[k] {
		if c+int(q) >= half {
			return float64(v) - 0.5 + (float64(half-c)-0.5)/float64(q)
		}
		c += int(q)
	}
	return 0
}

// fitLine is weighted least squares, twice more with far points weighted
// down. Where the classes lie too close together for a slope it gives a gain.
func fitLine(x, y, w []float64) (gain, offset float64) {
	gain = 1
	for pass := 0; pass < 3; pass++ {
		var sw, sx, sy float64
		for i := range x {
			k := w[i]
			if pass > 0 {
				r := (y[i] - gain*x[i] - offset) / 6
				k /= 1 + r*r
			}
			sw, sx, sy = sw+k, sx+k*x[i], sy+k*y[i]
		}
		mx, my := sx/sw, sy/sw
		var sxx, sxy float64
		for i := range x {
			k := w[i]
			if pass > 0 {
				r := (y[i] - gain*x[i] - offset) / 6
				k /= 1 + r*r
			}
			sxx += k * (x[i] - mx) * (x[i] - mx)
			sxy += k * (x[i] - mx) * (y[i] - my)
		}
		if sxx/sw < 100 {
			if mx < 24 {
				return 1, my - mx
			}
			return my / mx, 0
		}
		gain = sxy / sxx
		offset = my - gain*mx
	}
	return gain, offset
}

// improves tells whether the fit explains clearly more of the grid than no
// change does.
func (t *tone) improves(cur []byte, px []pixel, skip bitPlane, g, o float64) bool {
	var plain, fitted, n int
	var pred [256]int
	for v := range pred {
		pred[v] = int(g*float64(v) + o)
	}
	for _, p := range t.points {
		if skip.w[p>>6]>>(uint(p)&63)&1 != 0 {
			continue
		}
		n++
		m := int(px[p].grey)
		if abs(int(cur[p])-m) <= toneFloor {
			plain++
		}
		if abs(int(cur[p])-pred[m]) <= toneFloor {
			fitted++
		}
	}
	return fitted > plain+n/20
}

// measure compares the (corrected) picture with the model and sets boost: how
// much noisier this frame is than frames of late.
func (t *tone) measure(cur []byte, px []pixel, skip bitPlane, dtUS int64) {
	clear(t.dev[:])
	n := 0
	for _, p := range t.points {
		if skip.w[p>>6]>>(uint(p)&63)&1 == 0 {
			t.dev[abs(int(cur[p])-int(px[p].grey))]++
			n++
		}
	}
	q, c := 0, 0
	for c += int(t.dev[0]); q < 255 && c*4 < n*3; c += int(t.dev[q]) {
		q++
	}
	if t.quiet < 0 {
		t.quiet = float64(q)
	}
	t.boost = min(max(int(2*(float64(q)-t.quiet))-2, 0), 24)
	t.quiet += (float64(q) - t.quiet) * min(float64(dtUS)/8e6, 0.5)
}

// lasting tells for how long the correction has been about the same.
func (t *tone) lasting(tUS int64) int64 {
	if !t.on {
		t.heldG, t.heldO, t.sinceUS = 1, 0, tUS
		return 0
	}
	if fabs(t.gain-t.heldG)*128+fabs(t.offset-t.heldO) > 8 {
		t.heldG, t.heldO, t.sinceUS = t.gain, t.offset, tUS
	}
	return tUS - t.sinceUS
}

// rebase carries the model over to the picture's present tone.
func (b *background) rebase(g, o float64) {
	var fwd [256]uint8
	for v := range fwd {
		fwd[v] = clampByte(g*float64(v) + o + 0.5)
	}
	for p := range b.px {
		if p%b.stride >= b.w {
			continue
		}
		m := g*float64(b.px[p].mean) + o*256
		b.px[p].mean = uint16(min(max(m, 0), 65535))
		for i := 2 * p; i < 2*p+2; i++ {
			var out uint64
			for s := uint(0); s < 64; s += 8 {
				out |= uint64(fwd[uint8(b.set[i]>>s)]) << s
			}
			b.set[i] = out
		}
		b.band(p)
	}
}

func clampByte(v float64) uint8 {
	if v < 0 {
		return 0
	}
	if v > 255 {
		return 255
	}
	return uint8(v)
}

func fabs(v float64) float64 {
	if v < 0 {
		return -v
	}
	return v
}
