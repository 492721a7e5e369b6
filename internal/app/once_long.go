package app

import (
	"context"
	"fmt"

	"github.com/lanekeeper/lanekeeper/internal/answer"
	"github.com/lanekeeper/lanekeeper/internal/reconcile"
	"github.com/lanekeeper/lanekeeper/state"
)

// listBatch is how many records are looked at together.
const listBatch = 500

// unlisted completes an answer of which some report holds not every line.
func (a *App) unlisted(e *engine, reports []reconcile.Report, out *answer.Cycle) {
	for n, r := range reports {
		if !r.More {
			continue
		}
		t, err := a.store.Totals(r.Source)
		if err != nil {
			a.opts.Log.Error("changes not counted", "source", r.Source, "err", err)
			continue
		}
		listed := issuesOf(r.Lines)
		out.Sources[n].Changed = max(out.Sources[n].Changed, t.Outstanding)
		out.Unlisted += max(1, t.Outstanding-len(listed))
	}
	if out.Unlisted == 0 {
		return
	}
	paused := out.Paused
	out.Each = func(visit func(answer.Change) error) error {
		for _, r := range reports {
			if err := a.eachChange(e, r, paused, visit); err != nil {
				return err
			}
		}
		return nil
	}
}

func issuesOf(lines []reconcile.Line) map[string]bool {
	ids := map[string]bool{}
	for _, l := range lines {
		ids[l.ID] = true
	}
	return ids
}

// eachChange visits the lines of a report, and after them what is outstanding
// in the state and not among them.
func (a *App) eachChange(e *engine, r reconcile.Report, paused bool, visit func(answer.Change) error) error {
	for _, l := range r.Lines {
		if err := visit(changeOf(l, r.Plan)); err != nil {
			return err
		}
	}
	if !r.More {
		return nil
	}
	listed, s := issuesOf(r.Lines), e.source(r.Source)
	for after := ""; ; {
		records, err := a.store.Work(r.Source, after, listBatch)
		if err != nil {
			return fmt.Errorf("list outstanding changes: %w", err)
		}
		for _, rec := range records {
			after = rec.Issue.ID
			if listed[rec.Issue.ID] {
				continue
			}
			if err := visitRecord(s, rec, r, paused, visit); err != nil {
				return err
			}
		}
		if len(records) < listBatch {
			return nil
		}
	}
}

// visitRecord visits the outstanding changes of one record with the status that
// this cycle gave them.
func visitRecord(s *source, rec *state.Record, r reconcile.Report, paused bool, visit func(answer.Change) error) error {
	for _, l := range s.cycler.Outstanding(rec) {
		switch {
		case l.Status != reconcile.Planned:
		case r.Held != nil:
			l.Status = reconcile.Held
		case paused:
			l.Status = reconcile.Paused
		}
		if err := visit(changeOf(l, r.Plan)); err != nil {
			return err
		}
	}
	return nil
}

// Cycle runs one cycle of a source as the daemon does, which lists nothing.
func (a *App) Cycle(ctx context.Context, name string) error {
	e := a.current()
	s := e.source(name)
	if s == nil {
		return fmt.Errorf("source %q is not configured", name)
	}
	return a.runCycle(ctx, e, s, reconcile.Task{}).Err
}
