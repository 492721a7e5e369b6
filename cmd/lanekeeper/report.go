package main

import (
	"github.com/spf13/cobra"

	"github.com/lanekeeper/lanekeeper/internal/answer"
	"github.com/lanekeeper/lanekeeper/internal/app"
	"github.com/lanekeeper/lanekeeper/internal/web"
)

func (c *cli) policyReportCmd() *cobra.Command {
	var f web.ReportFilter
	var since string
	cmd := c.withJSON(&cobra.Command{
		Use:   "report",
		Short: "Tell whether the policy is right: what people overruled, better thresholds, inflation, bias",
		Long: `Report judges the policy by what people did to its decisions, as the log has them. It proposes and changes nothing.
It shows the names of reporters as they are stored; --anonymous replaces them by numbers.`,
		Example: "  lanekeeper policy report\n  lanekeeper policy report --since 30d --team payments/PAY --anonymous",
		Args:    exactly(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if f.Since, err = parseTime(since, "since"); err != nil {
				return err
			}
			return c.ask(func(d app.Desk) (answer.Texter, error) { return d.Report(cmd.Context(), f) })
		},
	})
	fl := cmd.Flags()
	fl.StringVar(&since, "since", "90d", "from this `time` on")
	fl.StringVar(&f.Source, "source", "", "only this `source`")
	fl.StringVar(&f.Team, "team", "", "only this `team`: a source or source/PROJECT")
	fl.BoolVar(&f.Anonymous, "anonymous", false, "numbers instead of the names of reporters")
	return cmd
}
