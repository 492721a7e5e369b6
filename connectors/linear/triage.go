package linear

import (
	"context"
	"fmt"

	"github.com/lanekeeper/lanekeeper/connectors"
	"github.com/lanekeeper/lanekeeper/internal/issue"
)

// triageTeam is a team with who is responsible for its triage. Some plans lack
// that, so it is a query of its own.
type triageTeam struct {
	Key                  string `json:"key"`
	TriageResponsibility *struct {
		CurrentUser *memberNode `json:"currentUser"`
	} `json:"triageResponsibility"`
}

type triageQuery struct {
	Teams connection[triageTeam] `json:"teams" graphql:"teams(first: 250, filter: $filter)"`
}

var triagePrice = price[triageQuery]()

// Triage tells who is responsible for triage now, by the key of each team in
// scope; the zero Person is nobody. A team without the responsibility is absent.
func (c *Client) Triage(ctx context.Context) (map[string]issue.Person, error) {
	var q triageQuery
	vars := map[string]any{"filter": TeamFilter{"key": object{"in": c.s.Teams}}}
	_, err := c.query(ctx, call{op: "triage", doc: &q, vars: vars, price: triagePrice, decode: into(&q)})
	switch {
	case off(err):
		return nil, &connectors.Error{Kind: connectors.KindOf(err), Op: "triage", Err: err, Detail: "the plan or the key lacks the triage responsibility",
			Hint: "read the rota from a calendar or a JSON document instead"}
	case err != nil:
		return nil, fmt.Errorf("triage responsibility: %w", err)
	}
	out := map[string]issue.Person{}
	for _, t := range q.Teams.Nodes {
		switch r := t.TriageResponsibility; {
		case r == nil:
		case r.CurrentUser == nil:
			out[t.Key] = issue.Person{}
		default:
			out[t.Key] = issue.Person{ID: r.CurrentUser.ID, Name: r.CurrentUser.Name, Email: r.CurrentUser.Email}
		}
	}
	return out, nil
}
