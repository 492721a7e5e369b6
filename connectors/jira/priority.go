package jira

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/lanekeeper/lanekeeper/connectors"
	"github.com/lanekeeper/lanekeeper/internal/issue"
)

const (
	// listLife is how long a project's priorities are trusted.
	listLife = 6 * time.Hour
	// listRetry is how long the site's list stands in for a project's that
	// could not be read.
	listRetry = 10 * time.Minute
)

// priorityList is a project's own priorities, from the most to the least
// urgent as Jira shows them, and what each means to us.
type priorityList struct {
	at    time.Time
	items []named
	ranks map[string]issue.Priority // by id
	ids   map[issue.Priority]string // what is written for a rank; absent: nothing
}

// newPriorityList maps a list. Configured names or ids come first; without
// them the position counts: of four or more the first three are urgent, high and
// medium and the rest low; a longer list is divided into four equal parts; a
// shorter one has no entry for some ranks, which are then never written.
func newPriorityList(items []named, configured map[issue.Priority]string) *priorityList {
	l := &priorityList{items: items, ranks: map[string]issue.Priority{}, ids: map[issue.Priority]string{}}
	if len(configured) > 0 {
		l.configure(configured)
	} else {
		for n, it := range items {
			r := rankAt(n, len(items))
			l.ranks[it.ID] = r
			if _, taken := l.ids[r]; !taken {
				l.ids[r] = it.ID
			}
		}
	}
	return l
}

func rankAt(n, of int) issue.Priority {
	switch {
	case of == 1:
		return issue.Medium
	case of == 2:
		return [...]issue.Priority{issue.High, issue.Low}[n]
	case of == 3:
		return [...]issue.Priority{issue.High, issue.Medium, issue.Low}[n]
	case of <= 5:
		return issue.Urgent - issue.Priority(min(n, 3))
	}
	return issue.Urgent - issue.Priority(n*4/of)
}

// configure maps by name or id. A priority that is not configured reads as its
// nearest configured neighbour, the more urgent one first, so that a value that
// a person chose is not taken for none.
func (l *priorityList) configure(want map[issue.Priority]string) {
	for _, rank := range []issue.Priority{issue.Urgent, issue.High, issue.Medium, issue.Low} {
		for _, it := range l.items {
			if it.matches(want[rank]) {
				l.ids[rank] = it.ID
				if _, taken := l.ranks[it.ID]; !taken {
					l.ranks[it.ID] = rank
				}
			}
		}
	}
	known := len(l.ranks) > 0
	for n, it := range l.items {
		if _, ok := l.ranks[it.ID]; !ok && known {
			l.ranks[it.ID] = l.near(n, want)
		}
	}
}

func (n named) matches(want string) bool {
	return want != "" && (n.ID == want || strings.EqualFold(n.Name, want))
}

func (l *priorityList) near(n int, want map[issue.Priority]string) issue.Priority {
	for i := n - 1; i >= 0; i-- {
		if r, ok := configuredRank(l.items[i], want); ok {
			return r
		}
	}
	for i := n + 1; i < len(l.items); i++ {
		if r, ok := configuredRank(l.items[i], want); ok {
			return r
		}
	}
	return issue.None
}

func configuredRank(it named, want map[issue.Priority]string) (issue.Priority, bool) {
	for r := issue.Urgent; r >= issue.Low; r-- {
		if it.matches(want[r]) {
			return r, true
		}
	}
	return issue.None, false
}

// rank fills in the priorities of decoded issues.
func (c *Client) rank(ctx context.Context, list []issue.Issue) error {
	for _, open := range []bool{true, false} { // a closed issue may have no edit screen to learn from
		for n := range list {
			i := &list[n]
			if i.Open() != open || i.RawPriority.ID == "" || i.Unknown.Has(issue.InputPriority) {
				continue
			}
			if err := c.rankOne(ctx, i); err != nil {
				return err
			}
		}
	}
	return nil
}

// rankOne takes the place in the project's list; a priority that an old issue
// kept when it left the list has the place in the site's.
func (c *Client) rankOne(ctx context.Context, i *issue.Issue) error {
	for _, project := range []string{i.Project, ""} {
		l, err := c.priorities(ctx, project, i.ID)
		if err != nil {
			return err
		}
		if r, ok := l.ranks[i.RawPriority.ID]; ok {
			i.Priority = r
			return nil
		}
	}
	i.Unknown |= issue.InputPriority
	return nil
}

// priorities returns a project's list, learnt from one of its issues; the
// site's list for no project.
func (c *Client) priorities(ctx context.Context, project, sample string) (*priorityList, error) {
	if l, ok := c.knownPriorities(project); ok {
		return l, nil
	}
	select {
	case c.learning <- struct{}{}:
		defer func() { <-c.learning }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if l, ok := c.knownPriorities(project); ok { // learnt while we waited
		return l, nil
	}
	items, own, err := c.readPriorities(ctx, project, sample)
	if err != nil {
		return nil, err
	}
	l := newPriorityList(items, c.set.Priorities)
	l.at = c.now()
	if !own && project != "" {
		l.at = l.at.Add(listRetry - listLife)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lists[project] = l
	return l, nil
}

func (c *Client) knownPriorities(project string) (*priorityList, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	l := c.lists[project]
	return l, l != nil && c.now().Sub(l.at) < listLife
}

// readPriorities takes the values that the issue's edit screen allows, which
// are the project's own; the site's list where the screen has none.
func (c *Client) readPriorities(ctx context.Context, project, sample string) (list []named, own bool, err error) {
	if project != "" {
		meta, err := c.editMeta(ctx, sample)
		if k := connectors.KindOf(err); err != nil && k != connectors.NotFound && k != connectors.Forbidden {
			return nil, false, err
		}
		if p := meta["priority"]; len(p.Allowed) > 0 {
			return p.Allowed, true, nil
		}
	}
	_, err = c.do(ctx, call{op: opPriorities, again: true, method: http.MethodGet, path: "priority", into: &list})
	return list, false, err
}

// forgetPriorities makes the next use read the project's list again.
func (c *Client) forgetPriorities(project string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.lists, project)
}

// anyRank finds the rank of a priority id in the lists that are known.
func (c *Client) anyRank(id string) (issue.Priority, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, p := range sortedKeys(c.lists) {
		if r, ok := c.lists[p].ranks[id]; ok {
			return r, true
		}
	}
	return issue.None, false
}

// metaField is one field that our account may edit on an issue.
type metaField struct {
	Allowed []named `json:"allowedValues"`
}

// editMeta lists exactly the fields that we may edit on an issue: screen,
// configuration, workflow step and permission are all in it.
func (c *Client) editMeta(ctx context.Context, id string) (map[string]metaField, error) {
	if err := checkID(opEditMeta, id); err != nil {
		return nil, err
	}
	var meta struct {
		Fields map[string]looseMeta `json:"fields"`
	}
	_, err := c.do(ctx, call{op: opEditMeta, again: true, method: http.MethodGet, path: "issue/" + id + "/editmeta", into: &meta})
	out := make(map[string]metaField, len(meta.Fields))
	for name, f := range meta.Fields {
		out[name] = metaField(f)
	}
	return out, err
}

// looseMeta keeps the allowed values of priorities and drops those of fields
// that have another shape.
type looseMeta metaField

// UnmarshalJSON never fails on the values of a field that we do not know.
func (m *looseMeta) UnmarshalJSON(b []byte) error {
	if decode(b, (*metaField)(m)) != nil {
		m.Allowed = nil
	}
	return nil
}
