package state

import (
	"bytes"
	"slices"

	"go.etcd.io/bbolt"
)

// rebuildAll derives everything that can be derived, for every source.
func (d *DB) rebuildAll(tx *bbolt.Tx) error {
	for _, name := range sourceNames(tx) {
		s, err := makeSource(tx, name)
		if err != nil {
			return err
		}
		if err := d.rebuild(tx, s); err != nil {
			return err
		}
	}
	return nil
}

// rebuild makes the indexes and totals of a source's records anew. Records
// that do not decode are left out.
func (d *DB) rebuild(tx *bbolt.Tx, s *sourceTx) error {
	for _, name := range []string{inKeys, inWork, inDue} {
		if err := s.root.DeleteBucket([]byte(name)); err != nil {
			return err
		}
		if _, err := s.root.CreateBucket([]byte(name)); err != nil {
			return err
		}
	}
	*s = *sourceOf(tx, s.name)
	var total sums
	aliases := map[string][]byte{}
	c := s.records.Cursor()
	for k, v := c.First(); k != nil; k, v = c.Next() {
		f, err := d.facts(tx, v)
		if err != nil {
			d.found(s.name, k, err)
			continue
		}
		total.add(&f, 1)
		for _, old := range f.oldKeys {
			aliases[old] = slices.Clone(k)
		}
		if err := s.index(nil, &f, slices.Clone(k)); err != nil {
			return err
		}
	}
	if err := s.addAliases(aliases); err != nil {
		return err
	}
	return d.put(s.root, keySums, &total)
}

// addAliases indexes former keys that no issue has at present.
func (s *sourceTx) addAliases(aliases map[string][]byte) error {
	for key, id := range aliases {
		row := appendKey(nil, key)
		if s.keys.Get(row) != nil {
			continue
		}
		if err := s.keys.Put(row, id); err != nil {
			return err
		}
	}
	return nil
}

// index keeps the indexes of one record: old is what they were made from, nil
// for a new record.
func (s *sourceTx) index(old, f *facts, id []byte) error {
	if err := s.indexKey(old == nil, f.key, id); err != nil {
		return err
	}
	was, is := old != nil && old.outstanding != 0, f.outstanding != 0
	switch {
	case is && !was:
		if err := s.work.Put(id, nil); err != nil {
			return err
		}
	case was && !is:
		if err := s.work.Delete(id); err != nil {
			return err
		}
	}
	return s.indexDue(old, f, id)
}

// indexKey points a display key at its record; the newest to have a key owns
// it. An issue without a key has no row.
func (s *sourceTx) indexKey(fresh bool, key string, id []byte) error {
	if key == "" {
		return nil
	}
	row := appendKey(nil, key)
	if !fresh && bytes.Equal(s.keys.Get(row), id) {
		return nil
	}
	return s.keys.Put(row, id)
}

func (s *sourceTx) indexDue(old, f *facts, id []byte) error {
	var was int64
	if old != nil {
		was = old.due
	}
	if was == f.due {
		return nil
	}
	if was != 0 {
		if err := s.due.Delete(dueKey(was, id)); err != nil {
			return err
		}
	}
	if f.due == 0 {
		return nil
	}
	return s.due.Put(dueKey(f.due, id), nil)
}

func dueKey(ms int64, id []byte) []byte { return append(appendTime(nil, ms), id...) }
