package state_test

import (
	"errors"
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/state"
	"github.com/lanekeeper/lanekeeper/state/statetest"
	"pgregory.net/rapid"
)

// TestBothEnginesAgree runs random batches and prunings against both engines:
// whatever can be read must be the same, and the file must verify.
func TestBothEnginesAgree(t *testing.T) {
	t.Parallel()
	temp := t.TempDir
	rapid.Check(t, func(t *rapid.T) {
		w := newTwins(t, temp())
		now := statetest.Epoch()
		for range rapid.IntRange(1, 12).Draw(t, "steps") {
			now = now.Add(time.Duration(rapid.IntRange(-2, 300).Draw(t, "hours")) * time.Hour)
			if rapid.IntRange(0, 5).Draw(t, "step") == 0 {
				w.prune(t, now)
			} else {
				w.commit(t, now)
			}
		}
		w.compare(t, now)
		rep, err := w.db.Verify()
		if err != nil || !rep.OK() {
			t.Fatalf("verify: %v %q", err, rep.Problems)
		}
		if err := w.db.Close(); err != nil {
			t.Fatal(err)
		}
	})
}

type twins struct {
	db  *state.DB
	mem *state.Memory
}

func newTwins(t *rapid.T, dir string) twins {
	db, err := state.Open(dir+"/state.db", state.Options{})
	if err != nil {
		t.Fatal(err)
	}
	mem, err := state.NewMemory()
	if err != nil {
		t.Fatal(err)
	}
	return twins{db, mem}
}

func (w twins) prune(t *rapid.T, now time.Time) {
	keep := time.Duration(rapid.IntRange(0, 60).Draw(t, "keep")) * 24 * time.Hour
	a, err := w.db.Prune(now, keep)
	if err != nil {
		t.Fatal(err)
	}
	b, err := w.mem.Prune(now, keep)
	if err != nil || a != b {
		t.Fatalf("pruned %d and %d, %v", a, b, err)
	}
}

// commit stores the same batch in both, made twice so that they share nothing.
func (w twins) commit(t *rapid.T, now time.Time) {
	seed := rapid.Uint64().Draw(t, "batch")
	a, b := randomBatch(seed, now), randomBatch(seed, now)
	if err := w.db.Commit(a); err != nil {
		t.Fatal(err)
	}
	if err := w.mem.Commit(b); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(a, b); d != "" {
		t.Fatalf("the batches came out differently: %s", d)
	}
}

// compare reads everything from both.
func (w twins) compare(t *rapid.T, now time.Time) {
	far := now.Add(1e6 * time.Hour)
	reads := map[string]func(statetest.Store) any{
		"sources": func(s statetest.Store) any { return get(s.Sources()) },
		"plans":   func(s statetest.Store) any { return get(s.Plans("", 0)) },
		"policies": func(s statetest.Store) any {
			return []any{get(s.Policy("h0")), get(s.Policy("h1")), get(s.Policy("h2"))}
		},
		"log": func(s statetest.Store) any {
			var list []state.Logged
			err := s.LogBetween(time.Time{}, far, "", func(l state.Logged) bool { list = append(list, l); return true })
			return get(list, err)
		},
	}
	for _, source := range []string{"", "a", "b"} {
		reads["acts of "+source] = func(s statetest.Store) any {
			var list []state.Act
			err := s.Acts(now.Add(-400*time.Hour), far, source, func(a state.Act) bool { list = append(list, a); return true })
			return get(list, err)
		}
	}
	for _, source := range []string{"a", "b"} {
		reads["records of "+source] = func(s statetest.Store) any {
			var list []*state.Record
			err := s.Each(source, func(r *state.Record) bool { list = append(list, r); return true })
			return get(list, err)
		}
		reads["totals of "+source] = func(s statetest.Store) any { return get(s.Totals(source)) }
		reads["state of "+source] = func(s statetest.Store) any { return get(s.Source(source)) }
		reads["work of "+source] = func(s statetest.Store) any { return get(s.Work(source, "3", 4)) }
		reads["due of "+source] = func(s statetest.Store) any { return get(s.DueBefore(source, now, 0)) }
		reads["pending of "+source] = func(s statetest.Store) any { return get(s.Pending(source)) }
		reads["sent of "+source] = func(s statetest.Store) any { return get(s.EntriesSince(source, now.Add(-100*time.Hour))) }
		for id := range 8 {
			id := strconv.Itoa(id)
			reads["log of "+source+id] = func(s statetest.Store) any { return get(s.Log(source, id, 3)) }
			reads["entries of "+source+id] = func(s statetest.Store) any { return get(s.EntriesOf(source, id)) }
			reads["key "+source+id] = func(s statetest.Store) any { return get(s.Find(source, "p-"+id)) }
			reads["key "+id] = func(s statetest.Store) any { return get(s.Find("", "P-"+id)) }
		}
	}
	for p := range 3 {
		reads["entries of plan "+strconv.Itoa(p)] = func(s statetest.Store) any { return get(s.Entries(fmt.Sprintf("p-%d", p))) }
	}
	for what, read := range reads {
		if d := cmp.Diff(read(w.mem), read(w.db)); d != "" {
			t.Errorf("%s (-memory +bolt): %s", what, d)
		}
	}
}

// get makes a value and its error comparable.
func get(v any, err error) any {
	switch {
	case errors.Is(err, state.ErrNotFound):
		return "not found"
	case err != nil:
		return err.Error()
	}
	return v
}

// randomBatch makes a batch that touches few issues often.
func randomBatch(seed uint64, now time.Time) state.Batch {
	r := newRand(seed)
	b := state.Batch{Source: []string{"a", "b"}[r.IntN(2)], Now: now, Policies: map[string][]byte{}}
	for range r.IntN(6) {
		b.Updates = append(b.Updates, randomUpdate(r, b.Source, now))
	}
	for range r.IntN(4) {
		rec := randomUpdate(r, b.Source, now).Record
		b.Updates = append(b.Updates, state.Update{Record: rec}) // a pending change has a record
		b.Entries = append(b.Entries, statetest.Change(fmt.Sprintf("p-%d", r.IntN(3)), r.IntN(4), rec.Issue.ID, pick(r,
			state.EntryHeld, state.EntryPending, state.EntryApplied, state.EntryFailed)))
		b.Entries[len(b.Entries)-1].Source = b.Source
		b.Entries[len(b.Entries)-1].At = now
	}
	if r.IntN(3) == 0 {
		b.Plan = &state.Plan{ID: fmt.Sprintf("p-%d", r.IntN(3)), At: now, PolicyHash: hash(r),
			Status: pick(r, state.PlanHeld, state.PlanDone, state.PlanReplaced)}
	}
	if r.IntN(3) == 0 {
		b.State = &state.SourceState{Watermark: now, Policy: hash(r)}
	}
	for range r.IntN(3) {
		b.Acts = append(b.Acts, state.Act{Verb: pick(r, state.Approved, state.Overrode), ID: fmt.Sprint(r.IntN(8)),
			Source: pick(r, "", "a", "b"), PolicyHash: hash(r), At: now.Add(-time.Duration(r.IntN(99)) * time.Hour)})
	}
	for range r.IntN(2) {
		h := hash(r)
		b.Policies[h] = []byte("text of " + h)
	}
	return b
}

func randomUpdate(r *rnd, source string, now time.Time) state.Update {
	rec := statetest.Record(r.IntN(8), fmt.Sprintf("p-%d", r.IntN(8)), pick(r, "", "hotfix", "feature"))
	rec.Issue.Source = source
	rec.Issue.Gone = r.IntN(4) == 0
	rec.Issue.Status.Category = pick(r, issue.Backlog, issue.Started, issue.Completed)
	rec.Issue.Estimate = r.Float64()
	rec.Decision.PolicyHash = hash(r)
	rec.Decision.At = now.Truncate(time.Millisecond)
	rec.Seen = rec.Decision.At
	rec.Outstanding = r.IntN(2)
	if r.IntN(2) == 0 {
		rec.Due = now.Add(time.Duration(r.IntN(9)-4) * time.Hour)
	}
	if r.IntN(3) == 0 {
		rec.Parked = &state.Parked{Tries: 2}
		rec.Overrides = []state.Override{{Field: "lane", Kind: state.ByPerson}}
	}
	if r.IntN(3) == 0 {
		return state.Update{Record: rec}
	}
	return statetest.Logged(rec)
}
