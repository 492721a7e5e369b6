package linear

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/lanekeeper/lanekeeper/connectors"
	"github.com/lanekeeper/lanekeeper/internal/issue"
)

// job is one edit on its way.
type job struct {
	edit   issue.Edit
	input  IssueUpdateInput
	labels []issue.Change // the label changes that input holds
	urgent bool
	unsure bool // a try that failed may have taken effect
	result issue.Result
}

// patch translates an edit. Fields that cannot be written are refused one by
// one; the others go on.
func (w *writing) patch(ctx context.Context, e issue.Edit) (*job, error) {
	j := &job{edit: e, result: issue.Result{ID: e.ID}}
	for _, ch := range e.Changes {
		if err := w.field(ctx, j, ch); err != nil {
			if fatal(ctx, err) {
				return nil, err
			}
			j.result.Refused = append(j.result.Refused, ch.Field)
			j.result.Err = errors.Join(j.result.Err, fmt.Errorf("%s of %s: %w", ch.Field, e.Key, err))
		}
	}
	return j, nil
}

func (w *writing) field(ctx context.Context, j *job, ch issue.Change) error {
	switch ch.Field {
	case issue.FieldComment:
		if j.edit.Comment == nil {
			return invalid("the comment has no body")
		}
		return nil
	case issue.FieldPriority:
		return j.priority(ch)
	case issue.FieldDue:
		return w.due(j, ch)
	case issue.FieldAssignee:
		return w.assignee(ctx, j, ch)
	}
	return w.label(j, ch)
}

func invalid(format string, args ...any) error {
	return &connectors.Error{Kind: connectors.Invalid, Op: "issueUpdate", Detail: fmt.Sprintf(format, args...)}
}

func (j *job) priority(ch issue.Change) error {
	p := issue.None
	if ch.To != "" {
		var err error
		if p, err = issue.ParsePriority(ch.To); err != nil {
			return invalid("%v", err)
		}
	}
	n := fromPriority(p)
	j.input.Priority, j.urgent = &n, p == issue.Urgent
	return nil
}

// due writes the resolve target to one of the two fields that erase each
// other. Dates are strictly days: Linear would read other texts as durations.
func (w *writing) due(j *job, ch issue.Change) error {
	if w.c.s.Dates == DatesNone {
		return invalid("dates are set to none for this source")
	}
	if ch.To == "" {
		if w.c.s.Dates == DatesSLA {
			j.input.SLAStartedAt, j.input.SLABreachesAt = null[string](), null[string]()
		} else {
			j.input.DueDate = null[string]()
		}
		return nil
	}
	d, err := time.Parse(time.DateOnly, ch.To)
	if err != nil {
		return invalid("%q is not a day (YYYY-MM-DD)", ch.To)
	}
	if w.c.s.Dates == DatesDue {
		j.input.DueDate = value(ch.To)
		return nil
	}
	breach := d.AddDate(0, 0, 1).Add(-time.Second)
	j.input.SLAStartedAt, j.input.SLABreachesAt, j.input.SLAType = value(instant(w.now)), value(instant(breach)), "all"
	return nil
}

func (w *writing) assignee(ctx context.Context, j *job, ch issue.Change) error {
	if ch.To == "" {
		j.input.AssigneeID = null[string]()
		return nil
	}
	id := ch.To
	if uuid.Validate(id) != nil {
		p, err := w.c.Person(ctx, ch.To)
		if err != nil {
			return err
		}
		id = p.ID
	}
	j.input.AssigneeID = value(id)
	return nil
}

// label takes the sibling away and adds the new one in the same update: an
// issue has at most one label of a group, and an update that would give it two
// is refused as a whole.
func (w *writing) label(j *job, ch issue.Change) error {
	if err := w.c.managedLabel(ch); err != nil {
		return err
	}
	add, remove := ch.Labels()
	input := j.input
	for _, text := range add {
		if err := w.refused[text]; err != nil {
			return err
		}
		l := w.c.labels.find(text, j.edit.Project)
		if l == nil {
			return invalid("there is no label %s", text)
		}
		input.AddedLabelIDs = append(input.AddedLabelIDs, l.id)
	}
	for _, text := range remove {
		if l := w.c.labels.find(text, j.edit.Project); l != nil && !slices.Contains(input.AddedLabelIDs, l.id) {
			input.RemovedLabelIDs = append(input.RemovedLabelIDs, l.id)
		}
	}
	j.input = input
	j.labels = append(j.labels, ch)
	return nil
}

// managedLabel refuses a change that would touch a label that is not ours.
func (c *Client) managedLabel(ch issue.Change) error {
	if !ch.Field.IsLabel() || ch.Field != issue.FieldPostMortem && !slices.Contains(c.o.LabelPrefixes, string(ch.Field)) {
		return invalid("%s is not managed", ch.Field)
	}
	for _, text := range slices.Concat(ch.Field.Values(ch.From), ch.Field.Values(ch.To)) {
		if !ch.Field.Owns(text) {
			return invalid("the label %q does not start with %q", text, ch.Field.Prefix())
		}
	}
	return nil
}

// empty reports whether nothing of the edit goes into an issueUpdate.
func (in IssueUpdateInput) empty() bool {
	return len(in.AddedLabelIDs) == 0 && len(in.RemovedLabelIDs) == 0 && in.Priority == nil &&
		in.DueDate.IsZero() && in.SLABreachesAt.IsZero() && in.AssigneeID.IsZero()
}

// key groups edits that can share one batch: the same patch for the same team,
// because a team's label fails the issues of any other.
func (j *job) key() string {
	b, _ := json.Marshal(j.input) // texts, numbers and nulls: it cannot fail
	return j.edit.Project + " " + string(b)
}

// verify compares what a write returned with what was asked.
func (w *writing) verify(j *job, n *writtenNode) error {
	var wrong []string
	if p := j.input.Priority; p != nil && (n.Priority == nil || int(*n.Priority) != *p) {
		wrong = append(wrong, "priority")
	}
	if !j.input.DueDate.IsZero() {
		if d, _ := j.input.DueDate.get(); d != n.DueDate {
			wrong = append(wrong, "due date")
		}
	}
	if !j.input.SLABreachesAt.IsZero() {
		if d, ok := j.input.SLABreachesAt.get(); ok == n.SLABreachesAt.IsZero() || ok && d != instant(n.SLABreachesAt) {
			wrong = append(wrong, "SLA")
		}
	}
	if !j.input.AssigneeID.IsZero() {
		if id, _ := j.input.AssigneeID.get(); id != assigneeOf(n) {
			wrong = append(wrong, "assignee")
		}
	}
	for _, ch := range j.labels {
		if !w.holds(n, ch) {
			wrong = append(wrong, "label "+string(ch.Field))
		}
	}
	if len(wrong) == 0 {
		return nil
	}
	return &connectors.Error{Kind: connectors.Contract, Op: "issueUpdate", Detail: "Linear answered success but does not show the new " + strings.Join(wrong, ", "),
		Hint: "look for an automation or SLA rule of the team that changes it back"}
}

func assigneeOf(n *writtenNode) string {
	if n.Assignee == nil {
		return ""
	}
	return n.Assignee.ID
}

// holds reports whether the issue has exactly the labels that were asked for
// among those of their prefix.
func (w *writing) holds(n *writtenNode, ch issue.Change) bool {
	have, want := w.texts(n, ch.Field), ch.Field.Values(ch.To)
	return len(have) == len(want) && !slices.ContainsFunc(want, func(l string) bool { return !containsFold(have, l) })
}

func containsFold(list []string, s string) bool {
	return slices.ContainsFunc(list, func(l string) bool { return strings.EqualFold(l, s) })
}

// texts lists the labels with the prefix of a field that an issue has.
func (w *writing) texts(n *writtenNode, f issue.Field) (out []string) {
	labels := w.c.labels.all()
	for _, id := range n.LabelIDs {
		if l := labels[id]; l != nil && f.Owns(strings.ToLower(l.text)) {
			out = append(out, l.text)
		}
	}
	return out
}
