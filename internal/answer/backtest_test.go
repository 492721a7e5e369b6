package answer_test

import (
	"time"

	"github.com/lanekeeper/lanekeeper/internal/answer"
	"github.com/lanekeeper/lanekeeper/internal/backtest"
	"github.com/lanekeeper/lanekeeper/internal/issue"
)

func compared() backtest.Comparison {
	return backtest.Comparison{
		New: "new.yaml", Current: "current", Same: 8, IssueDays: 3, Issues: 2,
		Matrix:     []backtest.Cell{{From: "", To: "feature", Count: 1}, {From: "feature", To: "hotfix", Count: 1}, {From: "feature", To: "feature", Count: 8}},
		Priorities: []backtest.Cell{{From: "low", To: "high", Count: 2}},
		Today: []backtest.Difference{
			{Ref: "payments/PAY-1", Title: "Payments fail", Days: 2,
				Current: backtest.Outcome{Lane: "feature", Priority: issue.Low, Score: 40, Because: "feature: kind is story; score 40"},
				New:     backtest.Outcome{Lane: "hotfix", Priority: issue.High, Score: 71.5, Because: "hotfix: kind is bug; score 72"}},
			{Ref: "payments/PAY-2", Title: "Invoices",
				Current: backtest.Outcome{Undecided: "not loaded from the tracker: votes"},
				New:     backtest.Outcome{Lane: "feature", Priority: issue.High, Score: 50, Because: "feature: kind is story; score 50"}},
		},
	}
}

// backtested is a report in which everything that can be said is said.
func backtested() answer.Backtest {
	c := compared()
	result := func(name string) backtest.Result {
		return backtest.Result{
			Name: name, PolicyHash: hash, Lanes: []string{"hotfix", "feature"}, HeldShare: 0.4,
			Held: []backtest.Held{{Part: "value", Share: 0.4, Inputs: []string{"votes"}, Signals: []string{"errors"}}, {Part: "effort", Inputs: []string{"estimate"}, Signals: []string{}}, {Part: "lanes", Inputs: []string{"kind"}, Signals: []string{}}},
			Days: []backtest.Day{
				{Date: "2026-06-01", Open: 9, Lanes: map[string]int{"hotfix": 1, "feature": 8}, Priorities: map[issue.Priority]int{issue.High: 1, issue.Low: 8}},
				{Date: "2026-06-02", Open: 10, Undecided: 1, Lanes: map[string]int{"hotfix": 3, "feature": 6}, Priorities: map[issue.Priority]int{issue.High: 3, issue.Low: 6}, Moves: 2, Flaps: 1, Hot: 2},
			},
			Decisions: 20, MoreMoves: 1, Flaps: 1, HeldReturns: 2, OutOfShare: map[string]int{"hotfix": 1},
			Moves:     []backtest.Move{{Ref: "payments/PAY-1", At: time.Date(2026, 6, 2, 9, 0, 0, 0, time.UTC), From: "feature", To: "hotfix", Cause: "kind: bug instead of story", Flap: true}},
			Hot:       backtest.Hot{Lane: "hotfix", Capacity: 1, Total: 2, PerDay: 1, Most: 2, MostOn: "2026-06-02", DaysOver: 1},
			Inflation: backtest.Inflation{First: 0.11, Last: 0.33, ActualFirst: 0.2, ActualLast: 0.25},
			Agreement: backtest.Agreement{Proposals: 6, Same: 2, Toward: 1, Against: 1, Open: 2, LeadHours: 30.5, LaneLabels: 2, SameLane: 1},
		}
	}
	return answer.Backtest{Report: backtest.Report{
		Since: time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC), Until: time.Date(2026, 6, 2, 18, 0, 0, 0, time.UTC), Timezone: "UTC", Days: 2,
		Coverage: backtest.Coverage{Issues: 12, NoHistory: 1, CutHistory: 2, Broken: 3, Left: 1, OwnChanges: 40, UnknownStatuses: []string{"Mystery"}, Notes: []string{"signals have no past"}},
		Actual:   []backtest.Actual{{Date: "2026-06-01", Open: 9, Priorities: map[issue.Priority]int{issue.High: 2, issue.Low: 7}}, {Date: "2026-06-02", Open: 10, Priorities: map[issue.Priority]int{issue.High: 2, issue.Low: 7}, Unknown: 1}},
		Policies: []backtest.Result{result("new.yaml"), result("current")}, Compare: &c,
	}}
}

func policyDiff() answer.PolicyDiff {
	return answer.PolicyDiff{
		At: time.Date(2026, 6, 2, 18, 0, 0, 0, time.UTC), Comparison: compared(),
		Changes: []answer.PolicyChange{{Path: "score.pillars.value.weight", From: "0.4", To: "0.6"}, {Path: "settle", From: "6h"}},
	}
}

func tried() answer.Trial {
	return answer.Trial{
		File: "jira.csv", Format: "Jira CSV", At: time.Date(2026, 6, 2, 18, 0, 0, 0, time.UTC), Policy: "built-in", Rows: 14, Issues: 12, Bad: 2, Cut: "line 15: the quote that opens in line 15 is never closed",
		BadAt: []answer.BadRow{{Line: 3, Key: "PAY-2", Problem: "the row has 3 columns, the header 5"}, {Line: 9, Problem: "the row has no key such as PAY-12"}},
		Load:  lanes(), Before: map[issue.Priority]int{issue.Low: 9}, BeforeUnknown: 1, After: map[issue.Priority]int{issue.High: 2, issue.Low: 7},
		Top:          []answer.TrialLane{{Lane: "hotfix", Issues: []answer.TrialIssue{{Item: items()[0], Before: "Minor", Because: "hotfix: kind is bug; score 72"}}}},
		LeastCertain: items()[:1], Undecided: []answer.Reason{{Reason: "not loaded from the tracker: votes", Count: 1}},
		Unmapped: []answer.Word{{What: "status", Word: "Blocked", Count: 2}}, Missing: []string{"votes", "links"}, Absent: []string{"customers"}, Notes: []string{"1 dates such as \"soon\" are in no form that is known"},
	}
}
