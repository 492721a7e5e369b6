package linear

import (
	"cmp"
	"context"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/lanekeeper/lanekeeper/internal/issue"
)

// maxHistoryPages bounds how far one issue's history is followed back: 1,000
// entries.
const maxHistoryPages = 20

// History reads what happened to the managed fields and the status. Linear
// keeps no history of the first three minutes of an issue: that nothing is
// found there is no proof that nobody chose a value.
func (c *Client) History(ctx context.Context, ids []string) (map[string]issue.History, error) {
	viewer, err := c.workspace(ctx)
	if err != nil {
		return nil, err
	}
	if err := c.loadLabels(ctx); err != nil {
		return nil, err
	}
	good, _ := splitIDs(ids)
	h := &historian{c: c, self: viewer.ID, out: make(map[string]issue.History, len(good))}
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(c.s.Concurrency)
	for part := range slices.Chunk(good, c.docs.history.size.get()) {
		g.Go(func() error { return h.read(gctx, part) })
	}
	return h.out, g.Wait()
}

type historian struct {
	c    *Client
	self string

	mu  sync.Mutex
	out map[string]issue.History
}

// read takes the histories of a few issues. What cannot be read is left out.
func (h *historian) read(ctx context.Context, ids []string) error {
	l := list{op: "history", doc: h.c.docs.history, filter: byIDs(ids), first: len(ids)}
	for p, err := range pages[issueHistory](ctx, h.c, l) {
		if err != nil {
			return h.skip(ctx, err, len(ids))
		}
		for k := range p.nodes {
			if err := h.one(ctx, &p.nodes[k]); err != nil {
				return err
			}
		}
	}
	return nil
}

func (h *historian) skip(ctx context.Context, err error, n int) error {
	if fatal(ctx, err) {
		return err
	}
	h.c.log.Warn("history could not be read", "issues", n, "err", err)
	return nil
}

// one follows a history to its end and stores it.
func (h *historian) one(ctx context.Context, n *issueHistory) error {
	l := list{op: "history", doc: h.c.docs.older, filter: byIDs([]string{n.ID}), first: 1}
	of := func(n *olderHistory) connection[historyNode] { return n.History }
	entries, complete, err := follow(ctx, h.c, l, n.History, maxHistoryPages, of, h.skip)
	if entries == nil || err != nil {
		return err
	}
	events, err := h.events(ctx, entries)
	if err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.out[n.ID] = issue.History{Events: events, Complete: complete}
	return nil
}

// events normalises entries, oldest first.
func (h *historian) events(ctx context.Context, entries []historyNode) ([]issue.Event, error) {
	var ids []string
	for k := range entries {
		ids = append(append(ids, entries[k].AddedLabelIDs...), entries[k].RemovedLabelIDs...)
	}
	slices.Sort(ids)
	if err := h.c.learn(ctx, slices.Compact(ids)); err != nil {
		return nil, err
	}
	slices.SortStableFunc(entries, func(a, b historyNode) int { return a.CreatedAt.Compare(b.CreatedAt) })
	var out []issue.Event
	for k := range entries {
		out = append(out, h.entry(&entries[k])...)
	}
	return out, nil
}

// entry turns one entry, which may hold several changes, into events.
func (h *historian) entry(n *historyNode) (out []issue.Event) {
	add := func(e issue.Event) {
		e.At, e.By = n.CreatedAt.UTC(), h.actor(n)
		out = append(out, e)
	}
	if from, to := priorityText(n.FromPriority), priorityText(n.ToPriority); from != to {
		add(issue.Event{Field: issue.FieldPriority, From: from, To: to})
	}
	if from, to := h.dates(n); from != to {
		add(issue.Event{Field: issue.FieldDue, From: from, To: to})
	}
	if n.FromAssigneeID != n.ToAssigneeID {
		add(issue.Event{Field: issue.FieldAssignee, From: n.FromAssigneeID, To: n.ToAssigneeID})
	}
	if n.ToState != nil {
		e := issue.Event{Field: issue.FieldStatus, To: n.ToState.Name, ToCategory: categories[n.ToState.Type]}
		if n.FromState != nil {
			e.From = n.FromState.Name
		}
		add(e)
	}
	labels := h.c.labels.all()
	for _, id := range n.RemovedLabelIDs {
		add(issue.Event{Field: issue.FieldLabels, From: textOf(labels, id)})
	}
	for _, id := range n.AddedLabelIDs {
		add(issue.Event{Field: issue.FieldLabels, To: textOf(labels, id)})
	}
	return out
}

func (h *historian) dates(n *historyNode) (from, to string) {
	if h.c.s.Dates == DatesSLA {
		return string(day(n.FromSLABreachesAt)), string(day(n.ToSLABreachesAt))
	}
	return n.FromDueDate, n.ToDueDate
}

// priorityText is "" for an entry about something else and for no priority.
func priorityText(n *float64) string {
	if n == nil {
		return ""
	}
	if p, ok := toPriority(*n); ok && p != issue.None {
		return p.String()
	}
	return ""
}

// textOf falls back to the id of a label that was deleted.
func textOf(labels map[string]*label, id string) string {
	if l := labels[id]; l != nil {
		return l.text
	}
	return id
}

// actor is who made the change; automations of Linear's own have no one.
func (h *historian) actor(n *historyNode) issue.Actor {
	switch {
	case n.Actor != nil:
		return issue.Actor{Person: issue.Person{ID: n.Actor.ID, Name: n.Actor.Name, Email: n.Actor.Email}, Self: n.Actor.ID == h.self}
	case n.ActorID != "":
		return issue.Actor{Person: issue.Person{ID: n.ActorID}, Self: n.ActorID == h.self}
	case n.BotActor != nil:
		return issue.Actor{Person: issue.Person{ID: n.BotActor.ID, Name: cmp.Or(n.BotActor.Name, "integration")}, Bot: true}
	}
	return issue.Actor{Person: issue.Person{Name: "Linear automation"}, Bot: true}
}
