package app

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/lanekeeper/lanekeeper/internal/answer"
	"github.com/lanekeeper/lanekeeper/internal/backtest"
	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/policy"
	"github.com/lanekeeper/lanekeeper/state"
)

// topShown is how many issues of a lane a trial names.
const topShown = 3

// TrialRequest asks what a policy makes of an exported file.
type TrialRequest struct {
	File    ExportRequest
	Policy  string // a file or name; "" is the built-in policy
	Explain string // the key of an issue to explain in full
	// Backtest replays the policy over the histories in the file.
	Backtest bool
	Since    func(until time.Time) (time.Time, error)
	Capacity int
	Hot      string
}

// Try decides an exported file. It needs no configuration and no tracker.
func Try(r TrialRequest, step func(done, total int)) (answer.Trial, error) {
	c, err := candidate(cmp.Or(r.Policy, builtIn), nil)
	if err != nil {
		return answer.Trial{}, err
	}
	if err := knownLane(r.Hot, c); err != nil {
		return answer.Trial{}, err
	}
	e, err := r.File.read(c.Set)
	if err != nil {
		return answer.Trial{}, err
	}
	t := &trial{e: e, set: c.Set, out: answer.Trial{File: r.File.Path, Policy: c.Name}}
	t.describe()
	t.decide()
	if r.Explain != "" {
		if err := t.explain(r.Explain); err != nil {
			return t.out, err
		}
	}
	if r.Backtest {
		err = t.replay(r, c, step)
	}
	return t.out, err
}

// trial is a file on its way to an answer.
type trial struct {
	e    *export
	set  *policy.Set
	out  answer.Trial
	open []*issue.Issue
}

// record decides an issue. Of a large file all decisions would not fit into
// memory; the few that are shown are made again.
func (t *trial) record(i *issue.Issue) *state.Record {
	d, memory := t.set.Decide(policy.Input{Issue: i, Now: t.e.now})
	return &state.Record{Issue: *i, Decision: d, Memory: memory}
}

// describe tells what was read and what was not.
func (t *trial) describe() {
	e, out := t.e, &t.out
	out.Format, out.At, out.Rows, out.Issues, out.Bad, out.Cut = string(e.Format), e.now.UTC(), e.Rows, len(e.Issues), e.BadRows, e.Cut
	for _, b := range e.Bad {
		out.BadAt = append(out.BadAt, answer.BadRow(b))
	}
	needs := t.set.Needs()
	out.Missing, out.Absent = (e.Missing & needs).Names(), (e.Absent & needs).Names()
	out.Notes, out.History = slices.Clone(e.Notes), e.weight
	out.Unmapped = e.unmapped()
	if names := t.set.SignalNames(); len(names) > 0 {
		out.Notes = append(out.Notes, "signals are missing here: "+strings.Join(names, ", "))
	}
	if names := t.set.RotaNames(); len(names) > 0 {
		out.Notes = append(out.Notes, "nobody is on duty here, so that lanes with a rota have no owner: "+strings.Join(names, ", "))
	}
}

// unmapped lists the words of the file that mean nothing to us.
func (e *export) unmapped() []answer.Word {
	var out []answer.Word
	for _, l := range []struct {
		what  string
		words map[string]int
	}{{"type", e.Types}, {"priority", e.Priorities}, {"status", e.Statuses}} {
		for _, w := range sorted(l.words) {
			out = append(out, answer.Word{What: l.what, Word: w, Count: l.words[w]})
		}
	}
	return out
}

// limits are what a replay of the file does not cover.
func (e *export) limits() []string {
	out := slices.Clone(e.Notes)
	if e.Cut != "" {
		out = append(out, "the file was not read to the end: "+e.Cut)
	}
	if e.BadRows > 0 {
		out = append(out, fmt.Sprintf("%d of %d rows could not be read; lanekeeper try names them", e.BadRows, e.Rows))
	}
	if e.Missing != 0 {
		out = append(out, "the file has no column for "+strings.Join(e.Missing.Names(), ", ")+", which are unknown")
	}
	for _, w := range e.unmapped() {
		out = append(out, fmt.Sprintf("%s %q of %d issues is not known; --map says what it means", w.What, w.Word, w.Count))
	}
	if e.weight == 0 {
		out = append(out, "the file has no histories: every issue is held as it is now, and closed when it was resolved; Jira's JSON with expand=changelog has them")
	}
	return out
}

// countsOpen takes a status of which nothing is known for open; it is listed.
func countsOpen(i *issue.Issue) bool {
	return !i.Gone && (i.Status.Category.Open() || i.Status.Category == "")
}

// decide evaluates the open issues.
func (t *trial) decide() {
	var totals state.Totals
	totals.Lanes, totals.Marks, totals.Estimates = map[string]int{}, map[string]int{}, map[string]float64{}
	out := &t.out
	out.Before, out.After = map[issue.Priority]int{}, map[issue.Priority]int{}
	why := map[string]int{}
	var items []answer.Item
	for n := range t.e.Issues {
		i := &t.e.Issues[n]
		if !countsOpen(i) {
			continue
		}
		r := t.record(i)
		d := &r.Decision
		t.open = append(t.open, i)
		totals.Open++
		if i.Unknown.Has(issue.InputPriority) {
			out.BeforeUnknown++
		} else {
			out.Before[i.Priority]++
		}
		items = append(items, answer.ItemOf(r))
		if d.Undecided != "" {
			totals.Undecided++
			why[d.Undecided]++
			continue
		}
		totals.Lanes[d.Lane]++
		totals.Estimates[d.Lane] += i.Estimate
		out.After[d.Priority]++
		for prefix, v := range d.Marks {
			totals.Marks[prefix+":"+v]++
		}
	}
	base := t.set.Policies()[0]
	out.Load = answer.NewLanes("", base.Lanes(), totals, t.set.Hash())
	out.Load.Marks = answer.NewMarks(base.Spec().Marks, totals)
	for _, reason := range slices.SortedFunc(maps.Keys(why), func(a, b string) int { return cmp.Or(cmp.Compare(why[b], why[a]), cmp.Compare(a, b)) }) {
		out.Undecided = append(out.Undecided, answer.Reason{Reason: reason, Count: why[reason]})
	}
	answer.PlaceInTeams(items)
	out.LeastCertain = answer.LeastCertain(items, leastCertain)
	t.top(items, base.Lanes())
}

// top names the first issues of each lane in rank order.
func (t *trial) top(items []answer.Item, lanes []policy.LaneSpec) {
	names := make([]string, len(lanes))
	for n, l := range lanes {
		names[n] = l.Name
	}
	answer.Rank(items, names)
	byID := map[string]*issue.Issue{}
	for _, i := range t.open {
		byID[i.ID] = i
	}
	for _, name := range names {
		l := answer.TrialLane{Lane: name}
		for _, it := range items {
			if it.Lane != name || len(l.Issues) == topShown {
				continue
			}
			r := t.record(byID[it.ID])
			p := t.set.For(r.Issue.Source, r.Issue.Project)
			l.Issues = append(l.Issues, answer.TrialIssue{Item: it, Before: r.Issue.RawPriority.Name, Because: backtest.Because(p, &r.Decision, &r.Issue)})
		}
		if len(l.Issues) > 0 {
			t.out.Top = append(t.out.Top, l)
		}
	}
}

// explain explains one open issue in full.
func (t *trial) explain(key string) error {
	key = issue.ParseRef(key).Key
	for _, i := range t.open {
		if !strings.EqualFold(i.Key, key) {
			continue
		}
		r := t.record(i)
		p := t.set.For(r.Issue.Source, r.Issue.Project)
		in := policy.Input{Issue: &r.Issue, Now: t.e.now, Memory: r.Memory}
		x := answer.NewExplanation(r, answer.Reasons{Policy: p.Explain(r.Decision, &r.Issue), Flips: p.Flips(in, r.Decision), Current: p.Hash()})
		t.out.Explained = &x
		return nil
	}
	return misuse("--explain %s: the file has no open issue of that key", key)
}

// replay back-tests the policy on the histories of the file.
func (t *trial) replay(r TrialRequest, c backtest.Candidate, step func(done, total int)) error {
	since, err := r.Since(t.e.now)
	if err != nil {
		return err
	}
	list := []backtest.Candidate{c}
	report, err := backtest.Run(t.e.pasts(), backtest.Options{
		Since: since, Until: t.e.now, Zone: t.e.zone, Hot: r.Hot, Capacity: r.Capacity, Managed: managed(list), Told: t.e.told, Step: step,
	}, list...)
	if err != nil {
		return err
	}
	report.Coverage.Notes = append(t.e.limits(), missingSignals(list)...)
	t.out.Backtest = report
	return nil
}
