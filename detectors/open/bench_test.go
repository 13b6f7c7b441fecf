package open_test

import (
	"syscall"
	"testing"

	"posteriori/bench/score"
	"posteriori/detectors"
	"posteriori/detectors/detectortest"
	"posteriori/detectors/open"
	"posteriori/engine/scene"
	"posteriori/models"
)

// BenchmarkCOCO128 measures each detector on the 128 pictures: AP .50:.95
// over all labels of the model, and the time of one whole picture on one
// thread.
//
//	go test -bench COCO128 -benchtime 1x ./detectors/open
func BenchmarkCOCO128(b *testing.B) {
	detectortest.Runtime(b)
	for _, m := range detectorsOf(b) {
		b.Run(m.Name, func(b *testing.B) {
			m, path := detectortest.Model(b, m.Name)
			d, err := open.Detector(path, m, detectors.Options{Device: "cpu", MinScore: 0.001, Raw: true})
			if err != nil {
				b.Fatal(err)
			}
			defer d.Close()
			pictures := detectortest.COCO(b, m.Labels(0))
			var found, truth []score.Scored
			b.ResetTimer()
			from := cpuMillis()
			for range b.N {
				found, truth = nil, nil
				for i, p := range pictures {
					ds, err := d.Detect(p.Frame, nil)
					if err != nil {
						b.Fatal(err)
					}
					for _, x := range ds {
						found = append(found, score.Scored{Image: i, Box: score.Rect(x.Box), Label: x.Label, Score: x.Score})
					}
					truth = append(truth, p.Truth...)
				}
			}
			b.StopTimer()
			b.ReportMetric(score.AveragePrecision(found, truth), "AP")
			b.ReportMetric((cpuMillis()-from)/float64(b.N*len(pictures)), "cpu-ms/picture")
		})
	}
}

func detectorsOf(t testing.TB) []models.Model {
	m, err := models.Load()
	if err != nil {
		t.Fatal(err)
	}
	return m.ForTask(models.Detector)
}

// BenchmarkRegions measures one call on one, two and four regions of a
// 1280×720 picture.
func BenchmarkRegions(b *testing.B) {
	detectortest.Runtime(b)
	f := detectortest.Noise(1280, 720)
	regions := []scene.Box{
		{X: 0, Y: 0, W: 300, H: 300}, {X: 500, Y: 0, W: 300, H: 300},
		{X: 0, Y: 400, W: 300, H: 300}, {X: 600, Y: 400, W: 300, H: 300},
	}
	for _, m := range detectorsOf(b) {
		for _, n := range []int{1, 2, 4} {
			b.Run(m.Name+"/"+string(rune('0'+n)), func(b *testing.B) {
				m, path := detectortest.Model(b, m.Name)
				d, err := open.Detector(path, m, detectors.Options{Device: "cpu"})
				if err != nil {
					b.Fatal(err)
				}
				defer d.Close()
				from := cpuMillis()
				for b.Loop() {
					if _, err := d.Detect(f, regions[:n]); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric((cpuMillis()-from)/float64(b.N*n), "cpu-ms/region")
			})
		}
	}
}

// cpuMillis is the processor time of this process so far: what a run costs
// also on a machine that is busy with other things.
func cpuMillis() float64 {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e6
}
