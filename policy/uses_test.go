package policy

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lanekeeper/lanekeeper/internal/issue"
)

func TestUsesTellWhatEachPartReads(t *testing.T) {
	p, problems := Compile(Spec{
		Score: ScoreSpec{
			Pillars: map[string]PillarSpec{
				"a": {Weight: 3, Expr: "issue.votes > 3 ? or_else(issue.fields.tier, 1.0) : or_else(signal.errors, 2.0)"},
				"b": {Weight: 1, Expr: "has_label('x') ? 5.0 : 1.0"},
			},
			Effort: EffortSpec{Expr: "issue.estimate > 0.0 ? issue.estimate : 1.0"},
		},
		Lanes: []LaneSpec{
			{Name: "one", When: "issue.kind == 'bug'", Stay: "issue.priority == 'high'", Horizon: Roadmap},
			{Name: "rest", When: "true", Horizon: Roadmap},
		},
	})
	if Failed(problems) {
		t.Fatal(problems)
	}
	want := []Use{
		{Part: "a", Share: 0.75, Inputs: issue.InputVotes | issue.InputCustom, Fields: []string{"tier"}, Signals: []string{"errors"}},
		{Part: "b", Share: 0.25, Inputs: issue.InputLabels},
		{Part: "effort", Inputs: issue.InputEstimate},
		{Part: "lanes", Inputs: issue.InputKind | issue.InputPriority},
	}
	if diff := cmp.Diff(want, p.Uses()); diff != "" {
		t.Error(diff)
	}
}

func TestChangedNamesInputsAndNotTheTime(t *testing.T) {
	a := &Decision{Inputs: []Reading{{"issue.kind", "bug"}, {"issue.labels", ""}, {"now", "1"}}}
	b := &Decision{Inputs: []Reading{{"issue.kind", "story"}, {"issue.labels", "x"}, {"issue.votes", "3"}, {"now", "2"}}}
	want := []string{"kind: story instead of bug", "labels: x instead of none", "votes: 3 instead of none"}
	if diff := cmp.Diff(want, Changed(a, b)); diff != "" {
		t.Error(diff)
	}
}
