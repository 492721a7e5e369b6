package app

import (
	"context"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lanekeeper/lanekeeper/connectors/jira/jiratest"
	"github.com/lanekeeper/lanekeeper/connectors/linear/lineartest"
	"github.com/lanekeeper/lanekeeper/internal/answer"
	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/internal/web"
	"github.com/lanekeeper/lanekeeper/state"
)

// lead makes an account that may decide, and is not Amy, though called like her.
func (p *place) lead() {
	if p.linear != nil {
		p.linear.AddUser(lineartest.User{Name: "Amy", Email: "lead@acme.example"})
		return
	}
	p.jira.AddUser(jiratest.User{AccountID: "lead", Name: "Amy", Email: "lead@acme.example"})
}

// swap has Amy put one label in the place of others.
func (p *place) swap(id string, off []string, on ...string) { fatal(p.t, p.edit(id, off, on)) }

func guardedWorld(t *testing.T, kind, contested string) (*world, string) {
	w := newWorld(t, kind, func(_ *world, s *settings) {
		s.policy = strings.Replace(s.policy, "name: hotfix,", "name: hotfix, approvers: [lead@acme.example], contested: "+contested+",", 1)
	})
	w.hurt.lead()
	w.other.lead()
	w.start()
	w.good()
	for id, i := range w.hurt.issues() {
		if slices.Contains(i.labels, "lane:hotfix") {
			return w, id
		}
	}
	t.Fatal("nothing is in hotfix")
	return nil, ""
}

func TestDecisionRightsOnEveryTracker(t *testing.T) {
	for _, kind := range anyTracker {
		t.Run(kind+"/flag", func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w, id := guardedWorld(t, kind, "flag")
				defer func() { w.stop() }()
				time.Sleep(5 * time.Minute)
				w.hurt.swap(id, []string{"lane:hotfix"}, "lane:feature")
				w.good()
				held, err := w.app.Overrides(t.Context(), web.OverrideFilter{Contested: true})
				fatal(t, err)
				if len(held.Overrides) != 1 || held.Overrides[0].By != "Amy" || w.metric("contested", "lane", "hotfix") != 1 {
					t.Fatalf("held %+v", held)
				}
				ref := held.Overrides[0].Ref
				if _, err := w.rule(ref, "approve", "Amy"); web.KindOf(err) != web.Denied || !strings.Contains(err.Error(), "lead@acme.example") {
					t.Errorf("a name decides nothing: %v", err)
				}
				done, err := w.rule(ref, "approve", "LEAD@acme.example")
				fatal(t, err)
				if o := done.Override; o == nil || len(o.Contested) > 0 || o.ApprovedBy != "Amy" {
					t.Errorf("ruled %+v", done)
				}
				w.quiet()
				if lane := w.hurt.lane(id); lane != "lane:feature" {
					t.Errorf("lane %s", lane)
				}
			})
		})
		t.Run(kind+"/restore", func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w, id := guardedWorld(t, kind, "restore")
				defer func() { w.stop() }()
				time.Sleep(5 * time.Minute)
				w.hurt.swap(id, []string{"lane:hotfix"}, "lane:feature")
				w.good()
				if lane := w.hurt.lane(id); lane != "lane:hotfix" {
					t.Errorf("lane %s", lane)
				}
				w.quiet()
			})
		})
	}
}

func (w *world) rule(ref, verb, as string) (answer.Ruled, error) {
	source, key, _ := strings.Cut(ref, "/")
	u := web.RulingRequest{Verb: verb, As: as, By: "op", Via: "command"}
	u.Ref.Source, u.Ref.Key = source, key
	return w.app.Rule(context.Background(), u)
}

func TestThePinOnEveryTracker(t *testing.T) {
	for _, kind := range anyTracker {
		t.Run(kind, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w, id := guardedWorld(t, kind, "flag")
				defer func() { w.stop() }()
				time.Sleep(5 * time.Minute)
				var off []string
				if kind == linearApp {
					off = []string{"lane:hotfix"} // a group holds one label
				}
				w.hurt.swap(id, off, "lane:pinned")
				w.quiet()
				held, err := w.app.Overrides(t.Context(), web.OverrideFilter{Field: "all"})
				fatal(t, err)
				if len(held.Overrides) != 1 || held.Overrides[0].Why() != "pinned by Amy" {
					t.Errorf("held %+v", held)
				}
				time.Sleep(24 * time.Hour)
				w.quiet()
				w.hurt.swap(id, []string{"lane:pinned"})
				w.good()
				if lane := w.hurt.lane(id); lane != "lane:hotfix" {
					t.Errorf("lane %q", lane)
				}
				w.quiet()
			})
		})
	}
}

func TestCheckNamesApproversWhoLeft(t *testing.T) {
	for _, kind := range anyTracker {
		t.Run(kind, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, kind, func(_ *world, s *settings) {
					s.policy = strings.Replace(s.policy, "name: hotfix,", "name: hotfix, approvers: [lead@acme.example, left@acme.example],", 1)
					s.policy = strings.Replace(s.policy, "name: stability,", "name: stability, approvers: [left@acme.example],", 1)
				})
				w.hurt.lead()
				cfg, err := w.load()
				fatal(t, err)
				said := map[string]string{}
				for _, f := range Check(t.Context(), cfg, w.options()).Findings {
					if f.Source == "hurt" {
						said[f.What] += f.Level + " " + f.Text
					}
				}
				if s := said["approvers of hotfix"]; !strings.HasPrefix(s, "warning 1 may decide; not found") || !strings.Contains(s, "left@acme.example") {
					t.Errorf("one left: %q", s)
				}
				if s := said["approvers of stability"]; !strings.HasPrefix(s, "warning nobody is left who could decide") {
					t.Errorf("all left: %q", s)
				}
			})
		})
	}
}

// A contested move is told once, with who moved what, until an approver decides;
// one that is taken back is told all the same.
func TestAContestedMoveIsTold(t *testing.T) {
	told := func(w *world, id string) (out []state.Alert) {
		fatal(w, w.app.store.EachAlert(time.Time{}, func(a state.Alert) bool {
			if a.Kind == "contested" && a.IssueID == id {
				out = append(out, a)
			}
			return true
		}))
		return out
	}
	t.Run("flagged, over a restart, until it is approved", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w, id := guardedWorld(t, cloud, "flag")
			defer func() { w.stop() }()
			time.Sleep(5 * time.Minute)
			w.hurt.swap(id, []string{"lane:hotfix"}, "lane:feature")
			w.good()
			w.stop()
			w.start()
			w.quiet()
			w.quiet()
			list := told(w, id)
			if len(list) != 1 || list[0].Ended || list[0].Lane != "hotfix" ||
				!strings.Contains(list[0].Summary, "Amy moved it from lane:hotfix to lane:feature and is no approver of hotfix; lead@acme.example may decide") {
				t.Fatalf("told %+v", list)
			}
			got(w.rule("hurt/"+list[0].Key, "approve", "lead@acme.example"))(t)
			w.quiet()
			if list := told(w, id); len(list) != 1 || !list[0].Ended {
				t.Errorf("after the approval: %+v", list)
			}
		})
	})
	t.Run("taken back", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w, id := guardedWorld(t, linearApp, "restore")
			defer func() { w.stop() }()
			time.Sleep(5 * time.Minute)
			w.hurt.swap(id, []string{"lane:hotfix"}, "lane:feature")
			w.good()
			if list := told(w, id); len(list) != 1 || list[0].Ended || !strings.Contains(list[0].Summary, "taken back") {
				t.Fatalf("told %+v", list)
			}
			time.Sleep(time.Hour)
			w.quiet()
			if list := told(w, id); len(list) != 1 || !list[0].Ended {
				t.Errorf("an hour later: %+v", list)
			}
		})
	})
}

// firstIn is an issue that policy has in a lane.
func firstIn(w *world, lane string) answer.Item {
	w.Helper()
	list, err := w.app.Issues(w.Context(), web.IssueFilter{Source: "hurt", Lane: lane})
	fatal(w.T, err)
	return list.Issues[0]
}

// allSaid runs a cycle that must write nothing, though suggest mode goes on
// proposing for the issues that nobody answered for.
func allSaid(w *world) {
	w.Helper()
	n := w.hurt.mutations() + w.other.mutations()
	w.good()
	if n = w.hurt.mutations() + w.other.mutations() - n; n > 0 {
		w.Errorf("%d mutations when all was said", n)
	}
}

// oneOfEach demands that a proposal of hotfix was accepted and one of feature
// rejected.
func oneOfEach(w *world) {
	w.Helper()
	r, err := w.app.Report(w.Context(), web.ReportFilter{})
	fatal(w.T, err)
	for _, rule := range r.Rules {
		want := map[string][2]int{"hotfix": {1, 0}, "feature": {0, 1}}[rule.Lane]
		if got := [2]int{rule.Accepted, rule.Rejected}; got != want {
			w.Errorf("rule %s: accepted and rejected %v, want %v", rule.Lane, got, want)
		}
	}
}

func TestProposalsAreAnsweredOnEveryTracker(t *testing.T) {
	for _, kind := range anyTracker {
		t.Run(kind, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, kind, func(_ *world, s *settings) { s.mode = "suggest" })
				w.start()
				defer func() { w.stop() }()
				w.good()
				time.Sleep(5 * time.Minute)
				yes, no := firstIn(w, "hotfix"), firstIn(w, "feature")
				done, err := w.app.Reply(t.Context(), web.ReplyRequest{Ref: issue.ParseRef(yes.Ref), Accept: true, By: "op", Via: "command"})
				fatal(t, err)
				if lane := w.hurt.lane(yes.ID); lane != "lane:hotfix" || done.Rule != "hotfix" || done.Changes[0].Status != answer.Applied {
					t.Errorf("lane %q, answer %+v", lane, done)
				}
				_, err = w.app.Reply(t.Context(), web.ReplyRequest{Ref: issue.ParseRef(no.Ref), By: "op", Via: "command", Reason: "later"})
				fatal(t, err)
				if lane := w.hurt.lane(no.ID); lane != "" {
					t.Errorf("rejected, and in lane %q", lane)
				}
				for _, id := range []string{yes.ID, no.ID} {
					if n := w.hurt.comments(id); n != 1 {
						t.Errorf("%d comments", n)
					}
				}
				if _, err := w.app.Reply(t.Context(), web.ReplyRequest{Ref: issue.ParseRef(no.Ref), Accept: true, By: "op"}); web.KindOf(err) != web.Conflict {
					t.Errorf("accepted what was rejected: %v", err)
				}
				allSaid(w)
				oneOfEach(w)
				undone, err := w.app.Undo(t.Context(), web.UndoRequest{Plan: done.Plan, By: "op"})
				fatal(t, err)
				if lane := w.hurt.lane(yes.ID); lane != "" {
					t.Errorf("undone %+v, and in lane %q", undone, lane)
				}
				allSaid(w)
			})
		})
	}
}

func TestProposalsAreAnsweredByALabelOnEveryTracker(t *testing.T) {
	for _, kind := range anyTracker {
		t.Run(kind, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, kind, func(_ *world, s *settings) { s.mode = "suggest" })
				w.start()
				defer func() { w.stop() }()
				w.good()
				time.Sleep(5 * time.Minute)
				yes, no := firstIn(w, "hotfix").ID, firstIn(w, "feature").ID
				if w.hurt.linear != nil { // where people make labels before they set them
					w.hurt.linear.AddLabel(lineartest.Label{Name: issue.AcceptLabel})
					w.hurt.linear.AddLabel(lineartest.Label{Name: issue.RejectLabel})
				}
				w.hurt.swap(yes, nil, issue.AcceptLabel)
				w.hurt.swap(no, nil, issue.RejectLabel)
				w.good()
				if a, b := w.hurt.lane(yes), w.hurt.lane(no); a != "lane:hotfix" || b != "" {
					t.Errorf("accepted, and in lane %q; rejected, and in lane %q", a, b)
				}
				for id, label := range map[string]string{yes: issue.AcceptLabel, no: issue.RejectLabel} {
					if !slices.Contains(w.hurt.issues()[id].labels, label) || w.hurt.comments(id) != 1 {
						t.Errorf("%s: labels %v, %d comments", label, w.hurt.issues()[id].labels, w.hurt.comments(id))
					}
				}
				allSaid(w)
				oneOfEach(w)
			})
		})
	}
}
