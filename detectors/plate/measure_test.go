package plate_test

import (
	"encoding/xml"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"posteriori/detectors"
	"posteriori/detectors/detectortest"
	"posteriori/detectors/plate"
	"posteriori/engine/frame"
	lp "posteriori/engine/plate"
	"posteriori/engine/scene"
)

// labelled is one picture of a test set.
type labelled struct {
	file  string
	boxes []scene.Box
	text  string // of the first box; empty where the set has none
}

// benchmarks reads a folder of openalpr/benchmarks: file x y w h text.
func benchmarks(t testing.TB, name string) []labelled {
	dir := filepath.Join(detectortest.Root(t), "truth", "plates", name)
	files, _ := filepath.Glob(filepath.Join(dir, "*.txt"))
	if len(files) == 0 {
		t.Skipf("no plates in %s", dir)
	}
	var out []labelled
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		l := labelled{}
		for line := range strings.Lines(string(data)) {
			v := strings.Split(strings.TrimSpace(line), "\t")
			if len(v) < 6 {
				continue
			}
			var n [4]float64
			for i := range n {
				n[i], _ = strconv.ParseFloat(v[i+1], 64)
			}
			l.file = filepath.Join(dir, v[0])
			l.boxes = append(l.boxes, scene.Box{X: n[0], Y: n[1], W: n[2], H: n[3]})
			if l.text == "" {
				l.text = lp.Normal(v[5])
			}
		}
		out = append(out, l)
	}
	return out
}

// romanian reads the frames of a dash camera that have boxes without text.
func romanian(t testing.TB) []labelled {
	dir := filepath.Join(detectortest.Root(t), "truth", "plates", "romanian")
	files, _ := filepath.Glob(filepath.Join(dir, "annots", "*.xml"))
	if len(files) == 0 {
		t.Skipf("no plates in %s", dir)
	}
	var out []labelled
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		var doc struct {
			Box []struct {
				X0 float64 `xml:"xmin"`
				Y0 float64 `xml:"ymin"`
				X1 float64 `xml:"xmax"`
				Y1 float64 `xml:"ymax"`
			} `xml:"object>bndbox"`
		}
		if err := xml.Unmarshal(data, &doc); err != nil {
			t.Fatal(err)
		}
		l := labelled{file: filepath.Join(dir, "images", strings.TrimSuffix(filepath.Base(f), ".xml")+".jpg")}
		for _, b := range doc.Box {
			l.boxes = append(l.boxes, scene.Box{X: b.X0, Y: b.Y0, W: b.X1 - b.X0, H: b.Y1 - b.Y0})
		}
		out = append(out, l)
	}
	return out
}

// figures are what the set's labels say of a finder.
type figures struct {
	plates, found, boxes      int // labelled; of these found; all boxes given at the score of least
	texts, strict, loose, one int // labelled; read exactly; with O as 0; with at most one character wrong
	readStrict, readLoose     int // the same of the reader alone, in the labelled box
}

// least is the score from which a box counts for precision.
const least = 0.4

func measure(t testing.TB, f plate.Finder, set []labelled) figures {
	var n figures
	for _, l := range set {
		pic := detectortest.JPEG(t, l.file)
		ds, err := f.Locate(pic, plate.Layers(pic.Y.W, pic.Y.H, f.Detector.Info().Input)...)
		if err != nil {
			t.Fatal(err)
		}
		n.locations(ds, l)
		if l.text != "" {
			n.reading(t, f.Reader, pic, ds, l)
		}
	}
	return n
}

func (n *figures) locations(ds []detectors.Detection, l labelled) {
	n.plates += len(l.boxes)
	for _, d := range ds {
		if d.Score >= least {
			n.boxes++
		}
	}
	for _, b := range l.boxes {
		for _, d := range ds {
			if d.Score >= least && d.Box.IoU(b) >= 0.5 {
				n.found++
				break
			}
		}
	}
}

// reading scores what is read in the best box, and in the labelled one.
func (n *figures) reading(t testing.TB, r plate.Reader, pic frame.YUV, ds []detectors.Detection, l labelled) {
	read := func(b scene.Box) string {
		x, err := r.Read(pic, b)
		if err != nil {
			t.Fatal(err)
		}
		return x.Text()
	}
	zero := strings.NewReplacer("O", "0")
	n.texts++
	alone := read(l.boxes[0])
	if alone == l.text {
		n.readStrict++
	}
	if zero.Replace(alone) == zero.Replace(l.text) {
		n.readLoose++
	}
	// The largest sure plate is the picture's subject; others may stand behind.
	var best scene.Box
	for _, d := range ds {
		if d.Score >= least && (best.Empty() || d.Box.IoU(l.boxes[0]) > best.IoU(l.boxes[0])) {
			best = d.Box
		}
	}
	if best.Empty() {
		return
	}
	got := read(best)
	if got == l.text {
		n.strict++
	}
	if zero.Replace(got) == zero.Replace(l.text) {
		n.loose++
	}
	p, err := lp.ParsePattern(zero.Replace(l.text))
	if err != nil {
		t.Fatal(err)
	}
	if p.MatchText(zero.Replace(got), lp.Options{Fuzzy: 1, Literal: true}).OK {
		n.one++
	} else if os.Getenv("POSTERIORI_VERBOSE") != "" {
		t.Logf("%s: %s read as %s", filepath.Base(l.file), l.text, got)
	}
}

func (n figures) String() string {
	return fmt.Sprintf("recall %d/%d, precision %d/%d; read exactly %d, with O=0 %d, one wrong %d of %d; reader in labelled boxes: exactly %d, with O=0 %d",
		n.found, n.plates, n.found, n.boxes, n.strict, n.loose, n.one, n.texts, n.readStrict, n.readLoose)
}

// open loads a detector and a reader of the manifest, or skips.
func open(t testing.TB, detector, reader string) plate.Finder {
	detectortest.Runtime(t)
	dm, dp := detectortest.Model(t, detector)
	rm, rp := detectortest.Model(t, reader)
	d, err := plate.OpenDetector(dp, dm, detectors.Options{MinScore: 0.25})
	if err != nil {
		t.Fatal(err)
	}
	r, err := plate.OpenReader(rp, rm, detectors.Options{})
	if err != nil {
		t.Fatal(err)
	}
	f := plate.Finder{Detector: d, Reader: r}
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	return f
}

// BenchmarkPlates measures every pair that is worth it on all sets.
func BenchmarkPlates(b *testing.B) {
	pairs := [][2]string{
		{"plate-detector-yolo-v9-t", "plate-reader-cct-xs-v2"},
		{"plate-detector-yolo-v9-t", "plate-reader-cct-xs-v1"},
	}
	for _, p := range pairs {
		for _, set := range []string{"eu", "us", "romanian"} {
			b.Run(strings.Join([]string{p[0], p[1], set}, "+"), func(b *testing.B) {
				f := open(b, p[0], p[1])
				var pictures []labelled
				if set == "romanian" {
					pictures = romanian(b)
				} else {
					pictures = benchmarks(b, set)
				}
				for b.Loop() {
					n := measure(b, f, pictures)
					b.ReportMetric(float64(n.found)/float64(n.plates), "recall")
					b.Log(n)
				}
			})
		}
	}
}

// TestListedModels reads the first pictures of the EU set.
func TestListedModels(t *testing.T) {
	n := measure(t, open(t, "plate-detector-yolo-v9-t", "plate-reader-cct-xs-v2"), benchmarks(t, "eu")[:10])
	if n.found < 10 || n.one < 9 || n.readLoose < 9 {
		t.Error(n)
	}
}
