package app

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/lanekeeper/lanekeeper/internal/answer"
	"github.com/lanekeeper/lanekeeper/internal/config"
	"github.com/lanekeeper/lanekeeper/policy"
)

// Presets names the presets, for help texts.
func Presets() string { return strings.Join(policy.Presets(), ", ") }

// ShowPreset prints a preset as the policy section of a configuration.
func ShowPreset(name string, asJSON bool) ([]byte, error) {
	spec, err := policy.Preset(name)
	if err != nil {
		return nil, err
	}
	return render(spec, asJSON)
}

// ShowPolicy prints the policy of a configuration with all that presets and
// defaults fill in; team is a source or source/PROJECT, "" for the base.
func ShowPolicy(cfg *config.Config, team string, asJSON bool) ([]byte, error) {
	source, project, _ := strings.Cut(team, "/")
	known := func(s config.Source) bool {
		return s.Name == source && (project == "" || slices.Contains(s.Projects(), project))
	}
	if team != "" && !slices.ContainsFunc(cfg.Sources, known) {
		return nil, fmt.Errorf("%q is no source or source/PROJECT of the configuration", team)
	}
	p := cfg.Set.For(source, project)
	text, err := render(p.Spec(), asJSON)
	if err != nil || asJSON {
		return text, err
	}
	return append([]byte("# policy "+p.Hash()+"\n"), text...), nil
}

func render(spec policy.Spec, asJSON bool) ([]byte, error) {
	duration := yaml.CustomMarshaler(func(d time.Duration) ([]byte, error) { return []byte(config.FormatDuration(d)), nil })
	text, err := yaml.MarshalWithOptions(spec, yaml.OmitEmpty(), yaml.OmitZero(), duration, yaml.Indent(2), yaml.IndentSequence(true), yaml.UseLiteralStyleIfMultiline(true))
	if err != nil {
		return nil, fmt.Errorf("print policy: %w", err)
	}
	if !asJSON {
		return text, nil
	}
	var v any
	if err := yaml.Unmarshal(text, &v); err != nil {
		return nil, fmt.Errorf("print policy: %w", err)
	}
	b, err := json.MarshalIndent(v, "", "  ")
	return append(b, '\n'), err
}

// TestPolicy runs files of unit tests, and the examples of the lanes, against
// the policy of a configuration.
func TestPolicy(cfg *config.Config, files []string) (answer.PolicyTests, error) {
	var tests []policy.Test
	var from []string // the file of each test
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			return answer.PolicyTests{}, fmt.Errorf("read tests: %w", err)
		}
		more, problems := policy.LoadTests(b)
		if policy.Failed(problems) {
			return answer.PolicyTests{}, badTests(file, problems)
		}
		tests = append(tests, more...)
		from = append(from, slices.Repeat([]string{file}, len(more))...)
	}
	results, coverage := cfg.Set.Run(tests)
	list := make([]answer.PolicyTest, len(results))
	for n, r := range results {
		list[n] = answer.PolicyTest{Name: r.Name, Problems: r.Failures}
		if n < len(from) {
			list[n].File = from[n]
		}
	}
	out := answer.NewPolicyTests(list)
	out.Unhit = coverage.Unhit
	return out, nil
}

func badTests(file string, problems []policy.Problem) error {
	lines := make([]string, len(problems))
	for n, p := range problems {
		lines[n] = file + ": " + p.String()
	}
	return errors.New(strings.Join(lines, "\n"))
}
