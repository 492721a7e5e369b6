package pilot

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lanekeeper/lanekeeper/internal/issue"
)

var now = time.Date(2026, 6, 3, 12, 0, 0, 0, time.UTC)

func at(days int) time.Time { return now.Add(time.Duration(days) * 24 * time.Hour) }

// input is a pilot of 28 days with a baseline of 30 before it.
func input() *Input {
	return &Input{Source: "payments", Project: "PAY", Baseline: at(-58), Since: at(-28), Now: now, Lanes: []string{"hotfix", "feature", "unsorted"}}
}

// changes writes n values on a day; the first over are overruled.
func (in *Input) changes(n, over int, f issue.Field, day int) {
	for i := range n {
		id := fmt.Sprint(i)
		in.Changes = append(in.Changes, Change{At: at(day), Issue: id, Field: f, From: "low"})
		if i < over {
			in.Acts = append(in.Acts, Act{At: at(day).Add(time.Hour), Issue: id, Kind: Overrode, Field: f})
		}
	}
}

func (in *Input) acts(n int, k Kind, day int) {
	for range n {
		in.Acts = append(in.Acts, Act{At: at(day), Issue: "1", Kind: k, Field: issue.FieldLane})
	}
}

// closed closes n issues of a lane on a day, each after so many days.
func (in *Input) closed(n int, lane string, day, took int) {
	for range n {
		in.Issues = append(in.Issues, Issue{ID: fmt.Sprint("c", len(in.Issues)), Lane: lane, Created: at(day - took), Started: at(day - took/2), Closed: at(day)})
	}
}

// open has n open issues of a lane since before the baseline, decided at the
// start of the pilot.
func (in *Input) open(n int, lane string, p issue.Priority) {
	for range n {
		id := fmt.Sprint("o", len(in.Issues))
		in.Issues = append(in.Issues, Issue{ID: id, Open: true, Lane: lane, Created: at(-90), Priority: p})
		in.Decisions = append(in.Decisions, Decision{At: at(-28), Issue: id, Lane: lane})
	}
}

func (in *Input) clocks(n, met, day int) {
	for i := range n {
		in.Clocks = append(in.Clocks, Clock{At: at(day), Met: i < met})
	}
}

func measure(t *testing.T, r Report, name string) Measure {
	t.Helper()
	for _, m := range r.Measures {
		if m.Name == name {
			return m
		}
	}
	t.Fatalf("no measure %s", name)
	return Measure{}
}

func TestMeasures(t *testing.T) {
	value := func(v float64, of int) *Value { return &Value{v, of} }
	for _, tt := range []struct {
		name          string
		measure       string
		fill          func(*Input)
		before, after *Value
		verdict       Verdict
		why           string
	}{
		{"nothing happened: nothing is guessed", "overrides", func(*Input) {}, nil, nil, Unknown, "too little data in the pilot: no change, and 10 are needed"},
		{"few changes say nothing", "overrides", func(in *Input) { in.changes(9, 9, issue.FieldLane, -5) }, nil, value(1, 9), Unknown, "9 changes, and 10 are needed"},
		{"few overrides", "overrides", func(in *Input) { in.changes(20, 2, issue.FieldLane, -5) }, nil, value(.1, 20), Met, "10 % of 20 changes; at most 10 % was wanted"},
		{"more than wanted", "overrides", func(in *Input) { in.changes(20, 5, issue.FieldLane, -5) }, nil, value(.25, 20), Missed, "at most 10 % was wanted"},
		{"too many", "overrides", func(in *Input) { in.changes(20, 7, issue.FieldLane, -5) }, nil, value(.35, 20), Failed, "at most 30 % is the limit at which to stop"},
		{"what was before the pilot is its baseline", "overrides", func(in *Input) { in.changes(10, 5, issue.FieldLane, -40); in.changes(10, 0, issue.FieldLane, -5) }, value(.5, 10), value(0, 10), Met, "0 %"},
		{"what was before the baseline is nothing", "overrides", func(in *Input) { in.changes(10, 5, issue.FieldLane, -59) }, nil, nil, Unknown, ""},
		{"undone changes", "undone", func(in *Input) { in.changes(20, 0, issue.FieldLane, -5); in.acts(2, Undid, -4) }, nil, value(.1, 20), Missed, ""},
		{"answers: more is better", "accepted", func(in *Input) { in.acts(8, Accepted, -5); in.acts(2, Rejected, -5) }, nil, value(.8, 10), Met, "80 % of 10 answers; at least 70 % was wanted"},
		{"answers that are mostly no", "accepted", func(in *Input) { in.acts(3, Accepted, -5); in.acts(9, Rejected, -5) }, nil, value(.25, 12), Failed, "at least 40 %"},
		{"contested moves count against lanes alone", "contested", func(in *Input) {
			in.changes(10, 0, issue.FieldLane, -5)
			in.changes(90, 0, issue.FieldPriority, -5)
			in.acts(5, Contested, -5)
		}, nil, value(.5, 10), Missed, ""},
		{"SLA under target, and better than before", "sla", func(in *Input) { in.clocks(10, 5, -40); in.clocks(10, 6, -5) }, value(.5, 10), value(.6, 10), Met, "no worse than the 50 % before"},
		{"SLA worse than before", "sla", func(in *Input) { in.clocks(10, 9, -40); in.clocks(10, 6, -5) }, value(.9, 10), value(.6, 10), Missed, ""},
		{"lead time, a little longer", "lead_time", func(in *Input) { in.closed(10, "hotfix", -40, 10); in.closed(10, "feature", -5, 11) }, value(10, 10), value(11, 10), Met, "1.10 times the baseline of 10.0"},
		{"lead time, much longer", "lead_time", func(in *Input) { in.closed(10, "hotfix", -40, 10); in.closed(10, "feature", -5, 20) }, value(10, 10), value(20, 10), Failed, "at most 1.5 times"},
		{"lead time without a baseline", "lead_time", func(in *Input) { in.closed(10, "feature", -5, 20) }, nil, value(20, 10), Unknown, "too little data in the baseline: no closed issue"},
		{"lead time against nothing", "lead_time", func(in *Input) { in.closed(10, "hotfix", -40, 0); in.closed(10, "feature", -5, 1) }, value(0, 10), value(1, 10), Unknown, "no ratio"},
		{"urgent and high, as they were at the start: what was written since is taken back", "urgent_high", func(in *Input) {
			in.open(12, "feature", issue.High)
			for _, i := range in.Issues[:6] {
				in.Changes = append(in.Changes, Change{At: at(-20), Issue: i.ID, Field: issue.FieldPriority, From: "medium"},
					Change{At: at(-28), Issue: i.ID, Field: issue.FieldPriority, From: "low"})
			}
		}, value(.5, 12), value(1, 12), Missed, "100 % of 12 open issues"},
		{"unsorted", "unsorted", func(in *Input) {
			in.open(8, "feature", issue.Low)
			in.open(4, "unsorted", issue.Low)
			for _, i := range in.Issues[8:11] {
				in.Decisions = append(in.Decisions, Decision{At: at(-5), Issue: i.ID, Lane: "feature"})
			}
		}, value(.333, 12), value(.083, 12), Met, ""},
		{"returns within a week", "flaps", func(in *Input) {
			for _, lane := range []string{"hotfix", "feature", "hotfix", "hotfix", "feature"} { // back twice
				in.Decisions = append(in.Decisions, Decision{At: at(-20 + len(in.Decisions)), Issue: "1", Lane: lane})
			}
			for n, day := range []int{-20, -15, -7} { // later
				in.Decisions = append(in.Decisions, Decision{At: at(day), Issue: "2", Lane: []string{"hotfix", "feature", "hotfix"}[n]})
			}
			in.open(2, "feature", issue.Low)
		}, nil, value(.2, 10), Missed, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			in := input()
			tt.fill(in)
			m := measure(t, Make(*in), tt.measure)
			if d := cmp.Diff([]*Value{tt.before, tt.after}, []*Value{m.Before, m.After}); d != "" {
				t.Error(d)
			}
			if m.Verdict != tt.verdict || !strings.Contains(m.Why, tt.why) || m.Method == "" {
				t.Errorf("%s: %s, want %s: %s", m.Verdict, m.Why, tt.verdict, tt.why)
			}
		})
	}
}

func TestRecommendation(t *testing.T) {
	good := func(in *Input) {
		in.changes(20, 1, issue.FieldLane, -5)
		in.open(20, "feature", issue.Low)
	}
	for _, tt := range []struct {
		name    string
		fill    func(*Input)
		limits  Limits
		want    Recommendation
		because string
	}{
		{"without data there is none", func(*Input) {}, Limits{}, Undecided, "0 of 9 measures have enough data, and 3 are needed"},
		{"two measures are not enough", func(in *Input) { in.changes(20, 0, issue.FieldPriority, -5) }, Limits{}, Undecided, "2 of 9"},
		{"all that is known is good: keep", good, Limits{}, Keep, "overrides: 5 % of 20 changes"},
		{"one target is missed: adjust, and only it is named", func(in *Input) { good(in); in.changes(20, 5, issue.FieldDue, -4) }, Limits{}, Adjust, "overrides: 15 % of 40 changes"},
		{"the same with another target: keep", func(in *Input) { good(in); in.changes(20, 5, issue.FieldDue, -4) }, Limits{Targets: map[string]float64{"overrides": .2}}, Keep, ""},
		{"and with another limit: stop", func(in *Input) { good(in); in.changes(20, 5, issue.FieldDue, -4) }, Limits{Stops: map[string]float64{"overrides": .12}}, Stop, "overrides"},
		{"one beyond its limit ends it whatever the others say", func(in *Input) { good(in); in.acts(20, Rejected, -5) }, Limits{}, Stop, "accepted: 0 % of 20 answers"},
		{"even where the others have too little data", func(in *Input) { in.acts(20, Rejected, -5) }, Limits{}, Stop, "accepted"},
		{"more cases are asked for than there are", good, Limits{Least: 21}, Undecided, "0 of 9"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			in := input()
			in.Limits = tt.limits
			tt.fill(in)
			r := Make(*in)
			if r.Recommendation != tt.want || len(r.Because) == 0 || !strings.Contains(strings.Join(r.Because, "|"), tt.because) {
				t.Errorf("%s because %q, want %s: %s", r.Recommendation, r.Because, tt.want, tt.because)
			}
			if tt.want == Adjust && len(r.Because) != 1 {
				t.Errorf("because %q", r.Because)
			}
		})
	}
}

func TestTimesByLane(t *testing.T) {
	in := input()
	in.closed(2, "hotfix", -40, 10)
	in.closed(1, "hotfix", -40, 20)
	in.closed(2, "hotfix", -5, 4)
	in.closed(1, "hotfix", -5, 8)
	in.closed(1, "hotfix", -5, 6)
	in.closed(1, "", -40, 2)
	in.Issues[0].Started = time.Time{}
	f := func(x float64) *float64 { return &x }
	want := []Lane{
		{"hotfix", Times{3, f(10), 2, f(7.5)}, Times{4, f(5), 4, f(2.5)}},
		{"feature", Times{}, Times{}},
		{"unsorted", Times{}, Times{}},
		{"", Times{1, f(2), 1, f(1)}, Times{}},
	}
	if d := cmp.Diff(want, Make(*in).Lanes); d != "" {
		t.Error(d)
	}
}

func TestLimitsAreChecked(t *testing.T) {
	for _, tt := range []struct {
		l    Limits
		want string
	}{
		{Limits{Targets: map[string]float64{"overrides": .5}, Stops: map[string]float64{"sla": .2}, Least: 3}, ""},
		{Limits{Targets: map[string]float64{"joy": .5}}, `there is no measure "joy": want one of overrides, undone`},
		{Limits{Stops: map[string]float64{"sla": -1}}, "want a share such as 0.1"},
		{Limits{Least: -1}, "want 1 or more"},
	} {
		if err := tt.l.Check(); (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%+v: %v", tt.l, err)
		}
	}
}
