package policy

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"cel.dev/cel-go/common/types"

	"github.com/lanekeeper/lanekeeper/internal/issue"
)

// Decide evaluates one open issue. The same input always gives the same
// decision. The memory returned is to be stored in place of in.Memory; it is
// in.Memory itself where nothing was decided or the lane wants more confidence.
func (p *Policy) Decide(in Input) (Decision, Memory) {
	r := p.begin(in)
	defer p.end(r)
	return p.decide(r, in)
}

func (p *Policy) begin(in Input) *run {
	r := p.runs.Get().(*run)
	r.issue, r.signals = in.Issue, in.Signals
	r.now = types.Timestamp{Time: in.Now.UTC()}
	r.lane = types.String(in.Memory.Lane)
	return r
}

func (p *Policy) end(r *run) {
	clear(r.slots)
	*r = run{cells: r.cells, slots: r.slots, miss: r.miss[:0], stale: r.stale[:0]}
	p.runs.Put(r)
}

func (p *Policy) decide(r *run, in Input) (Decision, Memory) {
	d := Decision{At: in.Now.UTC(), PolicyHash: p.hash}
	err := p.known(r.issue)
	var l *lane
	if err == nil {
		err = p.score(r, &d)
	}
	if err == nil {
		err = p.effortOf(r, &d)
	}
	if err == nil {
		l, err = p.matchLane(r, &d, in.Memory.Lane)
	}
	d.Inputs = p.inputs(r)
	if p.readsNow {
		d.Next = d.At.Add(timeStep)
	}
	if err != nil {
		d.Undecided = err.Error()
		return d, in.Memory
	}
	return d, p.settle(&d, l, in)
}

// unknownError tells that a field which the policy reads failed to load.
type unknownError struct{ fields issue.Inputs }

func (e *unknownError) Error() string {
	return "not loaded from the tracker: " + strings.Join(e.fields.Names(), ", ")
}

// known fails where the policy reads a field that failed to load: nothing is
// decided from an unknown field.
func (p *Policy) known(i *issue.Issue) error {
	if lost := i.Unknown & p.needs; lost != 0 {
		return &unknownError{lost}
	}
	return nil
}

// score computes the pillars and their weighted mean.
func (p *Policy) score(r *run, d *Decision) error {
	d.Pillars = make([]Pillar, 0, len(p.pillars))
	sum, known, real := 0.0, 0.0, 0.0
	for k := range p.pillars {
		x := &p.pillars[k]
		out, err := x.value(r)
		if err != nil {
			return err
		}
		d.Pillars = append(d.Pillars, out)
		x.publish(r, out)
		if out.Unknown {
			continue
		}
		// The conversion keeps the compiler from fusing multiply and add, which
		// would give other last bits on other processors.
		sum += float64(x.weight * out.Value)
		known += x.weight
		if !out.Defaulted {
			real += x.weight
		}
	}
	if known == 0 {
		return &evalError{"score", fmt.Errorf("no pillar with a weight has a value: %s", missingText(d.Pillars))}
	}
	d.Score = tidy(sum / known)
	d.Confidence = tidy(real / p.weight)
	r.score = types.Double(d.Score)
	return nil
}

func (x *pillar) value(r *run) (Pillar, error) {
	out := Pillar{Name: x.name, Weight: x.weight}
	v, missing, err := x.expr.number(r)
	if err != nil {
		return out, err
	}
	out.Missing = r.missing()
	switch {
	case missing && x.spec.Default == nil:
		out.Unknown = true
		return out, nil
	case missing:
		v, out.Defaulted = *x.spec.Default, true
	default:
		out.Defaulted = len(out.Missing) > 0
	}
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return out, &evalError{x.expr.path, fmt.Errorf("the result is %v, which is no score", v)}
	}
	out.Value = tidy(clamp(v))
	return out, nil
}

// publish gives the pillar's value to the rules.
func (x *pillar) publish(r *run, out Pillar) {
	switch {
	case x.cell < 0:
	case out.Unknown:
		r.set(x.cell, nil)
	default:
		r.set(x.cell, types.Double(out.Value))
	}
}

func missingText(pillars []Pillar) string {
	var names []string
	for _, x := range pillars {
		names = append(names, x.Missing...)
	}
	slices.Sort(names)
	return strings.Join(slices.Compact(names), ", ") + " not set"
}

func (p *Policy) effortOf(r *run, d *Decision) error {
	v, missing, err := p.effort.expr.number(r)
	if err != nil {
		return err
	}
	usable := !missing && v > 0 && !math.IsInf(v, 1)
	switch {
	case usable:
		d.Effort = tidy(v)
	case p.effort.fallback != nil:
		d.Effort = *p.effort.fallback
	case missing:
		return &evalError{p.effort.expr.path, fmt.Errorf("%s not set, and there is no default", strings.Join(r.missing(), ", "))}
	}
	if d.Effort <= 0 {
		return &evalError{p.effort.expr.path, fmt.Errorf("the result is %v, must be greater than 0", v)}
	}
	r.effort = types.Double(d.Effort)
	return nil
}

// matchLane returns the first lane whose rule holds. The last always does.
func (p *Policy) matchLane(r *run, d *Decision, present string) (*lane, error) {
	d.Rules = make([]RuleResult, len(p.lanes))
	for i := range p.lanes {
		d.Rules[i].Lane = p.lanes[i].spec.Name
	}
	for i := range p.lanes {
		l, out := &p.lanes[i], &d.Rules[i]
		var err error
		if out.Result, err = l.holds(r, present, out); err != nil {
			return nil, err
		}
		if out.Result != No {
			return l, nil
		}
	}
	return nil, &evalError{"lanes", fmt.Errorf("no lane took the issue")}
}

func (l *lane) holds(r *run, present string, out *RuleResult) (Outcome, error) {
	yes, err := l.when.truth(r)
	if err != nil || yes {
		return Yes, err
	}
	out.Missing = r.missing()
	if l.stay == nil || l.spec.Name != present {
		return No, nil
	}
	r.readLane = true // the outcome depends on the present lane
	if yes, err = l.stay.truth(r); err != nil || yes {
		return Stayed, err
	}
	for _, m := range r.missing() {
		if !slices.Contains(out.Missing, m) {
			out.Missing = append(out.Missing, m)
		}
	}
	slices.Sort(out.Missing)
	return No, nil
}

// inputs records what the expressions read, by path.
func (p *Policy) inputs(r *run) []Reading {
	n := 0
	for _, i := range p.readings {
		if r.slots[i].read {
			n++
		}
	}
	out := make([]Reading, 0, n+1)
	for _, i := range p.readings {
		if r.slots[i].read {
			out = append(out, Reading{Path: p.cells[i].path, Value: r.reading(i)})
		}
	}
	if r.readLane {
		out = append(out, Reading{Path: "lane", Value: valueText(r.lane)})
		slices.SortFunc(out, func(a, b Reading) int { return cmp.Compare(a.Path, b.Path) })
	}
	return out
}

// settle turns what the rules want into what is decided, after margins, the
// settle time and the lane's bounds, and returns what to remember.
func (p *Policy) settle(d *Decision, l *lane, in Input) Memory {
	m := in.Memory
	next := m
	l = p.settleLane(d, l, m, &next)
	p.settleBand(d, m, &next)
	p.settleMarks(d, m, &next)

	d.Lane, d.Horizon, d.Mode = l.spec.Name, l.horizon, l.spec.Mode
	d.SLA = l.spec.SLA
	d.own(l, in, &next)
	d.Priority = min(max(d.Band, l.atLeast), l.atMost)
	if d.Confidence < l.spec.MinConfidence {
		d.LowConfidence = true
		d.Holds = append(d.Holds, Hold{
			What: "lane", Wanted: d.Lane, Why: HeldByConfidence, Need: l.spec.MinConfidence, Have: d.Confidence,
		})
		return m
	}
	return next
}

func (p *Policy) settleLane(d *Decision, l *lane, m Memory, next *Memory) *lane {
	wanted := l.spec.Name
	if wanted == m.Lane {
		return l
	}
	if present := p.lane(m.Lane); present != nil && wanted == m.LeftLane {
		if until := m.LaneSince.Add(p.spec.Settle); d.At.Before(until) {
			d.hold(Hold{What: "lane", Wanted: wanted, Why: HeldBySettle, Until: until})
			return present
		}
	}
	next.LeftLane, next.Lane, next.LaneSince = m.Lane, wanted, d.At
	return l
}

// hold notes a hold and comes back when it ends.
func (d *Decision) hold(h Hold) {
	d.Holds = append(d.Holds, h)
	if !h.Until.IsZero() && (d.Next.IsZero() || h.Until.Before(d.Next)) {
		d.Next = h.Until
	}
}

func (p *Policy) lane(name string) *lane {
	i := slices.IndexFunc(p.lanes, func(l lane) bool { return l.spec.Name == name })
	if i < 0 {
		return nil
	}
	return &p.lanes[i]
}

func (p *Policy) settleBand(d *Decision, m Memory, next *Memory) {
	wanted := slices.IndexFunc(p.bands, func(b band) bool { return d.Score >= b.edge })
	wanted = max(wanted, 0)
	present := slices.IndexFunc(p.bands, func(b band) bool { return b.priority == m.Band })
	kept := wanted
	if present >= 0 && wanted != present {
		name := p.bands[wanted].priority.String()
		if need, held := withinMargin(d.Score, wanted < present, p.bands[present].edge, p.upperEdge(present), p.spec.Priority.Margin); held {
			kept = present
			d.hold(Hold{What: "band", Wanted: name, Why: HeldByMargin, Need: need, Have: d.Score})
		} else if until := m.BandSince.Add(p.spec.Settle); p.bands[wanted].priority == m.LeftBand && d.At.Before(until) {
			kept = present
			d.hold(Hold{What: "band", Wanted: name, Why: HeldBySettle, Until: until})
		}
	}
	d.Band = p.bands[kept].priority
	if d.Band != m.Band {
		next.LeftBand, next.Band, next.BandSince = m.Band, d.Band, d.At
	}
}

// upperEdge is the lower edge of the band above; nothing is above the first.
func (p *Policy) upperEdge(i int) float64 {
	if i == 0 {
		return math.Inf(1)
	}
	return p.bands[i-1].edge
}

// withinMargin reports whether a score that left its range did not go far
// enough beyond the edge, and the score that would do. The edges of the scale
// are reachable whatever the margin: 0 and 100 always leave.
func withinMargin(score float64, up bool, lower, upper, margin float64) (need float64, held bool) {
	if up {
		need = min(upper+margin, 100)
		return need, score < need
	}
	need = max(lower-margin, 0)
	return need, score >= need && score > 0
}

func (p *Policy) settleMarks(d *Decision, m Memory, next *Memory) {
	if len(p.marks) == 0 {
		return
	}
	d.Marks = make(map[string]string, len(p.marks))
	for k := range p.marks {
		x := &p.marks[k]
		d.Marks[x.spec.Prefix] = x.settle(d, m.Marks[x.spec.Prefix])
	}
	if !maps.Equal(d.Marks, m.Marks) {
		next.Marks = maps.Clone(d.Marks)
	}
}

func (x *mark) settle(d *Decision, value string) string {
	wanted := slices.IndexFunc(x.bands, func(b markBand) bool { return d.Score >= b.edge })
	wanted = max(wanted, 0)
	present := slices.IndexFunc(x.bands, func(b markBand) bool { return b.value == value })
	if present < 0 || present == wanted {
		return x.bands[wanted].value
	}
	upper := math.Inf(1)
	if present > 0 {
		upper = x.bands[present-1].edge
	}
	if need, held := withinMargin(d.Score, wanted < present, x.bands[present].edge, upper, x.spec.Margin); held {
		d.hold(Hold{What: x.spec.Prefix, Wanted: x.bands[wanted].value, Why: HeldByMargin, Need: need, Have: d.Score})
		return value
	}
	return x.bands[wanted].value
}
