package pipeline

import (
	"math"
	"testing"

	"posteriori/engine/scene"
)

// stroll is a bright figure that walks over a wall for five seconds, at 60
// pixels a second from x = 20 on.
const stroll = "color=0x505050:s=320x180:r=25:d=5[a];color=white:s=24x44:r=25:d=5[b];[a][b]overlay=x=8+60*t:y=70,noise=alls=3"

// clock is what an overlaid clock looks like to a motion model: strokes of
// digits that come and go at every second.
const clock = ",drawbox=x=200:y=10:w=12:h=4:color=white:t=fill:enable='gt(mod(floor(t),2),0)'" +
	",drawbox=x=200:y=10:w=4:h=20:color=white:t=fill:enable='lt(mod(floor(t),3),2)'" +
	",drawbox=x=208:y=18:w=4:h=16:color=white:t=fill:enable='gt(mod(floor(t),3),0)'" +
	",drawbox=x=200:y=30:w=12:h=4:color=white:t=fill:enable='lt(mod(floor(t),2),1)'"

// oddInputs are ways in which recordings differ that must not matter.
var oddInputs = []struct {
	name, filter string
	args         []string
	x            func(x float64) float64 // where the walk's x comes to lie; nil: there
	y            float64                 // of the figure's middle; 0: 92
	slack        float64                 // pixels; 0: 8
}{
	{name: "as it is"},
	{name: "upside-down", filter: ",vflip", y: 88},
	{name: "mirrored", filter: ",hflip", x: func(x float64) float64 { return 320 - x }},
	{name: "anamorphic", filter: ",scale=240:180,setsar=4/3", x: func(x float64) float64 { return x * .75 }}, // and import says so
	{name: "interlaced", filter: ",fps=50,tinterlace=interleave_top,fieldorder=tff", args: []string{"-c:v", "mpeg2video", "-q:v", "3", "-flags", "+ilme+ildct"}, slack: 12},
	{name: "monochrome", args: []string{"-pix_fmt", "gray"}},
	{name: "4:2:2", args: []string{"-pix_fmt", "yuv422p"}},
	{name: "10-bit", args: []string{"-pix_fmt", "yuv420p10le"}},
	{name: "full range", filter: ",scale=out_range=full", args: []string{"-pix_fmt", "yuvj420p", "-color_range", "pc"}},
	{name: "odd crop", filter: ",crop=311:173:3:1", args: []string{"-pix_fmt", "yuv444p"}, x: func(x float64) float64 { return x - 3 }, y: 91},
	{name: "clock", filter: clock},
}

// TestOddInputs: one walker is one object on its way, whatever the recording
// is like.
func TestOddInputs(t *testing.T) {
	for _, c := range oddInputs {
		t.Run(c.name, func(t *testing.T) {
			args := append([]string{"-c:v", "libx264", "-preset", "ultrafast"}, c.args...)
			a := runQuarters(t, clip(t, "odd.mkv", stroll+c.filter, args...), false)
			if len(a.Tracks) != 1 {
				t.Fatalf("%d tracks, want 1", len(a.Tracks))
			}
			p, err := scene.UnpackPath(a.Tracks[0].Track.Path)
			if err != nil {
				t.Fatal(err)
			}
			slack, y := max(8, c.slack), c.y
			if y == 0 {
				y = 92
			}
			for _, at := range []float64{1.5, 2.5, 3.5} {
				x := 20 + 60*at
				if c.x != nil {
					x = c.x(x)
				}
				b, ok := p.At(int64(at * 1e6))
				if m := b.Center(); !ok || math.Abs(m.X-x) > slack || math.Abs(m.Y-y) > slack {
					t.Errorf("at %.1f s it is at %.0f, want (%.0f, %.0f)", at, m, x, y)
				}
			}
			for _, s := range a.End.Coverage {
				if s.Kind != scene.Seen || s.Reason != "" {
					t.Errorf("coverage %+v", s)
				}
			}
		})
	}
}

// TestLightSwitchedOn: nothing but the walker is found, once where the light
// changes all places alike, and before and after where it comes from one side.
func TestLightSwitchedOn(t *testing.T) {
	for name, c := range map[string]struct {
		filter string
		most   int // tracks
	}{
		"everywhere":    {",eq=brightness='if(gt(t,2.5),0.25,0)':eval=frame", 1},
		"from one side": {",drawbox=x=0:y=0:w=160:h=180:color=white@0.4:t=fill:enable='gt(t,2.5)'", 2},
	} {
		t.Run(name, func(t *testing.T) {
			a := runQuarters(t, clip(t, "light.mp4", stroll+c.filter, "-c:v", "libx264", "-preset", "ultrafast"), false)
			if len(a.Tracks) == 0 || len(a.Tracks) > c.most {
				t.Errorf("%d tracks, want the walker: at most %d", len(a.Tracks), c.most)
			}
			for _, m := range a.Tracks {
				p, err := scene.UnpackPath(m.Track.Path)
				if err != nil {
					t.Fatal(err)
				}
				for _, q := range p {
					if b := q.Box; b.Y < 45 || b.Y+b.H > 140 || b.W > 60 {
						t.Fatalf("a box %v at %d µs is no walker's", b, q.TUS)
					}
				}
			}
		})
	}
}
