package motion

import (
	"testing"

	"posteriori/engine/frame"
)

// bench applies prepared frames of the usual plane size and reports the cost
// of one sample.
func bench(b *testing.B, things func(i int) []thing) {
	s := newStage(480, 270, 3, 9)
	m := New(s.w, s.h, Config{})
	s.settle(m, 3_000_000)
	var ps []frame.Plane
	for i := 0; i < 25; i++ {
		ps = append(ps, s.frame(things(i)...))
	}
	i := 0
	b.ReportAllocs()
	for b.Loop() {
		s.show(m, ps[i%len(ps)])
		i++
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(s.w*s.h), "ns/sample")
}

func BenchmarkStatic(b *testing.B) {
	bench(b, func(int) []thing { return nil })
}

// BenchmarkBusy has a tenth of the picture in motion.
func BenchmarkBusy(b *testing.B) {
	bench(b, func(i int) []thing {
		var ts []thing
		for k := 0; k < 12; k++ {
			ts = append(ts, thing{(k*97 + i*(3+k%3)) % 460, (k*61)%240 + i%3, 26, 42, 30 + 190*(k%2)})
		}
		return ts
	})
}
