package policy

import (
	"testing"
	"time"

	"github.com/lanekeeper/lanekeeper/internal/issue"
)

var testNow = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

// exampleSpec is the example policy of the configuration reference.
func exampleSpec() Spec {
	return Spec{
		Score: ScoreSpec{
			Preset: "three_pillars",
			Pillars: map[string]PillarSpec{
				"business_value":  {Weight: 0.35, Expr: "tier(issue.fields.customer_tier, {'enterprise': 90.0, 'pro': 60.0}, 30.0)"},
				"customer_impact": {Weight: 0.45, Expr: "tier(issue.fields.severity, {'critical': 95.0, 'major': 70.0}, 20.0)"},
				"technical_risk":  {Weight: 0.20, Expr: "scale(issue.votes + issue.watchers, 0, 40)"},
			},
			Effort: EffortSpec{Expr: "issue.estimate > 0.0 ? issue.estimate : 3.0"},
		},
		Priority: PrioritySpec{Margin: 5, Bands: map[issue.Priority]float64{issue.Urgent: 85, issue.High: 65, issue.Medium: 35}},
		Lanes: []LaneSpec{
			{
				Name: "hotfix", Why: "A paying customer is hurt now.",
				When:    "issue.kind == 'bug' && pillar.customer_impact >= 80.0",
				Stay:    "issue.kind == 'bug' && pillar.customer_impact >= 65.0",
				Horizon: CurrentSprint, Priority: LanePrioritySpec{AtLeast: ptr(issue.High)}, SLA: "urgent-fix",
				Owner: OwnerSpec{Assign: "oncall@acme.example"},
			},
			{Name: "stability", When: "issue.kind == 'bug' || pillar.technical_risk >= 60.0", Horizon: NextRelease},
			{Name: "strategic", When: "issue.kind == 'epic' || has_label('strategic')", Horizon: Roadmap},
			{Name: "feature", When: "issue.kind in ['story', 'task']", Horizon: NextRelease},
			{Name: "unsorted", Why: "No rule matched.", When: "true", AlarmAbove: 25},
		},
		SLAs: map[string]SLASpec{"urgent-fix": {
			Calendar: &CalendarSpec{Timezone: "Europe/Berlin", Hours: map[string]string{"mon-fri": "09:00-18:00"}},
			Starts:   StartsEnteredLane, WarnAt: []float64{0.5, 0.75},
			Targets: []TargetSpec{{When: "issue.priority == 'urgent'", Respond: time.Hour, Resolve: 8 * time.Hour}, {Respond: 4 * time.Hour}},
		}},
		Settle: 6 * time.Hour,
	}
}

func mustCompile(t testing.TB, s Spec, opts ...CompileOptions) *Policy {
	t.Helper()
	p, problems := Compile(s, opts...)
	for _, x := range problems {
		t.Errorf("problem: %s", x)
	}
	if p == nil {
		t.FailNow()
	}
	return p
}

func exampleIssue() *issue.Issue {
	return &issue.Issue{
		ID: "10012", Key: "PAY-12", Source: "payments", Project: "PAY", Kind: issue.Bug, Title: "Login is broken",
		Status: issue.Status{Name: "To Do", Category: issue.Unstarted}, Priority: issue.Medium,
		Labels: []string{"backend", "login"}, Created: testNow.Add(-72 * time.Hour), Votes: 9, Watchers: 3, Estimate: 2,
		Fields: map[string]issue.Value{"customer_tier": {Text: "enterprise"}, "severity": {Text: "critical"}},
	}
}

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

func TestSmoke(t *testing.T) {
	p := mustCompile(t, exampleSpec())
	d, m := p.Decide(Input{Issue: exampleIssue(), Now: testNow})
	t.Logf("%+v\n%+v", d, m)
	for _, n := range Presets() {
		s, _ := Preset(n)
		p := mustCompile(t, s)
		d, _ := p.Decide(Input{Issue: exampleIssue(), Now: testNow})
		t.Logf("%s %v %v %v %s needs %v", n, d.Score, d.Lane, d.Pillars, d.Undecided, p.Needs())
	}
	mustCompile(t, Spec{})
}
