package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/lanekeeper/lanekeeper/internal/answer"
	"github.com/lanekeeper/lanekeeper/internal/app"
	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/internal/web"
)

func (c *cli) approveCmd() *cobra.Command {
	var as, reason string
	var reject bool
	cmd := c.withJSON(&cobra.Command{
		Use:   "approve (PLAN | REF)",
		Short: "Let a held plan go on, or decide about a contested move",
		Long: `With the id of a plan, approve lets a plan that the guard holds go on with the next cycle.

With an issue, it decides about a move into or out of a lane whose approvers were not asked: --as names an approver of that
lane, by e-mail address or account id. The move then stays as a person's own choice; with --reject lanekeeper's lane comes back.`,
		Example: "  lanekeeper approve p-7f3a09c1\n  lanekeeper approve payments/PAY-12 --as lead@acme.example\n  lanekeeper approve PAY-12 --as lead@acme.example --reject --reason \"still an outage\"",
		Args:    exactly(1, "the id of a held plan, as plan and once print it, or an issue"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if isPlan(args[0]) {
				if as != "" || reject || reason != "" {
					return usageError{errors.New("--as, --reject and --reason are about a contested move: give an issue, not a plan")}
				}
				return c.ask(func(d app.Desk) (answer.Texter, error) { return d.Approve(cmd.Context(), args[0], whoami()) })
			}
			u := web.RulingRequest{Ref: issue.ParseRef(args[0]), Verb: "approve", As: as, By: whoami(), Via: "command", Reason: reason}
			if reject {
				u.Verb = "reject"
			}
			if u.As == "" {
				u.As = u.By
			}
			return c.ask(func(d app.Desk) (answer.Texter, error) { return d.Rule(cmd.Context(), u) })
		},
	})
	fl := cmd.Flags()
	fl.StringVar(&as, "as", "", "the approver who decides, by e-mail address or account `id`; default: your user name")
	fl.BoolVar(&reject, "reject", false, "do not agree: lanekeeper's lane comes back")
	fl.StringVar(&reason, "reason", "", "why, for the record")
	return cmd
}

func (c *cli) pauseCmd() *cobra.Command {
	var reason string
	cmd := c.withJSON(&cobra.Command{
		Use:     "pause",
		Short:   "Stop all writes at once; reading and recording go on, also after a restart",
		Example: "  lanekeeper pause --reason \"release day\"",
		Args:    exactly(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.ask(func(d app.Desk) (answer.Texter, error) { return d.Pause(cmd.Context(), whoami(), reason) })
		},
	})
	cmd.Flags().StringVar(&reason, "reason", "", "why, for the record")
	return cmd
}

func (c *cli) resumeCmd() *cobra.Command {
	return c.withJSON(&cobra.Command{
		Use: "resume", Short: "End a pause", Example: "  lanekeeper resume", Args: exactly(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.ask(func(d app.Desk) (answer.Texter, error) { return d.Resume(cmd.Context(), whoami()) })
		},
	})
}

func (c *cli) undoCmd() *cobra.Command {
	var plan, since string
	cmd := c.withJSON(&cobra.Command{
		Use:   "undo (--plan P | --since T | REF)",
		Short: "Put back what lanekeeper wrote, where the field still holds it",
		Long: `Undo restores the values from before a plan, since a time, or of one issue. A field that a person changed since is left alone.
What was restored stays so until its override ends (policy: overrides.ttl), so that the next cycle does not write it again.`,
		Example: "  lanekeeper undo --since 2h\n  lanekeeper undo --plan p-7f3a09c1\n  lanekeeper undo payments/PAY-12",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usageError{fmt.Errorf("undo takes one issue at a time")}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			u := web.UndoRequest{Plan: plan, By: whoami()}
			var err error
			if u.Since, err = parseTime(since, "since"); err != nil {
				return err
			}
			if len(args) == 1 {
				u.Ref = args[0]
			}
			if err := u.Validate(); err != nil {
				return usageError{err}
			}
			return c.undo(cmd, u)
		},
	})
	cmd.Flags().StringVar(&plan, "plan", "", "the `id` of a plan")
	cmd.Flags().StringVar(&since, "since", "", "everything since this `time`")
	return cmd
}

func (c *cli) undo(cmd *cobra.Command, u web.UndoRequest) error {
	failed := false
	err := c.ask(func(d app.Desk) (answer.Texter, error) {
		out, err := d.Undo(cmd.Context(), u)
		for _, ch := range out.Changes {
			failed = failed || ch.Status == answer.Failed
		}
		return out, err
	})
	if err == nil && failed {
		return errSilent
	}
	return err
}
