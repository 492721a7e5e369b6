package sla_test

import (
	"strings"
	"testing"
	"time"

	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/policy"
	"github.com/lanekeeper/lanekeeper/policy/sla"
)

const (
	minute = time.Minute
	hour   = time.Hour
)

// row is one case, computed by hand.
type row struct {
	name    string
	spec    policy.SLASpec
	lanes   string // that the SLA holds for, separated by spaces
	issue   *life
	kind    sla.Kind // default resolve
	now     time.Time
	state   sla.State
	due     time.Time
	elapsed time.Duration
	// Where they are given.
	breached time.Time
	next     time.Time
	why      string // a part of it
	doubt    string // a part of one
}

func check(t *testing.T, rows []row) {
	t.Helper()
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			got := clockOf(t, r.spec, strings.Fields(r.lanes)...).At(r.issue.Subject, r.now)
			x := got.Resolve
			if r.kind == sla.Respond {
				x = got.Respond
			}
			if x.State != r.state {
				t.Errorf("state %s, want %s", x.State, r.state)
			}
			if x.Elapsed != r.elapsed {
				t.Errorf("elapsed %v, want %v", x.Elapsed, r.elapsed)
			}
			if !x.Due.Equal(r.due) {
				t.Errorf("due %v, want %v", x.Due, r.due)
			}
			if !r.breached.IsZero() && !x.BreachedAt.Equal(r.breached) {
				t.Errorf("breached at %v, want %v", x.BreachedAt, r.breached)
			}
			if !r.next.IsZero() && !x.Next.Equal(r.next) {
				t.Errorf("next %v, want %v", x.Next, r.next)
			}
			if !strings.Contains(x.Why, r.why) || x.Why == "" {
				t.Errorf("why %q, want %q in it", x.Why, r.why)
			}
			if all := strings.Join(got.Doubts, "\n"); !strings.Contains(all, r.doubt) || (r.doubt == "" && all != "") {
				t.Errorf("doubts %q, want %q", all, r.doubt)
			}
		})
	}
}

func warns(s policy.SLASpec, at ...float64) policy.SLASpec { s.WarnAt = at; return s }

func pauses(s policy.SLASpec, statuses []string, labels ...string) policy.SLASpec {
	s.Pauses = policy.PauseSpec{Statuses: statuses, Labels: labels}
	return s
}

func starts(s policy.SLASpec, how string, label ...string) policy.SLASpec {
	s.Starts, s.Label = how, strings.Join(label, "")
	return s
}

func holidays(s policy.SLASpec, days []issue.Date, calendars ...string) policy.SLASpec {
	c := *s.Calendar
	c.Holidays, c.HolidayCalendars = days, calendars
	s.Calendar = &c
	return s
}

// Monday is 2 March 2026.
func TestWorkingHours(t *testing.T) {
	berlin := office("Europe/Berlin")
	check(t, []row{
		{name: "without a calendar every hour counts", spec: one(8*hour, nil), issue: born(be("2026-03-07 20:00")),
			now: be("2026-03-08 01:00"), state: sla.OnTrack, due: be("2026-03-08 04:00"), elapsed: 5 * hour},
		{name: "within a day", spec: one(8*hour, berlin), issue: born(be("2026-03-02 09:30")),
			now: be("2026-03-02 12:00"), state: sla.OnTrack, due: be("2026-03-02 17:30"), elapsed: 150 * minute},
		// 14:30-18:00 are 3.5 h; 4.5 h from 9:00.
		{name: "over the night", spec: one(8*hour, berlin), issue: born(be("2026-03-02 14:30")),
			now: be("2026-03-03 10:00"), state: sla.OnTrack, due: be("2026-03-03 13:30"), elapsed: 270 * minute,
			why: "due today 13:30: 8 h of mon-fri 09:00-18:00 Europe/Berlin since 14:30 yesterday"},
		// Friday 17:00-18:00, then Monday from 9:00.
		{name: "over the weekend", spec: one(2*hour, berlin), issue: born(be("2026-03-06 17:00")),
			now: be("2026-03-08 12:00"), state: sla.OnTrack, due: be("2026-03-09 10:00"), elapsed: hour},
		{name: "made in the night it starts in the morning", spec: one(hour, berlin), issue: born(be("2026-03-03 03:00")),
			now: be("2026-03-03 08:59"), state: sla.OnTrack, due: be("2026-03-03 10:00"), elapsed: 0},
		{name: "made on Sunday it starts on Monday", spec: one(hour, berlin), issue: born(be("2026-03-08 11:00")),
			now: be("2026-03-09 09:20"), state: sla.OnTrack, due: be("2026-03-09 10:00"), elapsed: 20 * minute},
		// 9 h used at 18:00 sharp: due in the evening, not the next morning.
		{name: "a target that ends with the day is due in the evening", spec: one(9*hour, berlin), issue: born(be("2026-03-02 09:00")),
			now: be("2026-03-02 10:00"), state: sla.OnTrack, due: be("2026-03-02 18:00"), elapsed: hour},
		{name: "made as work ends it has the next day", spec: one(hour, berlin), issue: born(be("2026-03-02 18:00")),
			now: be("2026-03-02 19:00"), state: sla.OnTrack, due: be("2026-03-03 10:00"), elapsed: 0},
		// 72 h at 9 h a day are 8 days: Mon-Fri 45 h, Mon-Wed 27 h.
		{name: "three days of 24 hours are eight working days", spec: one(72*hour, berlin), issue: born(be("2026-03-02 09:00")),
			now: be("2026-03-02 09:00"), state: sla.OnTrack, due: be("2026-03-11 18:00"), elapsed: 0},
		{name: "a holiday of one's own is left out", spec: holidays(one(4*hour, berlin), []issue.Date{"2026-03-03"}), issue: born(be("2026-03-02 16:00")),
			now: be("2026-03-03 12:00"), state: sla.OnTrack, due: be("2026-03-04 11:00"), elapsed: 2 * hour},
		// Good Friday 3 April and Easter Monday 6 April 2026.
		{name: "Easter in Germany", spec: holidays(one(4*hour, berlin), nil, "DE"), issue: born(be("2026-04-02 16:00")),
			now: be("2026-04-05 12:00"), state: sla.OnTrack, due: be("2026-04-07 11:00"), elapsed: 2 * hour},
		// 6 January is a holiday in Bavaria, and not in Berlin.
		{name: "Epiphany in Bavaria", spec: holidays(one(2*hour, berlin), nil, "de-by"), issue: born(be("2026-01-05 17:00")),
			now: be("2026-01-06 10:00"), state: sla.OnTrack, due: be("2026-01-07 10:00"), elapsed: hour},
		{name: "no Epiphany in Berlin", spec: holidays(one(3*hour, berlin), nil, "de-be"), issue: born(be("2026-01-05 17:00")),
			now: be("2026-01-06 10:00"), state: sla.OnTrack, due: be("2026-01-06 11:00"), elapsed: 2 * hour},
		// 4 July 2026 is a Saturday, so the Friday before is off.
		{name: "Independence Day on a Saturday is made up for on Friday", spec: holidays(one(2*hour, office("America/New_York")), nil, "us"),
			issue: born(at("America/New_York", "2026-07-02 17:00")), now: at("America/New_York", "2026-07-03 12:00"),
			state: sla.OnTrack, due: at("America/New_York", "2026-07-06 10:00"), elapsed: hour},
		{name: "two calendars of holidays and a day of one's own", spec: holidays(one(2*hour, berlin), []issue.Date{"2026-11-27"}, "de", "us"),
			issue: born(be("2026-11-25 17:00")), now: be("2026-11-26 12:00"), // 26 November is Thanksgiving
			state: sla.OnTrack, due: be("2026-11-30 10:00"), elapsed: hour},
		// 11:00-12:00 and 13:00-14:00.
		{name: "a lunch break is left out", spec: one(2*hour, hours("Europe/Berlin", map[string]string{"mon-fri": "09:00-12:00,13:00-18:00"})),
			issue: born(be("2026-03-02 11:00")), now: be("2026-03-02 12:30"), state: sla.OnTrack, due: be("2026-03-02 14:00"), elapsed: hour},
		// Monday's night shift is 22:00-06:00: 23:00-06:00 are 7 h, then 22:00-23:00.
		{name: "a night shift goes on after midnight", spec: one(8*hour, hours("Europe/Berlin", map[string]string{"mon-fri": "22:00-06:00"})),
			issue: born(be("2026-03-02 23:00")), now: be("2026-03-03 02:00"), state: sla.OnTrack, due: be("2026-03-03 23:00"), elapsed: 3 * hour},
		{name: "Friday's night shift ends on Saturday morning", spec: one(4*hour, hours("Europe/Berlin", map[string]string{"mon-fri": "22:00-06:00"})),
			issue: born(be("2026-03-07 03:00")), now: be("2026-03-07 12:00"), state: sla.OnTrack, due: be("2026-03-09 23:00"), elapsed: 3 * hour},
		// The shift that begins on the holiday is off, that of the evening before is not.
		{name: "a holiday takes the shift that begins on it", spec: holidays(one(9*hour, hours("Europe/Berlin", map[string]string{"mon-fri": "22:00-06:00"})),
			[]issue.Date{"2026-03-03"}), issue: born(be("2026-03-02 22:00")), now: be("2026-03-04 12:00"),
			state: sla.OnTrack, due: be("2026-03-04 23:00"), elapsed: 8 * hour},
		{name: "until 24:00", spec: one(5*hour, hours("Europe/Berlin", map[string]string{"mon": "20:00-24:00", "tue": "00:00-04:00"})),
			issue: born(be("2026-03-02 20:00")), now: be("2026-03-03 00:00"), state: sla.OnTrack, due: be("2026-03-03 01:00"), elapsed: 4 * hour},
		{name: "some days only", spec: one(3*hour, hours("UTC", map[string]string{"mon,wed": "10:00-12:00"})),
			issue: born(at("UTC", "2026-03-02 11:00")), now: at("UTC", "2026-03-03 11:00"), state: sla.OnTrack, due: at("UTC", "2026-03-04 12:00"), elapsed: hour},
		// 18:00 in Kolkata is 12:30 UTC, 09:00 is 03:30.
		{name: "half-hour zones", spec: one(2*hour, office("Asia/Kolkata")), issue: born(at("UTC", "2026-03-02 11:30")),
			now: at("UTC", "2026-03-02 12:00"), state: sla.OnTrack, due: at("UTC", "2026-03-03 04:30"), elapsed: 30 * minute},
	})
}

func TestStates(t *testing.T) {
	s := warns(one(8*hour, nil), 0.5, 0.75)
	mon := be("2026-03-02 10:00")
	check(t, []row{
		{name: "on track until the first warning", spec: s, issue: born(mon), now: be("2026-03-02 13:59"),
			state: sla.OnTrack, due: be("2026-03-02 18:00"), elapsed: 239 * minute, next: be("2026-03-02 14:00")},
		{name: "warning from half of the target on", spec: s, issue: born(mon), now: be("2026-03-02 14:00"),
			state: sla.Warning, due: be("2026-03-02 18:00"), elapsed: 4 * hour, next: be("2026-03-02 16:00")},
		{name: "the last warning is followed by the breach", spec: s, issue: born(mon), now: be("2026-03-02 16:00"),
			state: sla.Warning, due: be("2026-03-02 18:00"), elapsed: 6 * hour, next: be("2026-03-02 18:00")},
		{name: "breached at the instant", spec: s, issue: born(mon), now: be("2026-03-02 18:00"),
			state: sla.Breached, due: be("2026-03-02 18:00"), elapsed: 8 * hour, breached: be("2026-03-02 18:00")},
		{name: "breached long ago, and told so", spec: s, issue: born(mon), now: be("2026-03-04 18:00"),
			state: sla.Breached, due: be("2026-03-02 18:00"), elapsed: 56 * hour, breached: be("2026-03-02 18:00"),
			why: "breached Mon 2 Mar 17:00 UTC: 8 h of all hours since Mon 2 Mar 09:00 UTC were used up; over by 48 h"},
		{name: "done in time", spec: s, issue: born(mon).to(be("2026-03-02 15:00"), "Done"), now: be("2026-03-05 09:00"),
			state: sla.Met, due: be("2026-03-02 18:00"), elapsed: 5 * hour, why: "met Mon 2 Mar 14:00 UTC with 3 h left"},
		{name: "done at the very instant is in time", spec: s, issue: born(mon).to(be("2026-03-02 18:00"), "Done"), now: be("2026-03-05 09:00"),
			state: sla.Met, due: be("2026-03-02 18:00"), elapsed: 8 * hour},
		{name: "done a second later is not", spec: s, issue: born(mon).to(be("2026-03-02 18:00:01"), "Done"), now: be("2026-03-05 09:00"),
			state: sla.Missed, due: be("2026-03-02 18:00"), elapsed: 8*hour + time.Second, breached: be("2026-03-02 18:00")},
		{name: "canceled is done", spec: s, issue: born(mon).to(be("2026-03-02 12:00"), "Won't do"), now: be("2026-03-05 09:00"),
			state: sla.Met, due: be("2026-03-02 18:00"), elapsed: 2 * hour},
		{name: "made as done", spec: s, issue: born(mon).with(func(l *life) { l.Issue.Status = issue.Status{Name: "Done", Category: issue.Completed} }),
			now: be("2026-03-05 09:00"), state: sla.Met, due: be("2026-03-02 18:00"), elapsed: 0},
		{name: "done later than now is not known yet", spec: s, issue: born(mon).to(be("2026-03-02 12:00"), "Done"), now: be("2026-03-02 11:00"),
			state: sla.OnTrack, due: be("2026-03-02 18:00"), elapsed: hour},
		// 2 h before, 4 h since it was opened again.
		{name: "opened again it goes on with what had elapsed", spec: s,
			issue: born(mon).to(be("2026-03-02 12:00"), "Done").to(be("2026-03-03 08:00"), "Reopened"), now: be("2026-03-03 12:00"),
			state: sla.Warning, due: be("2026-03-03 14:00"), elapsed: 6 * hour},
		{name: "opened and done again", spec: s,
			issue: born(mon).to(be("2026-03-02 12:00"), "Done").to(be("2026-03-03 08:00"), "Reopened").to(be("2026-03-03 10:00"), "Done"),
			now:   be("2026-03-04 12:00"), state: sla.Met, due: be("2026-03-03 14:00"), elapsed: 4 * hour},
		{name: "missed, and opened again, is breached", spec: s,
			issue: born(mon).to(be("2026-03-02 19:00"), "Done").to(be("2026-03-03 08:00"), "Reopened"), now: be("2026-03-03 09:00"),
			state: sla.Breached, due: be("2026-03-02 18:00"), elapsed: 10 * hour},
		{name: "gone from the tracker", spec: s, issue: born(mon).with(func(l *life) { l.Issue.Gone, l.GoneAt = true, be("2026-03-02 11:00") }),
			now: be("2026-03-03 09:00"), state: sla.Left, elapsed: hour, why: "no longer visible in the tracker"},
	})
}

func TestPauses(t *testing.T) {
	s := pauses(one(8*hour, office("Europe/Berlin")), []string{"Waiting for customer"}, "frozen", "on-hold")
	mon := be("2026-03-02 09:00")
	check(t, []row{
		{name: "paused", spec: s, issue: born(mon).to(be("2026-03-02 11:00"), "Waiting for customer"), now: be("2026-03-02 16:00"),
			state: sla.Paused, elapsed: 2 * hour, why: "paused in Waiting for customer since today 11:00: 2 h of 8 h used, 6 h left when it goes on"},
		// 45 min of pause: 17:00 becomes 17:45.
		{name: "goes on after the pause", spec: s,
			issue: born(mon).to(be("2026-03-02 11:00"), "Waiting for customer").to(be("2026-03-02 11:45"), "In Progress"), now: be("2026-03-02 12:00"),
			state: sla.OnTrack, due: be("2026-03-02 17:45"), elapsed: 135 * minute, why: "45 min paused in Waiting for customer"},
		// 7 h used by 16:00, 1 h left at 10:00 the next day; the pause costs 2 h + 1 h of work.
		{name: "a pause over the night costs working time only", spec: s,
			issue: born(mon).to(be("2026-03-02 16:00"), "Waiting for customer").to(be("2026-03-03 10:00"), "To Do"), now: be("2026-03-03 10:00"),
			state: sla.OnTrack, due: be("2026-03-03 11:00"), elapsed: 7 * hour, why: "3 h paused in Waiting for customer"},
		{name: "a pause that begins as time runs out is too late", spec: s, issue: born(mon).to(be("2026-03-02 17:00"), "Waiting for customer"),
			now: be("2026-03-02 17:30"), state: sla.Breached, due: be("2026-03-02 17:00"), elapsed: 8 * hour, why: "paused in Waiting for customer now"},
		{name: "a pause a second before is not", spec: s, issue: born(mon).to(be("2026-03-02 16:59:59"), "Waiting for customer"),
			now: be("2026-03-02 17:30"), state: sla.Paused, elapsed: 8*hour - time.Second, why: "1 s left when it goes on"},
		{name: "names of statuses are compared without regard to case", spec: pauses(s, []string{"WAITING for customer"}),
			issue: born(mon).to(be("2026-03-02 11:00"), "Waiting for customer"), now: be("2026-03-02 16:00"), state: sla.Paused, elapsed: 2 * hour},
		{name: "a label pauses", spec: s, issue: born(mon).label(be("2026-03-02 10:00"), "frozen").unlabel(be("2026-03-02 12:00"), "frozen"),
			now: be("2026-03-02 13:00"), state: sla.OnTrack, due: be("2026-03-03 10:00"), elapsed: 2 * hour, why: "2 h paused in frozen"},
		// Status 10-12, label 11-13: stands still 10-13.
		{name: "a status and a label that overlap pause once", spec: s,
			issue: born(mon).to(be("2026-03-02 10:00"), "Waiting for customer").label(be("2026-03-02 11:00"), "frozen").
				to(be("2026-03-02 12:00"), "To Do").unlabel(be("2026-03-02 13:00"), "frozen"),
			now: be("2026-03-02 14:00"), state: sla.OnTrack, due: be("2026-03-03 11:00"), elapsed: 2 * hour},
		{name: "several pauses add up", spec: s,
			issue: born(mon).to(be("2026-03-02 10:00"), "Waiting for customer").to(be("2026-03-02 10:30"), "To Do").
				to(be("2026-03-02 11:00"), "Waiting for customer").to(be("2026-03-02 12:00"), "To Do"),
			now: be("2026-03-02 12:00"), state: sla.OnTrack, due: be("2026-03-03 09:30"), elapsed: 90 * minute, why: "1 h 30 min paused in Waiting for customer"},
		{name: "a status that does not pause counts", spec: s, issue: born(mon).to(be("2026-03-02 10:00"), "Blocked"),
			now: be("2026-03-02 12:00"), state: sla.OnTrack, due: be("2026-03-02 17:00"), elapsed: 3 * hour},
		{name: "made in a status that pauses", spec: s,
			issue: born(mon).with(func(l *life) { l.present = "Waiting for customer" }).to(be("2026-03-02 10:00"), "To Do"),
			now:   be("2026-03-02 11:00"), state: sla.OnTrack, due: be("2026-03-02 18:00"), elapsed: hour},
		{name: "a label from the beginning pauses", spec: s, issue: born(mon).with(func(l *life) { l.Issue.Labels = []string{"on-hold"} }),
			now: be("2026-03-02 12:00"), state: sla.Paused, elapsed: 0},
		{name: "a label that was there from the beginning and is gone", spec: s, issue: born(mon).unlabel(be("2026-03-02 12:00"), "on-hold"),
			now: be("2026-03-02 13:00"), state: sla.OnTrack, due: be("2026-03-03 11:00"), elapsed: hour},
		{name: "done while paused", spec: s,
			issue: born(mon).to(be("2026-03-02 10:00"), "Waiting for customer").to(be("2026-03-04 10:00"), "Done"), now: be("2026-03-05 10:00"),
			state: sla.Met, due: be("2026-03-04 17:00"), elapsed: hour},
	})
}
