package lineartest

import "time"

// Organization is the workspace. The zero value of a field takes the default
// of New.
type Organization struct {
	ID     string
	Name   string
	URLKey string
	// Plan decides which features answer; "" is Business.
	Plan Plan
	// CustomersDisabled turns customer requests off whatever the plan.
	CustomersDisabled bool
	CreatedAt         time.Time
}

// Plan is what the workspace pays for.
type Plan string

// The plans. Free and Basic have neither customers nor SLAs.
const (
	Free       Plan = "free"
	Basic      Plan = "basic"
	Business   Plan = "business"
	Enterprise Plan = "enterprise"
)

func (o *Organization) paid() bool      { return o.Plan == Business || o.Plan == Enterprise }
func (o *Organization) sla() bool       { return o.paid() }
func (o *Organization) customers() bool { return o.paid() && !o.CustomersDisabled }

// User is a member of the workspace, or an application.
type User struct {
	ID          string
	Name        string
	DisplayName string
	Email       string
	Admin       bool
	App         bool
	Guest       bool
	// Inactive and Unassignable are negative so that the zero value is an
	// ordinary member.
	Inactive     bool
	Unassignable bool
	CreatedAt    time.Time
	UpdatedAt    time.Time
}

// Team owns issues and their workflow states.
type Team struct {
	ID   string
	Key  string
	Name string
	// Timezone is an IANA name; "" is America/Los_Angeles, as in Linear.
	Timezone string
	// EstimationType is notUsed, exponential, fibonacci, linear or tShirt;
	// "" is notUsed.
	EstimationType string
	Private        bool
	// OnDuty is the id of the user who has triage duty, "" where the team has none.
	OnDuty    string
	States    []State // in the order of their position
	CreatedAt time.Time
	UpdatedAt time.Time

	number int // of the newest issue
}

// StateOf returns the team's first state of a type such as "started".
func (t *Team) StateOf(typ string) (State, bool) {
	for _, st := range t.States {
		if st.Type == typ {
			return st, true
		}
	}
	return State{}, false
}

// State is one workflow state of one team. Type is triage, backlog, unstarted,
// started, completed, canceled or duplicate.
type State struct {
	ID        string
	TeamID    string
	Name      string
	Type      string
	Color     string
	Position  float64
	CreatedAt time.Time
}

// Label is a label, or with Group a set of labels of which an issue can have
// one. Without TeamID it belongs to the workspace.
type Label struct {
	ID       string
	Name     string
	Color    string
	TeamID   string
	ParentID string
	Group    bool
	// RetiredAt is set where the label stays on issues but can no longer be
	// applied.
	RetiredAt time.Time
	CreatorID string
	CreatedAt time.Time
	UpdatedAt time.Time
}

// Tier grades customers.
type Tier struct {
	ID       string
	Name     string
	Position float64
}

// Customer is a company that asks for issues.
type Customer struct {
	ID      string
	Name    string
	Domains []string
	// TierID is "" where the customer has none.
	TierID  string
	Status  string // name of its status; "" is Active
	Revenue int    // a year; negative is not known, answered as null
	Size    float64
	OwnerID string

	CreatedAt time.Time
	UpdatedAt time.Time
}

// Need is one request of a customer for an issue.
type Need struct {
	ID         string
	CustomerID string
	IssueID    string
	// FormerIssueID is where the need hung before it was moved.
	FormerIssueID string
	Body          string
	Important     bool
	CreatorID     string
	ArchivedAt    time.Time
	CreatedAt     time.Time
	UpdatedAt     time.Time
}

// Cycle is a team's sprint.
type Cycle struct {
	ID       string
	TeamID   string
	Number   int
	Name     string
	StartsAt time.Time
	EndsAt   time.Time
}

// Project groups issues towards a goal.
type Project struct {
	ID         string
	Name       string
	Priority   int
	State      string // backlog, planned, started, paused, completed, canceled; "" is started
	Health     string // onTrack, atRisk, offTrack or "" for null
	StartDate  string
	TargetDate string
	// InitiativeIDs lead to the initiatives that it belongs to.
	InitiativeIDs []string
	CreatedAt     time.Time
}

// Milestone is a stage of a project.
type Milestone struct {
	ID         string
	ProjectID  string
	Name       string
	Status     string // unstarted, next, overdue, done; "" is unstarted
	TargetDate string
	CreatedAt  time.Time
}

// Initiative groups projects.
type Initiative struct {
	ID         string
	Name       string
	Status     string // Planned, Active, Completed…; "" is Active
	Priority   int
	Health     string
	TargetDate string
	CreatedAt  time.Time
}

// Issue is an issue as the workspace holds it. Values returned by the server's
// methods are copies.
type Issue struct {
	ID          string
	TeamID      string
	Number      int
	Identifier  string   // team key and number, such as ENG-12
	Previous    []string // identifiers before moves, oldest first
	Title       string
	Description string
	Priority    int      // 0 none, 1 urgent … 4 low
	Estimate    *float64 // nil is none
	DueDate     string   // YYYY-MM-DD or ""

	StateID     string
	AssigneeID  string
	CreatorID   string
	DelegateID  string
	ParentID    string
	CycleID     string
	ProjectID   string
	MilestoneID string
	LabelIDs    []string // in the order of their addition
	Subscribers []string // user ids

	SLAStartedAt  time.Time
	SLABreachesAt time.Time // zero: no SLA
	SLAType       string    // all or onlyBusinessDays
	SnoozedUntil  time.Time
	TicketCount   int // customerTicketCount
	SortOrder     float64

	CreatedAt       time.Time
	UpdatedAt       time.Time
	StartedTriageAt time.Time
	TriagedAt       time.Time
	StartedAt       time.Time
	CompletedAt     time.Time
	CanceledAt      time.Time
	AutoClosedAt    time.Time
	AddedToTeamAt   time.Time
	ArchivedAt      time.Time
	Trashed         bool
}

// Gone reports whether default queries leave the issue out.
func (i *Issue) Gone() bool { return i.Trashed || !i.ArchivedAt.IsZero() }

// Comment is a comment on an issue.
type Comment struct {
	ID        string
	IssueID   string
	UserID    string // "" where an integration wrote it
	ParentID  string
	Body      string
	CreatedAt time.Time
	UpdatedAt time.Time
	EditedAt  time.Time
}

// Attachment is a link with a card on an issue.
type Attachment struct {
	ID        string
	IssueID   string
	CreatorID string
	Title     string
	Subtitle  string
	URL       string
	Metadata  map[string]any
	CreatedAt time.Time
	UpdatedAt time.Time
}

// Relation joins two issues: blocks, duplicate, related or similar, read from
// IssueID to RelatedID.
type Relation struct {
	ID        string
	IssueID   string
	RelatedID string
	Type      string
	CreatedAt time.Time
	UpdatedAt time.Time
}

// Reaction is an emoji on an issue.
type Reaction struct {
	ID        string
	IssueID   string
	UserID    string
	Emoji     string
	CreatedAt time.Time
}

// Suggestion is a hint of Linear's triage intelligence.
type Suggestion struct {
	ID        string
	IssueID   string
	Type      string // assignee, label, team, relatedIssue, similarIssue
	State     string // active, accepted, dismissed, stale; "" is active
	TargetID  string // what is suggested
	Score     float64
	Reasons   []string
	CreatedAt time.Time
}

// Mail is an e-mail that Linear would have sent.
type Mail struct {
	At      time.Time
	To      string // user id
	IssueID string
	Reason  string // urgent, assigned, comment
}
