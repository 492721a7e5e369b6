package lineartest

import (
	"slices"
	"time"
)

// Behavior holds what is not established about Linear, and what differs
// between workspaces. The zero value is what we believe to be usual.
type Behavior struct {
	// What moves Issue.updatedAt beside the issue's own fields.
	CommentsTouch    bool
	NeedsTouch       bool
	RelationsTouch   bool
	AttachmentsTouch bool
	ReactionsTouch   bool

	// SameValueTouches moves updatedAt when a write changes nothing;
	// SameValueHistory writes an empty history entry for it.
	SameValueTouches bool
	SameValueHistory bool

	// DueOnSLA is what a due date does to an SLA that is there.
	DueOnSLA DueOnSLA
	// SLAWithoutPlan is what an SLA write does on a plan without SLAs.
	SLAWithoutPlan SLAWithoutPlan
	// BatchPartial lets issueBatchUpdate change the issues it can and leave
	// the others out of its answer, instead of all or nothing.
	BatchPartial bool
	// NoNetting refuses to add a group's child even when the same update
	// removes its sibling.
	NoNetting bool
	// ChargeListed charges the list price of a query instead of what the
	// answer really holds.
	ChargeListed bool
	// CursorLife is how long a cursor stays valid; 0 is for ever.
	CursorLife time.Duration
	// MergeHistory joins changes of one actor within the window into one
	// entry; 0 keeps each change apart.
	MergeHistory time.Duration
	// HistoryOldestFirst turns the order of history round.
	HistoryOldestFirst bool
	// KeepMarkdown stores texts as sent; otherwise Linear writes its own
	// dialect.
	KeepMarkdown bool
	// LabelsByAdminsOnly refuses issueLabelCreate to ordinary members.
	LabelsByAdminsOnly bool

	// RetryKeepsTimestamp sends a webhook's retry with the first attempt's
	// webhookTimestamp instead of a new one.
	RetryKeepsTimestamp bool

	// Lag is how far filtered lists are behind; look-ups by id are not.
	Lag time.Duration
	// DateSkew is added to the Date header.
	DateSkew time.Duration
	// NullFields answers null for fields such as "Issue.assignee" or, against
	// the schema's promise, "Issue.title".
	NullFields []string
}

// DueOnSLA is the effect of a due date on an SLA.
type DueOnSLA int

// The effects.
const (
	DueErasesSLA DueOnSLA = iota
	DueKeepsSLA
	DueRefusedBySLA
)

// SLAWithoutPlan is the fate of SLA writes where the plan has none.
type SLAWithoutPlan int

// The fates.
const (
	SLARefused SLAWithoutPlan = iota
	SLAIgnored
	SLAAllowed
)

// Behave changes the behavior from now on.
func (s *Server) Behave(f func(*Behavior)) {
	s.lock()
	defer s.mu.Unlock()
	f(&s.behavior)
}

// stale is a version of an issue that lists still show until they catch up.
// A nil old means that the issue did not exist.
type stale struct {
	r     *record
	old   *Issue
	since time.Time
}

// remember keeps the version before a change for lagging lists.
func (s *Server) remember(r *record, before *Issue) {
	if s.behavior.Lag == 0 {
		s.world.stale = nil
		return
	}
	v := stale{r: r, since: s.now()}
	if before != nil {
		old := before.clone()
		v.old = &old
	}
	s.world.stale = append(s.world.stale, v)
}

// lagging returns, by issue, the version that lists still show; nil hides the
// issue.
func (s *Server) lagging() map[*record]*record {
	if s.behavior.Lag == 0 || len(s.world.stale) == 0 {
		return nil
	}
	visible := s.now().Add(-s.behavior.Lag)
	s.world.stale = slices.DeleteFunc(s.world.stale, func(v stale) bool { return !v.since.After(visible) })
	out := map[*record]*record{}
	for _, v := range s.world.stale {
		if _, ok := out[v.r]; ok {
			continue // an older version is shown already
		}
		if v.old == nil {
			out[v.r] = nil
			continue
		}
		old := *v.r
		old.Issue = *v.old
		out[v.r] = &old
	}
	return out
}
