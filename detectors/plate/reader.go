package plate

import (
	"math"
	"slices"

	"posteriori/detectors"
	"posteriori/detectors/network"
	"posteriori/engine/fault"
	"posteriori/engine/frame"
	"posteriori/engine/infer"
	lp "posteriori/engine/plate"
	"posteriori/engine/scene"
	"posteriori/engine/vision"
	"posteriori/models"
)

// Reader reads plates. It is safe for concurrent use, but one call runs at a
// time.
type Reader interface {
	// Read reads the plate in the box of f, in source pixels. TUS and Found of
	// the answer are the caller's to set. A box that lies outside the picture
	// is fault.Internal.
	Read(f frame.YUV, box scene.Box) (lp.Read, error)
	// Info says what is running.
	Info() detectors.Info
	// Close frees the model. Read fails afterwards.
	Close() error
}

// layout is what is particular about a family of readers.
type layout struct {
	// rounds are how much of a plate's width and height is added on each side
	// before it is cut out. The plate is read with each, and the reads vote: the
	// box is seldom right to the pixel, and may have cut a character. A round is
	// read at once, all rounds have as many, and no further one is read once
	// the text is sure (see sure).
	rounds [][]pad
	lines  bool                                              // two lines are read each for itself
	fill   func(rgb []float32, w, h, i int, in infer.Tensor) // picture i of the batch
	decode func(rows []float32, n int) []lp.Char
}

// pad is a share of the width and one of the height.
type pad struct{ x, y float64 }

var layouts = map[string]layout{
	Columns: {
		rounds: [][]pad{
			{{0.02, 0.06}, {0.05, 0.12}, {0.05, 0}},
			{{0, 0.06}, {0.02, 0.2}, {0.08, 0.06}},
			{{0.12, 0.06}, {0.18, 0.12}, {0.26, 0.2}},
		},
		fill: fillGrey, decode: decodeColumns, lines: true,
	},
	Slots: {rounds: [][]pad{{{}}}, fill: fillInterleaved, decode: decodeSlots},
}

// width of one row of a reader's output: the alphabet, then "nothing".
const row = lp.Symbols + 1

// reader is a reader with its model loaded.
type reader struct {
	layout
	*network.Single
	w, h int
	rgb  []float32 // of whoever uses the model
}

// OpenReader loads a plate reader of the manifest from path. Of the options
// Device and Threads count. Errors are those of [network.OpenSession]; a model
// of another task is fault.BadInput.
func OpenReader(path string, m models.Model, o detectors.Options) (Reader, error) {
	l, ok := layouts[m.Decoder]
	if m.Task != models.PlateReader || !ok {
		return nil, fault.New(fault.BadInput, "model %s is a %s that this version cannot read plates with", m.Name, m.Task)
	}
	w, h, places, err := sizes(m)
	if err != nil {
		return nil, err
	}
	n := int64(len(l.rounds[0]))
	in := append([]int64{n}, m.Inputs[0].Shape[1:]...)
	out := make([][]int64, len(m.Outputs))
	out[0] = []int64{n, int64(places), int64(row)}
	for i := 1; i < len(out); i++ {
		out[i] = append([]int64{n}, m.Outputs[i].Shape[1:]...)
	}
	f := vision.Format{W: w, H: h, Stretch: true, Scale: [3]float32{1, 1, 1}}
	single, err := network.OpenSingle(path, m, o, [][]int64{in}, out, f)
	if err != nil {
		return nil, err
	}
	return &reader{l, single, w, h, make([]float32, f.Len())}, nil
}

// sizes are the input's width and height and the number of rows of the first
// output.
func sizes(m models.Model) (w, h, places int, err error) {
	if len(m.Inputs) != 1 || len(m.Inputs[0].Shape) != 4 || len(m.Outputs) == 0 ||
		len(m.Outputs[0].Shape) != 3 || m.Outputs[0].Shape[2] != int64(row) {
		return 0, 0, 0, fault.New(fault.BadInput, "the ports of model %s are not those of a plate reader", m.Name)
	}
	in := m.Inputs[0].Shape
	places = int(m.Outputs[0].Shape[1])
	if m.Decoder == Columns { // 1×H×W
		return int(in[3]), int(in[2]), places, nil
	}
	return int(in[2]), int(in[1]), places, nil // H×W×3
}

// Read reads the plate in the box of f. A box too high for one line of
// characters is also read as two lines, and what is surer is taken.
func (r *reader) Read(f frame.YUV, box scene.Box) (out lp.Read, err error) {
	err = r.Use(func(model *infer.Binding, resample *vision.Resampler) error {
		chars, err := r.read(look{model, resample, f}, box)
		out = lp.Read{Box: box, Found: 1, Chars: chars}
		return err
	})
	if err != nil {
		return lp.Read{}, err
	}
	return out.Rounded(), nil
}

// look is the model, for as long as it is one caller's, and the picture.
type look struct {
	model    *infer.Binding
	resample *vision.Resampler
	frame    frame.YUV
}

func (r *reader) read(l look, box scene.Box) ([]lp.Char, error) {
	chars, err := r.views(l, box)
	if err != nil || !r.lines || box.W >= twoLines*box.H {
		return chars, err
	}
	top, bottom := box, box
	top.H, bottom.H = box.H/2, box.H/2
	bottom.Y += box.H / 2
	first, err := r.views(l, top)
	if err != nil {
		return nil, err
	}
	second, err := r.views(l, bottom)
	if err != nil {
		return nil, err
	}
	if min(certainty(first), certainty(second)) > certainty(chars)+surer && min(len(first), len(second)) >= leastOfLine {
		return append(first, second...), nil
	}
	return chars, nil
}

const (
	// twoLines is the width in heights below which a plate may have two lines:
	// the forms of two lines lie between 1.1 and 1.8, seen from the side less;
	// those of one line at 4 to 5, American ones at 2.
	twoLines = 2.2
	// surer is by how much each line must be surer than the plate as one line,
	// and leastOfLine how many characters it must have, to count.
	surer       = 0.05
	leastOfLine = 2
)

// views reads what is in the box, with as many pads as it takes to be sure.
func (r *reader) views(l look, box scene.Box) ([]lp.Char, error) {
	return untilSure(r.rounds, func(pads []pad) ([][]lp.Char, error) { return r.round(l, box, pads) })
}

// untilSure reads round after round until the text is sure, and gives what all
// reads say together.
func untilSure(rounds [][]pad, round func([]pad) ([][]lp.Char, error)) (chars []lp.Char, err error) {
	var reads [][]lp.Char
	for _, pads := range rounds {
		more, err := round(pads)
		if err != nil {
			return nil, err
		}
		reads = append(reads, more...)
		if chars = vote(reads); sure(chars, reads) {
			break
		}
	}
	return chars, nil
}

// round reads what is in the box once with each pad.
func (r *reader) round(l look, box scene.Box, pads []pad) ([][]lp.Char, error) {
	for i, p := range pads {
		part := scene.Box{X: box.X - p.x*box.W, Y: box.Y - p.y*box.H, W: box.W * (1 + 2*p.x), H: box.H * (1 + 2*p.y)}
		if _, err := l.resample.Tensor(l.frame, part, r.rgb); err != nil {
			return nil, err
		}
		r.fill(r.rgb, r.w, r.h, i, l.model.In[0])
	}
	if err := l.model.Run(); err != nil {
		return nil, err
	}
	rows, size := l.model.Out[0].F32, len(l.model.Out[0].F32)/len(pads)
	var reads [][]lp.Char
	for i := range pads {
		reads = append(reads, r.decode(rows[i*size:(i+1)*size], size/row))
	}
	return reads, nil
}

// enough is the score from which a text that no read contradicts is sure.
const enough = 0.7

// sure tells whether more reads would hardly change what these say together:
// that nothing is there, as most places that are no plates have it, among it.
func sure(chars []lp.Char, reads [][]lp.Char) bool {
	read := lp.Read{Chars: chars}
	text := read.Text()
	return (text == "" || read.Score() >= enough) && !slices.ContainsFunc(reads, func(chars []lp.Char) bool {
		return lp.Read{Chars: chars}.Text() != text
	})
}

// vote is what several reads of one plate in one picture say together.
func vote(reads [][]lp.Char) []lp.Char {
	if len(reads) == 1 {
		return reads[0]
	}
	var all []lp.Read
	for _, chars := range reads {
		all = append(all, lp.Read{Found: 1, Chars: chars})
	}
	var out []lp.Char
	for _, s := range lp.Fuse(all).Slots {
		if _, share := s.Char.Best(); share >= s.None {
			out = append(out, s.Char)
		}
	}
	return out
}

// certainty is how sure a reader is of each character, on average: the
// geometric mean of the strongest shares; 0 where there is none.
func certainty(chars []lp.Char) float64 {
	if len(chars) == 0 {
		return 0
	}
	return math.Pow(lp.Read{Chars: chars}.Score(), 1/float64(len(chars)))
}

// fillGrey makes the luma (ITU-R BT.601, as in training) of planes R, G, B.
func fillGrey(rgb []float32, w, h, at int, in infer.Tensor) {
	n := w * h
	out := in.F32[at*n : (at+1)*n]
	for i := range out {
		out[i] = 0.299*rgb[i] + 0.587*rgb[n+i] + 0.114*rgb[2*n+i]
	}
}

// fillInterleaved puts planes R, G, B as bytes, sample by sample.
func fillInterleaved(rgb []float32, w, h, at int, in infer.Tensor) {
	n := w * h
	out := in.U8[3*at*n : 3*(at+1)*n]
	for i := range n {
		for c := range 3 {
			out[3*i+c] = uint8(min(max(rgb[c*n+i]+0.5, 0), 255))
		}
	}
}

// decodeSlots takes one character from each place that holds one.
func decodeSlots(rows []float32, n int) []lp.Char {
	var out []lp.Char
	for i := range n {
		p := rows[i*row : (i+1)*row]
		if best(p) < lp.Symbols {
			out = append(out, shares(p))
		}
	}
	return out
}

// decodeColumns takes one character from each run of columns in which the
// same character is the strongest (best-path decoding, Graves et al. 2006).
// Its shares are those of the run's columns, each weighing what it gives to
// characters at all; they add up to the most that any of them gives.
func decodeColumns(rows []float32, n int) []lp.Char {
	var out []lp.Char
	var sum lp.Char
	weight, sure := 0.0, 0.0
	flush := func() {
		if weight > 0 {
			for k := range sum {
				sum[k] *= sure / weight
			}
			out = append(out, sum)
		}
		sum, weight, sure = lp.Char{}, 0, 0
	}
	last := lp.Symbols
	for i := range n {
		p := rows[i*row : (i+1)*row]
		b := best(p)
		if b != last {
			flush()
		}
		if last = b; b == lp.Symbols {
			continue
		}
		there := 0.0
		for k, v := range p[:lp.Symbols] {
			sum[k] += float64(v)
			there += float64(v)
		}
		weight += there
		sure = max(sure, min(there, 1))
	}
	flush()
	return out
}

// best is the strongest entry of a row.
func best(p []float32) int {
	k := 0
	for i, v := range p {
		if v > p[k] {
			k = i
		}
	}
	return k
}

func shares(p []float32) (c lp.Char) {
	for k := range c {
		c[k] = float64(p[k])
	}
	return c
}
