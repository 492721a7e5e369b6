package jira

import (
	"errors"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/lanekeeper/lanekeeper/internal/issue"
)

// The setters read one field each. They get null for "no value" and return an
// error for a value of another shape than they know, which makes the field
// unknown and nothing worse.

func decode(v jsontext.Value, into any) error { return json.Unmarshal(v, into, decoding) }

// keyed is a value of which only the key counts; its id may be a number.
type keyed struct {
	Key string `json:"key"`
}

// named is any of Jira's own values.
type named struct {
	ID   string `json:"id"`
	Key  string `json:"key"`
	Name string `json:"name"`
}

// setTitle refuses null: every issue has a summary, so null says that it was
// not loaded, and policies would take an unknown title for an empty one.
func setTitle(_ *decoder, i *issue.Issue, v jsontext.Value) (err error) {
	if v.Kind() == 'n' {
		return errNoTitle
	}
	i.Title, err = text(v)
	return err
}

func setDescription(_ *decoder, i *issue.Issue, v jsontext.Value) (err error) {
	i.Description, err = richText(v)
	return err
}

func setProject(d *decoder, i *issue.Issue, v jsontext.Value) (err error) {
	i.Project, err = d.memos.projects.read(v, readProject)
	return err
}

func readProject(v jsontext.Value) (string, error) {
	var p keyed
	err := decode(v, &p)
	return p.Key, err
}

// rawKind is an issue type.
type rawKind struct {
	Name    string `json:"name"`
	Subtask bool   `json:"subtask"`
	Level   int    `json:"hierarchyLevel"`
}

func setKind(d *decoder, i *issue.Issue, v jsontext.Value) error {
	t, err := d.memos.kinds.read(v, readKind)
	if err == nil {
		i.RawKind, i.Kind = t.Name, d.kind(t.Name, t.Subtask, t.Level)
	}
	return err
}

func readKind(v jsontext.Value) (t rawKind, err error) {
	if err := decode(v, &t); err != nil {
		return t, err
	}
	if t.Name == "" {
		return t, errNotAText
	}
	return t, nil
}

// kind maps an issue type: configured names first, then the names that Jira
// ships, then the place in the hierarchy, which no language changes.
func (d *decoder) kind(name string, subtask bool, level int) issue.Kind {
	name = strings.ToLower(name)
	if k, ok := d.kinds[name]; ok {
		return k
	}
	switch name {
	case "bug", "defect", "problem":
		return issue.Bug
	case "story", "user story", "new feature", "feature", "improvement", "enhancement":
		return issue.Story
	case "task", "sub-task", "subtask", "technical task", "chore":
		return issue.Task
	case "epic", "initiative":
		return issue.Epic
	case "incident", "[system] incident":
		return issue.Incident
	}
	switch {
	case level > 0:
		return issue.Epic
	case subtask || level < 0:
		return issue.Task
	}
	return issue.Other
}

func setStatus(d *decoder, i *issue.Issue, v jsontext.Value) error {
	s, err := d.memos.statuses.read(v, readStatus)
	if err == nil {
		i.Status = s
	}
	return err
}

func readStatus(v jsontext.Value) (out issue.Status, err error) {
	var s struct {
		Name     string `json:"name"`
		Category keyed  `json:"statusCategory"`
	}
	if err := decode(v, &s); err != nil {
		return out, err
	}
	c, ok := category(s.Category.Key)
	if !ok {
		return out, errNotAText
	}
	return issue.Status{Name: s.Name, Category: c}, nil
}

// category maps the keys of status categories, which are the same in every
// language.
func category(key string) (issue.Category, bool) {
	switch key {
	case "new", "undefined":
		return issue.Unstarted, true
	case "indeterminate":
		return issue.Started, true
	case "done":
		return issue.Completed, true
	}
	return "", false
}

// errNoValueID is a value that is there and cannot be told from others: not the
// same as none.
var errNoValueID = errors.New("the value has no id")

// setPriority keeps the raw value; its rank depends on the project's list.
func setPriority(d *decoder, i *issue.Issue, v jsontext.Value) error {
	if v.Kind() == 'n' {
		return nil
	}
	p, err := d.memos.ranks.read(v, readNamed)
	if err == nil && p.ID == "" {
		return errNoValueID
	}
	i.RawPriority = issue.Named{ID: p.ID, Name: p.Name}
	return err
}

func readNamed(v jsontext.Value) (n named, err error) {
	err = decode(v, &n)
	return n, err
}

func setLabels(_ *decoder, i *issue.Issue, v jsontext.Value) error {
	var labels []string
	err := decode(v, &labels)
	i.Labels = sortedSet(labels)
	return err
}

func setComponents(_ *decoder, i *issue.Issue, v jsontext.Value) error {
	var list []named
	err := decode(v, &list)
	for _, c := range list {
		i.Components = append(i.Components, c.Name)
	}
	i.Components = sortedSet(i.Components)
	return err
}

func person(v jsontext.Value) (issue.Person, error) {
	var u *user
	if err := decode(v, &u); err != nil || u == nil {
		return issue.Person{}, err
	}
	return u.person(), nil
}

func (u *user) person() issue.Person {
	return issue.Person{ID: u.id(), Name: u.DisplayName, Email: u.EmailAddress}
}

func setReporter(d *decoder, i *issue.Issue, v jsontext.Value) (err error) {
	i.Reporter, err = d.memos.people.read(v, person)
	return err
}

func setAssignee(d *decoder, i *issue.Issue, v jsontext.Value) (err error) {
	i.Assignee, err = d.memos.people.read(v, person)
	if err == nil && v.Kind() != 'n' && i.Assignee.ID == "" {
		return errNoValueID
	}
	return err
}

func setCreated(_ *decoder, i *issue.Issue, v jsontext.Value) (err error) {
	i.Created, err = timeValue(v)
	return err
}

func setUpdated(_ *decoder, i *issue.Issue, v jsontext.Value) (err error) {
	i.Updated, err = timeValue(v)
	return err
}

func setResolved(_ *decoder, i *issue.Issue, v jsontext.Value) (err error) {
	i.Resolved, err = timeValue(v)
	return err
}

func setDue(_ *decoder, i *issue.Issue, v jsontext.Value) error {
	if v.Kind() == 'n' {
		return nil
	}
	s, err := text(v)
	if err != nil {
		return err
	}
	day, ok := dayOf(s)
	i.Due = day
	if !ok {
		return errNotATime
	}
	return nil
}

// dayOf reads the day at the head of a date or time text; no zone is applied.
func dayOf(s string) (issue.Date, bool) {
	if s == "" {
		return "", true
	}
	if len(s) < 10 {
		return "", false
	}
	if _, err := parseTime(s[:10] + "T00:00:00Z"); err != nil {
		return "", false
	}
	return issue.Date(s[:10]), true
}

func setVotes(_ *decoder, i *issue.Issue, v jsontext.Value) error {
	var x struct {
		Votes int `json:"votes"`
	}
	err := decode(v, &x)
	i.Votes = x.Votes
	return err
}

func setWatchers(_ *decoder, i *issue.Issue, v jsontext.Value) error {
	var x struct {
		Count int `json:"watchCount"`
	}
	err := decode(v, &x)
	i.Watchers = x.Count
	return err
}

func setComments(_ *decoder, i *issue.Issue, v jsontext.Value) error {
	var x struct {
		Total    int              `json:"total"`
		Comments []jsontext.Value `json:"comments"`
	}
	err := decode(v, &x)
	i.Comments = max(x.Total, len(x.Comments))
	return err
}

func setVersions(_ *decoder, i *issue.Issue, v jsontext.Value) error {
	var list []struct {
		named
		Released bool   `json:"released"`
		Release  string `json:"releaseDate"`
	}
	err := decode(v, &list)
	for _, x := range list {
		if i.Milestone.Name != "" && x.Released {
			continue // an unreleased version says more about the work ahead
		}
		ends, _ := parseTime(x.Release + "T00:00:00Z")
		i.Milestone = issue.Iteration{ID: x.ID, Name: x.Name, Active: !x.Released, Ends: ends}
		if !x.Released {
			break
		}
	}
	return err
}

func setParent(_ *decoder, i *issue.Issue, v jsontext.Value) error {
	var p keyed
	err := decode(v, &p)
	if p.Key != "" {
		i.Parent = p.Key
	}
	return err
}

// setEpicLink reads the older form of a parent, a bare key.
func setEpicLink(_ *decoder, i *issue.Issue, v jsontext.Value) error {
	if v.Kind() == 'n' || i.Parent != "" {
		return nil
	}
	s, err := text(v)
	i.Parent = s
	return err
}

func setArchived(_ *decoder, i *issue.Issue, v jsontext.Value) error {
	i.Gone = i.Gone || v.Kind() == '"'
	return nil
}

// setLinks reads links by their names of the direction: ids differ per site.
func setLinks(_ *decoder, i *issue.Issue, v jsontext.Value) error {
	type side struct {
		Key    string `json:"key"`
		Fields struct {
			Status struct {
				Category keyed `json:"statusCategory"`
			} `json:"status"`
		} `json:"fields"`
	}
	var list []struct {
		Type    named `json:"type"`
		Inward  *side `json:"inwardIssue"`
		Outward *side `json:"outwardIssue"`
	}
	err := decode(v, &list)
	for _, l := range list {
		other, outward := l.Outward, true
		if other == nil {
			other, outward = l.Inward, false
		}
		if other == nil || other.Key == "" {
			continue // the other issue is hidden from us
		}
		c, known := category(other.Fields.Status.Category.Key)
		i.Links = append(i.Links, issue.Link{Type: linkType(l.Type.Name, outward), Key: other.Key, Open: known && c.Open()})
	}
	return err
}

// linkType maps the names of link types that Jira ships; any other relates.
func linkType(name string, outward bool) issue.LinkType {
	switch strings.ToLower(name) {
	case "blocks", "blocker", "dependency":
		if outward {
			return issue.Blocks
		}
		return issue.BlockedBy
	case "duplicate", "duplicates":
		if outward {
			return issue.Duplicates
		}
		return issue.Duplicated
	}
	return issue.RelatesTo
}
