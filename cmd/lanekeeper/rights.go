package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/lanekeeper/lanekeeper/internal/answer"
	"github.com/lanekeeper/lanekeeper/internal/app"
	"github.com/lanekeeper/lanekeeper/internal/config"
	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/internal/web"
)

// isPlan tells a plan's id from an issue: issues have capital keys or a slash.
func isPlan(arg string) bool { return strings.HasPrefix(arg, "p-") && !strings.Contains(arg, "/") }

func (c *cli) overridesCmd() *cobra.Command {
	var f web.OverrideFilter
	cmd := c.withJSON(&cobra.Command{
		Use:     "overrides",
		Short:   "List what people hold against the policy: since when, by whom, until when",
		Example: "  lanekeeper overrides --contested\n  lanekeeper overrides --source payments --field lane --by ana",
		Args:    exactly(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.ask(func(d app.Desk) (answer.Texter, error) { return d.Overrides(cmd.Context(), f) })
		},
	})
	fl := cmd.Flags()
	fl.StringVar(&f.Source, "source", "", "only this `source`")
	fl.StringVar(&f.Lane, "lane", "", "only issues of this `lane`, and moves that it contests")
	fl.StringVar(&f.Field, "field", "", "only this `field`; pinned issues have the field all")
	fl.StringVar(&f.By, "by", "", "only decisions of this `person`: part of the name, address or account id")
	fl.BoolVar(&f.Contested, "contested", false, "only moves that wait for an approver")
	fl.IntVar(&f.Limit, "limit", 0, "at most this many; 0 is all")
	fl.StringVar(&f.Cursor, "cursor", "", "go on where the answer before ended")
	return cmd
}

func (c *cli) overrideCmd() *cobra.Command {
	var field, hold, reason string
	var release bool
	cmd := c.withJSON(&cobra.Command{
		Use:   "override REF --field F (--release | --hold 30d)",
		Short: "Give a field back to lanekeeper, or keep its present value for a time",
		Long: `--release ends what holds a field: the next cycle writes what policy wants.
--hold keeps the value that the field has now, whatever policy wants, for the given time. What suggest mode proposes is
better declined with lanekeeper reject, which withdraws it at once.`,
		Example: "  lanekeeper override payments/PAY-12 --field lane --release\n  lanekeeper override PAY-12 --field priority --hold 30d --reason \"agreed with sales\"",
		Args:    exactly(1, "an issue, such as payments/PAY-12"),
		RunE: func(cmd *cobra.Command, args []string) error {
			u := web.RulingRequest{Ref: issue.ParseRef(args[0]), Verb: "release", Field: field, By: whoami(), Via: "command", Reason: reason}
			switch {
			case field == "":
				return usageError{errors.New("say which field with --field, such as lane or priority")}
			case release == (hold != ""):
				return usageError{errors.New("say one of --release and --hold")}
			case !release:
				d, err := config.ParseDuration(hold)
				if err != nil || d <= 0 {
					return usageError{fmt.Errorf("--hold %q: want a length of time such as 12h or 30d", hold)}
				}
				u.Verb, u.Hold = "hold", d
			}
			return c.ask(func(d app.Desk) (answer.Texter, error) { return d.Rule(cmd.Context(), u) })
		},
	})
	fl := cmd.Flags()
	fl.StringVar(&field, "field", "", "lane, horizon, priority, due, assignee or the `prefix` of a mark")
	fl.BoolVar(&release, "release", false, "give the field back to lanekeeper")
	fl.StringVar(&hold, "hold", "", "keep the present value for this `time`, such as 30d")
	fl.StringVar(&reason, "reason", "", "why, for the record")
	return cmd
}
