package report_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"posteriori/engine/access"
	"posteriori/engine/fault"
	"posteriori/engine/index"
	"posteriori/engine/journal"
	"posteriori/engine/procedure"
	"posteriori/engine/report"
	"posteriori/engine/scene"
	"posteriori/models"
)

func names[T ~string](list []T) []string {
	out := make([]string, len(list))
	for i, v := range list {
		out[i] = string(v)
	}
	return out
}

func stringers[T interface{ String() string }](list []T) []string {
	out := make([]string, len(list))
	for i, v := range list {
		out[i] = v.String()
	}
	return out
}

// TestEveryTermIsFrench holds the one table against the engine's own lists: a
// term added there and not here would leak English into a document.
func TestEveryTermIsFrench(t *testing.T) {
	compass := []string{}
	for deg := range 360 {
		compass = append(compass, scene.Compass(float64(deg)))
	}
	kinds := []fault.Kind{fault.Internal, fault.Usage, fault.Refused, fault.BadInput, fault.Integrity, fault.Missing, fault.NotFound, fault.NoSpace, fault.Interrupted}
	all := map[report.Vocabulary][]string{
		report.Class: stringers(scene.Classes()), report.Colour: stringers(scene.Colours()), report.Heading: compass,
		report.Coverage:   names([]scene.CoverageKind{scene.Seen, scene.Damaged, scene.Gap, scene.Relearning, scene.Covered, scene.NotAnalysed}),
		report.LegalFrame: names(procedure.Frames), report.State: names([]procedure.State{procedure.Open, procedure.Closing, procedure.Purged, procedure.Closed}), report.Basis: names(procedure.Bases), report.Quality: names(append([]procedure.Quality{procedure.Referent}, procedure.Qualities...)),
		report.Authorisation: names([]procedure.Kind{procedure.Given, procedure.Deemed, procedure.Vetoed, procedure.Revoked, procedure.FrameChanged}),
		report.Act:           names(journal.Subs), report.Outcome: names([]journal.Outcome{journal.OK, journal.Refused, journal.Failed}),
		report.Failure: stringers(kinds), report.Role: names(access.Roles), report.Nature: names(access.Natures),
		report.Verdict: append(names(index.Statuses), names([]index.Verdict{index.Validated, index.Rejected, index.Comment})...),
		report.Derived: names(index.DerivedKinds),
		report.Event:   {scene.ThingLeft.String(), scene.ThingRemoved.String()},
		report.Task:    names([]models.Task{models.Detector, models.MoverClassifier, models.VehicleAttributes, models.PlateDetector, models.PlateReader}),
	}
	for v, list := range all {
		if len(list) == 0 {
			t.Errorf("%s: nothing to check", v)
		}
		for _, name := range list {
			if !report.Known(v, name) {
				t.Errorf("%s %q has no French", v, name)
			}
		}
	}
}

// TestEveryReasonIsFrench looks for the reasons of coverage where the engine
// writes them.
func TestEveryReasonIsFrench(t *testing.T) {
	form := regexp.MustCompile(`(?:Reason:|reason =|ph\.reason = |, ph\.reason = never, )\s*"([^"]+)"`)
	found := 0
	for _, dir := range []string{"pipeline", "media", "motion", "analysis"} {
		files, err := filepath.Glob(filepath.Join("..", dir, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			if strings.HasSuffix(f, "_test.go") {
				continue
			}
			b, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range form.FindAllStringSubmatch(string(b), -1) {
				found++
				if !report.Known(report.Reason, m[1]) {
					t.Errorf("%s: the reason %q has no French", f, m[1])
				}
			}
		}
	}
	if found < 6 {
		t.Fatalf("only %d reasons found: the engine writes them otherwise now", found)
	}
}

func TestReasonsWithNumbers(t *testing.T) {
	for in, want := range map[string]string{
		"1200 pictures cannot be decoded, 3 are faulty: h264 error": "1\u202f200\u00a0image(s) impossible(s) à décoder, 3\u00a0défectueuse(s)",
		"2 pictures are faulty":                       "2\u00a0image(s) défectueuse(s)",
		"the worker said nothing for 1m0s":            "le programme d’analyse ne répondait plus",
		"the decoder reports errors here: evil words": "le décodeur signale des erreurs à cet endroit",
		"something nobody knows":                      "autre cause technique",
	} {
		if got := report.Term(report.Reason, in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
	if got := report.ClockSource("container, offset -3m12s"); got != "date inscrite dans le fichier, décalée de −3\u00a0min\u00a012,0\u00a0s" {
		t.Error(got)
	}
}

func TestUnknownTermSaysSo(t *testing.T) {
	if got := report.Term(report.Class, "spaceship"); !strings.Contains(got, "terme du logiciel") {
		t.Error(got)
	}
	if got := report.Term(report.Class, ""); got != "non renseigné" {
		t.Error(got)
	}
}
