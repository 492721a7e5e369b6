package reconcile

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/internal/plan"
	"github.com/lanekeeper/lanekeeper/state"
)

// recover looks again at writes that were committed and have no outcome: a
// crash, a stop or a lost connection came between. The tracker's own state
// tells what happened. What did not arrive is planned again, never resent
// blindly. A write to an issue that is hidden from us now stays open until the
// issue is seen again, for a person may have been there in between.
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
		records, err := c.Store.Records(c.Source, ids)
		if err != nil {
			return fmt.Errorf("read records: %w", err)
		}
		if err := c.recoverBatch(records, byIssue); err != nil {
			return err
		}
	}
	return c.ended(pending)
}

func (c *cycle) recoverBatch(records []*state.Record, pending map[string][]state.Entry) error {
	known := map[string]*state.Record{}
	var ids []string
	for _, r := range records {
		if r != nil && !r.Issue.Gone {
			known[r.Issue.ID] = clone(r)
			ids = append(ids, r.Issue.ID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	found, err := c.Tracker.Fetch(c.ctx, ids)
	if err != nil {
		return fmt.Errorf("read %d issues: %w", len(ids), err)
	}
	histories, err := c.overtaken(found.Found, pending)
	if err != nil {
		return err
	}
	var b state.Batch
	unknown := map[string]bool{}
	for n := range found.Found {
		i := &found.Found[n]
		r := known[i.ID]
		if _, read := histories[i.ID]; !read && perhapsOvertaken(i, pending[i.ID]) {
			// Nothing may be written to it before its history is read.
			unknown[i.ID], c.report.Behind = true, true
			if r != nil {
				c.putOff(r, errors.New("read what became of a write: the history cannot be read now"))
				b.Updates = append(b.Updates, state.Update{Record: r})
			}
			continue
		}
		for _, e := range pending[i.ID] {
			e.Status, e.Done = state.EntrySuperseded, c.now
			switch {
			case r == nil:
			case e.Change.Field == issue.FieldComment:
				if r.Comment.Hash != "" { // it says this or what it said before
					r.Comment.Hash = unsureHash
				}
			case holds(i, e) || wrote(histories[i.ID], e):
				e.Status = state.EntryApplied
				r.Parked = nil
				if err := c.arrived(r, e, &b); err != nil {
					return err
				}
			case visited(i, e, histories[i.ID], r.Issue.Updated):
				if err := c.leave(r, e); err != nil {
					return err
				}
			}
			b.Entries = append(b.Entries, e)
		}
		if r != nil {
			b.Updates = append(b.Updates, state.Update{Record: r})
		}
	}
	if err := c.commit(b); err != nil {
		return err
	}
	c.Log.Info("unfinished writes looked at again", "source", c.Source, "issues", len(found.Found))
	found.Found = slices.DeleteFunc(found.Found, func(i issue.Issue) bool { return unknown[i.ID] })
	if err := c.evaluate(found.Found, direct, "unfinished write", nil); err != nil {
		return err
	}
	return c.gone(found.Gone)
}

// perhapsOvertaken tells whether only the history can tell if a write arrived.
func perhapsOvertaken(i *issue.Issue, pending []state.Entry) bool {
	return slices.ContainsFunc(pending, func(e state.Entry) bool { return e.Change.Field != issue.FieldComment && !holds(i, e) })
}

// overtaken reads the histories of issues whose field does not hold what was
// sent: it may have arrived and been changed by a person since, who must not
// be taken for somebody who was there first.
func (c *cycle) overtaken(found []issue.Issue, pending map[string][]state.Entry) (map[string]issue.History, error) {
	var ids []string
	for n := range found {
		i := &found[n]
		if perhapsOvertaken(i, pending[i.ID]) {
			ids = append(ids, i.ID)
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	h, err := c.Tracker.History(c.ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("read what became of %d writes: %w", len(ids), err)
	}
	return h, nil
}

// holds tells that the field is as the entry wanted it.
func holds(i *issue.Issue, e state.Entry) bool { return plan.Actual(i, e.Change.Field) == e.Change.To }

// visited tells that somebody else has set the field since the issue was last
// read, which was just before the write.
func visited(i *issue.Issue, e state.Entry, h issue.History, read time.Time) bool {
	if i.Unknown.Any(issue.InputManaged) {
		return false
	}
	if plan.Actual(i, e.Change.Field) != e.Change.From {
		return true
	}
	ev, ok := h.Last(e.Change.Field)
	return ok && !ev.By.Self && ev.At.After(read)
}

// leave has what a field holds count as a person's, whatever was known of it.
func (c *cycle) leave(r *state.Record, e state.Entry) error {
	p, err := c.Store.Plan(e.Plan)
	if err != nil {
		return fmt.Errorf("read plan %s: %w", e.Plan, err)
	}
	if p.Undoes == "" {
		delete(r.Freed, e.Change.Field)
		free(r, e.Change.Field, e.Change.To)
	}
	return nil
}

// sentSlack is how far the tracker's clock may be behind ours.
const sentSlack = time.Hour

// wrote tells that our account made the entry's change since it was sent.
func wrote(h issue.History, e state.Entry) bool {
	for _, ev := range slices.Backward(h.Events) {
		if ev.At.Before(e.At.Add(-sentSlack)) {
			return false
		}
		if ev.By.Self && slices.Contains(e.Change.Field.Values(e.Change.To), ev.To) && (ev.Field == e.Change.Field || e.Change.Field.IsLabel() && ev.Field == issue.FieldLabels) {
			return true
		}
	}
	return false
}

// arrived notes a change that reached the tracker before its outcome was
// recorded, and the older entries that this settles.
func (c *cycle) arrived(r *state.Record, e state.Entry, b *state.Batch) error {
	p, err := c.Store.Plan(e.Plan)
	if err != nil {
		return fmt.Errorf("read plan %s: %w", e.Plan, err)
	}
	if p.Undoes == "" {
		written(r, e.Change, c.Now().UTC())
		return nil
	}
	c.undone(r, e, p.By)
	b.Acts = append(b.Acts, c.undoAct(state.UndidChange, r, e, p.By))
	older, err := c.undid(e)
	b.Entries = append(b.Entries, older...)
	return err
}

// ended closes the plans that a crash left running and that wait for no outcome
// any more.
func (c *cycle) ended(before []state.Entry) error {
	after, err := c.Store.Pending(c.Source)
	if err != nil {
		return fmt.Errorf("list unfinished writes: %w", err)
	}
	open := map[string]bool{}
	for _, e := range after {
		open[e.Plan] = true
	}
	for _, e := range before {
		if open[e.Plan] {
			continue
		}
		open[e.Plan] = true // looked at
		p, err := c.Store.Plan(e.Plan)
		if err != nil {
			return fmt.Errorf("read plan %s: %w", e.Plan, err)
		}
		if p.Status != state.PlanRunning {
			continue
		}
		p.Status = state.PlanDone
		if err := c.commit(state.Batch{Plan: &p}); err != nil {
			return err
		}
	}
	return nil
}
