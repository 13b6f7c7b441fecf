package scene

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Zone is a named part of the picture.
type Zone struct {
	Name    string  `json:"name"`
	Polygon Polygon `json:"polygon"`
}

// Line is a named line from A to B. To look from A to B gives it a left and
// a right, as a person who looks at the picture sees them.
type Line struct {
	Name string `json:"name"`
	A    Point  `json:"a"`
	B    Point  `json:"b"`
}

const (
	maxCorners = 256 // of a zone
	maxName    = 64  // characters of a name
	maxPixel   = 1e6 // coordinates further out are a mistake
)

// ParseZone reads "NAME=x,y x,y x,y …": three corners or more, in pixels.
func ParseZone(s string) (Zone, error) {
	name, pts, err := parseShape(s)
	if err != nil {
		return Zone{}, err
	}
	z := Zone{Name: name, Polygon: pts}
	return z, z.Validate()
}

// Validate tells what is wrong with a zone.
func (z Zone) Validate() error {
	if err := checkShape(z.Name, z.Polygon); err != nil {
		return err
	}
	switch {
	case len(z.Polygon) < 3:
		return fmt.Errorf("zone %s has %d corners, needs 3 or more", z.Name, len(z.Polygon))
	case z.Polygon.Area() == 0:
		return fmt.Errorf("zone %s encloses nothing", z.Name)
	}
	return nil
}

// ParseLine reads "NAME=x,y x,y": the two ends, in pixels.
func ParseLine(s string) (Line, error) {
	name, pts, err := parseShape(s)
	if err != nil {
		return Line{}, err
	}
	if len(pts) != 2 {
		return Line{}, fmt.Errorf("line %s has %d points, needs 2", name, len(pts))
	}
	l := Line{Name: name, A: pts[0], B: pts[1]}
	return l, l.Validate()
}

// Validate tells what is wrong with a line.
func (l Line) Validate() error {
	if err := checkShape(l.Name, []Point{l.A, l.B}); err != nil {
		return err
	}
	if l.A == l.B {
		return fmt.Errorf("line %s has no length", l.Name)
	}
	return nil
}

// String writes the zone as [ParseZone] reads it.
func (z Zone) String() string { return shapeString(z.Name, z.Polygon) }

// String writes the line as [ParseLine] reads it.
func (l Line) String() string { return shapeString(l.Name, []Point{l.A, l.B}) }

func shapeString(name string, pts []Point) string {
	var b strings.Builder
	b.WriteString(name + "=")
	for i, p := range pts {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(strconv.FormatFloat(p.X, 'f', -1, 64) + "," + strconv.FormatFloat(p.Y, 'f', -1, 64))
	}
	return b.String()
}

// ValidName tells whether s can name a zone or a line: letters, digits, "-",
// "_" and ".", beginning with a letter, at most 64 characters.
func ValidName(s string) bool {
	if s == "" || utf8.RuneCountInString(s) > maxName || !utf8.ValidString(s) {
		return false
	}
	for i, r := range s {
		if !unicode.IsLetter(r) && (i == 0 || !unicode.IsDigit(r) && !strings.ContainsRune("-_.", r)) {
			return false
		}
	}
	return true
}

func parseShape(s string) (string, []Point, error) {
	name, list, ok := strings.Cut(s, "=")
	if !ok {
		return "", nil, fmt.Errorf("%q is not NAME=x,y x,y …", s)
	}
	var pts []Point
	for _, f := range strings.Fields(list) {
		xs, ys, ok := strings.Cut(f, ",")
		x, errX := strconv.ParseFloat(xs, 64)
		y, errY := strconv.ParseFloat(ys, 64)
		if !ok || errX != nil || errY != nil {
			return "", nil, fmt.Errorf("%q in %s is not a point x,y", f, name)
		}
		if len(pts) == maxCorners {
			return "", nil, fmt.Errorf("%s has over %d points", name, maxCorners)
		}
		pts = append(pts, Point{x, y})
	}
	name = strings.TrimSpace(name)
	return name, pts, checkShape(name, pts)
}

func checkShape(name string, pts []Point) error {
	if !ValidName(name) {
		return fmt.Errorf("%q is no name for a zone or a line: letters, digits, - _ . with a letter first", name)
	}
	if len(pts) > maxCorners {
		return fmt.Errorf("%s has over %d points", name, maxCorners)
	}
	for _, p := range pts {
		if !(math.Abs(p.X) <= maxPixel && math.Abs(p.Y) <= maxPixel) {
			return fmt.Errorf("%s has a point outside any picture: %v,%v", name, p.X, p.Y)
		}
	}
	return nil
}
