package backtest

import (
	"strings"
	"time"

	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/policy"
)

// replay holds what grows with days and policies; of each issue only the moves
// and today's differences are kept.
type replay struct {
	days     []span
	o        Options
	runs     []*run
	actual   []Actual
	coverage Coverage
	compare  *comparing
}

func newReplay(days []span, o Options, candidates []Candidate) *replay {
	r := &replay{days: days, o: o, actual: make([]Actual, len(days)), coverage: Coverage{UnknownStatuses: []string{}, Notes: []string{}}}
	for n, d := range days {
		r.actual[n] = Actual{Date: d.date, Priorities: map[issue.Priority]int{}}
	}
	for _, c := range candidates {
		r.runs = append(r.runs, newRun(c, r))
	}
	if len(r.runs) > 1 {
		r.compare = newComparing(days)
	}
	return r
}

// issue replays one issue through all days.
func (r *replay) issue(names *names, p *Past) {
	t, f := newTimeline(names, p, r.o.Managed)
	r.cover(f)
	if f.lost {
		return
	}
	tracks := make([]track, len(r.runs))
	for n := range tracks {
		tracks[n].run = r.runs[n]
		tracks[n].policy = r.runs[n].Set.For(p.Issue.Source, p.Issue.Project)
	}
	t.take(names, r.o.Since.Add(-1), r.o.Managed)
	differed := 0
	for n, day := range r.days {
		if !p.Issue.Created.Before(day.to) {
			continue
		}
		if t.next == len(t.events) && !isOpen(&t.at) {
			break // closed for good
		}
		r.events(names, t, tracks, n)
		if r.end(names, t, tracks, n) {
			differed++
		}
	}
	for n := range tracks {
		tracks[n].finish()
	}
	if r.compare != nil {
		r.compare.today(t, tracks, differed)
	}
}

func (r *replay) cover(f flaws) {
	c := &r.coverage
	count := func(yes bool, n *int) {
		if yes {
			*n++
		}
	}
	count(f.lost, &c.Left)
	if f.lost {
		return
	}
	c.Issues++
	c.OwnChanges += f.own
	count(f.missing, &c.NoHistory)
	count(f.cut, &c.CutHistory)
	count(f.broken, &c.Broken)
}

// events decides at the issue's beginning and at each change of a day. Changes
// of one moment are one.
func (r *replay) events(names *names, t *timeline, tracks []track, day int) {
	if born := t.at.Created; !born.Before(r.o.Since) && !tracks[0].decided {
		t.take(names, born, r.o.Managed)
		for n := range tracks {
			if isOpen(&t.at) {
				tracks[n].decide(t.moment(born), born, day)
			}
		}
	}
	for t.next < len(t.events) {
		at := t.events[t.next].At
		if !at.Before(r.days[day].to) && day < len(r.days)-1 || at.After(r.days[day].to) {
			return
		}
		before := t.at.Priority
		taken := t.take(names, at, r.o.Managed)
		for n := range tracks {
			tracks[n].people(taken, before)
			tracks[n].changed = true
			if isOpen(&t.at) {
				tracks[n].decide(t.moment(at), at, day)
			}
		}
	}
}

// end counts a day's end and reports whether the lanes of the first two
// policies differ.
func (r *replay) end(names *names, t *timeline, tracks []track, day int) bool {
	if !isOpen(&t.at) {
		return false
	}
	now := r.days[day].to
	i := t.moment(now)
	names.unknownStatus(i.Status)
	a := &r.actual[day]
	a.Open++
	if i.Unknown.Has(issue.InputPriority) {
		a.Unknown++
	} else {
		a.Priorities[i.Priority]++
	}
	for n := range tracks {
		tracks[n].decide(i, now, day)
		tracks[n].count(day)
	}
	if r.compare == nil || tracks[0].last.Lane == tracks[1].last.Lane {
		return false
	}
	r.compare.days[day].Issues++
	r.compare.issueDays++
	return true
}

// track is one issue under one policy.
type track struct {
	*run
	policy  *policy.Policy
	memory  policy.Memory
	last    policy.Decision
	decided bool   // last holds a decision
	changed bool   // the issue changed since
	lane    string // the newest lane; an undecided issue is still there for people
	left    map[string]time.Time
	wish    proposal
}

// decide evaluates the issue, unless nothing that counts has changed.
func (k *track) decide(i *issue.Issue, now time.Time, day int) {
	due := !k.last.Next.IsZero() && !k.last.Next.After(now)
	if k.decided && !k.changed && !due {
		return
	}
	d, memory := k.policy.Decide(policy.Input{Issue: i, Now: now, Memory: k.memory})
	k.decisions++
	k.held += returns(&k.last, &d)
	if d.Undecided == "" {
		k.place(i, &d, now, day)
	}
	k.last, k.memory, k.decided, k.changed = d, memory, true, false
	k.propose(i, now)
}

// place notes that an issue came into a lane.
func (k *track) place(i *issue.Issue, d *policy.Decision, now time.Time, day int) {
	from := k.lane
	if from == d.Lane {
		return
	}
	k.lane = d.Lane
	out := &k.days[day]
	if d.Lane == k.hot && (from != "" || day > 0 || !i.Created.Before(k.since)) {
		out.Hot++
	}
	if from == "" {
		return
	}
	if k.left == nil {
		k.left = map[string]time.Time{}
	}
	m := Move{Ref: i.Ref().String(), At: now, From: from, To: d.Lane, Cause: cause(&k.last, d)}
	if left, ok := k.left[d.Lane]; ok && now.Sub(left) <= max(returnsWithin, k.policy.Spec().Settle) {
		m.Flap = true
		out.Flaps++
	}
	k.left[from] = now
	out.Moves++
	k.keep(m)
}

// causesShown is how many changed inputs a cause names.
const causesShown = 3

func cause(before, after *policy.Decision) string {
	changed := policy.Changed(before, after)
	if len(changed) == 0 {
		return "time"
	}
	return strings.Join(changed[:min(len(changed), causesShown)], "; ")
}

// returns counts the returns that settle holds back anew.
func returns(before, after *policy.Decision) (n int) {
	for _, h := range after.Holds {
		known := false
		for _, o := range before.Holds {
			known = known || o.Why == policy.HeldBySettle && o.What == h.What && o.Until.Equal(h.Until)
		}
		if h.Why == policy.HeldBySettle && !known {
			n++
		}
	}
	return n
}

// count adds the issue to a day's end.
func (k *track) count(day int) {
	d := &k.days[day]
	d.Open++
	if k.last.Undecided != "" {
		d.Undecided++
		return
	}
	d.Lanes[k.last.Lane]++
	d.Priorities[k.last.Priority]++
}
