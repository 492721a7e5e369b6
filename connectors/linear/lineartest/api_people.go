package lineartest

import (
	"strings"
	"time"
)

func (a *api) addPeople() {
	a.types["User"] = fields{
		"id":            text(func(u *User) string { return u.ID }),
		"name":          text(func(u *User) string { return u.Name }),
		"displayName":   text(func(u *User) string { return u.DisplayName }),
		"email":         text(func(u *User) string { return u.Email }),
		"active":        boolean(func(u *User) bool { return !u.Inactive }),
		"admin":         boolean(func(u *User) bool { return u.Admin }),
		"owner":         boolean(func(*User) bool { return false }),
		"guest":         boolean(func(u *User) bool { return u.Guest }),
		"app":           boolean(func(u *User) bool { return u.App }),
		"isAssignable":  boolean(func(u *User) bool { return !u.Unassignable && !u.Inactive }),
		"isMentionable": boolean(func(u *User) bool { return !u.Inactive }),
		"isMe": {leaf: func(x *run, v any, b []byte) []byte {
			return appendJSON(b, v.(*User) == x.s.world.viewer)
		}},
		"initials":   text(func(u *User) string { return strings.ToUpper(u.Name[:min(1, len(u.Name))]) }),
		"archivedAt": null(),
		"createdAt":  instant(func(u *User) time.Time { return u.CreatedAt }),
		"updatedAt":  instant(func(u *User) time.Time { return u.UpdatedAt }),
		"url":        text(func(u *User) string { return "https://linear.example.org/profiles/" + u.DisplayName }),
	}
	a.types["ActorBot"] = a.types["User"] // never reached: nothing has a bot
	a.types["Team"] = fields{
		"id":          text(func(t *Team) string { return t.ID }),
		"key":         text(func(t *Team) string { return t.Key }),
		"name":        text(func(t *Team) string { return t.Name }),
		"displayName": text(func(t *Team) string { return t.Name }),
		"description": null(),
		"timezone":    text(func(t *Team) string { return t.Timezone }),
		"private":     boolean(func(t *Team) bool { return t.Private }),
		"createdAt":   instant(func(t *Team) time.Time { return t.CreatedAt }),
		"updatedAt":   instant(func(t *Team) time.Time { return t.UpdatedAt }),
		"archivedAt":  null(),
		"retiredAt":   null(),

		"autoArchivePeriod":            constant("6"),
		"autoClosePeriod":              null(),
		"cyclesEnabled":                constant("true"),
		"issueEstimationType":          text(func(t *Team) string { return t.EstimationType }),
		"issueEstimationAllowZero":     constant("false"),
		"issueEstimationExtended":      constant("false"),
		"requirePriorityToLeaveTriage": constant("false"),
		"triageEnabled": boolean(func(t *Team) bool {
			_, ok := t.StateOf("triage")
			return ok
		}),
		"issueCount":           {leaf: issueCount},
		"parent":               ref(func(*run, *Team) *Team { return nil }),
		"activeCycle":          ref(func(x *run, t *Team) *Cycle { return x.activeCycle(t.ID) }),
		"triageIssueState":     ref(triageState),
		"triageResponsibility": {one: triageResponsibility},
		"states": listOf(stateKeys(), func(x *run, t *Team, a args) ([]*State, error) {
			return apply(x, a, pointers(t.States), stateFilter, nil), nil
		}),
		"labels": listOf(labelKeys(), func(x *run, t *Team, a args) ([]*Label, error) {
			return apply(x, a, x.labelsForTeam(t), labelFilter, (*Label).retired), nil
		}),
		"members": listOf(userKeys(), func(x *run, _ *Team, a args) ([]*User, error) {
			return apply(x, a, x.s.world.users.all, userFilter, (*User).inactive), nil
		}),
		"issues": {one: func(x *run, v any, a args) (any, error) { return x.issuePage(a, v.(*Team)) }},
	}
	a.types["TriageResponsibility"] = fields{
		"id":          text(func(t *Team) string { return t.ID }),
		"action":      constant(`"notify"`),
		"currentUser": ref(func(x *run, t *Team) *User { return x.user(t.OnDuty) }),
		"team":        ref(func(_ *run, t *Team) *Team { return t }),
		"archivedAt":  null(),
		"createdAt":   instant(func(t *Team) time.Time { return t.CreatedAt }),
		"updatedAt":   instant(func(t *Team) time.Time { return t.UpdatedAt }),
	}
	a.types["WorkflowState"] = fields{
		"id":          text(func(st *State) string { return st.ID }),
		"name":        text(func(st *State) string { return st.Name }),
		"type":        text(func(st *State) string { return st.Type }),
		"color":       text(func(st *State) string { return st.Color }),
		"description": null(),
		"position":    number(func(st *State) float64 { return st.Position }),
		"team":        ref(stateTeamOf),
		"archivedAt":  null(),
		"createdAt":   instant(func(st *State) time.Time { return st.CreatedAt }),
		"updatedAt":   instant(func(st *State) time.Time { return st.CreatedAt }),
	}
	a.types["IssueLabel"] = fields{
		"id":            text(func(l *Label) string { return l.ID }),
		"name":          text(func(l *Label) string { return l.Name }),
		"color":         text(func(l *Label) string { return l.Color }),
		"description":   null(),
		"isGroup":       boolean(func(l *Label) bool { return l.Group }),
		"parent":        ref(groupOf),
		"team":          ref(labelTeamOf),
		"inheritedFrom": ref(func(*run, *Label) *Label { return nil }),
		"creator":       ref(func(x *run, l *Label) *User { return x.user(l.CreatorID) }),
		"retiredBy":     ref(func(*run, *Label) *User { return nil }),
		"retiredAt":     instant(func(l *Label) time.Time { return l.RetiredAt }),
		"archivedAt":    instant(func(l *Label) time.Time { return l.RetiredAt }),
		"lastAppliedAt": null(),
		"createdAt":     instant(func(l *Label) time.Time { return l.CreatedAt }),
		"updatedAt":     instant(func(l *Label) time.Time { return l.UpdatedAt }),
		"children": listOf(labelKeys(), func(x *run, l *Label, a args) ([]*Label, error) {
			return apply(x, a, x.childrenOf(l), labelFilter, (*Label).retired), nil
		}),
	}
	a.types["Organization"] = organizationFields()
}

func organizationFields() fields {
	return fields{
		"id":               text(func(o *Organization) string { return o.ID }),
		"name":             text(func(o *Organization) string { return o.Name }),
		"urlKey":           text(func(o *Organization) string { return o.URLKey }),
		"customersEnabled": boolean((*Organization).customers),
		"archivedAt":       null(),
		"createdAt":        instant(func(o *Organization) time.Time { return o.CreatedAt }),
		"updatedAt":        instant(func(o *Organization) time.Time { return o.CreatedAt }),
		"userCount": {leaf: func(x *run, _ any, b []byte) []byte {
			return appendNumber(b, float64(len(x.s.world.users.all)))
		}},
		"teams": listOf(teamKeys(), func(x *run, _ *Organization, a args) ([]*Team, error) {
			return apply(x, a, x.s.world.teams.all, teamFilter, nil), nil
		}),
		"users": listOf(userKeys(), func(x *run, _ *Organization, a args) ([]*User, error) {
			return apply(x, a, x.s.world.users.all, userFilter, (*User).inactive), nil
		}),
		"labels": listOf(labelKeys(), func(x *run, _ *Organization, a args) ([]*Label, error) {
			return apply(x, a, x.s.world.labels.all, labelFilter, (*Label).retired), nil
		}),
	}
}

func (l *Label) retired() bool { return !l.RetiredAt.IsZero() }
func (u *User) inactive() bool { return u.Inactive }

func issueCount(x *run, v any, b []byte) []byte {
	n := 0
	for _, sl := range x.s.world.ordersOf(v.(*Team).ID).created.slots {
		if !sl.r.Gone() {
			n++
		}
	}
	return appendNumber(b, float64(n))
}

// triageResponsibility is the team seen as its triage duty, null where it has
// none.
func triageResponsibility(x *run, v any, _ args) (any, error) {
	if !x.s.world.org.sla() { // the same plans have both
		return nil, noFeature("Triage responsibility")
	}
	if t := v.(*Team); t.OnDuty != "" {
		return t, nil
	}
	return nil, nil
}

func triageState(_ *run, t *Team) *State {
	for i := range t.States {
		if t.States[i].Type == "triage" {
			return &t.States[i]
		}
	}
	return nil
}

func pointers[T any](items []T) []*T {
	out := make([]*T, len(items))
	for i := range items {
		out[i] = &items[i]
	}
	return out
}

// labelsForTeam are the team's own labels, then those of the workspace.
func (x *run) labelsForTeam(t *Team) []*Label {
	var out []*Label
	for _, l := range x.s.world.labels.all {
		if sc := x.s.world.scope(l); sc == "" || sc == t.ID {
			out = append(out, l)
		}
	}
	return out
}

func (x *run) childrenOf(group *Label) []*Label {
	var out []*Label
	for _, l := range x.s.world.labels.all {
		if l.ParentID == group.ID {
			out = append(out, l)
		}
	}
	return out
}

func stateKeys() keyed[*State] {
	return keyed[*State]{
		id:      func(st *State) string { return st.ID },
		created: func(st *State) time.Time { return st.CreatedAt },
	}
}

func teamKeys() keyed[*Team] {
	return keyed[*Team]{
		id:      func(t *Team) string { return t.ID },
		created: func(t *Team) time.Time { return t.CreatedAt },
		updated: func(t *Team) time.Time { return t.UpdatedAt },
	}
}
