package nanodet_test

import (
	"testing"

	"posteriori/detectors"
	"posteriori/detectors/detectortest"
	"posteriori/detectors/nanodet"
)

func TestConformance(t *testing.T) {
	for _, name := range []string{"nanodet-plus-m"} {
		t.Run(name, func(t *testing.T) {
			detectortest.Runtime(t)
			m, path := detectortest.Model(t, name)
			detectortest.Run(t, func(t testing.TB, o detectors.Options) detectors.Detector {
				d, err := nanodet.Open(path, m, o)
				if err != nil {
					t.Fatal(err)
				}
				return d
			}, m.Labels(0))
		})
	}
}
