package main

import (
	"context"
	"fmt"
	"image"
	"image/draw"
	_ "image/jpeg"
	_ "image/png"
	"os"
	"path/filepath"

	"posteriori/bench/score"
	"posteriori/engine/frame"
	"posteriori/engine/motion"
)

// motionFrameUS is the time between the pictures of a CDnet sequence. The set
// does not tell; its cameras gave about 25 a second.
const motionFrameUS = 40_000

// changeReference are the F-measures of others, by sequence.
var changeReference = map[string][2]string{
	"highway": {"SuBSENSE .944, FgSegNet (supervised) .98", "CDnet 2014, changedetection.net"},
}

// motionSuite scores the background model by the CDnet protocol. It calls the
// model itself: no command of the program shows a foreground mask.
func motionSuite(ctx context.Context, e *env) ([]figure, error) {
	dirs, _ := filepath.Glob(filepath.Join(e.data, "truth/motion/*"))
	var out []figure
	var total score.Change
	for _, dir := range dirs {
		if !isDir(filepath.Join(dir, "groundtruth")) {
			continue
		}
		c, frames, err := scoreChange(ctx, dir)
		if err != nil {
			return out, fmt.Errorf("%s: %w", dir, err)
		}
		name := filepath.Base(dir)
		note := fmt.Sprintf("CDnet protocol, %d frames, luma alone, full size", frames)
		out = append(out,
			figure{Name: name + " F-measure", Value: c.F(), Reference: changeReference[name][0], Source: changeReference[name][1], Note: note},
			figure{Name: name + " precision", Value: c.Precision(), Note: note},
			figure{Name: name + " recall", Value: c.Recall(), Note: note})
		total.TP, total.FP, total.FN = total.TP+c.TP, total.FP+c.FP, total.FN+c.FN
	}
	switch len(out) {
	case 0:
		return nil, errNoData
	case 3:
		return out, nil
	}
	return append(out, figure{Name: "all F-measure", Value: total.F(), Note: "samples of all sequences together"}), nil
}

// scoreChange runs the model over a CDnet sequence and scores the frames of
// its temporal region of interest that have a truth.
func scoreChange(ctx context.Context, dir string) (c score.Change, frames int, err error) {
	from, to := 1, 1<<30
	if b, err := os.ReadFile(filepath.Join(dir, "temporalROI.txt")); err == nil {
		if _, err := fmt.Sscan(string(b), &from, &to); err != nil {
			return c, 0, fmt.Errorf("temporalROI.txt: %w", err)
		}
	}
	var m *motion.Model
	for i := 1; i <= to && ctx.Err() == nil; i++ {
		luma, err := readGrey(filepath.Join(dir, "input", fmt.Sprintf("in%06d.jpg", i)))
		if os.IsNotExist(err) && i > 1 {
			break
		}
		if err != nil {
			return c, frames, err
		}
		if m == nil {
			m = motion.New(luma.W, luma.H, motion.Config{})
		}
		r := m.Apply(luma, int64(i)*motionFrameUS)
		if i < from {
			continue
		}
		truth, err := readGrey(filepath.Join(dir, "groundtruth", fmt.Sprintf("gt%06d.png", i)))
		if os.IsNotExist(err) {
			continue
		}
		if err != nil {
			return c, frames, err
		}
		if truth.W != r.Mask.W || truth.H != r.Mask.H {
			return c, frames, fmt.Errorf("frame %d: the truth is %d×%d, the picture %d×%d", i, truth.W, truth.H, r.Mask.W, r.Mask.H)
		}
		for y := range truth.H {
			c.AddRow(r.Mask.Row(y), truth.Row(y))
		}
		frames++
	}
	if frames == 0 && ctx.Err() == nil {
		return c, 0, fmt.Errorf("no frame has a truth")
	}
	return c, frames, ctx.Err()
}

// readGrey reads a picture's luma, or its grey.
func readGrey(file string) (frame.Plane, error) {
	f, err := os.Open(file)
	if err != nil {
		return frame.Plane{}, err
	}
	defer f.Close()
	img, _, err := image.Decode(f)
	if err != nil {
		return frame.Plane{}, fmt.Errorf("%s: %w", file, err)
	}
	if c, ok := img.(*image.YCbCr); ok {
		return frame.Plane{Pix: c.Y, W: c.Rect.Dx(), H: c.Rect.Dy(), Stride: c.YStride}, nil
	}
	g := image.NewGray(img.Bounds())
	draw.Draw(g, g.Rect, img, img.Bounds().Min, draw.Src)
	return frame.Plane{Pix: g.Pix, W: g.Rect.Dx(), H: g.Rect.Dy(), Stride: g.Stride}, nil
}
