package linear

import (
	"context"
	"strings"

	"github.com/lanekeeper/lanekeeper/connectors"
	"github.com/lanekeeper/lanekeeper/internal/issue"
)

// written reads the managed fields of issues as they are now.
func (c *Client) written(ctx context.Context, jobs []*job) ([]writtenNode, error) {
	ids := make([]string, len(jobs))
	for k, j := range jobs {
		ids[k] = j.edit.ID
	}
	var out []writtenNode
	l := list{op: "recheck", doc: c.docs.written, filter: byIDs(ids), first: len(ids)}
	for p, err := range pages[writtenNode](ctx, c, l) {
		if err != nil {
			return nil, err
		}
		out = append(out, p.nodes...)
	}
	return out, nil
}

// repair looks at an issue whose update was refused or did not show, and tries
// once more with the labels that it really has. Where a person chose another
// label of a group meanwhile, theirs stays.
func (w *writing) repair(ctx context.Context, j *job, cause error) error {
	now, err := w.c.written(ctx, []*job{j})
	if err != nil {
		return err
	}
	switch {
	case len(now) == 0:
		return &connectors.Error{Kind: connectors.NotFound, Op: "issueUpdate", Detail: "the issue is no longer visible", Err: cause}
	case !now[0].ArchivedAt.IsZero() || now[0].Trashed:
		return &connectors.Error{Kind: connectors.Conflict, Op: "issueUpdate", Detail: "the issue was archived or deleted meanwhile", Err: cause}
	}
	in, err := w.rebuild(ctx, j, &now[0])
	if err != nil {
		return err
	}
	if in.empty() {
		j.result.Updated = now[0].UpdatedAt.UTC()
		return w.verify(j, &now[0])
	}
	err = w.send(ctx, j, in)
	if connectors.KindOf(err) == connectors.Invalid && len(in.AddedLabelIDs) > 0 && len(in.RemovedLabelIDs) > 0 {
		return w.inTwo(ctx, j, in)
	}
	return err
}

// rebuild makes the label deltas anew from the labels of the issue.
func (w *writing) rebuild(ctx context.Context, j *job, n *writtenNode) (IssueUpdateInput, error) {
	if err := w.c.learn(ctx, append([]string(nil), n.LabelIDs...)); err != nil {
		return IssueUpdateInput{}, err
	}
	if err := w.c.recheck(ctx, j.input.AddedLabelIDs); err != nil {
		return IssueUpdateInput{}, err
	}
	in := j.input
	in.AddedLabelIDs, in.RemovedLabelIDs = nil, nil
	for _, ch := range j.labels {
		for _, text := range ch.Field.Values(ch.To) {
			if err := w.c.ensure(ctx, []want{{text, n.Team.Key}})[text]; err != nil {
				return in, err
			}
		}
		if err := w.delta(&in, ch, n); err != nil {
			return in, err
		}
	}
	return in, nil
}

func (w *writing) delta(in *IssueUpdateInput, ch issue.Change, n *writtenNode) error {
	labels := w.c.labels.all()
	from, to := ch.Field.Values(ch.From), ch.Field.Values(ch.To)
	var there []string
	for _, id := range n.LabelIDs {
		l := labels[id]
		if l == nil || !ch.Field.Owns(strings.ToLower(l.text)) {
			continue
		}
		switch {
		case containsFold(to, l.text):
			there = append(there, l.text)
		case containsFold(from, l.text):
			in.RemovedLabelIDs = append(in.RemovedLabelIDs, id)
		default:
			return &connectors.Error{Kind: connectors.Conflict, Op: "issueUpdate", Detail: "the issue has the label " + l.text + " meanwhile"}
		}
	}
	for _, text := range to {
		if l := w.c.labels.find(text, n.Team.Key); l != nil && !containsFold(there, text) {
			in.AddedLabelIDs = append(in.AddedLabelIDs, l.id)
		}
	}
	return nil
}

// inTwo serves a server that does not net removed against added labels before
// it checks that a group has one: first away, then the rest.
func (w *writing) inTwo(ctx context.Context, j *job, in IssueUpdateInput) error {
	if _, err := w.c.updateIssue(ctx, j.edit.ID, IssueUpdateInput{RemovedLabelIDs: in.RemovedLabelIDs}); err != nil {
		return err
	}
	in.RemovedLabelIDs = nil
	return w.send(ctx, j, in)
}
