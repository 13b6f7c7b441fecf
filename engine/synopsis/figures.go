package synopsis

// Figures say how good an arrangement is. The area is counted in cells of
// the 64×36 grid, so it is slightly larger than the objects' own.
type Figures struct {
	Objects  int     `json:"objects"`
	Groups   int     `json:"groups"`
	SourceUS int64   `json:"source_us"` // length of the recordings used
	OutputUS int64   `json:"output_us"`
	FR       float64 `json:"fr"`      // frame condensation: output over source
	CR       float64 `json:"cr"`      // compactness: share of the picture that objects cover, mean over time
	OR       float64 `json:"or"`      // overlap: share of the objects' area that falls on another
	CDR      float64 `json:"cdr"`     // chronological disorder: share of pairs that start the wrong way round
	Density  float64 `json:"density"` // mean number of objects on screen

	cells, covered, collided, steps int64
	seconds                         float64
	weight                          int
}

// add counts one view's layout.
func (f *Figures) add(parts []part, l *layout, occ *occupancy) {
	groups := map[*group]bool{}
	for i := range parts {
		groups[parts[i].group] = true
		f.cells += int64(parts[i].area)
		f.seconds += parts[i].seconds
	}
	occ.reset()
	var collided int
	for i := range parts {
		n, _ := occ.collide(&parts[i], l.at[i], 1<<60)
		occ.put(&parts[i], l.at[i])
		collided += n
	}
	f.Groups += len(groups)
	f.collided += int64(collided)
	f.covered += int64(occ.covered())
	f.steps += int64(l.steps)
	f.CDR = (f.CDR*float64(f.weight) + l.disorder*float64(len(parts))) / float64(f.weight+len(parts))
	f.weight += len(parts)
}

// finish fills in the ratios.
func (f *Figures) finish(pl *Plan, used []int) {
	for _, i := range used {
		f.SourceUS += pl.Recordings[i].Probe.DurationUS
	}
	f.Objects = len(pl.Objects)
	f.OutputUS = pl.DurationUS()
	ratio := func(a, b float64) float64 {
		if b == 0 {
			return 0
		}
		return a / b
	}
	f.FR = ratio(float64(f.OutputUS), float64(f.SourceUS))
	f.CR = ratio(float64(f.covered), float64(f.steps*gridW*gridH))
	f.OR = ratio(float64(f.collided), float64(f.cells))
	f.Density = ratio(f.seconds*float64(second), float64(f.OutputUS))
}

// Reference arranges the same tubes as a plain method would: each object by
// itself, in source order, at its own speed, at the first place where its
// overlap is within the bound. It returns the figures of each camera view
// shown one after another. It is there to be compared with.
func (p *Planner) Reference() Figures {
	p.sortTubes()
	pl := &Plan{Options: p.opt, Recordings: p.recs}
	pl.outputSize(p.usedRecordings())
	f := &pl.Figures
	var us int64
	for _, v := range p.views() {
		parts := make([]part, 0, len(v.tubes))
		for _, t := range v.tubes {
			g := &group{[]int{t}, p.tubes[t].startUS, p.tubes[t].endUS}
			w := groupWarp(p.tubes, *g, p.stepUS, 1)
			parts = append(parts, cutGroup(p.tubes, g, w, 0, p.stepUS)...)
		}
		a := newArranger(parts, p.opt.MaxOverlap, 0)
		l := a.firstFit(a.sourceOrder(), 1./ownShare)
		f.add(parts, l, &a.occ)
		us += int64(l.steps) * p.stepUS
	}
	pl.Frames = pl.frameAt(us)
	f.finish(pl, p.usedRecordings())
	f.Objects = len(p.tubes)
	return *f
}
