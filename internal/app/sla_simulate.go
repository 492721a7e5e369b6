package app

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/lanekeeper/lanekeeper/internal/answer"
	"github.com/lanekeeper/lanekeeper/internal/config"
	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/policy"
	"github.com/lanekeeper/lanekeeper/policy/sla"
)

// SLARequest asks how the issues of an exported file would have stood with the
// SLAs of a policy.
type SLARequest struct {
	File   ExportRequest
	Policy string // a file or name; "" is the built-in policy
	Since  func(until time.Time) (time.Time, error)
}

// SimulateSLA runs the clocks of a policy over the histories of a file. It needs
// no tracker, and a configuration only where the policy is the one in force.
func SimulateSLA(cfg *config.Config, r SLARequest) (answer.SLASimulation, error) {
	c, err := candidate(cmp.Or(r.Policy, builtIn), cfg)
	if err != nil {
		return answer.SLASimulation{}, err
	}
	e, err := r.File.read(c.Set)
	if err != nil {
		return answer.SLASimulation{}, err
	}
	since, err := r.Since(e.now)
	if err != nil {
		return answer.SLASimulation{}, err
	}
	s := &simulation{set: c.Set, since: since, until: e.now, clocks: map[*policy.Policy][]*sla.Clock{}, targets: map[[2]string]*simulated{}, undecided: map[string]int{}}
	for n := range e.Issues {
		if err := s.issue(&e.Issues[n], e.Histories[e.Issues[n].ID]); err != nil {
			return answer.SLASimulation{}, err
		}
	}
	if len(s.targets) == 0 {
		return answer.SLASimulation{}, fmt.Errorf("the policy %s has no SLA that a lane names", c.Name)
	}
	out := answer.SLASimulation{File: r.File.Path, Policy: c.Name, Since: since.UTC(), Until: e.now.UTC(), Issues: len(e.Issues), Notes: e.limits()}
	for _, why := range slices.Sorted(maps.Keys(s.undecided)) {
		out.Notes = append(out.Notes, fmt.Sprintf("%d issues are undecided and so in no lane: %s", s.undecided[why], why))
	}
	for _, key := range slices.SortedFunc(maps.Keys(s.targets), func(a, b [2]string) int { return slices.Compare(a[:], b[:]) }) {
		out.Targets = append(out.Targets, s.targets[key].finish())
	}
	return out, nil
}

type simulation struct {
	set          *policy.Set
	since, until time.Time
	clocks       map[*policy.Policy][]*sla.Clock
	undecided    map[string]int           // issues by the reason why they are in no lane
	targets      map[[2]string]*simulated // by SLA and kind
}

type simulated struct {
	answer.SimulatedTarget
	unknown map[string]int
}

// issue runs all clocks of one issue.
func (s *simulation) issue(i *issue.Issue, h *issue.History) error {
	clocks, err := s.clocksOf(s.set.For(i.Source, i.Project))
	if err != nil {
		return err
	}
	for n, c := range clocks {
		subject := sla.Subject{Issue: i, History: h}
		lanes, undecided := c.Replay(subject, s.until)
		if undecided != "" && n == 0 {
			s.undecided[undecided]++
		}
		subject.Lanes = lanes
		r := c.At(subject, s.until)
		for _, x := range []*sla.Reading{r.Respond, r.Resolve} {
			if x != nil {
				s.count(r.SLA, i, x)
			}
		}
	}
	return nil
}

// clocksOf are the clocks of the SLAs that a lane names.
func (s *simulation) clocksOf(p *policy.Policy) ([]*sla.Clock, error) {
	if list, ok := s.clocks[p]; ok {
		return list, nil
	}
	list := []*sla.Clock{}
	for _, name := range slices.Sorted(maps.Keys(p.Spec().SLAs)) {
		if len(p.SLALanes(name)) == 0 {
			continue
		}
		c, err := sla.New(p, name)
		if err != nil {
			return nil, err
		}
		list = append(list, c)
	}
	s.clocks[p] = list
	return list, nil
}

func (s *simulation) count(name string, i *issue.Issue, x *sla.Reading) {
	key := [2]string{name, string(x.Kind)}
	t := s.targets[key]
	if t == nil {
		t = &simulated{SimulatedTarget: answer.SimulatedTarget{SLA: name, Target: string(x.Kind)}, unknown: map[string]int{}}
		s.targets[key] = t
	}
	within := func(at time.Time) bool { return !at.IsZero() && !at.Before(s.since) && !at.After(s.until) }
	switch {
	case x.State == sla.Unknown:
		t.Unknown++
		t.unknown[x.Why]++
	case within(x.FirstBreach):
		t.Breached++
		t.Breaches = append(t.Breaches, answer.SLABreach{
			Key: i.Key, Title: i.Title, At: x.FirstBreach.UTC(), Elapsed: answer.Round(x.Elapsed.Hours()), Promised: answer.Round(x.Target.Hours()),
			State: string(x.State), Why: x.Why,
		})
	case !x.FirstBreach.IsZero(): // before the period
	case x.State == sla.Met && within(x.Ended):
		t.Met++
	case x.State == sla.Left && within(x.Ended):
		t.Left++
	case x.State.Running() || x.State == sla.Paused:
		t.Running++
	}
}

func (t *simulated) finish() answer.SimulatedTarget {
	slices.SortStableFunc(t.Breaches, func(a, b answer.SLABreach) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Key, b.Key)) })
	if all := t.Met + t.Breached; all > 0 {
		share := answer.Round(float64(t.Met) / float64(all))
		t.Attainment = &share
	}
	for _, why := range slices.Sorted(maps.Keys(t.unknown)) {
		t.Reasons = append(t.Reasons, answer.Reason{Reason: why, Count: t.unknown[why]})
	}
	return t.SimulatedTarget
}
