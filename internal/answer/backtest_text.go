package answer

import (
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/lanekeeper/lanekeeper/internal/backtest"
)

// The lists of a text are cut; JSON has all of them.
const (
	differencesShown = 20
	movesShown       = 10
)

// WriteText implements Texter.
func (b Backtest) WriteText(w io.Writer, s Style) error {
	d := &document{Style: s}
	names := make([]string, len(b.Policies))
	for n, p := range b.Policies {
		names[n] = p.Name
	}
	d.line("Replayed %s over %s, %s to %s (%s), by %s. Nothing was written.", Count(b.Coverage.Issues, "issue"), Count(b.Days, "day"),
		b.Actual[0].Date, b.Actual[len(b.Actual)-1].Date, b.Timezone, strings.Join(names, " and "))
	d.replayed(b.Policies, b.Actual)
	for _, p := range b.Policies {
		d.replayedLanes(p)
	}
	if b.Compare != nil {
		d.comparison(*b.Compare, b.Days)
	}
	d.newestMoves(b.Policies[0])
	d.restsOn(b)
	return d.writeTo(w)
}

// replayed sets the policies side by side.
func (d *document) replayed(list []backtest.Result, actual []backtest.Actual) {
	t := &table{columns: []column{{head: ""}}}
	for _, p := range list {
		t.columns = append(t.columns, column{head: p.Name, flex: true})
	}
	row := func(name string, value func(backtest.Result) string) {
		cells := []cell{text(name)}
		for _, p := range list {
			cells = append(cells, text(value(p)))
		}
		t.row(cells...)
	}
	row("Moves between lanes", func(p backtest.Result) string { return fmt.Sprint(len(p.Moves) + p.MoreMoves) })
	row("Returns within 7 days", func(p backtest.Result) string {
		return fmt.Sprintf("%d, and %d held back by settle", p.Flaps, p.HeldReturns)
	})
	row("New in "+list[0].Hot.Lane, func(p backtest.Result) string { return hotText(p.Hot) })
	if n := list[0].Hot.Capacity; n > 0 {
		row(fmt.Sprintf("– days with more than %d", n), func(p backtest.Result) string { return fmt.Sprint(p.Hot.DaysOver) })
	}
	row("Urgent and high", func(p backtest.Result) string {
		return Percent(p.Inflation.First) + " at first, " + Percent(p.Inflation.Last) + " at last"
	})
	row("Undecided at last", func(p backtest.Result) string { return fmt.Sprint(p.Days[len(p.Days)-1].Undecided) })
	row("Other priority than people's", func(p backtest.Result) string { return fmt.Sprintf("%d times", p.Agreement.Proposals) })
	row("– people later set it", func(p backtest.Result) string { return agreed(p.Agreement) })
	row("– went that way, or against", func(p backtest.Result) string {
		return fmt.Sprintf("%d, or %d", p.Agreement.Toward, p.Agreement.Against)
	})
	row("Lane labels by people", func(p backtest.Result) string {
		return fmt.Sprintf("%d, %d of them where policy was", p.Agreement.LaneLabels, p.Agreement.SameLane)
	})
	d.blank()
	d.table(t)
	in := list[0].Inflation
	d.blank()
	d.line("People had %s of %s at urgent or high at first and %s of %s at last.", Percent(in.ActualFirst), Count(actual[0].Open, "open issue"),
		Percent(in.ActualLast), Count(actual[len(actual)-1].Open, "open issue"))
}

func hotText(h backtest.Hot) string {
	out := fmt.Sprintf("%d, %s a day", h.Total, Number(h.PerDay))
	if h.Most > 0 {
		out += fmt.Sprintf(", most %d on %s", h.Most, h.MostOn)
	}
	return out
}

func agreed(a backtest.Agreement) string {
	if a.Same == 0 {
		return "0"
	}
	return fmt.Sprintf("%d, half of them within %s h", a.Same, Number(a.LeadHours))
}

// replayedLanes is the load of each lane over the period.
func (d *document) replayedLanes(p backtest.Result) {
	d.heading("Lanes under " + p.Name)
	t := &table{columns: []column{
		{head: "LANE"}, {head: "FIRST DAY", right: true}, {head: "LAST DAY", right: true}, {head: "LEAST", right: true}, {head: "MOST", right: true}, {head: "OUT OF SHARE"},
	}}
	for _, l := range p.Lanes {
		least, most := p.Days[0].Lanes[l], p.Days[0].Lanes[l]
		for _, day := range p.Days {
			least, most = min(least, day.Lanes[l]), max(most, day.Lanes[l])
		}
		out := cell{text: "–"}
		if n := p.OutOfShare[l]; n > 0 {
			out = cell{Count(n, "day"), yellow}
		}
		last := p.Days[len(p.Days)-1].Lanes[l]
		t.row(cell{l, cyan}, text(fmt.Sprint(p.Days[0].Lanes[l])), text(fmt.Sprint(last)), text(fmt.Sprint(least)), text(fmt.Sprint(most)), out)
	}
	d.table(t)
}

// comparison tells what would differ today.
func (d *document) comparison(c backtest.Comparison, days int) {
	d.heading(fmt.Sprintf("What would differ today: %s instead of %s", c.New, c.Current))
	d.item(none, "%s would come out alike, %s would not.", Count(c.Same, "open issue"), Count(len(c.Today), "issue"))
	if days > 0 && c.Issues > 0 {
		d.item(none, "Over the period the lanes of %s differed, on %.1f of %d days on average.", Count(c.Issues, "issue"), float64(c.IssueDays)/float64(c.Issues), days)
	}
	if len(c.Today) == 0 {
		return
	}
	d.shifts("LANE", c.Matrix)
	d.shifts("PRIORITY", c.Priorities)
	d.blank()
	for _, x := range c.Today[:min(len(c.Today), differencesShown)] {
		d.item(bold, "%s  %s", x.Ref, x.Title)
		d.para(4, none, "now "+outcomeText(x.Current))
		d.para(4, none, "then "+outcomeText(x.New))
	}
	if more := len(c.Today) - differencesShown; more > 0 {
		d.item(faint, "and %d more; --json lists them all.", more)
	}
}

// shifts lists what becomes of what; what stays is left out.
func (d *document) shifts(what string, list []backtest.Cell) {
	t := &table{indent: 2, columns: []column{{head: what + " NOW"}, {head: "THEN"}, {head: "ISSUES", right: true}}}
	for _, m := range list {
		if m.From != m.To {
			t.row(text(outcomeName(m.From)), text(outcomeName(m.To)), text(fmt.Sprint(m.Count)))
		}
	}
	if len(t.rows) > 0 {
		d.blank()
		d.table(t)
	}
}

func outcomeName(s string) string {
	if s == "" {
		return "undecided"
	}
	return s
}

func outcomeText(o backtest.Outcome) string {
	if o.Undecided != "" {
		return "undecided: " + o.Undecided
	}
	return fmt.Sprintf("%s, %s (%s)", o.Lane, o.Priority, o.Because)
}

func (d *document) newestMoves(p backtest.Result) {
	if len(p.Moves) == 0 {
		return
	}
	d.heading("Newest moves under " + p.Name)
	t := &table{indent: 2, columns: []column{{}, {}, {}, {flex: true}}}
	for _, m := range p.Moves[:min(len(p.Moves), movesShown)] {
		why := m.Cause
		if m.Flap {
			why += " (a return)"
		}
		t.row(cell{d.Stamp(m.At), faint}, text(m.Ref), text(m.From+" → "+m.To), text(why))
	}
	d.table(t)
	if more := len(p.Moves) + p.MoreMoves - movesShown; more > 0 {
		d.item(faint, "and %d more; --json lists the newest %d.", more, len(p.Moves))
	}
}

// restsOn tells how far the replay can be trusted.
func (d *document) restsOn(b Backtest) {
	d.heading("What this rests on")
	d.item(none, "An issue is decided when it is made, at each of its changes and at the end of each day if time could matter; memory starts empty on the first day.")
	for _, p := range b.Policies {
		for _, h := range p.Held {
			d.item(none, "%s: %s", p.Name, heldText(h))
		}
	}
	c := b.Coverage
	d.some(c.NoHistory, "%s no readable history: held as they are now, and closed when they were resolved.", "issue has", "issues have")
	d.some(c.CutHistory, "%s a history that the tracker cut.", "issue has", "issues have")
	d.some(c.Broken, "%s a history that does not lead to the present state; the difference counts as a change at the last update.", "issue has", "issues have")
	d.some(c.Left, "%s left out: closed at an unknown time.", "issue is", "issues are")
	d.some(c.OwnChanges, "%s by lanekeeper itself left out.", "change", "changes")
	if len(c.UnknownStatuses) > 0 {
		d.item(yellow, "Statuses of which nothing is known, counted as open: %s.", quoted(c.UnknownStatuses))
	}
	for _, n := range c.Notes {
		d.item(none, "%s", asSentence(n))
	}
}

// heldText says what a part reads that history does not tell.
func heldText(h backtest.Held) string {
	out := partName(h.Part)
	if h.Share > 0 {
		out += " (" + Percent(h.Share) + " of the score)"
	}
	out += " read what history does not tell"
	if len(h.Inputs) > 0 {
		out += ", held at its present value: " + strings.Join(h.Inputs, ", ")
	}
	if len(h.Signals) > 0 {
		out += "; signals, which are missing: " + strings.Join(h.Signals, ", ")
	}
	return out + "."
}

// partName is a part of a policy in the plural.
func partName(part string) string {
	switch part {
	case "lanes":
		return "the rules of the lanes"
	case "effort":
		return "the inputs of effort"
	}
	return "the inputs of " + part
}

// some writes an item about a number, unless it is 0.
func (d *document) some(n int, format, one, many string) {
	switch n {
	case 0:
	case 1:
		d.item(none, format, "1 "+one)
	default:
		d.item(none, format, fmt.Sprint(n)+" "+many)
	}
}

// asSentence gives a note its capital and its full stop.
func asSentence(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + strings.TrimSuffix(s[n:], ".") + "."
}

func quoted(list []string) string {
	out := make([]string, len(list))
	for n, s := range list {
		out[n] = fmt.Sprintf("%q", s)
	}
	return strings.Join(out, ", ")
}

// WriteText implements Texter.
func (p PolicyDiff) WriteText(w io.Writer, s Style) error {
	d := &document{Style: s}
	if len(p.Changes) == 0 {
		d.line("The policies have the same settings.")
	} else {
		d.heading("Settings that differ")
		for _, c := range p.Changes {
			d.item(bold, "%s", c.Path)
			d.para(4, none, "- "+given(c.From))
			d.para(4, none, "+ "+given(c.To))
		}
	}
	d.comparison(p.Comparison, 0)
	for _, n := range p.Notes {
		d.item(yellow, "%s", asSentence(n))
	}
	return d.writeTo(w)
}

func given(v string) string {
	if v == "" {
		return "(not given)"
	}
	return strings.Join(strings.Fields(v), " ")
}
