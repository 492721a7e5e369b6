package simulation

import (
	"net/http"
	"slices"
	"strings"

	"github.com/lanekeeper/lanekeeper/internal/config"
	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/internal/plan"
)

// site is a simulated tracker as the people of the world use it.
type site interface {
	transport() http.RoundTripper
	// config is the configuration of the connector, without name and mode.
	config() config.Source
	// create files an issue and returns its id.
	create(title, label string, priority issue.Priority, assignee string) string
	edit(id string, e edit)
	list() []snap
	// move takes the issue to another project in scope, or out of scope.
	move(id string, to int)
	archive(id string, back bool)
	remove(id string)
	// trouble starts or ends a state of the whole tracker.
	trouble(kind string, amount int, on bool)
	// fault breaks the next request; after says that it takes effect first.
	fault(kind string)
	// limited counts the requests that were refused for a budget.
	limited() int
	isWrite(op, method, body string) bool
	person(name string) string // their account id
}

// edit is what a person changes at once.
type edit struct {
	by          string
	title, text *string
	status      string // "", open, started or done
	add, remove []string
	priority    *issue.Priority
	assignee    *string
	due         *string
}

// snap is what a tracker holds of one issue.
type snap struct {
	id, key, project string
	title, text      string
	open, visible    bool // visible: in scope and not put away
	labels           []string
	priority         issue.Priority
	assignee         string
	due              string
	ours             int    // comments by our account
	said             string // in them
	others           int
}

// fields are the managed ones.
var fields = []issue.Field{issue.FieldLane, issue.FieldHorizon, issue.FieldSLA, issue.FieldPriority, issue.FieldDue, issue.FieldAssignee}

func (s *snap) field(f issue.Field) string {
	return plan.Actual(&issue.Issue{Labels: s.labels, Priority: s.priority, Assignee: issue.Person{ID: s.assignee}, Due: issue.Date(s.due)}, f)
}

func managed(label string) bool {
	return strings.HasPrefix(label, "lane:") || strings.HasPrefix(label, "horizon:") || strings.HasPrefix(label, "sla:")
}

// unmanaged are the labels that belong to people.
func (s *snap) unmanaged() string {
	l := slices.DeleteFunc(slices.Clone(s.labels), managed)
	slices.Sort(l)
	return strings.Join(l, " ")
}

// The people of every world. Nobody is ever assigned by policy but oncall.
var people = []string{"amy", "ben", "cho"}

const oncall = "oncall@acme.example"

func ptr[T any](v T) *T { return &v }
