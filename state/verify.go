package state

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"go.etcd.io/bbolt"
)

// Verify checks the whole state: the structure of the file, that every value
// decodes, that indexes, totals and plans agree with what they were made from,
// in both directions, and that the chain over the decision log is whole. Writers
// wait while it runs. The error is for a check that could not be made; what the
// check found is in the report.
func (d *DB) Verify() (rep Report, err error) {
	check := func(tx *bbolt.Tx) error {
		v := &verifier{DB: d, tx: tx, rep: &rep}
		v.all()
		return nil
	}
	if d.bolt.IsReadOnly() {
		return rep, d.view(check)
	}
	// The engine's own check wants that nobody writes meanwhile.
	err = d.run(func() error {
		tx, err := d.bolt.Begin(true)
		if err != nil {
			return err
		}
		return errors.Join(check(tx), tx.Rollback())
	})
	return rep, err
}

type verifier struct {
	*DB
	tx  *bbolt.Tx
	rep *Report
}

func (v *verifier) problem(format string, args ...any) { v.rep.problem(fmt.Sprintf(format, args...)) }

func (v *verifier) all() {
	for err := range v.tx.Check() {
		v.problem("structure of the file: %v", err)
	}
	if !v.rep.OK() {
		return // what lies on broken pages cannot be judged
	}
	for _, name := range sourceNames(v.tx) {
		s := sourceOf(v.tx, name)
		if !s.complete() {
			v.problem("%s: a bucket is missing", name)
			continue
		}
		v.records(s)
		v.keys(s)
		v.rows(s)
		v.entryRows(s)
		v.planRows(s)
	}
	v.log()
	v.plans()
	v.entries()
	v.policies()
	v.alerts()
}

func (s *sourceTx) complete() bool {
	for _, b := range []*bbolt.Bucket{s.records, s.keys, s.work, s.due, s.plans, s.pending, s.sent, s.touched} {
		if b == nil {
			return false
		}
	}
	return true
}

// each visits the keys of a bucket.
func each(b *bbolt.Bucket, fn func(k, v []byte)) {
	c := b.Cursor()
	for k, v := c.First(); k != nil; k, v = c.Next() {
		fn(k, v)
	}
}

// records checks each record against the rows that it should have, and the
// totals against the sum of all.
func (v *verifier) records(s *sourceTx) {
	var total sums
	each(s.records, func(k, value []byte) {
		v.rep.Records++
		rec, err := v.tryRecord(v.tx, s.name, k, value)
		if err != nil {
			v.problem("%s: record % x does not decode: %v", s.name, k, err)
			return
		}
		f, err := v.facts(v.tx, value) // beside the record it has the former keys
		if err != nil {
			v.problem("%s: record % x does not decode: %v", s.name, k, err)
			return
		}
		total.add(&f, 1)
		v.record(s, k, rec, &f)
	})
	var kept sums
	if err := v.readSums(s, &kept); err != nil {
		v.problem("%s: the totals do not decode: %v", s.name, err)
	} else if !kept.equal(&total) {
		v.problem("%s: the totals say %+v and the records %+v", s.name, kept, total)
	}
	if st := s.root.Get([]byte(keyState)); st != nil {
		if err := v.codec.read(st, &storedSource{}); err != nil {
			v.problem("%s: the state of the source does not decode: %v", s.name, err)
		}
	}
}

func (v *verifier) record(s *sourceTx, k []byte, rec *Record, f *facts) {
	ref := rec.Issue.Ref()
	for _, key := range append(slices.Clone(f.oldKeys), f.key) {
		if key != "" && !s.leads(key, k) {
			v.problem("%s: the key index does not lead from %q to it", ref, key)
		}
	}
	if (f.outstanding != 0) != (s.work.Get(k) != nil) {
		v.problem("%s: it has %d outstanding changes and the work index says otherwise", ref, f.outstanding)
	}
	if f.due != 0 && s.due.Get(dueKey(f.due, k)) == nil {
		v.problem("%s: it is due at %s and the due index does not say so", ref, rec.Due)
	}
	if f.loggedAs == 0 {
		return
	}
	entry := logValue(v.tx.Bucket([]byte(inLog)).Get(seqKey(f.loggedAs)))
	if l, err := v.tryLogged(f.loggedAs, entry); err != nil || l.Source != s.name || l.ID != rec.Issue.ID {
		v.problem("%s: its logged decision %d is missing or another issue's", ref, f.loggedAs)
	}
}

func (v *verifier) tryLogged(seq uint64, entry logValue) (Logged, error) {
	if err := entry.check(); err != nil {
		return Logged{}, err
	}
	return v.codec.decodeLogged(seq, entry)
}

// factsAt reads the facts of a record that an index names.
func (v *verifier) factsAt(s *sourceTx, id []byte) (facts, bool) {
	if len(id) == 0 {
		return facts{}, false
	}
	value := s.records.Get(id)
	if value == nil {
		return facts{}, false
	}
	f, err := v.facts(v.tx, value)
	return f, err == nil
}

// leads tells whether a display key leads to a record.
func (s *sourceTx) leads(key string, id []byte) bool {
	for each, rest := nextListed(s.keys.Get(appendKey(nil, key))); each != nil; each, rest = nextListed(rest) {
		if bytes.Equal(each, id) {
			return true
		}
	}
	return false
}

// keys checks that every display key leads only to records that have or had it.
func (v *verifier) keys(s *sourceTx) {
	each(s.keys, func(k, list []byte) {
		id, rest := nextListed(list)
		if id == nil {
			v.problem("%s: the key index leads from %q to nothing", s.name, k)
		}
		for ; id != nil; id, rest = nextListed(rest) {
			f, ok := v.factsAt(s, id)
			if !ok || !slices.ContainsFunc(append(f.oldKeys, f.key), func(key string) bool { return bytes.Equal(k, appendKey(nil, key)) }) {
				v.problem("%s: the key index leads from %q to % x, which never had it", s.name, k, id)
			}
		}
	})
}

// rows checks that the work and due indexes name nothing else.
func (v *verifier) rows(s *sourceTx) {
	each(s.work, func(k, _ []byte) {
		if f, ok := v.factsAt(s, k); !ok || f.outstanding == 0 {
			v.problem("%s: the work index has % x, which has no work", s.name, k)
		}
	})
	each(s.due, func(k, _ []byte) {
		if len(k) < 9 {
			v.problem("%s: the due index has a malformed row % x", s.name, k)
			return
		}
		if f, ok := v.factsAt(s, k[8:]); !ok || f.due != parseTime(k) {
			v.problem("%s: the due index has % x, which is not due then", s.name, k)
		}
	})
}

// log follows the chain over the decision log.
func (v *verifier) log() {
	var run chain
	days := v.daySpans()
	each(v.tx.Bucket([]byte(inLog)), func(k, b []byte) {
		if len(k) != 8 {
			v.problem("decision log: malformed number % x", k)
			return
		}
		seq, entry := binary.BigEndian.Uint64(k), logValue(b)
		if entry.isGap() {
			v.rep.Gaps++
			run = chain{seq: seq, hash: entry.gapHash()}
			return
		}
		v.rep.Decisions++
		if seq != run.seq+1 {
			v.problem("decision log: %d follows %d", seq, run.seq)
		}
		run = chain{seq: seq, hash: linkHash(run.hash, entry)}
		v.logEntry(seq, entry, days)
	})
	head := readChain(v.tx)
	switch {
	case head.seq != run.seq:
		v.problem("decision log: it ends at %d and should end at %d", run.seq, head.seq)
	case head.hash != run.hash:
		v.problem("decision log: the chain of hashes does not come out: an entry was changed since it was written")
	}
}

func (v *verifier) logEntry(seq uint64, entry logValue, days daySpans) {
	if _, err := v.tryLogged(seq, entry); err != nil {
		v.problem("decision log: %d does not decode: %v", seq, err)
		return
	}
	if entry.previous() >= seq {
		v.problem("decision log: %d says that %d came before it", seq, entry.previous())
	}
	if span, ok := days[dayOf(entry.at())]; !ok || seq < span[0] || seq > span[1] {
		v.problem("decision log: %d is not among the decisions of its day", seq)
	}
}

func (v *verifier) daySpans() daySpans {
	spans := daySpans{}
	each(v.tx.Bucket([]byte(inDays)), func(k, b []byte) {
		if len(k) != 4 || len(b) != 16 {
			v.problem("days: malformed row % x", k)
			return
		}
		spans[binary.BigEndian.Uint32(k)] = [2]uint64{binary.BigEndian.Uint64(b), binary.BigEndian.Uint64(b[8:])}
	})
	return spans
}
