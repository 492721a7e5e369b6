package answer

import (
	"time"

	"github.com/lanekeeper/lanekeeper/internal/backtest"
)

// Backtest is the answer of backtest: what a policy would have done.
type Backtest struct {
	backtest.Report
}

// PolicyDiff is what two policies make of the present backlog, and in which
// settings they differ.
type PolicyDiff struct {
	At      time.Time      `json:"at"`
	Changes []PolicyChange `json:"changes"`
	Notes   []string       `json:"notes"`
	backtest.Comparison
}

func (d PolicyDiff) normal() any {
	d.Notes = some(d.Notes)
	return d
}

// PolicyChange is one setting in which two policies differ; "" is not given.
type PolicyChange struct {
	Path string `json:"path"`
	From string `json:"from"`
	To   string `json:"to"`
}
