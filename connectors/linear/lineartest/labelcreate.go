package lineartest

import (
	"slices"
	"strings"
)

// reservedLabels cannot be the name of a label.
func reservedLabels() []string {
	return []string{"assignee", "cycle", "effort", "estimate", "hours", "priority", "project", "state", "status"}
}

// groupSize is the most labels that a group can hold.
const groupSize = 250

func issueLabelCreate(x *run, a args) (any, error) {
	in := args(a.object("input"))
	w := &x.s.world
	l := Label{
		ID: in.text("id"), Name: strings.TrimSpace(in.text("name")), Color: in.text("color"), TeamID: in.text("teamId"),
		ParentID: in.text("parentId"), Group: in.flag("isGroup"), RetiredAt: in.time("retiredAt"), CreatorID: w.viewer.ID,
	}
	if err := x.checkNewLabel(&l); err != nil {
		return nil, err
	}
	x.s.sync++
	return x.done(x.s.addLabel(l))
}

func (x *run) checkNewLabel(l *Label) error {
	w := &x.s.world
	switch {
	case x.s.behavior.LabelsByAdminsOnly && !w.viewer.Admin:
		return forbidden("Only team owners can create labels.")
	case l.Name == "":
		return badArgument("name must not be empty")
	case slices.Contains(reservedLabels(), strings.ToLower(l.Name)):
		return invalid("Reserved label name", "The name '"+l.Name+"' is reserved.")
	case l.ID != "" && !isUUID(l.ID):
		return badArgument("id must be a UUID")
	case l.ID != "" && w.labels.byID[l.ID] != nil:
		return alreadyExists("IssueLabel", l.ID)
	case l.TeamID != "" && w.teams.byID[l.TeamID] == nil:
		return notFound("Team")
	}
	if l.ParentID != "" {
		if err := x.checkGroup(l); err != nil {
			return err
		}
	}
	return x.checkDuplicate(l)
}

func (x *run) checkGroup(l *Label) error {
	group := x.s.world.labels.byID[l.ParentID]
	switch {
	case group == nil:
		return notFound("IssueLabel")
	case !group.Group:
		return invalid("Parent label is not a group", "")
	case len(x.childrenOf(group)) >= groupSize:
		return invalid("Label group is full", "A label group can hold 250 labels.")
	case l.TeamID != "" && l.TeamID != group.TeamID:
		return invalid("Label must have the scope of its group", "")
	}
	return nil
}

// checkDuplicate refuses a name that exists in the same scope: within a group,
// else among the labels without a group.
func (x *run) checkDuplicate(l *Label) error {
	for _, other := range x.s.world.labels.all {
		if other.ParentID == l.ParentID && (l.ParentID != "" || other.TeamID == l.TeamID || other.TeamID == "" || l.TeamID == "") &&
			strings.EqualFold(other.Name, l.Name) {
			return invalid("duplicate label name", "A label with the name '"+l.Name+"' already exists.")
		}
	}
	return nil
}
