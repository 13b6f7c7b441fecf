package query

import (
	"strings"
	"testing"

	"github.com/expr-lang/expr/vm"

	"posteriori/engine/fault"
	"posteriori/engine/index"
	"posteriori/engine/scene"
)

// Mistakes are shown with a caret under their first character, also after a
// duration, which is rewritten before it is compiled.
func TestMistakesHaveACaret(t *testing.T) {
	for _, c := range []struct{ where, msg, caret string }{
		{`clas == "car"`, "did you mean class?", `^`},
		{`duration > 1m30s and colr == "red"`, "did you mean colour?", `                     ^`},
		{`duration > 500ms and class == 3`, "mismatched types string and int", `                           ^`},
		{`dwell("sqare") > 30s`, `did you mean "square"?`, `      ^`},
		{`crosses("gate", "up")`, `there is no side "up"`, `                ^`},
		{`crosses("square")`, `there is no line "square"`, `        ^`},
		{`class in ["car", "buss"]`, `did you mean "bus"?`, `                 ^`},
		{`"bleu" == colour`, `did you mean "blue"?`, `^`},
		{`duration > 3 and`, "it breaks off here", `               ^`},
		{`class = "car"`, "write ==", `      ^`},
		{`class == "car")`, `")" is not expected here`, `              ^`},
		{`class`, "must be true or false, not string", `^`},
		{`start > date("yesterday")`, "is no time with its zone", `             ^`},
		{`heads("NNE")`, "is no heading", `      ^`},
		{"id == 1 and\nclss == \"car\"", "did you mean class?", `^`},
		{`map([1], # + 1)`, "there is no field or function map", `^`},
		{`len(class) > 2`, "there is no field or function len", `^`},
		{`duration > 3x`, `bad number syntax: "3x"`, `            ^`},
		{`1..9 == []`, "list of numbers", ` ^`},
	} {
		_, err := compile(shapes(Filter{Where: c.where}))
		if fault.KindOf(err) != fault.Usage {
			t.Errorf("%s: %v", c.where, err)
			continue
		}
		lines := strings.Split(err.Error(), "\n")
		if len(lines) != 3 || !strings.Contains(lines[0], c.msg) || lines[2] != "  "+c.caret {
			t.Errorf("%s: want %q and %q\n%v", c.where, c.msg, c.caret, err)
		}
	}
	for _, long := range []string{strings.Repeat("id == 1 or ", 500) + "true", "\xff == 1", strings.Repeat("(", 3000), strings.Repeat("1+", 900) + "1 > id"} {
		if _, err := compile(Filter{Where: long}); fault.KindOf(err) != fault.Usage {
			t.Errorf("%.20q…: %v", long, err)
		}
	}
}

func TestDurationsInText(t *testing.T) {
	for in, want := range map[string]string{
		`duration > 30s`:                    `duration > 30`,
		`1h30m<duration`:                    `5400<duration`,
		`camera == "30s" and x > 500ms`:     `camera == "30s" and x > 0.5`,
		`camera == 'it\'s 30s' // 30s`:      `camera == 'it\'s 30s' // 30s`,
		`a30s + 30seconds + 3 + 3.5 + 0x1F`: `a30s + 30seconds + 3 + 3.5 + 0x1F`,
		"`30s` /* 30s */ 2m":                "`30s` /* 30s */ 120",
		`é > 30s`:                           `é > 30`,
	} {
		if got := plain(in).text; got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}

func TestExpressionsFailSoftly(t *testing.T) {
	f := shapes(Filter{Where: `enters(camera)`}) // known only as it runs
	x, err := compile(f)
	if err != nil {
		t.Fatal(err)
	}
	e := newEnv(f)
	e.set(&index.Recording{Camera: "sqare"}, index.Row{Recording: 1}, 0, false)
	if _, err := x.holds(&vm.VM{}, e); fault.KindOf(err) != fault.Usage || !strings.Contains(err.Error(), `did you mean "square"`) {
		t.Errorf("unknown zone as it runs: %v", err)
	}
}

func FuzzLanguage(f *testing.F) {
	for _, s := range []string{
		`class in ["car", "bus"] and dwell("square") > 30s`, `not (crosses("gate", "left") or heads("80-100", 3.5))`,
		`1..9 == [1]`, `camera matches "^n.*h$" ? true : stops(1m)`, `start > date("2024-05-01T10:00:00Z")`, `let a = travel; a ** 2 > 9`,
	} {
		f.Add(s)
	}
	rec := index.Recording{ID: 1, Camera: "north"}
	row := index.Row{Recording: 1, Track: scene.Track{ID: 1, Class: scene.Car, EndUS: 5_000_000,
		Path: scene.Path{{TUS: 0, Box: scene.Box{X: 90, Y: 100, W: 20, H: 40}}, {TUS: 5_000_000, Box: scene.Box{X: 190, Y: 100, W: 20, H: 40}}}}}
	f.Fuzz(func(t *testing.T, where string) {
		filter := shapes(Filter{Where: where})
		x, err := compile(filter)
		if err != nil {
			if fault.KindOf(err) != fault.Usage {
				t.Fatalf("%q: %v", where, err)
			}
			return
		}
		if x == nil {
			return
		}
		push(x.tree, filter)
		e := newEnv(filter)
		e.set(&rec, row, 90, true)
		if _, err := x.holds(&vm.VM{}, e); err != nil && fault.KindOf(err) != fault.Usage {
			t.Fatalf("%q: %v", where, err)
		}
	})
}
