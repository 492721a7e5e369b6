package answer

import (
	"fmt"
	"io"
	"strings"
)

// WriteText shows one line for each decision and change, newest first.
func (h History) WriteText(w io.Writer, s Style) error {
	d := &document{Style: s}
	d.para(0, bold, headline(h.Ref, h.Title))
	d.blank()
	t := &table{columns: []column{{head: "WHEN"}, {head: "WHAT"}, {head: "FROM → TO", flex: true}, {head: "WHY", flex: true}}}
	decisions, changes := 0, 0
	for _, e := range h.Events {
		if m := e.Decision; m != nil {
			decisions++
			t.row(cell{s.Stamp(e.At), faint}, cell{"decided", moveColor(m.Move)}, text(m.Words()), text(m.Reason()))
			continue
		}
		changes++
		c := e.Change
		from, to := c.Values()
		t.row(cell{s.Stamp(e.At), faint}, cell{string(c.Field) + " " + string(c.Status), statusColor(c.Status)},
			text(from+" → "+to), text(c.Why()))
	}
	d.table(t)
	if len(h.Events) > 0 {
		d.blank()
	}
	d.line("%s, %s%s.", Count(decisions, "decision"), Count(changes, "change"), older(h.Truncated))
	return d.writeTo(w)
}

func older(truncated bool) string {
	if truncated {
		return "; older ones are not shown"
	}
	return ""
}

// Why is the reason of a change, with the error of one that failed.
func (c Change) Why() string {
	if c.Error != "" {
		return c.Error
	}
	return c.Reason
}

// Words says what a decision changed: "feature → hotfix, high → urgent, score 61 → 88".
func (m Moved) Words() string {
	if m.Undecided != "" {
		return "undecided"
	}
	if m.From.Lane == "" {
		return fmt.Sprintf("new in %s, %s, score %s", m.To.Lane, m.To.Priority, Number(m.To.Score))
	}
	var parts []string
	if m.From.Lane != m.To.Lane {
		parts = append(parts, m.From.Lane+" → "+m.To.Lane)
	}
	if m.From.Priority != m.To.Priority {
		parts = append(parts, fmt.Sprintf("%s → %s", m.From.Priority, m.To.Priority))
	}
	if m.From.Score != m.To.Score {
		parts = append(parts, fmt.Sprintf("score %s → %s", Number(m.From.Score), Number(m.To.Score)))
	}
	if len(parts) == 0 {
		return "stays in " + m.To.Lane
	}
	return strings.Join(parts, ", ")
}

// Reason says what led to a decision and which rule made it.
func (m Moved) Reason() string {
	var parts []string
	if m.Undecided != "" {
		parts = append(parts, m.Undecided)
	}
	if m.Cause != "" {
		parts = append(parts, m.Cause)
	}
	if m.Rule != "" {
		parts = append(parts, "rule "+m.Rule)
	}
	return strings.Join(parts, "; ")
}

func moveColor(m Move) color {
	switch m {
	case MovedUp:
		return red
	case MovedDown:
		return green
	}
	return cyan
}

// WriteText shows one line for each decision, newest first.
func (l Decisions) WriteText(w io.Writer, s Style) error {
	d := &document{Style: s}
	t := &table{columns: []column{
		{head: "WHEN"}, {head: "ISSUE"}, {head: "MOVE"}, {head: "FROM → TO", flex: true}, {head: "WHY", flex: true},
	}}
	for _, m := range l.Decisions {
		t.row(cell{s.Stamp(m.At), faint}, text(m.Ref), cell{orDash(string(m.Move)), moveColor(m.Move)}, text(m.Words()), text(m.Reason()))
	}
	d.table(t)
	if len(l.Decisions) > 0 {
		d.blank()
	}
	more := ""
	if l.Next != "" {
		more = "; more with the cursor " + l.Next
	}
	d.line("%s%s.", Count(len(l.Decisions), "decision"), more)
	return d.writeTo(w)
}
