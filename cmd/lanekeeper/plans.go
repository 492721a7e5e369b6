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
