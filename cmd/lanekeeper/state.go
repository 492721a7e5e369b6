package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/lanekeeper/lanekeeper/internal/answer"
	"github.com/lanekeeper/lanekeeper/internal/app"
)

func (c *cli) stateCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use: "state", Short: "Look after the state file", Args: exactly(0, "one of backup, restore, verify, stats"),
		Example: "  lanekeeper state backup lanekeeper.bak",
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(c.backupCmd(), c.restoreCmd(), c.verifyCmd(), c.statsCmd())
	return cmd
}

// keeper opens the state file or reaches the daemon that holds it, and uses it.
func (c *cli) keeper(use func(app.Keeper) error) error {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	k, done, err := app.OpenKeeper(cfg, c.options())
	if err != nil {
		return err
	}
	err = use(k)
	if cerr := done(); err == nil {
		err = cerr
	}
	return err
}

func (c *cli) backupCmd() *cobra.Command {
	return &cobra.Command{
		Use: "backup FILE", Short: "Copy the state, also while the daemon runs", Example: "  lanekeeper state backup /backup/lanekeeper.db",
		Args: exactly(1, "the file to write"),
		RunE: func(cmd *cobra.Command, args []string) error {
			err := c.keeper(func(k app.Keeper) error { return app.BackupTo(cmd.Context(), k, args[0]) })
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(c.out, "backed up to", args[0])
			return err
		},
	}
}

func (c *cli) restoreCmd() *cobra.Command {
	return &cobra.Command{
		Use: "restore FILE", Short: "Put a backup in the place of the state; the daemon must be stopped", Example: "  lanekeeper state restore /backup/lanekeeper.db",
		Args: exactly(1, "the backup to restore"),
		RunE: func(_ *cobra.Command, args []string) error {
			cfg, err := c.load()
			if err != nil {
				return err
			}
			if err := app.Restore(cfg, args[0]); err != nil {
				return err
			}
			_, err = fmt.Fprintln(c.out, "restored", cfg.State.Path, "from", args[0])
			return err
		},
	}
}

func (c *cli) verifyCmd() *cobra.Command {
	return c.withJSON(&cobra.Command{
		Use: "verify [FILE]", Short: "Check every record, index and count of the state, or of a backup",
		Example: "  lanekeeper state verify\n  lanekeeper state verify /backup/lanekeeper.db",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usageError{fmt.Errorf("state verify takes one file at most")}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			var v answer.Verification
			if len(args) == 1 {
				v, err = app.VerifyFile(args[0])
			} else {
				err = c.keeper(func(k app.Keeper) (err error) { v, err = k.Verify(cmd.Context()); return err })
			}
			if err != nil {
				return err
			}
			if err := c.print(v); err != nil {
				return err
			}
			if !v.OK {
				return errSilent
			}
			return nil
		},
	})
}

func (c *cli) statsCmd() *cobra.Command {
	return c.withJSON(&cobra.Command{
		Use: "stats", Short: "Tell how large the state is and what it holds", Example: "  lanekeeper state stats", Args: exactly(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.keeper(func(k app.Keeper) error {
				s, err := k.Stats(cmd.Context())
				if err != nil {
					return err
				}
				return c.print(s)
			})
		},
	})
}
