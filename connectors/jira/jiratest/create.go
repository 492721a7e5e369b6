package jiratest

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Spec describes an issue to create. Empty members take defaults: the first
// type of the project, its middle priority, the first status, now.
type Spec struct {
	// ID and Key are chosen by the site unless given.
	ID                         int64
	Key                        string
	Project, Type              string
	Summary, Description       string
	Status                     string // name or id
	Priority                   string // name or id; "-" for none
	Resolution                 string
	Labels, Components         []string
	Versions                   []string
	Reporter, Assignee         string // account ids
	Created, Updated, Resolved time.Time
	Due                        string // YYYY-MM-DD
	Parent                     string // key
	Votes, Watches             int
	Custom                     map[string]any // by field id; see checkValue
}

// Create adds an issue and returns its key. The search index has known it since
// its update time. It panics where the description
// names something that the world does not have: that is a mistake in a test.
func (s *Server) Create(spec Spec) string {
	now := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	v, err := s.build(spec, now)
	if err != nil {
		panic("jiratest: create: " + err.Error())
	}
	s.put(v, v.since)
	return v.key
}

func (s *Server) build(spec Spec, now time.Time) (*issue, error) {
	p := s.project(spec.Project)
	if p == nil {
		return nil, fmt.Errorf("no project %q", spec.Project)
	}
	v := &issue{
		id: spec.ID, key: spec.Key, proj: p, typ: &p.Types[0], status: s.category(ToDo), resolution: spec.Resolution,
		summary: spec.Summary, description: spec.Description, labels: sortedSet(spec.Labels), components: spec.Components,
		versions: spec.Versions, created: ms(spec.Created), updated: ms(spec.Updated), resolved: ms(spec.Resolved), due: spec.Due,
		votes: spec.Votes, watches: spec.Watches, custom: spec.Custom,
	}
	if v.created.IsZero() {
		v.created = now
	}
	if v.updated.IsZero() {
		v.updated = v.created
	}
	v.since = v.updated
	for id, val := range spec.Custom {
		if err := checkValue(val); err != nil {
			return nil, fmt.Errorf("%s: %w", id, err)
		}
	}
	s.number(v, p)
	return v, s.resolve(v, spec)
}

// number gives the id and the key that spec left open.
func (s *Server) number(v *issue, p *Project) {
	if v.id == 0 {
		v.id = s.nextIssueID
	}
	s.nextIssueID = max(s.nextIssueID, v.id+1)
	if v.key == "" {
		v.key = p.Key + "-" + strconv.Itoa(p.lastNum+1)
	}
	if _, num, ok := strings.Cut(v.key, "-"); ok {
		v.num, _ = strconv.Atoi(num)
	}
	p.lastNum = max(p.lastNum, v.num)
}

// resolve turns the names of spec into the world's own values.
func (s *Server) resolve(v *issue, spec Spec) error {
	if spec.Type != "" {
		if v.typ = v.proj.issueType(spec.Type); v.typ == nil {
			return fmt.Errorf("no issue type %q in %s", spec.Type, v.proj.Key)
		}
	}
	if spec.Status != "" {
		if v.status = s.status(spec.Status); v.status == nil {
			return fmt.Errorf("no status %q", spec.Status)
		}
	}
	switch spec.Priority {
	case "-":
	case "":
		list := s.scheme(v.proj)
		v.prio = list[len(list)/2]
	default:
		if v.prio = s.priority(spec.Priority); v.prio == nil {
			return fmt.Errorf("no priority %q", spec.Priority)
		}
	}
	if v.status.Category == Done && v.resolved.IsZero() {
		v.resolved = v.updated
		if v.resolution == "" {
			v.resolution = "Done"
		}
	}
	var err error
	if v.reporter, err = s.person(spec.Reporter); err != nil {
		return err
	}
	if v.assignee, err = s.person(spec.Assignee); err != nil {
		return err
	}
	if spec.Parent != "" {
		r := s.find(spec.Parent)
		if r == nil {
			return fmt.Errorf("no parent %q", spec.Parent)
		}
		v.parent = r.id
	}
	return nil
}

func (s *Server) person(id string) (*User, error) {
	if id == "" {
		return nil, nil
	}
	u := s.user(id)
	if u == nil {
		return nil, fmt.Errorf("no user %q", id)
	}
	return u, nil
}

// ms cuts to the precision that Jira keeps.
func ms(t time.Time) time.Time { return t.Truncate(time.Millisecond) }

func sortedSet(list []string) []string {
	out := slices.Clone(list)
	slices.Sort(out)
	return slices.Compact(out)
}
