package issue

import "strings"

// Inputs is a set of issue fields: those that a policy needs, that a connector
// loads, or that failed to load.
type Inputs uint32

// The fields that are not always loaded, or whose load can fail alone.
const (
	InputDescription Inputs = 1 << iota
	InputLabels
	InputPriority
	InputDue
	InputAssignee
	InputReporter
	InputStatus
	InputEstimate
	InputLinks
	InputVotes
	InputWatchers
	InputComments
	InputSprint
	InputMilestone
	InputCustomers
	InputComponents
	InputParent
	InputStarted
	InputCustom
	InputKind
)

var inputNames = [...]string{
	"description", "labels", "priority", "due", "assignee", "reporter", "status", "estimate", "links", "votes",
	"watchers", "comments", "sprint", "milestone", "customers", "components", "parent", "started", "fields", "kind",
}

// InputManaged are the fields that writes are planned from; they are always
// loaded.
const InputManaged = InputLabels | InputPriority | InputDue | InputAssignee | InputStatus | InputKind

// Has reports whether every field of g is in in.
func (in Inputs) Has(g Inputs) bool { return in&g == g }

// Any reports whether the sets share a field.
func (in Inputs) Any(g Inputs) bool { return in&g != 0 }

// Names lists the fields in a fixed order.
func (in Inputs) Names() []string {
	var out []string
	for i, n := range inputNames {
		if in&(1<<i) != 0 {
			out = append(out, n)
		}
	}
	return out
}

func (in Inputs) String() string { return strings.Join(in.Names(), ",") }

// ParseInput returns the field that policies call name.
func ParseInput(name string) (Inputs, bool) {
	for i, n := range inputNames {
		if n == name {
			return 1 << i, true
		}
	}
	return 0, false
}
