package reconcile

import (
	"fmt"
	"maps"
	"slices"

	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/internal/plan"
	"github.com/lanekeeper/lanekeeper/state"
)

// recover looks again at writes that were committed and have no outcome: a
// crash, a stop or a lost connection came between. The tracker's own state
// tells what happened. What did not arrive is planned again, never resent
// blindly. Issues that are parked wait for their back-off.
func (c *cycle) recover() error {
	pending, err := c.Store.Pending(c.Source)
	if err != nil || len(pending) == 0 {
		return err
	}
	byIssue := map[string][]state.Entry{}
	for _, e := range pending {
		byIssue[e.ID] = append(byIssue[e.ID], e)
	}
	for ids := range slices.Chunk(slices.Sorted(maps.Keys(byIssue)), sendBatch) {
		if err := c.recoverBatch(ids, byIssue); err != nil {
			return err
		}
	}
	c.Log.Info("unfinished writes looked at again", "source", c.Source, "changes", len(pending), "issues", len(byIssue))
	return nil
}

func (c *cycle) recoverBatch(ids []string, pending map[string][]state.Entry) error {
	found, err := c.Tracker.Fetch(c.ctx, ids)
	if err != nil {
		return fmt.Errorf("read %d issues: %w", len(ids), err)
	}
	records, err := c.Store.Records(c.Source, ids)
	if err != nil {
		return fmt.Errorf("read records: %w", err)
	}
	known := map[string]*state.Record{}
	for n, r := range records {
		if r != nil {
			known[ids[n]] = clone(r)
		}
	}
	var b state.Batch
	for n := range found.Found {
		i := &found.Found[n]
		r := known[i.ID]
		for _, e := range pending[i.ID] {
			e.Status, e.Done = state.EntrySuperseded, c.now
			if r != nil && e.Change.Field != issue.FieldComment && plan.Actual(i, e.Change.Field) == e.Change.To {
				e.Status = state.EntryApplied
				r.Parked = nil
				if err := c.arrived(r, e); err != nil {
					return err
				}
			}
			b.Entries = append(b.Entries, e)
		}
		if r != nil {
			b.Updates = append(b.Updates, state.Update{Record: r})
		}
	}
	for _, id := range found.Gone {
		for _, e := range pending[id] {
			e.Status, e.Done = state.EntrySuperseded, c.now
			b.Entries = append(b.Entries, e)
		}
	}
	if err := c.commit(b); err != nil {
		return err
	}
	if err := c.evaluate(found.Found, direct, "unfinished write", nil); err != nil {
		return err
	}
	return c.gone(found.Gone)
}

// arrived notes a change that reached the tracker before its outcome was
// recorded.
func (c *cycle) arrived(r *state.Record, e state.Entry) error {
	p, err := c.Store.Plan(e.Plan)
	if err != nil {
		return fmt.Errorf("read plan %s: %w", e.Plan, err)
	}
	if p.Undoes != "" {
		c.undone(r, e, p.By)
		return nil
	}
	written(r, e.Change)
	return nil
}
