package jiratest

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
)

// loadedField names the custom fields of the public data set that mean
// something; the rest keep a number.
func loadedField(id string) Field {
	f := Field{ID: id, Name: "Field " + strings.TrimPrefix(id, "customfield_"), Custom: CustomText}
	switch id {
	case "customfield_10023":
		f.Name, f.Custom = "Story Points", CustomNumber
	case "customfield_10290":
		f.Name, f.Custom = "Sprint", CustomSprint
	case "customfield_10001":
		f.Name, f.Custom = "Reviewer", CustomUser
	case "customfield_10011":
		f.Name, f.Custom = "Roadmap Theme", CustomMultiSelect
	case "customfield_10060":
		f.Name, f.Custom = "Documentation Status", CustomSelect
	case "customfield_10590", "customfield_10591":
		f.Name, f.Custom = "Rank", CustomRank
	}
	return f
}

type loadedUser struct {
	Name, DisplayName, EmailAddress string
	Active                          bool
}

type loadedNamed struct{ ID, Name string }

type loadedIssue struct {
	ID, Key   string
	Fields    map[string]json.RawMessage
	Changelog struct {
		Histories []struct {
			ID, Created string
			Author      *loadedUser
			Items       []struct {
				Field, FieldType     string
				From, FromString, To *string
				ToString             *string
			}
		}
	}
}

// loader carries what must wait until every issue is there.
type loader struct {
	s     *Server
	later []func()
}

// LoadNDJSON adds issues as a Jira server answers them with their change log,
// one a line, plain or gzipped: projects, types, people, statuses, priorities,
// link types and custom fields come with them. On Cloud a person's account id
// is the user name. It returns the number of issues.
func (s *Server) LoadNDJSON(r io.Reader) (int, error) {
	br := bufio.NewReaderSize(r, 1<<20)
	if head, _ := br.Peek(2); len(head) == 2 && head[0] == 0x1f && head[1] == 0x8b {
		zr, err := gzip.NewReader(br)
		if err != nil {
			return 0, fmt.Errorf("load: %w", err)
		}
		br = bufio.NewReaderSize(zr, 1<<20)
	}
	l := &loader{s: s}
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for d := json.NewDecoder(br); ; n++ {
		var in loadedIssue
		if err := d.Decode(&in); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return n, fmt.Errorf("load: issue %d: %w", n+1, err)
		}
		if err := l.add(&in); err != nil {
			return n, fmt.Errorf("load: %s: %w", in.Key, err)
		}
	}
	for _, f := range l.later {
		f()
	}
	return n, nil
}

func (l *loader) add(in *loadedIssue) error {
	id, err := strconv.ParseInt(in.ID, 10, 64)
	if err != nil || l.s.byID[id] != nil {
		return fmt.Errorf("id %q is no number or taken", in.ID)
	}
	v := &issue{id: id, key: in.Key}
	if v.proj, err = l.project(in); err != nil {
		return err
	}
	l.s.number(v, v.proj)
	if err := l.fields(v, in); err != nil {
		return err
	}
	if err := l.history(v, in); err != nil {
		return err
	}
	v.since = v.updated
	l.s.put(v, v.since)
	return nil
}

func (l *loader) project(in *loadedIssue) (*Project, error) {
	var p struct{ ID, Key, Name string }
	if err := json.Unmarshal(in.Fields["project"], &p); err != nil {
		return nil, fmt.Errorf("project: %w", err)
	}
	if have := l.s.project(p.Key); have != nil {
		return have, nil
	}
	return l.s.addProject(Project{ID: p.ID, Key: p.Key, Name: p.Name, Types: []IssueType{}}), nil
}

// fields reads the system fields and hands the custom ones on.
func (l *loader) fields(v *issue, in *loadedIssue) error {
	get := func(id string, to any) error {
		b, ok := in.Fields[id]
		if !ok || string(b) == "null" {
			return nil
		}
		if err := json.Unmarshal(b, to); err != nil {
			return fmt.Errorf("%s: %w", id, err)
		}
		return nil
	}
	var (
		typ struct {
			ID, Name string
			Subtask  bool
		}
		status struct {
			ID, Name       string
			StatusCategory struct{ Key string }
		}
		prio, resolution           *loadedNamed
		components, versions       []loadedNamed
		reporter, assignee         *loadedUser
		created, updated, resolved string
		votes                      struct{ Votes int }
		watches                    struct{ WatchCount int }
		parent                     *struct{ Key string }
	)
	if err := errors.Join(
		get("summary", &v.summary), get("description", &v.description), get("labels", &v.labels), get("duedate", &v.due),
		get("issuetype", &typ), get("status", &status), get("priority", &prio), get("resolution", &resolution),
		get("components", &components), get("fixVersions", &versions), get("reporter", &reporter), get("assignee", &assignee),
		get("created", &created), get("updated", &updated), get("resolutiondate", &resolved),
		get("votes", &votes), get("watches", &watches), get("parent", &parent),
	); err != nil {
		return err
	}
	v.typ = l.typ(v.proj, IssueType{ID: typ.ID, Name: typ.Name, Subtask: typ.Subtask, Epic: typ.Name == "Epic"})
	v.status = l.status(Status{status.ID, status.Name, status.StatusCategory.Key})
	if prio != nil {
		v.prio = l.s.addPriority(Priority{prio.ID, prio.Name})
	}
	if resolution != nil {
		v.resolution = resolution.Name
	}
	v.labels = sortedSet(v.labels)
	v.components = addNames(&v.proj.Components, components)
	v.versions = addNames(&v.proj.Versions, versions)
	v.reporter, v.assignee = l.user(reporter), l.user(assignee)
	v.votes, v.watches = votes.Votes, watches.WatchCount
	if parent != nil {
		l.later = append(l.later, func() {
			if r := l.s.byKey[parent.Key]; r != nil {
				l.s.byID[v.id].cur.parent = r.id
			}
		})
	}
	var err error
	if v.created, err = loadTime(created); err != nil {
		return err
	}
	if v.updated, err = loadTime(updated); err != nil {
		return err
	}
	if resolved != "" {
		if v.resolved, err = loadTime(resolved); err != nil {
			return err
		}
	}
	l.custom(v, in)
	return errors.Join(l.comments(v, in), l.links(v, in))
}

func loadTime(s string) (time.Time, error) {
	t, err := time.Parse(platformTime, s)
	return t.UTC(), err
}

func (l *loader) typ(p *Project, t IssueType) *IssueType {
	if have := p.issueType(t.ID); have != nil {
		return have
	}
	// Versions point at the types, so a type never moves in memory.
	if cap(p.Types) == 0 {
		p.Types = make([]IssueType, 0, 64)
	}
	p.Types = append(p.Types, t)
	return &p.Types[len(p.Types)-1]
}

func (l *loader) status(st Status) *Status {
	for _, have := range l.s.statuses {
		if have.ID == st.ID && have.Name == st.Name {
			return have
		}
	}
	return l.s.addStatus(st)
}

func addNames(known *[]string, list []loadedNamed) []string {
	var out []string
	for _, n := range list {
		out = append(out, n.Name)
		if !slices.Contains(*known, n.Name) {
			*known = append(*known, n.Name)
		}
	}
	return out
}

func (l *loader) user(u *loadedUser) *User {
	if u == nil || u.Name == "" {
		return nil
	}
	if have := l.s.users[u.Name]; have != nil {
		return have
	}
	return l.s.addUser(User{AccountID: u.Name, Name: u.DisplayName, Email: u.EmailAddress, Inactive: !u.Active})
}

// custom takes the custom fields; one that is absent from a project's issues
// is not in the project.
func (l *loader) custom(v *issue, in *loadedIssue) {
	for _, id := range sortedKeys(in.Fields) {
		if !strings.HasPrefix(id, "customfield_") {
			continue
		}
		f := l.s.fieldByID[id]
		if f == nil {
			f = l.s.addField(loadedField(id))
			f.Projects = []string{}
		}
		if f.Projects != nil && !slices.Contains(f.Projects, v.proj.Key) {
			f.Projects = append(f.Projects, v.proj.Key)
		}
		if val := l.value(f, in.Fields[id]); val != nil {
			if v.custom == nil {
				v.custom = map[string]any{}
			}
			v.custom[id] = val
		}
	}
}

func (l *loader) value(f *Field, b json.RawMessage) any {
	if string(b) == "null" {
		return nil
	}
	switch f.Custom {
	case CustomNumber:
		var n float64
		if json.Unmarshal(b, &n) == nil {
			return n
		}
	case CustomSprint:
		var list []string
		if json.Unmarshal(b, &list) == nil {
			return parseSprints(list)
		}
	case CustomSelect:
		var o struct{ Value string }
		if json.Unmarshal(b, &o) == nil && o.Value != "" {
			return o.Value
		}
	case CustomMultiSelect:
		var list []struct{ Value string }
		if json.Unmarshal(b, &list) == nil {
			var out []string
			for _, o := range list {
				out = append(out, o.Value)
			}
			return out
		}
	case CustomUser:
		var u loadedUser
		if json.Unmarshal(b, &u) == nil && u.Name != "" {
			return l.user(&u).AccountID
		}
	}
	return slices.Clone(b)
}
