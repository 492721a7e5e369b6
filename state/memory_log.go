package state

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// Log does what DB.Log does.
func (m *Memory) Log(source, id string, limit int) (list []Logged, err error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	s := m.sources[source]
	if s == nil || s.records[id] == nil {
		return nil, nil
	}
	for seq := s.records[id].facts.loggedAs; seq != 0 && (limit <= 0 || len(list) < limit); {
		l, ok, err := m.logged(seq)
		if err != nil || !ok {
			return list, err
		}
		list = append(list, l)
		seq = l.Previous
	}
	return list, nil
}

// logged decodes the entry of a number; ok is false where there is none.
func (m *Memory) logged(seq uint64) (l Logged, ok bool, err error) {
	if seq == 0 || seq > uint64(len(m.log)) || m.log[seq-1] == nil || m.log[seq-1].value.isAct() {
		return Logged{}, false, nil
	}
	l, err = m.codec.decodeLogged(seq, m.log[seq-1].value)
	return l, err == nil, err
}

// LogEntry does what DB.LogEntry does.
func (m *Memory) LogEntry(seq uint64) (Logged, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	l, ok, err := m.logged(seq)
	if err == nil && !ok {
		err = fmt.Errorf("logged decision %d: %w", seq, ErrNotFound)
	}
	return l, err
}

// LogBetween does what DB.LogBetween does.
func (m *Memory) LogBetween(from, to time.Time, source string, fn func(Logged) bool) error {
	m.mu.RLock()
	var list []Logged
	for n, e := range m.log {
		if e == nil || e.value.isAct() || e.at < millis(from) || e.at >= millis(to) {
			continue
		}
		l, _, err := m.logged(uint64(n + 1))
		if err != nil {
			m.mu.RUnlock()
			return err
		}
		if source == "" || l.Source == source {
			list = append(list, l)
		}
	}
	m.mu.RUnlock() // the visitor may use the store
	for _, l := range list {
		if !fn(l) {
			break
		}
	}
	return nil
}

// Plans does what DB.Plans does.
func (m *Memory) Plans(source string, limit int) (list []Plan, err error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	for id := range m.plans {
		p, err := m.plan(id)
		if err != nil {
			return nil, err
		}
		if source == "" || p.Source == source {
			list = append(list, p)
		}
	}
	slices.SortFunc(list, newestPlan)
	if limit > 0 && len(list) > limit {
		list = list[:limit]
	}
	return list, nil
}

func (m *Memory) plan(id string) (Plan, error) {
	v, ok := m.plans[id]
	if !ok {
		return Plan{}, fmt.Errorf("plan %s: %w", id, ErrNotFound)
	}
	var s storedPlan
	if err := m.codec.read(v, &s); err != nil {
		return Plan{}, fmt.Errorf("plan %s: %w", id, err)
	}
	return s.load(id), nil
}

// Plan does what DB.Plan does.
func (m *Memory) Plan(id string) (Plan, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.plan(id)
}

// choose lists the entries that a condition holds for, by plan and position.
func (m *Memory) choose(want func(*Entry) bool) (list []Entry, err error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	for at, v := range m.entries {
		var s storedEntry
		if err := m.codec.read(v, &s); err != nil {
			return nil, err
		}
		if e := s.load(at.plan, at.n); want(&e) {
			list = append(list, e)
		}
	}
	slices.SortFunc(list, func(a, b Entry) int { return cmp.Or(cmp.Compare(a.Plan, b.Plan), cmp.Compare(a.N, b.N)) })
	return list, nil
}

// Entries does what DB.Entries does.
func (m *Memory) Entries(plan string) ([]Entry, error) {
	return m.choose(func(e *Entry) bool { return e.Plan == plan })
}

// Pending does what DB.Pending does.
func (m *Memory) Pending(source string) ([]Entry, error) {
	return m.choose(func(e *Entry) bool { return e.Source == source && e.Status == EntryPending })
}

// EntriesSince does what DB.EntriesSince does.
func (m *Memory) EntriesSince(source string, t time.Time) ([]Entry, error) {
	list, err := m.choose(func(e *Entry) bool {
		return e.Source == source && !e.At.IsZero() && millis(e.At) >= millis(t)
	})
	slices.SortStableFunc(list, func(a, b Entry) int { return a.At.Compare(b.At) })
	return list, err
}

// EntriesOf does what DB.EntriesOf does.
func (m *Memory) EntriesOf(source, id string) ([]Entry, error) {
	list, err := m.choose(func(e *Entry) bool { return e.Source == source && e.ID == id })
	sortNewest(list)
	return list, err
}
