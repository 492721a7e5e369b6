package reconcile

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/policy"
	"github.com/lanekeeper/lanekeeper/state"
)

const (
	// largestShown is how many of the largest moves a summary lists.
	largestShown = 10
	// fieldsShown is how many different changes of fields it counts by value.
	fieldsShown = 40
)

// summary adds up what a plan would do. A plan of any size passes through it
// item by item.
type summary struct {
	*cycle
	lanes   map[string]int
	fields  map[state.FieldChange]int
	largest []state.LargeMove
}

func (c *cycle) summing() *summary {
	return &summary{cycle: c, lanes: map[string]int{}, fields: map[state.FieldChange]int{}}
}

// add counts one record and the changes planned for it.
func (s *summary) add(r *state.Record, changes []issue.Change) {
	s.lanes[r.Decision.Lane]++
	m := state.LargeMove{ID: r.Issue.ID, Key: r.Issue.Key, Score: r.Decision.Score}
	for _, ch := range changes {
		s.fields[countedAs(ch)]++
		switch ch.Field {
		case issue.FieldPriority:
			m.Steps = steps(ch)
		case issue.FieldLane:
			m.Lanes = s.passed(r, ch)
		}
	}
	if len(s.largest) == largestShown && larger(m, s.largest[largestShown-1]) >= 0 {
		return
	}
	m.Changes = slices.Clone(changes)
	at, _ := slices.BinarySearchFunc(s.largest, m, func(a, b state.LargeMove) int { return larger(a, b) })
	s.largest = slices.Insert(s.largest, at, m)
	s.largest = s.largest[:min(len(s.largest), largestShown)]
}

// of adds items whose changes are no longer in memory.
func (s *summary) of(items []item) error {
	for batch := range slices.Chunk(items, revisitBatch) {
		ids := make([]string, len(batch))
		for n, i := range batch {
			ids[n] = i.id
		}
		records, err := s.Store.Records(s.Source, ids)
		if err != nil {
			return fmt.Errorf("read records: %w", err)
		}
		for _, r := range records {
			if r != nil {
				i, _ := s.item(r)
				s.add(r, i.changes)
			}
		}
	}
	return nil
}

// larger puts more steps of priority first, then more lanes, then the higher
// score.
func larger(a, b state.LargeMove) int {
	return cmp.Or(cmp.Compare(b.Steps, a.Steps), cmp.Compare(b.Lanes, a.Lanes), cmp.Compare(b.Score, a.Score), cmp.Compare(a.ID, b.ID))
}

// steps is by how many levels a change moves the priority.
func steps(ch issue.Change) int {
	from, _ := issue.ParsePriority(ch.From) // "" is none
	to, _ := issue.ParsePriority(ch.To)
	return max(int(from)-int(to), int(to)-int(from))
}

// passed is by how many lanes an issue moves; one that had no lane of the
// policy comes from below the last.
func (s *summary) passed(r *state.Record, ch issue.Change) int {
	lanes := s.Policy.For(s.Source, r.Issue.Project).Lanes()
	at := func(label string) int {
		n := slices.IndexFunc(lanes, func(l policy.LaneSpec) bool { return issue.FieldLane.Prefix()+l.Name == label })
		if n < 0 {
			return len(lanes)
		}
		return n
	}
	from, to := at(ch.From), at(ch.To)
	return max(from-to, to-from)
}

// countedAs is the form in which a change is counted with others: people,
// dates and texts are all alike.
func countedAs(ch issue.Change) state.FieldChange {
	f := state.FieldChange{Field: ch.Field, From: ch.From, To: ch.To}
	switch ch.Field {
	case issue.FieldAssignee, issue.FieldDue, issue.FieldComment:
		f.From, f.To = something(ch.From), something(ch.To)
	}
	return f
}

func something(v string) string {
	if v == "" {
		return ""
	}
	return "…"
}

// done is what was added up.
func (s *summary) done() *state.Summary {
	out := &state.Summary{Lanes: s.lanes, Largest: s.largest}
	for f, n := range s.fields {
		f.Count = n
		out.Fields = append(out.Fields, f)
	}
	slices.SortFunc(out.Fields, func(a, b state.FieldChange) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Field, b.Field), cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To))
	})
	if len(out.Fields) > fieldsShown {
		for _, f := range out.Fields[fieldsShown:] {
			out.Others += f.Count
		}
		out.Fields = out.Fields[:fieldsShown]
	}
	return out
}

func sortedKeys(m map[string]int) []string { return slices.Sorted(maps.Keys(m)) }
