package engine_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestListensOnLoopbackOnly: in all of the module two lines listen, on an address
// that only this machine has (of the second a user names the port alone), and the
// packages that they are in open no connection.
func TestListensOnLoopbackOnly(t *testing.T) {
	var listens []string
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && len(d.Name()) > 2 && strings.HasPrefix(d.Name(), "."), path == "../testdata": // in no program
			return filepath.SkipDir
		case !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}
		inside := strings.Contains(filepath.ToSlash(path), "review/loopback/") || strings.Contains(filepath.ToSlash(path), "engine/metrics/")
		ast.Inspect(file, func(n ast.Node) bool {
			pkg, name, args := called(n)
			switch {
			case strings.HasPrefix(name, "Listen") && (inside || slices.Contains([]string{"net", "http", "tls"}, pkg)):
				listens = append(listens, fmt.Sprintf("%s: %s.%s(%s)", filepath.ToSlash(path), pkg, name, strings.Join(args, ", ")))
			case inside && (pkg == "net" || pkg == "http") && (strings.HasPrefix(name, "Dial") || slices.Contains([]string{"Get", "Post", "PostForm", "Head", "NewRequest"}, name)):
				t.Errorf("%s calls %s.%s", path, pkg, name)
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{`../engine/metrics/metrics.go: net.Listen("tcp4", "127.0.0.1:"+?)`, `../engine/review/loopback/loopback.go: net.Listen("tcp4", "127.0.0.1:0")`}; !slices.Equal(listens, want) {
		t.Errorf("what listens: %q, want %q", listens, want)
	}
}

// called is what a call of x.Name(args) calls; an argument, or the end of one, that
// is not written out is "?".
func called(n ast.Node) (pkg, name string, args []string) {
	call, ok := n.(*ast.CallExpr)
	if !ok {
		return "", "", nil
	}
	sel, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return "", "", nil
	}
	if x, ok := sel.X.(*ast.Ident); ok {
		pkg = x.Name
	}
	for _, a := range call.Args {
		arg := "?"
		switch a := a.(type) {
		case *ast.BasicLit:
			arg = a.Value
		case *ast.BinaryExpr:
			if lit, ok := a.X.(*ast.BasicLit); ok && a.Op == token.ADD {
				arg = lit.Value + "+?"
			}
		}
		args = append(args, arg)
	}
	return pkg, sel.Sel.Name, args
}
