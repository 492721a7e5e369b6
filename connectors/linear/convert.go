package linear

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/lanekeeper/lanekeeper/internal/issue"
)

// categories maps the seven types of workflow state. A duplicate is closed
// like a cancellation.
var categories = map[string]issue.Category{
	"triage": issue.Triage, "backlog": issue.Backlog, "unstarted": issue.Unstarted, "started": issue.Started,
	"completed": issue.Completed, "canceled": issue.Canceled, "duplicate": issue.Canceled,
}

// priorityNames are Linear's names by number: 0 is none and 1 the highest, so
// that smaller is not always more.
var priorityNames = [...]string{"No priority", "Urgent", "High", "Medium", "Low"}

// toPriority maps Linear's number to ours.
func toPriority(n float64) (issue.Priority, bool) {
	if n == 0 {
		return issue.None, true
	}
	if n != math.Trunc(n) || n < 1 || n > 4 {
		return issue.None, false
	}
	return issue.Urgent - issue.Priority(n-1), true
}

// fromPriority is the inverse.
func fromPriority(p issue.Priority) int {
	if p == issue.None {
		return 0
	}
	return int(issue.Urgent-p) + 1
}

// converter turns the nodes of one page into issues.
type converter struct {
	c       *Client
	self    string // our own account
	labels  map[string]*label
	unknown issue.Inputs // fields that cannot be read in this workspace
}

var errIncomplete = errors.New("the issue lacks its id, key, title, team or update time")

// issue converts one node.
func (v *converter) issue(n *issueNode) (issue.Issue, error) {
	if n.ID == "" || n.Identifier == "" || n.Team.Key == "" || n.Title == nil || n.UpdatedAt.IsZero() {
		return issue.Issue{}, errIncomplete
	}
	i := issue.Issue{
		ID: n.ID, Key: n.Identifier, Source: v.c.o.Source, Project: n.Team.Key, URL: n.URL, Title: *n.Title, Description: n.Description,
		Assignee: person(n.Assignee), Reporter: person(n.Creator), Estimate: n.Estimate,
		Created: n.CreatedAt.UTC(), Updated: n.UpdatedAt.UTC(), Started: n.StartedAt.UTC(), Resolved: resolved(n), Due: v.due(n),
		Gone: !n.ArchivedAt.IsZero() || n.Trashed || !v.c.inScope(n.Team.Key), Unknown: v.unknown,
	}
	v.status(&i, n)
	v.priority(&i, n)
	v.setLabels(&i, n)
	v.surroundings(&i, n)
	v.crowd(&i, n)
	i.Links = links(n)
	i.Customers = customers(n.Needs.Nodes)
	i.Unknown |= truncated(n)
	return i, nil
}

func person(u *userNode) issue.Person {
	if u == nil {
		return issue.Person{}
	}
	return issue.Person{ID: u.ID, Name: u.Name, Email: u.Email}
}

func resolved(n *issueNode) time.Time {
	if !n.CompletedAt.IsZero() {
		return n.CompletedAt.UTC()
	}
	return n.CanceledAt.UTC()
}

// due is the field that the resolve target is written to: with an SLA the day
// of its breach in UTC, else the due date, which has no zone.
func (v *converter) due(n *issueNode) issue.Date {
	if v.c.s.Dates == DatesSLA {
		return day(n.SLABreachesAt)
	}
	return issue.Date(n.DueDate)
}

func day(t time.Time) issue.Date {
	if t.IsZero() {
		return ""
	}
	return issue.DateOf(t.UTC())
}

func (v *converter) status(i *issue.Issue, n *issueNode) {
	category, ok := categories[n.State.Type]
	if !ok {
		i.Unknown |= issue.InputStatus
	}
	i.Status = issue.Status{Name: n.State.Name, Category: category}
}

func (v *converter) priority(i *issue.Issue, n *issueNode) {
	if n.Priority == nil {
		i.Unknown |= issue.InputPriority
		return
	}
	p, ok := toPriority(*n.Priority)
	if !ok {
		i.Unknown |= issue.InputPriority
		return
	}
	number := int(*n.Priority)
	i.Priority, i.RawPriority = p, issue.Named{ID: fmt.Sprint(number), Name: priorityNames[number]}
}

// setLabels joins the ids with the label book. One id without a name makes the
// labels unknown: it may be a lane.
func (v *converter) setLabels(i *issue.Issue, n *issueNode) {
	if n.LabelIDs == nil {
		i.Unknown |= issue.InputLabels | issue.InputKind
		return
	}
	i.Labels = make([]string, 0, len(n.LabelIDs))
	var kind *label
	for _, id := range n.LabelIDs {
		l := v.labels[id]
		if l == nil {
			i.Unknown |= issue.InputLabels | issue.InputKind
			continue
		}
		i.Labels = append(i.Labels, l.text)
		if l.kind != "" && (kind == nil || kindRank(l) < kindRank(kind)) {
			kind = l
		}
	}
	slices.Sort(i.Labels)
	i.Labels = slices.Compact(i.Labels)
	i.Kind = issue.Task
	if kind != nil {
		i.Kind, i.RawKind = kind.kind, kind.name
	}
}

// kindRank orders labels that name a kind: the group's word counts before a
// loose label's, the graver kind before the milder.
func kindRank(l *label) int {
	rank := slices.Index([]issue.Kind{issue.Incident, issue.Bug, issue.Epic, issue.Story, issue.Task, issue.Other}, l.kind)
	if !l.typed {
		rank += 10
	}
	return rank
}

func (v *converter) surroundings(i *issue.Issue, n *issueNode) {
	if n.Parent != nil {
		i.Parent = n.Parent.Identifier
	}
	if n.Project != nil {
		i.Components = []string{n.Project.Name}
	}
	if s := n.Cycle; s != nil {
		i.Sprint = issue.Iteration{ID: s.ID, Name: cmp.Or(s.Name, fmt.Sprintf("Cycle %g", s.Number)), Active: s.IsActive, Ends: s.EndsAt.UTC()}
	}
	if m := n.Milestone; m != nil {
		i.Milestone = issue.Iteration{ID: m.ID, Name: m.Name}
		if t, err := time.Parse(time.DateOnly, m.TargetDate); err == nil {
			i.Milestone.Ends = t
		}
	}
}

func (v *converter) crowd(i *issue.Issue, n *issueNode) {
	fans := map[string]bool{}
	for _, r := range n.Reactions {
		if r.User != nil && thumbsUp(r.Emoji) {
			fans[r.User.ID] = true
		}
	}
	for _, m := range n.Comments.Nodes {
		if m.User == nil || m.User.ID != v.self {
			i.Comments++ // ours must not feed back into the score
		}
	}
	i.Votes, i.Watchers = len(fans), len(n.Subscribers.Nodes)
}

func thumbsUp(emoji string) bool {
	return emoji == "+1" || emoji == "thumbsup" || strings.HasPrefix(emoji, "👍")
}

var forward = map[string]issue.LinkType{"blocks": issue.Blocks, "duplicate": issue.Duplicates, "related": issue.RelatesTo, "similar": issue.RelatesTo}
var backward = map[string]issue.LinkType{"blocks": issue.BlockedBy, "duplicate": issue.Duplicated, "related": issue.RelatesTo, "similar": issue.RelatesTo}

// links reads both directions: a relation is stored once, at one of its ends.
func links(n *issueNode) []issue.Link {
	var out []issue.Link
	add := func(t issue.LinkType, o otherNode) {
		if t != "" && o.Identifier != "" {
			out = append(out, issue.Link{Type: t, Key: o.Identifier, Open: categories[o.State.Type].Open()})
		}
	}
	for _, r := range n.Relations.Nodes {
		add(forward[r.Type], r.RelatedIssue)
	}
	for _, r := range n.InverseRelations.Nodes {
		add(backward[r.Type], r.Issue)
	}
	slices.SortFunc(out, func(a, b issue.Link) int {
		return cmp.Or(cmp.Compare(a.Type, b.Type), cmp.Compare(a.Key, b.Key))
	})
	return slices.Compact(out)
}

// customers counts each customer once, however many requests it has.
func customers(needs []needNode) []issue.Customer {
	at := map[string]int{}
	var out []issue.Customer
	for _, n := range needs {
		if n.Customer == nil {
			continue
		}
		k, seen := at[n.Customer.ID]
		if !seen {
			k = len(out)
			at[n.Customer.ID] = k
			out = append(out, customer(n.Customer))
		}
		out[k].Important = out[k].Important || n.Priority >= 1
	}
	slices.SortStableFunc(out, func(a, b issue.Customer) int { return cmp.Compare(a.Name, b.Name) })
	return out
}

func customer(n *customerNode) issue.Customer {
	c := issue.Customer{Name: n.Name, Revenue: n.Revenue, Size: n.Size}
	if n.Tier != nil {
		c.Tier = n.Tier.Name
	}
	return c
}

// truncated names the fields whose nested list was cut.
func truncated(n *issueNode) (in issue.Inputs) {
	for _, l := range []struct {
		cut   bool
		field issue.Inputs
	}{
		{n.Relations.PageInfo.HasNextPage, issue.InputLinks},
		{n.InverseRelations.PageInfo.HasNextPage, issue.InputLinks},
		{n.Needs.PageInfo.HasNextPage, issue.InputCustomers},
		{n.Comments.PageInfo.HasNextPage, issue.InputComments},
		{n.Subscribers.PageInfo.HasNextPage, issue.InputWatchers},
	} {
		if l.cut {
			in |= l.field
		}
	}
	return in
}
