package answer

import (
	"cmp"
	"io"
	"slices"
	"time"

	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/state"
)

// PostMortems lists the post-mortems that are asked for and not done, the oldest
// first.
type PostMortems struct {
	PostMortems []PostMortem `json:"post_mortems"`
	Total       int          `json:"total"`
	Next        string       `json:"next,omitempty"`
}

// PostMortem is the question what went wrong with one completed issue.
type PostMortem struct {
	Ref    string    `json:"ref"`
	ID     string    `json:"id"`
	Title  string    `json:"title,omitempty"`
	URL    string    `json:"url,omitempty"`
	Lane   string    `json:"lane"` // in which it was completed
	Why    string    `json:"why"`
	Closed time.Time `json:"closed_at"`
	// Asked is false as long as the label is not on the issue: a pause or the guard
	// holds it, or the tracker refuses it.
	Asked bool       `json:"asked"`
	Done  *time.Time `json:"done_at"` // null: it is outstanding
	By    string     `json:"done_by,omitempty"`
}

// PostMortemOf describes what is asked of a record's issue, nil for nothing.
func PostMortemOf(r *state.Record) *PostMortem {
	p := r.PostMortem
	if p == nil || p.Closed.IsZero() {
		return nil
	}
	i := &r.Issue
	return &PostMortem{
		Ref: i.Ref().String(), ID: i.ID, Title: i.Title, URL: i.URL, Lane: p.Lane, Why: p.Why,
		Closed: p.Closed.UTC(), Asked: p.Asked, Done: instant(p.Done), By: personName(p.By),
	}
}

// OldestFirst sorts by when the issues were completed.
func OldestFirst(list []PostMortem) {
	slices.SortFunc(list, func(a, b PostMortem) int {
		return cmp.Or(a.Closed.Compare(b.Closed), CompareRefs(a.Ref, b.Ref), cmp.Compare(a.ID, b.ID))
	})
}

// Sentence says what is asked and how it ends.
func (p PostMortem) Sentence(s Style) string {
	switch {
	case p.Done != nil:
		return "Its post-mortem was ended by " + orSomebody(p.By) + " " + s.When(*p.Done) + "."
	case !p.Asked:
		return "A post-mortem is to be asked for: " + p.Why + ". The label " + issue.PostMortemLabel + " is not written yet."
	}
	return "A post-mortem is asked for, since " + s.When(p.Closed) + ": " + p.Why + ". It is done when the label " + issue.PostMortemLabel + " is removed."
}

// WriteText shows one line for each post-mortem.
func (l PostMortems) WriteText(w io.Writer, s Style) error {
	d := &document{Style: s}
	t := &table{columns: []column{{head: "ISSUE"}, {head: "LANE"}, {head: "OPEN SINCE"}, {head: "WHY"}, {head: "TITLE", flex: true}}}
	for _, p := range l.PostMortems {
		why := p.Why
		if !p.Asked {
			why += " (not written yet)"
		}
		t.row(text(p.Ref), cell{p.Lane, cyan}, text(s.Age(p.Closed)), text(why), text(p.Title))
	}
	d.table(t)
	if len(l.PostMortems) > 0 {
		d.blank()
	}
	switch {
	case l.Total == 0:
		d.line("No post-mortem is outstanding.")
	case len(l.PostMortems) < l.Total:
		d.line("%d of %s outstanding.", len(l.PostMortems), Count(l.Total, "post-mortem"))
	default:
		d.line("%s outstanding.", Count(l.Total, "post-mortem"))
	}
	return d.writeTo(w)
}

func (l PostMortems) normal() any { l.PostMortems = some(l.PostMortems); return l }
