package lineartest

import (
	"cmp"
	"slices"
	"time"
)

// SLARule is one of Linear's own SLA rules: looked at when an issue is created
// or updated, first match wins, applied Delay later.
type SLARule struct {
	ID     string
	Name   string
	TeamID string // "" is every team
	// Priorities that it matches; empty is all.
	Priorities []int
	// Within is the SLA; with Remove the rule takes an SLA away instead.
	Within time.Duration
	Remove bool
	// BusinessDays marks the SLA as onlyBusinessDays. The simulator does not
	// skip week-ends.
	BusinessDays bool
	// Delay is how long after the update the rule acts; 0 is 2 seconds.
	Delay time.Duration
}

// event is something that Linear does by itself at a time.
type event struct {
	at  time.Time
	run func()
}

// AddSLARule switches one of Linear's own rules on. Existing issues are left
// alone until their next update.
func (s *Server) AddSLARule(r SLARule) {
	s.lock()
	defer s.mu.Unlock()
	r.ID = s.idFor("sla", r.ID)
	r.Delay = cmp.Or(r.Delay, 2*time.Second)
	s.world.slaRules = append(s.world.slaRules, r)
}

// DefaultSLARules switches on the rules that a new workspace has: urgent in a
// day, high in a week, others lose their SLA.
func (s *Server) DefaultSLARules() {
	s.AddSLARule(SLARule{Name: "Urgent", Priorities: []int{1}, Within: 24 * time.Hour})
	s.AddSLARule(SLARule{Name: "High", Priorities: []int{2}, Within: 7 * 24 * time.Hour})
	s.AddSLARule(SLARule{Name: "Remove", Priorities: []int{0, 3, 4}, Remove: true})
}

func (r *SLARule) matches(i *Issue) bool {
	return (r.TeamID == "" || r.TeamID == i.TeamID) && (len(r.Priorities) == 0 || slices.Contains(r.Priorities, i.Priority))
}

// applySLARules schedules what the first matching rule does to the issue.
func (s *Server) applySLARules(r *record) {
	if !s.world.org.sla() {
		return
	}
	for _, rule := range s.world.slaRules {
		if rule.matches(&r.Issue) {
			s.later(rule.Delay, func() { s.runSLARule(r, rule) })
			return
		}
	}
}

func (s *Server) runSLARule(r *record, rule SLARule) {
	if s.world.issues[r.ID] != r {
		return
	}
	before := r.copy()
	after := r.copy()
	start := s.now()
	switch {
	case rule.Remove:
		after.SLAStartedAt, after.SLABreachesAt, after.SLAType = time.Time{}, time.Time{}, ""
	case rule.Within == after.SLABreachesAt.Sub(after.SLAStartedAt):
		return // it has this SLA already
	default:
		after.SLAStartedAt, after.SLABreachesAt, after.DueDate = start, start.Add(rule.Within), ""
		after.SLAType = "all"
		if rule.BusinessDays {
			after.SLAType = "onlyBusinessDays"
		}
	}
	e, changed := diff(&before, &after)
	if !changed {
		return
	}
	s.remember(r, &before)
	s.swap(r, after)
	s.world.touch(r, start)
	s.record(r, e, "", start, true)
	s.announce("update", r, &e, "")
	s.sync++
}

// later schedules what Linear does by itself after a delay.
func (s *Server) later(d time.Duration, run func()) {
	s.queue = append(s.queue, event{s.now().Add(d), run})
	slices.SortStableFunc(s.queue, func(a, b event) int { return a.at.Compare(b.at) })
}

// settle runs what was due. Actions see the present time, not their own.
func (s *Server) settle() {
	now := s.now()
	for len(s.queue) > 0 && !s.queue[0].at.After(now) {
		e := s.queue[0]
		s.queue = s.queue[1:]
		e.run()
	}
}

// slaStatus is Linear's own grade of an issue's SLA, "" without one.
func (s *Server) slaStatus(r *record) string {
	if r.SLABreachesAt.IsZero() {
		return ""
	}
	if done := or(r.CompletedAt, r.CanceledAt); !done.IsZero() {
		if done.After(r.SLABreachesAt) {
			return "Failed"
		}
		return "Completed"
	}
	switch left := r.SLABreachesAt.Sub(s.now()); {
	case left <= 0:
		return "Breached"
	case left <= 24*time.Hour:
		return "HighRisk"
	case left <= 7*24*time.Hour:
		return "MediumRisk"
	}
	return "LowRisk"
}

// mailUrgent sends what Linear mails at once: an urgent issue to its assignee.
func (s *Server) mailUrgent(before *Issue, r *record, by string) {
	if r.Priority == 1 && r.AssigneeID != "" && (before.Priority != 1 || before.AssigneeID != r.AssigneeID) {
		s.mail(r.AssigneeID, r.ID, "urgent")
	} else if r.AssigneeID != "" && r.AssigneeID != before.AssigneeID && r.AssigneeID != by {
		s.mail(r.AssigneeID, r.ID, "assigned")
	}
}

func (s *Server) mail(to, issue, reason string) {
	s.log.mails = append(s.log.mails, Mail{At: s.now(), To: to, IssueID: issue, Reason: reason})
}
