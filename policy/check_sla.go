package policy

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/policy/calendar"
)

// The moments at which an SLA's clock starts.
const (
	StartsCreated     = "created"
	StartsEnteredLane = "entered_lane"
	StartsLabel       = "label"
)

// What counts as a response, when a person who is not the reporter does it.
const (
	RespondsComment = "comment" // a public comment
	RespondsStatus  = "status"  // a change of the status
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
	for i, r := range s.Responds {
		c.oneOf(fmt.Sprintf("%s.responds[%d]", path, i), r, RespondsComment, RespondsStatus)
	}
	c.checkTargets(path, s.Targets)
	if s.Comment != nil {
		c.checkSLAComment(path+".comment", s)
	}
}

// The states from which the comment speaks of an SLA.
const (
	CommentAtRisk   = "at_risk"
	CommentBreached = "breached"
)

func (c *compiler) checkSLAComment(path string, s SLASpec) {
	switch from := s.Comment.From; {
	case from == "":
		c.fail(path+".from", "is missing: at_risk or breached")
	case from == CommentAtRisk && len(s.WarnAt) == 0:
		c.report(Problem{Path: path + ".from", Message: "is at_risk, but there is no warn_at, so that nothing is at risk before it is breached", Warning: true})
	default:
		c.oneOf(path+".from", from, CommentAtRisk, CommentBreached)
	}
	known := c.catalog.custom
	if f := s.Comment.Workaround; f != "" && known != nil && !slices.Contains(known, f) {
		c.report(Problem{Path: path + ".workaround", Message: fmt.Sprintf("no source has a custom field %q", f), Suggestion: didYouMean(f, known)})
	}
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
		c.checkLong(at+".respond", t.Respond)
		c.checkLong(at+".resolve", t.Resolve)
		if t.When == "" && i < len(targets)-1 {
			c.fail(at, "has no when and so always holds: the targets after it are never reached")
		}
	}
}

// longTarget is where a target is more likely a slip than a promise.
const longTarget = 365 * 24 * time.Hour

func (c *compiler) checkLong(path string, d time.Duration) {
	if d > longTarget {
		c.report(Problem{Path: path, Message: fmt.Sprintf("is %v, longer than a year", d), Suggestion: "is the unit right?", Warning: true})
	}
}

func (c *compiler) checkCalendar(path string, s CalendarSpec) {
	// "Local" would differ from machine to machine.
	if _, err := time.LoadLocation(s.Timezone); err != nil || s.Timezone == "" || s.Timezone == "Local" {
		c.fail(path+".timezone", "%q is no time zone: want a name like Europe/Berlin or UTC", s.Timezone)
	}
	var week calendar.Week
	readable := true
	for _, days := range slices.Sorted(maps.Keys(s.Hours)) {
		at := path + ".hours." + days
		list, err := calendar.ParseDays(days)
		if err != nil {
			c.report(Problem{Path: at, Message: err.Error(), Suggestion: didYouMean(days, calendar.DayNames())})
			readable = false
		}
		spans, err := calendar.ParseHours(s.Hours[days])
		if err != nil {
			c.fail(at, "%v", err)
			readable = false
		}
		for _, d := range list {
			week[d] = append(week[d], spans...)
		}
	}
	if readable && !week.Open() {
		c.fail(path+".hours", "there are no working hours: no time would ever pass")
	}
	if d, ok := week.Overlap(); ok {
		c.fail(path+".hours", "the hours of %s overlap", d)
	}
	c.checkHolidays(path, s)
}

func (c *compiler) checkHolidays(path string, s CalendarSpec) {
	seen := map[issue.Date]bool{}
	for i, h := range s.Holidays {
		at := fmt.Sprintf("%s.holidays[%d]", path, i)
		if _, err := time.Parse(time.DateOnly, string(h)); err != nil {
			c.fail(at, "%q is not a day like 2026-12-25", h)
		}
		if seen[h] {
			c.report(Problem{Path: at, Message: fmt.Sprintf("%s is in the list already", h), Warning: true})
		}
		seen[h] = true
	}
	for i, name := range s.HolidayCalendars {
		if !calendar.Known(name) {
			c.report(Problem{
				Path:       fmt.Sprintf("%s.holiday_calendars[%d]", path, i),
				Message:    fmt.Sprintf("there is no holiday calendar %q; there are %s", name, strings.Join(calendar.Countries(), ", ")),
				Suggestion: didYouMean(strings.ToLower(name), calendar.Countries()),
			})
		}
	}
}

// PastHolidays warns of calendars whose own days off are all over: the list was
// not kept. Compile has no clock and cannot tell.
func (s Spec) PastHolidays(now time.Time) []Problem {
	var out []Problem
	for _, name := range slices.Sorted(maps.Keys(s.SLAs)) {
		cal := s.SLAs[name].Calendar
		if cal == nil || len(cal.Holidays) == 0 {
			continue
		}
		last := slices.Max(cal.Holidays)
		today := now.UTC()
		if zone, err := time.LoadLocation(cal.Timezone); err == nil {
			today = now.In(zone)
		}
		if last < issue.DateOf(today) {
			out = append(out, Problem{
				Path:       "slas." + name + ".calendar.holidays",
				Message:    fmt.Sprintf("all of them are in the past, the last is %s", last),
				Suggestion: "add the coming ones, or name a country in holiday_calendars", Warning: true,
			})
		}
	}
	return out
}

// PausesIn reports whether an SLA is paused by statuses.
func (s Spec) PausesIn() bool {
	for _, x := range s.SLAs {
		if len(x.Pauses.Statuses) > 0 {
			return true
		}
	}
	return false
}

// UnknownPauses warns of pauses in statuses that are not among those of the
// trackers: such a pause never comes.
func (s Spec) UnknownPauses(known []string) []Problem {
	var out []Problem
	for _, name := range slices.Sorted(maps.Keys(s.SLAs)) {
		for i, status := range s.SLAs[name].Pauses.Statuses {
			if slices.ContainsFunc(known, func(k string) bool { return strings.EqualFold(k, status) }) {
				continue
			}
			out = append(out, Problem{
				Path:       fmt.Sprintf("slas.%s.pauses.statuses[%d]", name, i),
				Message:    fmt.Sprintf("no source has a status %q, so the clock never pauses there", status),
				Suggestion: didYouMean(status, known), Warning: true,
			})
		}
	}
	return out
}
