package state

import (
	"bytes"
	"encoding/binary"
	"slices"

	"go.etcd.io/bbolt"
)

// logPruner walks the log from its beginning. Where it removes entries it
// leaves the mark of a gap with the chain's hash at that place, so that the
// chain can be followed from there on; neighbouring gaps become one.
type logPruner struct {
	*pruner
	tx   *bbolt.Tx
	log  *bbolt.Bucket
	hash [32]byte // of the chain up to where the walk is

	drop  []uint64          // numbers to remove in this transaction
	marks map[uint64][]byte // gaps to write in this transaction
	gap   uint64            // where the present run of removed entries ends, 0 for none
	mark  []byte            // what to write there
}

// log removes old decisions.
func (p *pruner) log() error {
	last, err := p.lastBefore()
	if err != nil || last == 0 {
		return err
	}
	w := &logPruner{pruner: p}
	return p.steps(func(tx *bbolt.Tx, from []byte) ([]byte, error) { return w.step(tx, from, last) })
}

// lastBefore is the greatest number that a decision of a day before the cutoff
// has.
func (p *pruner) lastBefore() (last uint64, err error) {
	err = p.view(func(tx *bbolt.Tx) error {
		end := binary.BigEndian.AppendUint32(nil, dayOf(p.cutoff))
		c := tx.Bucket([]byte(inDays)).Cursor()
		for k, v := c.First(); k != nil && bytes.Compare(k, end) <= 0; k, v = c.Next() {
			if len(v) == 16 {
				last = max(last, binary.BigEndian.Uint64(v[8:]))
			}
		}
		return nil
	})
	return last, err
}

// step walks one transaction's worth of entries after a key.
func (w *logPruner) step(tx *bbolt.Tx, from []byte, last uint64) (next []byte, err error) {
	w.tx, w.log = tx, tx.Bucket([]byte(inLog))
	w.drop, w.marks = w.drop[:0], map[uint64][]byte{}
	if w.gap != 0 {
		w.drop = append(w.drop, w.gap) // the run goes on from the transaction before
	}
	c := w.log.Cursor()
	k, v := seekAfter(c, from)
	for seen := 0; len(k) == 8 && binary.BigEndian.Uint64(k) <= last; k, v = c.Next() {
		if err := w.visit(binary.BigEndian.Uint64(k), v); err != nil {
			return nil, err
		}
		if seen++; seen == pruneStep {
			next = slices.Clone(k)
			break
		}
	}
	if w.gap != 0 {
		w.marks[w.gap] = w.mark
	}
	return next, w.write()
}

// visit decides on one entry.
func (w *logPruner) visit(seq uint64, v logValue) error {
	if v.isGap() {
		w.hash = v.gapHash()
		w.extendGap(seq, v.at())
		return nil
	}
	w.hash = linkHash(w.hash, v)
	keep, err := w.keeps(seq, v)
	if err != nil {
		return err
	}
	if keep {
		w.endGap()
		return nil
	}
	w.removed++
	var at int64
	if v.check() == nil || v.isAct() {
		at = v.at()
	}
	w.extendGap(seq, at)
	return nil
}

func (w *logPruner) extendGap(seq uint64, at int64) {
	w.drop = append(w.drop, seq)
	w.gap, w.mark = seq, gapValue(at, w.hash)
}

// endGap marks the run of removed entries that ends here.
func (w *logPruner) endGap() {
	if w.gap != 0 {
		w.marks[w.gap] = w.mark
		w.gap = 0
	}
}

// write carries out what the walk decided.
func (w *logPruner) write() error {
	for _, seq := range w.drop {
		if w.marks[seq] != nil {
			continue
		}
		if err := w.log.Delete(seqKey(seq)); err != nil {
			return err
		}
	}
	for seq, mark := range w.marks {
		if bytes.Equal(w.log.Get(seqKey(seq)), mark) {
			continue
		}
		if err := w.log.Put(seqKey(seq), mark); err != nil {
			return err
		}
	}
	return nil
}

// keeps tells whether an entry stays. The decision of a closed issue's record
// moves from the log into the record before the entry goes.
func (w *logPruner) keeps(seq uint64, v logValue) (bool, error) {
	if v.isAct() {
		w.noteAct(v)
		return v.at() >= w.cutoff, nil
	}
	if v.check() != nil {
		return false, nil
	}
	if v.at() >= w.cutoff {
		w.note(v)
		return true, nil
	}
	var head storedHead
	if err := w.codec.dec.Unmarshal(v.head(), &head); err != nil {
		return false, nil
	}
	s := sourceOf(w.tx, head.Source)
	if s == nil {
		return false, nil
	}
	id := appendID(nil, head.ID)
	rec := recordValue(s.records.Get(id))
	if rec.check() != nil || rec.loggedAs() != seq {
		return false, nil
	}
	f, err := w.facts(w.tx, rec)
	if err != nil || f.open {
		w.note(v)
		return true, nil
	}
	return false, w.inline(s, id, rec, v)
}

// note remembers the policy that an entry refers to.
func (w *logPruner) note(v logValue) {
	var head decisionHead
	if err := w.codec.dec.Unmarshal(v.decision(), &head); err == nil {
		w.used[unpackHash(head.Policy, head.PolicyText)] = true
	}
}

// noteAct does the same for an act that stays.
func (w *logPruner) noteAct(v logValue) {
	if a, err := w.codec.decodeAct(0, v); err == nil && v.at() >= w.cutoff {
		w.used[a.PolicyHash] = true
	}
}

// inline gives a record its own copy of its decision.
func (w *logPruner) inline(s *sourceTx, id []byte, rec recordValue, v logValue) error {
	own := slices.Clone(rec)
	if len(rec.decision()) == 0 {
		own = append(own, v.decision()...)
	}
	own.setLoggedAs(0)
	return s.records.Put(id, own)
}
