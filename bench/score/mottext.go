package score

import (
	"bufio"
	"fmt"
	"io"
	"sort"
	"strconv"
	"strings"
)

// ReadMOTTruth reads the truth of a sequence: MOTChallenge text of frame, id,
// left, top, width, height and a seventh field that is 0 for a flagged box
// (see [WithoutFlagged]). Boxes are multiplied by scale.
func ReadMOTTruth(r io.Reader, scale float64) (Sequence, error) { return readMOT(r, scale, true) }

// ReadMOTResult reads a tracker's output: the same text, the seventh field a
// confidence of any value.
func ReadMOTResult(r io.Reader) (Sequence, error) { return readMOT(r, 1, false) }

func readMOT(r io.Reader, scale float64, truth bool) (Sequence, error) {
	out := Sequence{}
	in := bufio.NewScanner(r)
	for line := 1; in.Scan(); line++ {
		text := strings.TrimSpace(in.Text())
		if text == "" {
			continue
		}
		fields := strings.Split(text, ",")
		if len(fields) < 6 {
			return nil, fmt.Errorf("line %d: %d fields, at least 6 are needed", line, len(fields))
		}
		var v [7]float64
		v[6] = 1
		for i := range min(len(fields), len(v)) {
			x, err := strconv.ParseFloat(strings.TrimSpace(fields[i]), 64)
			if err != nil {
				return nil, fmt.Errorf("line %d: field %d: %w", line, i+1, err)
			}
			v[i] = x
		}
		box := Box{int(v[1]), Rect{v[2] * scale, v[3] * scale, v[4] * scale, v[5] * scale}, truth && v[6] == 0}
		out[int(v[0])] = append(out[int(v[0])], box)
	}
	return out, in.Err()
}

// Frames lists the frames of a sequence that hold a box, in order.
func (s Sequence) Frames() []int {
	var out []int
	for f := range s {
		out = append(out, f)
	}
	sort.Ints(out)
	return out
}

// Boxes is the number of boxes of a sequence.
func (s Sequence) Boxes() int {
	n := 0
	for _, boxes := range s {
		n += len(boxes)
	}
	return n
}
