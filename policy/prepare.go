package policy

import (
	"slices"
	"strings"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
	"cel.dev/cel-go/interpreter"
)

// prepare replaces calls whose table or list of words is written out by forms
// that have it ready. They mean the same as the functions.
func prepare(i interpreter.InterpretableV2) (interpreter.InterpretableV2, error) {
	call, ok := i.(interpreter.InterpretableCall)
	if !ok {
		return i, nil
	}
	args := call.Args()
	switch call.Function() {
	case "any_word":
		if words, ok := constantStrings(args[1]); ok {
			return &wordCall{InterpretableV2: i, text: args[0], words: newWordSet(words)}, nil
		}
	case "tier":
		if t := newTierCall(i, args); t != nil {
			return t, nil
		}
	}
	return i, nil
}

func constantOf(i interpreter.InterpretableV2) ref.Val {
	if c, ok := i.(interpreter.InterpretableConst); ok {
		return c.Value()
	}
	return nil
}

func constantStrings(i interpreter.InterpretableV2) ([]string, bool) {
	return stringsOf(constantOf(i))
}

// wordCall is any_word with a constant list.
type wordCall struct {
	interpreter.InterpretableV2
	text  interpreter.InterpretableV2
	words *wordSet
}

// Exec implements interpreter.InterpretableV2.
func (c *wordCall) Exec(f *interpreter.ExecutionFrame) ref.Val {
	v := c.text.Exec(f)
	s, ok := v.(types.String)
	if !ok {
		return types.ValOrErr(v, "any_word takes a text and a list of texts")
	}
	return types.Bool(c.words.in(string(s)))
}

// Eval implements interpreter.Interpretable.
func (c *wordCall) Eval(a interpreter.Activation) ref.Val { return c.Exec(interpreter.AsFrame(a)) }

// tierCall is tier with a constant table and default.
type tierCall struct {
	interpreter.InterpretableV2
	value     interpreter.InterpretableV2
	table     ref.Val
	levels    []level // sorted by key
	otherwise ref.Val
}

type level struct {
	key   string
	value ref.Val
}

func newTierCall(i interpreter.InterpretableV2, args []interpreter.InterpretableV2) *tierCall {
	table, ok := constantOf(args[1]).(traits.Mapper)
	otherwise, isNumber := toFloat(constantOf(args[2]))
	if !ok || !isNumber {
		return nil
	}
	c := &tierCall{InterpretableV2: i, value: args[0], table: table, otherwise: types.Double(otherwise)}
	for it := table.Iterator(); it.HasNext() == types.True; {
		k := it.Next()
		key, isText := k.(types.String)
		n, isNumber := toFloat(table.Get(k))
		if !isText || !isNumber {
			return nil
		}
		c.levels = append(c.levels, level{string(key), types.Double(n)})
	}
	slices.SortFunc(c.levels, func(a, b level) int { return strings.Compare(a.key, b.key) })
	return c
}

// Exec implements interpreter.InterpretableV2.
func (c *tierCall) Exec(f *interpreter.ExecutionFrame) ref.Val {
	v := c.value.Exec(f)
	text, ok := v.(types.String)
	if !ok {
		return tierOf(v, c.table, c.otherwise)
	}
	for _, l := range c.levels {
		if l.key == string(text) {
			return l.value
		}
	}
	for _, l := range c.levels {
		if strings.EqualFold(l.key, string(text)) {
			return l.value
		}
	}
	return c.otherwise
}

// Eval implements interpreter.Interpretable.
func (c *tierCall) Eval(a interpreter.Activation) ref.Val { return c.Exec(interpreter.AsFrame(a)) }
