package connectors

import "context"

// Op is what a request does, as far as the transport chain has to know.
type Op struct {
	// Name is the bounded name that metrics and errors carry, such as "search".
	Name string
	// Idempotent tells that sending the request again does no harm.
	Idempotent bool
	// Costs are the tokens taken from each named budget; a budget that is not
	// listed is charged 1.
	Costs map[string]int
}

type opKey struct{}

// WithOp names the operation of the requests made with the context. Only an
// idempotent one is ever sent again by the transport.
func WithOp(ctx context.Context, name string, idempotent bool) context.Context {
	return context.WithValue(ctx, opKey{}, Op{Name: name, Idempotent: idempotent})
}

// WithCost says how much of one budget the requests made with the context
// take. It keeps the operation that WithOp gave.
func WithCost(ctx context.Context, budget string, tokens int) context.Context {
	op := OpFrom(ctx)
	costs := map[string]int{budget: tokens}
	for k, v := range op.Costs {
		if k != budget {
			costs[k] = v
		}
	}
	op.Costs = costs
	return context.WithValue(ctx, opKey{}, op)
}

// OpFrom returns the operation of the context; one without a name is "other"
// and not idempotent.
func OpFrom(ctx context.Context) Op {
	if op, ok := ctx.Value(opKey{}).(Op); ok {
		return op
	}
	return Op{Name: "other"}
}

func (o Op) cost(budget string) int {
	if n, ok := o.Costs[budget]; ok {
		return n
	}
	return 1
}
