package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/lanekeeper/lanekeeper/internal/answer"
	"github.com/lanekeeper/lanekeeper/internal/app"
	"github.com/lanekeeper/lanekeeper/internal/config"
)

const policyNames = "a file with a policy or a configuration, built-in, preset:NAME, current, or current:TEAM"

// exportFlags are how an exported file is read.
func exportFlags(cmd *cobra.Command, r *app.ExportRequest) func() error {
	f := cmd.Flags()
	f.StringArrayVar(&r.Columns, "columns", nil, "what a column of another name is, as `THEIRS=ours`; repeat it")
	f.StringArrayVar(&r.Fields, "field", nil, "where a custom field of the policy is, as `NAME=COLUMN` or NAME=customfield_10010; repeat it")
	f.StringArrayVar(&r.Words, "map", nil, "what a word of the tracker means, as `WHAT:WORD=ours` with status, priority or type; repeat it")
	f.StringVar(&r.Dates, "dates", "", "how 03/04/2026 is read: `dmy` or mdy")
	f.StringVar(&r.Zone, "zone", "", "time `zone` of the days, and of times without one (default UTC)")
	f.StringSliceVar(&r.Empty, "empty", nil, "`fields` whose missing column means that there is nothing, such as votes,watchers; or all")
	at := f.String("at", "", "decide as of this `time` instead of the newest in the file")
	return func() (err error) {
		r.At, err = parseTime(*at, "at")
		return err
	}
}

// replayFlags are what a replay looks at.
type replayFlags struct {
	since    string
	capacity int
	hot      string
}

func (r *replayFlags) register(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&r.since, "since", "180d", "begin at this `time`, or this long before the end")
	f.IntVar(&r.capacity, "capacity", 0, "how many hot `fixes` a day the team can take")
	f.StringVar(&r.hot, "hot", "", "the `lane` of hot fixes (default hotfix, else the first)")
}

// check refuses flags that mean nothing, or nothing without a replay.
func (r *replayFlags) check(cmd *cobra.Command, replays bool) error {
	for _, name := range []string{"since", "capacity", "hot"} {
		if !replays && cmd.Flags().Changed(name) {
			return usageError{fmt.Errorf("--%s is about a replay: give --backtest too", name)}
		}
	}
	if r.capacity < 0 {
		return usageError{fmt.Errorf("--capacity %d: want 0 or more", r.capacity)}
	}
	return nil
}

// from gives the beginning of a period: an age counts back from its end.
func (r *replayFlags) from(until time.Time) (time.Time, error) {
	if d, ok := age(r.since); ok {
		return until.Add(-d), nil
	}
	return parseTime(r.since, "since")
}

func (c *cli) tryCmd() *cobra.Command {
	var r app.TrialRequest
	var replay replayFlags
	cmd := c.withJSON(&cobra.Command{
		Use:   "try FILE",
		Short: "Try a policy on an exported file: no tracker, no token, no configuration",
		Long: `Try reads an export of Jira (JSON of the REST interface, CSV) or Linear (CSV), also compressed with gzip, and shows what a policy makes of it:
the lanes, the priorities before and after, the top of each lane with the reasons, and what it is least sure of. Nothing leaves this machine.
Whatever it does not understand (words, dates, missing columns) it lists and does not guess.`,
		Example: `  lanekeeper try docs/example-export.csv
  lanekeeper try jira.csv --policy policy.yaml --dates dmy
  lanekeeper try jira.json.gz --backtest --since 90d
  lanekeeper try jira.csv --explain PAY-12`,
		Args: exactly(1, "the file of an export"),
	})
	f := cmd.Flags()
	f.StringVar(&r.Policy, "policy", "", "the `policy`: a file with a policy or a configuration, preset:NAME, or built-in (default)")
	f.StringVar(&r.Explain, "explain", "", "explain the issue of this `key` in full")
	f.BoolVar(&r.Backtest, "backtest", false, "replay the policy over the histories in the file too")
	finish := exportFlags(cmd, &r.File)
	replay.register(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := errors.Join(finish(), replay.check(cmd, r.Backtest)); err != nil {
			return err
		}
		bars := newBars(c)
		r.File.Path, r.Since, r.Capacity, r.Hot = args[0], replay.from, replay.capacity, replay.hot
		r.File.Progress = func(done, total int) { bars.progress("reading (kB)", done, total) }
		out, err := app.Try(r, func(done, total int) { bars.progress("replay", done, total) })
		bars.finish()
		return c.answered(out, err)
	}
	return cmd
}

// namesCurrent reports whether a policy is the configuration's.
func namesCurrent(policies []string) bool {
	return slices.ContainsFunc(policies, func(p string) bool { return p == "current" || strings.HasPrefix(p, "current:") })
}

func (c *cli) backtestCmd() *cobra.Command {
	var r app.ReplayRequest
	var file app.ExportRequest
	var replay replayFlags
	var source string
	cmd := c.withJSON(&cobra.Command{
		Use:   "backtest --policy NEW",
		Short: "Replay a policy over the past, without writing, and compare it with the one in force",
		Long: `Backtest rebuilds every issue day by day from the tracker's history and decides it as the daemon would have: issues per lane and day, moves,
returns, hot fixes against capacity, the share of urgent and high, how often people later did what policy proposed, and what would differ today.
It reads a copy of the state and the trackers' histories, and writes to neither. With --file it needs no tracker. With --team it tries a policy on another team.`,
		Example: `  lanekeeper backtest --policy new.yaml
  lanekeeper backtest --policy new.yaml --since 90d --capacity 3 --json
  lanekeeper backtest --policy current:payments/PAY --team core/ENG
  lanekeeper backtest --policy new.yaml --against built-in --file jira.json.gz`,
		Args: exactly(0, "no arguments"),
	})
	f := cmd.Flags()
	f.StringVar(&r.Policy, "policy", "", "the `policy`: "+policyNames)
	f.StringVar(&r.Against, "against", "", "the `policy` to compare with; none is nothing (default current, with --file none)")
	f.StringVar(&source, "source", "", "only this `source`")
	f.StringVar(&r.Team, "team", "", "only this `team`: a source or source/PROJECT")
	f.StringVar(&file.Path, "file", "", "replay this exported `file` instead of the trackers")
	finish := exportFlags(cmd, &file)
	replay.register(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := errors.Join(finish(), oneScope(source, &r.Team, file.Path), replay.check(cmd, true)); err != nil {
			return err
		}
		if r.Policy == "" {
			return usageError{fmt.Errorf("backtest needs --policy: %s", policyNames)}
		}
		r.Against = against(r.Against, file.Path)
		r.Since, r.Capacity, r.Hot = replay.from, replay.capacity, replay.hot
		return c.overFile(&file, []string{r.Policy, r.Against}, func(cfg *config.Config, o app.Options, file *app.ExportRequest) (answer.Texter, error) {
			r.File = file
			return app.Replay(cmd.Context(), cfg, o, r)
		})
	}
	return cmd
}

func against(given, file string) string {
	switch {
	case given == "none" || given == "" && file != "":
		return ""
	case given == "":
		return "current"
	}
	return given
}

// oneScope takes --source for a short form of --team.
func oneScope(source string, team *string, file string) error {
	switch {
	case source != "" && *team != "":
		return usageError{fmt.Errorf("--source and --team are both given; --team source/PROJECT says all")}
	case file != "" && (source != "" || *team != ""):
		return usageError{fmt.Errorf("a file has no --source and no --team; export what you want to see")}
	case source != "":
		*team = source
	}
	return nil
}

// overFile asks a question about a file, or about the trackers of the
// configuration. A file needs a configuration only for the policy in force.
func (c *cli) overFile(file *app.ExportRequest, policies []string, question func(*config.Config, app.Options, *app.ExportRequest) (answer.Texter, error)) error {
	bars := newBars(c)
	o := c.options()
	o.Progress = bars.progress
	var cfg *config.Config
	if file.Path == "" || namesCurrent(policies) {
		var err error
		if cfg, err = c.load(); err != nil {
			return err
		}
	}
	if file.Path == "" {
		file = nil
	} else {
		file.Progress = func(done, total int) { bars.progress("reading (kB)", done, total) }
	}
	out, err := question(cfg, o, file)
	bars.finish()
	return c.answered(out, err)
}

// answered prints an answer, or gives a question that cannot be understood its
// exit code.
func (c *cli) answered(out answer.Texter, err error) error {
	if _, wrong := errors.AsType[*app.Misuse](err); wrong {
		return usageError{err}
	}
	if err != nil {
		return err
	}
	return c.print(out)
}

func (c *cli) policyDiffCmd() *cobra.Command {
	var r app.PolicyDiffRequest
	var file app.ExportRequest
	var source string
	cmd := c.withJSON(&cobra.Command{
		Use:   "diff A B",
		Short: "Show what changes for the present backlog when B takes the place of A",
		Long:  "Diff decides every known open issue by both policies and names those that come out differently, with the reasons of both. A and B are each " + policyNames + ".",
		Example: `  lanekeeper policy diff current new.yaml
  lanekeeper policy diff built-in preset:wsjf --file jira.csv`,
		Args: exactly(2, "two policies, such as current and new.yaml"),
	})
	f := cmd.Flags()
	f.StringVar(&source, "source", "", "only this `source`")
	f.StringVar(&r.Team, "team", "", "only this `team`: a source or source/PROJECT")
	f.StringVar(&file.Path, "file", "", "decide this exported `file` instead of the known issues")
	finish := exportFlags(cmd, &file)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := errors.Join(finish(), oneScope(source, &r.Team, file.Path)); err != nil {
			return err
		}
		r.From, r.To = args[0], args[1]
		return c.overFile(&file, args, func(cfg *config.Config, o app.Options, file *app.ExportRequest) (answer.Texter, error) {
			r.File = file
			return app.DiffPolicies(cmd.Context(), cfg, o, r)
		})
	}
	return cmd
}
