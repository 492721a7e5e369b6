package answer

import (
	"time"

	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/policy"
)

// Explanation is the answer of explain: why one issue is where it is, and why
// it is not elsewhere.
type Explanation struct {
	Ref            string            `json:"ref"`
	Lane           string            `json:"lane"` // "" where undecided
	Score          float64           `json:"score"`
	ValuePerEffort float64           `json:"value_per_effort"`
	Priority       issue.Priority    `json:"priority"`
	Horizon        string            `json:"horizon"`
	Pillars        map[string]Pillar `json:"pillars"`
	Rules          []Rule            `json:"rules"` // in the order of the lanes
	SLA            *SLA              `json:"sla"`   // null: none
	Overrides      []Override        `json:"overrides"`
	DecidedAt      *time.Time        `json:"decided_at"` // null: not evaluated yet
	PolicyHash     string            `json:"policy_hash"`

	ID    string `json:"id,omitempty"`
	Title string `json:"title,omitempty"`
	URL   string `json:"url,omitempty"`
	// Open tells whether the issue still needs work; closed and gone issues keep
	// their last decision.
	Open   bool   `json:"open"`
	Status string `json:"status,omitempty"` // the tracker's own word
	// Undecided says why there is no outcome.
	Undecided string `json:"undecided,omitempty"`
	// Why is the lane's own sentence, Cause what led to the newest logged
	// decision.
	Why        string    `json:"why,omitempty"`
	Cause      string    `json:"cause,omitempty"`
	Since      time.Time `json:"since,omitzero"` // in this lane
	Because    Because   `json:"because,omitzero"`
	Effort     float64   `json:"effort,omitempty"`
	Confidence float64   `json:"confidence"` // share of the score's weight on real inputs, 0..1
	// TeamPercentile is as in Item.
	TeamPercentile *float64 `json:"team_percentile,omitempty"`
	// LowConfidence tells that the lane demands more confidence, so that nothing
	// is written.
	LowConfidence bool           `json:"low_confidence,omitempty"`
	Band          issue.Priority `json:"band"` // from the score alone
	Marks         []Mark         `json:"marks,omitempty"`
	Owner         string         `json:"owner,omitempty"`
	// Rota is the one that gives the owner, OwnerSince when it did.
	Rota       string    `json:"rota,omitempty"`
	OwnerSince time.Time `json:"owner_since,omitzero"`
	Holds      []Hold    `json:"holds,omitempty"`
	// Flips are the smallest changes of one input that would change the outcome.
	Flips       []policy.Flip `json:"flips,omitempty"`
	Inputs      []Input       `json:"inputs,omitempty"`
	Mode        string        `json:"mode,omitempty"` // of this lane in this source
	Writes      []Change      `json:"writes,omitempty"`
	Outstanding []Change      `json:"outstanding,omitempty"` // wanted and not written
	Parked      *Park         `json:"parked,omitempty"`
	Pinned      *Pin          `json:"pinned,omitempty"` // null: nobody asked to leave it alone
	PostMortem  *PostMortem   `json:"post_mortem,omitempty"`
	Gaps        []issue.Field `json:"gaps,omitempty"` // fields that the tracker refuses here
	// Stale says why the explanation may be out of date, such as a changed
	// policy or a source in trouble.
	Stale string    `json:"stale,omitempty"`
	Seen  time.Time `json:"seen,omitzero"` // when the issue was last read
	Next  time.Time `json:"next,omitzero"` // when time alone may change the decision
}

// Because are the policy's sentences for the numbers.
type Because struct {
	Score      string `json:"score,omitempty"`
	Effort     string `json:"effort,omitempty"`
	Priority   string `json:"priority,omitempty"`
	Confidence string `json:"confidence,omitempty"`
}

// Pillar is one input of the score.
type Pillar struct {
	Value   *float64 `json:"value"` // 0..100; null: unknown
	Weight  float64  `json:"weight"`
	Because string   `json:"because"`
	// Rubric is the policy's text for this level.
	Rubric string `json:"rubric,omitempty"`
	// Defaulted tells that the policy's default stood in for Missing inputs.
	Defaulted bool     `json:"defaulted,omitempty"`
	Missing   []string `json:"missing,omitempty"`
}

// Rule is one lane's rule and how it came out.
type Rule struct {
	Name    string     `json:"name"`
	Result  RuleResult `json:"result"`
	Because string     `json:"because"`
}

// RuleResult is how a rule came out.
type RuleResult string

// The results of a rule.
const (
	Matched    RuleResult = "yes"
	Stayed     RuleResult = "stays" // only the lane's stay condition holds
	NotMatched RuleResult = "no"
	NotTried   RuleResult = "not tried" // an earlier lane took the issue
)

// Override is a managed field that stays as a person set it.
type Override struct {
	Field  issue.Field `json:"field"`
	Kind   string      `json:"kind"` // person, adopted, undone, operator or pinned
	Value  string      `json:"value"`
	Wanted string      `json:"wanted"`
	By     string      `json:"by"`
	At     time.Time   `json:"at,omitzero"`
	Until  *time.Time  `json:"until"` // null: until a person takes it back
	Reason string      `json:"reason,omitempty"`
	Lane   string      `json:"lane,omitempty"` // policy's when it began
	// From is what the lane field held before the moves that are contested, ""
	// where none is.
	From string `json:"from,omitempty"`
	// Contested are the lanes whose approvers have not agreed to a move of the
	// lane, Approvers those who may; Unsure tells that it is not known who did it.
	Contested []string `json:"contested,omitempty"`
	Approvers []string `json:"approvers,omitempty"`
	Unsure    bool     `json:"unsure,omitempty"`
	// ApprovedBy agreed, by label, command or API.
	ApprovedBy  string    `json:"approved_by,omitempty"`
	ApprovedAt  time.Time `json:"approved_at,omitzero"`
	ApprovedHow string    `json:"approved_how,omitempty"`
}

// Hold is something that policy wanted and did not do.
type Hold struct {
	What   string    `json:"what"`   // lane, band, owner or a mark's prefix
	Wanted string    `json:"wanted"` // for an owner the rota
	Why    string    `json:"why"`    // margin, settle, confidence, duty or rota
	Until  time.Time `json:"until,omitzero"`
	Need   float64   `json:"need,omitempty"`
	Have   float64   `json:"have,omitempty"`
	Detail string    `json:"detail,omitempty"` // what a rota says of itself
}

// Input is one value that the expressions read.
type Input struct {
	Path  string `json:"path"`
	Value string `json:"value"`
}

// Mark is a managed label that follows the score.
type Mark struct {
	Prefix string `json:"prefix"`
	Value  string `json:"value"`
}

// Park is an issue that waits after a failed write.
type Park struct {
	Since time.Time `json:"since,omitzero"`
	Until time.Time `json:"until,omitzero"`
	Tries int       `json:"tries"`
	Kind  string    `json:"kind"`
	Error string    `json:"error"`
}
