package linear

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/shurcooL/graphql"

	"github.com/lanekeeper/lanekeeper/internal/issue"
)

// label is one entry of the label book.
type label struct {
	id, name string
	text     string // as in issue.Labels: "group:child", or the name
	group    bool
	parent   string // id of the group
	team     string // key; "" is a label of the whole workspace
	retired  bool
	kind     issue.Kind
	typed    bool // it is a child of a group of kinds
}

// labelBook knows labels by id, so that issues carry ids only: that is six
// times cheaper than asking for the labels of every issue. It is loaded once,
// asks for ids it has not seen, and follows renames.
type labelBook struct {
	kinds   map[string]issue.Kind
	managed []string // label groups of ours

	mu     sync.RWMutex
	loaded bool
	// followed tells that renames were asked for since the book was loaded.
	followed bool
	byID     map[string]*label
	byText   map[string][]*label // lower case
	// missing are ids that Linear does not know, and since when.
	missing map[string]time.Time
	// denied is when we were last told that we may not create labels.
	denied    time.Time
	deniedErr error
}

// typeGroups are the names of label groups whose children are kinds.
var typeGroups = [...]string{"type", "kind", "issue type", "issuetype"}

// kindNames are the label names that are kinds, in lower case.
func kindNames(own map[string]issue.Kind) map[string]issue.Kind {
	out := map[string]issue.Kind{
		"bug": issue.Bug, "defect": issue.Bug, "regression": issue.Bug,
		"story": issue.Story, "user story": issue.Story, "feature": issue.Story, "feature request": issue.Story,
		"improvement": issue.Story, "enhancement": issue.Story,
		"task": issue.Task, "chore": issue.Task, "maintenance": issue.Task, "tech debt": issue.Task,
		"epic": issue.Epic, "incident": issue.Incident, "outage": issue.Incident,
	}
	for name, k := range own {
		out[strings.ToLower(name)] = k
	}
	return out
}

func (b *labelBook) entry(n *labelNode) *label {
	l := &label{id: n.ID, name: n.Name, text: n.Name, group: n.IsGroup, retired: !n.RetiredAt.IsZero() || !n.ArchivedAt.IsZero()}
	if n.Team != nil {
		l.team = n.Team.Key
	}
	kind := b.kinds[strings.ToLower(n.Name)]
	if n.Parent == nil {
		l.kind = kind
		if group, child, loose := strings.Cut(n.Name, ":"); loose {
			l.text = b.childText(group, child) // a loose label may be called like one of ours
		}
		if strings.EqualFold(l.text, issue.PostMortemLabel) {
			l.text = issue.PostMortemLabel
		}
		return l
	}
	l.parent, l.text = n.Parent.ID, b.childText(n.Parent.Name, n.Name)
	if slices.Contains(typeGroups[:], strings.ToLower(n.Parent.Name)) {
		l.typed, l.kind = true, cmp.Or(kind, issue.Other)
	}
	return l
}

// childText is in lower case for managed groups, so that a group that was made
// by hand as Lane does not look like another label for ever.
func (b *labelBook) childText(group, child string) string {
	if slices.ContainsFunc(b.managed, func(m string) bool { return strings.EqualFold(m, group) }) {
		return strings.ToLower(group + ":" + child)
	}
	return group + ":" + child
}

// add takes nodes in and returns the entries whose text changed.
func (b *labelBook) add(nodes []labelNode) (renamed []*label) {
	b.mu.Lock()
	defer b.mu.Unlock()
	byID := maps.Clone(b.byID)
	if byID == nil {
		byID = map[string]*label{}
	}
	for i := range nodes {
		l := b.entry(&nodes[i])
		if old := byID[l.id]; old != nil && old.text != l.text {
			renamed = append(renamed, l)
		}
		byID[l.id] = l
		delete(b.missing, l.id)
	}
	b.byID, b.byText = byID, indexByText(byID)
	return renamed
}

// indexByText groups labels by text without regard to case, in a fixed order.
func indexByText(byID map[string]*label) map[string][]*label {
	out := map[string][]*label{}
	for _, id := range slices.Sorted(maps.Keys(byID)) {
		l := byID[id]
		key := strings.ToLower(l.text)
		out[key] = append(out[key], l)
	}
	return out
}

// all returns the labels by id. The map is never changed once it is handed out.
func (b *labelBook) all() map[string]*label {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.byID
}

// find returns the label with this text that can be on issues of team: one of
// the team itself only where the workspace has none. The label that asks for a
// post-mortem is in no group, for there it would push out labels of people.
func (b *labelBook) find(text, team string) *label {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.pick(text, func(l *label) bool {
		return (l.team == "" || l.team == team) && (l.parent == "" || text != issue.PostMortemLabel)
	})
}

// pick prefers what is in use to what is retired, and the workspace's to a
// team's.
func (b *labelBook) pick(text string, ok func(*label) bool) *label {
	var best *label
	rank := func(l *label) int {
		n := 0
		if l.retired {
			n += 2
		}
		if l.team != "" {
			n++
		}
		return n
	}
	for _, l := range b.byText[strings.ToLower(text)] {
		if ok(l) && (best == nil || rank(l) < rank(best)) {
			best = l
		}
	}
	return best
}

// workspaceLabel returns the label of the workspace that is called name; it should be a
// group.
func (b *labelBook) workspaceLabel(name string) *label {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.pick(name, func(l *label) bool { return l.team == "" && l.parent == "" })
}

type labelsQuery struct {
	Root connection[labelNode] `json:"issueLabels" graphql:"issueLabels(first: $first, after: $after, filter: $filter, includeArchived: true)"`
}

// loadLabels reads the labels of the workspace and of our teams, retired ones
// too: those are still on issues.
func (c *Client) loadLabels(ctx context.Context) error {
	b := &c.labels
	b.mu.RLock()
	loaded := b.loaded
	b.mu.RUnlock()
	if loaded {
		return nil
	}
	nodes, err := c.readLabels(ctx, IssueLabelFilter{"or": []object{
		{"team": object{"null": true}},
		{"team": object{"key": object{"in": c.s.Teams}}},
	}})
	if err != nil {
		return err
	}
	b.add(nodes)
	b.mu.Lock()
	b.loaded = true
	b.mu.Unlock()
	return nil
}

func (c *Client) readLabels(ctx context.Context, filter IssueLabelFilter) ([]labelNode, error) {
	var out []labelNode
	var turn pager
	for {
		var q labelsQuery
		vars := map[string]any{"first": graphql.Int(maxFirst), "after": after(turn.cursor), "filter": filter}
		if _, err := c.query(ctx, call{op: "labels", doc: &q, vars: vars, price: labelsPrice, decode: into(&q)}); err != nil {
			return nil, err
		}
		out = append(out, q.Root.Nodes...)
		if done, err := turn.next("labels", q.Root.PageInfo); done || err != nil {
			return out, err
		}
	}
}

var labelsPrice = price[labelsQuery]()

// missingFor is how long an id that Linear does not know is not asked for
// again.
const missingFor = 10 * time.Minute

// learn asks for the labels with ids that the book does not hold. Ids that
// Linear does not know stay unknown.
func (c *Client) learn(ctx context.Context, ids []string) error {
	b := &c.labels
	b.mu.Lock()
	ask := slices.DeleteFunc(ids, func(id string) bool {
		return b.byID[id] != nil || c.now().Sub(b.missing[id]) < missingFor
	})
	b.mu.Unlock()
	for part := range slices.Chunk(ask, maxLookup) {
		nodes, err := c.readLabels(ctx, IssueLabelFilter{"id": object{"in": part}})
		if err != nil {
			return fmt.Errorf("read unknown labels: %w", err)
		}
		b.add(nodes)
		b.miss(part, c.now())
	}
	return nil
}

// recheck forgets the labels among ids that were deleted in Linear and takes
// in what changed about the others.
func (c *Client) recheck(ctx context.Context, ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	nodes, err := c.readLabels(ctx, IssueLabelFilter{"id": object{"in": ids}})
	if err != nil {
		return err
	}
	c.labels.add(nodes)
	c.labels.drop(slices.DeleteFunc(slices.Clone(ids), func(id string) bool {
		return slices.ContainsFunc(nodes, func(n labelNode) bool { return n.ID == id })
	}))
	return nil
}

func (b *labelBook) drop(ids []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	byID := maps.Clone(b.byID)
	for _, id := range ids {
		delete(byID, id)
	}
	b.byID, b.byText = byID, indexByText(byID)
}

// deny remembers that we may not create labels.
func (b *labelBook) deny(err error, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.denied, b.deniedErr = now, err
}

// isDenied returns why labels are not even tried to be created: being refused
// anew in every cycle helps nobody.
func (b *labelBook) isDenied(now time.Time) error {
	b.mu.RLock()
	defer b.mu.RUnlock()
	if now.Sub(b.denied) < deniedFor {
		return b.deniedErr
	}
	return nil
}

// deniedFor is how long a refusal to create labels is believed. A label that
// an admin creates is found at once.
const deniedFor = time.Hour

func (b *labelBook) miss(ids []string, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.missing == nil {
		b.missing = map[string]time.Time{}
	}
	for _, id := range ids {
		if b.byID[id] == nil {
			b.missing[id] = now
		}
	}
}

// follow notes that from now on renames are seen against older texts.
func (b *labelBook) follow() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.followed = true
}

func (b *labelBook) isFollowed() bool {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.followed
}

// children lists the labels inside the given groups: their text changes with
// the group's name.
func (b *labelBook) children(groups []string) (ids []string) {
	for id, l := range b.all() {
		if slices.Contains(groups, l.parent) {
			ids = append(ids, id)
		}
	}
	return ids
}

// KindOf maps a label that is named like a kind.
func KindOf(label string) (issue.Kind, bool) {
	k, ok := kindNames(nil)[strings.ToLower(label)]
	return k, ok
}
