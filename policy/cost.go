package policy

import (
	"slices"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/overloads"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
)

// searches are the functions whose work grows with the text or list that they
// look through. Inside a loop they make the work of an expression grow with the
// product of two inputs, as several loops do.
var searches = [...]string{overloads.Contains, overloads.Matches, "any_word", fnHasLabel, operators.In}

// counted reports whether the work of an expression has to be counted.
func counted(root ast.Expr) bool {
	loops, searching := 0, false
	ast.PreOrderVisit(root, ast.NewExprVisitor(func(x ast.Expr) {
		if x.Kind() == ast.ComprehensionKind {
			loops++
			body := x.AsComprehension()
			searching = searching || searchesIn(body.LoopStep()) || searchesIn(body.LoopCondition())
		}
	}))
	return loops > 1 || searching
}

func searchesIn(x ast.Expr) (found bool) {
	ast.PreOrderVisit(x, ast.NewExprVisitor(func(x ast.Expr) {
		found = found || x.Kind() == ast.CallKind && slices.Contains(searches[:], x.AsCall().FunctionName())
	}))
	return found
}

// searchCosts prices searches by the bytes and labels looked through, so that
// the limit stands for the same time whatever the expression does.
type searchCosts struct{}

// CallCost implements interpreter.ActualCostEstimator.
func (searchCosts) CallCost(function, _ string, args []ref.Val, _ ref.Val) *uint64 {
	var units int
	switch function {
	case overloads.Contains:
		units = textSize(args[0]) / 400
	case overloads.Matches, "any_word":
		units = textSize(args[0]) / 40
	case fnHasLabel:
		list, _ := stringsOf(args[0])
		units = len(list) / 20
	default:
		return nil
	}
	n := uint64(units) + 1
	return &n
}

func textSize(v ref.Val) int {
	s, _ := v.(types.String)
	return len(s)
}

// wordWork bounds one any_word with a list that is not written out: bytes of the
// text times words.
const wordWork = 1 << 26
