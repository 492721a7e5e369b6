package policy

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/lanekeeper/lanekeeper/internal/issue"
)

// wild draws an issue with anything in it.
func wild(t *rapid.T) *issue.Issue {
	text := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"", "enterprise", "strategic", "security", "crash"}))
	i := &issue.Issue{
		Kind:  rapid.SampledFrom([]issue.Kind{"bug", "story", "task", "epic", "incident", "other", ""}).Draw(t, "kind"),
		Title: text.Draw(t, "title"), Labels: rapid.SliceOfN(text, 0, 4).Draw(t, "labels"),
		Votes: rapid.IntRange(-5, 200).Draw(t, "votes"), Watchers: rapid.Int().Draw(t, "watchers"),
		Estimate: rapid.Float64().Draw(t, "estimate"), Priority: issue.Priority(rapid.IntRange(0, 6).Draw(t, "priority")),
		Created: time.Unix(rapid.Int64Range(-1e10, 1e11).Draw(t, "created"), 0), Due: issue.Date(text.Draw(t, "due")),
		Customers: rapid.SliceOfN(rapid.Custom(func(t *rapid.T) issue.Customer {
			return issue.Customer{Name: text.Draw(t, "name"), Revenue: rapid.Float64().Draw(t, "revenue"), Important: rapid.Bool().Draw(t, "important")}
		}), 0, 3).Draw(t, "customers"),
	}
	i.Fields = map[string]issue.Value{}
	for _, name := range []string{"customer_tier", "severity", "reach", "impact"} {
		switch rapid.IntRange(0, 3).Draw(t, name) {
		case 1:
			i.Fields[name] = issue.Value{Text: text.Draw(t, "text")}
		case 2:
			i.Fields[name] = issue.Value{Number: ptr(rapid.Float64().Draw(t, "number"))}
		case 3:
			i.Fields[name] = issue.Value{List: rapid.SliceOf(text).Draw(t, "list")}
		}
	}
	return i
}

func TestEveryIssueIsDecidedAlikeIntoExactlyOneLane(t *testing.T) {
	var policies []*Policy
	for _, name := range Presets() {
		s, err := Preset(name)
		if err != nil {
			t.Fatal(err)
		}
		policies = append(policies, mustCompile(t, s))
	}
	policies = append(policies, mustCompile(t, exampleSpec()))
	rapid.Check(t, func(t *rapid.T) {
		p := rapid.SampledFrom(policies).Draw(t, "policy")
		in := Input{Issue: wild(t), Now: testNow}
		in.Memory.Lane = rapid.SampledFrom([]string{"", "hotfix", "stability", "gone"}).Draw(t, "lane")
		in.Memory.Band = issue.Priority(rapid.IntRange(0, 4).Draw(t, "band"))
		d, m := p.Decide(in)
		again, m2 := p.Decide(in)
		if !cmp.Equal(d, again) || !cmp.Equal(m, m2) {
			t.Fatalf("two decisions: %s", cmp.Diff(d, again))
		}
		p.Explain(d, in.Issue)
		if d.Undecided != "" {
			if d.Lane != "" || !cmp.Equal(m, in.Memory) {
				t.Fatalf("undecided and yet %+v", d)
			}
			return
		}
		took := 0
		for _, r := range d.Rules {
			if r.Result == Yes || r.Result == Stayed {
				took++
			}
		}
		if took != 1 || p.lane(d.Lane) == nil {
			t.Fatalf("%d lanes took it: %+v", took, d.Rules)
		}
		if !(d.Score >= 0 && d.Score <= 100) || !(d.Effort > 0) || !(d.Confidence >= 0 && d.Confidence <= 1) {
			t.Fatalf("score %v, effort %v, confidence %v", d.Score, d.Effort, d.Confidence)
		}
	})
}

func TestAScoreThatWobblesWithinTheMarginNeverFlaps(t *testing.T) {
	p := mustCompile(t, byVotes(5, 0))
	rapid.Check(t, func(t *rapid.T) {
		centre := rapid.IntRange(0, 100).Draw(t, "centre")
		var m Memory
		changes := 0
		for k := range 30 {
			votes := centre + rapid.IntRange(-2, 2).Draw(t, "wobble")
			d, next := p.Decide(Input{Issue: &issue.Issue{Votes: votes}, Now: testNow.Add(time.Duration(k) * time.Hour), Memory: m})
			if k > 0 && d.Band != m.Band {
				changes++
			}
			m = next
		}
		if changes > 1 {
			t.Fatalf("the band changed %d times around %d", changes, centre)
		}
	})
}

func FuzzCompileAndDecide(f *testing.F) {
	for _, s := range []string{
		"issue.kind == 'bug'", "has_label('x') && score > 3.0", "tier(issue.fields.a, {'x': 1.0}, 2.0) > 1.0", "age(issue.started) > days(2)",
		"issue.customers.exists(c, c.tier == 'x')", "any_word(issue.title, ['a', issue.key])", "or_else(signal.x, 1.0) == pillar.value",
		"{'a': issue}", "issue.fields", "[1, 2].map(x, x * 2) == issue.labels", "has(issue.fields.x.y)", "issue.fields.x.y.z == 1", "tier(1, {}, 'x') > 0.0",
		"scale(issue.fields.a, dyn('x'), 1) > 0.0", "decay(dyn(1), dyn('x')) > 0.0", "days(1e300) > days(1)", "true ? lane == '' : issue.nope",
	} {
		f.Add(s, "text", 1.5)
	}
	f.Fuzz(func(t *testing.T, expr, text string, n float64) {
		s := pillarsOnly("50.0", nil)
		s.Lanes[0].When = expr
		p, problems := Compile(s)
		if p == nil {
			for _, x := range problems {
				_ = x.String()
			}
			return
		}
		i := exampleIssue()
		i.Title, i.Fields = text, map[string]issue.Value{"a": {Text: text}, "x": {Number: &n}}
		in := Input{Issue: i, Now: testNow}
		d, m := p.Decide(in)
		if again, _ := p.Decide(in); !cmp.Equal(d, again) {
			t.Error(cmp.Diff(d, again))
		}
		if (d.Lane == "") == (d.Undecided == "") || d.Undecided != "" && m.Lane != "" {
			t.Errorf("lane %q, undecided %q", d.Lane, d.Undecided)
		}
		p.Explain(d, nil)
		p.Flips(in, d)
	})
}
