package app

import (
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lanekeeper/lanekeeper/connectors"
	"github.com/lanekeeper/lanekeeper/connectors/jira/jiratest"
	"github.com/lanekeeper/lanekeeper/connectors/linear/lineartest"
	"github.com/lanekeeper/lanekeeper/internal/answer"
	"github.com/lanekeeper/lanekeeper/internal/config"
)

// The kinds of tracker that a place can be.
const (
	cloud      = "Jira Cloud"
	datacenter = "Jira Data Center"
	linearApp  = "Linear"
)

// place is a small simulated tracker with a few issues and people.
type place struct {
	site
	t      testing.TB
	kind   string
	jira   *jiratest.Server   // nil for Linear
	linear *lineartest.Server // nil for Jira
	secret string             // file of the credential
	good   string             // the credential
	label  string             // id of the label that people use, on Linear
}

// lane finds the lane labels of an issue, joined by spaces.
func (p *place) lane(id string) string {
	return strings.Join(p.issues()[id].managed("lane:"), " ")
}

// newPlace makes a tracker with eight issues, two of them on fire, one closed.
func newPlace(t testing.TB, kind, dir string) *place {
	p := &place{t: t, kind: kind, secret: filepath.Join(dir, strings.ReplaceAll(kind, " ", "-"))}
	if kind == linearApp {
		p.workspace()
	} else {
		p.atlassian()
	}
	p.credential(p.good)
	for n := range 8 {
		p.create([]string{"Outage in the shop", "A new button", "Nicer fonts", "Security of the login"}[n%4], fmt.Sprintf("Text %d.", n))
	}
	p.close(p.create("Old news", ""))
	return p
}

func (p *place) atlassian() {
	flavor := jiratest.Cloud
	auth := "email: bot@acme.example, "
	if p.kind == datacenter {
		flavor, auth = jiratest.DataCenter, ""
	}
	p.jira = jiratest.New(jiratest.Options{Flavor: flavor, Now: time.Now, Token: "jira-7f3a91", Pause: patiently})
	p.jira.AddUser(jiratest.User{AccountID: "amy", Name: "Amy"})
	p.jira.AddProject(jiratest.Project{Key: "PAY"})
	p.good = "jira-7f3a91"
	p.site = site{
		Handler: p.jira,
		config:  fmt.Sprintf("jira: {url: https://jira.example, auth: {%stoken_file: %q}, projects: [PAY]}", auth, p.secret),
		issues: func() map[string]held {
			out := map[string]held{}
			for _, i := range p.jira.Issues() {
				out[i.ID] = held{key: i.Key, priority: i.Priority, labels: i.Labels, open: i.Open()}
			}
			return out
		},
		mutations: func() int { return len(p.jira.Mutations()) },
		edit: func(id string, remove, add []string) error {
			return p.jira.Edit(id, "amy", func(e *jiratest.Edit) {
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

func (p *place) workspace() {
	p.linear = lineartest.New(lineartest.Options{Now: time.Now})
	amy := p.linear.AddUser(lineartest.User{Name: "Amy"})
	team := p.linear.AddTeam(lineartest.Team{Key: "ENG"})
	p.label = p.linear.AddLabel(lineartest.Label{Name: "team-a"}).ID
	p.good = lineartest.APIKey
	closed := map[string]bool{}
	for _, st := range team.States {
		closed[st.ID] = slices.Contains([]string{"completed", "canceled", "duplicate"}, st.Type)
	}
	p.site = site{
		Handler: p.linear,
		config:  fmt.Sprintf("linear: {url: https://linear.example/graphql, auth: {api_key_file: %q}, teams: [ENG]}", p.secret),
		issues: func() map[string]held {
			out := map[string]held{}
			for _, i := range p.linear.Issues() {
				out[i.ID] = held{key: i.Identifier, priority: fmt.Sprint(i.Priority), labels: p.linear.LabelNames(i.ID), open: !closed[i.StateID]}
			}
			return out
		},
		mutations: func() int { return len(p.linear.Mutations()) },
		edit: func(id string, remove, add []string) error {
			off, on := p.labelIDs(remove), p.labelIDs(add) // the server is locked while it edits
			_, err := p.linear.Edit(id, amy.ID, func(i *lineartest.Issue) {
				i.LabelIDs = append(slices.DeleteFunc(i.LabelIDs, func(x string) bool { return slices.Contains(off, x) }), on...)
			})
			return err
		},
	}
}

func (p *place) labelIDs(names []string) (ids []string) {
	parent := map[string]string{}
	for _, l := range p.linear.Labels() {
		parent[l.ID] = l.Name
	}
	for _, l := range p.linear.Labels() {
		name := l.Name
		if l.ParentID != "" {
			name = parent[l.ParentID] + ":" + name
		}
		if slices.Contains(names, name) {
			ids = append(ids, l.ID)
		}
	}
	return ids
}

// create has a person file an issue with a label of their own, and returns its
// id.
func (p *place) create(title, text string) string {
	p.t.Helper()
	if p.linear != nil {
		i, err := p.linear.Create(lineartest.Issue{TeamID: "ENG", Title: title, Description: text, Priority: 3, LabelIDs: []string{p.label}})
		fatal(p.t, err)
		return i.ID
	}
	key := p.jira.Create(jiratest.Spec{Project: "PAY", Type: "Task", Summary: title, Description: text, Labels: []string{"team-a"}})
	i, _ := p.jira.Issue(key)
	return i.ID
}

// close ends an issue.
func (p *place) close(id string) {
	p.t.Helper()
	if p.jira != nil {
		fatal(p.t, p.jira.Transition(id, "amy", "Done"))
		return
	}
	done, _ := ptr(p.linear.Teams()[0]).StateOf("completed")
	_, err := p.linear.Edit(id, "", func(i *lineartest.Issue) { i.StateID = done.ID })
	fatal(p.t, err)
}

// updated is when an issue last changed in the tracker.
func (p *place) updated(id string) time.Time {
	if p.linear != nil {
		i, _ := p.linear.Issue(id)
		return i.UpdatedAt
	}
	i, _ := p.jira.Issue(id)
	return i.Updated
}

// credential writes the file that the source reads its credential from.
func (p *place) credential(c string) { fatal(p.t, os.WriteFile(p.secret, []byte(c), 0o600)) }

// patiently lets the bubble's time pass.
func patiently(r *http.Request, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-r.Context().Done():
		return r.Context().Err()
	}
}

func ptr[T any](v T) *T { return &v }

func fatal(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// world is an App on two trackers: trouble strikes the source "hurt", and the
// source "other" must not notice. It lives in a synctest bubble: its clock is
// the bubble's.
type world struct {
	*testing.T
	dir         string
	file        string // the configuration
	hurt, other *place
	app         *App
	log         *lines
	// left is what people last set on issues that they took in hand.
	left map[string]string
	// people are the labels that are none of our business, by id.
	people map[string]string
	// blocked, where set, is a link before the tracker of a source.
	between func(source string, next http.RoundTripper) http.RoundTripper
	// alerts, where set, is the way to Alertmanager.
	alerts http.RoundTripper
	// rotas, where set, is the way to calendars.
	rotas http.RoundTripper
}

// settings are the parts of a configuration that tests vary.
type settings struct {
	mode, hurt, other, policy, state string
}

// testPolicy puts outages into hotfix, what speaks of security into stability
// and the rest into feature.
const testPolicy = `
  score:
    pillars: {demand: {weight: 1, expr: "any_word(issue.title, ['outage']) ? 95.0 : 50.0"}}
    effort: {expr: "1.0"}
  priority: {margin: 5, bands: {urgent: 85, high: 65, medium: 35}}
  lanes:
    - {name: hotfix, why: The shop is down., when: "any_word(issue.title, ['outage'])", horizon: current-sprint}
    - {name: stability, when: "any_word(issue.title, ['security']) || any_word(issue.description, ['security'])", horizon: next-release}
    - {name: feature, when: "true", horizon: next-release}`

func (s settings) yaml() string {
	return fmt.Sprintf(`mode: %s
sources:
  - name: hurt
    %s
  - name: other
    %s
schedule: {timezone: Europe/Berlin, pull: "@every 1m", sweep: "30 2 * * *"}
state: {path: %s}
server: {listen: "127.0.0.1:0"}
guard: {max_changes: 10000, max_share: 1.0}
policy:%s
`, s.mode, s.hurt, s.other, s.state, s.policy)
}

// newWorld builds the trackers and writes the configuration; start opens the
// app. adjust may change what the configuration says.
func newWorld(t *testing.T, kind string, adjust ...func(*world, *settings)) *world {
	t.Helper()
	w := &world{T: t, dir: t.TempDir(), log: &lines{}, left: map[string]string{}, people: map[string]string{}}
	w.file = filepath.Join(w.dir, "lanekeeper.yaml")
	bystander := linearApp
	if kind == linearApp {
		bystander = cloud
	}
	w.hurt, w.other = newPlace(t, kind, w.dir), newPlace(t, bystander, w.dir)
	s := settings{mode: "enforce", hurt: w.hurt.config, other: w.other.config, policy: testPolicy, state: "state.db"}
	for _, a := range adjust {
		a(w, &s)
	}
	w.configure(s)
	return w
}

func (w *world) configure(s settings) {
	w.Helper()
	fatal(w, os.WriteFile(w.file, []byte(s.yaml()), 0o600))
}

func (w *world) load() (*config.Config, error) {
	return config.Load(w.file, func(string) (string, bool) { return "", false })
}

func (w *world) options() Options {
	return Options{
		Log: slog.New(slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: slog.LevelWarn})), Load: w.load, AlertTransport: w.alerts, RotaTransport: w.rotas,
		Transport: func(source string) http.RoundTripper {
			next := connectors.HandlerTransport(w.at(source))
			if w.between != nil {
				next = w.between(source, next)
			}
			return next
		},
	}
}

func (w *world) at(source string) *place {
	if source == "hurt" {
		return w.hurt
	}
	return w.other
}

// start opens the app on the state file, as a new process would.
func (w *world) start() {
	w.Helper()
	cfg, err := w.load()
	fatal(w, err)
	w.app, err = New(cfg, w.options())
	fatal(w, err)
}

// stop ends the app.
func (w *world) stop() {
	w.Helper()
	fatal(w, w.app.Close())
	w.app = nil
}

// once runs a cycle of both sources a minute after the one before.
func (w *world) once() answer.Cycle {
	w.Helper()
	time.Sleep(time.Minute)
	return w.app.Once(w.Context(), false)
}

// fault is the error of a source in a cycle.
func fault(c answer.Cycle, source string) string {
	for _, s := range c.Sources {
		if s.Source == source {
			return string(s.Error)
		}
	}
	return "the source has no report"
}

// good runs a cycle that must succeed.
func (w *world) good() answer.Cycle {
	w.Helper()
	c := w.once()
	for _, s := range c.Sources {
		if s.Error != "" {
			w.Fatalf("source %s: %s", s.Source, s.Error)
		}
	}
	return c
}

// quiet runs a good cycle that must write nothing.
func (w *world) quiet() {
	w.Helper()
	a, b := w.hurt.mutations(), w.other.mutations()
	c := w.good()
	if a != w.hurt.mutations() || b != w.other.mutations() || len(c.Changes) > 0 {
		w.Errorf("a cycle that should write nothing sent %d and %d mutations: %+v", w.hurt.mutations()-a, w.other.mutations()-b, c.Changes)
	}
}

// note remembers which labels belong to people.
func (w *world) note() {
	for _, p := range []*place{w.hurt, w.other} {
		for id, i := range p.issues() {
			w.people[id] = i.unmanaged()
		}
	}
}

// orderly demands that every open issue has one lane and one horizon, that
// outages are urgent, and that what people did is still there.
func (w *world) orderly() {
	w.Helper()
	for _, p := range []*place{w.hurt, w.other} {
		for id, i := range p.issues() {
			if was, ok := w.people[id]; ok && was != i.unmanaged() {
				w.Errorf("%s %s: people's labels went from %.80q to %.80q", p.kind, i.key, was, i.unmanaged())
			}
			if lane, ok := w.left[id]; ok {
				if p.lane(id) != lane {
					w.Errorf("%s %s: a person left it in %q, now it is in %q", p.kind, i.key, lane, p.lane(id))
				}
				continue
			}
			lanes, want := i.managed("lane:"), 0
			if i.open {
				want = 1
			}
			if len(lanes) != want || len(i.managed("horizon:")) != want {
				w.Errorf("%s %s (open: %v) has the labels %.200q", p.kind, i.key, i.open, i.labels)
			}
			urgent := i.priority == "Highest" || i.priority == "1"
			if hot := slices.Contains(lanes, "lane:hotfix"); hot != urgent {
				w.Errorf("%s %s: lane %v, priority %s", p.kind, i.key, lanes, i.priority)
			}
		}
	}
}

// metric sums the series of a metric that bear the labels, given as name and
// value in turn.
func (w *world) metric(name string, labels ...string) float64 {
	w.Helper()
	families, err := w.app.registry.Gather()
	fatal(w, err)
	sum := 0.0
	for _, f := range families {
		if f.GetName() != "lanekeeper_"+name {
			continue
		}
		for _, m := range f.GetMetric() {
			borne := 0
			for _, l := range m.GetLabel() {
				for n := 0; n < len(labels); n += 2 {
					if l.GetName() == labels[n] && l.GetValue() == labels[n+1] {
						borne += 2
					}
				}
			}
			if borne == len(labels) {
				sum += m.GetGauge().GetValue() + m.GetCounter().GetValue()
			}
		}
	}
	return sum
}

// ready is why the sources are not ready, by source; empty when all are.
func (w *world) ready() map[string]string {
	w.Helper()
	r, err := w.app.Ready(w.Context())
	fatal(w, err)
	if r.Ready != (len(r.Reasons) == 0) {
		w.Errorf("ready is %v with the reasons %v", r.Ready, r.Reasons)
	}
	return r.Reasons
}

// lines is a log that tests read.
type lines struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// mentions demands that a message holds all the words.
func mentions(t testing.TB, what, message string, words ...string) {
	t.Helper()
	for _, word := range words {
		if !strings.Contains(strings.ToLower(message), strings.ToLower(word)) {
			t.Errorf("%s does not speak of %q: %s", what, word, message)
		}
	}
}
