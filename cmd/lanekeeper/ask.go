package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/lanekeeper/lanekeeper/internal/answer"
	"github.com/lanekeeper/lanekeeper/internal/app"
	"github.com/lanekeeper/lanekeeper/internal/config"
	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/internal/web"
)

// ask opens a desk, puts one question and prints the answer.
func (c *cli) ask(question func(app.Desk) (answer.Texter, error)) error {
	desk, done, err := c.desk()
	if err != nil {
		return err
	}
	a, err := question(desk)
	if cerr := done(); err == nil {
		err = cerr
	}
	if err != nil {
		return err
	}
	return c.print(a)
}

func (c *cli) explainCmd() *cobra.Command {
	return c.withJSON(&cobra.Command{
		Use:     "explain REF",
		Short:   "Tell why an issue is where it is, and what would change it",
		Example: "  lanekeeper explain payments/PAY-12\n  lanekeeper explain PAY-12 --json",
		Args:    exactly(1, "an issue, such as payments/PAY-12"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.ask(func(d app.Desk) (answer.Texter, error) { return d.Explain(cmd.Context(), issue.ParseRef(args[0])) })
		},
	})
}

func (c *cli) historyCmd() *cobra.Command {
	limit := 0
	cmd := c.withJSON(&cobra.Command{
		Use:     "history REF",
		Short:   "Tell what was decided about an issue and written to it",
		Example: "  lanekeeper history payments/PAY-12 --limit 20",
		Args:    exactly(1, "an issue, such as payments/PAY-12"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.ask(func(d app.Desk) (answer.Texter, error) {
				return d.History(cmd.Context(), issue.ParseRef(args[0]), limit)
			})
		},
	})
	cmd.Flags().IntVar(&limit, "limit", 0, "newest `events` only; 0 is all")
	return cmd
}

func (c *cli) issuesCmd() *cobra.Command {
	var f web.IssueFilter
	cmd := c.withJSON(&cobra.Command{
		Use:     "issues",
		Short:   "List open issues in rank order",
		Example: "  lanekeeper issues --lane hotfix\n  lanekeeper issues --source core --json",
		Args:    exactly(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.ask(func(d app.Desk) (answer.Texter, error) { return d.Issues(cmd.Context(), f) })
		},
	})
	fl := cmd.Flags()
	fl.StringVar(&f.Lane, "lane", "", "only this `lane`")
	fl.StringVar(&f.Source, "source", "", "only this `source`")
	fl.StringVar(&f.SLA, "sla", "", "only issues held to this `SLA`")
	fl.StringVar(&f.Text, "text", "", "only keys and titles with this `text`")
	fl.IntVar(&f.Limit, "limit", 0, "at most this many; 0 is all")
	fl.StringVar(&f.Cursor, "cursor", "", "go on where the answer before ended")
	return cmd
}

func (c *cli) decisionsCmd() *cobra.Command {
	var f web.DecisionFilter
	var since, until, move string
	cmd := c.withJSON(&cobra.Command{
		Use:     "decisions",
		Short:   "List logged decisions, newest first",
		Example: "  lanekeeper decisions --since 2026-05-01 --until 2026-06-01 --move down",
		Args:    exactly(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if f.Since, err = parseTime(since, "since"); err != nil {
				return err
			}
			if f.Until, err = parseTime(until, "until"); err != nil {
				return err
			}
			switch f.Move = answer.Move(move); f.Move {
			case "", answer.MovedUp, answer.MovedDown, answer.Placed:
			default:
				return usageError{fmt.Errorf("--move %q: want up, down or new", move)}
			}
			return c.ask(func(d app.Desk) (answer.Texter, error) { return d.Decisions(cmd.Context(), f) })
		},
	})
	fl := cmd.Flags()
	fl.StringVar(&f.Lane, "lane", "", "only moves into or out of this `lane`")
	fl.StringVar(&f.Source, "source", "", "only this `source`")
	fl.StringVar(&move, "move", "", "only this `direction`: up, down or new")
	fl.StringVar(&since, "since", "", "from this `time` on")
	fl.StringVar(&until, "until", "", "before this `time`")
	fl.IntVar(&f.Limit, "limit", 100, "at most this many; 0 is all")
	fl.StringVar(&f.Cursor, "cursor", "", "go on where the answer before ended")
	return cmd
}

// parseTime reads a moment, a day in the local zone, or an age such as 2h or
// 3d.
func parseTime(s, flag string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04", "2006-01-02 15:04", time.DateOnly} {
		if t, err := time.ParseInLocation(layout, s, time.Local); err == nil {
			return t, nil
		}
	}
	if d, ok := age(s); ok {
		return time.Now().Add(-d), nil
	}
	return time.Time{}, usageError{fmt.Errorf("--%s %q: want a time such as 2026-05-04T09:00:00Z or 2026-05-04, or an age such as 2h or 3d", flag, s)}
}

// age reads how long ago something was, such as 2h or 3d.
func age(s string) (time.Duration, bool) {
	d, err := config.ParseDuration(s)
	return d, err == nil
}
