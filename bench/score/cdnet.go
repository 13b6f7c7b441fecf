package score

// The labels of CDnet 2014 truth (Wang et al., "CDnet 2014: An Expanded Change
// Detection Benchmark Dataset", CVPRW 2014). Shadow counts as background;
// outside the region of interest and unknown samples do not count.
const (
	cdnetOutside = 85
	cdnetUnknown = 170
	cdnetMoving  = 255
)

// Change counts the samples of foreground masks against truth.
type Change struct{ TP, FP, FN int }

// AddRow counts one row of a mask (not 0 is foreground) against the same row
// of a truth picture.
func (c *Change) AddRow(mask, truth []byte) {
	for x, fg := range mask {
		switch g := truth[x]; {
		case g == cdnetOutside || g == cdnetUnknown:
		case fg != 0 && g == cdnetMoving:
			c.TP++
		case fg != 0:
			c.FP++
		case g == cdnetMoving:
			c.FN++
		}
	}
}

// Precision is the share of the found that is right, 0..1.
func (c Change) Precision() float64 { return share(float64(c.TP), float64(c.TP+c.FP)) }

// Recall is the share of the truth that was found, 0..1.
func (c Change) Recall() float64 { return share(float64(c.TP), float64(c.TP+c.FN)) }

// F is the harmonic mean of the two.
func (c Change) F() float64 { return share(2*float64(c.TP), float64(2*c.TP+c.FP+c.FN)) }
