package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/lanekeeper/lanekeeper/internal/app"
)

func (c *cli) policyCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use: "policy", Short: "Show, test and compare policies", Args: exactly(0, "one of show, test, diff"),
		Example: "  lanekeeper policy show\n  lanekeeper policy test policy_test.yaml\n  lanekeeper policy diff current new.yaml",
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(c.policyShowCmd(), c.policyTestCmd(), c.policyDiffCmd())
	return cmd
}

func (c *cli) policyShowCmd() *cobra.Command {
	var preset, team string
	cmd := c.withJSON(&cobra.Command{
		Use:   "show",
		Short: "Print the policy in force, with all that presets and defaults fill in",
		Example: `  lanekeeper policy show
  lanekeeper policy show --team payments/PAY
  lanekeeper policy show --preset wsjf       # needs no configuration`,
		Args: exactly(0, "no arguments"),
		RunE: func(*cobra.Command, []string) error {
			var text []byte
			var err error
			if preset != "" {
				text, err = app.ShowPreset(preset, c.json)
			} else {
				cfg, lerr := c.load()
				if lerr != nil {
					return lerr
				}
				text, err = app.ShowPolicy(cfg, team, c.json)
			}
			if err != nil {
				return usageError{err}
			}
			_, err = fmt.Fprint(c.out, string(text))
			return err
		},
	})
	cmd.Flags().StringVar(&preset, "preset", "", "print this preset instead: "+app.Presets())
	cmd.Flags().StringVar(&team, "team", "", "the policy of this `source` or source/PROJECT")
	return cmd
}

func (c *cli) policyTestCmd() *cobra.Command {
	return c.withJSON(&cobra.Command{
		Use:     "test FILE...",
		Short:   "Run unit tests of the policy: given an issue, expect lane, band and reasons",
		Example: "  lanekeeper policy test policy_test.yaml",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usageError{fmt.Errorf("policy test needs at least one file of tests; see lanekeeper policy test --help")}
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			cfg, err := c.load()
			if err != nil {
				return err
			}
			results, err := app.TestPolicy(cfg, args)
			if err != nil {
				return usageError{err}
			}
			if err := c.print(results); err != nil {
				return err
			}
			if results.Failed > 0 {
				return errSilent
			}
			return nil
		},
	})
}
