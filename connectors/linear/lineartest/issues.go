package lineartest

import (
	"fmt"
	"slices"
	"time"
)

// fold is how long after its creation an issue's changes leave no history.
const fold = 3 * time.Minute

// Create adds an issue as a person would. TeamID is required; number,
// identifier, state and times are filled in where they are missing.
func (s *Server) Create(i Issue) (Issue, error) {
	s.lock()
	defer s.mu.Unlock()
	t := s.world.team(i.TeamID)
	if t == nil {
		return Issue{}, fmt.Errorf("create issue: no team %q", i.TeamID)
	}
	return s.open(t, i).copy(), nil
}

// open creates an issue and does what Linear does then.
func (s *Server) open(t *Team, i Issue) *record {
	r := s.create(t, i)
	s.mailUrgent(&Issue{}, r, r.CreatorID)
	s.applySLARules(r)
	s.announce("create", r, nil, r.CreatorID)
	return r
}

func (s *Server) create(t *Team, i Issue) *record {
	i.TeamID = t.ID
	i.ID = s.idFor("issue", i.ID)
	if i.Number == 0 {
		i.Number = t.number + 1
	}
	t.number = max(t.number, i.Number)
	if i.Identifier == "" {
		i.Identifier = fmt.Sprintf("%s-%d", t.Key, i.Number)
	}
	i.CreatedAt = s.at(i.CreatedAt)
	if i.UpdatedAt.IsZero() {
		i.UpdatedAt = i.CreatedAt
	}
	i.UpdatedAt = s.at(i.UpdatedAt)
	if i.StateID == "" {
		i.StateID = firstState(t).ID
	}
	s.seq++
	r := &record{Issue: i.clone(), seq: s.seq}
	s.stampState(&r.Issue, r.CreatedAt)
	s.sync++
	s.world.insert(r)
	s.remember(r, nil)
	return r
}

func firstState(t *Team) State {
	if st, ok := t.StateOf("backlog"); ok {
		return st
	}
	return t.States[0]
}

func (i Issue) clone() Issue {
	i.LabelIDs = slices.Clone(i.LabelIDs)
	i.Previous = slices.Clone(i.Previous)
	i.Subscribers = slices.Clone(i.Subscribers)
	if i.Estimate != nil {
		e := *i.Estimate
		i.Estimate = &e
	}
	return i
}

func (r *record) copy() Issue { return r.Issue.clone() }

// Edit changes an issue as the user by would in the app: with a history entry
// unless the issue is younger than three minutes, and a new updatedAt. What the
// app would not let a person do is not prevented.
func (s *Server) Edit(id, by string, f func(*Issue)) (Issue, error) {
	s.lock()
	defer s.mu.Unlock()
	r := s.world.find(id)
	if r == nil {
		return Issue{}, fmt.Errorf("edit issue: no issue %q", id)
	}
	s.change(r, by, f)
	return r.copy(), nil
}

// change lets f edit the issue and does what Linear does after an edit.
func (s *Server) change(r *record, by string, f func(*Issue)) {
	before := r.copy()
	after := r.copy()
	f(&after)
	after.ID, after.CreatedAt, after.UpdatedAt = before.ID, before.CreatedAt, before.UpdatedAt
	now := s.now()
	if before.StateID != after.StateID {
		s.stampState(&after, now)
	}
	s.sync++
	e, changed := diff(&before, &after)
	if !changed && !s.otherwise(&before, &after) {
		s.sameValue(r, by, now)
		return
	}
	s.remember(r, &before)
	s.swap(r, after)
	s.world.touch(r, now)
	s.record(r, e, by, now, changed)
	s.mailUrgent(&before, r, by)
	s.applySLARules(r)
	s.announce(actionOf(&before, r), r, &e, by)
}

// otherwise reports a change that history does not show.
func (s *Server) otherwise(a, b *Issue) bool {
	return a.DelegateID != b.DelegateID || a.MilestoneID != b.MilestoneID || !a.SnoozedUntil.Equal(b.SnoozedUntil) ||
		a.TicketCount != b.TicketCount || a.SortOrder != b.SortOrder || !slices.Equal(a.Subscribers, b.Subscribers)
}

// sameValue is a write that changes nothing.
func (s *Server) sameValue(r *record, by string, now time.Time) {
	if s.behavior.SameValueTouches {
		s.remember(r, &r.Issue)
		s.world.touch(r, now)
	}
	if s.behavior.SameValueHistory {
		s.appendEntry(r, Entry{}, by, now)
	}
}

// swap puts the edited version in place; indexes follow.
func (s *Server) swap(r *record, after Issue) {
	w := &s.world
	if after.TeamID != r.TeamID {
		w.ordersOf(r.TeamID).drop(r)
		defer func() { w.ordersOf(r.TeamID).add(r) }()
	}
	if after.ParentID != r.ParentID {
		if p := w.issues[r.ParentID]; p != nil {
			p.children = slices.DeleteFunc(p.children, func(c *record) bool { return c == r })
		}
		if p := w.issues[after.ParentID]; p != nil {
			p.children = append(p.children, r)
		}
	}
	r.Issue = after
	w.byIdentifier[r.Identifier] = r
}

// record writes the history entry, if one is due.
func (s *Server) record(r *record, e Entry, by string, now time.Time, changed bool) {
	if !changed || now.Sub(r.CreatedAt) < fold {
		return
	}
	s.appendEntry(r, e, by, now)
}

func (s *Server) appendEntry(r *record, e Entry, by string, now time.Time) {
	if n := len(r.history); n > 0 && s.behavior.MergeHistory > 0 {
		last := r.history[n-1]
		if last.ActorID == by && now.Sub(last.CreatedAt) < s.behavior.MergeHistory && last.absorb(&e) {
			last.UpdatedAt = now
			return
		}
	}
	e.ID, e.IssueID, e.ActorID = s.newID("history"), r.ID, by
	e.CreatedAt, e.UpdatedAt = now, now
	r.history = append(r.history, &e)
}

// stampState keeps the times that follow from a state.
func (s *Server) stampState(i *Issue, at time.Time) {
	st := s.world.states.byID[i.StateID]
	if st == nil {
		return
	}
	switch st.Type {
	case "triage":
		i.StartedTriageAt = or(i.StartedTriageAt, at)
	case "backlog", "unstarted":
		i.StartedAt, i.CompletedAt, i.CanceledAt = time.Time{}, time.Time{}, time.Time{}
	case "started":
		i.StartedAt = or(i.StartedAt, at)
		i.CompletedAt, i.CanceledAt = time.Time{}, time.Time{}
	case "completed":
		i.StartedAt, i.CompletedAt, i.CanceledAt = or(i.StartedAt, at), or(i.CompletedAt, at), time.Time{}
	case "canceled", "duplicate":
		i.CanceledAt, i.CompletedAt = or(i.CanceledAt, at), time.Time{}
	}
	if st.Type != "triage" && !i.StartedTriageAt.IsZero() {
		i.TriagedAt = or(i.TriagedAt, at)
	}
}

func or(t, otherwise time.Time) time.Time {
	if t.IsZero() {
		return otherwise
	}
	return t
}

// Archive puts an issue away; Restore brings it back.
func (s *Server) Archive(id, by string) error {
	_, err := s.Edit(id, by, func(i *Issue) { i.ArchivedAt = s.now() })
	return err
}

// Trash deletes an issue as a person does: it can be restored for 30 days.
func (s *Server) Trash(id, by string) error {
	_, err := s.Edit(id, by, func(i *Issue) { i.Trashed, i.ArchivedAt = true, s.now() })
	return err
}

// Restore undoes Archive and Trash.
func (s *Server) Restore(id, by string) error {
	_, err := s.Edit(id, by, func(i *Issue) { i.Trashed, i.ArchivedAt = false, time.Time{} })
	return err
}

// DeleteForever removes an issue and everything on it without a trace.
func (s *Server) DeleteForever(id string) error {
	s.lock()
	defer s.mu.Unlock()
	r := s.world.find(id)
	if r == nil {
		return fmt.Errorf("delete issue: no issue %q", id)
	}
	s.delete(r)
	return nil
}

func (s *Server) delete(r *record) {
	s.world.forget(r)
	s.sync++
	s.announce("remove", r, nil, "")
}

func (w *world) forget(r *record) {
	w.order.drop(r)
	w.ordersOf(r.TeamID).drop(r)
	delete(w.issues, r.ID)
	for _, id := range append(r.Previous, r.Identifier) {
		delete(w.byIdentifier, id)
	}
	for _, c := range r.comments {
		w.comments.remove(c.ID)
	}
	for _, a := range r.attachments {
		w.attachments.remove(a.ID)
	}
	for _, n := range r.needs {
		w.needs.remove(n.ID)
	}
	for _, rel := range slices.Concat(r.relations, r.inverse) {
		w.unrelate(rel)
	}
	if p := w.issues[r.ParentID]; p != nil {
		p.children = slices.DeleteFunc(p.children, func(c *record) bool { return c == r })
	}
	for _, c := range r.children {
		c.ParentID = ""
	}
	w.stale = slices.DeleteFunc(w.stale, func(v stale) bool { return v.r == r })
}

func (w *world) unrelate(rel *Relation) {
	w.relations.remove(rel.ID)
	same := func(x *Relation) bool { return x == rel }
	if a := w.issues[rel.IssueID]; a != nil {
		a.relations = slices.DeleteFunc(a.relations, same)
	}
	if b := w.issues[rel.RelatedID]; b != nil {
		b.inverse = slices.DeleteFunc(b.inverse, same)
	}
}

// MoveTeam moves an issue: it gets the other team's next identifier, the state
// of the same type there, and loses labels of the old team.
func (s *Server) MoveTeam(id, by, team string) (Issue, error) {
	s.lock()
	defer s.mu.Unlock()
	r, t := s.world.find(id), s.world.team(team)
	if r == nil || t == nil {
		return Issue{}, fmt.Errorf("move issue: no issue %q or no team %q", id, team)
	}
	s.change(r, by, func(i *Issue) { s.moveTo(i, t) })
	return r.copy(), nil
}

func (s *Server) moveTo(i *Issue, t *Team) {
	if i.TeamID == t.ID {
		return
	}
	typ := ""
	if st := s.world.states.byID[i.StateID]; st != nil {
		typ = st.Type
	}
	st, ok := t.StateOf(typ)
	if !ok {
		st = firstState(t)
	}
	t.number++
	i.Previous = append(i.Previous, i.Identifier)
	i.TeamID, i.Number, i.StateID, i.CycleID = t.ID, t.number, st.ID, ""
	i.Identifier = fmt.Sprintf("%s-%d", t.Key, t.number)
	i.AddedToTeamAt = s.now()
	i.LabelIDs = slices.DeleteFunc(i.LabelIDs, func(id string) bool {
		l := s.world.labels.byID[id]
		return l == nil || s.world.scope(l) != "" && s.world.scope(l) != t.ID
	})
}

// Issue returns an issue by UUID or by any identifier it ever had.
func (s *Server) Issue(id string) (Issue, bool) {
	s.lock()
	defer s.mu.Unlock()
	r := s.world.find(id)
	if r == nil {
		return Issue{}, false
	}
	return r.copy(), true
}

// Issues returns all issues, archived ones too, oldest first.
func (s *Server) Issues() []Issue {
	s.lock()
	defer s.mu.Unlock()
	s.world.order.created.tidy()
	out := make([]Issue, 0, len(s.world.issues))
	for _, sl := range s.world.order.created.slots {
		out = append(out, sl.r.copy())
	}
	return out
}

// History returns an issue's entries, oldest first.
func (s *Server) History(id string) []Entry {
	s.lock()
	defer s.mu.Unlock()
	var out []Entry
	if r := s.world.find(id); r != nil {
		for _, e := range r.history {
			out = append(out, *e)
		}
	}
	return out
}
