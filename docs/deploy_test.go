package docs

import (
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/lanekeeper/lanekeeper/internal/alert"
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
