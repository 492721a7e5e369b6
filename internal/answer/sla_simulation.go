package answer

import (
	"fmt"
	"io"
	"time"
)

// SLASimulation is the answer of sla simulate: how issues of the past would have
// stood with the SLAs of a policy.
type SLASimulation struct {
	File   string    `json:"file"`
	Policy string    `json:"policy"`
	Since  time.Time `json:"since"`
	Until  time.Time `json:"until"`
	Issues int       `json:"issues"`
	// Targets are those of each SLA, by name.
	Targets []SimulatedTarget `json:"targets"`
	Notes   []string          `json:"notes"`
}

// SimulatedTarget is one target of an SLA over the period.
type SimulatedTarget struct {
	SLA    string `json:"sla"`
	Target string `json:"target"` // respond or resolve
	Met    int    `json:"met"`    // done in time, within the period
	// Breached are those whose time ran out within the period.
	Breached int `json:"breached"`
	// Running are those that were neither by its end; Left those that the SLA did
	// not hold for any more.
	Running int `json:"running"`
	Left    int `json:"left"`
	Unknown int `json:"unknown"`
	// Attainment is met of met and breached; null where there is neither.
	Attainment *float64    `json:"attainment"`
	Breaches   []SLABreach `json:"breaches"` // by time
	Reasons    []Reason    `json:"unknown_because"`
}

// SLABreach is one issue whose time ran out.
type SLABreach struct {
	Key      string    `json:"key"`
	Title    string    `json:"title"`
	At       time.Time `json:"at"`
	Elapsed  float64   `json:"elapsed_hours"` // of the calendar, by the end
	Promised float64   `json:"target_hours"`
	State    string    `json:"state"`
	Why      string    `json:"why"`
}

func (a SLASimulation) normal() any {
	a.Targets, a.Notes = some(a.Targets), some(a.Notes)
	for n := range a.Targets {
		a.Targets[n].Breaches, a.Targets[n].Reasons = some(a.Targets[n].Breaches), some(a.Targets[n].Reasons)
	}
	return a
}

// breachesShown is how many breaches a text names.
const breachesShown = 10

// WriteText implements Texter.
func (a SLASimulation) WriteText(w io.Writer, s Style) error {
	d := &document{Style: s}
	d.line("%s: %s from %s to %s under the policy %s.", a.File, Count(a.Issues, "issue"), d.Stamp(a.Since), d.Stamp(a.Until), a.Policy)
	for _, n := range a.Notes {
		d.item(yellow, "%s.", n)
	}
	t := &table{columns: []column{{head: "SLA", flex: true}, {head: "TARGET"}, {head: "MET", right: true}, {head: "BREACHED", right: true},
		{head: "ATTAINED", right: true}, {head: "RUNNING", right: true}, {head: "LEFT", right: true}, {head: "UNKNOWN", right: true}}}
	for _, x := range a.Targets {
		attained := "-"
		if x.Attainment != nil {
			attained = fmt.Sprintf("%.0f %%", 100**x.Attainment)
		}
		t.row(text(x.SLA), text(x.Target), text(fmt.Sprint(x.Met)), text(fmt.Sprint(x.Breached)), text(attained),
			text(fmt.Sprint(x.Running)), text(fmt.Sprint(x.Left)), text(fmt.Sprint(x.Unknown)))
	}
	d.blank()
	d.table(t)
	for _, x := range a.Targets {
		d.simulated(x)
	}
	return d.writeTo(w)
}

func (d *document) simulated(x SimulatedTarget) {
	if len(x.Breaches) > 0 {
		d.heading(fmt.Sprintf("%s, %s: breached", x.SLA, x.Target))
	}
	for _, b := range x.Breaches[:min(len(x.Breaches), breachesShown)] {
		d.item(red, "%s %s: %s", b.Key, b.Title, b.Why)
	}
	if more := len(x.Breaches) - breachesShown; more > 0 {
		d.para(2, faint, fmt.Sprintf("and %d more; --json has all", more))
	}
	for _, r := range x.Reasons {
		d.item(yellow, "%d × unknown: %s", r.Count, r.Reason)
	}
}
