package linear

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/lanekeeper/lanekeeper/connectors"
	"github.com/lanekeeper/lanekeeper/internal/issue"
)

type memberNode struct {
	ID           string `json:"id"`
	Name         string `json:"name"`
	Email        string `json:"email"`
	Active       bool   `json:"active"`
	IsAssignable bool   `json:"isAssignable"`
}

type usersQuery struct {
	Root connection[memberNode] `json:"users" graphql:"users(first: 10, filter: $filter)"`
}

var usersPrice = price[usersQuery]()

// known is a person who was looked up, and when.
type known struct {
	person issue.Person
	at     time.Time
}

const personAge = time.Hour

// Person finds the account of an e-mail address or user id that issues can be
// assigned to. What was found is remembered for an hour.
func (c *Client) Person(ctx context.Context, who string) (issue.Person, error) {
	who = strings.TrimSpace(who)
	if k, ok := c.members.Load(who); ok && c.now().Sub(k.(known).at) < personAge {
		return k.(known).person, nil
	}
	var q usersQuery
	_, err := c.query(ctx, call{op: "users", doc: &q, vars: map[string]any{"filter": byWord(who)}, price: usersPrice, decode: into(&q)})
	if err != nil {
		return issue.Person{}, fmt.Errorf("look up %s: %w", who, err)
	}
	p, err := assignable(who, q.Root.Nodes)
	if err == nil {
		c.members.Store(who, known{person: p, at: c.now()})
	}
	return p, err
}

func assignable(who string, found []memberNode) (issue.Person, error) {
	e := &connectors.Error{Kind: connectors.NotFound, Op: "users", Detail: "no user " + who, Hint: "check the address, or invite this person to the Linear workspace"}
	for _, m := range found {
		switch {
		case !m.Active:
			e.Detail, e.Hint = who+" is deactivated", "name an active member of the workspace"
		case !m.IsAssignable:
			e.Detail, e.Hint = "issues cannot be assigned to "+who, "name a member that the team can assign to"
		default:
			return issue.Person{ID: m.ID, Name: m.Name, Email: m.Email}, nil
		}
	}
	return issue.Person{}, e
}
