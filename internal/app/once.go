package app

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/lanekeeper/lanekeeper/connectors"
	"github.com/lanekeeper/lanekeeper/internal/answer"
	"github.com/lanekeeper/lanekeeper/internal/reconcile"
	"github.com/lanekeeper/lanekeeper/state"
)

// leastCertain is how many of the least certain issues a plan names.
const leastCertain = 10

// Once runs one full cycle of every source, side by side, and tells what it
// changed; a dry run tells what it would change and writes nothing. A source
// that fails does not stop the others.
func (a *App) Once(ctx context.Context, dryRun bool) answer.Cycle {
	return a.cycleAll(ctx, "", reconcile.Task{List: true, DryRun: dryRun})
}

// mostListed is how many changes OnceBounded holds in memory.
const mostListed = 2000

// OnceBounded is Once for any number of changes: where there are too many, the
// answer holds the first and visits the others in the state, so that it must be
// written before Close.
func (a *App) OnceBounded(ctx context.Context) answer.Cycle {
	return a.cycleAll(ctx, "", reconcile.Task{List: true, Most: mostListed})
}

func (a *App) cycleAll(ctx context.Context, name string, t reconcile.Task) answer.Cycle {
	e := a.current()
	a.refreshSignals(ctx, e)
	a.refreshRotas(ctx, e)
	a.buildClocks(e)
	var chosen []*source
	for _, s := range e.sources {
		if name == "" || s.Name == name {
			chosen = append(chosen, s)
		}
	}
	reports := make([]reconcile.Report, len(chosen))
	var wg sync.WaitGroup
	for n, s := range chosen {
		wg.Go(func() {
			reports[n] = a.runCycle(ctx, e, s, t)
		})
	}
	wg.Wait()
	if !t.DryRun {
		a.alerts.Flush(ctx)
	}
	return a.cycleAnswer(e, reports, t.DryRun)
}

// runCycle runs one cycle and publishes its outcome.
func (a *App) runCycle(ctx context.Context, e *engine, s *source, t reconcile.Task) reconcile.Report {
	if t.List { // a dry run too: it shows what the next cycle does
		t.Sweep = a.sweepDue(e, s)
	}
	r := s.cycler.Run(ctx, t)
	a.publish(e, s, r)
	if !t.DryRun {
		a.watch(e, s)
		a.watchClocks(e, s)
	}
	return r
}

// sweepDue tells whether a scheduled sweep was missed.
func (a *App) sweepDue(e *engine, s *source) bool {
	st, err := a.store.Source(s.Name)
	if err != nil || st.LastSuccess.IsZero() {
		return false // the first pull reads everything anyway
	}
	last := st.LastSweep
	if last.IsZero() {
		last = st.LastSuccess
	}
	return !e.cfg.Schedule.Sweep.Next(last.In(e.cfg.Schedule.Timezone.Location)).After(a.opts.Now())
}

// publish brings the metrics up to date after a cycle.
func (a *App) publish(e *engine, s *source, r reconcile.Report) {
	s.note(r.Err, a.opts.Now())
	st, err := a.stateOf(s)
	if err != nil {
		a.metrics.CycleDone(s.Name, time.Time{}, st.Failures)
		a.opts.Log.Error("metrics not updated", "source", s.Name, "err", err)
		return
	}
	a.metrics.CycleDone(s.Name, st.LastSuccess, st.Failures)
	if r.Swept {
		a.dropOld()
	}
	a.measure(e, s)
}

// dropOld drops what is older than its retention. It reads the whole state, so
// it follows the sweeps, which do so anyway.
func (a *App) dropOld() {
	if n, err := a.store.PruneAlerts(a.opts.Now(), a.current().cfg.State.Retention.Alerts); err != nil {
		a.opts.Log.Error("alerts older than their retention were not dropped", "err", err)
	} else if n > 0 {
		a.opts.Log.Debug("dropped alerts older than their retention", "alerts", n)
	}
	keep := a.current().cfg.State.Retention.Decisions
	if keep <= 0 {
		return
	}
	n, err := a.store.Prune(a.opts.Now(), keep)
	if err != nil {
		a.opts.Log.Error("what is older than its retention was not dropped", "err", err)
	} else if n > 0 {
		a.opts.Log.Debug("dropped what is older than its retention", "entries", n)
	}
}

// stateOf is the stored state of a source. Failures that the state could not
// take, on a full disk, are added from memory: they are told all the same.
func (a *App) stateOf(s *source) (state.SourceState, error) {
	st, err := a.store.Source(s.Name)
	if n, last := s.failing(); n > st.Failures {
		st.Failures, st.LastError, st.ErrorKind = n, last.Error(), string(connectors.KindOf(last))
	}
	return st, err
}

// measure sets the gauges that follow from the stored counts.
func (a *App) measure(e *engine, s *source) {
	t, err := a.store.Totals(s.Name)
	if err != nil {
		a.opts.Log.Error("metrics not updated", "source", s.Name, "err", err)
		return
	}
	lanes := map[string]int{"": t.Undecided}
	for _, l := range e.cfg.Set.For(s.Name, "").Lanes() {
		lanes[l.Name] = 0
		a.metrics.Target(s.Name, l.Name, l.Share.Min, l.Share.Max)
	}
	for l, n := range t.Lanes {
		lanes[l] = n
	}
	a.metrics.Issues(s.Name, lanes)
	a.sayAlarms(s, e.spread(s.Name, t))
	a.metrics.Overrides(s.Name, t.Overrides)
	a.metrics.Contested(s.Name, t.Contested)
	asked := map[string]int{}
	for _, p := range e.cfg.Set.Policies() { // 0 where nothing is asked now
		spec := p.Spec().PostMortem
		for _, l := range slices.Concat(spec.Completed, spec.Missed) {
			asked[l] = 0
		}
	}
	maps.Copy(asked, t.PostMortems)
	a.metrics.PostMortems(s.Name, asked)
	a.metrics.Parked(s.Name, t.Parked)
	a.metrics.StateSize(a.store.Size())
	if p, err := a.store.Paused(); err == nil {
		a.metrics.Paused(p.On)
	}
	held := false
	if plans, err := a.store.Plans(s.Name, 20); err == nil {
		for _, p := range plans {
			held = held || p.Status == state.PlanHeld
		}
	}
	a.metrics.Guard(s.Name, held)
}

// sayAlarms logs each lane and mark that came out of bounds, once.
func (a *App) sayAlarms(s *source, load answer.Lanes) {
	now := map[string]string{}
	for _, l := range load.Lanes {
		now["lane "+l.Lane] = l.Alarm
	}
	for _, m := range load.Marks {
		now["mark "+m.Label] = m.Alarm
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, what := range sorted(now) {
		// The numbers change all the time; being out of bounds is the news.
		if now[what] != "" && s.alarms[what] == "" {
			a.opts.Log.Warn("out of bounds", "source", s.Name, "what", what, "alarm", now[what])
		}
	}
	s.alarms = now
}

func (a *App) refreshSignals(ctx context.Context, e *engine) {
	if e.signals == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	if err := e.signals.Refresh(ctx); err != nil {
		a.opts.Log.Warn("signals not read; the last good values count until they are stale", "err", err)
	}
}

// cycleAnswer turns reports into the public answer.
func (a *App) cycleAnswer(e *engine, reports []reconcile.Report, dryRun bool) answer.Cycle {
	out := answer.Cycle{Mode: string(e.cfg.Mode), PolicyHash: e.cfg.Set.Hash(), DryRun: dryRun}
	var totals []state.Totals
	for _, r := range reports {
		out.Sources = append(out.Sources, sourceOf(r))
		for _, l := range r.Lines {
			out.Changes = append(out.Changes, changeOf(l, r.Plan))
		}
		if t, err := a.store.Totals(r.Source); err == nil {
			totals = append(totals, t)
		}
	}
	if p, err := a.store.Paused(); err == nil {
		out.Paused = p.On
	}
	a.unlisted(e, reports, &out)
	load := e.spread("", totals...)
	out.Lanes, out.Marks = load.Lanes, load.Marks
	if dryRun {
		if items, err := a.items(e, func(*state.Record) bool { return true }); err == nil {
			out.LeastCertain = answer.LeastCertain(items, leastCertain)
		}
	}
	return out.Normal()
}

func changeOf(l reconcile.Line, plan string) answer.Change {
	ch := answer.NewChange(l.Ref.Source, l.ID, l.Ref.Key, l.Change, answer.Status(l.Status))
	ch.Plan = plan
	return ch
}

func sourceOf(r reconcile.Report) answer.CycleSource {
	s := answer.CycleSource{Source: r.Source, Issues: r.Issues, Changed: r.Changed, Parked: r.Parked, Error: answer.FaultOf(r.Err), Mode: string(r.Mode), Plan: r.Plan}
	if r.Held != nil {
		s.Plan, s.Held = r.Held.ID, r.Held.Reason
	}
	if r.Changed == 0 {
		s.Changed = planned(r.Lines)
	}
	return s
}

// planned counts the issues that the lines would change.
func planned(lines []reconcile.Line) int {
	ids := map[string]bool{}
	for _, l := range lines {
		switch l.Status {
		case reconcile.Planned, reconcile.Observed, reconcile.Held, reconcile.Paused:
			ids[l.ID] = true
		}
	}
	return len(ids)
}
