package app

import (
	"context"
	"fmt"
	"strings"

	"github.com/lanekeeper/lanekeeper/internal/answer"
	"github.com/lanekeeper/lanekeeper/internal/web"
	"github.com/lanekeeper/lanekeeper/state"
)

// SLAs implements web.Issues.
func (a *App) SLAs(_ context.Context, f web.IssueFilter) (answer.SLAs, error) {
	e := a.current()
	if f.Source != "" && e.source(f.Source) == nil {
		return answer.SLAs{}, web.Errorf(web.NotFound, "source %q is not configured", f.Source)
	}
	all := []answer.HeldTo{}
	text := strings.ToLower(f.Text)
	for _, s := range e.sources {
		if f.Source != "" && f.Source != s.Name {
			continue
		}
		err := a.store.Each(s.Name, func(r *state.Record) bool {
			if !r.Issue.Open() || r.Clock == nil || f.Lane != "" && f.Lane != r.Memory.Lane || f.SLA != "" && f.SLA != r.Clock.SLA ||
				!strings.Contains(strings.ToLower(r.Issue.Key+" "+r.Issue.Title), text) {
				return true
			}
			if x := a.slaOf(e, r); x != nil && (f.State == "" || f.State == x.State) {
				all = append(all, answer.HeldToOf(r, x))
			}
			return true
		})
		if err != nil {
			return answer.SLAs{}, fmt.Errorf("list issues of %s: %w", s.Name, err)
		}
	}
	answer.MostUrgent(all)
	out := answer.SLAs{Total: len(all)}
	var err error
	out.SLAs, out.Next, err = page(all, f.Limit, f.Cursor)
	return out, err
}

// slaOf is how an issue stands with its SLA now, nil where it is held to none.
func (a *App) slaOf(e *engine, r *state.Record) *answer.SLA {
	s := e.source(r.Issue.Source)
	if s == nil {
		return nil
	}
	res, held := s.cycler.Clock(r, a.opts.Now())
	if !held {
		return nil
	}
	return answer.NewSLA(res)
}
