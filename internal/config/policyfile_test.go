package config

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const twoLanes = `lanes:
  - {name: first, when: "issue.kind == 'bug'", horizon: roadmap}
  - {name: rest, when: "true", horizon: roadmap}
`

func TestAPolicyStandsAloneOrInAConfiguration(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "policy.yaml"), []byte(twoLanes), 0o600); err != nil {
		t.Fatal(err)
	}
	bare, err := ParsePolicy("bare.yaml", []byte(twoLanes), nil)
	if err != nil {
		t.Fatal(err)
	}
	want := bare.Set.Hash()
	for name, text := range map[string]string{
		"inline":                        "policy:\n  " + strings.ReplaceAll(strings.TrimSpace(twoLanes), "\n", "\n  "),
		"in its own file":               "mode: observe\npolicy_file: policy.yaml\n",
		"beside sources with no secret": "mode: enforce\nsources:\n  - {name: a, jira: {url: x, auth: {token_env: NOWHERE}, projects: [PAY]}}\npolicy_file: policy.yaml\n",
	} {
		f, err := ParsePolicy(filepath.Join(dir, "lanekeeper.yaml"), []byte(text), nil)
		if err != nil || f.Set.Hash() != want {
			t.Errorf("%s: %v", name, err)
		}
	}
	built, err := ParsePolicy("x.yaml", []byte("mode: observe\n"), nil)
	if err != nil || built.Set.Hash() == want {
		t.Errorf("a configuration without a policy has not the built-in one: %v", err)
	}
}

func TestTeamsOfAPolicyFileAreCheckedWhereSourcesAreKnown(t *testing.T) {
	text := []byte(twoLanes + "teams:\n  pay/PAY: {settle: 3h}\n")
	f, err := ParsePolicy("p.yaml", text, nil)
	if err != nil || f.Set.For("pay", "PAY").Hash() == f.Set.For("pay", "WEB").Hash() {
		t.Errorf("the team has no policy of its own: %v", err)
	}
	if _, err := ParsePolicy("p.yaml", text, []Source{{Name: "pay", Jira: &Jira{Projects: []string{"PAY"}}}}); err != nil {
		t.Error(err)
	}
	_, err = ParsePolicy("p.yaml", text, []Source{{Name: "other"}})
	if err == nil || !strings.Contains(err.Error(), "p.yaml:5:3: policy.teams.pay/PAY: no such source or project") {
		t.Error(err)
	}
}

func TestProblemsOfAPolicyFileHaveTheirPlace(t *testing.T) {
	for name, test := range map[string]struct{ text, want string }{
		"an unknown key":           {"score: {presett: rice}\n", "p.yaml:1:9: policy.score.presett: unknown key"},
		"a bad expression":         {"lanes:\n  - {name: a, when: \"issue.kindd == 1\", horizon: roadmap}\n", "p.yaml:2:27: policy.lanes[0].when: issue has no field"},
		"the same, inside":         {"mode: observe\npolicy:\n  lanes:\n    - {name: a, when: \"issue.kindd == 1\", horizon: roadmap}\n", "p.yaml:4:29: policy.lanes[0].when: issue has no field"},
		"a file that is not there": {"policy_file: nowhere.yaml\n", "p.yaml:1:14: policy_file: read"},
		"no mapping":               {"- a\n", "p.yaml:1:1"},
		"nothing":                  {"", "p.yaml:1:1: want a policy"},
		"no YAML":                  {"a: [\n", "p.yaml"},
	} {
		_, err := ParsePolicy("p.yaml", []byte(test.text), nil)
		if _, ok := errors.AsType[*Problems](err); !ok || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %s", name, err, test.want)
		}
	}
	if _, err := LoadPolicy(filepath.Join(t.TempDir(), "nowhere.yaml"), nil); err == nil || !strings.Contains(err.Error(), "nowhere.yaml") {
		t.Error(err)
	}
}
