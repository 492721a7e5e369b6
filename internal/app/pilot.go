package app

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/lanekeeper/lanekeeper/internal/answer"
	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/internal/pilot"
	"github.com/lanekeeper/lanekeeper/internal/web"
	"github.com/lanekeeper/lanekeeper/state"
)

// baselinePeriod is how long before a pilot its baseline begins where nothing is
// said.
const baselinePeriod = 30 * 24 * time.Hour

// Pilot implements web.Log.
func (a *App) Pilot(_ context.Context, f web.PilotFilter) (answer.Pilot, error) {
	if err := f.Limits.Check(); err != nil {
		return answer.Pilot{}, web.Errorf(web.Invalid, "%w", err)
	}
	e := a.current()
	if e.source(f.Source) == nil {
		return answer.Pilot{}, web.Errorf(web.NotFound, "source %q is not configured", f.Source)
	}
	g := &pilotData{app: a, filter: f, undos: map[string]bool{}}
	g.in = pilot.Input{Source: f.Source, Project: f.Project, Now: a.opts.Now().UTC(), Limits: f.Limits}
	for _, l := range e.cfg.Set.For(f.Source, f.Project).Lanes() {
		g.in.Lanes = append(g.in.Lanes, l.Name)
	}
	if err := g.read(); err != nil {
		return answer.Pilot{}, err
	}
	if f.Project != "" && len(g.in.Issues) == 0 {
		return answer.Pilot{}, web.Errorf(web.NotFound, "no issue of %s is in project %s", f.Source, f.Project)
	}
	if g.in.Since = f.Since.UTC(); f.Since.IsZero() {
		g.in.Since = g.first
	}
	switch {
	case g.in.Since.IsZero():
		return answer.Pilot{}, web.Errorf(web.Conflict, "nothing was written yet: a pilot begins with the first write of suggest or enforce mode; or say since when with --since")
	case !g.in.Since.Before(g.in.Now):
		return answer.Pilot{}, web.Errorf(web.Invalid, "since %s is not in the past", f.Since.Format(time.RFC3339))
	}
	g.in.Baseline = g.in.Since.Add(-cmp.Or(f.Baseline, baselinePeriod))
	return answer.Pilot{Report: pilot.Make(g.in)}, nil
}

// pilotData is what the report of a pilot is made of, while it is read.
type pilotData struct {
	app    *App
	filter web.PilotFilter
	in     pilot.Input
	known  map[string]bool // issues of the project
	first  time.Time       // of the writes
	undos  map[string]bool // whether a plan is one
}

func (g *pilotData) read() error {
	source, store := g.filter.Source, g.app.store
	g.known = map[string]bool{}
	if err := store.Each(source, func(r *state.Record) bool { g.record(r); return true }); err != nil {
		return fmt.Errorf("list issues of %s: %w", source, err)
	}
	until := g.in.Now.Add(time.Hour) // clocks of two runs may differ
	err := store.LogBetween(time.Time{}, until, source, func(l state.Logged) bool {
		if g.known[l.ID] && l.Decision.Undecided == "" {
			g.in.Decisions = append(g.in.Decisions, pilot.Decision{At: l.Decision.At, Issue: l.ID, Lane: l.Decision.Lane})
		}
		return true
	})
	if err != nil {
		return fmt.Errorf("read decisions: %w", err)
	}
	if err := store.Acts(time.Time{}, until, source, func(x state.Act) bool { g.act(&x); return true }); err != nil {
		return fmt.Errorf("read acts: %w", err)
	}
	entries, err := store.EntriesSince(source, time.Time{})
	if err != nil {
		return fmt.Errorf("list changes of %s: %w", source, err)
	}
	for n := range entries {
		if err := g.entry(&entries[n]); err != nil {
			return err
		}
	}
	return nil
}

func (g *pilotData) record(r *state.Record) {
	i := &r.Issue
	if g.filter.Project != "" && !strings.EqualFold(g.filter.Project, i.Project) {
		return
	}
	g.known[i.ID] = true
	g.in.Issues = append(g.in.Issues, pilot.Issue{ID: i.ID, Open: i.Open(), Lane: r.Decision.Lane, Created: i.Created, Started: i.Started, Closed: i.Resolved, Priority: i.Priority})
	if r.Clock == nil {
		return
	}
	for _, x := range r.Clock.Results {
		g.in.Clocks = append(g.in.Clocks, pilot.Clock{At: x.At(), Met: x.Breached.IsZero()})
	}
}

// pilotKinds are what counts of what people do.
var pilotKinds = map[state.Verb]pilot.Kind{
	state.Overrode: pilot.Overrode, state.UndidChange: pilot.Undid, state.Accepted: pilot.Accepted, state.Declined: pilot.Rejected, state.Contests: pilot.Contested,
}

func (g *pilotData) act(a *state.Act) {
	if k, counts := pilotKinds[a.Verb]; counts && g.known[a.ID] && a.Field != issue.FieldComment {
		g.in.Acts = append(g.in.Acts, pilot.Act{At: a.At, Issue: a.ID, Kind: k, Field: a.Field, From: a.From})
	}
}

// entry notes a change that reached the tracker. A comment begins a pilot and is
// no change of a field; what an undo wrote counts with the undone.
func (g *pilotData) entry(e *state.Entry) error {
	if !g.known[e.ID] || !slices.Contains([]state.EntryStatus{state.EntryApplied, state.EntryUndone}, e.Status) {
		return nil
	}
	if g.first.IsZero() || e.At.Before(g.first) {
		g.first = e.At.UTC()
	}
	if e.Change.Field == issue.FieldComment {
		return nil
	}
	undo, known := g.undos[e.Plan]
	if !known {
		p, err := g.app.store.Plan(e.Plan)
		if err != nil {
			return fmt.Errorf("read plan %s: %w", e.Plan, err)
		}
		undo = p.Undoes != ""
		g.undos[e.Plan] = undo
	}
	if !undo {
		g.in.Changes = append(g.in.Changes, pilot.Change{At: e.At, Issue: e.ID, Field: e.Change.Field, From: e.Change.From})
	}
	return nil
}
