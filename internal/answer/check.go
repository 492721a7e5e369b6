package answer

import "slices"

// Check is the answer of check.
type Check struct {
	Findings []Finding `json:"findings"`
	Failed   int       `json:"failed"`
	Warnings int       `json:"warnings"`
}

// Finding is one thing that was looked at.
type Finding struct {
	Source string `json:"source"` // "" for the configuration itself
	Level  string `json:"level"`  // ok, warning or failed
	What   string `json:"what"`
	Text   string `json:"text"`
	Fix    string `json:"fix,omitempty"`
}

// The levels of a finding.
const (
	LevelOK      = "ok"
	LevelWarning = "warning"
	LevelFailed  = "failed"
)

// NewCheck counts findings.
func NewCheck(list []Finding) Check {
	c := Check{Findings: some(list)}
	for _, f := range list {
		switch f.Level {
		case LevelFailed:
			c.Failed++
		case LevelWarning:
			c.Warnings++
		}
	}
	return c
}

// PolicyTests is the answer of policy test.
type PolicyTests struct {
	Tests  []PolicyTest `json:"tests"`
	Passed int          `json:"passed"`
	Failed int          `json:"failed"`
	// Unhit are the rules that no test made hold, by path in the policy.
	Unhit []string `json:"unhit,omitempty"`
}

// PolicyTest is one case of a policy's unit tests.
type PolicyTest struct {
	Name string `json:"name"`
	File string `json:"file,omitempty"`
	// Problems tell what came out otherwise than expected; none is a pass.
	Problems []string `json:"problems"`
}

// NewPolicyTests counts test cases.
func NewPolicyTests(list []PolicyTest) PolicyTests {
	p := PolicyTests{Tests: some(slices.Clone(list))}
	for i, t := range p.Tests {
		p.Tests[i].Problems = some(t.Problems)
		if len(t.Problems) > 0 {
			p.Failed++
		} else {
			p.Passed++
		}
	}
	return p
}

// StateStats is the answer of state stats.
type StateStats struct {
	Path      string        `json:"path"`
	Schema    int           `json:"schema"`
	SizeBytes int64         `json:"size_bytes"`
	FreeBytes int64         `json:"free_bytes"` // inside the file, to be used again
	Sources   []SourceStats `json:"sources"`
	Decisions int           `json:"decisions"` // logged
	Plans     int           `json:"plans"`
	Entries   int           `json:"entries"` // changes of all plans
	// Damaged counts values that could not be decoded and are pulled again.
	Damaged int `json:"damaged"`
}

// SourceStats counts one source's records.
type SourceStats struct {
	Source      string `json:"source"`
	Issues      int    `json:"issues"`
	Open        int    `json:"open"`
	Outstanding int    `json:"outstanding"`
	Parked      int    `json:"parked"`
}
