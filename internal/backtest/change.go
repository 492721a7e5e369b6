package backtest

import (
	"slices"

	"github.com/lanekeeper/lanekeeper/internal/issue"
)

// undo takes one change back.
func undo(names *names, i *issue.Issue, e issue.Event) {
	if e.Field == issue.FieldLabels {
		i.Labels = swap(i.Labels, e.To, e.From)
		return
	}
	set(names, i, e.Field, e.From, "")
}

// redo makes one change again.
func redo(names *names, i *issue.Issue, e issue.Event) {
	if e.Field == issue.FieldLabels {
		i.Labels = swap(i.Labels, e.From, e.To)
		return
	}
	set(names, i, e.Field, e.To, e.ToCategory)
}

// swap takes one label out of a sorted list and puts another in; "" is none.
func swap(list []string, out, in string) []string {
	if at, ok := slices.BinarySearch(list, out); ok && out != "" {
		list = slices.Delete(list, at, at+1)
	}
	if at, ok := slices.BinarySearch(list, in); !ok && in != "" {
		list = slices.Insert(list, at, in)
	}
	return list
}

// set gives a field the value that an event names. A value that is not
// understood makes the field unknown at that time.
func set(names *names, i *issue.Issue, f issue.Field, value string, c issue.Category) {
	known, input := true, issue.Inputs(0)
	switch f {
	case issue.FieldStatus:
		input = issue.InputStatus
		if c == "" {
			c = names.category(i, value)
		}
		known = c != ""
		i.Status = issue.Status{Name: value, Category: c}
	case issue.FieldPriority:
		input = issue.InputPriority
		known = names.priority(i, value)
	case issue.FieldDue:
		input = issue.InputDue
		i.Due = issue.Date(value)
	case issue.FieldAssignee:
		input = issue.InputAssignee
		i.Assignee = names.person(value)
	case issue.FieldTitle:
		i.Title = value
	case issue.FieldKind:
		input = issue.InputKind
		i.RawKind = value
		i.Kind, known = names.kind(i, value)
	}
	i.Unknown &^= input
	if !known {
		i.Unknown |= input
	}
}

// differences are the changes that lead from one state to another.
func differences(from, to *issue.Issue) []issue.Event {
	var out []issue.Event
	add := func(differs bool, f issue.Field, a, b string) {
		if differs {
			out = append(out, issue.Event{Field: f, From: a, To: b})
		}
	}
	if from.Status != to.Status {
		out = append(out, issue.Event{Field: issue.FieldStatus, From: from.Status.Name, To: to.Status.Name, ToCategory: to.Status.Category})
	}
	add(from.Priority != to.Priority || (from.Unknown^to.Unknown).Has(issue.InputPriority), issue.FieldPriority, priorityText(from), priorityText(to))
	add(from.Due != to.Due, issue.FieldDue, string(from.Due), string(to.Due))
	add(from.Assignee.ID != to.Assignee.ID, issue.FieldAssignee, from.Assignee.ID, to.Assignee.ID)
	add(from.Title != to.Title, issue.FieldTitle, from.Title, to.Title)
	add(from.RawKind != to.RawKind, issue.FieldKind, from.RawKind, to.RawKind)
	for _, l := range from.Labels {
		if !slices.Contains(to.Labels, l) {
			out = append(out, issue.Event{Field: issue.FieldLabels, From: l})
		}
	}
	for _, l := range to.Labels {
		if !slices.Contains(from.Labels, l) {
			out = append(out, issue.Event{Field: issue.FieldLabels, To: l})
		}
	}
	return out
}

// priorityText is the value of an event about a priority; one that is not
// known has the tracker's own name.
func priorityText(i *issue.Issue) string {
	switch {
	case i.Unknown.Has(issue.InputPriority):
		return "? " + i.RawPriority.Name
	case i.Priority == issue.None:
		return ""
	}
	return i.Priority.String()
}
