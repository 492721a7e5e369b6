package linear

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/shurcooL/graphql"

	"github.com/lanekeeper/lanekeeper/connectors"
)

// workspace is our own account. Reading it shows that all configured teams can
// be seen. It is read at the start and with each sweep.
type workspace struct {
	turnstile
	known  bool
	viewer viewerNode
	// self is the viewer's id for those who must not wait in the turnstile.
	self atomic.Pointer[string]
}

type viewerNode struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	DisplayName string `json:"displayName"`
	Active      bool   `json:"active"`
	Admin       bool   `json:"admin"`
	Guest       bool   `json:"guest"`
	App         bool   `json:"app"`
}

type teamNode struct {
	ID         string    `json:"id"`
	Key        string    `json:"key"`
	Name       string    `json:"name"`
	Timezone   string    `json:"timezone"`
	RetiredAt  time.Time `json:"retiredAt"`
	IssueCount int       `json:"issueCount"`
}

type workspaceQuery struct {
	Viewer viewerNode           `json:"viewer"`
	Teams  connection[teamNode] `json:"teams" graphql:"teams(first: 250, filter: $filter)"`
}

// open reads the workspace and the labels once. A team that we cannot see is
// an error: without it a pull would be short.
func (c *Client) open(ctx context.Context) error {
	if _, err := c.workspace(ctx); err != nil {
		return err
	}
	return c.loadLabels(ctx)
}

// workspace returns our own account.
func (c *Client) workspace(ctx context.Context) (viewerNode, error) {
	w := &c.people
	leave, err := w.enter(ctx)
	if err != nil {
		return viewerNode{}, err
	}
	defer leave()
	if w.known {
		return w.viewer, nil
	}
	return c.lookAround(ctx)
}

// sweepTeams looks again whether all teams can be seen.
func (c *Client) sweepTeams(ctx context.Context) error {
	leave, err := c.people.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	_, err = c.lookAround(ctx)
	return err
}

// lookAround reads the workspace; the caller is in its turnstile.
func (c *Client) lookAround(ctx context.Context) (viewerNode, error) {
	viewer, teams, err := c.readWorkspace(ctx)
	if err != nil {
		return viewer, err
	}
	if missing := c.invisible(teams); len(missing) > 0 {
		return viewer, &connectors.Error{Kind: connectors.NotFound, Op: "teams", Detail: "no team " + strings.Join(missing, ", ") + " that this key can see",
			Hint: "check the keys (upper case) and that the key's user may see the teams"}
	}
	c.people.viewer, c.people.known = viewer, true
	c.people.self.Store(&viewer.ID)
	return viewer, nil
}

func (c *Client) readWorkspace(ctx context.Context) (viewerNode, []teamNode, error) {
	var q workspaceQuery
	vars := map[string]any{"filter": TeamFilter{"key": object{"in": c.s.Teams}}}
	if _, err := c.query(ctx, call{op: "teams", doc: &q, vars: vars, price: workspacePrice, decode: into(&q)}); err != nil {
		return viewerNode{}, nil, err
	}
	if q.Viewer.ID == "" {
		return viewerNode{}, nil, &connectors.Error{Kind: connectors.Contract, Op: "teams", Detail: "the answer does not say who we are"}
	}
	return q.Viewer, q.Teams.Nodes, nil
}

var workspacePrice = price[workspaceQuery]()

// invisible lists the configured teams that are not among those read.
func (c *Client) invisible(teams []teamNode) (keys []string) {
	for _, key := range c.s.Teams {
		if !slices.ContainsFunc(teams, func(t teamNode) bool { return t.Key == key }) {
			keys = append(keys, key)
		}
	}
	return keys
}

type newestQuery struct {
	Root connection[scanNode] `json:"issues" graphql:"issues(first: $first, filter: $filter, orderBy: createdAt, includeArchived: true)"`
}

// newest returns the number of the newest issue of a team, 0 where it has
// none, and the server's time.
func (c *Client) newest(ctx context.Context, team string) (int, time.Time, error) {
	var q newestQuery
	vars := map[string]any{"first": graphql.Int(1), "filter": IssueFilter{"team": object{"key": object{"eq": team}}}}
	info, err := c.query(ctx, call{op: "newest", doc: &q, vars: vars, price: 3, decode: into(&q)})
	if err != nil {
		return 0, time.Time{}, fmt.Errorf("newest issue of %s: %w", team, err)
	}
	if len(q.Root.Nodes) == 0 {
		return 0, info.serverTime(), nil
	}
	return int(q.Root.Nodes[0].Number), info.serverTime(), nil
}
