package exportfile

import (
	"slices"
	"strings"

	"github.com/lanekeeper/lanekeeper/internal/issue"
)

// use is what a column is read for. Its text is what --columns takes.
type use string

// The uses. Those of links and custom fields carry a name behind the colon.
const (
	useKey         use = "key"
	useID          use = "id"
	useTitle       use = "title"
	useDescription use = "description"
	useKind        use = "kind"
	useStatus      use = "status"
	useCategory    use = "category"
	usePriority    use = "priority"
	useLabels      use = "labels"
	useComponents  use = "components"
	useReporter    use = "reporter"
	useReporterID  use = "reporter_id"
	useAssignee    use = "assignee"
	useAssigneeID  use = "assignee_id"
	useProject     use = "project"
	useCreated     use = "created"
	useUpdated     use = "updated"
	useStarted     use = "started"
	useResolved    use = "resolved"
	useCanceled    use = "canceled"
	useArchived    use = "archived"
	useDue         use = "due"
	useEstimate    use = "estimate"
	useParent      use = "parent"
	useVotes       use = "votes"
	useWatchers    use = "watchers"
	useComments    use = "comments"
	useMilestone   use = "milestone"
	useOutward     use = "outward"
	useInward      use = "inward"
	useCustom      use = "field"
)

// uses are those that a person may give a column.
var uses = []use{
	useKey, useID, useTitle, useDescription, useKind, useStatus, useCategory, usePriority, useLabels, useComponents, useReporter,
	useAssignee, useProject, useCreated, useUpdated, useStarted, useResolved, useDue, useEstimate, useParent, useVotes, useWatchers,
	useComments, useMilestone,
}

// Uses are the names that a column may be given.
func Uses() []string {
	out := make([]string, len(uses))
	for n, u := range uses {
		out[n] = string(u)
	}
	return out
}

// jiraColumns are Jira's English names, in lower case, on Cloud and Data
// Center.
var jiraColumns = map[string]use{
	"issue key": useKey, "issue id": useID, "summary": useTitle, "description": useDescription, "issue type": useKind, "status": useStatus,
	"status category": useCategory, "priority": usePriority, "labels": useLabels, "component/s": useComponents, "components": useComponents,
	"reporter": useReporter, "reporter id": useReporterID, "assignee": useAssignee, "assignee id": useAssigneeID, "project key": useProject,
	"created": useCreated, "updated": useUpdated, "resolved": useResolved, "due date": useDue, "votes": useVotes, "watchers": useWatchers,
	"comment": useComments, "comments": useComments, "fix version/s": useMilestone, "fix versions": useMilestone, "parent key": useParent, "parent": useParent,
	"custom field (story points)": useEstimate, "custom field (story point estimate)": useEstimate, "story points": useEstimate,
	"custom field (epic link)": useParent,
}

// linearColumns are Linear's names, in lower case.
var linearColumns = map[string]use{
	"id": useKey, "uuid": useID, "title": useTitle, "description": useDescription, "status": useStatus, "estimate": useEstimate, "priority": usePriority,
	"project": useComponents, "creator": useReporter, "assignee": useAssignee, "labels": useLabels, "created": useCreated, "updated": useUpdated,
	"started": useStarted, "completed": useResolved, "canceled": useCanceled, "archived": useArchived, "due date": useDue, "parent issue": useParent,
	"project milestone": useMilestone, "team": useProject,
}

// inputs are the fields that a use fills.
var inputs = map[use]issue.Inputs{
	useDescription: issue.InputDescription, useKind: issue.InputKind, useStatus: issue.InputStatus, usePriority: issue.InputPriority,
	useLabels: issue.InputLabels, useComponents: issue.InputComponents, useReporter: issue.InputReporter, useAssignee: issue.InputAssignee,
	useStarted: issue.InputStarted, useDue: issue.InputDue, useEstimate: issue.InputEstimate, useParent: issue.InputParent, useVotes: issue.InputVotes,
	useWatchers: issue.InputWatchers, useComments: issue.InputComments, useMilestone: issue.InputMilestone, useOutward: issue.InputLinks,
	useInward: issue.InputLinks, useCustom: issue.InputCustom,
}

// What a kind of CSV never has. In Linear the kind is a label. Neither tells
// which sprint is active, which stays unknown.
const (
	jiraAbsent   = issue.InputCustomers
	linearAbsent = issue.InputCustomers | issue.InputVotes | issue.InputWatchers | issue.InputComments | issue.InputLinks
)

// column is one column of a table.
type column struct {
	use  use
	name string // of a link type or a custom field
}

// header is the first row, understood.
type header struct {
	format  Format
	columns []column
	names   []string // as they stand in the file
	known   int
}

func (h *header) has(u use) bool {
	return slices.ContainsFunc(h.columns, func(c column) bool { return c.use == u })
}

// readHeader understands a header as each format's and keeps the better.
func readHeader(names []string, o *Options) header {
	jira := headerOf(JiraCSV, names, o)
	linear := headerOf(LinearCSV, names, o)
	if linear.has(useKey) && !jira.has(useKey) || linear.has(useKey) == jira.has(useKey) && linear.known > jira.known {
		return linear
	}
	return jira
}

func headerOf(f Format, names []string, o *Options) header {
	h := header{format: f, columns: make([]column, len(names)), names: names}
	for n, name := range names {
		h.columns[n] = columnOf(f, strings.TrimSpace(name), o)
		if h.columns[n].use != "" {
			h.known++
		}
	}
	return h
}

func columnOf(f Format, name string, o *Options) column {
	low := strings.ToLower(name)
	for theirs, ours := range o.Columns {
		if strings.EqualFold(strings.TrimSpace(theirs), name) {
			return column{use: use(ours)}
		}
	}
	table := jiraColumns
	if f == LinearCSV {
		table = linearColumns
	}
	if u, ok := table[low]; ok {
		return column{use: u}
	}
	if f == LinearCSV {
		return column{}
	}
	if inner, ok := within(low, "outward issue link ("); ok {
		return column{useOutward, inner}
	}
	if inner, ok := within(low, "inward issue link ("); ok {
		return column{useInward, inner}
	}
	inner, ok := within(low, "custom field (")
	if !ok {
		inner = low
	}
	for field, theirs := range o.Fields {
		if same(theirs, low) || same(theirs, inner) || theirs == "" && same(field, inner) {
			return column{useCustom, field}
		}
	}
	return column{}
}

func within(s, prefix string) (string, bool) {
	inner, ok := strings.CutPrefix(s, prefix)
	if !ok {
		return "", false
	}
	return strings.CutSuffix(inner, ")")
}

// same compares names as people write them: customer_tier is "Customer tier".
func same(a, b string) bool {
	return strings.EqualFold(strings.ReplaceAll(a, "_", " "), strings.ReplaceAll(b, "_", " "))
}
