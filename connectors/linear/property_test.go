package linear

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/lanekeeper/lanekeeper/connectors"
	"github.com/lanekeeper/lanekeeper/connectors/linear/lineartest"
	"github.com/lanekeeper/lanekeeper/internal/issue"
)

// The last page has no cursor: one that survived from the page before would
// page for ever (trap 16).
func TestTheLastPageEndsThePull(t *testing.T) {
	var cursors []any
	c, _ := newWire(t, script{"issues": func(_ http.ResponseWriter, s sent) any {
		cursors = append(cursors, s.Variables["after"])
		switch s.Variables["after"] {
		case nil:
			return object{"issues": conn2("c1", anIssue(1, nil), anIssue(2, nil))}
		case "c1":
			return object{"issues": conn2("c2", anIssue(2, nil), anIssue(3, nil))}
		}
		return object{"issues": conn(anIssue(4, nil))}
	}}, nil)
	out, _, err := drain(c.Changed(t.Context(), serverTime))
	if diff := cmp.Diff([]string{"ENG-1", "ENG-2", "ENG-3", "ENG-4"}, keys(out)); diff != "" || err != nil {
		t.Error(diff, err)
	}
	if diff := cmp.Diff([]any{nil, "c1", "c2"}, cursors); diff != "" {
		t.Error(diff)
	}
}

// sparse serves any set of open numbers with cursors, newest first, and says
// that greatest is the newest issue's number, which need not be true.
type sparse struct {
	open     []int // ascending
	greatest int
	refuse   int // page sizes above are refused
}

func (p sparse) script() script {
	return script{"issues": func(w http.ResponseWriter, s sent) any {
		number, ok := s.filter()["number"].(map[string]any)
		if !ok {
			return object{"issues": conn(object{"id": issueID(0), "number": p.greatest})}
		}
		first := int(s.Variables["first"].(float64))
		if first > p.refuse {
			return fail(w, http.StatusBadRequest, refusedInput)
		}
		in := slices.DeleteFunc(slices.Clone(p.open), func(n int) bool {
			hi, bounded := number["lt"].(float64)
			return n < int(number["gte"].(float64)) || bounded && n >= int(hi)
		})
		slices.Reverse(in)
		from := 0
		if c, ok := s.Variables["after"].(string); ok {
			fmt.Sscan(c, &from)
		}
		to := min(from+first, len(in))
		var nodes []object
		for _, n := range in[from:to] {
			nodes = append(nodes, anIssue(n, nil))
		}
		if to < len(in) {
			return object{"issues": conn2(fmt.Sprint(to), nodes...)}
		}
		return object{"issues": conn(nodes...)}
	}}
}

// Whatever numbers are open, whatever the server takes as a page, and however
// wrong the first look at the greatest number was: each issue comes once, and
// every cursor leads to exactly the rest or repeats some.
func TestAScanMissesNothing(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		open := rapid.SliceOfNDistinct(rapid.IntRange(1, 4000), 0, 300, rapid.ID[int]).Draw(rt, "open")
		slices.Sort(open)
		p := sparse{open: open, greatest: rapid.IntRange(0, 4000).Draw(rt, "greatest"), refuse: rapid.SampledFrom([]int{3, 40, 250}).Draw(rt, "refuse")}
		c, _ := newWire(t, p.script(), func(s *Settings, _ *Options) { s.Concurrency = rapid.IntRange(1, 6).Draw(rt, "concurrency") })
		stop := rapid.IntRange(1, 12).Draw(rt, "stop")
		var got []string
		cursor, n := "", 0
		for page, err := range c.All(t.Context(), "") {
			if err != nil {
				rt.Fatal(err)
			}
			got, cursor = append(got, keys(page.Issues)...), page.Cursor
			if n++; n == stop {
				break
			}
		}
		rest, _, err := drain(c.All(t.Context(), cursor))
		if err != nil {
			rt.Fatal(err)
		}
		got = append(got, keys(rest)...)
		slices.Sort(got)
		var want []string
		for _, n := range open {
			want = append(want, fmt.Sprintf("ENG-%d", n))
		}
		slices.Sort(want)
		if diff := cmp.Diff(want, slices.Compact(got)); diff != "" {
			rt.Fatal(diff)
		}
	})
}

// Random edits under faults and beside people who edit at the same time: what
// is reported as written is there, nobody's own label is lost, and no managed
// group is left with a label that nobody chose.
func TestApplyUnderTrouble(t *testing.T) {
	for seed := range uint64(12) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			inWorld(t, func(s *Settings, _ *Options, so *lineartest.Options) {
				s.Concurrency = 1 // so that a seed replays
				so.Behavior.BatchPartial, so.Behavior.NoNetting = seed%2 == 0, seed%3 == 0
			}, func(w *world) { trouble(w, rand.New(rand.NewPCG(seed, 1))) })
		})
	}
}

func trouble(w *world, r *rand.Rand) {
	human := []string{w.srv.AddLabel(lineartest.Label{Name: "Area"}).ID, w.srv.AddLabel(lineartest.Label{Name: "UX"}).ID}
	lanes := []string{"hotfix", "feature", "stability"}
	own := map[string][]string{} // people's labels by issue
	made := w.create(40, func(i *lineartest.Issue) {
		i.LabelIDs = append(i.LabelIDs, human[r.IntN(2)], w.ids[lanes[r.IntN(3)]])
	})
	var edits []issue.Edit
	for _, i := range made {
		own[i.ID] = []string{i.LabelIDs[0]}
		from := laneOf(w, i.ID)
		edits = append(edits, w.edits([]lineartest.Issue{i}, lane(from, "lane:"+lanes[r.IntN(3)]), issue.Change{Field: issue.FieldPriority, To: []string{"high", "low"}[r.IntN(2)]})...)
	}
	kinds := []lineartest.Kind{lineartest.Drop, lineartest.DropAfter, lineartest.InternalError, lineartest.RateLimited, lineartest.StatusAfter}
	for _, k := range kinds {
		status := 0 // the kind's own
		if k == lineartest.StatusAfter {
			status = 503
		}
		w.srv.Inject(lineartest.Fault{Kind: k, Status: status, Skip: r.IntN(6), Times: 1 + r.IntN(2), Match: lineartest.OnMutation})
	}
	moved := map[string]bool{}
	w.srv.SetHooks(lineartest.Hooks{BeforeMutation: func(*lineartest.Request) {
		i := made[r.IntN(len(made))]
		w.edit(i.ID, func(i *lineartest.Issue) {
			if r.IntN(2) == 0 {
				if !slices.Contains(i.LabelIDs, human[1]) {
					i.LabelIDs = append(slices.Clone(i.LabelIDs), human[1])
					own[i.ID] = append(own[i.ID], human[1])
				}
				return
			}
			moved[i.ID] = true
			i.LabelIDs = append(slices.Clone(own[i.ID]), w.ids[lanes[r.IntN(3)]])
		})
	}})
	got := map[string]issue.Result{}
	for range 5 { // a rate limit that outlasts the retries stops Apply; the rest is sent later
		left := slices.DeleteFunc(slices.Clone(edits), func(e issue.Edit) bool { return got[e.ID].ID != "" })
		if err := w.c.Apply(w.Context(), left, func(r issue.Result) { got[r.ID] = r }); err != nil && connectors.KindOf(err) != connectors.RateLimited {
			w.Fatal(err)
		}
	}
	if len(got) != len(edits) {
		w.Fatalf("%d results of %d", len(got), len(edits))
	}
	for _, e := range edits {
		i, _ := w.srv.Issue(e.ID)
		for _, id := range own[e.ID] {
			if !slices.Contains(i.LabelIDs, id) {
				w.Errorf("%s lost a person's label", e.Key)
			}
		}
		if moved[e.ID] {
			continue // a person had a hand in the lane too
		}
		if err := got[e.ID].Err; err != nil && connectors.KindOf(err) != connectors.Server && connectors.KindOf(err) != connectors.Network {
			w.Errorf("%s: %v", e.Key, err)
		} else if err == nil && (laneOf(w, e.ID) != e.Changes[0].To || !strings.EqualFold(mustPriority(i), e.Changes[1].To)) {
			w.Errorf("%s is reported as written and has %q, priority %d", e.Key, laneOf(w, e.ID), i.Priority)
		}
	}
	time.Sleep(time.Second)
}

func laneOf(w *world, id string) string {
	for _, n := range w.srv.LabelNames(id) {
		if strings.HasPrefix(n, "lane:") {
			return n
		}
	}
	return ""
}

func mustPriority(i lineartest.Issue) string {
	p, _ := toPriority(float64(i.Priority))
	return p.String()
}
