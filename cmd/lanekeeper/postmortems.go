package main

import (
	"github.com/spf13/cobra"

	"github.com/lanekeeper/lanekeeper/internal/answer"
	"github.com/lanekeeper/lanekeeper/internal/app"
	"github.com/lanekeeper/lanekeeper/internal/web"
)

func (c *cli) postMortemsCmd() *cobra.Command {
	var f web.IssueFilter
	cmd := c.withJSON(&cobra.Command{
		Use:     "post-mortems",
		Short:   "List the post-mortems that are asked for and not done, the oldest first",
		Example: "  lanekeeper post-mortems\n  lanekeeper post-mortems --source payments --json",
		Args:    exactly(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.ask(func(d app.Desk) (answer.Texter, error) { return d.PostMortems(cmd.Context(), f) })
		},
	})
	fl := cmd.Flags()
	fl.StringVar(&f.Lane, "lane", "", "only issues that were completed in this `lane`")
	fl.StringVar(&f.Source, "source", "", "only this `source`")
	fl.IntVar(&f.Limit, "limit", 0, "at most this many; 0 is all")
	fl.StringVar(&f.Cursor, "cursor", "", "go on where the answer before ended")
	return cmd
}
