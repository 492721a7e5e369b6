package sla

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/lanekeeper/lanekeeper/internal/issue"
)

// timeline is the issue's life as a row of moments, each with the issue as it
// was from then on.
type timeline struct {
	subject Subject
	moments []moment // by time; the first is the creation
	// cutBefore is the end of what the tracker cut away; zero: nothing was.
	cutBefore time.Time
	doubts    []string
	// inLane and labelled are the stays in the SLA's lanes and with its label.
	inLane, labelled []stay
	targets          map[int]pick
}

type pick struct {
	index int
	err   error
}

// moment is a change of the issue.
type moment struct {
	at     time.Time
	status string
	class  issue.Category // "": not known
	closed bool
	paused string // what pauses the clock: a status or label; "": nothing
	labels []string
	prio   issue.Priority
	who    string // assignee's id
}

func (l *timeline) doubt(format string, args ...any) {
	l.doubts = append(l.doubts, fmt.Sprintf(format, args...))
}

func newTimeline(c *Clock, s Subject) *timeline {
	l := &timeline{subject: s, targets: map[int]pick{}}
	if s.History == nil || s.Issue.Created.IsZero() {
		return l
	}
	events := l.inOrder(s.History)
	if !s.History.Complete {
		l.cutBefore = knownSince(s.Issue, events)
		l.doubt("the tracker cut the history before %s: until then the clock is taken to run", dayText(l.cutBefore))
	}
	b := l.begin(c, events)
	l.add(c, b)
	if !s.History.Complete {
		l.moments[0].closed, l.moments[0].paused = false, "" // not known, so it runs
		if len(events) == 0 {
			b.at = l.cutBefore
			l.add(c, b)
		}
	}
	for _, e := range events {
		b.apply(l, e)
		b.at = e.At
		l.add(c, b)
	}
	l.compare(c, b)
	l.addLanes()
	l.inLane, l.labelled = c.laneStays(l), labelStays(l, c.spec.Label)
	return l
}

// knownSince is where a history that was cut begins to tell: with its first
// event, or, where it has none, when the issue came to be as it is.
func knownSince(i *issue.Issue, events []issue.Event) time.Time {
	switch {
	case len(events) > 0:
		return events[0].At
	case !i.Status.Category.Open() && !i.Resolved.IsZero():
		return latest(i.Created, i.Resolved)
	}
	return latest(i.Created, i.Updated)
}

// addLanes makes a moment of each change of lane, since the conditions of
// targets may read the lane.
func (l *timeline) addLanes() {
	for _, e := range l.subject.Lanes {
		n := l.last(e.From)
		if n < 0 || l.moments[n].at.Equal(e.From) {
			continue
		}
		m := l.moments[n]
		m.at = e.From
		l.moments = slices.Insert(l.moments, n+1, m)
	}
}

// last is the index of the last moment that is not after t; -1: none.
func (l *timeline) last(t time.Time) int {
	n, _ := slices.BinarySearchFunc(l.moments, t, func(m moment, t time.Time) int {
		if m.at.After(t) {
			return 1
		}
		return -1
	})
	return n - 1
}

// inOrder sorts the events of interest by time. What is dated before the issue
// was made counts as having been so from the beginning.
func (l *timeline) inOrder(h *issue.History) []issue.Event {
	var out []issue.Event
	early := 0
	for _, e := range h.Events {
		switch e.Field {
		case issue.FieldStatus, issue.FieldLabels, issue.FieldPriority, issue.FieldAssignee:
		default:
			continue
		}
		if e.At.Before(l.subject.Issue.Created) {
			e.At = l.subject.Issue.Created
			early++
		}
		if l.echoes(e) {
			e.At = l.subject.Lanes[0].From
		}
		out = append(out, e)
	}
	if early > 0 {
		l.doubt("%d changes are dated before the issue was created: they count from its creation", early)
	}
	slices.SortStableFunc(out, func(a, b issue.Event) int { return a.At.Compare(b.At) })
	return out
}

// skewMost is by how much a tracker's clock may be behind ours.
const skewMost = time.Hour

// echoes tells that an event is the label which lanekeeper wrote for its first
// decision, dated before it by a tracker whose clock is behind: it is no earlier
// entry into the lane.
func (l *timeline) echoes(e issue.Event) bool {
	if len(l.subject.Lanes) == 0 || !e.By.Self || e.Field != issue.FieldLabels {
		return false
	}
	first := l.subject.Lanes[0]
	return e.To == issue.FieldLane.Prefix()+first.Lane && e.At.Before(first.From) && first.From.Sub(e.At) < skewMost
}

// builder is the issue as it changes.
type builder struct {
	moment
	classes map[string]issue.Category // of statuses, as far as seen
	odd     map[string]bool           // statuses whose class was asked for in vain
}

// begin is the issue as it was made: what the first change of each field says
// it was before, and what it is now where it never changed.
func (l *timeline) begin(c *Clock, events []issue.Event) *builder {
	i := l.subject.Issue
	b := &builder{classes: map[string]issue.Category{}, odd: map[string]bool{}}
	b.at, b.status, b.prio, b.who = i.Created, i.Status.Name, i.Priority, i.Assignee.ID
	b.labels = slices.Clone(i.Labels)
	seen := map[string]bool{}
	first := func(key string) bool { was := seen[key]; seen[key] = true; return !was }
	for _, e := range events {
		switch e.Field {
		case issue.FieldStatus:
			if e.ToCategory != "" {
				b.classes[strings.ToLower(e.To)] = e.ToCategory
			}
			if first("status") {
				b.status = e.From
			}
		case issue.FieldPriority:
			if first("priority") {
				b.prio = l.priority(e.From, i.Priority)
			}
		case issue.FieldAssignee:
			if first("assignee") {
				b.who = e.From
			}
		case issue.FieldLabels:
			name := e.From + e.To // one of them is empty
			if first("label " + strings.ToLower(name)) {
				b.label(name, e.To == "")
			}
		}
	}
	if i.Status.Category != "" {
		b.classes[strings.ToLower(i.Status.Name)] = i.Status.Category
	}
	return b
}

// label makes the label present or absent.
func (b *builder) label(name string, present bool) {
	at := slices.IndexFunc(b.labels, func(l string) bool { return strings.EqualFold(l, name) })
	switch {
	case present && at < 0:
		b.labels = append(slices.Clone(b.labels), name) // earlier moments keep theirs
		slices.Sort(b.labels)
	case !present && at >= 0:
		b.labels = slices.Delete(slices.Clone(b.labels), at, at+1)
	}
}

func (b *builder) apply(l *timeline, e issue.Event) {
	switch e.Field {
	case issue.FieldStatus:
		if e.From != "" && !strings.EqualFold(e.From, b.status) {
			l.doubt("the history has a gap before %s: the status was %q and then %q", dayText(e.At), b.status, e.From)
		}
		b.status = e.To
	case issue.FieldPriority:
		b.prio = l.priority(e.To, b.prio)
	case issue.FieldAssignee:
		b.who = e.To
	case issue.FieldLabels:
		b.label(e.From+e.To, e.To != "")
	}
}

// priority reads a value of the history. Trackers keep names that are in none
// of their lists any more.
func (l *timeline) priority(name string, otherwise issue.Priority) issue.Priority {
	if name == "" {
		return issue.None
	}
	p, err := issue.ParsePriority(name)
	if err != nil {
		l.doubt("the history has a priority %q that is not known: %s is taken", name, otherwise)
		return otherwise
	}
	return p
}

// add appends the issue as it is now. A status whose class nothing tells is
// taken to be open.
func (l *timeline) add(c *Clock, b *builder) {
	key := strings.ToLower(b.status)
	class, known := b.classes[key]
	if !known && !b.odd[key] && len(l.moments) > 0 {
		b.odd[key] = true
		l.doubt("nothing tells whether the status %q is open or closed: it is taken to be open", b.status)
	}
	b.class = class
	b.closed = class == issue.Completed || class == issue.Canceled
	b.paused = c.pauses(b.moment)
	l.moments = append(l.moments, b.moment)
}

// compare closes the gap between the end of the history and the issue as it is:
// a change that the history does not show has happened by the issue's last
// update, or, where it closed the issue, when it was resolved.
func (l *timeline) compare(c *Clock, b *builder) {
	i := l.subject.Issue
	if i.Unknown.Has(issue.InputStatus) || i.Status.Name == "" || strings.EqualFold(i.Status.Name, b.status) {
		return
	}
	last := l.moments[len(l.moments)-1]
	at := i.Updated
	closed := i.Status.Category == issue.Completed || i.Status.Category == issue.Canceled
	if closed && !i.Resolved.IsZero() {
		at = i.Resolved
	}
	if at.Before(last.at) {
		at = last.at
	}
	l.doubt("the history ends in the status %q but the issue is in %q: the change is dated %s", b.status, i.Status.Name, dayText(at))
	last.at, last.status, last.class, last.closed = at, i.Status.Name, i.Status.Category, closed
	last.paused = c.pauses(last)
	l.moments = append(l.moments, last)
}

// pauses names what pauses the clock of an issue like that.
func (c *Clock) pauses(m moment) string {
	same := func(name string) func(string) bool {
		return func(s string) bool { return strings.EqualFold(s, name) }
	}
	if slices.ContainsFunc(c.spec.Pauses.Statuses, same(m.status)) {
		return m.status
	}
	for _, label := range m.labels {
		if slices.ContainsFunc(c.spec.Pauses.Labels, same(label)) {
			return label
		}
	}
	return ""
}

func dayText(t time.Time) string { return t.UTC().Format("2 January 2006 15:04 MST") }
