package answer

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/lanekeeper/lanekeeper/internal/report"
)

// PolicyReport is the answer of policy report.
type PolicyReport struct{ report.Report }

// WriteText shows each part as a section.
func (r PolicyReport) WriteText(w io.Writer, s Style) error {
	d := &document{Style: s}
	d.line("From %s to %s: %s.", s.Stamp(r.Since), s.Stamp(r.Until), Count(decisions(r.Policies), "decision"))
	d.rules(r.Rules)
	d.proposals(r)
	d.inflation(r.Inflation)
	d.bias(r.Bias)
	d.versions(r.Policies)
	return d.writeTo(w)
}

func decisions(list []report.Version) (n int) {
	for _, v := range list {
		n += v.Decisions
	}
	return n
}

func (d *document) rules(list []report.Rule) {
	d.heading("What people did with the rules")
	answers := slices.ContainsFunc(list, func(r report.Rule) bool { return r.Accepted+r.Rejected > 0 }) // in suggest mode alone
	t := &table{columns: []column{{head: "LANE"}, {head: "PLACED", right: true}, {head: "MOVED", right: true}, {head: "RATE", right: true}}, indent: 2}
	if answers {
		t.columns = append(t.columns, column{head: "ACCEPTED", right: true}, column{head: "REJECTED", right: true})
	}
	t.columns = append(t.columns, column{head: "TO", flex: true})
	var silent []string
	for _, r := range list {
		var to []string
		for _, c := range r.To {
			to = append(to, fmt.Sprintf("%s %d", orDash(c.Name), c.Issues))
		}
		rate := "–"
		if r.Placed > 0 {
			rate = Percent(r.Rate)
		}
		row := []cell{{r.Lane, cyan}, text(fmt.Sprint(r.Placed)), text(fmt.Sprint(r.Moved)), text(rate)}
		if answers {
			row = append(row, text(fmt.Sprint(r.Accepted)), text(fmt.Sprint(r.Rejected)))
		}
		t.row(append(row, text(strings.Join(to, ", ")))...)
		if r.Silent {
			silent = append(silent, r.Lane)
		}
	}
	d.table(t)
	for _, r := range list {
		if len(r.Shared) > 0 {
			d.item(yellow, "people moved %d of %d issues that rule %s put there; %s", r.Moved, r.Placed, r.Lane, sharedWords(r))
		}
	}
	if len(silent) > 0 {
		d.item(yellow, "rules that matched nothing: %s", strings.Join(silent, ", "))
	}
}

// sharedWords says what most of the moved issues have in common.
func sharedWords(r report.Rule) string {
	var parts []string
	for _, s := range r.Shared {
		parts = append(parts, fmt.Sprintf("%s=%s (%d of the moved, %d of the %d others)", strings.TrimPrefix(s.Input, "issue."), s.Value, s.Moved, s.Kept, r.Placed-r.Moved))
	}
	return "most had " + strings.Join(parts, ", ")
}

func (d *document) proposals(r PolicyReport) {
	d.heading("Thresholds that would have agreed with people more often")
	if len(r.Proposals) == 0 {
		d.item(none, "None: people changed too little, or no other number does better.")
		return
	}
	for _, p := range r.Proposals {
		d.item(none, "%s: %s %s instead of %s agrees on %d of %s instead of %d%s", p.Where, p.Input, number(p.Better), number(p.Now),
			p.WouldHave, Count(p.Issues, "issue"), p.Agreed, lost(p.LeftOut))
		for _, l := range strings.Split(strings.TrimSuffix(p.Diff, "\n"), "\n") {
			c := none
			switch {
			case strings.HasPrefix(l, "+"):
				c = green
			case strings.HasPrefix(l, "-"):
				c = red
			}
			text := strings.TrimLeft(l, " +-") // its indent is part of the change
			d.WriteString("    " + d.paint(c, l[:len(l)-len(text)]+Clean(text)) + "\n")
		}
	}
	d.item(faint, "%s", r.Hint)
}

func number(x float64) string { return strconv.FormatFloat(x, 'f', -1, 64) }

func lost(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("; it gives up %d that people left where they were", n)
}

func (d *document) inflation(x report.Inflation) {
	d.heading("Priority inflation")
	limit := ""
	if x.Cap > 0 {
		limit = "; the limit is " + Percent(x.Cap)
	}
	d.item(none, "%d of %s are urgent or high: %s%s", x.High, Count(x.Open, "open issue"), Percent(x.Share), limit)
	t := &table{columns: []column{{head: "WEEK"}, {head: "OPEN", right: true}, {head: "URGENT+HIGH", right: true}, {head: "SHARE", right: true}}, indent: 2}
	for _, w := range x.Weeks {
		t.row(text(d.Stamp(w.At)[:len("2006-01-02")]), text(fmt.Sprint(w.Open)), text(fmt.Sprint(w.High)), text(Percent(w.Share)))
	}
	d.table(t)
	d.groups("TEAM", x.Teams)
	d.groups("REPORTER", x.Reporters)
	if x.Unread {
		d.item(faint, "Reporters are not known: they are read only where an expression of the policy names issue.reporter.")
	}
	if x.Breach == 0 {
		return
	}
	d.item(red, "%s too many. What goes down? Those of the least value:", Count(x.Breach, "issue"))
	t = &table{columns: []column{{head: "ISSUE"}, {head: "PRIORITY"}, {head: "SCORE", right: true}, {head: "V/E", right: true}, {head: "TITLE", flex: true}}, indent: 2}
	for _, i := range x.Down {
		t.row(text(i.Ref), cell{i.Priority.String(), priorityColor(i.Priority)}, text(fixed(i.Score)), text(fixed(i.Value)), text(i.Title))
	}
	d.table(t)
}

func (d *document) groups(head string, list []report.Group) {
	t := &table{columns: []column{{head: head, flex: true}, {head: "OPEN", right: true}, {head: "URGENT+HIGH", right: true}, {head: "SHARE", right: true}}, indent: 2}
	for _, g := range list {
		if g.High == 0 {
			continue
		}
		c := none
		if g.Above {
			c = red
		}
		t.row(text(g.Name), text(fmt.Sprint(g.Open)), text(fmt.Sprint(g.High)), cell{Percent(g.Share), c})
	}
	if len(t.rows) > 0 {
		d.blank()
		d.table(t)
	}
}

func (d *document) bias(b report.Bias) {
	d.heading("Who wins, who loses")
	if len(b.Findings) == 0 {
		d.item(none, "No group stands out. Listed is %s; %s compared.", b.Rule, Count(b.Compared, "pair"))
		return
	}
	t := &table{columns: []column{
		{head: "BY"}, {head: "GROUP", flex: true}, {head: "OUTCOME"}, {head: "GROUP HAS", right: true}, {head: "OTHERS HAVE", right: true}, {head: "ODDS", right: true}, {head: "Z", right: true},
	}, indent: 2}
	for _, f := range b.Findings {
		c := yellow
		if f.Always || f.Never {
			c = red
		}
		t.row(text(f.By), text(f.Group), text(f.Outcome), cell{fmt.Sprintf("%d of %d", f.In, f.Of), c},
			text(fmt.Sprintf("%d of %d", f.OtherIn, f.OtherOf)), text(fmt.Sprintf("%.3g", f.Odds)), text(fixed(f.Z)))
	}
	d.table(t)
	d.item(faint, "Listed is %s. It says where to look: a rule that reads the kind treats kinds differently by design.", b.Rule)
}

func (d *document) versions(list []report.Version) {
	if len(list) == 0 {
		return
	}
	d.heading("Policies in force")
	t := &table{columns: []column{{head: "POLICY"}, {head: "FIRST"}, {head: "LAST"}, {head: "DECISIONS", right: true}}, indent: 2}
	for _, v := range slices.Backward(list) {
		t.row(text(ShortHash(v.Hash)), cell{d.Stamp(v.First), faint}, cell{d.Stamp(v.Last), faint}, text(fmt.Sprint(v.Decisions)))
	}
	d.table(t)
}
