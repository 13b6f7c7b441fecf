package query

import (
	"errors"
	"time"

	"posteriori/engine/index"
	"posteriori/engine/scene"
)

// env is what an expression of --where sees of one track. The tags are the
// names of the language; the comments are its reference.
type env struct {
	ID          int64     `expr:"id"`           // number of the track in its recording
	Recording   int64     `expr:"recording"`    // number of the recording
	Camera      string    `expr:"camera"`       //
	Exhibit     string    `expr:"exhibit"`      //
	Class       string    `expr:"class"`        // "car", "person", …
	Score       float64   `expr:"score"`        // of the class, 0..1
	Colour      string    `expr:"colour"`       // "red", … "unknown"
	ColourScore float64   `expr:"colour_score"` // 0..1
	Lower       string    `expr:"lower_colour"` // of a person's lower clothing; colour is that of the upper
	LowerScore  float64   `expr:"lower_score"`  // 0..1
	Vehicle     bool      `expr:"vehicle"`      // a road vehicle of any class
	Heading     float64   `expr:"heading"`      // degrees, as the heading filter has them; -1 when unknown
	Compass     string    `expr:"compass"`      // "N", "NE", …; "" when unknown
	Start       time.Time `expr:"start"`        // wall clock; year 1 when the clock is unknown
	End         time.Time `expr:"end"`          //
	StartS      float64   `expr:"start_s"`      // media time, seconds
	EndS        float64   `expr:"end_s"`        //
	Duration    float64   `expr:"duration"`     // seconds in view
	Width       float64   `expr:"width"`        // of the median box, pixels
	Height      float64   `expr:"height"`       //
	MinWidth    float64   `expr:"min_width"`    //
	MinHeight   float64   `expr:"min_height"`   //
	MaxWidth    float64   `expr:"max_width"`    //
	MaxHeight   float64   `expr:"max_height"`   //
	Travel      float64   `expr:"travel"`       // way of the foot, pixels, jitter left out
	Speed       float64   `expr:"speed"`        // pixels a second, over the time in view
	Status      string    `expr:"status"`       // "proposed", "validated" or "rejected" by a person
	Observed    float64   `expr:"observed"`     // share of its life in which it was seen, 0..1

	Enters  func(zone string) (bool, error)                    `expr:"enters"`  //
	Leaves  func(zone string) (bool, error)                    `expr:"leaves"`  //
	Inside  func(zone string) (bool, error)                    `expr:"inside"`  // at any time
	Dwells  func(zone string) (float64, error)                 `expr:"dwell"`   // seconds, all visits together
	Crosses func(line string, side ...string) (bool, error)    `expr:"crosses"` // side "left" or "right"
	Stops   func(seconds float64) bool                         `expr:"stops"`   // stood for so long
	Heads   func(heading string, tol ...float64) (bool, error) `expr:"heads"`   // "NE", "80-100"

	path  scene.Path
	zones map[string]scene.Zone
	lines map[string]scene.Line
}

// newEnv makes an env with its functions, which read the path of the moment.
func newEnv(f Filter) *env {
	e := &env{zones: map[string]scene.Zone{}, lines: map[string]scene.Line{}}
	for _, z := range f.Zones {
		e.zones[z.Name] = z
	}
	for _, l := range f.Lines {
		e.lines[l.Name] = l
	}
	visit := func(zone string, is func(scene.Visit) bool) (bool, error) {
		z, ok := e.zones[zone]
		if !ok {
			return false, unknown("zone", zone, names(f.Zones))
		}
		return anyVisit(z, e.path, is), nil
	}
	e.Enters = func(n string) (bool, error) { return visit(n, func(v scene.Visit) bool { return v.Entered }) }
	e.Leaves = func(n string) (bool, error) { return visit(n, func(v scene.Visit) bool { return v.Left }) }
	e.Inside = func(n string) (bool, error) { return visit(n, func(scene.Visit) bool { return true }) }
	e.Dwells = func(n string) (float64, error) {
		z, ok := e.zones[n]
		if !ok {
			return 0, unknown("zone", n, names(f.Zones))
		}
		return seconds(z.Dwell(e.path)), nil
	}
	e.Crosses = func(n string, side ...string) (bool, error) {
		l, ok := e.lines[n]
		if !ok {
			return false, unknown("line", n, lineNames(f.Lines))
		}
		c := Cross{Line: n}
		if len(side) > 0 {
			c.Side = side[0]
		}
		if len(side) > 1 || c.Side != "" && c.Side != "left" && c.Side != "right" {
			return false, errors.New(`crosses takes a line, and "left" or "right"`)
		}
		return crosses(l, c.Side, e.path), nil
	}
	e.Stops = func(s float64) bool { return len(e.path.Stops(int64(s*1e6))) > 0 }
	e.Heads = func(h string, tol ...float64) (bool, error) {
		var t float64
		if len(tol) > 0 {
			t = tol[0]
		}
		r, err := scene.ParseHeadings(h, t)
		return err == nil && e.Heading >= 0 && r.Contains(e.Heading), err
	}
	return e
}

// set fills the env from a row.
func (e *env) set(rec *index.Recording, row index.Row, heading float64, known bool) {
	t := &row.Track
	e.ID, e.Recording, e.Camera, e.Exhibit = t.ID, row.Recording, rec.Camera, rec.Exhibit
	e.Class, e.Score, e.Colour, e.ColourScore = t.Class.String(), t.ClassScore, t.Colour.String(), t.ColourScore
	e.Lower, e.LowerScore = t.Lower.String(), t.LowerScore
	e.Vehicle, e.Status = t.Class.IsVehicle(), string(row.Status)
	e.Heading, e.Compass = -1, ""
	if known {
		e.Heading, e.Compass = heading, scene.Compass(heading)
	}
	e.Start, e.End = time.Time{}, time.Time{}
	if rec.ClockUS != nil {
		e.Start, e.End = time.UnixMicro(*rec.ClockUS+t.StartUS).UTC(), time.UnixMicro(*rec.ClockUS+t.EndUS).UTC()
	}
	e.StartS, e.EndS, e.Duration = seconds(t.StartUS), seconds(t.EndUS), seconds(t.EndUS-t.StartUS)
	z := row.Size
	e.Width, e.Height, e.MinWidth, e.MinHeight, e.MaxWidth, e.MaxHeight = z.MedianW, z.MedianH, z.MinW, z.MinH, z.MaxW, z.MaxH
	e.Travel, e.Speed, e.Observed = row.TravelPX, 0, t.Observed
	if e.Duration > 0 {
		e.Speed = e.Travel / e.Duration
	}
	e.path = t.Path
}

func anyVisit(z scene.Zone, p scene.Path, is func(scene.Visit) bool) bool {
	for _, v := range z.Visits(p) {
		if is(v) {
			return true
		}
	}
	return false
}

func crosses(l scene.Line, side string, p scene.Path) bool {
	for _, c := range l.Crossings(p) {
		if side == "" || c.ToRight == (side == "right") {
			return true
		}
	}
	return false
}

func seconds(us int64) float64 { return float64(us) / 1e6 }
