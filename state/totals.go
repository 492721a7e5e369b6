package state

import (
	"maps"
	"math"

	"github.com/lanekeeper/lanekeeper/internal/issue"
)

// facts are the parts of a record that indexes, totals and the log are kept
// from.
type facts struct {
	key         string // folded
	oldKeys     []string
	loggedAs    uint64
	gone, open  bool
	parked      bool
	outstanding int
	due         int64
	seen        int64
	estimate    float64
	overrides   []issue.Field
	contested   []string // lanes
	postMortem  bool     // is outstanding
	lookedBack  string   // the lane that it is of
	lane        string
	priority    uint8
	score       float64
	marks       map[string]string
	policy      string
}

func factsOf(r *Record) facts {
	f := facts{
		key: foldKey(r.Issue.Key), loggedAs: r.LoggedAs, gone: r.Issue.Gone, open: r.Issue.Open(),
		parked: r.Parked != nil, outstanding: r.Outstanding, due: millis(r.Due), seen: millis(r.Seen),
		estimate: r.Issue.Estimate, lane: r.Decision.Lane, priority: uint8(r.Decision.Priority),
		score: r.Decision.Score, marks: r.Decision.Marks, policy: r.Decision.PolicyHash,
	}
	for _, o := range r.Overrides {
		f.overrides = append(f.overrides, o.Field)
		f.contested = append(f.contested, o.Contested...)
	}
	if r.PostMortem.Outstanding() {
		f.postMortem, f.lookedBack = true, r.PostMortem.Lane
	}
	return f
}

func (f *facts) outcome() Outcome {
	return Outcome{Lane: f.lane, Priority: issue.Priority(f.priority), Score: f.score}
}

// sums are Totals as they are kept: estimates in millionths, so that adding and
// taking away leaves nothing behind as floating point would.
type sums struct {
	Issues      int                 `cbor:"1,keyasint,omitempty"`
	Open        int                 `cbor:"2,keyasint,omitempty"`
	Outstanding int                 `cbor:"3,keyasint,omitempty"`
	Parked      int                 `cbor:"4,keyasint,omitempty"`
	Undecided   int                 `cbor:"5,keyasint,omitempty"`
	Records     int                 `cbor:"6,keyasint,omitempty"`
	Lanes       map[string]int      `cbor:"7,keyasint,omitempty"`
	Overrides   map[issue.Field]int `cbor:"8,keyasint,omitempty"`
	Marks       map[string]int      `cbor:"9,keyasint,omitempty"`
	Estimates   map[string]int64    `cbor:"10,keyasint,omitempty"`
	Contested   map[string]int      `cbor:"11,keyasint,omitempty"`
	PostMortems map[string]int      `cbor:"12,keyasint,omitempty"`
}

const estimateUnit = 1e6

// micro is an estimate in millionths. What is no sensible estimate counts
// nothing.
func micro(estimate float64) int64 {
	if math.IsNaN(estimate) || math.Abs(estimate) > 1e9 {
		return 0
	}
	return int64(math.Round(estimate * estimateUnit))
}

// add counts a record in (sign 1) or out (sign -1).
func (s *sums) add(f *facts, sign int) {
	s.Records += sign
	if f.outstanding != 0 {
		s.Outstanding += sign
	}
	if f.parked {
		s.Parked += sign
	}
	if f.gone {
		return
	}
	s.Issues += sign
	for _, field := range f.overrides {
		count(&s.Overrides, field, sign)
	}
	if f.postMortem {
		count(&s.PostMortems, f.lookedBack, sign)
	}
	if f.open {
		s.addOpen(f, sign)
	}
}

func (s *sums) addOpen(f *facts, sign int) {
	s.Open += sign
	for _, lane := range f.contested {
		count(&s.Contested, lane, sign)
	}
	for prefix, value := range f.marks {
		count(&s.Marks, prefix+":"+value, sign)
	}
	if f.lane == "" {
		s.Undecided += sign
		return
	}
	count(&s.Lanes, f.lane, sign)
	if e := micro(f.estimate); e != 0 {
		count(&s.Estimates, f.lane, int64(sign)*e)
	}
}

// count adds n to the row of k and removes a row that came to nothing.
func count[K comparable, N int | int64](m *map[K]N, k K, n N) {
	if *m == nil {
		*m = map[K]N{}
	}
	(*m)[k] += n
	if (*m)[k] == 0 {
		delete(*m, k)
	}
}

// totals are the sums as they are shown. Maps without rows are nil.
func (s *sums) totals() Totals {
	t := Totals{
		Issues: s.Issues, Open: s.Open, Outstanding: s.Outstanding, Parked: s.Parked, Undecided: s.Undecided,
		Lanes: clone(s.Lanes), Overrides: clone(s.Overrides), Marks: clone(s.Marks),
		Contested: clone(s.Contested), PostMortems: clone(s.PostMortems),
	}
	for lane, e := range s.Estimates {
		if t.Estimates == nil {
			t.Estimates = map[string]float64{}
		}
		t.Estimates[lane] = float64(e) / estimateUnit
	}
	return t
}

func clone[K comparable, N int | int64](m map[K]N) map[K]N {
	if len(m) == 0 {
		return nil
	}
	return maps.Clone(m)
}

func (s *sums) equal(o *sums) bool {
	return s.Issues == o.Issues && s.Open == o.Open && s.Outstanding == o.Outstanding && s.Parked == o.Parked &&
		s.Undecided == o.Undecided && s.Records == o.Records && maps.Equal(s.Lanes, o.Lanes) &&
		maps.Equal(s.Overrides, o.Overrides) && maps.Equal(s.Marks, o.Marks) && maps.Equal(s.Estimates, o.Estimates) &&
		maps.Equal(s.Contested, o.Contested) && maps.Equal(s.PostMortems, o.PostMortems)
}
