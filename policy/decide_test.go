package policy

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

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

// fixedSignals holds fresh values by name; NaN is a stale one.
type fixedSignals map[string]float64

func (s fixedSignals) Signal(name string, _ *issue.Issue) (float64, Freshness) {
	v, ok := s[name]
	switch {
	case !ok:
		return 0, Missing
	case math.IsNaN(v):
		return 0, Stale
	}
	return v, Fresh
}

// pillarsOnly is a policy with one pillar and lanes by score.
func pillarsOnly(expr string, fallback *float64) Spec {
	return Spec{
		Score: ScoreSpec{
			Pillars: map[string]PillarSpec{"value": {Weight: 3, Expr: expr, Default: fallback}, "base": {Weight: 1, Expr: "40.0"}},
			Effort:  EffortSpec{Expr: "1.0"},
		},
		Lanes: []LaneSpec{{Name: "top", When: "score >= 70.0", Stay: "score >= 60.0"}, {Name: "rest", When: "true"}},
	}
}

func TestMissingInputs(t *testing.T) {
	for _, tt := range []struct {
		name, expr   string
		fallback     *float64
		issue        issue.Issue
		signals      Signals
		want         Pillar
		score, trust float64
		undecided    string
	}{
		{
			name: "tier with an absent value gives its default and is named", expr: "tier(issue.fields.t, {'a': 90.0}, 30.0)",
			want: Pillar{Value: 30, Defaulted: true, Missing: []string{"issue.fields.t"}}, score: 32.5, trust: 0.25,
		},
		{
			name: "absent custom field takes the pillar's default", expr: "issue.fields.t", fallback: ptr(80.0),
			want: Pillar{Value: 80, Defaulted: true, Missing: []string{"issue.fields.t"}}, score: 70, trust: 0.25,
		},
		{
			name: "absent custom field without a default leaves the pillar out", expr: "issue.fields.t",
			want: Pillar{Unknown: true, Missing: []string{"issue.fields.t"}}, score: 40, trust: 0.25,
		},
		{
			name: "custom field that is there", expr: "issue.fields.t", issue: issue.Issue{Fields: map[string]issue.Value{"t": {Number: ptr(80.0)}}},
			want: Pillar{Value: 80}, score: 70, trust: 1,
		},
		{
			name: "custom field that is empty counts as absent", expr: "or_else(issue.fields.t, 7.0)", issue: issue.Issue{Fields: map[string]issue.Value{"t": {}}},
			want: Pillar{Value: 7, Defaulted: true, Missing: []string{"issue.fields.t"}}, score: 15.25, trust: 0.25,
		},
		{
			name: "a test with has() is information, not a gap", expr: "has(issue.fields.t) ? 80.0 : 20.0",
			want: Pillar{Value: 20}, score: 25, trust: 1,
		},
		{
			name: "an input that is not reached is not missing", expr: "issue.kind == 'bug' ? issue.fields.t : 20.0",
			want: Pillar{Value: 20}, score: 25, trust: 1,
		},
		{
			name: "an estimate of 0 reads as 0 and is missing", expr: "issue.estimate > 0.0 ? 80.0 : 20.0",
			want: Pillar{Value: 20, Defaulted: true, Missing: []string{"issue.estimate"}}, score: 25, trust: 0.25,
		},
		{
			name: "a time that is not set", expr: "scale(age(issue.started), days(0), days(10))", fallback: ptr(5.0),
			want: Pillar{Value: 5, Defaulted: true, Missing: []string{"issue.started"}}, score: 13.75, trust: 0.25,
		},
		{
			name: "a signal that is not there", expr: "signal.errors", want: Pillar{Unknown: true, Missing: []string{"signal.errors"}}, score: 40, trust: 0.25,
		},
		{
			name: "a signal that is too old", expr: "signal.errors", signals: fixedSignals{"errors": math.NaN()},
			want: Pillar{Unknown: true, Missing: []string{"signal.errors"}}, score: 40, trust: 0.25,
		},
		{
			name: "a fresh signal", expr: "signal.errors", signals: fixedSignals{"errors": 20},
			want: Pillar{Value: 20}, score: 25, trust: 1,
		},
		{name: "above the scale", expr: "1000.0", want: Pillar{Value: 100}, score: 85, trust: 1},
		{name: "below the scale", expr: "-5", want: Pillar{Value: 0}, score: 10, trust: 1},
		{name: "no number", expr: "0.0 / 0.0", undecided: "score.pillars.value.expr: the result is NaN"},
		{name: "infinite", expr: "1.0 / (issue.estimate * 0.0)", undecided: "score.pillars.value.expr: the result is +Inf"},
		{name: "division by zero", expr: "1 / issue.votes", undecided: "score.pillars.value.expr: division by zero"},
		{
			name: "a custom field of another type", expr: "issue.fields.t * 2.0", issue: issue.Issue{Fields: map[string]issue.Value{"t": {Text: "x"}}},
			undecided: "score.pillars.value.expr: no such overload",
		},
		{
			name: "a custom field as a whole that is no number", expr: "issue.fields.t", issue: issue.Issue{Fields: map[string]issue.Value{"t": {Text: "x"}}},
			undecided: `score.pillars.value.expr: the result "x" is no number`,
		},
		{
			name: "a field that failed to load", expr: "issue.votes", issue: issue.Issue{Unknown: issue.InputVotes},
			undecided: "not loaded from the tracker: votes",
		},
		{
			name: "a field that failed to load and is not read", expr: "issue.votes", issue: issue.Issue{Unknown: issue.InputLinks},
			want: Pillar{Value: 0}, score: 10, trust: 1,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := mustCompile(t, pillarsOnly(tt.expr, tt.fallback))
			before := Memory{Lane: "rest", LaneSince: testNow.Add(-time.Hour)}
			d, m := p.Decide(Input{Issue: &tt.issue, Now: testNow, Memory: before, Signals: tt.signals})
			if tt.undecided != "" {
				if !strings.Contains(d.Undecided, tt.undecided) || d.Lane != "" {
					t.Errorf("undecided because %q in lane %q, want %q", d.Undecided, d.Lane, tt.undecided)
				}
				if diff := cmp.Diff(before, m); diff != "" {
					t.Error("memory changed: " + diff)
				}
				return
			}
			tt.want.Name, tt.want.Weight = "value", 3
			if diff := cmp.Diff(tt.want, d.Pillars[1]); diff != "" {
				t.Error(diff)
			}
			if d.Undecided != "" || d.Score != tt.score || d.Confidence != tt.trust {
				t.Errorf("%s: score %v, confidence %v; want %v, %v", d.Undecided, d.Score, d.Confidence, tt.score, tt.trust)
			}
		})
	}
}

func TestNoPillarWithAValueIsUndecided(t *testing.T) {
	s := pillarsOnly("issue.fields.t", nil)
	delete(s.Score.Pillars, "base")
	d, _ := mustCompile(t, s).Decide(Input{Issue: &issue.Issue{}, Now: testNow})
	if want := "score: no pillar with a weight has a value: issue.fields.t not set"; d.Undecided != want {
		t.Errorf("got %q, want %q", d.Undecided, want)
	}
}

func TestRuleThatWantsAMissingInputDoesNotHold(t *testing.T) {
	s := pillarsOnly("50.0", nil)
	s.Lanes[0].When = "issue.fields.severity == 'sev1' || signal.errors > 5.0"
	p := mustCompile(t, s)
	d, _ := p.Decide(Input{Issue: &issue.Issue{}, Now: testNow})
	if d.Lane != "rest" {
		t.Errorf("lane %s: %s", d.Lane, d.Undecided)
	}
	if diff := cmp.Diff([]string{"issue.fields.severity", "signal.errors"}, d.Rules[0].Missing); diff != "" {
		t.Error(diff)
	}
	d, _ = p.Decide(Input{Issue: &issue.Issue{}, Now: testNow, Signals: fixedSignals{"errors": 9}})
	if d.Lane != "top" {
		t.Errorf("one half that holds is enough, got lane %s", d.Lane)
	}
}

func TestEffort(t *testing.T) {
	for _, tt := range []struct {
		name, expr string
		fallback   *float64
		want       float64
		undecided  string
	}{
		{"plain", "issue.estimate", nil, 2, ""},
		{"nothing takes the default", "0.0", ptr(4.0), 4, ""},
		{"nothing without a default", "issue.votes - 9", nil, 0, "score.effort.expr: the result is 0, must be greater than 0"},
		{"absent takes the default", "issue.fields.size", ptr(4.0), 4, ""},
		{"absent without a default", "issue.fields.size", nil, 0, "score.effort.expr: issue.fields.size not set, and there is no default"},
		{"no number", "0.0 / 0.0", nil, 0, "the result is NaN"},
	} {
		s := pillarsOnly("50.0", nil)
		s.Score.Effort = EffortSpec{Expr: tt.expr, Default: tt.fallback}
		d, _ := mustCompile(t, s).Decide(Input{Issue: exampleIssue(), Now: testNow})
		if d.Effort != tt.want || !strings.Contains(d.Undecided, tt.undecided) || (tt.undecided == "") != (d.Undecided == "") {
			t.Errorf("%s: effort %v, undecided %q", tt.name, d.Effort, d.Undecided)
		}
	}
}

// byVotes scores the number of votes.
func byVotes(margin float64, settle time.Duration) Spec {
	s := pillarsOnly("issue.votes", nil)
	delete(s.Score.Pillars, "base")
	s.Priority = PrioritySpec{Margin: margin, Bands: map[issue.Priority]float64{issue.Urgent: 85, issue.High: 65, issue.Medium: 35}}
	s.Settle = settle
	return s
}

func TestBandMargin(t *testing.T) {
	p := mustCompile(t, byVotes(5, 0))
	for _, tt := range []struct {
		name  string
		from  issue.Priority
		score int
		want  issue.Priority
		need  float64 // of the hold; 0 for none
	}{
		{"first sight takes the plain edge", issue.None, 65, issue.High, 0},
		{"just above the edge stays", issue.Medium, 66, issue.Medium, 70},
		{"beyond the margin moves", issue.Medium, 70, issue.High, 0},
		{"just below the edge stays", issue.High, 61, issue.High, 60},
		{"at the margin stays", issue.High, 60, issue.High, 60},
		{"below the margin moves", issue.High, 59, issue.Medium, 0},
		{"two bands up, past the first", issue.Low, 66, issue.High, 0},
		{"from the top", issue.Urgent, 79, issue.High, 0},
		{"nothing always leaves", issue.Medium, 0, issue.Low, 0},
		{"everything always arrives", issue.High, 100, issue.Urgent, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d, m := p.Decide(Input{Issue: &issue.Issue{Votes: tt.score}, Now: testNow, Memory: Memory{Band: tt.from}})
			if d.Band != tt.want || m.Band != tt.want {
				t.Errorf("band %v, remembered %v, want %v", d.Band, m.Band, tt.want)
			}
			var need float64
			if h := d.held("band"); h != nil {
				need = h.Need
			}
			if need != tt.need {
				t.Errorf("held until a score of %v, want %v: %+v", need, tt.need, d.Holds)
			}
			if moved := tt.want != tt.from; moved != m.BandSince.Equal(testNow) {
				t.Errorf("since %v", m.BandSince)
			}
		})
	}
}

func TestSettle(t *testing.T) {
	p := mustCompile(t, byVotes(0, 6*time.Hour))
	at := func(h int) time.Time { return testNow.Add(time.Duration(h) * time.Hour) }
	var m Memory
	step := func(h, votes int, lane string, band issue.Priority, holds int) Decision {
		t.Helper()
		var d Decision
		d, m = p.Decide(Input{Issue: &issue.Issue{Votes: votes}, Now: at(h), Memory: m})
		if d.Lane != lane || d.Band != band || len(d.Holds) != holds {
			t.Errorf("hour %d: lane %s, band %v, holds %+v; want %s, %v, %d", h, d.Lane, d.Band, d.Holds, lane, band, holds)
		}
		return d
	}
	step(0, 80, "top", issue.High, 0)
	step(1, 10, "rest", issue.Low, 0)
	d := step(2, 80, "rest", issue.Low, 2) // a return: held
	if h := d.held("lane"); h.Why != HeldBySettle || h.Wanted != "top" || !h.Until.Equal(at(7)) || !d.Next.Equal(at(7)) {
		t.Errorf("hold %+v, next %v", h, d.Next)
	}
	step(3, 90, "rest", issue.Urgent, 1) // a band that it did not leave is no return
	step(6, 10, "rest", issue.Urgent, 1) // now low is one
	step(7, 80, "top", issue.High, 0)    // the time is over
	step(14, 65, "top", issue.High, 0)   // stay
	if d := step(15, 50, "rest", issue.Medium, 0); d.Rules[0].Result != No {
		t.Errorf("rules %+v", d.Rules)
	}
}

func TestSettleDoesNotHoldALaneThatIsGone(t *testing.T) {
	p := mustCompile(t, byVotes(0, 6*time.Hour))
	d, _ := p.Decide(Input{
		Issue: &issue.Issue{Votes: 90}, Now: testNow,
		Memory: Memory{Lane: "renamed", LeftLane: "top", LaneSince: testNow.Add(-time.Hour)},
	})
	if d.Lane != "top" || d.held("lane") != nil {
		t.Errorf("lane %s, holds %+v", d.Lane, d.Holds)
	}
}

func TestStay(t *testing.T) {
	p := mustCompile(t, byVotes(0, 0))
	in := Input{Issue: &issue.Issue{Votes: 65}, Now: testNow}
	if d, _ := p.Decide(in); d.Lane != "rest" || d.Rules[0].Result != No {
		t.Errorf("from outside: %s", d.Lane)
	}
	in.Memory.Lane = "top"
	if d, _ := p.Decide(in); d.Lane != "top" || d.Rules[0].Result != Stayed || d.Rules[1].Result != NotTried {
		t.Errorf("from inside: %s %+v", d.Lane, d.Rules)
	}
}

func TestLaneBoundsThePriority(t *testing.T) {
	s := byVotes(0, 0)
	s.Lanes[0].Priority.AtMost = ptr(issue.Medium)
	s.Lanes[1].Priority.AtLeast = ptr(issue.High)
	p := mustCompile(t, s)
	for votes, want := range map[int]issue.Priority{90: issue.Medium, 10: issue.High} {
		if d, _ := p.Decide(Input{Issue: &issue.Issue{Votes: votes}, Now: testNow}); d.Priority != want {
			t.Errorf("%d votes: %v (band %v), want %v", votes, d.Priority, d.Band, want)
		}
	}
}

func TestMinConfidence(t *testing.T) {
	s := pillarsOnly("tier(issue.fields.t, {'a': 100.0}, 100.0)", nil)
	s.Lanes[0].MinConfidence = 0.8
	p := mustCompile(t, s)
	before := Memory{Lane: "rest", LaneSince: testNow.Add(-time.Hour), Band: issue.Low}
	d, m := p.Decide(Input{Issue: &issue.Issue{}, Now: testNow, Memory: before})
	if d.Lane != "top" || !d.LowConfidence {
		t.Errorf("%+v", d)
	}
	if h := d.held("lane"); h == nil || h.Why != HeldByConfidence || h.Need != 0.8 || h.Have != 0.25 {
		t.Errorf("holds %+v", d.Holds)
	}
	if diff := cmp.Diff(before, m); diff != "" {
		t.Error("it was moved: " + diff)
	}
	i := &issue.Issue{Fields: map[string]issue.Value{"t": {Text: "a"}}}
	if d, m := p.Decide(Input{Issue: i, Now: testNow, Memory: before}); d.LowConfidence || m.Lane != "top" {
		t.Errorf("with the input: %+v", d)
	}
}

func TestMarks(t *testing.T) {
	s := byVotes(0, 0)
	s.Marks = []MarkSpec{{Prefix: "moscow", Bands: map[string]float64{"must": 70, "should": 45, "could": 20, "wont": 0}, Margin: 5}}
	p := mustCompile(t, s)
	for _, tt := range []struct {
		votes      int
		from, want string
	}{{72, "", "must"}, {72, "should", "should"}, {76, "should", "must"}, {66, "must", "must"}, {64, "must", "should"}, {0, "could", "wont"}, {50, "gone", "should"}} {
		var before Memory
		if tt.from != "" {
			before.Marks = map[string]string{"moscow": tt.from}
		}
		d, m := p.Decide(Input{Issue: &issue.Issue{Votes: tt.votes}, Now: testNow, Memory: before})
		if d.Marks["moscow"] != tt.want || m.Marks["moscow"] != tt.want {
			t.Errorf("%+v: %v, remembered %v", tt, d.Marks, m.Marks)
		}
	}
}

func TestNextIsSetWhereTimeMatters(t *testing.T) {
	still := mustCompile(t, byVotes(0, 0))
	if d, _ := still.Decide(Input{Issue: &issue.Issue{}, Now: testNow}); !d.Next.IsZero() {
		t.Errorf("next %v for a policy without time", d.Next)
	}
	aging := mustCompile(t, pillarsOnly("100.0 * decay(age(issue.created), days(7))", ptr(0.0)))
	d, _ := aging.Decide(Input{Issue: exampleIssue(), Now: testNow})
	if !d.Next.Equal(testNow.Add(time.Hour)) {
		t.Errorf("next %v", d.Next)
	}
}

func TestLanguage(t *testing.T) {
	i := exampleIssue()
	i.Due = "2026-03-06"
	i.Components = []string{"api"}
	i.Assignee = issue.Person{ID: "u1", Name: "Ann", Email: "ann@acme.example"}
	i.Links = []issue.Link{{Type: issue.Blocks, Key: "A-1", Open: true}, {Type: issue.Blocks, Key: "A-2"}, {Type: issue.BlockedBy, Key: "A-3", Open: true}}
	i.Customers = []issue.Customer{{Name: "Acme", Tier: "enterprise", Revenue: 1000, Size: 50}, {Name: "Bit", Revenue: 500, Important: true}}
	i.Fields["tags"] = issue.Value{List: []string{"pro", "Enterprise"}}
	i.Fields["size"] = issue.Value{Number: ptr(5.0)}
	i.Milestone = issue.Iteration{Name: "2.0", Ends: testNow.Add(24 * time.Hour)}
	i.Sprint = issue.Iteration{Name: "S1", Active: true}
	for _, expr := range []string{
		"issue.due - now == duration('36h')", "issue.blocks_count == 1 && issue.blocked_count == 1", "issue.revenue == 1500.0",
		"issue.customer_count == 2", "issue.customers.exists(c, c.tier == 'enterprise' && c.size > 10.0)",
		"issue.customers.filter(c, c.important).size() == 1", "issue.links.exists(l, l.type == 'blocks' && !l.open)",
		"issue.assignee == 'ann@acme.example'", "issue.priority == 'medium'", "'login' in issue.labels", "has_label('LOGIN')",
		"any_word(issue.title, ['broken'])", "age(issue.created) == days(3)", "business_days(issue.created) == 3",
		"tier(issue.fields.tags, {'enterprise': 90.0, 'pro': 60.0}, 30.0) == 90.0", "tier(issue.fields.size, {5: 1.0}, 2.0) == 1.0",
		"issue.fields.size > 4", "scale(issue.votes, 0, 18) == 50.0", "scale(age(issue.created), days(0), days(6)) == 50.0",
		"days(1.5) == duration('36h') && issue.votes > 0", "decay(days(7), days(7)) * double(issue.votes) == 4.5", "issue.sprint_active && has(issue.sprint)",
		"issue.milestone_ends > now", "!has(issue.resolved) && !has(issue.parent)", "issue.votes > 8.5", "lane == 'old'",
		"score > 0.0 && effort == 1.0", "pillar.value == 50.0", "issue.title.contains('Login')", "issue.key.matches('^PAY-[0-9]+$')",
		"issue.labels.all(a, issue.labels.exists(b, a == b))", "issue.created < now && issue.category == 'unstarted'",
		"issue.fields.`size` == 5.0", "or_else(issue.fields.nothing, 'x') == 'x'",
	} {
		s := pillarsOnly("50.0", nil)
		s.Lanes[0].When, s.Lanes[0].Stay = expr, ""
		p, problems := Compile(s)
		if Failed(problems) {
			t.Errorf("%s: %v", expr, problems)
			continue
		}
		if d, _ := p.Decide(Input{Issue: i, Now: testNow, Memory: Memory{Lane: "old"}}); d.Lane != "top" {
			t.Errorf("%s does not hold: %s %+v", expr, d.Undecided, d.Rules[0])
		}
	}
}

func TestCostLimit(t *testing.T) {
	s := pillarsOnly("50.0", nil)
	s.Lanes[0].When = "issue.labels.all(a, issue.labels.all(b, issue.labels.all(c, a + b + c != 'x')))"
	i := &issue.Issue{}
	for k := range 1000 {
		i.Labels = append(i.Labels, fmt.Sprintf("label-%04d", k))
	}
	d, _ := mustCompile(t, s).Decide(Input{Issue: i, Now: testNow})
	if !strings.HasPrefix(d.Undecided, "lanes[0].when: ") || !strings.Contains(d.Undecided, "cost limit") {
		t.Errorf("got %q", d.Undecided)
	}
}

// One issue with a description of 1 MB and 10,000 labels must not hold up the
// others for a minute: a search inside a loop is bounded too.
func TestSearchesInLoopsAreBounded(t *testing.T) {
	huge := &issue.Issue{Description: strings.Repeat("lorem ipsum ", 90_000)}
	for n := range 10_000 {
		huge.Labels = append(huge.Labels, fmt.Sprintf("lorem ipsx%d", n))
	}
	usual := exampleIssue()
	usual.Description = strings.Repeat("lorem ipsum ", 90_000)
	for _, rule := range []string{
		"issue.labels.exists(l, issue.description.contains(l))",
		"issue.labels.exists(l, issue.description.matches(l))",
		"issue.labels.exists(l, any_word(issue.description, [l]))",
		"issue.labels.exists(l, any_word(issue.description, ['zz', 'lorex']))",
		"issue.labels.exists(l, has_label(l + 'x'))",
		"issue.labels.exists(l, (l + 'x') in issue.labels)",
		"any_word(issue.description, issue.labels)",
	} {
		s := pillarsOnly("50.0", nil)
		s.Lanes[0].When = rule
		p := mustCompile(t, s)
		if d, _ := p.Decide(Input{Issue: huge, Now: testNow}); !strings.HasPrefix(d.Undecided, "lanes[0].when: ") {
			t.Errorf("%s: a huge issue is decided: %q", rule, d.Undecided)
		}
		if d, _ := p.Decide(Input{Issue: usual, Now: testNow}); d.Undecided != "" {
			t.Errorf("%s: an issue with a long text and few labels: %s", rule, d.Undecided)
		}
	}
}

func TestHugeAndStrangeIssues(t *testing.T) {
	p := mustCompile(t, Default())
	i := exampleIssue()
	i.Title = strings.Repeat("\u202eאבג 🔥\x00\xff ", 50_000)
	i.Description = strings.Repeat("x", 1<<20)
	for k := range 10_000 {
		i.Labels = append(i.Labels, fmt.Sprintf("label-%05d", k))
	}
	d, _ := p.Decide(Input{Issue: i, Now: testNow})
	if d.Undecided != "" {
		t.Fatal(d.Undecided)
	}
	for _, in := range d.Inputs {
		if n := len([]rune(in.Value)); n > readingRunes+1 {
			t.Errorf("%s is recorded with %d runes", in.Path, n)
		}
	}
	if !slices.IsSortedFunc(d.Inputs, func(a, b Reading) int { return strings.Compare(a.Path, b.Path) }) {
		t.Error("inputs are not sorted")
	}
}

func TestDecideIsSafeForConcurrentUse(t *testing.T) {
	p := mustCompile(t, Default())
	want, _ := p.Decide(Input{Issue: exampleIssue(), Now: testNow})
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 50 {
				got, _ := p.Decide(Input{Issue: exampleIssue(), Now: testNow})
				if !cmp.Equal(got, want) {
					t.Error(cmp.Diff(got, want))
				}
				p.Explain(got, nil)
			}
		})
	}
	wg.Wait()
}

func TestEvaluationErrorsKeepTheirCause(t *testing.T) {
	p := mustCompile(t, pillarsOnly("1 / issue.votes", nil))
	r := p.begin(Input{Issue: &issue.Issue{}, Now: testNow})
	defer p.end(r)
	_, _, err := p.pillars[1].expr.number(r)
	if e, ok := errors.AsType[*evalError](err); !ok || e.path != "score.pillars.value.expr" {
		t.Errorf("got %v", err)
	}
}
