package main

import (
	"fmt"
	"os"
	"sync"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/lanekeeper/lanekeeper/internal/answer"
	"github.com/lanekeeper/lanekeeper/internal/app"
)

func (c *cli) onceCmd() *cobra.Command {
	return c.withJSON(&cobra.Command{
		Use:   "once",
		Short: "Run one full cycle of every source, then exit",
		Long: `Once pulls, decides and writes what the mode allows, for every source, and tells what it changed.
Exit code 0: all good; 1: some source or issue failed; 2: the configuration is wrong.`,
		Example: "  lanekeeper once --config lanekeeper.yaml",
		Args:    exactly(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := c.load()
			if err != nil {
				return err
			}
			bars := newBars(c)
			o := c.options()
			o.Progress = bars.progress
			cfg.LogWarnings(o.Log)
			a, err := app.New(cfg, o)
			if err != nil {
				return err
			}
			cycle := a.OnceBounded(cmd.Context())
			bars.finish()
			err = c.conclude(cycle, nil)
			if cerr := a.Close(); cerr != nil {
				return cerr
			}
			return err
		},
	})
}

func (c *cli) planCmd() *cobra.Command {
	var source string
	cmd := c.withJSON(&cobra.Command{
		Use:     "plan",
		Short:   "Show what once would change; never writes to a tracker",
		Long:    "Plan reads the trackers and decides as once does, remembers what it read, and prints every change that once would make.",
		Example: "  lanekeeper plan\n  lanekeeper plan --json | jq '.changes[] | select(.field == \"priority\")'",
		Args:    exactly(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := c.load()
			if err != nil {
				return err
			}
			bars := newBars(c)
			o := c.options()
			o.Progress = bars.progress
			desk, done, err := app.Open(cfg, o)
			if err != nil {
				return err
			}
			cycle, err := desk.PlanNow(cmd.Context(), source)
			bars.finish()
			if cerr := done(); err == nil {
				err = cerr
			}
			return c.conclude(cycle, err)
		},
	})
	cmd.Flags().StringVar(&source, "source", "", "only this source")
	return cmd
}

// conclude prints a cycle and says by the exit code whether all was good.
func (c *cli) conclude(cycle answer.Cycle, err error) error {
	if err != nil {
		return err
	}
	if err := c.print(cycle); err != nil {
		return err
	}
	if sources, changes := cycle.Failures(); sources+changes > 0 {
		return errSilent
	}
	return nil
}

// bars show how far long first pulls have come, on a terminal.
type bars struct {
	on  bool
	out *os.File
	mu  sync.Mutex
	bar map[string]*progressbar.ProgressBar
}

func newBars(c *cli) *bars {
	f, ok := c.err.(*os.File)
	return &bars{on: ok && !c.json && term.IsTerminal(int(f.Fd())), out: f, bar: map[string]*progressbar.ProgressBar{}}
}

func (b *bars) progress(source string, done, total int) {
	if !b.on {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	bar := b.bar[source]
	if bar == nil {
		most := total
		if most == 0 {
			most = -1 // a spinner: the tracker does not tell
		}
		bar = progressbar.NewOptions(most, progressbar.OptionSetWriter(b.out), progressbar.OptionSetDescription(source),
			progressbar.OptionShowCount(), progressbar.OptionShowIts(), progressbar.OptionSetItsString("issues"),
			progressbar.OptionSetPredictTime(true), progressbar.OptionClearOnFinish(), progressbar.OptionFullWidth())
		b.bar[source] = bar
	}
	if err := bar.Set(done); err != nil {
		b.on = false // a terminal that went away shows no progress
	}
}

func (b *bars) finish() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, bar := range b.bar {
		if err := bar.Finish(); err != nil {
			return
		}
	}
}

func (c *cli) checkCmd() *cobra.Command {
	return c.withJSON(&cobra.Command{
		Use:   "check",
		Short: "Check configuration, credentials, permissions and fields of every source",
		Long:  "Check reads the configuration, signs in to each tracker and tries everything that a cycle needs, without writing.",
		Example: `  lanekeeper check
  lanekeeper check --json | jq '.findings[] | select(.level == "failed")'`,
		Args: exactly(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := c.load()
			if err != nil {
				return err
			}
			found := app.Check(cmd.Context(), cfg, c.options())
			if err := c.print(found); err != nil {
				return err
			}
			if found.Failed > 0 {
				return errSilent
			}
			return nil
		},
	})
}

func (c *cli) schemaCmd() *cobra.Command {
	return &cobra.Command{
		Use: "schema", Short: "Print the JSON Schema of the configuration, for editors",
		Example: "  lanekeeper schema > lanekeeper.schema.json",
		Args:    exactly(0, "no arguments"),
		RunE: func(*cobra.Command, []string) error {
			s, err := app.Schema()
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(c.out, string(s))
			return err
		},
	}
}
