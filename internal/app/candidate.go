package app

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/lanekeeper/lanekeeper/internal/answer"
	"github.com/lanekeeper/lanekeeper/internal/backtest"
	"github.com/lanekeeper/lanekeeper/internal/config"
	"github.com/lanekeeper/lanekeeper/policy"
)

// The policies that have a name instead of a file.
const (
	currentPolicy = "current"  // the configuration's; current:TEAM is that of one team, for all
	builtIn       = "built-in" // what a configuration without a policy has
	presetPrefix  = "preset:"
)

// candidate finds a policy by its file or name; cfg may be nil.
func candidate(ref string, cfg *config.Config) (backtest.Candidate, error) {
	c := backtest.Candidate{Name: ref}
	team, ofTeam := strings.CutPrefix(ref, currentPolicy+":")
	preset, isPreset := strings.CutPrefix(ref, presetPrefix)
	switch {
	case (ref == currentPolicy || ofTeam) && cfg == nil:
		return c, misuse("%s needs a configuration", ref)
	case ref == currentPolicy:
		c.Set = cfg.Set
		return c, nil
	case ofTeam:
		source, project, _ := strings.Cut(team, "/")
		if !knownTeam(cfg, source, project) {
			return c, misuse("%q is no source or source/PROJECT of the configuration", team)
		}
		return compiledCandidate(c, cfg.Set.For(source, project).Spec())
	case ref == builtIn:
		return compiledCandidate(c, policy.Default())
	case isPreset:
		spec, err := policy.Preset(preset)
		if err != nil {
			return c, &Misuse{err}
		}
		return compiledCandidate(c, spec)
	}
	var sources []config.Source
	if cfg != nil {
		sources = cfg.Sources
	}
	f, err := config.LoadPolicy(ref, sources)
	if err != nil {
		return c, err
	}
	c.Set = f.Set
	return c, nil
}

func compiledCandidate(c backtest.Candidate, spec policy.Spec) (backtest.Candidate, error) {
	set, problems := policy.CompileSet(spec, nil)
	if policy.Failed(problems) {
		return c, fmt.Errorf("policy %s: %v", c.Name, problems)
	}
	c.Set = set
	return c, nil
}

func knownTeam(cfg *config.Config, source, project string) bool {
	return slices.ContainsFunc(cfg.Sources, func(s config.Source) bool {
		return s.Name == source && (project == "" || slices.Contains(s.Projects(), project))
	})
}

// knownLane refuses a lane of hot fixes that none of the policies has; "" is the
// usual one.
func knownLane(name string, list ...backtest.Candidate) error {
	var names []string
	for _, c := range list {
		for _, p := range c.Set.Policies() {
			for _, l := range p.Lanes() {
				names = append(names, l.Name)
			}
		}
	}
	if name == "" || slices.Contains(names, name) {
		return nil
	}
	slices.Sort(names)
	return misuse("--hot %q: no policy has this lane; there are %s", name, strings.Join(slices.Compact(names), ", "))
}

// specChanges lists the settings in which two policies differ, by path. Lanes
// and marks are told apart by name, so that one that moved is not another.
func specChanges(from, to policy.Spec) ([]answer.PolicyChange, error) {
	was, err := flat(from)
	if err != nil {
		return nil, err
	}
	is, err := flat(to)
	if err != nil {
		return nil, err
	}
	paths := slices.Collect(maps.Keys(was))
	for p := range is {
		if _, ok := was[p]; !ok {
			paths = append(paths, p)
		}
	}
	slices.Sort(paths)
	out := []answer.PolicyChange{}
	for _, p := range paths {
		if was[p] != is[p] {
			out = append(out, answer.PolicyChange{Path: p, From: was[p], To: is[p]})
		}
	}
	return out, nil
}

// flat spreads a policy into paths and values.
func flat(s policy.Spec) (map[string]string, error) {
	text, err := render(s, false)
	if err != nil {
		return nil, err
	}
	var v any
	if err := yaml.Unmarshal(text, &v); err != nil {
		return nil, fmt.Errorf("compare policies: %w", err)
	}
	out := map[string]string{}
	flatten(out, "", v)
	return out, nil
}

func flatten(out map[string]string, path string, v any) {
	switch v := v.(type) {
	case map[string]any:
		for k, x := range v {
			flatten(out, strings.TrimPrefix(path+"."+k, "."), x)
		}
	case []any:
		var order []string
		for n, x := range v {
			name := fmt.Sprint(n)
			if m, ok := x.(map[string]any); ok {
				for _, key := range []string{"name", "prefix"} {
					if s, ok := m[key].(string); ok {
						name = s
					}
				}
			}
			order = append(order, name)
			flatten(out, path+"["+name+"]", x)
		}
		out[path+" (order)"] = strings.Join(order, ", ")
	default:
		out[path] = strings.TrimSpace(fmt.Sprint(v))
	}
}
