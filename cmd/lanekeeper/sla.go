package main

import (
	"github.com/spf13/cobra"

	"github.com/lanekeeper/lanekeeper/internal/answer"
	"github.com/lanekeeper/lanekeeper/internal/app"
	"github.com/lanekeeper/lanekeeper/internal/config"
)

func (c *cli) slaSimulateCmd() *cobra.Command {
	var file app.ExportRequest
	var r app.SLARequest
	var since string
	cmd := c.withJSON(&cobra.Command{
		Use:   "simulate FILE",
		Short: "Show what would have breached under a policy's SLAs, from the histories in an exported file",
		Long: `Simulate rebuilds every issue of an export with its history, decides its lanes by the policy, and runs the clocks of the policy's SLAs over it.
It shows for each target what was met and what breached within the period, and names the breaches. Jira's JSON with expand=changelog has the
histories, and with the field comment also the responses. It writes nothing and asks no tracker.`,
		Example: `  lanekeeper sla simulate jira.json.gz --policy policy.yaml
  lanekeeper sla simulate jira.json.gz --since 30d --json`,
		Args: exactly(1, "the file of an export"),
	})
	f := cmd.Flags()
	f.StringVar(&r.Policy, "policy", "current", "the `policy`: "+policyNames)
	f.StringVar(&since, "since", "90d", "begin at this `time`, or this long before the end")
	finish := exportFlags(cmd, &file)
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		if err := finish(); err != nil {
			return err
		}
		file.Path = args[0]
		r.Since = (&replayFlags{since: since}).from
		return c.overFile(&file, []string{r.Policy}, func(cfg *config.Config, _ app.Options, file *app.ExportRequest) (answer.Texter, error) {
			r.File = *file
			return app.SimulateSLA(cfg, r)
		})
	}
	return cmd
}
