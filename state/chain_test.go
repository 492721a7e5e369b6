package state

import (
	"bytes"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.etcd.io/bbolt"

	"github.com/lanekeeper/lanekeeper/internal/issue"
)

// chainedFile makes a real file with 20 entries, an act among them.
func chainedFile(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "lanekeeper.db")
	d, err := Open(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	commit(t, d, Batch{Source: "jira", Updates: firstPull("jira", 0, 9)})
	commit(t, d, Batch{Acts: []Act{{Verb: PausedWrites, Reason: "too much mail", By: issue.Person{Name: "op"}}}})
	commit(t, d, Batch{Source: "jira", Updates: firstPull("jira", 20, 10)})
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestVerifySaysWhereTheLogWasTamperedWith(t *testing.T) {
	alter := func(n uint64, old, new string) func(*bbolt.Bucket) error {
		return func(log *bbolt.Bucket) error {
			return log.Put(seqKey(n), bytes.Replace(log.Get(seqKey(n)), []byte(old), []byte(new), 1))
		}
	}
	tests := []struct {
		name  string
		spoil func(*bbolt.Bucket) error
		want  []string
	}{
		{"nothing", func(*bbolt.Bucket) error { return nil }, nil},
		{"an altered decision", alter(4, "first seen", "First seen"),
			[]string{"5 does not follow from 4: one of them was changed or moved"}},
		{"an altered act", alter(10, "too much", "Too much"),
			[]string{"11 does not follow from 10: one of them was changed or moved"}},
		{"an altered last entry", alter(20, "first seen", "First seen"),
			[]string{"does not come out at its end: 20 was changed since it was written"}},
		{"a removed entry", func(log *bbolt.Bucket) error { return log.Delete(seqKey(7)) },
			[]string{"8 follows 6: what was between them is gone"}},
		{"a removed first entry", func(log *bbolt.Bucket) error { return log.Delete(seqKey(1)) },
			[]string{"2 follows 0: what was between them is gone"}},
		{"two entries in each other's place", func(log *bbolt.Bucket) error {
			a, b := slices.Clone(log.Get(seqKey(5))), slices.Clone(log.Get(seqKey(6)))
			return firstError(log.Put(seqKey(5), b), log.Put(seqKey(6), a))
		}, []string{"5 does not follow from 4", "6 does not follow from 5", "7 does not follow from 6"}},
		{"a cut tail", func(log *bbolt.Bucket) error {
			for n := uint64(15); n <= 20; n++ {
				if err := log.Delete(seqKey(n)); err != nil {
					return err
				}
			}
			return nil
		}, []string{"it ends at 14 and should end at 20"}},
		{"a cut tail whose head was adjusted too", func(log *bbolt.Bucket) error {
			run := chain{}
			for n := uint64(1); n <= 14; n++ {
				run = chain{n, linkHash(run.hash, log.Get(seqKey(n)))}
			}
			for n := uint64(15); n <= 20; n++ {
				if err := log.Delete(seqKey(n)); err != nil {
					return err
				}
			}
			return run.write(log.Tx())
		}, []string{"it ends at 14, but day 2026-03-02 has a 20: its end was cut"}},
		{"the mark of a gap in the place of an entry", func(log *bbolt.Bucket) error {
			return log.Put(seqKey(7), gapValue(1, [32]byte{1}))
		}, []string{"8 does not follow from 7: one of them was changed or moved"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := chainedFile(t)
			rewrite(t, path, func(tx *bbolt.Tx) error { return tt.spoil(tx.Bucket([]byte(inLog))) })
			d, err := Open(path, Options{ReadOnly: true})
			if err != nil {
				t.Fatal(err)
			}
			defer d.Close()
			rep, err := d.Verify()
			if err != nil {
				t.Fatal(err)
			}
			of := slices.DeleteFunc(rep.Problems, func(p string) bool { return !strings.HasPrefix(p, "decision log: ") })
			if len(of) < len(tt.want) || len(tt.want) == 0 && len(of) > 0 {
				t.Fatalf("got %q, want %q", of, tt.want)
			}
			for n, want := range tt.want {
				if !strings.Contains(of[n], want) {
					t.Errorf("problem %d: %q does not say %q", n, of[n], want)
				}
			}
		})
	}
}

// TestALogOfAnOlderFileIsContinued has entries without a carried hash, as
// versions before wrote them, before new ones.
func TestALogOfAnOlderFileIsContinued(t *testing.T) {
	path := chainedFile(t)
	rewrite(t, path, func(tx *bbolt.Tx) error { return unlink(tx, 9) })
	open := func() *DB {
		d, err := Open(path, Options{})
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	d := open()
	commit(t, d, Batch{Source: "jira", Updates: firstPull("jira", 40, 2)})
	if rep, err := d.Verify(); err != nil || !rep.OK() || rep.Decisions != 11 {
		t.Fatalf("%+v, %v", rep, err)
	}
	if list, err := d.Log("jira", "10003", 0); err != nil || len(list) != 1 || list[0].Cause != "first seen" {
		t.Fatalf("%+v, %v", list, err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	rewrite(t, path, func(tx *bbolt.Tx) error {
		log := tx.Bucket([]byte(inLog))
		return log.Put(seqKey(4), bytes.Replace(log.Get(seqKey(4)), []byte("first seen"), []byte("First seen"), 1))
	})
	d = open()
	defer d.Close()
	rep, err := d.Verify()
	if err != nil || len(rep.Problems) != 1 || !strings.Contains(rep.Problems[0], "10 does not follow from one of 1 to 9") {
		t.Errorf("%q, %v", rep.Problems, err)
	}
}

// unlink makes the first n entries what earlier versions wrote, and ends the
// log there.
func unlink(tx *bbolt.Tx, n uint64) error {
	log, run := tx.Bucket([]byte(inLog)), chain{}
	for seq := uint64(1); log.Get(seqKey(seq)) != nil; seq++ {
		v := logValue(log.Get(seqKey(seq)))
		if seq > n {
			if err := log.Delete(seqKey(seq)); err != nil {
				return err
			}
			continue
		}
		old := append(slices.Clone(v[:logHeader]), v[logHeader+linkLen:]...)
		old[0] = valueVersion
		run = chain{seq, linkHash(run.hash, old)}
		if err := log.Put(seqKey(seq), old); err != nil {
			return err
		}
	}
	s := sourceOf(tx, "jira")
	for id := 20; id < 30; id++ {
		rec := sampleRecord("jira", id)
		key := appendID(nil, rec.Issue.ID)
		if err := firstError(s.records.Delete(key), s.unindexKey(foldKey(rec.Issue.Key), key), s.work.Delete(key)); err != nil {
			return err
		}
	}
	c, err := newCodec()
	if err != nil {
		return err
	}
	d := &DB{codec: c}
	if err := d.rebuild(tx, s); err != nil {
		return err
	}
	days := daySpans{}
	days.add(millis(epoch()), 1)
	days.add(millis(epoch()), n)
	if err := tx.DeleteBucket([]byte(inDays)); err != nil {
		return err
	}
	if _, err := tx.CreateBucket([]byte(inDays)); err != nil {
		return err
	}
	return firstError(days.write(tx), run.write(tx))
}

func TestTheChainCanBeFollowedFromItsRawValues(t *testing.T) {
	d := openTemp(t)
	commit(t, d, Batch{Source: "jira", Updates: firstPull("jira", 0, 700)})
	commit(t, d, Batch{Acts: []Act{{Verb: PausedWrites}}})
	commit(t, d, Batch{Source: "jira", Updates: firstPull("jira", 0, 9), Now: epoch().Add(500 * 24 * time.Hour)})
	dec, err := NewDecoder()
	if err != nil {
		t.Fatal(err)
	}
	follow := func() (seqs []uint64, gaps, acts int) {
		t.Helper()
		var run [32]byte
		err := d.Chain(func(x Chained) bool {
			again := dec.Chained(x.Seq, run, x.Raw)
			if df := cmp.Diff(x, again); df != "" || x.Err != nil {
				t.Fatalf("%d: %v %s", x.Seq, x.Err, df)
			}
			if x.Gap {
				gaps++
			} else if x.Before != run || x.Hash != Link(run, x.Raw) {
				t.Fatalf("%d does not follow", x.Seq)
			}
			if x.Act != nil {
				acts++
			}
			run = x.Hash
			seqs = append(seqs, x.Seq)
			return true
		})
		if err != nil {
			t.Fatal(err)
		}
		return seqs, gaps, acts
	}
	seqs, gaps, acts := follow()
	if len(seqs) != 710 || gaps != 0 || acts != 1 {
		t.Errorf("%d entries, %d gaps, %d acts", len(seqs), gaps, acts)
	}
	if _, err := d.Prune(epoch().Add(500*24*time.Hour), 24*time.Hour); err != nil {
		t.Fatal(err)
	}
	if seqs, gaps, _ = follow(); gaps == 0 || seqs[len(seqs)-1] != 710 {
		t.Errorf("after pruning: %d entries to %d, %d gaps", len(seqs), seqs[len(seqs)-1], gaps)
	}
	n := 0
	if err := d.Chain(func(Chained) bool { n++; return n < 3 }); err != nil || n != 3 {
		t.Errorf("stopped after %d, %v", n, err)
	}
}

func TestWritesAreVisitedInPages(t *testing.T) {
	d := openTemp(t)
	var b Batch
	b.Source = "jira"
	for n := range 1300 {
		b.Entries = append(b.Entries, Entry{Plan: "p-1", N: n, ID: "7", Key: "PAY-7", Status: EntryApplied,
			At: epoch().Add(time.Duration(n/10) * time.Second), Change: issue.Change{Field: issue.FieldLane, To: "lane:hotfix"}})
	}
	commit(t, d, b)
	dec, err := NewDecoder()
	if err != nil {
		t.Fatal(err)
	}
	var got []Entry
	err = d.Writes(epoch().Add(10*time.Second), epoch().Add(120*time.Second), "jira", func(e Entry, raw []byte) bool {
		again, err := dec.Write(raw)
		if err != nil || !cmp.Equal(e, again) {
			t.Fatalf("%v: %s", err, cmp.Diff(e, again))
		}
		got = append(got, e)
		return true
	})
	if err != nil || len(got) != 1100 || got[0].N != 100 || got[1099].N != 1199 {
		t.Errorf("%d writes, %v", len(got), err)
	}
	if err := d.Writes(time.Time{}, epoch().Add(time.Hour), "nothing", func(Entry, []byte) bool { t.Error("a write of nothing"); return true }); err != nil {
		t.Error(err)
	}
}
