package main

import (
	"debug/elf"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
)

// forbidden are the names by which code for faces, cascades, people detectors
// or a second neural network runtime would show.
var forbidden = regexp.MustCompile(`(?i)cascade_?classifier|face_?(detect|recogni|mark)|hogdescriptor|objdetect|cv3dnn|opencv_(dnn|face|objdetect|contrib|tracking|ml)|qrcode|_reid|face_?net`)

// TestLinksNoBiometrics reads the built program itself: the OpenCV libraries
// that it and its libraries need are core, imgproc and imgcodecs, and its
// symbol table names nothing of the kind. (legal.md row 11: absent, not
// disabled.)
func TestLinksNoBiometrics(t *testing.T) {
	bin := filepath.Join(t.TempDir(), "posteriori-worker")
	if out, err := exec.Command("go", "build", "-o", bin, ".").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	f, err := elf.Open(bin)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	libs, err := f.ImportedLibraries()
	if err != nil {
		t.Fatal(err)
	}
	var cv []string
	for _, l := range libs {
		if regexp.MustCompile(`^libopencv_`).MatchString(l) {
			cv = append(cv, regexp.MustCompile(`^libopencv_([a-z0-9]+)\..*`).ReplaceAllString(l, "$1"))
		}
		if forbidden.MatchString(l) {
			t.Errorf("links %s", l)
		}
	}
	slices.Sort(cv)
	if want := []string{"core", "imgcodecs", "imgproc"}; !slices.Equal(cv, want) {
		t.Errorf("links OpenCV's %v, want %v", cv, want)
	}
	if out, err := exec.Command("ldd", bin).Output(); err == nil {
		if m := regexp.MustCompile(`libopencv_(?:objdetect|dnn|face|tracking|ml|xobjdetect)\S*`).Find(out); m != nil {
			t.Errorf("one of its libraries links %s", m)
		}
	}
	n := 0
	for _, table := range []func() ([]elf.Symbol, error){f.Symbols, f.DynamicSymbols} {
		syms, err := table()
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range syms {
			n++
			if forbidden.MatchString(s.Name) {
				t.Errorf("has the symbol %s", s.Name)
			}
		}
	}
	if n < 1000 {
		t.Errorf("only %d symbols: the table is stripped, so this proves nothing", n)
	}
}
