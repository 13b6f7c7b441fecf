package yolox_test

import (
	"testing"

	"posteriori/detectors"
	"posteriori/detectors/detectortest"
	"posteriori/detectors/yolox"
)

func TestConformance(t *testing.T) {
	for _, name := range []string{"yolox-nano"} {
		t.Run(name, func(t *testing.T) {
			detectortest.Runtime(t)
			m, path := detectortest.Model(t, name)
			detectortest.Run(t, func(t testing.TB, o detectors.Options) detectors.Detector {
				d, err := yolox.Open(path, m, o)
				if err != nil {
					t.Fatal(err)
				}
				return d
			}, m.Labels(0))
		})
	}
}
