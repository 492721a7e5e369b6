package sla_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/internal/shared"
	"github.com/lanekeeper/lanekeeper/policy"
	"github.com/lanekeeper/lanekeeper/policy/sla"
)

// exported is one issue of the Jira export, as far as the clocks read it.
type exported struct {
	ID, Key string
	Fields  struct {
		Status struct {
			Name           string
			StatusCategory struct{ Key string }
		}
		Priority  struct{ Name string }
		Reporter  struct{ Name string }
		Created   string
		Updated   string
		Labels    []string
		IssueType struct{ Name string }
	}
	Changelog struct {
		Histories []struct {
			Created string
			Author  struct{ Name string }
			Items   []struct {
				Field      string
				FromString string
				ToString   string
			}
		}
	}
}

var jiraPriorities = map[string]issue.Priority{
	"Blocker": issue.Urgent, "Critical": issue.High, "Major": issue.Medium, "Minor": issue.Low, "Trivial": issue.Low,
}

func jiraTime(t testing.TB, s string) time.Time {
	t.Helper()
	at, err := time.Parse("2006-01-02T15:04:05.000-0700", s)
	if err != nil {
		t.Fatal(err)
	}
	return at.UTC()
}

// urgentIssues reads every Critical and Blocker issue with its history. Times
// are cut to the minute, so that counting minutes can be exact.
func urgentIssues(t *testing.T) []sla.Subject {
	zipped, err := gzip.NewReader(bytes.NewReader(shared.Read(t, "data/jira-duraspace.ndjson.gz")))
	if err != nil {
		t.Fatal(err)
	}
	var all []exported
	class := map[string]issue.Category{}
	lines := bufio.NewScanner(zipped)
	for lines.Buffer(nil, 16<<20); lines.Scan(); {
		var e exported
		if err := json.Unmarshal(lines.Bytes(), &e, json.MatchCaseInsensitiveNames(true)); err != nil {
			t.Fatal(err)
		}
		s := e.Fields.Status
		class[s.Name] = map[string]issue.Category{"new": issue.Unstarted, "indeterminate": issue.Started, "done": issue.Completed}[s.StatusCategory.Key]
		if p := e.Fields.Priority.Name; p == "Blocker" || p == "Critical" {
			all = append(all, e)
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	var out []sla.Subject
	for _, e := range all {
		out = append(out, e.subject(t, class))
	}
	return out
}

func (e *exported) subject(t *testing.T, class map[string]issue.Category) sla.Subject {
	minute := func(s string) time.Time { return jiraTime(t, s).Truncate(time.Minute) }
	f := e.Fields
	i := &issue.Issue{
		ID: e.ID, Key: e.Key, Created: minute(f.Created), Updated: minute(f.Updated), Priority: jiraPriorities[f.Priority.Name],
		Status: issue.Status{Name: f.Status.Name, Category: class[f.Status.Name]}, Labels: f.Labels, Reporter: issue.Person{ID: f.Reporter.Name},
	}
	h := &issue.History{Complete: true}
	for _, entry := range e.Changelog.Histories {
		for _, it := range entry.Items {
			ev := issue.Event{At: minute(entry.Created), By: issue.Actor{Person: issue.Person{ID: entry.Author.Name}}}
			switch it.Field {
			case "status":
				ev.Field, ev.From, ev.To, ev.ToCategory = issue.FieldStatus, it.FromString, it.ToString, class[it.ToString]
			case "priority":
				ev.Field, ev.From, ev.To = issue.FieldPriority, jiraPriorities[it.FromString].String(), jiraPriorities[it.ToString].String()
			default:
				continue
			}
			h.Events = append(h.Events, ev)
		}
	}
	return sla.Subject{Issue: i, History: h}
}

// counted is what the oracle finds.
type counted struct {
	elapsed  int // minutes
	breached time.Time
	first    time.Time
	open     bool
}

// countMinutes is the oracle: it lives through the issue minute by minute and
// knows nothing of how the clock works. It tells what it found at each of the
// moments, which are in order. What changes with an event alone is looked up
// when one comes, and closed time is skipped, since there are 70 million minutes.
func countMinutes(s sla.Subject, moments []time.Time, working func(time.Time) bool, paused []string, target map[issue.Priority]int) []counted {
	events := slices.Clone(s.History.Events)
	slices.SortStableFunc(events, func(a, b issue.Event) int { return a.At.Compare(b.At) })
	status, prio := s.Issue.Status.Name, s.Issue.Priority
	for _, e := range slices.Backward(events) {
		if e.Field == issue.FieldStatus {
			status = e.From
		} else {
			prio, _ = issue.ParsePriority(e.From)
		}
	}
	var out []counted
	var x counted
	runs, limit, next := false, 0, -1
	for now := s.Issue.Created; ; now = now.Add(time.Minute) {
		for next < 0 || (next < len(events) && !events[next].At.After(now)) {
			if next >= 0 {
				if e := events[next]; e.Field == issue.FieldStatus {
					status = e.To
				} else {
					prio, _ = issue.ParsePriority(e.To)
				}
			}
			next++
			x.open = status != "Closed" && status != "Resolved"
			runs, limit = x.open && !slices.Contains(paused, status), target[prio]
		}
		if x.open {
			if x.elapsed < limit {
				x.breached = time.Time{}
			} else if x.breached.IsZero() {
				x.breached = now
				if x.first.IsZero() {
					x.first = now
				}
			}
		}
		for len(out) < len(moments) && !now.Before(moments[len(out)]) {
			out = append(out, x)
		}
		if len(out) == len(moments) {
			return out
		}
		if runs && working(now) {
			x.elapsed++
		}
		if !x.open {
			until := moments[len(out)]
			if next < len(events) && events[next].At.Before(until) {
				until = events[next].At
			}
			now = until.Add(-time.Minute)
		}
	}
}

// germanHolidays of a year: the fixed ones, and those that go with Easter by
// the Gregorian computus.
func germanHolidays(year int) []string {
	a, b, c := year%19, year/100, year%100
	h := (19*a + b - b/4 - (b-(b+8)/25+1)/3 + 15) % 30
	l := (32 + 2*(b%4) + 2*(c/4) - h - c%4) % 7
	m := (a + 11*h + 22*l) / 451
	easter := time.Date(year, time.Month((h+l-7*m+114)/31), (h+l-7*m+114)%31+1, 0, 0, 0, 0, time.UTC)
	var out []string
	for _, days := range []int{-2, 1, 39, 50} {
		out = append(out, easter.AddDate(0, 0, days).Format(time.DateOnly))
	}
	for _, d := range []string{"01-01", "05-01", "10-03", "12-25", "12-26"} {
		out = append(out, time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC).Format("2006-")+d)
	}
	return out
}

func TestEveryUrgentIssueOfDuraspaceAgreesWithCountingMinutes(t *testing.T) {
	issues := urgentIssues(t)
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	off := map[string]bool{}
	for year := 2007; year <= 2015; year++ {
		for _, d := range germanHolidays(year) {
			off[d] = true
		}
	}
	// Office hours begin and end with hours of UTC, so that the minutes of one are
	// alike; the answer is kept for the hour.
	kept, answer := int64(-1), false
	inOffice := func(now time.Time) bool {
		if h := now.Unix() / 3600; h != kept {
			kept, answer = h, atOffice(now.In(berlin), off)
		}
		return answer
	}
	calendar := office("Europe/Berlin")
	calendar.HolidayCalendars = []string{"de"}
	targets := []policy.TargetSpec{
		{When: "issue.priority == 'urgent'", Resolve: 8 * hour}, {When: "issue.priority == 'high'", Resolve: 24 * hour}, {Resolve: 240 * hour},
	}
	minutes := map[issue.Priority]int{issue.Urgent: 8 * 60, issue.High: 24 * 60, issue.Medium: 240 * 60, issue.Low: 240 * 60}
	for _, tt := range []struct {
		name    string
		spec    policy.SLASpec
		working func(time.Time) bool
		paused  []string
	}{
		{"around the clock", policy.SLASpec{Targets: targets}, func(time.Time) bool { return true }, nil},
		{"office hours, holidays and pauses", pauses(policy.SLASpec{Calendar: calendar, Targets: targets}, []string{"In Progress", "In Review"}),
			inOffice, []string{"In Progress", "In Review"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := clockOf(t, tt.spec)
			states := map[sla.State]int{}
			for _, s := range issues {
				moments := observations(s)
				for n, want := range countMinutes(s, moments, tt.working, tt.paused, minutes) {
					got := c.At(s, moments[n]).Resolve
					states[got.State]++
					agree(t, s, moments[n], got, want)
				}
			}
			t.Logf("%d issues: %v", len(issues), states)
			if len(issues) < 365 || states[sla.Missed] == 0 || states[sla.Met] == 0 || states[sla.Breached] == 0 {
				t.Errorf("%d issues with %v prove little", len(issues), states)
			}
		})
	}
}

func atOffice(now time.Time, off map[string]bool) bool {
	day, hour := now.Weekday(), now.Hour()
	return day != time.Saturday && day != time.Sunday && hour >= 9 && hour < 18 && !off[now.Format(time.DateOnly)]
}

// observations are the end of the export and the middle of the issue's life.
func observations(s sla.Subject) []time.Time {
	end := time.Date(2015, 1, 16, 0, 0, 0, 0, time.UTC)
	last := end
	if n := len(s.History.Events); n > 0 {
		last = s.History.Events[n-1].At
	}
	return []time.Time{s.Issue.Created.Add(last.Sub(s.Issue.Created) / 2).Truncate(time.Minute), end}
}

func agree(t *testing.T, s sla.Subject, until time.Time, got *sla.Reading, want counted) {
	t.Helper()
	done := got.State == sla.Met || got.State == sla.Missed
	late := got.State == sla.Breached || got.State == sla.Missed
	if got.Elapsed != time.Duration(want.elapsed)*time.Minute || !got.BreachedAt.Equal(want.breached) || !got.FirstBreach.Equal(want.first) ||
		done == want.open || late == want.breached.IsZero() {
		var log []string
		for _, e := range s.History.Events {
			log = append(log, e.At.Format(time.RFC3339)+" "+e.From+" > "+e.To)
		}
		t.Errorf("%s at %v: %s, %v, breached %v (first %v); counted %v, %v (first %v), open %v\ncreated %v\n%s", s.Issue.Key, until, got.State, got.Elapsed,
			got.BreachedAt, got.FirstBreach, time.Duration(want.elapsed)*time.Minute, want.breached, want.first, want.open, s.Issue.Created, strings.Join(log, "\n"))
	}
}
