package app

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/lanekeeper/lanekeeper/internal/backtest"
	"github.com/lanekeeper/lanekeeper/internal/exportfile"
	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/policy"
)

// ExportRequest says which file to read, and how. Its lists hold pairs as
// people write them.
type ExportRequest struct {
	Path    string
	Columns []string // THEIRS=ours
	Fields  []string // name=COLUMN, or name=customfield_10010
	Words   []string // status:THEIRS=category, priority:THEIRS=ours, type:THEIRS=kind
	Dates   string   // dmy, mdy or ""
	Zone    string   // of times without one; "" is UTC
	Empty   []string // inputs whose missing column means that there is nothing, or all
	At      time.Time
	// Progress is told how many bytes of the file were read.
	Progress func(done, total int)
}

// Misuse is a question that cannot be understood.
type Misuse struct{ Err error }

func (m *Misuse) Error() string { return m.Err.Error() }

// Unwrap gives what is wrong with it.
func (m *Misuse) Unwrap() error { return m.Err }

func misuse(format string, args ...any) error { return &Misuse{fmt.Errorf(format, args...)} }

// options turns pairs into settings.
func (r *ExportRequest) options(needs issue.Inputs, fields []string) (o exportfile.Options, err error) {
	o = exportfile.Options{Inputs: needs, Fields: map[string]string{}, Dates: exportfile.DateOrder(r.Dates)}
	switch o.Dates {
	case "", exportfile.DayFirst, exportfile.MonthFirst:
	default:
		return o, fmt.Errorf("--dates %q: want dmy or mdy", r.Dates)
	}
	if o.Zone, err = time.LoadLocation(r.Zone); err != nil {
		return o, fmt.Errorf("--zone %q: want a name such as Europe/Berlin", r.Zone)
	}
	for _, f := range fields {
		o.Fields[f] = ""
	}
	if o.Columns, err = pairs("columns", r.Columns); err != nil {
		return o, err
	}
	chosen, err := pairs("field", r.Fields)
	for name, column := range chosen {
		o.Fields[name] = column
	}
	if err != nil {
		return o, err
	}
	for _, name := range r.Empty {
		in, ok := issue.ParseInput(name)
		if name == "all" {
			in, ok = ^issue.Inputs(0), true
		}
		if !ok {
			return o, fmt.Errorf("--empty %q: want all, or a field such as votes", name)
		}
		o.Empty |= in
	}
	return o, r.words(&o)
}

// pairs splits A=B; an A with = inside takes the last.
func pairs(flag string, list []string) (map[string]string, error) {
	out := map[string]string{}
	for _, p := range list {
		at := strings.LastIndexByte(p, '=')
		if at <= 0 || at == len(p)-1 {
			return nil, fmt.Errorf("--%s %q: want A=B", flag, p)
		}
		out[strings.TrimSpace(p[:at])] = strings.TrimSpace(p[at+1:])
	}
	return out, nil
}

var (
	categories = []issue.Category{issue.Triage, issue.Backlog, issue.Unstarted, issue.Started, issue.Completed, issue.Canceled}
	kinds      = []issue.Kind{issue.Bug, issue.Story, issue.Task, issue.Epic, issue.Incident, issue.Other}
)

// words reads what words of the tracker mean.
func (r *ExportRequest) words(o *exportfile.Options) error {
	o.Statuses, o.Priorities, o.Kinds = map[string]issue.Category{}, map[string]issue.Priority{}, map[string]issue.Kind{}
	given, err := pairs("map", r.Words)
	if err != nil {
		return err
	}
	for what, ours := range given {
		field, word, _ := strings.Cut(what, ":")
		switch field {
		case "status":
			if !slices.Contains(categories, issue.Category(ours)) {
				return fmt.Errorf("--map %s=%s: a status is one of %v", what, ours, categories)
			}
			o.Statuses[word] = issue.Category(ours)
		case "priority":
			p, err := issue.ParsePriority(ours)
			if err != nil {
				return fmt.Errorf("--map %s=%s: %w", what, ours, err)
			}
			o.Priorities[word] = p
		case "type":
			if !slices.Contains(kinds, issue.Kind(ours)) {
				return fmt.Errorf("--map %s=%s: a type is one of %v", what, ours, kinds)
			}
			o.Kinds[word] = issue.Kind(ours)
		default:
			return fmt.Errorf("--map %s=%s: begin with status, priority or type, and a colon", what, ours)
		}
	}
	return nil
}

// export is a file that was read.
type export struct {
	*exportfile.Content
	now    time.Time // of its decisions
	zone   *time.Location
	told   issue.Inputs
	weight int // issues with a history
}

// read reads the file for what some policies need.
func (r *ExportRequest) read(sets ...*policy.Set) (*export, error) {
	var needs issue.Inputs
	var fields []string
	for _, s := range sets {
		needs |= s.Needs() | s.ClockNeeds()
		fields = append(fields, ownFields(s)...)
	}
	o, err := r.options(needs, fields)
	if err != nil {
		return nil, &Misuse{err}
	}
	f, err := os.Open(r.Path)
	if err != nil {
		return nil, fmt.Errorf("read the export: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("read the export: %w", err)
	}
	if info.IsDir() {
		return nil, fmt.Errorf("%s is a folder; give the file of an export", r.Path)
	}
	if r.Progress != nil {
		o.Read = func(n int64) { r.Progress(int(n>>10), int(info.Size()>>10)) }
	}
	c, err := exportfile.Read(f, o)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", r.Path, err)
	}
	return r.taken(c, o.Zone), nil
}

// ownFields are the custom fields that a policy reads, without those that its
// preset asks for: a preset does without the ones that nobody has.
func ownFields(s *policy.Set) []string {
	var of []string
	for _, p := range s.Policies() {
		if spec, err := policy.Preset(p.Spec().Score.Preset); err == nil {
			if preset, problems := policy.Compile(spec); !policy.Failed(problems) {
				of = append(of, preset.CustomFields()...)
			}
		}
	}
	return slices.DeleteFunc(slices.Clone(s.CustomFields()), func(f string) bool { return slices.Contains(of, f) })
}

// taken is what decisions and replays need of a file.
func (r *ExportRequest) taken(c *exportfile.Content, zone *time.Location) *export {
	e := &export{Content: c, now: r.At, zone: zone, weight: len(c.Histories)}
	if e.now.IsZero() {
		e.now = c.Newest
	}
	if e.now.IsZero() { // the file tells no time at all
		e.now = time.Now()
	}
	if e.weight > 0 {
		e.told = backtest.Told | issue.InputKind
	}
	return e
}

// pasts are the issues with what happened to them, for a replay.
func (e *export) pasts() []backtest.Past {
	out := make([]backtest.Past, len(e.Issues))
	for n, i := range e.Issues {
		out[n] = backtest.Past{Issue: i, History: e.Histories[i.ID]}
	}
	return out
}
