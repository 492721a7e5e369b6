package app

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/lanekeeper/lanekeeper/internal/answer"
	"github.com/lanekeeper/lanekeeper/internal/config"
	"github.com/lanekeeper/lanekeeper/internal/oncall"
)

// checkRotas reads every rota, says who is on duty, and whether the trackers of
// the sources that use it know them.
func (a *App) checkRotas(ctx context.Context, cfg *config.Config) []answer.Finding {
	trackers := map[string]tracker{}
	for _, s := range cfg.Sources {
		if t, err := a.connect(cfg, s); err == nil { // else the check of the source tells
			trackers[s.Name] = t
		}
	}
	set := a.newRotas(cfg, trackers)
	if set == nil {
		return nil
	}
	_ = set.Refresh(ctx) // the standing of each tells why
	var out []answer.Finding
	for _, r := range cfg.OnCall {
		if !slices.Contains(cfg.Set.RotaNames(), r.Name) {
			out = append(out, answer.Finding{Level: answer.LevelWarning, What: "rota " + r.Name, Text: "no lane uses it",
				Fix: "name it with owner.on_call of a lane, or remove it"})
		}
	}
	list := set.Status()
	out = append(out, teamsWithout(list, cfg)...)
	for _, st := range list {
		out = append(out, a.checkRota(st, cfg))
		if st.Who == "" {
			continue
		}
		for _, s := range cfg.Sources {
			t := trackers[s.Name]
			if t == nil || st.Source != "" && st.Source != s.Name || !slices.Contains(cfg.RotasOf(s), st.Rota) {
				continue
			}
			f := answer.Finding{Source: s.Name, Level: answer.LevelOK, What: "rota " + st.Rota}
			if p, err := t.Person(ctx, st.Who); err != nil {
				f.Level, f.Text = answer.LevelWarning, fmt.Sprintf("%s cannot be given issues: %v", st.Who, err)
				f.Fix = "give the account of this person under people of the rota, or invite them"
			} else {
				f.Text = fmt.Sprintf("%s is %s (%s)", st.Who, p.Name, p.ID)
			}
			out = append(out, f)
		}
	}
	return out
}

// teamsWithout names the teams whose triage nobody is responsible for in Linear.
func teamsWithout(list []oncall.Status, cfg *config.Config) []answer.Finding {
	var out []answer.Finding
	for _, r := range cfg.OnCall {
		for _, s := range cfg.Sources {
			if !r.LinearTriage || s.Linear == nil || !slices.Contains(cfg.RotasOf(s), r.Name) {
				continue
			}
			for _, team := range s.Linear.Teams {
				told := func(st oncall.Status) bool {
					return st.Rota == r.Name && st.Source == s.Name && (st.Team == team || !st.Known())
				}
				if !slices.ContainsFunc(list, told) {
					out = append(out, answer.Finding{Source: s.Name, Level: answer.LevelWarning, What: "rota " + r.Name,
						Text: "the team " + team + " has no triage responsibility", Fix: "set it in the team's settings in Linear; until then nobody is assigned"})
				}
			}
		}
	}
	return out
}

func (a *App) checkRota(st oncall.Status, cfg *config.Config) answer.Finding {
	f := answer.Finding{Source: st.Source, Level: answer.LevelOK, What: "rota " + st.Rota}
	of := ""
	if st.Team != "" {
		of = " for " + st.Team
	}
	until := ""
	if !st.Until.IsZero() {
		until = " until " + st.Until.In(cfg.Schedule.Timezone.Location).Format("2006-01-02 15:04 MST")
	}
	switch {
	case !st.Known():
		f.Level, f.Text = answer.LevelFailed, st.Unknown
		f.Fix = "until it can be read, its lanes give nobody an issue"
	case st.Who == "":
		f.Text = "nobody is on duty" + of + until
		if st.Nobody != "" {
			f.Text += ": " + st.Nobody
		}
	case len(st.Also) > 0:
		f.Level, f.Text = answer.LevelWarning, fmt.Sprintf("%s is on duty%s%s, and so is %s", st.Who, of, until, strings.Join(st.Also, ", "))
		f.Fix = "of several the shift that began last counts; name whom you mean with the schedule, or in a calendar of its own"
	default:
		f.Text = st.Who + " is on duty" + of + until
	}
	return f
}
