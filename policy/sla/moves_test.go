package sla_test

import (
	"testing"
	"time"

	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/policy"
	"github.com/lanekeeper/lanekeeper/policy/sla"
)

// byPriority gives urgent 1 h, high 2 h and all others 3 h.
func byPriority(cal *policy.CalendarSpec) policy.SLASpec {
	return policy.SLASpec{Calendar: cal, WarnAt: []float64{0.5}, Targets: []policy.TargetSpec{
		{When: "issue.priority == 'urgent'", Resolve: hour}, {When: "issue.priority == 'high'", Resolve: 2 * hour}, {Resolve: 3 * hour},
	}}
}

func TestPriorityChangesCarryTheTimeOver(t *testing.T) {
	s := byPriority(nil)
	ten := be("2026-03-02 10:00")
	onlyUrgent := policy.SLASpec{Targets: []policy.TargetSpec{{When: "issue.priority == 'urgent'", Resolve: 2 * hour}}}
	check(t, []row{
		{name: "medium 3 h at 10:00, high 2 h from 11:00: due 12:00", spec: s, issue: born(ten).priority(be("2026-03-02 11:00"), issue.High),
			now: be("2026-03-02 11:00"), state: sla.Warning, due: be("2026-03-02 12:00"), elapsed: hour},
		{name: "before the change the old target counts", spec: s, issue: born(ten).priority(be("2026-03-02 11:00"), issue.High),
			now: be("2026-03-02 10:59"), state: sla.OnTrack, due: be("2026-03-02 13:00"), elapsed: 59 * minute},
		{name: "a shorter target that is used up already is breached at the change", spec: s,
			issue: born(ten).priority(be("2026-03-02 11:30"), issue.Urgent), now: be("2026-03-02 12:00"),
			state: sla.Breached, due: be("2026-03-02 11:30"), elapsed: 2 * hour, breached: be("2026-03-02 11:30")},
		// Urgent from 10:30: 1 h from 10:00, due 11:00; medium from 10:45: due 13:00 again.
		{name: "a longer target gives time back", spec: s,
			issue: born(ten).priority(be("2026-03-02 10:30"), issue.Urgent).priority(be("2026-03-02 10:45"), issue.Medium), now: be("2026-03-02 11:00"),
			state: sla.OnTrack, due: be("2026-03-02 13:00"), elapsed: hour},
		{name: "a longer target lifts a breach", spec: s,
			issue: born(ten).with(func(l *life) { l.Issue.Priority = issue.Urgent }).priority(be("2026-03-02 11:15"), issue.Medium), now: be("2026-03-02 11:20"),
			state: sla.OnTrack, due: be("2026-03-02 13:00"), elapsed: 80 * minute},
		{name: "a priority that changes after the end changes nothing", spec: s,
			issue: born(ten).to(be("2026-03-02 12:00"), "Done").priority(be("2026-03-02 14:00"), issue.Urgent), now: be("2026-03-03 10:00"),
			state: sla.Met, due: be("2026-03-02 13:00"), elapsed: 2 * hour},
		{name: "it does once the issue is opened again", spec: s,
			issue: born(ten).to(be("2026-03-02 12:00"), "Done").priority(be("2026-03-02 14:00"), issue.Urgent).to(be("2026-03-02 15:00"), "Reopened"),
			now:   be("2026-03-02 15:00"), state: sla.Breached, due: be("2026-03-02 15:00"), elapsed: 2 * hour},
		{name: "no target holds", spec: onlyUrgent, issue: born(ten), now: be("2026-03-02 12:00"), state: sla.NotStarted, elapsed: 2 * hour,
			why: "no target holds for the issue"},
		// 2 h are over when it becomes urgent.
		{name: "a target that begins to hold late counts from the start", spec: onlyUrgent, issue: born(ten).priority(be("2026-03-02 13:00"), issue.Urgent),
			now: be("2026-03-02 13:00"), state: sla.Breached, due: be("2026-03-02 13:00"), elapsed: 3 * hour},
		{name: "a target by label", spec: policy.SLASpec{Targets: []policy.TargetSpec{{When: "has_label('sev1')", Resolve: hour}, {Resolve: 8 * hour}}},
			issue: born(ten).label(be("2026-03-02 10:30"), "sev1"), now: be("2026-03-02 10:45"),
			state: sla.OnTrack, due: be("2026-03-02 11:00"), elapsed: 45 * minute},
		{name: "a target by status", spec: policy.SLASpec{Targets: []policy.TargetSpec{{When: "issue.category == 'started'", Resolve: 4 * hour}, {Resolve: hour}}},
			issue: born(ten).to(be("2026-03-02 10:30"), "In Progress"), now: be("2026-03-02 12:00"),
			state: sla.OnTrack, due: be("2026-03-02 14:00"), elapsed: 2 * hour},
		{name: "a target by score", spec: policy.SLASpec{Targets: []policy.TargetSpec{{When: "pillar.customer_impact > 50.0", Resolve: hour}, {Resolve: 8 * hour}}},
			issue: born(ten).with(func(l *life) { l.Issue.Votes = 9 }), now: be("2026-03-02 10:30"),
			state: sla.OnTrack, due: be("2026-03-02 11:00"), elapsed: 30 * minute},
		{name: "a target that reads what failed to load is unknown", spec: policy.SLASpec{Targets: []policy.TargetSpec{{When: "issue.votes > 5", Resolve: hour}, {Resolve: 2 * hour}}},
			issue: born(ten).with(func(l *life) { l.Issue.Unknown = issue.InputVotes }), now: be("2026-03-02 10:30"),
			state: sla.Unknown, elapsed: 30 * minute, why: "no target can be chosen: not loaded from the tracker: votes"},
		{name: "a target whose condition fails is unknown", spec: policy.SLASpec{Targets: []policy.TargetSpec{{When: "1 / issue.votes > 5", Resolve: hour}, {Resolve: 2 * hour}}},
			issue: born(ten), now: be("2026-03-02 10:30"), state: sla.Unknown, elapsed: 30 * minute, why: "no target can be chosen"},
	})
}

func TestALiftedBreachIsNotForgotten(t *testing.T) {
	ten := be("2026-03-02 10:00")
	l := born(ten).with(func(l *life) { l.Issue.Priority = issue.Urgent }).priority(be("2026-03-02 11:15"), issue.Medium)
	got := clockOf(t, byPriority(nil)).At(l.Subject, be("2026-03-02 12:00")).Resolve
	if want := be("2026-03-02 11:00"); !got.FirstBreach.Equal(want) || !got.BreachedAt.IsZero() {
		t.Errorf("first breach %v, breached %v; want %v and none", got.FirstBreach, got.BreachedAt, want)
	}
}

func TestStarts(t *testing.T) {
	lane := starts(one(4*hour, nil), policy.StartsEnteredLane)
	label := starts(one(4*hour, nil), policy.StartsLabel, "sev1")
	created := one(4*hour, nil)
	ten := be("2026-03-02 10:00")
	h := func(n int) time.Time { return ten.Add(time.Duration(n) * hour) }
	check(t, []row{
		{name: "entered by a decision", spec: lane, lanes: "hotfix", issue: born(ten).lane(ten, "rest").lane(h(2), "hotfix"), now: h(3),
			state: sla.OnTrack, due: h(6), elapsed: hour},
		{name: "not entered yet", spec: lane, lanes: "hotfix", issue: born(ten).lane(ten, "rest").lane(h(2), "hotfix"), now: h(1),
			state: sla.NotStarted, why: "the issue has not entered a lane with this SLA"},
		{name: "the first decision is the entry where there is no label before", spec: lane, lanes: "hotfix", issue: born(ten).lane(h(5), "hotfix"),
			now: h(6), state: sla.OnTrack, due: h(9), elapsed: hour},
		{name: "a lane label that was there before lanekeeper's first decision is the entry", spec: lane, lanes: "hotfix",
			issue: born(ten).label(h(1), "lane:hotfix").lane(h(3), "hotfix"), now: h(4), state: sla.OnTrack, due: h(5), elapsed: 3 * hour},
		{name: "a lane label alone is the entry", spec: lane, lanes: "hotfix", issue: born(ten).label(h(1), "lane:hotfix"), now: h(2),
			state: sla.OnTrack, due: h(5), elapsed: hour},
		{name: "a lane label of old that was gone at the first decision is another run", spec: lane, lanes: "hotfix",
			issue: born(ten).label(h(1), "lane:hotfix").unlabel(h(2), "lane:hotfix").lane(h(5), "hotfix"), now: h(6),
			state: sla.OnTrack, due: h(9), elapsed: hour},
		{name: "the label that lanekeeper writes later does not start it again", spec: lane, lanes: "hotfix",
			issue: born(ten).lane(h(1), "hotfix").label(h(2), "lane:hotfix"), now: h(3), state: sla.OnTrack, due: h(5), elapsed: 2 * hour},
		{name: "the label that lanekeeper wrote is no earlier entry, although the tracker's clock is behind", spec: lane, lanes: "hotfix",
			issue: born(ten).own(h(2).Add(-20*time.Minute), "lane:hotfix").lane(h(2), "hotfix"), now: h(3), state: sla.OnTrack, due: h(6), elapsed: hour},
		{name: "a label that lanekeeper wrote long before its first decision is from before its state was lost", spec: lane, lanes: "hotfix",
			issue: born(ten).own(h(1), "lane:hotfix").lane(h(3), "hotfix"), now: h(4), state: sla.OnTrack, due: h(5), elapsed: 3 * hour},
		{name: "leaving the lane ends it", spec: lane, lanes: "hotfix", issue: born(ten).lane(h(1), "hotfix").lane(h(3), "rest"), now: h(9),
			state: sla.Left, elapsed: 2 * hour, why: "the issue left the lane today 12:00 UTC: 2 h of 4 h were used"},
		{name: "coming back starts a new run", spec: lane, lanes: "hotfix",
			issue: born(ten).lane(h(1), "hotfix").lane(h(3), "rest").lane(h(20), "hotfix"), now: h(21), state: sla.OnTrack, due: h(24), elapsed: hour},
		{name: "moving between two lanes of the SLA goes on", spec: lane, lanes: "hotfix urgent",
			issue: born(ten).lane(h(1), "hotfix").lane(h(2), "urgent"), now: h(3), state: sla.OnTrack, due: h(5), elapsed: 2 * hour},
		{name: "done, and then moved out of the lane, stays done", spec: lane, lanes: "hotfix",
			issue: born(ten).lane(h(1), "hotfix").to(h(2), "Done").lane(h(3), "rest"), now: h(9), state: sla.Met, due: h(5), elapsed: hour},
		{name: "a target by lane", spec: policy.SLASpec{Starts: policy.StartsEnteredLane, Targets: []policy.TargetSpec{{When: "lane == 'urgent'", Resolve: 2 * hour}, {Resolve: 8 * hour}}},
			lanes: "hotfix urgent", issue: born(ten).lane(h(0), "hotfix").lane(h(1), "urgent"), now: h(1), state: sla.OnTrack, due: h(2), elapsed: hour},

		{name: "by label from when it was added", spec: label, issue: born(ten).label(h(2), "sev1"), now: h(3), state: sla.OnTrack, due: h(6), elapsed: hour},
		{name: "by label that was there from the beginning", spec: label, issue: born(ten).with(func(l *life) { l.Issue.Labels = []string{"SEV1"} }),
			now: h(3), state: sla.OnTrack, due: h(4), elapsed: 3 * hour},
		{name: "by label that nobody added", spec: label, issue: born(ten), now: h(3), state: sla.NotStarted, why: "has not had the label sev1"},
		{name: "taking the label away ends it", spec: label, issue: born(ten).label(h(1), "sev1").unlabel(h(2), "sev1"), now: h(9),
			state: sla.Left, elapsed: hour, why: "the label sev1 was taken away"},
		{name: "labelled again it starts anew", spec: label, issue: born(ten).label(h(1), "sev1").unlabel(h(2), "sev1").label(h(8), "sev1"), now: h(9),
			state: sla.OnTrack, due: h(12), elapsed: hour},
		{name: "labels that failed to load are unknown", spec: label, issue: born(ten).with(func(l *life) { l.Issue.Unknown = issue.InputLabels }),
			now: h(9), state: sla.Unknown, why: "the labels could not be read"},

		{name: "from creation, although the lane came later", spec: created, lanes: "hotfix", issue: born(ten).lane(ten, "rest").lane(h(3), "hotfix"),
			now: h(3), state: sla.OnTrack, due: h(4), elapsed: 3 * hour},
		{name: "from creation, and in no lane of the SLA", spec: created, lanes: "hotfix", issue: born(ten).lane(ten, "rest"), now: h(3),
			state: sla.NotStarted, why: "the issue is in no lane with this SLA"},
		{name: "from creation, and out of the lane", spec: created, lanes: "hotfix", issue: born(ten).lane(ten, "hotfix").lane(h(2), "rest"), now: h(3),
			state: sla.Left, elapsed: 2 * hour},
		{name: "from creation, and back in the lane", spec: created, lanes: "hotfix",
			issue: born(ten).lane(ten, "hotfix").lane(h(1), "rest").lane(h(3), "hotfix"), now: h(3), state: sla.OnTrack, due: h(4), elapsed: 3 * hour},
	})
}

func TestResponses(t *testing.T) {
	s := policy.SLASpec{Calendar: office("Europe/Berlin"), WarnAt: []float64{0.5}, Targets: []policy.TargetSpec{{Respond: 4 * hour}}}
	only := func(how string) policy.SLASpec { x := s; x.Responds = []string{how}; return x }
	mon, due := be("2026-03-02 09:00"), be("2026-03-02 13:00")
	self, bot := issue.Actor{Person: issue.Person{ID: "lk"}, Self: true}, issue.Actor{Person: issue.Person{ID: "ci"}, Bot: true}
	rows := []row{
		{name: "nobody answered yet", spec: s, issue: born(mon), now: be("2026-03-02 10:00"), state: sla.OnTrack, due: due, elapsed: hour},
		{name: "nobody answered in time", spec: s, issue: born(mon), now: be("2026-03-02 14:00"), state: sla.Breached, due: due, elapsed: 5 * hour},
		{name: "a comment answers", spec: s, issue: born(mon).comment(be("2026-03-02 11:00"), bob, true), now: be("2026-03-04 10:00"),
			state: sla.Met, due: due, elapsed: 2 * hour, why: "met Mon 2 Mar 11:00 with 2 h left (commented by Bob)"},
		{name: "a comment too late", spec: s, issue: born(mon).comment(be("2026-03-02 15:00"), bob, true), now: be("2026-03-04 10:00"),
			state: sla.Missed, due: due, elapsed: 6 * hour, why: "missed: answered Mon 2 Mar 15:00 (commented by Bob), due Mon 2 Mar 13:00"},
		{name: "a comment as time runs out", spec: s, issue: born(mon).comment(due, bob, true), now: due, state: sla.Met, due: due, elapsed: 4 * hour},
		{name: "the reporter's comment does not answer", spec: s, issue: born(mon).comment(be("2026-03-02 10:00"), ann, true), now: be("2026-03-02 10:30"),
			state: sla.OnTrack, due: due, elapsed: 90 * minute},
		{name: "an internal comment does not answer", spec: s, issue: born(mon).comment(be("2026-03-02 10:00"), bob, false), now: be("2026-03-02 10:30"),
			state: sla.OnTrack, due: due, elapsed: 90 * minute},
		{name: "a move by somebody else answers", spec: s, issue: born(mon).to(be("2026-03-02 12:00"), "In Progress"), now: be("2026-03-02 12:30"),
			state: sla.Met, due: due, elapsed: 3 * hour, why: "(moved to In Progress by Bob)"},
		{name: "a move by the reporter does not", spec: s, issue: born(mon).to(be("2026-03-02 12:00"), "In Progress", issue.Actor{Person: ann}),
			now: be("2026-03-02 12:30"), state: sla.Warning, due: due, elapsed: 210 * minute},
		{name: "a move by lanekeeper does not", spec: s, issue: born(mon).to(be("2026-03-02 12:00"), "In Progress", self), now: be("2026-03-02 12:30"),
			state: sla.Warning, due: due, elapsed: 210 * minute},
		{name: "a move by automation does not", spec: s, issue: born(mon).to(be("2026-03-02 12:00"), "In Progress", bot), now: be("2026-03-02 12:30"),
			state: sla.Warning, due: due, elapsed: 210 * minute},
		{name: "a change of priority does not", spec: s, issue: born(mon).priority(be("2026-03-02 12:00"), issue.High), now: be("2026-03-02 12:30"),
			state: sla.Warning, due: due, elapsed: 210 * minute},
		{name: "the first of both counts", spec: s, issue: born(mon).to(be("2026-03-02 12:00"), "In Progress").comment(be("2026-03-02 11:00"), bob, true),
			now: be("2026-03-02 12:30"), state: sla.Met, due: due, elapsed: 2 * hour},
		{name: "only comments count where only they are named", spec: only(policy.RespondsComment), issue: born(mon).to(be("2026-03-02 12:00"), "In Progress"),
			now: be("2026-03-02 12:30"), state: sla.Warning, due: due, elapsed: 210 * minute},
		{name: "only moves count where only they are named", spec: only(policy.RespondsStatus), issue: born(mon).comment(be("2026-03-02 10:00"), bob, true),
			now: be("2026-03-02 12:30"), state: sla.Warning, due: due, elapsed: 210 * minute},
		{name: "closed by the reporter there is nothing to answer", spec: s, issue: born(mon).to(be("2026-03-02 10:00"), "Done", issue.Actor{Person: ann}),
			now: be("2026-03-03 12:30"), state: sla.Met, due: due, elapsed: hour},
		{name: "comments that were not read leave it unknown", spec: s, issue: born(mon).with(func(l *life) { l.History.CommentsRead = false }),
			now: be("2026-03-02 10:00"), state: sla.Unknown, elapsed: hour, why: "respond cannot be told: comments could not be read"},
		{name: "unless a move was in time: a comment can only have been earlier", spec: s,
			issue: born(mon).to(be("2026-03-02 12:00"), "In Progress").with(func(l *life) { l.History.CommentsRead = false }),
			now:   be("2026-03-02 12:30"), state: sla.Met, due: due, elapsed: 3 * hour},
		{name: "a move that was late is no proof of a miss", spec: s,
			issue: born(mon).to(be("2026-03-02 15:00"), "In Progress").with(func(l *life) { l.History.CommentsRead = false }),
			now:   be("2026-03-02 16:00"), state: sla.Unknown, elapsed: 6 * hour},
		{name: "where only moves count comments need not be read", spec: only(policy.RespondsStatus),
			issue: born(mon).with(func(l *life) { l.History.CommentsRead = false }), now: be("2026-03-02 10:00"), state: sla.OnTrack, due: due, elapsed: hour},
		{name: "an unknown reporter leaves it unknown", spec: s, issue: born(mon).with(func(l *life) { l.Issue.Unknown = issue.InputReporter }),
			now: be("2026-03-02 10:00"), state: sla.Unknown, why: "the reporter could not be read"},
		{name: "an answer from before the lane does not count", spec: starts(s, policy.StartsEnteredLane), lanes: "hotfix",
			issue: born(mon).comment(be("2026-03-02 10:00"), bob, true).lane(be("2026-03-02 11:00"), "hotfix"), now: be("2026-03-02 12:00"),
			state: sla.OnTrack, due: be("2026-03-02 15:00"), elapsed: hour},
	}
	for n := range rows {
		rows[n].kind = sla.Respond
	}
	check(t, rows)
}

func TestOddHistories(t *testing.T) {
	s := pauses(one(8*hour, nil), []string{"Blocked"})
	ten := be("2026-03-02 10:00")
	h := func(n int) time.Time { return ten.Add(time.Duration(n) * hour) }
	swap := func(l *life) {
		e := l.History.Events
		e[0], e[len(e)-1] = e[len(e)-1], e[0]
	}
	check(t, []row{
		{name: "out of order it is put in order", spec: s, issue: born(ten).to(h(1), "Blocked").to(h(3), "To Do").with(swap), now: h(4),
			state: sla.OnTrack, due: h(10), elapsed: 2 * hour},
		{name: "a change from before the creation counts from it", spec: s, issue: born(ten).to(h(-5), "Blocked").to(h(1), "To Do"), now: h(2),
			state: sla.OnTrack, due: h(9), elapsed: hour, doubt: "1 changes are dated before the issue was created"},
		// The move from In Progress into Blocked is missing: Blocked until h(2) is not told.
		{name: "a gap is named", spec: s, issue: born(ten).to(h(1), "In Progress").with(func(l *life) { l.present = "Blocked" }).to(h(2), "To Do"), now: h(3),
			state: sla.OnTrack, due: h(8), elapsed: 3 * hour, doubt: `the status was "In Progress" and then "Blocked"`},
		{name: "an end that the history does not show", spec: s,
			issue: born(ten).to(h(1), "In Progress").with(func(l *life) {
				l.Issue.Status, l.Issue.Resolved = issue.Status{Name: "Done", Category: issue.Completed}, h(3)
			}), now: h(9), state: sla.Met, due: h(8), elapsed: 3 * hour, doubt: `ends in the status "In Progress" but the issue is in "Done"`},
		{name: "cut by the tracker it runs from the creation", spec: s,
			issue: born(ten).with(func(l *life) { l.History.Complete, l.present = false, "Blocked" }).to(h(3), "To Do"), now: h(4),
			state: sla.OnTrack, due: h(8), elapsed: 4 * hour, doubt: "the tracker cut the history before 2 March 2026 12:00 UTC"},
		{name: "a status whose class nobody knows is taken to be open", spec: s,
			issue: born(ten).with(func(l *life) {
				l.to(h(1), "In Progress").History.Events[0].To = "Limbo"
				l.Issue.Status = issue.Status{Name: "Limbo"}
				l.History.Events[0].ToCategory = ""
			}), now: h(2), state: sla.OnTrack, due: h(8), elapsed: 2 * hour, doubt: `nothing tells whether the status "Limbo"`},
		{name: "a priority that is in no list any more", spec: byPriority(nil),
			issue: born(ten).with(func(l *life) {
				l.priority(h(1), issue.High).History.Events[0].To = "Showstopper"
				l.Issue.Priority = issue.Medium
			}), now: h(1), state: sla.OnTrack, due: h(3), elapsed: hour, doubt: `"Showstopper" that is not known`},
		{name: "created in the future", spec: s, issue: born(h(5)), now: h(1), state: sla.NotStarted, next: h(5),
			why: "created in the future: the clock starts then, today 14:00 UTC"},
		{name: "a history that could not be read", spec: s, issue: born(ten).with(func(l *life) { l.History = nil }), now: h(1),
			state: sla.Unknown, why: "the history could not be read"},
		{name: "no time of creation", spec: s, issue: born(time.Time{}), now: h(1), state: sla.Unknown, why: "does not tell when"},
		{name: "a status that failed to load", spec: s, issue: born(ten).with(func(l *life) { l.Issue.Unknown = issue.InputStatus }), now: h(1),
			state: sla.Unknown, why: "the status could not be read"},
	})
}
