package answer

import (
	"time"

	"github.com/lanekeeper/lanekeeper/internal/backtest"
	"github.com/lanekeeper/lanekeeper/internal/issue"
)

// Trial is the answer of try: what a policy makes of an exported file.
type Trial struct {
	File   string    `json:"file"`
	Format string    `json:"format"`
	At     time.Time `json:"at"` // the moment of the decisions: the newest time in the file
	Policy string    `json:"policy"`
	// Rows are the issues of the file: Issues read and Bad reported.
	Rows   int      `json:"rows"`
	Issues int      `json:"issues"`
	Bad    int      `json:"bad"`
	BadAt  []BadRow `json:"bad_rows"` // the first
	Cut    string   `json:"cut,omitempty"`
	// Load is how the open issues spread over the lanes.
	Load Lanes `json:"load"`
	// Before and After count open issues by priority: the tracker's and policy's.
	Before        map[issue.Priority]int `json:"priorities_before"`
	BeforeUnknown int                    `json:"priorities_unknown"`
	After         map[issue.Priority]int `json:"priorities_after"`
	Top           []TrialLane            `json:"top"`
	LeastCertain  []Item                 `json:"least_certain"`
	// Undecided are the reasons why issues have no outcome, most frequent first.
	Undecided []Reason `json:"undecided"`
	Unmapped  []Word   `json:"unmapped"`
	// Missing are fields without a column, which are unknown; Absent those that
	// such a file never has, which count as empty.
	Missing   []string         `json:"missing"`
	Absent    []string         `json:"absent"`
	Notes     []string         `json:"notes"`
	History   int              `json:"with_history"` // issues
	Explained *Explanation     `json:"explained,omitempty"`
	Backtest  *backtest.Report `json:"backtest,omitempty"`
}

// BadRow is one row that could not be read.
type BadRow struct {
	Line    int    `json:"line"` // in JSON the number of the issue
	Key     string `json:"key,omitempty"`
	Problem string `json:"problem"`
}

// TrialLane is the top of one lane.
type TrialLane struct {
	Lane   string       `json:"lane"`
	Issues []TrialIssue `json:"issues"`
}

// TrialIssue is one issue of a lane's top, with the reason.
type TrialIssue struct {
	Item
	Before  string `json:"priority_before"` // the tracker's own word
	Because string `json:"because"`
}

// Reason is one reason and how often it holds.
type Reason struct {
	Reason string `json:"reason"`
	Count  int    `json:"count"`
}

// Word is a word of the tracker that means nothing to lanekeeper.
type Word struct {
	What  string `json:"what"` // type, priority or status
	Word  string `json:"word"`
	Count int    `json:"count"`
}

func (t Trial) normal() any {
	t.BadAt, t.Top, t.LeastCertain, t.Undecided, t.Unmapped = some(t.BadAt), some(t.Top), some(t.LeastCertain), some(t.Undecided), some(t.Unmapped)
	t.Missing, t.Absent, t.Notes, t.Load.Lanes = some(t.Missing), some(t.Absent), some(t.Notes), some(t.Load.Lanes)
	return t
}
