package query

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"

	"posteriori/engine/fault"
	"posteriori/engine/index"
	"posteriori/engine/scene"
)

// Ground is what a calibration tells of a hit, each with its error, which
// speaks for two standard deviations (scene.Measured). Nil where it does not
// reach.
type Ground struct {
	Speed  *scene.Measured `json:"speed_kmh,omitempty"` // mean, while it moved
	Width  *scene.Measured `json:"width_m,omitempty"`   // as the camera sees it
	Height *scene.Measured `json:"height_m,omitempty"`
}

// loadGrounds reads the calibrations and applies each to the recordings of its
// camera that have the size of the pictures it was made in.
func (p *plan) loadGrounds(ctx context.Context, store *index.Store, recs map[int64]*index.Recording) error {
	cameras, err := store.Cameras(ctx)
	if err != nil {
		return err
	}
	for _, c := range cameras {
		g, ok, err := c.Calibration.Ground()
		if err != nil {
			return fault.Wrap(fault.Integrity, err, "a stored calibration does not hold together")
		}
		for id, r := range recs {
			if ok && r.Camera == c.Name && r.Probe.Width == c.Calibration.Width && r.Probe.Height == c.Calibration.Height {
				if p.grounds == nil {
					p.grounds = map[int64]scene.Ground{}
				}
				p.grounds[id] = g
			}
		}
	}
	return nil
}

func (f Filter) wantsSpeed() bool { return f.MinSpeedKMH > 0 || f.MaxSpeedKMH > 0 }

// speedSQL reads the paths of what may have moved.
func (p *plan) speedSQL(c *condition) {
	if p.filter.wantsSpeed() {
		p.where.Path, p.residual = true, true
		c.add("t.travel_px > 0")
	}
}

// keepsSpeed keeps what may lie within, given the error.
func (p *plan) keepsSpeed(row index.Row) bool {
	f := p.filter
	if !f.wantsSpeed() {
		return true
	}
	g, ok := p.grounds[row.Recording]
	if !ok {
		return false
	}
	m, ok := g.Speed(row.Track.Path)
	return ok && m.Value+m.Error >= f.MinSpeedKMH && (f.MaxSpeedKMH == 0 || m.Value-m.Error <= f.MaxSpeedKMH)
}

// groundOf measures a track with its path; nil without a calibration.
func (p *plan) groundOf(row index.Row) *Ground {
	g, ok := p.grounds[row.Recording]
	if !ok || len(row.Track.Path) == 0 {
		return nil
	}
	told := func(m scene.Measured, ok bool) *scene.Measured {
		if !ok {
			return nil
		}
		return &scene.Measured{Value: math.Round(m.Value*10) / 10, Error: math.Ceil(m.Error*10) / 10}
	}
	out := &Ground{Speed: told(g.Speed(row.Track.Path)), Width: told(g.Width(row.Track.Path)), Height: told(g.Height(row.Track.Path))}
	if *out == (Ground{}) {
		return nil
	}
	return out
}

// speedText is the speed with its error for a person to read.
func speedText(h Hit) string {
	if h.Ground == nil || h.Ground.Speed == nil {
		return "-"
	}
	return fmt.Sprintf("%.0f±%.0f km/h", h.Ground.Speed.Value, math.Ceil(h.Ground.Speed.Error))
}

func groundParts(f Filter) (out []part) {
	had := func(v view) string {
		if v.Ground == nil || v.Ground.Speed == nil {
			return "none: it did not travel, or its camera is not calibrated for where it was"
		}
		return speedText(v.Hit)
	}
	away := func(limit float64) func(view) float64 {
		return func(v view) float64 {
			if v.Ground == nil || v.Ground.Speed == nil {
				return 1
			}
			return ratio(v.Ground.Speed.Value, limit)
		}
	}
	if f.MinSpeedKMH > 0 {
		out = append(out, part{path: true, flag: "min-speed", wanted: fmt.Sprintf("%g km/h", f.MinSpeedKMH), had: had, away: away(f.MinSpeedKMH),
			only: func(g *Filter) { g.MinSpeedKMH = f.MinSpeedKMH }, drop: func(g *Filter) { g.MinSpeedKMH = 0 }})
	}
	if f.MaxSpeedKMH > 0 {
		out = append(out, part{path: true, flag: "max-speed", wanted: fmt.Sprintf("%g km/h", f.MaxSpeedKMH), had: had, away: away(f.MaxSpeedKMH),
			only: func(g *Filter) { g.MaxSpeedKMH = f.MaxSpeedKMH }, drop: func(g *Filter) { g.MaxSpeedKMH = 0 }})
	}
	return out
}

// WithNorths fills in the norths of cameras that calibrations tell and the
// filter does not, so that headings are true bearings.
func WithNorths(ctx context.Context, store *index.Store, f Filter) (Filter, error) {
	cameras, err := store.Cameras(ctx)
	if err != nil || len(cameras) == 0 {
		return f, err
	}
	recs, err := store.Recordings(ctx)
	if err != nil {
		return f, err
	}
	there := map[string]bool{}
	for _, r := range recs {
		there[r.Camera] = true
	}
	north := map[string]float64{}
	for _, c := range cameras {
		if c.Calibration.North != nil && there[c.Name] && (len(f.Cameras) == 0 || slices.Contains(f.Cameras, c.Name)) {
			north[c.Name] = *c.Calibration.North
		}
	}
	maps.Copy(north, f.North)
	if len(north) > 0 {
		f.North = north
	}
	return f, nil
}
