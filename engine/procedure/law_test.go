package procedure

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// row is one row of the table in the package's documentation.
type row struct{ code, tests []string }

// readLaw reads the table. A line is: number or nothing, code or nothing at
// its column, test or nothing.
func readLaw(t *testing.T, doc string) map[string]*row {
	t.Helper()
	_, table, ok := strings.Cut(doc, "row code")
	if !ok {
		t.Fatal("the package's documentation has no table")
	}
	const testColumn = 37
	rows := map[string]*row{}
	last := ""
	for line := range strings.Lines(table) {
		line, ok := strings.CutPrefix(strings.TrimRight(line, "\n"), "\t")
		if !ok {
			continue
		}
		line += strings.Repeat(" ", testColumn)
		if n := strings.TrimSpace(line[:3]); n != "" {
			if rows[n] != nil {
				t.Errorf("row %s stands twice", n)
			}
			last, rows[n] = n, &row{}
		}
		if rows[last] == nil {
			t.Fatalf("line %q is of no row", line)
		}
		rows[last].code = append(rows[last].code, strings.Fields(line[3:testColumn])...)
		rows[last].tests = append(rows[last].tests, strings.Fields(line[testColumn:])...)
	}
	return rows
}

// folder is where a package of the table lies, from here.
func folder(pkg string) string {
	switch pkg {
	case "engine":
		return ".."
	case "models":
		return "../../models"
	case "program":
		return "../../cmd/posteriori"
	case "worker":
		return "../../cmd/posteriori-worker"
	}
	return filepath.Join("..", pkg)
}

// names lists what a folder's files declare: Name and Type.Method, tests only
// or all but tests.
func names(t *testing.T, dir string, tests bool) map[string]bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]bool{}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") != tests {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			declared(d, out)
		}
	}
	return out
}

func declared(d ast.Decl, out map[string]bool) {
	switch d := d.(type) {
	case *ast.FuncDecl:
		name := d.Name.Name
		if d.Recv != nil {
			of := d.Recv.List[0].Type
			if p, ok := of.(*ast.StarExpr); ok {
				of = p.X
			}
			if id, ok := of.(*ast.Ident); ok {
				name = id.Name + "." + name
			}
		}
		out[name] = true
	case *ast.GenDecl:
		for _, s := range d.Specs {
			switch s := s.(type) {
			case *ast.TypeSpec:
				out[s.Name.Name] = true
			case *ast.ValueSpec:
				for _, n := range s.Names {
					out[n.Name] = true
				}
			}
		}
	}
}

// TestLawTable: every rule has its row, every row its code and its tests, and
// everything that the table names is there.
func TestLawTable(t *testing.T) {
	f, err := parser.ParseFile(token.NewFileSet(), "doc.go", nil, parser.ParseComments|parser.PackageClauseOnly)
	if err != nil {
		t.Fatal(err)
	}
	rows := readLaw(t, f.Doc.Text())
	known := map[string]map[string]bool{}
	has := func(name string, test bool) bool {
		pkg, rest, _ := strings.Cut(name, ".")
		key := pkg + strconv.FormatBool(test)
		if known[key] == nil {
			known[key] = names(t, folder(pkg), test)
		}
		return known[key][rest]
	}
	for n := range law().Rules {
		if rows[n] == nil {
			t.Errorf("rule %s has no row", n)
		}
	}
	for n, r := range rows {
		if _, _, ok := LookUp(n); !ok || len(r.code) == 0 || len(r.tests) == 0 {
			t.Errorf("row %s: rule known %v, code %v, tests %v", n, ok, r.code, r.tests)
		}
		for _, c := range r.code {
			if !has(c, false) {
				t.Errorf("row %s: there is no %s", n, c)
			}
		}
		for _, name := range r.tests {
			if script, ok := strings.CutPrefix(name, "script/"); ok {
				if _, err := os.Stat(filepath.Join(folder("program"), "testdata", "script", script+".txtar")); err != nil {
					t.Errorf("row %s: %v", n, err)
				}
				continue
			}
			if _, test, _ := strings.Cut(name, "."); !strings.HasPrefix(test, "Test") && !strings.HasPrefix(test, "Fuzz") || !has(name, true) {
				t.Errorf("row %s: there is no test %s", n, name)
			}
		}
	}
	if has("engine.NoSuchThing", false) || has("engine.TestNoSuchThing", true) || !has("engine.Store.Begin", false) {
		t.Error("names are not told apart")
	}
}
