package exportfile

import (
	"errors"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// DateOrder says which number comes first in 03/04/2026.
type DateOrder string

// The orders; without one such a date is not read.
const (
	DayFirst   DateOrder = "dmy"
	MonthFirst DateOrder = "mdy"
)

var (
	errNotADate  = errors.New("no date in any form that is known")
	errAmbiguous = errors.New("can be read in two ways")
)

// exact are forms that can be read in one way only. Forms without a zone are
// read in the zone of the options.
var exact = [...]string{
	"2006-01-02T15:04:05Z07:00", "2006-01-02T15:04:05.999-0700", "2006-01-02 15:04:05 -0700", "2006-01-02 15:04:05 -0700 MST",
	"2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02", "2006/01/02 15:04", "2006/01/02",
	"Mon Jan 02 2006 15:04:05 GMT-0700", "Mon, 2 Jan 2006 15:04:05 -0700", "Mon, 2 Jan 2006 15:04:05 MST",
}

// loose finds day, month and year in any order, and a time behind them.
var loose = regexp.MustCompile(`^(\d{1,2}|\pL+\.?)([./\- ]+)(\d{1,2}|\pL+\.?),?[./\- ]+(\d{4}|\d{2})(?:[, ]+(\d{1,2})[:.](\d{2})(?:[:.](\d{2}))?\s*([aApP])?\.?([mM]\.?)?)?$`)

// zoneName is what JavaScript puts behind a time.
var zoneName = regexp.MustCompile(`\s*\([^)]*\)$`)

// parseTime reads a time or a day in the forms that trackers and spreadsheets
// write, with names of months in the languages below. A date that can be read
// in two ways is an error unless an order is given.
func parseTime(s string, order DateOrder, zone *time.Location) (time.Time, error) {
	s = zoneName.ReplaceAllString(strings.Join(strings.Fields(s), " "), "")
	for _, layout := range exact {
		if t, err := time.ParseInLocation(layout, s, zone); err == nil {
			return t, nil
		}
	}
	m := loose.FindStringSubmatch(s)
	if m == nil {
		return time.Time{}, errNotADate
	}
	year, _ := strconv.Atoi(m[4])
	if len(m[4]) == 2 { // as Go and C read it
		year += 2000
		if year >= 2069 {
			year -= 100
		}
	}
	month, day, err := monthAndDay(m[1], m[3], m[2], order)
	if err != nil {
		return time.Time{}, err
	}
	hour, minute, second, err := clock(m[5], m[6], m[7], m[8])
	t := time.Date(year, month, day, hour, minute, second, 0, zone)
	if err != nil || t.Day() != day && hour == 0 || day < 1 || day > 31 || time.Date(year, month, day, 12, 0, 0, 0, time.UTC).Day() != day {
		return time.Time{}, errNotADate
	}
	return t, nil
}

// monthAndDay tells which of two texts is the month. Dots stand only between a
// day and the month after it.
func monthAndDay(a, b, separator string, order DateOrder) (time.Month, int, error) {
	if m, ok := monthOf(a); ok {
		day, err := strconv.Atoi(b)
		return m, day, err
	}
	x, err := strconv.Atoi(a)
	if err != nil {
		return 0, 0, errNotADate
	}
	if m, ok := monthOf(b); ok {
		return m, x, nil
	}
	y, err := strconv.Atoi(b)
	if err != nil {
		return 0, 0, errNotADate
	}
	switch dayFirst, monthFirst := y >= 1 && y <= 12, x >= 1 && x <= 12; {
	case !dayFirst && !monthFirst:
		return 0, 0, errNotADate
	case strings.Contains(separator, "."):
		if !dayFirst {
			return 0, 0, errNotADate
		}
		return time.Month(y), x, nil
	case dayFirst && monthFirst && x == y:
		return time.Month(x), y, nil
	case dayFirst && (!monthFirst || order == DayFirst):
		return time.Month(y), x, nil
	case monthFirst && (!dayFirst || order == MonthFirst):
		return time.Month(x), y, nil
	}
	return 0, 0, errAmbiguous
}

// clock reads a time of day; half is a or p of a twelve-hour clock.
func clock(h, m, s, half string) (hour, minute, second int, err error) {
	if h == "" {
		return 0, 0, 0, nil
	}
	hour, _ = strconv.Atoi(h)
	minute, _ = strconv.Atoi(m)
	second, _ = strconv.Atoi(s) // "" is 0
	if half != "" {
		if hour < 1 || hour > 12 {
			return 0, 0, 0, errNotADate
		}
		hour %= 12
		if strings.EqualFold(half, "p") {
			hour += 12
		}
	}
	if hour > 23 || minute > 59 || second > 59 {
		return 0, 0, 0, errNotADate
	}
	return hour, minute, second, nil
}

// monthNames are the names of the months, short and long, in English, German,
// French, Spanish, Italian, Portuguese and Dutch. No name means two months.
var monthNames = [12]string{
	"jan january januar jän jänner janv janvier ene enero gen gennaio janeiro januari",
	"feb february februar févr février febrero febbraio fev fevereiro februari",
	"mar march mär märz mrz mars marzo março mrt maart",
	"apr april avr avril abr abril aprile",
	"may mai mayo mag maggio maio mei",
	"jun june juni juin junio giu giugno junho",
	"jul july juli juil juillet julio lug luglio julho",
	"aug august août ago agosto augustus",
	"sep sept september septembre septiembre set settembre setembro",
	"oct october okt oktober octobre octubre ott ottobre out outubro",
	"nov november novembre noviembre novembro",
	"dec december dez dezember déc décembre dic diciembre dicembre dezembro",
}

var months = func() map[string]time.Month {
	out := map[string]time.Month{}
	for n, names := range monthNames {
		for _, name := range strings.Fields(names) {
			out[name] = time.Month(n + 1)
		}
	}
	return out
}()

func monthOf(s string) (time.Month, bool) {
	m, ok := months[strings.ToLower(strings.TrimSuffix(s, "."))]
	return m, ok
}
