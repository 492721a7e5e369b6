package report

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/lanekeeper/lanekeeper/internal/issue"
)

const (
	week = 7 * 24 * time.Hour
	// groupsShown bounds the teams and reporters that are listed.
	groupsShown = 20
	// downShown bounds the list of what could go down.
	downShown = 10
)

// Inflation is how many open issues are urgent or high: where everything is
// urgent, nothing is.
type Inflation struct {
	Cap   float64 `json:"cap,omitempty"` // of policy.inflation.urgent_high
	Open  int     `json:"open"`
	High  int     `json:"urgent_or_high"`
	Share float64 `json:"share"`
	// Breach is by how many issues the cap is passed.
	Breach    int     `json:"breach,omitempty"`
	Weeks     []Week  `json:"weeks"` // the oldest first; the last is now
	Teams     []Group `json:"teams"` // the most urgent and high first
	Reporters []Group `json:"reporters"`
	// Unread tells that no issue has a reporter: they are read from the tracker
	// only where an expression of the policy names issue.reporter.
	Unread bool `json:"reporters_unknown,omitempty"`
	// Down are the urgent and high issues of the least value: what goes down?
	Down []Down `json:"down"`
}

// Week is one point of the past.
type Week struct {
	At    time.Time `json:"at"`
	Open  int       `json:"open"`
	High  int       `json:"urgent_or_high"`
	Share float64   `json:"share"`
}

// Group is a team's or a reporter's part, now.
type Group struct {
	Name  string  `json:"name"`
	Open  int     `json:"open"`
	High  int     `json:"urgent_or_high"`
	Share float64 `json:"share"`
	Above bool    `json:"above_cap,omitempty"`
}

// Down is an issue that could go down first.
type Down struct {
	Ref      string         `json:"ref"`
	Title    string         `json:"title,omitempty"`
	Priority issue.Priority `json:"priority"`
	Score    float64        `json:"score"`
	Value    float64        `json:"value_per_effort"`
}

func inflation(in *Input) Inflation {
	out := Inflation{Cap: in.Cap, Weeks: weeks(in), Down: []Down{}}
	teams, reporters := map[string]*Group{}, map[string]*Group{}
	var high []Issue
	for _, i := range in.Issues {
		if !i.Open {
			continue
		}
		is := i.Priority >= issue.High
		out.Open++
		if is {
			out.High++
			high = append(high, i)
		}
		count(teams, i.Team, is)
		count(reporters, i.Reporter, is)
	}
	out.Share = round(share(out.High, out.Open))
	out.Unread = out.Open > 0 && len(reporters) == 0
	out.Teams, out.Reporters = groups(teams, in.Cap), groups(reporters, in.Cap)
	if in.Cap > 0 {
		out.Breach = max(0, out.High-allowed(in.Cap, out.Open))
	}
	if out.Breach == 0 {
		return out
	}
	slices.SortFunc(high, func(a, b Issue) int {
		return cmp.Or(cmp.Compare(a.Score, b.Score), cmp.Compare(a.Value, b.Value), cmp.Compare(a.Ref, b.Ref))
	})
	for _, i := range top(high, min(out.Breach, downShown)) {
		out.Down = append(out.Down, Down{i.Ref, i.Title, i.Priority, round(i.Score), round(i.Value)})
	}
	return out
}

// allowed is how many of the open issues a cap lets be urgent or high. A share
// such as 0.29 is a little less than it says in floating point.
func allowed(limit float64, open int) int { return int(math.Floor(limit*float64(open) + 1e-9)) }

func count(groups map[string]*Group, name string, high bool) {
	if name == "" {
		return
	}
	g := groups[name]
	if g == nil {
		g = &Group{Name: name}
		groups[name] = g
	}
	g.Open++
	if high {
		g.High++
	}
}

func groups(m map[string]*Group, limit float64) []Group {
	out := []Group{}
	for _, g := range m {
		g.Share = round(share(g.High, g.Open))
		g.Above = limit > 0 && g.High > allowed(limit, g.Open)
		out = append(out, *g)
	}
	slices.SortFunc(out, func(a, b Group) int {
		return cmp.Or(cmp.Compare(b.High, a.High), cmp.Compare(b.Share, a.Share), cmp.Compare(a.Name, b.Name))
	})
	return top(out, groupsShown)
}

// weeks replays the period. An issue has the priority that policy decided, or
// that a person set instead. What was decided before the period is what the
// first decision in it replaced, or what still holds.
func weeks(in *Input) []Week {
	type event struct {
		at    time.Time
		issue string
		set   func(p *past)
	}
	var events []event
	pasts := map[string]*past{}
	for _, p := range in.Placed {
		if pasts[p.Issue] == nil {
			pasts[p.Issue] = &past{wanted: p.Before}
		}
		events = append(events, event{p.At, p.Issue, func(x *past) { x.wanted = p.Priority }})
	}
	for _, m := range in.Moved {
		if m.Field == issue.FieldPriority {
			to, _ := issue.ParsePriority(m.To)
			events = append(events, event{m.At, m.Issue, func(x *past) { x.held, x.by = to, !m.Ended }})
		}
	}
	slices.SortStableFunc(events, func(a, b event) int { return a.at.Compare(b.at) })
	out := []Week{}
	for at := in.Now.Add(-in.Now.Sub(in.Since) / week * week); !at.After(in.Now); at = at.Add(week) {
		for len(events) > 0 && !events[0].at.After(at) {
			if pasts[events[0].issue] == nil {
				pasts[events[0].issue] = &past{}
			}
			events[0].set(pasts[events[0].issue])
			events = events[1:]
		}
		w := Week{At: at.UTC()}
		for _, i := range in.Issues {
			if i.Created.After(at) || !i.Open && (i.Closed.IsZero() || !i.Closed.After(at)) {
				continue
			}
			w.Open++
			if pasts[i.ID].priority(i.Wanted) >= issue.High {
				w.High++
			}
		}
		w.Share = round(share(w.High, w.Open))
		out = append(out, w)
	}
	return out
}

// past is an issue's priority at a moment of the replay.
type past struct {
	wanted, held issue.Priority
	by           bool // a person holds it
}

// priority is the one that counts; an issue without a past has what policy
// wants of it still.
func (p *past) priority(now issue.Priority) issue.Priority {
	switch {
	case p == nil:
		return now
	case p.by:
		return p.held
	case p.wanted == issue.None:
		return now
	}
	return p.wanted
}
