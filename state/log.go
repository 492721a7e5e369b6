package state

import (
	"encoding/binary"
	"fmt"
	"time"

	"go.etcd.io/bbolt"
)

// Log lists the logged decisions of an issue, the newest first; a limit of 0 or
// less means all that retention left.
func (d *DB) Log(source, id string, limit int) (list []Logged, err error) {
	err = d.view(func(tx *bbolt.Tx) error {
		s := sourceOf(tx, source)
		if s == nil {
			return nil
		}
		v := recordValue(s.records.Get(appendID(nil, id)))
		if v.check() != nil {
			return nil
		}
		log := tx.Bucket([]byte(inLog))
		for seq := v.loggedAs(); seq != 0 && (limit <= 0 || len(list) < limit); {
			entry := logValue(log.Get(seqKey(seq)))
			if entry.check() != nil {
				return nil // gone by retention
			}
			if l, ok := d.logged(seq, entry); ok {
				list = append(list, l)
			}
			if entry.previous() >= seq {
				return nil // damaged: the past has smaller numbers
			}
			seq = entry.previous()
		}
		return nil
	})
	return list, err
}

// logged decodes an entry, or reports it.
func (d *DB) logged(seq uint64, v logValue) (Logged, bool) {
	l, err := d.codec.decodeLogged(seq, v)
	if err != nil {
		d.log.Warn("skipping a damaged logged decision", "seq", seq, "err", err)
		return Logged{}, false
	}
	return l, true
}

// LogEntry returns one logged decision, or ErrNotFound.
func (d *DB) LogEntry(seq uint64) (l Logged, err error) {
	err = d.view(func(tx *bbolt.Tx) error {
		v := logValue(tx.Bucket([]byte(inLog)).Get(seqKey(seq)))
		if v == nil || v.isGap() || v.isAct() {
			return fmt.Errorf("logged decision %d: %w", seq, ErrNotFound)
		}
		if err := v.check(); err != nil {
			return fmt.Errorf("logged decision %d: %w", seq, err)
		}
		l, err = d.codec.decodeLogged(seq, v)
		return err
	})
	return l, err
}

// LogBetween visits the decisions from one time up to another (exclusive), in
// the order of their numbers, until fn says false. A source of "" means all. It
// reads in short transactions, and the visitor may use the store.
func (d *DB) LogBetween(from, to time.Time, source string, fn func(Logged) bool) error {
	decision := func(v logValue) bool { return v.check() == nil }
	return walkLog(d, from, to, decision, func(seq uint64, v logValue) (Logged, bool) {
		l, ok := d.logged(seq, v)
		return l, ok && (source == "" || l.Source == source)
	}, fn)
}

// walkLog visits the entries of one sort from one time up to another (exclusive),
// in the order of their numbers, until fn says false. Read decodes one, or passes
// it over.
func walkLog[T any](d *DB, from, to time.Time, is func(logValue) bool, read func(seq uint64, v logValue) (T, bool), fn func(T) bool) error {
	next, last, err := d.logRange(from, to)
	for err == nil && next != 0 && next <= last {
		var batch []T
		batch, next, err = logPage(d, next, last, millis(from), millis(to), is, read)
		for _, e := range batch {
			if !fn(e) {
				return nil
			}
		}
	}
	return err
}

// logRange finds the numbers between which all decisions of the days from one
// time to another lie. Clocks step back: the order of numbers is not the order
// of times.
func (d *DB) logRange(from, to time.Time) (first, last uint64, err error) {
	err = d.view(func(tx *bbolt.Tx) error {
		c := tx.Bucket([]byte(inDays)).Cursor()
		start := binary.BigEndian.AppendUint32(nil, dayOf(millis(from)))
		for k, v := c.Seek(start); len(k) == 4 && binary.BigEndian.Uint32(k) <= dayOf(millis(to)); k, v = c.Next() {
			if len(v) != 16 {
				continue
			}
			if f := binary.BigEndian.Uint64(v); first == 0 || f < first {
				first = f
			}
			last = max(last, binary.BigEndian.Uint64(v[8:]))
		}
		return nil
	})
	return first, last, err
}

// logPage reads one transaction's worth of entries. It returns the number to go
// on with, 0 at the end.
func logPage[T any](d *DB, seq, last uint64, from, to int64, is func(logValue) bool, read func(seq uint64, v logValue) (T, bool)) (
	list []T, next uint64, err error) {
	err = d.view(func(tx *bbolt.Tx) error {
		c := tx.Bucket([]byte(inLog)).Cursor()
		visited := 0
		for k, b := c.Seek(seqKey(seq)); len(k) == 8 && binary.BigEndian.Uint64(k) <= last; k, b = c.Next() {
			n, v := binary.BigEndian.Uint64(k), logValue(b)
			if visited++; visited > eachBatch {
				next = n
				return nil
			}
			if !is(v) || v.at() < from || v.at() >= to {
				continue
			}
			if e, ok := read(n, v); ok {
				list = append(list, e)
			}
		}
		return nil
	})
	return list, next, err
}
