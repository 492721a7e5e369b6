package state

import (
	"bytes"
	"encoding/binary"
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
	former := map[string][][]byte{}
	c := s.records.Cursor()
	for k, v := c.First(); k != nil; k, v = c.Next() {
		f, err := d.facts(tx, v)
		if err != nil {
			d.found(s.name, k, err)
			continue
		}
		total.add(&f, 1)
		for _, old := range f.oldKeys {
			former[old] = append(former[old], slices.Clone(k))
		}
		if err := s.index(nil, &f, slices.Clone(k)); err != nil {
			return err
		}
	}
	if err := s.indexFormer(former); err != nil {
		return err
	}
	return d.put(s.root, keySums, &total)
}

// indexFormer adds the issues that had a key behind those that have it.
func (s *sourceTx) indexFormer(former map[string][][]byte) error {
	for key, ids := range former {
		row := appendKey(nil, key)
		list := slices.Clone(s.keys.Get(row))
		for _, id := range ids {
			list = appendListed(list, id)
		}
		if err := s.keys.Put(row, list); err != nil {
			return err
		}
	}
	return nil
}

// index keeps the indexes of one record: old is what they were made from, nil
// for a new record.
func (s *sourceTx) index(old, f *facts, id []byte) error {
	if err := s.indexKey(f.key, id); err != nil {
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

// indexKey leads a display key to a record. Two issues may share a key for a
// while: one moved away and was not read since, the other came. Rows therefore
// hold a list, the newest first. An issue without a key has no row.
func (s *sourceTx) indexKey(key string, id []byte) error {
	if key == "" {
		return nil
	}
	row := appendKey(nil, key)
	list := s.keys.Get(row)
	if list == nil {
		return s.keys.Put(row, appendListed(make([]byte, 0, len(id)+1), id))
	}
	if first, _ := nextListed(list); bytes.Equal(first, id) {
		return nil
	}
	return s.keys.Put(row, withoutListed(appendListed(nil, id), list, id))
}

// unindexKey ends what indexKey began.
func (s *sourceTx) unindexKey(key string, id []byte) error {
	row := appendKey(nil, key)
	left := withoutListed(nil, s.keys.Get(row), id)
	if len(left) == 0 {
		return s.keys.Delete(row)
	}
	return s.keys.Put(row, left)
}

// appendListed adds an id to a list: its length, then the id.
func appendListed(list, id []byte) []byte {
	return append(binary.AppendUvarint(list, uint64(len(id))), id...)
}

// nextListed takes the first id off a list; id is nil at the end or where the
// list is damaged.
func nextListed(list []byte) (id, rest []byte) {
	n, size := binary.Uvarint(list)
	if size <= 0 || n == 0 || n > uint64(len(list)-size) {
		return nil, nil
	}
	return list[size : size+int(n)], list[size+int(n):]
}

// withoutListed appends a list to out, leaving out one id.
func withoutListed(out, list, id []byte) []byte {
	for each, rest := nextListed(list); each != nil; each, rest = nextListed(rest) {
		if !bytes.Equal(each, id) {
			out = appendListed(out, each)
		}
	}
	return out
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
