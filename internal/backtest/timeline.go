package backtest

import (
	"slices"
	"strings"
	"time"

	"github.com/lanekeeper/lanekeeper/internal/issue"
)

// timeline is one issue's past.
type timeline struct {
	present *issue.Issue
	at      issue.Issue // the state after the events that were taken
	events  []issue.Event
	next    int

	lastSeen time.Time // the newest event that was taken
}

// flaws is what a history leaves open.
type flaws struct {
	missing bool // it could not be read
	cut     bool // the tracker cut it
	broken  bool // it does not lead to the present state
	lost    bool // closed at an unknown time: the issue cannot be replayed
	own     int  // changes of our own that were left out
}

// unlogged is who made a change that no history tells of; nobody's id starts
// like this.
const unlogged = "\x00unlogged"

// newTimeline undoes a history from the present state. What lanekeeper wrote
// is left out; where the rest does not lead to the present state the difference
// counts as a change at the issue's last update.
func newTimeline(names *names, p *Past, managed []string) (*timeline, flaws) {
	var f flaws
	t := &timeline{present: &p.Issue, at: bare(&p.Issue)}
	if p.History == nil {
		f.missing = true
	} else {
		f.cut = !p.History.Complete
		t.events = relevant(p.History.Events)
	}
	t.close(&p.Issue, &f)
	for _, e := range slices.Backward(t.events) {
		undo(names, &t.at, e)
	}
	f.broken = t.mend(names, &p.Issue)
	f.own = t.withoutOwn()
	t.unmanaged(managed)
	return t, f
}

// bare copies what a replay changes in place.
func bare(i *issue.Issue) issue.Issue {
	c := *i
	c.Labels = slices.Clone(i.Labels)
	return c
}

// relevant copies the events that a replay understands, oldest first.
func relevant(events []issue.Event) []issue.Event {
	out := make([]issue.Event, 0, len(events)+1)
	for _, e := range events {
		switch e.Field {
		case issue.FieldStatus, issue.FieldPriority, issue.FieldLabels, issue.FieldDue, issue.FieldAssignee, issue.FieldTitle, issue.FieldKind:
			out = append(out, e)
		}
	}
	slices.SortStableFunc(out, func(a, b issue.Event) int { return a.At.Compare(b.At) })
	return out
}

// close adds the change that closed an issue whose history does not tell it,
// such as one that was imported. With a complete history and no time of
// resolution the issue was born closed.
func (t *timeline) close(i *issue.Issue, f *flaws) {
	told := slices.ContainsFunc(t.events, func(e issue.Event) bool { return e.Field == issue.FieldStatus })
	if i.Status.Category.Open() || i.Status.Category == "" || told {
		return
	}
	if i.Resolved.IsZero() {
		f.lost = f.missing || f.cut
		return
	}
	t.events = append(t.events, issue.Event{At: i.Resolved, Field: issue.FieldStatus, To: i.Status.Name, ToCategory: i.Status.Category})
	slices.SortStableFunc(t.events, func(a, b issue.Event) int { return a.At.Compare(b.At) })
}

// mend compares what the events lead to with the present, and adds what is
// missing.
func (t *timeline) mend(names *names, present *issue.Issue) (broken bool) {
	end := bare(&t.at)
	at := present.Updated
	for _, e := range t.events {
		redo(names, &end, e)
		if e.At.After(at) {
			at = e.At
		}
	}
	for _, e := range differences(&end, present) {
		e.At, e.By.ID = at, unlogged
		t.events = append(t.events, e)
		broken = true
	}
	return broken
}

// withoutOwn drops what lanekeeper wrote and counts it.
func (t *timeline) withoutOwn() int {
	before := len(t.events)
	t.events = slices.DeleteFunc(t.events, func(e issue.Event) bool { return e.By.Self })
	return before - len(t.events)
}

// unmanaged takes the managed labels off the first state. Events about them
// stay: they tell what people wanted.
func (t *timeline) unmanaged(managed []string) {
	t.at.Labels = slices.DeleteFunc(t.at.Labels, func(l string) bool { return isManaged(l, managed) })
}

func isManaged(label string, managed []string) bool {
	prefix, _, ok := strings.Cut(label, ":")
	return ok && slices.Contains(managed, prefix)
}

// take applies the events up to and including a moment and returns them.
func (t *timeline) take(names *names, until time.Time, managed []string) []issue.Event {
	from := t.next
	for t.next < len(t.events) && !t.events[t.next].At.After(until) {
		e := t.events[t.next]
		if e.Field != issue.FieldLabels || !isManaged(e.From+e.To, managed) {
			redo(names, &t.at, e)
			t.likePresent(e.Field)
		}
		t.lastSeen = e.At
		t.next++
	}
	return t.events[from:t.next]
}

// likePresent takes what a history does not carry, such as a person's name,
// from the present state where it holds the same value.
func (t *timeline) likePresent(f issue.Field) {
	switch i := &t.at; {
	case f == issue.FieldPriority && i.Priority == t.present.Priority && i.Unknown.Has(issue.InputPriority) == t.present.Unknown.Has(issue.InputPriority):
		i.RawPriority = t.present.RawPriority
	case f == issue.FieldAssignee && i.Assignee.ID == t.present.Assignee.ID:
		i.Assignee = t.present.Assignee
	case f == issue.FieldKind && i.RawKind == t.present.RawKind:
		i.Kind = t.present.Kind
	}
}

// moment fills in what follows from the events and the time of looking.
func (t *timeline) moment(now time.Time) *issue.Issue {
	i := &t.at
	i.Updated, i.Started, i.Resolved = i.Created, time.Time{}, time.Time{}
	if t.lastSeen.After(i.Created) {
		i.Updated = t.lastSeen
	}
	if t.next == len(t.events) && !t.present.Updated.After(now) {
		i.Updated = t.present.Updated
	}
	if !t.present.Started.After(now) {
		i.Started = t.present.Started
	}
	// In some real trackers an open issue keeps the time of a resolution.
	if (!isOpen(i) || t.next == len(t.events)) && !t.present.Resolved.After(now) {
		i.Resolved = t.present.Resolved
	}
	return i
}

// isOpen also takes a status of which nothing is known for open: that it was
// closed is not known either, and the report names it.
func isOpen(i *issue.Issue) bool {
	return !i.Gone && (i.Status.Category.Open() || i.Status.Category == "")
}
