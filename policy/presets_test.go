package policy

import (
	"testing"
	"time"

	"github.com/lanekeeper/lanekeeper/internal/issue"
)

func custom(values map[string]float64) *issue.Issue {
	i := exampleIssue()
	i.Fields = map[string]issue.Value{}
	for name, v := range values {
		i.Fields[name] = issue.Value{Number: ptr(v)}
	}
	return i
}

func TestPresetsScore(t *testing.T) {
	for _, tt := range []struct {
		preset, name string
		issue        *issue.Issue
		score, trust float64
	}{
		{"rice", "all of the reach", custom(map[string]float64{"reach": 1000, "impact": 3, "confidence": 100}), 100, 1},
		{"rice", "a confidence of nothing", custom(map[string]float64{"reach": 1000, "impact": 3, "confidence": 0}), 0, 1},
		{"wsjf", "the most of each", custom(map[string]float64{"business_value": 20, "time_criticality": 20, "risk_reduction": 20}), 100, 1},
		{"wsjf", "one third", custom(map[string]float64{"business_value": 20, "time_criticality": 0, "risk_reduction": 0}), 33.333333, 1},
		{"wsjf", "one part known", custom(map[string]float64{"business_value": 20}), 43.333333, 0.333333},
		{"ice", "8 × 5 × 5", custom(map[string]float64{"impact": 8, "confidence": 5, "ease": 5}), 20, 1},
		{"opportunity", "important and not satisfied", custom(map[string]float64{"importance": 10, "satisfaction": 0}), 100, 1},
		{"opportunity", "important and satisfied", custom(map[string]float64{"importance": 10, "satisfaction": 10}), 50, 1},
		{"opportunity", "overserved", custom(map[string]float64{"importance": 4, "satisfaction": 9}), 20, 1},
	} {
		t.Run(tt.preset+": "+tt.name, func(t *testing.T) {
			s, err := Preset(tt.preset)
			if err != nil {
				t.Fatal(err)
			}
			d, _ := mustCompile(t, s).Decide(Input{Issue: tt.issue, Now: testNow})
			if d.Undecided != "" || d.Score != tt.score || d.Confidence != tt.trust {
				t.Errorf("%s score %v, confidence %v; want %v, %v", d.Undecided, d.Score, d.Confidence, tt.score, tt.trust)
			}
		})
	}
}

func TestEveryPresetWorksWithoutCustomFields(t *testing.T) {
	if got := len(Presets()); got != 6 {
		t.Fatalf("%d presets", got)
	}
	for _, name := range Presets() {
		s, err := Preset(name)
		if err != nil {
			t.Fatal(err)
		}
		p := mustCompile(t, s)
		quiet := &issue.Issue{Kind: issue.Bug, Title: "x", Created: testNow}
		loud := &issue.Issue{
			Kind: issue.Bug, Title: "Data loss", Created: testNow.Add(-24 * time.Hour), Votes: 40, Watchers: 20, Comments: 12,
			Customers: []issue.Customer{{Name: "Acme", Revenue: 90_000, Important: true}, {Name: "Bit"}},
		}
		low, _ := p.Decide(Input{Issue: quiet, Now: testNow})
		high, _ := p.Decide(Input{Issue: loud, Now: testNow})
		if low.Undecided != "" || high.Undecided != "" {
			t.Errorf("%s: %s %s", name, low.Undecided, high.Undecided)
		}
		if readsTracker := name != "wsjf" && name != "ice"; readsTracker && !(high.Score > low.Score+5) {
			t.Errorf("%s does not tell them apart: %v and %v", name, low.Score, high.Score)
		}
	}
}

func TestThreePillarsRestOnRealInputsOnDayOne(t *testing.T) {
	d, _ := mustCompile(t, Default()).Decide(Input{Issue: exampleIssue(), Now: testNow})
	if d.Confidence != 1 {
		t.Errorf("confidence %v: %+v", d.Confidence, d.Pillars)
	}
}

func TestTechnicalDebtCompetes(t *testing.T) {
	p := mustCompile(t, Default())
	i := &issue.Issue{Kind: issue.Task, Title: "Upgrade the legacy parser", Labels: []string{"tech-debt"}, Created: testNow.AddDate(-1, 0, 0)}
	if d, _ := p.Decide(Input{Issue: i, Now: testNow}); d.Lane != "stability" {
		t.Errorf("lane %s, pillars %+v", d.Lane, d.Pillars)
	}
}

func TestMoscowMarks(t *testing.T) {
	s, err := Preset("moscow")
	if err != nil {
		t.Fatal(err)
	}
	p := mustCompile(t, s)
	if m := p.Spec().Marks; len(m) != 1 || m[0].Cap["must"] != 0.6 {
		t.Fatalf("marks %+v", m)
	}
	if d, _ := p.Decide(Input{Issue: exampleIssue(), Now: testNow}); d.Marks["moscow"] == "" {
		t.Errorf("%+v", d)
	}
}
