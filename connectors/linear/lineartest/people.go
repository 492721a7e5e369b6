package lineartest

import (
	"slices"
	"strings"
)

// AddUser adds a member. Missing id, names and times are made up.
func (s *Server) AddUser(u User) User {
	s.lock()
	defer s.mu.Unlock()
	return *s.addUser(u)
}

func (s *Server) addUser(u User) *User {
	u.ID = s.idFor("user", u.ID)
	if u.DisplayName == "" {
		u.DisplayName = strings.ToLower(strings.ReplaceAll(u.Name, " ", "."))
	}
	if u.Email == "" {
		u.Email = u.DisplayName + "@example.org"
	}
	u.CreatedAt, u.UpdatedAt = s.at(u.CreatedAt), s.at(u.UpdatedAt)
	s.world.users.add(u.ID, &u)
	return &u
}

// EditUser changes a member, for example to deactivate it.
func (s *Server) EditUser(id string, f func(*User)) {
	s.lock()
	defer s.mu.Unlock()
	if u := s.world.users.byID[id]; u != nil {
		f(u)
		u.UpdatedAt = s.now()
	}
}

// Users lists all members, the viewer first.
func (s *Server) Users() []User {
	s.lock()
	defer s.mu.Unlock()
	return values(s.world.users)
}

func values[T any](t table[T]) []T {
	out := make([]T, len(t.all))
	for i, v := range t.all {
		out[i] = *v
	}
	return out
}

// AddTeam adds a team. Without States it gets one of each of the seven types.
func (s *Server) AddTeam(t Team) Team {
	s.lock()
	defer s.mu.Unlock()
	return s.addTeam(t).copy()
}

func (s *Server) addTeam(t Team) *Team {
	t.ID = s.idFor("team", t.ID)
	if t.Name == "" {
		t.Name = t.Key
	}
	if t.Timezone == "" {
		t.Timezone = "America/Los_Angeles"
	}
	if t.EstimationType == "" {
		t.EstimationType = "notUsed"
	}
	t.CreatedAt, t.UpdatedAt = s.at(t.CreatedAt), s.at(t.UpdatedAt)
	if len(t.States) == 0 {
		t.States = defaultStates()
	}
	t.States = slices.Clone(t.States)
	for i := range t.States {
		st := &t.States[i]
		st.ID = s.idFor("state", st.ID)
		st.TeamID, st.CreatedAt = t.ID, s.at(st.CreatedAt)
		s.world.states.add(st.ID, st)
	}
	s.world.teams.add(t.ID, &t)
	return &t
}

func (t *Team) copy() Team {
	c := *t
	c.States = slices.Clone(t.States)
	return c
}

func defaultStates() []State {
	return []State{
		{Name: "Triage", Type: "triage", Color: "#FC7840", Position: 0},
		{Name: "Backlog", Type: "backlog", Color: "#bec2c8", Position: 1},
		{Name: "Todo", Type: "unstarted", Color: "#e2e2e2", Position: 2},
		{Name: "In Progress", Type: "started", Color: "#f2c94c", Position: 3},
		{Name: "In Review", Type: "started", Color: "#0f783c", Position: 4},
		{Name: "Done", Type: "completed", Color: "#5e6ad2", Position: 5},
		{Name: "Canceled", Type: "canceled", Color: "#95a2b3", Position: 6},
		{Name: "Duplicate", Type: "duplicate", Color: "#95a2b3", Position: 7},
	}
}

// SetOnDuty gives a team's triage duty to a user, to nobody now where there is no
// such user; "" takes the duty away.
func (s *Server) SetOnDuty(team, user string) {
	s.lock()
	defer s.mu.Unlock()
	if t := s.world.team(team); t != nil {
		t.OnDuty = user
	}
}

// Teams lists all teams.
func (s *Server) Teams() []Team {
	s.lock()
	defer s.mu.Unlock()
	var out []Team
	for _, t := range s.world.teams.all {
		out = append(out, t.copy())
	}
	return out
}

// AddLabel adds a label or, with Group, a label group.
func (s *Server) AddLabel(l Label) Label {
	s.lock()
	defer s.mu.Unlock()
	return *s.addLabel(l)
}

func (s *Server) addLabel(l Label) *Label {
	l.ID = s.idFor("label", l.ID)
	if l.Color == "" {
		l.Color = "#5e6ad2"
	}
	l.CreatedAt, l.UpdatedAt = s.at(l.CreatedAt), s.at(l.UpdatedAt)
	s.world.labels.add(l.ID, &l)
	return &l
}

// AddGroup adds a label group of the workspace with its children and returns
// their ids by name.
func (s *Server) AddGroup(name string, children ...string) map[string]string {
	s.lock()
	defer s.mu.Unlock()
	group := s.addLabel(Label{Name: name, Group: true})
	ids := map[string]string{"": group.ID}
	for _, c := range children {
		ids[c] = s.addLabel(Label{Name: c, ParentID: group.ID}).ID
	}
	return ids
}

// EditLabel changes a label, for example to rename or to retire it. Issues
// are not touched.
func (s *Server) EditLabel(id string, f func(*Label)) {
	s.lock()
	defer s.mu.Unlock()
	if l := s.world.labels.byID[id]; l != nil {
		f(l)
		l.UpdatedAt = s.now()
	}
}

// Labels lists all labels and groups.
func (s *Server) Labels() []Label {
	s.lock()
	defer s.mu.Unlock()
	return values(s.world.labels)
}

// LabelNames gives the names of an issue's labels, a group's child as
// "group:child", sorted.
func (s *Server) LabelNames(issueID string) []string {
	s.lock()
	defer s.mu.Unlock()
	r := s.world.find(issueID)
	if r == nil {
		return nil
	}
	var out []string
	for _, id := range r.LabelIDs {
		if l := s.world.labels.byID[id]; l != nil {
			out = append(out, s.world.fullName(l))
		}
	}
	slices.Sort(out)
	return out
}

func (w *world) fullName(l *Label) string {
	if p := w.labels.byID[l.ParentID]; p != nil {
		return p.Name + ":" + l.Name
	}
	return l.Name
}
