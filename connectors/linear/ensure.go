package linear

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/lanekeeper/lanekeeper/connectors"
	"github.com/lanekeeper/lanekeeper/internal/issue"
)

type labelCreate struct {
	Root struct {
		Success    bool      `json:"success"`
		IssueLabel labelNode `json:"issueLabel"`
	} `json:"issueLabelCreate" graphql:"issueLabelCreate(input: $input)"`
}

var labelCreatePrice = price[labelCreate]()

// ensure makes sure that the labels can be applied, creating the ones that are
// missing, and returns why some cannot. A label belongs to the workspace so
// that it serves every team; replacing team labels of its name is never asked
// for, because that rewrites them.
func (c *Client) ensure(ctx context.Context, wanted []want) map[string]error {
	refused := map[string]error{}
	var missing []string
	for _, w := range wanted {
		if l := c.labels.find(w.text, w.team); l != nil {
			if l.retired {
				refused[w.text] = retired("label", w.text)
			}
			continue
		}
		if !slices.Contains(missing, w.text) {
			missing = append(missing, w.text)
		}
	}
	slices.Sort(missing)
	for k, text := range missing {
		err := c.labels.isDenied(c.now())
		if err == nil {
			err = c.create(ctx, text)
		}
		if err == nil {
			continue
		}
		refused[text] = err
		if off(err) {
			c.labels.deny(err, c.now())
			for _, rest := range missing[k:] {
				refused[rest] = notAllowed(err, missing[k:])
			}
			break
		}
		if fatal(ctx, err) {
			break
		}
	}
	return refused
}

// want is a label that is about to be put on an issue of a team.
type want struct{ text, team string }

func retired(what, name string) error {
	return &connectors.Error{Kind: connectors.Invalid, Op: "labels", Detail: "the " + what + " " + name + " is retired in Linear",
		Hint: "restore it in Settings, Labels, or rename the lane"}
}

func notAllowed(err error, missing []string) error {
	return &connectors.Error{Kind: connectors.Forbidden, Op: "issueLabelCreate", Err: err, Detail: "not allowed to create labels",
		Hint: "ask an admin to create these workspace labels, each as a child of the group before its colon (" + issue.PostMortemLabel + " in no group): " + strings.Join(missing, ", ")}
}

// create makes one managed label and, where that is missing too, its group.
func (c *Client) create(ctx context.Context, text string) error {
	if text == issue.PostMortemLabel {
		made, err := c.createLabel(ctx, IssueLabelCreateInput{Name: text}, func() *label { return c.labels.find(text, "") })
		if err == nil && made.retired {
			return retired("label", text)
		}
		return err
	}
	name, child, ok := strings.Cut(text, ":")
	if !ok || name == "" || child == "" {
		return &connectors.Error{Kind: connectors.Invalid, Op: "labels", Detail: "the label " + text + " is not of the form group:child"}
	}
	group := c.labels.workspaceLabel(name)
	if group == nil {
		var err error
		if group, err = c.createLabel(ctx, IssueLabelCreateInput{Name: name, IsGroup: true}, func() *label { return c.labels.workspaceLabel(name) }); err != nil {
			return err
		}
		if err := c.createPin(ctx, group); err != nil {
			return err
		}
	}
	switch {
	case group.retired:
		return retired("label group", name)
	case !group.group:
		return &connectors.Error{Kind: connectors.Invalid, Op: "labels", Detail: "the label " + name + " is not a label group",
			Hint: "turn it into a group or rename it, so that its children can be the managed labels"}
	}
	made, err := c.createLabel(ctx, IssueLabelCreateInput{Name: child, ParentID: group.id}, func() *label { return c.labels.find(text, "") })
	if err == nil && made.retired {
		return retired("label", text)
	}
	return err
}

// createPin makes the child by which people pin issues, together with the group of
// the lanes: a person cannot choose a label that is not there.
func (c *Client) createPin(ctx context.Context, group *label) error {
	prefix, child, _ := strings.Cut(issue.PinLabel, ":")
	if !strings.EqualFold(group.name, prefix) || c.labels.find(issue.PinLabel, "") != nil {
		return nil
	}
	_, err := c.createLabel(ctx, IssueLabelCreateInput{Name: child, ParentID: group.id}, func() *label { return c.labels.find(issue.PinLabel, "") })
	return err
}

// createLabel creates under an id of its own, so that it can be sent again.
// A refusal may mean that somebody was faster: then theirs is used.
func (c *Client) createLabel(ctx context.Context, in IssueLabelCreateInput, find func() *label) (*label, error) {
	in.ID = uuid.NewString()
	var m labelCreate
	_, err := c.mutate(ctx, call{op: "issueLabelCreate", doc: &m, vars: map[string]any{"input": in}, price: labelCreatePrice, decode: into(&m)})
	if err == nil && m.Root.Success {
		c.labels.add([]labelNode{m.Root.IssueLabel})
		c.log.Info("label created in Linear", "label", in.Name, "group", in.IsGroup)
	} else if err == nil || connectors.KindOf(err) == connectors.Invalid {
		nodes, again := c.readLabels(ctx, IssueLabelFilter{"name": object{"eqIgnoreCase": in.Name}})
		c.labels.add(nodes)
		if again != nil {
			return nil, errors.Join(err, again)
		}
	} else {
		return nil, err
	}
	if l := find(); l != nil {
		return l, nil
	}
	if err == nil {
		err = &connectors.Error{Kind: connectors.Contract, Op: "issueLabelCreate", Detail: "the label " + in.Name + " was not created"}
	}
	return nil, err
}
