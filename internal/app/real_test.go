package app

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lanekeeper/lanekeeper/connectors"
	"github.com/lanekeeper/lanekeeper/connectors/jira/jiratest"
	"github.com/lanekeeper/lanekeeper/connectors/jira/jiratest/openapi"
	"github.com/lanekeeper/lanekeeper/connectors/linear/lineartest"
	"github.com/lanekeeper/lanekeeper/internal/answer"
	"github.com/lanekeeper/lanekeeper/internal/config"
	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/internal/reconcile"
	"github.com/lanekeeper/lanekeeper/internal/shared"
	"github.com/lanekeeper/lanekeeper/internal/web"
)

// site is a simulated tracker as this test sees it.
type site struct {
	http.Handler
	config string
	// issues lists what the tracker holds, by id.
	issues    func() map[string]held
	mutations func() int
	// violations are requests outside the tracker's published schema.
	violations func() []string
	// edit changes the labels of an issue as a person would.
	edit func(id string, remove, add []string) error
}

// held is one issue in a tracker.
type held struct {
	key, priority string
	labels        []string
	open          bool
}

func (h held) managed(prefix string) []string {
	return slices.DeleteFunc(slices.Clone(h.labels), func(l string) bool { return !strings.HasPrefix(l, prefix) })
}

func (h held) unmanaged() string {
	l := slices.DeleteFunc(slices.Clone(h.labels), func(l string) bool {
		return strings.HasPrefix(l, "lane:") || strings.HasPrefix(l, "horizon:")
	})
	slices.Sort(l)
	return strings.Join(l, " ")
}

// TestMainJobOnRealIssues runs the whole main job on the real issues of the
// Duraspace tracker: first pull, decide, enforce; a second cycle writes
// nothing; people edit; a third cycle respects them; restart; sweep; undo.
func TestMainJobOnRealIssues(t *testing.T) {
	t.Run("Jira Cloud", func(t *testing.T) { mainJob(t, duraspace(t, jiratest.Cloud)) })
	t.Run("Jira Data Center", func(t *testing.T) { mainJob(t, duraspace(t, jiratest.DataCenter)) })
	t.Run("Linear", func(t *testing.T) { mainJob(t, islandora(t)) })
}

func duraspace(t *testing.T, flavor string) site {
	s := jiratest.New(jiratest.Options{Flavor: flavor, Now: clock, Token: "secret"})
	f, err := os.Open(shared.File(t, "data/jira-duraspace.ndjson.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := s.LoadNDJSON(f); err != nil {
		t.Fatal(err)
	}
	if flavor == jiratest.Cloud {
		must(t, openapi.ValidateAgainst(s, shared.File(t, "spec/jira-cloud.openapi.json")))
	}
	auth := "{email: bot@acme.example, token_env: TOKEN}"
	if flavor == jiratest.DataCenter {
		auth = "{token_env: TOKEN}"
	}
	projects := map[string]bool{}
	for _, i := range s.Issues() {
		projects[i.Project] = true
	}
	return site{
		Handler: s,
		config:  fmt.Sprintf("jira: {url: https://jira.example, auth: %s, projects: [%s]}", auth, strings.Join(sorted(projects), ", ")),
		issues: func() map[string]held {
			out := map[string]held{}
			for _, i := range s.Issues() {
				out[i.ID] = held{key: i.Key, priority: i.Priority, labels: i.Labels, open: i.Open()}
			}
			return out
		},
		mutations:  func() int { return len(s.Mutations()) },
		violations: func() []string { return texts(s.Violations()) },
		edit: func(id string, remove, add []string) error {
			return s.Edit(id, "user-0001", func(e *jiratest.Edit) {
				for _, l := range remove {
					e.RemoveLabel(l)
				}
				for _, l := range add {
					e.AddLabel(l)
				}
			})
		},
	}
}

func islandora(t *testing.T) site {
	schema, err := lineartest.ParseSchema(shared.Read(t, "spec/linear.graphql"))
	must(t, err)
	s := lineartest.New(lineartest.Options{Now: clock, Schema: schema})
	open := func(name string) *os.File {
		f, err := os.Open(shared.File(t, name))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { f.Close() })
		return f
	}
	if err := s.LoadNDJSON(open("data/linear-islandora.ndjson.gz"), open("data/linear-islandora.workspace.json")); err != nil {
		t.Fatal(err)
	}
	isOpen := map[string]bool{}
	for _, team := range s.Teams() {
		for _, st := range team.States {
			isOpen[st.ID] = !slices.Contains([]string{"completed", "canceled", "duplicate"}, st.Type)
		}
	}
	label := func(name string) string {
		group, child, _ := strings.Cut(name, ":")
		for _, l := range s.Labels() {
			if l.Name == child && l.ParentID != "" && slices.ContainsFunc(s.Labels(), func(g lineartest.Label) bool { return g.ID == l.ParentID && g.Name == group }) {
				return l.ID
			}
		}
		t.Fatalf("no label %s", name)
		return ""
	}
	return site{
		Handler: s,
		config:  "linear: {url: https://linear.example/graphql, auth: {api_key_env: KEY}, teams: [ISL]}",
		issues: func() map[string]held {
			out := map[string]held{}
			for _, i := range s.Issues() {
				out[i.ID] = held{key: i.Identifier, priority: fmt.Sprint(i.Priority), labels: s.LabelNames(i.ID), open: isOpen[i.StateID]}
			}
			return out
		},
		mutations:  func() int { return len(s.Mutations()) },
		violations: func() []string { return texts(s.Violations()) },
		edit: func(id string, remove, add []string) error {
			var off, on []string // the server is locked while it edits
			for _, l := range remove {
				off = append(off, label(l))
			}
			for _, l := range add {
				on = append(on, label(l))
			}
			_, err := s.Edit(id, s.Users()[1].ID, func(i *lineartest.Issue) {
				i.LabelIDs = append(slices.DeleteFunc(i.LabelIDs, func(x string) bool { return slices.Contains(off, x) }), on...)
			})
			return err
		},
	}
}

func texts[T any](list []T) []string {
	out := make([]string, len(list))
	for n, v := range list {
		out[n] = fmt.Sprintf("%+v", v)
	}
	return out
}

// realClock is moved by the test between cycles.
var realClock = time.Date(2015, 2, 1, 9, 0, 0, 0, time.UTC)

func clock() time.Time { return realClock }

const realConfig = `
mode: enforce
sources:
  - name: real
    %s
state: {path: %s}
guard: {max_changes: 10000, max_share: 1.0}
`

func open(t *testing.T, s site, path string) *App {
	t.Helper()
	cfg, err := config.Parse(filepath.Join(t.TempDir(), "lanekeeper.yaml"), fmt.Appendf(nil, realConfig, s.config, path),
		config.Options{Env: func(k string) (string, bool) {
			return map[string]string{"TOKEN": "secret", "KEY": lineartest.APIKey}[k], true
		}})
	if err != nil {
		t.Fatal(err)
	}
	a, err := New(cfg, Options{Now: clock, Log: slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn})),
		Transport: func(string) http.RoundTripper { return connectors.HandlerTransport(s) }})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func mainJob(t *testing.T, s site) {
	ctx := t.Context()
	path := filepath.Join(t.TempDir(), "state.db")
	a := open(t, s, path)
	defer func() {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	}()
	before := s.issues()
	began := realClock
	plan := once(t, a, true)
	if n := s.mutations(); n != 0 {
		t.Fatalf("plan sent %d mutations", n)
	}
	done := once(t, a, false)
	sameChanges(t, plan, done)
	orderly(t, s, before)
	nothing(t, a, s, "second cycle")
	explainAll(t, a)

	touched := edits(t, s)
	for _, c := range once(t, a, false).Changes { // the hour that passed is time of SLAs too
		if c.Field != issue.FieldSLA {
			t.Errorf("after people edited: %+v", c)
		}
	}
	nothing(t, a, s, "after that")
	for id, labels := range touched {
		if got := strings.Join(s.issues()[id].managed("lane:"), " "); got != labels {
			t.Errorf("%s: a person left %q, now it is %q", id, labels, got)
		}
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	a = open(t, s, path)
	nothing(t, a, s, "after a restart")
	r := a.current().sources[0].cycler.Run(ctx, reconcile.Task{Sweep: true, List: true})
	if r.Err != nil || r.Changed != 0 {
		t.Fatalf("sweep: changed %d, error %v", r.Changed, r.Err)
	}
	if _, err := a.Undo(ctx, web.UndoRequest{Since: began, By: "test"}); err != nil {
		t.Fatal(err)
	}
	restored(t, s, before, touched)
	nothing(t, a, s, "after the undo")
	if v := s.violations(); len(v) > 0 {
		t.Errorf("%d requests are outside the published schema, the first: %s", len(v), v[0])
	}
	if v, err := a.Verify(ctx); err != nil || !v.OK {
		t.Errorf("state: %v %v", err, v.Problems)
	}
}

// once runs a cycle a minute after the one before.
func once(t *testing.T, a *App, dry bool) answer.Cycle {
	t.Helper()
	realClock = realClock.Add(time.Minute)
	c := a.Once(t.Context(), dry)
	for _, s := range c.Sources {
		if s.Error != "" {
			t.Fatalf("source %s: %s", s.Source, s.Error)
		}
	}
	return c
}

func nothing(t *testing.T, a *App, s site, when string) {
	t.Helper()
	n := s.mutations()
	c := once(t, a, false)
	if len(c.Changes) > 0 || s.mutations() != n {
		t.Fatalf("%s: %d mutations, changes %+v", when, s.mutations()-n, c.Changes)
	}
}

func sameChanges(t *testing.T, plan, done answer.Cycle) {
	t.Helper()
	key := func(c answer.Change) string {
		return fmt.Sprintf("%s %s %s %s>%s %s", c.Ref, c.Field, c.Op, c.From, c.To, c.Reason)
	}
	if len(plan.Changes) != len(done.Changes) {
		t.Fatalf("plan has %d changes, once made %d", len(plan.Changes), len(done.Changes))
	}
	for n := range plan.Changes {
		if a, b := key(plan.Changes[n]), key(done.Changes[n]); a != b {
			t.Fatalf("planned %s, done %s", a, b)
		}
		if got := done.Changes[n].Status; got != answer.Applied && got != answer.Refused {
			t.Fatalf("%s: %s", key(done.Changes[n]), got)
		}
	}
}

// orderly demands exactly one lane on every open issue and no other change.
func orderly(t *testing.T, s site, before map[string]held) {
	t.Helper()
	open := 0
	for id, i := range s.issues() {
		if i.unmanaged() != before[id].unmanaged() {
			t.Errorf("%s: unmanaged labels went from %q to %q", i.key, before[id].unmanaged(), i.unmanaged())
		}
		want := 0
		if i.open {
			want, open = 1, open+1
		}
		if len(i.managed("lane:")) != want || len(i.managed("horizon:")) != want {
			t.Errorf("%s (open: %v) has labels %q", i.key, i.open, i.labels)
		}
		if !i.open && i.priority != before[id].priority {
			t.Errorf("%s is closed and its priority went from %s to %s", i.key, before[id].priority, i.priority)
		}
	}
	if open == 0 {
		t.Error("the tracker has no open issue: nothing was proven")
	}
}

// edits has people change some issues: every tenth loses its lane, every
// tenth gets another one.
func edits(t *testing.T, s site) map[string]string {
	t.Helper()
	realClock = realClock.Add(time.Hour)
	touched := map[string]string{}
	issues := s.issues()
	n := 0
	for _, id := range sorted(issues) {
		i := issues[id]
		if !i.open {
			continue
		}
		n++
		lane := i.managed("lane:")
		switch {
		case n%10 == 0:
			touched[id] = ""
			must(t, s.edit(id, lane, nil))
		case n%10 == 5 && lane[0] != "lane:feature":
			touched[id] = "lane:feature"
			must(t, s.edit(id, lane, []string{"lane:feature"}))
		}
	}
	return touched
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func explainAll(t *testing.T, a *App) {
	t.Helper()
	list, err := a.Issues(context.Background(), web.IssueFilter{})
	must(t, err)
	for _, it := range list.Issues {
		x, err := a.Explain(context.Background(), issue.ParseRef(it.Ref))
		must(t, err)
		var b bytes.Buffer
		must(t, x.WriteText(&b, answer.Style{}))
		if x.Lane == "" || len(x.Rules) == 0 || !strings.Contains(b.String(), x.Lane) {
			t.Fatalf("%s is not explained: %+v", it.Ref, x)
		}
	}
}

func restored(t *testing.T, s site, before map[string]held, touched map[string]string) {
	t.Helper()
	for id, i := range s.issues() {
		b := before[id]
		lanes, horizons := strings.Join(i.managed("lane:"), " "), i.managed("horizon:")
		if lanes != touched[id] || len(horizons) > 0 || i.priority != b.priority || i.unmanaged() != b.unmanaged() {
			t.Errorf("%s was %q %s, is %q %s after the undo", i.key, b.labels, b.priority, i.labels, i.priority)
		}
	}
}
