package alert

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// notified is what Alertmanager sends to a webhook, as far as the test looks.
type notified struct {
	Status      string            `json:"status"`
	GroupLabels map[string]string `json:"groupLabels"`
	Alerts      []notifiedAlert   `json:"alerts"`
}

// notifiedAlert is one alert of a notification.
type notifiedAlert struct {
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
}

// webhook keeps what it is sent.
type webhook struct {
	mu  sync.Mutex
	got []notified
}

func (h *webhook) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	var n notified
	if err := json.NewDecoder(r.Body).Decode(&n); err == nil {
		h.mu.Lock()
		h.got = append(h.got, n)
		h.mu.Unlock()
	}
}

// wait returns the first message that satisfies ok.
func (h *webhook) wait(t *testing.T, what string, ok func(notified) bool) notified {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for time.Now().Before(deadline) {
		h.mu.Lock()
		for _, n := range h.got {
			if ok(n) {
				h.mu.Unlock()
				return n
			}
		}
		h.mu.Unlock()
		time.Sleep(50 * time.Millisecond)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	t.Fatalf("%s did not come; got %+v", what, h.got)
	return notified{}
}

// freePort is a port that nothing listens on.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// startAlertmanager runs the real program with a webhook as its one receiver.
func startAlertmanager(t *testing.T, hook string) (address string) {
	t.Helper()
	bin, err := exec.LookPath("prometheus-alertmanager")
	if err != nil {
		t.Skip("prometheus-alertmanager is not installed (Debian package prometheus-alertmanager)")
	}
	dir := t.TempDir()
	cfg := fmt.Sprintf("route: {receiver: hook, group_by: [alertname, source, sla], group_wait: 1s, group_interval: 1s, repeat_interval: 1h}\n"+
		"receivers: [{name: hook, webhook_configs: [{url: %q, send_resolved: true}]}]\n", hook)
	file := filepath.Join(dir, "alertmanager.yaml")
	if err := os.WriteFile(file, []byte(cfg), 0o600); err != nil {
		t.Fatal(err)
	}
	address = freePort(t)
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(bin, "--config.file="+file, "--storage.path="+filepath.Join(dir, "data"), "--web.listen-address="+address, "--cluster.listen-address=")
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it may have ended by itself
		_ = cmd.Wait()
		log.Close()
		if t.Failed() {
			b, _ := os.ReadFile(log.Name())
			t.Logf("Alertmanager said:\n%s", b)
		}
	})
	for deadline := time.Now().Add(20 * time.Second); ; {
		if CheckAlertmanager(t.Context(), "http://"+address, nil) == nil {
			return address
		}
		if time.Now().After(deadline) {
			t.Fatal("Alertmanager does not start")
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// A real Alertmanager takes what lanekeeper posts, groups it and tells its own
// receiver the beginning and the end.
func TestARealAlertmanagerReceivesGroupsAndResolves(t *testing.T) {
	hook := &webhook{}
	server := httptest.NewServer(hook)
	defer server.Close()
	address := startAlertmanager(t, server.URL)

	m, err := New(Options{Store: newStore(t), Meter: newCounts(), Log: discard(), Now: time.Now}, []*Channel{Alertmanager("http://"+address, 5*time.Second, nil)})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); m.Run(ctx) }()
	defer func() { stop(); <-done }()

	left := -3 * time.Minute
	var events []Event
	for n := range 20 {
		e := breach(fmt.Sprint(n))
		e.Remaining, e.StartsAt, e.ExplainURL = &left, time.Now().Add(-3*time.Minute), "http://127.0.0.1:9275/issues/payments/PAY-"+fmt.Sprint(n)
		events = append(events, e)
	}
	m.Report(events...)
	m.Report(Event{Kind: SourceDown, Source: "core", Summary: "3 cycles failed in a row"})

	first := hook.wait(t, "the group of the outage", func(n notified) bool { return n.Status == "firing" && len(n.Alerts) == 20 })
	if first.GroupLabels["alertname"] != "sla_breached" || first.GroupLabels["sla"] != "urgent-fix" {
		t.Errorf("grouped by %v", first.GroupLabels)
	}
	one := first.Alerts[slices.IndexFunc(first.Alerts, func(a notifiedAlert) bool { return a.Labels["issue"] == "PAY-7" })]
	if one.Labels["severity"] != "critical" || one.Labels["lane"] != "hotfix" || one.Labels["project"] != "PAY" || one.Labels["source"] != "payments" {
		t.Errorf("labels %v", one.Labels)
	}
	if one.Annotations["remaining"] != "3 min over" || !strings.HasSuffix(one.Annotations["url"], "/PAY-7") || one.Annotations["explain"] == "" {
		t.Errorf("annotations %v", one.Annotations)
	}
	hook.wait(t, "the other group", func(n notified) bool { return n.GroupLabels["alertname"] == "source_down" })

	for n := range events {
		events[n].EndedAt = time.Now()
	}
	m.Report(events...)
	hook.wait(t, "the end", func(n notified) bool {
		return n.Status == "resolved" && n.GroupLabels["alertname"] == "sla_breached" && len(n.Alerts) == 20
	})
	if live, err := m.Store.LiveAlerts(); err != nil || len(live) != 1 {
		t.Errorf("%d alerts are live, want that of the source: %v", len(live), err)
	}
}
