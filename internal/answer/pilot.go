package answer

import (
	"fmt"
	"io"

	"github.com/lanekeeper/lanekeeper/internal/pilot"
)

// Pilot is the end report of a pilot.
type Pilot struct{ pilot.Report }

// WriteText shows the recommendation first, then what it rests on.
func (p Pilot) WriteText(w io.Writer, s Style) error {
	d := &document{Style: s}
	name := p.Source
	if p.Project != "" {
		name += "/" + p.Project
	}
	d.line("Pilot of %s from %s to %s; baseline from %s.", name, s.Stamp(p.Since), s.Stamp(p.Until), s.Stamp(p.Baseline))
	d.blank()
	d.para(0, recommendationColor(p.Recommendation), recommendationWords[p.Recommendation])
	for _, b := range p.Because {
		d.item(none, "%s", b)
	}
	d.pilotMeasures(p.Measures)
	d.pilotLanes(p.Lanes)
	d.heading("What happened")
	t := &table{columns: []column{{head: "PERIOD"}, {head: "DECISIONS", right: true}, {head: "CHANGES", right: true}, {head: "OVERRIDES", right: true}, {head: "UNDONE", right: true},
		{head: "ACCEPTED", right: true}, {head: "REJECTED", right: true}, {head: "CONTESTED", right: true}, {head: "CLOSED", right: true}}, indent: 2}
	for n, c := range []pilot.Counts{p.Before, p.After} {
		row := []cell{text([]string{"baseline", "pilot"}[n])}
		for _, x := range []int{c.Decisions, c.Changes, c.Overrides, c.Undone, c.Accepted, c.Rejected, c.Contested, c.Closed} {
			row = append(row, text(fmt.Sprint(x)))
		}
		t.row(row...)
	}
	d.table(t)
	d.heading("How each number is counted")
	for _, m := range p.Measures {
		d.item(faint, "%s: %s.", m.Name, m.Method)
	}
	for _, n := range p.Notes {
		d.item(yellow, "%s", n)
	}
	return d.writeTo(w)
}

var recommendationWords = map[pilot.Recommendation]string{
	pilot.Keep:      "Recommendation: keep. Every measure that has enough data met its target:",
	pilot.Adjust:    "Recommendation: adjust the policy, and go on. These missed their targets:",
	pilot.Stop:      "Recommendation: stop. Beyond their limits are:",
	pilot.Undecided: "No recommendation yet:",
}

func recommendationColor(r pilot.Recommendation) color {
	switch r {
	case pilot.Keep:
		return green
	case pilot.Stop:
		return red
	}
	return yellow
}

func (d *document) pilotMeasures(list []pilot.Measure) {
	d.heading("Measures")
	t := &table{columns: []column{{head: "MEASURE"}, {head: "BEFORE", right: true}, {head: "AFTER", right: true}, {head: "OF", right: true}, {head: "TARGET", right: true},
		{head: "STOP", right: true}, {head: "VERDICT"}, {head: "WHAT", flex: true}}, indent: 2}
	for _, m := range list {
		verdict := map[pilot.Verdict]cell{pilot.Met: {"met", green}, pilot.Missed: {"missed", yellow}, pilot.Failed: {"failed", red}, pilot.Unknown: {"too little data", faint}}[m.Verdict]
		of := "–"
		if m.After != nil {
			of = fmt.Sprint(m.After.Of)
		}
		stop := "–"
		if m.Stop != nil {
			stop = pilotLimit(m.Unit, *m.Stop)
		}
		t.row(cell{m.Name, cyan}, text(pilotValue(m.Unit, m.Before)), text(pilotValue(m.Unit, m.After)), text(of), text(pilotLimit(m.Unit, m.Target)), text(stop), verdict, text(m.Title))
	}
	d.table(t)
}

func pilotValue(u pilot.Unit, v *pilot.Value) string {
	switch {
	case v == nil:
		return "–"
	case u == pilot.Days:
		return Number(v.Value) + " d"
	}
	return Percent(v.Value)
}

// pilotLimit shows a limit; that of days is a ratio to the baseline.
func pilotLimit(u pilot.Unit, x float64) string {
	if u == pilot.Days {
		return "× " + Number(x)
	}
	return Percent(x)
}

func (d *document) pilotLanes(list []pilot.Lane) {
	d.heading("Days to close, by lane (medians)")
	t := &table{columns: []column{{head: "LANE"}, {head: "CLOSED BEFORE", right: true}, {head: "LEAD", right: true}, {head: "CYCLE", right: true},
		{head: "CLOSED AFTER", right: true}, {head: "LEAD", right: true}, {head: "CYCLE", right: true}}, indent: 2}
	days := func(x *float64) cell {
		if x == nil {
			return text("–")
		}
		return text(Number(*x))
	}
	for _, l := range list {
		name := l.Lane
		if name == "" {
			name = "never decided"
		}
		t.row(cell{name, cyan}, text(fmt.Sprint(l.Before.Closed)), days(l.Before.Lead), days(l.Before.Cycle), text(fmt.Sprint(l.After.Closed)), days(l.After.Lead), days(l.After.Cycle))
	}
	d.table(t)
}
