package simulation

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/lanekeeper/lanekeeper/connectors"
	"github.com/lanekeeper/lanekeeper/connectors/linear"
	"github.com/lanekeeper/lanekeeper/connectors/linear/lineartest"
	"github.com/lanekeeper/lanekeeper/internal/config"
	"github.com/lanekeeper/lanekeeper/internal/issue"
)

// linearSite is a Linear workspace with two teams in scope and one out of it.
type linearSite struct {
	*lineartest.Server
	name     string
	users    map[string]string // ids by name
	states   map[string]map[string]string
	injected int
}

var linearTeams = []string{"ENG", "APP", "OPS"}

// linearPriorities are Linear's numbers by ours.
var linearPriorities = []int{0, 4, 3, 2, 1}

func newLinear(name string, seed uint64, skew time.Duration, budgets bool) *linearSite {
	s := lineartest.New(lineartest.Options{Now: func() time.Time { return time.Now().Add(skew) }, Seed: seed})
	w := &linearSite{Server: s, name: name, users: map[string]string{}, states: map[string]map[string]string{}}
	for _, p := range people {
		w.users[p] = s.AddUser(lineartest.User{Name: p}).ID
	}
	w.users["oncall"] = s.AddUser(lineartest.User{Name: "On call", Email: oncall}).ID
	for _, k := range linearTeams {
		t := s.AddTeam(lineartest.Team{Key: k})
		w.states[t.ID] = map[string]string{}
		for _, st := range t.States {
			for ours, typ := range map[string]string{"open": "unstarted", "started": "started", "done": "completed"} {
				if st.Type == typ {
					w.states[t.ID][ours] = st.ID
				}
			}
		}
	}
	for _, l := range peoplesLabels {
		s.AddLabel(lineartest.Label{Name: l})
	}
	s.AddGroup("lane", append([]string{"hotfix", "stability", "feature"}, ownValues...)...)
	s.AddGroup("sla", "at-risk", "breached")
	s.AddGroup("horizon", append([]string{"current-sprint", "next-release", "roadmap"}, ownValues...)...)
	if budgets {
		s.SetLimits(lineartest.Limits{Requests: 240, Complexity: 100_000, Query: 10_000})
	}
	return w
}

func (s *linearSite) transport() http.RoundTripper { return s.Server.Transport() }

func (s *linearSite) config() config.Source {
	return config.Source{Linear: &config.Linear{URL: "https://linear.example/graphql", Auth: config.LinearAuth{APIKey: connectors.NewSecret(lineartest.APIKey)},
		Teams: linearTeams[:2], Dates: linear.DatesDue}}
}

func (s *linearSite) create(title, label string, priority issue.Priority, assignee string) string {
	i := lineartest.Issue{TeamID: linearTeams[len(title)%2], Title: title, Priority: linearPriorities[priority], AssigneeID: s.users[assignee]}
	if label != "" {
		i.LabelIDs = s.labelIDs([]string{label})
	}
	made, err := s.Create(i)
	must(err)
	return made.ID
}

func (s *linearSite) labelIDs(names []string) (ids []string) {
	groups := map[string]string{}
	for _, l := range s.Labels() {
		if l.Group {
			groups[l.ID] = l.Name + ":"
		}
	}
	for _, l := range s.Labels() {
		if !l.Group && slices.Contains(names, groups[l.ParentID]+l.Name) {
			ids = append(ids, l.ID)
		}
	}
	return ids
}

func (s *linearSite) edit(id string, e edit) {
	var off, on []string // the server is locked while it edits
	if len(e.remove) > 0 {
		off = s.labelIDs(e.remove)
	}
	if len(e.add) > 0 {
		on = s.labelIDs(e.add)
	}
	_, err := s.Edit(id, s.users[e.by], func(i *lineartest.Issue) {
		if e.title != nil {
			i.Title = *e.title
		}
		if e.text != nil {
			i.Description = *e.text
		}
		if e.status != "" {
			i.StateID = s.states[i.TeamID][e.status]
		}
		i.LabelIDs = slices.DeleteFunc(i.LabelIDs, func(l string) bool { return slices.Contains(off, l) })
		for _, l := range on {
			if !slices.Contains(i.LabelIDs, l) {
				i.LabelIDs = append(i.LabelIDs, l)
			}
		}
		if e.priority != nil {
			i.Priority = linearPriorities[*e.priority]
		}
		if e.assignee != nil {
			i.AssigneeID = s.users[*e.assignee]
		}
		if e.due != nil {
			i.DueDate = *e.due
		}
	})
	must(err)
}

func (s *linearSite) list() []snap {
	team, done := map[string]string{}, map[string]bool{}
	for _, t := range s.Teams() {
		team[t.ID] = t.Key
		done[s.states[t.ID]["done"]] = true
	}
	names := map[string]string{}
	for _, l := range s.Labels() {
		names[l.ID] = l.Name
	}
	for _, l := range s.Labels() {
		if l.ParentID != "" {
			names[l.ID] = names[l.ParentID] + ":" + l.Name
		}
	}
	var out []snap
	for _, i := range s.Issues() {
		n := snap{id: i.ID, key: i.Identifier, project: team[i.TeamID], title: i.Title, text: i.Description, open: !done[i.StateID],
			visible: !i.Gone() && team[i.TeamID] != linearTeams[2], assignee: i.AssigneeID, due: i.DueDate}
		n.priority = issue.Priority(slices.Index(linearPriorities, i.Priority))
		for _, l := range i.LabelIDs {
			n.labels = append(n.labels, names[l])
		}
		for _, c := range s.Comments(i.ID) {
			if c.UserID == s.Viewer().ID {
				n.ours, n.said = n.ours+1, c.Body
			} else {
				n.others++
			}
		}
		out = append(out, n)
	}
	return out
}

func (s *linearSite) move(id string, to int) {
	_, err := s.MoveTeam(id, s.users[people[0]], linearTeams[to])
	must(err)
}

func (s *linearSite) archive(id string, back bool) {
	if back {
		must(s.Restore(id, s.users[people[1]]))
		return
	}
	must(s.Trash(id, s.users[people[1]]))
}

func (s *linearSite) remove(id string) { must(s.DeleteForever(id)) }

func (s *linearSite) trouble(kind string, amount int, on bool) {
	switch {
	case kind == badToken && on:
		s.RevokeKey()
	case kind == badToken:
		s.RestoreKey()
	case kind == lag || kind == longLag:
		s.Behave(func(b *lineartest.Behavior) {
			b.Lag = 0
			if on {
				b.Lag = time.Duration(amount) * time.Minute
			}
		})
	}
}

func (s *linearSite) fault(kind string) {
	after, kind := cutAfter(kind)
	f := lineartest.Fault{Times: 1, Kind: lineartest.Status}
	switch kind {
	case reset:
		f.Kind = lineartest.Drop
		if after {
			f.Kind = lineartest.DropAfter
		}
	case tooMany, tooManyLong:
		s.injected++
		f.Kind = lineartest.RateLimited
	case html:
		f.Kind = lineartest.HTML
	case cut, torn:
		f.Kind = lineartest.Truncated
	case sameCursor:
		f.Kind = lineartest.RepeatedCursor
	default:
		f.Status = map[string]int{badGateway: 502, unavailable: 503, broken: 500}[kind]
		if after {
			f.Kind = lineartest.StatusAfter
		}
	}
	s.Inject(f)
}

func (s *linearSite) limited() int { return s.Counters().Limited - s.injected }

func (s *linearSite) person(name string) string { return s.users[name] }

func (s *linearSite) isWrite(_, _, body string) bool {
	return strings.Contains(body, `"query":"mutation`)
}
