package state

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.etcd.io/bbolt"
)

// Chained is one place of the log as the chain has it: a decision, an act, or
// a gap that retention left.
type Chained struct {
	Seq uint64
	// Hash is SHA-256 over Before and Raw. A gap has no Before: its hash is that
	// of the entries that were removed, which Raw carries.
	Before, Hash [32]byte
	Raw          []byte // as stored
	At           time.Time
	Gap          bool
	Decision     *Logged
	Act          *Act
	// Err says why Raw does not decode.
	Err error
}

// Chain visits the whole log in the order of its numbers until fn says false.
// It reads in short transactions, and the visitor may use the store; what is
// logged meanwhile may be seen too.
func (d *DB) Chain(fn func(Chained) bool) error {
	run := chain{}
	for more := true; more; {
		var page []Chained
		var err error
		if page, run, more, err = d.chainPage(run); err != nil {
			return err
		}
		for n := range page {
			if !fn(page[n]) {
				return nil
			}
		}
	}
	return nil
}

// chainPage reads one transaction's worth of the log behind a place.
func (d *DB) chainPage(run chain) (page []Chained, end chain, more bool, err error) {
	dec := Decoder{d.codec}
	err = d.view(func(tx *bbolt.Tx) error {
		c := tx.Bucket([]byte(inLog)).Cursor()
		for k, v := c.Seek(seqKey(run.seq + 1)); len(k) == 8; k, v = c.Next() {
			if more = len(page) == eachBatch; more {
				return nil
			}
			x := dec.Chained(binary.BigEndian.Uint64(k), run.hash, slices.Clone(v))
			run = chain{seq: x.Seq, hash: x.Hash}
			page = append(page, x)
		}
		return nil
	})
	return page, run, more, err
}

// Writes visits the changes of a source that were sent from one time up to
// another (exclusive), the oldest first, until fn says false. Raw is what
// Decoder.Write reads. It reads in short transactions, and the visitor may use
// the store.
func (d *DB) Writes(from, to time.Time, source string, fn func(e Entry, raw []byte) bool) error {
	next := appendTime(nil, millis(from))
	for next != nil {
		var page []write
		var err error
		if page, next, err = d.writePage(source, next, millis(to)); err != nil {
			return err
		}
		for _, w := range page {
			if !fn(w.Entry, w.raw) {
				return nil
			}
		}
	}
	return nil
}

type write struct {
	Entry
	raw []byte
}

func (d *DB) writePage(source string, from []byte, to int64) (page []write, next []byte, err error) {
	err = d.view(func(tx *bbolt.Tx) error {
		s := sourceOf(tx, source)
		if s == nil {
			return nil
		}
		entries, c := tx.Bucket([]byte(inEntries)), s.sent.Cursor()
		for k, _ := c.Seek(from); len(k) > 8 && parseTime(k) < to; k, _ = c.Next() {
			if len(page) == eachBatch {
				next = slices.Clone(k)
				return nil
			}
			value := entries.Get(k[8:])
			e, err := d.codec.entry(k[8:], value)
			if err != nil {
				d.log.Warn("skipping a damaged entry of a plan", "key", fmt.Sprintf("%q", k[8:]), "err", err)
				continue
			}
			raw := append(binary.AppendUvarint(nil, uint64(len(k)-8)), k[8:]...)
			page = append(page, write{e, append(raw, value...)})
		}
		return nil
	})
	return page, next, err
}

// Decoder reads values that were taken out of a state, without that state.
type Decoder struct{ codec *codec }

// NewDecoder returns a Decoder.
func NewDecoder() (Decoder, error) {
	c, err := newCodec()
	return Decoder{c}, err
}

// Chained reads a place of the log as it was stored. Before is the chain's hash
// before it.
func (d Decoder) Chained(seq uint64, before [32]byte, raw []byte) Chained {
	x, v := Chained{Seq: seq, Raw: raw}, logValue(raw)
	if v.isGap() {
		x.Gap, x.At, x.Hash = true, instant(v.at()), v.gapHash()
		return x
	}
	x.Before, x.Hash = before, linkHash(before, raw)
	switch {
	case v.isAct():
		a, err := d.codec.decodeAct(seq, v)
		if x.Err = err; err == nil {
			x.Act = &a
		}
		x.At = instant(v.at())
	case v.check() != nil:
		x.Err = v.check()
	default:
		l, err := d.codec.decodeLogged(seq, v)
		if x.Err = err; err == nil {
			x.Decision = &l
		}
		x.At = instant(v.at())
	}
	return x
}

var errBadWrite = errors.New("malformed write")

// Write reads the raw form that Writes gives.
func (d Decoder) Write(raw []byte) (Entry, error) {
	n, size := binary.Uvarint(raw)
	if size <= 0 || n > uint64(len(raw)-size) {
		return Entry{}, errBadWrite
	}
	rest := raw[size:]
	e, err := d.codec.entry(rest[:n], rest[n:])
	if err == nil && !bytes.Equal(binary.AppendUvarint(nil, n), raw[:size]) {
		err = errBadWrite
	}
	return e, err
}

// Link is the chain's hash after raw, when it was before.
func Link(before [32]byte, raw []byte) [32]byte { return linkHash(before, raw) }
