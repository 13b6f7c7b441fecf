package main

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"testing"

	"posteriori/engine/wire"
)

// The heat map lies over the lightest background; one that cannot be read is
// passed over.
func TestHeatLiesOverTheDay(t *testing.T) {
	plate := func(luma uint8) wire.Plate {
		img := image.NewGray(image.Rect(0, 0, 16, 8))
		for i := range img.Pix {
			img.Pix[i] = luma
		}
		var b bytes.Buffer
		if err := jpeg.Encode(&b, img, nil); err != nil {
			t.Fatal(err)
		}
		return wire.Plate{JPEG: b.Bytes()}
	}
	got := lightest([]wire.Plate{plate(40), {JPEG: []byte("no picture")}, plate(130), plate(60)})
	if v := color.GrayModel.Convert(got.At(5, 5)).(color.Gray).Y; v < 128 || v > 132 {
		t.Errorf("luma %d", v)
	}
	if got := lightest(nil); got != nil {
		t.Errorf("%v of no background", got)
	}
}

func TestSpanInFrench(t *testing.T) {
	for us, want := range map[int64]string{
		0: "0\u00a0s", 40_000: "0\u00a0s", 1_260_000: "1,3\u00a0s", 59_940_000: "59,9\u00a0s", 59_960_000: "1\u00a0min 00\u00a0s",
		207_870_000: "3\u00a0min 27\u00a0s", 3_600_000_000: "1\u00a0h 00\u00a0min", 93_784_000_000: "26\u00a0h 03\u00a0min",
	} {
		if got := spanInFrench(us); got != want {
			t.Errorf("%d µs: %q, want %q", us, got, want)
		}
	}
}
