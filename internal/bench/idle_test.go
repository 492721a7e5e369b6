package bench

import (
	"encoding/json"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/lanekeeper/lanekeeper/internal/app"
	"github.com/lanekeeper/lanekeeper/internal/bench/fastserver"
	"github.com/lanekeeper/lanekeeper/internal/config"
)

// TestQuietCycle measures a cycle of a daemon in which nothing changed: its
// requests, and its CPU time over many cycles.
func TestQuietCycle(t *testing.T) {
	for _, shape := range shapes() {
		t.Run(shape, func(t *testing.T) { quietCycle(t, shape) })
	}
}

func quietCycle(t *testing.T, shape string) {
	server := start(t, fastserver.Options{Issues: *issueCount})
	p := install(t, shape, server.base, "observe", "")
	if out, err := p.cmd("once").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	a := p.open()
	defer func() {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	}()
	cycle := func() {
		if err := a.Cycle(t.Context(), "big"); err != nil {
			t.Fatal(err)
		}
	}
	cycle() // the first one after a start reads what the daemon remembers then
	server.counts()
	const cycles = 20
	before := ownCPU(t)
	for range cycles {
		cycle()
	}
	cpu := (ownCPU(t) - before) / cycles
	requests := server.counts()
	per := float64(sum(requests, "")) / cycles
	report(t, "%-6s %7d issues, nothing changed: %.1f requests and %.2f ms of CPU a cycle; %v", shape, *issueCount, per, float64(cpu.Microseconds())/1000, requests)
	if per > 3 {
		t.Errorf("%v requests a cycle, want at most 3", per)
	}
}

// open is the app on this installation, inside this process.
func (p place) open() *app.App {
	p.t.Helper()
	env := func(name string) (string, bool) {
		if name == "BENCH_TOKEN" {
			return "token", true
		}
		return os.LookupEnv(name)
	}
	cfg, err := config.Load(p.config, env)
	if err != nil {
		p.t.Fatal(err)
	}
	a, err := app.New(cfg, app.Options{Env: env})
	if err != nil {
		p.t.Fatal(err)
	}
	return a
}

// TestAlike measures relabelling a backlog of issues that all change in the
// same way, by the requests that reach the server.
func TestAlike(t *testing.T) {
	for _, shape := range shapes() {
		if shape != "dc" { // it has no bulk edits: one PUT an issue
			t.Run(shape, func(t *testing.T) { relabel(t, shape) })
		}
	}
}

func relabel(t *testing.T, shape string) {
	server := start(t, fastserver.Options{Issues: *alike, Alike: true})
	p := install(t, shape, server.base, "enforce", fmt.Sprintf("guard: {max_changes: %d, max_share: 1}\n", *alike))
	began := time.Now()
	out, err := p.cmd("once", "--json").Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, out[:min(len(out), 2000)])
	}
	var answer struct{ Sources []struct{ Changed int } }
	if err := json.Unmarshal(out, &answer); err != nil {
		t.Fatal(err)
	}
	requests := server.counts()
	writes := sum(requests, "PUT") + sum(requests, "bulk/issues/fields") + sum(requests, "Update") + sum(requests, "Create")
	report(t, "%-6s %7d issues relabelled alike (%d changed): %d write requests, %.1f s; %v", shape, *alike, answer.Sources[0].Changed, writes, time.Since(began).Seconds(), requests)
	most := map[string]int{"cloud": *alike/1000 + 2, "linear": (*alike+49)/50 + 5}[shape]
	if answer.Sources[0].Changed != *alike || writes > most {
		t.Errorf("%d issues changed with %d write requests, want %d with at most %d", answer.Sources[0].Changed, writes, *alike, most)
	}
	server.counts()
	if out, err := p.cmd("once").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	again := server.counts()
	if n := sum(again, "PUT") + sum(again, "bulk/issues") + sum(again, "Update"); n > 0 {
		t.Errorf("the second run wrote %d times", n)
	}
}
