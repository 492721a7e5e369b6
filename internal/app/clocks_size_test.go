package app

import (
	"fmt"
	"log/slog"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/lanekeeper/lanekeeper/internal/config"
	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/policy"
	"github.com/lanekeeper/lanekeeper/state"
)

// underSLA is a record whose clock runs, with a history of six changes.
func underSLA(n int, now time.Time) *state.Record {
	r := &state.Record{
		Issue: issue.Issue{
			ID: fmt.Sprint(n), Key: fmt.Sprintf("PAY-%d", n), Source: "payments", Project: "PAY", Created: now.Add(-time.Hour), Updated: now,
			Status: issue.Status{Name: "Open", Category: issue.Unstarted},
		},
		Memory: policy.Memory{Lane: "hotfix", LaneSince: now}, Decision: policy.Decision{At: now, PolicyHash: "aa", Lane: "hotfix", SLA: "urgent-fix"},
		Clock: &state.Clock{
			SLA: "urgent-fix", Lanes: []state.Stay{{Lane: "hotfix", From: now}}, Read: now, Kept: "false false true []",
			History: issue.History{Complete: true, CommentsRead: true},
		},
	}
	ann := issue.Actor{Person: issue.Person{ID: "ann", Name: "Ann"}}
	for k := range 6 {
		r.Clock.History.Events = append(r.Clock.History.Events, issue.Event{At: now.Add(-time.Duration(60-k) * time.Minute), By: ann, Field: issue.FieldStatus, From: "Open", To: "Open"})
	}
	return r
}

// heap is what is in use, without what pools keep for a while.
func heap() int64 {
	for range 3 {
		runtime.GC()
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// The demand is 100,000 clocks in 64 MiB, timers and all; a tenth of both is
// tried.
func TestClocksOfManyIssuesFitIntoLittleMemory(t *testing.T) {
	const issues, most = 10_000, 64 << 20 / 10
	cfg, err := config.Parse(filepath.Join(t.TempDir(), "demo.yaml"), demoConfig, config.Options{Env: func(k string) (string, bool) { v, ok := demoEnv[k]; return v, ok }})
	fatal(t, err)
	a, err := New(cfg, Options{Log: slog.New(slog.DiscardHandler)})
	fatal(t, err)
	defer func() { fatal(t, a.Close()) }()
	now := time.Now().UTC().Truncate(time.Millisecond)
	batch := state.Batch{Source: "payments", Now: now}
	for n := range issues {
		batch.Updates = append(batch.Updates, state.Update{Record: underSLA(n+1, now)})
	}
	fatal(t, a.store.Commit(batch))
	batch.Updates = nil
	before := heap()
	began := time.Now()
	a.buildClocks(a.current())
	took := time.Since(began)
	held := heap() - before
	k := a.clocks.sources["payments"]
	if len(k.issues) != issues || a.clocks.timers.Len() != issues {
		t.Fatalf("%d clocks and %d timers of %d issues", len(k.issues), a.clocks.timers.Len(), issues)
	}
	if held <= 0 {
		t.Errorf("%d clocks hold %d bytes: the measurement is wrong", issues, held)
	}
	if held > most {
		t.Errorf("%d clocks hold %d bytes, want at most %d", issues, held, most)
	}
	began = time.Now()
	a.watchClocks(a.current(), a.current().sources[0])
	t.Logf("%d clocks: built in %v, %d KiB, looked through after a cycle in %v", issues, took, held>>10, time.Since(began))
}
