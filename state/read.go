package state

import (
	"bytes"
	"fmt"
	"slices"
	"time"

	"go.etcd.io/bbolt"
)

// Source returns what is known of a source as a whole: the zero state of one
// that was never seen.
func (d *DB) Source(name string) (st SourceState, err error) {
	err = d.view(func(tx *bbolt.Tx) error {
		s := sourceOf(tx, name)
		if s == nil {
			return nil
		}
		v := s.root.Get([]byte(keyState))
		if v == nil {
			return nil
		}
		var stored storedSource
		if err := d.codec.read(v, &stored); err != nil {
			// The zero state asks for a new first pull, which loses nothing.
			d.log.Warn("the state of a source is damaged; it will be pulled anew", "source", name, "err", err)
			return nil
		}
		st = stored.load()
		return nil
	})
	return st, err
}

// Sources lists the names of all sources that something is kept of, sorted.
func (d *DB) Sources() (names []string, err error) {
	err = d.view(func(tx *bbolt.Tx) error { names = sourceNames(tx); return nil })
	return names, err
}

// Totals returns the counts over a source's records. Maps without rows are nil.
func (d *DB) Totals(source string) (Totals, error) {
	var t sums
	err := d.view(func(tx *bbolt.Tx) error {
		if s := sourceOf(tx, source); s != nil {
			return d.readSums(s, &t)
		}
		return nil
	})
	return t.totals(), err
}

// Records reads records in the order of ids, with nil for those that are not
// known or do not decode. Times are UTC and whole milliseconds; empty lists and
// maps are nil.
func (d *DB) Records(source string, ids []string) ([]*Record, error) {
	out := make([]*Record, len(ids))
	err := d.view(func(tx *bbolt.Tx) error {
		s := sourceOf(tx, source)
		if s == nil {
			return nil
		}
		var key []byte
		for n, id := range ids {
			key = appendID(key[:0], id)
			if v := s.records.Get(key); v != nil {
				out[n] = d.record(tx, source, key, v)
			}
		}
		return nil
	})
	return out, err
}

// record decodes a record, or reports it and returns nil.
func (d *DB) record(tx *bbolt.Tx, source string, key []byte, v recordValue) *Record {
	r, err := d.tryRecord(tx, source, key, v)
	if err != nil {
		d.found(source, key, err)
		return nil
	}
	return r
}

func (d *DB) tryRecord(tx *bbolt.Tx, source string, key []byte, v recordValue) (*Record, error) {
	id, err := parseID(key)
	if err != nil {
		return nil, err
	}
	if err := v.check(); err != nil {
		return nil, err
	}
	decision, err := decisionOf(tx, v)
	if err != nil {
		return nil, err
	}
	return d.codec.decodeRecord(source, id, v, decision)
}

// Find reads the record with a display key, present or former, in any case of
// letters. A source of "" means any; then a key that several sources have is an
// *AmbiguousError. A present key counts more than a former one.
func (d *DB) Find(source, key string) (rec *Record, err error) {
	err = d.view(func(tx *bbolt.Tx) error {
		names := []string{source}
		if source == "" {
			names = sourceNames(tx)
		}
		var hits []*Record
		for _, name := range names {
			if r := d.findIn(tx, name, key); r != nil {
				hits = append(hits, r)
			}
		}
		rec, err = choose(hits, source, key)
		return err
	})
	return rec, err
}

// findIn returns the record of one source that has the key, or else the newest
// that had it.
func (d *DB) findIn(tx *bbolt.Tx, source, key string) *Record {
	s := sourceOf(tx, source)
	if s == nil || key == "" || len(key) > maxKeyLen {
		return nil
	}
	var former *Record
	list := s.keys.Get(appendKey(nil, foldKey(key)))
	for id, rest := nextListed(list); id != nil; id, rest = nextListed(rest) {
		v := s.records.Get(id)
		if v == nil {
			continue
		}
		switch r := d.record(tx, source, id, v); {
		case r == nil:
		case foldKey(r.Issue.Key) == foldKey(key):
			return r
		case former == nil:
			former = r
		}
	}
	return former
}

// choose picks the one record that a key means.
func choose(hits []*Record, source, key string) (*Record, error) {
	present := slices.DeleteFunc(slices.Clone(hits), func(r *Record) bool { return foldKey(r.Issue.Key) != foldKey(key) })
	if len(present) > 0 {
		hits = present
	}
	switch len(hits) {
	case 1:
		return hits[0], nil
	case 0:
		if source != "" {
			key = source + "/" + key
		}
		return nil, fmt.Errorf("issue %s: %w", key, ErrNotFound)
	}
	e := &AmbiguousError{Key: key}
	for _, r := range hits {
		e.Sources = append(e.Sources, r.Issue.Source)
	}
	slices.Sort(e.Sources)
	return nil, e
}

// eachBatch is how many records one read transaction of a long scan covers: a
// transaction that lives long keeps old pages from being used again.
const eachBatch = 512

// Each visits the records of a source in the order of their ids until fn says
// false. It reads in short transactions: what changes while it runs may or may
// not be seen. Records that do not decode are reported, remembered for Damaged,
// and skipped. The visitor may use the store.
func (d *DB) Each(source string, fn func(*Record) bool) error {
	var after []byte
	for {
		batch, next, err := d.scan(source, after, eachBatch)
		if err != nil {
			return err
		}
		for _, r := range batch {
			if !fn(r) {
				return nil
			}
		}
		if next == nil {
			return nil
		}
		after = next
	}
}

// scan reads up to n records after a key. It returns the key to go on after,
// nil at the end.
func (d *DB) scan(source string, after []byte, n int) (list []*Record, next []byte, err error) {
	err = d.view(func(tx *bbolt.Tx) error {
		s := sourceOf(tx, source)
		if s == nil {
			return nil
		}
		c := s.records.Cursor()
		k, v := seekAfter(c, after)
		for seen := 0; k != nil; k, v = c.Next() {
			if r := d.record(tx, source, k, v); r != nil {
				list = append(list, r)
			}
			if seen++; seen == n {
				next = slices.Clone(k)
				return nil
			}
		}
		return nil
	})
	return list, next, err
}

// seekAfter moves to the first key after a key; nil is before all.
func seekAfter(c *bbolt.Cursor, after []byte) (k, v []byte) {
	if after == nil {
		return c.First()
	}
	k, v = c.Seek(after)
	if k != nil && bytes.Equal(k, after) {
		return c.Next()
	}
	return k, v
}

// Damaged lists the ids of a source's records that did not decode when they
// were read since the store was opened. An id leaves the list when its record
// is stored anew.
func (d *DB) Damaged(source string) ([]string, error) { return d.damaged.list(source), nil }

// Work lists up to n records with changes to write, in the order of their ids,
// beginning after an id; "" begins with the first, an n of 0 or less means all.
func (d *DB) Work(source, after string, n int) (list []*Record, err error) {
	var from []byte
	if after != "" {
		from = appendID(nil, after)
	}
	err = d.view(func(tx *bbolt.Tx) error {
		s := sourceOf(tx, source)
		if s == nil {
			return nil
		}
		c := s.work.Cursor()
		for k, _ := seekAfter(c, from); k != nil && (n <= 0 || len(list) < n); k, _ = c.Next() {
			if v := s.records.Get(k); v != nil {
				if r := d.record(tx, source, k, v); r != nil {
					list = append(list, r)
				}
			}
		}
		return nil
	})
	return list, err
}

// DueBefore lists the ids of up to n records that are due at or before t, the
// earliest first; an n of 0 or less means all.
func (d *DB) DueBefore(source string, t time.Time, n int) (ids []string, err error) {
	end := appendTime(nil, millis(t)+1)
	err = d.view(func(tx *bbolt.Tx) error {
		s := sourceOf(tx, source)
		if s == nil {
			return nil
		}
		c := s.due.Cursor()
		for k, _ := c.First(); k != nil && (n <= 0 || len(ids) < n) && bytes.Compare(k, end) < 0; k, _ = c.Next() {
			id, err := parseID(k[8:])
			if err != nil {
				d.log.Warn("skipping a damaged row of the due index", "source", source, "err", err)
				continue
			}
			ids = append(ids, id)
		}
		return nil
	})
	return ids, err
}

// Policy returns the canonical text of a policy, or ErrNotFound.
func (d *DB) Policy(hash string) (text []byte, err error) {
	err = d.view(func(tx *bbolt.Tx) error {
		v := tx.Bucket([]byte(inPolicies)).Get([]byte(hash))
		if v == nil {
			return fmt.Errorf("policy %s: %w", hash, ErrNotFound)
		}
		var p storedPolicy
		if err := d.codec.read(v, &p); err != nil {
			return fmt.Errorf("policy %s: %w", hash, err)
		}
		text = p.Text
		return nil
	})
	return text, err
}

// Paused returns the switch that stops all writes. One that cannot be read
// counts as on: nothing is written in doubt.
func (d *DB) Paused() (p Pause, err error) {
	err = d.view(func(tx *bbolt.Tx) error {
		v := tx.Bucket([]byte(inMeta)).Get([]byte(keyPause))
		if v == nil {
			return nil
		}
		var stored storedPause
		if err := d.codec.read(v, &stored); err != nil {
			d.log.Warn("the pause switch is damaged and counts as on; set it with 'lanekeeper resume' or 'pause'", "err", err)
			p = Pause{On: true, Reason: "the stored switch is damaged; 'lanekeeper resume' sets it anew"}
			return nil
		}
		p = stored.load()
		return nil
	})
	return p, err
}

// SetPaused sets the switch that stops all writes.
func (d *DB) SetPaused(p Pause) error {
	return d.update(func(tx *bbolt.Tx) error { return d.putPause(tx, p) })
}

func (d *DB) putPause(tx *bbolt.Tx, p Pause) error {
	stored := storePause(p)
	return d.put(tx.Bucket([]byte(inMeta)), keyPause, &stored)
}
