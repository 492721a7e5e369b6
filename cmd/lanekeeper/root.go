package main

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/user"
	"runtime/debug"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/lanekeeper/lanekeeper/internal/answer"
	"github.com/lanekeeper/lanekeeper/internal/app"
	"github.com/lanekeeper/lanekeeper/internal/config"
	"github.com/lanekeeper/lanekeeper/internal/metrics"
)

// cli is what all commands share.
type cli struct {
	out, err io.Writer
	path     string // of the configuration
	json     bool
	verbose  bool
}

func newRoot(stdout, stderr io.Writer) *cobra.Command {
	c := &cli{out: stdout, err: stderr}
	root := &cobra.Command{
		Use:   "lanekeeper",
		Short: "Keep the issues of Jira and Linear in their lanes",
		Long: `lanekeeper pulls issues from Jira and Linear, scores them by your policy, puts each open issue into one lane,
writes labels, priorities and owners back, and can explain and undo everything it did.`,
		Example: `  lanekeeper demo                        # try it: two simulated trackers, nothing to set up
  lanekeeper check                       # is the configuration right, may the token do its work?
  lanekeeper plan                        # what would change
  lanekeeper run                         # the daemon
  lanekeeper explain payments/PAY-12     # why is this issue here?`,
		SilenceUsage: true, SilenceErrors: true,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usageError{fmt.Errorf("unknown command %q; see lanekeeper --help", args[0])}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usageError{fmt.Errorf("%w; see %s --help", err, cmd.CommandPath())}
	})
	f := root.PersistentFlags()
	f.StringVarP(&c.path, "config", "c", "lanekeeper.yaml", "configuration `file`")
	f.BoolVarP(&c.verbose, "verbose", "v", false, "log at debug level")
	root.AddCommand(c.runCmd(), c.onceCmd(), c.planCmd(), c.checkCmd(), c.explainCmd(), c.historyCmd(), c.issuesCmd(), c.decisionsCmd(),
		c.auditCmd(), c.plansCmd(), c.approveCmd(), c.acceptCmd(), c.rejectCmd(), c.overridesCmd(), c.overrideCmd(), c.pauseCmd(), c.resumeCmd(), c.undoCmd(), c.policyCmd(), c.pilotCmd(),
		c.tryCmd(), c.backtestCmd(), c.slaCmd(), c.postMortemsCmd(), c.alertsCmd(), c.stateCmd(), c.schemaCmd(), c.demoCmd(), c.versionCmd())
	return root
}

// withJSON adds --json to a command that prints data.
func (c *cli) withJSON(cmd *cobra.Command) *cobra.Command {
	cmd.Flags().BoolVar(&c.json, "json", false, "print JSON for machines")
	return cmd
}

// load reads the configuration.
func (c *cli) load() (*config.Config, error) { return config.Load(c.path, os.LookupEnv) }

// options are those of an App for this command line.
func (c *cli) options() app.Options {
	return app.Options{Log: c.logger(), Load: c.load, Env: os.LookupEnv, Build: build()}
}

// logger writes to standard error: answers alone go to standard output. A
// command that answers a question logs only what went wrong.
func (c *cli) logger() *slog.Logger {
	level := slog.LevelWarn
	if c.verbose {
		level = slog.LevelDebug
	}
	return slog.New(slog.NewTextHandler(c.err, &slog.HandlerOptions{Level: level}))
}

// desk opens the state file, or reaches the daemon that holds it.
func (c *cli) desk() (app.Desk, func() error, error) {
	cfg, err := c.load()
	if err != nil {
		return nil, nil, err
	}
	return app.Open(cfg, c.options())
}

// print writes an answer as JSON or for people.
func (c *cli) print(a answer.Texter) error {
	if c.json {
		return answer.WriteJSON(c.out, a)
	}
	return a.WriteText(c.out, c.style())
}

// style fits the terminal; files and pipes get plain text.
func (c *cli) style() answer.Style {
	s := answer.Style{Zone: time.Local, Now: time.Now()}
	f, ok := c.out.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return s
	}
	_, plain := os.LookupEnv("NO_COLOR")
	s.Color = !plain && os.Getenv("TERM") != "dumb"
	if w, _, err := term.GetSize(int(f.Fd())); err == nil {
		s.Width = w
	}
	return s
}

// whoami names the person at the keyboard, for the record.
func whoami() string {
	if u, err := user.Current(); err == nil && u.Username != "" {
		return u.Username
	}
	return "operator"
}

// build tells what this binary was made from.
func build() metrics.Build {
	b := metrics.Build{Version: "devel"}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	if info.Main.Version != "" && info.Main.Version != "(devel)" {
		b.Version = info.Main.Version
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			b.Revision = s.Value
		}
	}
	return b
}
