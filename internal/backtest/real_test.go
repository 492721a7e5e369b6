package backtest_test

import (
	"os"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lanekeeper/lanekeeper/internal/backtest"
	"github.com/lanekeeper/lanekeeper/internal/exportfile"
	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/internal/shared"
	"github.com/lanekeeper/lanekeeper/policy"
)

const allInputs = ^issue.Inputs(0)

// duraspace is the real backlog with its whole history.
func duraspace(tb testing.TB) []backtest.Past {
	f, err := os.Open(shared.File(tb, "data/jira-duraspace.ndjson.gz"))
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close()
	c, err := exportfile.Read(f, exportfile.Options{Inputs: allInputs &^ issue.InputCustom, Empty: allInputs})
	if err != nil {
		tb.Fatal(err)
	}
	if len(c.Issues) != 3036 || c.BadRows != 0 || c.Cut != "" {
		tb.Fatalf("read %d issues, %d bad (%v), %s", len(c.Issues), c.BadRows, c.Bad, c.Cut)
	}
	out := make([]backtest.Past, len(c.Issues))
	for n, i := range c.Issues {
		out[n] = backtest.Past{Issue: i, History: c.Histories[i.ID]}
	}
	return out
}

func compiled(tb testing.TB, name string, s policy.Spec) backtest.Candidate {
	set, problems := policy.CompileSet(s, nil)
	if policy.Failed(problems) {
		tb.Fatal(problems)
	}
	return backtest.Candidate{Name: name, Set: set}
}

// changed is the built-in policy with other weights and a wider first lane.
func changed() policy.Spec {
	s := policy.Default()
	p := s.Score.Pillars["customer_impact"]
	p.Weight = 0.2
	s.Score.Pillars["customer_impact"] = p
	s.Lanes[0].When = "issue.kind in ['bug', 'incident'] && pillar.customer_impact >= 45.0"
	return s
}

func period() backtest.Options {
	until := time.Date(2014, 8, 18, 15, 0, 0, 0, time.UTC)
	return backtest.Options{Since: until.AddDate(0, 0, -179), Until: until, Told: backtest.Told | issue.InputKind, Managed: []string{"lane", "horizon", "sla"}, Capacity: 2}
}

func TestRealBacklogAddsUpEveryDay(t *testing.T) {
	pasts := duraspace(t)
	o := period()
	o.Since = o.Until.AddDate(0, 0, -29)
	r, err := backtest.Run(pasts, o, compiled(t, "new", changed()), compiled(t, "current", policy.Default()))
	if err != nil {
		t.Fatal(err)
	}
	if r.Days != 30 || r.Coverage.Issues != 3036 {
		t.Errorf("%d days, %+v", r.Days, r.Coverage)
	}
	for _, p := range r.Policies {
		moves := 0
		for n, d := range p.Days {
			sum, prios := d.Undecided, d.Undecided
			for _, k := range d.Lanes {
				sum += k
			}
			for _, k := range d.Priorities {
				prios += k
			}
			if sum != d.Open || prios != d.Open || d.Open != r.Actual[n].Open {
				t.Fatalf("%s %s: %d open, lanes and undecided add up to %d, priorities to %d, people had %d", p.Name, d.Date, d.Open, sum, prios, r.Actual[n].Open)
			}
			moves += d.Moves
		}
		if got := len(p.Moves) + p.MoreMoves; got != moves {
			t.Errorf("%s: %d moves, by day %d", p.Name, got, moves)
		}
	}
	total := r.Compare.Same + len(r.Compare.Today)
	for _, list := range [][]backtest.Cell{r.Compare.Matrix, r.Compare.Priorities} {
		n := 0
		for _, c := range list {
			n += c.Count
		}
		if n != total || n != r.Policies[0].Days[29].Open {
			t.Errorf("a matrix adds up to %d of %d issues", n, total)
		}
	}
	if len(r.Compare.Today) == 0 || r.Compare.IssueDays == 0 {
		t.Error("another policy makes no difference")
	}
}

func TestTheSameReplayTwiceIsTheSameWhateverTheOrder(t *testing.T) {
	o := period()
	o.Since = o.Until.AddDate(0, 0, -4)
	run := func(pasts []backtest.Past) *backtest.Report {
		r, err := backtest.Run(pasts, o, compiled(t, "new", changed()), compiled(t, "current", policy.Default()))
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	pasts := duraspace(t)
	first := run(slices.Clone(pasts))
	slices.Reverse(pasts)
	if diff := cmp.Diff(first, run(pasts)); diff != "" {
		t.Error(diff)
	}
}

func BenchmarkReplay(b *testing.B) {
	pasts := duraspace(b)
	c := compiled(b, "built-in", policy.Default())
	b.ReportAllocs()
	for b.Loop() {
		if _, err := backtest.Run(pasts, period(), c); err != nil {
			b.Fatal(err)
		}
	}
}
