package jira

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/lanekeeper/lanekeeper/connectors"
	"github.com/lanekeeper/lanekeeper/internal/issue"
)

const (
	// groupPage is how many members of a group one request asks for: the most
	// that Jira answers.
	groupPage = 50
	// mostMembers bounds a group of approvers.
	mostMembers = 2000
)

// member is a user as look-ups show them.
type member struct {
	user
	Active *bool `json:"active"`
}

func (m *member) active() bool { return m.Active == nil || *m.Active }

// Account finds the active account of an account id (Data Center: user name) or
// of an e-mail address that the site shows. Who decides is told by the id alone:
// an account with a hidden address is never taken for the one that is asked for,
// however alike its name is.
func (c *Client) Account(ctx context.Context, who string) (issue.Person, error) {
	if err := c.ensure(ctx); err != nil {
		return issue.Person{}, err
	}
	var list []member
	var err error
	if strings.Contains(who, "@") {
		list, err = c.search(ctx, who)
	} else {
		list, err = c.byID(ctx, who)
	}
	if err != nil {
		return issue.Person{}, err
	}
	hidden := false
	for n := range list {
		m := &list[n]
		switch {
		case m.AccountID == who || m.Name == who || m.EmailAddress != "" && strings.EqualFold(m.EmailAddress, who):
			if !m.active() {
				return issue.Person{}, nobody("the account of %s is deactivated", who, "name somebody who is still there")
			}
			return m.person(), nil
		case m.EmailAddress == "":
			hidden = true
		}
	}
	if hidden && strings.Contains(who, "@") {
		return issue.Person{}, nobody("no account shows the address %s, and some accounts hide theirs", who, "give the account id instead of the address")
	}
	return issue.Person{}, nobody("there is no account %s", who, "check the spelling, or remove who has left")
}

func nobody(format, who, hint string) error {
	return &connectors.Error{Kind: connectors.NotFound, Op: opUsers, Detail: fmt.Sprintf(format, connectors.Excerpt(who)), Hint: hint}
}

// search finds people by an address.
func (c *Client) search(ctx context.Context, who string) (list []member, err error) {
	q := url.Values{"maxResults": {"50"}, "query": {who}}
	if c.flavor() == DataCenter {
		q = url.Values{"maxResults": {"50"}, "username": {who}}
	}
	_, err = c.do(ctx, call{op: opUsers, again: true, method: http.MethodGet, path: "user/search", query: q, into: &list})
	return list, err
}

// byID reads one account. One that does not exist is an empty list.
func (c *Client) byID(ctx context.Context, who string) ([]member, error) {
	if c.flavor() == Cloud {
		var page struct {
			Values []member `json:"values"`
		}
		_, err := c.do(ctx, call{op: opUsers, again: true, method: http.MethodGet, path: "user/bulk", query: url.Values{"accountId": {who}}, into: &page})
		return page.Values, err
	}
	var one member
	_, err := c.do(ctx, call{op: opUsers, again: true, method: http.MethodGet, path: "user", query: url.Values{"username": {who}}, into: &one})
	if connectors.KindOf(err) == connectors.NotFound {
		return nil, nil
	}
	return []member{one}, err
}

// Members lists the active accounts of a group.
func (c *Client) Members(ctx context.Context, group string) ([]issue.Person, error) {
	if err := c.ensure(ctx); err != nil {
		return nil, err
	}
	var out []issue.Person
	for start := 0; ; {
		var page struct {
			Values []member `json:"values"`
			IsLast bool     `json:"isLast"`
		}
		q := url.Values{"groupname": {group}, "includeInactiveUsers": {"false"}, "startAt": {strconv.Itoa(start)}, "maxResults": {strconv.Itoa(groupPage)}}
		_, err := c.do(ctx, call{op: opGroup, again: true, method: http.MethodGet, path: "group/member", query: q, into: &page})
		switch {
		case connectors.KindOf(err) == connectors.NotFound:
			return nil, &connectors.Error{Kind: connectors.NotFound, Op: opGroup, Err: err,
				Detail: "there is no group " + connectors.Excerpt(group), Hint: "check the name; lanekeeper's account needs the permission to browse users and groups"}
		case err != nil:
			return nil, err
		}
		for n := range page.Values {
			if m := &page.Values[n]; m.active() && m.id() != "" {
				out = append(out, m.person())
			}
		}
		start += len(page.Values)
		switch {
		case page.IsLast:
			return out, nil
		case len(page.Values) == 0:
			return nil, &connectors.Error{Kind: connectors.Contract, Op: opGroup, Detail: "the members of " + connectors.Excerpt(group) + " have no end: an empty page is not the last"}
		case len(out) > mostMembers:
			return nil, &connectors.Error{Kind: connectors.Invalid, Op: opGroup,
				Detail: fmt.Sprintf("the group %s has more than %d members", connectors.Excerpt(group), mostMembers), Hint: "name a group of those who decide"}
		}
	}
}
