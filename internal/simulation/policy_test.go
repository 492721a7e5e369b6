package simulation

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/policy"
)

// variants is the number of policies that reloads change between.
const variants = 4

// urgentWords and usefulLabels are what the variants differ in.
var (
	urgentWords  = [variants][]string{{"outage"}, {"outage", "slow"}, {"slow"}, {"outage"}}
	usefulLabels = [variants]string{"customer", "customer", "team-a", "customer"}
	owned        = [variants]bool{false, true, false, true}
)

// spec is a policy that never gives the priority low, nor a lane of people's
// own: what they set so must stay.
func spec(variant int, ttl time.Duration, starts string) policy.Spec {
	hot := fmt.Sprintf("any_word(issue.title, ['%s'])", strings.Join(urgentWords[variant], "', '"))
	useful := fmt.Sprintf("has_label('%s')", usefulLabels[variant])
	s := policy.Spec{
		Score: policy.ScoreSpec{
			Pillars: map[string]policy.PillarSpec{"need": {Weight: 1, Expr: hot + " ? 95.0 : " + useful + " ? 70.0 : 40.0"}},
			Effort:  policy.EffortSpec{Expr: "1.0"},
		},
		Priority: policy.PrioritySpec{Bands: map[issue.Priority]float64{issue.Urgent: 85, issue.High: 65, issue.Medium: 10}},
		Lanes: []policy.LaneSpec{
			{Name: urgent, When: hot, Horizon: "current-sprint", SLA: "urgent-fix"},
			{Name: "stability", When: useful, Horizon: "next-release"},
			{Name: "feature", When: "true", Horizon: "roadmap"},
		},
		SLAs: map[string]policy.SLASpec{
			"urgent-fix": {Starts: starts, WarnAt: []float64{warnAt}, Targets: []policy.TargetSpec{{Resolve: targets[variant]}}},
		},
		Overrides: policy.OverrideSpec{TTL: ttl},
	}
	if owned[variant] {
		s.Lanes[0].Owner.Assign = oncall
	}
	return s
}

// wanted is what the policy says, told a second time in the simplest words.
func wanted(variant int, title string, labels []string, person func(string) string) map[issue.Field]string {
	lower := strings.ToLower(title)
	urgent := slices.ContainsFunc(urgentWords[variant], func(w string) bool { return strings.Contains(lower, w) })
	switch {
	case urgent:
		w := map[issue.Field]string{issue.FieldLane: "lane:hotfix", issue.FieldHorizon: "horizon:current-sprint", issue.FieldPriority: "urgent"}
		if owned[variant] {
			w[issue.FieldAssignee] = person("oncall")
		}
		return w
	case slices.Contains(labels, usefulLabels[variant]):
		return map[issue.Field]string{issue.FieldLane: "lane:stability", issue.FieldHorizon: "horizon:next-release", issue.FieldPriority: "high"}
	}
	return map[issue.Field]string{issue.FieldLane: "lane:feature", issue.FieldHorizon: "horizon:roadmap", issue.FieldPriority: "medium"}
}

type policyKey struct {
	variant int
	ttl     time.Duration
	starts  string
}

// compiled policies are shared: they hold no state, and compiling is most of
// what a small world costs.
var compiled sync.Map

func compile(variant int, ttl time.Duration, starts string) *policy.Set {
	k := policyKey{variant, ttl, starts}
	if p, ok := compiled.Load(k); ok {
		return p.(*policy.Set)
	}
	set, problems := policy.CompileSet(spec(variant, ttl, starts), nil)
	if policy.Failed(problems) {
		panic(fmt.Sprint(problems))
	}
	compiled.Store(k, set)
	return set
}

// must is for what only a mistake in the simulation itself can cause.
func must(err error) {
	if err != nil {
		panic(err)
	}
}
