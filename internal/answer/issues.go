package answer

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/state"
)

// Issues is a list of issues in rank order.
type Issues struct {
	Issues []Item `json:"issues"`
	// Total counts the issues that the filter matches, on all pages.
	Total int `json:"total"`
	// Next is the cursor of the next page, "" on the last.
	Next string `json:"next,omitempty"`
}

// Item is one issue of a list.
type Item struct {
	Ref            string         `json:"ref"`
	ID             string         `json:"id"`
	Title          string         `json:"title"`
	URL            string         `json:"url,omitempty"`
	Lane           string         `json:"lane"` // "" where undecided
	Score          float64        `json:"score"`
	ValuePerEffort float64        `json:"value_per_effort"`
	Priority       issue.Priority `json:"priority"`
	Horizon        string         `json:"horizon"`
	Since          time.Time      `json:"since,omitzero"` // in this lane
	SLA            string         `json:"sla,omitempty"`
	Confidence     float64        `json:"confidence"`
	Missing        []string       `json:"missing,omitempty"` // inputs without a value
	Kind           issue.Kind     `json:"kind,omitempty"`
	Status         string         `json:"status,omitempty"`
	Assignee       string         `json:"assignee,omitempty"`
	Undecided      string         `json:"undecided,omitempty"`
	Overridden     []issue.Field  `json:"overridden,omitempty"`
	Parked         bool           `json:"parked,omitempty"`
	// TeamPercentile places the score among the open issues of the same team: 90
	// means that nine in ten score no higher. It stands beside the score, which
	// alone decides. Null where the issue is undecided.
	TeamPercentile *float64 `json:"team_percentile"`

	// What the order needs exactly, before rounding.
	rank    float64
	created time.Time
	// What the percentile needs.
	team  string
	score float64
}

// ItemOf describes a record in a list.
func ItemOf(r *state.Record) Item {
	d, i := &r.Decision, &r.Issue
	it := Item{
		Ref: i.Ref().String(), ID: i.ID, Title: i.Title, URL: i.URL, Lane: d.Lane,
		Score: Round(d.Score), ValuePerEffort: Round(d.ValuePerEffort()), Priority: d.Priority, Horizon: d.Horizon,
		Since: r.Memory.LaneSince.UTC(), SLA: d.SLA, Confidence: Round(d.Confidence), Kind: i.Kind,
		Status: i.Status.Name, Assignee: personName(i.Assignee), Undecided: d.Undecided, Parked: r.Parked != nil,
		rank: d.ValuePerEffort(), created: i.Created, team: i.Source + "/" + i.Project, score: d.Score,
	}
	for _, p := range d.Pillars {
		it.Missing = append(it.Missing, p.Missing...)
	}
	slices.Sort(it.Missing)
	it.Missing = slices.Compact(it.Missing)
	for _, o := range r.Overrides {
		it.Overridden = append(it.Overridden, o.Field)
	}
	return it
}

// Rank sorts items into the order that people work in: the lanes as the policy
// lists them, inside a lane the greater value per effort first, among equals
// the older issue and at last source and id. The order is total, so that two
// runs over the same data agree. Issues without a lane come last.
func Rank(items []Item, lanes []string) {
	pos := make(map[string]int, len(lanes))
	for n, l := range lanes {
		pos[l] = n - len(lanes) // below 0, so that unlisted lanes come later
	}
	slices.SortFunc(items, func(a, b Item) int {
		return cmp.Or(
			compareBool(a.Lane == "", b.Lane == ""),
			cmp.Compare(pos[a.Lane], pos[b.Lane]),
			cmp.Compare(a.Lane, b.Lane),
			cmp.Compare(b.rank, a.rank),
			a.created.Compare(b.created),
			CompareRefs(a.Ref, b.Ref),
			cmp.Compare(a.ID, b.ID),
		)
	})
}

// PlaceInTeams sets the percentiles of a complete list of items. Percentiles
// make issues of teams comparable whose scores are not: see Item.
func PlaceInTeams(items []Item) {
	scores := map[string][]float64{}
	for _, it := range items {
		if it.Undecided == "" {
			scores[it.team] = append(scores[it.team], it.score)
		}
	}
	for _, list := range scores {
		slices.Sort(list)
	}
	for n := range items {
		it := &items[n]
		if it.Undecided != "" {
			continue
		}
		list := scores[it.team]
		notHigher, _ := slices.BinarySearchFunc(list, it.score, func(a, score float64) int {
			if a <= score {
				return -1
			}
			return 1
		})
		p := math.Round(100 * float64(notHigher) / float64(len(list)))
		it.TeamPercentile = &p
	}
}

// LeastCertain returns the n open, decided items whose score rests least on
// real inputs, the least certain first. Items with full confidence are left
// out.
func LeastCertain(items []Item, n int) []Item {
	var out []Item
	for _, it := range items {
		if it.Undecided == "" && it.Lane != "" && it.Confidence < 1 {
			out = append(out, it)
		}
	}
	slices.SortFunc(out, func(a, b Item) int {
		return cmp.Or(cmp.Compare(a.Confidence, b.Confidence), CompareRefs(a.Ref, b.Ref), cmp.Compare(a.ID, b.ID))
	})
	return out[:min(n, len(out))]
}

// compareBool puts false before true.
func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// personName is how a person is shown: name, else address, else account id.
func personName(p issue.Person) string { return cmp.Or(p.Name, p.Email, p.ID) }
