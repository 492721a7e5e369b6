package lineartest

import (
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
)

// update is the input of issueUpdate: only what is present changes, null
// clears.
type update struct {
	x  *run
	in args
}

// given reports whether a field was sent; text is "" for null.
func (u *update) given(name string) (string, bool) {
	_, ok := u.in[name]
	return u.in.text(name), ok
}

// check refuses what the service refuses.
func (u *update) check(r *record) error {
	if r.Gone() && !u.restores() {
		return invalid("Issue is archived", "An archived issue cannot be edited. Restore it first.")
	}
	if p, ok := toNumber(u.in["priority"]); ok && (p < 0 || p > 4) {
		return badArgument("priority must not be less than 0 or greater than 4")
	}
	if t, ok := u.given("title"); ok && strings.TrimSpace(t) == "" {
		return badArgument("title must not be empty")
	}
	if err := u.checkRefs(r); err != nil {
		return err
	}
	if err := u.checkSLA(r); err != nil {
		return err
	}
	return u.checkLabels(r)
}

// restores reports an update that takes an issue out of the trash.
func (u *update) restores() bool {
	v, ok := u.in["trashed"].(bool)
	return ok && !v
}

// checkRefs looks the other things up that the input names.
func (u *update) checkRefs(r *record) error {
	w := &u.x.s.world
	if id, ok := u.given("assigneeId"); ok && id != "" {
		a := w.users.byID[id]
		if a == nil {
			return notFound("User")
		}
		if a.Inactive || a.Unassignable {
			return invalid("assigneeId: user cannot be assigned", "The user is not active or cannot be assigned issues.")
		}
	}
	team := u.team(r)
	if team == nil {
		return notFound("Team")
	}
	if id, ok := u.given("stateId"); ok {
		st := w.states.byID[id]
		if st == nil {
			return notFound("WorkflowState")
		}
		if st.TeamID != team.ID {
			return invalid("stateId for incorrect team", "")
		}
	}
	known := map[string]func(id string) bool{
		"parentId":           func(id string) bool { return w.find(id) != nil },
		"cycleId":            func(id string) bool { return w.cycles.byID[id] != nil },
		"projectId":          func(id string) bool { return w.projects.byID[id] != nil },
		"projectMilestoneId": func(id string) bool { return w.milestones.byID[id] != nil },
		"delegateId":         func(id string) bool { return w.users.byID[id] != nil },
	}
	for _, name := range []string{"parentId", "cycleId", "projectId", "projectMilestoneId", "delegateId"} {
		if id, ok := u.given(name); ok && id != "" && !known[name](id) {
			return notFound(strings.TrimSuffix(name, "Id"))
		}
	}
	return nil
}

// team is the team that the issue will have.
func (u *update) team(r *record) *Team {
	if id, ok := u.given("teamId"); ok {
		return u.x.s.world.team(id)
	}
	return u.x.s.world.teams.byID[r.TeamID]
}

func (u *update) slaSent() bool {
	for _, name := range []string{"slaBreachesAt", "slaStartedAt", "slaType"} {
		if _, ok := u.in[name]; ok {
			return true
		}
	}
	return false
}

func (u *update) checkSLA(r *record) error {
	if u.slaSent() && !u.x.s.world.org.sla() && u.x.s.behavior.SLAWithoutPlan == SLARefused {
		return noFeature("SLA")
	}
	due, ok := u.given("dueDate")
	if ok && due != "" && u.x.s.behavior.DueOnSLA == DueRefusedBySLA && !r.SLABreachesAt.IsZero() {
		return invalid("Cannot set a due date on an issue with an SLA", "")
	}
	return nil
}

// labels is the set that the issue will have, and the ids that are added.
func (u *update) labels(i *Issue) (final, added []string) {
	current := i.LabelIDs
	if _, ok := u.in["labelIds"]; ok {
		current = nil
		added = toTexts(u.in["labelIds"])
	}
	removed := toTexts(u.in["removedLabelIds"])
	added = append(added, toTexts(u.in["addedLabelIds"])...)
	for _, id := range slices.Concat(current, added) {
		if !slices.Contains(final, id) && !slices.Contains(removed, id) {
			final = append(final, id)
		}
	}
	return final, missing(added, i.LabelIDs)
}

// checkLabels refuses the whole update for one wrong label.
func (u *update) checkLabels(r *record) error {
	w := &u.x.s.world
	final, added := u.labels(&r.Issue)
	for _, id := range slices.Concat(toTexts(u.in["removedLabelIds"]), toTexts(u.in["labelIds"]), toTexts(u.in["addedLabelIds"])) {
		if w.labels.byID[id] == nil {
			return notFound("IssueLabel")
		}
	}
	for _, id := range added {
		if err := u.checkLabel(w.labels.byID[id], r); err != nil {
			return err
		}
	}
	if len(added) == 0 {
		return nil
	}
	set := final
	if u.x.s.behavior.NoNetting {
		set = append(slices.Clone(r.LabelIDs), added...)
	}
	return u.exclusive(set)
}

func (u *update) checkLabel(l *Label, r *record) error {
	team := u.team(r)
	switch sc := u.x.s.world.scope(l); {
	case l.Group:
		return invalid("labelIds contains a label group", "The label '"+l.Name+"' is a group and cannot be applied to issues.")
	case l.retired():
		return invalid("labelIds contains a retired label", "The label '"+l.Name+"' is retired and cannot be applied.")
	case sc != "" && sc != team.ID:
		return invalid("labelIds for incorrect team", "The label '"+l.Name+"' is not associated with the same team as the issue.")
	}
	return nil
}

// exclusive refuses two labels of one group.
func (u *update) exclusive(ids []string) error {
	seen := map[string]string{}
	for _, id := range ids {
		l := u.x.s.world.labels.byID[id]
		if l == nil || l.ParentID == "" {
			continue
		}
		if other, ok := seen[l.ParentID]; ok && other != id {
			return invalid("labelIds not exclusive child labels", "The label '"+l.Name+"' is in a group that the issue has a label of.")
		}
		seen[l.ParentID] = id
	}
	return nil
}

// apply writes the input, which check has let through.
func (u *update) apply(i *Issue) {
	if id, ok := u.given("teamId"); ok {
		u.x.s.moveTo(i, u.x.s.world.team(id))
	}
	i.LabelIDs, _ = u.labels(i)
	for name, field := range map[string]*string{
		"title": &i.Title, "stateId": &i.StateID, "assigneeId": &i.AssigneeID, "delegateId": &i.DelegateID,
		"cycleId": &i.CycleID, "projectId": &i.ProjectID, "projectMilestoneId": &i.MilestoneID,
	} {
		if v, ok := u.given(name); ok {
			*field = v
		}
	}
	if d, ok := u.given("description"); ok {
		i.Description = u.x.s.markdown(d)
	}
	if p, ok := u.given("parentId"); ok {
		i.ParentID = ""
		if parent := u.x.s.world.find(p); parent != nil {
			i.ParentID = parent.ID
		}
	}
	if ids, ok := u.in["subscriberIds"]; ok {
		i.Subscribers = toTexts(ids)
	}
	u.applyNumbers(i)
	u.applyTrash(i)
	u.applyDates(i)
}

func (u *update) applyNumbers(i *Issue) {
	if v, ok := u.in["priority"]; ok {
		p, _ := toNumber(v)
		i.Priority = int(p)
	}
	if v, ok := u.in["estimate"]; ok {
		i.Estimate = nil
		if e, ok := toNumber(v); ok {
			i.Estimate = &e
		}
	}
	if v, ok := toNumber(u.in["sortOrder"]); ok {
		i.SortOrder = v
	}
}

func (u *update) applyTrash(i *Issue) {
	switch v := u.in["trashed"]; v {
	case true:
		i.Trashed, i.ArchivedAt = true, u.x.s.now()
	case false:
		i.Trashed, i.ArchivedAt = false, time.Time{}
	}
}

// applyDates keeps a due date and an SLA apart: each erases the other.
func (u *update) applyDates(i *Issue) {
	b := &u.x.s.behavior
	if due, ok := u.given("dueDate"); ok {
		i.DueDate = due
		if due != "" && b.DueOnSLA == DueErasesSLA && !u.slaSent() {
			i.SLAStartedAt, i.SLABreachesAt, i.SLAType = time.Time{}, time.Time{}, ""
		}
	}
	if _, ok := u.in["snoozedUntilAt"]; ok {
		i.SnoozedUntil = u.in.time("snoozedUntilAt")
	}
	if !u.slaSent() || !u.x.s.world.org.sla() && b.SLAWithoutPlan != SLAAllowed {
		return
	}
	if _, ok := u.in["slaStartedAt"]; ok {
		i.SLAStartedAt = u.in.time("slaStartedAt")
	}
	if t, ok := u.given("slaType"); ok {
		i.SLAType = t
	}
	if _, ok := u.in["slaBreachesAt"]; ok {
		i.SLABreachesAt = u.in.time("slaBreachesAt")
	}
	u.settleSLA(i)
}

// settleSLA fills in what an SLA needs, or clears what is left of a removed
// one.
func (u *update) settleSLA(i *Issue) {
	if i.SLABreachesAt.IsZero() {
		i.SLAStartedAt, i.SLAType = time.Time{}, ""
		return
	}
	i.SLAStartedAt = or(i.SLAStartedAt, u.x.s.now())
	if i.SLAType == "" {
		i.SLAType = "all"
	}
	i.DueDate = ""
}

func isUUID4(s string) bool {
	id, err := uuid.Parse(s)
	return err == nil && len(s) == 36 && id.Version() == 4
}

// markdown writes a text the way Linear gives it back: its own dialect of the
// same, not byte for byte.
func (s *Server) markdown(text string) string {
	if s.behavior.KeepMarkdown {
		return text
	}
	lines := strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
	for i, l := range lines {
		l = strings.TrimRight(l, " \t")
		if item, ok := strings.CutPrefix(l, "- "); ok {
			l = "* " + item
		}
		lines[i] = l
	}
	return strings.TrimRight(strings.Join(lines, "\n"), "\n")
}
