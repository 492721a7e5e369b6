package policy

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lanekeeper/lanekeeper/internal/issue"
)

// rotaOf answers for one rota.
type rotaOf Duty

func (r rotaOf) OnDuty(string, *issue.Issue) Duty { return Duty(r) }

// dutySpec gives bugs to whoever is on duty in a rota.
func dutySpec(o OwnerSpec) Spec {
	s := exampleSpec()
	s.Score = ScoreSpec{Pillars: map[string]PillarSpec{"demand": {Weight: 1, Expr: "50.0"}}, Effort: EffortSpec{Expr: "1.0"}}
	s.Lanes = []LaneSpec{{Name: "hotfix", When: "issue.kind == 'bug'", Owner: o, SLA: "urgent-fix"}, {Name: "rest", When: "true"}}
	return s
}

func TestTheOwnerIsWhoeverWasOnDutyFirst(t *testing.T) {
	tomorrow := testNow.Add(24 * time.Hour)
	chosen := Chosen{Lane: "hotfix", Rota: "platform", Who: "ann@acme.example", At: testNow.Add(-time.Hour), Account: "u1"}
	bob := Chosen{Lane: "hotfix", Rota: "platform", Who: "bob@acme.example", At: testNow}
	stay, follow := OwnerSpec{OnCall: "platform"}, OwnerSpec{OnCall: "platform", Handover: HandoverFollow}
	for _, tc := range []struct {
		name   string
		owner  OwnerSpec
		duty   Duty
		before Chosen
		want   string
		after  Chosen
		held   string
	}{
		{"the first one", stay, Duty{Who: "bob@acme.example"}, Chosen{}, "bob@acme.example", bob, ""},
		{"who was chosen stays after a hand-over", stay, Duty{Who: "bob@acme.example"}, chosen, "ann@acme.example", chosen, ""},
		{"and where nobody is on duty any more", stay, Duty{}, chosen, "ann@acme.example", chosen, ""},
		{"and where the rota cannot be read any more", stay, Duty{Unknown: "is 3 h old"}, chosen, "ann@acme.example", chosen, ""},
		{"follow goes with the hand-over", follow, Duty{Who: "bob@acme.example"}, chosen, "bob@acme.example", bob, ""},
		{"follow with the same one is no new choice", follow, Duty{Who: "ann@acme.example"}, chosen, "ann@acme.example", chosen, ""},
		{"follow where nobody is on duty leaves all as it is", follow, Duty{Until: tomorrow}, chosen, "", chosen,
			"nobody is assigned because: nobody is on duty in rota platform until 5 March 12:00 UTC"},
		{"nobody is on duty", stay, Duty{Until: tomorrow, Nobody: `"Holiday" names nobody`}, Chosen{}, "", Chosen{},
			`nobody is assigned because: nobody is on duty in rota platform until 5 March 12:00 UTC: "Holiday" names nobody`},
		{"it is not known who is", stay, Duty{Unknown: "is 3 h old and counts for 1 h"}, Chosen{}, "", Chosen{},
			"nobody is assigned because: rota platform is 3 h old and counts for 1 h"},
		{"chosen in another lane", stay, Duty{Who: "bob@acme.example"}, Chosen{Lane: "other", Rota: "platform", Who: "ann@acme.example"}, "bob@acme.example", bob, ""},
		{"chosen from another rota", stay, Duty{Who: "bob@acme.example"}, Chosen{Lane: "hotfix", Rota: "data", Who: "ann@acme.example"}, "bob@acme.example", bob, ""},
		{"a fixed owner forgets the choice", OwnerSpec{Assign: "lead@acme.example"}, Duty{Who: "bob@acme.example"}, chosen, "lead@acme.example", Chosen{}, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := mustCompile(t, dutySpec(tc.owner))
			in := Input{Issue: &issue.Issue{Kind: issue.Bug}, Now: testNow, Memory: Memory{Lane: "hotfix", LaneSince: testNow, Chosen: tc.before}, Rotas: rotaOf(tc.duty)}
			d, m := p.Decide(in)
			if d.Owner != tc.want || d.Rota != tc.owner.OnCall {
				t.Errorf("owner %q of rota %q, want %q", d.Owner, d.Rota, tc.want)
			}
			if diff := cmp.Diff(tc.after, m.Chosen); diff != "" {
				t.Errorf("remembered: %s", diff)
			}
			if held := strings.Join(p.Explain(d, in.Issue).Holds, "\n"); held != tc.held {
				t.Errorf("held %q, want %q", held, tc.held)
			}
			if next := d.Next; tc.duty.Until.IsZero() != next.IsZero() {
				t.Errorf("asked again at %s", next)
			}
		})
	}
	t.Run("nobody can be asked", func(t *testing.T) {
		p := mustCompile(t, dutySpec(stay))
		if d, _ := p.Decide(Input{Issue: &issue.Issue{Kind: issue.Bug}, Now: testNow}); d.Owner != "" || len(d.Holds) != 1 {
			t.Errorf("owner %q, holds %+v", d.Owner, d.Holds)
		}
	})
	t.Run("an issue that leaves the lane has no owner", func(t *testing.T) {
		p := mustCompile(t, dutySpec(stay))
		d, m := p.Decide(Input{Issue: &issue.Issue{Kind: issue.Task}, Now: testNow, Memory: Memory{Lane: "hotfix", Chosen: chosen}, Rotas: rotaOf{Who: "bob@acme.example"}})
		if d.Owner != "" || d.Rota != "" || m.Chosen != (Chosen{}) {
			t.Errorf("owner %q, remembered %+v", d.Owner, m.Chosen)
		}
	})
}

func TestTestsOfPoliciesSayWhoIsOnDuty(t *testing.T) {
	tests, problems := LoadTests([]byte(`
tests:
  - name: somebody is
    on_call: {platform: ann@acme.example}
    issue: {kind: bug}
    expect: {lane: hotfix, owner: ann@acme.example, holds: []}
  - name: nobody is
    on_call: {platform: ""}
    issue: {kind: bug}
    expect: {lane: hotfix, owner: "", holds: [nobody is on duty in rota platform]}
  - name: the test does not say
    issue: {kind: bug}
    expect: {lane: hotfix, owner: "", holds: [name who is on duty under on_call]}
`))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	set, problems := CompileSet(dutySpec(OwnerSpec{OnCall: "platform"}), nil)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	results, _ := set.Run(tests)
	for _, r := range results {
		if !r.Passed() {
			t.Errorf("%s: %v", r.Name, r.Failures)
		}
	}
	if got := set.RotaNames(); len(got) != 1 || got[0] != "platform" {
		t.Errorf("rotas %v", got)
	}
}
