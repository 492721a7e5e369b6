package sla_test

import (
	"testing"
	"time"

	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/policy/sla"
)

// What the tracker cut away counts as running, also where lanekeeper knows that
// the issue came into the lane in that time.
func TestWhatWasCutRunsWhereverTheLaneWasEntered(t *testing.T) {
	cut := func(first string) *life {
		l := born(be("2026-03-02 08:00")).lane(be("2026-03-02 09:00"), "hot")
		l.present = first
		l.to(be("2026-03-02 12:00"), "In Progress")
		l.History.Complete = false
		return l
	}
	spec := starts(pauses(one(8*hour, nil), []string{"Blocked"}), "entered_lane")
	check(t, []row{
		{name: "though it was in a status that pauses", spec: spec, lanes: "hot", issue: cut("Blocked"), now: be("2026-03-02 13:00"),
			state: sla.OnTrack, elapsed: 4 * hour, due: be("2026-03-02 17:00"), doubt: "the tracker cut the history"},
		{name: "though it was closed", spec: spec, lanes: "hot", issue: cut("Done").to(be("2026-03-02 14:00"), "Done").to(be("2026-03-02 15:00"), "In Progress"),
			now: be("2026-03-02 13:00"), state: sla.OnTrack, elapsed: 4 * hour, due: be("2026-03-02 17:00"), doubt: "the tracker cut the history"},
	})
}

// A cut that took all that the clock reads leaves the issue as it is now.
func TestACutHistoryWithoutEventsEndsInWhatTheIssueIs(t *testing.T) {
	cut := func(status string, class issue.Category, updated time.Time) *life {
		l := born(be("2026-03-02 09:00"))
		l.Issue.Status, l.Issue.Updated = issue.Status{Name: status, Category: class}, updated
		l.History.Complete = false
		return l
	}
	spec := pauses(one(8*hour, nil), []string{"Blocked"})
	check(t, []row{
		{name: "one that is closed was closed when it was resolved", spec: spec, issue: cut("Done", issue.Completed, be("2026-03-02 20:00")).with(func(l *life) {
			l.Issue.Resolved = be("2026-03-02 12:00")
		}), now: be("2026-03-03 09:00"), state: sla.Met, elapsed: 3 * hour, due: be("2026-03-02 17:00"), doubt: "the tracker cut the history before"},
		{name: "one that waits has waited since its last update at least", spec: spec, issue: cut("Blocked", issue.Started, be("2026-03-02 12:00")),
			now: be("2026-03-03 09:00"), state: sla.Paused, elapsed: 3 * hour, doubt: "the tracker cut the history before"},
		{name: "one that is open runs", spec: spec, issue: cut("In Progress", issue.Started, be("2026-03-02 12:00")),
			now: be("2026-03-02 13:00"), state: sla.OnTrack, elapsed: 4 * hour, due: be("2026-03-02 17:00"), doubt: "the tracker cut the history before"},
	})
}
