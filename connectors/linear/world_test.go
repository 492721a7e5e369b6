package linear

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lanekeeper/lanekeeper/connectors"
	"github.com/lanekeeper/lanekeeper/connectors/linear/lineartest"
	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/internal/shared"
)

// world is a simulated workspace with a client on it, inside a bubble of fake
// time: waits and back-offs cost nothing.
type world struct {
	*testing.T
	srv   *lineartest.Server
	c     *Client
	wire  *wire
	team  lineartest.Team
	other lineartest.Team
	ann   lineartest.User
	ids   map[string]string // managed labels
}

// inWorld runs f with a workspace of two teams, of which one is ours.
func inWorld(t *testing.T, set func(*Settings, *Options, *lineartest.Options), f func(w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := Settings{Auth: Auth{APIKey: connectors.NewSecret(lineartest.APIKey)}, Teams: []string{"ENG"}}
		o := Options{Source: "core"}
		so := lineartest.Options{Now: time.Now, Seed: 7}
		if set != nil {
			set(&s, &o, &so)
		}
		w := &world{T: t, srv: lineartest.New(so)}
		w.team = w.srv.AddTeam(lineartest.Team{Key: "ENG"})
		w.other = w.srv.AddTeam(lineartest.Team{Key: "OPS"})
		w.ann = w.srv.AddUser(lineartest.User{Name: "Ann", Email: "ann@acme.example"})
		w.ids = w.srv.AddGroup("lane", "hotfix", "feature", "stability")
		w.wire = &wire{t: t, next: w.srv}
		if o.Base == nil {
			o.Base = connectors.HandlerTransport(w.wire)
		}
		var err error
		if w.c, err = New(s, o); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		f(w)
	})
}

func (w *world) create(n int, set func(*lineartest.Issue)) (out []lineartest.Issue) {
	w.Helper()
	for k := range n {
		i := lineartest.Issue{TeamID: w.team.ID, Title: fmt.Sprintf("Issue %d", k), Priority: 3}
		if set != nil {
			set(&i)
		}
		made, err := w.srv.Create(i)
		if err != nil {
			w.Fatal(err)
		}
		out = append(out, made)
	}
	time.Sleep(time.Hour)
	return out
}

func (w *world) state(typ string) string {
	s, ok := w.team.StateOf(typ)
	if !ok {
		w.Fatalf("no state %s", typ)
	}
	return s.ID
}

func (w *world) edit(id string, f func(*lineartest.Issue)) {
	w.Helper()
	if _, err := w.srv.Edit(id, w.ann.ID, f); err != nil {
		w.Fatal(err)
	}
}

func (w *world) changed(since time.Time) []issue.Issue {
	w.Helper()
	out, bad, err := drain(w.c.Changed(w.Context(), since))
	if err != nil || len(bad) > 0 {
		w.Fatal(bad, err)
	}
	return out
}

func (w *world) edits(issues []lineartest.Issue, changes ...issue.Change) (out []issue.Edit) {
	for _, i := range issues {
		out = append(out, issue.Edit{ID: i.ID, Key: i.Identifier, Project: "ENG", Changes: changes})
	}
	return out
}

func (w *world) apply(edits ...issue.Edit) map[string]issue.Result {
	w.Helper()
	return applied(w.T, w.c, edits...)
}

func (w *world) ok(results map[string]issue.Result, n int) {
	w.Helper()
	for id, r := range results {
		if r.Err != nil || len(r.Refused) > 0 {
			w.Errorf("%s: %v %v", id, r.Err, r.Refused)
		}
	}
	if len(results) != n {
		w.Errorf("%d results, want %d", len(results), n)
	}
}

func TestAllStreamsEveryOpenIssueOnce(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		w.backlog(900)
		want := w.open()
		var got []string
		last, cursors := 0, 0
		for p, err := range w.c.All(w.Context(), "") {
			if err != nil {
				t.Fatal(err)
			}
			for _, i := range p.Issues {
				got = append(got, i.ID)
				var n int
				fmt.Sscanf(i.Key, "ENG-%d", &n)
				if n <= last {
					t.Errorf("%s comes after ENG-%d", i.Key, last)
				}
				last = n
			}
			if p.Cursor != "" {
				cursors++
			}
			if p.ServerTime.IsZero() || p.Total < len(got) {
				t.Errorf("server time %s, total %d of %d", p.ServerTime, p.Total, len(got))
			}
		}
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		ids, err := w.c.IDs(w.Context())
		if err != nil || cmp.Diff(want, ids) != "" {
			t.Errorf("IDs: %d of %d, %v", len(ids), len(want), err)
		}
	})
}

// backlog creates issues of both teams in all states.
func (w *world) backlog(n int) {
	types := []string{"triage", "backlog", "unstarted", "started", "completed", "canceled", "duplicate"}
	k := 0
	w.create(n, func(i *lineartest.Issue) {
		if k++; k%11 == 0 {
			i.TeamID = w.other.ID
			return
		}
		i.StateID = w.state(types[k%len(types)])
	})
}

// open lists the ids of the open issues of our team.
func (w *world) open() (out []string) {
	for _, i := range w.srv.Issues() {
		closed := slices.Contains([]string{w.state("completed"), w.state("canceled"), w.state("duplicate")}, i.StateID)
		if i.TeamID == w.team.ID && !i.Gone() && !closed {
			out = append(out, i.ID)
		}
	}
	slices.Sort(out)
	return out
}

func TestAllGoesOnAfterAnyCursor(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		w.backlog(700)
		want := w.open()
		for stop := 1; ; stop++ {
			var got []string
			cursor, n := "", 0
			for p, err := range w.c.All(w.Context(), "") {
				if err != nil {
					t.Fatal(err)
				}
				for _, i := range p.Issues {
					got = append(got, i.ID)
				}
				cursor = p.Cursor
				if n++; n == stop {
					break
				}
			}
			for p, err := range w.c.All(w.Context(), cursor) {
				if err != nil {
					t.Fatal(err)
				}
				for _, i := range p.Issues {
					got = append(got, i.ID)
				}
			}
			slices.Sort(got)
			if diff := cmp.Diff(want, slices.Compact(got)); diff != "" {
				t.Fatalf("stopped after %d pages: %s", stop, diff)
			}
			if n < stop {
				return
			}
		}
	})
}

func TestForeignCursorsStartAnew(t *testing.T) {
	c, _ := newWire(t, script{}, nil)
	for _, cursor := range []string{"", "x", "OPS:5:5", "ENG:0:1", "ENG:a:1", "ENG:5:-1", "ENG:5"} {
		if from, seen := c.resume(cursor); from != (span{team: "ENG", lo: 1}) || seen != 0 {
			t.Errorf("%q resumes at %v with %d", cursor, from, seen)
		}
	}
}

// A sparse team, where nearly all is closed, must not cost a request for each
// 250 numbers.
func TestSpansWidenWhereFewIssuesAreOpen(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		done := w.state("completed")
		n := 0
		w.create(6000, func(i *lineartest.Issue) {
			if n++; n%40 != 0 {
				i.StateID = done
			}
		})
		w.wire.reset()
		if ids, err := w.c.IDs(w.Context()); err != nil || len(ids) != 150 {
			t.Fatal(len(ids), err)
		}
		if got := len(w.wire.all()); got > 20 {
			t.Errorf("%d requests for 6000 numbers with 150 open issues", got)
		}
	})
}

func TestAStoppedConsumerEndsAllWork(t *testing.T) {
	inWorld(t, nil, func(w *world) { // the bubble fails on a goroutine that stays
		w.create(900, nil)
		for range w.c.All(w.Context(), "") {
			break
		}
		for range w.c.Changed(w.Context(), time.Time{}) {
			break
		}
	})
}

func TestChangedSeesWhatPeopleDo(t *testing.T) {
	all := func(s *Settings, o *Options, so *lineartest.Options) { o.Inputs = ^issue.Inputs(0) }
	for _, tc := range []struct {
		name string
		do   func(w *world, i lineartest.Issue)
		ok   func(issue.Issue) bool
	}{
		{"a field", func(w *world, i lineartest.Issue) { w.edit(i.ID, func(i *lineartest.Issue) { i.Priority = 1 }) }, func(i issue.Issue) bool { return i.Priority == issue.Urgent }},
		{"closed", func(w *world, i lineartest.Issue) {
			w.edit(i.ID, func(i *lineartest.Issue) { i.StateID = w.state("duplicate") })
		}, func(i issue.Issue) bool { return !i.Open() && !i.Gone }},
		{"archived (trap 12)", func(w *world, i lineartest.Issue) { w.srv.Archive(i.ID, w.ann.ID) }, func(i issue.Issue) bool { return i.Gone }},
		{"trashed (trap 12)", func(w *world, i lineartest.Issue) { w.srv.Trash(i.ID, w.ann.ID) }, func(i issue.Issue) bool { return i.Gone }},
		{"a comment (trap 10)", func(w *world, i lineartest.Issue) { w.srv.Comment(i.ID, w.ann.ID, "hello") }, func(i issue.Issue) bool { return i.Comments == 1 }},
		{"a relation (trap 10)", func(w *world, i lineartest.Issue) { w.srv.Relate(i.ID, "blocks", w.srv.Issues()[1].ID, w.ann.ID) }, func(i issue.Issue) bool { return len(i.Links) == 1 && i.Links[0].Type == issue.Blocks }},
		{"a customer's request (trap 10)", func(w *world, i lineartest.Issue) {
			w.srv.AddNeed(lineartest.Need{IssueID: i.ID, CustomerID: w.srv.AddCustomer(lineartest.Customer{Name: "New"}).ID, Important: true})
		}, func(i issue.Issue) bool { return len(i.Customers) == 2 && i.Customers[1].Important }},
		{"a customer's revenue (trap 10)", func(w *world, i lineartest.Issue) {
			w.srv.EditCustomer("acme", func(c *lineartest.Customer) { c.Revenue = 99 })
		}, func(i issue.Issue) bool { return i.Customers[0].Revenue == 99 }},
		{"the name of a label (trap 10)", func(w *world, i lineartest.Issue) {
			w.srv.EditLabel(w.ids["hotfix"], func(l *lineartest.Label) { l.Name = "fire" })
		}, func(i issue.Issue) bool { return slices.Contains(i.Labels, "lane:fire") }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			inWorld(t, all, func(w *world) {
				made := w.create(3, func(i *lineartest.Issue) { i.LabelIDs = []string{w.ids["hotfix"]} })
				customer := w.srv.AddCustomer(lineartest.Customer{ID: "acme", Name: "Acme", Revenue: 5})
				if _, err := w.srv.AddNeed(lineartest.Need{IssueID: made[0].ID, CustomerID: customer.ID}); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Hour)
				w.changed(time.Now())
				since := time.Now()
				time.Sleep(time.Minute)
				tc.do(w, made[0])
				time.Sleep(time.Minute)
				for _, i := range w.changed(since) {
					if i.ID == made[0].ID {
						if !tc.ok(i) {
							t.Errorf("got %+v", i)
						}
						return
					}
				}
				t.Error("the change was not seen")
			})
		})
	}
}

func TestRenameIsSeenAfterARestartToo(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		w.create(2, func(i *lineartest.Issue) { i.LabelIDs = []string{w.ids["hotfix"]} })
		since := time.Now()
		time.Sleep(time.Minute)
		w.srv.EditLabel(w.ids["hotfix"], func(l *lineartest.Label) { l.Name = "fire" })
		time.Sleep(time.Minute)
		got := w.changed(since)
		if len(got) != 2 || got[0].Labels[0] != "lane:fire" {
			t.Errorf("got %+v", got)
		}
		if got := w.changed(time.Now()); len(got) != 0 {
			t.Errorf("and again: %v", keys(got))
		}
	})
}

func TestIdleCycleCostsThreeRequests(t *testing.T) {
	inWorld(t, func(s *Settings, o *Options, so *lineartest.Options) { o.Inputs = ^issue.Inputs(0) }, func(w *world) {
		w.create(5, nil)
		w.changed(time.Now())
		for range 5 {
			w.wire.reset()
			if got := w.changed(time.Now()); len(got) > 0 {
				t.Errorf("got %v", keys(got))
			}
			if n := len(w.wire.all()); n > 3 {
				t.Errorf("%d requests", n)
			}
			time.Sleep(time.Minute)
		}
	})
}

func TestWatermarkIsTheServersTimeAtTheStart(t *testing.T) {
	inWorld(t, func(s *Settings, o *Options, so *lineartest.Options) {
		so.Behavior.DateSkew = -time.Hour // the server is an hour behind us (trap 11)
	}, func(w *world) {
		w.create(1, nil)
		for p, err := range w.c.Changed(w.Context(), time.Time{}) {
			if err != nil {
				t.Fatal(err)
			}
			if d := time.Since(p.ServerTime); d < time.Hour || d > time.Hour+2*time.Second {
				t.Errorf("the watermark is %s before our clock", d)
			}
		}
		for _, s := range w.wire.of("issues")[:1] {
			gte := s.filter()["updatedAt"].(map[string]any)["gte"].(string)
			if !strings.HasSuffix(gte, "Z") || strings.HasPrefix(gte, "P") {
				t.Errorf("%q is not an absolute UTC time", gte)
			}
		}
	})
}

// A person edits while we page: the moved issue shows up in the next pull from
// the watermark, and what pages repeat comes once.
func TestMovingPagesLoseNothing(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		made := w.create(600, func(i *lineartest.Issue) { time.Sleep(time.Second) })
		n := 0
		w.srv.SetHooks(lineartest.Hooks{After: func(r *lineartest.Request) {
			if r.Fields[0] == "issues" {
				n++
				time.Sleep(time.Second)
				w.edit(made[10*n].ID, func(i *lineartest.Issue) { i.Priority = 1 })
			}
		}})
		seen := map[string]issue.Priority{}
		var mark time.Time
		for p, err := range w.c.Changed(w.Context(), time.Time{}) {
			if err != nil {
				t.Fatal(err)
			}
			mark = p.ServerTime
			for _, i := range p.Issues {
				if _, twice := seen[i.ID]; twice {
					t.Errorf("%s came twice", i.Key)
				}
				seen[i.ID] = i.Priority
			}
		}
		w.srv.SetHooks(lineartest.Hooks{})
		for _, i := range w.changed(mark.Add(-time.Second)) {
			seen[i.ID] = i.Priority
		}
		for _, i := range w.srv.Issues() {
			if p, ok := seen[i.ID]; !ok || fromPriority(p) != i.Priority {
				t.Errorf("%s was missed", i.Identifier)
			}
		}
	})
}

func TestFetchTellsGoneFromFound(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		made := w.create(6, nil)
		w.srv.Archive(made[1].ID, w.ann.ID)
		w.srv.Trash(made[2].ID, w.ann.ID)
		w.srv.DeleteForever(made[3].ID)
		moved, err := w.srv.MoveTeam(made[4].ID, w.ann.ID, w.other.ID)
		if err != nil {
			t.Fatal(err)
		}
		w.edit(made[5].ID, func(i *lineartest.Issue) { i.StateID = w.state("completed") })
		ids := []string{"no-uuid"}
		for _, i := range made {
			ids = append(ids, i.ID, i.ID)
		}
		got, err := w.c.Fetch(w.Context(), ids)
		if err != nil {
			t.Fatal(err)
		}
		found := map[string]issue.Issue{}
		for _, i := range got.Found {
			found[i.ID] = i
		}
		if len(got.Found) != 5 || found[made[0].ID].Gone || !found[made[1].ID].Gone || !found[made[2].ID].Gone || found[made[5].ID].Gone {
			t.Errorf("found %+v", found)
		}
		if i := found[made[4].ID]; !i.Gone || i.Key != moved.Identifier || i.Project != "OPS" {
			t.Errorf("the moved issue (trap 17): %+v", i)
		}
		if !slices.Equal(got.Gone, []string{made[3].ID}) || len(got.Bad) != 1 || got.Bad[0].ID != "no-uuid" {
			t.Errorf("gone %v, bad %v", got.Gone, got.Bad)
		}
	})
}

func TestCutListsAreCompletedPerIssue(t *testing.T) {
	inWorld(t, func(s *Settings, o *Options, so *lineartest.Options) {
		o.Inputs = issue.InputLinks | issue.InputCustomers | issue.InputComments
	}, func(w *world) {
		made := w.create(40, nil)
		for k := 1; k < 40; k++ {
			w.srv.Relate(made[0].ID, "blocks", made[k].ID, w.ann.ID)
			w.srv.Comment(made[0].ID, w.ann.ID, "x")
		}
		for k := range 12 {
			w.srv.AddNeed(lineartest.Need{IssueID: made[1].ID, CustomerID: w.srv.AddCustomer(lineartest.Customer{Name: fmt.Sprint("C", k)}).ID})
		}
		got, err := w.c.Fetch(w.Context(), []string{made[0].ID, made[1].ID})
		if err != nil {
			t.Fatal(err)
		}
		slices.SortFunc(got.Found, func(a, b issue.Issue) int { return strings.Compare(a.Key, b.Key) })
		if i := got.Found[0]; len(i.Links) != 39 || i.Comments != 39 || i.Unknown != 0 {
			t.Errorf("%d links, %d comments, unknown %s", len(i.Links), i.Comments, i.Unknown)
		}
		if i := got.Found[1]; len(i.Customers) != 12 || i.Unknown != 0 {
			t.Errorf("%d customers, unknown %s", len(i.Customers), i.Unknown)
		}
		for range 260 {
			w.srv.Comment(made[0].ID, w.ann.ID, "x")
		}
		got, err = w.c.Fetch(w.Context(), []string{made[0].ID})
		if err != nil || got.Found[0].Unknown != issue.InputComments {
			t.Errorf("a list longer than any page: unknown %s, %v", got.Found[0].Unknown, err)
		}
	})
}

func TestTheIslandoraIssues(t *testing.T) {
	issues, err := os.Open(shared.File(t, "data/linear-islandora.ndjson.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer issues.Close()
	workspace, err := os.Open(shared.File(t, "data/linear-islandora.workspace.json"))
	if err != nil {
		t.Fatal(err)
	}
	defer workspace.Close()
	inWorld(t, func(s *Settings, o *Options, so *lineartest.Options) {
		s.Teams, o.Inputs = []string{"ISL"}, ^issue.Inputs(0)
	}, func(w *world) {
		if err := w.srv.LoadNDJSON(issues, workspace); err != nil {
			t.Fatal(err)
		}
		all, bad, err := drain(w.c.All(w.Context(), ""))
		if err != nil || len(bad) > 0 || len(all) == 0 {
			t.Fatal(len(all), bad, err)
		}
		changed := w.changed(time.Time{})
		if len(changed) != len(w.srv.Issues()) {
			t.Errorf("%d changed of %d", len(changed), len(w.srv.Issues()))
		}
		var ids []string
		for _, i := range changed {
			ids = append(ids, i.ID)
			if i.Unknown != 0 {
				t.Errorf("%s: unknown %s", i.Key, i.Unknown)
			}
		}
		h, err := w.c.History(w.Context(), ids)
		if err != nil || len(h) != len(ids) {
			t.Fatalf("%d histories of %d: %v", len(h), len(ids), err)
		}
	})
}

func TestDeadKeyStopsTheSource(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		w.create(1, nil)
		w.srv.RevokeKey()
		_, _, err := drain(w.c.Changed(w.Context(), time.Time{}))
		if connectors.KindOf(err) != connectors.Auth {
			t.Errorf("got %v", err)
		}
		n := len(w.wire.all())
		if _, err := w.c.IDs(context.Background()); connectors.KindOf(err) != connectors.Auth || len(w.wire.all()) != n {
			t.Errorf("asked again with a dead key: %v", err)
		}
	})
}
