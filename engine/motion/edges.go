package motion

import "math"

// edges watches the strongest edges of the background, a few hundred of them
// spread over the picture: they tell a shaken or moved camera from objects,
// which hide only some of them at a time.
type edges struct {
	points  []edgePoint
	builtUS int64
	usual   float64 // slow mean of the misfit at rest
	sx, sy  int     // shift found in this frame
	sinceUS int64   // the last frame without a shift
}

type edgePoint struct {
	x, y   int32
	dx, dy int16 // background gradient
}

const (
	edgeCell  = 16
	edgeMin   = 24 // grey levels over two samples
	reach     = 4  // largest shift looked for, samples
	misfitCap = 32
	fewEdges  = 10 // a picture with fewer says nothing about the camera
)

// build picks the strongest edge of every cell.
func (e *edges) build(b *background, tUS int64) {
	e.points, e.builtUS = e.points[:0], tUS
	for cy := reach + 1; cy < b.h-reach-1; cy += edgeCell {
		for cx := reach + 1; cx < b.w-reach-1; cx += edgeCell {
			best, at := edgeMin, edgePoint{}
			for y := cy; y < min(cy+edgeCell, b.h-reach-1); y++ {
				for x := cx; x < min(cx+edgeCell, b.w-reach-1); x++ {
					p := y*b.stride + x
					dx := int(b.px[p+1].grey) - int(b.px[p-1].grey)
					dy := int(b.px[p+b.stride].grey) - int(b.px[p-b.stride].grey)
					if g := abs(dx) + abs(dy); g > best {
						best, at = g, edgePoint{int32(x), int32(y), int16(dx), int16(dy)}
					}
				}
			}
			if best > edgeMin {
				e.points = append(e.points, at)
			}
		}
	}
}

// misfit is the mean capped difference at the edges when the picture is taken
// to be shifted by (sx, sy), and the share of edges that differ a lot.
func (e *edges) misfit(cur []byte, b *background, sx, sy int) (mean, share float64) {
	sum, bad := 0, 0
	off := sy*b.stride + sx
	for _, q := range e.points {
		p := int(q.y)*b.stride + int(q.x)
		d := abs(int(cur[p+off]) - int(b.px[p].grey))
		sum += min(d, misfitCap)
		if d > int(b.px[p].rad) {
			bad++
		}
	}
	n := float64(max(len(e.points), 1))
	return float64(sum) / n, float64(bad) / n
}

// look finds the shift of the picture against the background, and says which
// share of the edges no small shift explains.
func (e *edges) look(cur []byte, b *background, tUS, dtUS int64) (lost float64) {
	e.sx, e.sy = 0, 0
	if len(e.points) < fewEdges {
		return 0
	}
	m0, lost := e.misfit(cur, b, 0, 0)
	if m0 > e.usual*1.3+1.5 {
		best := m0
		for y := -reach; y <= reach; y++ {
			for x := -reach; x <= reach; x++ {
				if m, l := e.misfit(cur, b, x, y); m < best {
					best, e.sx, e.sy, lost = m, x, y, l
				}
			}
		}
		if best > 0.75*m0 { // not a shift: objects, or something worse
			e.sx, e.sy = 0, 0
		}
	}
	if e.sx == 0 && e.sy == 0 {
		e.sinceUS = tUS
	}
	rate := float64(dtUS) / 2e6
	if m0 > e.usual { // what lasts is not usual yet
		rate /= 30
	}
	e.usual += (m0 - e.usual) * min(rate, 0.5)
	return lost
}

// translate moves the whole model by (sx, sy): the camera has turned a little
// and stays so. What the model does not know at the border keeps its old
// values.
func (b *background) translate(sx, sy int) {
	first, step := 0, 1
	if sy > 0 { // read rows before they are overwritten
		first, step = b.h-1, -1
	}
	x0, x1 := max(sx, 0), b.w+min(sx, 0)
	for i, y := 0, first; i < b.h; i, y = i+1, y+step {
		from := min(max(y-sy, 0), b.h-1)*b.stride - sx
		to := y * b.stride
		copy(b.px[to+x0:to+x1], b.px[from+x0:from+x1])
		copy(b.lo[to+x0:to+x1], b.lo[from+x0:from+x1])
		copy(b.slack[to+x0:to+x1], b.slack[from+x0:from+x1])
		copy(b.set[2*(to+x0):2*(to+x1)], b.set[2*(from+x0):2*(from+x1)])
	}
}

// agree is the share of edges whose direction is still there, however much
// brighter or darker: high when the light changed, low when the camera moved.
func (e *edges) agree(cur []byte, b *background) float64 {
	n := 0
	for _, q := range e.points {
		p := int(q.y)*b.stride + int(q.x)
		dx := int(cur[p+1]) - int(cur[p-1])
		dy := int(cur[p+b.stride]) - int(cur[p-b.stride])
		dot := dx*int(q.dx) + dy*int(q.dy)
		own := int(q.dx)*int(q.dx) + int(q.dy)*int(q.dy)
		if dot*8 > own {
			n++
		}
	}
	return float64(n) / float64(max(len(e.points), 1))
}

func sqrt(v float64) float64 { return math.Sqrt(v) }
