package sla_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/policy"
	"github.com/lanekeeper/lanekeeper/policy/sla"
)

// clocks are SLAs of every kind of start and calendar.
func clocks(t testing.TB) []*sla.Clock {
	calendars := []*policy.CalendarSpec{
		nil, office("Europe/Berlin"), hours("America/New_York", map[string]string{"mon-sun": "22:00-06:00"}),
		{Timezone: "Australia/Lord_Howe", Hours: map[string]string{"mon-fri": "08:00-12:00,13:00-24:00", "sun": "01:00-03:00"}, HolidayCalendars: []string{"au-nsw"}},
	}
	var out []*sla.Clock
	for _, c := range calendars {
		for _, start := range []string{policy.StartsCreated, policy.StartsEnteredLane, policy.StartsLabel} {
			s := policy.SLASpec{
				Calendar: c, Starts: start, WarnAt: []float64{0.25, 0.5, 0.9},
				Pauses: policy.PauseSpec{Statuses: []string{"Blocked", "Waiting for customer"}, Labels: []string{"frozen"}},
				Targets: []policy.TargetSpec{
					{When: "issue.priority == 'urgent'", Respond: 30 * minute, Resolve: 5 * hour},
					{When: "issue.priority == 'high'", Respond: 2 * hour, Resolve: 20 * hour}, {Respond: 8 * hour, Resolve: 70 * hour},
				},
			}
			var lanes []string
			if start == policy.StartsLabel {
				s.Label = "sev1"
			}
			if start == policy.StartsEnteredLane {
				lanes = []string{"hotfix", "urgent"}
			}
			out = append(out, clockOf(t, s, lanes...))
		}
	}
	return out
}

// drawLife draws an issue with a history that holds together, over about two
// weeks around a change of clocks.
func drawLife(t *rapid.T) *life {
	months := []time.Time{be("2026-03-20 08:00"), be("2026-10-20 08:00"), be("2026-06-01 08:00")}
	now := rapid.SampledFrom(months).Draw(t, "created").Add(time.Duration(rapid.IntRange(0, 4*24*3600).Draw(t, "offset")) * time.Second)
	l := born(now)
	has := map[string]bool{}
	statuses := []string{"To Do", "In Progress", "Blocked", "Waiting for customer", "Done", "Reopened"}
	for range rapid.IntRange(0, 12).Draw(t, "events") {
		now = now.Add(time.Duration(rapid.IntRange(0, 2*24*3600).Draw(t, "gap")) * time.Second)
		by := issue.Actor{Person: rapid.SampledFrom([]issue.Person{ann, bob}).Draw(t, "by")}
		switch rapid.IntRange(0, 5).Draw(t, "what") {
		case 0, 1:
			if to := rapid.SampledFrom(statuses).Draw(t, "status"); to != l.present {
				l.to(now, to, by)
			}
		case 2:
			if p := issue.Priority(rapid.IntRange(1, 4).Draw(t, "priority")); p != l.Issue.Priority {
				l.priority(now, p)
			}
		case 3:
			name := rapid.SampledFrom([]string{"frozen", "sev1", "lane:hotfix"}).Draw(t, "label")
			if has[name] {
				l.unlabel(now, name)
			} else {
				l.label(now, name)
			}
			has[name] = !has[name]
		case 4:
			l.comment(now, by.Person, rapid.Bool().Draw(t, "public"))
		case 5:
			l.lane(now, rapid.SampledFrom([]string{"hotfix", "urgent", "rest"}).Draw(t, "lane"))
		}
	}
	return l
}

// asSeenAt is the issue as a pull at t would have shown it.
func (l *life) asSeenAt(t time.Time) sla.Subject {
	s := l.Subject
	i, h := *l.Issue, issue.History{Complete: true, CommentsRead: true}
	i.Labels = slices.Clone(l.Issue.Labels)
	for _, e := range slices.Backward(l.History.Events) {
		if !e.At.After(t) {
			h.Events = append([]issue.Event{e}, h.Events...)
			continue
		}
		switch e.Field { // undo it
		case issue.FieldStatus:
			i.Status = issue.Status{Name: e.From, Category: classes[e.From]}
		case issue.FieldPriority:
			i.Priority, _ = issue.ParsePriority(e.From)
		case issue.FieldLabels:
			if e.To != "" {
				i.Labels = slices.DeleteFunc(i.Labels, func(x string) bool { return x == e.To })
			} else {
				i.Labels = append(i.Labels, e.From)
			}
		}
	}
	for _, c := range l.History.Comments {
		if !c.At.After(t) {
			h.Comments = append(h.Comments, c)
		}
	}
	s.Lanes = nil
	for _, e := range l.Lanes {
		if !e.From.After(t) {
			s.Lanes = append(s.Lanes, e)
		}
	}
	s.Issue, s.History = &i, &h
	return s
}

var readings = cmp.Options{cmpopts.IgnoreUnexported(sla.Reading{}), cmpopts.IgnoreFields(sla.Result{}, "Doubts", "Ahead")}

func drawNow(t *rapid.T, l *life, name string) time.Time {
	return l.Issue.Created.Add(time.Duration(rapid.Int64Range(0, int64(20*24*hour)).Draw(t, name)))
}

func both(r sla.Result) []*sla.Reading { return []*sla.Reading{r.Respond, r.Resolve} }

func TestWhatAClockSaysDoesNotDependOnWhenItWasObserved(t *testing.T) {
	all := clocks(t)
	rapid.Check(t, func(t *rapid.T) {
		l, c := drawLife(t), rapid.SampledFrom(all).Draw(t, "clock")
		now := drawNow(t, l, "now")
		if then, later := c.At(l.asSeenAt(now), now), c.At(l.Subject, now); !cmp.Equal(then, later, readings) {
			t.Fatalf("as seen then and later:\n%s", cmp.Diff(then, later, readings))
		}
	})
}

// Until what is ahead has come, time alone changes nothing but what Next tells.
func TestWhatIsAheadIsToldByWhenItCounts(t *testing.T) {
	all := clocks(t)
	rapid.Check(t, func(t *rapid.T) {
		l, c := drawLife(t), rapid.SampledFrom(all).Draw(t, "clock")
		now := drawNow(t, l, "now")
		next := c.At(l.Subject, now).Next()
		if !next.IsZero() && !next.After(now) {
			t.Fatalf("next is %v at %v", next, now)
		}
		later := now.Add(400 * 24 * hour)
		if !next.IsZero() {
			later = next.Add(-1)
		}
		for n, x := range both(c.At(l.Subject, now)) {
			if then := both(c.At(l.Subject, later))[n]; then.State != x.State || then.Warned != x.Warned || !then.Ended.Equal(x.Ended) {
				t.Fatalf("%s at %v is %s at %v, and next was %v", x.State, now, then.State, later, next)
			}
		}
	})
}

func TestClocksNeverGoBackAndAreNeverNegative(t *testing.T) {
	all := clocks(t)
	rapid.Check(t, func(t *rapid.T) {
		l, c := drawLife(t), rapid.SampledFrom(all).Draw(t, "clock")
		a, b := drawNow(t, l, "a"), drawNow(t, l, "b")
		if b.Before(a) {
			a, b = b, a
		}
		x, y := both(c.At(l.Subject, a)), both(c.At(l.Subject, b))
		for n := range x {
			if x[n].Elapsed < 0 || x[n].Remaining < 0 || y[n].Elapsed < 0 || y[n].Remaining < 0 {
				t.Fatalf("negative: %+v, %+v", x[n], y[n])
			}
			if !x[n].Start.Equal(y[n].Start) {
				continue // another run of the clock
			}
			if y[n].Elapsed < x[n].Elapsed {
				t.Fatalf("%v at %v, and %v at %v", x[n].Elapsed, a, y[n].Elapsed, b)
			}
			if y[n].Elapsed-x[n].Elapsed > c.Calendar().Between(a, b) {
				t.Fatalf("%v more in %v of working time", y[n].Elapsed-x[n].Elapsed, c.Calendar().Between(a, b))
			}
		}
	})
}

func TestTimeAddsUpOverSplits(t *testing.T) {
	all := clocks(t)
	rapid.Check(t, func(t *rapid.T) {
		l, c := drawLife(t), rapid.SampledFrom(all).Draw(t, "clock")
		now := drawNow(t, l, "now")
		for _, x := range both(c.At(l.Subject, now)) {
			if x.Start.IsZero() || x.State == sla.Unknown {
				continue
			}
			// What elapsed, what was paused and what it was closed for is all there is.
			end := now
			if !x.Ended.IsZero() {
				end = x.Ended
			}
			sum := x.Elapsed
			for _, p := range x.Pauses {
				sum += p.Spent
			}
			if whole := c.Calendar().Between(x.Start, end); sum > whole {
				t.Fatalf("%v elapsed and paused in %v", sum, whole)
			} else if sum < whole && !slices.ContainsFunc(l.History.Events, func(e issue.Event) bool { return e.To == "Done" }) {
				t.Fatalf("%v elapsed and paused in %v, and never closed", sum, whole)
			}
		}
	})
}

func TestTheNextInstantIsExact(t *testing.T) {
	all := clocks(t)
	seen := 0
	rapid.Check(t, func(t *rapid.T) {
		l, c := drawLife(t), rapid.SampledFrom(all).Draw(t, "clock")
		now := drawNow(t, l, "now")
		s := l.asSeenAt(now)
		for n, x := range both(c.At(s, now)) {
			if x.Next.IsZero() {
				later := both(c.At(s, now.Add(400*24*hour)))[n]
				if later.State != x.State || later.Warned != x.Warned {
					t.Fatalf("%s became %s by time alone", x.State, later.State)
				}
				continue
			}
			seen++
			if !x.Next.After(now) {
				t.Fatalf("next is %v at %v", x.Next, now)
			}
			before, then := both(c.At(s, x.Next.Add(-1)))[n], both(c.At(s, x.Next))[n]
			if before.Mark() != x.Mark() || then.Mark() == x.Mark() {
				t.Fatalf("now %+v, just before %+v, then %+v", x.Mark(), before.Mark(), then.Mark())
			}
			if then.State == sla.Breached && !then.BreachedAt.Equal(x.Next) {
				t.Fatalf("breached at %v, not at %v", then.BreachedAt, x.Next)
			}
		}
	})
	if seen < 20 {
		t.Errorf("only %d instants were looked at", seen)
	}
}

func TestWildHistoriesHaveSafeOutcomes(t *testing.T) {
	all := clocks(t)
	rapid.Check(t, func(t *rapid.T) {
		l, c := drawLife(t), rapid.SampledFrom(all).Draw(t, "clock")
		for n := range l.History.Events { // out of order, with gaps, from before the creation
			e := &l.History.Events[n]
			if rapid.Bool().Draw(t, "moved") {
				e.At = e.At.Add(time.Duration(rapid.Int64Range(-int64(300*hour), int64(300*hour)).Draw(t, "by")))
			}
			if rapid.IntRange(0, 3).Draw(t, "lost") == 0 {
				e.Field = issue.FieldDue
			}
		}
		l.History.Complete = rapid.Bool().Draw(t, "complete")
		l.Issue.Gone = rapid.Bool().Draw(t, "gone")
		now := drawNow(t, l, "now")
		for _, x := range both(c.At(l.Subject, now)) {
			if x.Elapsed < 0 || x.Remaining < 0 || x.State == "" || x.Why == "" || (x.State.Running() && x.Next.IsZero()) {
				t.Fatalf("%+v", x)
			}
		}
	})
}
