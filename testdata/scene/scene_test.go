package scene

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"math"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"posteriori/bench/score"
	vocab "posteriori/engine/scene"
)

func preset(t testing.TB, name string) *Scene {
	t.Helper()
	s, err := New(name, 320, 180, 1)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func hashOf(s *Scene, frames ...int) [32]byte {
	h := sha256.New()
	r := s.NewRenderer()
	for _, i := range frames {
		h.Write(r.Render(i))
	}
	return [32]byte(h.Sum(nil))
}

// Two runs give the same pixels, and frames may be rendered in any order.
func TestSamePixels(t *testing.T) {
	for _, name := range Presets() {
		a, b := preset(t, name), preset(t, name)
		want := hashOf(a, 120, 130)
		b.NewRenderer().Render(200)
		if hashOf(b, 120, 130) != want {
			t.Errorf("%s: a second run differs", name)
		}
		c, _ := New(name, 320, 180, 2)
		if hashOf(c, 120, 130) == want {
			t.Errorf("%s: the seed changes nothing", name)
		}
	}
	if _, err := New("beach", 320, 180, 1); err == nil || !strings.Contains(err.Error(), "street") {
		t.Errorf("an unknown preset: %v", err)
	}
}

// Where truth says a box is, the pixels differ from the empty street; outside
// all boxes and shadows they do not.
func TestTruthIsWhatIsPainted(t *testing.T) {
	s := preset(t, "street")
	s.Noise, s.Shadows = 0, 0
	still := *s
	still.Actors = nil
	r, bare, left := s.NewRenderer(), still.NewRenderer(), s.Truth().LeftObjects
	for i := 5; i < s.Frames(); i += 37 {
		boxes := s.Boxes(i)
		got, want := r.Render(i), bare.Render(i)
		hit := make([]int, len(boxes))
		for p := 0; p < len(got); p += 3 {
			if diff(got[p:p+3], want[p:p+3]) <= 2 {
				continue
			}
			x, y := float64(p/3%s.W)+.5, float64(p/3/s.W)+.5
			owned := false
			for k, l := range boxes {
				if x > l.Box.X-1 && x < l.Box.X+l.Box.W+1 && y > l.Box.Y-1 && y < l.Box.Y+l.Box.H+1 {
					hit[k]++
					owned = true
				}
			}
			if !owned && !s.nearlyOut(x) && !onThing(left, s.timeS(i), x, y) {
				t.Fatalf("frame %d: something is painted at %v,%v and no label has it", i, x, y)
			}
		}
		for k, l := range boxes {
			if float64(hit[k]) < .15*l.Box.Area() {
				t.Errorf("frame %d object %d: %d pixels in %v", i, l.ID, hit[k], l.Box)
			}
		}
	}
}

func diff(a, b []byte) int {
	d := 0
	for k := range a {
		d = max(d, int(math.Abs(float64(a[k])-float64(b[k]))))
	}
	return d
}

// nearlyOut: things so far outside that they are not labelled yet.
func (s *Scene) nearlyOut(x float64) bool {
	return x < .05*float64(s.W) || x > .95*float64(s.W)
}

func onThing(left []score.LeftObject, now, x, y float64) bool {
	for _, l := range left {
		if now >= l.LeftS && x > l.X-1 && x < l.X+l.W+1 && y > l.Y-1 && y < l.Y+l.H+1 {
			return true
		}
	}
	return false
}

func TestStreetTruth(t *testing.T) {
	truth := preset(t, "street").Truth()
	raw, err := json.Marshal(truth)
	if err != nil {
		t.Fatal(err)
	}
	read, err := score.ReadTruth(bytes.NewReader(raw))
	if err != nil {
		t.Fatalf("the benchmark cannot read it: %v", err)
	}
	type row struct{ Class, Colour, Heading string }
	got := map[int]row{}
	for _, o := range read.Objects {
		got[o.ID] = row{o.Class, o.Colour, o.Heading}
	}
	want := map[int]row{
		1: {"car", "red", "E"}, 2: {"car", "white", "W"}, 3: {"person", "blue", "E"}, 4: {"car", "blue", "E"},
		5: {"person", "yellow", "W"}, 6: {"bicycle", "green", "W"}, 7: {"person", "orange", "W"},
		8: {"bus", "orange", "W"}, 9: {"person", "black", ""}, 10: {"truck", "white", "E"},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if len(read.LeftObjects) != 1 || read.LeftObjects[0].OwnerID != 9 || read.LeftObjects[0].LeftS != 29 {
		t.Errorf("left: %+v", read.LeftObjects)
	}
	crossed := map[int]bool{}
	for _, v := range truth.Visits {
		if v.Zone == "crossing" && v.LeaveS > v.EnterS {
			crossed[v.Object] = true
		}
	}
	if !crossed[5] || crossed[3] {
		t.Errorf("the person on the crossing is 5, not 3: %v", truth.Visits)
	}
	if d := cmp.Diff([][2]float64{{14, 20}}, find(read, 4).Stops); d != "" {
		t.Error(d)
	}
}

func find(t *score.Truth, id int) score.Object {
	for _, o := range t.Objects {
		if o.ID == id {
			return o
		}
	}
	return score.Object{}
}

func TestEmptyAndNight(t *testing.T) {
	truth := preset(t, "empty").Truth()
	if len(truth.Objects) != 0 || len(truth.EmptySpansS) != 1 || truth.EmptySpansS[0] != [2]float64{0, 30} {
		t.Errorf("empty: %+v", truth)
	}
	s := preset(t, "night")
	pix := s.NewRenderer().Render(150)
	sum := 0
	for p := 0; p < len(pix); p += 3 {
		if pix[p] != pix[p+1] || pix[p] != pix[p+2] {
			t.Fatal("infra-red has a colour")
		}
		sum += int(pix[p])
	}
	if mean := sum / (len(pix) / 3); mean > 80 || mean < 15 {
		t.Errorf("mean brightness %d", mean)
	}
	for _, o := range s.Truth().Objects {
		if o.Colour != "unknown" {
			t.Errorf("object %d has colour %s at night", o.ID, o.Colour)
		}
	}
}

// Light changes are seen, and a shaken camera moves labels with the picture.
func TestLightAndShake(t *testing.T) {
	s := &Scene{W: 320, H: 180, Seconds: 4, Seed: 3, Light: Light{Steps: []Step{{AtS: 2, Gain: .5}}}}
	r := s.NewRenderer()
	if a, b := mean(r.Render(10)), mean(r.Render(90)); math.Abs(b/a-.5) > .03 {
		t.Errorf("brightness went from %.1f to %.1f", a, b)
	}
	s = &Scene{W: 320, H: 180, Seconds: 4, Seed: 3, Shake: 4, Actors: []Actor{
		{ID: 1, Class: vocab.Car, Colour: vocab.Red, Way: []Waypoint{{0, 300, 246}, {4, 300, 246}}}}}
	moved := 0.0
	for i := range s.Frames() {
		moved = max(moved, math.Abs(s.Boxes(i)[0].Box.X-s.Boxes(0)[0].Box.X))
	}
	if moved < .5 {
		t.Errorf("the standing car's label moved by %.2f px", moved)
	}
	if bytes.Equal(bytes.Clone(s.NewRenderer().Render(0)), s.NewRenderer().Render(20)) {
		t.Error("the picture stands still")
	}
}

func mean(pix []byte) float64 {
	sum := 0
	for _, v := range pix {
		sum += int(v)
	}
	return float64(sum) / float64(len(pix))
}

// Every class has a shape of its own, in its colour, standing on its foot point.
func TestShapes(t *testing.T) {
	seen := map[string]vocab.Class{}
	for _, class := range vocab.Classes() {
		s := &Scene{W: 640, H: 360, Seconds: 1, Actors: []Actor{{ID: 1, Class: class, Colour: vocab.Red, Lower: vocab.Blue,
			Way: []Waypoint{{0, 300, 290}, {1, 310, 290}}}}}
		l := s.Boxes(0)[0]
		size := fmt.Sprintf("%.0fx%.0f", l.Box.W, l.Box.H)
		if other, ok := seen[size]; ok && class != vocab.Other && other != vocab.Other && class != vocab.Suitcase {
			t.Errorf("%v and %v look alike: %s", class, other, size)
		}
		seen[size] = class
		if foot := l.Box.Y + l.Box.H; math.Abs(foot-290) > 1.5 {
			t.Errorf("%v stands at %.1f", class, foot)
		}
		pix, red := s.NewRenderer().Render(0), 0
		for p := 0; p < len(pix); p += 3 {
			if int(pix[p]) > 2*int(pix[p+1])+20 && int(pix[p]) > 2*int(pix[p+2])+20 {
				red++
			}
		}
		if red < 40 {
			t.Errorf("%v: %d red pixels", class, red)
		}
	}
}

func TestTimes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := &Scene{Seconds: 60}
		until := 0.0
		for range rapid.IntRange(0, 4).Draw(t, "rates") {
			until += float64(rapid.IntRange(1, 14).Draw(t, "seconds"))
			s.Rate = append(s.Rate, Rate{until, float64(rapid.IntRange(1, 30).Draw(t, "rate"))})
		}
		last := int64(-1)
		for i := range s.Frames() {
			if now := s.TimeUS(i); now <= last {
				t.Fatalf("frame %d at %d µs, the one before at %d", i, now, last)
			} else {
				last = now
			}
		}
		if last >= 60e6 {
			t.Fatalf("the last frame is at %d µs of 60 s", last)
		}
	})
}

// probe asks ffprobe for the frames' times and the size as displayed.
func probe(t *testing.T, file string) []float64 {
	t.Helper()
	out, err := exec.Command("ffprobe", "-v", "error", "-select_streams", "v:0", "-show_entries", "frame=pts_time",
		"-of", "csv=p=0", file).Output()
	if err != nil {
		t.Fatal(err)
	}
	var times []float64
	for _, l := range strings.Fields(string(out)) {
		v, err := strconv.ParseFloat(strings.Trim(l, ","), 64)
		if err != nil {
			t.Fatal(err)
		}
		times = append(times, v)
	}
	return times
}

func needFFmpeg(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		t.Skip("ffmpeg is not installed")
	}
}

func TestEncodeKeepsTimes(t *testing.T) {
	needFFmpeg(t)
	s := preset(t, "street")
	s.Seconds = 6
	s.Rate = []Rate{{2, 25}, {4, 10}, {0, 5}}
	file := filepath.Join(t.TempDir(), "vfr.mp4")
	if err := s.Encode(context.Background(), file, Encoding{Preset: "ultrafast"}); err != nil {
		t.Fatal(err)
	}
	got := probe(t, file)
	if len(got) != s.Frames() || len(got) != 80 {
		t.Fatalf("%d frames, want %d", len(got), s.Frames())
	}
	for i, g := range got {
		if math.Abs(g-got[0]-s.timeS(i)) > 2e-5 {
			t.Fatalf("frame %d at %.6f s, want %.6f", i, g-got[0], s.timeS(i))
		}
	}
}

// A clip stored turned is shown upright: decoded by FFmpeg, which turns it
// back, it is the picture that was rendered.
func TestEncodeRotated(t *testing.T) {
	needFFmpeg(t)
	for _, degrees := range []int{90, 180, 270} {
		s := preset(t, "street")
		s.Seconds, s.Noise = .2, 0
		file := filepath.Join(t.TempDir(), "turned.mp4")
		if err := s.Encode(context.Background(), file, Encoding{CRF: 12, Rotation: degrees}); err != nil {
			t.Fatal(err)
		}
		raw, err := exec.Command("ffmpeg", "-v", "error", "-i", file, "-frames:v", "1", "-pix_fmt", "rgb24", "-f", "rawvideo", "-").Output()
		if err != nil || len(raw) != s.FrameSize() {
			t.Fatalf("%d: %d bytes: %v", degrees, len(raw), err)
		}
		want := s.NewRenderer().Render(0)
		sum := 0
		for i := range raw {
			sum += int(math.Abs(float64(raw[i]) - float64(want[i])))
		}
		if off := float64(sum) / float64(len(raw)); off > 12 {
			t.Errorf("%d degrees: pixels differ by %.1f on average", degrees, off)
		}
	}
}

func TestEncodeFails(t *testing.T) {
	needFFmpeg(t)
	s := preset(t, "empty")
	s.Seconds = .2
	if err := s.Encode(context.Background(), filepath.Join(t.TempDir(), "none", "x.mp4"), Encoding{}); err == nil {
		t.Error("a folder that does not exist was written to")
	}
}

func TestMOT(t *testing.T) {
	s := preset(t, "street")
	var b bytes.Buffer
	if err := s.WriteMOT(&b); err != nil {
		t.Fatal(err)
	}
	seq, err := score.ReadMOTTruth(&b, 1)
	if err != nil {
		t.Fatal(err)
	}
	for i := range s.Frames() {
		if len(seq[i+1]) != len(s.Boxes(i)) {
			t.Fatalf("frame %d: %d boxes, want %d", i+1, len(seq[i+1]), len(s.Boxes(i)))
		}
	}
}

func BenchmarkRender(b *testing.B) {
	s, _ := New("street", 640, 360, 1)
	r := s.NewRenderer()
	b.ResetTimer()
	for i := range b.N {
		r.Render(i % s.Frames())
	}
}
