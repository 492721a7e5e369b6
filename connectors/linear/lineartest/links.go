package lineartest

import "time"

// How one thing leads to another: shared by fields and filters.

func teamOf(x *run, r *record) *Team           { return x.s.world.teams.byID[r.TeamID] }
func stateOf(x *run, r *record) *State         { return x.s.world.states.byID[r.StateID] }
func assigneeOf(x *run, r *record) *User       { return x.user(r.AssigneeID) }
func creatorOf(x *run, r *record) *User        { return x.user(r.CreatorID) }
func delegateOf(x *run, r *record) *User       { return x.user(r.DelegateID) }
func parentOf(x *run, r *record) *record       { return x.issue(r.ParentID) }
func cycleOf(x *run, r *record) *Cycle         { return x.s.world.cycles.byID[r.CycleID] }
func projectOf(x *run, r *record) *Project     { return x.s.world.projects.byID[r.ProjectID] }
func milestoneOf(x *run, r *record) *Milestone { return x.s.world.milestones.byID[r.MilestoneID] }
func labelsOf(x *run, r *record) []*Label      { return x.labels(r.LabelIDs) }

func subscribersOf(x *run, r *record) []*User { return lookup(x.s.world.users, r.Subscribers) }

func groupOf(x *run, l *Label) *Label           { return x.s.world.labels.byID[l.ParentID] }
func labelTeamOf(x *run, l *Label) *Team        { return x.s.world.teams.byID[x.s.world.scope(l)] }
func stateTeamOf(x *run, st *State) *Team       { return x.s.world.teams.byID[st.TeamID] }
func tierOf(x *run, c *Customer) *Tier          { return x.s.world.tiers.byID[c.TierID] }
func needCustomer(x *run, n *Need) *Customer    { return x.s.world.customers.byID[n.CustomerID] }
func needIssue(x *run, n *Need) *record         { return x.issue(n.IssueID) }
func commentUser(x *run, c *Comment) *User      { return x.user(c.UserID) }
func commentIssue(x *run, c *Comment) *record   { return x.issue(c.IssueID) }
func commentParent(x *run, c *Comment) *Comment { return x.s.world.comments.byID[c.ParentID] }

func (x *run) user(id string) *User         { return x.s.world.users.byID[id] }
func (x *run) issue(id string) *record      { return x.s.world.issues[id] }
func (x *run) labels(ids []string) []*Label { return lookup(x.s.world.labels, ids) }

// lookup returns the things that exist among ids.
func lookup[T any](t table[T], ids []string) []*T {
	out := make([]*T, 0, len(ids))
	for _, id := range ids {
		if v := t.byID[id]; v != nil {
			out = append(out, v)
		}
	}
	return out
}

func (c *Cycle) activeAt(now time.Time) bool { return !now.Before(c.StartsAt) && now.Before(c.EndsAt) }

// nextCycle is the first of a team's cycles that has not begun.
func (x *run) nextCycle(team string) *Cycle {
	var next *Cycle
	for _, c := range x.s.world.cycles.all {
		if c.TeamID == team && c.StartsAt.After(x.s.now()) && (next == nil || c.StartsAt.Before(next.StartsAt)) {
			next = c
		}
	}
	return next
}

func (x *run) activeCycle(team string) *Cycle {
	for _, c := range x.s.world.cycles.all {
		if c.TeamID == team && c.activeAt(x.s.now()) {
			return c
		}
	}
	return nil
}

func importance(n *Need) float64 {
	if n.Important {
		return 1
	}
	return 0
}
