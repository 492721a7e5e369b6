package app

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lanekeeper/lanekeeper/connectors/jira/jiratest"
	"github.com/lanekeeper/lanekeeper/connectors/linear/lineartest"
	"github.com/lanekeeper/lanekeeper/internal/answer"
	"github.com/lanekeeper/lanekeeper/internal/web"
)

// pager stands for an Alertmanager: it keeps when each alert began and ended,
// by its labels.
type pager struct {
	mu   sync.Mutex
	ends map[string]time.Time
	told []string
	down bool
}

func (p *pager) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	p.mu.Lock()
	defer p.mu.Unlock()
	var list []struct {
		Labels map[string]string `json:"labels"`
		EndsAt time.Time         `json:"endsAt"`
	}
	switch {
	case p.down:
		w.WriteHeader(http.StatusBadGateway)
	case r.Method == http.MethodPost:
		if err := json.NewDecoder(r.Body).Decode(&list); err != nil {
			w.WriteHeader(http.StatusBadRequest)
		}
	}
	for _, a := range list {
		name := strings.TrimSpace(a.Labels["alertname"] + " " + a.Labels["source"] + " " + a.Labels["lane"] + a.Labels["issue"])
		lasts := p.ends[name].After(time.Now())
		p.ends[name] = a.EndsAt
		switch now := a.EndsAt.After(time.Now()); {
		case now && !lasts:
			p.told = append(p.told, "+ "+name)
		case !now && lasts:
			p.told = append(p.told, "- "+name)
		}
	}
	return w.Result(), nil
}

// read takes what was told since it was last asked.
func (p *pager) read() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := p.told
	p.told = nil
	slices.Sort(out)
	return out
}

// paged is a world with an Alertmanager, whose guard lets only a few changes
// through.
func paged(t *testing.T, kind, mode string) (*world, *pager) {
	p := &pager{ends: map[string]time.Time{}}
	w := newWorld(t, kind, func(_ *world, s *settings) {
		s.mode = mode
		s.policy += "\nalerts: {alertmanager: {urls: [\"http://am.example\"]}, parked_after: 30m}"
	})
	b, err := os.ReadFile(w.file)
	fatal(t, err)
	fatal(t, os.WriteFile(w.file, []byte(strings.Replace(string(b), "max_changes: 10000", "max_changes: 3", 1)), 0o600))
	w.alerts = p
	return w, p
}

// runAll starts the loops and the alerts, as the daemon does.
func (w *world) runAll() (stop func()) {
	loops := w.run()
	ctx, cancel := context.WithCancel(w.Context())
	done := make(chan struct{})
	go func() { defer close(done); w.app.alerts.Run(ctx) }()
	return func() {
		loops()
		cancel()
		<-done
	}
}

func (w *world) expectTold(p *pager, what string, want ...string) {
	w.Helper()
	synctest.Wait()
	if got := p.read(); !slices.Equal(got, want) {
		w.Errorf("%s: told %q, want %q", what, got, want)
	}
}

// What is the matter with sources, plans and issues is told when it begins and
// when it ends, also over a restart and while writes are paused.
func TestWhatACycleLeavesBehindIsTold(t *testing.T) {
	for _, kind := range anyTracker {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w, p := paged(t, kind, "enforce")
				w.start()
				stop := w.runAll()
				time.Sleep(2 * time.Minute)
				w.expectTold(p, "too many changes", "+ guard hurt", "+ guard other")
				plans, err := w.app.Plans(t.Context(), web.PlanFilter{Status: "held"})
				fatal(t, err)
				for _, held := range plans.Plans {
					_, err := w.app.Approve(t.Context(), web.ApproveRequest{Plan: held.ID, By: "ann"})
					fatal(t, err)
				}
				time.Sleep(2 * time.Minute)
				w.expectTold(p, "after the approval", "- guard hurt", "- guard other")

				_, err = w.app.Pause(t.Context(), "ann", "release day")
				fatal(t, err)
				revoke(w, true)
				time.Sleep(2 * time.Minute)
				w.expectTold(p, "a refused credential, while writes are paused", "+ auth_failed hurt")
				stop()
				w.stop()
				w.start() // a restart
				stop = w.runAll()
				time.Sleep(3 * time.Minute)
				w.expectTold(p, "after a restart")
				revoke(w, false)
				time.Sleep(26 * time.Minute)
				w.expectTold(p, "a good credential", "- auth_failed hurt")
				_, err = w.app.Resume(t.Context(), "ann")
				fatal(t, err)

				struck(jiratest.ServerError(503), lineartest.Fault{Kind: lineartest.Status, Status: 503})(w)
				time.Sleep(20 * time.Minute)
				w.expectTold(p, "a tracker that is down", "+ source_down hurt")
				mended(w)
				time.Sleep(20 * time.Minute)
				w.expectTold(p, "a tracker that is up again", "- source_down hurt")
				list, err := w.app.Alerts(t.Context(), web.AlertFilter{Channel: "alertmanager"})
				fatal(t, err)
				if got := events(list); !slices.Equal(got, []string{
					"source_recovered moment muted", "source_down resolved resolved", "source_recovered moment muted", "auth_failed resolved resolved",
					"guard resolved resolved", "guard resolved resolved",
				}) {
					t.Errorf("the list says %q", got)
				}
				stop()
				w.stop()
			})
		})
	}
}

func events(list answer.Alerts) (out []string) {
	for _, a := range list.Alerts {
		out = append(out, a.Event+" "+a.Status+" "+a.Channels[0].Status)
	}
	return out
}

func revoke(w *world, yes bool) {
	switch {
	case w.hurt.jira != nil && yes:
		w.hurt.jira.RevokeToken()
	case w.hurt.jira != nil:
		w.hurt.jira.RestoreToken()
	case yes:
		w.hurt.linear.RevokeKey()
	default:
		w.hurt.linear.RestoreKey()
	}
}

// Alerts are no changes of an issue: observe mode sends them too. A channel that
// is down is told as a detail and makes nothing unready.
func TestObserveModeTellsAndADeadChannelLeavesLanekeeperReady(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, p := paged(t, cloud, "observe")
		p.down = true
		w.start()
		stop := w.runAll()
		time.Sleep(2 * time.Minute)
		revoke(w, true)
		time.Sleep(4 * time.Minute)
		w.other.create("A new button, no outage", "")
		r, err := w.app.Ready(t.Context())
		fatal(t, err)
		if d := r.Details["alert channel alertmanager:am.example"]; !strings.Contains(d, "502") || r.Reasons["other"] != "" {
			t.Errorf("ready: %+v", r)
		}
		if w.metric("alert_channel_consecutive_failures", "channel", "alertmanager:am.example") < 2 ||
			w.metric("alerts_pending", "channel", "alertmanager:am.example") != 1 || w.metric("alerts_total", "outcome", "failed") < 2 {
			t.Error("the metrics do not tell of it")
		}
		p.mu.Lock()
		p.down = false
		p.mu.Unlock()
		time.Sleep(11 * time.Minute)
		w.expectTold(p, "once the channel is well", "+ auth_failed hurt")
		if w.hurt.mutations()+w.other.mutations() > 0 {
			t.Error("observe mode wrote")
		}
		stop()
		w.stop()
	})
}

// once has no daemon that stays: it tells what waits before it ends.
func TestOnceTellsBeforeItEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, p := paged(t, cloud, "enforce")
		w.start()
		w.app.Once(t.Context(), true)
		w.expectTold(p, "a dry run")
		w.app.Once(t.Context(), false)
		w.expectTold(p, "once", "+ guard hurt", "+ guard other")
		w.stop()
	})
}

// A reload changes channels; a source that is gone has no trouble any more.
func TestAReloadChangesChannels(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, p := paged(t, cloud, "enforce")
		w.start()
		stop := w.runAll()
		time.Sleep(2 * time.Minute)
		w.expectTold(p, "before", "+ guard hurt", "+ guard other")
		b, err := os.ReadFile(w.file)
		fatal(t, err)
		fatal(t, os.WriteFile(w.file, []byte(strings.ReplaceAll(string(b), "name: other", "name: another")), 0o600))
		_, err = w.app.Reload(t.Context())
		fatal(t, err)
		time.Sleep(2 * time.Minute)
		w.expectTold(p, "another source", "+ guard another", "- guard other")
		_, err = w.app.TestAlert(t.Context(), "alertmanager:am.example", "ann")
		fatal(t, err)
		if _, err := w.app.TestAlert(t.Context(), "nobody", "ann"); err == nil || !strings.Contains(err.Error(), "there are alertmanager:am.example") {
			t.Errorf("a test of a channel that is none: %v", err)
		}
		stop()
		w.stop()
	})
}

// Whoever asked for a reload may not wait for the running cycle to end; the reload
// is carried out as a whole all the same.
func TestAReloadThatNobodyWaitsForIsCarriedOutAsAWhole(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, _ := paged(t, cloud, "enforce")
		var slow atomic.Bool
		w.between = func(_ string, next http.RoundTripper) http.RoundTripper {
			return link(func(r *http.Request) (*http.Response, error) {
				if slow.Load() && r.Method == http.MethodPut {
					time.Sleep(3 * time.Second)
				}
				return next.RoundTrip(r)
			})
		}
		w.rewrite(func(s string) string { return strings.Replace(s, "max_changes: 3", "max_changes: 10000", 1) })
		w.start()
		slow.Store(true)
		stop := w.runAll()
		time.Sleep(time.Second) // a write is under way
		w.rewrite(func(s string) string { return strings.Replace(s, "http://am.example", "http://am2.example", 1) })
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := w.app.Reload(ctx); err != nil {
			t.Logf("the caller is told: %v", err)
		}
		time.Sleep(time.Minute)
		if c := w.app.alerts.Channels(); len(c) != 1 || c[0].Name != "alertmanager:am2.example" {
			t.Errorf("channels after the reload: %+v", c)
		}
		if v := w.metric("config_last_reload_successful"); v != 1 {
			t.Errorf("config_last_reload_successful %v", v)
		}
		stop()
		w.stop()
	})
}

// link is a link before a tracker.
type link func(*http.Request) (*http.Response, error)

func (f link) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// An issue that cannot be written for long is told, with the reason.
func TestAnIssueParkedTooLongIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, p := paged(t, cloud, "enforce")
		b, err := os.ReadFile(w.file)
		fatal(t, err)
		fatal(t, os.WriteFile(w.file, []byte(strings.Replace(string(b), "max_changes: 3", "max_changes: 10000", 1)), 0o600))
		var refuses atomic.Bool // the project is read-only for a while
		w.between = func(_ string, next http.RoundTripper) http.RoundTripper {
			return link(func(r *http.Request) (*http.Response, error) {
				if r.Method != http.MethodPut || !refuses.Load() {
					return next.RoundTrip(r)
				}
				answer := httptest.NewRecorder()
				answer.Header().Set("Content-Type", "application/json")
				answer.WriteHeader(http.StatusBadRequest)
				_, err := answer.WriteString(`{"errorMessages":["The project is archived."],"errors":{}}`)
				return answer.Result(), err
			})
		}
		w.start()
		stop := w.runAll()
		time.Sleep(2 * time.Minute)
		refuses.Store(true)
		id := w.hurt.create("Outage of everything", "")
		time.Sleep(20 * time.Minute)
		w.expectTold(p, "parked for a while")
		time.Sleep(4 * time.Hour)
		w.expectTold(p, "parked for long", "+ parked_too_long hurt hotfix"+w.hurt.issues()[id].key)
		refuses.Store(false)
		time.Sleep(8 * time.Hour)
		w.expectTold(p, "written in the end", "- parked_too_long hurt hotfix"+w.hurt.issues()[id].key)
		stop()
		w.stop()
	})
}
