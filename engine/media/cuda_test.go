package media

import (
	"slices"
	"strings"
	"testing"

	"posteriori/engine/wire"
)

// TestCUDAAttempts: first all on the card, then decoded on the card, then the
// CPU; what is turned, or a photograph, is not scaled on the card.
func TestCUDAAttempts(t *testing.T) {
	p := wire.Probe{TimeBase: wire.Rational{Num: 1, Den: 25}, Width: 1920, Height: 1080}
	o := DecodeOptions{Device: "cuda", FullUS: 200_000, PlaneW: 480, PlaneH: 270, FullW: 1920, FullH: 1080}
	got := attempts(&p, &o)
	if want := []attempt{{-1, "cuda", true}, {-1, "cuda", false}, {-1, "cpu", false}}; !slices.Equal(got, want) {
		t.Errorf("%+v", got)
	}
	p.Rotation = 90
	if got := attempts(&p, &o); got[0].onCard {
		t.Errorf("turned: %+v", got)
	}
}

// TestCUDAArguments: pictures leave the card small, but for the chosen ones.
func TestCUDAArguments(t *testing.T) {
	p := &wire.Probe{TimeBase: wire.Rational{Num: 1, Den: 25}, Width: 1920, Height: 1080, Format: "mov"}
	d := &Decoder{p: p, o: DecodeOptions{FullUS: 200_000, PlaneW: 480, PlaneH: 270, FullW: 1920, FullH: 1080, Threads: 1}, src: source{path: "/a.mp4", format: "mov"}}
	line := func(a attempt) string { return strings.Join(d.args(a), " ") }
	card := line(attempt{-1, "cuda", true})
	for _, want := range []string{
		"-hwaccel cuda -hwaccel_output_format cuda",
		"[a]scale_cuda=480:270:interp_algo=bilinear:format=yuv420p,hwdownload,format=yuv420p,extractplanes=y[s]",
		"scale_cuda=format=yuv420p,hwdownload,format=yuv420p,scale=1920:1080",
	} {
		if !strings.Contains(card, want) {
			t.Errorf("no %q in %s", want, card)
		}
	}
	if i, j := strings.Index(card, "-hwaccel"), strings.Index(card, "-i "); i > j {
		t.Errorf("an option of the input stands after it: %s", card)
	}
	if half := line(attempt{-1, "cuda", false}); strings.Contains(half, "scale_cuda") || strings.Contains(half, "output_format") || !strings.Contains(half, "-hwaccel cuda") {
		t.Error(half)
	}
	if cpu := line(attempt{-1, "cpu", false}); strings.Contains(cpu, "cuda") {
		t.Error(cpu)
	}
}
