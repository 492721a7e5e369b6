package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/lanekeeper/lanekeeper/internal/answer"
	"github.com/lanekeeper/lanekeeper/internal/app"
	"github.com/lanekeeper/lanekeeper/internal/web"
)

func (c *cli) slaCmd() *cobra.Command {
	var f web.IssueFilter
	cmd := c.withJSON(&cobra.Command{
		Use:     "sla",
		Short:   "List the open issues under an SLA with what time is left, the most urgent first",
		Example: "  lanekeeper sla\n  lanekeeper sla --state breached --json\n  lanekeeper sla --source payments --sla urgent-fix",
		Args:    exactly(0, "no arguments; lanekeeper sla simulate FILE tries targets on the past"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if f.State != "" && !slices.Contains(answer.OpenStates(), f.State) {
				return usageError{fmt.Errorf("--state %q: want one of %s", f.State, strings.Join(answer.OpenStates(), ", "))}
			}
			return c.ask(func(d app.Desk) (answer.Texter, error) { return d.SLAs(cmd.Context(), f) })
		},
	})
	fl := cmd.Flags()
	fl.StringVar(&f.Lane, "lane", "", "only this `lane`")
	fl.StringVar(&f.Source, "source", "", "only this `source`")
	fl.StringVar(&f.SLA, "sla", "", "only this `SLA`")
	fl.StringVar(&f.State, "state", "", "only clocks in this `state`: "+strings.Join(answer.OpenStates()[:5], ", "))
	fl.IntVar(&f.Limit, "limit", 0, "at most this many; 0 is all")
	fl.StringVar(&f.Cursor, "cursor", "", "go on where the answer before ended")
	cmd.AddCommand(c.slaSimulateCmd())
	return cmd
}
