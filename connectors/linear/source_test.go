package linear_test

import (
	"context"

	"github.com/lanekeeper/lanekeeper/connectors"
	"github.com/lanekeeper/lanekeeper/connectors/linear"
	"github.com/lanekeeper/lanekeeper/internal/reconcile"
)

// The client is a source of the cycle and can be checked.
var (
	_ reconcile.Source = (*linear.Client)(nil)
	_ interface {
		Check(context.Context) ([]connectors.Finding, error)
	} = (*linear.Client)(nil)
)
