package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A full run of the suite of faults adds up over sittings, each told with its
// build; begun anew, the part that is to be done is forgotten.
func TestTally(t *testing.T) {
	file := filepath.Join(t.TempDir(), tallyName)
	a, err := openTally(file, "", false)
	if err != nil {
		t.Fatal(err)
	}
	a.Kills = []*killSitting{
		{sitting: sitting{Commit: "c1"}, Killed: map[string]int{aMachine: 3, "ffmpeg": 1}, Rounds: 2, Machines: true},
		{sitting: sitting{Commit: "c2"}, Killed: map[string]int{aMachine: 2}, Rounds: 1, Lost: 1},
	}
	a.Media = []*mediaSitting{
		{sitting: sitting{Commit: "c1"}, To: 264, Outcomes: map[string]int{"refused": 260, "partly": 4}, TookS: 100, SlowestS: 7, Slowest: "x", Left: 2},
		{sitting: sitting{Commit: "c2"}, From: 264, To: 300, Outcomes: map[string]int{"refused": 36}, TookS: 20, SlowestS: 3, Slowest: "y"},
	}
	if err := a.save(); err != nil {
		t.Fatal(err)
	}
	b, err := openTally(file, "", false)
	if err != nil {
		t.Fatal(err)
	}
	a.Kills[0].Killed[aMachine] = 100 // of a round that breaks off
	if err := a.reload(); err != nil || a.kills().kills() != 6 {
		t.Errorf("%d kills after one round broke off, %v", a.kills().kills(), err)
	}
	value := func(list []figure, name string) figure {
		for _, f := range list {
			if f.Name == name {
				return f
			}
		}
		t.Fatalf("no %s", name)
		return figure{}
	}
	kills := killFigures(b)
	if f := value(kills, "kills"); f.Value != 6 || !strings.Contains(f.Note, "5 machines") || !strings.Contains(f.Note, "3 rounds") ||
		!strings.Contains(f.Note, "sittings: 2, of build c1, then c2") || !strings.Contains(f.Note, "no Postgres") {
		t.Errorf("%+v", f)
	}
	if f := value(kills, "kills, records lost"); f.Value != 1 {
		t.Errorf("%+v", f)
	}
	media := mediaFigures(b)
	if f := value(media, "hostile files"); f.Value != 300 || !strings.Contains(f.Note, "4 partly, 296 refused") || !strings.Contains(f.Note, "c1, then c2") {
		t.Errorf("%+v", f)
	}
	if f := value(media, "hostile files, slowest"); f.Value != 7 || !strings.HasPrefix(f.Note, "x,") {
		t.Errorf("%+v", f)
	}
	if f := value(media, "hostile files, each"); f.Value != .4 {
		t.Errorf("%+v", f)
	}
	if f := value(media, "hostile files, processes left behind"); f.Value != 2 {
		t.Errorf("%+v", f)
	}
	if c, err := openTally(file, partMedia, true); err != nil || len(c.Media) != 0 || len(c.Kills) != 2 {
		t.Errorf("media anew: %+v, %v", c, err)
	}
	if c, err := openTally(file, "", true); err != nil || len(c.Media)+len(c.Kills) != 0 {
		t.Errorf("all anew: %+v, %v", c, err)
	}
	if got := killFigures(&tally{}); got != nil {
		t.Errorf("of nothing: %v", got)
	}
}

// A process that holds a file open is seen, whatever its command line.
func TestReadersOf(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if got := readersOf(dir); len(got) > 0 {
		t.Errorf("nobody reads it, and %q do", got)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if got := readersOf(dir); len(got) != 1 || got[0] != path {
		t.Errorf("%q", got)
	}
}
