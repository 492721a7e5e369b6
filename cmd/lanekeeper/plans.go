package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/lanekeeper/lanekeeper/internal/answer"
	"github.com/lanekeeper/lanekeeper/internal/app"
	"github.com/lanekeeper/lanekeeper/internal/web"
)

func (c *cli) plansCmd() *cobra.Command {
	var f web.PlanFilter
	cmd := c.withJSON(&cobra.Command{
		Use:   "plans [PLAN]",
		Short: "List plans, or show one: what it would do, its largest moves, and how that stands now",
		Example: `  lanekeeper plans --status held
  lanekeeper plans p-7f3a09c1`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usageError{fmt.Errorf("plans shows one plan at a time")}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			switch f.Status {
			case "", "held", "approved", "running", "done", "replaced", "expired":
			default:
				return usageError{fmt.Errorf("--status %q: want held, approved, running, done, replaced or expired", f.Status)}
			}
			return c.ask(func(d app.Desk) (answer.Texter, error) {
				if len(args) == 1 {
					return d.Plan(cmd.Context(), args[0])
				}
				return d.Plans(cmd.Context(), f)
			})
		},
	})
	fl := cmd.Flags()
	fl.StringVar(&f.Status, "status", "", "only plans in this `status`: held, approved, running, done, replaced or expired")
	fl.StringVar(&f.Source, "source", "", "only this `source`")
	fl.IntVar(&f.Limit, "limit", 50, "at most this many; 0 is all")
	return cmd
}

func (c *cli) approveCmd() *cobra.Command {
	var r web.ApproveRequest
	cmd := c.withJSON(&cobra.Command{
		Use:   "approve (PLAN | --source S)",
		Short: "Let a plan that the guard holds go on with the next cycle",
		Long: `Approve lets a held plan through the guard. The next cycle reads everything again before it writes: what a person changed
meanwhile is left alone, and a plan that grew by more than the guard allows is held again.
With --lane only issues of these lanes pass; the rest is held as a new plan.`,
		Example: `  lanekeeper approve p-7f3a09c1
  lanekeeper approve p-7f3a09c1 --lane hotfix,stability
  lanekeeper approve --source payments`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usageError{fmt.Errorf("approve takes one plan at a time")}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			r.By = whoami()
			if len(args) == 1 {
				r.Plan = args[0]
			}
			if err := r.Validate(); err != nil {
				return usageError{err}
			}
			return c.ask(func(d app.Desk) (answer.Texter, error) { return d.Approve(cmd.Context(), r) })
		},
	})
	cmd.Flags().StringVar(&r.Source, "source", "", "the plan of this `source` that waits")
	cmd.Flags().StringSliceVar(&r.Lanes, "lane", nil, "only issues of these `lanes`")
	return cmd
}
