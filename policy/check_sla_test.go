package policy

import (
	"strings"
	"testing"
	"time"

	"github.com/lanekeeper/lanekeeper/internal/issue"
)

func slaSpec(change func(*SLASpec)) Spec {
	s := exampleSpec()
	x := s.SLAs["urgent-fix"]
	c := *x.Calendar
	x.Calendar = &c
	change(&x)
	s.SLAs = map[string]SLASpec{"urgent-fix": x}
	return s
}

func TestSLAsThatWorkAndAreDoubtful(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*SLASpec)
		want   string
	}{
		{"a target of more than a year", func(s *SLASpec) { s.Targets[1].Resolve = 366 * 24 * time.Hour }, "targets[1].resolve: is 8784h0m0s, longer than a year"},
		{"a holiday twice", func(s *SLASpec) { s.Calendar.Holidays = []issue.Date{"2026-12-25", "2026-12-25"} }, "holidays[1]: 2026-12-25 is in the list already"},
	} {
		p, problems := Compile(slaSpec(tt.change))
		if p == nil || len(problems) != 1 || !problems[0].Warning || !strings.Contains(problems[0].String(), tt.want) {
			t.Errorf("%s: %v, want the warning %q", tt.name, problems, tt.want)
		}
	}
}

func TestHolidaysOfThePastAreNamed(t *testing.T) {
	s := slaSpec(func(s *SLASpec) { s.Calendar.Holidays = []issue.Date{"2025-12-25", "2026-01-01"} })
	day := func(d string) time.Time {
		at, err := time.Parse(time.RFC3339, d)
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	if got := s.PastHolidays(day("2026-01-01T22:59:00Z")); len(got) != 0 { // still New Year's Day in Berlin
		t.Errorf("on the last day: %v", got)
	}
	got := s.PastHolidays(day("2026-01-01T23:00:00Z"))
	if len(got) != 1 || !got[0].Warning || !strings.Contains(got[0].String(), "slas.urgent-fix.calendar.holidays: all of them are in the past, the last is 2026-01-01") {
		t.Errorf("on the day after: %v", got)
	}
}

func TestPausesInStatusesThatNoTrackerHasAreNamed(t *testing.T) {
	s := slaSpec(func(s *SLASpec) { s.Pauses.Statuses = []string{"waiting for CUSTOMER", "Waiting for suport"} })
	got := s.UnknownPauses([]string{"To Do", "Waiting for customer", "Waiting for support"})
	if len(got) != 1 || !got[0].Warning ||
		got[0].String() != `slas.urgent-fix.pauses.statuses[1]: no source has a status "Waiting for suport", so the clock never pauses there (did you mean "Waiting for support"?)` {
		t.Errorf("%v", got)
	}
}

func TestTargetIsTheFirstThatHolds(t *testing.T) {
	p := mustCompile(t, exampleSpec())
	for _, tt := range []struct {
		name   string
		change func(*issue.Issue)
		want   int
		err    string
	}{
		{"the first", func(i *issue.Issue) { i.Priority = issue.Urgent }, 0, ""},
		{"the last", func(*issue.Issue) {}, 1, ""},
		{"a field that the condition reads is unknown", func(i *issue.Issue) { i.Unknown = issue.InputPriority }, NoTarget, "priority"},
		{"a field that it does not read is unknown", func(i *issue.Issue) { i.Unknown = issue.InputVotes }, 1, ""},
	} {
		i := exampleIssue()
		tt.change(i)
		got, err := p.Target("urgent-fix", Input{Issue: i, Now: testNow})
		if got != tt.want || (err == nil) != (tt.err == "") || (err != nil && !strings.Contains(err.Error(), tt.err)) {
			t.Errorf("%s: %d, %v", tt.name, got, err)
		}
	}
	if _, err := p.Target("fix", Input{Issue: exampleIssue(), Now: testNow}); err == nil {
		t.Error("an SLA that is not there has a target")
	}
}
