package report

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"posteriori/engine/wire"
)

func TestSettings(t *testing.T) {
	for in, want := range map[string]string{
		"":   "",
		"{}": "",
		`{"mode":"objects","duration_us":0,"overlap":0.05,"still_speed":4,"colour_by":""}`: "présentation : objets réunis ; recouvrement admis : 5 % ; vitesse de ce qui est immobile : × 4",
		`{"pad_us":2000000}`:              "marge avant et après : 2,0 s",
		`{"sheet":true,"paths":false}`:    "planche : jointe",
		`{"mode":"new","unheard":[1]}`:    `mode : "new" ; unheard : [1]`,
		`{"min_score":0.35,"detect_us":1`: `{"min_score":0.35,"detect_us":1`,
	} {
		got := strings.NewReplacer("\u00a0", " ", "\u202f", " ").Replace(Settings(in))
		if got != want {
			t.Errorf("%s:\n%q, want\n%q", in, got, want)
		}
	}
}

// TestEverySettingIsFrench looks for the settings where the commands write
// them, and in an analysis's own.
func TestEverySettingIsFrench(t *testing.T) {
	var keys []string
	p := reflect.TypeFor[wire.Params]()
	for i := range p.NumField() {
		keys = append(keys, strings.Split(p.Field(i).Tag.Get("json"), ",")[0])
	}
	written := regexp.MustCompile(`json\.Marshal\(map\[string\]any\{([^}]*)\}\)`)
	literal := regexp.MustCompile("Params:[^`\n]*`\\{([^`]*)\\}`")
	key := regexp.MustCompile(`"([a-z_]+)":`)
	for _, name := range []string{"synopsis", "query", "activity", "export", "review", "batch_plan", "batch_run", "batch_status"} {
		text, err := os.ReadFile(filepath.Join("..", "..", "cmd", "posteriori", name+".go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, re := range []*regexp.Regexp{written, literal} {
			for _, m := range re.FindAllStringSubmatch(string(text), -1) {
				for _, k := range key.FindAllStringSubmatch(m[1], -1) {
					keys = append(keys, k[1])
				}
			}
		}
	}
	if len(keys) < 25 {
		t.Fatalf("only %d settings found: the commands write them otherwise now", len(keys))
	}
	for _, k := range keys {
		if _, ok := settingFields[k]; !ok {
			t.Errorf("the setting %q has no French", k)
		}
	}
}
