package simulation

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/internal/reconcile"
	"github.com/lanekeeper/lanekeeper/state"
)

// watch is called after every cycle: a good one must have found every edit that
// the tracker had to show.
func (w *world) watch(s *source, r reconcile.Report) {
	s.went(r)
	if r.Err != nil || r.Behind || !w.ok() || w.isDead() {
		return
	}
	st, err := w.p.db.Source(s.name)
	must(err)
	w.mu.Lock()
	defer w.mu.Unlock()
	if s.anew.Before(w.loading) || s.anew.Before(w.p.since) {
		s.anew = w.now()
	}
	var due []*card
	for _, id := range s.order {
		c := s.cards[id]
		if c.edited.IsZero() || c.gone || c.away || !c.visible || st.LastSuccess.Sub(c.edited) < shown {
			continue
		}
		if c.sweep && (!r.Swept || st.LastSuccess.Before(s.until) || st.LastSuccess.Sub(c.edited) < time.Hour) {
			continue
		}
		due = append(due, c)
	}
	s.caughtUp(due)
	if w.now().Sub(s.asked) < askEvery {
		return
	}
	s.asked = w.now()
	for _, id := range s.order {
		if c := s.cards[id]; !c.gone && !c.away && c.visible {
			if r := s.record(id); r != nil {
				s.told(c, r)
			}
		}
	}
}

// went notes how a cycle went.
func (s *source) went(r reconcile.Report) {
	s.world.mu.Lock()
	defer s.world.mu.Unlock()
	s.cycles++
	switch {
	case r.Err != nil || r.Behind:
		s.good = time.Time{}
	case s.good.IsZero():
		s.good = s.world.now()
	}
}

// well tells that every cycle has gone well since a moment.
func (s *source) well(since time.Time) bool { return !s.good.IsZero() && s.good.Before(since) }

// askEvery is how often every issue is looked at for what should have been told.
const askEvery = 12 * time.Hour

// overlap is how far internal/app has a pull reach back.
const overlap = 10 * time.Minute

// shown is when an index that is not said to lag for long shows an edit.
const shown = overlap - time.Minute

// caughtUp demands that the stored records are as the ledger has it.
func (s *source) caughtUp(cards []*card) {
	w := s.world
	ids := make([]string, len(cards))
	for n, c := range cards {
		ids[n] = c.id
	}
	records, err := w.p.db.Records(s.name, ids)
	must(err)
	for n, c := range cards {
		r := records[n]
		switch {
		case r == nil && !c.open: // it was closed before it was ever seen
		case r == nil:
			w.flunk("%s %s: filed at %s and never seen", s.name, c.key, c.edited.Format(time.DateTime))
		case !r.Issue.Open() && !c.open && (r.Issue.Unknown != 0 || c.sweep || c.edited.Before(s.anew)): // nothing depends on it; sweeps and new first pulls read what is open
		case r.Issue.Title != c.title || r.Issue.Open() != c.open || r.Issue.Key != c.key || peoples(&r.Issue) != c.unmanaged():
			w.flunk("%s %s: changed at %s, and a good cycle does not know it: %q %q open %v, recorded %q %q open %v (%s)", s.name, c.key, c.edited.Format(time.DateTime),
				c.title, c.unmanaged(), c.open, r.Issue.Title, peoples(&r.Issue), r.Issue.Open(), r.Issue.Key)
		default:
			c.edited, c.sweep, c.synced = time.Time{}, false, w.now()
		}
	}
}

func peoples(i *issue.Issue) string { return (&snap{labels: i.Labels}).unmanaged() }

// settle ends all trouble and demands that everything comes to order and stays
// there.
func (w *world) settle() {
	w.mu.Lock()
	w.note("", "all trouble ends")
	w.channelTrouble, w.channelCalm = "", w.now()
	for _, s := range w.sources {
		s.heal()
	}
	w.mu.Unlock()
	if !w.up() && !w.restarts.IsZero() {
		w.restarts = time.Time{}
		w.start()
	}
	w.mu.Lock()
	w.p.left = 0
	w.mu.Unlock()
	w.pause(false)
	// Parked issues wait up to six hours, and a sweep finds what an index hid.
	if !w.until(w.now().Add(28 * time.Hour)) {
		return
	}
	w.mu.Lock()
	w.quiet = true
	w.mu.Unlock()
	if !w.until(w.now().Add(2*w.script.period + time.Minute)) {
		return
	}
	w.atEnd()
	w.until(w.now().Add(2 * w.script.period))
}

func (s *source) heal() {
	for what, on := range s.troubles {
		if on {
			s.site.trouble(what, 1, false)
		}
	}
	if s.until.After(s.world.now()) {
		s.until = s.world.now()
	}
	s.down, s.faults, s.races, s.troubled = false, nil, nil, s.world.now()
	clear(s.troubles)
	s.endJam()
}

// atEnd demands order of every issue, and of the state.
func (w *world) atEnd() {
	w.verify("at the end")
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, s := range w.sources {
		s.compare("the last cycle")
		var all []*card
		for _, id := range s.order {
			if c := s.cards[id]; !c.gone && !c.away && c.visible {
				all = append(all, c)
			}
		}
		s.caughtUp(all)
		for _, c := range all {
			s.inOrder(c)
		}
		s.nothingLeft()
		if n := s.site.limited(); n > refusals*w.starts {
			w.flunk("%s: %d requests were refused because a budget was used up", s.name, n)
		}
	}
}

// refusals are the requests that a tracker may refuse for a budget after each
// start, before it has told how much is left.
const refusals = 8

// inOrder demands that an open issue is as policy wants it, but for what people
// hold.
func (s *source) inOrder(c *card) {
	if s.mode != "enforce" || !c.open {
		return
	}
	want := wanted(s.world.variant, c.title, c.labels, s.site.person)
	if label, day, sure := s.promised(c); sure && !c.odd {
		want[issue.FieldSLA] = label
		if day != "" || c.wrote[issue.FieldDue] {
			want[issue.FieldDue] = day
		}
	}
	for f, want := range want {
		h, got := c.holds[f], c.field(f)
		switch {
		case got == want, h.is(got) && (h.soft || s.holding(h)):
		case (f == issue.FieldAssignee || f == issue.FieldDue) && got != "" && (!c.wrote[f] || h.is(got)): // adopted, or once more after an override
		case h.is(got) && s.heldStill(c, f, got):
		default:
			s.world.flunk("%s %s: %s is %q at the end, and should be %q (%s; %s)", s.name, c.key, f, got, want, h, s.overrides(c))
		}
	}
}

// overrides are what the state holds of an issue.
func (s *source) overrides(c *card) string {
	list, err := s.world.p.db.Records(s.name, []string{c.id})
	must(err)
	if list[0] == nil {
		return "no record"
	}
	return fmt.Sprintf("recorded: applied %q, overrides %+v", list[0].Applied, list[0].Overrides)
}

// heldStill tells that the state holds a value for longer than the hold that we
// know of: an edit that is found late, after days of trouble, gets the full time.
// One that is just over is released by the next cycle.
func (s *source) heldStill(c *card, f issue.Field, value string) bool {
	list, err := s.world.p.db.Records(s.name, []string{c.id})
	must(err)
	return list[0] != nil && slices.ContainsFunc(list[0].Overrides, func(o state.Override) bool {
		return o.Field == f && o.Value == value && o.Until.After(s.world.now().Add(-2*s.world.script.period)) && o.Until.Before(s.world.now().Add(s.world.script.ttl))
	})
}

// nothingLeft demands that the plan is empty, and that every record's decision
// is in the log.
func (s *source) nothingLeft() {
	w := s.world
	err := w.p.db.Each(s.name, func(r *state.Record) bool {
		c := s.cards[r.Issue.ID]
		if c == nil || c.gone || c.away || !r.Issue.Open() {
			return true
		}
		if s.mode == "enforce" && r.Outstanding > 0 {
			w.flunk("%s %s: %d changes are outstanding at the end: %+v", s.name, c.key, r.Outstanding, r.Parked)
		}
		if s.mode == "suggest" && r.Outstanding > 0 && !withdrawn(r) {
			s.proposed(c, r)
		}
		l, err := w.p.db.LogEntry(r.LoggedAs)
		if err != nil || l.ID != r.Issue.ID || l.Decision.Lane != r.Decision.Lane || l.Decision.Priority != r.Decision.Priority {
			w.flunk("%s %s: its decision is not in the log: %s at %d, error %v", s.name, c.key, r.Decision.Lane, r.LoggedAs, err)
		}
		return true
	})
	must(err)
}

// proposed demands that our comment says what is wanted now.
func (s *source) proposed(c *card, r *state.Record) {
	lane := issue.FieldLane.Prefix() + r.Decision.Lane
	held := slices.Contains(r.Gaps, issue.FieldLane) || slices.ContainsFunc(r.Overrides, func(o state.Override) bool { return o.Field == issue.FieldLane })
	switch {
	case c.ours == 0:
		s.world.flunk("%s %s: changes are wanted and no comment says so", s.name, c.key)
	case c.field(issue.FieldLane) != lane && !held && !strings.Contains(c.said, lane):
		s.world.flunk("%s %s: the lane %s is wanted, and the comment says %q", s.name, c.key, lane, c.said)
	}
}

func withdrawn(r *state.Record) bool {
	return slices.ContainsFunc(r.Overrides, func(o state.Override) bool { return o.Field == issue.FieldComment })
}
