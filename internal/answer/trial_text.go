package answer

import (
	"cmp"
	"fmt"
	"io"
	"strings"

	"github.com/lanekeeper/lanekeeper/internal/issue"
)

// badShown is how many bad rows a text names.
const badShown = 10

// WriteText implements Texter.
func (t Trial) WriteText(w io.Writer, s Style) error {
	d := &document{Style: s}
	d.line("%s: %s, %s, %d of them open. Decided by the policy %s as of %s.", t.File, t.Format, Count(t.Issues, "issue"), t.Load.Open, t.Policy, d.Stamp(t.At))
	d.trialTrouble(t)
	d.blank()
	d.lanes(t.Load.Lanes)
	d.marks(t.Load.Marks)
	if t.Load.Undecided > 0 {
		d.heading(fmt.Sprintf("%d undecided", t.Load.Undecided))
		for _, r := range t.Undecided {
			d.item(yellow, "%d × %s", r.Count, r.Reason)
		}
	}
	d.trialPriorities(t)
	d.trialTop(t)
	if len(t.LeastCertain) > 0 {
		d.blank()
		d.leastCertain(t.LeastCertain)
	}
	if t.Explained != nil {
		d.blank()
		if err := d.writeTo(w); err != nil {
			return err
		}
		d = &document{Style: s}
		if err := t.Explained.WriteText(w, s); err != nil {
			return err
		}
	}
	if err := d.writeTo(w); err != nil || t.Backtest == nil {
		return err
	}
	if _, err := io.WriteString(w, "\n"); err != nil {
		return err
	}
	return Backtest{*t.Backtest}.WriteText(w, s)
}

// trialTrouble tells what could not be read, and what to do.
func (d *document) trialTrouble(t Trial) {
	if t.Cut != "" {
		d.item(red, "Not read to the end: %s.", t.Cut)
	}
	if t.Bad > 0 {
		d.item(red, "%s of %d could not be read:", Count(t.Bad, "row"), t.Rows)
		for _, b := range t.BadAt[:min(len(t.BadAt), badShown)] {
			d.para(4, none, fmt.Sprintf("%d: %s", b.Line, strings.TrimSpace(b.Key+" "+b.Problem)))
		}
		if more := t.Bad - badShown; more > 0 {
			d.para(4, faint, fmt.Sprintf("and %d more", more))
		}
	}
	if len(t.Missing) > 0 {
		list := strings.Join(t.Missing, ",")
		d.item(yellow, "The file has no column for: %s. They are unknown, and what reads them is undecided. Export with all fields, name the columns with --columns, "+
			"or say that there is nothing: --empty %s", strings.ReplaceAll(list, ",", ", "), list)
	}
	if len(t.Absent) > 0 {
		d.item(faint, "Such a file never has, so they count as none: %s.", strings.Join(t.Absent, ", "))
	}
	for _, u := range t.Unmapped {
		d.item(yellow, "%s %q of %s is not known: say what it means, such as --map %q", u.What, u.Word, Count(u.Count, "issue"), u.example())
	}
	for _, n := range t.Notes {
		d.item(yellow, "%s", asSentence(n))
	}
}

func (u Word) example() string {
	return u.What + ":" + u.Word + "=" + map[string]string{"type": "bug", "priority": "high", "status": "started"}[u.What]
}

func (d *document) trialPriorities(t Trial) {
	tab := &table{columns: []column{{head: "PRIORITY"}, {head: "BEFORE", right: true}, {head: "AFTER", right: true}}}
	for p := issue.Urgent; ; p-- {
		if t.Before[p]+t.After[p] > 0 {
			tab.row(cell{p.String(), priorityColor(p)}, text(fmt.Sprint(t.Before[p])), text(fmt.Sprint(t.After[p])))
		}
		if p == issue.None {
			break
		}
	}
	if t.BeforeUnknown > 0 {
		tab.row(text("not known"), text(fmt.Sprint(t.BeforeUnknown)), text("–"))
	}
	d.blank()
	d.table(tab)
}

func (d *document) trialTop(t Trial) {
	for _, l := range t.Top {
		d.heading("Top of " + l.Lane)
		for _, i := range l.Issues {
			d.item(bold, "%s  %s", issue.ParseRef(i.Ref).Key, i.Title)
			d.para(4, none, fmt.Sprintf("%s (was %s); %s", i.Priority, cmp.Or(i.Before, "none"), i.Because))
		}
	}
}
