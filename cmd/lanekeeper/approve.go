package main

import (
	"errors"

	"github.com/spf13/cobra"

	"github.com/lanekeeper/lanekeeper/internal/answer"
	"github.com/lanekeeper/lanekeeper/internal/app"
	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/internal/web"
)

func (c *cli) approveCmd() *cobra.Command {
	var plan web.ApproveRequest
	var as, reason string
	var reject bool
	cmd := c.withJSON(&cobra.Command{
		Use:   "approve (PLAN | --source S | REF)",
		Short: "Let a held plan go on, or decide about a contested move",
		Long: `With a plan, or the source of the one that waits, approve lets it through the guard. The next cycle reads everything again before it
writes: what a person changed meanwhile is left alone, and a plan that grew by more than the guard allows is held again. With --lane
only issues of these lanes pass; the rest is held as a new plan.

With an issue, approve decides about a move into or out of a lane whose approvers were not asked: --as names an approver of that
lane, by e-mail address or account id. The move then stays as a person's own choice; with --reject lanekeeper's lane comes back.`,
		Example: `  lanekeeper approve p-7f3a09c1
  lanekeeper approve p-7f3a09c1 --lane hotfix,stability
  lanekeeper approve --source payments
  lanekeeper approve payments/PAY-12 --as lead@acme.example
  lanekeeper approve PAY-12 --as lead@acme.example --reject --reason "still an outage"`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usageError{errors.New("approve takes one plan or issue at a time")}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			ruling := as != "" || reason != "" || reject
			switch {
			case len(args) == 1 && !isPlan(args[0]):
				if plan.Source != "" || len(plan.Lanes) > 0 {
					return usageError{errors.New("--source and --lane are about a held plan: give its id, not an issue")}
				}
				u := web.RulingRequest{Ref: issue.ParseRef(args[0]), Verb: "approve", As: as, By: whoami(), Via: "command", Reason: reason}
				if reject {
					u.Verb = "reject"
				}
				if u.As == "" {
					u.As = u.By
				}
				return c.ask(func(d app.Desk) (answer.Texter, error) { return d.Rule(cmd.Context(), u) })
			case ruling:
				return usageError{errors.New("--as, --reject and --reason are about a contested move: give an issue, not a plan")}
			case len(args) == 1:
				plan.Plan = args[0]
			}
			plan.By = whoami()
			if err := plan.Validate(); err != nil {
				return usageError{err}
			}
			return c.ask(func(d app.Desk) (answer.Texter, error) { return d.Approve(cmd.Context(), plan) })
		},
	})
	fl := cmd.Flags()
	fl.StringVar(&plan.Source, "source", "", "the plan of this `source` that waits")
	fl.StringSliceVar(&plan.Lanes, "lane", nil, "only issues of these `lanes`")
	fl.StringVar(&as, "as", "", "the approver who decides, by e-mail address or account `id`; default: your user name")
	fl.BoolVar(&reject, "reject", false, "do not agree: lanekeeper's lane comes back")
	fl.StringVar(&reason, "reason", "", "why, for the record")
	return cmd
}
