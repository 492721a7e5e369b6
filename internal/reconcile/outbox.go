package reconcile

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/internal/plan"
	"github.com/lanekeeper/lanekeeper/state"
)

const (
	// settleBatch is how many outcomes are recorded in one transaction. Outcomes
	// that a crash loses are looked up again from the outbox.
	settleBatch = 200
	// grace is how long a started write may go on after a stop.
	grace = 20 * time.Second
)

// outbox is a batch of edits between its commit and its outcomes.
type outbox struct {
	*cycle
	edits   []issue.Edit
	flights map[string]*flight
	updates []state.Update // comment markers, stored before they are sent
	results []issue.Result
	also    []state.Entry              // older entries that the outcomes change
	greeted []state.Introduction       // whom the comments that arrived introduced
	acts    []state.Act                // what a person did through them
	effect  func(*flight, state.Entry) // what a written change does to its record
}

// flight is one issue of an outbox.
type flight struct {
	record  *state.Record
	entries []state.Entry
	greets  *state.Introduction // that the comment makes
	note    *note               // that the comment is of; nil for none
}

// applied lists the changes that reached the tracker.
func (f *flight) applied() []issue.Change {
	var out []issue.Change
	for _, e := range f.entries {
		if e.Status == state.EntryApplied {
			out = append(out, e.Change)
		}
	}
	return out
}

func (c *cycle) outbox() *outbox {
	return &outbox{cycle: c, flights: map[string]*flight{}, effect: func(f *flight, e state.Entry) { written(f.record, e.Change, c.Now().UTC()) }}
}

// written notes on a record that a change reached the tracker, at the latest at a
// moment.
func written(r *state.Record, ch issue.Change, at time.Time) {
	if ch.Field == issue.FieldComment {
		said(r, ch.To, at)
		return
	}
	plan.Write(&r.Issue, ch)
	if at := slices.IndexFunc(r.Overrides, func(o state.Override) bool { return o.Field == ch.Field && o.Displaced && o.Value == ch.To }); at >= 0 {
		r.Overrides[at].Displaced = false // a person's value came back; ours it is not
		return
	}
	setApplied(r, ch.Field, ch.To)
	if ch.Field == issue.FieldPostMortem && ch.To != "" && r.PostMortem != nil {
		r.PostMortem.Asked, r.PostMortem.Done, r.PostMortem.By = true, time.Time{}, issue.Person{}
	}
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
		body := o.write(f, i)
		e.Comment = &issue.CommentEdit{ID: r.Comment.ID, Marker: r.Comment.Marker, Body: body}
	}
	o.edits = append(o.edits, e)
	o.flights[i.id] = f
}

// write is the text of a comment. Whom it introduces is noted when it arrives.
func (o *outbox) write(f *flight, i item) (body string) {
	switch {
	case i.changes[0].To == "":
		return withdrawn
	case i.says != "":
		return i.says
	case i.introduces:
		body, f.greets = introduction(f.record, i.told), o.stranger(f.record)
	default:
		n := o.noteOf(f.record)
		f.note = &n
		body, f.greets = o.body(f.record, n)
	}
	if f.greets != nil {
		o.cycle.greeted[*f.greets] = true
	}
	return body
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
	b.Introduced, b.Acts = o.greeted, o.acts
	o.results, o.also, o.greeted, o.acts = o.results[:0], nil, nil, nil
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
	o.unlook()
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
		if len(res.Refused) < len(f.entries) && res.CommentTaken == "" {
			o.report.Changed++
		}
		o.landed(r, f.entries, res.Updated)
		if res.CommentID != "" && res.CommentTaken == "" {
			r.Comment.ID = res.CommentID
		}
	}
	r.Outstanding = 0
	o.unlook()
	if !r.Issue.Gone && r.Absent == 0 {
		r.Outstanding = len(o.changes(r)) + o.noteDue(r)
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
	case e.Change.Field == issue.FieldComment && res.CommentTaken != "":
		e.Status, e.Error, e.Done = state.EntryFailed, "our comment was left alone: "+res.CommentTaken, o.now
		o.acts = append(o.acts, o.commentTaken(f.record, res.CommentTaken))
		return Refused
	}
	e.Status, e.Done = state.EntryApplied, o.now
	if f.greets != nil && f.greets.Person != "" && e.Change.Field == issue.FieldComment {
		o.greeted = append(o.greeted, *f.greets)
	}
	o.effect(f, *e)
	if e.Change.Field == issue.FieldComment && f.note != nil {
		f.note.told(f.record)
	}
	return Applied
}
