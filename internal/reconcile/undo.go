package reconcile

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/internal/plan"
	"github.com/lanekeeper/lanekeeper/state"
)

// Undo names what is to be taken back: exactly one of a plan, everything since
// a moment, or one issue.
type Undo struct {
	Plan  string
	Since time.Time
	ID    string
	Key   string // of the issue, for people
	By    string // who asks

	redo   bool             // Plan is itself an undo
	unread map[string]error // ids that cannot be read now
}

func (u Undo) String() string {
	switch {
	case u.Plan != "":
		return "plan " + u.Plan
	case u.ID != "":
		return "issue " + cmp.Or(u.Key, u.ID)
	}
	return "everything since " + u.Since.Format(time.RFC3339)
}

// span is all that lanekeeper did to one field within the scope of an undo.
type span struct {
	oldest, newest state.Entry
	all            []state.Entry
}

// Undo puts back the values from before the first change in scope, where the
// field still holds what the last one wrote. What a person changed in between
// or since stays. Each restored field is held as an override, so that the next
// cycle does not do it again; the undo of an undo ends these. Undo writes, so
// the mode must be above observe (suggest withdraws proposals, and takes back
// those that were accepted) and writes must not be paused.
func (c *Cycler) Undo(ctx context.Context, u Undo) Report {
	if err := c.Turn.take(ctx); err != nil {
		return Report{Source: c.Source, Mode: c.Mode, Err: fmt.Errorf("undo %s: %w", u, err)}
	}
	defer c.Turn.give()
	run := c.start(ctx, Task{List: true})
	run.report = Report{Source: c.Source, Mode: c.Mode}
	run.sense() // issues are read again, and decided as in a cycle
	err := run.undo(u)
	if err != nil {
		run.report.Err = fmt.Errorf("undo %s: %w", u, err)
	}
	run.catchUp(err)
	run.lag()
	run.sortLines()
	if t, err := c.Store.Totals(c.Source); err == nil {
		run.report.Issues, run.report.Parked = t.Open, t.Parked
	}
	return run.report
}

func (c *cycle) undo(u Undo) error {
	if err := c.recover(); err != nil { // a write without an answer may have arrived
		return fmt.Errorf("recover: %w", err)
	}
	entries, err := c.scope(u)
	if err != nil {
		return err
	}
	spans, ids := spansOf(entries)
	if len(ids) == 0 {
		return nil
	}
	if c.Mode == Observe {
		return fmt.Errorf("%w: source %s is in mode observe; set its mode to enforce to let undo write", ErrGated, c.Source)
	}
	if paused, err := c.gate.Paused(); err != nil || paused {
		return fmt.Errorf("%w%s; lanekeeper resume ends the pause", ErrPaused, because(err))
	}
	p := state.Plan{ID: c.planID(len(ids)), Source: c.Source, At: c.now, Mode: string(c.Mode), PolicyHash: c.Policy.Hash(),
		Status: state.PlanRunning, By: u.By, ByAt: c.now, Undoes: u.String()}
	if p.Accepted, err = c.letPass(spans); err != nil {
		return err
	}
	if u.redo, err = c.isUndo(u.Plan); err != nil {
		return err
	}
	if u.redo { // what it writes is lanekeeper's own again
		p.Undoes, p.Reason = "", "takes back the undo "+u.Plan
	}
	var failed error
	for batch := range slices.Chunk(ids, sendBatch) {
		if failed = c.undoBatch(&p, batch, spans, u); failed != nil {
			break
		}
	}
	if p.Changes == 0 {
		return failed // everything was left alone: no plan to keep
	}
	c.report.Plan, p.Status = p.ID, state.PlanDone
	return errors.Join(failed, c.commit(state.Batch{Plan: &p}))
}

// letPass lets the undo write fields in suggest mode that were written there too:
// because a person had accepted them. It tells whether there are any.
func (c *cycle) letPass(spans map[spanKey]span) (some bool, err error) {
	accepted := map[string]bool{}
	for k, s := range spans {
		pass := c.Mode == Suggest && k.field != issue.FieldComment
		for _, e := range s.all {
			if _, known := accepted[e.Plan]; !known && pass {
				p, err := c.Store.Plan(e.Plan)
				if err != nil {
					return false, fmt.Errorf("read plan %s: %w", e.Plan, err)
				}
				accepted[e.Plan] = p.Accepted
			}
			pass = pass && accepted[e.Plan]
		}
		if pass {
			c.gate.accepting(k.id, k.field)
		}
		some = some || pass
	}
	return some, nil
}

// scope lists the entries that the undo covers.
func (c *cycle) scope(u Undo) (entries []state.Entry, err error) {
	switch {
	case u.Plan != "":
		entries, err = c.Store.Entries(u.Plan)
	case u.ID != "":
		entries, err = c.Store.EntriesOf(c.Source, u.ID)
	default:
		entries, err = c.Store.EntriesSince(c.Source, u.Since)
	}
	if err != nil {
		return nil, err
	}
	entries = slices.DeleteFunc(entries, func(e state.Entry) bool {
		return e.Source != c.Source || e.Status != state.EntryApplied
	})
	if u.Plan != "" {
		return entries, nil
	}
	return c.withoutUndos(entries)
}

// withoutUndos leaves out what earlier undos wrote: asking twice for the same
// undo must not bring back what the first one took away.
func (c *cycle) withoutUndos(entries []state.Entry) ([]state.Entry, error) {
	undos := map[string]bool{}
	for _, e := range entries {
		if _, known := undos[e.Plan]; known {
			continue
		}
		is, err := c.isUndo(e.Plan)
		if err != nil {
			return nil, err
		}
		undos[e.Plan] = is
	}
	return slices.DeleteFunc(entries, func(e state.Entry) bool { return undos[e.Plan] }), nil
}

// isUndo tells whether a plan took others back; "" is no plan.
func (c *cycle) isUndo(planID string) (bool, error) {
	if planID == "" {
		return false, nil
	}
	p, err := c.Store.Plan(planID)
	if err != nil {
		return false, fmt.Errorf("read plan %s: %w", planID, err)
	}
	return p.Undoes != "", nil
}

type spanKey struct {
	id    string
	field issue.Field
}

// spansOf groups changes by field. Where a change did not begin with what the
// one before it wrote, a person was there in between: the span begins anew, so
// that their value is what comes back.
func spansOf(entries []state.Entry) (map[spanKey]span, []string) {
	slices.SortStableFunc(entries, func(a, b state.Entry) int { return a.At.Compare(b.At) })
	spans := map[spanKey]span{}
	var ids []string
	for _, e := range entries {
		k := spanKey{e.ID, e.Change.Field}
		s, seen := spans[k]
		switch {
		case !seen:
			s.oldest = e
			ids = append(ids, e.ID)
		case k.field != issue.FieldComment && e.Change.From != s.newest.Change.To:
			s = span{oldest: e}
		}
		s.newest = e
		s.all = append(s.all, e)
		spans[k] = s
	}
	slices.Sort(ids)
	return spans, slices.Compact(ids)
}

func (c *cycle) undoBatch(p *state.Plan, ids []string, spans map[spanKey]span, u Undo) error {
	bad, err := c.rereadStrays(ids)
	if err != nil {
		return err
	}
	u.unread = map[string]error{}
	for _, b := range bad {
		u.unread[b.ID] = b.Err
	}
	// The comment goes alone: an issue gets one write at a time.
	for _, fields := range []bool{true, false} {
		if err := c.undoPass(p, ids, spans, u, fields); err != nil {
			return err
		}
	}
	return nil
}

// rereadStrays reads issues by id and returns those that could not be read.
// Those that had left the scope stay out of it, though the tracker still shows
// them.
func (c *cycle) rereadStrays(ids []string) ([]issue.Bad, error) {
	known, err := c.Store.Records(c.Source, ids)
	if err != nil {
		return nil, fmt.Errorf("read records: %w", err)
	}
	found, err := c.reread(ids, "read before undo")
	if err != nil {
		return nil, err
	}
	absent := map[string]int{}
	var strays []string
	for _, r := range known {
		if r != nil && (r.Absent > 0 || r.Issue.Gone) {
			absent[r.Issue.ID] = max(1, r.Absent)
			strays = append(strays, r.Issue.ID)
		}
	}
	return found.Bad, c.change(strays, func(r *state.Record) bool { r.Absent = absent[r.Issue.ID]; return true })
}

// undoPass takes back the fields, or the comments, of a batch.
func (c *cycle) undoPass(p *state.Plan, ids []string, spans map[spanKey]span, u Undo, fields bool) error {
	records, err := c.Store.Records(c.Source, ids)
	if err != nil {
		return fmt.Errorf("read records: %w", err)
	}
	out := c.outbox()
	over := func(k spanKey) {
		for _, old := range spans[k].all {
			old.Status = state.EntryUndone
			out.also = append(out.also, old)
		}
	}
	out.effect = func(f *flight, e state.Entry) {
		if u.redo {
			c.redone(f.record, e)
			out.acts = append(out.acts, c.undoAct(state.Released, f.record, e, u.By))
		} else {
			c.undone(f.record, e, u.By)
			out.acts = append(out.acts, c.undoAct(state.UndidChange, f.record, e, u.By))
		}
		over(spanKey{e.ID, e.Change.Field})
	}
	for _, r := range records {
		if r == nil {
			continue
		}
		i := item{id: r.Issue.ID, key: r.Issue.Key, lane: r.Decision.Lane, applied: map[issue.Field]string{}}
		for _, f := range undoable(spans, r.Issue.ID, fields) {
			s := spans[spanKey{r.Issue.ID, f}]
			ch, ok := c.restore(r, s, u)
			switch {
			case !ok:
				c.report.Lines = append(c.report.Lines, Line{Ref: r.Issue.Ref(), ID: r.Issue.ID, Change: ch, Status: Refused})
				continue
			case ch.From == ch.To: // it came and went
				over(spanKey{r.Issue.ID, f})
				continue
			}
			i.changes = append(i.changes, ch)
			if u.redo {
				i.applied = r.Applied
			} else if s.oldest.HadApplied {
				i.applied[f] = s.oldest.Applied
			}
		}
		if len(i.changes) > 0 {
			out.add(p, i, clone(r))
		}
	}
	if err := out.carry(p); err != nil || len(out.also) == 0 {
		return err
	}
	return c.commit(state.Batch{Entries: out.also})
}

// undoable lists the fields of one issue in a fixed order, or its comment.
func undoable(spans map[spanKey]span, id string, want bool) []issue.Field {
	var fields []issue.Field
	for k := range spans {
		if k.id == id && want == (k.field != issue.FieldComment) {
			fields = append(fields, k.field)
		}
	}
	slices.Sort(fields)
	return fields
}

// restore is the change that puts a field back, if it still holds our value.
func (c *cycle) restore(r *state.Record, s span, u Undo) (issue.Change, bool) {
	f := s.newest.Change.Field
	ch := issue.Change{Field: f, From: plan.Actual(&r.Issue, f), To: s.oldest.Change.From, Reason: "undo of " + u.String(),
		FromRaw: raw(r, f), ToRaw: s.oldest.Change.FromRaw}
	switch {
	case u.unread[r.Issue.ID] != nil:
		ch.Reason = fmt.Sprintf("the issue cannot be read now (%v); left alone", u.unread[r.Issue.ID])
		return ch, false
	case r.Issue.Pinned():
		ch.Reason = "a person pinned the issue with the label " + issue.PinLabel + "; left alone"
		return ch, false
	case f == issue.FieldComment && u.redo:
		ch.From, ch.To, ch.Reason = "", "", "a withdrawn proposal is not posted again by an undo"
		return ch, false
	case f == issue.FieldComment:
		ch.From, ch.To = r.Comment.Hash, ""
		return ch, r.Comment.ID != ""
	case c.Mode != Enforce && !c.gate.accepted(r.Issue.ID, f):
		ch.Reason = "source " + c.Source + " is in mode " + string(c.Mode) + "; set it to enforce to let undo write fields"
		return ch, false
	case !r.Issue.Open() && f != issue.FieldPostMortem, r.Issue.Gone:
		ch.Reason = "the issue is closed or gone"
		return ch, false
	case ch.From != s.newest.Change.To:
		ch.Reason = "changed by a person since; left alone"
		return ch, false
	}
	return ch, true
}

// undone notes a restored value: what was applied before is applied again, and
// the field is held against the next cycle.
func (c *cycle) undone(r *state.Record, e state.Entry, by string) {
	f := e.Change.Field
	if f == issue.FieldPostMortem && !r.Issue.Open() {
		c.unasked(r, e.Change, by)
		return
	}
	t := c.termsOf(c.Policy.For(c.Source, r.Issue.Project))
	hold(r, state.Override{Field: f, Kind: state.Undone, Value: e.Change.To, Wanted: e.Change.From, By: issue.Person{Name: by},
		At: c.now, Until: t.until(c.now), Lane: r.Decision.Lane, Reason: e.Change.Reason})
	if f == issue.FieldComment {
		r.Comment = state.Comment{ID: r.Comment.ID, Marker: r.Comment.Marker}
		return
	}
	plan.Write(&r.Issue, e.Change)
	delete(r.Applied, f)
	if e.HadApplied {
		setApplied(r, f, e.Applied)
	}
}

// redone notes a value that an undo had taken back and that is lanekeeper's own
// again.
func (c *cycle) redone(r *state.Record, e state.Entry) {
	drop(r, slices.IndexFunc(r.Overrides, func(o state.Override) bool { return o.Field == e.Change.Field }))
	written(r, e.Change, c.now)
}

// undid lists the changes that an undo which was carried out without a record
// of its outcome had taken back: from the newest to the one that began with the
// value that is there again.
func (c *cycle) undid(e state.Entry) ([]state.Entry, error) {
	entries, err := c.Store.EntriesOf(c.Source, e.ID)
	if err != nil {
		return nil, fmt.Errorf("read changes of %s: %w", e.Key, err)
	}
	var out []state.Entry
	for _, old := range entries {
		if old.Plan == e.Plan || old.Change.Field != e.Change.Field || old.Status != state.EntryApplied {
			continue
		}
		old.Status = state.EntryUndone
		if out = append(out, old); old.Change.From == e.Change.To {
			break
		}
	}
	return out, nil
}
