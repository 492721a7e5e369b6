package report

import (
	"cmp"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/lanekeeper/lanekeeper/internal/issue"
)

// gain is by how many issues a threshold must agree with people more often
// before it is proposed.
const gain = 2

// Proposal is a threshold that would have agreed with people more often, all
// else left as it is.
type Proposal struct {
	Where     string  `json:"where"` // in the policy, such as lanes[0].when or priority.bands.high
	Lane      string  `json:"lane,omitempty"`
	Input     string  `json:"input"` // what is compared
	Now       float64 `json:"now"`
	Better    float64 `json:"better"`
	Issues    int     `json:"issues"`        // that it was tried on
	Agreed    int     `json:"agreed_now"`    // where policy and people agree with the present threshold
	WouldHave int     `json:"would_agree"`   // and with the better one
	LeftOut   int     `json:"would_lose"`    // issues that people left there and that the better one would not put there
	Diff      string  `json:"policy_change"` // as a change of the policy's text
}

// comparison is a bound on one number in a rule: the input, how, the number.
var comparison = regexp.MustCompile(`\b((?:pillar|issue|signal)\.[a-z_][a-z0-9_.]*|score)\s*(>=|<=|>|<)\s*([0-9]+(?:\.[0-9]+)?)`)

// laneProposals try other thresholds for each comparison with a number in a
// rule. A rule that becomes stricter gives up issues; whether one that becomes
// laxer would take the right ones cannot be told from what it took, so only
// stricter ones are tried.
func laneProposals(in *Input, cases map[string][]aCase) []Proposal {
	var out []Proposal
	for n, l := range in.Lanes {
		for _, part := range []struct {
			name, text string
			stayed     bool
		}{{"when", l.When, false}, {"stay", l.Stay, true}} {
			for _, at := range comparison.FindAllStringSubmatchIndex(part.text, -1) {
				t := trial{text: part.text, at: at}
				for _, c := range cases[l.Name] {
					if c.Stayed == part.stayed {
						t.add(c)
					}
				}
				if p, ok := t.best(); ok {
					p.Where, p.Lane = fmt.Sprintf("lanes[%d].%s", n, part.name), l.Name
					p.Diff = laneDiff(l.Name, part.name, part.text, t.with(p.Better))
					out = append(out, p)
				}
			}
		}
	}
	return out
}

// trial is one comparison with the issues that passed it.
type trial struct {
	text  string
	at    []int // of comparison's parts
	moved []float64
	kept  []float64
}

func (t *trial) part(n int) string { return t.text[t.at[2*n]:t.at[2*n+1]] }

// add reads the compared number of a case; one without it does not count.
func (t *trial) add(c aCase) {
	x, ok := c.number(t.part(1))
	switch {
	case !ok:
	case c.moved:
		t.moved = append(t.moved, x)
	default:
		t.kept = append(t.kept, x)
	}
}

// number is the value of an input at a decision.
func (p *Placing) number(input string) (float64, bool) {
	if input == "score" {
		return p.Score, true
	}
	if name, ok := strings.CutPrefix(input, "pillar."); ok {
		x, ok := p.Pillars[name]
		return x, ok
	}
	for _, in := range p.Inputs {
		if in.Path == input {
			x, err := strconv.ParseFloat(in.Text, 64)
			return x, err == nil
		}
	}
	return 0, false
}

// passes tells whether a number still passes with another threshold.
func (t *trial) passes(x, threshold float64) bool {
	switch t.part(2) {
	case ">=":
		return x >= threshold
	case ">":
		return x > threshold
	case "<=":
		return x <= threshold
	}
	return x < threshold
}

// best tries the thresholds at which some issue changes sides: whole numbers,
// so that people can read them.
func (t *trial) best() (p Proposal, ok bool) {
	now, err := strconv.ParseFloat(t.part(3), 64)
	if err != nil || len(t.moved) < fewest {
		return p, false
	}
	p = Proposal{Input: t.part(1), Now: now, Better: now, Issues: len(t.moved) + len(t.kept), Agreed: len(t.kept), WouldHave: len(t.kept)}
	for _, c := range t.candidates(now) {
		agree, lost := 0, 0
		for _, x := range t.moved {
			if !t.passes(x, c) {
				agree++
			}
		}
		for _, x := range t.kept {
			if t.passes(x, c) {
				agree++
			} else {
				lost++
			}
		}
		if agree > p.WouldHave {
			p.Better, p.WouldHave, p.LeftOut = c, agree, lost
		}
	}
	return p, p.WouldHave >= p.Agreed+gain
}

// candidates are stricter thresholds, the nearest to the present one first.
func (t *trial) candidates(now float64) []float64 {
	up := strings.HasPrefix(t.part(2), ">")
	var out []float64
	for _, x := range append(slices.Clone(t.moved), t.kept...) {
		c := math.Floor(x) + 1
		if !up {
			c = math.Ceil(x) - 1
		}
		if up && c > now || !up && c < now && c >= 0 {
			out = append(out, c)
		}
	}
	slices.Sort(out)
	if !up {
		slices.Reverse(out)
	}
	return slices.Compact(out)
}

// with is the rule's text with another threshold, written as the old one was.
func (t *trial) with(threshold float64) string {
	decimals := 0
	if _, rest, ok := strings.Cut(t.part(3), "."); ok {
		decimals = len(rest)
	}
	return t.text[:t.at[6]] + strconv.FormatFloat(threshold, 'f', decimals, 64) + t.text[t.at[7]:]
}

func laneDiff(lane, key, old, now string) string {
	return fmt.Sprintf(" lanes:\n   - name: %s\n-    %s: %s\n+    %s: %s\n", lane, key, strconv.Quote(old), key, strconv.Quote(now))
}

// bandProposals try other edges for each band. What people want is the
// priority that they set, or the band itself where they left it.
func bandProposals(in *Input) []Proposal {
	type judged struct {
		score  float64
		band   issue.Priority
		wanted issue.Priority
		moved  bool
	}
	last := map[string]*judged{}
	for _, p := range in.Placed {
		if p.Priority == p.Band { // where the lane's bounds decide, the edge does not
			last[p.Issue] = &judged{score: p.Score, band: p.Band, wanted: p.Band}
		}
	}
	for _, m := range in.Moved {
		j := last[m.Issue]
		if j == nil || m.Ended || m.Field != issue.FieldPriority {
			continue
		}
		if to, err := issue.ParsePriority(m.To); err == nil && to != issue.None {
			j.wanted, j.moved = to, true
		}
	}
	var out []Proposal
	for n, b := range in.Bands {
		below := issue.Low
		if n+1 < len(in.Bands) {
			below = in.Bands[n+1].Priority
		}
		var near []judged
		moved := 0
		for _, j := range last {
			if j.band == b.Priority || j.band == below {
				near = append(near, *j)
				if j.moved {
					moved++
				}
			}
		}
		agree := func(edge float64) (n, lost int) {
			for _, j := range near {
				if (j.score >= edge) == (j.wanted >= b.Priority) {
					n++
				} else if !j.moved {
					lost++
				}
			}
			return n, lost
		}
		now, _ := agree(b.Edge)
		p := Proposal{Where: "priority.bands." + b.Priority.String(), Input: "score", Now: b.Edge, Better: b.Edge, Issues: len(near), Agreed: now, WouldHave: now}
		if moved < fewest {
			continue
		}
		for _, edge := range edges(in.Bands, n) {
			if got, lost := agree(edge); got > p.WouldHave {
				p.Better, p.WouldHave, p.LeftOut = edge, got, lost
			}
		}
		if p.WouldHave >= p.Agreed+gain {
			p.Diff = fmt.Sprintf(" priority:\n   bands:\n-    %s: %v\n+    %s: %v\n", b.Priority, b.Edge, b.Priority, p.Better)
			out = append(out, p)
		}
	}
	return out
}

// edges are the whole numbers that an edge may have between its neighbours, the
// nearest to the present one first.
func edges(bands []Band, n int) []float64 {
	above, below := 100.0, 0.0
	if n > 0 {
		above = bands[n-1].Edge - 1
	}
	if n+1 < len(bands) {
		below = bands[n+1].Edge + 1
	}
	var out []float64
	for e := math.Ceil(below); e <= above; e++ {
		out = append(out, e)
	}
	now := bands[n].Edge
	slices.SortStableFunc(out, func(a, b float64) int { return cmp.Compare(math.Abs(a-now), math.Abs(b-now)) })
	return out
}
