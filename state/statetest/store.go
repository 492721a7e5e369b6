// Package statetest is the contract of a store: one suite of tests that every
// engine of package state must pass.
package statetest

import (
	"strconv"
	"testing"
	"time"

	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/policy"
	"github.com/lanekeeper/lanekeeper/state"
)

// Store is everything that the contract covers. Users of a store declare
// smaller interfaces of their own.
type Store interface {
	Commit(state.Batch) error
	Source(name string) (state.SourceState, error)
	Sources() ([]string, error)
	Totals(source string) (state.Totals, error)
	Records(source string, ids []string) ([]*state.Record, error)
	Find(source, key string) (*state.Record, error)
	Each(source string, fn func(*state.Record) bool) error
	Damaged(source string) ([]string, error)
	Work(source, after string, n int) ([]*state.Record, error)
	DueBefore(source string, t time.Time, n int) ([]string, error)
	Log(source, id string, limit int) ([]state.Logged, error)
	LogBetween(from, to time.Time, source string, fn func(state.Logged) bool) error
	LogEntry(seq uint64) (state.Logged, error)
	Plans(source string, limit int) ([]state.Plan, error)
	Plan(id string) (state.Plan, error)
	Entries(plan string) ([]state.Entry, error)
	Pending(source string) ([]state.Entry, error)
	EntriesSince(source string, t time.Time) ([]state.Entry, error)
	EntriesOf(source, id string) ([]state.Entry, error)
	Policy(hash string) ([]byte, error)
	Paused() (state.Pause, error)
	SetPaused(state.Pause) error
	Prune(now time.Time, keepDecisions time.Duration) (int, error)
	PutAlerts([]state.Alert) error
	LiveAlerts() ([]state.Alert, error)
	NewestAlert(id string) (state.Alert, error)
	EachAlert(since time.Time, fn func(state.Alert) bool) error
	PruneAlerts(now time.Time, keep time.Duration) (int, error)
	Size() int64
}

// Opener makes an empty store that is closed and checked when the test ends.
type Opener func(t *testing.T) Store

// Run runs the contract against an engine.
func Run(t *testing.T, open Opener) {
	for _, suite := range [][]testCase{recordCases(), logCases(), planCases(), pruneCases(), alertCases()} {
		for _, c := range suite {
			t.Run(c.name, func(t *testing.T) { c.run(t, world{T: t, Store: open(t)}) })
		}
	}
}

type testCase struct {
	name string
	run  func(t *testing.T, w world)
}

// world is a store with the helpers that tests speak in.
type world struct {
	*testing.T
	Store
}

// Epoch is the present of the suite's fixtures.
func Epoch() time.Time { return time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC) }

const (
	hour = time.Hour
	day  = 24 * time.Hour
)

// Record makes an open issue with a decision in a lane.
func Record(id int, key, lane string) *state.Record {
	return &state.Record{
		Issue: issue.Issue{
			ID: strconv.Itoa(id), Key: key, Source: "jira", Project: "PAY", Kind: issue.Bug, Title: "Checkout fails",
			Status: issue.Status{Name: "To Do", Category: issue.Unstarted}, Estimate: 1.5,
			Created: Epoch().Add(-30 * day), Updated: Epoch().Add(-day),
		},
		Decision: policy.Decision{
			At: Epoch(), PolicyHash: "aa11", Lane: lane, Priority: issue.High, Score: 71.25,
			Marks: map[string]string{"moscow": "must"},
		},
		Seen: Epoch(),
	}
}

// Logged makes the update that stores a record and logs its decision.
func Logged(r *state.Record) state.Update {
	return state.Update{Record: r, Decision: &r.Decision, Cause: "updated in Jira"}
}

func (w world) commit(b state.Batch) {
	w.Helper()
	if b.Source == "" {
		b.Source = "jira"
	}
	if b.Now.IsZero() {
		b.Now = Epoch()
	}
	if err := w.Commit(b); err != nil {
		w.Fatalf("commit: %v", err)
	}
}

// store commits records without logging.
func (w world) store(records ...*state.Record) {
	w.Helper()
	var b state.Batch
	for _, r := range records {
		b.Updates = append(b.Updates, state.Update{Record: r})
	}
	w.commit(b)
}

// log commits records and logs their decisions.
func (w world) log(records ...*state.Record) {
	w.Helper()
	var b state.Batch
	for _, r := range records {
		b.Updates = append(b.Updates, Logged(r))
	}
	w.commit(b)
}

// must returns a value whose error ends the test.
func must[V any](t testing.TB) func(v V, err error) V {
	return func(v V, err error) V {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func ids(list []*state.Record) []string {
	var out []string
	for _, r := range list {
		if r == nil {
			out = append(out, "-")
			continue
		}
		out = append(out, r.Issue.ID)
	}
	return out
}

func places(list []state.Entry) []string {
	var out []string
	for _, e := range list {
		out = append(out, e.Plan+"/"+strconv.Itoa(e.N))
	}
	return out
}

func seqs(list []state.Logged) []uint64 {
	var out []uint64
	for _, l := range list {
		out = append(out, l.Seq)
	}
	return out
}
