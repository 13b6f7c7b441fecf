package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// material is what happens in long footage.
type material struct {
	name string // in figures
	// active and idle are spans of a clip, each played to and fro, so that one
	// begins where the other ends; idle is 0 long where nothing ever rests.
	clip                                 string
	activeFrom, activeTo, idleFrom, idle float64
	share                                float64 // of the time in which something moves
	weather                              string  // "", night or rain
}

// The spans are those of truth/events: in the car park's active span something
// moves in 8.85 of 14 s, in its idle span nothing does.
const (
	parkActive = 8.85 / 14
	parkName   = "person-bicycle-car-detection_38s.mp4"
)

var (
	park10  = material{name: "10 % active", clip: parkName, activeFrom: 24.1, activeTo: 38.1, idleFrom: 14.2, idle: 9.9, share: .10}
	park2   = material{name: "2 % active", clip: parkName, activeFrom: 24.1, activeTo: 38.1, idleFrom: 14.2, idle: 9.9, share: .02}
	highway = material{name: "busy motorway", clip: "dvrscan_traffic_camera.mp4", activeFrom: 0, activeTo: 14, share: 1}
)

// in is the material at night or in rain.
func (m material) in(weather string) material {
	m.name, m.weather = m.name+", "+weather, weather
	return m
}

// sky is the filter that lays a weather over pictures of w×h: at night dark
// pictures and much noise, in rain streaks that are elsewhere in each picture.
func (m material) sky(w, h int) string {
	switch m.weather {
	case "night":
		return "eq=brightness=-0.25:contrast=0.6,noise=c0s=8:c0f=t"
	case "rain":
		return fmt.Sprintf("null[dry];color=c=black:s=%dx%d:r=25,noise=c0s=100:c0f=t,lutyuv=y='if(gt(val,88),150,0)':u=128:v=128,"+
			"scale=%d:%d:flags=neighbor,avgblur=sizeX=1:sizeY=7[rain];[dry][rain]blend=c0_mode=screen:shortest=1,noise=c0s=%d:c0f=t", w/4, h/4, w, h, grain)
	}
	return fmt.Sprintf("noise=c0s=%d:c0f=t", grain)
}

// coding is how long footage is encoded.
type coding struct {
	codec  string // h264 or hevc
	height int    // of a picture of 16:9
	gop    int    // pictures from key frame to key frame
	cbr    bool   // a constant bit rate as recorders do it, else constant quality
}

// mbit is the rate of recorders for a height, at constant bit rate.
func (c coding) mbit() int {
	m := map[int]int{720: 2, 1080: 4, 2160: 12}[c.height]
	if c.codec == "hevc" {
		m = m * 2 / 3
	}
	return max(m, 1)
}

func (c coding) String() string {
	rate := "CRF 23"
	if c.cbr {
		rate = fmt.Sprintf("CBR %d Mbit/s", c.mbit())
	}
	return fmt.Sprintf("%dp %s GOP %d %s", c.height, map[string]string{"h264": "H.264", "hevc": "HEVC"}[c.codec], c.gop, rate)
}

// arguments encode a piece so that pieces can be put one after another as they
// are: each begins with a key frame and refers to nothing outside it.
func (c coding) arguments() []string {
	g := fmt.Sprint(c.gop)
	rate := []string{"-crf", "23"}
	if c.cbr {
		m := fmt.Sprintf("%dM", c.mbit())
		rate = []string{"-b:v", m, "-minrate", m, "-maxrate", m, "-bufsize", m}
	}
	var args []string
	switch {
	case c.codec == "hevc":
		args = []string{"-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none:open-gop=0:scenecut=0:keyint=" + g + ":min-keyint=" + g}
	case c.cbr: // recorders reorder nothing, and fill up what they do not need
		args = []string{"-c:v", "libx264", "-preset", "veryfast", "-bf", "0", "-nal-hrd", "cbr", "-sc_threshold", "0", "-g", g, "-keyint_min", g}
	default:
		args = []string{"-c:v", "libx264", "-preset", "veryfast", "-sc_threshold", "0", "-g", g, "-keyint_min", g}
	}
	return append(args, rate...)
}

// grain is the strength of the noise that is laid over the clips: they are
// enlarged and some of their pictures doubled, and without a sensor's noise
// such footage would decode like none that a camera makes.
const grain = 5

// footage is a long recording made out of a short clip.
type footage struct {
	material
	coding
	seconds int
}

func (f footage) String() string { return f.coding.String() + ", " + f.material.name }

// file is where the footage is kept between runs.
func (f footage) file(e *env) string {
	name := strings.NewReplacer(" ", "-", "/", "", "%", "pc", ".", "", ",", "").Replace(strings.ToLower(f.String()))
	return filepath.Join(e.out, fmt.Sprintf("long-%s-%ds.mp4", name, f.seconds))
}

// build makes the footage, once; errNoData when its clip is not there. Its
// two pieces are encoded once each and put one after another, packet by packet.
func (f footage) build(ctx context.Context, e *env) (string, error) {
	out := f.file(e)
	if _, err := os.Stat(out); err == nil {
		return out, nil
	}
	clip := filepath.Join(e.data, "footage", f.clip)
	if _, err := os.Stat(clip); err != nil {
		return "", errNoData
	}
	e.note("  building %s (once)", filepath.Base(out))
	dir, err := os.MkdirTemp(e.out, "pieces-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	active := filepath.Join(dir, "active.mkv")
	idle := filepath.Join(dir, "idle.mkv")
	if err := f.piece(ctx, clip, f.activeFrom, f.activeTo, active); err != nil {
		return "", err
	}
	if f.idle > 0 {
		if err := f.piece(ctx, clip, f.idleFrom, f.idleFrom+f.idle, idle); err != nil {
			return "", err
		}
	}
	list := filepath.Join(dir, "list")
	if err := os.WriteFile(list, []byte(f.sequence(active, idle)), 0o644); err != nil {
		return "", err
	}
	part := filepath.Join(e.out, "part-"+filepath.Base(out))
	if err := ffmpeg(ctx, "-f", "concat", "-safe", "0", "-i", list, "-t", fmt.Sprint(f.seconds), "-c", "copy", part); err != nil {
		return "", errors.Join(err, os.Remove(part))
	}
	return out, os.Rename(part, out)
}

// piece encodes a span of the clip, to and fro.
func (f footage) piece(ctx context.Context, clip string, from, to float64, out string) error {
	filter := fmt.Sprintf("trim=%g:%g,setpts=PTS-STARTPTS,fps=25,split[a][b];[b]reverse[r];[a][r]concat,scale=%d:%d:flags=bicubic,%s,format=yuv420p",
		from, to, f.height*16/9, f.height, f.sky(f.height*16/9, f.height))
	return ffmpeg(ctx, append([]string{"-i", clip, "-an", "-filter_complex", filter}, append(f.arguments(), out)...)...)
}

// sequence is the list of pieces: after each active one as many idle ones as
// the share of activity asks for, in the long run.
func (f footage) sequence(active, idle string) string {
	var b strings.Builder
	add := func(name string) { fmt.Fprintf(&b, "file '%s'\n", name) }
	activeS, idleS := 2*(f.activeTo-f.activeFrom), 2*f.idle
	moved, passed := 0.0, 0.0
	for passed < float64(f.seconds)+1 {
		add(active)
		moved, passed = moved+activeS*parkActive, passed+activeS
		for f.idle > 0 && moved/passed > f.share {
			add(idle)
			passed += idleS
		}
	}
	return b.String()
}
