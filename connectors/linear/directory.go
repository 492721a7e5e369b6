package linear

import (
	"context"
	"fmt"
	"strings"

	"github.com/google/uuid"

	"github.com/lanekeeper/lanekeeper/connectors"
	"github.com/lanekeeper/lanekeeper/internal/issue"
)

// Account finds the active account of an e-mail address or user id. Unlike
// Person it takes people to whom no issue can be assigned.
func (c *Client) Account(ctx context.Context, who string) (issue.Person, error) {
	who = strings.TrimSpace(who)
	var q usersQuery
	_, err := c.query(ctx, call{op: "users", doc: &q, vars: map[string]any{"filter": byWord(who)}, price: usersPrice, decode: into(&q)})
	if err != nil {
		return issue.Person{}, fmt.Errorf("look up %s: %w", who, err)
	}
	e := &connectors.Error{Kind: connectors.NotFound, Op: "users", Detail: "there is no user " + who, Hint: "check the address or id, or remove who has left"}
	for _, m := range q.Root.Nodes {
		if m.Active {
			return issue.Person{ID: m.ID, Name: m.Name, Email: m.Email}, nil
		}
		e.Detail, e.Hint = "the account of "+who+" is deactivated", "name somebody who is still there"
	}
	return issue.Person{}, e
}

// byWord finds users by id or address.
func byWord(who string) UserFilter {
	if uuid.Validate(who) == nil {
		return UserFilter{"id": object{"eq": who}}
	}
	return UserFilter{"email": object{"eqIgnoreCase": who}}
}

// Members says that Linear has no groups of people.
func (c *Client) Members(_ context.Context, group string) ([]issue.Person, error) {
	return nil, &connectors.Error{Kind: connectors.Invalid, Op: "users", Detail: "Linear has no groups of people, so there is no group " + group,
		Hint: "name the approvers by e-mail address or user id; teams: in the policy can name others for this source"}
}
