package state

import (
	"encoding/binary"
	"slices"
	"time"

	"go.etcd.io/bbolt"
)

// pruneStep bounds how many values one transaction of a pruning looks at, so
// that others wait only briefly.
const pruneStep = 2000

// Prune removes what is older than the retention: records of issues that are
// gone for longer, logged decisions, finished plans with their changes, and
// policies that nothing refers to any more. The newest logged decision of an
// open issue stays, and so do changes that are held or pending. It works in
// short transactions; one that fails leaves what came before it done.
func (d *DB) Prune(now time.Time, keepDecisions time.Duration) (removed int, err error) {
	d.pruning.Lock()
	defer d.pruning.Unlock()
	cutoff := millis(now.Add(-keepDecisions))
	p := &pruner{DB: d, cutoff: cutoff, used: map[string]bool{}}
	for _, step := range []func() error{p.records, p.log, p.plans, p.policies} {
		if err := step(); err != nil {
			return p.removed, err
		}
	}
	return p.removed, nil
}

type pruner struct {
	*DB
	cutoff  int64
	removed int
	used    map[string]bool // policies that are referred to
}

// change runs fn in a transaction; what it removed counts if it is stored.
func (p *pruner) change(fn func(*bbolt.Tx) error) error {
	before := p.removed
	err := p.update(fn)
	if err != nil {
		p.removed = before
	}
	return err
}

// steps runs fn in transactions until it has no next key.
func (p *pruner) steps(fn func(tx *bbolt.Tx, from []byte) (next []byte, err error)) error {
	var from []byte
	for {
		var next []byte
		err := p.change(func(tx *bbolt.Tx) (err error) {
			next, err = fn(tx, from)
			return err
		})
		if err != nil || next == nil {
			return err
		}
		from = next
	}
}

// records removes the records of issues that are gone for longer than the
// retention, except those that a change still waits for.
func (p *pruner) records() error {
	names, err := p.Sources()
	if err != nil {
		return err
	}
	for _, name := range names {
		var after []byte
		for {
			gone, next, err := p.goneAfter(name, after)
			if err != nil {
				return err
			}
			if len(gone) > 0 {
				if err := p.change(func(tx *bbolt.Tx) error { return p.drop(tx, name, gone) }); err != nil {
					return err
				}
			}
			if next == nil {
				break
			}
			after = next
		}
	}
	return nil
}

// goneAfter looks for candidates in a transaction that only reads.
func (p *pruner) goneAfter(source string, after []byte) (gone [][]byte, next []byte, err error) {
	err = p.view(func(tx *bbolt.Tx) error {
		s := sourceOf(tx, source)
		c := s.records.Cursor()
		k, v := seekAfter(c, after)
		for seen := 0; k != nil; k, v = c.Next() {
			if f, err := p.facts(tx, v); err == nil && p.isGone(&f) {
				gone = append(gone, slices.Clone(k))
			}
			if seen++; seen == pruneStep {
				next = slices.Clone(k)
				return nil
			}
		}
		return nil
	})
	return gone, next, err
}

func (p *pruner) isGone(f *facts) bool { return f.gone && f.seen < p.cutoff }

// drop removes records with everything that leads to them.
func (p *pruner) drop(tx *bbolt.Tx, source string, ids [][]byte) error {
	s := sourceOf(tx, source)
	var total sums
	if err := p.readSums(s, &total); err != nil {
		return err
	}
	for _, id := range ids {
		f, err := p.facts(tx, s.records.Get(id))
		if err != nil || !p.isGone(&f) || p.awaited(tx, s, id) {
			continue // it came back since it was found
		}
		if err := s.drop(&f, id); err != nil {
			return err
		}
		total.add(&f, -1)
		p.removed++
	}
	return p.put(s.root, keySums, &total)
}

// awaited tells whether a change of the issue is held or pending.
func (p *pruner) awaited(tx *bbolt.Tx, s *sourceTx, id []byte) bool {
	prefix := append(binary.BigEndian.AppendUint16(nil, uint16(len(id))), id...)
	c, entries := s.touched.Cursor(), tx.Bucket([]byte(inEntries))
	for k, _ := c.Seek(prefix); len(k) >= len(prefix) && slices.Equal(k[:len(prefix)], prefix); k, _ = c.Next() {
		var e storedEntry
		if p.codec.read(entries.Get(k[len(prefix):]), &e) == nil && !finished(e.Status) {
			return true
		}
	}
	return false
}

// finished tells whether nothing will become of a change any more.
func finished(s EntryStatus) bool { return s != EntryHeld && s != EntryPending }

// drop removes a record and its rows.
func (s *sourceTx) drop(f *facts, id []byte) error {
	for _, key := range append(slices.Clone(f.oldKeys), f.key) {
		if err := s.unindexKey(key, id); err != nil {
			return err
		}
	}
	if err := s.work.Delete(id); err != nil {
		return err
	}
	if err := s.indexDue(f, &facts{}, id); err != nil {
		return err
	}
	return s.records.Delete(id)
}

// plans removes changes that are finished for longer than the retention, and
// plans without any left.
func (p *pruner) plans() error {
	if err := p.steps(p.pruneEntries); err != nil {
		return err
	}
	return p.steps(p.prunePlans)
}

func (p *pruner) pruneEntries(tx *bbolt.Tx, from []byte) (next []byte, err error) {
	entries := tx.Bucket([]byte(inEntries))
	var old [][]byte
	c := entries.Cursor()
	k, v := seekAfter(c, from)
	for seen := 0; k != nil && next == nil; k, v = c.Next() {
		var e storedEntry
		if p.codec.read(v, &e) == nil && finished(e.Status) && p.entryTime(tx, k, &e) < p.cutoff {
			old = append(old, slices.Clone(k))
		}
		if seen++; seen == pruneStep {
			next = slices.Clone(k)
		}
	}
	for _, k := range old {
		var e storedEntry
		if err := p.codec.read(entries.Get(k), &e); err != nil {
			return nil, err
		}
		if err := unindexEntry(tx, &e, k); err != nil {
			return nil, err
		}
		if err := entries.Delete(k); err != nil {
			return nil, err
		}
		p.removed++
	}
	return next, nil
}

// entryTime is when a change was last of interest: when it was finished or
// sent, or else when its plan was made.
func (p *pruner) entryTime(tx *bbolt.Tx, key []byte, e *storedEntry) int64 {
	if t := max(e.At, e.Done); t != 0 {
		return t
	}
	plan, _, _ := parseEntryKey(key)
	var stored storedPlan
	if v := tx.Bucket([]byte(inPlans)).Get([]byte(plan)); v != nil && p.codec.read(v, &stored) == nil {
		return stored.At
	}
	return 0
}

func (p *pruner) prunePlans(tx *bbolt.Tx, from []byte) (next []byte, err error) {
	plans := tx.Bucket([]byte(inPlans))
	var old [][]byte
	c := plans.Cursor()
	k, v := seekAfter(c, from)
	for seen := 0; k != nil && next == nil; k, v = c.Next() {
		var stored storedPlan
		switch {
		case p.codec.read(v, &stored) != nil:
		case p.planIsOver(tx, string(k), &stored):
			old = append(old, slices.Clone(k))
		default:
			p.used[stored.Policy] = true
		}
		if seen++; seen == pruneStep {
			next = slices.Clone(k)
		}
	}
	for _, k := range old {
		if err := p.forgetPlan(tx, string(k), plans.Get(k)); err != nil {
			return nil, err
		}
		if err := plans.Delete(k); err != nil {
			return nil, err
		}
		p.removed++
	}
	return next, nil
}

func (p *pruner) planIsOver(tx *bbolt.Tx, id string, s *storedPlan) bool {
	if max(s.At, s.ByAt) >= p.cutoff || !s.Status.Over() {
		return false
	}
	prefix := append([]byte(id), 0)
	k, _ := tx.Bucket([]byte(inEntries)).Cursor().Seek(prefix)
	return len(k) < len(prefix) || !slices.Equal(k[:len(prefix)], prefix)
}

// policies removes texts that were last used before the retention and that
// nothing refers to.
func (p *pruner) policies() error {
	old, err := p.oldPolicies()
	if err != nil || len(old) == 0 {
		return err
	}
	if err := p.usedByRecords(); err != nil {
		return err
	}
	return p.change(func(tx *bbolt.Tx) error {
		policies := tx.Bucket([]byte(inPolicies))
		for _, hash := range old {
			var s storedPolicy
			if p.used[hash] || p.codec.read(policies.Get([]byte(hash)), &s) != nil || s.Used >= p.cutoff {
				continue // referred to, or used again since it was found
			}
			if err := policies.Delete([]byte(hash)); err != nil {
				return err
			}
			p.removed++
		}
		return nil
	})
}

func (p *pruner) oldPolicies() (old []string, err error) {
	err = p.view(func(tx *bbolt.Tx) error {
		each(tx.Bucket([]byte(inPolicies)), func(k, v []byte) {
			var s storedPolicy
			if p.codec.read(v, &s) == nil && s.Used < p.cutoff && !p.used[string(k)] {
				old = append(old, string(k))
			}
		})
		return nil
	})
	return old, err
}

// usedByRecords notes the policies of sources and of records' decisions; those
// of logged ones were noted while the log was pruned.
func (p *pruner) usedByRecords() error {
	names, err := p.Sources()
	if err != nil {
		return err
	}
	for _, name := range names {
		st, err := p.Source(name)
		if err != nil {
			return err
		}
		p.used[st.Policy] = true
		if err := p.Each(name, func(r *Record) bool { p.used[r.Decision.PolicyHash] = true; return true }); err != nil {
			return err
		}
	}
	return nil
}
