package app

import (
	"github.com/lanekeeper/lanekeeper/internal/alert"
	"github.com/lanekeeper/lanekeeper/internal/reconcile"
)

// Seams let a test come between the parts as they are put together: to stop the
// program dead between two of its steps, to watch it, and to hold chance still.
// A nil seam changes nothing.
type Seams struct {
	// Cycler may change what a source's cycler is made of.
	Cycler func(*reconcile.Options)
	// Loop may change a source's loop before it runs.
	Loop func(*reconcile.Loop)
	// Alerts may change what the part that tells of events is made of.
	Alerts func(*alert.Options)
}

func (s Seams) cycler(o reconcile.Options) reconcile.Options {
	if s.Cycler != nil {
		s.Cycler(&o)
	}
	return o
}

func (s Seams) loop(l *reconcile.Loop) *reconcile.Loop {
	if s.Loop != nil {
		s.Loop(l)
	}
	return l
}

func (s Seams) alerts(o alert.Options) alert.Options {
	if s.Alerts != nil {
		s.Alerts(&o)
	}
	return o
}
