package jira_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/lanekeeper/lanekeeper/connectors"
	"github.com/lanekeeper/lanekeeper/connectors/jira"
	"github.com/lanekeeper/lanekeeper/connectors/jira/jiratest"
	"github.com/lanekeeper/lanekeeper/internal/issue"
)

func lane(from, to string) issue.Change {
	return issue.Change{Field: issue.FieldLane, From: from, To: to}
}

func TestOneEditIsOneRequestAndTouchesNothingElse(t *testing.T) {
	both(t, func(t *testing.T, flavor jira.Flavor) {
		s := site(t, flavor, 1)
		c := client(t, s)
		s.Edit("PAY-1", "amy", func(e *jiratest.Edit) { e.Labels("money", "lane:feature", "Lane:other") })
		e := edit(t, c, s, "PAY-1", lane("lane:feature", "lane:hotfix"), issue.Change{Field: issue.FieldHorizon, To: "horizon:roadmap"},
			issue.Change{Field: issue.FieldPriority, From: "medium", To: "urgent"}, issue.Change{Field: issue.FieldDue, To: "2026-12-24"},
			issue.Change{Field: issue.FieldAssignee, To: "amy@acme.example"})
		s.Edit("PAY-1", "amy", func(e *jiratest.Edit) { e.AddLabel("added-meanwhile") })
		s.Reset()
		done, err := apply(t.Context(), c, e)
		if err != nil || done[e.ID].Err != nil {
			t.Fatal(err, done)
		}
		if n := len(s.Mutations()); n != 1 {
			t.Errorf("trap 19, %d writes: %v", n, bodies(s.Mutations()))
		}
		if strings.Contains(s.Mutations()[0].Query, "notifyUsers") {
			t.Error("notifyUsers was sent unasked")
		}
		i := snapshot(t, s, "PAY-1")
		if diff := cmp.Diff([]string{"Lane:other", "added-meanwhile", "horizon:roadmap", "lane:hotfix", "money"}, i.Labels); diff != "" {
			t.Errorf("trap 9: %s", diff)
		}
		if i.Priority != "Highest" || i.Due != "2026-12-24" || i.Assignee != "amy" || i.Summary != "Broken 1" {
			t.Errorf("%+v", i)
		}
		if flavor == jira.Cloud && !done[e.ID].Updated.Equal(i.Updated.Truncate(time.Millisecond)) {
			t.Errorf("updated %s, want %s", done[e.ID].Updated, i.Updated)
		}
		back := edit(t, c, s, "PAY-1", lane("lane:hotfix", ""), issue.Change{Field: issue.FieldDue, From: "2026-12-24"}, issue.Change{Field: issue.FieldAssignee, From: "amy"})
		if done, err := apply(t.Context(), c, back); err != nil || done[e.ID].Err != nil {
			t.Fatal(err, done)
		}
		if i := snapshot(t, s, "PAY-1"); i.Due != "" || i.Assignee != "" || i.HasLabel("lane:hotfix") {
			t.Errorf("not cleared: %+v", i)
		}
	})
}

func TestHistoryTellsPeopleFromOurselves(t *testing.T) {
	both(t, func(t *testing.T, flavor jira.Flavor) {
		s := site(t, flavor, 2)
		c := client(t, s)
		e := edit(t, c, s, "PAY-1", lane("", "lane:hotfix"), issue.Change{Field: issue.FieldPriority, From: "medium", To: "high"})
		if _, err := apply(t.Context(), c, e); err != nil {
			t.Fatal(err)
		}
		s.Edit("PAY-1", "amy", func(e *jiratest.Edit) {
			e.Priority("Low")
			e.Labels("money", "other")
			e.Due("2026-06-01")
			e.Assignee("amy")
		})
		s.Edit("PAY-1", "", func(e *jiratest.Edit) { e.Status("In Progress") })
		logs := must[map[string]issue.History](t)(c.History(t.Context(), []string{e.ID, snapshot(t, s, "PAY-2").ID}))
		var got []string
		for _, ev := range logs[e.ID].Events {
			got = append(got, fmt.Sprintf("%v %s: %q to %q %s", ev.By.Self, ev.Field, ev.From, ev.To, ev.ToCategory))
		}
		slices.Sort(got)
		want := []string{`false assignee: "" to "amy" `, `false due: "" to "2026-06-01" `, `false labels: "" to "other" `, `false labels: "lane:hotfix" to "" `,
			`false priority: "high" to "low" `, `false status: "To Do" to "In Progress" started`, `true labels: "" to "lane:hotfix" `, `true priority: "medium" to "high" `}
		slices.Sort(want)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("trap 10: %s", diff)
		}
		if !logs[e.ID].Complete || !slices.IsSortedFunc(logs[e.ID].Events, func(a, b issue.Event) int { return a.At.Compare(b.At) }) {
			t.Error("not complete or not oldest first")
		}
		if len(logs) != 2 || !logs[snapshot(t, s, "PAY-2").ID].Complete {
			t.Errorf("%v", logs)
		}
	})
}

func TestTrap16LongHistoriesAreWholeInAnyForm(t *testing.T) {
	for form := range 3 {
		t.Run(fmt.Sprintf("form %d of the time", form), func(t *testing.T) {
			s := site(t, jira.Cloud, 1)
			s.Trap(func(tr *jiratest.Traps) { tr.EpochChangelog = form })
			for n := range 60 {
				s.Edit("PAY-1", "amy", func(e *jiratest.Edit) { e.Due(fmt.Sprintf("2026-06-%02d", n%28+1)) })
			}
			id := snapshot(t, s, "PAY-1").ID
			logs := must[map[string]issue.History](t)(client(t, s).History(t.Context(), []string{id}))
			h := logs[id]
			if len(h.Events) != 60 || !h.Complete || time.Since(h.Events[0].At) > time.Hour {
				t.Errorf("%d events, the first at %v", len(h.Events), h.Events[0].At)
			}
		})
	}
}

func TestStartedComesFromTheHistory(t *testing.T) {
	both(t, func(t *testing.T, flavor jira.Flavor) {
		s := site(t, flavor, 2)
		s.Transition("PAY-1", "amy", "In Progress")
		c := client(t, s, func(_ *jira.Settings, o *jira.Options) { o.Inputs = issue.InputStarted })
		all, _, err := collect(t, c.All(t.Context(), ""))
		if err != nil || all[0].Started.IsZero() || !all[1].Started.IsZero() {
			t.Errorf("%v %v", all, err)
		}
	})
}

func TestTrap11PriorityIsOfTheProjectsOwnList(t *testing.T) {
	both(t, func(t *testing.T, flavor jira.Flavor) {
		s := site(t, flavor, 0)
		s.Create(jiratest.Spec{Project: "WEB", Priority: "3"}) // WEB has High, Medium and Low only
		c := client(t, s)
		e := edit(t, c, s, "WEB-1", issue.Change{Field: issue.FieldPriority, From: "medium", To: "high"})
		if done, err := apply(t.Context(), c, e); err != nil || done[e.ID].Err != nil || snapshot(t, s, "WEB-1").Priority != "High" {
			t.Errorf("%v %v", done, err)
		}
		if i := fetch(t, c, s, "WEB-1"); i.Priority != issue.High {
			t.Errorf("reads back as %s", i.Priority)
		}
		e.Changes[0].To = "urgent"
		done, err := apply(t.Context(), c, e)
		if err != nil || !slices.Equal(done[e.ID].Refused, []issue.Field{issue.FieldPriority}) {
			t.Errorf("nothing stands for urgent, but: %+v %v", done, err)
		}
	})
}

func TestTrap12ARefusedFieldIsDroppedAndRemembered(t *testing.T) {
	both(t, func(t *testing.T, flavor jira.Flavor) {
		s := site(t, flavor, 2)
		s.EditProject("PAY", func(p *jiratest.Project) {
			for n := range p.Types {
				p.Types[n].Screen = []string{"summary", "priority", "assignee", "duedate"}
			}
		})
		c := client(t, s)
		first := edit(t, c, s, "PAY-1", lane("", "lane:hotfix"), issue.Change{Field: issue.FieldPriority, From: "medium", To: "high"})
		done, err := apply(t.Context(), c, first)
		if r := done[first.ID]; err != nil || connectors.KindOf(r.Err) != connectors.Invalid || !slices.Equal(r.Refused, []issue.Field{issue.FieldLane}) {
			t.Fatalf("%+v %v", done, err)
		}
		if i := snapshot(t, s, "PAY-1"); i.Priority != "High" || i.HasLabel("lane:hotfix") {
			t.Errorf("%+v", i)
		}
		second := edit(t, c, s, "PAY-2", lane("", "lane:hotfix"), issue.Change{Field: issue.FieldHorizon, To: "horizon:roadmap"})
		s.Reset()
		done, err = apply(t.Context(), c, second)
		if r := done[second.ID]; err != nil || r.Err != nil || len(r.Refused) != 2 || len(s.Mutations()) != 0 {
			t.Errorf("the gap was forgotten: %+v %v %v", done, err, bodies(s.Mutations()))
		}
	})
}

func TestAGapIsTriedAgainAfterADay(t *testing.T) {
	s := site(t, jira.Cloud, 1)
	now := time.Now()
	c := client(t, s, func(_ *jira.Settings, o *jira.Options) { o.Now = func() time.Time { return now } })
	screen := func(ids []string) {
		s.EditProject("PAY", func(p *jiratest.Project) {
			for n := range p.Types {
				p.Types[n].Screen = ids
			}
		})
	}
	screen([]string{"summary"})
	e := edit(t, c, s, "PAY-1", lane("", "lane:hotfix"))
	apply(t.Context(), c, e)
	screen(nil)
	now = now.Add(25 * time.Hour)
	if done, err := apply(t.Context(), c, e); err != nil || len(done[e.ID].Refused) != 0 || !snapshot(t, s, "PAY-1").HasLabel("lane:hotfix") {
		t.Errorf("%+v %v", done, err)
	}
}

func TestOnlyLabelsOfOursAreWritten(t *testing.T) {
	s := site(t, jira.Cloud, 1)
	c := client(t, s)
	for _, ch := range []issue.Change{lane("", "money"), lane("money", "lane:x"), lane("", "lane:x y"), {Field: issue.FieldDue, To: "tomorrow"}, {Field: issue.FieldStatus, To: "Done"}} {
		e := edit(t, c, s, "PAY-1", ch)
		s.Reset()
		done, err := apply(t.Context(), c, e)
		if err != nil || connectors.KindOf(done[e.ID].Err) != connectors.Invalid || len(s.Mutations()) != 0 {
			t.Errorf("%+v: %+v %v", ch, done, err)
		}
	}
}

func TestTrap20QuietEditsAreAskedForLiterallyAndGivenUpOnRefusal(t *testing.T) {
	quiet := false
	for _, admin := range []bool{true, false} {
		t.Run(fmt.Sprintf("admin %v", admin), func(t *testing.T) {
			s := site(t, jira.Cloud, 2)
			s.EditProject("PAY", func(p *jiratest.Project) { p.NoAdmin = !admin })
			c := client(t, s, func(set *jira.Settings, _ *jira.Options) { set.NotifyUsers = &quiet })
			for n, key := range []string{"PAY-1", "PAY-2"} {
				e := edit(t, c, s, key, lane("", "lane:hotfix"))
				s.Reset()
				done, err := apply(t.Context(), c, e)
				if err != nil || done[e.ID].Err != nil || !snapshot(t, s, key).HasLabel("lane:hotfix") {
					t.Fatalf("%+v %v", done, err)
				}
				asked := strings.Contains(s.Mutations()[0].Query, "notifyUsers=false")
				if want := admin || n == 0; asked != want {
					t.Errorf("%s: asked to be quiet: %v, want %v", key, asked, want)
				}
			}
		})
	}
}

// A refusal that has nothing to do with mail must not make the others loud.
func TestAnotherRefusalDoesNotEndQuietEdits(t *testing.T) {
	quiet := false
	s := site(t, jira.Cloud, 2)
	c := client(t, s, func(set *jira.Settings, _ *jira.Options) { set.NotifyUsers = &quiet })
	edits := []issue.Edit{edit(t, c, s, "PAY-1", lane("", "lane:hotfix")), edit(t, c, s, "PAY-2", lane("", "lane:hotfix"))}
	s.FailNext("edit", 2, jiratest.Fault{Status: 403})
	done, _ := apply(t.Context(), c, edits[0])
	kind(t, done[edits[0].ID].Err, connectors.Forbidden)
	s.Reset()
	done, err := apply(t.Context(), c, edits[1])
	if err != nil || done[edits[1].ID].Err != nil {
		t.Fatalf("%+v %v", done, err)
	}
	if got := s.Mutations()[0].Query; !strings.Contains(got, "notifyUsers=false") {
		t.Errorf("sent with %q, want still quiet", got)
	}
}

func many(t *testing.T, c *jira.Client, s *jiratest.Server, n int, changes ...issue.Change) []issue.Edit {
	t.Helper()
	var edits []issue.Edit
	for i := range n {
		sn := snapshot(t, s, fmt.Sprintf("PAY-%d", i+1))
		edits = append(edits, issue.Edit{ID: sn.ID, Key: sn.Key, Project: sn.Project, Kind: sn.Type, Changes: changes})
	}
	return edits
}

func TestAlikeEditsAreOneBulkEdit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := site(t, jira.Cloud, 1200)
		c := client(t, s)
		edits := many(t, c, s, 1200, lane("", "lane:hotfix"), issue.Change{Field: issue.FieldPriority, From: "medium", To: "high"})
		s.Reset()
		done, err := apply(t.Context(), c, edits...)
		if err != nil || len(done) != 1200 {
			t.Fatal(len(done), err)
		}
		for _, r := range done {
			if r.Err != nil || r.Updated.IsZero() {
				t.Fatalf("%+v", r)
			}
		}
		if n := len(s.Mutations()); n != 2 || s.Counts()["edit"] != 0 {
			t.Errorf("%d writes: %v", n, s.Counts())
		}
		for _, r := range s.Mutations() {
			if !strings.Contains(r.Body, `"sendBulkNotification":false`) {
				t.Error("mail storm")
			}
		}
		i := snapshot(t, s, "PAY-700")
		if diff := cmp.Diff([]string{"lane:hotfix", "money"}, i.Labels); diff != "" || i.Priority != "High" {
			t.Errorf("%s %s", diff, i.Priority)
		}
		edits = many(t, c, s, 30, lane("lane:hotfix", "lane:stability"))
		if _, err := apply(t.Context(), c, edits...); err != nil || !slices.Equal(snapshot(t, s, "PAY-3").Labels, []string{"lane:stability", "money"}) {
			t.Errorf("%v %v", snapshot(t, s, "PAY-3").Labels, err)
		}
	})
}

func TestTrap28ACompleteTaskIsVerified(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := site(t, jira.Cloud, 40)
		s.Trap(func(tr *jiratest.Traps) { tr.BulkFail = map[string]string{"PAY-3": "no", "PAY-9": "no"} })
		c := client(t, s)
		done, err := apply(t.Context(), c, many(t, c, s, 40, lane("", "lane:hotfix"))...)
		if err != nil || len(done) != 40 {
			t.Fatal(len(done), err)
		}
		for i := range 40 {
			if key := fmt.Sprintf("PAY-%d", i+1); !snapshot(t, s, key).HasLabel("lane:hotfix") {
				t.Errorf("%s was left out", key)
			}
		}
		if n := s.Counts()["edit"]; n != 2 {
			t.Errorf("%d single edits, want one for each that failed", n)
		}
	})
}

func TestBulkEditWithoutPermissionFallsBack(t *testing.T) {
	s := site(t, jira.Cloud, 25)
	s.AddUser(jiratest.User{AccountID: s.Account(), Name: "bot", NoBulkChange: true})
	c := client(t, s)
	done, err := apply(t.Context(), c, many(t, c, s, 25, lane("", "lane:hotfix"))...)
	if err != nil || len(done) != 25 || s.Counts()["edit"] != 25 {
		t.Errorf("%d %v %v", len(done), err, s.Counts())
	}
}

func TestAStuckBulkEditMayHaveHappened(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := site(t, jira.Cloud, 25)
		s.Trap(func(tr *jiratest.Traps) { tr.BulkStuck = true })
		c := client(t, s)
		done, err := apply(t.Context(), c, many(t, c, s, 25, lane("", "lane:hotfix"))...)
		if err != nil || len(done) != 25 {
			t.Fatal(len(done), err)
		}
		for _, r := range done {
			kind(t, r.Err, connectors.Network)
		}
	})
}

func TestLostAnswerOfAnEditIsAskedAgainAndOfAPostIsNot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := site(t, jira.Cloud, 1)
		c := client(t, s)
		e := edit(t, c, s, "PAY-1", lane("", "lane:hotfix"))
		s.FailAfter("edit", 1, jiratest.Fault{Abort: true})
		if done, err := apply(t.Context(), c, e); err != nil || done[e.ID].Err != nil {
			t.Errorf("labels may be sent again: %+v %v", done, err)
		}
		e = edit(t, c, s, "PAY-1", issue.Change{Field: issue.FieldComment, To: "hash"})
		e.Comment = &issue.CommentEdit{Marker: "m-1", Body: "hello"}
		s.FailAfter("comment", 1, jiratest.Fault{Abort: true})
		done, err := apply(t.Context(), c, e)
		if err != nil {
			t.Fatal(err)
		}
		kind(t, done[e.ID].Err, connectors.Network)
		done, err = apply(t.Context(), c, e)
		if err != nil || done[e.ID].Err != nil || done[e.ID].CommentID == "" {
			t.Errorf("%+v %v", done, err)
		}
		if n := len(snapshot(t, s, "PAY-1").Comments); n != 1 {
			t.Errorf("trap 17: %d comments", n)
		}
	})
}

func TestCommentIsUpdatedInPlaceQuietly(t *testing.T) {
	both(t, func(t *testing.T, flavor jira.Flavor) {
		s := site(t, flavor, 1)
		c := client(t, s)
		s.Comment("PAY-1", "amy", "a person's")
		e := edit(t, c, s, "PAY-1", issue.Change{Field: issue.FieldComment, To: "h1"})
		e.Comment = &issue.CommentEdit{Marker: "11111111-2222-3333-4444-555555555555", Body: "first {*}\n\n- a\n- b"}
		done, err := apply(t.Context(), c, e)
		if err != nil || done[e.ID].Err != nil {
			t.Fatal(done, err)
		}
		first := done[e.ID].CommentID
		for _, known := range []string{"", first, "999999"} {
			e.Comment.ID, e.Comment.Body = known, "again after "+known
			done, err = apply(t.Context(), c, e)
			if err != nil || done[e.ID].Err != nil || done[e.ID].CommentID != first {
				t.Errorf("known as %q: %+v %v", known, done, err)
			}
		}
		list := snapshot(t, s, "PAY-1").Comments
		if len(list) != 2 || !strings.Contains(list[1].Body, "again after 999999") || list[0].Body != "a person's" {
			t.Errorf("%+v", list)
		}
		for _, r := range s.RequestsOf("commentPut") {
			if flavor == jira.Cloud && !strings.Contains(r.Query, "notifyUsers=false") {
				t.Errorf("loud update: %s", r.Query)
			}
		}
	})
}

func TestACommentThatAPersonDeletedOrEditedIsLeftAlone(t *testing.T) {
	for name, text := range map[string]string{"deleted": "", "edited": "in my own words"} {
		t.Run(name, func(t *testing.T) {
			both(t, func(t *testing.T, flavor jira.Flavor) {
				s := site(t, flavor, 1)
				c := client(t, s)
				e := edit(t, c, s, "PAY-1", issue.Change{Field: issue.FieldComment, To: "h1"})
				e.Comment = &issue.CommentEdit{Marker: "11111111-2222-3333-4444-555555555555", Body: "first"}
				done, err := apply(t.Context(), c, e)
				if err != nil || done[e.ID].Err != nil {
					t.Fatal(done, err)
				}
				if err := s.EditComment("PAY-1", "amy", done[e.ID].CommentID, text); err != nil {
					t.Fatal(err)
				}
				before := snapshot(t, s, "PAY-1").Comments
				e.Comment.ID, e.Comment.Body = done[e.ID].CommentID, "second"
				done, err = apply(t.Context(), c, e)
				if err != nil || done[e.ID].Err != nil || !strings.Contains(done[e.ID].CommentTaken, name) {
					t.Errorf("%+v %v", done, err)
				}
				if d := cmp.Diff(before, snapshot(t, s, "PAY-1").Comments, cmpopts.IgnoreUnexported(jiratest.Comment{})); d != "" {
					t.Error(d)
				}
			})
		})
	}
}

func TestTrap18CommentsOnServiceProjectsAreInternal(t *testing.T) {
	both(t, func(t *testing.T, flavor jira.Flavor) {
		s := site(t, flavor, 0)
		s.Create(jiratest.Spec{Project: "HELP"})
		c := client(t, s, func(set *jira.Settings, _ *jira.Options) { set.Projects = []string{"HELP"} })
		e := edit(t, c, s, "HELP-1", issue.Change{Field: issue.FieldComment, To: "h"})
		e.Comment = &issue.CommentEdit{Marker: "m", Body: "not for customers"}
		done, err := apply(t.Context(), c, e)
		if err != nil || done[e.ID].Err != nil {
			t.Fatal(done, err)
		}
		if list := snapshot(t, s, "HELP-1").Comments; len(list) != 1 || !list[0].Internal {
			t.Errorf("the customer reads %+v", list)
		}
		e.Project = "NOWHERE"
		s.Reset()
		done, _ = apply(t.Context(), c, e)
		if done[e.ID].Err == nil || len(s.Mutations()) != 0 {
			t.Errorf("posted though the type is unknown: %+v", done)
		}
	})
}

func TestAProjectThatBecomesAServiceDeskIsNoticed(t *testing.T) {
	now := time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC)
	s := site(t, jira.Cloud, 2)
	c := client(t, s, func(_ *jira.Settings, o *jira.Options) { o.Now = func() time.Time { return now } })
	for n, key := range []string{"PAY-1", "PAY-2"} {
		e := edit(t, c, s, key, issue.Change{Field: issue.FieldComment, To: "h"})
		e.Comment = &issue.CommentEdit{Marker: "m", Body: "for the team"}
		if done, err := apply(t.Context(), c, e); err != nil || done[e.ID].Err != nil {
			t.Fatal(done, err)
		}
		if got := snapshot(t, s, key).Comments[0].Internal; got != (n == 1) {
			t.Errorf("%s: internal is %v", key, got)
		}
		s.EditProject("PAY", func(p *jiratest.Project) { p.Type = "service_desk" })
		now = now.Add(time.Hour)
	}
}

func TestTrap22AWrongTokenStopsTheWritesAtOnce(t *testing.T) {
	s := site(t, jira.Cloud, 10)
	c := client(t, s)
	edits := many(t, c, s, 10, lane("", "lane:hotfix"))
	c.Fetch(t.Context(), nil)
	s.RevokeToken()
	s.Reset()
	done, err := apply(t.Context(), c, edits...)
	kind(t, err, connectors.Auth)
	for _, r := range done {
		kind(t, r.Err, connectors.Network) // was under way when another was refused
	}
	if n := len(s.Requests()); n > 4 {
		t.Errorf("%d requests with a dead token", n)
	}
}

func TestApplyEndsWithItsContext(t *testing.T) {
	s := site(t, jira.Cloud, 3)
	c := client(t, s)
	edits := many(t, c, s, 3, lane("", "lane:hotfix"))
	c.Fetch(t.Context(), nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	done, err := apply(ctx, c, edits...)
	if err == nil || len(done) != 0 || len(s.Mutations()) != 0 {
		t.Errorf("%v %v", done, err)
	}
}

func TestRefusalsKeepTheirKind(t *testing.T) {
	answer := func(code int, body string) jiratest.Fault { return jiratest.Fault{Status: code, Body: body} }
	tests := []struct {
		name  string
		fault jiratest.Fault
		kind  connectors.Kind
		tries int
	}{
		{"409 is a conflict", answer(409, `{}`), connectors.Conflict, 1},
		{"413 is final", answer(413, `{"errorMessages":["limit"]}`), connectors.Invalid, 1},
		{"404 is not found", answer(404, `{"errorMessages":["gone"]}`), connectors.NotFound, 1},
		{"400 about something else", answer(400, `{"errorMessages":["x"],"errors":{"summary":"y"}}`), connectors.Invalid, 1},
		{"403 is forbidden", answer(403, `{}`), connectors.Forbidden, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := site(t, jira.Cloud, 1)
			c := client(t, s)
			e := edit(t, c, s, "PAY-1", lane("", "lane:hotfix"))
			s.Reset()
			s.FailNext("edit", 5, tt.fault)
			done, err := apply(t.Context(), c, e)
			if err != nil || connectors.KindOf(done[e.ID].Err) != tt.kind || s.Counts()["edit"] != tt.tries {
				t.Errorf("%+v %v after %d", done, err, s.Counts()["edit"])
			}
		})
	}
}

func TestPerIssueLimitDelaysOnlyItsIssue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := site(t, jira.Cloud, 2)
		c := client(t, s)
		edits := many(t, c, s, 2, lane("", "lane:hotfix"))
		c.Fetch(t.Context(), nil)
		limited := jiratest.TooMany(jiratest.ReasonPerIssue, 2*time.Second, time.Now().Add(time.Minute))
		limited.Header.Set("X-RateLimit-Limit", "20") // of the issue, not of the account
		limited.Header.Set("X-RateLimit-Remaining", "0")
		s.FailNext("edit", 1, limited)
		start := time.Now()
		var at []time.Duration
		err := c.Apply(t.Context(), edits, func(r issue.Result) {
			at = append(at, time.Since(start))
			if r.Err != nil {
				t.Error(r.Err)
			}
		})
		if err != nil || len(at) != 2 || at[0] != 0 || at[1] < 2*time.Second || at[1] > 10*time.Second {
			t.Errorf("%v %v", at, err)
		}
	})
}

func TestTrap25CredentialsDoNotTravel(t *testing.T) {
	s := site(t, jira.Cloud, 1)
	var hosts []string
	c := client(t, s, func(_ *jira.Settings, o *jira.Options) {
		o.Base = connectors.HandlerTransport(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			hosts = append(hosts, r.Host)
			http.Redirect(w, r, "https://login.example/sso", http.StatusFound)
		}))
	})
	_, err := c.IDs(t.Context())
	kind(t, err, connectors.Contract)
	if len(hosts) != 1 || hosts[0] != "jira.example" {
		t.Errorf("asked %v", hosts)
	}
}

func TestAnAnswerForAnotherAccountIsRefused(t *testing.T) {
	c := client(t, site(t, jira.Cloud, 0), func(_ *jira.Settings, o *jira.Options) {
		o.Base = connectors.HandlerTransport(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-AAccountId", "somebody")
			switch {
			case strings.HasSuffix(r.URL.Path, "serverInfo"):
				io.WriteString(w, `{"deploymentType":"Cloud","serverTime":"2026-01-01T00:00:00.000+0000"}`)
			case strings.HasSuffix(r.URL.Path, "myself"):
				io.WriteString(w, `{"accountId":"us"}`)
			default:
				io.WriteString(w, `[]`)
			}
		}))
	})
	_, err := c.IDs(t.Context())
	kind(t, err, connectors.Auth)
}

func TestPerson(t *testing.T) {
	both(t, func(t *testing.T, flavor jira.Flavor) {
		s := site(t, flavor, 0)
		c := client(t, s)
		for _, who := range []string{"amy@acme.example", "amy"} {
			p, err := c.Person(t.Context(), who)
			if err != nil || p.ID != "amy" {
				t.Errorf("%s: %+v %v", who, p, err)
			}
		}
		s.Reset()
		c.Person(t.Context(), "amy")
		if len(s.Requests()) != 0 {
			t.Error("not cached")
		}
		_, err := c.Person(t.Context(), "nobody@acme.example")
		kind(t, err, connectors.NotFound)
	})
}

func TestAPriorityThatLeftTheSchemeIsStillRead(t *testing.T) {
	both(t, func(t *testing.T, flavor jira.Flavor) {
		s := site(t, flavor, 2)
		s.Edit("PAY-1", "amy", func(e *jiratest.Edit) { e.Priority("Highest") })
		s.EditProject("PAY", func(p *jiratest.Project) { p.Priorities = []string{"2", "3", "4"} })
		if i := fetch(t, client(t, s), s, "PAY-1"); i.Priority != issue.Urgent || i.Unknown != 0 {
			t.Errorf("%s, unknown %v", i.Priority, i.Unknown)
		}
	})
}

func TestAnOddHistoryCostsOnlyItself(t *testing.T) {
	s := site(t, jira.Cloud, 2)
	a, b := snapshot(t, s, "PAY-1").ID, snapshot(t, s, "PAY-2").ID
	c := client(t, s)
	c.Fetch(t.Context(), nil)
	s.FailNext("changelogs", 1, jiratest.Fault{Status: 200, Body: `{"issueChangeLogs":[{"issueId":"` + a + `","changeHistories":[{"created":{}}]},
		{"issueId":"` + b + `","changeHistories":[{"created":"2026-01-01T00:00:00.000+0000","items":[{"fieldId":"duedate","to":"2026-02-01"}]}]}]}`})
	logs, err := c.History(t.Context(), []string{a, b})
	if _, odd := logs[a]; err != nil || odd || len(logs[b].Events) != 1 || logs[b].Events[0].By.Self {
		t.Errorf("%+v %v", logs, err)
	}
}
