package reconcile

import (
	"fmt"
	"slices"

	"github.com/lanekeeper/lanekeeper/connectors"
	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/state"
)

// attribute finds in the tracker's history who made the changes that were
// taken for a person's. What our own account made is no override: the state
// was older than the tracker, and the value becomes the applied one. It returns
// the record of what people did.
func (c *cycle) attribute(list []judged) ([]state.Act, error) {
	histories, err := c.historiesOf(list)
	if err != nil {
		return nil, err
	}
	for k := range list {
		j := &list[k]
		if !j.byPerson(c.now) {
			continue
		}
		r := j.record
		h, read := histories[r.Issue.ID]
		t := c.termsOf(c.Policy.For(c.Source, r.Issue.Project))
		c.renew(j, t, h)
		c.namePin(r, h)
		c.nameLookedBack(r, h)
		for n := len(r.Overrides) - 1; n >= 0; n-- {
			o := &r.Overrides[n]
			fresh := o.At.Equal(c.now) && (o.Kind == state.ByPerson || o.Kind == state.Adopted && o.From != "")
			if fresh && c.ours(r, t, n, h) {
				continue
			}
			if o.Field == issue.FieldLane && (fresh || c.asks(r, o)) {
				c.contest(r, t, n, h, read, fresh)
			}
		}
		r.Outstanding = len(c.changes(r)) + c.noteDue(r)
		r.Due = c.due(r)
	}
	return c.actsOf(list, histories), nil
}

// renew takes back that overrides ended by time whose value a person set again
// since: they begin anew, whoever's they were.
func (c *cycle) renew(j *judged, t terms, h issue.History) {
	j.ended = slices.DeleteFunc(j.ended, func(e ending) bool {
		ev, ok := h.Last(e.Field)
		if e.how != overdue || e.Kind == state.Adopted || !ok || ev.By.Self || !ev.At.After(e.At) || !made(ev, e.Override) {
			return false
		}
		until := t.until(ev.At)
		if !until.IsZero() && !until.After(c.now) {
			return false
		}
		o := e.Override
		o.Kind, o.By, o.At, o.Until, o.Reason = state.ByPerson, ev.By.Person, ev.At, until, ""
		hold(j.record, o)
		delete(j.record.Freed, e.Field)
		return true
	})
}

// historiesOf reads those of the records that a person changed.
func (c *cycle) historiesOf(list []judged) (map[string]issue.History, error) {
	var ids []string
	for _, j := range list {
		if j.byPerson(c.now) {
			ids = append(ids, j.record.Issue.ID)
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	histories, err := c.Tracker.History(c.ctx, ids)
	switch {
	case err == nil:
	case c.ctx.Err() != nil || connectors.KindOf(err) == connectors.Auth:
		return nil, fmt.Errorf("read who changed %d issues: %w", len(ids), err)
	default: // the change stands whoever made it
		c.Log.Warn("history not read; overrides stay without a name", "source", c.Source, "issues", len(ids), "err", err)
	}
	return histories, nil
}

// ours gives a new override its person and time. What our own account made is
// none: it is dropped, and ours says true.
func (c *cycle) ours(r *state.Record, t terms, n int, h issue.History) bool {
	o := &r.Overrides[n]
	e, ok := h.Last(o.Field)
	switch {
	case !ok || o.Kind != state.ByPerson:
	case e.By.Self && made(e, *o):
		setApplied(r, o.Field, o.Value)
		drop(r, n)
		return true
	case e.By.Self: // the history does not show the person yet
	default:
		o.By, o.At, o.Until = e.By.Person, e.At, t.until(e.At)
		if !o.Until.IsZero() && o.Until.Before(c.now) {
			o.Until = t.until(c.now) // found late: people get the full time
		}
	}
	return false
}

// made tells whether an event led to the value that an override holds.
func made(e issue.Event, o state.Override) bool {
	if o.Field.IsLabel() {
		return e.To == o.Value || (o.Value == "" && e.To == "")
	}
	return e.To == o.Value
}
