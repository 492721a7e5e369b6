package alert

import (
	"testing"
	"time"
	_ "time/tzdata"
)

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	l, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestQuietHours(t *testing.T) {
	nights := map[string]string{"mon-sun": "22:00-07:00"}
	work := map[string]string{"mon-fri": "20:00-07:30", "sat,sun": "00:00-24:00"}
	for _, c := range []struct {
		name, zone string
		hours      map[string]string
		at, until  string // "" is not quiet
	}{
		{"an hour of the day is not quiet", "UTC", nights, "2026-06-03T12:00:00Z", ""},
		{"the evening is quiet until the morning", "UTC", nights, "2026-06-03T23:00:00Z", "2026-06-04T07:00:00Z"},
		{"so is the night after it", "UTC", nights, "2026-06-04T06:59:59Z", "2026-06-04T07:00:00Z"},
		{"quiet hours begin on their minute", "UTC", nights, "2026-06-03T22:00:00Z", "2026-06-04T07:00:00Z"},
		{"and end on it", "UTC", nights, "2026-06-04T07:00:00Z", ""},
		{"hours are those of the zone", "Europe/Berlin", nights, "2026-06-03T20:30:00Z", "2026-06-04T05:00:00Z"},
		{"Friday's night goes on as the weekend, which ends on Monday", "UTC", work, "2026-06-05T21:00:00Z", "2026-06-08T00:00:00Z"},
		{"Sunday's last minute is quiet", "UTC", work, "2026-06-07T23:59:00Z", "2026-06-08T00:00:00Z"},
		{"Berlin's night of spring is an hour shorter", "Europe/Berlin", nights, "2026-03-28T21:30:00Z", "2026-03-29T05:00:00Z"},
		{"a quarter to seven in it is quiet", "Europe/Berlin", nights, "2026-03-29T04:45:00Z", "2026-03-29T05:00:00Z"},
		{"Berlin's night of autumn is an hour longer", "Europe/Berlin", nights, "2026-10-24T20:30:00Z", "2026-10-25T06:00:00Z"},
		{"half past five UTC in it is quiet still", "Europe/Berlin", nights, "2026-10-25T05:30:00Z", "2026-10-25T06:00:00Z"},
		{"New York's night of spring", "America/New_York", nights, "2026-03-08T05:00:00Z", "2026-03-08T11:00:00Z"},
		{"New York's night of autumn", "America/New_York", nights, "2026-11-01T05:30:00Z", "2026-11-01T12:00:00Z"},
		{"hours that begin in the hour that is left out", "Europe/Berlin", map[string]string{"sun": "02:30-05:00"}, "2026-03-29T01:45:00Z", "2026-03-29T03:00:00Z"},
		{"the hour that comes twice is quiet twice", "Europe/Berlin", map[string]string{"sun": "02:00-03:00"}, "2026-10-25T01:30:00Z", "2026-10-25T02:00:00Z"},
		{"several hours a day", "UTC", map[string]string{"wed": "12:00-13:00, 15:00-16:00"}, "2026-06-03T15:30:00Z", "2026-06-03T16:00:00Z"},
		{"days over the end of the week", "UTC", map[string]string{"sat-mon": "08:00-09:00"}, "2026-06-07T08:30:00Z", "2026-06-07T09:00:00Z"},
		{"no hours are never quiet", "UTC", nil, "2026-06-07T08:30:00Z", ""},
	} {
		q, err := ParseQuiet(zone(t, c.zone), c.hours)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		at, _ := time.Parse(time.RFC3339, c.at)
		end, quiet := q.Until(at)
		got := ""
		if quiet {
			got = end.UTC().Format(time.RFC3339)
		}
		if got != c.until {
			t.Errorf("%s: %s is quiet until %q, want %q", c.name, c.at, got, c.until)
		}
	}
}

func TestHoursThatAreNone(t *testing.T) {
	for _, hours := range []map[string]string{
		{"mon-sun": "00:00-24:00"}, {"mon": "9-17"}, {"mon": "17:00-17:00"}, {"mon": "25:00-26:00"}, {"mon": "10:70-11:00"}, {"mon": "24:00-08:00"},
		{"montag": "10:00-11:00"}, {"mon-": "10:00-11:00"}, {"": "10:00-11:00"}, {"mon": ""}, {"mon": "-1:00-02:00"}, {"mon-fri": "00:00-24:00", "fri-sun": "00:00-24:00"},
	} {
		if _, err := ParseQuiet(time.UTC, hours); err == nil {
			t.Errorf("%v is taken", hours)
		}
	}
}

// The end of quiet hours is never in them and never before their beginning,
// whatever the hours and the time.
func FuzzQuiet(f *testing.F) {
	f.Add("mon-fri", "20:00-07:30", "Europe/Berlin", int64(1774744200))
	f.Add("sat,sun", "00:00-24:00", "America/New_York", int64(1793508300))
	f.Add("sun", "02:30-03:30", "Australia/Lord_Howe", int64(1775315700))
	f.Fuzz(func(t *testing.T, days, hours, name string, at int64) {
		z, err := time.LoadLocation(name)
		if err != nil || at < 0 || at > 1<<33 {
			return
		}
		q, err := ParseQuiet(z, map[string]string{days: hours})
		if err != nil {
			return
		}
		now := time.Unix(at, 0)
		end, quiet := q.Until(now)
		if quiet && !end.After(now) || !quiet && !end.Equal(now) {
			t.Errorf("%s %s in %s: from %s to %s", days, hours, name, now, end)
		}
		if _, still := q.Until(end); still {
			t.Errorf("%s %s in %s: %s ends in quiet hours", days, hours, name, end)
		}
		if end.Sub(now) > 8*24*time.Hour {
			t.Errorf("%s of quiet", end.Sub(now))
		}
	})
}
