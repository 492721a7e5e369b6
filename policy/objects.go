package policy

import (
	"fmt"
	"reflect"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	"github.com/lanekeeper/lanekeeper/internal/issue"
)

// The object types of the language. issue, issue.fields, pillar and signal are
// one Go value, the run; the type decides which of its fields can be named.
var (
	issueType    = cel.ObjectType("lanekeeper.Issue")
	fieldsType   = cel.ObjectType("lanekeeper.Fields")
	pillarsType  = cel.ObjectType("lanekeeper.Pillars")
	signalsType  = cel.ObjectType("lanekeeper.Signals")
	linkType     = cel.ObjectType("lanekeeper.Link")
	customerType = cel.ObjectType("lanekeeper.Customer")
)

// object is a link or a customer inside an expression.
type object struct {
	typ *types.Type
	v   any // *issue.Link or *issue.Customer
}

// ConvertToNative implements ref.Val.
func (o *object) ConvertToNative(t reflect.Type) (any, error) {
	return nil, fmt.Errorf("a %s has no form as %v", o.typ.TypeName(), t)
}

// ConvertToType implements ref.Val.
func (o *object) ConvertToType(t ref.Type) ref.Val {
	if t == types.TypeType {
		return o.typ
	}
	return types.NewErr("a %s cannot become %s", o.typ.TypeName(), t.TypeName())
}

// Equal implements ref.Val: objects are equal when all their fields are.
func (o *object) Equal(other ref.Val) ref.Val {
	p, ok := other.(*object)
	if !ok {
		return types.False
	}
	switch a := o.v.(type) {
	case *issue.Link:
		b, ok := p.v.(*issue.Link)
		return types.Bool(ok && *a == *b)
	case *issue.Customer:
		b, ok := p.v.(*issue.Customer)
		return types.Bool(ok && *a == *b)
	}
	return types.False
}

// Type implements ref.Val.
func (o *object) Type() ref.Type { return o.typ }

// Value implements ref.Val.
func (o *object) Value() any { return o.v }

// member is one field of a link or customer.
type member struct {
	name string
	typ  *cel.Type
	get  func(v any) ref.Val
}

func linkMembers() []member {
	get := func(f func(*issue.Link) ref.Val) func(any) ref.Val {
		return func(v any) ref.Val { return f(v.(*issue.Link)) }
	}
	return []member{
		{"key", cel.StringType, get(func(l *issue.Link) ref.Val { return types.String(l.Key) })},
		{"open", cel.BoolType, get(func(l *issue.Link) ref.Val { return types.Bool(l.Open) })},
		{"type", cel.StringType, get(func(l *issue.Link) ref.Val { return types.String(l.Type) })},
	}
}

func customerMembers() []member {
	get := func(f func(*issue.Customer) ref.Val) func(any) ref.Val {
		return func(v any) ref.Val { return f(v.(*issue.Customer)) }
	}
	return []member{
		{"important", cel.BoolType, get(func(c *issue.Customer) ref.Val { return types.Bool(c.Important) })},
		{"name", cel.StringType, get(func(c *issue.Customer) ref.Val { return types.String(c.Name) })},
		{"revenue", cel.DoubleType, get(func(c *issue.Customer) ref.Val { return types.Double(c.Revenue) })},
		{"size", cel.DoubleType, get(func(c *issue.Customer) ref.Val { return types.Double(c.Size) })},
		{"tier", cel.StringType, get(func(c *issue.Customer) ref.Val { return types.String(c.Tier) })},
	}
}

// isSet tells whether a value is more than its type's zero, which is what
// has() means.
func isSet(v ref.Val) bool {
	switch v := v.(type) {
	case nil:
		return false
	case types.String:
		return v != ""
	case types.Double:
		return v != 0
	case types.Int:
		return v != 0
	case types.Bool:
		return bool(v)
	}
	if l, ok := v.(interface{ Size() ref.Val }); ok {
		return l.Size() != types.IntZero
	}
	return true
}
