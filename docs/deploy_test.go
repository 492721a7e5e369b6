package docs

import (
	"encoding/json"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/lanekeeper/lanekeeper/internal/alert"
	"github.com/lanekeeper/lanekeeper/internal/metrics"
)

// tool runs a program of Prometheus on a shipped file.
func tool(t *testing.T, pkg, name string, args ...string) {
	t.Helper()
	bin, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("%s is not installed (Debian package %s)", name, pkg)
	}
	if out, err := exec.Command(bin, args...).CombinedOutput(); err != nil {
		t.Errorf("%s %v: %v\n%s", name, args, err, out)
	}
}

func TestShippedRulesFireWhenTheyShould(t *testing.T) {
	tool(t, "prometheus", "promtool", "check", "rules", "../deploy/prometheus/sla-rules.yaml")
	tool(t, "prometheus", "promtool", "test", "rules", "../deploy/prometheus/rules_test.yaml")
}

func TestShippedAlertmanagerRouteIsValid(t *testing.T) {
	tool(t, "prometheus-alertmanager", "amtool", "check-config", "../deploy/alertmanager/alertmanager.yaml")
}

// The example route sends what wakes people to those who are on call.
func TestShippedAlertmanagerRouteReachesTheRightPeople(t *testing.T) {
	for labels, want := range map[string]string{
		"alertname=sla_breached severity=critical source=payments": "oncall",
		"alertname=sla_breached severity=warning":                  "team",
		"alertname=sla_warning severity=warning":                   "team",
		"alertname=LanekeeperDown severity=critical":               "oncall",
		"alertname=report severity=info":                           "team",
	} {
		args := []string{"config", "routes", "test", "--config.file=../deploy/alertmanager/alertmanager.yaml", "--verify.receivers=" + want}
		tool(t, "prometheus-alertmanager", "amtool", append(args, strings.Fields(labels)...)...)
	}
}

// Every URL of a channel that the page shows is one that lanekeeper takes.
func TestURLsOfChannelsCanBeUsed(t *testing.T) {
	urls := regexp.MustCompile("`([a-z+]+://[^`]+)` \\|").FindAllStringSubmatch(read(t, "alerts.md"), -1)
	if len(urls) < 7 {
		t.Fatalf("the page shows %d URLs", len(urls))
	}
	for _, u := range urls {
		if err := alert.CheckURL(u[1]); err != nil {
			t.Errorf("%s: %v", u[1], err)
		}
	}
}

// The dashboard shows metrics that there are, with labels that they have.
func TestTheDashboardShowsMetricsThatExist(t *testing.T) {
	text := read(t, "../deploy/grafana/lanekeeper.json")
	var board struct {
		Panels []struct {
			ID      int
			Title   string
			Targets []struct {
				Expr string `json:"expr"`
			} `json:"targets"`
		} `json:"panels"`
	}
	if err := json.Unmarshal([]byte(text), &board); err != nil {
		t.Fatal(err)
	}
	labels := map[string][]string{}
	for _, d := range metrics.Definitions() {
		labels[d.Name] = d.Labels
	}
	shown, ids := 0, map[int]bool{}
	name := regexp.MustCompile(`lanekeeper_[a-z_]+`)
	for _, p := range board.Panels {
		if ids[p.ID] {
			t.Errorf("two panels have the id %d", p.ID)
		}
		ids[p.ID] = true
		for _, target := range p.Targets {
			for _, m := range name.FindAllString(target.Expr, -1) {
				shown++
				base := regexp.MustCompile(`_(bucket|sum|count)$`).ReplaceAllString(m, "")
				have, ok := labels[base]
				if !ok {
					have, ok = labels[m]
				}
				if !ok {
					t.Errorf("%s: there is no metric %s", p.Title, m)
				}
				if strings.Contains(target.Expr, m+`{source=`) && !slices.Contains(have, "source") {
					t.Errorf("%s: %s has no label source", p.Title, m)
				}
			}
		}
	}
	for _, m := range name.FindAllString(text, -1) {
		if base := regexp.MustCompile(`_(bucket|sum|count)$`).ReplaceAllString(m, ""); labels[base] == nil && labels[m] == nil && m != "lanekeeper_paused" {
			t.Errorf("there is no metric %s", m)
		}
	}
	if shown < 20 {
		t.Errorf("the dashboard shows %d metrics only", shown)
	}
}
