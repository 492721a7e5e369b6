package main

import (
	"github.com/spf13/cobra"

	"github.com/lanekeeper/lanekeeper/internal/answer"
	"github.com/lanekeeper/lanekeeper/internal/app"
	"github.com/lanekeeper/lanekeeper/internal/web"
)

func (c *cli) alertsCmd() *cobra.Command {
	var f web.AlertFilter
	var since string
	cmd := c.withJSON(&cobra.Command{
		Use:     "alerts",
		Short:   "List what was noticed, who was told, and who was not and why",
		Example: "  lanekeeper alerts --since 1d\n  lanekeeper alerts --channel oncall --json\n  lanekeeper alerts test oncall",
		Args:    exactly(0, "no arguments; lanekeeper alerts test CHANNEL sends a test message"),
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if f.Since, err = parseTime(since, "since"); err != nil {
				return err
			}
			return c.ask(func(d app.Desk) (answer.Texter, error) { return d.Alerts(cmd.Context(), f) })
		},
	})
	fl := cmd.Flags()
	fl.StringVar(&f.Channel, "channel", "", "only what this `channel` was told; alertmanager is every one")
	fl.StringVar(&since, "since", "", "noticed from this `time` on")
	fl.IntVar(&f.Limit, "limit", 100, "at most this many; 0 is all")
	fl.StringVar(&f.Cursor, "cursor", "", "go on where the answer before ended")
	cmd.AddCommand(c.alertsTestCmd())
	return cmd
}

func (c *cli) alertsTestCmd() *cobra.Command {
	return c.withJSON(&cobra.Command{
		Use:     "test CHANNEL",
		Short:   "Send one message that says it is a test",
		Example: "  lanekeeper alerts test oncall",
		Args:    exactly(1, "a channel, as alerts.channels names it"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.ask(func(d app.Desk) (answer.Texter, error) { return d.TestAlert(cmd.Context(), args[0], whoami()) })
		},
	})
}
