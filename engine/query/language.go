package query

import (
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser"
	"github.com/expr-lang/expr/vm"

	"posteriori/engine/scene"
)

// Bounds of an expression: far above what a person writes.
const (
	maxWhere = 4000 // bytes
	maxNodes = 400
)

var builtins = []string{"abs", "ceil", "floor", "round", "min", "max", "lower", "upper", "date"}

// pathFunctions need the track's path.
var pathFunctions = []string{"enters", "leaves", "inside", "dwell", "crosses", "stops"}

// expression is a compiled --where.
type expression struct {
	program  *vm.Program
	tree     ast.Node // as written, for what can be asked of the index
	needPath bool
}

// compile checks and compiles f.Where; nil when it is empty. Mistakes are
// fault.Usage with a caret under them.
func compile(f Filter) (*expression, error) {
	if strings.TrimSpace(f.Where) == "" {
		return nil, nil
	}
	if len(f.Where) > maxWhere || !utf8.ValidString(f.Where) {
		return nil, usage(fmt.Errorf("--where: the expression is longer than %d bytes, or no text", maxWhere))
	}
	src := plain(f.Where)
	program, typeErr := expr.Compile(src.text, options()...)
	tree, err := parser.Parse(src.text)
	if err != nil {
		return nil, src.explain(err)
	}
	check := checker{f: f}
	ast.Walk(&tree.Node, &check)
	if check.err != nil {
		return nil, src.point(check.at.Location().From, check.err.Error())
	}
	if typeErr != nil {
		return nil, src.explain(typeErr)
	}
	x := &expression{program: program, tree: tree.Node}
	x.needPath = check.needPath
	return x, nil
}

func options() []expr.Option {
	opts := []expr.Option{expr.Env(&env{}), expr.AsBool(), expr.MaxNodes(maxNodes), expr.DisableAllBuiltins()}
	for _, b := range builtins {
		opts = append(opts, expr.EnableBuiltin(b))
	}
	return opts
}

// checker finds what the types of the language cannot: names of classes,
// colours, zones and lines, and times, that are written out.
type checker struct {
	f        Filter
	needPath bool
	at       ast.Node
	err      error
}

// Visit checks one node; the first mistake is kept.
func (c *checker) Visit(node *ast.Node) {
	var err error
	at := *node
	switch n := (*node).(type) {
	case *ast.CallNode:
		at, err = c.call(n)
	case *ast.BuiltinNode:
		if !slices.Contains(builtins, n.Name) { // loops, which expr keeps
			err = errors.New(unknownField(n.Name))
		} else if s, ok := arg(n.Arguments, 0); ok && n.Name == "date" {
			if _, derr := time.Parse(time.RFC3339Nano, s); derr != nil {
				at, err = n.Arguments[0], fmt.Errorf("%q is no time with its zone, as 2024-05-01T10:00:00+02:00", s)
			}
		}
	case *ast.BinaryNode:
		at, err = compared(n)
	}
	if err != nil && c.err == nil {
		c.at, c.err = at, err
	}
}

func (c *checker) call(n *ast.CallNode) (ast.Node, error) {
	id, ok := n.Callee.(*ast.IdentifierNode)
	if !ok {
		return n, nil
	}
	c.needPath = c.needPath || slices.Contains(pathFunctions, id.Value)
	name, ok := arg(n.Arguments, 0)
	if !ok {
		return n, nil
	}
	switch id.Value {
	case "enters", "leaves", "inside", "dwell":
		if known := names(c.f.Zones); !slices.Contains(known, name) {
			return n.Arguments[0], unknown("zone", name, known)
		}
	case "crosses":
		if known := lineNames(c.f.Lines); !slices.Contains(known, name) {
			return n.Arguments[0], unknown("line", name, known)
		}
		if side, ok := arg(n.Arguments, 1); ok && side != "left" && side != "right" {
			return n.Arguments[1], unknown("side", side, []string{"left", "right"})
		}
	case "heads":
		_, err := scene.ParseHeadings(name, 0)
		return n.Arguments[0], err
	}
	return n, nil
}

// arg is the argument at i, if it is a written-out string.
func arg(args []ast.Node, i int) (string, bool) {
	if i >= len(args) {
		return "", false
	}
	s, ok := args[i].(*ast.StringNode)
	if !ok {
		return "", false
	}
	return s.Value, true
}

// vocabulary lists what a field can be, for fields that are names.
func vocabulary(field string) []string {
	switch field {
	case "class":
		return classNames()
	case "colour", "lower_colour":
		return colourNames()
	case "status":
		return statusNames()
	case "compass":
		return []string{"N", "NE", "E", "SE", "S", "SW", "W", "NW", ""}
	}
	return nil
}

// compared checks class == "cra", "cra" != class and class in ["cra"].
func compared(n *ast.BinaryNode) (ast.Node, error) {
	if n.Operator == ".." {
		return n, errors.New("a list of numbers has no use here")
	}
	if n.Operator != "==" && n.Operator != "!=" && n.Operator != "in" {
		return n, nil
	}
	left, right := n.Left, n.Right
	if _, ok := left.(*ast.IdentifierNode); !ok && n.Operator != "in" {
		left, right = right, left
	}
	id, ok := left.(*ast.IdentifierNode)
	if !ok {
		return n, nil
	}
	known := vocabulary(id.Value)
	values := []ast.Node{right}
	if list, ok := right.(*ast.ArrayNode); ok {
		values = list.Nodes
	}
	for _, v := range values {
		if s, ok := v.(*ast.StringNode); ok && known != nil && !slices.Contains(known, s.Value) {
			return v, unknown(id.Value, s.Value, known)
		}
	}
	return n, nil
}

// source is an expression with its durations written as seconds, and where
// each of its characters was.
type source struct {
	orig, text string
	origin     []int // rune offset in orig of each rune of text, and of its end
}

// token matches what can hide a duration or be one: strings, comments, names,
// and numbers with units.
var token = regexp.MustCompile("(?s)" + `"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|` + "`[^`]*`" +
	`|//[^\n]*|/\*.*?\*/|[\pL_$][\pL\pN_$]*|(?:\d+(?:\.\d+)?(?:ms|h|m|s))+[\pL\pN_]*|\d[\pL\pN_.]*`)

// plain writes durations as seconds.
func plain(s string) source {
	src := source{orig: s}
	var b strings.Builder
	runes := 0 // of s, written so far
	put := func(text string, same bool) {
		for i := range []rune(text) {
			if same {
				src.origin = append(src.origin, runes+i)
			} else {
				src.origin = append(src.origin, runes)
			}
		}
		b.WriteString(text)
	}
	last := 0
	for _, m := range token.FindAllStringIndex(s, -1) {
		put(s[last:m[0]], true)
		runes += utf8.RuneCountInString(s[last:m[0]])
		t := s[m[0]:m[1]]
		d, err := time.ParseDuration(t)
		if isUnit := t[len(t)-1] == 's' || t[len(t)-1] == 'm' || t[len(t)-1] == 'h'; err == nil && isUnit && t[0] >= '0' && t[0] <= '9' {
			put(strconv.FormatFloat(d.Seconds(), 'f', -1, 64), false)
		} else {
			put(t, true)
		}
		runes += utf8.RuneCountInString(t)
		last = m[1]
	}
	put(s[last:], true)
	src.origin = append(src.origin, utf8.RuneCountInString(s))
	src.text = b.String()
	return src
}

var unknownName = regexp.MustCompile(`^unknown name (\S+)$`)

// unexpected matches what the parser says of a token: its kind and its text.
var unexpected = regexp.MustCompile(`^unexpected token (\w+)(?:\("(.*)"\))?$`)

// explain turns an error of the language into one with a caret.
func (src source) explain(err error) error {
	var fe *file.Error
	if !errors.As(err, &fe) || fe.Message == "" {
		msg, _, _ := strings.Cut(err.Error(), "\n")
		if got, ok := strings.CutPrefix(msg, "expected bool, but got "); ok {
			msg = "the expression must be true or false, not " + got
		}
		return src.point(0, msg)
	}
	msg := strings.TrimSpace(fe.Message)
	if m := unknownName.FindStringSubmatch(msg); m != nil {
		msg = unknownField(m[1])
	}
	if m := unexpected.FindStringSubmatch(msg); m != nil {
		msg = fmt.Sprintf("%q is not expected here", m[2])
		if m[1] == "EOF" {
			msg = "it breaks off here"
		} else if m[2] == "=" {
			msg = "to compare, write =="
		}
	}
	return src.point(fe.From, msg)
}

func unknownField(name string) string {
	known := words()
	if s := nearest(name, known); s != "" {
		return fmt.Sprintf("there is no field or function %s: did you mean %s?", name, s)
	}
	return fmt.Sprintf("there is no field or function %s: there is %s", name, strings.Join(known, ", "))
}

// words lists the names of the language.
func words() []string {
	out := slices.Clone(builtins)
	t := reflect.TypeFor[env]()
	for i := range t.NumField() {
		if tag := t.Field(i).Tag.Get("expr"); tag != "" {
			out = append(out, tag)
		}
	}
	slices.Sort(out)
	return out
}

// point makes the error with the expression's line and a caret under the
// character at rune offset at of src.text.
func (src source) point(at int, msg string) error {
	at = src.origin[max(0, min(at, len(src.origin)-1))]
	line, col := 0, 0
	for i, r := range []rune(src.orig) {
		if i == at {
			break
		}
		if col++; r == '\n' {
			line, col = line+1, 0
		}
	}
	text := strings.ReplaceAll(strings.Split(src.orig, "\n")[line], "\t", " ")
	return usage(fmt.Errorf("--where: %s\n  %s\n  %s^", msg, text, strings.Repeat(" ", col)))
}

// holds tells whether the expression is true of the track that e was set to.
func (x *expression) holds(m *vm.VM, e *env) (bool, error) {
	out, err := m.Run(x.program, e)
	if err != nil {
		msg, _, _ := strings.Cut(err.Error(), " (")
		return false, usage(fmt.Errorf("--where: %s (at track %d:%d)", strings.TrimSpace(msg), e.Recording, e.ID))
	}
	return out.(bool), nil
}
