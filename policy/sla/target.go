package sla

import (
	"strings"
	"time"

	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/policy"
)

// duration of a target's kind; 0: none.
func duration(t policy.TargetSpec, k Kind) time.Duration {
	if k == Respond {
		return t.Respond
	}
	return t.Resolve
}

// targetAt chooses the target for the issue as it was at a moment.
func (c *Clock) targetAt(l *timeline, n int, m *moment, at time.Time) (int, error) {
	if p, ok := l.targets[n]; ok {
		return p.index, p.err
	}
	var p pick
	i := l.issueAt(m)
	p.index, p.err = c.policy.Target(c.name, policy.Input{
		Issue: &i, Now: at, Signals: l.subject.Signals, Memory: policy.Memory{Lane: l.laneAt(at, *m)},
	})
	l.targets[n] = p
	return p.index, p.err
}

// issueAt is the issue as it was, as far as the history tells.
func (l *timeline) issueAt(m *moment) issue.Issue {
	i := *l.subject.Issue
	if !strings.EqualFold(i.Status.Name, m.status) {
		i.Status = issue.Status{Name: m.status, Category: m.class}
	}
	i.Labels = m.labels
	if i.Priority != m.prio {
		i.Priority, i.RawPriority = m.prio, issue.Named{}
	}
	if i.Assignee.ID != m.who {
		i.Assignee = issue.Person{ID: m.who}
	}
	if !m.closed {
		i.Resolved = time.Time{}
	}
	return i
}
