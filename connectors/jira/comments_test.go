package jira_test

import (
	"slices"
	"testing"

	"github.com/lanekeeper/lanekeeper/connectors/jira"
	"github.com/lanekeeper/lanekeeper/connectors/jira/jiratest"
	"github.com/lanekeeper/lanekeeper/internal/issue"
)

func TestCommentsTellWhoAndWhenAndForWhom(t *testing.T) {
	both(t, func(t *testing.T, flavor jira.Flavor) {
		s := site(t, flavor, 2)
		for n := range 130 {
			if _, err := s.Comment("PAY-1", []string{"amy", "bob"}[n%2], "One more."); err != nil {
				t.Fatal(err)
			}
		}
		c := client(t, s)
		one, two := snapshot(t, s, "PAY-1").ID, snapshot(t, s, "PAY-2").ID
		got := must[map[string][]issue.Comment](t)(c.Comments(t.Context(), []string{one, two, "999999"}))
		list := got[one]
		if len(list) != 130 || !slices.IsSortedFunc(list, func(a, b issue.Comment) int { return a.At.Compare(b.At) }) {
			t.Fatalf("%d comments", len(list))
		}
		if list[0].By.ID != "amy" || list[0].By.Self || !list[0].Public || list[0].At.IsZero() {
			t.Errorf("%+v", list[0])
		}
		if empty, ok := got[two]; !ok || len(empty) != 0 {
			t.Errorf("an issue without comments: %v, %v", empty, ok)
		}
		if _, ok := got["999999"]; ok {
			t.Error("an issue that is not there has comments")
		}
	})
}

func TestStatusesAreThoseOfTheSite(t *testing.T) {
	both(t, func(t *testing.T, flavor jira.Flavor) {
		got := must[[]string](t)(client(t, site(t, flavor, 1)).Statuses(t.Context()))
		if !slices.Contains(got, "To Do") || !slices.Contains(got, "In Progress") {
			t.Errorf("%q", got)
		}
	})
}

func TestInternalCommentsAreNotPublic(t *testing.T) {
	both(t, func(t *testing.T, flavor jira.Flavor) {
		s := site(t, flavor, 1)
		s.EditProject("PAY", func(p *jiratest.Project) { p.Type = "service_desk" })
		if _, err := s.Comment("PAY-1", "amy", "For everybody."); err != nil {
			t.Fatal(err)
		}
		c := client(t, s)
		e := edit(t, c, s, "PAY-1", issue.Change{Field: issue.FieldComment, To: "x"})
		e.Comment = &issue.CommentEdit{Marker: "m-1", Body: "For us."} // internal on a service project
		if _, err := apply(t.Context(), c, e); err != nil {
			t.Fatal(err)
		}
		got := must[map[string][]issue.Comment](t)(c.Comments(t.Context(), []string{e.ID}))[e.ID]
		if len(got) != 2 || !got[0].Public || got[1].Public || !got[1].By.Self {
			t.Errorf("%+v", got)
		}
	})
}
