package policy

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/lanekeeper/lanekeeper/internal/issue"
)

// Explanation is a decision in sentences for people, without a full stop.
type Explanation struct {
	// Undecided says why there is no outcome; "" where there is one.
	Undecided  string         `json:"undecided,omitempty"`
	Lane       string         `json:"lane"`
	LaneWhy    string         `json:"why,omitempty"` // the lane's own sentence
	Score      string         `json:"score"`
	Effort     string         `json:"effort"`
	Band       string         `json:"band"`
	Confidence string         `json:"confidence"`
	Pillars    []PillarReason `json:"pillars"` // in the order of their names
	Rules      []RuleReason   `json:"rules"`   // in the order of the lanes
	Holds      []string       `json:"holds,omitempty"`
}

// PillarReason explains one pillar.
type PillarReason struct {
	Name    string  `json:"name"`
	Value   float64 `json:"value"`
	Weight  float64 `json:"weight"` // share of the score, 0..1
	Because string  `json:"because"`
	// Rubric is the text of the highest level that the value reaches.
	Rubric    string `json:"rubric,omitempty"`
	Defaulted bool   `json:"defaulted,omitempty"`
	Unknown   bool   `json:"unknown,omitempty"`
}

// RuleReason explains one lane's rule. Result is yes, no, stays or not tried.
type RuleReason struct {
	Name    string `json:"name"`
	Result  string `json:"result"`
	Because string `json:"because"`
}

func (o Outcome) String() string {
	switch o {
	case No:
		return "no"
	case Yes:
		return "yes"
	case Stayed:
		return "stays"
	}
	return "not tried"
}

// Explain says why d came out as it did. It must be the policy of d's hash. The
// values come from d; i, which may be nil or newer than d, only fills in what d
// keeps shortened.
func (p *Policy) Explain(d Decision, i *issue.Issue) Explanation {
	r := p.restore(&d, i)
	defer p.end(r)
	e := Explanation{Undecided: d.Undecided, Lane: d.Lane}
	for k := range p.pillars {
		e.Pillars = append(e.Pillars, p.explainPillar(r, &d, k))
	}
	if d.Undecided != "" {
		return e
	}
	if l := p.lane(d.Lane); l != nil {
		e.LaneWhy = l.spec.Why
	}
	e.Score = p.scoreText(&d)
	e.Effort = p.effortText(r, &d)
	e.Band = p.bandText(&d)
	e.Confidence = p.confidenceText(&d)
	e.Rules = p.explainRules(r, &d)
	for _, h := range d.Holds {
		e.Holds = append(e.Holds, h.text(d.At))
	}
	return e
}

func (p *Policy) explainPillar(r *run, d *Decision, k int) PillarReason {
	x := &p.pillars[k]
	out := PillarReason{Name: x.name, Weight: tidy(x.weight / p.weight)}
	at := slices.IndexFunc(d.Pillars, func(v Pillar) bool { return v.Name == x.name })
	if at < 0 {
		out.Unknown, out.Because = true, "not computed"
		return out
	}
	v := d.Pillars[at]
	out.Value, out.Defaulted, out.Unknown = v.Value, v.Defaulted, v.Unknown
	missing := joinNames(v.Missing)
	switch {
	case v.Unknown:
		out.Because = missing + " not set, so it does not count"
		return out
	case v.Defaulted && !x.expr.coped(r):
		out.Because = fmt.Sprintf("%s not set → default %s", missing, numberText(v.Value))
	default:
		out.Because = x.expr.sum(r, v.Value)
	}
	out.Rubric = rubricText(x.spec.Rubric, v.Value)
	return out
}

// coped reports whether the expression has a value in spite of what is missing.
func (e *expr) coped(r *run) bool {
	_, missing, err := e.eval(r)
	return !missing && err == nil
}

func rubricText(rubric map[int]string, v float64) string {
	best, text := math.Inf(-1), ""
	for level, t := range rubric {
		if f := float64(level); f <= v && f > best {
			best, text = f, t
		}
	}
	return text
}

func (p *Policy) explainRules(r *run, d *Decision) []RuleReason {
	var out []RuleReason
	for _, res := range d.Rules {
		reason := RuleReason{Name: res.Lane, Result: res.Result.String()}
		if l := p.lane(res.Lane); l != nil {
			reason.Because = l.because(r, res, d)
		}
		out = append(out, reason)
	}
	return out
}

func (l *lane) because(r *run, res RuleResult, d *Decision) string {
	present, _ := r.lane.Value().(string)
	switch res.Result {
	case Yes:
		return l.when.why(r)
	case Stayed:
		return "it is in this lane, and " + l.stay.why(r)
	case No:
		text := l.when.why(r)
		if l.stay != nil && present == l.spec.Name {
			text += "; to stay: " + l.stay.why(r)
		}
		return text
	}
	return fmt.Sprintf("%s comes first", firstTaker(d))
}

func firstTaker(d *Decision) string {
	for _, res := range d.Rules {
		if res.Result == Yes || res.Result == Stayed {
			return res.Lane
		}
	}
	return d.Lane
}

func (p *Policy) scoreText(d *Decision) string {
	var parts []string
	known := 0.0
	for _, x := range d.Pillars {
		if !x.Unknown {
			known += x.Weight
		}
	}
	for _, x := range d.Pillars {
		if !x.Unknown && x.Weight > 0 {
			parts = append(parts, fmt.Sprintf("%s %s (%s)", x.Name, numberText(x.Value), percent(x.Weight/known)))
		}
	}
	if len(parts) == 1 {
		return fmt.Sprintf("%s of 100, from %s", numberText(d.Score), parts[0])
	}
	return fmt.Sprintf("%s of 100, the weighted mean of %s", numberText(d.Score), strings.Join(parts, ", "))
}

func (p *Policy) effortText(r *run, d *Decision) string {
	text := fmt.Sprintf("%s, so %s of score per effort", numberText(d.Effort), numberText(d.ValuePerEffort()))
	if facts := p.effort.expr.facts(r); len(facts) > 0 {
		text += ": " + strings.Join(facts, ", ")
	}
	return text
}

func (p *Policy) bandText(d *Decision) string {
	i := slices.IndexFunc(p.bands, func(b band) bool { return b.priority == d.Band })
	if i < 0 {
		return d.Band.String()
	}
	var text string
	switch last := len(p.bands) - 1; {
	case d.held("band") != nil:
		text = fmt.Sprintf("stays %s: %s", d.Band, d.held("band").reason(d.At))
	case i == 0 && last > 0:
		text = fmt.Sprintf("%s: score %s is at least %s", d.Band, scoreNumber(d.Score), numberText(p.bands[i].edge))
	case i == last && last > 0:
		text = fmt.Sprintf("%s: score %s is below %s", d.Band, scoreNumber(d.Score), numberText(p.upperEdge(i)))
	case last > 0:
		text = fmt.Sprintf("%s: score %s is between %s and %s", d.Band, scoreNumber(d.Score),
			numberText(p.bands[i].edge), numberText(p.upperEdge(i)))
	default:
		text = d.Band.String()
	}
	switch {
	case d.Priority > d.Band:
		text += fmt.Sprintf("; lane %s raises it to %s", d.Lane, d.Priority)
	case d.Priority < d.Band:
		text += fmt.Sprintf("; lane %s lowers it to %s", d.Lane, d.Priority)
	}
	return text
}

func (d *Decision) held(what string) *Hold {
	i := slices.IndexFunc(d.Holds, func(h Hold) bool { return h.What == what })
	if i < 0 {
		return nil
	}
	return &d.Holds[i]
}

func (p *Policy) confidenceText(d *Decision) string {
	var missing []string
	for _, x := range d.Pillars {
		missing = append(missing, x.Missing...)
	}
	text := percent(d.Confidence) + " of the score rests on real inputs"
	if len(missing) > 0 {
		slices.Sort(missing)
		text += "; not set: " + joinNames(slices.Compact(missing))
	}
	return text
}

// text is the hold as a sentence about what did not happen.
func (h Hold) text(at time.Time) string {
	switch {
	case h.What == HoldOwner:
		return "nobody is assigned because: " + h.reason(at)
	case h.Why == HeldByConfidence:
		return "nothing is written because: " + h.reason(at)
	case h.What == "lane":
		return fmt.Sprintf("not moved to %s because: %s", h.Wanted, h.reason(at))
	case h.What == "band":
		return fmt.Sprintf("priority not changed to %s because: %s", h.Wanted, h.reason(at))
	}
	return fmt.Sprintf("%s not changed to %s because: %s", h.What, h.Wanted, h.reason(at))
}

func (h Hold) reason(at time.Time) string {
	switch h.Why {
	case HeldBySettle:
		return fmt.Sprintf("%s of settle left, until %s", durationText(h.Until.Sub(at)), h.Until.Format("2 January 15:04 MST"))
	case HeldByMargin:
		return fmt.Sprintf("score %s of %s", scoreNumber(h.Have), numberText(h.Need))
	case HeldByDuty, HeldByRota:
		return h.duty()
	case HeldByConfidence:
		return fmt.Sprintf("confidence %s, lane %s needs %s", percent(h.Have), h.Wanted, percent(h.Need))
	}
	return string(h.Why)
}

// scoreNumber never rounds a score onto an edge that it did not reach.
func scoreNumber(v float64) string {
	if short := math.Round(v*10) / 10; short == math.Trunc(short) && short != v {
		return fmt.Sprintf("%g", tidy(v))
	}
	return numberText(v)
}

func percent(share float64) string { return numberText(share*100) + " %" }

// joinNames lists input paths by the names that people know.
func joinNames(paths []string) string {
	names := make([]string, len(paths))
	for i, p := range paths {
		names[i] = shortName(p)
	}
	return strings.Join(names, ", ")
}

// shortName takes the variable off a path where that leaves no doubt.
func shortName(path string) string {
	for _, prefix := range []string{"issue.fields.", "issue."} {
		if s, ok := strings.CutPrefix(path, prefix); ok {
			return s
		}
	}
	return path
}

func presentLane(d *Decision) string {
	for _, in := range d.Inputs {
		if in.Path == "lane" {
			return in.Value
		}
	}
	return ""
}

// byPath finds the recorded value of an input.
func (d *Decision) byPath(path string) (string, bool) {
	i, ok := slices.BinarySearchFunc(d.Inputs, path, func(in Reading, p string) int { return cmp.Compare(in.Path, p) })
	if !ok {
		return "", false
	}
	return d.Inputs[i].Value, true
}
