package calendar_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/lanekeeper/lanekeeper/policy/calendar"
)

var zones = []string{
	"UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Sao_Paulo", "Africa/Cairo", "Asia/Kolkata",
	"Pacific/Apia", "Asia/Kathmandu", "America/St_Johns", "Europe/London",
}

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

// minutes counts, one by one, the minutes from a to b that the clock on the
// wall shows as working time. It shares nothing with the calendar but its rules.
func minutes(loc *time.Location, week calendar.Week, off []string, a, b time.Time) time.Duration {
	n := 0
	for t := a; t.Before(b); t = t.Add(time.Minute) {
		if shown(t.In(loc), week, off) {
			n++
		}
	}
	return time.Duration(n) * time.Minute
}

func shown(t time.Time, week calendar.Week, off []string) bool {
	in := func(day time.Time, minute int) bool {
		if slices.Contains(off, day.Format(time.DateOnly)) {
			return false
		}
		for _, s := range week[day.Weekday()] {
			if s.From <= minute && minute < s.To {
				return true
			}
		}
		return false
	}
	minute := t.Hour()*60 + t.Minute()
	today := time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC)
	return in(today, minute) || in(today.AddDate(0, 0, -1), minute+24*60)
}

// drawWeek draws hours that do not overlap, in any order, some over midnight.
func drawWeek(t *rapid.T) calendar.Week {
	var w calendar.Week
	for d := range w {
		edges := rapid.SliceOfNDistinct(rapid.IntRange(0, 24*60), 0, 4, rapid.ID).Draw(t, "edges")
		slices.Sort(edges)
		for n := 1; n < len(edges); n += 2 {
			w[d] = append(w[d], calendar.Span{From: edges[n-1], To: edges[n]})
		}
	}
	w[1] = append(w[1][:0:0], calendar.Span{From: 600, To: 700}) // some time at least
	for d := range w {
		night := rapid.IntRange(0, 10*60).Draw(t, "night")
		for _, s := range w[(d+1)%7] {
			night = min(night, s.From)
		}
		if n := len(w[d]); n > 0 && night > 0 {
			w[d][n-1].To = 24*60 + night
		}
		if rapid.Bool().Draw(t, "backwards") {
			slices.Reverse(w[d])
		}
	}
	return w
}

// drawTime draws a minute near the changes of clocks of many years.
func drawTime(t *rapid.T) time.Time {
	year := rapid.IntRange(2005, 2030).Draw(t, "year")
	return time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(rapid.IntRange(0, 366*24*60).Draw(t, "minute")) * time.Minute)
}

func TestWorkingTimeIsWhatTheClockOnTheWallShows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		loc, err := time.LoadLocation(rapid.SampledFrom(zones).Draw(t, "zone"))
		if err != nil {
			t.Fatal(err)
		}
		week := drawWeek(t)
		from := drawTime(t)
		to := from.Add(time.Duration(rapid.IntRange(0, 4*24*60).Draw(t, "window")) * time.Minute)
		off := []string{from.AddDate(0, 0, rapid.IntRange(0, 3).Draw(t, "holiday")).Format(time.DateOnly)}
		c := calendar.New(loc, week, calendar.Days{Dates: off})
		if got, want := c.Between(from, to), minutes(loc, week, off, from, to); got != want {
			t.Fatalf("%v to %v of %s without %v: %v, want %v", from.In(loc), to.In(loc), c, off, got, want)
		}
	})
}

func TestSplitsAddUpAndAddIsTheInverse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		loc, err := time.LoadLocation(rapid.SampledFrom(zones).Draw(t, "zone"))
		if err != nil {
			t.Fatal(err)
		}
		c := calendar.New(loc, drawWeek(t), calendar.Days{Calendars: []string{rapid.SampledFrom(calendar.Countries()).Draw(t, "country")}})
		ns := func(name string, years int64) time.Duration {
			return time.Duration(rapid.Int64Range(0, years*365*24*int64(time.Hour)).Draw(t, name))
		}
		a := drawTime(t).Add(ns("more", 1) % time.Minute)
		b := a.Add(ns("b", 3))
		m := a.Add(ns("m", 3))
		if m.After(b) {
			m, b = b, m
		}
		whole := c.Between(a, b)
		if whole < 0 || whole > b.Sub(a) || c.Between(a, m)+c.Between(m, b) != whole {
			t.Fatalf("%v + %v is not %v", c.Between(a, m), c.Between(m, b), whole)
		}
		d := ns("d", 1)/5 + 1
		at := c.Add(a, d)
		if at.IsZero() || c.Between(a, at) != d || c.Between(a, at.Add(-1)) >= d {
			t.Fatalf("%v after %v is %v: %v between, %v just before", d, a, at, c.Between(a, at), c.Between(a, at.Add(-1)))
		}
	})
}

func TestACalendarThatIsNeverOpenEnds(t *testing.T) {
	c := calendar.New(time.UTC, calendar.Week{}, calendar.Days{})
	if got := c.Add(time.Now(), time.Hour); !got.IsZero() {
		t.Errorf("an hour was found at %v", got)
	}
}

func TestTimeOutsideTheTableHasNone(t *testing.T) {
	week := calendar.Week{}
	week[1] = []calendar.Span{{From: 0, To: 24 * 60}}
	c := calendar.New(time.UTC, week, calendar.Days{})
	long := c.Between(time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC))
	if want := c.Between(time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC)); long != want {
		t.Errorf("%v, want %v", long, want)
	}
}

func TestWeeksReadWell(t *testing.T) {
	for _, tt := range []struct{ want, days, hours string }{
		{"mon-fri 09:00-18:00", "mon-fri", "09:00-18:00"},
		{"mon 22:00-06:00", "mon", "22:00-06:00"},
		{"mon-sun 00:00-24:00", "mon-sun", "00:00-24:00"},
		{"mon 09:00-12:00,13:00-18:00, wed 09:00-12:00,13:00-18:00", "mon,wed", "09:00-12:00, 13:00-18:00"},
		{"mon 10:00-11:00, sat-sun 10:00-11:00", "sat-mon", "10:00-11:00"},
	} {
		var w calendar.Week
		days, err := calendar.ParseDays(tt.days)
		if err != nil {
			t.Fatal(err)
		}
		spans, err := calendar.ParseHours(tt.hours)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range days {
			w[d] = spans
		}
		if got := w.String(); got != tt.want {
			t.Errorf("%q, want %q", got, tt.want)
		}
	}
}

func TestHoursThatAreNone(t *testing.T) {
	for in, want := range map[string]string{
		"9-18": "are no hours", "24:00-06:00": "are no hours", "09:00-09:00": "ends when it begins", "": "are no hours", "10:00-12:00,11:00-13:00": "overlap",
		"22:00-06:00,21:00-23:00": "overlap", "25:00-26:00": "are no hours", "09:00": "are no hours",
	} {
		if _, err := calendar.ParseHours(in); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", in, err, want)
		}
	}
}

func TestHolidaysDoNotDependOnTheMachinesZone(t *testing.T) {
	// Local is the machine's own zone, which the library computes in; there,
	// midnight was left out on 4 November 2018.
	before := time.Local
	defer func() { time.Local = before }()
	week := calendar.Week{}
	for d := range week {
		week[d] = []calendar.Span{{From: 0, To: 24 * 60}}
	}
	year := func(country string) (out []int64) {
		c := calendar.New(time.UTC, week, calendar.Days{Calendars: []string{country}})
		for d := range 12 * 365 {
			day := time.Date(2015, 1, 1+d, 0, 0, 0, 0, time.UTC)
			if c.Between(day, day.AddDate(0, 0, 1)) == 0 {
				out = append(out, day.Unix())
			}
		}
		return out
	}
	for _, country := range []string{"br", "us", "de", "jp"} {
		time.Local = time.UTC
		want := year(country)
		for _, name := range []string{"America/Sao_Paulo", "Pacific/Apia", "Africa/Cairo"} {
			time.Local = zone(t, name)
			if got := year(country); !slices.Equal(got, want) {
				t.Errorf("%s in %s has other holidays", country, name)
			}
		}
		if len(want) < 12*8 {
			t.Errorf("%s has %d holidays in twelve years", country, len(want))
		}
	}
}

// FuzzCalendar: hours that are read make a calendar whose time is what the
// clock on the wall shows, and nothing panics.
func FuzzCalendar(f *testing.F) {
	f.Add("mon-fri", "09:00-18:00", "Europe/Berlin", int64(1774700000), 3000, "2026-03-30")
	f.Add("sat-mon", "22:00-06:00", "Australia/Lord_Howe", int64(1775300000), 2000, "")
	f.Add("sun", "00:00-24:00", "Africa/Cairo", int64(-5), 10, "x")
	f.Fuzz(func(t *testing.T, days, hours, name string, start int64, window int, holiday string) {
		list, err := calendar.ParseDays(days)
		if err != nil {
			return
		}
		spans, err := calendar.ParseHours(hours)
		if err != nil {
			return
		}
		loc, err := time.LoadLocation(name)
		if err != nil {
			return
		}
		var week calendar.Week
		for _, d := range list {
			week[d] = spans
		}
		if _, bad := week.Overlap(); bad {
			return
		}
		c := calendar.New(loc, week, calendar.Days{Dates: []string{holiday}})
		from := time.Unix(start, 0).Truncate(time.Minute)
		to := from.Add(time.Duration(window%5000) * time.Minute)
		got := c.Between(from, to)
		if got < 0 {
			t.Fatalf("%v is negative", got)
		}
		if start < 0 || start > 4_000_000_000 {
			return // no time is counted there
		}
		if _, offset := from.In(loc).Zone(); offset%60 != 0 {
			return // minutes of the wall do not begin with those of UTC
		}
		if want := minutes(loc, week, []string{holiday}, from, to); got != want {
			t.Fatalf("%v to %v of %s: %v, want %v", from, to, c, got, want)
		}
		c.Add(from, got+1)
	})
}
