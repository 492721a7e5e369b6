package report

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/lanekeeper/lanekeeper/internal/issue"
)

var now = time.Date(2026, 6, 3, 12, 0, 0, 0, time.UTC)

func at(days int) time.Time { return now.Add(time.Duration(days) * 24 * time.Hour) }

// input is a period of 28 days with a policy of three lanes.
func input() Input {
	return Input{
		Since: at(-28), Now: now,
		Lanes: []Lane{{Name: "hotfix", When: "issue.kind == 'bug' && pillar.customer_impact >= 80.0", Stay: "pillar.customer_impact > 65"}, {Name: "feature", When: "true"}, {Name: "unsorted", When: "true"}},
		Bands: []Band{{issue.Urgent, 85}, {issue.High, 65}, {issue.Medium, 35}},
	}
}

// place puts an issue into a lane on a day.
func (in *Input) place(id, lane string, day int, impact float64, inputs ...string) {
	p := Placing{At: at(day), Issue: id, Lane: lane, Score: impact, Pillars: map[string]float64{"customer_impact": impact}, Policy: "aa11",
		Band: issue.Low, Priority: issue.Low}
	for _, b := range in.Bands {
		if impact >= b.Edge {
			p.Band, p.Priority = b.Priority, b.Priority
			break
		}
	}
	for n := 0; n+1 < len(inputs); n += 2 {
		p.Inputs = append(p.Inputs, Value{inputs[n], inputs[n+1]})
	}
	in.Placed = append(in.Placed, p)
}

func (in *Input) move(id, from, to string, day int) {
	in.Moved = append(in.Moved, Move{At: at(day), Issue: id, Field: issue.FieldLane, From: from, To: to})
}

func rule(t *testing.T, r Report, lane string) Rule {
	t.Helper()
	for _, x := range r.Rules {
		if x.Lane == lane {
			return x
		}
	}
	t.Fatalf("no rule %s", lane)
	return Rule{}
}

func TestWhatPeopleMovedIsCountedByRule(t *testing.T) {
	in := input()
	for n := range 20 {
		kind := "task"
		if n >= 14 {
			kind = "bug"
		}
		in.place(fmt.Sprint(n), "hotfix", -20, 90, "issue.kind", kind, "issue.labels", fmt.Sprintf("l%d, backend", n), "issue.title", "the same")
	}
	for n := range 14 {
		in.move(fmt.Sprint(n), "hotfix", "feature", -10)
	}
	in.move("0", "hotfix", "", -9)        // the second move of one issue is not another
	in.move("99", "hotfix", "feature", 1) // not placed in the period
	got := rule(t, Make(in), "hotfix")
	want := Rule{Lane: "hotfix", Placed: 20, Moved: 14, Rate: 0.7, To: []Count{{"feature", 14}},
		Shared: []Shared{{Input: "issue.kind", Value: "task", Moved: 14, Kept: 0, Lift: 13.53}}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestRules(t *testing.T) {
	tests := []struct {
		name string
		fill func(*Input)
		lane string
		want Rule
	}{
		{"a rule that took nothing is silent", func(in *Input) {}, "hotfix", Rule{Lane: "hotfix", Silent: true}},
		{"one that has an issue from before is not", func(in *Input) {
			in.Issues = []Issue{{ID: "1", Open: true, Lane: "hotfix"}}
		}, "hotfix", Rule{Lane: "hotfix"}},
		{"a closed issue from before does not count", func(in *Input) {
			in.Issues = []Issue{{ID: "1", Lane: "hotfix"}}
		}, "hotfix", Rule{Lane: "hotfix", Silent: true}},
		{"an issue that was decided anew is one issue", func(in *Input) {
			in.place("1", "hotfix", -20, 90)
			in.place("1", "hotfix", -19, 91)
		}, "hotfix", Rule{Lane: "hotfix", Placed: 1}},
		{"a move counts for the lane it was moved out of", func(in *Input) {
			in.place("1", "hotfix", -20, 90)
			in.place("1", "feature", -10, 20)
			in.move("1", "hotfix", "feature", -15)
		}, "feature", Rule{Lane: "feature", Placed: 1}},
		{"a move before the decision is none of it", func(in *Input) {
			in.move("1", "hotfix", "feature", -22)
			in.place("1", "hotfix", -20, 90)
		}, "hotfix", Rule{Lane: "hotfix", Placed: 1}},
		{"the end of an override is no move", func(in *Input) {
			in.place("1", "hotfix", -20, 90)
			in.Moved = append(in.Moved, Move{At: at(-9), Issue: "1", Field: issue.FieldLane, From: "hotfix", To: "feature", Ended: true})
		}, "hotfix", Rule{Lane: "hotfix", Placed: 1}},
		{"answers to proposals count once an issue, for the rule that had proposed", func(in *Input) {
			in.Answered = []Reply{
				{at(-9), "1", "hotfix", true}, {at(-9), "1", "hotfix", true}, {at(-3), "1", "hotfix", true}, // of two fields, and again
				{at(-9), "2", "hotfix", true}, {at(-8), "2", "hotfix", false}, {at(-8), "3", "feature", false},
			}
			in.place("1", "hotfix", -20, 90)
		}, "hotfix", Rule{Lane: "hotfix", Placed: 1, Accepted: 2, Rejected: 1}},
		{"two moved issues have nothing in common that would be told", func(in *Input) {
			for n := range 4 {
				in.place(fmt.Sprint(n), "hotfix", -20, 90, "issue.kind", map[bool]string{true: "task", false: "bug"}[n < 2])
			}
			in.move("0", "hotfix", "feature", -10)
			in.move("1", "hotfix", "", -10)
		}, "hotfix", Rule{Lane: "hotfix", Placed: 4, Moved: 2, Rate: 0.5, To: []Count{{"", 1}, {"feature", 1}}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in := input()
			tt.fill(&in)
			if tt.want.To == nil {
				tt.want.To = []Count{}
			}
			tt.want.Shared = []Shared{}
			if d := cmp.Diff(tt.want, rule(t, Make(in), tt.lane)); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestAStricterThresholdThatAgreesWithPeopleIsProposed(t *testing.T) {
	in := input()
	for n := range 10 { // impact 80..89; people left 85 and more
		id := fmt.Sprint(n)
		in.place(id, "hotfix", -20, float64(80+n))
		if n < 5 || n == 9 {
			in.move(id, "hotfix", "feature", -10)
		}
	}
	r := Make(in)
	want := []Proposal{{
		Where: "lanes[0].when", Lane: "hotfix", Input: "pillar.customer_impact", Now: 80, Better: 85, Issues: 10, Agreed: 4, WouldHave: 9,
		Diff: " lanes:\n   - name: hotfix\n-    when: \"issue.kind == 'bug' && pillar.customer_impact >= 80.0\"\n+    when: \"issue.kind == 'bug' && pillar.customer_impact >= 85.0\"\n",
	}}
	if d := cmp.Diff(want, r.Proposals); d != "" {
		t.Error(d)
	}
	if !strings.Contains(r.Hint, "back-test") {
		t.Errorf("hint %q", r.Hint)
	}
}

func TestThresholds(t *testing.T) {
	tests := []struct {
		name string
		when string
		fill func(*Input)
		want string // where and the better number, "" for none
	}{
		{"too few were moved", "score >= 50.0", func(in *Input) {
			for n := range 2 {
				in.place(fmt.Sprint(n), "hotfix", -20, 51)
				in.move(fmt.Sprint(n), "hotfix", "feature", -10)
			}
		}, ""},
		{"an upper bound becomes stricter downwards", "score <= 90", func(in *Input) {
			for n := range 8 {
				in.place(fmt.Sprint(n), "hotfix", -20, float64(80+n))
				if n >= 5 {
					in.move(fmt.Sprint(n), "hotfix", "feature", -10)
				}
			}
		}, "lanes[0].when 84"},
		{"a count among the inputs", "issue.votes > 3", func(in *Input) {
			for n := range 8 {
				in.place(fmt.Sprint(n), "hotfix", -20, 50, "issue.votes", fmt.Sprint(4+n))
				if n < 4 {
					in.move(fmt.Sprint(n), "hotfix", "feature", -10)
				}
			}
		}, "lanes[0].when 7"},
		{"an input that is no number is not learnt from", "issue.fields.severity > 3", func(in *Input) {
			for n := range 8 {
				in.place(fmt.Sprint(n), "hotfix", -20, 50, "issue.fields.severity", "S2")
				in.move(fmt.Sprint(n), "hotfix", "feature", -10)
			}
		}, ""},
		{"what people moved at random teaches nothing", "score >= 50.0", func(in *Input) {
			for n := range 12 {
				in.place(fmt.Sprint(n), "hotfix", -20, float64(60+n))
				if n%3 == 2 {
					in.move(fmt.Sprint(n), "hotfix", "feature", -10)
				}
			}
		}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in := input()
			in.Lanes[0] = Lane{Name: "hotfix", When: tt.when}
			tt.fill(&in)
			got := ""
			for _, p := range Make(in).Proposals {
				if strings.HasPrefix(p.Where, "lanes") {
					got = fmt.Sprintf("%s %v", p.Where, p.Better)
				}
			}
			if got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestABandEdgeLearnsInBothDirections(t *testing.T) {
	up, down := input(), input()
	for n := range 10 {
		id := fmt.Sprint(n)
		up.place(id, "feature", -20, float64(60+n)) // high from 65
		down.place(id, "feature", -20, float64(60+n))
		if n >= 5 && n < 9 { // 65..68 are none, people say
			up.Moved = append(up.Moved, Move{At: at(-5), Issue: id, Field: issue.FieldPriority, From: "high", To: "medium"})
		}
		if n >= 2 && n < 5 { // 62..64 are, people say
			down.Moved = append(down.Moved, Move{At: at(-5), Issue: id, Field: issue.FieldPriority, From: "medium", To: "high"})
		}
	}
	for want, in := range map[float64]Input{69: up, 62: down} {
		p := Make(in).Proposals
		if len(p) != 1 || p[0].Where != "priority.bands.high" || p[0].Better != want || p[0].WouldHave != 10 {
			t.Errorf("want %v, got %+v", want, p)
			continue
		}
		if text := fmt.Sprintf(" priority:\n   bands:\n-    high: 65\n+    high: %v\n", want); p[0].Diff != text {
			t.Errorf("diff %q", p[0].Diff)
		}
	}
}

func TestInflation(t *testing.T) {
	in := input()
	in.Cap = 0.25
	for n := range 8 {
		i := Issue{ID: fmt.Sprint(n), Ref: fmt.Sprintf("payments/PAY-%d", n), Open: true, Created: at(-100), Source: "payments", Team: "payments/PAY",
			Reporter: "Ana", Priority: issue.Medium, Wanted: issue.Medium, Score: float64(50 + n), Value: 1}
		if n < 4 {
			i.Priority, i.Wanted, i.Reporter = issue.High, issue.High, "Bo"
		}
		in.Issues = append(in.Issues, i)
	}
	in.Issues = append(in.Issues, Issue{ID: "old", Created: at(-100), Closed: at(-10), Wanted: issue.Urgent, Priority: issue.Urgent})
	in.Issues[7].Created = at(-3)
	// Two became high in the period, one of them by a person.
	in.Placed = []Placing{{At: at(-8), Issue: "0", Before: issue.Low, Priority: issue.High, Band: issue.High}}
	in.Moved = []Move{{At: at(-6), Issue: "1", Field: issue.FieldPriority, From: "medium", To: "high"}}
	in.Issues[1].Wanted = issue.Medium
	got := inflation(&in)
	if got.Open != 8 || got.High != 4 || got.Share != 0.5 || got.Breach != 2 {
		t.Errorf("%+v", got)
	}
	var weeks []string
	for _, w := range got.Weeks {
		weeks = append(weeks, fmt.Sprintf("%s %d/%d", w.At.Format("0102"), w.High, w.Open))
	}
	if d := cmp.Diff([]string{"0506 3/8", "0513 3/8", "0520 3/8", "0527 3/7", "0603 4/8"}, weeks); d != "" {
		t.Error(d)
	}
	var downs []string
	for _, d := range got.Down {
		downs = append(downs, d.Ref)
	}
	if d := cmp.Diff([]string{"payments/PAY-0", "payments/PAY-1"}, downs); d != "" {
		t.Errorf("what goes down: %s", d)
	}
	if d := cmp.Diff([]Group{{Name: "Bo", Open: 4, High: 4, Share: 1, Above: true}, {Name: "Ana", Open: 4}}, got.Reporters); d != "" {
		t.Error(d)
	}
	in.Cap = 0
	if got = inflation(&in); got.Breach != 0 || len(got.Down) != 0 || got.Reporters[0].Above {
		t.Errorf("without a cap: %+v", got)
	}
}

func TestACapThatIsKeptExactlyIsNotPassed(t *testing.T) {
	in := input()
	in.Cap = 0.29
	for n := range 100 {
		i := Issue{ID: fmt.Sprint(n), Open: true, Created: at(-100), Team: "payments/PAY", Priority: issue.Low}
		if n < 29 {
			i.Priority = issue.High
		}
		in.Issues = append(in.Issues, i)
	}
	if got := inflation(&in); got.Breach != 0 || got.Teams[0].Above {
		t.Errorf("29 of 100 under a cap of 29 %%: %+v", got)
	}
}

func TestBias(t *testing.T) {
	group := func(in *Input, reporter string, n, hot int) {
		for k := range n {
			i := Issue{ID: fmt.Sprint(reporter, k), Open: true, Reporter: reporter, Team: "payments/PAY", Source: "payments", Kind: "bug", Lane: "feature", Priority: issue.Medium}
			if k < hot {
				i.Lane = "hotfix"
			}
			in.Issues = append(in.Issues, i)
		}
	}
	find := func(in Input, reporter string) (out []string) {
		for _, f := range bias(&in).Findings {
			if f.Group == reporter {
				out = append(out, fmt.Sprintf("%s %d/%d %d/%d %v %v", f.Outcome, f.In, f.Of, f.OtherIn, f.OtherOf, f.Always, f.Never))
			}
		}
		return out
	}
	in := input()
	group(&in, "always", 12, 12)
	group(&in, "rest", 60, 12)
	if d := cmp.Diff([]string{"feature 0/12 48/60 false true", "hotfix 12/12 12/60 true false"}, find(in, "always")); d != "" {
		t.Error(d)
	}
	in = input()
	group(&in, "small", 9, 9)
	group(&in, "rest", 60, 12)
	if got := find(in, "small"); got != nil {
		t.Errorf("a group of 9 is named: %q", got)
	}
	in = input()
	group(&in, "alike", 20, 5)
	group(&in, "rest", 60, 12)
	if got := find(in, "alike"); got != nil {
		t.Errorf("25 %% and 20 %% are no finding: %q", got)
	}
	f := Finding{In: 12, Of: 12, OtherIn: 12, OtherOf: 60}
	if f.measure(); f.Odds != 97 || f.Z != 3.1 { // ln(12.5·48.5 / (0.5·12.5)) / √(1/12.5 + 1/0.5 + 1/12.5 + 1/48.5)
		t.Errorf("odds %v, z %v", f.Odds, f.Z)
	}
}

func TestTheReportStandsWhateverComes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := input()
		in.Cap = rapid.Float64Range(0, 1).Draw(t, "cap")
		id := rapid.StringMatching(`[0-5]`)
		lane := rapid.SampledFrom([]string{"hotfix", "feature", "", "gone"})
		for range rapid.IntRange(0, 30).Draw(t, "placed") {
			in.place(id.Draw(t, "id"), lane.Draw(t, "lane"), -rapid.IntRange(-2, 60).Draw(t, "day"), rapid.Float64Range(0, 100).Draw(t, "impact"),
				"issue.kind", rapid.String().Draw(t, "kind"))
		}
		for range rapid.IntRange(0, 30).Draw(t, "moved") {
			in.Moved = append(in.Moved, Move{At: at(-rapid.IntRange(-2, 60).Draw(t, "day")), Issue: id.Draw(t, "id"),
				Field: rapid.SampledFrom([]issue.Field{issue.FieldLane, issue.FieldPriority}).Draw(t, "field"),
				From:  lane.Draw(t, "from"), To: rapid.SampledFrom([]string{"hotfix", "high", "", "low"}).Draw(t, "to"), Ended: rapid.Bool().Draw(t, "ended")})
		}
		for n := range rapid.IntRange(0, 40).Draw(t, "issues") {
			in.Issues = append(in.Issues, Issue{ID: fmt.Sprint(n), Open: rapid.Bool().Draw(t, "open"), Created: at(-n), Lane: lane.Draw(t, "lane"),
				Priority: issue.Priority(rapid.IntRange(0, 4).Draw(t, "priority")), Reporter: id.Draw(t, "reporter")})
		}
		r := Make(in)
		for _, x := range r.Rules {
			if x.Moved > x.Placed {
				t.Fatalf("more moved than placed: %+v", x)
			}
		}
		for _, p := range r.Proposals {
			if p.WouldHave < p.Agreed+gain || p.WouldHave > p.Issues || p.Diff == "" {
				t.Fatalf("%+v", p)
			}
		}
		for _, w := range r.Inflation.Weeks {
			if w.High > w.Open {
				t.Fatalf("%+v", w)
			}
		}
		if d := cmp.Diff(r, Make(in)); d != "" {
			t.Fatalf("the same input gives two reports: %s", d)
		}
	})
}
