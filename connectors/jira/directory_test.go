package jira_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/lanekeeper/lanekeeper/connectors"
	"github.com/lanekeeper/lanekeeper/connectors/jira"
	"github.com/lanekeeper/lanekeeper/connectors/jira/jiratest"
)

func TestAccount(t *testing.T) {
	both(t, func(t *testing.T, flavor jira.Flavor) {
		s := site(t, flavor, 0)
		s.AddUser(jiratest.User{AccountID: "amy-two", Name: "Amy", Email: "amy.two@acme.example"}) // named like another
		s.AddUser(jiratest.User{AccountID: "left", Name: "Leo Left", Email: "leo@acme.example", Inactive: true})
		s.AddUser(jiratest.User{AccountID: "shy", Name: "Shy", Email: "shy@acme.example", HideEmail: true})
		c := client(t, s)
		for who, want := range map[string]string{"amy@acme.example": "amy", "AMY.two@acme.example": "amy-two", "amy-two": "amy-two", "shy": "shy"} {
			if p, err := c.Account(t.Context(), who); err != nil || p.ID != want {
				t.Errorf("%s: %+v %v", who, p, err)
			}
		}
		for who, says := range map[string]string{
			"left": "deactivated", "leo@acme.example": "deactivated", "nobody": "no account", "nobody@acme.example": "no account",
			"shy@acme.example": "some accounts hide theirs", "Amy": "no account",
		} {
			_, err := c.Account(t.Context(), who)
			if connectors.KindOf(err) != connectors.NotFound || !strings.Contains(err.Error(), says) {
				t.Errorf("%s: %v, want %q", who, err, says)
			}
		}
	})
}

func TestMembersOfAGroup(t *testing.T) {
	both(t, func(t *testing.T, flavor jira.Flavor) {
		s := site(t, flavor, 0)
		var ids []string
		for n := range 120 { // more than two pages
			id := fmt.Sprintf("p%03d", n)
			s.AddUser(jiratest.User{AccountID: id, Name: "Person", Inactive: n%40 == 7})
			ids = append(ids, id)
		}
		s.AddGroup("release leads", ids...)
		s.AddGroup("empty")
		c := client(t, s)
		got, err := c.Members(t.Context(), "release leads")
		if err != nil || len(got) != 117 || got[0].ID != "p000" || got[len(got)-1].ID != "p119" {
			t.Errorf("%d members, %v", len(got), err)
		}
		if got, err := c.Members(t.Context(), "empty"); err != nil || len(got) != 0 {
			t.Errorf("%v %v", got, err)
		}
		if _, err := c.Members(t.Context(), "nobody"); connectors.KindOf(err) != connectors.NotFound || !strings.Contains(err.Error(), "no group nobody") {
			t.Errorf("%v", err)
		}
	})
}
