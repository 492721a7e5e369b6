package app

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/lanekeeper/lanekeeper/connectors"
	"github.com/lanekeeper/lanekeeper/internal/answer"
	"github.com/lanekeeper/lanekeeper/internal/config"
	"github.com/lanekeeper/lanekeeper/internal/reconcile"
	"github.com/lanekeeper/lanekeeper/policy"
)

// checkApprovers looks up those who may decide about the lanes of a source, and
// names the ones that its tracker does not know.
func checkApprovers(ctx context.Context, d reconcile.Directory, cfg *config.Config, s config.Source) []answer.Finding {
	asked := map[string]error{}
	counts := map[string]int{}
	var out []answer.Finding
	for _, l := range guardedLanes(cfg, s) {
		f := answer.Finding{Source: s.Name, Level: answer.LevelOK, What: "approvers of " + l.Name}
		accounts := 0
		var gone, why []string
		for _, who := range l.Approvers {
			if _, known := asked[who]; !known {
				people, err := reconcile.People(ctx, d, who)
				asked[who], counts[who] = err, len(people)
			}
			accounts += counts[who]
			if err := asked[who]; err != nil || counts[who] == 0 {
				gone = append(gone, who)
				why = append(why, reasonOf(who, err))
			}
		}
		switch {
		case accounts == 0:
			f.Level, f.Text = answer.LevelWarning, "nobody is left who could decide: "+strings.Join(why, "; ")
			f.Fix = "name an account that the tracker knows; until then every move into or out of the lane stays contested"
		case len(gone) > 0:
			f.Level, f.Text = answer.LevelWarning, fmt.Sprintf("%d may decide; not found: %s", accounts, strings.Join(why, "; "))
			f.Fix = "remove or correct " + strings.Join(gone, ", ")
		default:
			f.Text = answer.Count(accounts, "account")
		}
		out = append(out, f)
	}
	return out
}

// reasonOf says why one of the policy's words for approvers means nobody.
func reasonOf(who string, err error) string {
	switch {
	case err == nil:
		return who + " has no active members"
	case connectors.KindOf(err) == "":
		return who + " could not be looked up"
	}
	return err.Error()
}

// guardedLanes are the lanes with approvers in any policy of a source.
func guardedLanes(cfg *config.Config, s config.Source) []policy.LaneSpec {
	var out []policy.LaneSpec
	for _, project := range append([]string{""}, s.Projects()...) {
		for _, l := range cfg.Set.For(s.Name, project).Lanes() {
			same := func(o policy.LaneSpec) bool { return o.Name == l.Name && slices.Equal(o.Approvers, l.Approvers) }
			if len(l.Approvers) > 0 && !slices.ContainsFunc(out, same) {
				out = append(out, l)
			}
		}
	}
	return out
}
