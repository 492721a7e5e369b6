package answer

import (
	"fmt"
	"io"
	"strings"

	"github.com/lanekeeper/lanekeeper/internal/issue"
)

// WriteText shows the changes, each source, how the issues are spread, and one
// closing sentence.
func (c Cycle) WriteText(w io.Writer, s Style) error {
	d := &document{Style: s}
	d.changes(c.Changes)
	if c.Unlisted > 0 {
		d.item(none, "and changes of %d more issues; --json lists all of them", c.Unlisted)
	}
	d.cycleSources(c)
	d.troubles(c)
	if len(c.Lanes) > 0 {
		d.heading("Lanes")
		d.lanes(c.Lanes)
		d.marks(c.Marks)
	}
	if len(c.LeastCertain) > 0 {
		d.heading("Least certain")
		d.leastCertain(c.LeastCertain)
	}
	d.blank()
	d.line("%s", c.Summary())
	return d.writeTo(w)
}

// mostTroubles is how many failed changes are spelt out.
const mostTroubles = 20

// troubles says in full what the tables may have cut: errors of sources and of
// changes.
func (d *document) troubles(c Cycle) {
	var list []string
	for _, s := range c.Sources {
		if s.Error != "" {
			list = append(list, s.Source+": "+string(s.Error))
		}
	}
	for _, ch := range c.Changes {
		if ch.Error != "" {
			list = append(list, fmt.Sprintf("%s %s: %s", ch.Ref, ch.Field, ch.Error))
		}
	}
	if len(list) == 0 {
		return
	}
	d.heading("What went wrong")
	for _, t := range list[:min(len(list), mostTroubles)] {
		d.item(red, "%s", t)
	}
	if more := len(list) - mostTroubles; more > 0 {
		d.item(none, "and %d more; --json lists all of them", more)
	}
}

// Summary closes the answer of plan and once in a sentence or two.
func (c Cycle) Summary() string {
	var b strings.Builder
	b.WriteString(c.outcome())
	if c.Paused {
		b.WriteString(" Writes are paused: `lanekeeper resume` lets them go on.")
	}
	for _, s := range c.Sources {
		if s.Held != "" && s.Plan != "" {
			fmt.Fprintf(&b, " %s is held: `lanekeeper approve %s` lets it go on.", s.Source, s.Plan)
		}
	}
	if sources, _ := c.Failures(); sources > 0 {
		fmt.Fprintf(&b, " %s could not be finished.", Count(sources, "source"))
	}
	return b.String()
}

// outcome says what the changes come to.
func (c Cycle) outcome() string {
	open := 0
	for _, s := range c.Sources {
		open += s.Issues
	}
	if len(c.Changes) == 0 {
		return fmt.Sprintf("Nothing to change on %s.", Count(open, "open issue"))
	}
	if c.Unlisted > 0 {
		changed := 0
		for _, s := range c.Sources {
			changed += s.Changed
		}
		return fmt.Sprintf("Changes on %d of %s.", changed, Count(open, "open issue"))
	}
	refs := map[string]bool{}
	planned := false
	for _, ch := range c.Changes {
		refs[ch.Ref] = true
		planned = planned || ch.Status == Planned
	}
	text := fmt.Sprintf("%s on %d of %s: %s.", Count(len(c.Changes), "change"), len(refs), Count(open, "open issue"), tally(c.Changes))
	switch {
	case c.DryRun && planned:
		text += " Nothing was written; `lanekeeper once` writes what is planned."
	case c.DryRun:
		text += " Nothing was written."
	}
	return text
}

// tally counts changes by status in a fixed order: "10 applied, 1 failed".
func tally(list []Change) string {
	counts := map[Status]int{}
	for _, c := range list {
		counts[c.Status]++
	}
	var parts []string
	for _, st := range []Status{
		Applied, Planned, Observed, Suggested, Held, Paused, Parked, Refused, Failed, Superseded, Reverted, Kept,
	} {
		if n := counts[st]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, st))
		}
	}
	return strings.Join(parts, ", ")
}

func (d *document) changes(list []Change) {
	t := &table{columns: []column{
		{head: "ISSUE"}, {head: "FIELD"}, {head: "FROM"}, {head: "TO"}, {head: "STATUS"}, {head: "REASON", flex: true},
	}}
	for _, c := range list {
		from, to := c.Values()
		reason := c.Reason
		if c.Error != "" {
			reason = c.Error
		}
		t.row(text(c.Ref), text(string(c.Field)), cell{from, faint}, cell{to, bold},
			cell{string(c.Status), statusColor(c.Status)}, text(reason))
	}
	d.table(t)
}

// Values are the two sides of a change as people read them. Of a comment the
// change holds only a fingerprint.
func (c Change) Values() (from, to string) {
	if c.Field != issue.FieldComment {
		return orDash(c.From), orDash(c.To)
	}
	switch c.Op {
	case issue.Set:
		return "–", "new comment"
	case issue.Clear:
		return "comment", "–"
	}
	return "comment", "new text"
}

func (d *document) cycleSources(c Cycle) {
	t := &table{columns: []column{
		{head: "SOURCE"}, {head: "MODE"}, {head: "OPEN", right: true}, {head: "CHANGED", right: true},
		{head: "PARKED", right: true}, {head: "RESULT", flex: true},
	}}
	for _, s := range c.Sources {
		result := cell{"ok", green}
		switch {
		case s.Error != "":
			result = cell{string(s.Error), red}
		case s.Held != "":
			result = cell{"held: " + s.Held, yellow}
		}
		mode := s.Mode
		if mode == "" {
			mode = c.Mode
		}
		t.row(text(s.Source), text(mode), text(fmt.Sprint(s.Issues)), text(fmt.Sprint(s.Changed)),
			cell{fmt.Sprint(s.Parked), warnAbove(s.Parked, 0)}, result)
	}
	if len(c.Changes) > 0 {
		d.blank()
	}
	d.table(t)
	d.line("policy %s", orDash(ShortHash(c.PolicyHash)))
}

// warnAbove colours a count that should be small.
func warnAbove(n, limit int) color {
	if n > limit {
		return yellow
	}
	return none
}

func (d *document) leastCertain(items []Item) {
	t := &table{columns: []column{
		{head: "ISSUE"}, {head: "LANE"}, {head: "SCORE", right: true}, {head: "CONFIDENCE", right: true},
		{head: "MISSING", flex: true}, {head: "TITLE", flex: true},
	}}
	for _, i := range items {
		t.row(text(i.Ref), text(orDash(i.Lane)), text(fixed(i.Score)), cell{Percent(i.Confidence), yellow},
			text(orDash(strings.Join(i.Missing, ", "))), text(i.Title))
	}
	d.table(t)
}
