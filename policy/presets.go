package policy

import (
	"fmt"
	"time"

	"github.com/lanekeeper/lanekeeper/internal/issue"
)

// Presets are the names of the presets, the default first.
func Presets() []string {
	return []string{defaultPreset, "rice", "wsjf", "ice", "moscow", "opportunity"}
}

// Preset returns a preset: expressions in the language of policies, for the
// score and, with moscow, the marks.
func Preset(name string) (Spec, error) {
	switch name {
	case defaultPreset:
		return Spec{Score: threePillars()}, nil
	case "rice":
		return Spec{Score: rice()}, nil
	case "wsjf":
		return Spec{Score: wsjf()}, nil
	case "ice":
		return Spec{Score: ice()}, nil
	case "moscow":
		return moscow(), nil
	case "opportunity":
		return Spec{Score: opportunity()}, nil
	}
	return Spec{}, fmt.Errorf("there is no preset %q; there are %s", name, quoteList(Presets()))
}

// threePillars works on any tracker from the first day: it reads nothing that
// has to be set up. Nor does it read what lanekeeper writes (priority, due
// date): a score that rose with its own priority would never come to rest.
func threePillars() ScoreSpec {
	score := ScoreSpec{
		Preset: defaultPreset,
		Pillars: map[string]PillarSpec{
			"business_value": {
				Weight: 0.35,
				Expr: `20.0
  + tier(issue.kind, {'epic': 25.0, 'story': 15.0, 'incident': 20.0, 'bug': 10.0}, 0.0)
  + 0.25 * logscale(issue.votes, 0, 30)
  + 0.25 * logscale(issue.revenue, 0, 1000000)
  + 0.15 * logscale(issue.watchers, 0, 20)
  + 0.10 * scale(issue.blocks_count, 0, 3)
  + (issue.milestone != '' ? 10.0 : 0.0)
  + (has(issue.milestone_ends) ? 0.15 * scale(issue.milestone_ends - now, days(30), days(2)) : 0.0)
  + (has_label('strategic') || has_label('quick-win') ? 20.0 : 0.0)`,
				Rubric: map[int]string{
					0: "nobody would notice", 25: "useful to some", 50: "wanted by many, or tied to a date",
					75: "a goal of this quarter", 100: "the business depends on it",
				},
			},
			"customer_impact": {
				Weight: 0.45,
				Expr: `tier(issue.kind, {'incident': 60.0, 'bug': 35.0, 'story': 15.0, 'epic': 15.0}, 10.0)
  + 0.35 * logscale(issue.customer_count, 0, 20)
  + 0.20 * logscale(issue.votes, 0, 30)
  + 0.15 * logscale(issue.watchers, 0, 20)
  + 0.15 * logscale(issue.comments, 0, 30)
  + (issue.customers.exists(c, c.important) ? 10.0 : 0.0)
  + (has_label('customer') || has_label('escalation') || has_label('blocker') ? 25.0 : 0.0)
  + (any_word(issue.title, ['outage', 'data loss', 'crash', 'crashes', 'down', 'unusable', 'corrupt', 'corrupted', 'security']) ? 25.0
    : any_word(issue.title, ['fails', 'failing', 'failure', 'broken', 'cannot', 'exception', 'error', 'errors', 'hangs', 'lost', 'missing', 'not working', 'does not work']) ? 15.0
    : 0.0)`,
				Rubric: map[int]string{
					0: "no customer is touched", 25: "a nuisance to few", 50: "many are slowed down",
					75: "customers cannot do their work", 100: "all customers are down or lose data",
				},
			},
			"technical_risk": {
				Weight: 0.20,
				Expr: `tier(issue.kind, {'incident': 40.0, 'bug': 25.0, 'task': 20.0}, 10.0)
  + (any_word(issue.title, ['security', 'vulnerability', 'cve', 'leak', 'race condition', 'corruption', 'deadlock', 'data loss']) ? 40.0 : 0.0)
  + (any_word(issue.title, ['deprecated', 'end of life', 'upgrade', 'migrate', 'migration', 'refactor', 'legacy', 'memory', 'performance', 'slow']) ? 20.0 : 0.0)
  + (has_label('security') ? 30.0 : 0.0)
  + (has_label('tech-debt') || has_label('technical-debt') || has_label('debt') ? 30.0 : 0.0)
  + 0.25 * scale(issue.blocks_count, 0, 3)
  + 0.15 * scale(now - issue.created, days(0), days(365))`,
				Rubric: map[int]string{
					0: "nothing gets worse by waiting", 25: "slows the team down a little", 50: "grows more expensive each month",
					75: "an accident waiting to happen", 100: "exploited or failing now",
				},
			},
		},
		Effort: EffortSpec{Expr: "issue.estimate > 0.0 ? issue.estimate : 3.0"},
	}
	// An issue that came without its time of creation still has the other risks.
	risk := score.Pillars["technical_risk"]
	risk.Default = ptr(20.0)
	score.Pillars["technical_risk"] = risk
	return score
}

// rice is reach × impact × confidence, divided by effort where a lane is put
// in order (Intercom, 2018). Reach is customers or users a quarter, impact
// 0.25..3 and confidence a percentage, each from a custom field.
func rice() ScoreSpec {
	return ScoreSpec{
		Preset: "rice",
		Pillars: map[string]PillarSpec{
			"rice": {
				Weight: 1,
				Expr: `logscale(
  or_else(issue.fields.reach, double(issue.customer_count + issue.votes))
  * or_else(issue.fields.impact, 1.0)
  * or_else(issue.fields.confidence, 50.0) / 100.0, 0.0, 3000.0)`,
				Default: ptr(0.0),
				Rubric:  map[int]string{25: "few, or little for each", 50: "dozens, clearly better off", 75: "hundreds", 100: "thousands, massively"},
			},
		},
		Effort: EffortSpec{Expr: "issue.estimate > 0.0 ? issue.estimate : 1.0"},
	}
}

// wsjf is the cost of delay (business value, time criticality, risk reduction
// or opportunity enablement, each 1..20) in equal parts, over the size of the
// job (Reinertsen; SAFe).
func wsjf() ScoreSpec {
	const third = 1.0 / 3
	return ScoreSpec{
		Preset: "wsjf",
		Pillars: map[string]PillarSpec{
			"business_value": {
				Weight: third, Expr: "scale(or_else(issue.fields.business_value, 5.0), 0, 20)",
			},
			"time_criticality": {
				Weight: third,
				Expr: `scale(or_else(issue.fields.time_criticality,
  has(issue.milestone_ends) ? 0.2 * scale(issue.milestone_ends - now, days(60), days(0)) : 3.0), 0, 20)`,
			},
			"risk_reduction": {
				Weight: third, Expr: "scale(or_else(issue.fields.risk_reduction, 3.0 + 3.0 * double(issue.blocks_count)), 0, 20)",
			},
		},
		Effort: EffortSpec{Expr: "issue.estimate > 0.0 ? issue.estimate : 5.0"},
	}
}

// ice is impact, confidence and ease, each 1..10, multiplied (Ellis). Ease is
// the divisor's inverse here, so the order inside a lane needs no effort.
func ice() ScoreSpec {
	return ScoreSpec{
		Preset: "ice",
		Pillars: map[string]PillarSpec{
			"ice": {
				Weight: 1,
				Expr: `or_else(issue.fields.impact, 5.0) * or_else(issue.fields.confidence, 5.0)
  * or_else(issue.fields.ease, issue.estimate > 0.0 ? 10.0 - 0.1 * scale(issue.estimate, 0, 10) : 5.0) / 10.0`,
			},
		},
		Effort: EffortSpec{Expr: "1.0"},
	}
}

// moscow is three_pillars with a mark for the level: must, should, could or
// wont. No more than 60 % of the work should be must (DSDM).
func moscow() Spec {
	score := threePillars()
	score.Preset = "moscow"
	return Spec{
		Score: score,
		Marks: []MarkSpec{{
			Prefix: "moscow",
			Bands:  map[string]float64{"must": 60, "should": 42, "could": 28, "wont": 0},
			Margin: 5,
			Cap:    map[string]float64{"must": 0.6},
		}},
	}
}

// opportunity is importance + max(importance - satisfaction, 0), each 0..10 and
// so 0..20 together (Ulwick, outcome-driven innovation).
func opportunity() ScoreSpec {
	return ScoreSpec{
		Preset: "opportunity",
		Pillars: map[string]PillarSpec{
			"opportunity": {
				Weight: 1,
				Expr: `5.0 * (or_else(issue.fields.importance, 0.1 * logscale(issue.votes + issue.customer_count, 0, 50))
  + scale(or_else(issue.fields.importance, 0.1 * logscale(issue.votes + issue.customer_count, 0, 50))
    - or_else(issue.fields.satisfaction, 5.0), 0, 10) / 10.0)`,
			},
		},
		Effort: EffortSpec{Expr: "issue.estimate > 0.0 ? issue.estimate : 3.0"},
	}
}

// Default is the policy for those who have none yet.
func Default() Spec {
	return Spec{
		Score: threePillars(),
		Priority: PrioritySpec{
			Margin: 5,
			Bands:  map[issue.Priority]float64{issue.Urgent: 60, issue.High: 42, issue.Medium: 28},
		},
		Lanes: defaultLanes(),
		SLAs: map[string]SLASpec{
			"urgent-fix": {
				Starts: StartsEnteredLane,
				WarnAt: []float64{0.5, 0.75},
				Targets: []TargetSpec{
					{When: "issue.priority == 'urgent'", Respond: 30 * time.Minute, Resolve: 8 * time.Hour},
					{Respond: 4 * time.Hour, Resolve: 72 * time.Hour},
				},
			},
		},
		Overrides: OverrideSpec{TTL: 14 * 24 * time.Hour},
		Settle:    6 * time.Hour,
	}
}

func defaultLanes() []LaneSpec {
	return []LaneSpec{
		{
			Name: "hotfix", Why: "A customer is hurt now.",
			When:     "issue.kind in ['bug', 'incident'] && pillar.customer_impact >= 65.0",
			Stay:     "issue.kind in ['bug', 'incident'] && pillar.customer_impact >= 50.0",
			Horizon:  CurrentSprint,
			Priority: LanePrioritySpec{AtLeast: ptr(issue.High)},
			SLA:      "urgent-fix",
			Share:    ShareSpec{Max: ptr(0.15)},
		},
		{
			Name: "stability", Why: "It is broken, or it will break.",
			When:    "issue.kind in ['bug', 'incident'] || pillar.technical_risk >= 55.0",
			Stay:    "pillar.technical_risk >= 45.0",
			Horizon: NextRelease, Share: ShareSpec{Max: ptr(0.40)},
		},
		{
			Name: "strategic", Why: "A bet on where the product is going.",
			When:    "issue.kind == 'epic' || has_label('strategic')",
			Horizon: Roadmap, Share: ShareSpec{Min: ptr(0.10)},
		},
		{
			Name: "feature", Why: "It makes the product better for its users.",
			When: "issue.kind in ['story', 'task']", Horizon: NextRelease,
		},
		{Name: "unsorted", Why: "No rule matched.", When: "true", Horizon: NextRelease, AlarmAbove: 25},
	}
}

// plainLanes are the default lanes for a score with other pillars than
// three_pillars has.
func plainLanes() []LaneSpec {
	lanes := defaultLanes()
	lanes[0].When = "issue.kind in ['bug', 'incident'] && score >= 70.0"
	lanes[0].Stay = "issue.kind in ['bug', 'incident'] && score >= 55.0"
	lanes[1].When = "issue.kind in ['bug', 'incident'] || has_label('tech-debt')"
	lanes[1].Stay = ""
	return lanes
}

func ptr[T any](v T) *T { return &v }
