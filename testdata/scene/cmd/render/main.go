// Command render writes a made scene as a video, with its truth beside it:
// FILE.json in the form of the benchmark's labelled clips, FILE.txt as
// MOTChallenge text.
//
//	go run ./testdata/scene/cmd/render -preset street -o street.mp4
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"image"
	"image/png"
	"os"
	"os/signal"
	"path/filepath"
	"strings"

	"posteriori/testdata/scene"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "render:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	f := flag.NewFlagSet("render", flag.ContinueOnError)
	preset := f.String("preset", "street", "one of "+strings.Join(scene.Presets(), ", "))
	size := f.String("size", "640x360", "width x height in pixels")
	seed := f.Uint64("seed", 1, "seed of the noise and the backdrop")
	out := f.String("o", "", "the video to write; its ending chooses the container")
	still := f.Float64("still", -1, "write only the frame at this second, as PNG, to -o")
	var e scene.Encoding
	f.IntVar(&e.CRF, "crf", 0, "H.264 quality, larger is worse (default 26)")
	f.IntVar(&e.GOP, "gop", 0, "frames between key frames (default 50)")
	f.IntVar(&e.Rotation, "rotate", 0, "store it turned by 90, 180 or 270 degrees")
	vfr := f.Bool("vfr", false, "a frame rate that changes: 25, then 10, then 15 a second")
	if err := f.Parse(args); err != nil {
		return err
	}
	var w, h int
	if _, err := fmt.Sscanf(*size, "%dx%d", &w, &h); err != nil || w < 16 || h < 16 || w%2+h%2 != 0 {
		return fmt.Errorf("-size %s: want two even numbers such as 1280x720", *size)
	}
	s, err := scene.New(*preset, w, h, *seed)
	if err != nil {
		return err
	}
	if *vfr {
		s.Rate = []scene.Rate{{UntilS: s.Seconds / 3, PerSecond: 25}, {UntilS: s.Seconds * 2 / 3, PerSecond: 10}, {PerSecond: 15}}
	}
	if *out == "" {
		return fmt.Errorf("-o is missing: which file to write")
	}
	s.Name = filepath.Base(*out)
	if *still >= 0 {
		return writeStill(s, *still, *out)
	}
	if err := s.Encode(ctx, *out, e); err != nil {
		return err
	}
	return writeTruth(s, *out)
}

func writeTruth(s *scene.Scene, out string) error {
	raw, err := json.MarshalIndent(s.Truth(), "", " ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(out+".json", append(raw, '\n'), 0o644); err != nil {
		return err
	}
	var mot bytes.Buffer
	if err := s.WriteMOT(&mot); err != nil {
		return err
	}
	return os.WriteFile(out+".txt", mot.Bytes(), 0o644)
}

func writeStill(s *scene.Scene, at float64, out string) error {
	i := 0
	for i+1 < s.Frames() && float64(s.TimeUS(i+1)) <= at*1e6 {
		i++
	}
	pix := s.NewRenderer().Render(i)
	img := image.NewRGBA(image.Rect(0, 0, s.W, s.H))
	for k := range s.W * s.H {
		copy(img.Pix[4*k:4*k+3], pix[3*k:3*k+3])
		img.Pix[4*k+3] = 255
	}
	var buf bytes.Buffer
	if err := png.Encode(&buf, img); err != nil {
		return err
	}
	return os.WriteFile(out, buf.Bytes(), 0o644)
}
