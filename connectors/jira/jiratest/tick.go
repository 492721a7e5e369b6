package jiratest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// Action is one thing that a person did.
type Action struct {
	Kind string // create, priority, label, unlabel, comment, close, reopen, vote, due, assign, edit
	Key  string
	By   string // account id
}

// Tick lets one person do one plausible thing: report a bug, change a priority
// or a label, comment, vote, close or reopen. Labels with a colon, which tools
// own, are left alone. The same world and source of chance give the same
// action. It does nothing in a world without projects.
func (s *Server) Tick(r *rand.Rand) Action {
	s.settle()
	now := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	projects := slices.DeleteFunc(slices.Clone(s.projects), func(p *Project) bool { return !p.live() })
	if len(projects) == 0 {
		return Action{}
	}
	by := s.anyone(r)
	x := r.Float64()
	rc := s.someIssue(r, false)
	if x < 0.15 || rc == nil {
		return Action{"create", s.report(r, pick(r, projects), by, now), id(by)}
	}
	if x > 0.97 {
		if done := s.someIssue(r, true); done != nil {
			s.edit(done, by, now, nil, func(d *issue) { d.status, d.resolution, d.resolved = s.category(ToDo), "", time.Time{} })
			return Action{"reopen", done.cur.key, id(by)}
		}
	}
	kind := s.act(r, rc, by, now, x)
	return Action{kind, rc.cur.key, id(by)}
}

func id(u *User) string {
	if u == nil {
		return ""
	}
	return u.AccountID
}

// anyone is a person other than the bot.
func (s *Server) anyone(r *rand.Rand) *User {
	var list []*User
	for _, u := range s.userOrder {
		if !u.Inactive && u.AccountID != s.opt.Account.AccountID {
			list = append(list, u)
		}
	}
	if len(list) == 0 {
		return nil
	}
	return pick(r, list)
}

// someIssue is an open or a done issue, rather a young one; nil where chance
// finds none.
func (s *Server) someIssue(r *rand.Rand, done bool) *rec {
	n := len(s.recs)
	for range 200 {
		if n == 0 {
			break
		}
		rc := s.recs[max(r.IntN(n), r.IntN(n))]
		if c := rc.cur; s.indexed(c) && (c.status.Category == Done) == done {
			return rc
		}
	}
	return nil
}

func (s *Server) report(r *rand.Rand, p *Project, by *User, now time.Time) string {
	component := pick(r, genComponents)
	spec := Spec{Project: p.Key, Summary: fmt.Sprintf(pick(r, genBugs), component), Description: pick(r, genDetails), Reporter: id(by)}
	if p.issueType("Bug") != nil {
		spec.Type = "Bug"
	}
	spec.Summary = strings.ToUpper(spec.Summary[:1]) + spec.Summary[1:]
	if s.fieldByID[FieldTier] != nil {
		spec.Custom = map[string]any{FieldTier: pick(r, genTiers), FieldSeverity: pick(r, genSeverities)}
	}
	v, err := s.build(spec, now)
	if err != nil {
		return ""
	}
	s.put(v, now)
	return v.key
}

// act does something to an open issue and returns what.
func (s *Server) act(r *rand.Rand, rc *rec, by *User, now time.Time, x float64) string {
	change := func(kind string, f func(*issue)) string {
		s.edit(rc, by, now, nil, f)
		return kind
	}
	switch {
	case x < 0.30:
		p := pick(r, s.scheme(rc.cur.proj))
		return change("priority", func(d *issue) { d.prio = p })
	case x < 0.42:
		l := pick(r, genLabels)
		return change("label", func(d *issue) { d.labels = sortedSet(append(slices.Clone(d.labels), l)) })
	case x < 0.47:
		return change("unlabel", func(d *issue) { d.labels = withoutFirst(d.labels) })
	case x < 0.62:
		s.addComment(rc, &Comment{Author: id(by), Body: pick(r, genComments), Created: now, Updated: now}, now)
		return "comment"
	case x < 0.74:
		return change("vote", func(d *issue) { d.votes++ })
	case x < 0.80:
		day := now.AddDate(0, 0, 1+r.IntN(60)).Format(time.DateOnly)
		return change("due", func(d *issue) { d.due = day })
	case x < 0.88:
		return change("assign", func(d *issue) { d.assignee = by })
	case x < 0.93:
		return change("edit", func(d *issue) { d.status = s.category(InProgress) })
	}
	return change("close", func(d *issue) { d.status, d.resolution, d.resolved = s.category(Done), "Done", now })
}

// withoutFirst drops the first label that no tool owns.
func withoutFirst(labels []string) []string {
	at := slices.IndexFunc(labels, func(l string) bool { return !strings.Contains(l, ":") })
	if at < 0 {
		return labels
	}
	return slices.Delete(slices.Clone(labels), at, at+1)
}
