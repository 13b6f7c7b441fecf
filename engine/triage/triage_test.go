package triage

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

// recording makes packets of an hour: noise about 1,000 bytes, and larger by
// gain while something moves, from each of at for ten seconds.
func recording(gain float64, at ...int64) (*Sizes, []Span) {
	rng := rand.New(rand.NewPCG(1, 2))
	var s Sizes
	var moves []Span
	for _, a := range at {
		moves = append(moves, Span{a * 1e6, a*1e6 + 10e6})
	}
	for i := range int64(3600 * 25) {
		t := i * 40_000
		if i%50 == 0 {
			s.Add(t, 30_000, true)
			continue
		}
		bytes := 1000 + 60*rng.NormFloat64()
		for _, m := range moves {
			if t >= m.FromUS && t < m.ToUS {
				bytes += gain
			}
		}
		s.Add(t, int64(bytes), false)
	}
	return &s, moves
}

const hourUS = 3600 * 1_000_000

func TestTriageFindsWhatMoves(t *testing.T) {
	s, moves := recording(300, 300, 900, 2000, 3100)
	scores := s.Scores()
	v := Calibrate(scores, moves[:2], 60e6, hourUS)
	if v.Full {
		t.Fatal(v.Why)
	}
	for _, m := range moves {
		found := false
		for _, sp := range v.Spans {
			found = found || sp.FromUS <= m.FromUS && sp.ToUS >= m.ToUS
		}
		if !found {
			t.Errorf("%v is in none of %v", m, v.Spans)
		}
	}
	if share := float64(Total(v.Spans)) / hourUS; share > .05 {
		t.Errorf("%.1f %% is decoded for 1.1 %% of movement", 100*share)
	}
	if v.Missed != 0 || math.Abs(v.AtMost-.776) > .001 { // 1 - .05^(1/2)
		t.Errorf("%d missed, at most %v", v.Missed, v.AtMost)
	}
}

// TestTriageNoticesItsLimits: where packets do not tell, everything is decoded.
func TestTriageNoticesItsLimits(t *testing.T) {
	weak, moves := recording(5, 300, 900)
	busy := make([]int64, 0, 200)
	for a := int64(0); a < 3600; a += 18 {
		busy = append(busy, a)
	}
	crowded, crowd := recording(900, busy...)
	for name, c := range map[string]struct {
		s       *Sizes
		objects []Span
		why     string
	}{
		"a constant rate":     {weak, moves, "no more than"},
		"nothing to learn on": {weak, nil, "no object"},
		"always busy":         {crowded, crowd, ""},
	} {
		if v := Calibrate(c.s.Scores(), c.objects, 60e6, hourUS); !v.Full || !strings.Contains(v.Why, c.why) {
			t.Errorf("%s: %+v", name, v)
		}
	}
}

// TestSample: half of it where scores are largest, half where they are low.
func TestSample(t *testing.T) {
	s, moves := recording(300, 602)
	blocks := Sample(s.Scores(), hourUS)
	if len(blocks) != 2 || blocks[0].FromUS > moves[0].ToUS || blocks[0].ToUS < moves[0].FromUS {
		t.Errorf("%v does not hold %v", blocks, moves)
	}
	if got := Sample(nil, 5e6); len(got) != 1 || got[0] != (Span{0, 5e6}) {
		t.Errorf("a short recording: %v", got)
	}
}

func TestUpperBound(t *testing.T) {
	for _, c := range []struct {
		k, n int
		want float64
	}{{0, 600, .00498}, {0, 10, .2589}, {1, 10, .3942}, {3, 3, 1}, {0, 0, 1}} {
		if got := UpperBound(c.k, c.n); math.Abs(got-c.want) > 1e-3 {
			t.Errorf("%d of %d: %v, want %v", c.k, c.n, got, c.want)
		}
	}
}
