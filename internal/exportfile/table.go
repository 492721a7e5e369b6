package exportfile

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/lanekeeper/lanekeeper/internal/issue"
)

// table reads delimited text.
func (c *collector) table(text *bufio.Reader) error {
	delim, line := delimiter(text)
	s := &scanner{r: text, delim: delim, line: line}
	first, err := s.next()
	if err != nil || first.problem != "" {
		return &Error{"the header cannot be read: " + cmpProblem(first.problem, err), "export again"}
	}
	names := make([]string, first.len())
	for n := range names {
		names[n] = strings.ToValidUTF8(string(first.field(n)), "\ufffd")
	}
	h := readHeader(names, &c.o)
	if err := h.usable(&c.o); err != nil {
		return err
	}
	c.out.Format = h.format
	c.missingColumns(&h)
	c.rows(s, &h)
	if c.out.Rows == 0 {
		return &Error{"the file has a header and no rows", "export with a filter that finds issues"}
	}
	return nil
}

func cmpProblem(problem string, err error) string {
	if problem != "" {
		return problem
	}
	return ended(err)
}

// delimiter is the one that parts the header into the most columns. A line
// "sep=;", which Excel understands, says it and is skipped.
func delimiter(text *bufio.Reader) (delim byte, line int) {
	head, _ := text.Peek(ahead)
	if len(head) > 5 && bytes.EqualFold(head[:4], []byte("sep=")) && (head[5] == '\n' || head[5] == '\r') {
		n := bytes.IndexByte(head, '\n')
		if n < 0 {
			n = 5
		}
		delim = head[4]
		_, _ = text.Discard(n + 1) // it was seen
		return delim, 2
	}
	best, most := byte(','), 0
	for _, d := range []byte{',', ';', '\t', '|'} {
		n, inside := 0, false
		for _, b := range head {
			if b == '"' {
				inside = !inside
			} else if !inside && b == d {
				n++
			} else if !inside && (b == '\n' || b == '\r') {
				break
			}
		}
		if n > most {
			best, most = d, n
		}
	}
	return best, 1
}

// usable reports whether a header has what no issue can do without.
func (h *header) usable(o *Options) error {
	for _, ours := range o.Columns {
		if !slices.Contains(uses, use(ours)) {
			return &Error{fmt.Sprintf("--columns: there is nothing called %q", ours), "one of " + strings.Join(Uses(), ", ")}
		}
	}
	for theirs := range o.Columns {
		if !slices.ContainsFunc(h.names, func(n string) bool { return strings.EqualFold(strings.TrimSpace(n), strings.TrimSpace(theirs)) }) {
			return &Error{fmt.Sprintf("--columns: the file has no column %q", theirs), "it has " + h.list()}
		}
	}
	var missing []string
	for _, u := range []use{useKey, useTitle, useStatus} {
		if !h.has(u) {
			missing = append(missing, string(u))
		}
	}
	if missing == nil {
		return nil
	}
	return &Error{
		fmt.Sprintf("no column is known for %s", strings.Join(missing, ", ")),
		fmt.Sprintf("it has %s; say which is which, such as --columns %q", h.list(), "COLUMN="+missing[0]),
	}
}

// namesShown is how many columns a message names.
const namesShown = 12

func (h *header) list() string {
	var out []string
	for _, n := range h.names {
		if q := fmt.Sprintf("%q", n); !slices.Contains(out, q) {
			out = append(out, q)
		}
	}
	if more := len(out) - namesShown; more > 0 {
		out = append(out[:namesShown], fmt.Sprintf("and %d more", more))
	}
	return "the columns " + strings.Join(out, ", ")
}

// missingColumns tells fields without a column from those that such a file
// never has.
func (c *collector) missingColumns(h *header) {
	var have issue.Inputs
	for _, col := range h.columns {
		have |= inputs[col.use]
	}
	c.out.Absent = jiraAbsent
	if h.format == LinearCSV {
		c.out.Absent = linearAbsent
		if have.Has(issue.InputLabels) {
			have |= issue.InputKind
		}
	}
	have |= issue.InputCustom
	if lack := h.lackFields(&c.o); len(lack) > 0 {
		have &^= issue.InputCustom
		c.lack(lack)
	}
	c.out.Missing = (c.o.Inputs | issue.InputManaged) &^ (have | c.out.Absent | c.o.Empty)
}

// lackFields are the custom fields that are asked for and have no column.
func (h *header) lackFields(o *Options) []string {
	var out []string
	for field := range o.Fields {
		if !slices.ContainsFunc(h.columns, func(c column) bool { return c.use == useCustom && c.name == field }) {
			out = append(out, field)
		}
	}
	return out
}

// lack says which custom fields are not found.
func (c *collector) lack(fields []string) {
	if c.o.Empty.Has(issue.InputCustom) {
		return
	}
	slices.Sort(fields)
	c.out.Notes = append(c.out.Notes, fmt.Sprintf("custom fields that the policy reads are not in the file: %s; say where they are, such as --field %q", strings.Join(fields, ", "), fields[0]+"=COLUMN"))
}

// rows reads the rows behind the header.
func (c *collector) rows(s *scanner, h *header) {
	for {
		r, err := s.next()
		switch {
		case errors.Is(err, io.EOF):
			return
		case err != nil:
			c.out.Cut = fmt.Sprintf("line %d: %s; %d issues were read before", s.line, ended(err), c.out.Rows)
			return
		}
		if r.problem == "" && r.len() != len(h.columns) {
			r.problem = fmt.Sprintf("the row has %d columns, the header %d; a quote or a delimiter is probably missing", r.len(), len(h.columns))
		}
		if r.problem != "" {
			c.bad(r.line, h.keyOf(&r), r.problem)
		} else {
			c.row(h, &r)
		}
		if r.last {
			if r.problem != "" {
				c.out.Cut = fmt.Sprintf("line %d: %s; %d issues were read before", r.line, r.problem, len(c.out.Issues))
			}
			return
		}
	}
}

// keyOf is the key of a row as far as it can be told.
func (h *header) keyOf(r *row) string {
	for n, col := range h.columns {
		if col.use == useKey && n < r.len() && issueKey(string(r.field(n))) {
			return string(r.field(n))
		}
	}
	return ""
}
