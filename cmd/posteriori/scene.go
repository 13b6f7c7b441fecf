package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"posteriori/engine"
	"posteriori/engine/fault"
	"posteriori/engine/index"
	"posteriori/engine/journal"
	"posteriori/engine/scene"
)

func newSceneCommand(a *app) *cobra.Command {
	return group("scene", "Say where cameras look", newSceneCalibrateCommand(a), newSceneListCommand(a))
}

// calibrateOptions are the flags of scene calibrate.
type calibrateOptions struct {
	camera, points string
	lengths        []string
	north          float64
}

func newSceneCalibrateCommand(a *app) *cobra.Command {
	var o calibrateOptions
	c := &cobra.Command{
		Use:   "calibrate -p ID --camera NAME",
		Short: "Say where a camera looks, for metres, km/h and true bearings",
		Long: `Say where a camera looks, so that answers tell speeds in km/h and sizes in metres,
each with its error, and headings as true bearings. What was said before of the
camera is replaced; it holds for its recordings of the same picture size.

  --points  four or more points of the flat ground, "x,y=X,Y x,y=X,Y …": pixels of the
            picture, and metres on the ground in axes of your own choice. More than
            four tell how well they fit.
  --length  a length on the ground, "x1,y1 x2,y2=12.5m". It leaves the camera's tilt
            and lens open, so errors are large away from it; give several.
  --north   where north is in the picture, degrees clockwise from up.

Points are taken to be set to within 1.5 pixels. Errors hold two standard
deviations; with lengths alone, the whole range of what they leave open.
` + exitStatus,
		Example: `  posteriori scene calibrate -p 2026-00123 --camera "rue Haute" --points "102,340=0,0 520,338=7,0 430,180=7,22 205,181=0,22" --north 35
  posteriori scene calibrate -p 2026-00123 --camera quai --length "100,300 300,310=4.5m"`,
		Args: argsBetween(0, 0),
		RunE: func(c *cobra.Command, _ []string) error { return a.calibrate(c, o) },
	}
	f := c.Flags()
	f.StringVar(&o.camera, "camera", "", "the camera's `name`")
	f.StringVar(&o.points, "points", "", "`points` on the ground, x,y=X,Y with X,Y in metres")
	f.StringArrayVar(&o.lengths, "length", nil, "a `length` on the ground, \"x1,y1 x2,y2=12.5m\"")
	f.Float64Var(&o.north, "north", 0, "`degrees` of north in the picture, clockwise from up")
	return c
}

// calibration reads the flags; the size of the picture is filled in later.
func (o calibrateOptions) calibration(c *cobra.Command) (scene.Calibration, error) {
	var out scene.Calibration
	for _, s := range strings.Fields(o.points) {
		p, g, ok := strings.Cut(s, "=")
		image, err1 := parsePoint(p)
		ground, err2 := parsePoint(g)
		if !ok || err1 != nil || err2 != nil {
			return out, fmt.Errorf("--points: %q is not x,y=X,Y", s)
		}
		out.Points = append(out.Points, scene.Pair{Image: image, Ground: ground})
	}
	for _, s := range o.lengths {
		l, err := parseLength(s)
		if err != nil {
			return out, err
		}
		out.Lengths = append(out.Lengths, l)
	}
	if c.Flags().Changed("north") {
		out.North = &o.north
	}
	return out, nil
}

func parsePoint(s string) (scene.Point, error) {
	xs, ys, ok := strings.Cut(s, ",")
	x, errX := strconv.ParseFloat(xs, 64)
	y, errY := strconv.ParseFloat(ys, 64)
	if !ok || errX != nil || errY != nil {
		return scene.Point{}, errors.New("not x,y")
	}
	return scene.Point{X: x, Y: y}, nil
}

func parseLength(s string) (scene.Length, error) {
	bad := fmt.Errorf("--length: %q is not \"x1,y1 x2,y2=12.5m\"", s)
	ends, metres, ok := strings.Cut(s, "=")
	f := strings.Fields(ends)
	if !ok || len(f) != 2 {
		return scene.Length{}, bad
	}
	a, err1 := parsePoint(f[0])
	b, err2 := parsePoint(f[1])
	m, err3 := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(metres), "m"), 64)
	if err := errors.Join(err1, err2, err3); err != nil {
		return scene.Length{}, bad
	}
	return scene.Length{A: a, B: b, Metres: m}, nil
}

// calibrated is what scene calibrate and scene list print.
type calibrated struct {
	index.Camera
	Recordings []int64 `json:"recordings"` // to which it applies
	// ResidualPX is how far the points lie off the fit; 0 when they are four.
	ResidualPX float64 `json:"residual_px"`
	// Scale is what a hundred pixels from left to right are on the ground, in
	// the lower middle of the picture, metres.
	Scale *scene.Measured `json:"hundred_pixels_m,omitempty"`
}

func (a *app) calibrate(c *cobra.Command, o calibrateOptions) error {
	if o.camera == "" {
		return usage(c, "no camera is named: --camera")
	}
	cal, err := o.calibration(c)
	if err != nil {
		return fault.Wrap(fault.Usage, err, "wrong option").WithHint("see %s --help", c.CommandPath())
	}
	var out calibrated
	err = a.inIndex(c, journal.Modify, journal.SubCamera, func(ctx context.Context, _ *engine.Store, act *engine.Act, ix *index.Store) error {
		out, err = calibrateAct(ctx, act, ix, o.camera, cal)
		return err
	})
	if err != nil {
		return err
	}
	return a.print(out, out.write)
}

// calibrateAct checks, records, and stores.
func calibrateAct(ctx context.Context, act *engine.Act, ix *index.Store, name string, cal scene.Calibration) (calibrated, error) {
	all, err := ix.Recordings(ctx)
	if err != nil {
		return calibrated{}, err
	}
	var of []index.Recording
	for _, r := range all {
		if r.Camera == name && cal.Width == 0 {
			cal.Width, cal.Height = r.Probe.Width, r.Probe.Height
		}
		if r.Camera == name && r.Probe.Width == cal.Width && r.Probe.Height == cal.Height {
			of = append(of, r)
		}
	}
	if of == nil {
		return calibrated{}, fault.New(fault.NotFound, "no recording has that camera").OnFile(name).WithHint("posteriori evidence list -p %s shows the cameras", act.Procedure().Doc.ID)
	}
	out, err := describeCamera(index.Camera{Name: name, Calibration: cal, By: act.By()}, all)
	if err != nil {
		return calibrated{}, fault.Wrap(fault.Usage, err, "a calibration that does not hold").WithHint("see posteriori scene calibrate --help")
	}
	params, err := json.Marshal(cal)
	if err != nil {
		return calibrated{}, err
	}
	if err := act.Record(journal.Details{Objects: recordingObjects(of), Params: string(params)}); err != nil {
		return calibrated{}, err
	}
	out.Record, _ = act.Seq()
	return out, ix.SetCamera(ctx, out.Camera)
}

// describeCamera tells what a calibration is worth.
func describeCamera(c index.Camera, recs []index.Recording) (calibrated, error) {
	out := calibrated{Camera: c, Recordings: []int64{}}
	for _, r := range recs {
		if r.Camera == c.Name && r.Probe.Width == c.Calibration.Width && r.Probe.Height == c.Calibration.Height {
			out.Recordings = append(out.Recordings, r.ID)
		}
	}
	g, ok, err := c.Calibration.Ground()
	if err != nil || !ok {
		return out, err
	}
	out.ResidualPX = thousandths(g.ResidualPX)
	w, h := float64(c.Calibration.Width), float64(c.Calibration.Height)
	if m, ok := g.WidthOf(scene.Box{X: w/2 - 50, Y: .65 * h, W: 100, H: .1 * h}); ok {
		out.Scale = &scene.Measured{Value: thousandths(m.Value), Error: thousandths(m.Error)}
	}
	return out, nil
}

func (c calibrated) write(w io.Writer) error {
	k := c.Calibration
	line := fmt.Sprintf("%q: ", c.Name)
	switch {
	case len(k.Points) > 0:
		line += fmt.Sprintf("%d points", len(k.Points))
		if len(k.Points) > 4 {
			line += fmt.Sprintf(", %.1f px off the fit", c.ResidualPX)
		}
	case len(k.Lengths) > 0:
		line += fmt.Sprintf("%d lengths", len(k.Lengths))
	default:
		line += "no scale"
	}
	if c.Scale != nil {
		line += fmt.Sprintf("; in its lower middle 100 px are %.2f±%.2f m", c.Scale.Value, c.Scale.Error)
	}
	if k.North != nil {
		line += fmt.Sprintf("; north at %g°", *k.North)
	}
	_, err := fmt.Fprintf(w, "%s; for %d recordings of %dx%d\n", line, len(c.Recordings), k.Width, k.Height)
	return err
}

func newSceneListCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "list -p ID",
		Short: "List what was said of where cameras look",
		Long:  "List what was said of where the procedure's cameras look.\n" + exitStatus,
		Args:  argsBetween(0, 0),
		RunE:  func(c *cobra.Command, _ []string) error { return a.sceneList(c) },
	}
}

func (a *app) sceneList(c *cobra.Command) error {
	list := []calibrated{}
	err := a.inIndex(c, journal.Consult, journal.SubCamera, func(ctx context.Context, _ *engine.Store, act *engine.Act, ix *index.Store) error {
		cameras, err := ix.Cameras(ctx)
		if err != nil {
			return err
		}
		recs, err := ix.Recordings(ctx)
		if err != nil {
			return err
		}
		for _, cam := range cameras {
			x, err := describeCamera(cam, recs)
			if err != nil {
				return err
			}
			list = append(list, x)
		}
		return act.Record(journal.Details{Params: `{"view":"cameras"}`, Result: fmt.Sprintf("%d cameras", len(list))})
	})
	if err != nil {
		return err
	}
	return a.print(list, func(w io.Writer) error {
		for _, x := range list {
			if err := x.write(w); err != nil {
				return err
			}
		}
		if len(list) == 0 {
			_, err := fmt.Fprintln(w, "no camera is calibrated")
			return err
		}
		return nil
	})
}
