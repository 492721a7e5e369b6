package answer

import (
	"fmt"
	"io"
	"strings"
)

// WriteText shows what the plan would do, how it stands now, and its changes.
func (p Plan) WriteText(w io.Writer, s Style) error {
	d := &document{Style: s}
	d.line("Plan %s of %s, made %s in %s mode: %s on %d of %s.", p.ID, p.Source, s.When(p.At), p.Mode,
		Count(p.Size, "change"), p.Issues, Count(p.Open, "open issue"))
	d.line("It is %s%s.", p.Status, colon(p.Note()))
	switch p.Status {
	case "held":
		d.line("`lanekeeper approve %s` lets it go on%s.", p.ID, until(s, p))
	case "approved":
		d.line("The next cycle carries it out, after looking at everything anew%s.", until(s, p))
	case "expired":
		d.line("Nothing of it was written; the next cycle makes a new one if it is still needed.")
	}
	if p.Summary != nil && !written(p.Status) {
		d.summary(p.Summary)
	}
	if p.Present != nil {
		d.present(p.Present)
	}
	d.planned(p)
	return d.writeTo(w)
}

// written tells whether the changes of a plan say better what it did.
func written(status string) bool { return status == "done" || status == "running" }

func until(s Style, p Plan) string {
	if p.Expires.IsZero() {
		return ""
	}
	return "; it expires on " + s.Stamp(p.Expires)
}

func (d *document) summary(x *Summary) {
	d.heading("Issues by lane")
	t := &table{columns: []column{{head: "LANE"}, {head: "ISSUES", right: true}}, indent: 2}
	for _, l := range x.Lanes {
		t.row(cell{orDash(l.Lane), cyan}, text(fmt.Sprint(l.Issues)))
	}
	d.table(t)
	d.heading("Changes by field")
	t = &table{columns: []column{{head: "FIELD"}, {head: "FROM"}, {head: "TO"}, {head: "CHANGES", right: true}}, indent: 2}
	for _, f := range x.Fields {
		t.row(text(string(f.Field)), cell{orDash(f.From), faint}, cell{orDash(f.To), bold}, text(fmt.Sprint(f.Changes)))
	}
	d.table(t)
	if x.OtherChanges > 0 {
		d.item(none, "and %s of other values", Count(x.OtherChanges, "change"))
	}
	if len(x.Largest) == 0 {
		return
	}
	d.heading("The largest moves")
	t = &table{columns: []column{
		{head: "ISSUE"}, {head: "STEPS", right: true}, {head: "LANES", right: true}, {head: "SCORE", right: true}, {head: "CHANGES", flex: true}, {head: "WHY", flex: true},
	}, indent: 2}
	for _, m := range x.Largest {
		var what, why []string
		for _, c := range m.Changes {
			from, to := c.Values()
			what = append(what, fmt.Sprintf("%s %s → %s", c.Field, from, to))
			if c.Reason != "" {
				why = append(why, strings.TrimSuffix(c.Reason, "."))
			}
		}
		t.row(text(m.Ref), text(fmt.Sprint(m.PrioritySteps)), text(fmt.Sprint(m.LanesMoved)), text(fixed(m.Score)),
			text(strings.Join(what, ", ")), text(strings.Join(why, "; ")))
	}
	d.table(t)
}

func (d *document) present(p *Present) {
	d.heading("Against the present")
	line := func(n int, what string) {
		if n > 0 {
			d.item(none, "%s %s", Count(n, "change"), what)
		}
	}
	line(p.AsHeld, "as held")
	line(p.Already, "already so")
	line(p.Gone, "of issues that are closed or gone")
	line(p.Overridden, "of fields that a person keeps now")
	line(p.Changed, "of fields or wishes of policy that changed since")
	line(p.Unlisted, "not listed, and not compared")
	d.item(faint, "What is no longer wanted is not written: everything is read again before it is.")
}

func (d *document) planned(p Plan) {
	if len(p.Changes) == 0 {
		return
	}
	d.heading("Changes")
	d.changes(p.Changes)
	d.blank()
	d.line("%s: %s.", Count(len(p.Changes), "change"), tally(p.Changes))
}
