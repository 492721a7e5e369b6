package lineartest

import (
	"slices"
	"time"
)

// table keeps one kind of thing by id and in the order of creation.
type table[T any] struct {
	byID map[string]*T
	all  []*T
}

func newTable[T any]() table[T] { return table[T]{byID: map[string]*T{}} }

func (t *table[T]) add(id string, v *T) {
	t.byID[id] = v
	t.all = append(t.all, v)
}

func (t *table[T]) remove(id string) {
	v := t.byID[id]
	delete(t.byID, id)
	t.all = slices.DeleteFunc(t.all, func(x *T) bool { return x == v })
}

// world is everything in the workspace.
type world struct {
	org         Organization
	viewer      *User
	users       table[User]
	teams       table[Team]
	states      table[State]
	labels      table[Label]
	customers   table[Customer]
	tiers       table[Tier]
	needs       table[Need]
	comments    table[Comment]
	attachments table[Attachment]
	relations   table[Relation]
	cycles      table[Cycle]
	projects    table[Project]
	milestones  table[Milestone]
	initiatives table[Initiative]
	slaRules    []SLARule

	issues       map[string]*record
	byIdentifier map[string]*record // the present and all former identifiers
	order        *orders            // of all issues
	teamOrder    map[string]*orders
	stale        []stale // versions that lagging lists still show
}

// record is an issue with what hangs on it.
type record struct {
	Issue
	seq         int64
	history     []*Entry // oldest first, as all lists here
	comments    []*Comment
	attachments []*Attachment
	relations   []*Relation
	inverse     []*Relation
	needs       []*Need
	former      []*Need
	children    []*record
	reactions   []*Reaction
	suggestions []*Suggestion
}

func newWorld(org Organization) world {
	if org.Name == "" {
		org.Name = "Acme"
	}
	if org.URLKey == "" {
		org.URLKey = "acme"
	}
	if org.Plan == "" {
		org.Plan = Business
	}
	return world{
		org:   org,
		users: newTable[User](), teams: newTable[Team](), states: newTable[State](), labels: newTable[Label](),
		customers: newTable[Customer](), tiers: newTable[Tier](), needs: newTable[Need](),
		comments: newTable[Comment](), attachments: newTable[Attachment](), relations: newTable[Relation](),
		cycles: newTable[Cycle](), projects: newTable[Project](), milestones: newTable[Milestone](),
		initiatives: newTable[Initiative](),
		order:       newOrders(),
		issues:      map[string]*record{}, byIdentifier: map[string]*record{}, teamOrder: map[string]*orders{},
	}
}

// find takes a UUID or an identifier, present or former.
func (w *world) find(id string) *record {
	if r := w.issues[id]; r != nil {
		return r
	}
	return w.byIdentifier[id]
}

// team takes a UUID or a key.
func (w *world) team(id string) *Team {
	if t := w.teams.byID[id]; t != nil {
		return t
	}
	for _, t := range w.teams.all {
		if t.Key == id {
			return t
		}
	}
	return nil
}

// scope is the team a label belongs to: a child has its group's scope.
func (w *world) scope(l *Label) string {
	if p := w.labels.byID[l.ParentID]; p != nil {
		return p.TeamID
	}
	return l.TeamID
}

// insert indexes a record that is new to the workspace.
func (w *world) insert(r *record) {
	w.issues[r.ID] = r
	w.byIdentifier[r.Identifier] = r
	for _, old := range r.Previous {
		w.byIdentifier[old] = r
	}
	w.order.add(r)
	w.ordersOf(r.TeamID).add(r)
	if p := w.issues[r.ParentID]; p != nil {
		p.children = append(p.children, r)
	}
}

func (w *world) ordersOf(team string) *orders {
	o := w.teamOrder[team]
	if o == nil {
		o = newOrders()
		w.teamOrder[team] = o
	}
	return o
}

// touch moves an issue's updatedAt.
func (w *world) touch(r *record, at time.Time) {
	if at.Equal(r.UpdatedAt) {
		return
	}
	w.order.updated.remove(r)
	w.ordersOf(r.TeamID).updated.remove(r)
	r.UpdatedAt = at
	w.order.updated.insert(r)
	w.ordersOf(r.TeamID).updated.insert(r)
}
