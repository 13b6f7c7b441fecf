package pipeline

import (
	"context"
	"encoding/json"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"posteriori/detectors"
	"posteriori/engine/frame"
	"posteriori/engine/media"
	"posteriori/engine/scene"
	"posteriori/engine/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// walker is a red box that walks over a grey wall.
const walker = "color=gray:s=320x180:r=25:d=5[a];color=red:s=24x44:r=25:d=5[b];[a][b]overlay=x=20+44*t:y=70,noise=alls=3"

// clip makes a file from a lavfi graph.
func clip(t *testing.T, name, graph string, args ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	all := append([]string{"-v", "error", "-filter_complex_threads", "1", "-filter_complex", graph}, args...)
	if out, err := exec.Command("ffmpeg", append(all, path)...).CombinedOutput(); err != nil {
		t.Fatalf("ffmpeg: %v: %s", err, out)
	}
	return path
}

// reader is a detector whose answer depends on every sample it is shown.
type reader struct{ seen int }

func (r *reader) Detect(f frame.YUV, _ []scene.Box) ([]detectors.Detection, error) {
	r.seen++
	sum := 0
	for _, v := range f.Y.Pix {
		sum += int(v)
	}
	left, right := f.V.W, 0
	for y := range f.V.H {
		for x, v := range f.V.Row(y) {
			if v > 180 { // red
				left, right = min(left, x), max(right, x)
			}
		}
	}
	if right <= left {
		return nil, nil
	}
	return []detectors.Detection{{Box: scene.Box{X: float64(2 * left), Y: 70, W: float64(2 * (right - left)), H: 44},
		Class: scene.Person, Score: 0.6 + float64(sum%1000)/10_000}}, nil
}

func (r *reader) Info() detectors.Info { return detectors.Info{Name: "reader", Device: "cpu"} }
func (r *reader) Close() error         { return nil }

// answer is what a job says of each chunk, without the times of its stages.
type answer struct {
	Tracks []wire.TrackMsg
	End    wire.ChunkEnd
}

func analyse(t *testing.T, path string, p *wire.Probe, chunks []wire.Chunk, det detectors.Detector) map[int]answer {
	t.Helper()
	probe := *p
	probe.Chunks, probe.Gaps = nil, nil
	out := map[int]answer{}
	var held []wire.TrackMsg
	var mu sync.Mutex
	job := wire.AnalyseJob{Probe: probe, Chunks: chunks, Engine: wire.Engine{Device: "cpu", Threads: 1}}
	err := Run(t.Context(), path, job, det, func(k wire.Kind, body any) error {
		mu.Lock()
		defer mu.Unlock()
		switch v := body.(type) {
		case wire.TrackMsg:
			held = append(held, v)
		case wire.ChunkEnd:
			if len(out) == 0 && v.Stages["decode"] <= 0 {
				t.Errorf("chunk %d: no time was spent decoding", v.Chunk)
			}
			v.Stages = nil
			out[v.Chunk] = answer{held, v}
			held = nil
		}
		if _, err := json.Marshal(body); err != nil {
			t.Error(err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// planned probes a clip; each chunk's lead-in is the chunk before.
func planned(t *testing.T, path string, chunkUS int64) *wire.Probe {
	t.Helper()
	p, err := media.Probe(t.Context(), path, chunkUS)
	if err != nil {
		t.Fatal(err)
	}
	for i := range p.Chunks[1:] {
		p.Chunks[i+1].LeadPTS = p.Chunks[i].StartPTS
	}
	return p
}

// TestOnePassOrMany: a chunk's answer does not depend on whether its worker
// was given other chunks too.
func TestOnePassOrMany(t *testing.T) {
	path := clip(t, "walker.mp4", walker, "-c:v", "libx264", "-preset", "ultrafast", "-g", "35", "-bf", "0")
	p := planned(t, path, 1_400_000)
	if len(p.Chunks) < 3 {
		t.Fatalf("%d chunks", len(p.Chunks))
	}
	for _, name := range []string{"motion", "detector"} {
		t.Run(name, func(t *testing.T) {
			detector := func() detectors.Detector {
				if name == "motion" {
					return nil
				}
				return &reader{}
			}
			once := analyse(t, path, p, p.Chunks, detector())
			tracks := 0
			for _, c := range p.Chunks {
				alone := analyse(t, path, p, []wire.Chunk{c}, detector())
				if d := cmp.Diff(once[c.Index], alone[c.Index]); d != "" {
					t.Errorf("chunk %d differs on its own: %.2000s", c.Index, d)
				}
				tracks += len(alone[c.Index].Tracks)
			}
			if want := map[string]int{"motion": 1, "detector": len(p.Chunks) - 1}[name]; tracks < want {
				t.Errorf("only %d pieces were found", tracks)
			}
		})
	}
}

// TestHolesAreTold: a hole that ends with a chunk, as the recorder's first
// picture after it is a key frame, and chunks in which no picture is.
func TestHolesAreTold(t *testing.T) {
	path := clip(t, "hole.mkv", "testsrc2=s=64x48:r=10:d=4,setpts='PTS+if(gte(T,2),7/TB,0)'",
		"-fps_mode", "passthrough", "-c:v", "libx264", "-preset", "ultrafast", "-g", "1000", "-force_key_frames", "9")
	p := planned(t, path, 2_000_000)
	if len(p.Chunks) != 2 || len(p.Gaps) != 1 {
		t.Fatalf("%d chunks, gaps %v", len(p.Chunks), p.Gaps)
	}
	once := analyse(t, path, p, p.Chunks, nil)
	for _, c := range p.Chunks {
		got := analyse(t, path, p, []wire.Chunk{c}, nil)[c.Index]
		if d := cmp.Diff(once[c.Index], got); d != "" {
			t.Errorf("chunk %d: %s", c.Index, d)
		}
		var gap []scene.Coverage
		for _, s := range got.End.Coverage {
			if s.Kind == scene.Gap {
				gap = append(gap, s)
			}
		}
		want := map[int][]scene.Coverage{0: p.Gaps}[c.Index]
		if d := cmp.Diff(want, gap); d != "" {
			t.Errorf("gaps of chunk %d: %s", c.Index, d)
		}
	}
}

// TestChunkWithoutPicture: the frames of the next chunk are not its own.
func TestChunkWithoutPicture(t *testing.T) {
	path := clip(t, "hole.mkv", "testsrc2=s=64x48:r=10:d=4,setpts='PTS+if(gte(T,2),7/TB,0)'",
		"-fps_mode", "passthrough", "-c:v", "libx264", "-preset", "ultrafast", "-g", "1000", "-force_key_frames", "9")
	p := planned(t, path, 2_000_000)
	a, b := p.Chunks[0], p.Chunks[1]
	// As a plan would have it, had the pictures there been lost since.
	mid := wire.Chunk{Index: 1, StartPTS: 4000, EndPTS: 8000, StartUS: 4_000_000, EndUS: 8_000_000, LeadPTS: 3000, Packets: 40}
	a.EndPTS, a.EndUS = 4000, 4_000_000
	b.Index, b.StartPTS, b.StartUS, b.LeadPTS = 2, 8000, 8_000_000, 8000
	got := analyse(t, path, p, []wire.Chunk{a, mid, b}, nil)
	if len(got) != 3 || got[1].End.Frames != 0 || got[1].End.Coverage[0].Kind == scene.Seen {
		t.Errorf("%d chunks, the middle one %+v", len(got), got[1].End)
	}
	if n := got[0].End.Frames + got[2].End.Frames; n != p.Packets {
		t.Errorf("%d frames of %d", n, p.Packets)
	}
}

// TestSizes: pictures smaller than the motion plane's least, and odd ones.
func TestSizes(t *testing.T) {
	for _, size := range []string{"1:1", "17:33", "2:400"} {
		t.Run(size, func(t *testing.T) {
			path := clip(t, "odd.mkv", "testsrc2=s=64x64:r=10:d=1,scale="+size+",format=yuv444p", "-c:v", "ffv1")
			p := planned(t, path, 1_000_000)
			got := analyse(t, path, p, p.Chunks, &reader{})
			if got[0].End.Frames != 10 || len(got[0].End.Coverage) == 0 {
				t.Errorf("%+v", got[0].End)
			}
		})
	}
}

func TestPhotograph(t *testing.T) {
	graph := "color=gray:s=320x180[a];color=red:s=24x44[b];[a][b]overlay=x=60:y=70"
	path := clip(t, "photo.jpg", graph, "-frames:v", "1", "-q:v", "2")
	p := planned(t, path, 1_000_000)
	got := analyse(t, path, p, p.Chunks, &reader{})[0]
	if len(got.Tracks) != 1 || got.Tracks[0].Track.Class != "person" || got.End.Frames != 1 {
		t.Fatalf("%d tracks: %+v", len(got.Tracks), got.End)
	}
	if d := cmp.Diff([]scene.Coverage{{Kind: scene.Seen}}, got.End.Coverage); d != "" {
		t.Error(d)
	}
	got = analyse(t, path, p, p.Chunks, nil)[0]
	if len(got.Tracks) != 0 || got.End.Coverage[0].Kind != scene.NotAnalysed {
		t.Errorf("without a detector: %+v", got.End)
	}
}

// TestHeartbeat: a worker that waits for FFmpeg is not silent, one that works
// says nothing but its own.
func TestHeartbeat(t *testing.T) {
	was := beatEvery
	defer func() { beatEvery = was }()
	beatEvery = time.Millisecond
	beats := make(chan wire.Progress, 100)
	h := newHeartbeat(func(_ wire.Kind, body any) error {
		select {
		case beats <- body.(wire.Progress):
		default:
		}
		return nil
	})
	defer h.stop()
	if err := h.tell(wire.Progress{Frames: 7}); err != nil {
		t.Fatal(err)
	}
	<-beats
	err := h.during(func() error {
		if p := <-beats; p.Frames != 7 {
			t.Errorf("%+v", p)
		}
		return context.Canceled
	})
	if err != context.Canceled {
		t.Error(err)
	}
}

// TestMessagesStayBounded: hours in one chunk fit in a message.
func TestMessagesStayBounded(t *testing.T) {
	p := newProcessor(setup{w: 64, h: 48, planeW: 64, planeH: 48, stages: stages{}}, wire.Chunk{})
	full := frame.NewYUV(64, 48)
	p.plate.look(&full, frame.NewPlane(64, 48), 0, true)
	big := make([]byte, maxPlates/3)
	for i := range int64(20) {
		p.plates = append(p.plates, wire.Plate{TUS: i, JPEG: big})
		if err := p.keepPlate(i); err != nil {
			t.Fatal(err)
		}
		if n := size(p.plates); n > maxPlates {
			t.Fatalf("%d bytes of plates", n)
		}
	}
	if p.apart <= plateEveryUS {
		t.Error("plates come as often as before")
	}
}
