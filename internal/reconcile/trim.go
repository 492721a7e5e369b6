package reconcile

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/policy"
)

const (
	// eventsKept bounds the events of one history, the newest of which are kept.
	eventsKept = 500
	// commentsKept bounds the comments: so many of the oldest, which may be the
	// first answer, and of the newest, which may be that of a later run.
	commentsKept = 32
)

// clockReads is what the clock of an SLA reads of a history.
type clockReads struct {
	anyLabel, assignee, comments bool
	labels                       []string // in lower case
}

// readsOf looks at a spec. What the conditions of its targets mention counts as
// read: that may be more than they read, and is never less.
func readsOf(s policy.SLASpec) clockReads {
	var out clockReads
	responds := false
	for _, t := range s.Targets {
		out.anyLabel = out.anyLabel || strings.Contains(t.When, "label")
		out.assignee = out.assignee || strings.Contains(t.When, "assignee")
		responds = responds || t.Respond > 0
	}
	out.comments = responds && s.CountsResponse(policy.RespondsComment)
	for _, l := range append(slices.Clone(s.Pauses.Labels), s.Label) {
		if l != "" {
			out.labels = append(out.labels, strings.ToLower(l))
		}
	}
	slices.Sort(out.labels)
	out.labels = slices.Compact(out.labels)
	return out
}

// String names it, so that a stored history tells for what it was kept.
func (k clockReads) String() string {
	return fmt.Sprintf("%t %t %t %q", k.anyLabel, k.assignee, k.comments, k.labels)
}

func (k clockReads) label(name string) bool {
	low := strings.ToLower(name)
	return k.anyLabel || strings.HasPrefix(low, issue.FieldLane.Prefix()) || slices.Contains(k.labels, low)
}

// trim keeps what the clock reads of a history.
func (k clockReads) trim(h issue.History, reporter issue.Person) issue.History {
	out := issue.History{Complete: h.Complete, CommentsRead: h.CommentsRead}
	for _, e := range h.Events {
		switch e.Field {
		case issue.FieldStatus, issue.FieldPriority:
		case issue.FieldAssignee:
			if !k.assignee {
				continue
			}
		case issue.FieldLabels:
			if !k.label(e.From + e.To) { // one of them is empty
				continue
			}
		default:
			continue
		}
		e.At = e.At.UTC().Truncate(time.Millisecond)
		out.Events = append(out.Events, e)
	}
	if n := len(out.Events) - eventsKept; n > 0 {
		out.Events, out.Complete = slices.Clone(out.Events[n:]), false
	}
	if !k.comments {
		return out
	}
	for _, m := range h.Comments {
		if m.Public && !m.By.Self && !m.By.Bot && (m.By.ID == "" || m.By.ID != reporter.ID) {
			m.At = m.At.UTC().Truncate(time.Millisecond)
			out.Comments = append(out.Comments, m)
		}
	}
	if n := len(out.Comments); n > 2*commentsKept {
		out.Comments = slices.Delete(out.Comments, commentsKept, n-commentsKept)
		out.CommentsRead = false
	}
	return out
}
