package exportfile

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/lanekeeper/lanekeeper/internal/issue"
)

// collector gathers what one file holds.
type collector struct {
	o       Options
	out     *Content
	seen    map[string]int    // line by key
	texts   map[string]string // values that many issues repeat, once each
	dates   dateTrouble
	invalid int // rows with bytes that are no UTF-8
}

// dateTrouble counts dates that are not read, with one example of each kind.
type dateTrouble struct {
	ambiguous, wrong               int
	ambiguousExample, wrongExample string
	// hint is a date of the same shape that can be read in one way only.
	hint DateOrder
	sure string
}

func newCollector(o Options) *collector {
	return &collector{o: o, seen: map[string]int{}, texts: map[string]string{}, out: &Content{
		Histories: map[string]*issue.History{}, Types: map[string]int{}, Priorities: map[string]int{}, Statuses: map[string]int{},
	}}
}

// bad reports a row that cannot be used.
func (c *collector) bad(line int, key, problem string) {
	c.out.Rows++
	c.out.BadRows++
	if len(c.out.Bad) < mostBad {
		c.out.Bad = append(c.out.Bad, BadRow{line, key, problem})
	}
}

// add takes an issue, unless its key came before.
func (c *collector) add(line int, i *issue.Issue) bool {
	if first, twice := c.seen[i.Key]; twice {
		c.bad(line, i.Key, fmt.Sprintf("%s came before, at %d; the first counts", i.Key, first))
		return false
	}
	c.seen[i.Key] = line
	c.out.Rows++
	i.Source = source
	c.rank(i)
	if i.Kind == issue.Other && i.RawKind != "" {
		if k, ok := lookup(i.RawKind, c.o.Kinds, nil); ok {
			i.Kind = k
		} else {
			c.out.Types[i.RawKind]++
		}
	}
	for _, t := range []time.Time{i.Created, i.Updated, i.Resolved} {
		if t.After(c.out.Newest) {
			c.out.Newest = t
		}
	}
	c.out.Issues = append(c.out.Issues, *i)
	return true
}

// once returns one copy of a text that repeats.
func (c *collector) once(b []byte) string {
	if s, ok := c.texts[string(b)]; ok {
		return s
	}
	s := string(b)
	if len(s) < 200 && len(c.texts) < 1<<16 {
		c.texts[s] = s
	}
	return s
}

// utf8 replaces bytes that are none.
func (c *collector) utf8(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	c.invalid++
	return strings.ToValidUTF8(s, "\ufffd")
}

// time reads a time of a row; one that cannot be read is reported and unknown.
func (c *collector) time(s string) time.Time {
	if s = strings.TrimSpace(s); s == "" {
		return time.Time{}
	}
	t, err := parseTime(s, c.o.Dates, c.o.Zone)
	d := &c.dates
	switch {
	case errors.Is(err, errAmbiguous):
		d.ambiguous++
		if d.ambiguousExample == "" {
			d.ambiguousExample = s
		}
		return time.Time{}
	case err != nil:
		d.wrong++
		if d.wrongExample == "" {
			d.wrongExample = s
		}
		return time.Time{}
	}
	if d.sure == "" && c.o.Dates == "" {
		d.learn(s, c.o.Zone)
	}
	return t
}

// learn keeps a date that shows the order in which the file writes them.
func (d *dateTrouble) learn(s string, zone *time.Location) {
	if !strings.Contains(s, "/") && strings.Count(s, "-") != 2 {
		return
	}
	a, aerr := parseTime(s, DayFirst, zone)
	b, berr := parseTime(s, MonthFirst, zone)
	m := loose.FindStringSubmatch(s)
	if m == nil || aerr != nil || berr != nil || !a.Equal(b) || strings.Contains(m[2], ".") {
		return
	}
	switch first := strings.TrimLeft(m[1], "0"); {
	case first == fmt.Sprint(a.Day()) && a.Day() > 12:
		d.hint, d.sure = DayFirst, s
	case first == fmt.Sprint(int(a.Month())) && a.Day() > 12:
		d.hint, d.sure = MonthFirst, s
	}
}

// finish completes what only the whole file tells.
func (c *collector) finish() (*Content, error) {
	out := c.out
	open := make(map[string]bool, len(out.Issues))
	for n := range out.Issues {
		i := &out.Issues[n]
		open[i.Key] = i.Status.Category.Open() || i.Status.Category == ""
		i.Unknown |= out.Missing
	}
	for n := range out.Issues {
		for k := range out.Issues[n].Links {
			l := &out.Issues[n].Links[k]
			l.Open = l.Open || open[l.Key]
		}
	}
	for _, h := range out.Histories {
		if n := len(h.Events); n > 0 && h.Events[n-1].At.After(out.Newest) {
			out.Newest = h.Events[n-1].At
		}
	}
	c.begin()
	c.notes()
	if len(out.Issues) == 0 && out.Rows > 0 {
		b := out.Bad[0]
		return nil, &Error{fmt.Sprintf("none of the %d issues can be read; at %d: %s", out.Rows, b.Line, b.Problem), "export again"}
	}
	return out, nil
}

// notes puts into words what went not quite right.
func (c *collector) notes() {
	d, note := &c.dates, func(format string, args ...any) { c.out.Notes = append(c.out.Notes, fmt.Sprintf(format, args...)) }
	if d.ambiguous > 0 {
		hint := "say which with --dates dmy or --dates mdy"
		if d.sure != "" {
			hint = fmt.Sprintf("%q in the same file speaks for --dates %s", d.sure, d.hint)
		}
		note("%d dates such as %q can be read in two ways and count as not known; %s", d.ambiguous, d.ambiguousExample, hint)
	}
	if d.wrong > 0 {
		note("%d dates such as %q are in no form that is known and count as not known", d.wrong, d.wrongExample)
	}
	if c.invalid > 0 {
		note("%d values hold bytes that are not UTF-8, which are replaced; export or save the file as UTF-8", c.invalid)
	}
	slices.Sort(c.out.Notes)
}
