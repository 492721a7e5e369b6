package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/lanekeeper/lanekeeper/internal/app"
)

func (c *cli) runCmd() *cobra.Command {
	return &cobra.Command{
		Use:   "run",
		Short: "Run the daemon until it is stopped",
		Long: `Run pulls every source on its schedule, decides, writes what the mode allows, and serves page, API and metrics on server.listen.
SIGHUP or POST /-/reload reads the configuration again. SIGINT and SIGTERM stop it: a started write is finished and recorded.`,
		Example: "  lanekeeper run --config /etc/lanekeeper/lanekeeper.yaml",
		Args:    exactly(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := c.load()
			if err != nil {
				return err
			}
			o := c.options()
			o.Log = c.daemonLogger()
			cfg.LogWarnings(o.Log)
			a, err := app.New(cfg, o)
			if err != nil {
				return err
			}
			stop := reloadOnHangup(cmd.Context(), a, o.Log)
			defer stop()
			return runDaemon(cmd.Context(), a, o.Log)
		},
	}
}

// runDaemon runs until the context ends; a clean stop is no error.
func runDaemon(ctx context.Context, a *app.App, log *slog.Logger) error {
	err := a.Run(ctx, func(addr net.Addr) { log.Info("serving page, API and metrics", "url", "http://"+addr.String()) })
	if errors.Is(err, context.Canceled) && ctx.Err() != nil {
		err = nil
	}
	err = errors.Join(err, a.Close())
	if err == nil {
		log.Info("stopped")
	}
	return err
}

func (c *cli) daemonLogger() *slog.Logger {
	level := slog.LevelInfo
	if c.verbose {
		level = slog.LevelDebug
	}
	return slog.New(slog.NewTextHandler(c.err, &slog.HandlerOptions{Level: level}))
}

// reloadOnHangup reads the configuration again at each SIGHUP.
func reloadOnHangup(ctx context.Context, a *app.App, log *slog.Logger) (stop func()) {
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-ctx.Done():
				return
			case <-hangup:
				if _, err := a.Reload(ctx); err != nil {
					log.Debug("reload on SIGHUP ended", "err", err) // Reload has logged it
				}
			}
		}
	}()
	return func() {
		signal.Stop(hangup)
		cancel()
		<-done
	}
}

func (c *cli) demoCmd() *cobra.Command {
	var d app.Demo
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Show lanekeeper at work on two simulated trackers; needs nothing",
		Long: `Demo starts a Jira and a Linear in this process, each with a realistic backlog that people keep changing, runs the daemon
against them, and serves page, API and metrics. Nothing leaves this machine, and nothing is kept.`,
		Example: `  lanekeeper demo
  lanekeeper demo --once --issues 500    # show one pass and end`,
		Args: exactly(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			d.Out, d.Style, d.Log, d.Build = c.out, c.style(), c.daemonLogger(), build()
			return d.Run(cmd.Context())
		},
	}
	f := cmd.Flags()
	f.StringVar(&d.Listen, "listen", "127.0.0.1:9275", "address of page, API and metrics")
	f.IntVar(&d.Issues, "issues", 120, "issues in each tracker")
	f.Int64Var(&d.Seed, "seed", 1, "seed of the simulated world")
	f.BoolVar(&d.Once, "once", false, "end after the first pass")
	f.DurationVar(&d.For, "for", 0, "end after this time; 0 runs until Ctrl-C")
	return cmd
}

func (c *cli) versionCmd() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version", Example: "  lanekeeper version", Args: exactly(0, "no arguments"),
		RunE: func(*cobra.Command, []string) error {
			b := build()
			if b.Revision != "" {
				b.Version += " (" + b.Revision + ")"
			}
			_, err := fmt.Fprintln(c.out, "lanekeeper", b.Version)
			return err
		},
	}
}
