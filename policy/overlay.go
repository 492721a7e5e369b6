package policy

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

const defaultPreset = "three_pillars"

// Effective fills in what a spec leaves out: the preset's pillars and effort,
// and the parts of Default that are not given at all. A pillar without an
// expression takes the preset's; without a preset's name that is three_pillars,
// unless every pillar given has an expression of its own.
func Effective(s Spec) (Spec, []Problem) {
	fallback := Default()
	name := s.Score.Preset
	if name == "" && needsPreset(s.Score) {
		name = defaultPreset
	}
	if name != "" {
		preset, err := Preset(name)
		if err != nil {
			return s, []Problem{{
				Path: "score.preset", Message: fmt.Sprintf("there is no preset %q; there are %s", name, quoteList(Presets())),
				Suggestion: didYouMean(name, Presets()),
			}}
		}
		s.Score = overlayScore(s.Score, preset.Score)
		s.Score.Preset = name
		if s.Marks == nil {
			s.Marks = preset.Marks
		}
	}
	s.Score.Effort = overlayEffort(s.Score.Effort, fallback.Score.Effort)
	if len(s.Priority.Bands) == 0 {
		s.Priority = PrioritySpec{Margin: cmp.Or(s.Priority.Margin, fallback.Priority.Margin), Bands: fallback.Priority.Bands}
	}
	if s.Lanes == nil {
		s.Lanes = fallback.Lanes
		_, impact := s.Score.Pillars["customer_impact"]
		if _, risk := s.Score.Pillars["technical_risk"]; !impact || !risk {
			s.Lanes = plainLanes()
		}
		if s.SLAs == nil {
			s.SLAs = fallback.SLAs
		}
	}
	return s, nil
}

func needsPreset(s ScoreSpec) bool {
	for _, p := range s.Pillars {
		if strings.TrimSpace(p.Expr) == "" {
			return true
		}
	}
	return len(s.Pillars) == 0
}

// Overlay lays a spec over another: what top gives wins, what it leaves out
// comes from under. Pillars are joined key by key and SLAs by name; lists are
// taken as a whole.
func Overlay(top, under Spec) Spec {
	if top.Score.Preset != "" && top.Score.Preset != under.Score.Preset {
		under.Score = ScoreSpec{} // another preset has other pillars
	}
	top.Score = overlayScore(top.Score, under.Score)
	if top.Priority.Bands == nil {
		top.Priority.Bands = under.Priority.Bands
		top.Priority.Margin = cmp.Or(top.Priority.Margin, under.Priority.Margin)
	}
	if top.Lanes == nil {
		top.Lanes = under.Lanes
	}
	top.SLAs = joined(top.SLAs, under.SLAs)
	top.Overrides.TTL = cmp.Or(top.Overrides.TTL, under.Overrides.TTL)
	top.Overrides.Release = cmp.Or(top.Overrides.Release, under.Overrides.Release)
	top.Overrides.FirstSight = joined(top.Overrides.FirstSight, under.Overrides.FirstSight)
	top.Comments.Enforce = cmp.Or(top.Comments.Enforce, under.Comments.Enforce)
	top.Settle = cmp.Or(top.Settle, under.Settle)
	if top.Inflation.UrgentHigh == nil {
		top.Inflation = under.Inflation
	}
	if top.Marks == nil {
		top.Marks = slices.Clone(under.Marks)
	}
	return top
}

// joined holds the entries of both; top wins.
func joined[K comparable, V any](top, under map[K]V) map[K]V {
	if len(under) == 0 {
		return top
	}
	out := maps.Clone(under)
	maps.Copy(out, top)
	return out
}

func overlayScore(top, under ScoreSpec) ScoreSpec {
	top.Preset = cmp.Or(top.Preset, under.Preset)
	pillars := joined(top.Pillars, under.Pillars)
	for name, p := range top.Pillars {
		pillars[name] = overlayPillar(p, under.Pillars[name])
	}
	top.Pillars = pillars
	top.Effort = overlayEffort(top.Effort, under.Effort)
	return top
}

func overlayPillar(top, under PillarSpec) PillarSpec {
	top.Weight = cmp.Or(top.Weight, under.Weight)
	if strings.TrimSpace(top.Expr) == "" {
		top.Expr = under.Expr
		if top.Default == nil {
			top.Default = under.Default
		}
	}
	if top.Rubric == nil {
		top.Rubric = under.Rubric
	}
	return top
}

func overlayEffort(top, under EffortSpec) EffortSpec {
	if strings.TrimSpace(top.Expr) == "" {
		top.Expr = under.Expr
		if top.Default == nil {
			top.Default = under.Default
		}
	}
	return top
}
