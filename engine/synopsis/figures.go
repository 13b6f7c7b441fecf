package synopsis

// Figures say how good an arrangement is, by the measures usual for a video
// synopsis since Pritch, Rav-Acha and Peleg (IEEE TPAMI 30(11), 2008) and Nie
// and others ("Compact Video Synopsis via Global Spatiotemporal
// Optimization", IEEE TVCG 19(10), 2013): frame condensation ratio FR, compact
// ratio CR, overlap ratio OR and chronological disorder ratio CDR. Areas are
// counted in cells of the 128×72 grid, every cell that an object touches, once
// a step; so they are somewhat larger than the objects' own.
type Figures struct {
	Objects  int   `json:"objects"`
	Groups   int   `json:"groups"`
	Parts    int   `json:"parts"` // pieces moved: groups, and cuts of long ones
	SourceUS int64 `json:"source_us"`
	OutputUS int64 `json:"output_us"`
	// FR is the length of the output over that of the recordings used.
	FR float64 `json:"fr"`
	// CR is the share of the picture that objects cover, mean over the output.
	CR float64 `json:"cr"`
	// OR is the share of the objects' area, summed over time, that falls on
	// another's: area less what is covered, over area.
	OR float64 `json:"or"`
	// CDR is the share of pairs of parts that start the wrong way round.
	CDR float64 `json:"cdr"`
	// Density is the mean number of objects on screen.
	Density float64 `json:"density"`

	cells, covered, steps int64
	seconds               float64
}

// add counts one view's layout, with room that is no longer needed.
func (f *Figures) add(parts []part, l *layout, occ *occupancy) {
	groups := map[*group]bool{}
	occ.reset()
	for i := range parts {
		groups[parts[i].group] = true
		f.cells += int64(parts[i].area)
		f.seconds += parts[i].seconds
		occ.put(&parts[i], l.at[i])
	}
	f.Groups += len(groups)
	f.covered += int64(occ.covered())
	f.steps += int64(l.steps)
	f.CDR = (f.CDR*float64(f.Parts) + l.disorder*float64(len(parts))) / float64(f.Parts+len(parts))
	f.Parts += len(parts)
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
	f.OR = ratio(float64(f.cells-f.covered), float64(f.cells))
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
		l := a.firstFit(a.sourceOrder(), 0)
		f.add(parts, l, &a.occ)
		us += int64(l.steps) * p.stepUS
	}
	pl.Frames = pl.frameAt(us)
	f.finish(pl, p.usedRecordings())
	f.Objects = len(p.tubes)
	return *f
}
