package policy

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// The moments at which an SLA's clock starts.
const (
	StartsCreated     = "created"
	StartsEnteredLane = "entered_lane"
	StartsLabel       = "label"
)

func (c *compiler) checkSLA(path, name string, s SLASpec) {
	c.checkName(path, name)
	c.oneOf(path+".starts", s.Starts, StartsCreated, StartsEnteredLane, StartsLabel)
	switch {
	case s.Starts == StartsLabel && s.Label == "":
		c.fail(path+".label", "is missing: starts is label")
	case s.Starts != StartsLabel && s.Label != "":
		c.fail(path+".label", "is only read where starts is label")
	}
	for i, at := range s.WarnAt {
		if !(at > 0 && at < 1) {
			c.fail(fmt.Sprintf("%s.warn_at[%d]", path, i), "is %v, must be between 0 and 1: a share of the target", at)
		}
		if i > 0 && at <= s.WarnAt[i-1] {
			c.fail(fmt.Sprintf("%s.warn_at[%d]", path, i), "must be greater than the one before it")
		}
	}
	if s.Calendar != nil {
		c.checkCalendar(path+".calendar", *s.Calendar)
	}
	c.checkTargets(path, s.Targets)
}

func (c *compiler) checkTargets(path string, targets []TargetSpec) {
	if len(targets) == 0 {
		c.fail(path+".targets", "there must be a target")
	}
	for i, t := range targets {
		at := fmt.Sprintf("%s.targets[%d]", path, i)
		if t.Respond == 0 && t.Resolve == 0 {
			c.fail(at, "gives neither respond nor resolve")
		}
		c.checkDuration(at+".respond", t.Respond, 0)
		c.checkDuration(at+".resolve", t.Resolve, 0)
		if t.Respond > t.Resolve && t.Resolve > 0 {
			c.report(Problem{Path: at, Message: "respond is longer than resolve", Warning: true})
		}
		if t.When == "" && i < len(targets)-1 {
			c.fail(at, "has no when and so always holds: the targets after it are never reached")
		}
	}
}

func (c *compiler) checkCalendar(path string, s CalendarSpec) {
	// "Local" would differ from machine to machine.
	if _, err := time.LoadLocation(s.Timezone); err != nil || s.Timezone == "" || s.Timezone == "Local" {
		c.fail(path+".timezone", "%q is no time zone: want a name like Europe/Berlin or UTC", s.Timezone)
	}
	week, open := [7][]span{}, false
	for _, days := range slices.Sorted(maps.Keys(s.Hours)) {
		at := path + ".hours." + days
		list, err := parseDays(days)
		if err != nil {
			c.report(Problem{Path: at, Message: err.Error(), Suggestion: didYouMean(days, dayNames())})
		}
		spans, err := parseHours(s.Hours[days])
		if err != nil {
			c.fail(at, "%v", err)
		}
		open = open || len(spans) > 0
		for _, d := range list {
			week[d] = append(week[d], spans...)
		}
	}
	if !open {
		c.fail(path+".hours", "there are no working hours: no time would ever pass")
	}
	for d, spans := range week {
		if overlap(spans) {
			c.fail(path+".hours", "the hours of %s overlap", time.Weekday(d))
		}
	}
	for i, h := range s.Holidays {
		if _, err := time.Parse(time.DateOnly, string(h)); err != nil {
			c.fail(fmt.Sprintf("%s.holidays[%d]", path, i), "%q is not a day like 2026-12-25", h)
		}
	}
}

// span is a part of a day in minutes from midnight.
type span struct{ from, to int }

func overlap(spans []span) bool {
	slices.SortFunc(spans, func(a, b span) int { return cmp.Compare(a.from, b.from) })
	for i := 1; i < len(spans); i++ {
		if spans[i].from < spans[i-1].to {
			return true
		}
	}
	return false
}

func dayNames() []string { return []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"} }

// parseDays reads "mon", "mon-fri", "sat-mon" and lists of them with commas,
// as indices of time.Weekday.
func parseDays(s string) ([]int, error) {
	var out []int
	for part := range strings.SplitSeq(s, ",") {
		first, last, isRange := strings.Cut(strings.ToLower(strings.TrimSpace(part)), "-")
		if !isRange {
			last = first
		}
		from, to := slices.Index(dayNames(), strings.TrimSpace(first)), slices.Index(dayNames(), strings.TrimSpace(last))
		if from < 0 || to < 0 {
			return nil, fmt.Errorf("%q are no days: want mon, mon-fri or mon,wed", s)
		}
		for d := from; ; d = (d + 1) % 7 {
			out = append(out, d)
			if d == to {
				break
			}
		}
	}
	return out, nil
}

// parseHours reads "09:00-18:00" and lists of such spans with commas.
func parseHours(s string) ([]span, error) {
	var out []span
	for part := range strings.SplitSeq(s, ",") {
		from, to, ok := strings.Cut(strings.TrimSpace(part), "-")
		a, okA := parseClock(from)
		b, okB := parseClock(to)
		if !ok || !okA || !okB {
			return nil, fmt.Errorf("%q are no hours: want 09:00-18:00", part)
		}
		if b <= a {
			return nil, fmt.Errorf("%q ends before it begins; split hours over midnight into two days", part)
		}
		out = append(out, span{a, b})
	}
	if overlap(slices.Clone(out)) {
		return nil, fmt.Errorf("%q overlap", s)
	}
	return out, nil
}

// parseClock returns minutes from midnight; 24:00 is the end of the day.
func parseClock(s string) (int, bool) {
	s = strings.TrimSpace(s)
	if s == "24:00" {
		return 24 * 60, true
	}
	t, err := time.Parse("15:04", s)
	if err != nil {
		return 0, false
	}
	return t.Hour()*60 + t.Minute(), true
}
