package main

import (
	"encoding/xml"
	"io"
	"strings"
	"testing"
)

// TestPlot: the drawing is well-formed, and what is in proportion is straight.
func TestPlot(t *testing.T) {
	svg := plot(panel{"time <1>", "min", "s", []float64{10, 20, 40}, []float64{5, 10, 20}}, panel{"flat", "min", "MB", []float64{10, 40}, []float64{440, 440}})
	d := xml.NewDecoder(strings.NewReader(svg))
	for {
		_, err := d.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatalf("%v in\n%s", err, svg)
		}
	}
	if !strings.Contains(svg, `points="148.5,169.0 233.0,124.0 402.0,34.0"`) {
		t.Errorf("not in proportion:\n%s", svg)
	}
	if !strings.Contains(svg, "time &lt;1&gt;") {
		t.Error("text is not escaped")
	}
}

func TestCeiling(t *testing.T) {
	for v, want := range map[float64]float64{0: 1, 40: 40, 41: 60, 99: 100, 1000: 1000, 465: 600, .3: .4} {
		if got := ceiling([]float64{v}); got-want > 1e-9 || want-got > 1e-9 {
			t.Errorf("%v: %v, want %v", v, got, want)
		}
	}
}
