package engine_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// deps lists everything a package of this module imports, at any depth.
func deps(t *testing.T, cgo bool, pkg string) []string {
	t.Helper()
	cmd := exec.Command("go", "list", "-deps", "-f", "{{.ImportPath}}", pkg)
	cmd.Dir = ".."
	env := "CGO_ENABLED=0"
	if cgo {
		env = "CGO_ENABLED=1"
	}
	cmd.Env = append(cmd.Environ(), env, "GOFLAGS=-tags=customenv,gocv_specific_modules")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list %s: %v", pkg, err)
	}
	return strings.Fields(string(out))
}

// imports lists what each package of this module imports directly.
func imports(t *testing.T) map[string][]string {
	t.Helper()
	cmd := exec.Command("go", "list", "-f", "{{.ImportPath}} {{join .Imports \" \"}}", "./...")
	cmd.Dir = ".."
	cmd.Env = append(cmd.Environ(), "CGO_ENABLED=1", "GOFLAGS=-tags=customenv,gocv_specific_modules")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	all := map[string][]string{}
	for line := range strings.Lines(string(out)) {
		f := strings.Fields(line)
		if len(f) > 0 {
			all[f[0]] = f[1:]
		}
	}
	if len(all) < 15 {
		t.Fatalf("only %d packages found", len(all))
	}
	return all
}

// under tells whether pkg is root or below it.
func under(pkg, root string) bool { return pkg == root || strings.HasPrefix(pkg, root+"/") }

// TestOnlyOneImporter keeps the two C libraries behind one door each.
func TestOnlyOneImporter(t *testing.T) {
	doors := map[string][]string{
		"gocv.io/x/gocv":                      {"posteriori/engine/vision"},
		"github.com/yalue/onnxruntime_go":     {"posteriori/engine/infer"},
		"github.com/ncruces/go-sqlite3":       {"posteriori/engine/index", "posteriori/engine/batch/queue"},
		"github.com/riverqueue/river":         {"posteriori/engine/batch/queue"},
		"github.com/jackc/pgx/v5":             {"posteriori/engine/batch/queue"},
		"github.com/expr-lang/expr":           {"posteriori/engine/query"},
		"golang.org/x/mod":                    {"posteriori/engine/journal"},
		"github.com/landlock-lsm/go-landlock": {"posteriori/cmd/posteriori-worker"},
	}
	for pkg, imps := range imports(t) {
		for _, imp := range imps {
			for lib, open := range doors {
				if under(imp, lib) && !slices.ContainsFunc(open, func(door string) bool { return under(pkg, door) }) {
					t.Errorf("%s imports %s; only %v may", pkg, imp, open)
				}
			}
		}
	}
}

// TestAnalystsProgramIsPureGo: posteriori reaches no C and nothing that parses
// media.
func TestAnalystsProgramIsPureGo(t *testing.T) {
	all := deps(t, true, "./cmd/posteriori")
	for _, bad := range []string{
		"gocv.io/x/gocv", "github.com/yalue/onnxruntime_go",
		"posteriori/engine/vision", "posteriori/engine/infer", "posteriori/engine/media",
		"posteriori/engine/pipeline", "posteriori/engine/motion", "posteriori/engine/track",
		"posteriori/engine/render",
	} {
		if slices.ContainsFunc(all, func(p string) bool { return under(p, bad) }) {
			t.Errorf("cmd/posteriori reaches %s", bad)
		}
	}
}

// TestDirectionOfImports: what may not be reached from where, at any depth.
func TestDirectionOfImports(t *testing.T) {
	const e = "posteriori/engine/"
	rules := []struct {
		from string
		not  []string
	}{
		{e + "frame", []string{"posteriori/engine", "posteriori/detectors", "posteriori/models"}},
		{e + "scene", []string{"posteriori/engine", "posteriori/detectors", "posteriori/models"}},
		{e + "fault", []string{"posteriori/engine", "posteriori/detectors", "posteriori/models"}},
		{e + "index", []string{e + "media", e + "vision", e + "infer", e + "pipeline", e + "query", e + "journal", e + "procedure"}},
		{e + "journal", []string{e + "media", e + "vision", e + "index", e + "query", e + "scene"}},
		{e + "alert", []string{e + "index", e + "journal", e + "query", e + "procedure", e + "access"}},
		{"posteriori/models", []string{e + "index", e + "journal", e + "media", e + "vision", e + "infer"}},
		{e + "procedure", []string{e + "media", e + "vision", e + "index", e + "query"}},
		{e + "query", []string{e + "media", e + "vision", e + "infer", e + "pipeline", e + "track", e + "motion"}},
		{e + "batch", []string{e + "media", e + "vision", e + "infer", e + "pipeline", e + "track", e + "motion", e + "journal"}},
		{e + "batch/machines", []string{e + "media", e + "vision", e + "infer", e + "pipeline", e + "track", e + "motion", e + "journal"}},
		{e + "batch/survey", []string{e + "media", e + "vision", e + "infer", e + "pipeline", e + "track", e + "motion", e + "journal"}},
		{e + "track", []string{e + "media", e + "vision", e + "infer", e + "index", e + "motion", e + "wire"}},
		{e + "motion", []string{e + "media", e + "vision", e + "infer", e + "index", e + "track", e + "wire"}},
		{e + "attribute", []string{e + "media", e + "vision", e + "infer", e + "index"}},
		{e + "media", []string{e + "vision", e + "infer", e + "index", e + "journal", e + "track"}},
		{e + "pipeline", []string{e + "index", e + "journal", e + "procedure", e + "query", e + "analysis"}},
		{"posteriori/detectors", []string{e + "media", e + "index", e + "journal", e + "pipeline", e + "track"}},
		{"posteriori/cmd/posteriori-worker", []string{e + "index", e + "journal", e + "procedure", e + "query", e + "analysis", "posteriori/engine/evidence"}},
	}
	for _, r := range rules {
		for _, d := range deps(t, true, strings.Replace(r.from, "posteriori/", "./", 1)) {
			if d == r.from {
				continue
			}
			for _, bad := range r.not {
				if under(d, bad) && !allowed(r.from, d) {
					t.Errorf("%s reaches %s", r.from, d)
				}
			}
		}
	}
}

// allowed lists the leaves that pure packages may share.
func allowed(from, dep string) bool {
	return under(from, "posteriori/engine/scene") && dep == "posteriori/engine/fault"
}

// TestNoNetwork: no package of ours reaches a network, but for the three that
// must, the one that looks whether it can, and those that speak within this
// machine alone. (Deferred only, legal.md row 1.)
func TestNoNetwork(t *testing.T) {
	may := map[string][]string{
		"posteriori/models":                 {"net/http"},                      // fetches models from the address that the user names
		"posteriori/engine/alert":           {"net", "net/smtp", "crypto/tls"}, // mails alerts, where a server is configured
		"posteriori/cmd/posteriori-worker":  {"net"},                           // tells whether an interface is up
		"posteriori/engine/metrics":         {"net", "net/http"},               // figures for this machine alone: the same test
		"posteriori/bench":                  {"net/http"},                      // asks the programs for those figures
		"posteriori/engine/review/loopback": {"net", "net/http"},               // listens to this machine alone: TestListensOnLoopbackOnly
		"posteriori/engine/batch/queue":     {"github.com/jackc/pgx/v5"},       // the queue of many machines, where --queue names one
	}
	network := []string{"net", "net/http", "net/rpc", "net/smtp", "crypto/tls", "net/http/httptest", "golang.org/x/net", "github.com/jackc/pgx/v5"}
	seen := 0
	for pkg, imps := range imports(t) {
		for _, imp := range imps {
			if !slices.ContainsFunc(network, func(n string) bool { return imp == n || strings.Contains(n, ".") && under(imp, n) }) {
				continue
			}
			if !slices.ContainsFunc(may[pkg], func(m string) bool { return imp == m || strings.Contains(m, ".") && under(imp, m) }) {
				t.Errorf("%s imports %s", pkg, imp)
			}
			seen++
		}
	}
	if seen < 6 {
		t.Errorf("only %d imports of network packages seen: this proves nothing", seen)
	}
}
