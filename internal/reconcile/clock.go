package reconcile

import (
	"fmt"
	"slices"
	"time"

	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/policy"
	"github.com/lanekeeper/lanekeeper/policy/sla"
	"github.com/lanekeeper/lanekeeper/state"
)

const (
	// historyRetry is how long after a history that could not be read it is
	// asked for again, where nothing else brings the issue up before.
	historyRetry = 5 * time.Minute
	// staysKept and resultsKept bound what is remembered of one issue's clocks.
	staysKept   = 32
	resultsKept = 16
)

// ResultsFor is how long the results of clocks are kept: the longest window of
// the attainment.
const ResultsFor = 90 * 24 * time.Hour

// Clock tells how a stored issue stands with its SLA at a moment, false where it
// is held to none. It asks the tracker nothing.
func (c *Cycler) Clock(r *state.Record, now time.Time) (sla.Result, bool) {
	var sig policy.Signals
	if c.Signals != nil {
		sig = c.Signals()
	}
	return c.reading(r, sig, now)
}

// clockOf is the clock of the SLA that a record is held to, nil for none.
func (c *Cycler) clockOf(r *state.Record) *sla.Clock {
	if r.Clock == nil || r.Clock.SLA == "" {
		return nil
	}
	return c.termsOf(c.Policy.For(c.Source, r.Issue.Project)).clocks[r.Clock.SLA]
}

func (c *Cycler) reading(r *state.Record, sig policy.Signals, now time.Time) (sla.Result, bool) {
	clock := c.clockOf(r)
	if clock == nil {
		return sla.Result{}, false
	}
	s := sla.Subject{Issue: &r.Issue, GoneAt: r.Clock.Gone, Signals: sig}
	if !c.behind(r) { // an older one says nothing of the issue as it is
		s.History = withOurs(r)
	}
	for _, l := range r.Clock.Lanes {
		s.Lanes = append(s.Lanes, sla.Episode(l))
	}
	return clock.At(s, now), true
}

// withOurs is the history with the lane label that we wrote for the first
// decision, where it does not tell of it: Linear keeps none of an issue's first
// minutes. A label without an event, or one that was only taken away, would count
// as having been there from the beginning.
func withOurs(r *state.Record) *issue.History {
	h := &r.Clock.History
	if len(r.Clock.Lanes) == 0 {
		return h
	}
	stay := r.Clock.Lanes[0]
	label := issue.FieldLane.Prefix() + stay.Lane
	first := slices.IndexFunc(h.Events, func(e issue.Event) bool { return e.Field == issue.FieldLabels && e.From+e.To == label }) // one of them is empty
	switch {
	case first >= 0 && h.Events[first].To == label:
		return h
	case first >= 0 && h.Events[first].By.Self: // an undo
	case r.Applied[issue.FieldLane] != label:
		return h
	}
	with := *h
	with.Events = append(slices.Clone(h.Events), issue.Event{At: stay.From, By: issue.Actor{Self: true}, Field: issue.FieldLabels, To: label})
	return &with
}

// look is the reading of now. It is asked for several times while one record is
// judged, and kept as long: see unlook.
func (c *cycle) look(r *state.Record) (sla.Result, bool) {
	if c.looked != r {
		c.sight, c.held = c.reading(r, c.sig, c.now)
		c.looked = r
	}
	return c.sight, c.held
}

// unlook forgets the reading of a record that changes.
func (c *cycle) unlook() { c.looked = nil }

// clocksOf prepares the SLAs that lanes of a policy name.
func (c *Cycler) clocksOf(p *policy.Policy) (map[string]*sla.Clock, map[string]clockReads) {
	clocks, reads := map[string]*sla.Clock{}, map[string]clockReads{}
	for name, spec := range p.Spec().SLAs {
		clock, err := sla.New(p, name)
		if err != nil { // a compiled policy has none such
			c.Log.Error("an SLA has no clock", "source", c.Source, "sla", name, "err", err)
			continue
		}
		clocks[name], reads[name] = clock, readsOf(spec)
	}
	return clocks, reads
}

// follow keeps what a record's clock is computed from in step with the decided
// lane: the clock begins with the first lane that has an SLA.
func (c *cycle) follow(t terms, r *state.Record) {
	lane := r.Memory.Lane
	name := t.lanes[lane].SLA
	if r.Clock == nil && name == "" {
		return
	}
	if r.Clock == nil {
		r.Clock = &state.Clock{}
		if left := r.Memory.LeftLane; left != "" && t.lanes[left].SLA != name {
			// A lane label may be older than the decision, and still it is no entry.
			r.Clock.Lanes = []state.Stay{{Lane: left, From: r.Memory.LaneSince.UTC().Truncate(time.Millisecond).Add(-time.Millisecond)}}
		}
	}
	k := r.Clock
	k.SLA, k.Gone = name, time.Time{}
	if n := len(k.Lanes); lane != "" && (n == 0 || k.Lanes[n-1].Lane != lane) {
		k.Lanes = append(k.Lanes, state.Stay{Lane: lane, From: r.Memory.LaneSince.UTC().Truncate(time.Millisecond)})
		k.Lanes = k.Lanes[max(0, len(k.Lanes)-staysKept):]
	}
}

// behind tells whether the history of a clock must be read: it never was, the
// issue changed since, or the clock reads other things now.
func (c *Cycler) behind(r *state.Record) bool {
	if c.clockOf(r) == nil {
		return false
	}
	return !r.Clock.Read.Equal(r.Issue.Updated) || r.Clock.Kept != c.readsOf(r).String()
}

// landed adds what lanekeeper itself wrote to an issue to the history that its
// clock reads, as the tracker does: there is no need to read it again for that.
func (c *cycle) landed(r *state.Record, entries []state.Entry, updated time.Time) {
	current := r.Clock != nil && !c.behind(r)
	at := c.now
	if updated.After(r.Issue.Updated) {
		r.Issue.Updated, at = updated.UTC(), updated.UTC()
	}
	if !current || c.clockOf(r) == nil {
		return
	}
	own := r.Clock.History
	own.Events = slices.Clone(own.Events)
	for _, e := range entries {
		if e.Status == state.EntryApplied {
			own.Events = append(own.Events, eventsOf(e.Change, at)...)
		}
	}
	r.Clock.History, r.Clock.Read = c.readsOf(r).trim(own, r.Issue.Reporter), r.Issue.Updated
	c.unlook()
	if res, _ := c.look(r); c.awaits(r, res) {
		c.recheck[r.Issue.ID] = true // an answer from just before our write has no other trace
	}
}

// eventsOf is a change of ours as the tracker's history has it.
func eventsOf(ch issue.Change, at time.Time) (out []issue.Event) {
	by := issue.Actor{Self: true}
	if !ch.Field.IsLabel() {
		return []issue.Event{{At: at, By: by, Field: ch.Field, From: ch.From, To: ch.To}}
	}
	add, remove := ch.Labels()
	for _, l := range remove {
		out = append(out, issue.Event{At: at, By: by, Field: issue.FieldLabels, From: l})
	}
	for _, l := range add {
		out = append(out, issue.Event{At: at, By: by, Field: issue.FieldLabels, To: l})
	}
	return out
}

// lacks tells that something must be read of an issue: its history, or the
// comments while it waits for a response.
func (c *cycle) lacks(r *state.Record, res sla.Result) bool {
	if c.clockOf(r) == nil || r.Issue.Gone {
		return false
	}
	return c.behind(r) || c.awaits(r, res) && !r.Clock.History.CommentsRead
}

// answered tells that no comment can change how an issue stands any more.
func answered(res sla.Result) bool {
	return res.Respond == nil || slices.Contains([]sla.State{sla.Met, sla.Missed, sla.Left}, res.Respond.State)
}

// readsOf is what the clock of a record reads.
func (c *Cycler) readsOf(r *state.Record) clockReads {
	return c.termsOf(c.Policy.For(c.Source, r.Issue.Project)).reads[r.Clock.SLA]
}

// settleClock notes what came of a record's clock by now, and that its history
// must be read.
func (c *cycle) settleClock(r *state.Record) {
	if r.Clock == nil {
		delete(c.late, r.Issue.ID)
		return
	}
	if r.Issue.Gone && r.Clock.Gone.IsZero() {
		r.Clock.Gone = c.now.Truncate(time.Millisecond)
	}
	res, held := c.look(r)
	if c.lacks(r, res) {
		c.unread[r.Issue.ID] = true
	} else {
		delete(c.late, r.Issue.ID)
	}
	if held {
		for _, x := range []*sla.Reading{res.Respond, res.Resolve} {
			if x != nil {
				r.Clock.Results = noted(r.Clock.Results, result(r, res.SLA, x), x.State)
			}
		}
	}
	old := c.now.Add(-ResultsFor)
	r.Clock.Results = slices.DeleteFunc(r.Clock.Results, func(x state.ClockResult) bool { return x.At().Before(old) })
	r.Clock.Results = r.Clock.Results[max(0, len(r.Clock.Results)-resultsKept):]
}

func result(r *state.Record, name string, x *sla.Reading) state.ClockResult {
	out := state.ClockResult{SLA: name, Kind: string(x.Kind), Lane: r.Memory.Lane, Start: x.Start, Breached: x.BreachedAt}
	if x.State == sla.Met || x.State == sla.Missed {
		out.Ended = x.Ended
	}
	return out
}

// noted puts the result of a run into a list. A run that is neither over nor
// out of time has none, any more: it was opened again, or its target is longer
// now. What is not known changes nothing.
func noted(list []state.ClockResult, x state.ClockResult, s sla.State) []state.ClockResult {
	if s == sla.Unknown || x.Start.IsZero() {
		return list
	}
	at := slices.IndexFunc(list, x.Same)
	switch none := x.At().IsZero(); {
	case none && at >= 0:
		return slices.Delete(list, at, at+1)
	case none:
		return list
	case at >= 0:
		list[at] = x
		return list
	}
	return append(list, x)
}

// clockDue is when a record must be looked at for its clock's sake.
func (c *cycle) clockDue(r *state.Record) time.Time {
	if r.Clock == nil {
		return time.Time{}
	}
	var next time.Time
	res, held := c.look(r)
	switch {
	case held && r.Issue.Open():
		next = res.Next()
	case held:
		next = res.Ahead
	}
	if retry := c.now.Add(historyRetry); c.lacks(r, res) && (next.IsZero() || retry.Before(next)) {
		next = retry
	}
	return next
}

// forgetClocks drops the clocks of which nothing is of use any more: the issue
// left the SLA, is closed or gone, and its results are older than any window.
func (c *cycle) forgetClocks() error {
	var ids []string
	old := c.now.Add(-ResultsFor)
	err := c.Store.Each(c.Source, func(r *state.Record) bool {
		k := r.Clock
		recent := func(x state.ClockResult) bool { return !x.At().Before(old) }
		if k == nil || k.SLA != "" && r.Issue.Open() || slices.ContainsFunc(k.Results, recent) {
			return true
		}
		if k.SLA == "" || r.Issue.Updated.Before(old) {
			ids = append(ids, r.Issue.ID)
		}
		return true
	})
	if err != nil {
		return fmt.Errorf("list clocks: %w", err)
	}
	return c.change(ids, func(r *state.Record) bool { r.Clock = nil; return true })
}
