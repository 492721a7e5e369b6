package lineartest

import (
	"math/rand/v2"
	"slices"
	"time"
)

// Action is what a person did in a Tick.
type Action struct {
	Kind    string // created, priority, state, assignee, label, due, title, comment, need, relation, archived, trashed, deleted, moved
	IssueID string
	By      string
}

// Tick performs one plausible action of a random person. Only r is random, so
// the same numbers on the same workspace do the same.
func (s *Server) Tick(r *rand.Rand) Action {
	s.lock()
	defer s.mu.Unlock()
	k := ticker{s: s, r: r}
	by, ok := k.person()
	if !ok || len(s.world.teams.all) == 0 {
		return Action{Kind: "nothing"}
	}
	rec := k.issue()
	if rec == nil || r.IntN(12) == 0 {
		return k.create(by)
	}
	a := Action{IssueID: rec.ID, By: by}
	a.Kind = k.act(rec, by)
	return a
}

type ticker struct {
	s *Server
	r *rand.Rand
}

// person is an active human.
func (k *ticker) person() (string, bool) {
	var ids []string
	for _, u := range k.s.world.users.all {
		if !u.App && !u.Inactive && !u.Unassignable {
			ids = append(ids, u.ID)
		}
	}
	if len(ids) == 0 {
		return "", false
	}
	return pick(k.r, ids), true
}

// issue is a random one that can be edited, more likely a recent one.
func (k *ticker) issue() *record {
	o := &k.s.world.order.created
	o.tidy()
	for range 20 {
		if len(o.slots) == 0 {
			return nil
		}
		n := min(k.r.IntN(len(o.slots)), k.r.IntN(len(o.slots)))
		if r := o.slots[len(o.slots)-1-n].r; !r.Gone() {
			return r
		}
	}
	return nil
}

func (k *ticker) create(by string) Action {
	t := pick(k.r, k.s.world.teams.all)
	title, body := (&generator{r: k.r}).texts("Bug", "login")
	r := k.s.open(t, Issue{
		Title: title, Description: body, CreatorID: by, Priority: k.r.IntN(5), StateID: pick(k.r, t.States[:min(3, len(t.States))]).ID,
	})
	return Action{Kind: "created", IssueID: r.ID, By: by}
}

// act does one thing to an issue and says what.
func (k *ticker) act(r *record, by string) string {
	edit := func(f func(*Issue)) { k.s.change(r, by, f) }
	switch n := k.r.IntN(100); {
	case n < 20:
		edit(func(i *Issue) { i.Priority = k.r.IntN(5) })
		return "priority"
	case n < 40:
		st := pick(k.r, k.s.world.teams.byID[r.TeamID].States)
		edit(func(i *Issue) { i.StateID = st.ID })
		return "state"
	case n < 50:
		to, _ := k.person()
		edit(func(i *Issue) { i.AssigneeID = to })
		return "assignee"
	case n < 68:
		edit(k.relabel)
		return "label"
	case n < 73:
		day := k.s.now().AddDate(0, 0, k.r.IntN(40)).Format(time.DateOnly)
		edit(func(i *Issue) { i.DueDate = day })
		return "due"
	case n < 78:
		edit(func(i *Issue) { i.Title += "!" })
		return "title"
	case n < 90:
		k.s.comment(r, Comment{UserID: by, Body: pick(k.r, remarks())})
		return "comment"
	}
	return k.rare(r, by)
}

func (k *ticker) rare(r *record, by string) string {
	switch k.r.IntN(6) {
	case 0:
		if len(k.s.world.customers.all) > 0 {
			k.s.addNeed(r, Need{CustomerID: pick(k.r, k.s.world.customers.all).ID, CreatorID: by, Important: k.r.IntN(3) == 0})
			return "need"
		}
	case 1:
		if other := k.issue(); other != r {
			k.s.relate(r, other, Relation{Type: pick(k.r, []string{"blocks", "related"})}, by)
			return "relation"
		}
	case 2:
		k.s.change(r, by, func(i *Issue) { i.Trashed, i.ArchivedAt = true, k.s.now() })
		return "trashed"
	case 3:
		k.s.delete(r)
		return "deleted"
	case 4:
		k.s.change(r, by, func(i *Issue) { k.s.moveTo(i, pick(k.r, k.s.world.teams.all)) })
		return "moved"
	}
	k.s.change(r, by, func(i *Issue) { i.ArchivedAt = k.s.now() })
	return "archived"
}

// relabel takes a label away or puts one on, with a group's sibling taken off
// as the app does.
func (k *ticker) relabel(i *Issue) {
	w := &k.s.world
	if len(i.LabelIDs) > 0 && k.r.IntN(2) == 0 {
		n := k.r.IntN(len(i.LabelIDs))
		i.LabelIDs = slices.Delete(i.LabelIDs, n, n+1)
		return
	}
	for range 5 {
		l := pick(k.r, w.labels.all)
		if sc := w.scope(l); l.Group || l.retired() || sc != "" && sc != i.TeamID || slices.Contains(i.LabelIDs, l.ID) {
			continue
		}
		i.LabelIDs = slices.DeleteFunc(i.LabelIDs, func(id string) bool {
			other := w.labels.byID[id]
			return l.ParentID != "" && other != nil && other.ParentID == l.ParentID
		})
		i.LabelIDs = append(i.LabelIDs, l.ID)
		return
	}
}
