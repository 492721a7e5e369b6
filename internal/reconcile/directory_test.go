package reconcile_test

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/lanekeeper/lanekeeper/connectors"
	"github.com/lanekeeper/lanekeeper/internal/issue"
)

// directory is a tracker's list of people: accounts by address and id, groups by
// name.
type directory struct {
	people []issue.Person
	groups map[string][]string
	asked  int
	down   bool // it does not answer
}

func newDirectory() *directory {
	return &directory{
		people: []issue.Person{
			{ID: "ann", Name: "Ann", Email: "ann@acme.example"}, {ID: "lead", Name: "Lea Lead", Email: "lead@acme.example"},
			{ID: "bob", Name: "Bob Twin"}, {ID: "bob-two", Name: "Bob Twin", Email: "bob@acme.example"},
		},
		groups: map[string][]string{"leads": {"lead", "bob-two"}},
	}
}

func (d *directory) Account(_ context.Context, who string) (issue.Person, error) {
	d.asked++
	if d.down {
		return issue.Person{}, &connectors.Error{Kind: connectors.Network, Op: "users"}
	}
	for _, p := range d.people {
		if p.ID == who || p.Email != "" && strings.EqualFold(p.Email, who) {
			return p, nil
		}
	}
	return issue.Person{}, &connectors.Error{Kind: connectors.NotFound, Op: "users", Detail: "there is no account " + who}
}

func (d *directory) Members(ctx context.Context, group string) ([]issue.Person, error) {
	ids, ok := d.groups[group]
	if !ok {
		return nil, &connectors.Error{Kind: connectors.NotFound, Op: "group"}
	}
	var out []issue.Person
	for _, id := range ids {
		p, err := d.Account(ctx, id)
		if err != nil {
			return nil, errors.Join(err)
		}
		out = append(out, p)
	}
	return out, nil
}

// relabel has somebody take labels from an issue and put others on it, with one
// event for each, as the trackers' histories have it.
func (t *tracker) relabel(id string, by issue.Actor, off, on []string) {
	i := t.issues[id]
	for _, l := range off {
		i.Labels = slices.DeleteFunc(slices.Clone(i.Labels), func(x string) bool { return x == l })
		t.events[id] = append(t.events[id], issue.Event{At: t.now(), By: by, Field: issue.FieldLabels, From: l})
	}
	for _, l := range on {
		i.Labels = append(slices.Clone(i.Labels), l)
		slices.Sort(i.Labels)
		t.events[id] = append(t.events[id], issue.Event{At: t.now(), By: by, Field: issue.FieldLabels, To: l})
	}
	i.Updated = t.now()
}

func person(id string) issue.Actor {
	for _, p := range newDirectory().people {
		if p.ID == id {
			return issue.Actor{Person: p}
		}
	}
	return issue.Actor{Person: issue.Person{ID: id, Name: id}}
}
