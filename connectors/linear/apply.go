package linear

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/shurcooL/graphql"
	"golang.org/x/sync/errgroup"

	"github.com/lanekeeper/lanekeeper/connectors"
	"github.com/lanekeeper/lanekeeper/internal/issue"
)

// maxBatch is how many issues one issueBatchUpdate takes.
const maxBatch = 50

// maxWriters bounds parallel updates, whatever reads may do.
const maxWriters = 4

type issueUpdate struct {
	Root struct {
		Success bool         `json:"success"`
		Issue   *writtenNode `json:"issue"`
	} `json:"issueUpdate" graphql:"issueUpdate(id: $id, input: $input)"`
}

type issueBatchUpdate struct {
	Root struct {
		Success bool          `json:"success"`
		Issues  []writtenNode `json:"issues"`
	} `json:"issueBatchUpdate" graphql:"issueBatchUpdate(ids: $ids, input: $input)"`
}

var (
	updatePrice = price[issueUpdate]()
	batchPrice  = maxBatch * price[issueBatchUpdate]()
)

// writing is one call of Apply.
type writing struct {
	c       *Client
	now     time.Time
	refused map[string]error // labels that cannot be applied

	mu   sync.Mutex
	done func(issue.Result)
}

// Apply writes each edit with one update; edits that are alike share batches
// of at most 50 issues of one team. Missing labels are created before. What
// the answer does not show as asked is an error of its issue. Moves to urgent
// come last and are paced, because Linear mails every assignee.
func (c *Client) Apply(ctx context.Context, edits []issue.Edit, done func(issue.Result)) error {
	if len(edits) == 0 {
		return nil
	}
	if err := c.open(ctx); err != nil {
		return err
	}
	w := &writing{c: c, now: c.now(), done: done}
	w.refused = c.ensure(ctx, c.wantedLabels(edits))
	for _, err := range w.refused {
		if fatal(ctx, err) {
			return err
		}
	}
	jobs, err := w.jobs(ctx, edits)
	if err != nil {
		return err
	}
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(min(c.s.Concurrency, maxWriters))
	for _, batch := range batches(jobs) {
		if err = c.pace(gctx, batch); err != nil {
			break
		}
		g.Go(func() error { return w.write(gctx, batch) })
	}
	if failed := g.Wait(); failed != nil {
		return failed
	}
	return err
}

// wantedLabels lists the managed labels that the edits put on issues.
func (c *Client) wantedLabels(edits []issue.Edit) (out []want) {
	seen := map[want]bool{}
	for _, e := range edits {
		for _, ch := range e.Changes {
			if c.managedLabel(ch) != nil {
				continue
			}
			add, _ := ch.Labels()
			for _, text := range add {
				if w := (want{text, e.Project}); !seen[w] {
					seen[w] = true
					out = append(out, w)
				}
			}
		}
	}
	return out
}

// jobs translates the edits. Those with nothing left to write are done.
func (w *writing) jobs(ctx context.Context, edits []issue.Edit) (out []*job, err error) {
	urgent := 0
	for _, e := range edits {
		j, err := w.patch(ctx, e)
		if err != nil {
			return nil, err
		}
		if j.urgent {
			urgent++
		}
		out = append(out, j)
	}
	if urgent > urgentBurst {
		w.c.log.Warn("many issues become urgent; Linear mails each assignee, so they are paced", "issues", urgent)
	}
	return out, nil
}

// batches groups alike jobs in the order of their first one, moves to urgent
// last.
func batches(jobs []*job) (out [][]*job) {
	groups := map[string][]*job{}
	var calm, urgent []string
	for _, j := range jobs {
		k := j.key()
		if _, seen := groups[k]; !seen {
			if j.urgent {
				urgent = append(urgent, k)
			} else {
				calm = append(calm, k)
			}
		}
		groups[k] = append(groups[k], j)
	}
	for _, k := range append(calm, urgent...) {
		size := maxBatch
		if groups[k][0].urgent {
			size = urgentBurst
		}
		out = append(out, slices.Collect(slices.Chunk(groups[k], size))...)
	}
	return out
}

// pace delays moves to urgent.
func (c *Client) pace(ctx context.Context, batch []*job) error {
	if !batch[0].urgent {
		return ctx.Err()
	}
	return c.urgent.WaitN(ctx, len(batch))
}

// write sends one batch and then the comments of its issues.
func (w *writing) write(ctx context.Context, batch []*job) error {
	if err := w.update(ctx, batch); err != nil {
		return err
	}
	// Issues without a comment are done already: they are reported first.
	slices.SortStableFunc(batch, func(a, b *job) int { return a.comments() - b.comments() })
	for _, j := range batch {
		if err := w.finish(ctx, j); err != nil {
			return err
		}
	}
	return nil
}

func (j *job) comments() int {
	if j.edit.Comment == nil {
		return 0
	}
	return 1
}

func (w *writing) update(ctx context.Context, batch []*job) error {
	switch {
	case batch[0].input.empty():
		return nil
	case len(batch) == 1:
		return w.single(ctx, batch[0])
	}
	return w.batch(ctx, batch)
}

// finish writes the comment and reports the issue.
func (w *writing) finish(ctx context.Context, j *job) error {
	if j.edit.Comment != nil && (j.result.Err == nil || len(j.result.Refused) > 0) {
		id, err := w.c.comment(ctx, j.edit)
		switch {
		case fatal(ctx, err):
			return err
		case errors.Is(err, errDeleted):
			j.result.CommentTaken = "a person deleted it"
		default:
			j.result.CommentID = id
			j.fail(err)
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.done(j.result)
	return nil
}

// fail adds an error to the result of the job. Nothing is refused then, for
// that would say that the rest was written.
func (j *job) fail(err error) {
	if err != nil {
		if j.unsure {
			err = connectors.Unsure(err)
		}
		j.result.Refused = nil
		j.result.Err = errors.Join(j.result.Err, fmt.Errorf("write %s: %w", j.edit.Key, err))
	}
}

// tried notes a failure after which the job is tried in another way.
func (j *job) tried(err error) { j.unsure = j.unsure || errors.Is(err, connectors.ErrUnsure) }

// batch writes alike jobs at once. It is not documented whether a batch is
// all or nothing, so after a refusal every issue is read again, and what did
// not take is tried alone.
func (w *writing) batch(ctx context.Context, jobs []*job) error {
	ids := make([]UUID, len(jobs))
	for k, j := range jobs {
		ids[k] = UUID(j.edit.ID)
	}
	var m issueBatchUpdate
	vars := map[string]any{"ids": ids, "input": jobs[0].input}
	_, err := w.c.mutate(ctx, call{op: "issueBatchUpdate", doc: &m, vars: vars, price: batchPrice, decode: into(&m)})
	if fatal(ctx, err) {
		return err
	}
	shown := m.Root.Issues
	if err != nil || !m.Root.Success {
		for _, j := range jobs {
			j.tried(err)
		}
		w.c.log.Info("a batch was refused; its issues are written one by one", "issues", len(jobs), "err", err)
		if shown, err = w.c.written(ctx, jobs); err != nil {
			return w.failAll(ctx, jobs, err)
		}
	}
	return w.settle(ctx, jobs, shown)
}

// settle takes what shows the change as written and the rest one by one.
func (w *writing) settle(ctx context.Context, jobs []*job, shown []writtenNode) error {
	for _, j := range jobs {
		k := slices.IndexFunc(shown, func(n writtenNode) bool { return n.ID == j.edit.ID })
		if k >= 0 && w.verify(j, &shown[k]) == nil {
			j.result.Updated = shown[k].UpdatedAt.UTC()
			continue
		}
		if err := w.single(ctx, j); err != nil {
			return err
		}
	}
	return nil
}

func (w *writing) failAll(ctx context.Context, jobs []*job, err error) error {
	if fatal(ctx, err) {
		return err
	}
	for _, j := range jobs {
		j.fail(err)
	}
	return nil
}

// single writes one issue. Only a fatal error is returned.
func (w *writing) single(ctx context.Context, j *job) error {
	err := w.send(ctx, j, j.input)
	if k := connectors.KindOf(err); len(j.labels) > 0 && (k == connectors.Invalid || k == connectors.Contract) {
		j.tried(err)
		err = w.repair(ctx, j, err)
	}
	if fatal(ctx, err) {
		return err
	}
	j.fail(err)
	return nil
}

// send makes one update and verifies it.
func (w *writing) send(ctx context.Context, j *job, in IssueUpdateInput) error {
	n, err := w.c.updateIssue(ctx, j.edit.ID, in)
	if err != nil {
		return err
	}
	j.result.Updated = n.UpdatedAt.UTC()
	return w.verify(j, n)
}

func (c *Client) updateIssue(ctx context.Context, id string, in IssueUpdateInput) (*writtenNode, error) {
	var m issueUpdate
	vars := map[string]any{"id": graphql.String(id), "input": in}
	if _, err := c.mutate(ctx, call{op: "issueUpdate", doc: &m, vars: vars, price: updatePrice, decode: into(&m)}); err != nil {
		return nil, err
	}
	if !m.Root.Success || m.Root.Issue == nil || m.Root.Issue.ID != id {
		return nil, &connectors.Error{Kind: connectors.Contract, Op: "issueUpdate", Detail: "Linear did not confirm the update"}
	}
	return m.Root.Issue, nil
}
