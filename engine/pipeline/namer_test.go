package pipeline

import (
	"testing"

	"posteriori/engine/frame"
	"posteriori/engine/scene"
	"posteriori/engine/track"
	"posteriori/engine/wire"
)

// surely names everything a car with .7, a truck with .3.
type surely struct{ asked int }

func (n *surely) Name(frame.YUV, scene.Box) ([]float64, bool, error) {
	n.asked++
	out := make([]float64, numClasses)
	out[scene.Car], out[scene.Truck] = 0.7, 0.3
	return out, true, nil
}

func TestNumClasses(t *testing.T) {
	if n := len(scene.Classes()); n != numClasses {
		t.Errorf("%d classes, %d places for their votes", n, numClasses)
	}
}

// What no detector names is named by its picture, as often as is worth it.
func TestNamer(t *testing.T) {
	n := &surely{}
	p := newProcessor(setup{w: 320, h: 180, planeW: 160, planeH: 90, namer: n}, wire.Chunk{})
	full := frame.NewYUV(320, 180)
	tr := &track.Track{ID: 1, Box: scene.Box{X: 100, Y: 60, W: 40, H: 30}, Votes: make([]float64, numClasses)}
	s := &samples{}
	for ms := int64(0); ms < 10_000; ms += 40 {
		if err := p.name(picture{tUS: ms * 1000, full: &full}, tr, s); err != nil {
			t.Fatal(err)
		}
	}
	if n.asked < enoughNames || n.asked > enoughNames+10 {
		t.Errorf("asked %d times in ten seconds", n.asked)
	}
	if got := classOf(tr, s); got != scene.Car {
		t.Errorf("a %s", got)
	}
	votes, looks := votesOf(tr, s)
	if looks != n.asked || votes[scene.Car] < .69*float64(looks) || votes[scene.Car] > .71*float64(looks) {
		t.Errorf("%d looks, votes %v", looks, votes)
	}
	// A detector's word stands.
	tr.Detections, tr.Votes[scene.Person] = 1, 0.6
	if votes, looks := votesOf(tr, s); looks != 1 || votes[scene.Person] != 0.6 {
		t.Errorf("after a detection: %d looks, votes %v", looks, votes)
	}
	before := n.asked
	if err := p.name(picture{tUS: 60_000_000, full: &full}, tr, s); err != nil || n.asked != before {
		t.Errorf("asked about what a detector named: %v", err)
	}
}
