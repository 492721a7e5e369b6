package jira

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/lanekeeper/lanekeeper/connectors"
	"github.com/lanekeeper/lanekeeper/internal/issue"
)

// catalogLife is how long the list of fields is trusted.
const catalogLife = 6 * time.Hour

// The types of fields that are found by what made them: names are translated
// and repeated, numbers differ per site.
const (
	customSprint        = "com.pyxis.greenhopper.jira:gh-sprint"
	customEpicLink      = "com.pyxis.greenhopper.jira:gh-epic-link"
	customStoryPoints   = "com.pyxis.greenhopper.jira:jsw-story-points"
	customOrganizations = "com.atlassian.servicedesk:sd-customer-organizations"
	customFloat         = "com.atlassian.jira.plugin.system.customfieldtypes:float"
)

// field is one entry of the site's list.
type field struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Schema struct {
		Type   string `json:"type"`
		Custom string `json:"custom"`
	} `json:"schema"`
	Scope struct {
		Project named `json:"project"`
	} `json:"scope"`
}

// catalog is what is asked for and how it is read.
type catalog struct {
	at      time.Time
	request []string // field ids, in a fixed order
	decoder *decoder
	custom  map[string][]string // configured name to field ids
}

// fields returns the catalog, read anew when it is old.
func (c *Client) fields(ctx context.Context) (*catalog, error) {
	c.mu.Lock()
	cat, site := c.catalog, c.site
	c.mu.Unlock()
	if cat != nil && c.now().Sub(cat.at) < catalogLife {
		return cat, nil
	}
	list, err := c.readFields(ctx)
	if err != nil {
		return nil, err
	}
	cat, err = c.set.catalog(list, c.inputs, c.source, site)
	if err != nil {
		return nil, err
	}
	cat.at = c.now()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.catalog = cat
	return cat, nil
}

func (c *Client) readFields(ctx context.Context) ([]field, error) {
	var list []field
	_, err := c.do(ctx, call{op: opFields, again: true, method: http.MethodGet, path: "field", into: &list})
	return list, err
}

// catalog chooses the fields to ask for.
func (s Settings) catalog(list []field, in issue.Inputs, source string, at *site) (*catalog, error) {
	d := &decoder{source: source, browse: at.baseURL + "/browse/", uses: map[string]use{}, kinds: map[string]issue.Kind{}, inScope: map[string]bool{}}
	for name, k := range s.Kinds {
		d.kinds[strings.ToLower(name)] = k
	}
	for _, p := range s.Projects {
		d.inScope[p] = true
	}
	cat := &catalog{decoder: d, custom: map[string][]string{}}
	cat.addSystem(in, list)
	cat.addFound(in, list)
	return cat, cat.addConfigured(s.Fields, list)
}

func (c *catalog) add(id string, u use) {
	key := `"` + id + `"`
	if old, ok := c.decoder.uses[key]; ok {
		c.decoder.uses[key] = both(old, u)
		return
	}
	c.decoder.uses[key] = u
	c.request = append(c.request, id)
}

// both lets one field serve two purposes, such as story points that are the
// estimate and a value that policies read by name.
func both(a, b use) use {
	return use{input: a.input | b.input, set: func(d *decoder, i *issue.Issue, v jsontext.Value) error {
		return errors.Join(a.set(d, i, v), b.set(d, i, v))
	}}
}

func (c *catalog) addSystem(in issue.Inputs, list []field) {
	c.add("project", use{0, setProject})
	c.add("summary", use{0, setTitle})
	c.add("created", use{0, setCreated})
	c.add("updated", use{0, setUpdated})
	c.add("resolutiondate", use{0, setResolved})
	for _, f := range []struct {
		id      string
		use     use
		present bool // sent as null, not left out, where there is no value
	}{
		{"issuetype", use{issue.InputKind, setKind}, true},
		{"status", use{issue.InputStatus, setStatus}, true},
		{"priority", use{issue.InputPriority, setPriority}, true},
		{"labels", use{issue.InputLabels, setLabels}, true},
		{"duedate", use{issue.InputDue, setDue}, true},
		{"assignee", use{issue.InputAssignee, setAssignee}, true},
		{"reporter", use{issue.InputReporter, setReporter}, true},
		{"description", use{issue.InputDescription, setDescription}, true},
		{"components", use{issue.InputComponents, setComponents}, true},
		{"fixVersions", use{issue.InputMilestone, setVersions}, true},
		{"issuelinks", use{issue.InputLinks, setLinks}, true},
		{"votes", use{issue.InputVotes, setVotes}, true},
		{"watches", use{issue.InputWatchers, setWatchers}, true},
		{"comment", use{issue.InputComments, setComments}, true},
		{"parent", use{issue.InputParent, setParent}, false},
	} {
		if in.Any(f.use.input) {
			c.add(f.id, f.use)
			if f.present {
				c.decoder.present |= f.use.input
			}
		}
	}
	if slices.ContainsFunc(list, func(f field) bool { return f.ID == "archiveddate" }) {
		c.add("archiveddate", use{0, setArchived})
	}
}

// addFound adds fields of known types. Several of one type may exist.
func (c *catalog) addFound(in issue.Inputs, list []field) {
	for _, f := range list {
		switch {
		case f.Schema.Custom == customSprint && in.Has(issue.InputSprint):
			c.add(f.ID, use{issue.InputSprint, setSprint})
		case f.Schema.Custom == customEpicLink && in.Has(issue.InputParent):
			c.add(f.ID, use{issue.InputParent, setEpicLink})
		case f.isEstimate() && in.Has(issue.InputEstimate):
			c.add(f.ID, use{issue.InputEstimate, setEstimate})
		case f.Schema.Custom == customOrganizations && in.Has(issue.InputCustomers):
			c.add(f.ID, use{issue.InputCustomers, setOrganizations})
		}
	}
}

func (f *field) isEstimate() bool {
	return f.Schema.Custom == customStoryPoints || (f.Schema.Custom == customFloat && strings.EqualFold(f.Name, "Story Points"))
}

// addConfigured adds the fields of the configuration, in the order of their
// names.
func (c *catalog) addConfigured(fields map[string]string, list []field) error {
	var errs []string
	for _, name := range sortedKeys(fields) {
		found, err := resolveField(fields[name], list)
		if err != nil {
			errs = append(errs, fmt.Sprintf("fields.%s: %s", name, err))
			continue
		}
		for _, f := range found {
			c.custom[name] = append(c.custom[name], f.ID)
			c.add(f.ID, use{issue.InputCustom, setCustom(name)})
			if name == "customer" || name == "customers" {
				c.add(f.ID, use{issue.InputCustomers, setCustomers})
			}
			if name == "story_points" && !f.isEstimate() {
				c.add(f.ID, use{issue.InputEstimate, setEstimate})
			}
		}
	}
	if errs != nil {
		return &connectors.Error{Kind: connectors.Invalid, Op: opFields, Detail: strings.Join(errs, "; "),
			Hint: "use the field's id, its exact name, or its type"}
	}
	return nil
}

// resolveField finds a field by id, by type (schema.custom, which may match
// several), or by name.
func resolveField(want string, list []field) ([]field, error) {
	var byType, byName, near []field
	for _, f := range list {
		switch {
		case f.ID == want:
			return []field{f}, nil
		case f.Schema.Custom == want:
			byType = append(byType, f)
		case strings.EqualFold(f.Name, want):
			byName = append(byName, f)
		case strings.Contains(strings.ToLower(f.Name), strings.ToLower(want)):
			near = append(near, f)
		}
	}
	switch {
	case len(byType) > 0:
		return byType, nil
	case len(byName) == 1:
		return byName, nil
	case len(byName) > 1:
		return nil, fmt.Errorf("%d fields are named %q: %s", len(byName), want, describe(byName))
	case len(near) > 0:
		return nil, fmt.Errorf("no field %q is shown to the account; similar: %s", want, describe(near))
	}
	return nil, fmt.Errorf("no field %q is shown to the account", want)
}

func describe(list []field) string {
	var out []string
	for _, f := range list[:min(len(list), 5)] {
		s := fmt.Sprintf("%s (%s", f.ID, connectors.Excerpt(f.Name))
		if f.Scope.Project.ID != "" {
			s += ", project " + f.Scope.Project.ID
		}
		out = append(out, s+")")
	}
	return strings.Join(out, ", ")
}
