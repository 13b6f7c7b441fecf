package media

import (
	"testing"

	"posteriori/engine/scene"
	"posteriori/engine/wire"
)

// A chunk that gave no picture is damaged from end to end, and nothing is read
// again to find that out: of a file of a million broken packets that cannot be
// sought in, each of hundreds of chunks would begin from the start.
func TestChunkWithoutPictures(t *testing.T) {
	p := &wire.Probe{TimeBase: wire.Rational{Num: 1, Den: 25}, Counted: true}
	c := wire.Chunk{Index: 3, StartUS: 900_000_000, EndUS: 1_200_000_000, Packets: 7500}
	got, err := Coverage(t.Context(), "/nonexistent.avi", p, c, 0, Report{Errors: 7500, Messages: []string{"[mjpeg @ 0x1] no JPEG data found in image"}})
	if err != nil || len(got) != 1 {
		t.Fatalf("%v, %v", got, err)
	}
	if g := got[0]; g.FromUS != c.StartUS || g.ToUS != c.EndUS || g.Kind != scene.Damaged || g.Reason != "7500 pictures cannot be decoded: no JPEG data found in image" {
		t.Errorf("%+v", g)
	}
	if _, err := Coverage(t.Context(), "/nonexistent.avi", p, c, 20, Report{Errors: 7480}); err == nil {
		t.Error("one with pictures is not looked at again, so this proves nothing")
	}
}
