package open_test

import (
	"os"
	"path/filepath"
	"testing"

	"posteriori/detectors"
	"posteriori/detectors/detectortest"
	"posteriori/detectors/open"
	"posteriori/engine/fault"
	"posteriori/models"
)

func TestEveryDetectorOpens(t *testing.T) {
	detectortest.Runtime(t)
	for _, x := range detectorsOf(t) {
		m, path := detectortest.Model(t, x.Name)
		d, err := open.Detector(path, m, detectors.Options{Device: "cpu"})
		if err != nil {
			t.Errorf("%s: %v", x.Name, err)
			continue
		}
		if i := d.Info(); i.Name != x.Name || i.SHA256 != x.SHA256 {
			t.Errorf("%s: %+v", x.Name, i)
		}
		d.Close()
	}
}

func TestEveryDecoderOfTheManifestIsKnown(t *testing.T) {
	for _, x := range detectorsOf(t) {
		_, err := open.Detector("/nowhere/"+x.File, x, detectors.Options{})
		if fault.KindOf(err) != fault.Missing {
			t.Errorf("%s: %v", x.Name, err)
		}
	}
}

func TestRefuses(t *testing.T) {
	detectortest.Runtime(t)
	m, path := detectortest.Model(t, "deimv2-atto")
	changed := filepath.Join(t.TempDir(), m.File)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)/2] ^= 1
	if err := os.WriteFile(changed, data, 0o600); err != nil {
		t.Fatal(err)
	}
	other := m
	other.Outputs = append([]models.Port{{Name: "more", Type: "float32", Shape: []int64{1}}}, m.Outputs...)
	renamed := m
	renamed.Outputs = append([]models.Port(nil), m.Outputs...)
	renamed.Outputs[1].Name = "vectors"
	plate := m
	plate.Task = models.PlateDetector
	strange := m
	strange.Decoder = "strange"
	for name, c := range map[string]struct {
		path string
		m    models.Model
		o    detectors.Options
		want fault.Kind
	}{
		"one bit changed":   {changed, m, detectors.Options{}, fault.Integrity},
		"an output more":    {path, other, detectors.Options{}, fault.Integrity},
		"an output renamed": {path, renamed, detectors.Options{}, fault.Refused},
		"absent":            {path + "x", m, detectors.Options{}, fault.Missing},
		"no detector":       {path, plate, detectors.Options{}, fault.BadInput},
		"unknown decoder":   {path, strange, detectors.Options{}, fault.BadInput},
		"unknown device":    {path, m, detectors.Options{Device: "tpu"}, fault.Usage},
	} {
		d, err := open.Detector(c.path, c.m, c.o)
		if fault.KindOf(err) != c.want || err == nil || d != nil {
			t.Errorf("%s: %v, %v", name, d, err)
		}
	}
}
