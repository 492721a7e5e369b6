package exportfile

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/lanekeeper/lanekeeper/connectors/jira"
	"github.com/lanekeeper/lanekeeper/internal/issue"
)

// jsonAbsent are inputs that Jira's issues never carry.
const jsonAbsent = issue.InputCustomers

// fileReader reads one JSON file.
type fileReader struct {
	*collector
	decoder *jira.FileDecoder
	text    *jsontext.Decoder
	n       int // issues so far
}

// json reads answers of a search, arrays of issues, single issues, and any of
// them one after the other, such as NDJSON.
func (c *collector) json(text *bufio.Reader) error {
	c.out.Format = JiraJSON
	d, err := jira.NewFileDecoder(jira.FileOptions{
		Source: source, Inputs: c.o.Inputs, Fields: c.fieldIDs(), Kinds: c.o.Kinds,
		Rank: func(name string) (issue.Priority, bool) { return lookup(name, c.o.Priorities, priorityWords) },
	})
	if err != nil {
		return &Error{err.Error(), "--field takes NAME=customfield_10010 for JSON"}
	}
	f := &fileReader{collector: c, decoder: d, text: jsontext.NewDecoder(text, jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true))}
	for {
		err := f.document()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			c.out.Cut = f.cut(err)
			break
		}
	}
	if c.out.Rows == 0 {
		if c.out.Cut != "" {
			return &Error{c.out.Cut, "export again"}
		}
		return &Error{"the file is JSON and holds no issue", "it takes what Jira's REST interface answers: a search with \"issues\", a list of issues, or one issue per line"}
	}
	c.missingIn(d.Seen())
	if lack := f.lackFields(); len(lack) > 0 {
		c.out.Missing |= issue.InputCustom &^ c.o.Empty
		c.lack(lack)
	}
	return nil
}

// fieldIDs are the custom fields that name an id; in JSON fields have no names.
func (c *collector) fieldIDs() map[string]string {
	out := map[string]string{}
	for name, id := range c.o.Fields {
		if id != "" {
			out[name] = id
		}
	}
	return out
}

// lackFields are the custom fields that are asked for and in no issue.
func (f *fileReader) lackFields() []string {
	var out []string
	for name, id := range f.o.Fields {
		if id == "" || !f.decoder.Has(id) {
			out = append(out, name)
		}
	}
	return out
}

// document reads one value at the top of the file.
func (f *fileReader) document() error {
	switch f.text.PeekKind() {
	case '[':
		return f.array()
	case '{':
		return f.object()
	}
	at := f.text.InputOffset()
	if _, err := f.text.ReadValue(); err != nil {
		return err
	}
	f.bad(f.n+1, "", fmt.Sprintf("byte %d holds a value that is no issue", at))
	return nil
}

// array reads issues one by one.
func (f *fileReader) array() error {
	if _, err := f.text.ReadToken(); err != nil {
		return err
	}
	for f.text.PeekKind() != ']' {
		if f.text.PeekKind() == 0 {
			return f.broken()
		}
		v, err := f.text.ReadValue()
		if err != nil {
			return err
		}
		f.issue(v)
	}
	_, err := f.text.ReadToken()
	return err
}

// broken is the error of a value that is not there.
func (f *fileReader) broken() error {
	_, err := f.text.ReadToken()
	if err == nil || errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return err
}

// object reads an issue or an answer of a search. The members of an issue are
// put together again; of an answer only the issues matter.
func (f *fileReader) object() error {
	if _, err := f.text.ReadToken(); err != nil {
		return err
	}
	parts, search := []byte{'{'}, false
	for f.text.PeekKind() != '}' {
		if f.text.PeekKind() == 0 {
			return f.broken()
		}
		name, err := f.text.ReadValue()
		if err != nil {
			return err
		}
		member := string(name)
		if member == `"issues"` && f.text.PeekKind() == '[' {
			search = true
			if err := f.array(); err != nil {
				return err
			}
			continue
		}
		v, err := f.text.ReadValue()
		if err != nil {
			return err
		}
		if len(parts) > 1 {
			parts = append(parts, ',')
		}
		parts = append(append(append(parts, member...), ':'), v...)
	}
	if _, err := f.text.ReadToken(); err != nil {
		return err
	}
	if search {
		return nil
	}
	f.issue(append(parts, '}'))
	return nil
}

// issue decodes one issue.
func (f *fileReader) issue(v jsontext.Value) {
	f.n++
	if v.Kind() != '{' {
		f.bad(f.n, "", "not an issue but another value")
		return
	}
	i, h, err := f.decoder.Decode(v)
	if err != nil {
		f.bad(f.n, i.Key, whyNot(v, err))
		return
	}
	if i.Unknown.Has(issue.InputStatus) && i.Status.Name == "" {
		f.bad(f.n, i.Key, "the status is missing, so that it is not known whether the issue is open")
		return
	}
	if f.add(f.n, &i) && h != nil {
		f.out.Histories[i.ID] = h
	}
}

// whyNot adds what a message inside the answer says: an error page of Jira is
// JSON as well.
func whyNot(v jsontext.Value, err error) string {
	var e struct {
		Messages []string `json:"errorMessages"`
	}
	if json.Unmarshal(v, &e, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)) == nil && len(e.Messages) > 0 {
		return "an error of Jira instead of an issue: " + strings.Join(e.Messages, "; ")
	}
	return err.Error()
}

// begin fills in when work first began, from the histories.
func (c *collector) begin() {
	if !c.o.Inputs.Has(issue.InputStarted) || c.out.Format != JiraJSON {
		return
	}
	categories := map[string]issue.Category{}
	for n := range c.out.Issues {
		s := c.out.Issues[n].Status
		categories[s.Name] = s.Category
	}
	for n := range c.out.Issues {
		i := &c.out.Issues[n]
		h := c.out.Histories[i.ID]
		if h == nil {
			i.Unknown |= issue.InputStarted &^ c.o.Empty
			continue
		}
		i.Started = firstStart(h, categories, i)
	}
}

// firstStart is the first change into a started status; an issue that was made
// in one began when it was made.
func firstStart(h *issue.History, categories map[string]issue.Category, i *issue.Issue) time.Time {
	moved := false
	for _, e := range h.Events {
		if e.Field != issue.FieldStatus {
			continue
		}
		if categories[e.To] == issue.Started {
			return e.At
		}
		moved = true
	}
	if !moved && i.Status.Category == issue.Started {
		return i.Created
	}
	return time.Time{}
}

// cut says where a broken file ends and what was read before.
func (f *fileReader) cut(err error) string {
	why := ended(err)
	var syntax *jsontext.SyntacticError
	switch {
	case errors.As(err, &syntax) && errors.Is(err, io.ErrUnexpectedEOF):
		why = "the file ends in the middle: it was not downloaded or written whole"
	case errors.As(err, &syntax):
		why = "the JSON is broken: " + syntax.Err.Error()
	}
	return fmt.Sprintf("byte %d: %s; %d issues were read before", f.text.InputOffset(), why, f.out.Rows)
}

// missingIn compares what the file has fields for with what is asked for. A
// field that some issue has and another has not is empty there: it is on no
// screen of that project.
func (c *collector) missingIn(seen issue.Inputs) {
	c.out.Absent = jsonAbsent
	c.out.Missing = (c.o.Inputs | issue.InputManaged) &^ (seen | jsonAbsent | c.o.Empty | issue.InputStarted | issue.InputCustom | optional)
}

// optional are inputs for which Jira leaves the field out where there is no
// value, or whose field has another id in every Jira.
const optional = issue.InputParent | issue.InputSprint | issue.InputEstimate
