package policy

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lanekeeper/lanekeeper/internal/issue"
)

func mustSet(t *testing.T, base Spec, teams map[string]Spec) *Set {
	t.Helper()
	s, problems := CompileSet(base, teams)
	if s == nil {
		t.Fatal(problems)
	}
	return s
}

func TestPolicyTestsOfTheExamplePass(t *testing.T) {
	b, err := os.ReadFile("testdata/example.tests.yaml")
	if err != nil {
		t.Fatal(err)
	}
	tests, problems := LoadTests(b)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	results, cov := mustSet(t, exampleSpec(), nil).Run(tests)
	for _, r := range results {
		if !r.Passed() {
			t.Errorf("line %d: %s: %s", r.Line, r.Name, strings.Join(r.Failures, "\n"))
		}
	}
	if diff := cmp.Diff(Coverage{Unhit: []string{"lanes[3].when"}, Hit: 5, Rules: 6}, cov); diff != "" {
		t.Error(diff)
	}
}

func TestFailuresSayWhatAndWhy(t *testing.T) {
	for _, tt := range []struct{ name, expect, want string }{
		{"lane", "lane: feature", `lane is hotfix, want feature: feature is "not tried": hotfix comes first`},
		{"lane that is not", "lane: hotfx", `lane is hotfix, want hotfx: there is no lane "hotfx"`},
		{"priority", "priority: urgent", "priority is high, want urgent: high: score"},
		{"score", "score: 80", "score is 74.3, want 80: 74.3 of 100, the weighted mean of"},
		{"score range", "score: {min: 75}", "score is 74.3, want at least 75"},
		{"pillar", "pillars: {customer_impact: 20}", "pillar customer_impact is 95, want 20: severity is critical → 95"},
		{"no pillar", "pillars: {x: 20}", `there is no pillar "x"`},
		{"horizon", "horizon: roadmap", `horizon is "current-sprint", want "roadmap"`},
		{"owner", `owner: ""`, `owner is "oncall@acme.example", want ""`},
		{"because", "because: [nonsense]", `the explanation does not say "nonsense"; it says:`},
		{"holds", "holds: [settle]", `nothing is held because of "settle"; held: nothing`},
		{"undecided", "undecided: votes", `lane is hotfix, want it undecided because of "votes"`},
		{"confidence", "confidence: 0.5", "confidence is 1, want 0.5"},
	} {
		file := "tests:\n  - name: x\n    issue: {kind: bug, fields: {severity: critical, customer_tier: enterprise}}\n    expect: {" + tt.expect + "}\n"
		tests, problems := LoadTests([]byte(file))
		if len(problems) > 0 {
			t.Errorf("%s: %v", tt.name, problems)
			continue
		}
		results, _ := mustSet(t, exampleSpec(), nil).Run(tests)
		if len(results) != 1 || len(results[0].Failures) != 1 || !strings.Contains(results[0].Failures[0], tt.want) {
			t.Errorf("%s: got %+v, want %q", tt.name, results, tt.want)
		}
	}
}

func TestLoadTestsReportsProblems(t *testing.T) {
	for _, tt := range []struct {
		name, file string
		line       int
		want       string
	}{
		{"unknown key", "tests:\n  - name: a\n    isue: {}\n", 3, `unknown field "isue"`},
		{"unknown field of the issue", "tests:\n  - name: a\n    issue: {knd: bug}\n", 3, `unknown field "knd"`},
		{"unknown kind", "tests:\n  - name: a\n    issue: {kind: bgu}\n", 2, `"bgu" is not one of`},
		{"wrong type", "tests:\n  - name: a\n    issue: {votes: many}\n", 3, "cannot unmarshal"},
		{"no name", "tests:\n  - issue: {kind: bug}\n", 2, "the name is missing"},
		{"same name", "tests:\n  - name: a\n  - name: a\n", 3, "is the name of another test"},
		{"bad time", "tests:\n  - name: a\n    now: yesterday\n", 0, "is no time"},
		{"bad range", "tests:\n  - name: a\n    expect: {score: high}\n", 0, "want a number, or min and max"},
		{"bad priority", "tests:\n  - name: a\n    expect: {priority: top}\n", 0, "unknown priority"},
		{"no tests", "tests: []\n", 0, "the file holds no tests"},
		{"no YAML", "tests: [\n", 0, ""},
		{"bad due", "tests:\n  - name: a\n    issue: {due: soon}\n", 2, "is not a day"},
		{"unknown unknown", "tests:\n  - name: a\n    issue: {unknown: [votez]}\n", 2, `there is no field "votez"`},
	} {
		_, problems := LoadTests([]byte(tt.file))
		if !slices.ContainsFunc(problems, func(p Problem) bool {
			return strings.Contains(p.Message, tt.want) && (tt.line == 0 || p.Line == tt.line)
		}) {
			t.Errorf("%s: got %v, want %q in line %d", tt.name, problems, tt.want, tt.line)
		}
	}
}

func TestAllBadTestsAreReportedAtOnce(t *testing.T) {
	tests, problems := LoadTests([]byte("tests:\n  - {name: a, isue: {}}\n  - {name: b}\n  - {name: c, now: x}\n"))
	if len(tests) != 1 || len(problems) != 2 {
		t.Errorf("%d tests, problems %v", len(tests), problems)
	}
}

func TestExamplesOfLanesMustLandInThem(t *testing.T) {
	s := exampleSpec()
	s.Lanes[0].Examples = []Literal{
		{Kind: issue.Bug, Fields: map[string]any{"severity": "critical"}},
		{Kind: issue.Task, Fields: map[string]any{"severity": "critical"}},
	}
	results, _ := mustSet(t, s, nil).Run(nil)
	if len(results) != 2 || !results[0].Passed() || results[1].Passed() {
		t.Fatalf("%+v", results)
	}
	if got := results[1]; got.Name != "example 2 of lane hotfix" || !strings.Contains(got.Failures[0], "kind is task, not bug") {
		t.Errorf("%+v", got)
	}
}

func TestATestIsDecidedByThePolicyOfItsTeam(t *testing.T) {
	team := Spec{Lanes: []LaneSpec{{Name: "all", When: "true"}}}
	set := mustSet(t, exampleSpec(), map[string]Spec{"core/ENG": team})
	tests, problems := LoadTests([]byte("tests: [{name: a, issue: {source: core, project: ENG}, expect: {lane: all}}]"))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	results, cov := set.Run(tests)
	if !results[0].Passed() {
		t.Error(results)
	}
	if !slices.Contains(cov.Unhit, "lanes[0].stay") || slices.Contains(cov.Unhit, "teams.core/ENG.lanes[0].when") {
		t.Errorf("%+v", cov)
	}
}

func FuzzLoadTests(f *testing.F) {
	f.Add([]byte("tests: [{name: a, issue: {kind: bug}, expect: {lane: hotfix}}]"))
	f.Add([]byte("tests:\n  - &a {name: a}\n  - *a\n"))
	set, _ := CompileSet(Default(), nil)
	f.Fuzz(func(t *testing.T, b []byte) {
		tests, problems := LoadTests(b)
		if len(tests) == 0 && len(problems) == 0 {
			t.Error("nothing was read and nothing was said")
		}
		set.Run(tests)
	})
}
