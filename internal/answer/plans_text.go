package answer

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// WriteText shows one line for each plan.
func (l Plans) WriteText(w io.Writer, s Style) error {
	d := &document{Style: s}
	t := &table{columns: []column{
		{head: "PLAN"}, {head: "SOURCE"}, {head: "MADE"}, {head: "ISSUES", right: true}, {head: "CHANGES", right: true},
		{head: "STATUS"}, {head: "NOTE", flex: true},
	}}
	held := 0
	for _, p := range l.Plans {
		if p.Status == "held" {
			held++
		}
		t.row(text(p.ID), text(p.Source), text(s.Age(p.At)), text(fmt.Sprint(p.Issues)), text(fmt.Sprint(p.Size)),
			cell{p.Status, planColor(p.Status)}, text(p.Note()))
	}
	d.table(t)
	if len(l.Plans) > 0 {
		d.blank()
	}
	d.line("%s, %d held.", Count(len(l.Plans), "plan"), held)
	return d.writeTo(w)
}

func planColor(status string) color {
	switch status {
	case "held", "approved":
		return yellow
	case "expired":
		return red
	case "done":
		return green
	}
	return none
}

// Note says why a plan is held, who let it go on and what it takes back.
func (p Plan) Note() string {
	var parts []string
	if p.Undoes != "" {
		parts = append(parts, "undoes "+p.Undoes)
	}
	if p.Accepted && p.Undoes == "" {
		parts = append(parts, "accepted")
	}
	if p.Reason != "" {
		parts = append(parts, p.Reason)
	}
	if p.By != "" {
		parts = append(parts, "by "+p.By)
	}
	if len(p.Lanes) > 0 {
		parts = append(parts, "only "+strings.Join(p.Lanes, ", "))
	}
	return strings.Join(parts, "; ")
}

// colon appends a remark where there is one.
func colon(s string) string {
	if s == "" {
		return ""
	}
	return ": " + s
}

// WriteText shows what was taken back.
func (u Undo) WriteText(w io.Writer, s Style) error {
	d := &document{Style: s}
	d.changes(u.Changes)
	if len(u.Changes) == 0 {
		d.line("Nothing to undo.")
		return d.writeTo(w)
	}
	d.blank()
	d.line("%s: %s.", Count(len(u.Changes), "change"), tally(u.Changes))
	if slices.ContainsFunc(u.Changes, func(c Change) bool { return c.Status == Superseded }) {
		d.line("Superseded changes were left alone: their fields no longer hold what lanekeeper wrote.")
	}
	return d.writeTo(w)
}

// WriteText says that the configuration was reloaded.
func (r Reload) WriteText(w io.Writer, s Style) error {
	d := &document{Style: s}
	d.line("The configuration was reloaded; policy %s.", orDash(ShortHash(r.PolicyHash)))
	return d.writeTo(w)
}

// WriteText shows one line for each change.
func (l Changes) WriteText(w io.Writer, s Style) error {
	d := &document{Style: s}
	d.changes(l.Changes)
	if len(l.Changes) > 0 {
		d.blank()
	}
	d.line("%s.", Count(len(l.Changes), "change"))
	return d.writeTo(w)
}
