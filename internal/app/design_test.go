package app

import (
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lanekeeper/lanekeeper/connectors"
	"github.com/lanekeeper/lanekeeper/connectors/jira/jiratest"
	"github.com/lanekeeper/lanekeeper/connectors/linear/lineartest"
	"github.com/lanekeeper/lanekeeper/internal/config"
	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/internal/web"
)

// TestDesignConfiguration runs the configuration of the design as it stands,
// guard included, against strict trackers: every open issue in scope ends with
// exactly one lane and the priority of its band, and a second once writes
// nothing.
func TestDesignConfiguration(t *testing.T) {
	for _, flavor := range []string{jiratest.Cloud, jiratest.DataCenter} {
		t.Run(flavor, func(t *testing.T) { runDesign(t, flavor) })
	}
}

func runDesign(t *testing.T, flavor string) {
	now := time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC)
	clock := func() time.Time { return now }
	j := jiratest.New(jiratest.Options{Flavor: flavor, Now: clock, Token: "jira-secret"})
	j.Generate(3, 150, jiratest.GenerateOptions{Projects: []string{"PAY", "WEB"}})
	l := lineartest.New(lineartest.Options{Now: clock})
	l.Generate(3, 100, lineartest.GenerateOptions{Teams: []string{"ENG"}})
	sites := map[string]http.RoundTripper{"payments": connectors.HandlerTransport(j), "core": connectors.HandlerTransport(l)}

	a, err := New(designConfig(t, flavor), Options{Now: clock, Log: slog.New(slog.NewTextHandler(t.Output(), nil)),
		Transport: func(s string) http.RoundTripper { return sites[s] }})
	must(t, err)
	defer func() { must(t, a.Close()) }()
	first := a.Once(t.Context(), false)
	for _, s := range first.Sources {
		if s.Error != "" || s.Held != "" {
			t.Fatalf("%s: error %q, held %q", s.Source, s.Error, s.Held)
		}
	}
	list, err := a.Issues(t.Context(), web.IssueFilter{})
	must(t, err)
	want := map[string]string{}
	for _, it := range list.Issues {
		want[strings.SplitN(it.Ref, "/", 2)[1]] = "lane:" + it.Lane + " " + it.Priority.String()
	}
	names := map[string]string{"Highest": "urgent", "High": "high", "Medium": "medium", "Low": "low", "Lowest": "low"}
	open := 0
	for _, i := range j.Issues() {
		if !i.Open() || i.Type == "Epic" {
			if got := lanesOf(i.Labels); got != "" {
				t.Errorf("%s is out of scope and has %s", i.Key, got)
			}
			continue
		}
		open++
		if got := lanesOf(i.Labels) + " " + names[i.Priority]; got != want[i.Key] {
			t.Errorf("%s: the tracker has %q, the decision is %q", i.Key, got, want[i.Key])
		}
	}
	for _, i := range l.Issues() {
		if w, decided := want[i.Identifier]; decided {
			open++
			number := map[int]issue.Priority{1: issue.Urgent, 2: issue.High, 3: issue.Medium, 4: issue.Low}
			if got := lanesOf(l.LabelNames(i.ID)) + " " + number[i.Priority].String(); got != w {
				t.Errorf("%s: the tracker has %q, the decision is %q", i.Identifier, got, w)
			}
		}
	}
	if open != len(want) || open < 50 {
		t.Errorf("%d open issues in the trackers, %d decided", open, len(want))
	}
	now = now.Add(time.Minute)
	before := len(j.Mutations()) + len(l.Mutations())
	second := a.Once(t.Context(), false)
	if n := len(j.Mutations()) + len(l.Mutations()) - before; n != 0 || len(second.Changes) > 0 {
		t.Errorf("the second once sent %d writes: %+v", n, second.Changes)
	}
}

func lanesOf(labels []string) string {
	var out []string
	for _, l := range labels {
		if strings.HasPrefix(l, "lane:") {
			out = append(out, l)
		}
	}
	return strings.Join(out, " ")
}

// designConfig is the design's example with its secrets in files of this test.
func designConfig(t *testing.T, flavor string) *config.Config {
	t.Helper()
	text, err := os.ReadFile("../config/testdata/design.yaml")
	must(t, err)
	dir := t.TempDir()
	for name, secret := range map[string]string{"jira": "jira-secret", "oncall-url": "logger://"} {
		must(t, os.WriteFile(filepath.Join(dir, name), []byte(secret), 0o600))
	}
	yaml := strings.ReplaceAll(string(text), "/run/secrets", dir)
	yaml = strings.Replace(yaml, "mode: observe", "mode: enforce", 1)
	yaml = strings.Replace(yaml, "lanekeeper.db", filepath.Join(dir, "state.db"), 1)
	if flavor == jiratest.DataCenter { // a token alone
		yaml = strings.Replace(yaml, "flavor: cloud", "flavor: datacenter", 1)
		yaml = strings.Replace(yaml, "email: bot@acme.example, ", "", 1)
	}
	for _, expr := range []string{"scale(issue.votes, 0, 20)", "issue.kind == 'bug' ? 60.0 : 20.0"} {
		yaml = strings.Replace(yaml, `expr: "..."`, fmt.Sprintf("expr: %q", expr), 1)
	}
	cfg, err := config.Parse(filepath.Join(dir, "lanekeeper.yaml"), []byte(yaml), config.Options{Env: func(k string) (string, bool) {
		return lineartest.APIKey, k == "LINEAR_API_KEY"
	}})
	must(t, err)
	return cfg
}
