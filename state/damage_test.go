package state

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.etcd.io/bbolt"
)

// spoil changes values of an open store behind its back.
func spoil(t *testing.T, d *DB, fn func(*bbolt.Tx) error) {
	t.Helper()
	if err := d.bolt.Update(fn); err != nil {
		t.Fatal(err)
	}
}

func TestADamagedRecordIsSkippedReportedAndHealedByAPull(t *testing.T) {
	d := openTemp(t)
	commit(t, d, Batch{Source: "jira", Updates: firstPull("jira", 0, 5)})
	commit(t, d, Batch{Source: "jira", Updates: firstPull("jira", 1, 1)})
	spoil(t, d, func(tx *bbolt.Tx) error {
		s := sourceOf(tx, "jira")
		cut := slices.Clone(s.records.Get(appendID(nil, "10001")))
		cut[recordHeader] = 0xff // not CBOR; the header still tells its place in the log
		if err := s.records.Put(appendID(nil, "10001"), cut); err != nil {
			return err
		}
		return s.records.Put(appendID(nil, "10003"), nil)
	})
	var seen []string
	if err := d.Each("jira", func(r *Record) bool { seen = append(seen, r.Issue.ID); return true }); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"10000", "10002", "10004"}, seen); diff != "" {
		t.Error(diff)
	}
	damaged, err := d.Damaged("jira")
	if diff := cmp.Diff([]string{"10001", "10003"}, damaged); diff != "" || err != nil {
		t.Error(diff, err)
	}
	if got, err := d.Records("jira", []string{"10001", "10002"}); err != nil || got[0] != nil || got[1] == nil {
		t.Errorf("%v, %v", got, err)
	}
	rep, err := d.Verify()
	if err != nil || rep.OK() || !strings.Contains(strings.Join(rep.Problems, "\n"), "does not decode") {
		t.Errorf("%q, %v", rep.Problems, err)
	}

	commit(t, d, Batch{Source: "jira", Updates: firstPull("jira", 1, 1)})
	commit(t, d, Batch{Source: "jira", Updates: firstPull("jira", 3, 1)})
	if rep, err := d.Verify(); err != nil || !rep.OK() || rep.Records != 5 {
		t.Errorf("%+v, %v", rep, err)
	}
	if damaged, err := d.Damaged("jira"); err != nil || len(damaged) != 0 {
		t.Errorf("still damaged: %v", damaged)
	}
	if log, err := d.Log("jira", "10001", 0); err != nil || len(log) != 3 {
		t.Errorf("the history was lost: %d, %v", len(log), err)
	}
	if tot, err := d.Totals("jira"); err != nil || tot.Issues != 5 {
		t.Errorf("%+v, %v", tot, err)
	}
}

func TestEveryDamagedKindOfValueIsSurvived(t *testing.T) {
	d := openTemp(t)
	commit(t, d, Batch{
		Source: "jira", Updates: firstPull("jira", 0, 5), State: &SourceState{Watermark: epoch()},
		Plan:     &Plan{ID: "p-1", At: epoch(), Status: PlanHeld},
		Entries:  []Entry{{Plan: "p-1", N: 0, ID: "10001", Status: EntryPending, At: epoch()}, {Plan: "p-1", N: 1, ID: "10001", Status: EntryPending, At: epoch()}},
		Policies: map[string][]byte{sampleHash: []byte("text")},
	})
	if err := d.SetPaused(Pause{}); err != nil {
		t.Fatal(err)
	}
	junk := []byte{valueVersion, 0xff, 0xff}
	spoil(t, d, func(tx *bbolt.Tx) error {
		s := sourceOf(tx, "jira")
		return firstError(
			s.root.Put([]byte(keyState), junk),
			s.root.Put([]byte(keySums), junk),
			tx.Bucket([]byte(inMeta)).Put([]byte(keyPause), junk),
			tx.Bucket([]byte(inPlans)).Put([]byte("p-1"), junk),
			tx.Bucket([]byte(inEntries)).Put(appendEntryKey(nil, "p-1", 0), []byte{9}),
			tx.Bucket([]byte(inPolicies)).Put([]byte(sampleHash), junk),
			tx.Bucket([]byte(inLog)).Put(seqKey(3), junk),
			s.due.Put([]byte("12345678\x09"), nil),
			s.keys.Put(appendKey(nil, "gone-1"), []byte{200}),
		)
	})
	if st, err := d.Source("jira"); err != nil || !reflect.DeepEqual(st, SourceState{}) {
		t.Errorf("a damaged state must ask for a new pull: %+v, %v", st, err)
	}
	if p, err := d.Paused(); err != nil || !p.On {
		t.Errorf("a damaged switch must count as on: %+v, %v", p, err)
	}
	if list, err := d.Plans("jira", 0); err != nil || len(list) != 0 {
		t.Errorf("%v, %v", list, err)
	}
	if list, err := d.Pending("jira"); err != nil || len(list) != 1 {
		t.Errorf("%v, %v", list, err)
	}
	if _, err := d.Policy(sampleHash); err == nil {
		t.Error("a damaged policy was read")
	}
	if got, err := d.Records("jira", []string{"10002", "10003"}); err != nil || got[0] != nil || got[1] == nil {
		t.Errorf("the record whose decision is damaged: %v, %v", got, err)
	}
	if _, err := d.Find("jira", "gone-1"); err == nil {
		t.Error("found nothing")
	}
	if _, err := d.DueBefore("jira", epoch().AddDate(9e3, 0, 0), 0); err != nil {
		t.Error(err)
	}
	rep, err := d.Verify()
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"jira: the state of the source", "totals", "plan \"p-1\"", "entry \"p-1", "policy " + sampleHash,
		"decision log: 3 does not decode", "does not follow from", "due index", "key index", "record"} {
		if !strings.Contains(strings.Join(rep.Problems, "\n"), part) {
			t.Errorf("the report does not name %s: %q", part, rep.Problems)
		}
	}

	// What a next cycle stores makes it whole again, but for what is past.
	commit(t, d, Batch{Source: "jira", Updates: firstPull("jira", 0, 5), State: &SourceState{Watermark: epoch()}})
	if tot, err := d.Totals("jira"); err != nil || tot.Issues != 5 {
		t.Errorf("%+v, %v", tot, err)
	}
	if _, err := d.Prune(epoch(), 0); err != nil {
		t.Error(err)
	}
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func TestVerifyNoticesAChangedDecision(t *testing.T) {
	d := openTemp(t)
	commit(t, d, Batch{Source: "jira", Updates: firstPull("jira", 0, 9)})
	spoil(t, d, func(tx *bbolt.Tx) error {
		log := tx.Bucket([]byte(inLog))
		v := slices.Clone(log.Get(seqKey(4)))
		at := strings.Index(string(v), "first seen")
		v[at] = 'F'
		return log.Put(seqKey(4), v)
	})
	rep, err := d.Verify()
	if err != nil || len(rep.Problems) != 1 || !strings.Contains(rep.Problems[0], "was changed or moved since it was written") {
		t.Errorf("%q, %v", rep.Problems, err)
	}
}

func TestVerifyNoticesAChangedAct(t *testing.T) {
	d := openTemp(t)
	commit(t, d, Batch{Source: "jira", Updates: firstPull("jira", 0, 2)})
	commit(t, d, Batch{Acts: []Act{{Verb: PausedWrites, Reason: "too much mail"}, {Verb: ResumedWrites}}})
	rep, err := d.Verify()
	if err != nil || !rep.OK() || rep.Decisions != 2 || rep.Acts != 2 {
		t.Fatalf("%+v, %v", rep, err)
	}
	spoil(t, d, func(tx *bbolt.Tx) error {
		log := tx.Bucket([]byte(inLog))
		v := slices.Clone(log.Get(seqKey(3)))
		v[strings.Index(string(v), "too much")] = 'T'
		return log.Put(seqKey(3), v)
	})
	rep, err = d.Verify()
	if err != nil || len(rep.Problems) != 1 || !strings.Contains(rep.Problems[0], "was changed or moved since it was written") {
		t.Errorf("%q, %v", rep.Problems, err)
	}
}

func TestVerifyNoticesAMissingDecision(t *testing.T) {
	d := openTemp(t)
	commit(t, d, Batch{Source: "jira", Updates: firstPull("jira", 0, 9)})
	spoil(t, d, func(tx *bbolt.Tx) error { return tx.Bucket([]byte(inLog)).Delete(seqKey(4)) })
	rep, err := d.Verify()
	if err != nil || !strings.Contains(strings.Join(rep.Problems, "\n"), "decision log: 5 follows 3") {
		t.Errorf("%q, %v", rep.Problems, err)
	}
}

// TestVerifyNoticesEveryLostIndexRow takes one row after another out of each
// index, and puts a wrong one into each.
func TestVerifyNoticesEveryLostIndexRow(t *testing.T) {
	for _, name := range []string{inKeys, inWork, inDue, inPlans, inPending, inSent, inTouched} {
		for _, what := range []string{"lost", "wrong"} {
			t.Run(name+" "+what, func(t *testing.T) {
				d := openTemp(t)
				list := firstPull("jira", 0, 3)
				list[1].Record.Due = epoch()
				commit(t, d, Batch{Source: "jira", Updates: list, Plan: &Plan{ID: "p-1", At: epoch()},
					Entries: []Entry{{Plan: "p-1", N: 0, ID: "10001", Status: EntryPending, At: epoch()}}})
				spoil(t, d, func(tx *bbolt.Tx) error {
					b := sourceOf(tx, "jira").root.Bucket([]byte(name))
					k, _ := b.Cursor().First()
					if what == "lost" {
						return b.Delete(slices.Clone(k))
					}
					return b.Put(append(slices.Clone(k), 7), nil)
				})
				if rep, err := d.Verify(); err != nil || len(rep.Problems) != 1 {
					t.Errorf("%q, %v", rep.Problems, err)
				}
			})
		}
	}
}

// spoiledFile makes a file with some records, closed, and damages its bytes.
func spoiledFile(t *testing.T, fn func([]byte) []byte) string {
	t.Helper()
	d := openTemp(t)
	for n := range 4 {
		commit(t, d, Batch{Source: "jira", Updates: firstPull("jira", n*100, 100)})
	}
	path := filepath.Join(t.TempDir(), "spoiled.db")
	if err := d.BackupTo(path); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, fn(b), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestAFileThatWasCutOrIsNoneIsRefused(t *testing.T) {
	for name, fn := range map[string]func([]byte) []byte{
		"cut in the middle":   func(b []byte) []byte { return b[:len(b)/2] },
		"cut to its head":     func(b []byte) []byte { return b[:8192] },
		"cut within its head": func(b []byte) []byte { return b[:100] },
		"zeroed head":         func(b []byte) []byte { clear(b[:8192]); return b },
		"random bytes":        func(b []byte) []byte { r := rand.NewChaCha8([32]byte{1}); _, _ = r.Read(b); return b },
		"a text":              func([]byte) []byte { return []byte(strings.Repeat("not a state file\n", 999)) },
	} {
		t.Run(name, func(t *testing.T) {
			path := spoiledFile(t, fn)
			_, err := Open(path, Options{})
			wantError(t, err, ErrCorrupt, path, "damaged", "restore a backup")
			if _, err := os.Stat(path); err != nil {
				t.Error("the file is gone")
			}
			again, err := os.OpenFile(path, os.O_RDWR, 0)
			if err != nil {
				t.Fatal(err)
			}
			again.Close()
		})
	}
}

// TestDamagedPagesEndInAnErrorNotInAPanic zeroes or fills each page of a file
// in turn and uses the store.
func TestDamagedPagesEndInAnErrorNotInAPanic(t *testing.T) {
	t.Parallel()
	whole, err := os.ReadFile(spoiledFile(t, func(b []byte) []byte { return b }))
	if err != nil {
		t.Fatal(err)
	}
	r := rand.NewChaCha8([32]byte{7})
	path := filepath.Join(t.TempDir(), "page.db")
	noticed := 0
	pages := len(whole) / 4096
	for page := 2; page < pages; page += max(1, pages/40) {
		for _, random := range []bool{false, true} {
			b := slices.Clone(whole)
			at := b[page*4096 : (page+1)*4096]
			clear(at)
			if random {
				_, _ = r.Read(at[16:]) // behind the page's own header
			}
			if err := os.WriteFile(path, b, 0o600); err != nil {
				t.Fatal(err)
			}
			if useDamaged(t, path) {
				noticed++
			}
		}
	}
	if noticed < pages/4 {
		t.Errorf("only %d damages of %d pages were noticed", noticed, pages)
	}
}

// useDamaged tries everything on a damaged file and tells whether it was
// noticed.
func useDamaged(t *testing.T, path string) (noticed bool) {
	t.Helper()
	d, err := Open(path, Options{})
	if err != nil {
		return true
	}
	rep, err := d.Verify()
	noticed = err != nil || !rep.OK()
	_ = d.Each("jira", func(*Record) bool { return true })
	_, _ = d.Find("", "PAY-7")
	_, _ = d.Work("jira", "", 0)
	_ = d.Commit(Batch{Source: "jira", Updates: firstPull("jira", 350, 100), Now: epoch()})
	_, _ = d.Stats()
	_ = d.Close()
	return noticed
}
