package reconcile

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/lanekeeper/lanekeeper/connectors"
	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/state"
)

const (
	parkFirst = time.Minute
	parkMost  = 6 * time.Hour
)

// unsure tells that only a look at the issue can say what became of a write that
// failed: no answer came, an earlier try of it had none, or somebody else was there.
func unsure(err error) bool {
	k := connectors.KindOf(err)
	return errors.Is(err, connectors.ErrUnsure) || k == "" || k == connectors.Conflict
}

// parkUnread sets issues aside that could not be read before a write: what a
// person may have set meanwhile is not known, so that nothing is written.
func (c *cycle) parkUnread(bad []issue.Bad) error {
	if len(bad) == 0 {
		return nil
	}
	ids := make([]string, len(bad))
	for n, b := range bad {
		ids[n] = b.ID
	}
	records, err := c.Store.Records(c.Source, ids)
	if err != nil {
		return fmt.Errorf("read records: %w", err)
	}
	var b state.Batch
	for n, r := range records {
		if r == nil || r.Outstanding == 0 {
			continue
		}
		r = clone(r)
		c.putOff(r, fmt.Errorf("read before writing: %w", bad[n].Err))
		b.Updates = append(b.Updates, state.Update{Record: r})
	}
	if len(b.Updates) == 0 {
		return nil
	}
	return c.commit(b)
}

// readable leaves out the ids of issues that could not be read.
func readable(ids []string, bad []issue.Bad) []string {
	if len(bad) == 0 {
		return ids
	}
	is := map[string]bool{}
	for _, b := range bad {
		is[b.ID] = true
	}
	return slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return is[id] })
}

// putOff parks an issue of which too little is known to write to it.
func (c *cycle) putOff(r *state.Record, err error) {
	c.park(r, err)
	c.unlook()
	r.Due = c.due(r)
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
