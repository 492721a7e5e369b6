package policy

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/lanekeeper/lanekeeper/internal/issue"
)

var update = flag.Bool("update", false, "write the golden files anew")

func golden(t *testing.T, name string, v any) {
	t.Helper()
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join("testdata", name+".json")
	if *update {
		if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), b.String()); diff != "" {
		t.Error(diff)
	}
}

func TestExplainGolden(t *testing.T) {
	task := exampleIssue()
	task.Kind, task.Estimate = issue.Task, 0
	delete(task.Fields, "severity")
	rich := exampleIssue()
	rich.Title = "Crash: deadlock in login"
	rich.Customers = []issue.Customer{{Name: "Acme", Important: true, Revenue: 50_000}}
	rich.Created = testNow.AddDate(0, -3, 0)
	for _, tt := range []struct {
		name  string
		spec  Spec
		issue *issue.Issue
		mem   Memory
	}{
		{"example", exampleSpec(), exampleIssue(), Memory{}},
		{"defaulted", exampleSpec(), task, Memory{Lane: "hotfix", Band: issue.High}},
		{"preset", Default(), rich, Memory{
			Lane: "stability", LaneSince: testNow.Add(-4 * time.Hour), LeftLane: "hotfix", Band: issue.High,
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := mustCompile(t, tt.spec)
			in := Input{Issue: tt.issue, Now: testNow, Memory: tt.mem}
			d, _ := p.Decide(in)
			golden(t, tt.name, struct {
				Explanation Explanation
				Flips       []Flip
			}{p.Explain(d, tt.issue), p.Flips(in, d)})
		})
	}
}

func TestExplainRules(t *testing.T) {
	i := exampleIssue()
	i.Customers = []issue.Customer{{Name: "Acme", Tier: "pro"}}
	i.Due = "2026-03-09"
	for _, tt := range []struct{ when, want string }{
		{"issue.kind == 'bug'", "kind is bug"},
		{"issue.kind == 'task'", "kind is bug, not task"},
		{"issue.kind != 'bug'", "kind is bug"},
		{"issue.kind != 'task'", "kind is bug, not task"},
		{"issue.votes >= 12", "votes is 9, needs at least 12"},
		{"12 <= issue.votes", "votes is 9, needs at least 12"},
		{"issue.votes > 8", "votes is 9, above 8"},
		{"issue.votes < 9", "votes is 9, needs less than 9"},
		{"issue.votes <= 9", "votes is 9, at most 9"},
		{"issue.kind == 'bug' && issue.votes >= 12", "votes is 9, needs at least 12"},
		{"issue.kind == 'task' && issue.votes >= 12", "kind is bug, not task; votes is 9, needs at least 12"},
		{"issue.kind == 'bug' && issue.votes >= 9", "kind is bug; votes is 9, at least 9"},
		{"issue.kind == 'task' || issue.votes >= 9", "votes is 9, at least 9"},
		{"issue.kind == 'task' || issue.votes >= 12", "kind is bug, not task; votes is 9, needs at least 12"},
		{"!(issue.kind == 'bug')", "kind is bug"},
		{"issue.kind in ['story', 'task']", "kind is bug, not one of story, task"},
		{"'login' in issue.labels", "labels has login"},
		{"has_label('strategic')", "it has no label strategic"},
		{"has_label('backend')", "it has the label backend"},
		{"any_word(issue.title, ['down', 'broken'])", `title contains "broken"`},
		{"any_word(issue.title, ['down', 'slow'])", "title contains none of down, slow"},
		{"age(issue.created) > days(5)", "age(created) is 3 d, needs more than 5 d"},
		{"has(issue.started)", "started is not set"},
		{"issue.started < now", "started is not set"},
		{"issue.estimate > 0.0", "estimate is 2, above 0"},
		{"issue.fields.nothing == 'x'", "nothing is not set"},
		{"signal.errors > 5.0", "signal.errors is not set"},
		{"issue.fields.severity == 'critical'", "severity is critical"},
		{"issue.votes + issue.watchers > 20", "votes + watchers is 12, needs more than 20"},
		{"issue.votes > issue.watchers", "votes is 9, above watchers (3)"},
		{"pillar.value >= 50.1", "pillar.value is 50, needs at least 50.1"},
		{"score >= 80.0", "score is 47.5, needs at least 80"},
		{"issue.customers.exists(c, c.tier == 'enterprise')", `customers.exists(c, c.tier == "enterprise") is false`},
		{"issue.due == timestamp('2026-03-10T00:00:00Z')", "due is 9 March 2026, not 10 March 2026"},
		{"issue.sprint == ''", "sprint is empty"},
		{"issue.kind == 'task' ? true : issue.votes > 20", "kind is bug, not task; votes is 9, needs more than 20"},
		{"issue.sprint_active", "sprint_active is false"},
		{"issue.title.startsWith('Log')", `title.startsWith("Log") is true`},
	} {
		s := pillarsOnly("50.0", nil)
		s.Lanes[0].When, s.Lanes[0].Stay = tt.when, ""
		p, problems := Compile(s)
		if p == nil {
			t.Errorf("%s: %v", tt.when, problems)
			continue
		}
		d, _ := p.Decide(Input{Issue: i, Now: testNow})
		if got := p.Explain(d, i).Rules[0].Because; got != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", tt.when, got, tt.want)
		}
	}
}

func TestExplainNeverRoundsOntoABoundThatWasMissed(t *testing.T) {
	s := pillarsOnly("issue.fields.x", ptr(0.0))
	s.Lanes[0].When = "pillar.value >= 80.0"
	i := &issue.Issue{Fields: map[string]issue.Value{"x": {Number: ptr(79.99)}}}
	p := mustCompile(t, s)
	d, _ := p.Decide(Input{Issue: i, Now: testNow})
	if got, want := p.Explain(d, i).Rules[0].Because, "pillar.value is 79.99, needs at least 80"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestExplainHolds(t *testing.T) {
	at := testNow.Add(2 * time.Hour)
	for want, h := range map[string]Hold{
		"not moved to hotfix because: 2 h of settle left, until 4 March 14:00 UTC": {What: "lane", Wanted: "hotfix", Why: HeldBySettle, Until: at},
		"priority not changed to high because: score 61 of 65":                     {What: "band", Wanted: "high", Why: HeldByMargin, Need: 65, Have: 61},
		"moscow not changed to must because: score 74.98 of 75":                    {What: "moscow", Wanted: "must", Why: HeldByMargin, Need: 75, Have: 74.98},
		"nothing is written because: confidence 25 %, lane top needs 80 %":         {What: "lane", Wanted: "top", Why: HeldByConfidence, Need: 0.8, Have: 0.25},
	} {
		if got := h.text(testNow); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

// An explanation must stay true long after: it comes from the decision, not
// from what the issue has become.
func TestExplainNeedsNoIssue(t *testing.T) {
	policies := []*Policy{mustCompile(t, exampleSpec()), mustCompile(t, Default())}
	rapid.Check(t, func(t *rapid.T) {
		p := rapid.SampledFrom(policies).Draw(t, "policy")
		i := wild(t)
		d, _ := p.Decide(Input{Issue: i, Now: testNow})
		for _, in := range d.Inputs {
			// What was cut, joined or made one line is not recorded whole.
			if strings.HasSuffix(in.Value, shortened) || in.Path == "issue.title" || in.Path == "issue.labels" ||
				in.Path == "issue.customers" || strings.HasPrefix(in.Path, "issue.fields.") {
				return
			}
		}
		if diff := cmp.Diff(p.Explain(d, i), p.Explain(d, nil)); diff != "" {
			t.Fatal(diff)
		}
	})
	p := policies[0]
	i := exampleIssue()
	d, _ := p.Decide(Input{Issue: i, Now: testNow})
	later := exampleIssue()
	later.Kind, later.Votes, later.Fields = issue.Epic, 1000, nil
	if diff := cmp.Diff(p.Explain(d, i), p.Explain(d, later)); diff != "" {
		t.Error("the explanation follows the issue: " + diff)
	}
	if diff := cmp.Diff(p.Explain(d, i), p.Explain(d, nil)); diff != "" {
		t.Error(diff)
	}
}

func TestExplainUndecided(t *testing.T) {
	p := mustCompile(t, pillarsOnly("1 / issue.votes", nil))
	d, _ := p.Decide(Input{Issue: &issue.Issue{}, Now: testNow})
	e := p.Explain(d, nil)
	if e.Undecided != "score.pillars.value.expr: division by zero" || len(e.Pillars) != 2 || e.Pillars[1].Because != "not computed" {
		t.Errorf("%+v", e)
	}
}

func TestFlips(t *testing.T) {
	p := mustCompile(t, byVotes(0, 0))
	for _, tt := range []struct {
		votes int
		want  []string
	}{
		{60, []string{"with 70 votes instead of 60 it would go to top, with priority high", "with 34 votes instead of 60 its priority would be low"}},
		{70, []string{"with 69 votes instead of 70 it would go to rest", "with 85 votes instead of 70 its priority would be urgent"}},
		{100, []string{"with 69 votes instead of 100 it would go to rest, with priority high"}},
	} {
		in := Input{Issue: &issue.Issue{Votes: tt.votes}, Now: testNow}
		d, _ := p.Decide(in)
		var got []string
		for _, f := range p.Flips(in, d) {
			got = append(got, f.Sentence)
		}
		for _, want := range tt.want {
			if !slices.Contains(got, want) {
				t.Errorf("%d votes: want %q in %q", tt.votes, want, got)
			}
		}
	}
}

func TestAFlipFlips(t *testing.T) {
	p := mustCompile(t, exampleSpec())
	rapid.Check(t, func(t *rapid.T) {
		i := wild(t)
		i.Votes, i.Watchers = rapid.IntRange(0, 40).Draw(t, "votes"), rapid.IntRange(0, 40).Draw(t, "watchers")
		in := Input{Issue: i, Now: testNow}
		d, _ := p.Decide(in)
		for _, f := range p.Flips(in, d) {
			if f.Input != "issue.votes" {
				continue
			}
			c := *i
			if err := json.Unmarshal([]byte(f.To), &c.Votes); err != nil {
				t.Fatal(err)
			}
			in.Issue = &c
			after, _ := p.Decide(in)
			if after.Lane != f.Lane || after.Priority != f.Priority || after.Lane == d.Lane && after.Priority == d.Priority {
				t.Fatalf("%+v, but it went from %s to %s, %v", f, d.Lane, after.Lane, after.Priority)
			}
			// One step back must change nothing, or it was not the smallest.
			if c.Votes > i.Votes {
				c.Votes--
			} else {
				c.Votes++
			}
			if back, _ := p.Decide(in); back.Lane != d.Lane || !f.moves && back.Priority != d.Priority {
				t.Fatalf("%+v is not the smallest change", f)
			}
		}
	})
}
