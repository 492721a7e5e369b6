package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/lanekeeper/lanekeeper/internal/app"
	"github.com/lanekeeper/lanekeeper/internal/web"
)

func (c *cli) auditCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use: "audit", Short: "Export the log of decisions, acts and writes, and check an export", Args: exactly(0, "one of export, verify"),
		Example: "  lanekeeper audit export --since 90d --out audit.jsonl\n  lanekeeper audit verify audit.jsonl",
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(c.auditExportCmd(), c.auditVerifyCmd())
	return cmd
}

func (c *cli) auditExportCmd() *cobra.Command {
	var f web.AuditFilter
	var since, until, out string
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Write who decided and did what, when and why, as JSON Lines",
		Long: `Export writes one line for each decision, for each act of a person and for each change that was sent to a tracker.
Every line carries what is needed to check it: hash is SHA-256 over previous and raw. An export without a filter can be checked as a whole.`,
		Example: `  lanekeeper audit export --out audit.jsonl
  lanekeeper audit export --issue payments/PAY-12
  lanekeeper audit export --since 30d --person ana@acme.example --rule hotfix`,
		Args: exactly(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if f.Since, err = parseTime(since, "since"); err != nil {
				return err
			}
			if f.Until, err = parseTime(until, "until"); err != nil {
				return err
			}
			err = c.keeper(func(k app.Keeper) error {
				if out == "" || out == "-" {
					return k.Audit(cmd.Context(), f, c.out)
				}
				return app.AuditTo(cmd.Context(), k, f, out)
			})
			if err == nil && out != "" && out != "-" {
				_, err = fmt.Fprintln(c.out, "exported to", out)
			}
			return err
		},
	}
	fl := cmd.Flags()
	fl.StringVar(&since, "since", "", "from this `time` on")
	fl.StringVar(&until, "until", "", "before this `time`")
	fl.StringVar(&f.Source, "source", "", "only this `source`")
	fl.StringVar(&f.Issue, "issue", "", "only this issue, by its `ref`")
	fl.StringVar(&f.Person, "person", "", "only what this `person` did: an account id, a name or an e-mail address")
	fl.StringVar(&f.Rule, "rule", "", "only what the rule of this `lane` led to")
	fl.StringVar(&out, "out", "", "write into this `file`; it appears when it is whole")
	return cmd
}

func (c *cli) auditVerifyCmd() *cobra.Command {
	return c.withJSON(&cobra.Command{
		Use:     "verify FILE",
		Short:   "Check that an exported log is whole and unchanged; needs no configuration",
		Example: "  lanekeeper audit verify audit.jsonl",
		Args:    exactly(1, "an exported file, or - for standard input"),
		RunE: func(_ *cobra.Command, args []string) error {
			a, err := app.VerifyAudit(args[0])
			if err != nil {
				return err
			}
			if err := c.print(a); err != nil {
				return err
			}
			if !a.OK {
				return errSilent
			}
			return nil
		},
	})
}
