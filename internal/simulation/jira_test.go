package simulation

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/lanekeeper/lanekeeper/connectors"
	"github.com/lanekeeper/lanekeeper/connectors/jira/jiratest"
	"github.com/lanekeeper/lanekeeper/internal/config"
	"github.com/lanekeeper/lanekeeper/internal/issue"
)

// jiraSite is a Jira of either flavor with two projects in scope and one out of
// it.
type jiraSite struct {
	*jiratest.Server
	name     string
	flavor   string
	injected int // refusals that are faults and no budget
	// atOnce is 1 where there are budgets: of two requests that wait for one token
	// chance would say which goes first. 0 is what the connector chooses.
	atOnce int
}

var jiraProjects = []string{"PAY", "WEB", "OPS"} // the last is out of scope

var jiraPriorities = []string{"-", "Low", "Medium", "High", "Highest"}

const jiraToken = "secret"

func newJira(name, flavor string, skew time.Duration, budgets bool) *jiraSite {
	s := jiratest.New(jiratest.Options{Flavor: flavor, Now: time.Now, Token: jiraToken})
	for _, p := range people {
		s.AddUser(jiratest.User{AccountID: p, Name: p})
	}
	s.AddUser(jiratest.User{AccountID: "oncall", Name: "On call", Email: oncall})
	for _, p := range jiraProjects {
		s.AddProject(jiratest.Project{Key: p})
	}
	s.Trap(func(t *jiratest.Traps) { t.ClockSkew = skew })
	site := &jiraSite{Server: s, name: name, flavor: flavor}
	if budgets {
		s.SetLimits(jiratest.Limits{Burst: true, Bucket: 40, Fill: 2, Interval: 5 * time.Second})
		site.atOnce = 1
	}
	return site
}

func (s *jiraSite) transport() http.RoundTripper { return s.Server.Transport() }

func (s *jiraSite) config() config.Source {
	auth := config.JiraAuth{Email: "bot@acme.example", Token: connectors.NewSecret(jiraToken)}
	if s.flavor == jiratest.DataCenter {
		auth.Email = ""
	}
	return config.Source{Jira: &config.Jira{URL: "https://jira.example", Auth: auth, Projects: jiraProjects[:2], Concurrency: s.atOnce}}
}

func (s *jiraSite) create(title, label string, priority issue.Priority, assignee string) string {
	spec := jiratest.Spec{Project: jiraProjects[len(title)%2], Type: "Task", Summary: title, Priority: jiraPriorities[priority], Assignee: assignee}
	if label != "" {
		spec.Labels = []string{label}
	}
	i, _ := s.Issue(s.Create(spec))
	return i.ID
}

var jiraStatus = map[string]string{"open": "To Do", "started": "In Progress", "done": "Done"}

func (s *jiraSite) edit(id string, e edit) {
	must(s.Edit(id, e.by, func(x *jiratest.Edit) {
		if e.title != nil {
			x.Summary(*e.title)
		}
		if e.text != nil {
			x.Description(*e.text)
		}
		if e.status != "" {
			x.Status(jiraStatus[e.status])
		}
		for _, l := range e.remove {
			x.RemoveLabel(l)
		}
		for _, l := range e.add {
			x.AddLabel(l)
		}
		if e.priority != nil {
			x.Priority(strings.TrimPrefix(jiraPriorities[*e.priority], "-"))
		}
		if e.assignee != nil {
			x.Assignee(*e.assignee)
		}
		if e.due != nil {
			x.Due(*e.due)
		}
	}))
}

func (s *jiraSite) list() []snap {
	var out []snap
	for _, i := range s.Issues() {
		n := snap{id: i.ID, key: i.Key, project: i.Project, title: i.Summary, text: i.Description, open: i.Open(),
			visible: !i.Archived && i.Project != jiraProjects[2], labels: i.Labels, assignee: i.Assignee, due: i.Due}
		n.priority = issue.Priority(max(0, slices.Index(jiraPriorities, i.Priority)))
		for _, c := range i.Comments {
			if c.Author == s.Account() {
				n.ours, n.said = n.ours+1, c.Body
			} else {
				n.others++
			}
		}
		out = append(out, n)
	}
	return out
}

func (s *jiraSite) move(id string, to int) {
	i, ok := s.Issue(id)
	if !ok || i.Project == jiraProjects[to] {
		return
	}
	_, err := s.Move(i.Key, jiraProjects[to], people[0])
	must(err)
}

func (s *jiraSite) archive(id string, back bool) {
	if back {
		must(s.Restore(id))
		return
	}
	must(s.Archive(id))
}

func (s *jiraSite) remove(id string) { must(s.Delete(id)) }

func (s *jiraSite) trouble(kind string, amount int, on bool) {
	if kind == badToken {
		if on {
			s.RevokeToken()
		} else {
			s.RestoreToken()
		}
		return
	}
	if kind == hidden {
		s.EditProject(jiraProjects[amount%2], func(p *jiratest.Project) { p.Hidden = on })
		return
	}
	s.Trap(func(t *jiratest.Traps) {
		n := 0
		if on {
			n = amount
		}
		switch kind {
		case lag, longLag:
			t.IndexLag = time.Duration(n) * time.Minute
		case smallPages:
			t.PageCap = n
		case samePages:
			t.PageCap, t.Overlap = 3*n, n
		case sameToken:
			t.RepeatToken = on
		case absentField:
			t.AbsentFields = nil
			if on {
				t.AbsentFields = []string{[]string{"labels", "priority", "status"}[amount%3]}
			}
		}
	})
}

// fault breaks the next request. A refusal carries the headers of the real one.
func (s *jiraSite) fault(kind string) {
	after, kind := cutAfter(kind)
	f := jiratest.Fault{}
	switch kind {
	case reset:
		f.Abort = true
	case tooMany:
		s.injected++
		f = jiratest.TooMany(jiratest.ReasonTenant, 45*time.Second, s.Now().Add(45*time.Second))
	case tooManyLong:
		s.injected++
		f = jiratest.TooMany(jiratest.ReasonGlobal, 25*time.Minute, s.Now().Add(25*time.Minute))
	case html:
		f = jiratest.LoginPage()
	case cut:
		f.Cut = 40
	case torn:
		f.Truncate = 60
	default:
		f = jiratest.ServerError(map[string]int{badGateway: 502, unavailable: 503, broken: 500}[kind])
	}
	if after {
		s.FailAfter("", 1, f)
	} else {
		s.FailNext("", 1, f)
	}
}

func (s *jiraSite) limited() int {
	n := 0
	for _, r := range s.Requests() {
		if r.Status == http.StatusTooManyRequests {
			n++
		}
	}
	return n - s.injected
}

// isWrite tells the requests that may change an issue. A bulk edit may come to
// its end with a later question for its progress.
func (s *jiraSite) isWrite(op, method, _ string) bool {
	switch op {
	case "edit", "bulk_edit", "bulk_progress":
		return true
	}
	return op == "comment" && method != http.MethodGet
}

func (s *jiraSite) person(name string) string { return name }
