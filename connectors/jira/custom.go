package jira

import (
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/lanekeeper/lanekeeper/internal/issue"
)

// setEstimate takes the first field that has a number: a site may have one
// story point field for each kind of project.
func setEstimate(_ *decoder, i *issue.Issue, v jsontext.Value) error {
	if v.Kind() == 'n' || i.Estimate != 0 {
		return nil
	}
	n, ok := numeric(v)
	if !ok {
		return errNotANumber
	}
	i.Estimate = n
	return nil
}

// setSprint takes the active sprint, else the last one that is not closed,
// else the last.
func setSprint(_ *decoder, i *issue.Issue, v jsontext.Value) error {
	var list []jsontext.Value
	if v.Kind() != 'n' {
		if err := decode(v, &list); err != nil {
			return err
		}
	}
	best := -1
	for _, item := range list {
		s, state, err := sprint(item)
		if err != nil {
			return err
		}
		if rank := sprintRank(state); rank >= best {
			best, i.Sprint = rank, s
		}
	}
	return nil
}

func sprintRank(state string) int {
	switch strings.ToLower(state) {
	case "active":
		return 2
	case "closed":
		return 0
	}
	return 1
}

// sprint reads one sprint: an object on Cloud, the text of a Java object on
// Data Center.
func sprint(v jsontext.Value) (it issue.Iteration, state string, err error) {
	if v.Kind() == '"' {
		s, err := text(v)
		if err != nil {
			return it, "", err
		}
		f := sprintText(s)
		ends, _ := parseTime(f["endDate"])
		return issue.Iteration{ID: f["id"], Name: f["name"], Active: strings.EqualFold(f["state"], "active"), Ends: ends}, f["state"], nil
	}
	var s struct {
		ID    int64     `json:"id"`
		Name  string    `json:"name"`
		State string    `json:"state"`
		Ends  timestamp `json:"endDate"`
	}
	if err := decode(v, &s); err != nil {
		return it, "", err
	}
	return issue.Iteration{ID: strconv.FormatInt(s.ID, 10), Name: s.Name, Active: strings.EqualFold(s.State, "active"), Ends: s.Ends.Time}, s.State, nil
}

// sprintKeys are the members of the Java object; a name may hold commas,
// brackets and equal signs, so that only these end a value.
var sprintKeys = [...]string{"id", "rapidViewId", "state", "name", "startDate", "endDate", "completeDate", "activatedDate", "sequence", "goal",
	"autoStartStop", "synced", "incompleteIssuesDestinationId"}

func sprintText(s string) map[string]string {
	out := map[string]string{}
	open := strings.IndexByte(s, '[')
	if open < 0 {
		return out
	}
	rest := strings.TrimSuffix(s[open+1:], "]")
	for rest != "" {
		key, value, ok := strings.Cut(rest, "=")
		if !ok {
			break
		}
		end := nextSprintKey(value)
		if v := value[:end]; v != "<null>" {
			out[key] = v
		}
		rest = strings.TrimPrefix(value[end:], ",")
	}
	return out
}

func nextSprintKey(s string) int {
	end := len(s)
	for _, k := range sprintKeys {
		if i := strings.Index(s, ","+k+"="); i >= 0 {
			end = min(end, i)
		}
	}
	return end
}

// setOrganizations reads the customer organisations of a service project.
func setOrganizations(_ *decoder, i *issue.Issue, v jsontext.Value) error {
	var list []struct {
		Name string `json:"name"`
	}
	err := decode(v, &list)
	for _, o := range list {
		if o.Name != "" {
			i.Customers = append(i.Customers, issue.Customer{Name: o.Name})
		}
	}
	return err
}

// setCustomers reads the field that the configuration calls customer or
// customers: each of its values names one.
func setCustomers(_ *decoder, i *issue.Issue, v jsontext.Value) error {
	value, ok, err := customValue(v)
	if err != nil || !ok {
		return err
	}
	names := value.List
	if value.Text != "" {
		names = []string{value.Text}
	}
	for _, n := range names {
		i.Customers = append(i.Customers, issue.Customer{Name: n})
	}
	return nil
}

// setCustom returns a setter for a custom field that the configuration asks
// for by name.
func setCustom(name string) func(*decoder, *issue.Issue, jsontext.Value) error {
	return func(d *decoder, i *issue.Issue, v jsontext.Value) error {
		value, ok, err := d.customValue(v)
		if err != nil || !ok {
			return err
		}
		if i.Fields == nil {
			i.Fields = map[string]issue.Value{}
		}
		i.Fields[name] = value
		return nil
	}
}

// customValue is customValue with the objects remembered, of which options and
// people are the most.
func (d *decoder) customValue(v jsontext.Value) (out issue.Value, ok bool, err error) {
	if v.Kind() != '{' {
		return customValue(v)
	}
	s, err := d.memos.texts.read(v, display)
	return issue.Value{Text: s}, s != "", err
}

// customValue reads a field of any type: numbers as numbers, lists as lists of
// texts, everything else as the text that people see. ok is false for no value.
func customValue(v jsontext.Value) (out issue.Value, ok bool, err error) {
	switch v.Kind() {
	case 'n':
		return out, false, nil
	case '0':
		n, ok := numeric(v)
		return issue.Value{Number: &n}, ok, nil
	case '[':
		var items []jsontext.Value
		if err := decode(v, &items); err != nil {
			return out, false, err
		}
		list := make([]string, 0, len(items))
		for _, item := range items {
			s, err := display(item)
			if err != nil {
				return out, false, err
			}
			list = append(list, s)
		}
		return issue.Value{List: list}, len(list) > 0, nil
	}
	s, err := display(v)
	return issue.Value{Text: s}, s != "", err
}

// display is the text that people see for a value.
func display(v jsontext.Value) (string, error) {
	switch v.Kind() {
	case '"':
		s, err := text(v)
		if strings.HasPrefix(s, "com.atlassian.greenhopper.service.sprint.Sprint@") {
			return sprintText(s)["name"], err
		}
		return s, err
	case '{':
		return displayObject(v)
	case '[':
		return "", errNotAText
	}
	return strings.TrimSpace(string(v)), nil
}

func displayObject(v jsontext.Value) (string, error) {
	var o struct {
		Type        string         `json:"type"`
		Value       string         `json:"value"`
		DisplayName string         `json:"displayName"`
		Name        string         `json:"name"`
		Key         string         `json:"key"`
		Child       jsontext.Value `json:"child"`
		Ongoing     *slaCycle      `json:"ongoingCycle"`
	}
	if err := decode(v, &o); err != nil {
		return "", err
	}
	switch {
	case o.Type == "doc":
		return richText(v)
	case o.Ongoing != nil:
		return o.Ongoing.text(), nil
	case o.Value != "" && o.Child.Kind() == '{':
		child, err := displayObject(o.Child)
		return o.Value + " / " + child, err
	}
	for _, s := range []string{o.Value, o.DisplayName, o.Name, o.Key} {
		if s != "" {
			return s, nil
		}
	}
	return "", nil
}

// slaCycle is the running clock in a service project's SLA field.
type slaCycle struct {
	Paused bool `json:"paused"`
	Breach struct {
		Millis timestamp `json:"epochMillis"`
	} `json:"breachTime"`
}

// text is the instant of the breach, which does not age between pulls, or
// "paused".
func (s *slaCycle) text() string {
	switch {
	case s.Paused:
		return "paused"
	case s.Breach.Millis.IsZero():
		return ""
	}
	return s.Breach.Millis.Format(time.RFC3339)
}
