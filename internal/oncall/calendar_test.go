package oncall

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/google/go-cmp/cmp"
)

// calendarOf wraps events, lines separated by "|", into a calendar.
func calendarOf(events ...string) string {
	var b strings.Builder
	b.WriteString("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:test\r\n")
	for n, e := range events {
		if strings.HasPrefix(e, "BEGIN:") || strings.HasPrefix(e, "X-") {
			b.WriteString(strings.ReplaceAll(e, "|", "\r\n") + "\r\n")
			continue
		}
		if !strings.Contains(e, "UID:") {
			e += fmt.Sprintf("|UID:%d", n)
		}
		b.WriteString("BEGIN:VEVENT\r\n" + strings.ReplaceAll(e, "|", "\r\n") + "\r\nEND:VEVENT\r\n")
	}
	b.WriteString("END:VCALENDAR\r\n")
	return b.String()
}

func clockAt(t testing.TB, s string) time.Time {
	t.Helper()
	at, err := time.Parse("2006-01-02 15:04", s)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func around(at time.Time) window { return window{at.Add(-lookBack), at.Add(lookAhead)} }

const (
	ann = "|ATTENDEE:mailto:ann@acme.example"
	bob = "|ATTENDEE:mailto:bob@acme.example"
)

func TestWhoACalendarSaysIsOnDuty(t *testing.T) {
	weekly := "DTSTART;TZID=Europe/Berlin:20260302T090000|DTEND;TZID=Europe/Berlin:20260309T090000|RRULE:FREQ=WEEKLY;INTERVAL=2|UID:a" + ann
	other := "DTSTART;TZID=Europe/Berlin:20260309T090000|DTEND;TZID=Europe/Berlin:20260316T090000|RRULE:FREQ=WEEKLY;INTERVAL=2|UID:b" + bob
	for _, tc := range []struct {
		name     string
		calendar string
		spec     Calendar
		at       string // UTC
		who      string
		until    string // UTC
	}{
		{"one event lasts", calendarOf("DTSTART:20260302T080000Z|DTEND:20260302T200000Z" + ann), Calendar{}, "2026-03-02 08:00", "ann@acme.example", "2026-03-02 20:00"},
		{"its end is no part of it", calendarOf("DTSTART:20260302T080000Z|DTEND:20260302T200000Z" + ann), Calendar{}, "2026-03-02 20:00", "", ""},
		{"an empty calendar", calendarOf(), Calendar{}, "2026-03-02 20:00", "", ""},
		{"the next one is told", calendarOf("DTSTART:20260303T080000Z|DTEND:20260303T200000Z" + ann), Calendar{}, "2026-03-02 20:00", "", "2026-03-03 08:00"},
		{"two take turns by the week", calendarOf(weekly, other), Calendar{}, "2026-03-11 12:00", "bob@acme.example", "2026-03-16 08:00"},
		{"the hand-over is at nine on the wall in the week in which clocks are set", calendarOf(weekly, other), Calendar{}, "2026-03-30 06:59", "bob@acme.example", "2026-03-30 07:00"},
		{"and stays there", calendarOf(weekly, other), Calendar{}, "2026-04-06 07:01", "bob@acme.example", "2026-04-13 07:00"},
		{"a shift over the night of the change ends on the wall's time",
			calendarOf("DTSTART;TZID=Europe/Berlin:20260328T220000|DTEND;TZID=Europe/Berlin:20260329T060000" + ann), Calendar{}, "2026-03-29 03:59", "ann@acme.example", "2026-03-29 04:00"},
		{"one of a series does not take place", calendarOf(weekly + "|EXDATE;TZID=Europe/Berlin:20260316T090000"), Calendar{}, "2026-03-17 12:00", "", "2026-03-30 07:00"},
		{"EXDATE as a list in UTC", calendarOf(weekly + "|EXDATE:20260316T080000Z,20260330T070000Z"), Calendar{}, "2026-03-17 12:00", "", ""},
		{"one of a series is given to somebody else",
			calendarOf(weekly, "RECURRENCE-ID;TZID=Europe/Berlin:20260316T090000|DTSTART;TZID=Europe/Berlin:20260316T090000|DTEND;TZID=Europe/Berlin:20260323T090000|UID:a"+bob),
			Calendar{}, "2026-03-17 12:00", "bob@acme.example", "2026-03-23 08:00"},
		{"one of a series is called off",
			calendarOf(weekly, "RECURRENCE-ID;TZID=Europe/Berlin:20260316T090000|DTSTART;TZID=Europe/Berlin:20260316T090000|STATUS:CANCELLED|UID:a"),
			Calendar{}, "2026-03-17 12:00", "", "2026-03-30 07:00"},
		{"a date beside the rule", calendarOf(weekly + "|RDATE;TZID=Europe/Berlin:20260309T090000"), Calendar{}, "2026-03-10 12:00", "ann@acme.example", ""},
		{"a series that ended", calendarOf("DTSTART:20260302T080000Z|DTEND:20260302T200000Z|RRULE:FREQ=DAILY;UNTIL=20260304T080000Z" + ann), Calendar{}, "2026-03-05 12:00", "", ""},
		{"a series of three", calendarOf("DTSTART:20260302T080000Z|DURATION:PT12H|RRULE:FREQ=DAILY;COUNT=3" + ann), Calendar{}, "2026-03-04 12:00", "ann@acme.example", "2026-03-04 20:00"},
		{"a day in the calendar's zone", calendarOf("X-WR-TIMEZONE:America/New_York", "DTSTART;VALUE=DATE:20260302|DTEND;VALUE=DATE:20260303"+ann),
			Calendar{}, "2026-03-03 04:59", "ann@acme.example", "2026-03-03 05:00"},
		{"a day in the operator's zone", calendarOf("X-WR-TIMEZONE:America/New_York", "DTSTART;VALUE=DATE:20260302"+ann),
			Calendar{Timezone: "Europe/Berlin"}, "2026-03-02 22:59", "ann@acme.example", "2026-03-02 23:00"},
		{"the day on which clocks are set has 23 hours", calendarOf("DTSTART;VALUE=DATE:20260329" + ann),
			Calendar{Timezone: "Europe/Berlin"}, "2026-03-29 21:59", "ann@acme.example", "2026-03-29 22:00"},
		{"a time without a zone", calendarOf("DTSTART:20260302T080000|DTEND:20260302T200000" + ann), Calendar{Timezone: "Asia/Tokyo"}, "2026-03-02 10:59", "ann@acme.example", "2026-03-02 11:00"},
		{"Windows's name of a zone", calendarOf("DTSTART;TZID=W. Europe Standard Time:20260302T080000|DURATION:PT1H" + ann), Calendar{}, "2026-03-02 07:00", "ann@acme.example", "2026-03-02 08:00"},
		{"a zone behind its maker's prefix", calendarOf(`DTSTART;TZID="/mozilla.org/20050126_1/Europe/Berlin":20260302T080000|DURATION:PT1H` + ann), Calendar{}, "2026-03-02 07:00", "ann@acme.example", "2026-03-02 08:00"},
		{"a zone that the calendar describes",
			calendarOf("BEGIN:VTIMEZONE|TZID:Office|BEGIN:STANDARD|DTSTART:19700101T000000|TZOFFSETFROM:+0530|TZOFFSETTO:+0530|END:STANDARD|END:VTIMEZONE",
				"DTSTART;TZID=Office:20260302T080000|DURATION:PT1H"+ann), Calendar{}, "2026-03-02 02:30", "ann@acme.example", "2026-03-02 03:30"},
		{"whoever stands in began last and counts", calendarOf(weekly, "DTSTART:20260304T180000Z|DTEND:20260304T220000Z"+bob), Calendar{}, "2026-03-04 19:00", "bob@acme.example", "2026-03-04 22:00"},
		{"of two that began together the shorter counts", calendarOf("DTSTART:20260302T080000Z|DURATION:P7D"+ann, "DTSTART:20260302T080000Z|DURATION:PT4H"+bob), Calendar{}, "2026-03-02 09:00", "bob@acme.example", "2026-03-02 12:00"},
		{"of two alike the first by name", calendarOf("DTSTART:20260302T080000Z|DURATION:PT4H"+bob, "DTSTART:20260302T080000Z|DURATION:PT4H"+ann), Calendar{}, "2026-03-02 09:00", "ann@acme.example", "2026-03-02 12:00"},
		{"another entry of the team beside the shift", calendarOf("DTSTART:20260302T080000Z|DURATION:PT4H"+ann, "DTSTART:20260302T090000Z|DURATION:PT1H|SUMMARY:Lunch"), Calendar{}, "2026-03-02 09:30", "ann@acme.example", "2026-03-02 12:00"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			now := clockAt(t, tc.at)
			shifts, err := parseCalendar(t.Context(), []byte(tc.calendar), tc.spec, around(now))
			if err != nil {
				t.Fatal(err)
			}
			d := at(shifts, now)
			if d.who != tc.who {
				t.Errorf("on duty is %q, want %q", d.who, tc.who)
			}
			if tc.until != "" && !d.until.Equal(clockAt(t, tc.until)) {
				t.Errorf("until %s, want %s", d.until, tc.until)
			}
		})
	}
}

func TestWhomAnEventNames(t *testing.T) {
	people := map[string]string{"Jane": "jane@acme.example", "Jane Doe": "5b10a2844c20165700ede21g", "Ann": "ann@acme.example"}
	for name, tc := range map[string]struct{ event, who string }{
		"a name of the list in the summary":         {"SUMMARY:On call: jane", "jane@acme.example"},
		"the longest name of those that fit":        {"SUMMARY:On call: Jane Doe", "5b10a2844c20165700ede21g"},
		"whole words only":                          {"SUMMARY:Annual review", ""},
		"the first attendee":                        {"SUMMARY:x" + bob + "|ATTENDEE:mailto:eve@acme.example|ORGANIZER:mailto:lead@acme.example", "bob@acme.example"},
		"not one who declined, nor a room":          {"ATTENDEE;PARTSTAT=DECLINED:mailto:eve@acme.example|ATTENDEE;CUTYPE=ROOM:mailto:room@acme.example" + bob, "bob@acme.example"},
		"an address in the summary":                 {"SUMMARY:on call (bob@acme.example)", "bob@acme.example"},
		"an address in the description":             {`SUMMARY:Shift|DESCRIPTION:Call\n<bob@acme.example>\, please`, "bob@acme.example"},
		"the organizer where nobody else is named":  {"SUMMARY:Shift|ORGANIZER;CN=\"Doe, Bob\":MAILTO:bob@acme.example", "bob@acme.example"},
		"the list before the attendees":             {"SUMMARY:Jane" + bob, "jane@acme.example"},
		"a folded line":                             {"SUMMARY:On call: Ja\r\n ne", "jane@acme.example"},
		"an address that is escaped in its URI":     {"ATTENDEE:mailto:bob%40acme.example?subject=x", "bob@acme.example"},
		"nobody":                                    {"SUMMARY:Release party|DESCRIPTION:", ""},
		"an attendee whose address is none of mail": {"ATTENDEE:urn:uuid:7|SUMMARY:x", ""},
	} {
		t.Run(name, func(t *testing.T) {
			now := clockAt(t, "2026-03-02 09:00")
			text := calendarOf("DTSTART:20260302T080000Z|DURATION:PT4H|" + tc.event)
			shifts, err := parseCalendar(t.Context(), []byte(text), Calendar{People: people}, around(now))
			if err != nil || len(shifts) != 1 {
				t.Fatalf("%d shifts, %v", len(shifts), err)
			}
			if shifts[0].who != tc.who {
				t.Errorf("it names %q, want %q", shifts[0].who, tc.who)
			}
		})
	}
}

func TestCalendarsThatCannotBeRead(t *testing.T) {
	for name, tc := range map[string]struct{ text, says string }{
		"no calendar":                   {"<!doctype html><title>Sign in</title>", "this is no calendar: it does not begin with BEGIN:VCALENDAR"},
		"nothing":                       {"", "this is no calendar"},
		"cut off":                       {"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDTSTART:2026", "the calendar is cut off"},
		"a line of no sense":            {calendarOf("DTSTART:20260302T080000Z|what is this"), "the calendar cannot be read"},
		"an unknown zone":               {calendarOf("SUMMARY:Night|DTSTART;TZID=Mars/Olympus:20260302T080000|DURATION:PT1H"), `event "Night": there is no time zone "Mars/Olympus"`},
		"no zone of the calendar's own": {calendarOf("X-WR-TIMEZONE:Nowhere"), `there is no time zone "Nowhere"`},
		"a time that is none":           {calendarOf("DTSTART:tomorrow|SUMMARY:x"), `event "x": DTSTART "tomorrow" is not a time`},
		"no start":                      {calendarOf("SUMMARY:x"), `event "x": it has no DTSTART`},
		"an end before the start":       {calendarOf("SUMMARY:x|DTSTART:20260302T080000Z|DTEND:20260301T080000Z"), "it ends before it begins"},
		"a rule of no sense":            {calendarOf("SUMMARY:x|DTSTART:20260302T080000Z|DURATION:PT1H|RRULE:FREQ=SOMETIMES"), `RRULE "FREQ=SOMETIMES" is not understood`},
		"a shift each second":           {calendarOf("SUMMARY:x|DTSTART:19700101T080000Z|DURATION:PT1H|RRULE:FREQ=SECONDLY"), "it repeats more often than every hour"},
		"days after Easter":             {calendarOf("SUMMARY:x|DTSTART:20260302T080000Z|DURATION:PT1H|RRULE:FREQ=YEARLY;BYEASTER=400"), "BYEASTER is no part of the format"},
		"hours that never come":         {calendarOf("SUMMARY:x|DTSTART:20260302T080000Z|DURATION:PT1H|RRULE:FREQ=HOURLY;INTERVAL=24;BYHOUR=5"), "write FREQ=DAILY with BYHOUR"},
		"a rule without end":            {calendarOf("SUMMARY:x|DTSTART:20260302T080000Z|RRULE:FREQ=DAILY;BYSECOND=" + strings.Repeat("1,", 600) + "1"), "its RRULE is longer than 512 letters"},
		"more than can be looked at":    {calendarOf("SUMMARY:x|DTSTART:19700101T080000Z|DURATION:PT1H|RRULE:FREQ=HOURLY"), "drop what is over"},
		"a change for all that follows": {calendarOf("SUMMARY:x|UID:a|RECURRENCE-ID;RANGE=THISANDFUTURE:20260302T080000Z|DTSTART:20260302T080000Z"), "give the event a new series"},
		"parts in parts in parts":       {strings.Repeat("BEGIN:VCALENDAR\r\n", 100_000) + "END:VCALENDAR", "nests more than 8 parts"},
		"a length of no sense":          {calendarOf("SUMMARY:x|DTSTART:20260302T080000Z|DURATION:12 hours"), `DURATION "12 hours" is not understood`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := parseCalendar(t.Context(), []byte(tc.text), Calendar{}, around(clockAt(t, "2026-03-02 09:00")))
			if err == nil || !strings.Contains(err.Error(), tc.says) {
				t.Errorf("got %v, want it to say %q", err, tc.says)
			}
		})
	}
}

func TestEveryNameOfWindowsIsAZone(t *testing.T) {
	if n := len(windows()); n < 130 {
		t.Fatalf("%d names", n)
	}
	for name, iana := range windows() {
		if _, err := time.LoadLocation(iana); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Whatever a calendar holds, reading it ends, and its shifts are whole and
// touch the window; who is on duty does not depend on their order, lasts until
// the moment that is told, and is one whose shift lasts.
func FuzzCalendar(f *testing.F) {
	f.Add([]byte(calendarOf("DTSTART;TZID=Europe/Berlin:20260302T090000|DTEND;TZID=Europe/Berlin:20260309T090000|RRULE:FREQ=WEEKLY;INTERVAL=2|UID:a" + ann)))
	f.Add([]byte(calendarOf("DTSTART;VALUE=DATE:20260302|SUMMARY:Jane", "DTSTART:20260302T080000Z|DURATION:P1DT2H|RDATE:20260305T080000Z|EXDATE:20260302T080000Z"+bob)))
	f.Add([]byte(calendarOf("DTSTART:20260302T080000Z|DURATION:PT1H|RRULE:FREQ=MONTHLY;BYDAY=-1FR;BYSETPOS=1;COUNT=9" + ann)))
	f.Add([]byte("BEGIN:VCALENDAR\nEND:VCALENDAR"))
	now := time.Date(2026, 3, 4, 9, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, data []byte) {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		w := around(now)
		shifts, err := parseCalendar(ctx, data, Calendar{People: map[string]string{"Jane": "jane@acme.example"}}, w)
		if err != nil {
			if len(shifts) > 0 {
				t.Error("an error with shifts")
			}
			return
		}
		soundDuty(t, shifts, now)
		for _, s := range shifts {
			if !s.end.After(s.start) || !w.has(s) {
				t.Errorf("shift %+v", s)
			}
		}
	})
}

// soundDuty checks what is true of every list of shifts.
func soundDuty(t *testing.T, shifts []shift, now time.Time) {
	t.Helper()
	d := at(shifts, now)
	back := make([]shift, 0, len(shifts))
	for n := range shifts {
		back = append(back, shifts[len(shifts)-1-n])
	}
	if diff := cmp.Diff(d, at(back, now), cmp.AllowUnexported(duty{})); diff != "" {
		t.Errorf("the order matters: %s", diff)
	}
	lasting := false
	for _, s := range shifts {
		lasting = lasting || s.lasts(now) && s.who == d.who
	}
	if d.who != "" && !lasting {
		t.Errorf("%s is on duty without a shift", d.who)
	}
	if d.until.IsZero() {
		return
	}
	if !d.until.After(now) || at(shifts, d.until.Add(-1)).who != d.who || at(shifts, d.until).who == d.who {
		t.Errorf("%q until %s", d.who, d.until)
	}
}
