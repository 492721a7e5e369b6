package policy

import (
	"fmt"
	"testing"

	"cel.dev/cel-go/cel"

	"github.com/lanekeeper/lanekeeper/internal/issue"
)

func BenchmarkDecide(b *testing.B) {
	p := mustCompile(b, exampleSpec())
	kinds := []issue.Kind{issue.Bug, issue.Story, issue.Epic, issue.Task, issue.Other}
	issues := make([]*issue.Issue, len(kinds))
	for k := range kinds {
		issues[k] = exampleIssue()
		issues[k].Kind = kinds[k]
	}
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		d, _ := p.Decide(Input{Issue: issues[n%len(issues)], Now: testNow})
		if d.Undecided != "" {
			b.Fatal(d.Undecided)
		}
		n++
	}
}

func BenchmarkDecideDefault(b *testing.B) {
	p := mustCompile(b, Default())
	in := Input{Issue: exampleIssue(), Now: testNow}
	b.ReportAllocs()
	for b.Loop() {
		p.Decide(in)
	}
}

// BenchmarkBareCEL is the yardstick: the same expressions alone, over maps.
func BenchmarkBareCEL(b *testing.B) {
	env, err := cel.NewEnv(cel.Variable("kind", cel.StringType), cel.Variable("x", cel.DoubleType))
	if err != nil {
		b.Fatal(err)
	}
	var progs []cel.Program
	for _, text := range []string{
		"kind == 'bug' && x >= 80.0", "kind == 'bug' || x >= 60.0", "kind == 'epic' || x >= 99.0",
		"kind in ['story', 'task']", "x * 2.0", "x + 1.0", "x > 0.0 ? x : 3.0", "x / 2.0",
	} {
		a, iss := env.Compile(text)
		if iss.Err() != nil {
			b.Fatal(iss.Err())
		}
		p, err := env.Program(a, cel.EvalOptions(cel.OptOptimize))
		if err != nil {
			b.Fatal(err)
		}
		progs = append(progs, p)
	}
	vars := map[string]any{"kind": "other", "x": 50.0}
	b.ReportAllocs()
	for b.Loop() {
		for _, p := range progs {
			if _, _, err := p.Eval(vars); err != nil {
				b.Fatal(err)
			}
		}
	}
}

func TestGarbageDoesNotGrowWithTheNumberOfRules(t *testing.T) {
	if underRace {
		t.Skip("pools are emptied at random under the race detector")
	}
	allocs := func(rules int) float64 {
		s := exampleSpec()
		last := s.Lanes[4]
		s.Lanes = nil
		for k := range rules {
			s.Lanes = append(s.Lanes, LaneSpec{
				Name: fmt.Sprintf("lane-%d", k), When: "issue.kind == 'incident' && pillar.customer_impact >= 80.0 && has_label('x')",
			})
		}
		s.Lanes = append(s.Lanes, last)
		p := mustCompile(t, s)
		in := Input{Issue: exampleIssue(), Now: testNow}
		return testing.AllocsPerRun(200, func() { p.Decide(in) })
	}
	if few, many := allocs(2), allocs(40); many > few+1 {
		t.Errorf("%v allocations with 2 rules, %v with 40", few, many)
	}
}
