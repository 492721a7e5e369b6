package reconcile

import (
	"errors"
	"time"

	"github.com/lanekeeper/lanekeeper/connectors"
	"github.com/lanekeeper/lanekeeper/state"
)

const (
	parkFirst = time.Minute
	parkMost  = 6 * time.Hour
)

// unsure tells that a write may have happened though no answer came.
func unsure(err error) bool {
	switch connectors.KindOf(err) {
	case connectors.Network, connectors.Server, connectors.Contract, "":
		return true
	}
	return false
}

// park sets an issue aside after a failed write, for twice as long each time.
func (c *cycle) park(r *state.Record, err error) {
	p := state.Parked{Since: c.now}
	if r.Parked != nil {
		p = *r.Parked
	}
	wait := parkMost
	if p.Tries < 9 {
		wait = min(parkMost, parkFirst<<p.Tries)
	}
	if e, ok := errors.AsType[*connectors.Error](err); ok && e.RetryAfter > wait {
		wait = e.RetryAfter
	}
	p.Tries++
	p.Until, p.Kind, p.Error = c.now.Add(wait), string(connectors.KindOf(err)), err.Error()
	r.Parked = &p
	c.Log.Warn("write failed; the issue is parked", "source", c.Source, "issue", r.Issue.Key, "tries", p.Tries, "until", p.Until, "err", err)
}
