package simulation

import (
	"net/http"

	"github.com/lanekeeper/lanekeeper/internal/reconcile"
)

// mutant is lanekeeper with a mistake planted at one of its seams.
type mutant struct {
	name    string
	options func(*reconcile.Options)
	store   func(reconcile.Store, *source) reconcile.Store
	tracker func(reconcile.Source, *source) reconcile.Source
	wire    func(http.RoundTripper) http.RoundTripper
	start   func(*process)
}
