package sla_test

import (
	"testing"

	"github.com/lanekeeper/lanekeeper/internal/issue"
)

// BenchmarkAt is what one look at one issue costs: 12 changes, a calendar with
// holidays, pauses and a change of priority.
func BenchmarkAt(b *testing.B) {
	cal := office("Europe/Berlin")
	cal.HolidayCalendars = []string{"de"}
	c := clockOf(b, warns(pauses(byPriority(cal), []string{"Blocked"}), 0.5, 0.75))
	l := born(be("2026-03-02 09:00")).priority(be("2026-03-02 10:00"), issue.High)
	for n := range 5 {
		day := be("2026-03-02 11:00").AddDate(0, 0, n)
		l.to(day, "Blocked").to(day.Add(hour), "To Do")
	}
	now := be("2026-03-20 10:00")
	b.ReportAllocs()
	for b.Loop() {
		c.At(l.Subject, now)
	}
}
