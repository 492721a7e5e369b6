package lineartest

import (
	"fmt"
	"slices"
)

// Comment adds a comment as the user by would and returns it.
func (s *Server) Comment(issueID, by, body string) (Comment, error) {
	s.lock()
	defer s.mu.Unlock()
	r := s.world.find(issueID)
	if r == nil {
		return Comment{}, fmt.Errorf("comment: no issue %q", issueID)
	}
	return *s.comment(r, Comment{UserID: by, Body: body}), nil
}

func (s *Server) comment(r *record, c Comment) *Comment {
	c.ID, c.IssueID = s.idFor("comment", c.ID), r.ID
	c.CreatedAt, c.UpdatedAt = s.at(c.CreatedAt), s.at(c.UpdatedAt)
	s.world.comments.add(c.ID, &c)
	r.comments = append(r.comments, &c)
	s.sync++
	s.touchIf(s.behavior.CommentsTouch, r)
	for _, u := range r.Subscribers {
		if u != c.UserID {
			s.mail(u, r.ID, "comment")
		}
	}
	return &c
}

// touchIf moves updatedAt where the behavior says that what just happened
// does.
func (s *Server) touchIf(on bool, r *record) {
	if on {
		s.remember(r, &r.Issue)
		s.world.touch(r, s.now())
	}
}

// Comments lists an issue's comments, oldest first.
func (s *Server) Comments(issueID string) []Comment {
	s.lock()
	defer s.mu.Unlock()
	var out []Comment
	if r := s.world.find(issueID); r != nil {
		for _, c := range r.comments {
			out = append(out, *c)
		}
	}
	return out
}

// EditComment changes a comment's body as a person would.
func (s *Server) EditComment(id, body string) {
	s.lock()
	defer s.mu.Unlock()
	if c := s.world.comments.byID[id]; c != nil {
		c.Body, c.EditedAt, c.UpdatedAt = body, s.now(), s.now()
	}
}

// DeleteComment removes a comment.
func (s *Server) DeleteComment(id string) {
	s.lock()
	defer s.mu.Unlock()
	c := s.world.comments.byID[id]
	if c == nil {
		return
	}
	s.world.comments.remove(id)
	if r := s.world.issues[c.IssueID]; r != nil {
		r.comments = slices.DeleteFunc(r.comments, func(x *Comment) bool { return x == c })
	}
}

// Relate joins two issues; typ is blocks, duplicate, related or similar.
func (s *Server) Relate(from, typ, to, by string) (Relation, error) {
	s.lock()
	defer s.mu.Unlock()
	a, b := s.world.find(from), s.world.find(to)
	if a == nil || b == nil {
		return Relation{}, fmt.Errorf("relate issues: no issue %q or %q", from, to)
	}
	return *s.relate(a, b, Relation{Type: typ}, by), nil
}

// relationCodes are what history calls a relation on its two ends.
func relationCodes(typ string) (own, other string) {
	switch typ {
	case "blocks":
		return "ab", "bb"
	case "duplicate":
		return "ad", "dd"
	case "similar":
		return "as", "as"
	}
	return "ar", "ar"
}

func (s *Server) relate(a, b *record, rel Relation, by string) *Relation {
	now := s.now()
	rel.ID, rel.IssueID, rel.RelatedID = s.idFor("relation", rel.ID), a.ID, b.ID
	rel.CreatedAt, rel.UpdatedAt = s.at(rel.CreatedAt), s.at(rel.UpdatedAt)
	s.world.link(&rel)
	s.sync++
	own, other := relationCodes(rel.Type)
	s.record(a, Entry{Relations: []RelationChange{{b.Identifier, own}}}, by, now, true)
	s.record(b, Entry{Relations: []RelationChange{{a.Identifier, other}}}, by, now, true)
	s.touchIf(s.behavior.RelationsTouch, a)
	s.touchIf(s.behavior.RelationsTouch, b)
	if rel.Type == "duplicate" {
		s.markDuplicate(a, b, by)
	}
	return &rel
}

func (w *world) link(rel *Relation) {
	w.relations.add(rel.ID, rel)
	if a := w.issues[rel.IssueID]; a != nil {
		a.relations = append(a.relations, rel)
	}
	if b := w.issues[rel.RelatedID]; b != nil {
		b.inverse = append(b.inverse, rel)
	}
}

// markDuplicate moves a duplicate to its team's duplicate state and its needs
// to the original.
func (s *Server) markDuplicate(a, b *record, by string) {
	if t := s.world.teams.byID[a.TeamID]; t != nil {
		if st, ok := t.StateOf("duplicate"); ok {
			s.change(a, by, func(i *Issue) { i.StateID = st.ID })
		}
	}
	for _, n := range slices.Clone(a.needs) {
		s.moveNeed(n, b)
	}
}

// Relations lists the relations that an issue holds and those that lead to it.
func (s *Server) Relations(id string) (own, inverse []Relation) {
	s.lock()
	defer s.mu.Unlock()
	r := s.world.find(id)
	if r == nil {
		return nil, nil
	}
	for _, rel := range r.relations {
		own = append(own, *rel)
	}
	for _, rel := range r.inverse {
		inverse = append(inverse, *rel)
	}
	return own, inverse
}

// Unrelate removes a relation.
func (s *Server) Unrelate(id string) {
	s.lock()
	defer s.mu.Unlock()
	if rel := s.world.relations.byID[id]; rel != nil {
		s.world.unrelate(rel)
	}
}

// AddNeed hangs a customer's request on an issue.
func (s *Server) AddNeed(n Need) (Need, error) {
	s.lock()
	defer s.mu.Unlock()
	r := s.world.find(n.IssueID)
	if r == nil || s.world.customers.byID[n.CustomerID] == nil {
		return Need{}, fmt.Errorf("add need: no issue %q or no customer %q", n.IssueID, n.CustomerID)
	}
	return *s.addNeed(r, n), nil
}

func (s *Server) addNeed(r *record, n Need) *Need {
	n.ID, n.IssueID = s.idFor("need", n.ID), r.ID
	n.CreatedAt, n.UpdatedAt = s.at(n.CreatedAt), s.at(n.UpdatedAt)
	s.world.needs.add(n.ID, &n)
	r.needs = append(r.needs, &n)
	s.touchIf(s.behavior.NeedsTouch, r)
	return &n
}

// EditNeed changes a need, for example to mark it as important.
func (s *Server) EditNeed(id string, f func(*Need)) {
	s.lock()
	defer s.mu.Unlock()
	n := s.world.needs.byID[id]
	if n == nil {
		return
	}
	issue := n.IssueID
	f(n)
	to := s.world.find(n.IssueID)
	n.IssueID, n.UpdatedAt = issue, s.now()
	if r := s.world.issues[issue]; r != nil {
		s.touchIf(s.behavior.NeedsTouch, r)
	}
	if to != nil && to.ID != issue {
		s.moveNeed(n, to)
	}
}

func (s *Server) moveNeed(n *Need, to *record) {
	from := s.world.issues[n.IssueID]
	if from != nil {
		from.needs = slices.DeleteFunc(from.needs, func(x *Need) bool { return x == n })
		from.former = append(from.former, n)
		s.touchIf(s.behavior.NeedsTouch, from)
	}
	n.FormerIssueID, n.IssueID, n.UpdatedAt = n.IssueID, to.ID, s.now()
	to.needs = append(to.needs, n)
	s.touchIf(s.behavior.NeedsTouch, to)
}

// Attachments lists an issue's attachments, oldest first.
func (s *Server) Attachments(issueID string) []Attachment {
	s.lock()
	defer s.mu.Unlock()
	var out []Attachment
	if r := s.world.find(issueID); r != nil {
		for _, a := range r.attachments {
			out = append(out, *a)
		}
	}
	return out
}

// attach adds a card, or updates the one with the same URL on the issue.
func (s *Server) attach(r *record, a Attachment) *Attachment {
	s.sync++
	defer s.touchIf(s.behavior.AttachmentsTouch, r)
	for _, old := range r.attachments {
		if old.URL == a.URL {
			old.Title, old.Subtitle, old.Metadata, old.UpdatedAt = a.Title, a.Subtitle, a.Metadata, s.now()
			return old
		}
	}
	a.ID, a.IssueID = s.idFor("attachment", a.ID), r.ID
	a.CreatedAt, a.UpdatedAt = s.at(a.CreatedAt), s.at(a.UpdatedAt)
	s.world.attachments.add(a.ID, &a)
	r.attachments = append(r.attachments, &a)
	return &a
}

// React puts an emoji on an issue.
func (s *Server) React(issueID, by, emoji string) {
	s.lock()
	defer s.mu.Unlock()
	if r := s.world.find(issueID); r != nil {
		r.reactions = append(r.reactions, &Reaction{
			ID: s.newID("reaction"), IssueID: r.ID, UserID: by, Emoji: emoji, CreatedAt: s.now(),
		})
		s.touchIf(s.behavior.ReactionsTouch, r)
	}
}

// Suggest puts a hint of triage intelligence on an issue.
func (s *Server) Suggest(sg Suggestion) {
	s.lock()
	defer s.mu.Unlock()
	if r := s.world.find(sg.IssueID); r != nil {
		sg.ID, sg.IssueID, sg.CreatedAt = s.idFor("suggestion", sg.ID), r.ID, s.at(sg.CreatedAt)
		if sg.State == "" {
			sg.State = "active"
		}
		r.suggestions = append(r.suggestions, &sg)
	}
}
