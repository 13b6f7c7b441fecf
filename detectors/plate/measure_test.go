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
	"posteriori/engine/fault"
	"posteriori/engine/frame"
	lp "posteriori/engine/plate"
	"posteriori/engine/scene"
	"posteriori/models"
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

// least is the score from which a box counts: the program's.
const least = plate.MinScore

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
	// Of several plates in the picture only one is labelled.
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

// model finds a model of the manifest and its file: ours in the repository, the
// others in the test data, or skips.
func model(t testing.TB, name string) (models.Model, string) {
	all, err := models.Load()
	if err != nil {
		t.Fatal(err)
	}
	m, err := all.Find(name)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join("..", "..", "models", m.File)
	if _, err := os.Stat(path); err == nil {
		return m, path
	}
	return detectortest.Model(t, name)
}

// open loads a detector and a reader of the manifest, or skips.
func open(t testing.TB, detector, reader string) plate.Finder {
	detectortest.Runtime(t)
	dm, dp := model(t, detector)
	rm, rp := model(t, reader)
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
		{"plate-detector-320", "plate-reader-eu"},
		{"plate-detector-320", "plate-reader-cct-xs-v2"},
		{"plate-detector-yolo-v9-t", "plate-reader-cct-xs-v2"},
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

// TestListedModels reads four pictures of the EU set.
func TestListedModels(t *testing.T) {
	n := measure(t, open(t, "plate-detector-yolo-v9-t", "plate-reader-cct-xs-v2"), benchmarks(t, "eu")[10:14])
	if n.found < 4 || n.one < 4 || n.readLoose < 3 {
		t.Error(n)
	}
}

// TestOwnModels finds and reads the plate of a drawn car with the models that
// come with the program, and nothing on an empty wall.
func TestOwnModels(t *testing.T) {
	f := open(t, "plate-detector-320", "plate-reader-eu")
	pic := detectortest.JPEG(t, filepath.Join("testdata", "drawn.jpg"))
	reads, err := f.Find(pic, 40_000, f.Layers(pic.Y.W, pic.Y.H)...)
	if err != nil {
		t.Fatal(err)
	}
	want := scene.Box{X: 270, Y: 255, W: 120, H: 28}
	if len(reads) != 1 || reads[0].Box.IoU(want) < 0.6 || reads[0].TUS != 40_000 {
		t.Fatalf("%d plates: %+v", len(reads), reads)
	}
	if got := reads[0].Text(); got != "AB123CD" {
		t.Errorf("AB123CD read as %s (%.2f)", got, reads[0].Score())
	}
	if reads, err := f.Find(detectortest.Flat(640, 480), 0); err != nil || len(reads) != 0 {
		t.Errorf("on a wall: %v %v", reads, err)
	}
}

// TestWrongModels: each door refuses what is not for it.
func TestWrongModels(t *testing.T) {
	d, dp := model(t, "plate-detector-320")
	r, rp := model(t, "plate-reader-eu")
	if _, err := plate.OpenDetector(rp, r, detectors.Options{}); fault.KindOf(err) != fault.BadInput {
		t.Errorf("a reader as detector: %v", err)
	}
	if _, err := plate.OpenReader(dp, d, detectors.Options{}); fault.KindOf(err) != fault.BadInput {
		t.Errorf("a detector as reader: %v", err)
	}
}

// TestClosed: what is closed says so, and closing twice does nothing.
func TestClosed(t *testing.T) {
	f := open(t, "plate-detector-320", "plate-reader-eu")
	for range 2 {
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	pic := detectortest.Flat(64, 64)
	if _, err := f.Find(pic, 0); err == nil {
		t.Error("a closed detector found something")
	}
	if _, err := f.Reader.Read(pic, scene.Box{W: 40, H: 10}); err == nil {
		t.Error("a closed reader read something")
	}
}
