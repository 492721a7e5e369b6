package policy

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// TestResult is how one test came out.
type TestResult struct {
	Name     string   `json:"name"`
	Line     int      `json:"line,omitempty"` // in the file; 0 for an example of a lane
	Failures []string `json:"failures,omitempty"`
}

// Passed reports whether nothing failed.
func (r TestResult) Passed() bool { return len(r.Failures) == 0 }

// Coverage tells which rules no test made hold.
type Coverage struct {
	// Unhit are the rules by path: lanes[0].when, or teams.core.lanes[0].when.
	Unhit []string `json:"unhit,omitempty"`
	Hit   int      `json:"hit"`
	Rules int      `json:"rules"`
}

// Run runs the tests, after them the examples of the lanes. An issue that names
// a source and project is decided by the policy of that team.
func (s *Set) Run(tests []Test) ([]TestResult, Coverage) {
	cov := coverage{}
	var results []TestResult
	for k := range tests {
		results = append(results, s.runTest(&tests[k], cov))
	}
	for _, key := range append([]string{""}, slices.Sorted(maps.Keys(s.teams))...) {
		results = append(results, s.runExamples(key, cov)...)
	}
	return results, s.covered(cov)
}

// coverage holds the rules that held, by policy.
type coverage map[*Policy]map[string]bool

func (c coverage) note(p *Policy, d Decision) {
	if c[p] == nil {
		c[p] = map[string]bool{}
	}
	for i, r := range d.Rules {
		switch r.Result {
		case Yes:
			c[p][fmt.Sprintf("lanes[%d].when", i)] = true
		case Stayed:
			c[p][fmt.Sprintf("lanes[%d].stay", i)] = true
		}
	}
}

func (s *Set) covered(c coverage) Coverage {
	var out Coverage
	add := func(prefix string, p *Policy) {
		for i, l := range p.lanes {
			rules := []string{fmt.Sprintf("lanes[%d].when", i)}
			if l.stay != nil {
				rules = append(rules, fmt.Sprintf("lanes[%d].stay", i))
			}
			for _, r := range rules {
				out.Rules++
				if c[p][r] {
					out.Hit++
				} else {
					out.Unhit = append(out.Unhit, prefix+r)
				}
			}
		}
	}
	add("", s.base)
	for _, key := range slices.Sorted(maps.Keys(s.teams)) {
		add("teams."+key+".", s.teams[key])
	}
	return out
}

func (s *Set) runTest(t *Test, cov coverage) TestResult {
	res := TestResult{Name: t.Name, Line: t.line}
	in, err := t.input()
	if err != nil {
		res.Failures = []string{err.Error()}
		return res
	}
	p := s.For(in.Issue.Source, in.Issue.Project)
	res.Failures = p.runTest(t.Expect, in, cov)
	return res
}

func (p *Policy) runTest(want Expect, in Input, cov coverage) []string {
	d, _ := p.Decide(in)
	cov.note(p, d)
	c := &checker{expect: want, d: d, e: p.Explain(d, in.Issue)}
	c.check()
	return c.failures
}

// runExamples checks that the examples of each lane land in it.
func (s *Set) runExamples(key string, cov coverage) []TestResult {
	p, prefix := s.base, ""
	if key != "" {
		p, prefix = s.teams[key], key+": "
	}
	var out []TestResult
	for _, l := range p.lanes {
		for k := range l.spec.Examples {
			name := fmt.Sprintf("%sexample %d of lane %s", prefix, k+1, l.spec.Name)
			t := Test{Issue: l.spec.Examples[k]}
			res := TestResult{Name: name}
			if in, err := t.input(); err != nil {
				res.Failures = []string{err.Error()}
			} else {
				res.Failures = p.runTest(Expect{Lane: l.spec.Name}, in, cov)
			}
			out = append(out, res)
		}
	}
	return out
}

// checker compares a decision with what a test expects.
type checker struct {
	expect   Expect
	d        Decision
	e        Explanation
	failures []string
}

func (c *checker) fail(format string, args ...any) {
	c.failures = append(c.failures, fmt.Sprintf(format, args...))
}

func (c *checker) check() {
	want, d := c.expect, c.d
	if d.Undecided != "" || want.Undecided != "" {
		c.undecided()
		return
	}
	if want.Lane != "" && want.Lane != d.Lane {
		c.fail("lane is %s, want %s: %s", d.Lane, want.Lane, c.whyNot(want.Lane))
	}
	if want.Priority != nil && *want.Priority != d.Priority {
		c.fail("priority is %s, want %s: %s", d.Priority, *want.Priority, c.e.Band)
	}
	if want.Band != nil && *want.Band != d.Band {
		c.fail("band is %s, want %s: %s", d.Band, *want.Band, c.e.Band)
	}
	c.text("horizon", d.Horizon, want.Horizon, want.Horizon != "")
	if want.Owner != nil {
		c.text("owner", d.Owner, *want.Owner, true)
	}
	if want.SLA != nil {
		c.text("sla", d.SLA, *want.SLA, true)
	}
	for _, prefix := range slices.Sorted(maps.Keys(want.Marks)) {
		c.text("mark "+prefix, d.Marks[prefix], want.Marks[prefix], true)
	}
	c.numbers()
	c.sentences()
}

func (c *checker) undecided() {
	switch {
	case c.expect.Undecided == "":
		c.fail("undecided: %s", c.d.Undecided)
	case c.d.Undecided == "":
		c.fail("lane is %s, want it undecided because of %q", c.d.Lane, c.expect.Undecided)
	case !strings.Contains(c.d.Undecided, c.expect.Undecided):
		c.fail("undecided because %q, want %q in it", c.d.Undecided, c.expect.Undecided)
	}
}

func (c *checker) text(what, have, want string, asked bool) {
	if asked && have != want {
		c.fail("%s is %q, want %q", what, have, want)
	}
}

func (c *checker) numbers() {
	want, d := c.expect, c.d
	if want.Score != nil && !want.Score.has(d.Score, 0.05) {
		c.fail("score is %s, want %s: %s", numberText(d.Score), want.Score, c.e.Score)
	}
	if want.Effort != nil && !want.Effort.has(d.Effort, 0.05) {
		c.fail("effort is %s, want %s", numberText(d.Effort), want.Effort)
	}
	if want.Confidence != nil && !want.Confidence.has(d.Confidence, 0.005) {
		c.fail("confidence is %g, want %s: %s", d.Confidence, want.Confidence, c.e.Confidence)
	}
	for _, name := range slices.Sorted(maps.Keys(want.Pillars)) {
		i := slices.IndexFunc(c.e.Pillars, func(p PillarReason) bool { return p.Name == name })
		switch {
		case i < 0:
			c.fail("there is no pillar %q", name)
		case c.e.Pillars[i].Unknown || !want.Pillars[name].has(c.e.Pillars[i].Value, 0.05):
			c.fail("pillar %s is %s, want %s: %s", name, numberText(c.e.Pillars[i].Value), want.Pillars[name], c.e.Pillars[i].Because)
		}
	}
}

func (c *checker) sentences() {
	if c.expect.Holds != nil && len(c.expect.Holds) == 0 && len(c.e.Holds) > 0 {
		c.fail("held: %s", strings.Join(c.e.Holds, "; "))
	}
	for _, part := range c.expect.Holds {
		if !containsPart(c.e.Holds, part) {
			c.fail("nothing is held because of %q; held: %s", part, choose(len(c.e.Holds) == 0, "nothing", strings.Join(c.e.Holds, "; ")))
		}
	}
	all := c.e.sentences()
	for _, part := range c.expect.Because {
		if !containsPart(all, part) {
			c.fail("the explanation does not say %q; it says:\n    %s", part, strings.Join(all, "\n    "))
		}
	}
}

func containsPart(list []string, part string) bool {
	return slices.ContainsFunc(list, func(s string) bool { return strings.Contains(s, part) })
}

// whyNot tells how the rule of the lane that was wanted came out.
func (c *checker) whyNot(name string) string {
	for _, r := range c.e.Rules {
		if r.Name == name {
			return fmt.Sprintf("%s is %q: %s", name, r.Result, r.Because)
		}
	}
	return fmt.Sprintf("there is no lane %q", name)
}

// sentences are all sentences of an explanation, each with what it is about.
func (e *Explanation) sentences() []string {
	out := []string{"lane " + e.Lane + ": " + e.LaneWhy, "score " + e.Score, "effort " + e.Effort, "priority " + e.Band, e.Confidence}
	for _, p := range e.Pillars {
		out = append(out, p.Name+": "+p.Because)
	}
	for _, r := range e.Rules {
		out = append(out, r.Name+" ("+r.Result+"): "+r.Because)
	}
	return append(out, e.Holds...)
}
