package state

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"time"

	"go.etcd.io/bbolt"
)

// storePolicies keeps the texts that are new and notes which policies are in
// use, by day.
func (d *DB) storePolicies(tx *bbolt.Tx, b *Batch) error {
	policies := tx.Bucket([]byte(inPolicies))
	used := b.policiesUsed()
	for _, hash := range slices.Sorted(maps.Keys(used)) {
		p := storedPolicy{Text: used[hash]}
		if old := policies.Get([]byte(hash)); old != nil {
			var known storedPolicy
			if err := d.codec.read(old, &known); err == nil {
				p = known
			}
		}
		if p.Text == nil || p.Used != 0 && dayOf(p.Used) >= dayOf(millis(b.Now)) {
			continue
		}
		p.Used = millis(b.Now)
		if err := d.put(policies, hash, &p); err != nil {
			return err
		}
	}
	return nil
}

// policiesUsed lists the policies that the batch names, with the texts it
// brings.
func (b *Batch) policiesUsed() map[string][]byte {
	used := map[string][]byte{}
	for n := range b.Updates {
		if hash := b.Updates[n].Record.Decision.PolicyHash; hash != "" {
			used[hash] = nil
		}
	}
	for n := range b.Acts {
		if hash := b.Acts[n].PolicyHash; hash != "" {
			used[hash] = nil
		}
	}
	if b.State != nil && b.State.Policy != "" {
		used[b.State.Policy] = nil
	}
	for hash, text := range b.Policies {
		if hash == "" {
			continue
		}
		if text == nil {
			text = []byte{}
		}
		used[hash] = text
	}
	return used
}

// storePlan upserts the plan of a batch and its place in time.
func (d *DB) storePlan(tx *bbolt.Tx, b *Batch) error {
	p := *b.Plan
	if p.Source == "" {
		p.Source = b.Source
	}
	s, err := makeSource(tx, p.Source)
	if err != nil {
		return err
	}
	plans := tx.Bucket([]byte(inPlans))
	if old := plans.Get([]byte(p.ID)); old != nil {
		if err := d.forgetPlan(tx, p.ID, old); err != nil {
			return err
		}
	}
	if err := s.plans.Put(planKey(millis(p.At), p.ID), nil); err != nil {
		return err
	}
	stored := storePlan(&p)
	return d.put(plans, p.ID, &stored)
}

// forgetPlan removes the index row of a stored plan.
func (d *DB) forgetPlan(tx *bbolt.Tx, id string, value []byte) error {
	var p storedPlan
	if err := d.codec.read(value, &p); err != nil {
		return nil // its row is found and skipped by readers
	}
	if s := sourceOf(tx, p.Source); s != nil {
		return s.plans.Delete(planKey(p.At, id))
	}
	return nil
}

func planKey(ms int64, id string) []byte { return append(appendTime(nil, ms), id...) }

// storeEntries upserts entries with their indexes.
func (d *DB) storeEntries(tx *bbolt.Tx, b *Batch) error {
	var s *sourceTx
	for n := range b.Entries {
		e := b.Entries[n]
		e.Source = b.sourceOf(&e)
		if s == nil || s.name != e.Source {
			var err error
			if s, err = makeSource(tx, e.Source); err != nil {
				return err
			}
		}
		if err := d.storeEntry(tx, s, &e); err != nil {
			return fmt.Errorf("store entry %d of plan %s: %w", e.N, e.Plan, err)
		}
	}
	return nil
}

func (d *DB) storeEntry(tx *bbolt.Tx, s *sourceTx, e *Entry) error {
	entries := tx.Bucket([]byte(inEntries))
	key := appendEntryKey(nil, e.Plan, e.N)
	var old storedEntry
	if v := entries.Get(key); v != nil && d.codec.read(v, &old) == nil {
		if err := unindexEntry(tx, &old, key); err != nil {
			return err
		}
	}
	stored := storeEntry(e)
	if err := s.indexEntry(&stored, key); err != nil {
		return err
	}
	value, err := d.codec.value(&stored)
	if err != nil {
		return err
	}
	return entries.Put(key, value)
}

// indexEntry writes the index rows of an entry.
func (s *sourceTx) indexEntry(e *storedEntry, key []byte) error {
	if e.Status == EntryPending {
		if err := s.pending.Put(key, nil); err != nil {
			return err
		}
	}
	if e.At != 0 {
		if err := s.sent.Put(sentKey(e.At, key), nil); err != nil {
			return err
		}
	}
	return s.touched.Put(touchedKey(e.ID, key), nil)
}

// unindexEntry removes the index rows of an entry as it was stored.
func unindexEntry(tx *bbolt.Tx, e *storedEntry, key []byte) error {
	s := sourceOf(tx, e.Source)
	if s == nil {
		return nil
	}
	if err := s.pending.Delete(key); err != nil {
		return err
	}
	if e.At != 0 {
		if err := s.sent.Delete(sentKey(e.At, key)); err != nil {
			return err
		}
	}
	return s.touched.Delete(touchedKey(e.ID, key))
}

func sentKey(ms int64, key []byte) []byte { return append(appendTime(nil, ms), key...) }

// touchedKey begins with the length of the id, so that no id is the beginning
// of another's rows.
func touchedKey(id string, key []byte) []byte { return append(touchedPrefix(id), key...) }

func touchedPrefix(id string) []byte {
	enc := appendID(nil, id)
	return append(binary.BigEndian.AppendUint16(nil, uint16(len(enc))), enc...)
}

// afterID is the entry's key in a row of touchedKey.
func afterID(row []byte) []byte {
	if len(row) < 2 {
		return nil
	}
	return row[min(2+int(binary.BigEndian.Uint16(row)), len(row)):]
}

// Plans lists the plans of a source, the newest first. A source of "" means all
// of them, a limit of 0 or less no limit.
func (d *DB) Plans(source string, limit int) (list []Plan, err error) {
	err = d.view(func(tx *bbolt.Tx) error {
		names := []string{source}
		if source == "" {
			names = sourceNames(tx)
		}
		for _, name := range names {
			if s := sourceOf(tx, name); s != nil {
				list = append(list, d.newestPlans(tx, s, limit)...)
			}
		}
		return nil
	})
	slices.SortFunc(list, newestPlan)
	if limit > 0 && len(list) > limit {
		list = list[:limit]
	}
	return list, err
}

func newestPlan(a, b Plan) int { return cmp.Or(b.At.Compare(a.At), cmp.Compare(b.ID, a.ID)) }

func (d *DB) newestPlans(tx *bbolt.Tx, s *sourceTx, limit int) (list []Plan) {
	plans, c := tx.Bucket([]byte(inPlans)), s.plans.Cursor()
	for k, _ := c.Last(); k != nil && (limit <= 0 || len(list) < limit); k, _ = c.Prev() {
		id := string(k[8:])
		p, err := d.plan(plans.Get([]byte(id)), id)
		if err != nil {
			d.log.Warn("skipping a damaged plan", "plan", id, "err", err)
			continue
		}
		list = append(list, p)
	}
	return list
}

func (d *DB) plan(value []byte, id string) (Plan, error) {
	if value == nil {
		return Plan{}, fmt.Errorf("plan %s: %w", id, ErrNotFound)
	}
	var p storedPlan
	if err := d.codec.read(value, &p); err != nil {
		return Plan{}, fmt.Errorf("plan %s: %w", id, err)
	}
	return p.load(id), nil
}

// Plan returns one plan, or ErrNotFound.
func (d *DB) Plan(id string) (p Plan, err error) {
	err = d.view(func(tx *bbolt.Tx) error {
		if !validPlan(id) {
			return fmt.Errorf("plan %q: %w", id, ErrNotFound)
		}
		p, err = d.plan(tx.Bucket([]byte(inPlans)).Get([]byte(id)), id)
		return err
	})
	return p, err
}

// Entries lists the changes of a plan by position.
func (d *DB) Entries(plan string) (list []Entry, err error) {
	prefix := append([]byte(plan), 0)
	err = d.view(func(tx *bbolt.Tx) error {
		c := tx.Bucket([]byte(inEntries)).Cursor()
		for k, v := c.Seek(prefix); bytes.HasPrefix(k, prefix); k, v = c.Next() {
			list = d.appendEntry(list, k, v)
		}
		return nil
	})
	return list, err
}

// Pending lists the changes of a source that were about to be sent, or were
// sent without an answer, by plan and position.
func (d *DB) Pending(source string) ([]Entry, error) {
	return d.entriesBy(source, func(s *sourceTx) *bbolt.Bucket { return s.pending }, nil, nil, 0)
}

// EntriesSince lists the changes of a source that were committed to be sent at
// or after t, the oldest first.
func (d *DB) EntriesSince(source string, t time.Time) ([]Entry, error) {
	from := appendTime(nil, millis(t))
	return d.entriesBy(source, func(s *sourceTx) *bbolt.Bucket { return s.sent }, from, nil, 8)
}

// EntriesOf lists the changes of an issue, the newest first; those that were
// not sent yet count as newest.
func (d *DB) EntriesOf(source, id string) ([]Entry, error) {
	prefix := touchedPrefix(id)
	list, err := d.entriesBy(source, func(s *sourceTx) *bbolt.Bucket { return s.touched }, prefix, prefix, len(prefix))
	sortNewest(list)
	return list, err
}

// sortNewest orders entries by the time they were sent, the newest first.
func sortNewest(list []Entry) {
	slices.SortStableFunc(list, func(a, b Entry) int {
		if a.At.IsZero() != b.At.IsZero() {
			if a.At.IsZero() {
				return -1
			}
			return 1
		}
		return cmp.Or(b.At.Compare(a.At), cmp.Compare(b.Plan, a.Plan), cmp.Compare(b.N, a.N))
	})
}

// entriesBy reads the entries that the rows of an index name, from a key on and
// as long as they have the prefix; a row is skip bytes and the entry's key.
func (d *DB) entriesBy(source string, in func(*sourceTx) *bbolt.Bucket, from, prefix []byte, skip int) (list []Entry, err error) {
	err = d.view(func(tx *bbolt.Tx) error {
		s := sourceOf(tx, source)
		if s == nil {
			return nil
		}
		entries, c := tx.Bucket([]byte(inEntries)), in(s).Cursor()
		for k, _ := c.Seek(from); k != nil && bytes.HasPrefix(k, prefix); k, _ = c.Next() {
			list = d.appendEntry(list, k[skip:], entries.Get(k[skip:]))
		}
		return nil
	})
	return list, err
}

// appendEntry decodes one entry; a damaged one is reported and left out.
func (d *DB) appendEntry(list []Entry, key, value []byte) []Entry {
	e, err := d.codec.entry(key, value)
	if err != nil {
		d.log.Warn("skipping a damaged entry of a plan", "key", fmt.Sprintf("%q", key), "err", err)
		return list
	}
	return append(list, e)
}

func (c *codec) entry(key, value []byte) (Entry, error) {
	plan, n, ok := parseEntryKey(key)
	if !ok {
		return Entry{}, errBadKey
	}
	var e storedEntry
	if err := c.read(value, &e); err != nil {
		return Entry{}, err
	}
	return e.load(plan, n), nil
}
