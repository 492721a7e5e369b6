package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/lanekeeper/lanekeeper/internal/answer"
	"github.com/lanekeeper/lanekeeper/internal/app"
	"github.com/lanekeeper/lanekeeper/internal/config"
	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/internal/web"
)

func (c *cli) acceptCmd() *cobra.Command {
	q := web.ReplyRequest{Accept: true}
	cmd := c.withJSON(&cobra.Command{
		Use:   "accept REF",
		Short: "Have a proposal of suggest mode carried out",
		Long: `Accept writes what the comment on an issue proposes, though its mode only suggests: through the same outbox and log as everything else,
so that undo takes it back. The issue is read and decided anew first. Where policy wants something else by now, nothing is written, and
the answer says what: name that proposal with --proposal. Observe mode and a pause refuse it.

A move into or out of lanes with approvers is accepted by one who may decide about all of them: --as names them.`,
		Example: `  lanekeeper accept payments/PAY-12
  lanekeeper accept PAY-12 --field lane --field priority --reason "agreed in triage"
  lanekeeper accept PAY-12 --as lead@acme.example`,
		Args: exactly(1, "an issue, such as payments/PAY-12"),
		RunE: func(cmd *cobra.Command, args []string) error { return c.reply(cmd, args[0], q) },
	})
	replyFlags(cmd, &q)
	cmd.Flags().StringVar(&q.As, "as", "", "the approver who decides, by e-mail address or account `id`; default: your user name")
	return cmd
}

func (c *cli) rejectCmd() *cobra.Command {
	var q web.ReplyRequest
	var hold string
	cmd := c.withJSON(&cobra.Command{
		Use:   "reject REF",
		Short: "Decline a proposal of suggest mode: the present values stay",
		Long: `Reject withdraws what the comment on an issue proposes and keeps the present values, as override --hold does: for the time of --hold, or
else of the policy's overrides.ttl, or else 90 days. The answer stands in the log against the rule that had proposed; policy report counts it.`,
		Example: `  lanekeeper reject payments/PAY-12 --reason "the customer agreed to wait"
  lanekeeper reject PAY-12 --field priority --hold 30d`,
		Args: exactly(1, "an issue, such as payments/PAY-12"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if hold != "" {
				d, err := config.ParseDuration(hold)
				if err != nil || d <= 0 {
					return usageError{fmt.Errorf("--hold %q: want a length of time such as 12h or 30d", hold)}
				}
				q.Hold = d
			}
			return c.reply(cmd, args[0], q)
		},
	})
	replyFlags(cmd, &q)
	cmd.Flags().StringVar(&hold, "hold", "", "keep the present values for this `time`, such as 30d")
	return cmd
}

func replyFlags(cmd *cobra.Command, q *web.ReplyRequest) {
	fl := cmd.Flags()
	fl.StringSliceVar(&q.Fields, "field", nil, "only these `fields` of the proposal: lane, horizon, priority, due, assignee or the prefix of a mark")
	fl.StringVar(&q.Proposal, "proposal", "", "the proposal that is meant, by the `hash` that an answer named; default: the one that the comment shows")
	fl.StringVar(&q.Reason, "reason", "", "why, for the record")
}

// reply sends an answer to a proposal. It fails where the tracker did not take
// all of it.
func (c *cli) reply(cmd *cobra.Command, ref string, q web.ReplyRequest) error {
	q.Ref, q.By, q.Via = issue.ParseRef(ref), whoami(), "command"
	failed := false
	err := c.ask(func(d app.Desk) (answer.Texter, error) {
		out, err := d.Reply(cmd.Context(), q)
		for _, ch := range out.Changes {
			failed = failed || ch.Status == answer.Failed || ch.Status == answer.Refused
		}
		return out, err
	})
	if err == nil && failed {
		return errSilent
	}
	return err
}
