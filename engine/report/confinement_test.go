package report

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestConfinement(t *testing.T) {
	const all = "files by landlock v7, no network, as nobody, no capability but to read the job's files, at most 259 processes, 61 min of CPU time each, 12032 MiB of memory each, system calls by seccomp, no sockets"
	if got := NotConfined(all); got != nil {
		t.Errorf("%q", got)
	}
	if got := confinementText(all); strings.Contains(got, "terme du logiciel") || strings.Count(got, " ; ") != 8 {
		t.Errorf("%q", got)
	}
	const few = "files not confined (no landlock in this kernel), network not confined, not in force: set no new privileges: a, b, at most 12 processes, something new"
	want := []string{"files not confined (no landlock in this kernel)", "network not confined", "not in force: set no new privileges: a, b"}
	if d := cmp.Diff(want, NotConfined(few)); d != "" {
		t.Error(d)
	}
	got := confinementText(few)
	for _, s := range []string{"NON limité", "NON coupé", "n’a pas pu", "« something new » (terme du logiciel)"} {
		if !strings.Contains(got, s) {
			t.Errorf("%q lacks %q", got, s)
		}
	}
	const lone = "files by landlock v7, no network but loopback, no sockets"
	if got := confinementText(lone); NotConfined(lone) != nil || strings.Contains(got, "NON") || !strings.Contains(got, "hors l’interface interne") {
		t.Errorf("%q, %q", NotConfined(lone), got)
	}
	if confinementText("") != "non consigné" {
		t.Error("unknown is not said to be so")
	}
}

// Every phrase that the worker has for its confinement is known here.
func TestEveryConfinementIsKnown(t *testing.T) {
	found := 0
	for _, name := range []string{"sandbox.go", "privilege.go", "seccomp.go"} {
		b, err := os.ReadFile(filepath.Join("..", "..", "cmd", "posteriori-worker", name))
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`return (?:fmt\.Sprintf\()?(?:who \+ )?"([a-z][^"]+)"(?:, [a-z]+\))?(?:, nil)?\n`).FindAllStringSubmatch(string(b), -1) {
			found++
			said := strings.ReplaceAll(strings.ReplaceAll(m[1], "%d", "7"), "%v", "x")
			if text := confinementText(said); strings.Contains(text, "terme du logiciel") {
				t.Errorf("%s: %q has no French: %s", name, said, text)
			}
		}
	}
	if found < 8 {
		t.Errorf("only %d phrases found", found)
	}
}
