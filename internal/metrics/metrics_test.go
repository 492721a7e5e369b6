package metrics_test

import (
	"bytes"
	"flag"
	"maps"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/internal/metrics"
)

var update = flag.Bool("update", false, "rewrite the documentation")

// filled returns a registry in which every metric has a series.
func filled(t *testing.T) (*prometheus.Registry, *metrics.Metrics) {
	t.Helper()
	reg := prometheus.NewPedanticRegistry()
	m := metrics.New(reg, metrics.Build{Version: "1.2.3", Revision: "abc"})
	share := 0.3
	m.Source("payments")
	m.Issues("payments", map[string]int{"hotfix": 1, "feature": 3})
	m.Target("payments", "hotfix", nil, &share)
	m.CycleDone("payments", time.UnixMilli(1_700_000_000_500), 2)
	m.Step("payments", "pull", 1500*time.Millisecond)
	m.Tracker("payments").Request("search", "ok")
	m.Tracker("payments").Budget("requests", 0.75)
	m.Change("payments", issue.FieldPriority, "applied")
	m.Overrides("payments", map[issue.Field]int{issue.FieldLane: 2})
	m.Contested("payments", map[string]int{"hotfix": 1})
	m.Flap("payments")
	m.Parked("payments", 4)
	m.Guard("payments", true)
	m.Paused(true)
	m.ConfigLoaded(true)
	m.StateSize(4096)
	m.Webhook("payments", metrics.WebhookAccepted)
	m.Rota("hotline", true)
	m.SLAs("payments", metrics.SLAs{
		Issues:     map[metrics.SLAState]int{{Lane: "hotfix", SLA: "urgent-fix", State: "warning"}: 2},
		NextBreach: map[string]time.Time{"urgent-fix": time.UnixMilli(1_700_000_000_500)},
		Attainment: map[metrics.SLAWindow]float64{{SLA: "urgent-fix", Window: "7d"}: 0.75},
	})
	m.SLABreaches("payments", "urgent-fix", 3)
	m.PostMortems("payments", map[string]int{"feature": 2})
	m.Alerts("oncall", "sent", 2)
	m.AlertChannel("oncall", time.UnixMilli(1_700_000_000_500), 0, 1)
	return reg, m
}

func exposition(t *testing.T, reg *prometheus.Registry) string {
	t.Helper()
	rec := httptest.NewRecorder()
	promhttp.HandlerFor(reg, promhttp.HandlerOpts{}).ServeHTTP(rec, httptest.NewRequest("GET", "/metrics", nil))
	return rec.Body.String()
}

func TestExposedNamesAndLabelsAreThoseDefined(t *testing.T) {
	reg, _ := filled(t)
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string][]string{}
	for _, f := range families {
		var labels []string
		for _, l := range f.GetMetric()[0].GetLabel() {
			labels = append(labels, l.GetName())
		}
		got[f.GetName()+" "+strings.ToLower(f.GetType().String())] = labels
	}
	want := map[string][]string{}
	for _, d := range metrics.Definitions() {
		want[d.Name+" "+d.Kind] = slices.Sorted(slices.Values(d.Labels))
	}
	if d := cmp.Diff(want, got, cmp.Transformer("nil", func(s []string) string { return strings.Join(s, ",") })); d != "" {
		t.Errorf("metrics differ from their definitions (-want +got):\n%s", d)
	}
}

func TestValues(t *testing.T) {
	reg, m := filled(t)
	text := exposition(t, reg)
	for _, line := range []string{
		`lanekeeper_issues{lane="feature",source="payments"} 3`,
		`lanekeeper_lane_share_ratio{lane="hotfix",source="payments"} 0.25`,
		`lanekeeper_lane_share_target_ratio{bound="max",lane="hotfix",source="payments"} 0.3`,
		`lanekeeper_cycle_last_success_timestamp_seconds{source="payments"} 1.7000000005e+09`,
		`lanekeeper_cycle_consecutive_failures{source="payments"} 2`,
		`lanekeeper_changes_total{field="priority",outcome="applied",source="payments"} 1`,
		`lanekeeper_cycle_duration_seconds_sum{source="payments",step="pull"} 1.5`,
		`lanekeeper_guard_tripped{source="payments"} 1`,
		`lanekeeper_paused 1`,
		`lanekeeper_contested{lane="hotfix",source="payments"} 1`,
		`lanekeeper_sla_issues{lane="hotfix",sla="urgent-fix",source="payments",state="warning"} 2`,
		`lanekeeper_sla_next_breach_timestamp_seconds{sla="urgent-fix",source="payments"} 1.7000000005e+09`,
		`lanekeeper_sla_breaches_total{sla="urgent-fix",source="payments"} 3`,
		`lanekeeper_sla_attainment_ratio{sla="urgent-fix",source="payments",window="7d"} 0.75`,
	} {
		if !strings.Contains(text, line+"\n") {
			t.Errorf("missing line %s", line)
		}
	}
	m.Issues("payments", map[string]int{"feature": 4})
	m.Target("payments", "hotfix", nil, nil)
	m.Contested("payments", nil)
	m.SLAs("payments", metrics.SLAs{})
	if text = exposition(t, reg); strings.Contains(text, "hotfix") {
		t.Errorf("a lane that is gone is still exposed:\n%s", text)
	}
	m.Forget("payments")
	if text = exposition(t, reg); strings.Contains(text, "payments") {
		t.Errorf("a source that is gone is still exposed:\n%s", text)
	}
}

func TestNoLabelCanHoldAnIssue(t *testing.T) {
	bounded := map[string]bool{}
	for _, l := range []string{
		"source", "lane", "field", "outcome", "step", "operation", "budget", "bound", "sla", "state", "channel", "window",
		"version", "revision", "rota", "goversion",
	} {
		bounded[l] = true
	}
	for _, d := range metrics.Definitions() {
		for _, l := range d.Labels {
			if !bounded[l] {
				t.Errorf("%s has the label %s, which is not known to be bounded: known are %v", d.Name, l, slices.Sorted(maps.Keys(bounded)))
			}
		}
	}
}

func TestPromtoolAcceptsTheExposition(t *testing.T) {
	tool, err := exec.LookPath("promtool")
	if err != nil {
		t.Skip("promtool is not installed (Debian package prometheus)")
	}
	reg, _ := filled(t)
	cmd := exec.Command(tool, "check", "metrics")
	cmd.Stdin = strings.NewReader(exposition(t, reg))
	if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("promtool check metrics: %v\n%s", err, out)
	}
}

func TestDocumentationIsThatOfTheCode(t *testing.T) {
	path := filepath.Join("..", "..", "docs", "metrics.md")
	var want bytes.Buffer
	if err := metrics.WriteDocs(&want); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, want.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want.String(), string(got)); d != "" {
		t.Errorf("docs/metrics.md is out of date, run go test ./internal/metrics -update (-want +got):\n%s", d)
	}
}
