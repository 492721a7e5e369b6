package alert

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/lanekeeper/lanekeeper/state"
)

// batch is what goes into one message.
type batch struct {
	channel *Channel
	digest  bool
	items   []item
	at      time.Time // now
}

// item is one alert of a batch as it was when the batch was made, and what the
// message says of it.
type item struct {
	state.Alert
	do string
	// before is what the channel had been told when the message was begun.
	before state.Delivery
}

// group gathers the alerts that one message could tell.
type group struct {
	key    string
	digest bool
	due    time.Time // of the first
	tries  int       // failed ones, of the worst
	steps  []stepOf
}

// stepOf is the next step of one alert.
type stepOf struct {
	*state.Alert
	step
}

// due returns what a channel should send now, an empty batch for nothing, and
// when it should look again, zero for not before something happens.
func (m *Manager) due(w *worker, now time.Time) (batch, time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.gathering > 0 {
		return batch{}, time.Time{} // the end of it kicks
	}
	if w.standing {
		return m.dueStanding(w, now)
	}
	groups := map[string]*group{}
	pending := 0
	var wake time.Time
	for _, a := range m.live {
		if !a.Live || w.mutes(a) != "" {
			continue
		}
		d := told(a, w.Name)
		s := w.hold(w.next(a, &d), a, now)
		if s.do == "" {
			continue
		}
		if s.do == outcomeDropped {
			m.drop(w.Channel, a, now)
			continue
		}
		if s.do != outcomeRepeated {
			pending++
		}
		key := groupOf(a, s)
		g := groups[key]
		if g == nil {
			g = &group{key: key, digest: s.digest, due: s.at}
			groups[key] = g
		}
		if s.at.Before(g.due) {
			g.due = s.at
		}
		g.tries = max(g.tries, d.Tries)
		g.steps = append(g.steps, stepOf{a, s})
	}
	m.pend(w.Name, pending)
	ready := slices.SortedFunc(maps.Values(groups), func(a, b *group) int {
		return cmp.Or(cmp.Compare(a.tries, b.tries), a.due.Compare(b.due), cmp.Compare(a.key, b.key))
	})
	for _, g := range ready {
		if !g.due.After(now) {
			return g.batch(w.Channel, now), now
		}
		wake = earliest(wake, g.due)
	}
	return batch{}, wake
}

// batch takes what is due, and what will be soon: one message is better than
// two.
func (g *group) batch(c *Channel, now time.Time) batch {
	b := batch{channel: c, digest: g.digest, at: now}
	soon := now
	if !g.digest {
		soon = now.Add(c.GroupWait)
	}
	for _, s := range g.steps {
		if !s.at.After(soon) {
			b.items = append(b.items, item{Alert: *s.Alert, do: s.do})
		}
	}
	slices.SortFunc(b.items, func(a, b item) int { return cmp.Or(a.Raised.Compare(b.Raised), cmp.Compare(a.ID, b.ID)) })
	return b
}

func (m *Manager) pend(channel string, n int) {
	if h := m.health[channel]; h != nil && h.pending != n {
		h.pending = n
		m.gauge(channel)
	}
}

// drop notes that an alert was over before a channel was told.
func (m *Manager) drop(c *Channel, a *state.Alert, now time.Time) {
	d := delivery(a, c.Name)
	d.Done, d.Outcome, d.Tries, d.Error, d.ErrorAt = now, outcomeDropped, 0, "", time.Time{}
	m.Meter.Alerts(c.Name, outcomeDropped, 1)
	m.dirty[a.ID] = true
	m.settle(a)
}

// earliest is the earlier of two times, of which zero is none.
func earliest(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// doubt notes, before it is done, that a channel may be told that something
// began or is over. Should a crash or a hanging receiver hide whether that
// arrived, then an end is told though no beginning was recorded, and a new
// beginning though no end was. Standing channels are told again and again anyway.
//
// It says no, and notes nothing, where an alert has begun again or is over since
// the batch was made.
func (m *Manager) doubt(b batch) bool {
	if b.channel.standing {
		return true
	}
	m.mu.Lock()
	for n := range b.items {
		if i := &b.items[n]; !m.holds(i) {
			m.mu.Unlock()
			return false
		}
	}
	some := false
	for n := range b.items {
		i := &b.items[n]
		d := delivery(m.live[i.ID], b.channel.Name)
		if i.before = *d; i.do != outcomeRepeated {
			d.Doubt = true
			m.dirty[i.ID], some = true, true
		}
	}
	m.mu.Unlock()
	if some {
		m.persist()
	}
	return true
}

// holds tells whether what an item says of its alert is still so.
func (m *Manager) holds(i *item) bool {
	a := m.live[i.ID]
	return a != nil && a.Raised.Equal(i.Raised) && a.Ended == i.Ended
}

// record notes what became of a batch.
func (m *Manager) record(b batch, err error, now, retry time.Time) {
	m.mu.Lock()
	name := b.channel.Name
	h := m.health[name]
	if h == nil {
		h = &health{} // a reload took the channel away meanwhile
	}
	if err != nil {
		h.failures, h.err, h.errAt, h.retry = h.failures+1, err.Error(), now, retry
	} else {
		h.success, h.failures, h.err, h.errAt, h.retry = now, 0, "", time.Time{}, time.Time{}
	}
	counts := map[string]int{}
	for _, i := range b.items {
		a := m.live[i.ID]
		if a == nil || !a.Raised.Equal(i.Raised) {
			continue
		}
		outcome := m.note(b.channel, a, i, err, now)
		counts[outcome]++
	}
	for outcome, n := range counts {
		m.Meter.Alerts(name, outcome, n)
	}
	m.gauge(name)
	m.mu.Unlock()
	m.persist()
}

// note writes one item of a batch down and returns what to count.
func (m *Manager) note(c *Channel, a *state.Alert, i item, err error, now time.Time) string {
	d := delivery(a, c.Name)
	switch {
	case err == nil:
		d.Doubt = false
	case !i.before.Doubt && !errors.Is(err, context.DeadlineExceeded): // it did not arrive
		d.Doubt = false
		if d.First.IsZero() { // it began again while this was sent, and the end did not arrive
			d.First, d.Last, d.Times, d.Outcome = i.before.First, i.before.Last, i.before.Times, i.before.Outcome
		}
	}
	if err != nil {
		d.Tries, d.Error, d.ErrorAt = d.Tries+1, err.Error(), now
		m.dirty[a.ID] = true
		return outcomeFailed
	}
	if i.do == outcomeRepeated && c.standing && d.Tries == 0 {
		return outcomeRepeated // keeping alive is no news, and not worth a write
	}
	m.dirty[a.ID] = true
	d.Tries, d.Error, d.ErrorAt = 0, "", time.Time{}
	d.Last, d.Times = now, d.Times+1
	d.Outcome = i.do
	if d.First.IsZero() {
		d.First = now
	}
	switch {
	case (i.do == outcomeResolved || i.Ended) && !a.Ended:
		*d = state.Delivery{Channel: c.Name} // it began again while this was sent
	case i.do == outcomeResolved, a.Moment, i.Ended:
		d.Done = now
	}
	m.settle(a)
	return i.do
}
