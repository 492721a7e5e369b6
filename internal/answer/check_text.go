package answer

import (
	"cmp"
	"fmt"
	"io"
)

// WriteText shows the findings by source, each with what to do about it.
func (c Check) WriteText(w io.Writer, s Style) error {
	d := &document{Style: s}
	source := "\x00"
	for _, f := range c.Findings {
		if f.Source != source {
			source = f.Source
			d.heading(cmp.Or(source, "configuration"))
		}
		mark, c := levelMark(f.Level)
		d.item(c, "%s %s: %s", mark, f.What, f.Text)
		if f.Fix != "" {
			d.para(6, none, "→ "+f.Fix)
		}
	}
	d.blank()
	d.line("%s: %d failed, %s.", Count(len(c.Findings), "check"), c.Failed, Count(c.Warnings, "warning"))
	return d.writeTo(w)
}

func levelMark(level string) (string, color) {
	switch level {
	case LevelOK:
		return "✓", green
	case LevelWarning:
		return "!", yellow
	}
	return "✗", red
}

// WriteText shows each test, with the problems of those that failed.
func (p PolicyTests) WriteText(w io.Writer, s Style) error {
	d := &document{Style: s}
	for _, t := range p.Tests {
		mark, c := levelMark(LevelOK)
		if len(t.Problems) > 0 {
			mark, c = levelMark(LevelFailed)
		}
		d.para(0, c, mark+" "+t.Name)
		for _, problem := range t.Problems {
			d.para(4, none, problem)
		}
	}
	d.blank()
	for _, rule := range p.Unhit {
		d.para(0, faint, "never true in any test: "+rule)
	}
	d.line("%s: %d passed, %d failed.", Count(len(p.Tests), "test"), p.Passed, p.Failed)
	return d.writeTo(w)
}

// WriteText shows what the state file holds.
func (x StateStats) WriteText(w io.Writer, s Style) error {
	d := &document{Style: s}
	t := &table{columns: []column{
		{head: "SOURCE"}, {head: "ISSUES", right: true}, {head: "OPEN", right: true}, {head: "OUTSTANDING", right: true},
		{head: "PARKED", right: true},
	}}
	for _, r := range x.Sources {
		t.row(text(r.Source), text(fmt.Sprint(r.Issues)), text(fmt.Sprint(r.Open)), text(fmt.Sprint(r.Outstanding)),
			cell{fmt.Sprint(r.Parked), warnAbove(r.Parked, 0)})
	}
	d.table(t)
	d.blank()
	d.line("%s: %s (%s free), schema %d, %s, %s with %s.", x.Path, bytes(x.SizeBytes), bytes(x.FreeBytes), x.Schema,
		Count(x.Decisions, "logged decision"), Count(x.Plans, "plan"), Count(x.Entries, "change"))
	if x.Damaged > 0 {
		d.para(0, red, fmt.Sprintf("%s cannot be read and will be pulled again.", Count(x.Damaged, "value")))
	}
	return d.writeTo(w)
}

// bytes writes a size in binary units.
func bytes(n int64) string {
	const unit = 1024
	if n < unit {
		return fmt.Sprintf("%d B", n)
	}
	x, i := float64(n)/unit, 0
	for ; x >= unit && i < 3; i++ {
		x /= unit
	}
	return fmt.Sprintf("%.1f %s", x, [...]string{"KiB", "MiB", "GiB", "TiB"}[i])
}
