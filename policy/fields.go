package policy

import (
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	"github.com/lanekeeper/lanekeeper/internal/issue"
)

// A field is one input that expressions read as issue.NAME.
type field struct {
	name  string
	typ   *cel.Type
	input issue.Inputs // 0: always there
	// load returns the value and whether the issue has one. Without one, a nil
	// value makes the reading fail as missing; another value stands in for it.
	load func(i *issue.Issue) (v ref.Val, ok bool)
}

// issueFields are all fields of issue, sorted by name for people.
func issueFields() []field {
	return []field{
		{"assignee", cel.StringType, issue.InputAssignee, text(func(i *issue.Issue) string { return personName(i.Assignee) })},
		{"blocked_count", cel.IntType, issue.InputLinks, count(func(i *issue.Issue) int { return openLinks(i, issue.BlockedBy) })},
		{"blocks_count", cel.IntType, issue.InputLinks, count(func(i *issue.Issue) int { return openLinks(i, issue.Blocks) })},
		{"category", cel.StringType, issue.InputStatus, text(func(i *issue.Issue) string { return string(i.Status.Category) })},
		{"comments", cel.IntType, issue.InputComments, count(func(i *issue.Issue) int { return i.Comments })},
		{"components", cel.ListType(cel.StringType), issue.InputComponents, texts(func(i *issue.Issue) []string { return i.Components })},
		{"created", cel.TimestampType, 0, instant(func(i *issue.Issue) time.Time { return i.Created })},
		{"customer_count", cel.IntType, issue.InputCustomers, count(func(i *issue.Issue) int { return len(i.Customers) })},
		{"customers", cel.ListType(customerType), issue.InputCustomers, customers},
		{"description", cel.StringType, issue.InputDescription, text(func(i *issue.Issue) string { return i.Description })},
		{"due", cel.TimestampType, issue.InputDue, instant(dueTime)},
		{"estimate", cel.DoubleType, issue.InputEstimate, estimate},
		{"key", cel.StringType, 0, text(func(i *issue.Issue) string { return i.Key })},
		{"kind", cel.StringType, issue.InputKind, text(func(i *issue.Issue) string { return string(i.Kind) })},
		{"labels", cel.ListType(cel.StringType), issue.InputLabels, texts(func(i *issue.Issue) []string { return i.Labels })},
		{"links", cel.ListType(linkType), issue.InputLinks, links},
		{"milestone", cel.StringType, issue.InputMilestone, text(func(i *issue.Issue) string { return i.Milestone.Name })},
		{"milestone_ends", cel.TimestampType, issue.InputMilestone, instant(func(i *issue.Issue) time.Time { return i.Milestone.Ends })},
		{"parent", cel.StringType, issue.InputParent, text(func(i *issue.Issue) string { return i.Parent })},
		{"priority", cel.StringType, issue.InputPriority, text(func(i *issue.Issue) string { return i.Priority.String() })},
		{"project", cel.StringType, 0, text(func(i *issue.Issue) string { return i.Project })},
		{"raw_kind", cel.StringType, issue.InputKind, text(func(i *issue.Issue) string { return i.RawKind })},
		{"raw_priority", cel.StringType, issue.InputPriority, text(func(i *issue.Issue) string { return i.RawPriority.Name })},
		{"reporter", cel.StringType, issue.InputReporter, text(func(i *issue.Issue) string { return personName(i.Reporter) })},
		{"resolved", cel.TimestampType, 0, instant(func(i *issue.Issue) time.Time { return i.Resolved })},
		{"revenue", cel.DoubleType, issue.InputCustomers, number(revenue)},
		{"source", cel.StringType, 0, text(func(i *issue.Issue) string { return i.Source })},
		{"sprint", cel.StringType, issue.InputSprint, text(func(i *issue.Issue) string { return i.Sprint.Name })},
		{"sprint_active", cel.BoolType, issue.InputSprint, boolean(func(i *issue.Issue) bool { return i.Sprint.Active })},
		{"started", cel.TimestampType, issue.InputStarted, instant(func(i *issue.Issue) time.Time { return i.Started })},
		{"status", cel.StringType, issue.InputStatus, text(func(i *issue.Issue) string { return i.Status.Name })},
		{"title", cel.StringType, 0, text(func(i *issue.Issue) string { return i.Title })},
		{"updated", cel.TimestampType, 0, instant(func(i *issue.Issue) time.Time { return i.Updated })},
		{"url", cel.StringType, 0, text(func(i *issue.Issue) string { return i.URL })},
		{"votes", cel.IntType, issue.InputVotes, count(func(i *issue.Issue) int { return i.Votes })},
		{"watchers", cel.IntType, issue.InputWatchers, count(func(i *issue.Issue) int { return i.Watchers })},
	}
}

type loader = func(i *issue.Issue) (ref.Val, bool)

func text(get func(*issue.Issue) string) loader {
	return func(i *issue.Issue) (ref.Val, bool) { return types.String(get(i)), true }
}

func count(get func(*issue.Issue) int) loader {
	return func(i *issue.Issue) (ref.Val, bool) { return types.Int(get(i)), true }
}

func number(get func(*issue.Issue) float64) loader {
	return func(i *issue.Issue) (ref.Val, bool) { return types.Double(get(i)), true }
}

func boolean(get func(*issue.Issue) bool) loader {
	return func(i *issue.Issue) (ref.Val, bool) { return types.Bool(get(i)), true }
}

func texts(get func(*issue.Issue) []string) loader {
	return func(i *issue.Issue) (ref.Val, bool) { return stringList(get(i)), true }
}

// instant has no value for the zero time.
func instant(get func(*issue.Issue) time.Time) loader {
	return func(i *issue.Issue) (ref.Val, bool) {
		t := get(i)
		if t.IsZero() {
			return nil, false
		}
		return types.Timestamp{Time: t.UTC()}, true
	}
}

// estimate stands in with 0, which expressions test for, and is still counted
// as missing.
func estimate(i *issue.Issue) (ref.Val, bool) {
	return types.Double(i.Estimate), i.Estimate != 0
}

func dueTime(i *issue.Issue) time.Time {
	t, err := time.Parse(time.DateOnly, string(i.Due))
	if err != nil {
		return time.Time{} // no due date, or none that is a day
	}
	return t
}

// personName is the e-mail address where the tracker shows it, else the name,
// else the account id.
func personName(p issue.Person) string {
	switch {
	case p.Email != "":
		return p.Email
	case p.Name != "":
		return p.Name
	}
	return p.ID
}

func openLinks(i *issue.Issue, t issue.LinkType) int {
	n := 0
	for k := range i.Links {
		if i.Links[k].Type == t && i.Links[k].Open {
			n++
		}
	}
	return n
}

func revenue(i *issue.Issue) float64 {
	sum := 0.0
	for k := range i.Customers {
		sum += i.Customers[k].Revenue
	}
	return sum
}

func stringList(list []string) ref.Val {
	return types.NewStringList(types.DefaultTypeAdapter, list)
}

func links(i *issue.Issue) (ref.Val, bool) {
	list := make([]ref.Val, len(i.Links))
	for k := range i.Links {
		list[k] = &object{linkType, &i.Links[k]}
	}
	return types.NewRefValList(types.DefaultTypeAdapter, list), true
}

func customers(i *issue.Issue) (ref.Val, bool) {
	list := make([]ref.Val, len(i.Customers))
	for k := range i.Customers {
		list[k] = &object{customerType, &i.Customers[k]}
	}
	return types.NewRefValList(types.DefaultTypeAdapter, list), true
}

// customValue returns the value of a custom field, nil where it has none.
func customValue(v issue.Value) ref.Val {
	switch {
	case v.Number != nil:
		return types.Double(*v.Number)
	case v.Text != "":
		return types.String(v.Text)
	case len(v.List) > 0:
		return stringList(v.List)
	}
	return nil
}
