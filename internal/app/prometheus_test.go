package app

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// startPrometheus runs the real program with the shipped rules on one target.
func startPrometheus(t *testing.T, target string) (address string) {
	t.Helper()
	bin, err := exec.LookPath("prometheus")
	if err != nil {
		t.Skip("prometheus is not installed (Debian package prometheus)")
	}
	rules, err := filepath.Abs("../../deploy/prometheus")
	fatal(t, err)
	dir := t.TempDir()
	file := filepath.Join(dir, "prometheus.yaml")
	fatal(t, writeText(file, fmt.Sprintf("global: {scrape_interval: 1s, evaluation_interval: 1s}\nrule_files: [%q, %q]\n"+
		"scrape_configs: [{job_name: lanekeeper, static_configs: [{targets: [%q]}]}]\n", filepath.Join(rules, "rules.yaml"), filepath.Join(rules, "sla-rules.yaml"), target)))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	fatal(t, err)
	address = l.Addr().String()
	fatal(t, l.Close())
	log, err := os.Create(filepath.Join(dir, "log"))
	fatal(t, err)
	cmd := exec.Command(bin, "--config.file="+file, "--storage.tsdb.path="+filepath.Join(dir, "data"), "--web.listen-address="+address)
	cmd.Stdout, cmd.Stderr = log, log
	fatal(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it may have ended by itself
		_ = cmd.Wait()
		log.Close()
		if t.Failed() {
			text, _ := readText(log.Name())
			t.Logf("Prometheus said:\n%s", text)
		}
	})
	return address
}

// prometheusSays decodes the data of an answer; before Prometheus has started
// there is none.
func prometheusSays(ctx context.Context, address, path string, into any) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/api/v1/"+path, nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	return json.NewDecoder(resp.Body).Decode(&struct {
		Data any `json:"data"`
	}{into})
}

// A real Prometheus scrapes a running daemon whose SLA runs out, and evaluates
// the shipped rules: all of them work, and the breach is an alert.
func TestARealPrometheusScrapesTheDaemonAndEvaluatesTheShippedRules(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes seconds of real time")
	}
	w := newWorld(t, cloud, withSLA)
	w.rewrite(func(s string) string {
		return strings.Replace(strings.Replace(s, "resolve: 90m", "resolve: 1s", 1), "@every 1m", "@every 5s", 1)
	})
	w.hurt.create("Outage of the till", "")
	w.start()
	defer func() { w.stop() }()
	ctx, cancel := context.WithCancel(t.Context())
	ready, done := make(chan string, 1), make(chan error, 1)
	go func() { done <- w.app.Run(ctx, func(a net.Addr) { ready <- a.String() }) }()
	defer func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}()
	address := startPrometheus(t, <-ready)
	type sample struct {
		Metric map[string]string `json:"metric"`
	}
	var firing struct {
		Result []sample `json:"result"`
	}
	query := "query?query=" + url.QueryEscape(`ALERTS{alertname="LanekeeperSLABreached",alertstate="firing",source="hurt"}`)
	for deadline := time.Now().Add(time.Minute); len(firing.Result) == 0; time.Sleep(100 * time.Millisecond) {
		if err := prometheusSays(ctx, address, query, &firing); time.Now().After(deadline) {
			t.Fatalf("no alert came within a minute (%v)", err)
		}
	}
	if m := firing.Result[0].Metric; m["lane"] != "hotfix" || m["sla"] != "urgent-fix" || m["severity"] != "critical" {
		t.Errorf("labels %v", m)
	}
	var rules struct {
		Groups []struct {
			Rules []struct {
				Name   string `json:"name"`
				Health string `json:"health"`
				Error  string `json:"lastError"`
			} `json:"rules"`
		} `json:"groups"`
	}
	fatal(t, prometheusSays(ctx, address, "rules", &rules))
	n := 0
	for _, g := range rules.Groups {
		for _, r := range g.Rules {
			n++
			if r.Health == "err" {
				t.Errorf("rule %s: %s", r.Name, r.Error)
			}
		}
	}
	if n < 10 {
		t.Errorf("%d rules were evaluated", n)
	}
}
