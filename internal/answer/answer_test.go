package answer_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/lanekeeper/lanekeeper/internal/answer"
	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/policy"
	"github.com/lanekeeper/lanekeeper/state"
)

// keys lists the keys of a JSON object in their order.
func keys(t *testing.T, v any) []string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	d := json.NewDecoder(bytes.NewReader(b))
	var out []string
	depth, key := 0, false
	for {
		tok, err := d.Token()
		if err != nil {
			return out
		}
		switch x := tok.(type) {
		case json.Delim:
			if x == '{' || x == '[' {
				depth++
			} else {
				depth--
			}
			key = depth == 1
		case string:
			if depth == 1 && key {
				out = append(out, x)
				key = false
				continue
			}
			key = depth == 1
		default:
			key = depth == 1
		}
	}
}

func TestContractNamesComeFirstAndExactly(t *testing.T) {
	for _, c := range []struct {
		what string
		v    any
		want string
	}{
		{"plan and once", cycle(), "mode policy_hash sources changes"},
		{"a source of it", cycle().Sources[0], "source issues changed parked error"},
		{"a change of it", cycle().Changes[0], "ref id field op from to reason status"},
		{"an empty change", answer.Change{}, "ref id field op from to reason status"},
		{"explain", explained(), "ref lane score value_per_effort priority horizon pillars rules sla overrides decided_at policy_hash"},
		{"explain of nothing", answer.Explanation{}, "ref lane score value_per_effort priority horizon pillars rules sla overrides decided_at policy_hash"},
		{"a pillar", explained().Pillars["business_value"], "value weight because"},
		{"a rule", explained().Rules[0], "name result because"},
	} {
		want := strings.Fields(c.want)
		if got := keys(t, c.v); len(got) < len(want) || !slices.Equal(got[:len(want)], want) {
			t.Errorf("%s: keys %v must begin with %v", c.what, got, want)
		}
	}
}

func TestNoErrorIsNullAndNoListIsNull(t *testing.T) {
	b, err := json.Marshal(answer.Cycle{}.Normal())
	if err != nil {
		t.Fatal(err)
	}
	if got, want := string(b), `{"mode":"","policy_hash":"","sources":[],"changes":[]}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	b, _ = json.Marshal(answer.CycleSource{Error: answer.FaultOf(nil)})
	if !strings.Contains(string(b), `"error":null`) {
		t.Errorf("got %s", b)
	}
	b, _ = json.Marshal(answer.CycleSource{Error: answer.FaultOf(errors.New(`say "no"`))})
	if !strings.Contains(string(b), `"error":"say \"no\""`) {
		t.Errorf("got %s", b)
	}
	for _, v := range []any{
		answer.Cycle{}, answer.Issues{}, answer.SLAs{}, answer.Decisions{}, answer.Plans{}, answer.Changes{}, answer.Lanes{}, answer.History{},
		answer.Undo{}, answer.Check{}, answer.Verification{}, answer.PostMortems{},
	} {
		var out bytes.Buffer
		if err := answer.WriteJSON(&out, v); err != nil || strings.Contains(out.String(), "null") {
			t.Errorf("%T: %v %s", v, err, out.String())
		}
	}
	e := answer.NewExplanation(&state.Record{}, answer.Reasons{})
	b, _ = json.Marshal(e)
	for _, want := range []string{`"pillars":{}`, `"rules":[]`, `"sla":null`, `"overrides":[]`, `"decided_at":null`} {
		if !strings.Contains(string(b), want) {
			t.Errorf("%s lacks %s", b, want)
		}
	}
}

func TestAnswersSurviveTheWayThroughJSON(t *testing.T) {
	for name, v := range map[string]any{"explain": explained(), "once": cycle(), "history": history(), "sources": sources(), "lanes": lanes()} {
		first, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		back := map[string]any{
			"explain": &answer.Explanation{}, "once": &answer.Cycle{}, "history": &answer.History{}, "sources": &answer.Sources{}, "lanes": &answer.Lanes{},
		}[name]
		if err := json.Unmarshal(first, back); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		second, err := json.Marshal(back)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(string(first), string(second)); d != "" {
			t.Errorf("%s changed on the way:\n%s", name, d)
		}
	}
}

func TestScoresAreRoundedAndUnknownPillarsAreNull(t *testing.T) {
	e := explained()
	if e.Score != 88.46 || *e.Pillars["business_value"].Value != 90.12 {
		t.Errorf("score %v, pillar %v", e.Score, *e.Pillars["business_value"].Value)
	}
	if e.Pillars["technical_risk"].Value != nil {
		t.Error("an unknown pillar has a value")
	}
	for in, want := range map[float64]float64{1.005: 1, 1.006: 1.01, -0.004: 0, math.Inf(1): 0} {
		if got := answer.Round(in); got != want {
			t.Errorf("Round(%v) = %v, want %v", in, got, want)
		}
	}
	if got := answer.Round(math.NaN()); got != 0 {
		t.Errorf("not a number became %v", got)
	}
}

func TestRankIsTotalAndStable(t *testing.T) {
	lanes := []string{"hotfix", "feature"}
	mk := func(key, lane string, score float64, age time.Duration) answer.Item {
		return answer.ItemOf(&state.Record{
			Issue:    issue.Issue{ID: "id-" + key, Source: "s", Key: key, Created: now.Add(-age)},
			Decision: policy.Decision{Lane: lane, Score: score, Effort: 3},
		})
	}
	want := []answer.Item{
		mk("A-9", "hotfix", 90.0004, 0),  // more value for effort, though it rounds the same
		mk("A-8", "hotfix", 90, 2),       // older
		mk("A-2", "hotfix", 90, 1),       // the smaller number
		mk("A-10", "hotfix", 90, 1),      // counts after 2
		mk("A-1", "feature", 99, 9),      // a later lane
		mk("A-3", "not in policy", 9, 1), // a lane that is gone
		mk("A-4", "", 0, 1),              // undecided
	}
	for range 50 {
		got := slices.Clone(want)
		rand.Shuffle(len(got), func(i, j int) { got[i], got[j] = got[j], got[i] })
		answer.Rank(got, lanes)
		for i := range got {
			if got[i].Ref != want[i].Ref {
				t.Fatalf("place %d holds %s, want %s", i, got[i].Ref, want[i].Ref)
			}
		}
	}
}

func TestRefsCompareAsPeopleCount(t *testing.T) {
	sorted := []string{"a/X-2", "a/X-10", "a/X-100", "a/Y-1", "b/A-1", "b/A-18446744073709551616", "b/A-18446744073709551617"}
	got := slices.Clone(sorted)
	slices.Reverse(got)
	slices.SortFunc(got, answer.CompareRefs)
	if !slices.Equal(got, sorted) {
		t.Errorf("got %v", got)
	}
	if answer.CompareRefs("a/X-1", "a/X-01") == 0 {
		t.Error("different texts compare equal")
	}
}

func TestLeastCertain(t *testing.T) {
	in := []answer.Item{
		{Ref: "s/A-1", Lane: "x", Confidence: 0.5}, {Ref: "s/A-2", Lane: "x", Confidence: 1}, {Ref: "s/A-3", Lane: "x", Confidence: 0.2},
		{Ref: "s/A-4", Undecided: "why"}, {Ref: "s/A-5", Lane: "x", Confidence: 0.5},
	}
	var got []string
	for _, i := range answer.LeastCertain(in, 3) {
		got = append(got, i.Ref)
	}
	if d := cmp.Diff([]string{"s/A-3", "s/A-1", "s/A-5"}, got); d != "" {
		t.Error(d)
	}
}

func TestPagesCoverAListExactly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.SliceOf(rapid.Int()).Draw(t, "list")
		limit := rapid.IntRange(1, 7).Draw(t, "limit")
		var got []int
		cursor := ""
		for n := 0; n == 0 || cursor != ""; n++ {
			if n > len(list)+1 {
				t.Fatal("pages do not end")
			}
			page, next, err := answer.Page(list, cursor, limit)
			if err != nil {
				t.Fatal(err)
			}
			got, cursor = append(got, page...), next
		}
		if !slices.Equal(got, list) {
			t.Fatalf("got %v, want %v", got, list)
		}
	})
	for _, bad := range []string{"7", "o", "o-1", "ox", "next"} {
		if _, _, err := answer.Page([]int{1}, bad, 1); err == nil {
			t.Errorf("cursor %q was taken", bad)
		}
	}
	if page, next, err := answer.Page([]int{1}, "o99", 1); err != nil || len(page) != 0 || next != "" {
		t.Errorf("past the end: %v %q %v", page, next, err)
	}
}

func TestDirections(t *testing.T) {
	lanes := []string{"hotfix", "feature"}
	mk := func(from string, was issue.Priority, to string, is issue.Priority) answer.Move {
		return answer.MovedOf(state.Logged{Before: state.Outcome{Lane: from, Priority: was}, Decision: policy.Decision{Lane: to, Priority: is}}, lanes).Move
	}
	for _, c := range []struct {
		name string
		got  answer.Move
		want answer.Move
	}{
		{"into the first lane", mk("", 0, "feature", issue.Low), answer.Placed},
		{"to an earlier lane", mk("feature", issue.High, "hotfix", issue.Low), answer.MovedUp},
		{"to a later lane", mk("hotfix", issue.Low, "feature", issue.High), answer.MovedDown},
		{"same lane, higher priority", mk("feature", issue.Low, "feature", issue.High), answer.MovedUp},
		{"same lane, lower priority", mk("feature", issue.High, "feature", issue.Low), answer.MovedDown},
		{"out of a lane that is gone, by priority", mk("old", issue.High, "feature", issue.Low), answer.MovedDown},
		{"nothing moved", mk("feature", issue.Low, "feature", issue.Low), ""},
		{"undecided", mk("feature", issue.Low, "", 0), ""},
	} {
		if c.got != c.want {
			t.Errorf("%s: %q, want %q", c.name, c.got, c.want)
		}
	}
}

func TestSourceHealth(t *testing.T) {
	mk := func(st state.SourceState) answer.Source {
		return answer.NewSource(answer.SourceInput{Name: "s", State: st, StaleAfter: time.Hour, Now: now})
	}
	for _, c := range []struct {
		name, reason string
		st           state.SourceState
	}{
		{"a good cycle lately", "", state.SourceState{LastSuccess: now.Add(-59 * time.Minute)}},
		{"failures after a good cycle lately", "", state.SourceState{LastSuccess: now.Add(-time.Minute), Failures: 1, LastError: "x"}},
		{"nothing yet", "no cycle was completed yet", state.SourceState{}},
		{"first pull", "the first pull is under way", state.SourceState{Began: now.Add(-time.Minute)}},
		{"never worked", "no cycle succeeded yet: auth", state.SourceState{Failures: 3, LastError: "auth"}},
		{"silent for long", "the last good cycle was 2 h ago", state.SourceState{LastSuccess: now.Add(-2 * time.Hour)}},
		{"failing for long", "the last good cycle was 2 h ago: auth", state.SourceState{LastSuccess: now.Add(-2 * time.Hour), Failures: 9, LastError: "auth"}},
		{"an old error that is over", "", state.SourceState{LastSuccess: now, LastError: "auth"}},
	} {
		s := mk(c.st)
		if s.Reason != c.reason || s.Healthy != (c.reason == "") {
			t.Errorf("%s: %q, want %q", c.name, s.Reason, c.reason)
		}
		if c.st.Failures == 0 && s.Error != "" {
			t.Errorf("%s: shows the error %q of the past", c.name, s.Error)
		}
	}
}

func TestTotalsOfAllSourcesAddUp(t *testing.T) {
	one := state.Totals{
		Issues: 1, Open: 2, Outstanding: 3, Parked: 4, Undecided: 5, Lanes: map[string]int{"a": 6}, Overrides: map[issue.Field]int{"due": 7},
		Marks: map[string]int{"moscow:must": 8}, Estimates: map[string]float64{"a": 9},
	}
	two := state.Totals{
		Issues: 2, Open: 4, Outstanding: 6, Parked: 8, Undecided: 10, Lanes: map[string]int{"a": 12}, Overrides: map[issue.Field]int{"due": 14},
		Marks: map[string]int{"moscow:must": 16}, Estimates: map[string]float64{"a": 18},
	}
	if d := cmp.Diff(two, answer.SumTotals(one, one)); d != "" {
		t.Error(d)
	}
}

func TestLaneAlarms(t *testing.T) {
	got := map[string]string{}
	for _, l := range lanes().Lanes {
		got[l.Lane] = l.Alarm
	}
	want := map[string]string{
		"hotfix": "share above 30 %", "strategic": "share below 20 %", "feature": "", "unsorted": "6 issues, more than 5",
		"old": "no longer in the policy",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	empty := answer.NewLanes("", []policy.LaneSpec{{Name: "strategic", Share: policy.ShareSpec{Min: ptr(0.2)}}}, state.Totals{}, "")
	if empty.Lanes[0].Alarm != "" {
		t.Errorf("without open issues no share is too small: %s", empty.Lanes[0].Alarm)
	}
}

func TestSpans(t *testing.T) {
	for d, want := range map[time.Duration]string{
		5 * time.Second: "5 s", 90 * time.Second: "1 min", 80 * time.Minute: "1 h 20 min", 4*time.Hour + 59*time.Minute: "4 h",
		25 * time.Hour: "1 d 1 h", 48 * time.Hour: "2 d", 100 * time.Hour: "4 d", -2 * time.Hour: "2 h",
	} {
		if got := answer.Span(d); got != want {
			t.Errorf("%v: %q, want %q", d, got, want)
		}
	}
}

func TestCleanTextCannotSteerATerminal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) { checkClean(t, rapid.String().Draw(t, "text")) })
}

type failer interface{ Fatalf(string, ...any) }

func checkClean(t failer, s string) {
	got := answer.Clean(s)
	if !utf8.ValidString(got) {
		t.Fatalf("%q became invalid %q", s, got)
	}
	for _, r := range got {
		if r < ' ' || 0x7f <= r && r <= 0x9f || 0x202a <= r && r <= 0x202e || 0x2066 <= r && r <= 0x2069 || r == 0x200b || r == '\u2028' {
			t.Fatalf("%q still has %U: %q", s, r, got)
		}
	}
	if again := answer.Clean(got); again != got {
		t.Fatalf("cleaning twice differs: %q, %q", got, again)
	}
}

func FuzzClean(f *testing.F) {
	for _, s := range ugly {
		f.Add(s)
	}
	f.Add("\xf3\xa0\x81\x81\u2066x\u2069\u0085 \u2028")
	f.Fuzz(func(t *testing.T, s string) { checkClean(t, s) })
}

func TestTruncateNeverExceedsItsWidthAndKeepsCharactersWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := answer.Clean(rapid.OneOf(rapid.String(), rapid.SampledFrom(ugly)).Draw(t, "text"))
		width := rapid.IntRange(1, 30).Draw(t, "width")
		got := answer.Truncate(s, width)
		if answer.Width(got) > width {
			t.Fatalf("%q is %d wide, want at most %d", got, answer.Width(got), width)
		}
		if cut, ok := strings.CutSuffix(got, "…"); ok && got != s && !strings.HasPrefix(s, cut) {
			t.Fatalf("%q is no beginning of %q", got, s)
		}
	})
	family := "👩‍👩‍👧‍👦"
	if got := answer.Truncate(family+"abc", 3); got != family+"…" {
		t.Errorf("a family was parted: %q", got)
	}
}

// TestNoLineIsWiderThanAsked holds for tables and paragraphs alike, down to the
// width that columns which cannot be cut need.
func TestNoLineIsWiderThanAsked(t *testing.T) {
	for name, v := range views() {
		for _, width := range []int{110, 140} {
			var b bytes.Buffer
			if err := v.WriteText(&b, style(false, width)); err != nil {
				t.Fatal(err)
			}
			for line := range strings.Lines(b.String()) {
				if w := answer.Width(strings.TrimSuffix(line, "\n")); w > width {
					t.Errorf("%s: %d columns of %d: %s", name, w, width, line)
				}
			}
		}
	}
}

func TestPlainTextHasNoEscapesAndColourEndsWhereItBegan(t *testing.T) {
	for name, v := range views() {
		var plain, colored bytes.Buffer
		if err := errors.Join(v.WriteText(&plain, style(false, 0)), v.WriteText(&colored, style(true, 0))); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(plain.String(), "\x1b") {
			t.Errorf("%s: plain text has an escape", name)
		}
		text := colored.String()
		if begin, end := strings.Count(text, "\x1b["), strings.Count(text, "\x1b[0m"); begin != 2*end {
			t.Errorf("%s: %d escapes, %d of them ends", name, begin, end)
		}
	}
}

// full fails every write, as a closed pipe does.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left") }

func TestAWriterThatFailsIsReported(t *testing.T) {
	for name, v := range views() {
		if err := v.WriteText(full{}, style(false, 80)); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestAMarkAboveItsCapIsReported(t *testing.T) {
	spec := []policy.MarkSpec{{Prefix: "moscow", Bands: map[string]float64{"must": 75, "could": 0}, Cap: map[string]float64{"must": 0.5}}}
	got := answer.NewMarks(spec, state.Totals{Open: 10, Marks: map[string]int{"moscow:must": 6, "moscow:could": 4}})
	if len(got) != 2 || got[0].Label != "moscow:must" || got[0].Alarm != "share above 50 %" || got[1].Alarm != "" {
		t.Errorf("got %+v", got)
	}
}

func TestAPostMortemIsNamedUntilItIsDone(t *testing.T) {
	r := record(0, "hotfix", 91)
	r.Issue.Status.Category = issue.Completed
	for _, tt := range []struct {
		name      string
		p         *state.PostMortem
		want, not string
	}{
		{"nothing is asked", nil, "", "post-mortem"},
		{"it is open", &state.PostMortem{Lane: "hotfix"}, "", "post-mortem"},
		{"the label is not written", &state.PostMortem{Lane: "hotfix", Closed: now.Add(-time.Hour), Why: "an issue of the lane hotfix was completed"}, "is to be asked for: an issue of the lane hotfix was completed. The label needs:post-mortem is not written yet.", ""},
		{"asked", &state.PostMortem{Lane: "hotfix", Closed: now.Add(-time.Hour), Why: "why", Asked: true}, "It is done when the label needs:post-mortem is removed.", ""},
		{"done", &state.PostMortem{Lane: "hotfix", Closed: now.Add(-time.Hour), Asked: true, Done: now, By: issue.Person{Name: "Ana"}}, "Its post-mortem was ended by Ana", "needs:"},
	} {
		r.PostMortem = tt.p
		said := strings.Join(answer.NewExplanation(r, answer.Reasons{}).Verdict(style(false, 0)), "\n")
		if !strings.Contains(said, tt.want) || tt.not != "" && strings.Contains(said, tt.not) {
			t.Errorf("%s: %s", tt.name, said)
		}
	}
	list := []answer.PostMortem{
		{Ref: "payments/PAY-2", Lane: "hotfix", Closed: now.Add(-time.Hour), Why: "why", Title: "Late"},
		{Ref: "payments/PAY-1", Lane: "hotfix", Closed: now.Add(-50 * time.Hour), Why: "why", Asked: true, Title: "Early"},
	}
	answer.OldestFirst(list)
	var out bytes.Buffer
	if err := (answer.PostMortems{PostMortems: list, Total: 2}).WriteText(&out, style(false, 0)); err != nil {
		t.Fatal(err)
	}
	early, late := strings.Index(out.String(), "PAY-1"), strings.Index(out.String(), "PAY-2")
	if early < 0 || late < early || !strings.Contains(out.String(), "why (not written yet)") || !strings.Contains(out.String(), "2 post-mortems outstanding.") {
		t.Error(out.String())
	}
}
