package pipeline

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"posteriori/engine/scene"
	"posteriori/engine/wire"
)

// passer is a noisy scene through which something passes once, from 65 to 71 s.
const passer = "color=gray:s=320x180:r=10:d=130[a];color=white:s=24x40:r=10:d=130[b];" +
	"[a][b]overlay=x=50*(t-65):y=90:enable='between(t,65,71)',noise=c0s=6:c0f=t"

// TestTriage: what passes is found, the rest is not decoded and said not to
// be, every frame counts, and the answer is the same each time.
func TestTriage(t *testing.T) {
	path := clip(t, "passer.mp4", passer, "-c:v", "libx264", "-preset", "ultrafast", "-g", "20", "-bf", "0")
	p := planned(t, path, 60_000_000)
	engine := wire.Engine{Device: "cpu", Threads: 1}
	job := wire.TriageJob{Probe: *p, Engine: engine}
	none := func(wire.Kind, any) error { return nil }
	plan, err := Triage(t.Context(), path, job, nil, none)
	if err != nil || plan.Full {
		t.Fatalf("%v %+v", err, plan.Why)
	}
	again, err := Triage(t.Context(), path, job, nil, none)
	if d := cmp.Diff(plan, again); d != "" || err != nil {
		t.Error(d, err)
	}
	var tracks []wire.TrackMsg
	frames, seenUS := int64(0), int64(0)
	at := int64(0)
	err = Run(t.Context(), path, wire.AnalyseJob{Probe: *p, Chunks: p.Chunks, Engine: engine, Triage: plan.Of(p.Chunks)}, nil, func(_ wire.Kind, body any) error {
		switch m := body.(type) {
		case wire.TrackMsg:
			tracks = append(tracks, m)
		case wire.ChunkEnd:
			frames += m.Frames
			for _, c := range m.Coverage {
				if c.FromUS != at {
					t.Errorf("a span begins at %d, the one before ends at %d", c.FromUS, at)
				}
				if at = c.ToUS; c.Kind == scene.Seen {
					seenUS += c.ToUS - c.FromUS
				} else if c.Kind != scene.Triaged || !strings.Contains(c.Reason, "confidence") {
					t.Errorf("%+v", c)
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if frames != 1300 || at != p.DurationUS || seenUS > 65_000_000 {
		t.Errorf("%d frames, up to %d µs, %d µs seen", frames, at, seenUS)
	}
	if len(tracks) != 1 || tracks[0].Track.StartUS > 66_500_000 || tracks[0].Track.EndUS < 70_000_000 {
		t.Errorf("%d tracks", len(tracks))
	}
}

// TestTriageOfAConstantRate: where the encoder spends the same on everything,
// everything is decoded, and the coverage says why.
func TestTriageOfAConstantRate(t *testing.T) {
	path := clip(t, "constant.mp4", strings.Replace(passer, "c0s=6", "c0s=50", 1), "-c:v", "libx264", "-preset", "ultrafast", "-g", "20", "-bf", "0",
		"-b:v", "300k", "-minrate", "300k", "-maxrate", "300k", "-bufsize", "60k")
	p := planned(t, path, 60_000_000)
	plan, err := Triage(t.Context(), path, wire.TriageJob{Probe: *p, Engine: wire.Engine{Device: "cpu", Threads: 1}}, nil,
		func(wire.Kind, any) error { return nil })
	if err != nil || !plan.Full || !strings.Contains(plan.Why, "everything decoded") {
		t.Fatalf("%v %+v", err, plan)
	}
	chunk := p.Chunks[:1]
	err = Run(t.Context(), path, wire.AnalyseJob{Probe: *p, Chunks: chunk, Engine: wire.Engine{Device: "cpu", Threads: 1}, Triage: plan.Of(chunk)}, nil,
		func(_ wire.Kind, body any) error {
			if m, ok := body.(wire.ChunkEnd); ok && (m.Coverage[0].Kind != scene.Seen || m.Coverage[0].Reason != plan.Why) {
				t.Errorf("%+v", m.Coverage)
			}
			return nil
		})
	if err != nil {
		t.Fatal(err)
	}
}
