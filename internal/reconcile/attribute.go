package reconcile

import (
	"fmt"

	"github.com/lanekeeper/lanekeeper/connectors"
	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/state"
)

// attribute finds in the tracker's history who made the changes that were
// taken for a person's. What our own account made is no override: the state
// was older than the tracker, and the value becomes the applied one.
func (c *cycle) attribute(records []*state.Record) error {
	if len(records) == 0 {
		return nil
	}
	ids := make([]string, len(records))
	for n, r := range records {
		ids[n] = r.Issue.ID
	}
	histories, err := c.Tracker.History(c.ctx, ids)
	switch {
	case err == nil:
	case c.ctx.Err() != nil || connectors.KindOf(err) == connectors.Auth:
		return fmt.Errorf("read who changed %d issues: %w", len(ids), err)
	default: // the change stands whoever made it
		c.Log.Warn("history not read; overrides stay without a name", "source", c.Source, "issues", len(ids), "err", err)
	}
	for _, r := range records {
		h := histories[r.Issue.ID]
		t := c.termsOf(c.Policy.For(c.Source, r.Issue.Project))
		for n := len(r.Overrides) - 1; n >= 0; n-- {
			o := &r.Overrides[n]
			e, ok := h.Last(o.Field)
			if o.Kind != state.ByPerson || !o.At.Equal(c.now) || !ok {
				continue
			}
			if e.By.Self && made(e, *o) {
				setApplied(r, o.Field, o.Value)
				drop(r, n)
				r.Outstanding += writable(r, o.Field)
				continue
			}
			if e.By.Self {
				continue // the history does not show the person yet
			}
			o.By, o.At, o.Until = e.By.Person, e.At, t.until(e.At)
			if !o.Until.IsZero() && o.Until.Before(c.now) {
				o.Until = t.until(c.now) // found late: people get the full time
			}
		}
		r.Due = c.due(r)
	}
	return nil
}

// made tells whether an event led to the value that an override holds.
func made(e issue.Event, o state.Override) bool {
	if o.Field.IsLabel() {
		return e.To == o.Value || (o.Value == "" && e.To == "")
	}
	return e.To == o.Value
}
