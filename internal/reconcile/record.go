package reconcile

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/state"
)

// next is the record of an issue that was read again.
func next(prev *state.Record, i *issue.Issue, now time.Time) *state.Record {
	if prev == nil {
		return &state.Record{Issue: *i, Seen: now}
	}
	r := clone(prev)
	r.Issue, r.Seen, r.Absent = *i, now, 0
	if r.Clock != nil && i.Updated.Equal(prev.Issue.Updated) && !sameForClock(i, &prev.Issue) {
		// The time is that of a write of ours, which hid a change just before it.
		r.Clock.Read = time.Time{}
	}
	return r
}

// sameForClock tells whether two readings agree in what clocks read.
func sameForClock(a, b *issue.Issue) bool {
	return a.Status.Name == b.Status.Name && a.Priority == b.Priority && a.Assignee.ID == b.Assignee.ID &&
		a.Comments == b.Comments && slices.Equal(a.Labels, b.Labels)
}

// clone copies what a cycle changes in place.
func clone(r *state.Record) *state.Record {
	c := *r
	c.Applied, c.Freed = maps.Clone(r.Applied), maps.Clone(r.Freed)
	c.Overrides = slices.Clone(r.Overrides)
	c.Gaps = slices.Clone(r.Gaps)
	c.Issue.Labels = slices.Clone(r.Issue.Labels)
	if r.Parked != nil {
		p := *r.Parked
		c.Parked = &p
	}
	if r.PostMortem != nil {
		p := *r.PostMortem
		c.PostMortem = &p
	}
	if r.Clock != nil {
		k := *r.Clock
		k.Lanes, k.Results = slices.Clone(k.Lanes), slices.Clone(k.Results)
		c.Clock = &k
	}
	return &c
}

func setApplied(r *state.Record, f issue.Field, v string) {
	if r.Applied == nil {
		r.Applied = map[issue.Field]string{}
	}
	r.Applied[f] = v
	delete(r.Freed, f)
}

// free lets a value that a person chose be written over. It does not count as
// lanekeeper's own: whoever sets it again later chooses it anew.
func free(r *state.Record, f issue.Field, v string) {
	if own, written := r.Applied[f]; written && own == v {
		return
	}
	if r.Freed == nil {
		r.Freed = map[issue.Field]string{}
	}
	r.Freed[f] = v
}

// drop removes the override at a position, none for -1.
func drop(r *state.Record, at int) {
	if at >= 0 {
		r.Overrides = slices.Delete(r.Overrides, at, at+1)
	}
}

// hold adds or replaces the override of a field.
func hold(r *state.Record, o state.Override) {
	delete(r.Freed, o.Field)
	at, found := slices.BinarySearchFunc(r.Overrides, o.Field, func(a state.Override, f issue.Field) int { return cmp.Compare(a.Field, f) })
	if found {
		r.Overrides[at] = o
		return
	}
	r.Overrides = slices.Insert(r.Overrides, at, o)
}

// writable is 1 for a field that can be written on this issue, 0 for one that
// its tracker refuses.
func writable(r *state.Record, f issue.Field) int {
	if slices.Contains(r.Gaps, f) {
		return 0
	}
	return 1
}
