package answer

import (
	"fmt"
	"io"
	"math"
	"strings"
)

// WriteText shows one line for each issue.
func (l Issues) WriteText(w io.Writer, s Style) error {
	d := &document{Style: s}
	t := &table{columns: []column{
		{head: "ISSUE"}, {head: "LANE"}, {head: "PRIORITY"}, {head: "SCORE", right: true}, {head: "IN TEAM", right: true}, {head: "V/E", right: true},
		{head: "SINCE"}, {head: "NOTE", flex: true}, {head: "TITLE", flex: true},
	}}
	for _, i := range l.Issues {
		t.row(text(i.Ref), cell{orDash(i.Lane), cyan}, cell{i.Priority.String(), priorityColor(i.Priority)},
			text(fixed(i.Score)), text(teamCell(i)), text(fixed(i.ValuePerEffort)), text(sinceCell(s, i)), cell{i.Note(), yellow}, text(i.Title))
	}
	d.table(t)
	if len(l.Issues) > 0 {
		d.blank()
	}
	switch {
	case l.Total == 0:
		d.line("No open issue matches.")
	case len(l.Issues) < l.Total:
		d.line("%d of %s.", len(l.Issues), Count(l.Total, "issue"))
	default:
		d.line("%s.", Count(l.Total, "issue"))
	}
	return d.writeTo(w)
}

// teamCell is the percentile in the team.
func teamCell(i Item) string {
	if i.TeamPercentile == nil {
		return "–"
	}
	return fmt.Sprintf("p%.0f", *i.TeamPercentile)
}

func sinceCell(s Style, i Item) string {
	if i.Since.IsZero() {
		return "–"
	}
	return s.Relative(i.Since)
}

// Note names what a person should know of an item beside its rank.
func (i Item) Note() string {
	var notes []string
	if i.Undecided != "" {
		notes = append(notes, "undecided: "+i.Undecided)
	}
	if i.Parked {
		notes = append(notes, "parked")
	}
	for _, f := range i.Overridden {
		notes = append(notes, string(f)+" set by a person")
	}
	if i.Undecided == "" && i.Confidence < 1 {
		notes = append(notes, Percent(i.Confidence)+" sure")
	}
	return strings.Join(notes, ", ")
}

// WriteText shows the lanes with their load.
func (l Lanes) WriteText(w io.Writer, s Style) error {
	d := &document{Style: s}
	d.lanes(l.Lanes)
	d.marks(l.Marks)
	d.blank()
	d.line("%s in %s, %d undecided; policy %s.", Count(l.Open, "open issue"), Count(len(l.Lanes), "lane"), l.Undecided,
		orDash(ShortHash(l.PolicyHash)))
	return d.writeTo(w)
}

func (d *document) lanes(list []Lane) {
	t := &table{columns: []column{
		{head: "LANE"}, {head: "ISSUES", right: true}, {head: "SHARE", right: true}, {head: ""}, {head: "TARGET"},
		{head: "HORIZON"}, {head: "ALARM", flex: true},
	}}
	for _, l := range list {
		name := l.Lane
		if l.Source != "" {
			name = l.Source + " " + name
		}
		t.row(cell{name, cyan}, text(fmt.Sprint(l.Count)), text(Percent(l.Share)), cell{bar(l.Share, 20), laneColor(l)},
			text(l.Target.String()), text(orDash(l.Horizon)), cell{l.Alarm, alarm})
	}
	d.table(t)
}

func laneColor(l Lane) color {
	if l.Alarm != "" {
		return red
	}
	return green
}

// bar draws a share in n columns; what is not nothing shows at least a little.
func bar(share float64, n int) string {
	full := int(math.Round(min(max(share, 0), 1) * float64(n)))
	if share > 0 {
		full = max(full, 1)
	}
	return strings.Repeat("█", full) + strings.Repeat("·", n-full)
}

// String says the bounds: "at least 20 %", "10 % to 30 %", "–" for none.
func (t ShareTarget) String() string {
	switch {
	case t.Min != nil && t.Max != nil:
		return Percent(*t.Min) + " to " + Percent(*t.Max)
	case t.Min != nil:
		return "at least " + Percent(*t.Min)
	case t.Max != nil:
		return "at most " + Percent(*t.Max)
	}
	return "–"
}

// WriteText shows the health of each source.
func (l Sources) WriteText(w io.Writer, s Style) error {
	d := &document{Style: s}
	if l.Pause != nil {
		d.pause(*l.Pause)
		d.blank()
	}
	t := &table{columns: []column{
		{head: "SOURCE"}, {head: "TRACKER"}, {head: "MODE"}, {head: "OPEN", right: true}, {head: "PARKED", right: true},
		{head: "OVERRIDES", right: true}, {head: "LAST GOOD CYCLE"}, {head: "BUDGET"}, {head: "HEALTH", flex: true},
	}}
	healthy := 0
	for _, x := range l.Sources {
		health := cell{"not healthy", red}
		if x.Healthy {
			healthy++
			health = cell{"ok", green}
		}
		t.row(text(x.Source), text(x.Tracker), text(x.Mode), text(fmt.Sprint(x.Open)),
			cell{fmt.Sprint(x.Parked), warnAbove(x.Parked, 0)}, text(fmt.Sprint(x.Overridden)), text(s.Age(x.LastSuccess)),
			text(x.budgets()), health)
	}
	d.table(t)
	d.blank()
	for _, x := range l.Sources {
		if !x.Healthy {
			d.para(0, red, x.Source+": "+x.Reason)
		}
	}
	d.line("%d of %s healthy.", healthy, Count(len(l.Sources), "source"))
	return d.writeTo(w)
}

// budgets names the scarcest budget.
func (x Source) budgets() string {
	if len(x.Budget) == 0 {
		return "–"
	}
	least := x.Budget[0]
	for _, b := range x.Budget {
		if b.Remaining < least.Remaining {
			least = b
		}
	}
	return Percent(least.Remaining) + " " + least.Budget
}

// Sentence says since when and why writes are stopped.
func (p Pause) Sentence(s Style) string {
	if !p.Paused {
		return "Not paused: changes are written."
	}
	text := "Paused: nothing is written"
	if !p.At.IsZero() {
		text += " since " + s.When(p.At)
	}
	if p.By != "" {
		text += ", by " + p.By
	}
	if p.Reason != "" {
		text += ": " + p.Reason
	}
	return text + "."
}

func (d *document) pause(p Pause) {
	if p.Paused {
		d.line("%s `lanekeeper resume` ends it.", p.Sentence(d.Style))
		return
	}
	d.line("%s", p.Sentence(d.Style))
}

// WriteText says whether writes are stopped.
func (p Pause) WriteText(w io.Writer, s Style) error {
	d := &document{Style: s}
	d.pause(p)
	return d.writeTo(w)
}
