package reconcile

import (
	"cmp"
	"context"
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
// field still holds what the last one wrote. What a person changed since stays.
// Each restored field is held as an override, so that the next cycle does not
// do it again. Undo writes, so the mode must be above observe and writes must
// not be paused.
func (c *Cycler) Undo(ctx context.Context, u Undo) Report {
	c.mu.Lock()
	defer c.mu.Unlock()
	run := &cycle{Cycler: c, ctx: ctx, task: Task{List: true}, now: c.Now().UTC(), doubts: map[string]bool{}}
	run.report = Report{Source: c.Source, Mode: c.Mode}
	run.report.Err = run.undo(u)
	run.sortLines()
	if t, err := c.Store.Totals(c.Source); err == nil {
		run.report.Issues, run.report.Parked = t.Open, t.Parked
	}
	return run.report
}

func (c *cycle) undo(u Undo) error {
	if c.Mode == Observe {
		return fmt.Errorf("undo %s: %w: source %s is in mode observe; set its mode to enforce to let undo write", u, ErrGated, c.Source)
	}
	entries, err := c.scope(u)
	if err != nil {
		return fmt.Errorf("undo %s: %w", u, err)
	}
	spans, ids := spansOf(entries)
	if len(ids) == 0 {
		return nil
	}
	p := state.Plan{ID: c.planID(len(ids)), Source: c.Source, At: c.now, Mode: string(c.Mode), PolicyHash: c.Policy.Hash(),
		Status: state.PlanRunning, By: u.By, ByAt: c.now, Undoes: u.String()}
	c.report.Plan = p.ID
	for batch := range slices.Chunk(ids, sendBatch) {
		if err := c.undoBatch(&p, batch, spans, u); err != nil {
			return fmt.Errorf("undo %s: %w", u, err)
		}
	}
	p.Status = state.PlanDone
	return c.commit(state.Batch{Plan: &p})
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
	isUndo := map[string]bool{}
	for _, e := range entries {
		if _, known := isUndo[e.Plan]; known {
			continue
		}
		p, err := c.Store.Plan(e.Plan)
		if err != nil {
			return nil, fmt.Errorf("read plan %s: %w", e.Plan, err)
		}
		isUndo[e.Plan] = p.Undoes != ""
	}
	return slices.DeleteFunc(entries, func(e state.Entry) bool { return isUndo[e.Plan] }), nil
}

type spanKey struct {
	id    string
	field issue.Field
}

func spansOf(entries []state.Entry) (map[spanKey]span, []string) {
	slices.SortStableFunc(entries, func(a, b state.Entry) int { return a.At.Compare(b.At) })
	spans := map[spanKey]span{}
	var ids []string
	for _, e := range entries {
		k := spanKey{e.ID, e.Change.Field}
		s, seen := spans[k]
		if !seen {
			s.oldest = e
			ids = append(ids, e.ID)
		}
		s.newest = e
		s.all = append(s.all, e)
		spans[k] = s
	}
	slices.Sort(ids)
	return spans, slices.Compact(ids)
}

func (c *cycle) undoBatch(p *state.Plan, ids []string, spans map[spanKey]span, u Undo) error {
	if _, err := c.reread(ids, "read before undo"); err != nil {
		return err
	}
	records, err := c.Store.Records(c.Source, ids)
	if err != nil {
		return fmt.Errorf("read records: %w", err)
	}
	out := c.outbox()
	var taken []state.Entry
	out.effect = func(f *flight, e state.Entry) {
		c.undone(f.record, e, u.By)
		for _, old := range spans[spanKey{e.ID, e.Change.Field}].all {
			old.Status = state.EntryUndone
			taken = append(taken, old)
		}
	}
	for _, r := range records {
		if r == nil {
			continue
		}
		i := item{id: r.Issue.ID, key: r.Issue.Key, lane: r.Decision.Lane, applied: map[issue.Field]string{}}
		for _, f := range undoable(spans, r.Issue.ID) {
			s := spans[spanKey{r.Issue.ID, f}]
			ch, ok := restore(r, s, u)
			if !ok {
				c.report.Lines = append(c.report.Lines, Line{Ref: r.Issue.Ref(), ID: r.Issue.ID, Change: ch, Status: Refused})
				continue
			}
			i.changes = append(i.changes, ch)
			if s.oldest.HadApplied {
				i.applied[f] = s.oldest.Applied
			}
		}
		if len(i.changes) > 0 {
			out.add(p, i, clone(r))
		}
	}
	if err := out.carry(p); err != nil {
		return err
	}
	return c.commit(state.Batch{Entries: taken})
}

// undoable lists the fields of one issue in a fixed order. The comment goes
// alone, and only when nothing else is left: an issue gets one write at a time.
func undoable(spans map[spanKey]span, id string) []issue.Field {
	var fields []issue.Field
	for k := range spans {
		if k.id == id && k.field != issue.FieldComment {
			fields = append(fields, k.field)
		}
	}
	if _, ok := spans[spanKey{id, issue.FieldComment}]; ok && len(fields) == 0 {
		return []issue.Field{issue.FieldComment}
	}
	slices.Sort(fields)
	return fields
}

// restore is the change that puts a field back, if it still holds our value.
func restore(r *state.Record, s span, u Undo) (issue.Change, bool) {
	f := s.newest.Change.Field
	ch := issue.Change{Field: f, From: plan.Actual(&r.Issue, f), To: s.oldest.Change.From, Reason: "undo of " + u.String(),
		FromRaw: raw(r, f), ToRaw: s.oldest.Change.FromRaw}
	switch {
	case f == issue.FieldComment:
		ch.From, ch.To = r.Comment.Hash, ""
		return ch, r.Comment.ID != ""
	case !r.Issue.Open():
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
	t := c.termsOf(c.Policy.For(c.Source, r.Issue.Project))
	hold(r, state.Override{Field: f, Kind: state.Undone, Value: e.Change.To, Wanted: e.Change.From, By: issue.Person{Name: by},
		At: c.now, Until: t.until(c.now), Lane: r.Decision.Lane, Reason: e.Change.Reason})
	if f == issue.FieldComment {
		r.Comment.Hash = ""
		return
	}
	plan.Write(&r.Issue, e.Change)
	delete(r.Applied, f)
	if e.HadApplied {
		setApplied(r, f, e.Applied)
	}
}
