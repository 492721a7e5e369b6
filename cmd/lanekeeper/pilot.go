package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/lanekeeper/lanekeeper/internal/answer"
	"github.com/lanekeeper/lanekeeper/internal/app"
	"github.com/lanekeeper/lanekeeper/internal/config"
	"github.com/lanekeeper/lanekeeper/internal/pilot"
	"github.com/lanekeeper/lanekeeper/internal/web"
)

func (c *cli) pilotCmd() *cobra.Command {
	var f web.PilotFilter
	var since, baseline string
	var targets, stops []string
	cmd := c.withJSON(&cobra.Command{
		Use:   "pilot --source S",
		Short: "Report on a pilot: before and after, measures, and whether to keep, adjust or stop it",
		Long: `Pilot compares the time since a pilot began with a baseline before it, for one source or one project of it, from what the state has. It
reads no tracker. A pilot begins with the first write, a comment of suggest mode among them, or where --since says.

Each measure has a target, some a limit at which to stop. One beyond its limit: stop. One that misses its target: adjust. All met: keep. A
measure with fewer than --least cases decides nothing, and fewer than 3 measures with enough data recommend nothing.`,
		Example: `  lanekeeper pilot --source payments --project PAY
  lanekeeper pilot --source payments --since 2026-05-01 --baseline 60d
  lanekeeper pilot --source payments --target overrides=0.15 --stop lead_time=1.3 --json`,
		Args: exactly(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if f.Source == "" {
				return usageError{errors.New("say which source the pilot is of, with --source")}
			}
			if f.Since, err = parseTime(since, "since"); err != nil {
				return err
			}
			if f.Baseline, err = config.ParseDuration(baseline); err != nil || f.Baseline <= 0 {
				return usageError{fmt.Errorf("--baseline %q: want a length of time such as 30d", baseline)}
			}
			if f.Limits.Targets, err = limits("target", targets); err != nil {
				return err
			}
			if f.Limits.Stops, err = limits("stop", stops); err != nil {
				return err
			}
			return c.ask(func(d app.Desk) (answer.Texter, error) { return d.Pilot(cmd.Context(), f) })
		},
	})
	names := strings.Join(pilot.Names(), ", ")
	fl := cmd.Flags()
	fl.StringVar(&f.Source, "source", "", "the `source` of the pilot")
	fl.StringVar(&f.Project, "project", "", "only this `project` of Jira or team of Linear")
	fl.StringVar(&since, "since", "", "when the pilot began; default: the first `time` that lanekeeper wrote")
	fl.StringVar(&baseline, "baseline", "30d", "how long before that the `time` to compare with begins")
	fl.IntVar(&f.Limits.Least, "least", pilot.DefaultLeast, "how many cases a measure needs, as a `number`")
	fl.StringArrayVar(&targets, "target", nil, "another target, as `MEASURE=NUMBER`; measures are "+names)
	fl.StringArrayVar(&stops, "stop", nil, "another limit at which to stop, as `MEASURE=NUMBER`")
	return cmd
}

// limits reads MEASURE=NUMBER.
func limits(flag string, list []string) (map[string]float64, error) {
	out := map[string]float64{}
	for _, text := range list {
		name, number, _ := strings.Cut(text, "=")
		x, err := strconv.ParseFloat(number, 64)
		if err != nil {
			return nil, usageError{fmt.Errorf("--%s %q: want MEASURE=NUMBER, such as overrides=0.15", flag, text)}
		}
		out[name] = x
	}
	return out, nil
}
