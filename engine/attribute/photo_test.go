package attribute

import (
	"image"
	"image/color"
	"image/jpeg"
	"os"
	"path/filepath"
	"testing"

	"posteriori/engine/frame"
	"posteriori/engine/scene"
)

func dataDir(t *testing.T, name string) string {
	root := os.Getenv("POSTERIORI_DATA")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared", "data")
	}
	dir := filepath.Join(root, name)
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("no %s: set POSTERIORI_DATA to run this on real pictures", dir)
	}
	return dir
}

// loadJPEG reads a photograph as a limited-range BT.601 picture.
func loadJPEG(t *testing.T, path string) frame.YUV {
	t.Helper()
	r, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	img, err := jpeg.Decode(r)
	if err != nil {
		t.Fatal(err)
	}
	at := func(x, y int) color.YCbCr { return color.YCbCrModel.Convert(img.At(x, y)).(color.YCbCr) }
	if yuv, ok := img.(*image.YCbCr); ok { // the quick way, for all but grey ones
		at = yuv.YCbCrAt
	}
	b := img.Bounds()
	f := frame.NewYUV(b.Dx(), b.Dy())
	for y := range b.Dy() {
		for x := range b.Dx() {
			c := at(b.Min.X+x, b.Min.Y+y)
			f.Y.Row(y)[x] = limited(c.Y, 219, 0, 16)
			if x%2 == 0 && y%2 == 0 {
				f.U.Row(y / 2)[x/2] = limited(c.Cb, 224, 128, 128)
				f.V.Row(y / 2)[x/2] = limited(c.Cr, 224, 128, 128)
			}
		}
	}
	return f
}

func limited(v byte, span, zero, to float64) byte {
	return byte((float64(v)-zero)*span/255 + to + 0.5)
}

// TestPhotographs measures the colour names on photographs whose folder names
// their colour, taking most of the picture for the vehicle. The borders in
// names.go were set on these very pictures, and some of the folders' labels are
// wrong, so this guards against a fall and is no estimate of accuracy on
// recordings.
func TestPhotographs(t *testing.T) {
	dir := dataDir(t, "truth/colour")
	folders, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	right, total := map[scene.Colour]int{}, map[scene.Colour]int{}
	for _, d := range folders {
		want, ok := scene.ParseColour(d.Name())
		if !ok {
			t.Fatalf("folder %s names no colour", d.Name())
		}
		files, err := filepath.Glob(filepath.Join(dir, d.Name(), "*.jpg"))
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]int{}
		for i, file := range files {
			if i%2 == 1 {
				continue // half of them say enough, in half the time
			}
			f := loadJPEG(t, file)
			w, h := float64(f.Y.W), float64(f.Y.H)
			v, ok := Colour(Look{Picture: f, Box: scene.Box{X: 0.06 * w, Y: 0.12 * h, W: 0.88 * w, H: 0.76 * h}, Class: scene.Car, Light: SceneLight(f)})
			c := scene.UnknownColour
			if ok {
				c, _ = VoteColour(v)
			}
			total[want]++
			if c == want {
				right[want]++
			}
			got[c.String()]++
		}
		t.Logf("%s: %d of %d; %v", want, right[want], total[want], got)
	}
	least := map[scene.Colour]float64{scene.Red: 0.9, scene.Yellow: 0.85, scene.Blue: 0.75,
		scene.Green: 0.8, scene.Black: 0.75, scene.White: 0.65, scene.Pink: 0.4}
	for c, share := range least {
		if float64(right[c]) < share*float64(total[c]) {
			t.Errorf("%s: %d of %d right, want a share of %.2f", c, right[c], total[c], share)
		}
	}
}
