package app

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/lanekeeper/lanekeeper/internal/answer"
	"github.com/lanekeeper/lanekeeper/internal/config"
	"github.com/lanekeeper/lanekeeper/policy"
)

// statuses is a tracker that tells the names of its statuses.
type statuses interface {
	Statuses(ctx context.Context) ([]string, error)
}

// checkSLAs looks for what only the day and the trackers can tell: holidays that
// are all over, and pauses in statuses that no source has.
func (a *App) checkSLAs(ctx context.Context, cfg *config.Config) []answer.Finding {
	specs := map[string]policy.Spec{"policy": cfg.Policy}
	pauses := cfg.Policy.PausesIn()
	for team, s := range cfg.Teams {
		specs["policy.teams."+team] = s
		pauses = pauses || s.PausesIn()
	}
	var known []string
	if pauses {
		var whole bool
		if known, whole = a.knownStatuses(ctx, cfg); !whole {
			pauses = false // what could not be read is no warning; the check of its source tells
		}
	}
	var out []answer.Finding
	for _, at := range slices.Sorted(maps.Keys(specs)) {
		found := specs[at].PastHolidays(a.opts.Now())
		if pauses {
			found = append(found, specs[at].UnknownPauses(known)...)
		}
		for _, p := range found {
			out = append(out, answer.Finding{
				Level: answer.LevelWarning, What: "SLA", Text: fmt.Sprintf("%s.%s: %s", at, p.Path, p.Message), Fix: p.Suggestion,
			})
		}
	}
	return out
}

// knownStatuses are those of all sources, and whether all could be asked.
func (a *App) knownStatuses(ctx context.Context, cfg *config.Config) (known []string, whole bool) {
	for _, s := range cfg.Sources {
		t, err := a.connect(cfg, s)
		if err != nil {
			return nil, false
		}
		asked, ok := t.(statuses)
		if !ok {
			return nil, false
		}
		names, err := asked.Statuses(ctx)
		if err != nil {
			return nil, false
		}
		known = append(known, names...)
	}
	return known, true
}
