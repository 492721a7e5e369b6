package jira_test

import (
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lanekeeper/lanekeeper/connectors"
	"github.com/lanekeeper/lanekeeper/connectors/jira"
	"github.com/lanekeeper/lanekeeper/connectors/jira/jiratest"
	"github.com/lanekeeper/lanekeeper/internal/issue"
)

func TestAllReadsEveryOpenIssueInOrder(t *testing.T) {
	both(t, func(t *testing.T, flavor jira.Flavor) {
		s := site(t, flavor, 250)
		s.Create(jiratest.Spec{Project: "WEB", Summary: "in WEB"})
		s.Create(jiratest.Spec{Project: "OTHER", Summary: "elsewhere"})
		if err := s.Transition("PAY-7", "amy", "Done"); err != nil {
			t.Fatal(err)
		}
		s.Trap(func(tr *jiratest.Traps) { tr.PageCap = 60 })
		c := client(t, s)
		all, pages, err := collect(t, c.All(t.Context(), ""))
		if err != nil {
			t.Fatal(err)
		}
		if len(all) != 250 || pages[0].Total != 250 || slices.Contains(keys(all), "PAY-7") || !slices.Contains(keys(all), "WEB-1") {
			t.Errorf("%d issues, total %d", len(all), pages[0].Total)
		}
		if !slices.IsSortedFunc(all, func(a, b issue.Issue) int { return number(a.ID) - number(b.ID) }) {
			t.Error("not in the order of ids")
		}
		if pages[0].ServerTime.IsZero() || all[0].Priority != issue.Medium || all[0].Unknown != 0 {
			t.Errorf("%v %+v", pages[0].ServerTime, all[0])
		}
		for n, p := range pages {
			rest, _, err := collect(t, c.All(t.Context(), p.Cursor))
			if err != nil || len(rest) != count(pages[n+1:]) {
				t.Errorf("after page %d: %d issues, want %d (%v)", n, len(rest), count(pages[n+1:]), err)
			}
		}
	})
}

func number(id string) int { n, _ := strconv.Atoi(id); return n }

func count(pages []issue.Page) (n int) {
	for _, p := range pages {
		n += len(p.Issues)
	}
	return n
}

func TestTrap1And2OldSearchIsNotUsedOnCloudAndFieldsAreExplicit(t *testing.T) {
	s := site(t, jira.Cloud, 3)
	if _, _, err := collect(t, client(t, s).Changed(t.Context(), time.Now().Add(-2*time.Hour))); err != nil {
		t.Fatal(err)
	}
	if s.Counts()["searchOld"] != 0 {
		t.Error("the removed search was called")
	}
	for _, r := range s.RequestsOf("search") {
		if !strings.Contains(r.Body, `"fields":["project"`) || strings.Contains(r.Body, "*all") {
			t.Error(r.Body)
		}
	}
}

func TestAQuietCycleTakesThreeRequests(t *testing.T) {
	both(t, func(t *testing.T, flavor jira.Flavor) {
		s := site(t, flavor, 3)
		c := client(t, s)
		collect(t, c.Changed(t.Context(), time.Now()))
		s.Reset()
		all, pages, err := collect(t, c.Changed(t.Context(), time.Now().Add(2*time.Minute)))
		if err != nil || len(all) != 0 || len(pages) != 1 || pages[0].ServerTime.IsZero() {
			t.Errorf("%v %v %v", all, pages, err)
		}
		if n := len(s.Requests()); n != 3 {
			t.Errorf("%d requests: %v", n, bodies(s.Requests()))
		}
	})
}

func TestTrap3TheTokenAloneEndsAPull(t *testing.T) {
	s := site(t, jira.Cloud, 30)
	c := client(t, s)
	s.Trap(func(tr *jiratest.Traps) { tr.PageCap, tr.Overlap = 7, 2 })
	all, _, err := collect(t, c.Changed(t.Context(), time.Now().Add(-2*time.Hour)))
	seen := map[string]bool{}
	for _, k := range keys(all) {
		seen[k] = true
	}
	if err != nil || len(seen) != 30 {
		t.Errorf("%d issues, %v", len(seen), err)
	}
	s.Trap(func(tr *jiratest.Traps) { tr.RepeatToken = true })
	for name, seq := range map[string]func() error{
		"changed": func() error {
			_, _, err := collect(t, c.Changed(t.Context(), time.Now().Add(-2*time.Hour)))
			return err
		},
		"all": func() error { _, _, err := collect(t, c.All(t.Context(), "")); return err },
		"ids": func() error { _, err := c.IDs(t.Context()); return err },
	} {
		t.Run(name, func(t *testing.T) { kind(t, seq(), connectors.Contract) })
	}
}

func TestTrap4And6WatermarkIsAnInstantWithoutUpperBound(t *testing.T) {
	for _, zone := range []string{"America/Los_Angeles", "Asia/Tokyo"} {
		t.Run(zone, func(t *testing.T) {
			both(t, func(t *testing.T, flavor jira.Flavor) {
				loc := must[*time.Location](t)(time.LoadLocation(zone))
				now := time.Date(2026, 6, 1, 12, 0, 30, 0, time.UTC)
				s := jiratest.New(jiratest.Options{Flavor: string(flavor), Token: "good", AccountZone: loc, ServerZone: loc, Now: func() time.Time { return now }})
				s.AddProject(jiratest.Project{Key: "PAY"})
				s.AddProject(jiratest.Project{Key: "WEB"})
				for min := range 60 {
					s.Create(jiratest.Spec{Project: "PAY", Created: now.Add(-time.Duration(min) * time.Minute)})
				}
				all, _, err := collect(t, client(t, s).Changed(t.Context(), now.Add(-10*time.Minute)))
				if err != nil || len(all) != 11 {
					t.Errorf("%d issues, want those of the last 10 minutes and the present one (%v)", len(all), err)
				}
				for _, r := range append(s.RequestsOf("search"), s.RequestsOf("searchOld")...) {
					if strings.Contains(r.Body, "updated <") {
						t.Errorf("upper bound: %s", r.Body)
					}
				}
			})
		})
	}
}

func TestTrap5ServerTimeIsThatOfTheBeginning(t *testing.T) {
	now := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	s := jiratest.New(jiratest.Options{Now: func() time.Time { now = now.Add(time.Second); return now }})
	s.AddProject(jiratest.Project{Key: "PAY"})
	s.AddProject(jiratest.Project{Key: "WEB"})
	s.Trap(func(tr *jiratest.Traps) { tr.ClockSkew, tr.PageCap = time.Hour, 2 })
	for range 6 {
		s.Create(jiratest.Spec{Project: "PAY"})
	}
	start := now.Add(time.Hour)
	_, pages, err := collect(t, client(t, s).Changed(t.Context(), now.Add(-time.Hour)))
	if err != nil || len(pages) < 3 {
		t.Fatal(err, len(pages))
	}
	for _, p := range pages {
		if d := p.ServerTime.Sub(start); d < 0 || d > 5*time.Second {
			t.Errorf("server time is %s from the start by its clock", d)
		}
	}
}

func TestTrap7DataCenterPagesByKeyUnderEdits(t *testing.T) {
	s := site(t, jira.DataCenter, 120)
	s.Trap(func(tr *jiratest.Traps) { tr.PageCap, tr.SearchWindow = 10, true })
	c := client(t, s)
	seen := map[string]bool{}
	n := 0
	for p, err := range c.Changed(t.Context(), time.Now().Add(-2*time.Hour)) {
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range keys(p.Issues) {
			seen[k] = true
		}
		n++
		s.Edit(fmt.Sprintf("PAY-%d", n), "amy", func(e *jiratest.Edit) { e.Summary("edited while paging") })
		if n == 3 {
			s.Delete("PAY-20")
		}
	}
	for i := range 120 {
		if k := fmt.Sprintf("PAY-%d", i+1); !seen[k] && k != "PAY-20" {
			t.Errorf("%s slipped past", k)
		}
	}
	for _, r := range s.RequestsOf("searchOld") {
		if !strings.Contains(r.Body, `"startAt":0`) {
			t.Error("paged by offset")
		}
	}
}

func TestDataCenterIsReadInRanges(t *testing.T) {
	s := jiratest.New(jiratest.Options{Flavor: jiratest.DataCenter})
	s.AddProject(jiratest.Project{Key: "PAY"})
	s.AddProject(jiratest.Project{Key: "WEB"})
	for i := range 3500 {
		s.Create(jiratest.Spec{Project: "PAY"})
		if i%3 == 0 {
			s.Transition(fmt.Sprintf("PAY-%d", i+1), "", "Done")
		}
	}
	s.Trap(func(tr *jiratest.Traps) { tr.StrictKeyRange = true })
	s.Delete("PAY-1001")
	s.Create(jiratest.Spec{Project: "PAY"})
	s.Reset()
	c := client(t, s)
	all, pages, err := collect(t, c.All(t.Context(), ""))
	if err != nil || len(all) != 2333 || pages[0].Total != 2333 {
		t.Fatalf("%d issues (%v)", len(all), err)
	}
	if n := s.Counts()["searchOld"]; n > 8 {
		t.Errorf("%d searches for 2,333 issues", n)
	}
	ids := must[[]string](t)(c.IDs(t.Context()))
	if len(ids) != 2333 {
		t.Errorf("%d ids", len(ids))
	}
}

// Jira takes the key of an issue that was moved for the one it has now, so that
// a range which begins there is one of another project, and empty.
func TestAMovedIssueAtTheEdgeOfARangeHidesNothing(t *testing.T) {
	s := site(t, jira.DataCenter, 12)
	move := must[string](t)
	move(s.Move("PAY-3", "WEB", "amy"))
	for _, key := range []string{"PAY-1", "PAY-2"} {
		if err := s.Delete(key); err != nil {
			t.Fatal(err)
		}
	}
	c := client(t, s)
	if ids := must[[]string](t)(c.IDs(t.Context())); len(ids) != 10 {
		t.Errorf("%d ids are listed, want 10", len(ids))
	}
	all, _, err := collect(t, c.All(t.Context(), ""))
	if err != nil || len(all) != 10 {
		t.Errorf("read %q, %v", keys(all), err)
	}
	move(s.Move("PAY-7", "WEB", "amy"))
	rest, _, err := collect(t, c.All(t.Context(), "PAY-7"))
	if err != nil || len(rest) != 10 {
		t.Errorf("after a cursor that was moved: read %q, %v", keys(rest), err)
	}
}

func TestTrap13AnAnswerToAStrangerIsNotEmptiness(t *testing.T) {
	both(t, func(t *testing.T, flavor jira.Flavor) {
		s := site(t, flavor, 5)
		c := client(t, s)
		if ids, err := c.IDs(t.Context()); err != nil || len(ids) != 5 {
			t.Fatal(ids, err)
		}
		s.RevokeToken()
		_, err := c.IDs(t.Context())
		kind(t, err, connectors.Auth)
		_, _, err = collect(t, c.All(t.Context(), ""))
		kind(t, err, connectors.Auth)
	})
	t.Run("the token dies in mid-pull", func(t *testing.T) {
		s := site(t, jira.Cloud, 30)
		s.Trap(func(tr *jiratest.Traps) { tr.PageCap = 10 })
		var err error
		for _, e := range client(t, s).Changed(t.Context(), time.Now().Add(-2*time.Hour)) {
			err = e
			s.RevokeToken()
		}
		kind(t, err, connectors.Auth)
	})
}

func TestTrap14LostPermissionIsNotDeletion(t *testing.T) {
	both(t, func(t *testing.T, flavor jira.Flavor) {
		s := site(t, flavor, 5)
		c := client(t, s)
		s.EditProject("PAY", func(p *jiratest.Project) { p.Hidden = true })
		_, err := c.IDs(t.Context())
		kind(t, err, connectors.Forbidden)
		if err == nil || !strings.Contains(err.Error(), "PAY") {
			t.Errorf("the project is not named: %v", err)
		}
	})
}

func TestAListingThatEndsEarlyIsAnError(t *testing.T) {
	s := site(t, jira.Cloud, 300)
	s.Trap(func(tr *jiratest.Traps) { tr.PageCap, tr.StopAfter = 50, 100 })
	_, err := client(t, s).IDs(t.Context())
	kind(t, err, connectors.Contract)
}

func TestAnEmptyScopeIsEmpty(t *testing.T) {
	both(t, func(t *testing.T, flavor jira.Flavor) {
		s := site(t, flavor, 0)
		c := client(t, s)
		if ids, err := c.IDs(t.Context()); err != nil || len(ids) != 0 {
			t.Errorf("%v %v", ids, err)
		}
		if all, pages, err := collect(t, c.All(t.Context(), "")); err != nil || len(all) != 0 || len(pages) != 1 {
			t.Errorf("%v %v %v", all, pages, err)
		}
	})
}

func TestFetch(t *testing.T) {
	both(t, func(t *testing.T, flavor jira.Flavor) {
		s := site(t, flavor, 6)
		s.Create(jiratest.Spec{Project: "WEB"})
		c := client(t, s)
		var ids []string
		for i := range 6 {
			ids = append(ids, snapshot(t, s, fmt.Sprintf("PAY-%d", i+1)).ID)
		}
		s.Delete("PAY-2")
		moved := must[string](t)(s.Move("PAY-3", "WEB", "amy"))
		must[string](t)(s.Move("PAY-4", "OTHER", "amy"))
		s.Transition("PAY-5", "amy", "Done")
		l, err := c.Fetch(t.Context(), append(ids, "../1", ids[0]))
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]string{}
		for _, i := range l.Found {
			got[i.ID] = fmt.Sprintf("%s %v %s", i.Key, i.Gone, i.Status.Category)
		}
		want := map[string]string{ids[0]: "PAY-1 false unstarted", ids[2]: moved + " false unstarted", ids[3]: "OTHER-1 true unstarted",
			ids[4]: "PAY-5 false completed", ids[5]: "PAY-6 false unstarted"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("trap 15, identity is the id: %s", diff)
		}
		if diff := cmp.Diff([]string{ids[1]}, l.Gone); diff != "" {
			t.Error(diff)
		}
		if len(l.Bad) != 1 || l.Bad[0].ID != "../1" || connectors.KindOf(l.Bad[0].Err) != connectors.Invalid {
			t.Errorf("%+v", l.Bad)
		}
	})
}

func TestFetchTellsRetriableFaultsFromAbsence(t *testing.T) {
	s := site(t, jira.Cloud, 2)
	s.Trap(func(tr *jiratest.Traps) { tr.IssueErrors = []string{"PAY-1"} })
	id := snapshot(t, s, "PAY-1").ID
	l, err := client(t, s).Fetch(t.Context(), []string{id})
	if err != nil || len(l.Gone) != 0 || len(l.Bad) != 1 || l.Bad[0].ID != id {
		t.Errorf("%+v %v", l, err)
	}
}

func TestFetchSeesThatTheNarrowingNoLongerTakesAnIssueIn(t *testing.T) {
	both(t, func(t *testing.T, flavor jira.Flavor) {
		s := site(t, flavor, 60)
		s.Trap(func(tr *jiratest.Traps) {
			if flavor == jira.Cloud {
				tr.IndexLag = 10 * time.Minute
			}
		})
		c := client(t, s, func(set *jira.Settings, _ *jira.Options) { set.JQL = "issuetype != Epic" })
		s.Edit("PAY-1", "amy", func(e *jiratest.Edit) { e.Type("Epic") })
		if i := fetch(t, c, s, "PAY-1"); !i.Gone {
			t.Error("the epic is still in scope")
		}
		if i := fetch(t, c, s, "PAY-2"); i.Gone {
			t.Error("the bug is out of scope")
		}
	})
}

func TestTrap8DirectReadsAreNotBehindTheIndex(t *testing.T) {
	both(t, func(t *testing.T, flavor jira.Flavor) {
		s := site(t, flavor, 1)
		c := client(t, s)
		s.Trap(func(tr *jiratest.Traps) { tr.IndexLag = 5 * time.Minute })
		s.Edit("PAY-1", "amy", func(e *jiratest.Edit) { e.AddLabel("fresh") })
		if i := fetch(t, c, s, "PAY-1"); !slices.Contains(i.Labels, "fresh") {
			t.Error(i.Labels)
		}
	})
}

func TestTrap23And24OneOddIssueIsSetAside(t *testing.T) {
	both(t, func(t *testing.T, flavor jira.Flavor) {
		s := site(t, flavor, 5)
		s.Edit("PAY-3", "amy", func(e *jiratest.Edit) { e.Description("h1. Steps\n* one") })
		s.Trap(func(tr *jiratest.Traps) { tr.Undecodable, tr.OddTimes, tr.InvalidUTF8 = []string{"PAY-2"}, true, true })
		c := client(t, s, func(_ *jira.Settings, o *jira.Options) { o.Inputs = issue.InputDescription })
		all, pages, err := collect(t, c.All(t.Context(), ""))
		if err != nil {
			t.Fatal(err)
		}
		good := slices.DeleteFunc(all, func(i issue.Issue) bool { return i.Unknown != 0 })
		if len(good) != 4 || len(pages[0].Bad)+len(all) < 4 {
			t.Errorf("%v, bad %v", keys(good), pages[0].Bad)
		}
		for _, i := range good {
			if i.Created.IsZero() || i.Updated.IsZero() {
				t.Errorf("%s has no times", i.Key)
			}
			if i.Key == "PAY-3" && !strings.Contains(i.Description, "Steps") {
				t.Errorf("description %q", i.Description)
			}
		}
	})
}

func TestAbsentFieldIsUnknownAndNullIsNone(t *testing.T) {
	both(t, func(t *testing.T, flavor jira.Flavor) {
		s := site(t, flavor, 1)
		s.Trap(func(tr *jiratest.Traps) {
			tr.AbsentFields, tr.NullFields = []string{"duedate"}, []string{"assignee", "labels"}
		})
		i := fetch(t, client(t, s), s, "PAY-1")
		if i.Unknown != issue.InputDue || i.Labels != nil || !i.Assignee.IsZero() {
			t.Errorf("unknown %v, labels %v, assignee %v", i.Unknown, i.Labels, i.Assignee)
		}
	})
}

func TestTrap30FieldsAreFoundByTypeAfterARename(t *testing.T) {
	s := site(t, jira.Cloud, 1)
	s.AddField(jiratest.Field{ID: "customfield_77", Name: "Punkte", Custom: jiratest.CustomStoryPoints})
	s.Edit("PAY-1", "amy", func(e *jiratest.Edit) { e.Field("customfield_77", 8.0) })
	c := client(t, s, func(_ *jira.Settings, o *jira.Options) { o.Inputs = issue.InputEstimate })
	if i := fetch(t, c, s, "PAY-1"); i.Estimate != 8 {
		t.Errorf("estimate %v", i.Estimate)
	}
}

func TestAnUnknownConfiguredFieldStopsThePull(t *testing.T) {
	s := site(t, jira.Cloud, 1)
	c := client(t, s, func(set *jira.Settings, _ *jira.Options) { set.Fields = map[string]string{"severity": "Severity"} })
	_, _, err := collect(t, c.All(t.Context(), ""))
	kind(t, err, connectors.Invalid)
}

func TestTrap21RateLimitsAreWaitedOutTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := site(t, jira.Cloud, 350)
		c := client(t, s)
		c.IDs(t.Context())
		s.FailNext("bulkfetch", 1, jiratest.TooMany(jiratest.ReasonBurst, 20*time.Second, time.Now().Add(20*time.Second)))
		s.Reset()
		start := time.Now()
		all, _, err := collect(t, c.All(t.Context(), ""))
		if err != nil || len(all) != 350 || time.Since(start) < 20*time.Second {
			t.Errorf("%d issues after %s: %v", len(all), time.Since(start), err)
		}
		late := 0
		for _, r := range s.RequestsOf("bulkfetch") {
			if r.At.Sub(start) >= 20*time.Second {
				late++
			}
		}
		if late == 0 {
			t.Error("nothing waited")
		}
	})
}

func TestPullEndsInTimeWhenTheServerIsDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := site(t, jira.Cloud, 1)
		c := client(t, s)
		s.Outage("", time.Now(), time.Now().Add(time.Hour), jiratest.ServerError(503))
		_, _, err := collect(t, c.Changed(t.Context(), time.Now()))
		kind(t, err, connectors.Server)
		if strings.Contains(err.Error(), "<") {
			t.Errorf("trap 26, a page in the error: %v", err)
		}
	})
}

func TestTrap22CaptchaStopsAtOnce(t *testing.T) {
	both(t, func(t *testing.T, flavor jira.Flavor) {
		s := site(t, flavor, 1)
		s.Trap(func(tr *jiratest.Traps) { tr.Captcha = true })
		c := client(t, s)
		for range 5 {
			_, _, err := collect(t, c.Changed(t.Context(), time.Now()))
			kind(t, err, connectors.Auth)
			if err != nil && !strings.Contains(err.Error(), "CAPTCHA") {
				t.Error(err)
			}
		}
		if n := len(s.Requests()); n != 1 {
			t.Errorf("%d requests to an account that is locked", n)
		}
	})
}

func TestLoginPageOn200IsNamed(t *testing.T) {
	s := site(t, jira.Cloud, 1)
	s.FailNext("serverInfo", 1, jiratest.LoginPage())
	_, _, err := collect(t, client(t, s).Changed(t.Context(), time.Now()))
	kind(t, err, connectors.Contract)
	if err == nil || !strings.Contains(err.Error(), "login page or proxy") {
		t.Error(err)
	}
}

func TestTruncatedAndCutAnswersAreErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := site(t, jira.Cloud, 3)
		c := client(t, s)
		s.FailNext("search", 1, jiratest.Fault{Cut: 60})
		_, _, err := collect(t, c.Changed(t.Context(), time.Now().Add(-2*time.Hour)))
		kind(t, err, connectors.Contract)
		s.FailNext("search", 1, jiratest.Fault{Truncate: 60})
		all, _, err := collect(t, c.Changed(t.Context(), time.Now().Add(-2*time.Hour)))
		if err != nil || len(all) != 3 {
			t.Errorf("a dropped connection is tried again: %d issues, %v", len(all), err)
		}
	})
}

func TestAConsumerMayStop(t *testing.T) {
	both(t, func(t *testing.T, flavor jira.Flavor) {
		s := site(t, flavor, 350)
		for range client(t, s).All(t.Context(), "") {
			break
		}
	})
}

func TestAnswersThatAreTooLargeAreAskedForInParts(t *testing.T) {
	both(t, func(t *testing.T, flavor jira.Flavor) {
		s := site(t, flavor, 12)
		for n := range 12 {
			s.Edit(fmt.Sprintf("PAY-%d", n+1), "amy", func(e *jiratest.Edit) { e.Description(strings.Repeat("long ", 1000)) })
		}
		s.Edit("PAY-5", "amy", func(e *jiratest.Edit) { e.Description(strings.Repeat("too long ", 4000)) })
		c := client(t, s, func(_ *jira.Settings, o *jira.Options) { o.Inputs, o.MaxBody = issue.InputDescription, 20_000 })
		l, err := c.Fetch(t.Context(), []string{snapshot(t, s, "PAY-5").ID, snapshot(t, s, "PAY-6").ID, snapshot(t, s, "PAY-7").ID})
		if err != nil || len(l.Found) != 2 || len(l.Bad) != 1 || len(l.Gone) != 0 {
			t.Errorf("%v: %d found, bad %v", err, len(l.Found), l.Bad)
		}
		s.Delete("PAY-5")
		for name, seq := range map[string]iter.Seq2[issue.Page, error]{
			"all": c.All(t.Context(), ""), "changed": c.Changed(t.Context(), time.Now().Add(-2*time.Hour)),
		} {
			all, _, err := collect(t, seq)
			if err != nil || len(all) != 11 {
				t.Errorf("%s: %d issues, %v", name, len(all), err)
			}
		}
	})
}
