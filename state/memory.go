package state

import (
	"cmp"
	"maps"
	"slices"
	"sync"
	"time"
)

// Memory is a store that lives in memory, for tests and for runs that must
// leave nothing behind. It keeps to the same rules as DB and is written in
// the plainest way, without indexes, so that each can be checked against the
// other. It is safe for use by several goroutines.
type Memory struct {
	mu       sync.RWMutex
	codec    *codec
	sources  map[string]*memSource
	log      []*memLogged // by number from 1; nil where retention removed one
	plans    map[string][]byte
	entries  map[memPlace][]byte
	policies map[string]memPolicy
	pause    Pause
	alerts   []memAlert // by key
}

type memSource struct {
	state   SourceState
	records map[string]*memRecord
	keys    map[string][]string // folded display key → ids that have or had it, the newest first
	order   []string            // ids, sorted; nil when it must be made anew
}

type memRecord struct {
	value recordValue
	facts facts
}

type memLogged struct {
	at    int64
	value logValue
}

type memPlace struct {
	plan string
	n    int
}

type memPolicy struct {
	text []byte
	used int64
}

// NewMemory makes an empty store.
func NewMemory() (*Memory, error) {
	c, err := newCodec()
	if err != nil {
		return nil, err
	}
	return &Memory{
		codec: c, sources: map[string]*memSource{}, plans: map[string][]byte{},
		entries: map[memPlace][]byte{}, policies: map[string]memPolicy{},
	}, nil
}

// Close ends the use of the store; what it held goes with it.
func (m *Memory) Close() error { return nil }

// source returns the source, made if it is missing.
func (m *Memory) source(name string) *memSource {
	s := m.sources[name]
	if s == nil {
		s = &memSource{records: map[string]*memRecord{}, keys: map[string][]string{}}
		m.sources[name] = s
	}
	return s
}

// Commit does what DB.Commit does.
func (m *Memory) Commit(b Batch) error {
	if err := b.check(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for n := range b.Updates {
		if err := m.storeRecord(b.Source, &b.Updates[n], b.Now); err != nil {
			return err
		}
	}
	if b.State != nil {
		s := storeSource(b.State)
		m.source(b.Source).state = s.load()
	}
	m.storePolicies(&b)
	return m.storePlanAndEntries(&b)
}

func (m *Memory) storeRecord(source string, u *Update, now time.Time) error {
	s, id := m.source(source), u.Record.Issue.ID
	old := s.records[id]
	f := factsOf(u.Record)
	f.loggedAs = 0
	if old != nil {
		f.loggedAs = old.facts.loggedAs
		f.oldKeys = formerKeys(&old.facts, f.key)
	}
	if u.Decision != nil {
		if err := m.append(source, u, old, now); err != nil {
			return err
		}
		f.loggedAs = uint64(len(m.log))
	}
	value, err := m.codec.encodeRecord(u.Record, f.oldKeys)
	if err != nil {
		return err
	}
	value.setLoggedAs(f.loggedAs)
	u.Record.LoggedAs = f.loggedAs
	f.marks = maps.Clone(f.marks)
	s.records[id] = &memRecord{value: value, facts: f}
	if f.key != "" {
		s.keys[f.key] = append([]string{id}, without(s.keys[f.key], id)...)
	}
	if old == nil {
		s.order = nil
	}
	return nil
}

func (m *Memory) append(source string, u *Update, old *memRecord, now time.Time) error {
	e := newEncoder(m.codec)
	if err := e.add(source, u, now); err != nil {
		return err
	}
	v := e.loggedOf(0)
	if old != nil {
		o := old.facts.outcome()
		head, err := m.codec.enc.Marshal(&storedHead{
			Source: source, ID: u.Record.Issue.ID, Key: u.Record.Issue.Key, Cause: u.Cause,
			Lane: o.Lane, Priority: uint8(o.Priority), Score: o.Score,
		})
		if err != nil {
			return err
		}
		v = v.withHead(head)
		v.setPrevious(old.facts.loggedAs)
	}
	m.log = append(m.log, &memLogged{at: v.at(), value: v})
	return nil
}

func (m *Memory) storePolicies(b *Batch) {
	for hash, text := range b.policiesUsed() {
		p, known := m.policies[hash]
		if !known {
			if text == nil {
				continue
			}
			p.text = slices.Clone(text)
		}
		if now := millis(b.Now); p.used == 0 || dayOf(p.used) < dayOf(now) {
			p.used = now // once a day, as the file does
		}
		m.policies[hash] = p
	}
}

func (m *Memory) storePlanAndEntries(b *Batch) error {
	if b.Plan != nil {
		p := *b.Plan
		p.Source = cmp.Or(p.Source, b.Source)
		stored := storePlan(&p)
		value, err := m.codec.value(&stored)
		if err != nil {
			return err
		}
		m.source(p.Source)
		m.plans[p.ID] = value
	}
	for _, e := range b.Entries {
		e.Source = b.sourceOf(&e)
		stored := storeEntry(&e)
		value, err := m.codec.value(&stored)
		if err != nil {
			return err
		}
		m.source(e.Source)
		m.entries[memPlace{e.Plan, e.N}] = value
	}
	return nil
}

// Source does what DB.Source does.
func (m *Memory) Source(name string) (SourceState, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if s := m.sources[name]; s != nil {
		return s.state, nil
	}
	return SourceState{}, nil
}

// Sources does what DB.Sources does.
func (m *Memory) Sources() ([]string, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return slices.Sorted(maps.Keys(m.sources)), nil
}

// Totals does what DB.Totals does, by counting.
func (m *Memory) Totals(source string) (Totals, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	var t sums
	if s := m.sources[source]; s != nil {
		for _, r := range s.records {
			t.add(&r.facts, 1)
		}
	}
	return t.totals(), nil
}

// ids lists the ids of a source in order.
func (m *Memory) ids(source string) []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.sources[source]
	if s == nil {
		return nil
	}
	if s.order == nil {
		s.order = slices.SortedFunc(maps.Keys(s.records), compareIDs)
	}
	return s.order
}

// record decodes a record, nil for an unknown one.
func (m *Memory) record(source, id string) (*Record, error) {
	s := m.sources[source]
	if s == nil || s.records[id] == nil {
		return nil, nil
	}
	v := s.records[id].value
	return m.codec.decodeRecord(source, id, v, v.decision())
}

// Records does what DB.Records does.
func (m *Memory) Records(source string, ids []string) ([]*Record, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	out := make([]*Record, len(ids))
	for n, id := range ids {
		var err error
		if out[n], err = m.record(source, id); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Find does what DB.Find does.
func (m *Memory) Find(source, key string) (*Record, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	names := []string{source}
	if source == "" {
		names = slices.Sorted(maps.Keys(m.sources))
	}
	var hits []*Record
	for _, name := range names {
		if s := m.sources[name]; s != nil && key != "" {
			r, err := m.findIn(name, s.keys[foldKey(key)], key)
			if err != nil {
				return nil, err
			}
			if r != nil {
				hits = append(hits, r)
			}
		}
	}
	return choose(hits, source, key)
}

// findIn returns the record that has the key, or else the newest that had it.
func (m *Memory) findIn(source string, ids []string, key string) (former *Record, err error) {
	for _, id := range ids {
		r, err := m.record(source, id)
		if err != nil || foldKey(r.Issue.Key) == foldKey(key) {
			return r, err
		}
		if former == nil {
			former = r
		}
	}
	return former, nil
}

// without leaves one id out of a list.
func without(ids []string, id string) []string {
	return slices.DeleteFunc(slices.Clone(ids), func(each string) bool { return each == id })
}

// Each does what DB.Each does.
func (m *Memory) Each(source string, fn func(*Record) bool) error {
	for _, id := range m.ids(source) {
		list, err := m.Records(source, []string{id})
		if err != nil {
			return err
		}
		if list[0] != nil && !fn(list[0]) {
			return nil
		}
	}
	return nil
}

// Damaged does what DB.Damaged does; memory does not rot.
func (m *Memory) Damaged(string) ([]string, error) { return nil, nil }

// Work does what DB.Work does.
func (m *Memory) Work(source, after string, n int) (list []*Record, err error) {
	ids := m.ids(source)
	m.mu.RLock()
	defer m.mu.RUnlock()
	for _, id := range ids {
		if after != "" && compareIDs(id, after) <= 0 {
			continue
		}
		if n > 0 && len(list) == n {
			break
		}
		s := m.sources[source]
		if s.records[id] == nil || s.records[id].facts.outstanding == 0 {
			continue
		}
		r, err := m.record(source, id)
		if err != nil {
			return nil, err
		}
		list = append(list, r)
	}
	return list, nil
}

// DueBefore does what DB.DueBefore does.
func (m *Memory) DueBefore(source string, t time.Time, n int) ([]string, error) {
	ids := m.ids(source)
	m.mu.RLock()
	defer m.mu.RUnlock()
	var due []string
	at := func(id string) int64 { return m.sources[source].records[id].facts.due }
	for _, id := range ids {
		if m.sources[source].records[id] != nil && at(id) != 0 && at(id) <= millis(t) {
			due = append(due, id)
		}
	}
	slices.SortStableFunc(due, func(a, b string) int { return cmp.Compare(at(a), at(b)) })
	if n > 0 && len(due) > n {
		due = due[:n]
	}
	return due, nil
}
