package query

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"posteriori/engine/fault"
	"posteriori/engine/scene"
)

func TestCanonical(t *testing.T) {
	a := shapes(Filter{Classes: []string{"car", "bus"}, Colours: []string{"red", "red"}, Recordings: []int64{3, 1, 3}, Enters: []string{"square"},
		Dwell: []Dwell{{"square", 5}, {"corner", 7}, {"square", 1}}, Crosses: []Cross{{"gate", "right"}, {"gate", ""}},
		From: moment(t, "2024-05-01T14:00:00+02:00"), To: moment(t, "1h")})
	b := shapes(Filter{Classes: []string{"bus", "car", "bus"}, Colours: []string{"red"}, Recordings: []int64{1, 3}, Enters: []string{"square", "square"},
		Dwell: []Dwell{{"corner", 7}, {"square", 1}, {"square", 5}}, Crosses: []Cross{{"gate", ""}, {"gate", "right"}},
		From: moment(t, "2024-05-01T12:00:00Z"), To: moment(t, "60m")})
	b.Zones[0], b.Zones[1] = b.Zones[1], b.Zones[0]
	if d := cmp.Diff(string(a.Canonical()), string(b.Canonical())); d != "" {
		t.Error(d)
	}
	var back Filter
	if err := json.Unmarshal(a.Canonical(), &back); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(a.Canonical()), string(back.Canonical())); d != "" {
		t.Error(d)
	}
	if got := string(Filter{}.Canonical()); got != "{}" {
		t.Errorf("the empty filter is %s", got)
	}
}

func TestValidate(t *testing.T) {
	for want, f := range map[string]Filter{
		`did you mean "car"`:           {Classes: []string{"cat", "carr"}},
		`"rouge": did you mean "red"`:  {Colours: []string{"rouge"}},
		`did you mean "truck"`:         {Classes: []string{"Camionnettes"}},
		`did you mean "bicycle"`:       {Classes: []string{"vélo"}},
		`did you mean "validated"`:     {Statuses: []string{"validé"}},
		`did you mean "yellow"`:        {Colours: []string{"yelow"}},
		"is no heading":                {Headings: []string{"north"}},
		"longest duration is shorter":  {MinDurationUS: 5, MaxDurationUS: 4},
		"duration is negative":         {StopUS: -1},
		"before the beginning":         {From: moment(t, "2m"), To: moment(t, "1m")},
		`there is no zone "sqare"`:     shapes(Filter{Enters: []string{"sqare"}}),
		`no zone "gate": none is give`: {Leaves: []string{"gate"}},
		`no line "square"`:             shapes(Filter{Crosses: []Cross{{Line: "square"}}}),
		"to the left or to the right":  shapes(Filter{Crosses: []Cross{{Line: "gate", Side: "up"}}}),
		"two zones z": {Zones: []scene.Zone{{Name: "z", Polygon: scene.Polygon{{X: 1}, {Y: 1}, {}}},
			{Name: "z", Polygon: scene.Polygon{{X: 1}, {Y: 1}, {}}}}},
		"encloses nothing":     {Zones: []scene.Zone{{Name: "z", Polygon: scene.Polygon{{}, {}, {}}}}},
		"not within 0 and 360": {North: map[string]float64{"a": 400}},
		"--where: there is no": {Where: "clas"},
	} {
		err := f.Validate()
		if fault.KindOf(err) != fault.Usage || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q: %v", want, err)
		}
	}
	if err := (Filter{}).Validate(); err != nil {
		t.Error(err)
	}
}

func TestParseRules(t *testing.T) {
	if d, err := ParseDwell("1m30s@gate"); err != nil || d != (Dwell{"gate", 90_000_000}) {
		t.Error(d, err)
	}
	for _, bad := range []string{"30s", "30@gate", "@gate", "30s@", "-1s@gate"} {
		if _, err := ParseDwell(bad); err == nil {
			t.Errorf("dwell %q", bad)
		}
	}
	c, l, err := ParseCross("g=1,2 3,4:left")
	if err != nil || c != (Cross{"g", "left"}) || l == nil || l.B != (scene.Point{X: 3, Y: 4}) {
		t.Error(c, l, err)
	}
	if c, l, err := ParseCross("gate:right"); err != nil || c != (Cross{"gate", "right"}) || l != nil {
		t.Error(c, l, err)
	}
	for _, bad := range []string{"", "gate:up", "g=1,2", "1,2 3,4"} {
		if _, _, err := ParseCross(bad); err == nil {
			t.Errorf("cross %q", bad)
		}
	}
	for in, want := range map[string]Size{"40": {H: 40}, "30x40": {30, 40}, "30x0": {W: 30}, "12.5": {H: 12.5}} {
		if got, err := ParseSize(in); err != nil || got != want {
			t.Errorf("size %q: %v, %v", in, got, err)
		}
	}
	for _, bad := range []string{"", "x", "-4", "NaN", "3x", "1e9", "2x3x4"} {
		if _, err := ParseSize(bad); err == nil {
			t.Errorf("size %q", bad)
		}
	}
}

func TestParseMoment(t *testing.T) {
	for in, want := range map[string]Moment{
		"2024-05-01T12:00:00Z":        {Set: true, US: 1714564800_000_000},
		"2024-05-01T14:00:00.5+02:00": {Set: true, US: 1714564800_500_000},
		"90s":                         {Set: true, Media: true, US: 90_000_000},
		"01:02:03.25":                 {Set: true, Media: true, US: 3723_250_000},
		"2:03":                        {Set: true, Media: true, US: 123_000_000},
	} {
		if got, err := ParseMoment(in); err != nil || got != want {
			t.Errorf("%q: %+v, %v", in, got, err)
		}
	}
	for in, want := range map[string]string{
		"2024-05-01T12:00:00": "lacks its time zone", "2024-05-01": "lacks its time zone",
		"noon": "is no time", "-5s": "is no time", "1:60": "is no time", "1:2:3:4": "is no time", "1.5:30": "is no time", "": "is no time",
	} {
		if _, err := ParseMoment(in); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", in, err)
		}
	}
}

func FuzzParseMoment(f *testing.F) {
	for _, s := range []string{"2024-05-01T12:00:00Z", "1h2m", "01:02:03.5", "2:03"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		m, err := ParseMoment(s)
		if err != nil {
			return
		}
		if again, err := ParseMoment(m.String()); err != nil || again != m {
			t.Errorf("%q: %+v, then %q: %+v, %v", s, m, m.String(), again, err)
		}
	})
}

// FuzzFilterParts: what is typed for a size, a stay or a line is refused, or says
// the same when it is written and read again.
func FuzzFilterParts(f *testing.F) {
	for _, s := range []string{"40", "30x40", "30s@gate", "0s@NAME", "line=0,300 640,300:right", "NAME:left"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if v, err := ParseSize(s); err == nil && (v.W < 0 || v.H < 0) {
			t.Errorf("%q is a size of %+v", s, v)
		}
		if v, err := ParseDwell(s); err == nil && v.MinUS < 0 {
			t.Errorf("%q is a stay of %+v", s, v)
		}
		if v, line, err := ParseCross(s); err == nil && v.Line == "" && line == nil {
			t.Errorf("%q crosses no line", s)
		}
	})
}
