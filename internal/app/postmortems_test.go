package app

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/internal/web"
)

// withPostMortems has the comment of an outage speak of its SLA, and asks for a
// post-mortem when it is completed.
func withPostMortems(w *world, s *settings) {
	withSLA(w, s)
	s.policy = strings.Replace(s.policy, "warn_at: [0.5],", "warn_at: [0.5], comment: {from: at_risk},", 1) + "\n  post_mortem: {completed: [hotfix]}"
}

// said are the texts of our comments on an issue.
func (p *place) said(id string) (out []string) {
	if p.linear != nil {
		for _, c := range p.linear.Comments(id) {
			out = append(out, c.Body)
		}
		return out
	}
	i, _ := p.jira.Issue(id)
	for _, c := range i.Comments {
		out = append(out, c.Body)
	}
	return out
}

// deleteComments has a person delete all comments of an issue.
func (p *place) deleteComments(id string) {
	p.t.Helper()
	if p.linear != nil {
		for _, c := range p.linear.Comments(id) {
			p.linear.DeleteComment(c.ID)
		}
		return
	}
	i, _ := p.jira.Issue(id)
	for _, c := range i.Comments {
		fatal(p.t, p.jira.EditComment(i.Key, "amy", c.ID, ""))
	}
}

func (w *world) expectSaid(what, id string, parts ...string) {
	w.Helper()
	said := w.hurt.said(id)
	if len(said) != 1 {
		w.Fatalf("%s: comments %q, want one", what, said)
	}
	for _, p := range parts {
		if !strings.Contains(strings.ReplaceAll(said[0], `\`, ""), p) { // Data Center's texts are marked up
			w.Errorf("%s: %q is not in %s", what, p, said[0])
		}
	}
}

func TestPostMortemsOnEveryTracker(t *testing.T) {
	for _, kind := range anyKind() {
		t.Run(kind, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w, hot := slaWorld(t, kind, withPostMortems)
				before := w.hurt.create("Outage of long ago", "")
				w.hurt.close(before)
				w.start()
				defer func() { w.stop() }()
				w.good()
				w.good()
				if said := w.hurt.said(hot); len(said) > 0 {
					t.Errorf("on track: %q", said)
				}
				w.quiet()
				time.Sleep(50 * time.Minute)
				w.good()
				w.expectSaid("at risk", hot, "is at risk.", "resolve: at risk, expected by ", " CE")
				w.good() // reads what the tracker made of the comment
				w.quiet()
				w.hurt.close(hot)
				time.Sleep(5 * time.Minute)
				w.stop()
				w.start() // it was down at the close
				w.good()
				labels := w.hurt.issues()[hot].labels
				if !slices.Contains(labels, issue.PostMortemLabel) || len(w.hurt.issues()[before].managed("needs:")) > 0 {
					t.Errorf("labels %q, and of one from before %q", labels, w.hurt.issues()[before].labels)
				}
				w.expectSaid("closed", hot, "is met.", "A post-mortem is asked for: an issue of the lane hotfix was completed.", "Prevention")
				w.good()
				w.quiet()
				list := got(w.app.PostMortems(t.Context(), web.IssueFilter{Source: "hurt"}))(t)
				if len(list.PostMortems) != 1 || list.PostMortems[0].ID != hot || !list.PostMortems[0].Asked || w.metric("post_mortems_open", "source", "hurt", "lane", "hotfix") != 1 {
					t.Errorf("listed: %+v", list)
				}
				ref := issue.ParseRef(list.PostMortems[0].Ref)
				if x := got(w.app.Explain(t.Context(), ref))(t); x.PostMortem == nil || x.PostMortem.Done != nil {
					t.Errorf("explained: %+v", x.PostMortem)
				}
				w.hurt.swap(hot, []string{issue.PostMortemLabel})
				time.Sleep(time.Minute)
				w.quiet()
				w.quiet()
				if list := got(w.app.PostMortems(t.Context(), web.IssueFilter{}))(t); list.Total != 0 || w.metric("post_mortems_open", "source", "hurt", "lane", "hotfix") != 0 {
					t.Errorf("still listed: %+v", list)
				}
				if x := got(w.app.Explain(t.Context(), ref))(t); x.PostMortem == nil || x.PostMortem.By != "Amy" {
					t.Errorf("explained: %+v", x.PostMortem)
				}
			})
		})
	}
}

func TestAPostMortemIsUndoneOnEveryTracker(t *testing.T) {
	for _, kind := range anyKind() {
		t.Run(kind, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w, hot := slaWorld(t, kind, withPostMortems)
				w.start()
				defer func() { w.stop() }()
				w.good()
				w.good()
				w.hurt.close(hot)
				w.good()
				w.expectSaid("closed", hot, "A post-mortem is asked for")
				ref := "hurt/" + w.hurt.issues()[hot].key
				got(w.app.Undo(t.Context(), web.UndoRequest{Ref: ref, By: "amy"}))(t)
				w.expectSaid("undone", hot, "What lanekeeper said here was withdrawn.")
				if i := w.hurt.issues()[hot]; slices.Contains(i.labels, issue.PostMortemLabel) || w.hurt.lane(hot) != "lane:hotfix" {
					t.Errorf("labels %q", i.labels)
				}
				time.Sleep(time.Minute)
				w.good()
				w.quiet()
				if n := got(w.app.PostMortems(t.Context(), web.IssueFilter{}))(t).Total; n != 0 {
					t.Errorf("%d are listed", n)
				}
			})
		})
	}
}

func TestADeletedCommentStaysAwayOnEveryTracker(t *testing.T) {
	for _, kind := range anyKind() {
		t.Run(kind, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w, hot := slaWorld(t, kind, withPostMortems)
				w.start()
				defer func() { w.stop() }()
				w.good()
				time.Sleep(50 * time.Minute)
				w.good()
				w.expectSaid("at risk", hot, "is at risk.")
				w.hurt.deleteComments(hot)
				time.Sleep(50 * time.Minute)
				w.good()
				if have := w.hurt.sla(hot); !strings.HasPrefix(have, "sla:breached ") {
					t.Errorf("breached: %q", have)
				}
				w.hurt.close(hot)
				w.good()
				w.good()
				w.quiet()
				if said := w.hurt.said(hot); len(said) > 0 {
					t.Errorf("said again: %q", said)
				}
				if !slices.Contains(w.hurt.issues()[hot].labels, issue.PostMortemLabel) {
					t.Errorf("labels %q: the label asks alone", w.hurt.issues()[hot].labels)
				}
				held := got(w.app.Overrides(t.Context(), web.OverrideFilter{}))(t)
				if len(held.Overrides) > 0 {
					t.Errorf("held on open issues: %+v", held)
				}
			})
		})
	}
}
