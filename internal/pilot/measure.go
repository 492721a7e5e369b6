package pilot

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/lanekeeper/lanekeeper/internal/issue"
)

// Measure is one number of the report, with how it is counted and what it must
// be.
type Measure struct {
	Name   string `json:"name"`
	Title  string `json:"title"`
	Method string `json:"method"`
	Unit   Unit   `json:"unit"`
	// Before is the baseline, After the pilot; null: nothing to count.
	Before  *Value   `json:"before"`
	After   *Value   `json:"after"`
	Target  float64  `json:"target"`
	Stop    *float64 `json:"stop"` // null: it never stops a pilot alone
	Verdict Verdict  `json:"verdict"`
	Why     string   `json:"why"`
}

// Value is a number and how many cases it rests on.
type Value struct {
	Value float64 `json:"value"`
	Of    int     `json:"of"`
}

// Unit is what a measure is counted in.
type Unit string

// The units. The limits of one in days are ratios: the pilot to its baseline.
const (
	Share Unit = "share" // 0 to 1
	Days  Unit = "days"
)

// Verdict is what a measure says about the pilot.
type Verdict string

// The verdicts.
const (
	Met     Verdict = "met"
	Missed  Verdict = "missed" // the target
	Failed  Verdict = "failed" // beyond the limit at which to stop
	Unknown Verdict = "too_little_data"
)

// Limits replace the built-in ones.
type Limits struct {
	// Least is how many cases a measure needs; 0 is DefaultLeast.
	Least int
	// Targets and Stops are by the name of the measure.
	Targets, Stops map[string]float64
}

// DefaultLeast is how many cases a measure needs where nothing is said.
const DefaultLeast = 10

// returnSpan is within which time a lane that an issue had left is a return.
const returnSpan = 7 * 24 * time.Hour

// kind is what is fixed about a measure.
type kind struct {
	Measure
	stop   float64 // 0: none
	higher bool    // is better
	// inherited measures are met too where they are no worse than before.
	inherited bool
	of        string // what is counted
}

var kinds = []kind{
	{Measure: Measure{Name: "overrides", Title: "Changes that people overruled", Unit: Share, Target: .1,
		Method: "values that people set over what lanekeeper wrote, of the values it wrote"}, stop: .3, of: "change"},
	{Measure: Measure{Name: "undone", Title: "Changes that were undone", Unit: Share, Target: .05,
		Method: "values that an undo took back, of the values that lanekeeper wrote"}, stop: .2, of: "change"},
	{Measure: Measure{Name: "accepted", Title: "Proposals that were accepted", Unit: Share, Target: .7,
		Method: "fields of proposals that people accepted, of those that they accepted or rejected"}, stop: .4, higher: true, of: "answer"},
	{Measure: Measure{Name: "contested", Title: "Contested moves", Unit: Share, Target: .05,
		Method: "moves of a lane by people who may not decide about it, of the lanes that lanekeeper wrote"}, of: "lane change"},
	{Measure: Measure{Name: "sla", Title: "SLA targets that were reached", Unit: Share, Target: .8,
		Method: "SLA targets reached in time, of those that were reached or ran out; met too where it is no worse than before"}, stop: .5, higher: true, inherited: true, of: "SLA target"},
	{Measure: Measure{Name: "lead_time", Title: "Lead time to close", Unit: Days, Target: 1.1,
		Method: "median days from creation to close of the issues closed in the period; the limits are the ratio of the pilot to its baseline"}, stop: 1.5, of: "closed issue"},
	{Measure: Measure{Name: "urgent_high", Title: "Open issues that are urgent or high", Unit: Share, Target: .3,
		Method: "of the open issues, at the start of the pilot and now; the start is the present priority taken back through what lanekeeper wrote and people changed; met too where it is no worse than at the start"}, inherited: true, of: "open issue"},
	{Measure: Measure{Name: "unsorted", Title: "Open issues that no rule took", Unit: Share, Target: .1,
		Method: "open issues in the policy's last lane, of those that were decided, at the start of the pilot and now"}, of: "open issue"},
	{Measure: Measure{Name: "flaps", Title: "Returns to a lane", Unit: Share, Target: .05,
		Method: "decisions that put an issue back into a lane that it had left less than 7 days before, of all logged decisions"}, of: "decision"},
}

// Names lists the measures.
func Names() []string {
	out := make([]string, len(kinds))
	for n, k := range kinds {
		out[n] = k.Name
	}
	return out
}

// Check reports limits of measures that there are none of, and those that are no
// share or ratio.
func (l Limits) Check() error {
	for _, m := range []map[string]float64{l.Targets, l.Stops} {
		for name, v := range m {
			switch {
			case !slices.Contains(Names(), name):
				return fmt.Errorf("there is no measure %q: want one of %s", name, strings.Join(Names(), ", "))
			case math.IsNaN(v) || v < 0 || v > 100:
				return fmt.Errorf("the limit %v of %s: want a share such as 0.1, for lead_time a ratio such as 1.2", v, name)
			}
		}
	}
	if l.Least < 0 {
		return fmt.Errorf("at least %d cases: want 1 or more", l.Least)
	}
	return nil
}

func (in *Input) measures(before, after span) []Measure {
	b, a := in.count(before), in.count(after)
	lanes := func(s span) (n int) {
		for _, c := range in.Changes {
			n += one(s.has(c.At) && c.Field == issue.FieldLane)
		}
		return n
	}
	values := map[string][2]*Value{
		"overrides":   {part(b.Overrides, b.Changes), part(a.Overrides, a.Changes)},
		"undone":      {part(b.Undone, b.Changes), part(a.Undone, a.Changes)},
		"accepted":    {part(b.Accepted, b.Accepted+b.Rejected), part(a.Accepted, a.Accepted+a.Rejected)},
		"contested":   {part(b.Contested, lanes(before)), part(a.Contested, lanes(after))},
		"sla":         {in.attained(before), in.attained(after)},
		"lead_time":   {leadOf(in.times(before, nil)), leadOf(in.times(after, nil))},
		"urgent_high": {in.urgent(in.Since), in.urgent(in.Now)},
		"unsorted":    {in.unsorted(in.Since), in.unsorted(in.Now)},
		"flaps":       {in.returns(before, b.Decisions), in.returns(after, a.Decisions)},
	}
	out := []Measure{}
	for _, k := range kinds {
		k.Before, k.After = values[k.Name][0], values[k.Name][1]
		out = append(out, k.judge(in.Limits))
	}
	return out
}

// judge compares a measure with its limits.
func (k kind) judge(l Limits) Measure {
	m := k.Measure
	if t, ok := l.Targets[k.Name]; ok {
		m.Target = t
	}
	if k.stop > 0 {
		m.Stop = &k.stop
	}
	if s, ok := l.Stops[k.Name]; ok {
		m.Stop = &s
	}
	least := l.Least
	if least == 0 {
		least = DefaultLeast
	}
	m.Verdict = Unknown
	switch {
	case m.After == nil || m.After.Of < least:
		m.Why = fmt.Sprintf("too little data in the pilot: %s, and %d are needed", counted(m.After, k.of), least)
		return m
	case m.Unit == Days && (m.Before == nil || m.Before.Of < least):
		m.Why = fmt.Sprintf("too little data in the baseline: %s, and %d are needed", counted(m.Before, k.of), least)
		return m
	case m.Unit == Days && m.Before.Value == 0:
		m.Why = "the baseline is 0 days: there is no ratio to it"
		return m
	}
	x := m.After.Value
	what := fmt.Sprintf("%.0f %% of %s", 100*x, counted(m.After, k.of))
	limit := func(v float64) string { return fmt.Sprintf("%.3g %%", 100*v) }
	if m.Unit == Days {
		x = round(m.After.Value / m.Before.Value)
		what = fmt.Sprintf("%.1f days over %s, %.2f times the baseline of %.1f", m.After.Value, counted(m.After, k.of), x, m.Before.Value)
		limit = func(v float64) string { return fmt.Sprintf("%.3g times", v) }
	}
	better := func(a, b float64) bool { return a == b || (a > b) == k.higher }
	bound := map[bool]string{true: "at least", false: "at most"}[k.higher]
	asBefore := k.inherited && m.Before != nil && m.Before.Of >= least && better(x, m.Before.Value)
	switch {
	case better(x, m.Target):
		m.Verdict, m.Why = Met, fmt.Sprintf("%s; %s %s was wanted", what, bound, limit(m.Target))
	case asBefore:
		m.Verdict, m.Why = Met, fmt.Sprintf("%s; no worse than the %.0f %% before", what, 100*m.Before.Value)
	case m.Stop != nil && !better(x, *m.Stop):
		m.Verdict, m.Why = Failed, fmt.Sprintf("%s; %s %s is the limit at which to stop", what, bound, limit(*m.Stop))
	default:
		m.Verdict, m.Why = Missed, fmt.Sprintf("%s; %s %s was wanted", what, bound, limit(m.Target))
	}
	return m
}

func counted(v *Value, noun string) string {
	switch {
	case v == nil:
		return "no " + noun
	case v.Of == 1:
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", v.Of, noun)
}

// part is nil of nothing.
func part(n, of int) *Value {
	if of == 0 {
		return nil
	}
	return &Value{Value: round(float64(n) / float64(of)), Of: of}
}

// round keeps three decimals, so that the report is stable to read.
func round(x float64) float64 { return math.Round(x*1000) / 1000 }

func leadOf(t Times) *Value {
	if t.Lead == nil {
		return nil
	}
	return &Value{Value: *t.Lead, Of: t.Closed}
}

func (in *Input) attained(s span) *Value {
	met, all := 0, 0
	for _, c := range in.Clocks {
		met, all = met+one(s.has(c.At) && c.Met), all+one(s.has(c.At))
	}
	return part(met, all)
}

// openAt tells whether an issue was open at a moment.
func (i *Issue) openAt(t time.Time) bool {
	return !i.Created.After(t) && (i.Open || i.Closed.After(t))
}

// urgent is the share of urgent and high issues at a moment, from the present
// back.
func (in *Input) urgent(t time.Time) *Value {
	first := map[string]move{} // of an issue's priority since then
	note := func(at time.Time, id string, f issue.Field, from string) {
		if f != issue.FieldPriority || at.Before(t) {
			return
		}
		if m, ok := first[id]; !ok || at.Before(m.at) {
			p, _ := issue.ParsePriority(from) // "" is none
			first[id] = move{at, p}
		}
	}
	for _, c := range in.Changes {
		note(c.At, c.Issue, c.Field, c.From)
	}
	for _, a := range in.Acts {
		if a.Kind == Overrode || a.Kind == Undid {
			note(a.At, a.Issue, a.Field, a.From)
		}
	}
	high, all := 0, 0
	for _, i := range in.Issues {
		if !i.openAt(t) {
			continue
		}
		p := i.Priority
		if m, ok := first[i.ID]; ok {
			p = m.from
		}
		high, all = high+one(p >= issue.High), all+1
	}
	return part(high, all)
}

// move is a priority that was changed.
type move struct {
	at   time.Time
	from issue.Priority
}

// unsorted is the share of the last lane at a moment.
func (in *Input) unsorted(t time.Time) *Value {
	lane := map[string]string{}
	for _, d := range in.Decisions {
		if !d.At.After(t) {
			lane[d.Issue] = d.Lane
		}
	}
	last, all := 0, 0
	for _, i := range in.Issues {
		l, decided := lane[i.ID]
		if !decided && t.Equal(in.Now) && i.Lane != "" { // decided before the log begins
			l, decided = i.Lane, true
		}
		if decided && i.openAt(t) {
			last, all = last+one(len(in.Lanes) > 0 && l == in.Lanes[len(in.Lanes)-1]), all+1
		}
	}
	return part(last, all)
}

// returns counts the decisions that put an issue back where it had just been.
func (in *Input) returns(s span, of int) *Value {
	left := map[[2]string]time.Time{} // when an issue left a lane
	lane := map[string]string{}
	n := 0
	for _, d := range in.Decisions {
		was, known := lane[d.Issue]
		if known && was != d.Lane {
			left[[2]string{d.Issue, was}] = d.At
			if at, ok := left[[2]string{d.Issue, d.Lane}]; ok && d.At.Sub(at) < returnSpan && s.has(d.At) {
				n++
			}
		}
		lane[d.Issue] = d.Lane
	}
	return part(n, of)
}
