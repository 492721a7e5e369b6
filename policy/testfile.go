package policy

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/lanekeeper/lanekeeper/internal/issue"
)

// Test is one unit test of a policy: an issue and what must become of it.
type Test struct {
	Name string `yaml:"name"`
	// Now is the moment of the decision; without it a fixed one.
	Now     Moment             `yaml:"now"`
	Issue   Literal            `yaml:"issue"`
	Signals map[string]float64 `yaml:"signals"`
	Stale   []string           `yaml:"stale"` // signals that are too old
	// OnCall tells who is on duty by rota, "" for nobody.
	OnCall map[string]string `yaml:"on_call"`
	Lane   string            `yaml:"lane"`   // the present lane; short for memory
	Memory TestMemory        `yaml:"memory"` // what was decided before
	Expect Expect            `yaml:"expect"`

	line int // in the file
}

// TestMemory is what was decided before.
type TestMemory struct {
	Lane      string            `yaml:"lane"`
	LaneSince Moment            `yaml:"lane_since"`
	LeftLane  string            `yaml:"left_lane"`
	Band      issue.Priority    `yaml:"band"`
	BandSince Moment            `yaml:"band_since"`
	LeftBand  issue.Priority    `yaml:"left_band"`
	Marks     map[string]string `yaml:"marks"`
}

// Expect is what a test demands. What is left out is not looked at.
type Expect struct {
	Lane       string            `yaml:"lane"`
	Priority   *issue.Priority   `yaml:"priority"`
	Band       *issue.Priority   `yaml:"band"`
	Horizon    string            `yaml:"horizon"`
	Owner      *string           `yaml:"owner"`
	SLA        *string           `yaml:"sla"`
	Score      *Range            `yaml:"score"`
	Effort     *Range            `yaml:"effort"`
	Confidence *Range            `yaml:"confidence"`
	Pillars    map[string]Range  `yaml:"pillars"`
	Marks      map[string]string `yaml:"marks"`
	// Undecided is part of the reason.
	Undecided string `yaml:"undecided"`
	// Holds are parts of the sentences about what did not happen, each found
	// in one; an empty list demands that there is none.
	Holds []string `yaml:"holds"`
	// Because are parts of the explanation, each found somewhere.
	Because []string `yaml:"because"`
}

// Range is a number, or the numbers between two, both included.
type Range struct{ Min, Max float64 }

// UnmarshalYAML reads 80, or {min: 70, max: 90} where one may be left out.
func (r *Range) UnmarshalYAML(b []byte) error {
	if n, err := strconv.ParseFloat(strings.TrimSpace(string(b)), 64); err == nil {
		r.Min, r.Max = n, n
		return nil
	}
	var s struct {
		Min *float64 `yaml:"min"`
		Max *float64 `yaml:"max"`
	}
	if err := yaml.UnmarshalWithOptions(b, &s, yaml.Strict()); err != nil || s.Min == nil && s.Max == nil {
		return errors.New("want a number, or min and max")
	}
	*r = everything()
	if s.Min != nil {
		r.Min = *s.Min
	}
	if s.Max != nil {
		r.Max = *s.Max
	}
	return nil
}

const widest = 1e18

func everything() Range { return Range{-widest, widest} }

// has allows slack around a single number, which people write with few decimals.
func (r Range) has(v, slack float64) bool {
	if r.Min == r.Max {
		return v >= r.Min-slack && v <= r.Max+slack
	}
	return v >= r.Min && v <= r.Max
}

func (r Range) String() string {
	switch {
	case r.Min == r.Max:
		return numberText(r.Min)
	case r.Max == widest:
		return "at least " + numberText(r.Min)
	case r.Min == -widest:
		return "at most " + numberText(r.Max)
	}
	return numberText(r.Min) + " to " + numberText(r.Max)
}

// LoadTests reads a file of tests, a list under the key tests. Lines of
// problems are lines of the file.
func LoadTests(b []byte) ([]Test, []Problem) {
	file, err := parseYAML(b)
	if err != nil {
		return nil, []Problem{yamlProblem("", err)}
	}
	var tests []Test
	var problems []Problem
	for _, doc := range file.Docs {
		t, p := loadDocument(doc)
		tests, problems = append(tests, t...), append(problems, p...)
	}
	if len(tests) == 0 && len(problems) == 0 {
		problems = []Problem{{Path: "tests", Message: "the file holds no tests"}}
	}
	return tests, append(problems, checkNames(tests)...)
}

func loadDocument(doc *ast.DocumentNode) ([]Test, []Problem) {
	if doc.Body == nil {
		return nil, nil
	}
	var file struct {
		Tests []ast.Node `yaml:"tests"`
	}
	if err := decodeNode(doc.Body, &file); err != nil {
		return nil, []Problem{yamlProblem("", err)}
	}
	var tests []Test
	var problems []Problem
	for i, node := range file.Tests {
		path := fmt.Sprintf("tests[%d]", i)
		t := Test{}
		if node == nil {
			problems = append(problems, Problem{Path: path, Message: "the test is empty"})
			continue
		}
		if err := decodeNode(node, &t); err != nil {
			problems = append(problems, yamlProblem(path, err))
			continue
		}
		if tk := node.GetToken(); tk != nil && tk.Position != nil {
			t.line = tk.Position.Line
		}
		if _, err := t.Issue.Issue(); err != nil {
			problems = append(problems, Problem{Path: path + ".issue", Line: t.line, Message: err.Error()})
			continue
		}
		tests = append(tests, t)
	}
	return tests, problems
}

func parseYAML(b []byte) (file *ast.File, err error) {
	defer notPanic(&err)
	return parser.ParseBytes(b, 0)
}

// decodeNode is strict: a key that is not known is an error.
func decodeNode(node ast.Node, into any) (err error) {
	defer notPanic(&err)
	return yaml.NodeToValue(node, into, yaml.Strict())
}

// notPanic turns a panic of the YAML library, which some broken files provoke,
// into an error.
func notPanic(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("this YAML cannot be read: %v", r)
	}
}

// yamlProblem keeps the place of a YAML error and drops the picture of it.
func yamlProblem(path string, err error) Problem {
	p := Problem{Path: path, Message: err.Error()}
	if e, ok := errors.AsType[yaml.Error](err); ok {
		p.Message = e.GetMessage()
		if tk := e.GetToken(); tk != nil && tk.Position != nil {
			p.Line, p.Col = tk.Position.Line, tk.Position.Column
		}
	}
	return p
}

func checkNames(tests []Test) []Problem {
	var problems []Problem
	var seen []string
	for i, t := range tests {
		path := fmt.Sprintf("tests[%d].name", i)
		switch {
		case t.Name == "":
			problems = append(problems, Problem{Path: path, Line: t.line, Message: "the name is missing"})
		case slices.Contains(seen, t.Name):
			problems = append(problems, Problem{Path: path, Line: t.line, Message: fmt.Sprintf("%q is the name of another test", t.Name)})
		}
		seen = append(seen, t.Name)
	}
	return problems
}

// input builds what the policy decides on.
func (t *Test) input() (Input, error) {
	i, err := t.Issue.Issue()
	if err != nil {
		return Input{}, err
	}
	now := t.Now.Time
	if now.IsZero() {
		now = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	m := t.Memory
	memory := Memory{
		Lane: m.Lane, LaneSince: m.LaneSince.Time, LeftLane: m.LeftLane,
		Band: m.Band, BandSince: m.BandSince.Time, LeftBand: m.LeftBand, Marks: m.Marks,
	}
	if t.Lane != "" {
		memory.Lane = t.Lane
	}
	return Input{Issue: i, Now: now, Memory: memory, Signals: testSignals{t}, Rotas: testRotas{t}}, nil
}

// testSignals answers with what the test says.
type testSignals struct{ t *Test }

// Signal implements Signals.
func (s testSignals) Signal(name string, _ *issue.Issue) (float64, Freshness) {
	v, ok := s.t.Signals[name]
	switch {
	case slices.Contains(s.t.Stale, name):
		return v, Stale
	case ok:
		return v, Fresh
	}
	return 0, Missing
}

// testRotas answers with whom the test names.
type testRotas struct{ t *Test }

// OnDuty implements Rotas.
func (r testRotas) OnDuty(rota string, _ *issue.Issue) Duty {
	if who, ok := r.t.OnCall[rota]; ok {
		return Duty{Who: who}
	}
	return Duty{Unknown: "is not part of this test; name who is on duty under on_call"}
}
