// Package exportfile reads issues from what people export from a tracker: the
// answers of Jira's REST interface as JSON, Jira's CSV and Linear's CSV. It
// streams: of a file only the trimmed issues stay in memory.
//
// It guesses nothing. A row that cannot be read is reported, a word that is not
// known is listed, a date that can be read in two ways is unknown, and so is a
// field whose column is missing.
package exportfile

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/lanekeeper/lanekeeper/internal/issue"
)

// Options say how a file is read.
type Options struct {
	// Inputs are the fields to keep; descriptions take most of the room.
	Inputs issue.Inputs
	// Fields name custom fields: the name that policies use, and the column
	// ("Custom field (Tier)" or "Tier") or the id in JSON (customfield_10010).
	Fields map[string]string
	// Columns rename columns: theirs to one of ours (key, title, status …).
	Columns map[string]string
	// Statuses, Priorities and Kinds say what words mean that are not known.
	Statuses   map[string]issue.Category
	Priorities map[string]issue.Priority
	Kinds      map[string]issue.Kind
	// Dates says how 03/04/2026 is read.
	Dates DateOrder
	// Zone is the zone of times that name none; nil is UTC.
	Zone *time.Location
	// Empty are inputs whose missing column means that there is nothing.
	Empty issue.Inputs
	// Read is told how many bytes of the file were read so far; nil tells nobody.
	Read func(bytes int64)
}

// Format is a kind of file.
type Format string

// The formats.
const (
	JiraJSON  Format = "Jira JSON"
	JiraCSV   Format = "Jira CSV"
	LinearCSV Format = "Linear CSV"
)

// source is the name of the source that issues of a file have.
const source = "file"

// Content is what a file holds.
type Content struct {
	Format    Format
	Issues    []issue.Issue
	Histories map[string]*issue.History // by issue id, where the file has them
	// Rows counts the issues that the file holds: those read and those reported.
	Rows int
	// Bad are the first rows that could not be read, BadRows counts all of them.
	Bad     []BadRow
	BadRows int
	// Cut says where and why reading ended before the end of the file.
	Cut string
	// Missing are fields that the file could have and has no column for: they are
	// unknown. Absent are those that such a file never has: they count as empty.
	Missing, Absent issue.Inputs
	// Words of the file that mean nothing to us, with their number of issues.
	Types, Priorities, Statuses map[string]int
	// Notes are further things to know, in words.
	Notes []string
	// Newest is the newest time in the file.
	Newest time.Time
}

// BadRow is one issue that could not be read.
type BadRow struct {
	Line    int // of the file, in JSON the number of the issue
	Key     string
	Problem string
}

// mostBad is how many bad rows are named.
const mostBad = 100

// Error is a file that cannot be used, and what to do.
type Error struct{ Problem, Hint string }

func (e *Error) Error() string {
	if e.Hint == "" {
		return e.Problem
	}
	return e.Problem + ": " + e.Hint
}

// Read reads a whole file in any of the formats, also compressed with gzip. The
// error is an *Error where the file is not an export.
func Read(r io.Reader, o Options) (*Content, error) {
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	text, err := plain(&counter{r: r, tell: o.Read})
	if err != nil {
		return nil, err
	}
	first, err := firstByte(text)
	if err != nil {
		return nil, err
	}
	c := newCollector(o)
	switch first {
	case '{', '[':
		err = c.json(text)
	case '<':
		return nil, notMarkup(text)
	default:
		err = c.table(text)
	}
	if err != nil {
		return nil, err
	}
	return c.finish()
}

// counter tells how much of the file was read.
type counter struct {
	r    io.Reader
	n    int64
	tell func(int64)
}

func (c *counter) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	c.n += int64(n)
	if c.tell != nil {
		c.tell(c.n)
	}
	return n, err
}

// ended puts into words why a file cannot be read on; "" at its proper end.
func ended(err error) string {
	switch {
	case errors.Is(err, io.EOF):
		return ""
	case errors.Is(err, io.ErrUnexpectedEOF):
		return "the file ends in the middle: it was not downloaded or written whole"
	}
	return fmt.Sprintf("the file cannot be read on: %v", err)
}
