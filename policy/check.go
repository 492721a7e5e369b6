package policy

import (
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/lanekeeper/lanekeeper/internal/issue"
)

// labelName is what can be written as the value of a label in every tracker.
var labelName = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]*[a-z0-9])?$`)

// check judges everything but the expressions.
func (c *compiler) check(s Spec) {
	c.checkScore(s.Score)
	c.checkPriority(s.Priority)
	c.checkLanes(s)
	for _, name := range slices.Sorted(maps.Keys(s.SLAs)) {
		c.checkSLA("slas."+name, name, s.SLAs[name])
	}
	c.checkOverrides(s)
	c.oneOf("comments.enforce", s.Comments.Enforce, "off", "first")
	c.checkPostMortem(s)
	c.checkDuration("settle", s.Settle, 0)
	if share := s.Inflation.UrgentHigh; share != nil {
		c.within("inflation.urgent_high", *share, 0, 1)
	}
	for i, m := range s.Marks {
		c.checkMark(fmt.Sprintf("marks[%d]", i), m, s.Marks[:i])
	}
}

func (c *compiler) fail(path, format string, args ...any) {
	c.report(Problem{Path: path, Message: fmt.Sprintf(format, args...)})
}

// oneOf reports a word that is not in the list; "" is always fine.
func (c *compiler) oneOf(path, word string, known ...string) {
	if word == "" || slices.Contains(known, word) {
		return
	}
	c.report(Problem{
		Path: path, Message: fmt.Sprintf("%q is not one of %s", word, quoteList(known)), Suggestion: didYouMean(word, known),
	})
}

// within reports a number outside low..high.
func (c *compiler) within(path string, v, low, high float64) {
	switch {
	case v >= low && v <= high:
	case math.IsInf(high, 1):
		c.fail(path, "is %v, must be at least %v", v, low)
	default:
		c.fail(path, "is %v, must be between %v and %v", v, low, high)
	}
}

func (c *compiler) checkDuration(path string, d, least time.Duration) {
	if d < least {
		c.fail(path, "is %v, must be at least %v", d, least)
	}
}

func (c *compiler) checkScore(s ScoreSpec) {
	sum := 0.0
	for _, name := range slices.Sorted(maps.Keys(s.Pillars)) {
		path, p := "score.pillars."+name, s.Pillars[name]
		if !isIdentifier(name) {
			c.fail(path, "the name must be like business_value: letters, digits and _")
		}
		if !(p.Weight >= 0) || math.IsInf(p.Weight, 1) {
			c.fail(path+".weight", "is %v, must be a number that is not negative", p.Weight)
		}
		sum += p.Weight
		if p.Default != nil {
			c.within(path+".default", *p.Default, 0, 100)
		}
		for _, level := range slices.Sorted(maps.Keys(p.Rubric)) {
			c.within(fmt.Sprintf("%s.rubric.%d", path, level), float64(level), 0, 100)
		}
	}
	if sum == 0 {
		c.fail("score.pillars", "the weights of all pillars together are 0, so there is no score")
	}
	if d := s.Effort.Default; d != nil && (!(*d > 0) || math.IsInf(*d, 1)) {
		c.fail("score.effort.default", "is %v, must be greater than 0", *d)
	}
}

var identifier = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

func isIdentifier(s string) bool { return identifier.MatchString(s) }

func (c *compiler) checkPriority(s PrioritySpec) {
	c.within("priority.margin", s.Margin, 0, 100)
	last, above := math.Inf(1), ""
	for _, pr := range []issue.Priority{issue.Urgent, issue.High, issue.Medium, issue.Low, issue.None} {
		edge, ok := s.Bands[pr]
		if !ok {
			continue
		}
		path := "priority.bands." + pr.String()
		switch {
		case pr == issue.None:
			c.fail(path, "no issue gets this priority: below the lowest band it is low")
		case pr == issue.Low && edge != 0:
			c.fail(path, "low is what is below the lowest band: leave it out")
		default:
			c.within(path, edge, 0, 100)
		}
		if edge >= last {
			c.fail(path, "is %v, must be less than the edge of %s, %v", edge, above, last)
		}
		last, above = edge, pr.String()
	}
	for pr := range s.Bands {
		if pr > issue.Urgent {
			c.fail("priority.bands", "there is no %v", pr)
		}
	}
}

func (c *compiler) checkLanes(s Spec) {
	if len(s.Lanes) == 0 {
		c.fail("lanes", "there must be a lane")
	}
	seen := map[string]int{}
	for i, l := range s.Lanes {
		path := fmt.Sprintf("lanes[%d]", i)
		c.checkName(path+".name", l.Name)
		if l.Name == PinnedLane {
			c.fail(path+".name", "%q is taken: the label lane:pinned tells lanekeeper to leave an issue alone", l.Name)
		}
		if first, dup := seen[l.Name]; dup {
			c.fail(path+".name", "%q is the name of lanes[%d] already", l.Name, first)
		} else {
			seen[l.Name] = i
		}
		c.checkLane(path, l)
		if _, ok := s.SLAs[l.SLA]; l.SLA != "" && !ok {
			known := slices.Sorted(maps.Keys(s.SLAs))
			c.report(Problem{Path: path + ".sla", Message: fmt.Sprintf("there is no SLA %q", l.SLA), Suggestion: didYouMean(l.SLA, known)})
		}
	}
}

func (c *compiler) checkName(path, name string) {
	const longest = 60 // Linear's label names end at 80, the prefix included
	switch {
	case name == "":
		c.fail(path, "the name is missing")
	case !labelName.MatchString(name):
		c.fail(path, "%q cannot be part of a label: use a-z, 0-9 and -", name)
	case len(name) > longest:
		c.fail(path, "%q is longer than %d letters", name, longest)
	}
}

func (c *compiler) checkLane(path string, l LaneSpec) {
	c.oneOf(path+".horizon", l.Horizon, CurrentSprint, NextRelease, Roadmap)
	c.oneOf(path+".mode", l.Mode, "observe", "suggest", "enforce")
	c.oneOf(path+".contested", l.Contested, "flag", "restore")
	c.checkOwner(path+".owner", l.Owner)
	c.within(path+".min_confidence", l.MinConfidence, 0, 1)
	if l.AlarmAbove < 0 {
		c.fail(path+".alarm_above", "is %d, must not be negative", l.AlarmAbove)
	}
	if l.Contested != "" && len(l.Approvers) == 0 {
		c.fail(path+".contested", "says what happens to a move by somebody who may not, but there are no approvers")
	}
	for i, who := range l.Approvers {
		at := fmt.Sprintf("%s.approvers[%d]", path, i)
		switch group, isGroup := strings.CutPrefix(who, GroupPrefix); {
		case strings.TrimSpace(who) == "":
			c.fail(at, "is empty")
		case isGroup && strings.TrimSpace(group) == "":
			c.fail(at, "names no group: write group:NAME")
		case slices.Contains(l.Approvers[:i], who):
			c.fail(at, "%q is named twice", who)
		}
	}
	low, high := l.Priority.AtLeast, l.Priority.AtMost
	if low != nil && high != nil && *low > *high {
		c.fail(path+".priority", "at_least %v is above at_most %v", *low, *high)
	}
	if l.Share.Min != nil {
		c.within(path+".share.min", *l.Share.Min, 0, 1)
	}
	if l.Share.Max != nil {
		c.within(path+".share.max", *l.Share.Max, 0, 1)
	}
	if l.Share.Min != nil && l.Share.Max != nil && *l.Share.Min > *l.Share.Max {
		c.fail(path+".share", "min %v is above max %v", *l.Share.Min, *l.Share.Max)
	}
}

func (c *compiler) checkOwner(path string, o OwnerSpec) {
	c.oneOf(path+".handover", o.Handover, HandoverStay, HandoverFollow)
	switch known := c.rotas; {
	case o.Assign != "" && o.OnCall != "":
		c.report(Problem{Path: path + ".on_call", Message: "assign and on_call are both given; keep one",
			Suggestion: "in the part of a team, an empty assign takes the other's away"})
	case o.OnCall != "" && known != nil && !slices.Contains(known, o.OnCall):
		c.report(Problem{Path: path + ".on_call", Message: fmt.Sprintf("there is no rota %q under on_call", o.OnCall), Suggestion: didYouMean(o.OnCall, known)})
	case o.OnCall == "" && o.Handover != "":
		c.fail(path+".handover", "says what happens when somebody else is on duty, but there is no on_call")
	}
}

// checkOverrides judges first_sight, whose keys are managed fields: those that
// are always there and the prefixes of marks.
func (c *compiler) checkOverrides(s Spec) {
	c.checkDuration("overrides.ttl", s.Overrides.TTL, 0)
	c.oneOf("overrides.release", s.Overrides.Release, "lane_change")
	known := []string{
		string(issue.FieldAssignee), string(issue.FieldDue), string(issue.FieldHorizon),
		string(issue.FieldLane), string(issue.FieldPriority), string(issue.FieldSLA),
	}
	for _, m := range s.Marks {
		known = append(known, m.Prefix)
	}
	for _, f := range slices.Sorted(maps.Keys(s.Overrides.FirstSight)) {
		path := "overrides.first_sight." + string(f)
		if !slices.Contains(known, string(f)) {
			c.report(Problem{
				Path: path, Message: fmt.Sprintf("%q is no managed field; there are %s", f, quoteList(known)),
				Suggestion: didYouMean(string(f), known),
			})
		}
		if v := s.Overrides.FirstSight[f]; v != "adopt" && v != "claim" {
			c.report(Problem{
				Path: path, Message: fmt.Sprintf("%q is neither adopt nor claim", v),
				Suggestion: didYouMean(v, []string{"adopt", "claim"}),
			})
		}
	}
}

func (c *compiler) checkMark(path string, m MarkSpec, before []MarkSpec) {
	c.checkName(path+".prefix", m.Prefix)
	if m.Prefix != "" && !issue.Field(m.Prefix).IsLabel() ||
		slices.Contains([]issue.Field{issue.FieldLane, issue.FieldHorizon, issue.FieldSLA, issue.FieldPostMortem}, issue.Field(m.Prefix)) {
		c.fail(path+".prefix", "%q is managed already", m.Prefix)
	}
	if slices.ContainsFunc(before, func(b MarkSpec) bool { return b.Prefix == m.Prefix }) {
		c.fail(path+".prefix", "%q is the prefix of another mark", m.Prefix)
	}
	c.within(path+".margin", m.Margin, 0, 100)
	c.checkMarkBands(path, m)
	for _, value := range slices.Sorted(maps.Keys(m.Cap)) {
		capPath := path + ".cap." + value
		c.within(capPath, m.Cap[value], 0, 1)
		if _, ok := m.Bands[value]; !ok {
			known := slices.Sorted(maps.Keys(m.Bands))
			c.report(Problem{Path: capPath, Message: fmt.Sprintf("there is no value %q", value), Suggestion: didYouMean(value, known)})
		}
	}
}

func (c *compiler) checkMarkBands(path string, m MarkSpec) {
	lowest := math.Inf(1)
	at := map[float64]string{}
	for _, value := range slices.Sorted(maps.Keys(m.Bands)) {
		edge := m.Bands[value]
		c.checkName(path+".bands."+value, value)
		c.within(path+".bands."+value, edge, 0, 100)
		if other, dup := at[edge]; dup {
			c.fail(path+".bands."+value, "has the same edge as %s, %v", other, edge)
		}
		at[edge] = value
		lowest = min(lowest, edge)
	}
	if lowest != 0 {
		c.fail(path+".bands", "the lowest edge must be 0, so that every score has a value")
	}
}

// checkFeedback warns of scores and rules that read what follows from them: the
// issue would move by being moved.
func (c *compiler) checkFeedback(p *Policy) {
	written := []string{"issue.priority", "issue.raw_priority"}
	if len(p.spec.SLAs) > 0 {
		written = append(written, "issue.due") // the date of the resolve target
	}
	warn := func(e *expr) {
		if e == nil {
			return
		}
		for _, i := range e.cells {
			if name := c.catalog.cells[i].path; slices.Contains(written, name) {
				c.report(Problem{
					Path: e.path, Message: name + " is written by lanekeeper itself, so the result would feed on itself",
					Suggestion: "use a label or a custom field that people set", Warning: true,
				})
			}
		}
	}
	for _, x := range p.pillars {
		warn(x.expr)
	}
	for _, l := range p.lanes {
		warn(l.when)
		warn(l.stay)
	}
}
