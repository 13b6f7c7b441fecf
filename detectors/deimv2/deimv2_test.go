package deimv2_test

import (
	"testing"

	"posteriori/detectors"
	"posteriori/detectors/deimv2"
	"posteriori/detectors/detectortest"
)

func TestConformance(t *testing.T) {
	for _, name := range []string{"deimv2-femto", "deimv2-atto"} {
		t.Run(name, func(t *testing.T) {
			detectortest.Runtime(t)
			m, path := detectortest.Model(t, name)
			detectortest.Run(t, func(t testing.TB, o detectors.Options) detectors.Detector {
				d, err := deimv2.Open(path, m, o)
				if err != nil {
					t.Fatal(err)
				}
				return d
			}, m.Labels(0))
		})
	}
}
