package exportfile

import (
	"bufio"
	"errors"
	"fmt"
	"io"
)

// maxRecord and maxColumns bound one row: an issue with all its comments, each of
// which has a column, is far below.
const (
	maxRecord  = 16 << 20
	maxColumns = 1 << 16
)

// scanner reads rows of delimited text. encoding/csv would do for files that
// are in order; of others it does not tell where the next row begins, or keeps
// the rest of the file in memory behind one lost quote.
type scanner struct {
	r     *bufio.Reader
	delim byte
	line  int // of the next byte, from 1
	buf   []byte
	ends  []int
}

// row is one row; its fields hold only until the next one is read.
type row struct {
	line    int
	buf     []byte
	ends    []int
	problem string // why it cannot be used
	last    bool   // nothing after it can be read
}

func (r *row) len() int { return len(r.ends) }

func (r *row) field(n int) []byte {
	from := 0
	if n > 0 {
		from = r.ends[n-1]
	}
	return r.buf[from:r.ends[n]]
}

// The places inside a row.
const (
	atStart = iota // of a field
	bare
	quoted
	closed // behind a closing quote
)

// next reads a row; blank lines are none. The error is that of the reader,
// io.EOF at the end.
func (s *scanner) next() (row, error) {
	for {
		r, err := s.one()
		if blank := len(r.ends) == 1 && len(r.buf) == 0 && r.problem == ""; !blank || err != nil {
			return r, err
		}
	}
}

// parse is the place of the scanner in a row.
type parse struct {
	row
	state  int
	opened int // the line of the opening quote
}

func (s *scanner) one() (row, error) {
	s.buf, s.ends = s.buf[:0], s.ends[:0]
	p := parse{row: row{line: s.line}}
	for {
		c, err := s.r.ReadByte()
		if err != nil {
			return s.end(p, err)
		}
		if done := s.byte(&p, c); done {
			return s.finish(p), nil
		}
		if len(s.buf) > maxRecord {
			p.problem, p.last = fmt.Sprintf("the row is longer than %d MB; a quote is probably missing or too many near line %d", maxRecord>>20, p.line), true
			return s.finish(p), nil
		}
		if len(s.ends) > maxColumns {
			p.problem, p.last = fmt.Sprintf("the row has more than %d columns; a line break is probably missing near line %d", maxColumns, p.line), true
			return s.finish(p), nil
		}
	}
}

// byte takes one byte and reports whether it ends the row.
func (s *scanner) byte(p *parse, c byte) bool {
	if c == '\r' { // ends a line alone, or together with the \n behind it
		if next, err := s.r.Peek(1); err == nil && next[0] == '\n' {
			if p.state == quoted {
				return false // the \n counts
			}
			_, _ = s.r.Discard(1) // it was seen
		}
		c = '\n'
	}
	if c == '\n' {
		s.line++
	}
	switch {
	case p.state == quoted:
		if c == '"' {
			p.state = closed
			return false
		}
	case c == '\n':
		return true
	case c == s.delim:
		s.ends = append(s.ends, len(s.buf))
		p.state = atStart
		return false
	case c == '"' && p.state == atStart:
		p.state, p.opened = quoted, s.line
		return false
	case c == '"' && p.state == closed:
		p.state = quoted // a doubled quote
	case p.state == closed:
		if c == ' ' || c == '\t' {
			return false
		}
		if p.problem == "" {
			p.problem = fmt.Sprintf("text stands behind the closing quote of column %d in line %d", len(s.ends)+1, s.line)
		}
		p.state = bare
	default:
		p.state = bare
	}
	s.buf = append(s.buf, c)
	return false
}

func (s *scanner) finish(p parse) row {
	s.ends = append(s.ends, len(s.buf))
	p.buf, p.ends = s.buf, s.ends
	return p.row
}

// end is the end of the file, or of what can be read of it.
func (s *scanner) end(p parse, err error) (row, error) {
	if len(s.buf) == 0 && len(s.ends) == 0 && p.state == atStart {
		return row{}, err
	}
	p.last = true
	switch {
	case p.state == quoted:
		p.problem = fmt.Sprintf("the quote that opens in line %d is never closed; lines %d to %d are one row", p.opened, p.line, s.line)
	case !errors.Is(err, io.EOF):
		p.problem = ended(err)
	}
	return s.finish(p), nil
}
