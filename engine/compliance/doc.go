// Package compliance gathers the evidence that the engine holds no biometrics
// (legal table, row 11): absent, not disabled. It reads the built programs, the
// list of models, the schema of the index and the tree of commands as they
// are, and fails each line by what it finds there; its tests put each
// forbidden thing in and see the line fail.
package compliance

import "posteriori/models"

// Check is one line of the evidence.
type Check struct {
	Name  string `json:"name"`
	Title Text   `json:"title"`
	OK    bool   `json:"ok"`
	Wrong []Text `json:"wrong,omitempty"` // what must not be there
	Facts []Text `json:"facts,omitempty"` // what was looked at
}

func check(name string, title Text, wrong, facts []Text) Check {
	return Check{Name: name, Title: title, OK: len(wrong) == 0, Wrong: wrong, Facts: facts}
}

// Evidence is all lines.
type Evidence struct {
	Checks   []Check   `json:"checks"`
	Programs []Program `json:"programs"`
}

// OK says whether every line holds; no line is no evidence.
func (e Evidence) OK() bool {
	for _, c := range e.Checks {
		if !c.OK {
			return false
		}
	}
	return len(e.Checks) > 0
}

// Sources are what the evidence is read from.
type Sources struct {
	Programs []string // paths of the built programs
	Models   *models.Manifest
	Folder   string // of installed models; empty: none
	Schema   string // index.Schema
	Commands []Command
}

// Gather reads everything and returns the lines, in a fixed order. A program
// that cannot be read fails its lines.
func Gather(s Sources) Evidence {
	var e Evidence
	var libs, syms Check
	libs = check("libraries", Text{"linked libraries of both programs", "Bibliothèques liées aux deux programmes"}, nil, nil)
	syms = check("symbols", Text{"no symbol of face, cascade or recognition code in either program",
		"Aucun symbole de code de visage, de cascade ou de reconnaissance"}, nil, nil)
	for _, path := range s.Programs {
		p, err := ReadProgram(path)
		if err != nil {
			libs.fail(same(err.Error()))
			syms.fail(same(err.Error()))
			continue
		}
		e.Programs = append(e.Programs, p)
		libs.join(p.checkLibraries())
		syms.join(p.checkSymbols())
	}
	if none := say("no program was given", "aucun programme n’a été fourni"); len(s.Programs) == 0 {
		libs.fail(none)
		syms.fail(none)
	}
	e.Checks = []Check{libs, syms, CheckModels(s.Models, s.Folder), CheckSchema(s.Schema), CheckMessages(), CheckCommands(s.Commands)}
	return e
}

func (c *Check) fail(why Text) { c.Wrong, c.OK = append(c.Wrong, why), false }

func (c *Check) join(d Check) {
	c.Wrong, c.Facts = append(c.Wrong, d.Wrong...), append(c.Facts, d.Facts...)
	c.OK = c.OK && d.OK
}
