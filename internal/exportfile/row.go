package exportfile

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/lanekeeper/lanekeeper/connectors/jira"
	"github.com/lanekeeper/lanekeeper/connectors/linear"
	"github.com/lanekeeper/lanekeeper/internal/issue"
)

var keyForm = regexp.MustCompile(`^\pL[\pL\pN_]*-\d+$`)

// issueKey reports whether a text is the key of an issue.
func issueKey(s string) bool { return len(s) < 100 && keyForm.MatchString(s) }

// record is one row on its way to an issue.
type record struct {
	*collector
	issue.Issue
	format   Format
	category string
	canceled bool
	keep     issue.Inputs
}

// row turns a row into an issue.
func (c *collector) row(h *header, r *row) {
	rec := record{collector: c, format: h.format, keep: c.o.Inputs | issue.InputManaged}
	for n, col := range h.columns {
		if v := r.field(n); col.use != "" && len(v) > 0 {
			rec.set(col, v)
		}
	}
	i := &rec.Issue
	switch {
	case !issueKey(i.Key):
		c.bad(r.line, "", "the row has no key such as PAY-12")
		return
	case i.Status.Name == "":
		c.bad(r.line, i.Key, "the status is empty, so that it is not known whether the issue is open")
		return
	}
	if i.ID == "" {
		i.ID = i.Key
	}
	i.Project, _, _ = strings.Cut(i.Key, "-")
	rec.tidy(h)
	c.classify(i, rec.category, rec.canceled)
	c.add(r.line, i)
}

// tidy brings lists into their order and derives the kind.
func (rec *record) tidy(h *header) {
	i := &rec.Issue
	slices.Sort(i.Labels)
	i.Labels = slices.Compact(i.Labels)
	slices.Sort(i.Components)
	i.Components = slices.Compact(i.Components)
	switch {
	case h.format == LinearCSV && i.RawKind == "":
		rec.kindOfLabels()
	case i.RawKind != "":
		k, ok := lookup(i.RawKind, rec.o.Kinds, nil)
		if !ok {
			k, _ = jira.KindOf(i.RawKind)
		}
		i.Kind = k
	default:
		i.Kind = issue.Other
	}
}

// kindOfLabels takes the gravest kind that a label names; without one a Linear
// issue is a task.
func (rec *record) kindOfLabels() {
	i := &rec.Issue
	i.Kind = issue.Task
	order := []issue.Kind{issue.Incident, issue.Bug, issue.Epic, issue.Story}
	best := len(order)
	for _, l := range i.Labels {
		k, ok := lookup(l, rec.o.Kinds, nil)
		if !ok {
			k, ok = linear.KindOf(l)
		}
		if at := slices.Index(order, k); ok && at >= 0 && at < best {
			best, i.Kind, i.RawKind = at, k, l
		}
	}
}

// set fills in one field. Values that differ from issue to issue are copied,
// those that repeat are shared.
func (rec *record) set(col column, v []byte) {
	i := &rec.Issue
	if in := inputs[col.use]; in != 0 && !rec.keep.Any(in) {
		return
	}
	switch col.use {
	case useKey:
		i.Key = strings.TrimSpace(string(v))
	case useID:
		i.ID = strings.TrimSpace(string(v))
	case useTitle:
		i.Title = rec.utf8(string(v))
	case useDescription:
		i.Description = rec.utf8(string(v))
	case useKind:
		i.RawKind = rec.word(v)
	case useStatus:
		i.Status.Name = rec.word(v)
	case useCategory:
		rec.category = rec.word(v)
	case usePriority:
		i.RawPriority.Name = rec.word(v)
	case useCanceled:
		i.Resolved, rec.canceled = rec.time(string(v)).UTC(), true
	case useArchived:
		i.Gone = true
	case useCreated:
		i.Created = rec.time(string(v)).UTC()
	case useUpdated:
		i.Updated = rec.time(string(v)).UTC()
	case useStarted:
		i.Started = rec.time(string(v)).UTC()
	case useResolved:
		i.Resolved = rec.time(string(v)).UTC()
	case useDue:
		rec.due(string(v))
	case useWatchers:
		i.Watchers++
	case useComments:
		i.Comments++
	default:
		rec.setMore(col, v)
	}
}

// setMore fills in lists, people and numbers.
func (rec *record) setMore(col column, v []byte) {
	i, word := &rec.Issue, rec.word(v)
	switch col.use {
	case useLabels:
		rec.labels(word)
	case useComponents:
		i.Components = append(i.Components, word)
	case useReporter:
		i.Reporter = named(i.Reporter, word)
	case useAssignee:
		i.Assignee = named(i.Assignee, word)
	case useReporterID:
		i.Reporter.ID = word
	case useAssigneeID:
		i.Assignee.ID = word
	case useEstimate:
		i.Estimate = rec.number(issue.InputEstimate, word)
	case useParent:
		if issueKey(word) {
			i.Parent = word
		}
	case useVotes:
		i.Votes = int(rec.number(issue.InputVotes, word))
	case useMilestone:
		i.Milestone = issue.Iteration{Name: word, Active: true}
	case useOutward, useInward:
		i.Links = append(i.Links, issue.Link{Type: jira.LinkTypeOf(col.name, col.use == useOutward), Key: word})
	case useCustom:
		rec.custom(col.name, word)
	}
}

func (rec *record) word(v []byte) string { return strings.TrimSpace(rec.utf8(rec.once(v))) }

// named gives a person a name, and an id where no column does.
func named(p issue.Person, name string) issue.Person {
	if p.ID == "" {
		p.ID = name
	}
	p.Name = name
	return p
}

// labels reads one label of Jira, where each has its column, or Linear's list.
func (rec *record) labels(word string) {
	if rec.format != LinearCSV {
		rec.Labels = append(rec.Labels, word)
		return
	}
	for l := range strings.SplitSeq(word, ",") {
		if l = strings.TrimSpace(l); l != "" {
			rec.Labels = append(rec.Labels, l)
		}
	}
}

// due reads a day; one that cannot be read is unknown.
func (rec *record) due(s string) {
	t := rec.time(s)
	if t.IsZero() {
		rec.Unknown |= issue.InputDue
		return
	}
	rec.Due = issue.DateOf(t)
}

// number reads a number with a point or a comma; another text makes the field
// unknown.
func (rec *record) number(in issue.Inputs, s string) float64 {
	f, ok := numberOf(s)
	if !ok {
		rec.Unknown |= in
	}
	return f
}

func numberOf(s string) (float64, bool) {
	if strings.Count(s, ",") == 1 && !strings.Contains(s, ".") {
		s = strings.Replace(s, ",", ".", 1)
	}
	f, err := strconv.ParseFloat(s, 64)
	return f, err == nil && f-f == 0
}

// custom adds a value of a custom field; several columns of one name are a
// list.
func (rec *record) custom(name, word string) {
	if rec.Fields == nil {
		rec.Fields = map[string]issue.Value{}
	}
	old, again := rec.Fields[name]
	switch f, isNumber := numberOf(word); {
	case again && old.List == nil && old.Number == nil:
		rec.Fields[name] = issue.Value{List: []string{old.Text, word}}
	case again && old.List != nil:
		rec.Fields[name] = issue.Value{List: append(old.List, word)}
	case isNumber:
		rec.Fields[name] = issue.Value{Number: &f}
	default:
		rec.Fields[name] = issue.Value{Text: word}
	}
}
