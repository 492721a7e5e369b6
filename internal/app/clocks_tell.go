package app

import (
	"fmt"
	"strings"
	"time"

	"github.com/lanekeeper/lanekeeper/internal/alert"
	"github.com/lanekeeper/lanekeeper/internal/metrics"
	"github.com/lanekeeper/lanekeeper/internal/reconcile"
	"github.com/lanekeeper/lanekeeper/policy/sla"
	"github.com/lanekeeper/lanekeeper/state"
)

// slaEvents are what lasts of an issue's SLA: a target at risk or used up. A
// breach that was over before anybody could be told lasts for a while.
func (a *App) slaEvents(e *engine, s *source, r *state.Record, res sla.Result, is, was *standing) (out []alert.Event) {
	for _, x := range []*sla.Reading{res.Respond, res.Resolve} {
		if x == nil {
			continue
		}
		ev := slaEvent(e, s, r, res.SLA)
		left := x.Target - x.Elapsed
		ev.Remaining = &left
		switch {
		case x.State == sla.Breached && is.open, x.State == sla.Missed && is.late.After(a.opts.Now()):
			ev.Kind, ev.State, ev.StartsAt = alert.SLABreached, string(x.Kind), x.BreachedAt
			ev.Summary = fmt.Sprintf("%s target of %s: %s", x.Kind, res.SLA, x.Why)
		case x.State == sla.Warning && is.open:
			ev.Kind, ev.State = alert.SLAWarning, fmt.Sprintf("%s %.0f%%", x.Kind, 100*x.Warned)
			ev.Summary = fmt.Sprintf("%.0f %% of the %s target of %s are over: %s", 100*x.Warned, x.Kind, res.SLA, x.Why)
			ev.StartsAt = a.warnedAt(s, r, x, ev.ID(), was)
		case x.State == sla.Unknown && is.open: // no news, so what was told lasts
			out = append(out, eventsOf(was.events, x.Kind)...)
			continue
		default:
			continue
		}
		out = append(out, ev)
	}
	return out
}

// eventsOf are those of one target.
func eventsOf(list []alert.Event, k sla.Kind) (out []alert.Event) {
	for _, e := range list {
		if strings.HasPrefix(e.State, string(k)) {
			out = append(out, e)
		}
	}
	return out
}

// slaEvent is what all events of an issue's SLA say.
func slaEvent(e *engine, s *source, r *state.Record, name string) alert.Event {
	i := &r.Issue
	return alert.Event{
		Source: s.Name, Lane: r.Memory.Lane, SLA: name, Project: i.Project, ExplainURL: e.issuePage(s.Name, i.Key),
		Issue: alert.Issue{ID: i.ID, Key: i.Key, URL: i.URL, Title: i.Title},
	}
}

// warnedAt is when the share that has warned was over: as it was found before,
// else by asking the clock about the past.
func (a *App) warnedAt(s *source, r *state.Record, x *sla.Reading, id string, was *standing) time.Time {
	for n := range was.events {
		if was.events[n].ID() == id {
			return was.events[n].StartsAt
		}
	}
	before, after := x.Start, a.opts.Now()
	for after.Sub(before) > time.Millisecond {
		middle := before.Add(after.Sub(before) / 2)
		res, _ := s.cycler.Clock(r, middle)
		then := res.Resolve
		if x.Kind == sla.Respond {
			then = res.Respond
		}
		if then != nil && then.Start.Equal(x.Start) && then.Warned >= x.Warned {
			after = middle
		} else {
			before = middle
		}
	}
	return after
}

// metEvents is the news that a target was reached in time.
func metEvents(e *engine, s *source, r *state.Record, x state.ClockResult) []alert.Event {
	if x.Ended.IsZero() || !x.Breached.IsZero() {
		return nil
	}
	ev := slaEvent(e, s, r, x.SLA)
	ev.Kind, ev.StartsAt, ev.Lane = alert.SLAMet, x.Ended, x.Lane
	ev.State = x.Kind + " " + x.Ended.UTC().Format(time.RFC3339) // both targets may be reached at once
	ev.Summary = fmt.Sprintf("%s target of %s reached in time", x.Kind, x.SLA)
	return []alert.Event{ev}
}

// windows are those of the attainment.
func windows() map[string]time.Duration {
	const day = 24 * time.Hour
	return map[string]time.Duration{"1d": day, "7d": 7 * day, "30d": 30 * day, "90d": reconcile.ResultsFor}
}

// measureClocks sets the gauges of a source's clocks. The clocks are locked.
func (a *App) measureClocks(e *engine, source string, k *sourceClocks) {
	now := a.opts.Now()
	k.gauged = now
	m := metrics.SLAs{Issues: map[metrics.SLAState]int{}, NextBreach: map[string]time.Time{}, Attainment: map[metrics.SLAWindow]float64{}}
	for _, l := range e.lanes() {
		for _, st := range []sla.State{sla.OnTrack, sla.Warning, sla.Breached, sla.Paused, sla.NotStarted, sla.Unknown} {
			if l.SLA != "" {
				m.Issues[metrics.SLAState{Lane: l.Name, SLA: l.SLA, State: string(st)}] = 0
			}
		}
	}
	for x, n := range k.counts {
		m.Issues[metrics.SLAState{Lane: x.lane, SLA: x.sla, State: string(x.state)}] = n
	}
	spans := windows()
	met, all := map[metrics.SLAWindow]int{}, map[metrics.SLAWindow]int{}
	for _, is := range k.issues {
		if at, ok := m.NextBreach[is.sla]; is.open && !is.due.IsZero() && (!ok || is.due.Before(at)) {
			m.NextBreach[is.sla] = is.due
		}
		for _, x := range is.results {
			for name, span := range spans {
				if w := (metrics.SLAWindow{SLA: x.SLA, Window: name}); now.Sub(x.At()) < span {
					all[w]++
					if x.Breached.IsZero() {
						met[w]++
					}
				}
			}
		}
	}
	for w, n := range all {
		m.Attainment[w] = float64(met[w]) / float64(n)
	}
	a.metrics.SLAs(source, m)
}
