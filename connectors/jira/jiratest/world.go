package jiratest

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// User is a person or a bot of the site.
type User struct {
	// AccountID identifies the user on Cloud; on Data Center it is the key.
	AccountID string
	// Username is the login name on Data Center; empty: AccountID.
	Username string
	Name     string // shown to people
	Email    string
	// HideEmail leaves the address out of every answer, as profile privacy does.
	HideEmail bool
	Inactive  bool
	TimeZone  string // IANA name; empty: UTC
	// NoBulkChange takes the global permission to make bulk changes away.
	NoBulkChange bool
}

func (u *User) login() string {
	if u.Username != "" {
		return u.Username
	}
	return u.AccountID
}

// Priority is one of the site's priorities. Their order on the site, and in a
// project's scheme, is from the most to the least urgent.
type Priority struct{ ID, Name string }

// The keys of the status categories.
const (
	ToDo       = "new"
	InProgress = "indeterminate"
	Done       = "done"
)

// Status is a workflow state. Category is ToDo, InProgress or Done.
type Status struct{ ID, Name, Category string }

// IssueType is one kind of issue within a project.
type IssueType struct {
	ID, Name string
	Subtask  bool
	Epic     bool
	// Screen lists the ids of the fields on the edit screen; nil stands for
	// every field. A field that is not listed cannot be set over REST.
	Screen []string
}

// Project is one project with its schemes and what the bot may do in it.
type Project struct {
	ID, Key, Name string
	// Type is "software" (default), "service_desk" or "business".
	Type string
	// Priorities is the scheme: ids in order; nil stands for all of the site.
	Priorities []string
	// Types defaults to Bug, Story, Task, Epic and Sub-task.
	Types      []IssueType
	Components []string
	Versions   []string
	// TeamManaged marks a next-gen project.
	TeamManaged bool
	// Status is "live" (default), "archived" or "deleted" (in the trash).
	Status string
	// OldKeys are the keys it had before; their issue keys still resolve.
	OldKeys []string
	// Hidden takes the permission to browse from the bot, ReadOnly the one to
	// edit, NoAssign the one to assign, NoComment the one to comment, and
	// NoAdmin the project administration that notifyUsers=false asks for.
	Hidden, ReadOnly, NoAssign, NoComment, NoAdmin bool

	lastNum int
}

func (p *Project) typeKey() string {
	switch p.Type {
	case "":
		return "software"
	case "business":
		return "business"
	}
	return p.Type
}

func (p *Project) live() bool { return p.Status == "" || p.Status == "live" }

func (p *Project) issueType(nameOrID string) *IssueType {
	for i := range p.Types {
		if p.Types[i].ID == nameOrID || strings.EqualFold(p.Types[i].Name, nameOrID) {
			return &p.Types[i]
		}
	}
	return nil
}

func (p *Project) desk() bool { return p.Type == "service_desk" }

// Field is a custom field.
type Field struct {
	// ID is customfield_N; empty: the next free number.
	ID   string
	Name string
	// Custom is schema.custom, such as CustomNumber.
	Custom string
	// Projects limits the field to these project keys (a context or a
	// team-managed scope); nil: everywhere.
	Projects []string
	// Scoped marks the field of a team-managed project in GET field.
	Scoped bool
	// Options are the values of a select field, for editmeta.
	Options []string
}

// The field types that the simulator renders, by schema.custom.
const (
	CustomText         = "com.atlassian.jira.plugin.system.customfieldtypes:textfield"
	CustomTextArea     = "com.atlassian.jira.plugin.system.customfieldtypes:textarea"
	CustomNumber       = "com.atlassian.jira.plugin.system.customfieldtypes:float"
	CustomSelect       = "com.atlassian.jira.plugin.system.customfieldtypes:select"
	CustomMultiSelect  = "com.atlassian.jira.plugin.system.customfieldtypes:multiselect"
	CustomDate         = "com.atlassian.jira.plugin.system.customfieldtypes:datepicker"
	CustomDateTime     = "com.atlassian.jira.plugin.system.customfieldtypes:datetime"
	CustomUser         = "com.atlassian.jira.plugin.system.customfieldtypes:userpicker"
	CustomLabels       = "com.atlassian.jira.plugin.system.customfieldtypes:labels"
	CustomSprint       = "com.pyxis.greenhopper.jira:gh-sprint"
	CustomEpicLink     = "com.pyxis.greenhopper.jira:gh-epic-link"
	CustomRank         = "com.pyxis.greenhopper.jira:gh-lexo-rank"
	CustomStoryPoints  = "com.pyxis.greenhopper.jira:jsw-story-points"
	CustomSLA          = "com.atlassian.servicedesk:sd-sla-field"
	CustomOrganization = "com.atlassian.servicedesk:sd-customer-organizations"
	CustomRequestType  = "com.atlassian.servicedesk:vp-origin"
)

func (f *Field) num() int {
	n, _ := strconv.Atoi(strings.TrimPrefix(f.ID, "customfield_"))
	return n
}

// valueType is schema.type and schema.items.
func (f *Field) valueType() (typ, items string) {
	switch f.Custom {
	case CustomNumber, CustomStoryPoints:
		return "number", ""
	case CustomSelect:
		return "option", ""
	case CustomMultiSelect:
		return "array", "option"
	case CustomDate:
		return "date", ""
	case CustomDateTime:
		return "datetime", ""
	case CustomUser:
		return "user", ""
	case CustomLabels:
		return "array", "string"
	case CustomSprint:
		return "array", "json"
	case CustomSLA:
		return "sd-servicelevelagreement", ""
	case CustomOrganization:
		return "array", "sd-customerorganization"
	case CustomRequestType:
		return "sd-customerrequesttype", ""
	case CustomEpicLink, CustomRank:
		return "any", ""
	}
	return "string", ""
}

// in reports whether the field exists in the project.
func (f *Field) in(project string) bool {
	return f.Projects == nil || slices.Contains(f.Projects, project)
}

// LinkType is a kind of issue link.
type LinkType struct{ ID, Name, Inward, Outward string }

// defaults fills what every site has.
func (s *Server) defaults() {
	for i, n := range []string{"Highest", "High", "Medium", "Low", "Lowest"} {
		s.priorities = append(s.priorities, &Priority{strconv.Itoa(i + 1), n})
	}
	for _, st := range []Status{
		{"10000", "To Do", ToDo}, {"3", "In Progress", InProgress}, {"10001", "In Review", InProgress},
		{"10002", "Waiting for customer", InProgress}, {"10003", "Done", Done},
	} {
		s.statuses = append(s.statuses, &st)
	}
	s.linkTypes = []LinkType{
		{"10000", "Blocks", "is blocked by", "blocks"},
		{"10001", "Cloners", "is cloned by", "clones"},
		{"10002", "Duplicate", "is duplicated by", "duplicates"},
		{"10003", "Relates", "relates to", "relates to"},
	}
}

// AddUser adds a person, or replaces the one with the same account id.
func (s *Server) AddUser(u User) *User {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.addUser(u)
}

func (s *Server) addUser(u User) *User {
	if old, ok := s.users[u.AccountID]; ok {
		*old = u
		s.dirty()
		return old
	}
	p := &u
	s.users[u.AccountID] = p
	s.userOrder = append(s.userOrder, p)
	s.dirty()
	return p
}

// AddGroup makes a group of people by their account ids, or replaces it.
func (s *Server) AddGroup(name string, members ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.groups == nil {
		s.groups = map[string][]string{}
	}
	s.groups[name] = members
}

// AddPriority appends a priority to the site's list.
func (s *Server) AddPriority(p Priority) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.addPriority(p)
}

func (s *Server) addPriority(p Priority) *Priority {
	for _, q := range s.priorities {
		if q.ID == p.ID {
			q.Name = p.Name
			return q
		}
	}
	s.priorities = append(s.priorities, &p)
	return &p
}

// SetPriorities replaces the site's list, most urgent first.
func (s *Server) SetPriorities(list ...Priority) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.priorities = nil
	for _, p := range list {
		s.priorities = append(s.priorities, &p)
	}
	s.dirty()
}

// AddStatus adds a status, or replaces the one with the same id.
func (s *Server) AddStatus(st Status) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.addStatus(st)
}

func (s *Server) addStatus(st Status) *Status {
	for _, q := range s.statuses {
		if q.ID == st.ID {
			*q = st
			s.dirty()
			return q
		}
	}
	s.statuses = append(s.statuses, &st)
	return &st
}

// AddProject adds a project with every default that p leaves open.
func (s *Server) AddProject(p Project) *Project {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.addProject(p)
}

func (s *Server) addProject(p Project) *Project {
	if p.ID == "" {
		p.ID = strconv.Itoa(10000 + len(s.projects))
	}
	if p.Name == "" {
		p.Name = p.Key
	}
	if p.Types == nil {
		p.Types = []IssueType{
			{ID: "10001", Name: "Story"}, {ID: "10002", Name: "Task"}, {ID: "10004", Name: "Bug"},
			{ID: "10000", Name: "Epic", Epic: true}, {ID: "10003", Name: "Sub-task", Subtask: true},
		}
	}
	ptr := &p
	s.projects = append(s.projects, ptr)
	s.dirty()
	return ptr
}

// EditProject changes a project in place: permissions, schemes, the trash. It
// reports whether the project exists. A changed key must go through RenameKey.
func (s *Server) EditProject(key string, f func(*Project)) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.project(key)
	if p == nil {
		return false
	}
	f(p)
	s.dirty()
	return true
}

// AddField adds a custom field and returns its id.
func (s *Server) AddField(f Field) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.addField(f).ID
}

func (s *Server) addField(f Field) *Field {
	if f.ID == "" {
		f.ID = fmt.Sprintf("customfield_%d", 10016+len(s.fields))
		for s.fieldByID[f.ID] != nil {
			f.ID = fmt.Sprintf("customfield_%d", (&f).num()+1)
		}
	}
	if old := s.fieldByID[f.ID]; old != nil {
		*old = f
		s.dirty()
		return old
	}
	ptr := &f
	s.fields = append(s.fields, ptr)
	s.fieldByID[f.ID] = ptr
	s.dirty()
	return ptr
}

// RenameField gives a custom field another name, as an admin may at any time.
func (s *Server) RenameField(id, name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f := s.fieldByID[id]; f != nil {
		f.Name = name
		s.dirty()
	}
}

// project finds a project by id, key or a key that it had.
func (s *Server) project(keyOrID string) *Project {
	for _, p := range s.projects {
		if p.Key == keyOrID || p.ID == keyOrID || slices.Contains(p.OldKeys, keyOrID) {
			return p
		}
	}
	return nil
}

func (s *Server) priority(nameOrID string) *Priority {
	for _, p := range s.priorities {
		if p.ID == nameOrID || strings.EqualFold(p.Name, nameOrID) {
			return p
		}
	}
	return nil
}

func (s *Server) status(nameOrID string) *Status {
	for _, st := range s.statuses {
		if st.ID == nameOrID || strings.EqualFold(st.Name, nameOrID) {
			return st
		}
	}
	return nil
}

// user finds a person by account id, login name or e-mail address.
func (s *Server) user(id string) *User {
	if u := s.users[id]; u != nil {
		return u
	}
	for _, u := range s.userOrder {
		if u.login() == id || u.Email != "" && strings.EqualFold(u.Email, id) {
			return u
		}
	}
	return nil
}

// scheme lists the priorities of a project.
func (s *Server) scheme(p *Project) []*Priority {
	if p.Priorities == nil {
		return s.priorities
	}
	var out []*Priority
	for _, id := range p.Priorities {
		if q := s.priority(id); q != nil {
			out = append(out, q)
		}
	}
	return out
}
