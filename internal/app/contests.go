package app

import (
	"cmp"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/lanekeeper/lanekeeper/internal/alert"
	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/state"
)

// takenBackFor is how long a move lasts as an event that was taken back at once,
// so that somebody hears of it.
const takenBackFor = time.Hour

// contests are the moves by people who may not decide: those that wait for an
// approver, and those that were taken back a moment ago. They are read from the
// state when they are first asked for, and then kept in step with what is stored.
type contests struct {
	mu      sync.Mutex
	engine  *engine                       // that they were read for
	sources map[string]map[string]contest // by source and id of the issue
}

type contest struct {
	events []alert.Event
	until  time.Time // zero: as long as the record says so
}

// contested takes in a record that was stored.
func (a *App) contested(e *engine, s *source, r *state.Record) {
	a.contests.mu.Lock()
	defer a.contests.mu.Unlock()
	if known := a.contests.sources[s.Name]; a.contests.engine == e && known != nil {
		a.contests.take(e, r, known)
	}
}

func (c *contests) take(e *engine, r *state.Record, known map[string]contest) {
	if x := contestOf(e, r); len(x.events) > 0 {
		known[r.Issue.ID] = x
	} else {
		delete(known, r.Issue.ID)
	}
}

// contestEvents are the contested moves of a source. The error says that they
// could not be read.
func (a *App) contestEvents(e *engine, s *source) (out []alert.Event, err error) {
	c := &a.contests
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.engine != e {
		c.engine, c.sources = e, map[string]map[string]contest{}
	}
	known := c.sources[s.Name]
	if known == nil {
		known = map[string]contest{}
		if e.approvers() {
			err = a.store.Each(s.Name, func(r *state.Record) bool { c.take(e, r, known); return true })
		}
		if err != nil {
			return nil, fmt.Errorf("read contested moves: %w", err)
		}
		c.sources[s.Name] = known
	}
	now := a.opts.Now()
	for id, x := range known {
		if !x.until.IsZero() && !x.until.After(now) {
			delete(known, id)
			continue
		}
		out = append(out, x.events...)
	}
	return out, nil
}

// approvers tells whether any lane has some.
func (e *engine) approvers() bool {
	for _, p := range e.cfg.Set.Policies() {
		for _, l := range p.Lanes() {
			if len(l.Approvers) > 0 {
				return true
			}
		}
	}
	return false
}

// contestOf are the events of an issue: one for each lane whose approvers have
// not agreed. Nothing is said before it is known who moved it.
func contestOf(e *engine, r *state.Record) (out contest) {
	if !r.Issue.Open() {
		return out
	}
	for _, o := range r.Overrides {
		if o.Field != issue.FieldLane || len(o.Contested) == 0 || !o.Ask.IsZero() {
			continue
		}
		for _, lane := range o.Contested {
			ev := contestEvent(e, r, lane, o.At)
			ev.State = lane
			ev.Summary = fmt.Sprintf("%s moved it from %s to %s and is no approver of %s; %s may decide: lanekeeper approve %s --as ACCOUNT, or --reject",
				mover(o.By), laneText(o.From), laneText(o.Value), lane, strings.Join(e.approversOf(r)([]string{lane}), ", "), r.Issue.Ref())
			out.events = append(out.events, ev)
		}
		return out
	}
	if n := len(r.Restores); n > 0 {
		b := r.Restores[n-1]
		out.until = b.At.Add(takenBackFor)
		for _, lane := range b.Lanes {
			ev := contestEvent(e, r, lane, b.At)
			ev.State = lane + " taken back"
			ev.Summary = fmt.Sprintf("%s moved it to %s and is no approver of %s: the move is taken back", mover(b.By), laneText(b.Value), lane)
			out.events = append(out.events, ev)
		}
	}
	return out
}

func contestEvent(e *engine, r *state.Record, lane string, at time.Time) alert.Event {
	i := &r.Issue
	return alert.Event{
		Kind: alert.Contested, Source: i.Source, Lane: lane, Project: i.Project, StartsAt: at, ExplainURL: e.issuePage(i.Source, i.Key),
		Issue: alert.Issue{ID: i.ID, Key: i.Key, URL: i.URL, Title: i.Title},
	}
}

func mover(p issue.Person) string { return cmp.Or(p.Name, p.Email, p.ID, "somebody") }

func laneText(value string) string {
	if value == "" {
		return "no lane"
	}
	return strings.Join(issue.FieldLane.Values(value), " ")
}
