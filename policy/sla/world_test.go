package sla_test

import (
	"strings"
	"testing"
	"time"

	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/policy"
	"github.com/lanekeeper/lanekeeper/policy/sla"
)

// at reads "2026-03-02 09:00" in a zone; seconds may follow.
func at(zone, s string) time.Time {
	loc, err := time.LoadLocation(zone)
	if err != nil {
		panic(err)
	}
	layout := "2006-01-02 15:04"
	if strings.Count(s, ":") == 2 {
		layout += ":05"
	}
	t, err := time.ParseInLocation(layout, s, loc)
	if err != nil {
		panic(err)
	}
	return t
}

// be is a moment in Berlin.
func be(s string) time.Time { return at("Europe/Berlin", s) }

// office is mon-fri 09:00-18:00 in a zone.
func office(zone string) *policy.CalendarSpec {
	return &policy.CalendarSpec{Timezone: zone, Hours: map[string]string{"mon-fri": "09:00-18:00"}}
}

func hours(zone string, hours map[string]string) *policy.CalendarSpec {
	return &policy.CalendarSpec{Timezone: zone, Hours: hours}
}

// one is an SLA with one resolve target that starts at creation.
func one(resolve time.Duration, cal *policy.CalendarSpec) policy.SLASpec {
	return policy.SLASpec{Calendar: cal, Targets: []policy.TargetSpec{{Resolve: resolve}}}
}

// clockOf compiles an SLA. The lanes named are held to it; without any it holds
// for every issue.
func clockOf(t testing.TB, s policy.SLASpec, lanes ...string) *sla.Clock {
	t.Helper()
	spec := policy.Spec{SLAs: map[string]policy.SLASpec{"fix": s}}
	spec.Score = policy.ScoreSpec{
		Pillars: map[string]policy.PillarSpec{
			"business_value": {Weight: 1, Expr: "20.0"}, "customer_impact": {Weight: 1, Expr: "issue.votes > 5 ? 90.0 : 10.0"},
			"technical_risk": {Weight: 1, Expr: "20.0"},
		},
		Effort: policy.EffortSpec{Expr: "1.0"},
	}
	for _, l := range lanes {
		spec.Lanes = append(spec.Lanes, policy.LaneSpec{Name: l, When: "has_label('in-" + l + "')", SLA: "fix"})
	}
	spec.Lanes = append(spec.Lanes, policy.LaneSpec{Name: "rest", When: "true"})
	p, problems := policy.Compile(spec)
	if p == nil {
		t.Fatalf("policy: %v", problems)
	}
	c, err := sla.New(p, "fix")
	if err != nil {
		t.Fatal(err)
	}
	return c
}

var (
	ann = issue.Person{ID: "ann", Name: "Ann"} // reports
	bob = issue.Person{ID: "bob", Name: "Bob"} // works
)

// classes are the statuses of the tests.
var classes = map[string]issue.Category{
	"To Do": issue.Unstarted, "In Progress": issue.Started, "Waiting for customer": issue.Started, "Blocked": issue.Started,
	"Done": issue.Completed, "Won't do": issue.Canceled, "Reopened": issue.Unstarted,
}

// life builds an issue by what happened to it, in order.
type life struct {
	sla.Subject
	present string
}

func born(created time.Time) *life {
	l := &life{present: "To Do"}
	l.Issue = &issue.Issue{
		ID: "1", Key: "PAY-1", Source: "payments", Project: "PAY", Kind: issue.Bug, Reporter: ann, Priority: issue.Medium,
		Status: issue.Status{Name: "To Do", Category: issue.Unstarted}, Created: created, Updated: created,
	}
	l.History = &issue.History{Complete: true, CommentsRead: true}
	return l
}

func (l *life) event(e issue.Event) *life {
	if e.By.IsZero() && !e.By.Self && !e.By.Bot {
		e.By.Person = bob
	}
	l.History.Events = append(l.History.Events, e)
	l.Issue.Updated = e.At
	return l
}

// to moves the issue to a status. The last move is what it is in now.
func (l *life) to(when time.Time, status string, by ...issue.Actor) *life {
	e := issue.Event{At: when, Field: issue.FieldStatus, From: l.present, To: status, ToCategory: classes[status]}
	if len(by) > 0 {
		e.By = by[0]
	}
	l.present = status
	l.Issue.Status = issue.Status{Name: status, Category: classes[status]}
	return l.event(e)
}

func (l *life) priority(when time.Time, p issue.Priority) *life {
	e := issue.Event{At: when, Field: issue.FieldPriority, From: l.Issue.Priority.String(), To: p.String()}
	l.Issue.Priority = p
	return l.event(e)
}

// own is a label that lanekeeper itself added.
func (l *life) own(when time.Time, name string) *life {
	l.Issue.Labels = append(l.Issue.Labels, name)
	return l.event(issue.Event{At: when, By: issue.Actor{Self: true}, Field: issue.FieldLabels, To: name})
}

func (l *life) label(when time.Time, name string) *life {
	l.Issue.Labels = append(l.Issue.Labels, name)
	return l.event(issue.Event{At: when, Field: issue.FieldLabels, To: name})
}

func (l *life) unlabel(when time.Time, name string) *life {
	var rest []string
	for _, x := range l.Issue.Labels {
		if x != name {
			rest = append(rest, x)
		}
	}
	l.Issue.Labels = rest
	return l.event(issue.Event{At: when, Field: issue.FieldLabels, From: name})
}

func (l *life) comment(when time.Time, by issue.Person, public bool) *life {
	l.History.Comments = append(l.History.Comments, issue.Comment{At: when, By: issue.Actor{Person: by}, Public: public})
	return l
}

func (l *life) lane(when time.Time, lane string) *life {
	l.Lanes = append(l.Lanes, sla.Episode{Lane: lane, From: when})
	return l
}

func (l *life) with(change func(*life)) *life {
	change(l)
	return l
}
