package reconcile

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/internal/plan"
	"github.com/lanekeeper/lanekeeper/state"
)

const (
	// sendBatch is how many issues are confirmed, committed and sent together:
	// the most that one bulk request takes.
	sendBatch = 1000
	// smallBatch is the same for issues that differ, which are sent one by one.
	smallBatch = 50
	// settleBatch is how many outcomes are recorded in one transaction. Outcomes
	// that a crash loses are looked up again from the outbox.
	settleBatch = 200
	// grace is how long a started write may go on after a stop.
	grace = 20 * time.Second
)

// item is one issue with something to write. What is sent is computed anew from
// the tracker's answer, so that a long plan keeps the changes of its first items
// only.
type item struct {
	id, key, lane string
	changes       []issue.Change
	applied       map[issue.Field]string
	size, clears  int  // of changes
	moved         bool // lanekeeper wrote one of these fields before
	signature     string
}

// write plans all outstanding changes, lets the guard judge the whole, and
// sends what the mode allows.
func (c *cycle) write() error {
	if !c.task.List && (c.planned || c.Mode == Observe) {
		return nil
	}
	items, err := c.outstanding()
	if err != nil {
		return err
	}
	c.waits = false
	defer c.sortLines()
	if len(items) == 0 || c.task.DryRun {
		c.lines(items, Planned)
		c.planned = len(items) == 0
		return nil
	}
	paused, err := c.Store.Paused()
	if err != nil {
		return fmt.Errorf("read pause: %w", err)
	}
	if paused.On {
		c.lines(items, Paused)
		c.planned = true // Replan is called when the pause ends
		return nil
	}
	ok, err := c.admit(items)
	if err != nil {
		return err
	}
	if !ok {
		c.lines(items, Held)
		c.planned, c.waits = true, true // and when the plan is approved
		return nil
	}
	if err := c.send(items); err != nil && !errors.Is(err, ErrPaused) {
		return err // what a pause stopped is no failure and goes on with its end
	}
	c.planned = true
	return nil
}

// spelled is of how many items a plan keeps the changes: those of a held one, and
// those that the report lists.
func (c *cycle) spelled() int {
	if c.task.List && c.task.Most == 0 {
		return math.MaxInt
	}
	return max(heldShown, c.task.Most)
}

// outstanding lists what is to be written now, and reports what is not.
func (c *cycle) outstanding() ([]item, error) {
	var items []item
	signatures := map[string]string{} // alike ones share their text
	for after := ""; ; {
		records, err := c.Store.Work(c.Source, after, revisitBatch)
		if err != nil {
			return nil, fmt.Errorf("list outstanding changes: %w", err)
		}
		for _, r := range records {
			after = r.Issue.ID
			i, status := c.item(r)
			switch {
			case len(i.changes) == 0:
			case status != Planned:
				c.lines([]item{i}, status)
			default:
				if len(items) >= c.spelled() {
					i.changes, i.applied = nil, nil
				}
				if s, ok := signatures[i.signature]; ok {
					i.signature = s
				} else {
					signatures[i.signature] = i.signature
				}
				items = append(items, i)
			}
		}
		if len(records) < revisitBatch || c.Mode == Observe && c.report.More {
			return items, nil
		}
	}
}

// item is what the mode lets us write to an issue now. A status other than
// Planned says why it is not to be written.
func (c *cycle) item(r *state.Record) (item, string) {
	i := item{id: r.Issue.ID, key: r.Issue.Key, lane: r.Decision.Lane, applied: r.Applied, changes: c.changes(r)}
	for _, ch := range i.changes {
		_, wrote := r.Applied[ch.Field]
		i.moved = i.moved || wrote
	}
	if len(i.changes) == 0 {
		return i, Planned
	}
	status := Planned
	switch c.Mode.narrow(r.Decision.Mode) {
	case Observe:
		status = Observed
	case Suggest:
		proposal := propose(r, i.changes)
		if r.Comment.Hash == proposal.hash || c.quiet(r) {
			status = Suggested
		} else {
			i.changes = []issue.Change{{Field: issue.FieldComment, From: r.Comment.Hash, To: proposal.hash, Reason: "proposal for " + proposal.summary}}
		}
	}
	if r.Parked != nil && c.now.Before(r.Parked.Until) && status == Planned {
		status = Parked
	}
	i.signature, i.size = signature(i.changes, r.Issue.Project), len(i.changes)
	for _, ch := range i.changes {
		if ch.Op() == issue.Clear {
			i.clears++
		}
	}
	return i, status
}

// quiet tells that a person undid our comment and wants no other for now.
func (c *cycle) quiet(r *state.Record) bool {
	return slices.ContainsFunc(r.Overrides, func(o state.Override) bool {
		return o.Field == issue.FieldComment && (o.Until.IsZero() || c.now.Before(o.Until))
	})
}

// changes lists the writable changes of a record, with their reasons.
func (c *cycle) changes(r *state.Record) []issue.Change {
	t := c.termsOf(c.Policy.For(c.Source, r.Issue.Project))
	var out []issue.Change
	for _, v := range c.diff(t, r) {
		if (v.Outcome == plan.Changed || v.Outcome == plan.Released) && writable(r, v.Field) == 1 {
			ch := v.Change()
			ch.Reason = t.reason(r, v.Field)
			ch.FromRaw = raw(r, v.Field)
			out = append(out, ch)
		}
	}
	return out
}

// raw is the tracker's own id behind the value that a field holds.
func raw(r *state.Record, f issue.Field) string {
	if f == issue.FieldPriority {
		return r.Issue.RawPriority.ID
	}
	return ""
}

// signature is alike for edits that one batch can carry.
func signature(changes []issue.Change, project string) string {
	var b strings.Builder
	b.WriteString(project)
	for _, c := range changes {
		from := c.From
		if !c.Field.IsLabel() {
			from = "" // only labels are taken away by name
		}
		b.WriteString("\x00" + string(c.Field) + "\x00" + from + "\x00" + c.To)
	}
	return b.String()
}

// send carries the items out as one plan, in batches of alike edits.
func (c *cycle) send(items []item) error {
	slices.SortStableFunc(items, func(a, b item) int {
		return cmp.Or(cmp.Compare(a.signature, b.signature), cmp.Compare(a.id, b.id))
	})
	t, err := c.Store.Totals(c.Source)
	if err != nil {
		return fmt.Errorf("count issues: %w", err)
	}
	p := state.Plan{ID: c.planID(len(items)), Source: c.Source, At: c.now, Mode: string(c.Mode), PolicyHash: c.Policy.Hash(), Open: t.Open, Status: state.PlanRunning}
	c.report.Plan = p.ID
	var failed error
	for batch := range batches(items) {
		ids := make([]string, len(batch))
		for n, i := range batch {
			ids[n] = i.id
		}
		if failed = c.sendBatch(&p, ids); failed != nil {
			break
		}
	}
	if p.Changes == 0 {
		c.report.Plan = ""
		return failed // everything was settled before it was sent: no plan to keep
	}
	p.Status = state.PlanDone
	if err := c.commit(state.Batch{Plan: &p}); err != nil && failed == nil {
		failed = err
	}
	return failed
}

// batches cuts sorted items into what is confirmed and sent together. Alike ones
// go in large batches, which the tracker takes as few requests; the others in
// small ones, so that little time passes between reading an issue and writing
// to it.
func batches(items []item) iter.Seq[[]item] {
	return func(yield func([]item) bool) {
		for len(items) > 0 {
			alike := 1
			for alike < min(len(items), sendBatch) && items[alike].signature == items[0].signature {
				alike++
			}
			n := alike
			if alike < smallBatch {
				n = min(smallBatch, len(items))
			}
			if !yield(items[:n]) {
				return
			}
			items = items[n:]
		}
	}
}

// sendBatch confirms the issues with the tracker, commits what is still wanted
// to the outbox, sends it and records the outcomes.
func (c *cycle) sendBatch(p *state.Plan, ids []string) error {
	if _, err := c.reread(ids, "read before writing"); err != nil {
		return err
	}
	records, err := c.Store.Records(c.Source, ids)
	if err != nil {
		return fmt.Errorf("read records: %w", err)
	}
	out := c.outbox()
	for _, r := range records {
		if r == nil || r.Outstanding == 0 {
			continue
		}
		if i, status := c.item(r); status == Planned && len(i.changes) > 0 {
			out.add(p, i, clone(r))
		}
	}
	return out.carry(p)
}

// outbox is a batch of edits between its commit and its outcomes.
type outbox struct {
	*cycle
	edits   []issue.Edit
	flights map[string]*flight
	updates []state.Update // comment markers, stored before they are sent
	results []issue.Result
	also    []state.Entry              // older entries that the outcomes change
	effect  func(*flight, state.Entry) // what a written change does to its record
}

// flight is one issue of an outbox.
type flight struct {
	record  *state.Record
	entries []state.Entry
}

func (c *cycle) outbox() *outbox {
	return &outbox{cycle: c, flights: map[string]*flight{}, effect: func(f *flight, e state.Entry) { written(f.record, e.Change) }}
}

// written notes on a record that a change reached the tracker.
func written(r *state.Record, ch issue.Change) {
	if ch.Field == issue.FieldComment {
		r.Comment.Hash = ch.To
		return
	}
	setApplied(r, ch.Field, ch.To)
	plan.Write(&r.Issue, ch)
}

func (o *outbox) add(p *state.Plan, i item, r *state.Record) {
	f := &flight{record: r}
	for _, ch := range i.changes {
		f.entries = append(f.entries, o.entry(p.ID, p.Changes, i, ch, state.EntryPending))
		p.Changes++
	}
	p.Issues++
	e := issue.Edit{ID: i.id, Key: i.key, Project: r.Issue.Project, Kind: r.Issue.RawKind, Changes: i.changes}
	if i.changes[0].Field == issue.FieldComment {
		if r.Comment.Marker == "" {
			r.Comment.Marker = uuid.NewString()
			o.updates = append(o.updates, state.Update{Record: clone(r)})
		}
		body := propose(r, o.changes(r)).body
		if i.changes[0].To == "" {
			body = withdrawn
		}
		e.Comment = &issue.CommentEdit{ID: r.Comment.ID, Marker: r.Comment.Marker, Body: body}
	}
	o.edits = append(o.edits, e)
	o.flights[i.id] = f
}

// carry commits the outbox, sends it and settles every outcome. A write that
// has begun may go on for a while after a stop, and is recorded.
func (o *outbox) carry(p *state.Plan) error {
	if len(o.edits) == 0 {
		return nil
	}
	b := state.Batch{Plan: p, Updates: o.updates}
	for _, e := range o.edits {
		b.Entries = append(b.Entries, o.flights[e.ID].entries...)
	}
	if err := o.commit(b); err != nil {
		return fmt.Errorf("commit the outbox: %w", err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(o.ctx))
	defer cancel()
	stop := context.AfterFunc(o.ctx, func() { time.AfterFunc(grace, cancel) })
	defer stop()
	var failed error
	err := o.gate.Apply(ctx, o.edits, func(r issue.Result) {
		o.results = append(o.results, r)
		if len(o.results) >= settleBatch && failed == nil {
			failed = o.settle()
		}
	})
	if serr := o.settle(); failed == nil {
		failed = serr
	}
	if err != nil {
		return err
	}
	return failed
}

// settle records the outcomes that have come in.
func (o *outbox) settle() error {
	var b state.Batch
	for _, r := range o.results {
		f := o.flights[r.ID]
		if f == nil {
			continue
		}
		o.land(f, r)
		b.Entries = append(b.Entries, f.entries...)
		b.Updates = append(b.Updates, state.Update{Record: f.record})
	}
	b.Entries = append(b.Entries, o.also...)
	o.results, o.also = o.results[:0], nil
	if len(b.Updates) == 0 && len(b.Entries) == 0 {
		return nil
	}
	if err := o.commit(b); err != nil {
		return fmt.Errorf("record outcomes: %w", err)
	}
	return nil
}

// land applies one outcome to its record and entries.
func (o *outbox) land(f *flight, res issue.Result) {
	r := f.record
	failed := res.Err != nil && len(res.Refused) == 0
	for n := range f.entries {
		e := &f.entries[n]
		status := o.outcome(f, e, res, failed)
		o.report.Lines = append(o.report.Lines, Line{Ref: r.Issue.Ref(), ID: r.Issue.ID, Change: e.Change, Status: status})
		if o.Observer != nil {
			o.Observer.Change(o.Source, e.Change.Field, status)
		}
	}
	switch {
	case failed:
		o.park(r, res.Err)
	default:
		r.Parked = nil
		if len(res.Refused) < len(f.entries) {
			o.report.Changed++
		}
		if res.Updated.After(r.Issue.Updated) {
			r.Issue.Updated = res.Updated.UTC()
		}
		if res.CommentID != "" {
			r.Comment.ID = res.CommentID
		}
	}
	r.Outstanding = 0
	if r.Issue.Open() && r.Absent == 0 {
		r.Outstanding = len(o.changes(r))
	}
	r.Due = o.due(r)
}

// outcome settles one entry and names its status.
func (o *outbox) outcome(f *flight, e *state.Entry, res issue.Result, failed bool) string {
	switch {
	case failed && unsure(res.Err):
		return FailedNow // the entry stays pending: the write may have happened
	case failed:
		e.Status, e.Error, e.Done = state.EntryFailed, res.Err.Error(), o.now
		return FailedNow
	case slices.Contains(res.Refused, e.Change.Field):
		e.Status, e.Error, e.Done = state.EntryFailed, "the tracker does not let us write this field on this issue", o.now
		if res.Err != nil {
			e.Error = res.Err.Error()
		}
		if writable(f.record, e.Change.Field) == 1 {
			f.record.Gaps = append(f.record.Gaps, e.Change.Field)
			o.Log.Warn("field refused; it is tried again after the next sweep", "source", o.Source, "issue", f.record.Issue.Key, "field", e.Change.Field, "err", e.Error)
		}
		return Refused
	}
	e.Status, e.Done = state.EntryApplied, o.now
	o.effect(f, *e)
	return Applied
}

// lines reports items that were not sent.
func (c *cycle) lines(items []item, status string) {
	if !c.task.List && status != FailedNow {
		return
	}
	for _, i := range items {
		if c.task.Most > 0 && len(c.report.Lines) >= c.task.Most || len(i.changes) < i.size {
			c.report.More = true
			return
		}
		for _, ch := range i.changes {
			c.report.Lines = append(c.report.Lines, Line{Ref: issue.Ref{Source: c.Source, Key: i.key}, ID: i.id, Change: ch, Status: status})
		}
	}
}

// sortLines puts the report in an order that does not depend on the tracker's
// answers.
func (c *cycle) sortLines() {
	slices.SortStableFunc(c.report.Lines, func(a, b Line) int {
		return cmp.Or(cmp.Compare(len(a.ID), len(b.ID)), cmp.Compare(a.ID, b.ID))
	})
}

// reason says in one sentence why policy wants a value.
func (t terms) reason(r *state.Record, f issue.Field) string {
	d := &r.Decision
	switch f {
	case issue.FieldLane:
		if why := t.lanes[d.Lane].Why; why != "" {
			return why
		}
		return "rule of lane " + d.Lane
	case issue.FieldHorizon:
		return "lane " + d.Lane + " plans for " + d.Horizon
	case issue.FieldPriority:
		if d.Priority != d.Band {
			return fmt.Sprintf("lane %s bounds the band %s of score %.0f", d.Lane, d.Band, d.Score)
		}
		return fmt.Sprintf("score %.0f is in the band %s", d.Score, d.Band)
	case issue.FieldAssignee:
		return "lane " + d.Lane + " is assigned to " + d.Owner
	}
	if slices.Contains(slices.Collect(maps.Keys(d.Marks)), string(f)) {
		return fmt.Sprintf("score %.0f", d.Score)
	}
	return "policy no longer gives this label"
}
