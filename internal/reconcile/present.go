package reconcile

import (
	"fmt"
	"slices"

	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/internal/plan"
	"github.com/lanekeeper/lanekeeper/state"
)

// Present says how a held change stands now.
type Present string

// How a held change may stand.
const (
	AsHeld     Present = "as_held"
	Already    Present = "already"    // the field has the value by now
	Gone       Present = "gone"       // the issue is closed, deleted or out of scope
	Overridden Present = "overridden" // a person keeps the field
	Different  Present = "changed"    // the field or policy's wish changed since
)

// Present compares the changes of a plan with what is known now, in their
// order. It asks the tracker nothing and does not wait for a running cycle.
func (c *Cycler) Present(entries []state.Entry) ([]Present, error) {
	run := &cycle{Cycler: c, offline: true, now: c.Now().UTC()}
	out := make([]Present, 0, len(entries))
	for batch := range slices.Chunk(entries, revisitBatch) {
		ids := make([]string, len(batch))
		for n, e := range batch {
			ids[n] = e.ID
		}
		records, err := c.Store.Records(c.Source, ids)
		if err != nil {
			return nil, fmt.Errorf("read records: %w", err)
		}
		for n, e := range batch {
			out = append(out, run.present(e.Change, records[n]))
		}
	}
	return out, nil
}

func (c *cycle) present(ch issue.Change, r *state.Record) Present {
	switch {
	case r == nil, !r.Issue.Open(), r.Absent > 0:
		return Gone
	case ch.Field != issue.FieldComment && plan.Actual(&r.Issue, ch.Field) == ch.To:
		return Already
	case slices.ContainsFunc(r.Overrides, func(o state.Override) bool { return o.Field == ch.Field }):
		return Overridden
	}
	i, _ := c.item(r)
	if slices.ContainsFunc(i.changes, func(n issue.Change) bool { return n.Field == ch.Field && n.From == ch.From && n.To == ch.To }) {
		return AsHeld
	}
	return Different
}
