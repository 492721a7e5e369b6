package alert

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"sync"
	"time"

	"github.com/lanekeeper/lanekeeper/state"
)

// Store keeps alerts across restarts.
type Store interface {
	PutAlerts([]state.Alert) error
	LiveAlerts() ([]state.Alert, error)
	NewestAlert(id string) (state.Alert, error)
	EachAlert(since time.Time, fn func(state.Alert) bool) error
}

// Meter counts what becomes of alerts.
type Meter interface {
	// Alerts counts n alerts of a channel by what became of them.
	Alerts(channel, outcome string, n int)
	// AlertChannel tells how a channel does: when it last took a message (zero:
	// never in this process), how many sends failed since, and how many alerts
	// wait.
	AlertChannel(channel string, lastSuccess time.Time, failures, pending int)
	// ForgetAlertChannel removes the series of a channel that is gone.
	ForgetAlertChannel(channel string)
}

// Options make a Manager.
type Options struct {
	Store Store
	Meter Meter
	Log   *slog.Logger
	Now   func() time.Time
	// Retention is how long the store remembers: older news are no news.
	Retention time.Duration
	// Jitter returns numbers from 0 to 1 that spread retries; nil is random.
	Jitter func() float64
}

// Manager keeps the alerts that last and has channels tell them.
type Manager struct {
	Options

	mu       sync.Mutex
	live     map[string]*state.Alert // by id
	dirty    map[string]bool         // ids that the store has not taken yet
	channels []*Channel
	health   map[string]*health
	workers  map[string]*worker
	storeErr string // the last one logged
	running  bool
	// gathering counts who has more to report before channels are told.
	gathering int

	storing sync.Mutex // has later states stored later
	swaps   chan swap
}

// health is how a channel does.
type health struct {
	success  time.Time
	failures int
	err      string
	errAt    time.Time
	retry    time.Time
	pending  int
}

// New makes a Manager with the alerts that the store has, for these channels.
// Nothing is sent before Run or Flush.
func New(o Options, channels []*Channel) (*Manager, error) {
	if o.Jitter == nil {
		o.Jitter = rand.Float64
	}
	m := &Manager{
		Options: o, live: map[string]*state.Alert{}, dirty: map[string]bool{}, health: map[string]*health{},
		workers: map[string]*worker{}, swaps: make(chan swap),
	}
	list, err := o.Store.LiveAlerts()
	if err != nil {
		return nil, fmt.Errorf("read alerts: %w", err)
	}
	for n := range list {
		m.live[list[n].ID] = &list[n]
	}
	m.use(channels)
	return m, nil
}

// use makes channels the present ones.
func (m *Manager) use(channels []*Channel) {
	m.mu.Lock()
	defer m.mu.Unlock()
	had := m.workers
	m.channels, m.workers = channels, map[string]*worker{}
	for _, c := range channels {
		m.workers[c.Name] = newWorker(m, c)
		if m.health[c.Name] == nil {
			m.health[c.Name] = &health{}
		}
		m.gauge(c.Name)
		for _, o := range Outcomes() {
			m.Meter.Alerts(c.Name, o, 0)
		}
	}
	for name := range had {
		if m.workers[name] == nil {
			delete(m.health, name)
			m.Meter.ForgetAlertChannel(name)
		}
	}
	for id, a := range m.live { // another channel may have been the last to wait for
		if m.settle(a) {
			m.dirty[id] = true
		}
	}
}

// gauge publishes the health of a channel.
func (m *Manager) gauge(channel string) {
	if h := m.health[channel]; h != nil {
		m.Meter.AlertChannel(channel, h.success, h.failures, h.pending)
	}
}

// Report takes events in: those that are new, those that still last and those
// that are over. It may be called with the same events as often as one likes.
// They are stored when it returns; what the store does not take is kept in
// memory, told all the same, and stored later.
func (m *Manager) Report(events ...Event) {
	m.mu.Lock()
	m.report(events)
	m.mu.Unlock()
	m.persist()
}

// Sync reports the events of some kinds that last in a source: whatever else of
// these kinds lasted there is over, but for what stays says yes to. Nil is never.
func (m *Manager) Sync(source string, kinds []Kind, lasting []Event, stays func(*state.Alert) bool) {
	ids := map[string]bool{}
	for n := range lasting {
		ids[lasting[n].ID()] = true
	}
	m.mu.Lock()
	m.report(lasting)
	for id, a := range m.live {
		if a.Source == source && !ids[id] && !a.Moment && slices.Contains(kinds, Kind(a.Kind)) && (stays == nil || !stays(a)) {
			m.end(a, m.Now())
		}
	}
	m.mu.Unlock()
	m.persist()
}

// report takes events in. The lock is held for all of them: what is told
// together goes into one message, also where no group waits.
func (m *Manager) report(events []Event) {
	now := m.Now().UTC()
	for n := range events {
		e := events[n]
		if e.StartsAt.IsZero() {
			e.StartsAt = now
			// The beginning of an alert whose reporter does not know it is kept.
			if a := m.live[e.ID()]; a != nil && !a.Ended && !e.Kind.moment() {
				e.StartsAt = a.StartsAt
			}
		}
		m.take(&e, now)
	}
}

// take takes one event in.
func (m *Manager) take(e *Event, now time.Time) {
	id := e.ID()
	a := m.live[id]
	switch {
	case a == nil && e.EndedAt.IsZero():
		m.begin(e, id, now)
	case a == nil || a.Moment:
	case !e.EndedAt.IsZero():
		m.end(a, e.EndedAt)
	default:
		m.refresh(a, e)
	}
}

// begin makes a new alert, unless it is old news.
func (m *Manager) begin(e *Event, id string, now time.Time) {
	raised := now.Truncate(time.Millisecond)
	newest, err := m.Store.NewestAlert(id)
	switch known := err == nil; {
	case known && e.Kind.moment():
		return
	case e.Kind.moment() && m.Retention > 0 && now.Sub(e.StartsAt) > m.Retention:
		return // whether it was told is forgotten
	case known && !raised.After(newest.Raised):
		raised = newest.Raised.Add(time.Millisecond)
	case err != nil && !errors.Is(err, state.ErrNotFound):
		m.logStore(err)
	}
	a := &state.Alert{ID: id, Raised: raised, StartsAt: e.StartsAt.UTC().Truncate(time.Millisecond), Live: true}
	e.describe(a)
	m.live[id], m.dirty[id] = a, true
	for _, c := range m.channels {
		if c.mutes(a) != "" {
			m.Meter.Alerts(c.Name, outcomeMuted, 1)
		}
	}
	m.settle(a)
	m.kick()
}

// refresh takes news of a lasting alert in. One that was over begins again: who
// was told that it is over, or may have been, is told anew; the others never
// knew.
func (m *Manager) refresh(a *state.Alert, e *Event) {
	before := *a
	e.describe(a)
	a.StartsAt = e.StartsAt.UTC().Truncate(time.Millisecond)
	if a.Ended {
		a.Ended, a.EndedAt, a.Live = false, time.Time{}, true
		for n := range a.Sent {
			if d := &a.Sent[n]; !d.Done.IsZero() || d.Doubt {
				*d = state.Delivery{Channel: d.Channel, Doubt: d.Doubt}
			}
		}
		m.dirty[a.ID] = true
		m.kick()
		return
	}
	before.Remaining, before.Summary = a.Remaining, a.Summary // they change all the time
	if !reflect.DeepEqual(&before, a) {
		m.dirty[a.ID] = true
	}
}

// end notes that an alert is over.
func (m *Manager) end(a *state.Alert, at time.Time) {
	if a.Ended || a.Moment {
		return
	}
	at = at.UTC().Truncate(time.Millisecond)
	if at.Before(a.StartsAt) {
		at = a.StartsAt
	}
	a.Ended, a.EndedAt = true, at
	m.dirty[a.ID] = true
	m.settle(a)
	m.kick()
}

// settle takes an alert from the live ones where it is over and every channel
// has been told; it says whether it did.
func (m *Manager) settle(a *state.Alert) bool {
	if !a.Live || !a.Ended && !a.Moment {
		return false
	}
	for _, c := range m.channels {
		if !c.finished(a) {
			return false
		}
	}
	a.Live = false
	return true
}

// Gather has channels wait for what is reported until the returned function is
// called, so that it is told together. It must be called soon.
func (m *Manager) Gather() (done func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.gathering++
	return func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.gathering--
		m.kick()
	}
}

// kick has every worker look again.
func (m *Manager) kick() {
	if m.gathering > 0 {
		return
	}
	for _, w := range m.workers {
		w.kick()
	}
}

// persist stores what changed. Alerts that are no longer live leave the memory
// once they are stored.
func (m *Manager) persist() {
	m.storing.Lock()
	defer m.storing.Unlock()
	m.mu.Lock()
	list := make([]state.Alert, 0, len(m.dirty))
	for _, id := range slices.Sorted(maps.Keys(m.dirty)) {
		a := *m.live[id]
		a.Sent = slices.Clone(a.Sent)
		list = append(list, a)
	}
	clear(m.dirty)
	m.mu.Unlock()
	if len(list) == 0 {
		return
	}
	err := m.Store.PutAlerts(list)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.logStore(err)
	for _, a := range list {
		switch now := m.live[a.ID]; {
		case err != nil:
			m.dirty[a.ID] = true
		case !now.Live && !a.Live && !m.dirty[a.ID]:
			delete(m.live, a.ID)
		}
	}
}

// logStore logs a failure of the store once, and its end.
func (m *Manager) logStore(err error) {
	text := ""
	if err != nil {
		text = err.Error()
	}
	switch {
	case text == m.storeErr:
	case err != nil:
		m.Log.Error("alerts not stored; they are told all the same and stored later", "err", err)
	default:
		m.Log.Info("alerts are stored again")
	}
	m.storeErr = text
}

// sortedLive lists the live alerts in the order they were raised.
func (m *Manager) sortedLive() []*state.Alert {
	return slices.SortedFunc(maps.Values(m.live), func(a, b *state.Alert) int {
		return cmp.Or(a.Raised.Compare(b.Raised), cmp.Compare(a.ID, b.ID))
	})
}

// Lasts tells whether an alert of one of these kinds lasts in a source.
func (m *Manager) Lasts(source string, kinds ...Kind) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, a := range m.live {
		if a.Source == source && !a.Ended && !a.Moment && slices.Contains(kinds, Kind(a.Kind)) {
			return true
		}
	}
	return false
}

// KeepSources ends what lasts in other sources: they are no longer configured.
func (m *Manager) KeepSources(names []string) {
	m.mu.Lock()
	for _, a := range m.live {
		if a.Source != "" && !slices.Contains(names, a.Source) {
			m.end(a, m.Now())
		}
	}
	m.mu.Unlock()
	m.persist()
}
