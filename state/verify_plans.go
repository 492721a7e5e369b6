package state

import (
	"bytes"

	"go.etcd.io/bbolt"
)

// plans checks that every plan decodes and is listed by its source.
func (v *verifier) plans() {
	each(v.tx.Bucket([]byte(inPlans)), func(k, value []byte) {
		v.rep.Plans++
		var p storedPlan
		if err := v.codec.read(value, &p); err != nil {
			v.problem("plan %q does not decode: %v", k, err)
			return
		}
		s := sourceOf(v.tx, p.Source)
		if s == nil || s.plans.Get(planKey(p.At, string(k))) == nil {
			v.problem("plan %q is not listed by its source %q", k, p.Source)
		}
	})
}

// planRows checks that a source lists only plans that there are.
func (v *verifier) planRows(s *sourceTx) {
	plans := v.tx.Bucket([]byte(inPlans))
	each(s.plans, func(k, _ []byte) {
		if len(k) < 9 {
			v.problem("%s: the plan index has a malformed row % x", s.name, k)
			return
		}
		var p storedPlan
		value := plans.Get(k[8:])
		if value == nil || v.codec.read(value, &p) == nil && (p.Source != s.name || p.At != parseTime(k)) {
			v.problem("%s: the plan index has %q, which is not its plan", s.name, k[8:])
		}
	})
}

// entries checks that every change decodes, has its rows, and, while it is
// pending, a record.
func (v *verifier) entries() {
	each(v.tx.Bucket([]byte(inEntries)), func(k, value []byte) {
		v.rep.Entries++
		if _, _, ok := parseEntryKey(k); !ok {
			v.problem("entries: malformed key %q", k)
			return
		}
		var e storedEntry
		if err := v.codec.read(value, &e); err != nil {
			v.problem("entry %q does not decode: %v", k, err)
			return
		}
		s := sourceOf(v.tx, e.Source)
		if s == nil {
			v.problem("entry %q belongs to %q, which is unknown", k, e.Source)
			return
		}
		v.entry(s, k, &e)
	})
}

func (v *verifier) entry(s *sourceTx, k []byte, e *storedEntry) {
	pending := e.Status == EntryPending
	if pending != (s.pending.Get(k) != nil) {
		v.problem("%s: entry %q is %s and the index of pending ones says otherwise", s.name, k, e.Status)
	}
	if pending && s.records.Get(appendID(nil, e.ID)) == nil {
		v.problem("%s: entry %q is pending and its issue %s has no record", s.name, k, e.ID)
	}
	if e.At != 0 && s.sent.Get(sentKey(e.At, k)) == nil {
		v.problem("%s: entry %q is not in the index by time", s.name, k)
	}
	if s.touched.Get(touchedKey(e.ID, k)) == nil {
		v.problem("%s: entry %q is not in the index by issue", s.name, k)
	}
}

// entryRows checks that the indexes of entries name nothing else.
func (v *verifier) entryRows(s *sourceTx) {
	check := func(b *bbolt.Bucket, what string, key func(row []byte) []byte, row func(k []byte, e *storedEntry) []byte) {
		entries := v.tx.Bucket([]byte(inEntries))
		each(b, func(r, _ []byte) {
			k := key(r)
			value := entries.Get(k)
			var e storedEntry
			if value == nil || v.codec.read(value, &e) == nil && (e.Source != s.name || !bytes.Equal(row(k, &e), r)) {
				v.problem("%s: the index of entries by %s has % x, which is no such entry", s.name, what, r)
			}
		})
	}
	check(s.pending, "status", func(r []byte) []byte { return r }, func(k []byte, e *storedEntry) []byte {
		if e.Status != EntryPending {
			return nil
		}
		return k
	})
	check(s.sent, "time", func(r []byte) []byte { return r[min(8, len(r)):] },
		func(k []byte, e *storedEntry) []byte { return sentKey(e.At, k) })
	check(s.touched, "issue", afterID, func(k []byte, e *storedEntry) []byte { return touchedKey(e.ID, k) })
}

// policies checks that every text decodes.
func (v *verifier) policies() {
	each(v.tx.Bucket([]byte(inPolicies)), func(k, value []byte) {
		if err := v.codec.read(value, &storedPolicy{}); err != nil {
			v.problem("policy %s does not decode: %v", k, err)
		}
	})
}
