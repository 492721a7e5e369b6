package app

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/lanekeeper/lanekeeper/internal/answer"
	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/internal/reconcile"
	"github.com/lanekeeper/lanekeeper/internal/web"
	"github.com/lanekeeper/lanekeeper/state"
)

// PlanNow implements web.Planner: a cycle that reads and decides, and writes
// nothing to any tracker.
func (a *App) PlanNow(ctx context.Context, source string) (answer.Cycle, error) {
	if source != "" && a.current().source(source) == nil {
		return answer.Cycle{}, web.Errorf(web.NotFound, "source %q is not configured", source)
	}
	return a.cycleAll(ctx, source, reconcile.Task{List: true, DryRun: true}), nil
}

// Approve implements web.Operator. The approved plan is carried out by the
// next cycle, which looks at everything anew.
func (a *App) Approve(_ context.Context, r web.ApproveRequest) (answer.Plan, error) {
	if err := r.Validate(); err != nil {
		return answer.Plan{}, err
	}
	id, s, err := a.toApprove(r)
	if err != nil {
		return answer.Plan{}, err
	}
	p, err := s.cycler.Approve(reconcile.Approval{Plan: id, Lanes: r.Lanes, By: r.By})
	switch {
	case errors.Is(err, reconcile.ErrNotHeld):
		return answer.Plan{}, web.Errorf(web.Conflict, "%w", err)
	case errors.Is(err, reconcile.ErrNoSuchLane):
		return answer.Plan{}, web.Errorf(web.Invalid, "%w", err)
	case err != nil:
		return answer.Plan{}, err
	}
	a.opts.Log.Info("plan approved", "source", p.Source, "plan", id, "by", r.By, "lanes", p.Lanes)
	s.wake()
	return a.describe(p, nil), nil
}

// toApprove finds the plan that a request means, and its source.
func (a *App) toApprove(r web.ApproveRequest) (id string, s *source, err error) {
	if r.Plan != "" {
		p, err := a.plan(r.Plan)
		if err != nil {
			return "", nil, err
		}
		if s = a.current().source(p.Source); s == nil {
			return "", nil, web.Errorf(web.Conflict, "plan %s is of source %q, which is no longer configured", p.ID, p.Source)
		}
		return p.ID, s, nil
	}
	if s = a.current().source(r.Source); s == nil {
		return "", nil, web.Errorf(web.NotFound, "source %q is not configured", r.Source)
	}
	p, err := s.cycler.Waiting()
	switch {
	case err != nil:
		return "", nil, err
	case p == nil:
		return "", nil, web.Errorf(web.Conflict, "no plan of source %s waits for approval", r.Source)
	}
	return p.ID, s, nil
}

// Pause implements web.Operator.
func (a *App) Pause(_ context.Context, by, reason string) (answer.Pause, error) {
	p, err := a.store.Paused()
	if err != nil {
		return answer.Pause{}, fmt.Errorf("pause: %w", err)
	}
	if !p.On {
		p = state.Pause{On: true, By: by, Reason: reason, At: a.opts.Now().UTC()}
		act := state.Act{Verb: state.PausedWrites, By: issue.Person{Name: by}, Reason: reason}
		if err := a.store.Commit(state.Batch{Pause: &p, Acts: []state.Act{act}, Now: p.At}); err != nil {
			return answer.Pause{}, fmt.Errorf("pause: %w", err)
		}
		a.opts.Log.Warn("all writes are paused", "by", by, "reason", reason)
	}
	a.metrics.Paused(true)
	return pauseOf(p), nil
}

// Resume implements web.Operator.
func (a *App) Resume(_ context.Context, by string) (answer.Pause, error) {
	was, err := a.store.Paused()
	if err != nil {
		return answer.Pause{}, fmt.Errorf("resume: %w", err)
	}
	b := state.Batch{Pause: &state.Pause{}, Now: a.opts.Now().UTC()}
	if was.On { // ending no pause is no act
		b.Acts = []state.Act{{Verb: state.ResumedWrites, By: issue.Person{Name: by}}}
	}
	if err := a.store.Commit(b); err != nil {
		return answer.Pause{}, fmt.Errorf("resume: %w", err)
	}
	a.opts.Log.Warn("writes go on", "by", by)
	a.metrics.Paused(false)
	a.replan()
	return answer.Pause{}, nil
}

func pauseOf(p state.Pause) answer.Pause {
	return answer.Pause{Paused: p.On, At: p.At, By: p.By, Reason: p.Reason}
}

// replan has every source look at its outstanding changes again. It does not
// wait for running cycles.
func (a *App) replan() {
	for _, s := range a.current().sources {
		s.cycler.Replan()
		s.wake()
	}
}

// Undo implements web.Operator.
func (a *App) Undo(ctx context.Context, u web.UndoRequest) (answer.Undo, error) {
	if err := u.Validate(); err != nil {
		return answer.Undo{}, err
	}
	scope, sources, err := a.undoScope(u)
	if err != nil {
		return answer.Undo{}, err
	}
	out := answer.Undo{Plans: []string{}, Changes: []answer.Change{}}
	e := a.current()
	var failed error
	for _, s := range sources {
		r := s.cycler.Undo(ctx, scope)
		if r.Behind {
			s.wake()
		}
		a.publish(e, s, r)
		if r.Plan != "" {
			out.Plans = append(out.Plans, r.Plan)
			a.opts.Log.Warn("changes undone", "source", s.Name, "what", scope.String(), "plan", r.Plan, "changed", r.Changed, "by", u.By)
		}
		for _, l := range r.Lines {
			status := answer.Status(l.Status)
			if l.Status == reconcile.Refused {
				status = answer.Superseded
			}
			out.Changes = append(out.Changes, answer.NewChange(l.Ref.Source, l.ID, l.Ref.Key, l.Change, status))
		}
		if r.Err != nil { // the other sources are undone all the same
			failed = errors.Join(failed, fmt.Errorf("source %s: %w", s.Name, r.Err))
		}
	}
	answer.SortChanges(out.Changes)
	return out, failed
}

// undoScope says what to undo, and in which sources.
func (a *App) undoScope(u web.UndoRequest) (reconcile.Undo, []*source, error) {
	scope := reconcile.Undo{Plan: u.Plan, Since: u.Since, By: u.By}
	e := a.current()
	only := ""
	switch {
	case u.Plan != "":
		p, err := a.plan(u.Plan)
		if err != nil {
			return scope, nil, err
		}
		only = p.Source
	case u.Ref != "":
		r, err := a.find(issue.ParseRef(u.Ref))
		if err != nil {
			return scope, nil, err
		}
		only, scope.ID, scope.Key = r.Issue.Source, r.Issue.ID, r.Issue.Key
	case u.Since.After(a.opts.Now()):
		return scope, nil, web.Errorf(web.Invalid, "since %s is in the future", u.Since.Format(time.RFC3339))
	default:
		return scope, e.sources, nil
	}
	s := e.source(only)
	if s == nil {
		return scope, nil, web.Errorf(web.Conflict, "source %q is no longer configured, so nothing of it can be undone", only)
	}
	return scope, []*source{s}, nil
}

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
