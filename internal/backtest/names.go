package backtest

import (
	"cmp"
	"maps"
	"slices"

	"github.com/lanekeeper/lanekeeper/internal/issue"
)

// names is what the issues themselves tell about the words in histories, which
// carry names where decisions need what they stand for. A word that means two
// things in two projects is asked for in its own project first.
type names struct {
	categories map[[3]string]issue.Category // source, project ("" for all), status
	kinds      map[[2]string]issue.Kind     // source, type
	people     map[string]issue.Person      // by id
	raws       map[rawKey]issue.Named
	unknown    map[string]int // statuses of which nothing is known, with days of issues
}

type rawKey struct {
	source, project string
	priority        issue.Priority
}

func learn(pasts []Past) *names {
	n := &names{
		categories: map[[3]string]issue.Category{}, kinds: map[[2]string]issue.Kind{}, people: map[string]issue.Person{},
		raws: map[rawKey]issue.Named{}, unknown: map[string]int{},
	}
	for k := range pasts {
		i := &pasts[k].Issue
		n.status(i, i.Status.Name, i.Status.Category)
		if i.RawKind != "" && !i.Unknown.Has(issue.InputKind) {
			n.kinds[[2]string{i.Source, i.RawKind}] = i.Kind
		}
		n.meet(i.Assignee)
		n.meet(i.Reporter)
		n.raw(i)
	}
	for k := range pasts { // what issues say now goes before what histories said
		if h := pasts[k].History; h != nil {
			for _, e := range h.Events {
				n.meet(e.By.Person)
				if e.Field == issue.FieldStatus {
					n.status(&pasts[k].Issue, e.To, e.ToCategory)
				}
			}
		}
	}
	return n
}

func (n *names) status(i *issue.Issue, name string, c issue.Category) {
	if c == "" || name == "" {
		return
	}
	for _, project := range []string{i.Project, ""} {
		key := [3]string{i.Source, project, name}
		if _, ok := n.categories[key]; !ok {
			n.categories[key] = c
		}
	}
}

func (n *names) meet(p issue.Person) {
	if old := n.people[p.ID]; p.ID != "" && (old.Name == "" || old.Email == "") {
		n.people[p.ID] = p
	}
}

// raw keeps the tracker's own name of a priority where only one stands for it.
func (n *names) raw(i *issue.Issue) {
	if i.RawPriority.Name == "" || i.Unknown.Has(issue.InputPriority) {
		return
	}
	key := rawKey{i.Source, i.Project, i.Priority}
	if old, ok := n.raws[key]; ok && old != i.RawPriority {
		n.raws[key] = issue.Named{}
		return
	}
	n.raws[key] = i.RawPriority
}

func (n *names) category(i *issue.Issue, name string) issue.Category {
	if c, ok := n.categories[[3]string{i.Source, i.Project, name}]; ok {
		return c
	}
	return n.categories[[3]string{i.Source, "", name}]
}

// unknownStatus counts a day of an issue in a status of which nothing is known.
func (n *names) unknownStatus(s issue.Status) {
	if s.Category == "" {
		n.unknown[cmp.Or(s.Name, "(the history does not tell)")]++
	}
}

func (n *names) unknownStatuses() []string { return slices.Sorted(maps.Keys(n.unknown)) }

func (n *names) kind(i *issue.Issue, raw string) (issue.Kind, bool) {
	k, ok := n.kinds[[2]string{i.Source, raw}]
	return k, ok
}

func (n *names) person(id string) issue.Person {
	if p, ok := n.people[id]; ok || id == "" {
		return p
	}
	return issue.Person{ID: id}
}

// priority sets a priority by the text of an event and reports whether it is
// understood.
func (n *names) priority(i *issue.Issue, text string) bool {
	p := issue.None
	if text != "" {
		var err error
		if p, err = issue.ParsePriority(text); err != nil {
			i.Priority, i.RawPriority = issue.None, issue.Named{Name: text}
			return false
		}
	}
	if p != i.Priority || i.Unknown.Has(issue.InputPriority) {
		i.RawPriority = n.raws[rawKey{i.Source, i.Project, p}]
	}
	i.Priority = p
	return true
}
