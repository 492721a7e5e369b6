package exportfile

import (
	"strings"

	"github.com/lanekeeper/lanekeeper/internal/issue"
)

// priorityWords are the names that Jira and Linear ship. Jira's two lists of
// five are ranked as the connector ranks them: by place, the last two are low.
var priorityWords = map[string]issue.Priority{
	"highest": issue.Urgent, "high": issue.High, "medium": issue.Medium, "low": issue.Low, "lowest": issue.Low,
	"blocker": issue.Urgent, "critical": issue.High, "major": issue.Medium, "minor": issue.Low, "trivial": issue.Low,
	"urgent": issue.Urgent, "no priority": issue.None, "none": issue.None,
}

// statusWords are the statuses of the workflows that Jira and Linear ship.
var statusWords = map[string]issue.Category{
	"triage": issue.Triage, "backlog": issue.Backlog,
	"open": issue.Unstarted, "to do": issue.Unstarted, "todo": issue.Unstarted, "reopened": issue.Unstarted,
	"selected for development": issue.Unstarted, "waiting for support": issue.Unstarted,
	"in progress": issue.Started, "in review": issue.Started, "under review": issue.Started, "work in progress": issue.Started,
	"waiting for customer": issue.Started, "pending": issue.Started, "escalated": issue.Started,
	"done": issue.Completed, "closed": issue.Completed, "resolved": issue.Completed,
	"canceled": issue.Canceled, "cancelled": issue.Canceled, "duplicate": issue.Canceled, "declined": issue.Canceled, "won't do": issue.Canceled,
}

// categoryWords are the values of Jira's column Status Category.
var categoryWords = map[string]issue.Category{
	"to do": issue.Unstarted, "new": issue.Unstarted, "in progress": issue.Started, "indeterminate": issue.Started, "done": issue.Completed,
}

// lookup finds a word in what the person said, then in what trackers ship.
func lookup[T any](word string, said, shipped map[string]T) (T, bool) {
	low := strings.ToLower(strings.TrimSpace(word))
	for name, v := range said {
		if strings.EqualFold(name, strings.TrimSpace(word)) {
			return v, true
		}
	}
	v, ok := shipped[low]
	return v, ok
}

// rank gives an issue the priority that its word means; an unknown word leaves
// it unknown.
func (c *collector) rank(i *issue.Issue) {
	if i.RawPriority.Name == "" || i.Unknown.Has(issue.InputPriority) {
		return
	}
	p, ok := lookup(i.RawPriority.Name, c.o.Priorities, priorityWords)
	if !ok {
		c.out.Priorities[i.RawPriority.Name]++
		i.Unknown |= issue.InputPriority
	}
	i.Priority = p
}

// classify gives a status its category: by the column that tells it, by its
// name, or by what closed the issue. Without any it stays unknown.
func (c *collector) classify(i *issue.Issue, category string, canceled bool) {
	got, ok := lookup(i.Status.Name, c.o.Statuses, nil)
	if !ok && category != "" {
		got, ok = lookup(category, c.o.Statuses, categoryWords)
	}
	if !ok {
		got, ok = lookup(i.Status.Name, nil, statusWords)
	}
	switch {
	case canceled:
		got = issue.Canceled
	case !i.Resolved.IsZero() && !ok:
		got = issue.Completed
	case !ok:
		c.out.Statuses[i.Status.Name]++
		i.Unknown |= issue.InputStatus
	}
	i.Status.Category = got
}
