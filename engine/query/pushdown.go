package query

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/expr-lang/expr/ast"

	"posteriori/engine/scene"
)

// columns gives for each field that the index knows what stands for it in
// SQL. The arithmetic is that of env.set, so both agree to the last bit.
var columns = map[string]string{
	"id": "t.id", "recording": "r.id", "camera": "r.camera", "exhibit": "r.exhibit",
	"class": "t.class", "score": "t.class_score", "colour": "t.colour", "colour_score": "t.colour_score",
	"lower_colour": "t.lower", "lower_score": "t.lower_score",
	"start_s": "(t.start_us / 1000000.0)", "end_s": "(t.end_us / 1000000.0)",
	"duration": "((t.end_us - t.start_us) / 1000000.0)",
	"width":    "t.median_w_px", "height": "t.median_h_px", "min_width": "t.min_w_px", "min_height": "t.min_h_px",
	"max_width": "t.max_w_px", "max_height": "t.max_h_px", "travel": "t.travel_px", "observed": "t.observed",
	"status": "t.status",
}

// pushed is SQL that is true wherever the expression is, and maybe elsewhere.
type pushed struct {
	sql    string
	args   []any
	narrow bool // an index finds it
	foot   bool // names an extent of the feet
}

// push translates what it can of an expression. A conjunction needs one side
// only; a disjunction needs both.
func push(n ast.Node, f Filter) (pushed, bool) {
	switch n := n.(type) {
	case *ast.BinaryNode:
		switch n.Operator {
		case "and", "&&":
			a, okA := push(n.Left, f)
			b, okB := push(n.Right, f)
			if okA && okB {
				return pushed{"(" + a.sql + " AND " + b.sql + ")", slices.Concat(a.args, b.args), a.narrow || b.narrow, a.foot || b.foot}, true
			} else if okA {
				return a, true
			}
			return b, okB
		case "or", "||":
			a, okA := push(n.Left, f)
			b, okB := push(n.Right, f)
			return pushed{"(" + a.sql + " OR " + b.sql + ")", slices.Concat(a.args, b.args), a.narrow && b.narrow, a.foot && b.foot}, okA && okB
		case "in":
			return pushIn(n)
		}
		return pushCompare(n, f)
	case *ast.CallNode:
		return pushCall(n, f)
	case *ast.IdentifierNode:
		if n.Value == "vehicle" {
			return pushed{sql: "t.class BETWEEN ? AND ?", args: []any{int(scene.Bicycle), int(scene.Bus)}}, true
		}
	}
	return pushed{}, false
}

// flipped gives the operator with its sides changed over.
var flipped = map[string]string{"==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}

func pushCompare(n *ast.BinaryNode, f Filter) (pushed, bool) {
	op, ok := flipped[n.Operator]
	if !ok {
		return pushed{}, false
	}
	id, isID := n.Right.(*ast.IdentifierNode)
	value := n.Left
	if !isID {
		id, isID = n.Left.(*ast.IdentifierNode)
		value, op = n.Right, n.Operator
	}
	if !isID {
		// dwell("gate") > 30s says that it was in the zone.
		if call, ok := n.Left.(*ast.CallNode); ok && (op == ">" || op == ">=") && positive(n.Right, op) {
			return pushDwell(call, f)
		}
		return pushed{}, false
	}
	col, ok := columns[id.Value]
	arg, okArg := constant(id.Value, value)
	if !ok || !okArg {
		return pushed{}, false
	}
	if vocabulary(id.Value) != nil && op != "==" && op != "!=" {
		return pushed{}, false
	}
	narrow := op == "==" && (isKind(id.Value) || id.Value == "id")
	return byKind(id.Value, pushed{sql: col + " " + op + " ?", args: []any{arg}, narrow: narrow}), true
}

func pushIn(n *ast.BinaryNode) (pushed, bool) {
	id, isID := n.Left.(*ast.IdentifierNode)
	list, isList := n.Right.(*ast.ArrayNode)
	if !isID || !isList || columns[id.Value] == "" || len(list.Nodes) == 0 {
		return pushed{}, false
	}
	var p pushed
	for _, v := range list.Nodes {
		arg, ok := constant(id.Value, v)
		if !ok {
			return pushed{}, false
		}
		p.args = append(p.args, arg)
	}
	p.sql = columns[id.Value] + " IN (" + marks(len(p.args)) + ")"
	p.narrow = isKind(id.Value)
	return byKind(id.Value, p), true
}

// byKind names all classes beside colours, as the index by kind wants.
func byKind(field string, p pushed) pushed {
	if field == "colour" && p.narrow {
		p.sql = "(t.class IN (" + allClasses() + ") AND " + p.sql + ")"
	}
	return p
}

// isKind tells whether the index by kind finds the field.
func isKind(field string) bool { return field == "class" || field == "colour" }

// constant is a written-out value as the field's column has it.
func constant(field string, n ast.Node) (any, bool) {
	switch v := n.(type) {
	case *ast.StringNode:
		switch field {
		case "class":
			c, ok := scene.ParseClass(v.Value)
			return int(c), ok
		case "colour", "lower_colour":
			c, ok := scene.ParseColour(v.Value)
			return int(c), ok
		case "status":
			i := slices.Index(statusNames(), v.Value)
			return i, i >= 0
		case "camera", "exhibit":
			return v.Value, true
		}
	case *ast.IntegerNode:
		return v.Value, vocabulary(field) == nil
	case *ast.FloatNode:
		return v.Value, !math.IsNaN(v.Value) && !math.IsInf(v.Value, 0)
	case *ast.UnaryNode:
		c, ok := constant(field, v.Node)
		switch x := c.(type) {
		case int:
			return -x, ok && v.Operator == "-"
		case float64:
			return -x, ok && v.Operator == "-"
		}
	}
	return nil, false
}

// positive tells whether to be op than n is to be more than nothing.
func positive(n ast.Node, op string) bool {
	v, ok := constant("duration", n)
	if !ok {
		return false
	}
	x, isFloat := v.(float64)
	if i, isInt := v.(int); isInt {
		x, isFloat = float64(i), true
	}
	return isFloat && (x > 0 || x == 0 && op == ">")
}

// pushCall narrows by the extent of the track's feet.
func pushCall(n *ast.CallNode, f Filter) (pushed, bool) {
	switch called(n) {
	case "enters", "leaves", "inside":
		return inZone(n, f)
	case "crosses":
		for _, l := range f.Lines {
			if name, ok := arg(n.Arguments, 0); ok && l.Name == name {
				return footWithin(scene.Polygon{l.A, l.B}), true
			}
		}
	}
	return pushed{}, false
}

func pushDwell(n *ast.CallNode, f Filter) (pushed, bool) {
	if called(n) != "dwell" {
		return pushed{}, false
	}
	return inZone(n, f)
}

func called(n *ast.CallNode) string {
	if id, ok := n.Callee.(*ast.IdentifierNode); ok {
		return id.Value
	}
	return ""
}

func inZone(n *ast.CallNode, f Filter) (pushed, bool) {
	for _, z := range f.Zones {
		if name, ok := arg(n.Arguments, 0); ok && z.Name == name {
			return footWithin(z.Polygon), true
		}
	}
	return pushed{}, false
}

// footWithin is true of tracks whose feet may have touched the polygon.
func footWithin(g scene.Polygon) pushed {
	b := g.Bounds()
	return pushed{
		sql:  "t.foot_x1_px >= ? AND t.foot_x0_px <= ? AND t.foot_y1_px >= ? AND t.foot_y0_px <= ? AND t.cells & ? <> 0",
		args: []any{b.X, b.X + b.W, b.Y, b.Y + b.H, int64(g.Cells())}, foot: true,
	}
}

func marks(n int) string { return strings.TrimSuffix(strings.Repeat("?, ", n), ", ") }

func intList(ids []int64) string {
	var b strings.Builder
	for i, id := range ids {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(strconv.FormatInt(id, 10))
	}
	return b.String()
}
