package bench

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lanekeeper/lanekeeper/internal/bench/fastserver"
)

// policyText is the example of the configuration reference.
const policyText = `
policy:
  score:
    preset: three_pillars
    pillars:
      business_value: {weight: 0.35, expr: "tier(issue.fields.customer_tier, {'enterprise': 90.0, 'pro': 60.0}, 30.0)", default: 30}
      customer_impact: {weight: 0.45, expr: "scale(issue.votes, 0, 20)"}
      technical_risk: {weight: 0.20, expr: "issue.kind == 'bug' ? 60.0 : 20.0"}
    effort: {expr: "issue.estimate > 0.0 ? issue.estimate : 3.0", default: 3}
  priority: {margin: 5, bands: {urgent: 85, high: 65, medium: 35}}
  lanes:
    - name: hotfix
      why: A paying customer is hurt now.
      when: "issue.kind == 'bug' && pillar.customer_impact >= 80.0"
      stay: "issue.kind == 'bug' && pillar.customer_impact >= 65.0"
      horizon: current-sprint
      priority: {at_least: high}
    - {name: stability, when: "issue.kind == 'bug' || pillar.technical_risk >= 60.0", horizon: next-release}
    - {name: strategic, when: "issue.kind == 'epic' || has_label('strategic')", horizon: roadmap}
    - {name: feature, when: "issue.kind in ['story', 'task']", horizon: next-release}
    - {name: unsorted, why: No rule matched., when: "true", horizon: next-release}
  settle: 6h
`

// place is where one installation lives.
type place struct {
	t             testing.TB
	config, state string
}

// install writes a configuration for a shape.
func install(t testing.TB, shape, base, mode, extra string) place {
	t.Helper()
	dir := t.TempDir()
	p := place{t: t, config: filepath.Join(dir, "lanekeeper.yaml"), state: filepath.Join(dir, "state.db")}
	var source string
	switch shape {
	case "cloud":
		source = fmt.Sprintf("jira: {url: %s/jira, flavor: cloud, auth: {email: bot@acme.example, token_env: BENCH_TOKEN}, projects: [%s], fields: {customer_tier: customfield_10050}}", base, fastserver.Project)
	case "dc":
		source = fmt.Sprintf("jira: {url: %s/dc, flavor: datacenter, auth: {token_env: BENCH_TOKEN}, projects: [%s], fields: {customer_tier: customfield_10050}}", base, fastserver.Project)
	case "linear":
		source = fmt.Sprintf("linear: {url: %s/graphql, auth: {api_key_env: BENCH_TOKEN}, teams: [%s]}", base, fastserver.Project)
	default:
		t.Fatalf("no shape %q", shape)
	}
	policy := policyText
	if shape == "linear" { // it has no custom fields
		policy = strings.ReplaceAll(policy, "issue.fields.customer_tier, {'enterprise'", "issue.kind, {'bug'")
		policy = strings.ReplaceAll(policy, "'pro'", "'story'")
	}
	text := fmt.Sprintf("mode: %s\nsources:\n  - name: big\n    %s\nstate: {path: %s}\n%s%s", mode, source, p.state, extra, policy)
	if err := os.WriteFile(p.config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return p
}

func (p place) cmd(args ...string) *exec.Cmd {
	cmd := exec.Command(lanekeeper(p.t), append(args, "--config", p.config)...)
	cmd.Env = append(os.Environ(), "BENCH_TOKEN=token")
	return cmd
}

// totals asks how many issues there are and of how many once lists a change,
// and how large the state is.
func (p place) totals() (issues, changed int, size int64) {
	p.t.Helper()
	info, err := os.Stat(p.state)
	if err != nil {
		p.t.Fatal(err)
	}
	out, err := p.cmd("once", "--json").Output()
	if err != nil {
		p.t.Fatal(err)
	}
	var answer struct {
		Sources []struct{ Issues int }
		Changes []struct{ ID string }
	}
	if err := json.NewDecoder(bytes.NewReader(out)).Decode(&answer); err != nil {
		p.t.Fatal(err)
	}
	for _, s := range answer.Sources {
		issues += s.Issues
	}
	ids := map[string]bool{}
	for _, c := range answer.Changes {
		ids[c.ID] = true
	}
	return issues, len(ids), info.Size()
}

func shapes() []string { return strings.Split(*shapeNames, ",") }

func delays(t testing.TB) (out []time.Duration) {
	for text := range strings.SplitSeq(*latencies, ",") {
		d, err := time.ParseDuration(text)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, d)
	}
	return out
}

// TestFirstPull measures fetch, decode, decide and store of a whole backlog
// against the bare loop.
func TestFirstPull(t *testing.T) {
	lanekeeper(t)
	for _, latency := range delays(t) {
		for _, shape := range shapes() {
			t.Run(fmt.Sprintf("%s at %s", shape, latency), func(t *testing.T) { firstPull(t, shape, latency) })
		}
	}
}

func firstPull(t *testing.T, shape string, latency time.Duration) {
	server := start(t, fastserver.Options{Issues: *issueCount, Latency: latency})
	var bare, ours []figures
	var requests map[string]int
	var p place
	for range *rounds {
		if !*noBare {
			path := filepath.Join(t.TempDir(), "bare.db")
			bare = append(bare, measure(t, helper(t, "bare", bareJob{Shape: shape, Base: server.base, Path: path})))
		}
		p = install(t, shape, server.base, "observe", "")
		server.counts()
		ours = append(ours, measure(t, p.cmd("once")))
		requests = server.counts()
	}
	n, changed, size := p.totals()
	if n != *issueCount || changed != n {
		t.Errorf("%d issues are stored and changes of %d are listed, want %d", n, changed, *issueCount)
	}
	f := median(ours)
	report(t, "%-6s %7d issues at %4s: lanekeeper %s; %d requests; state %d bytes an issue", shape, n, latency, f, sum(requests, ""), size/int64(n))
	if !*noBare {
		b := median(bare)
		report(t, "%-6s %7d issues at %4s: bare loop  %s", shape, n, latency, b)
		report(t, "%-6s %7d issues at %4s: %.2f of the wall time, %.2f of the CPU time", shape, n, latency,
			f.wall.Seconds()/b.wall.Seconds(), f.cpu.Seconds()/b.cpu.Seconds())
	}
}
