package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lanekeeper/lanekeeper/connectors/jira/jiratest"
	"github.com/lanekeeper/lanekeeper/connectors/linear/lineartest"
	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/internal/web"
	"github.com/lanekeeper/lanekeeper/state"
)

// run starts the loops of the daemon, without its web server, and returns what
// stops them and waits.
func (w *world) run() (stop func()) {
	ctx, cancel := context.WithCancel(w.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		w.app.engines(ctx)
	}()
	return func() {
		cancel()
		<-done
	}
}

// TestTheDaemonThroughAnHourOfTrouble runs the loops for an hour in which one
// tracker is of no use: it is asked seldom, the other source keeps its pace,
// and what people did meanwhile is put in order soon after.
func TestTheDaemonThroughAnHourOfTrouble(t *testing.T) {
	for _, tr := range []struct {
		name  string
		kinds []string
		cause func(*world)
		// most requests in the hour, attempts included
		most int
	}{
		{"5xx", anyTracker, struck(jiratest.ServerError(503), lineartest.Fault{Kind: lineartest.Status, Status: 503}), 70},
		{"429 without an end", anyTracker, struck(jiratest.TooMany(jiratest.ReasonBurst, 20*time.Second, time.Time{}), lineartest.Fault{Kind: lineartest.RateLimited}), 70},
		{"no connection", anyTracker, struck(jiratest.Fault{Abort: true}, lineartest.Fault{Kind: lineartest.Drop}), 70},
		{"slow drip", anyJira, struck(jiratest.Fault{Drip: 1, DripPause: time.Minute}, lineartest.Fault{}), 70},
		{"a dead credential", anyTracker, func(w *world) {
			if w.hurt.jira != nil {
				w.hurt.jira.RevokeToken()
			} else {
				w.hurt.linear.RevokeKey()
			}
		}, 6},
	} {
		for _, kind := range tr.kinds {
			t.Run(tr.name+"/"+kind, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					w := newWorld(t, kind)
					w.start()
					defer func() { w.stop() }()
					stop := w.run()
					defer func() { stop() }()
					time.Sleep(5*time.Minute + 7*time.Second) // not in step with the loops
					w.note()
					w.orderly()
					if r := w.ready(); len(r) > 0 {
						t.Errorf("not ready: %v", r)
					}
					tr.cause(w)
					before := w.hurt.requests()
					for n := range 6 {
						w.hurt.create(fmt.Sprintf("Outage %d", n), "")
						began := time.Now()
						fresh := w.other.create(fmt.Sprintf("Outage %d of the other", n), "")
						time.Sleep(10 * time.Minute)
						if at := w.other.updated(fresh); w.other.lane(fresh) == "" || at.Sub(began) > 65*time.Second {
							t.Errorf("the other source wrote %q %s after the change", w.other.lane(fresh), at.Sub(began))
						}
					}
					if n := w.hurt.requests() - before; n == 0 || n > tr.most {
						t.Errorf("%d requests in the hour, want at most %d", n, tr.most)
					}
					if r := w.ready(); r["hurt"] == "" || r["other"] != "" {
						t.Errorf("readiness: %v", r)
					}
					if w.metric("cycle_consecutive_failures", "source", "hurt") < 3 || w.metric("cycle_consecutive_failures", "source", "other") != 0 {
						t.Error("the failures are not counted")
					}
					if n := strings.Count(w.log.String(), "cycle failed"); n == 0 || n > 5 {
						t.Errorf("the log tells of the failure %d times:\n%s", n, w.log)
					}
					mended(w)
					if w.hurt.jira != nil {
						w.hurt.jira.RestoreToken()
					} else {
						w.hurt.linear.RestoreKey()
					}
					time.Sleep(26 * time.Minute) // a refused credential is tried again after 15 minutes, a source after 10
					w.note()
					w.orderly()
					if r := w.ready(); len(r) > 0 {
						t.Errorf("not ready after the trouble: %v", r)
					}
					stop()
					w.quiet()
					w.sound()
				})
			})
		}
	}
}

// requests counts what reached the tracker.
func (p *place) requests() int {
	if p.jira != nil {
		return len(p.jira.Requests())
	}
	return p.linear.Counters().Requests
}

// interrupt calls f once, at the first request that fits.
func interrupt(source string, fits func(*http.Request) bool, f func()) func(string, http.RoundTripper) http.RoundTripper {
	var once sync.Once
	return func(s string, next http.RoundTripper) http.RoundTripper {
		return roundTrip(func(r *http.Request) (*http.Response, error) {
			if s == source && fits(r) {
				once.Do(f)
			}
			return next.RoundTrip(r)
		})
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// writes tells the requests that change something.
func writes(r *http.Request) bool {
	if strings.HasSuffix(r.URL.Path, "/graphql") {
		body, err := r.GetBody()
		if err != nil {
			return false
		}
		b, err := io.ReadAll(body)
		return err == nil && strings.Contains(string(b), `"query":"mutation`)
	}
	return r.Method == http.MethodPut || r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/bulk/issues/fields")
}

// reads tells the requests that read issues.
func reads(r *http.Request) bool {
	return !writes(r) && (strings.Contains(r.URL.Path, "search") || strings.HasSuffix(r.URL.Path, "/graphql"))
}

// TestStoppedInMidCycle runs the whole daemon with its listener, stops it at
// its first read or write, and starts it again: nothing is lost and nothing is
// written twice.
func TestStoppedInMidCycle(t *testing.T) {
	for name, fits := range map[string]func(*http.Request) bool{"at the first read": reads, "at the first write": writes} {
		for _, kind := range anyTracker {
			t.Run(name+"/"+kind, func(t *testing.T) {
				t.Parallel()
				w := newWorld(t, kind)
				w.note()
				ctx, stop := context.WithCancel(t.Context())
				defer stop()
				w.between = interrupt("hurt", fits, stop)
				w.start()
				var address net.Addr
				fatal(t, w.app.Run(ctx, func(a net.Addr) { address = a }))
				if conn, err := net.Dial("tcp", address.String()); err == nil {
					conn.Close()
					t.Error("the server still listens")
				}
				w.sound()
				w.stop()

				w.between = nil
				w.start()
				defer func() { w.stop() }()
				for range 2 {
					for _, s := range w.app.Once(t.Context(), false).Sources {
						if s.Error != "" {
							t.Fatalf("%s: %s", s.Source, s.Error)
						}
					}
				}
				w.orderly()
				w.once0(t)
				w.sound()
			})
		}
	}
}

// once0 runs a cycle, on the wall's clock, that must write nothing.
func (w *world) once0(t *testing.T) {
	t.Helper()
	before := w.hurt.mutations() + w.other.mutations()
	if c := w.app.Once(t.Context(), false); len(c.Changes) > 0 || w.hurt.mutations()+w.other.mutations() != before {
		t.Errorf("something is written again: %+v", c.Changes)
	}
}

// TestReload changes the configuration of running loops: a bad file leaves
// everything as it was and is told, a good one swaps modes and policy.
func TestReload(t *testing.T) {
	for _, kind := range anyTracker {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { reloads(t, kind) })
		})
	}
}

func reloads(t *testing.T, kind string) {
	var now settings
	w := newWorld(t, kind, func(_ *world, s *settings) { s.mode = "observe"; now = *s })
	w.start()
	defer func() { w.stop() }()
	stop := w.run()
	defer func() { stop() }()
	time.Sleep(2 * time.Minute)
	hash := w.app.current().cfg.Set.Hash()

	w.configure(settings{mode: "enfroce", hurt: now.hurt, other: now.other, policy: testPolicy, state: now.state})
	_, err := w.app.Reload(t.Context())
	if err == nil {
		t.Fatal("a bad file was taken")
	}
	mentions(t, "the error", err.Error(), w.file+":1:", "mode", "enfroce")
	if w.metric("config_last_reload_successful") != 0 || w.app.current().cfg.Set.Hash() != hash {
		t.Error("a bad file is not told, or taken")
	}
	w.other.create("An outage meanwhile", "")
	time.Sleep(2 * time.Minute)
	if r := w.ready(); len(r) > 0 || w.hurt.mutations()+w.other.mutations() > 0 {
		t.Errorf("after a bad file: %v, %d mutations", r, w.hurt.mutations()+w.other.mutations())
	}

	elsewhere := now
	elsewhere.state = "other.db"
	w.configure(elsewhere)
	if _, err := w.app.Reload(t.Context()); err == nil || !strings.Contains(err.Error(), "restart lanekeeper") {
		t.Errorf("another state file: %v", err)
	}

	now.mode = "enforce"
	w.configure(now)
	_, err = w.app.Reload(t.Context())
	fatal(t, err)
	w.note()
	time.Sleep(2 * time.Minute)
	w.orderly()
	if w.metric("config_last_reload_successful") != 1 {
		t.Error("the good file is not told")
	}

	now.policy = strings.ReplaceAll(testPolicy, "name: stability", "name: safety")
	w.configure(now)
	r, err := w.app.Reload(t.Context())
	fatal(t, err)
	if r.PolicyHash == hash {
		t.Error("the policy is the old one")
	}
	time.Sleep(2 * time.Minute)
	w.orderly()
	for _, p := range []*place{w.hurt, w.other} {
		for id, i := range p.issues() {
			if strings.Contains(p.lane(id), "stability") {
				t.Errorf("%s %s is still in the old lane", p.kind, i.key)
			}
		}
	}

	fatal(t, os.Remove(w.file))
	if _, err := w.app.Reload(t.Context()); err == nil || !strings.Contains(err.Error(), "lanekeeper.yaml") || w.metric("config_last_reload_successful") != 0 {
		t.Errorf("a missing file: %v", err)
	}
	stop()
	w.quiet()
	w.sound()
}

// TestStateHeldByAnotherProcess starts a daemon twice on one state file: the
// second is told what to do, and commands reach the first.
func TestStateHeldByAnotherProcess(t *testing.T) {
	t.Parallel()
	w := newWorld(t, cloud)
	w.note()
	w.start()
	ctx, cancel := context.WithCancel(t.Context())
	listens, ended := make(chan net.Addr, 1), make(chan error, 1)
	go func() { ended <- w.app.Run(ctx, func(a net.Addr) { listens <- a }) }()
	address := <-listens
	defer func() {
		cancel()
		fatal(t, <-ended)
		w.stop()
	}()

	cfg, err := w.load()
	fatal(t, err)
	cfg.Server.Listen = address.String()
	_, err = New(cfg, w.options())
	if !errors.Is(err, state.ErrLocked) {
		t.Fatalf("a second daemon: %v", err)
	}
	mentions(t, "the error", err.Error(), "open state", "state.db", "another lanekeeper holds this file", "ask the running daemon instead, or stop it")

	desk, closeDesk, err := Open(cfg, w.options())
	fatal(t, err)
	defer func() { fatal(t, closeDesk()) }()
	plan, err := desk.PlanNow(t.Context(), "")
	fatal(t, err)
	for _, s := range plan.Sources {
		if s.Error != "" || s.Issues != 8 {
			t.Errorf("the daemon's plan: %+v", s)
		}
	}
	list, err := desk.Issues(t.Context(), web.IssueFilter{})
	fatal(t, err)
	if list.Total != 16 {
		t.Errorf("the daemon lists %d issues", list.Total)
	}
	x, err := desk.Explain(t.Context(), issue.ParseRef(list.Issues[0].Ref))
	fatal(t, err)
	if x.Lane == "" {
		t.Errorf("%s is not explained", list.Issues[0].Ref)
	}
	if _, err := desk.Explain(t.Context(), issue.ParseRef("hurt/NOPE-1")); err == nil || !strings.Contains(err.Error(), "not known") {
		t.Errorf("an unknown issue: %v", err)
	}
	_, err = desk.Pause(t.Context(), "test", "looking")
	fatal(t, err)
	if p, err := w.app.store.Paused(); err != nil || !p.On {
		t.Error("the daemon is not paused")
	}
	_, err = desk.Resume(t.Context(), "test")
	fatal(t, err)

	cfg.Server.Listen = "127.0.0.1:1"
	lost, closeLost, err := Open(cfg, w.options())
	fatal(t, err)
	defer func() { fatal(t, closeLost()) }()
	_, err = lost.Issues(t.Context(), web.IssueFilter{})
	if err == nil {
		t.Fatal("nobody listens there")
	}
	mentions(t, "the error", err.Error(), "127.0.0.1:1", "server.listen")
}
