package jira

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/lanekeeper/lanekeeper/connectors"
	"github.com/lanekeeper/lanekeeper/internal/issue"
)

const (
	bulkLeast = 20   // alike edits from which a bulk edit is worth its polling
	bulkMost  = 1000 // issues in one
	// bulkPatience is how long a bulk edit is awaited.
	bulkPatience = 10 * time.Minute
	// noBulkFor is how long bulk edits are left alone after a refusal.
	noBulkFor = time.Hour
)

// applyBulk sends groups of alike edits as bulk edits, and returns what has to
// be sent one by one.
func (c *Client) applyBulk(ctx context.Context, patches []*patch, report func(issue.Result)) (rest []*patch) {
	if c.flavor() != Cloud {
		return patches
	}
	groups := map[string][]*patch{}
	ids := map[string]int{}
	for _, p := range patches {
		ids[p.edit.ID]++
	}
	for _, p := range patches {
		if p.empty() || p.edit.Comment != nil || p.due != nil || ids[p.edit.ID] > 1 {
			rest = append(rest, p)
			continue
		}
		groups[p.delta()] = append(groups[p.delta()], p)
	}
	for _, delta := range sortedKeys(groups) {
		for chunk := range slices.Chunk(groups[delta], bulkMost) {
			if len(chunk) < bulkLeast || !c.mayBulk() || ctx.Err() != nil {
				rest = append(rest, chunk...)
				continue
			}
			rest = append(rest, c.bulkEdit(ctx, chunk, report)...)
		}
	}
	return rest
}

// delta tells alike edits: the same labels, priority and assignee. Priority ids
// belong to the site, so that projects need not be told apart.
func (p *patch) delta() string {
	who := "-"
	if p.assignee != nil {
		who = "=" + *p.assignee
	}
	return strings.Join([]string{strings.Join(p.add, " "), strings.Join(p.remove, " "), p.priority, who}, "\x00")
}

func (c *Client) mayBulk() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.now().Before(c.noBulk)
}

// bulkEdit sends one bulk edit, waits for it, and looks at what became of each
// issue: that the task is complete does not mean that every issue was edited.
// It returns the edits that have to be tried on their own.
func (c *Client) bulkEdit(ctx context.Context, group []*patch, report func(issue.Result)) (rest []*patch) {
	var task struct {
		ID string `json:"taskId"`
	}
	_, err := c.do(ctx, call{op: opBulkEdit, method: http.MethodPost, path: "bulk/issues/fields", body: bulkBody(group), into: &task})
	switch connectors.KindOf(err) {
	case connectors.Forbidden, connectors.Invalid, connectors.NotFound, connectors.Unavailable:
		c.log.Warn("Jira refuses bulk edits: issues are edited one by one", "err", err, "fix", "give the account the global permission Make bulk changes")
		c.mu.Lock()
		c.noBulk = c.now().Add(noBulkFor)
		c.mu.Unlock()
		return group
	}
	if err == nil && task.ID == "" {
		err = &connectors.Error{Kind: connectors.Contract, Op: opBulkEdit, Detail: "the server names no task"}
	}
	if err == nil {
		for _, p := range group {
			p.unsure = true
		}
		err = c.awaitBulk(ctx, task.ID)
	}
	if err != nil {
		for _, p := range group {
			report(issue.Result{ID: p.edit.ID, Err: p.failure(unanswered(opBulkEdit, err))})
		}
		return nil
	}
	return c.verifyBulk(ctx, group, report)
}

func bulkBody(group []*patch) map[string]any {
	first := group[0]
	var ids, actions []string
	for _, p := range group {
		ids = append(ids, p.edit.ID)
	}
	input := map[string]any{}
	var labels []map[string]any
	option := func(how string, names []string) {
		if len(names) == 0 {
			return
		}
		var list []map[string]string
		for _, n := range names {
			list = append(list, map[string]string{"name": n})
		}
		labels = append(labels, map[string]any{"fieldId": "labels", "bulkEditMultiSelectFieldOption": how, "labels": list})
	}
	option("ADD", first.add)
	option("REMOVE", first.remove)
	if labels != nil {
		actions, input["labelsFields"] = append(actions, "labels"), labels
	}
	if first.priority != "" {
		actions, input["priority"] = append(actions, "priority"), map[string]string{"priorityId": first.priority}
	}
	if first.assignee != nil {
		f := map[string]any{"fieldId": "assignee"}
		if *first.assignee != "" {
			f["user"] = map[string]string{"accountId": *first.assignee}
		}
		actions, input["singleSelectClearableUserPickerFields"] = append(actions, "assignee"), []any{f}
	}
	return map[string]any{"selectedIssueIdsOrKeys": ids, "selectedActions": actions, "editedFieldsInput": input, "sendBulkNotification": false}
}

// awaitBulk polls the task until it ends.
func (c *Client) awaitBulk(ctx context.Context, task string) error {
	ctx, cancel := context.WithTimeout(ctx, bulkPatience)
	defer cancel()
	poll := func() (string, error) {
		var p struct {
			Status string `json:"status"`
		}
		if !safeTask(task) {
			return "", backoff.Permanent(&connectors.Error{Kind: connectors.Contract, Op: opBulkPoll, Detail: "the task has no usable id"})
		}
		_, err := c.do(ctx, call{op: opBulkPoll, again: true, method: http.MethodGet, path: "bulk/queue/" + task, into: &p})
		switch {
		case err != nil:
			return "", backoff.Permanent(err)
		case p.Status == "ENQUEUED", p.Status == "RUNNING", p.Status == "CANCEL_REQUESTED":
			return "", errStillRunning
		}
		return p.Status, nil
	}
	waits := &backoff.ExponentialBackOff{InitialInterval: 500 * time.Millisecond, Multiplier: 1.5, MaxInterval: 10 * time.Second, RandomizationFactor: connectors.Jitter(ctx, 0.2)}
	status, err := backoff.Retry(ctx, poll, backoff.WithBackOff(waits), backoff.WithMaxElapsedTime(0))
	if e, ok := asError(err); ok {
		return e
	}
	if err != nil {
		return &connectors.Error{Kind: connectors.Network, Op: opBulkPoll, Err: err, Detail: "the bulk edit did not end in time"}
	}
	if status != "COMPLETE" {
		c.log.Warn("a bulk edit did not complete; what it left undone is edited one by one", "status", connectors.Excerpt(status))
	}
	return nil
}

// safeTask keeps foreign text out of the path.
func safeTask(id string) bool {
	return id != "" && len(id) <= 64 && !strings.ContainsFunc(id, func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && r != '-' && r != '_'
	})
}

// verifyBulk reads the issues back, directly, since the index lags most after
// bulk edits.
func (c *Client) verifyBulk(ctx context.Context, group []*patch, report func(issue.Result)) (rest []*patch) {
	var ids []string
	for _, p := range group {
		ids = append(ids, p.edit.ID)
	}
	now := map[string]*issue.Issue{}
	for chunk := range slices.Chunk(ids, bulkSize) {
		list, err := c.bulkFetch(ctx, chunk)
		if err != nil {
			c.log.Warn("a bulk edit could not be verified; its edits are repeated one by one", "err", err)
			return group
		}
		for i := range list.issues {
			now[list.issues[i].ID] = &list.issues[i]
		}
	}
	failed := 0
	for _, p := range group {
		if i := now[p.edit.ID]; i != nil && p.holds(i) {
			report(issue.Result{ID: p.edit.ID, Refused: p.refused, Updated: i.Updated})
			continue
		}
		failed++
		rest = append(rest, p)
	}
	if failed > 0 {
		c.log.Info("a bulk edit left issues undone", "issues", len(group), "undone", failed)
	}
	return rest
}

// holds reports whether the issue is as the patch wants it.
func (p *patch) holds(i *issue.Issue) bool {
	has := func(l string) bool { return slices.Contains(i.Labels, l) }
	switch {
	case i.Unknown.Any(issue.InputLabels | issue.InputPriority | issue.InputAssignee):
		return false // what did not load proves nothing
	case slices.ContainsFunc(p.add, func(l string) bool { return !has(l) }), slices.ContainsFunc(p.remove, has):
		return false
	case p.priority != "" && i.RawPriority.ID != p.priority:
		return false
	}
	return p.assignee == nil || i.Assignee.ID == *p.assignee
}

var errStillRunning = fmt.Errorf("the bulk edit is still running")
