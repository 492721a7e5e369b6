package policy

import (
	"bytes"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lanekeeper/lanekeeper/internal/issue"
)

func TestCompileReportsProblems(t *testing.T) {
	lane := func(when string) func(*Spec) { return func(s *Spec) { s.Lanes[0].When = when } }
	pillar := func(expr string) func(*Spec) {
		return func(s *Spec) { s.Score.Pillars["technical_risk"] = PillarSpec{Weight: 1, Expr: expr} }
	}
	sla := func(f func(*SLASpec)) func(*Spec) {
		return func(s *Spec) { v := s.SLAs["urgent-fix"]; f(&v); s.SLAs["urgent-fix"] = v }
	}
	calendar := func(f func(*CalendarSpec)) func(*Spec) { return sla(func(s *SLASpec) { f(s.Calendar) }) }
	for _, tt := range []struct {
		name   string
		change func(*Spec)
		want   string // the problem as it is printed
	}{
		{"misspelt field", lane("issue.knd == 'bug'"), `lanes[0].when:1:6: issue has no field "knd" (did you mean "kind"?)`},
		{"misspelt variable", lane("isue.kind == 'bug'"), `lanes[0].when:1:1: unknown name "isue" (did you mean "issue"?)`},
		{"field without issue", lane("kind == 'bug'"), `lanes[0].when:1:1: unknown name "kind" (did you mean "issue.kind"?)`},
		{"text without quotes", lane("issue.kind == xyzzy"), `unknown name "xyzzy" (texts are written in quotes: 'xyzzy')`},
		{"misspelt helper", lane("has_lable('x')"), `lanes[0].when:1:10: unknown function "has_lable" (did you mean "has_label"?)`},
		{"helper without argument", lane("has_label()"), `has_label takes 1 argument(s)`},
		{"misspelt pillar", lane("pillar.customer_impct > 1.0"), `pillar has no field "customer_impct" (did you mean "customer_impact"?)`},
		{"misspelt custom field", pillar("tier(issue.fields.customer_tir, {'a': 1.0}, 2.0)"), `issue.fields has no field "customer_tir" (did you mean "customer_tier"?)`},
		{"custom field without fields", pillar("double(issue.severity)"), `issue has no field "severity" (did you mean "issue.fields.severity"?)`},
		{"undeclared signal", pillar("signal.eror_rate"), `signal has no field "eror_rate" (did you mean "error_rate"?)`},
		{"pillar inside a pillar", pillar("pillar.business_value"), `unknown name "pillar" (pillars, score and effort are known in the rules of lanes only)`},
		{"issue as a whole", lane("issue == issue"), `"issue" cannot be used as a whole (name one of its fields: issue.…)`},
		{"second line", lane("issue.kind == 'bug' &&\n  issue.vots > 1"), `lanes[0].when:2:8: issue has no field "vots" (did you mean "votes"?)`},
		{"syntax", lane("issue.kind == "), `lanes[0].when:1:15: Syntax error`},
		{"number for a condition", lane("issue.votes + 1"), `lanes[0].when:1:1: must be true or false, but is a number`},
		{"condition for a pillar", pillar("issue.kind == 'bug'"), `must be a number, but is true or false (write … ? 100.0 : 0.0)`},
		{"text for a pillar", pillar("issue.title"), `score.pillars.technical_risk.expr:1:1: must be a number, but is a text`},
		{"whole and broken number", pillar("issue.votes * 2.5"), `(wrap the other side in double(…))`},
		{"broken and whole number", pillar("issue.estimate * 2"), `(write 2.0 in place of 2, or wrap a whole number in double(…))`},
		{"unknown member of a customer", lane("issue.customers.exists(c, c.teir == 'x')"), "undefined field 'teir'"},
		{"empty condition", lane(" "), "lanes[0].when: the expression is missing"},
		{"impossible duration", lane("age(issue.created) > duration('x')"), "lanes[0].when"},

		{"unknown preset", func(s *Spec) { s.Score.Preset = "rise" }, `score.preset: there is no preset "rise"; there are three_pillars, rice, wsjf, ice, moscow, opportunity (did you mean "rice"?)`},
		{"negative weight", func(s *Spec) {
			s.Score.Pillars["technical_risk"] = PillarSpec{Weight: -1, Expr: "1.0"}
		}, "score.pillars.technical_risk.weight: is -1, must be a number that is not negative"},
		{"weights that sum to nothing", func(s *Spec) {
			s.Score = ScoreSpec{Pillars: map[string]PillarSpec{"a": {Expr: "1.0"}}}
		}, "score.pillars: the weights of all pillars together are 0"},
		{"weight that is no number", func(s *Spec) {
			s.Score.Pillars["technical_risk"] = PillarSpec{Weight: math.NaN(), Expr: "1.0"}
		}, "technical_risk.weight: is NaN"},
		{"misspelt pillar of the preset", func(s *Spec) { s.Score.Pillars["busines_value"] = PillarSpec{Weight: 1} }, `has no pillar "busines_value" (did you mean "business_value"?)`},
		{"pillar name", func(s *Spec) { s.Score.Pillars["a-b"] = PillarSpec{Weight: 1, Expr: "1.0"} }, "score.pillars.a-b: the name must be like"},
		{"default effort of nothing", func(s *Spec) { s.Score.Effort.Default = ptr(0.0) }, "score.effort.default: is 0, must be greater than 0"},

		{"bands that do not descend", func(s *Spec) { s.Priority.Bands[issue.Medium] = 70 }, "priority.bands.medium: is 70, must be less than the edge of high, 65"},
		{"band for none", func(s *Spec) { s.Priority.Bands[issue.None] = 1 }, "priority.bands.none: no issue gets this priority"},
		{"negative margin", func(s *Spec) { s.Priority.Margin = -1 }, "priority.margin: is -1"},

		{"no lane that takes the rest", func(s *Spec) { s.Lanes = s.Lanes[:4] }, "lanes[3].when: the last lane must take every issue that is left"},
		{"lane behind a lane that takes all", func(s *Spec) { s.Lanes[1].When = "1 < 2" }, `lanes[2].when: never reached: lane "stability" before it takes every issue`},
		{"no lane", func(s *Spec) { s.Lanes = []LaneSpec{} }, "lanes: there must be a lane"},
		{"lane twice", func(s *Spec) { s.Lanes[1].Name = "hotfix" }, `lanes[1].name: "hotfix" is the name of lanes[0] already`},
		{"lane that is no label", func(s *Spec) { s.Lanes[1].Name = "Hot Fix" }, `lanes[1].name: "Hot Fix" cannot be part of a label`},
		{"horizon", func(s *Spec) { s.Lanes[1].Horizon = "next-relase" }, `lanes[1].horizon: "next-relase" is not one of current-sprint, next-release, roadmap (did you mean "next-release"?)`},
		{"mode", func(s *Spec) { s.Lanes[1].Mode = "enforced" }, `(did you mean "enforce"?)`},
		{"contested without approvers", func(s *Spec) { s.Lanes[1].Contested = "flag" }, "lanes[1].contested: says what happens"},
		{"unknown sla", func(s *Spec) { s.Lanes[0].SLA = "urgent-fixes" }, `lanes[0].sla: there is no SLA "urgent-fixes" (did you mean "urgent-fix"?)`},
		{"bounds the wrong way round", func(s *Spec) { s.Lanes[0].Priority.AtMost = ptr(issue.Low) }, "lanes[0].priority: at_least high is above at_most low"},
		{"share", func(s *Spec) { s.Lanes[0].Share.Max = ptr(30.0) }, "lanes[0].share.max: is 30, must be between 0 and 1"},
		{"confidence", func(s *Spec) { s.Lanes[0].MinConfidence = 80 }, "lanes[0].min_confidence: is 80"},

		{"time zone", calendar(func(c *CalendarSpec) { c.Timezone = "Berlin" }), `slas.urgent-fix.calendar.timezone: "Berlin" is no time zone`},
		{"the machine's own zone", calendar(func(c *CalendarSpec) { c.Timezone = "Local" }), `"Local" is no time zone`},
		{"hours", calendar(func(c *CalendarSpec) { c.Hours["mon-fri"] = "9-18" }), `calendar.hours.mon-fri: "9-18" are no hours: want 09:00-18:00`},
		{"hours of no length", calendar(func(c *CalendarSpec) { c.Hours["mon-fri"] = "09:00-09:00" }), `ends when it begins`},
		{"hours over midnight that overlap", calendar(func(c *CalendarSpec) {
			c.Hours = map[string]string{"mon": "22:00-06:00", "tue": "05:00-09:00"}
		}), `the hours of Tuesday overlap`},
		{"hours over the week's end that overlap", calendar(func(c *CalendarSpec) {
			c.Hours = map[string]string{"sat": "22:00-06:00", "sun": "00:00-24:00"}
		}), `the hours of Sunday overlap`},
		{"unknown country", calendar(func(c *CalendarSpec) { c.HolidayCalendars = []string{"de-bx"} }), `calendar.holiday_calendars[0]: there is no holiday calendar "de-bx"`},
		{"unknown response", sla(func(s *SLASpec) { s.Responds = []string{"coment"} }), `responds[0]: "coment" is not one of comment, status (did you mean "comment"?)`},
		{"days", calendar(func(c *CalendarSpec) { c.Hours["mon-fry"] = "09:00-18:00" }), `"mon-fry" are no days`},
		{"overlapping days", calendar(func(c *CalendarSpec) { c.Hours["fri"] = "17:00-19:00" }), "the hours of Friday overlap"},
		{"holiday", calendar(func(c *CalendarSpec) { c.Holidays = []issue.Date{"25.12.2026"} }), `holidays[0]: "25.12.2026" is not a day`},
		{"no hours", calendar(func(c *CalendarSpec) { c.Hours = nil }), "there are no working hours"},
		{"starts", sla(func(s *SLASpec) { s.Starts = "create" }), `(did you mean "created"?)`},
		{"label without name", sla(func(s *SLASpec) { s.Starts = "label" }), "slas.urgent-fix.label: is missing"},
		{"no target", sla(func(s *SLASpec) { s.Targets = nil }), "slas.urgent-fix.targets: there must be a target"},
		{"target of nothing", sla(func(s *SLASpec) { s.Targets[1].Respond = 0 }), "targets[1]: gives neither respond nor resolve"},
		{"negative target", sla(func(s *SLASpec) { s.Targets[1].Respond = -time.Hour }), "targets[1].respond: is -1h0m0s"},
		{"target never reached", sla(func(s *SLASpec) { s.Targets[0].When = "" }), "targets[0]: has no when and so always holds"},
		{"bad target rule", sla(func(s *SLASpec) { s.Targets[0].When = "issue.prio == 'x'" }), "slas.urgent-fix.targets[0].when:1:6: issue has no field"},
		{"warning after the end", sla(func(s *SLASpec) { s.WarnAt = []float64{1.5} }), "warn_at[0]: is 1.5"},

		{"comment without a beginning", sla(func(s *SLASpec) { s.Comment = &SLACommentSpec{} }), "slas.urgent-fix.comment.from: is missing: at_risk or breached"},
		{"comment from nowhere", sla(func(s *SLASpec) { s.Comment = &SLACommentSpec{From: "at-risk"} }), `comment.from: "at-risk" is not one of at_risk, breached (did you mean "at_risk"?)`},
		{"workaround of no field", sla(func(s *SLASpec) { s.Comment = &SLACommentSpec{From: "breached", Workaround: "severty"} }),
			`comment.workaround: no source has a custom field "severty" (did you mean "severity"?)`},
		{"post-mortem of no lane", func(s *Spec) { s.PostMortem.Completed = []string{"hotfxi"} }, `post_mortem.completed[0]: there is no lane "hotfxi" (did you mean "hotfix"?)`},
		{"post-mortem of a lane twice", func(s *Spec) { s.PostMortem.Completed = []string{"hotfix", "hotfix"} }, `post_mortem.completed[1]: "hotfix" is named twice`},
		{"post-mortem of an SLA that is none", func(s *Spec) { s.PostMortem.Missed = []string{s.Lanes[1].Name} }, "has no SLA that could be missed"},
		{"post-mortem of nothing", func(s *Spec) { s.PostMortem.Template = "Why?" }, "post_mortem: has a template and no lanes: name some under completed or missed"},
		{"mark that would own the label of a post-mortem", func(s *Spec) {
			s.PostMortem.Completed = []string{"hotfix"}
			s.Marks = []MarkSpec{{Prefix: "needs", Bands: map[string]float64{"a": 0}}}
		}, "marks[0].prefix: would manage the label needs:post-mortem, which asks for a post-mortem"},
		{"settle", func(s *Spec) { s.Settle = -1 }, "settle: is -1ns"},
		{"release", func(s *Spec) { s.Overrides.Release = "lane" }, "overrides.release"},
		{"first sight of no field", func(s *Spec) { s.Overrides.FirstSight = map[issue.Field]string{"prioritty": "adopt"} }, `(did you mean "priority"?)`},
		{"first sight of no kind", func(s *Spec) { s.Overrides.FirstSight = map[issue.Field]string{"due": "adpt"} }, `(did you mean "adopt"?)`},
		{"mark of a managed prefix", func(s *Spec) { s.Marks = []MarkSpec{{Prefix: "lane", Bands: map[string]float64{"a": 0}}} }, `marks[0].prefix: "lane" is managed already`},
		{"mark without a lowest value", func(s *Spec) { s.Marks = []MarkSpec{{Prefix: "m", Bands: map[string]float64{"a": 5}}} }, "marks[0].bands: the lowest edge must be 0"},
		{"cap of no value", func(s *Spec) {
			s.Marks = []MarkSpec{{Prefix: "m", Bands: map[string]float64{"must": 0}, Cap: map[string]float64{"mst": 0.5}}}
		}, `marks[0].cap.mst: there is no value "mst" (did you mean "must"?)`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := exampleSpec()
			tt.change(&s)
			p, problems := Compile(s, CompileOptions{Signals: []string{"error_rate"}, Fields: []string{"customer_tier", "severity"}})
			if p != nil {
				t.Error("the policy compiled")
			}
			if !slices.ContainsFunc(problems, func(p Problem) bool { return strings.Contains(p.String(), tt.want) }) {
				t.Errorf("want %q in\n%v", tt.want, problems)
			}
		})
	}
}

func TestCompileReportsAllProblemsAtOnce(t *testing.T) {
	s := exampleSpec()
	s.Lanes[0].When, s.Lanes[1].When, s.Lanes[0].Horizon = "issue.knd == 'x' || issue.vots > 1", "1", "soon"
	s.Settle = -1
	_, problems := Compile(s)
	var paths []string
	for _, p := range problems {
		paths = append(paths, p.Path)
	}
	want := []string{"lanes[0].horizon", "settle", "lanes[0].when", "lanes[0].when", "lanes[1].when"}
	if diff := cmp.Diff(want, paths); diff != "" {
		t.Error(diff)
	}
}

func TestCompileWarns(t *testing.T) {
	s := exampleSpec()
	s.Lanes[0].When = "issue.priority == 'urgent'"
	s.Lanes[1].When = "1 > 2"
	p, problems := Compile(s)
	if p == nil || Failed(problems) || len(problems) != 2 {
		t.Fatalf("want two warnings and a policy, got %v", problems)
	}
	if got := problems[0].String(); !strings.Contains(got, "never holds") {
		t.Error(got)
	}
	if got := problems[1].String(); !strings.Contains(got, "issue.priority is written by lanekeeper itself") {
		t.Error(got)
	}
}

func TestPresetFillsOnlyWhatIsLeftOut(t *testing.T) {
	p := mustCompile(t, Spec{Score: ScoreSpec{Pillars: map[string]PillarSpec{"business_value": {Weight: 0.9}}}})
	preset, err := Preset("three_pillars")
	if err != nil {
		t.Fatal(err)
	}
	got := p.Spec().Score.Pillars["business_value"]
	if got.Weight != 0.9 || got.Expr != preset.Score.Pillars["business_value"].Expr {
		t.Errorf("got %+v", got)
	}
	if len(p.Spec().Score.Pillars) != 3 || p.Spec().Score.Preset != "three_pillars" {
		t.Errorf("got %+v", p.Spec().Score)
	}

	own := mustCompile(t, Spec{Score: ScoreSpec{Pillars: map[string]PillarSpec{"value": {Weight: 1, Expr: "50.0"}}}})
	if len(own.Spec().Score.Pillars) != 1 || own.Spec().Score.Preset != "" {
		t.Errorf("a score of one's own was filled: %+v", own.Spec().Score)
	}
}

func TestHash(t *testing.T) {
	base := mustCompile(t, exampleSpec())
	t.Run("is the same for the same policy", func(t *testing.T) {
		if again := mustCompile(t, exampleSpec()); again.Hash() != base.Hash() || len(base.Hash()) != 64 {
			t.Errorf("%s and %s", again.Hash(), base.Hash())
		}
	})
	t.Run("does not tell absent from empty", func(t *testing.T) {
		s := exampleSpec()
		s.Marks, s.Overrides.FirstSight = []MarkSpec{}, map[issue.Field]string{}
		if got := mustCompile(t, s); got.Hash() != base.Hash() {
			t.Errorf("%s\n%s", got.Canonical(), base.Canonical())
		}
	})
	t.Run("changes with an expression", func(t *testing.T) {
		s := exampleSpec()
		s.Lanes[0].When += " "
		if mustCompile(t, s).Hash() == base.Hash() {
			t.Error("same hash")
		}
	})
	t.Run("does not change with examples", func(t *testing.T) {
		s := exampleSpec()
		s.Lanes[0].Examples = []Literal{{Kind: issue.Bug}}
		if mustCompile(t, s).Hash() != base.Hash() {
			t.Error("other hash")
		}
	})
	t.Run("is the hash of the canonical form", func(t *testing.T) {
		if hashOf(base.Canonical()) != base.Hash() {
			t.Error("another form was hashed")
		}
	})
}

func TestFromCanonicalDecidesAlike(t *testing.T) {
	for _, s := range []Spec{exampleSpec(), Default(), {Score: ScoreSpec{Preset: "moscow"}}} {
		p := mustCompile(t, s)
		q, err := FromCanonical(p.Canonical())
		if err != nil {
			t.Fatal(err)
		}
		if q.Hash() != p.Hash() || !bytes.Equal(q.Canonical(), p.Canonical()) {
			t.Error("the stored policy is another one")
		}
		in := Input{Issue: exampleIssue(), Now: testNow}
		a, _ := p.Decide(in)
		b, _ := q.Decide(in)
		if diff := cmp.Diff(a, b); diff != "" {
			t.Error(diff)
		}
	}
	if _, err := FromCanonical([]byte(`{"lanes":[{"name":"a","when":"issue.future","x":1}]}`)); err == nil {
		t.Error("a policy of a newer version was accepted")
	}
}

func TestNeedsAreWhatExpressionsRead(t *testing.T) {
	p := mustCompile(t, exampleSpec())
	want := issue.InputCustom | issue.InputVotes | issue.InputWatchers | issue.InputEstimate | issue.InputKind |
		issue.InputLabels | issue.InputPriority
	if p.Needs() != want {
		t.Errorf("got %v, want %v", p.Needs(), want)
	}
	if diff := cmp.Diff([]string{"customer_tier", "severity"}, p.CustomFields()); diff != "" {
		t.Error(diff)
	}
}

func TestSet(t *testing.T) {
	base := exampleSpec()
	teams := map[string]Spec{
		"payments":     {Priority: PrioritySpec{Bands: map[issue.Priority]float64{issue.High: 10}}},
		"payments/PAY": {Score: ScoreSpec{Pillars: map[string]PillarSpec{"technical_risk": {Weight: 0.6, Expr: "signal.errors"}}}},
	}
	s, problems := CompileSet(base, teams)
	if s == nil {
		t.Fatal(problems)
	}
	if got := s.For("core", "ENG"); got.Hash() != mustCompile(t, base).Hash() {
		t.Error("a source without a team got another policy")
	}
	if got := s.For("payments", "WEB").Spec(); len(got.Priority.Bands) != 1 || len(got.Lanes) != 5 {
		t.Errorf("the source's policy is %+v", got)
	}
	got := s.For("payments", "PAY").Spec()
	if got.Score.Pillars["technical_risk"].Weight != 0.6 || got.Score.Pillars["business_value"].Weight != 0.35 || len(got.Priority.Bands) != 3 {
		t.Errorf("the project's policy is %+v", got.Score)
	}
	if diff := cmp.Diff([]string{"errors"}, s.SignalNames()); diff != "" {
		t.Error(diff)
	}
	if s.Hash() == s.For("core", "").Hash() {
		t.Error("the hash of the set leaves out the teams")
	}
	if alone, _ := CompileSet(base, nil); alone.Hash() != mustCompile(t, base).Hash() {
		t.Error("without teams the hash is not the policy's")
	}
}

func TestSetNamesTheTeamOfAProblem(t *testing.T) {
	base := exampleSpec()
	base.Settle = -1
	_, problems := CompileSet(base, map[string]Spec{
		"core/ENG": {Priority: PrioritySpec{Margin: -2, Bands: map[issue.Priority]float64{issue.High: 10}}},
		"a/b/c":    {},
	})
	var paths []string
	for _, p := range problems {
		paths = append(paths, p.Path)
	}
	if diff := cmp.Diff([]string{"settle", "teams.a/b/c", "teams.core/ENG.priority.margin"}, paths); diff != "" {
		t.Error(diff)
	}
}

// What cannot be read says nothing about whether there are hours.
func TestHoursThatCannotBeReadAreOneProblem(t *testing.T) {
	for _, hours := range []map[string]string{{"mon": "9 to 5"}, {"mnday": "09:00-17:00"}, {"mon": "09:00-12:00,11:00-13:00"}} {
		s := exampleSpec()
		s.SLAs["urgent-fix"].Calendar.Hours = hours
		_, problems := Compile(s, CompileOptions{Signals: []string{"error_rate"}, Fields: []string{"customer_tier", "severity"}})
		said := slices.DeleteFunc(problems, func(p Problem) bool { return !strings.Contains(p.Path, "calendar.hours") })
		if len(said) != 1 {
			t.Errorf("%v: want one problem, got %v", hours, said)
		}
	}
}
