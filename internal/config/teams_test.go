package config

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lanekeeper/lanekeeper/policy"
)

const teamsBase = `
mode: observe
sources:
  - name: pay
    jira: {url: https://jira.example, auth: {token_env: JIRA_TOKEN}, projects: [PAY, WEB], fields: {tier: Tier}}
policy:
  score:
    pillars:
      value: {weight: 0.5, expr: "scale(issue.votes, 0, 20)", default: 10}
      risk: {weight: 0.5, expr: "issue.kind == 'bug' ? 60.0 : 20.0"}
  priority: {margin: 5, bands: {urgent: 85, high: 65}}
  lanes:
    - {name: hotfix, when: "issue.kind == 'bug'", horizon: current-sprint, share: {min: 0.1, max: 0.3}, approvers: [a, b], sla: fast}
    - {name: rest, when: "true"}
  slas:
    fast: {warn_at: [0.5], targets: [{resolve: 8h}]}
  marks:
    - {prefix: size, bands: {big: 50, small: 0}, margin: 2}
  settle: 6h
`

// team loads teamsBase with a part of a policy for pay/WEB.
func team(t *testing.T, part string) policy.Spec {
	t.Helper()
	indented := strings.ReplaceAll(strings.TrimSpace(part), "\n", "\n      ")
	c := parsed(t, "x.yaml", []byte(teamsBase+"  teams:\n    pay/WEB:\n      "+indented+"\n"))
	if base := parsed(t, "x.yaml", []byte(teamsBase)); cmp.Diff(base.Policy, c.Policy) != "" {
		t.Errorf("the team changed the base policy:\n%s", cmp.Diff(base.Policy, c.Policy))
	}
	return c.Teams["pay/WEB"]
}

func TestATeamsPolicyChangesOnlyWhatItNames(t *testing.T) {
	base := parsed(t, "x.yaml", []byte(teamsBase)).Policy
	for name, tc := range map[string]struct {
		part   string
		change func(*policy.Spec)
	}{
		"a single value": {"settle: 1d", func(s *policy.Spec) { s.Settle = 24 * time.Hour }},
		"one pillar's weight": {"score: {pillars: {risk: {weight: 0.9}}}", func(s *policy.Spec) {
			p := s.Score.Pillars["risk"]
			p.Weight = 0.9
			s.Score.Pillars["risk"] = p
		}},
		"one band":                       {"priority: {bands: {urgent: 95}}", func(s *policy.Spec) { s.Priority.Bands[4] = 95 }},
		"one bound of one lane, by name": {"lanes: [{name: hotfix, share: {max: 0.2}}]", func(s *policy.Spec) { *s.Lanes[0].Share.Max = 0.2 }},
		"a list of texts, as a whole":    {"lanes: [{name: hotfix, approvers: [c]}]", func(s *policy.Spec) { s.Lanes[0].Approvers = []string{"c"} }},
		"a value taken away":             {"lanes: [{name: hotfix, sla: ~}]", func(s *policy.Spec) { s.Lanes[0].SLA = "" }},
		"a new lane, before the last": {`lanes: [{name: epics, when: "issue.kind == 'epic'"}]`, func(s *policy.Spec) {
			s.Lanes = []policy.LaneSpec{s.Lanes[0], {Name: "epics", When: "issue.kind == 'epic'"}, s.Lanes[1]}
		}},
		"a mark, by prefix": {"marks: [{prefix: size, margin: 4}]", func(s *policy.Spec) { s.Marks[0].Margin = 4 }},
		"targets, which have no names, as a whole": {"slas: {fast: {targets: [{resolve: 1h}]}}", func(s *policy.Spec) {
			fast := s.SLAs["fast"]
			fast.Targets = []policy.TargetSpec{{Resolve: time.Hour}}
			s.SLAs["fast"] = fast
		}},
		"another preset, with its own pillars": {"score: {preset: rice}", func(s *policy.Spec) { s.Score = policy.ScoreSpec{Preset: "rice"} }},
	} {
		t.Run(name, func(t *testing.T) {
			want := parsed(t, "x.yaml", []byte(teamsBase)).Policy
			tc.change(&want)
			if cmp.Equal(base, want) {
				t.Fatal("the case changes nothing")
			}
			if diff := cmp.Diff(want, team(t, tc.part)); diff != "" {
				t.Errorf("want - got +\n%s", diff)
			}
		})
	}
}

func TestATeamsPolicyDecidesForItsProjectOnly(t *testing.T) {
	c := parsed(t, "x.yaml", []byte(teamsBase+"  teams:\n    pay/WEB: {settle: 1d}\n"))
	for project, want := range map[string]time.Duration{"PAY": 6 * time.Hour, "WEB": 24 * time.Hour} {
		if got := c.Set.For("pay", project).Spec().Settle; got != want {
			t.Errorf("%s settles in %s, want %s", project, got, want)
		}
	}
}

func TestAPolicyFileIsThePolicy(t *testing.T) {
	dir := t.TempDir()
	_, inline, _ := strings.Cut(teamsBase, "policy:\n")
	write(t, dir+"/policy.yaml", strings.ReplaceAll(inline, "\n  ", "\n")[2:])
	head, _, _ := strings.Cut(teamsBase, "policy:\n")
	c := parsed(t, dir+"/lanekeeper.yaml", []byte(head+"policy_file: policy.yaml\n"))
	if diff := cmp.Diff(parsed(t, "x.yaml", []byte(teamsBase)).Set.Hash(), c.Set.Hash()); diff != "" {
		t.Errorf("the same policy has another hash\n%s", diff)
	}
}
