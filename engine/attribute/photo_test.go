package attribute

import (
	"fmt"
	"image/color"
	"image/jpeg"
	"os"
	"path/filepath"
	"sort"
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
	b := img.Bounds()
	f := frame.NewYUV(b.Dx(), b.Dy())
	for y := range b.Dy() {
		for x := range b.Dx() {
			c := color.YCbCrModel.Convert(img.At(b.Min.X+x, b.Min.Y+y)).(color.YCbCr)
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

func TestPhotographs(t *testing.T) {
	dir := dataDir(t, "truth/colour")
	folders, _ := os.ReadDir(dir)
	right, answered, total := 0, 0, 0
	for _, d := range folders {
		want, _ := scene.ParseColour(d.Name())
		files, _ := filepath.Glob(filepath.Join(dir, d.Name(), "*.jpg"))
		got := map[string]int{}
		for _, file := range files {
			f := loadJPEG(t, file)
			total++
			v, ok := Colour(f, scene.Box{W: float64(f.Y.W), H: float64(f.Y.H)}, nil, scene.Car, SceneLight(f))
			c, _ := VoteColour(v)
			if !ok {
				got["no light"]++
				continue
			}
			got[c.String()]++
			if c != scene.UnknownColour {
				answered++
			}
			if c == want {
				right++
			}
			if os.Getenv("SHOW") == d.Name() && c != want {
				fmt.Println(filepath.Base(file), c, v)
			}
		}
		var keys []string
		for k := range got {
			keys = append(keys, k)
		}
		sort.Slice(keys, func(i, j int) bool { return got[keys[i]] > got[keys[j]] })
		line := fmt.Sprintf("%-7s %3d:", d.Name(), len(files))
		for _, k := range keys {
			line += fmt.Sprintf(" %s %d", k, got[k])
		}
		t.Log(line)
	}
	t.Logf("right %d of %d (%.1f %%), answered %d", right, total, 100*float64(right)/float64(total), answered)
}
