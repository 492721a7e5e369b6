package policy

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/lanekeeper/lanekeeper/internal/issue"
)

// Problem is one thing that is wrong, or only doubtful, in a policy.
type Problem struct {
	Path       string // relative to the policy, such as lanes[2].when
	Line, Col  int    // inside the expression, from 1; 0 where there is none
	Message    string
	Suggestion string // such as: did you mean "issue.kind"?
	Warning    bool   // the policy works all the same
}

func (p Problem) String() string {
	s := p.Path
	if p.Line > 0 {
		s += fmt.Sprintf(":%d:%d", p.Line, p.Col)
	}
	s += ": " + p.Message
	if p.Suggestion != "" {
		s += " (" + p.Suggestion + ")"
	}
	return s
}

// Failed reports whether one of the problems is more than a warning.
func Failed(problems []Problem) bool {
	return slices.ContainsFunc(problems, func(p Problem) bool { return !p.Warning })
}

// CompileOptions tell what exists outside the policy. A nil list accepts any
// name; an empty one none.
type CompileOptions struct {
	Signals []string // names of signals
	Fields  []string // names of custom fields
	OnCall  []string // names of rotas
}

// Policy is a checked policy that runs. It is safe for concurrent use.
type Policy struct {
	spec      Spec // effective: with what presets filled in
	canonical []byte
	hash      string
	cells     []cell
	readings  []int // cells to record, by path
	pillars   []pillar
	weight    float64 // of all pillars
	effort    effort
	bands     []band // from the highest edge down; the last is low
	lanes     []lane
	marks     []mark
	slas      map[string][]*expr // conditions of targets by SLA
	scored    map[string]bool    // SLAs whose conditions read the score
	needs     issue.Inputs
	readsNow  bool
	runs      sync.Pool
}

type pillar struct {
	name   string
	cell   int // where rules read it; -1 for none
	weight float64
	expr   *expr
	spec   PillarSpec
}

type effort struct {
	expr     *expr
	fallback *float64
}

type lane struct {
	spec    LaneSpec
	when    *expr
	stay    *expr // nil: none
	horizon string
	atLeast issue.Priority
	atMost  issue.Priority
}

type band struct {
	priority issue.Priority
	edge     float64
}

type mark struct {
	spec  MarkSpec
	bands []markBand // from the highest edge down
}

type markBand struct {
	value string
	edge  float64
}

// Compile completes a policy with its preset and the defaults, checks it and
// makes it run. It reports all problems at once; the policy is nil where one of
// them is more than a warning.
func Compile(spec Spec, opts ...CompileOptions) (*Policy, []Problem) {
	effective, problems := Effective(spec)
	p, more := compile(effective, onlyOption(opts))
	problems = append(problems, more...)
	if Failed(problems) {
		return nil, problems
	}
	return p, problems
}

func onlyOption(opts []CompileOptions) CompileOptions {
	if len(opts) == 0 {
		return CompileOptions{}
	}
	return opts[0]
}

// compile builds the policy of an effective spec.
func compile(spec Spec, opts CompileOptions) (*Policy, []Problem) {
	names := slices.Sorted(maps.Keys(spec.Score.Pillars))
	catalog, err := newCatalog(opts, names)
	if err != nil {
		return nil, []Problem{{Path: "score", Message: err.Error()}}
	}
	c := &compiler{catalog: catalog, rotas: opts.OnCall}
	if c.base, c.scored, err = newEnv(catalog); err != nil {
		return nil, []Problem{{Path: "score", Message: err.Error()}}
	}
	p := &Policy{spec: spec, slas: map[string][]*expr{}, scored: map[string]bool{}}
	c.check(spec)
	c.buildScore(p)
	c.buildPriority(p)
	c.buildLanes(p)
	c.buildSLAs(p)
	if Failed(c.problems) {
		return nil, c.problems
	}
	c.checkFeedback(p)
	catalog.frozen = true
	p.cells = catalog.cells
	if err := p.finish(); err != nil {
		c.report(Problem{Path: "score", Message: err.Error()})
		return nil, c.problems
	}
	return p, c.problems
}

// buildScore compiles the pillars in the order of their names and the effort.
func (c *compiler) buildScore(p *Policy) {
	for _, name := range slices.Sorted(maps.Keys(p.spec.Score.Pillars)) {
		s := p.spec.Score.Pillars[name]
		path := "score.pillars." + name + ".expr"
		if strings.TrimSpace(s.Expr) == "" {
			c.missingExpr(path, name, p.spec.Score)
			continue
		}
		p.pillars = append(p.pillars, pillar{name: name, weight: s.Weight, spec: s, expr: c.compile(path, s.Expr, c.base, wantNumber)})
		p.weight += s.Weight
	}
	p.effort = effort{
		expr:     c.compile("score.effort.expr", p.spec.Score.Effort.Expr, c.base, wantNumber),
		fallback: p.spec.Score.Effort.Default,
	}
}

// missingExpr reports a pillar that neither the file nor the preset fills.
func (c *compiler) missingExpr(path, name string, s ScoreSpec) {
	preset := cmp.Or(s.Preset, defaultPreset)
	p := Problem{Path: path, Message: fmt.Sprintf("the pillar has no expression, and the preset %s has no pillar %q", preset, name)}
	if base, err := Preset(preset); err == nil {
		p.Suggestion = didYouMean(name, slices.Sorted(maps.Keys(base.Score.Pillars)))
	}
	c.report(p)
}

func (c *compiler) buildPriority(p *Policy) {
	for pr, edge := range p.spec.Priority.Bands {
		if pr != issue.Low {
			p.bands = append(p.bands, band{pr, edge})
		}
	}
	slices.SortFunc(p.bands, func(a, b band) int { return cmp.Compare(b.priority, a.priority) })
	p.bands = append(p.bands, band{issue.Low, 0})
	for _, m := range p.spec.Marks {
		built := mark{spec: m}
		for value, edge := range m.Bands {
			built.bands = append(built.bands, markBand{value, edge})
		}
		slices.SortFunc(built.bands, func(a, b markBand) int {
			return cmp.Or(cmp.Compare(b.edge, a.edge), cmp.Compare(a.value, b.value))
		})
		p.marks = append(p.marks, built)
	}
}

func (c *compiler) buildLanes(p *Policy) {
	for i, s := range p.spec.Lanes {
		path := fmt.Sprintf("lanes[%d]", i)
		l := lane{spec: s, horizon: cmp.Or(s.Horizon, NextRelease), atMost: issue.Urgent}
		l.when = c.compile(path+".when", s.When, c.scored, wantBool)
		if s.Stay != "" {
			l.stay = c.compile(path+".stay", s.Stay, c.scored, wantBool)
		}
		if s.Priority.AtLeast != nil {
			l.atLeast = *s.Priority.AtLeast
		}
		if s.Priority.AtMost != nil {
			l.atMost = *s.Priority.AtMost
		}
		p.lanes = append(p.lanes, l)
	}
	c.checkReach(p.lanes)
}

// checkReach finds rules that are never asked or never hold, and demands a
// last lane that takes what is left.
func (c *compiler) checkReach(lanes []lane) {
	taken := "" // the lane that takes everything
	for i, l := range lanes {
		path := fmt.Sprintf("lanes[%d]", i)
		if taken != "" {
			c.report(Problem{
				Path:       path + ".when",
				Message:    fmt.Sprintf("never reached: lane %q before it takes every issue", taken),
				Suggestion: "a lane whose when is always true must be the last",
			})
			continue
		}
		switch fixed, ok := l.when.always(); {
		case ok && fixed:
			taken = l.spec.Name
		case ok:
			c.report(Problem{Path: path + ".when", Line: 1, Col: 1, Message: "never holds, so the lane stays empty", Warning: true})
		}
	}
	if n := len(lanes); n > 0 && taken == "" && lanes[n-1].when != nil {
		c.report(Problem{
			Path:       fmt.Sprintf("lanes[%d].when", n-1),
			Message:    "the last lane must take every issue that is left, so that each issue is in a lane",
			Suggestion: `add {name: unsorted, when: "true", horizon: next-release, alarm_above: 25}`,
		})
	}
}

// always tells the value of a condition that reads nothing.
func (e *expr) always() (value, ok bool) {
	if e == nil || e.fixed == nil {
		return false, false
	}
	value, ok = e.fixed.Value().(bool)
	return value, ok
}

func (c *compiler) buildSLAs(p *Policy) {
	for _, name := range slices.Sorted(maps.Keys(p.spec.SLAs)) {
		for k, t := range p.spec.SLAs[name].Targets {
			var when *expr
			if t.When != "" {
				when = c.compile(fmt.Sprintf("slas.%s.targets[%d].when", name, k), t.When, c.scored, wantBool)
			}
			p.slas[name] = append(p.slas[name], when)
			p.scored[name] = p.scored[name] || when.readsScore()
		}
	}
}

// finish derives what decisions need from the compiled expressions.
func (p *Policy) finish() (err error) {
	if p.canonical, err = canonical(p.spec); err != nil {
		return err
	}
	p.hash = hashOf(p.canonical)
	for _, e := range p.exprs() {
		p.readsNow = p.readsNow || e.readsNow
		for _, i := range e.cells {
			p.needs |= p.cells[i].input
		}
	}
	for i, c := range p.cells {
		if c.kind != pillarCell {
			p.readings = append(p.readings, i)
		}
	}
	slices.SortFunc(p.readings, func(a, b int) int { return cmp.Compare(p.cells[a].path, p.cells[b].path) })
	for k := range p.pillars {
		p.pillars[k].cell = slices.IndexFunc(p.cells, func(c cell) bool { return c.path == "pillar."+p.pillars[k].name })
	}
	p.runs.New = func() any {
		return &run{cells: p.cells, slots: make([]slot, len(p.cells))}
	}
	return nil
}

// exprs are all expressions, the conditions of SLA targets among them.
func (p *Policy) exprs() []*expr {
	var out []*expr
	for _, x := range p.pillars {
		out = append(out, x.expr)
	}
	out = append(out, p.effort.expr)
	for _, l := range p.lanes {
		out = append(out, l.when)
		if l.stay != nil {
			out = append(out, l.stay)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(p.slas)) {
		for _, e := range p.slas[name] {
			if e != nil {
				out = append(out, e)
			}
		}
	}
	return out
}

// Hash is the SHA-256 of Canonical in hex. Every decision carries it.
func (p *Policy) Hash() string { return p.hash }

// Canonical is the effective policy in a form that is the same for the same
// meaning: JSON with sorted keys. FromCanonical reads it.
func (p *Policy) Canonical() []byte { return slices.Clone(p.canonical) }

// Spec is the effective policy, with what the preset and the defaults filled
// in.
func (p *Policy) Spec() Spec { return p.spec }

// Needs are the issue fields that the expressions read. Connectors load these
// and the managed ones.
func (p *Policy) Needs() issue.Inputs { return p.needs }

// Lanes are the lanes in their order.
func (p *Policy) Lanes() []LaneSpec { return p.spec.Lanes }

// CustomFields are the names of the custom fields that the expressions read,
// sorted.
func (p *Policy) CustomFields() []string { return p.names(customCell, "issue.fields.") }

// SignalNames are the names of the signals that the expressions read, sorted.
func (p *Policy) SignalNames() []string { return p.names(signalCell, "signal.") }

// RotaNames are the names of the rotas that give lanes their owner, sorted.
func (p *Policy) RotaNames() []string {
	var out []string
	for _, l := range p.lanes {
		if rota := l.spec.Owner.OnCall; rota != "" {
			out = append(out, rota)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func (p *Policy) names(kind cellKind, prefix string) []string {
	var out []string
	for _, i := range p.readings {
		if p.cells[i].kind == kind {
			out = append(out, strings.TrimPrefix(p.cells[i].path, prefix))
		}
	}
	return out
}

// FromCanonical makes the policy of an older hash run again, from what
// Canonical returned then. Presets and defaults of today do not enter.
func FromCanonical(b []byte) (*Policy, error) {
	spec, err := parseCanonical(b)
	if err != nil {
		return nil, err
	}
	p, problems := compile(spec, CompileOptions{})
	if p == nil {
		errs := make([]error, len(problems))
		for i, problem := range problems {
			errs[i] = errors.New(problem.String())
		}
		return nil, fmt.Errorf("compile stored policy: %w", errors.Join(errs...))
	}
	return p, nil
}

// The horizons of lanes.
const (
	CurrentSprint = "current-sprint"
	NextRelease   = "next-release"
	Roadmap       = "roadmap"
)

// timeStep is how soon a policy that reads the time is asked again.
const timeStep = time.Hour
