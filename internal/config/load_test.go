package config

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lanekeeper/lanekeeper/connectors/jira"
	"github.com/lanekeeper/lanekeeper/connectors/linear"
	"github.com/lanekeeper/lanekeeper/internal/issue"
)

// testEnv answers for the variables that the test files name.
func testEnv(k string) (string, bool) {
	v, ok := map[string]string{
		"LINEAR_API_KEY": "lin-api-key", "JIRA_TOKEN": "jira-token", "EMPTY": "", "OAUTH": "oauth-token",
		"CHAT_URL": "slack://hook:T00000000-B00000000-XXXXXXXXXXXXXXXXXXXXXXXX@webhook", "NOT_A_URL": "hunter2",
		"SLAK_URL": "slak://hook:T00000000-B00000000-hunter2@webhook", "BROKEN_SLACK": "slack://hook:T0-hunter2@webhook",
	}[k]
	return v, ok
}

// withSecrets writes the files that the design's example reads from
// /run/secrets and points data at them; a policy that is left out there gets an
// expression.
func withSecrets(t *testing.T, data []byte) []byte {
	t.Helper()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "jira"), "jira-token\n")
	write(t, filepath.Join(dir, "oncall-url"), "slack://hook:T00000000-B00000000-XXXXXXXXXXXXXXXXXXXXXXXX@webhook\n")
	s := strings.ReplaceAll(string(data), "/run/secrets/", dir+"/")
	return []byte(strings.ReplaceAll(s, `expr: "..."`, `expr: "scale(issue.votes, 0, 20)"`))
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func read1(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// parsed fails the test where there are problems.
func parsed(t *testing.T, name string, data []byte) *Config {
	t.Helper()
	c, err := Parse(name, data, Options{Env: testEnv})
	if err != nil {
		t.Fatalf("problems:\n%s", err)
	}
	return c
}

func TestTheDesignsExampleLoads(t *testing.T) {
	c := parsed(t, "/etc/lanekeeper/lanekeeper.yaml", withSecrets(t, read1(t, "testdata/design.yaml")))
	if len(c.Warnings) > 0 {
		t.Errorf("warnings: %v", c.Warnings)
	}
	j, l := c.Sources[0].Jira.Settings(), c.Sources[1].Linear.Settings()
	notify := true
	got := map[string]any{
		"modes":    []Mode{c.Mode, c.Sources[0].Mode, c.Sources[1].Mode},
		"jira":     []any{j.URL, j.Flavor, j.Auth.Email, j.Projects, j.JQL, j.Fields, j.Priorities, j.NotifyUsers, j.Concurrency},
		"linear":   []any{l.URL, l.Teams, l.Dates},
		"schedule": []string{c.Schedule.Timezone.String(), c.Schedule.Pull.Text, c.Schedule.Sweep.Text},
		"state":    c.State, "server": c.Server, "guard": c.Guard,
		"alerts": []any{c.Alerts.Alertmanager.URLs, c.Alerts.Channels[0].Lanes, c.Alerts.Channels[0].Events, c.Alerts.Repeat},
		"policy": []any{len(c.Policy.Lanes), c.Policy.Settle, c.Policy.Overrides.TTL, c.Policy.SLAs["urgent-fix"].Targets[1].Resolve},
	}
	want := map[string]any{
		"modes": []Mode{Observe, Enforce, Observe},
		"jira": []any{"https://acme.atlassian.net", jira.Cloud, "bot@acme.example", []string{"PAY", "WEB"}, "issuetype != Epic",
			map[string]string{"customer_tier": "Customer tier", "story_points": "customfield_10016", "severity": "Severity"},
			map[issue.Priority]string{issue.Urgent: "Highest", issue.High: "High", issue.Medium: "Medium", issue.Low: "Low"}, &notify, 0},
		"linear":   []any{"https://api.linear.app/graphql", []string{"ENG"}, linear.DatesDue},
		"schedule": []string{"Europe/Berlin", "@every 1m", "17 3 * * *"},
		"state":    State{Path: "/etc/lanekeeper/lanekeeper.db", Retention: Retention{400 * 24 * time.Hour, 90 * 24 * time.Hour}},
		"server":   Server{Listen: "127.0.0.1:9275"}, "guard": Guard{200, 0.10},
		"alerts": []any{[]string{"http://127.0.0.1:9093"}, []string{"hotfix"}, []Event{"sla_warning", "sla_breached", "guard", "source_down"}, 4 * time.Hour},
		"policy": []any{5, 6 * time.Hour, 14 * 24 * time.Hour, 72 * time.Hour},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("want - got +\n%s", diff)
	}
	if token, err := j.Auth.Token.Reveal(); token != "jira-token" || err != nil {
		t.Errorf("Jira's token is %q, %v", token, err)
	}
	if key, err := l.Auth.APIKey.Reveal(); key != "lin-api-key" || err != nil {
		t.Errorf("Linear's key is %q, %v", key, err)
	}
	berlin, _ := time.LoadLocation("Europe/Berlin")
	next := c.Schedule.Sweep.Next(time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC))
	if want := time.Date(2026, 7, 1, 3, 17, 0, 0, berlin); !next.Equal(want) {
		t.Errorf("the sweep is at %s, want %s: schedules run in schedule.timezone", next, want)
	}
}

const smallest = `
mode: observe
sources:
  - name: core
    linear: {auth: {api_key_env: LINEAR_API_KEY}, teams: [ENG]}
`

func TestWhatIsLeftOutHasDefaults(t *testing.T) {
	c := parsed(t, "dir/lanekeeper.yaml", []byte(smallest))
	l := c.Sources[0].Linear
	got := []any{c.Schedule.Timezone.String(), c.Schedule.Pull.Text, c.Schedule.Sweep.Text, c.State, c.Server, c.Guard, c.Alerts.Repeat,
		l.URL, l.Dates, l.Concurrency, c.Sources[0].Mode, len(c.Policy.Lanes) > 0, c.Set != nil}
	want := []any{"UTC", "@every 1m", "17 3 * * *", State{"dir/lanekeeper.db", Retention{400 * 24 * time.Hour, 90 * 24 * time.Hour}},
		Server{Listen: "127.0.0.1:9275"}, Guard{200, 0.1}, 4 * time.Hour,
		"https://api.linear.app/graphql", linear.DatesDue, 0, Observe, true, true}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("want - got +\n%s", diff)
	}
}

func TestFilesThatCannotBeRead(t *testing.T) {
	dir := t.TempDir()
	big := filepath.Join(dir, "big.yaml")
	write(t, big, "# "+strings.Repeat("x", maxSize))
	for name, tc := range map[string]struct{ path, want string }{
		"a missing file":  {filepath.Join(dir, "no.yaml"), ": no such file or directory"},
		"a directory":     {dir, ": is a directory"},
		"a device":        {os.DevNull, ": is not a regular file"},
		"a very big file": {big, ": is larger than 256 KiB"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Load(tc.path, testEnv)
			if _, ok := errors.AsType[*Problems](err); !ok || err.Error() != tc.path+tc.want {
				t.Errorf("got %v, want %s%s as *Problems", err, tc.path, tc.want)
			}
		})
	}
}

func TestLoadReadsTheFileItIsGiven(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lanekeeper.yaml")
	write(t, path, smallest)
	c, err := Load(path, testEnv)
	if err != nil || c.Sources[0].Name != "core" {
		t.Errorf("got %v, %v", c, err)
	}
}

func TestFormsOfYAML(t *testing.T) {
	want := parsed(t, "x.yaml", []byte(smallest)).Redacted()
	for name, text := range map[string]string{
		"a byte order mark":      "\ufeff" + smallest[1:],
		"carriage returns":       strings.ReplaceAll(smallest, "\n", "\r\n"),
		"a document start":       "---" + smallest,
		"an end mark":            smallest + "...\n",
		"no line end at the end": strings.TrimRight(smallest, "\n"),
		"comments and blank lines": `
# a comment

mode: observe # why

# sources:
#   - name: other

sources:

  # the one
  - name: core   # here

    linear:

      auth: {api_key_env: LINEAR_API_KEY} # not the key
      teams:
        # only one
        - ENG
`,
		"flow style": `{mode: observe, sources: [{name: core, linear: {auth: {api_key_env: LINEAR_API_KEY}, teams: [ENG]}}]}`,
		"JSON":       `{"mode": "observe", "sources": [{"name": "core", "linear": {"auth": {"api_key_env": "LINEAR_API_KEY"}, "teams": ["ENG"]}}]}`,
		"anchors, aliases and merges": `
mode: &m observe
sources:
  - name: core
    mode: *m
    linear:
      auth: &auth {api_key_env: LINEAR_API_KEY}
      teams: &teams [ENG]
state: {retention: {<<: &none {}}}
`,
		"empty sections":             smallest + "state:\nserver: {}\nalerts:\n  channels:\nsignals:\npolicy:\n",
		"texts over many lines":      strings.Replace(smallest, "mode: observe", "mode: >-\n  observe\nstate:\n  path: |-\n    lanekeeper.db", 1),
		"a tag that changes nothing": strings.Replace(smallest, "observe", "!!str observe", 1),
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(want, parsed(t, "x.yaml", []byte(text)).Redacted()); diff != "" {
				t.Errorf("want - got +\n%s", diff)
			}
		})
	}
}

func TestAMergedKeyGivesWayToOneThatIsThere(t *testing.T) {
	c := parsed(t, "x.yaml", []byte(`
mode: observe
sources:
  - name: a
    linear: &a {auth: {api_key_env: LINEAR_API_KEY}, teams: [A], dates: sla}
  - name: b
    linear: {<<: *a, teams: [B]}
`))
	b := c.Sources[1].Linear
	if b.Teams[0] != "B" || b.Dates != linear.DatesSLA || b.Auth.APIKey.IsZero() {
		t.Errorf("got %+v", b)
	}
}
