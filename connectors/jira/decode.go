package jira

import (
	"errors"
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/lanekeeper/lanekeeper/internal/issue"
)

// decoder turns issues of an answer into ours. It looks only at the fields
// that were asked for and keeps three cases apart: a value, null (no value) and
// absent (not loaded, so unknown).
type decoder struct {
	source string
	browse string         // page of an issue without its key
	uses   map[string]use // by field id as it stands in JSON, with quotes
	// present are the inputs whose field Jira always sends when it could load it.
	present issue.Inputs
	kinds   map[string]issue.Kind
	// inScope holds the configured projects; nil takes all.
	inScope map[string]bool
	memos   memos
}

// use says what is done with one field.
type use struct {
	input issue.Inputs
	set   func(*decoder, *issue.Issue, jsontext.Value) error
}

// issueList decodes an array of issues one by one: one that cannot be read is
// set aside and does not cost the others.
type issueList struct {
	d      *decoder
	there  bool // the answer has the array
	issues []issue.Issue
	bad    []issue.Bad
}

// UnmarshalJSONFrom reads the array. Its error means that the JSON itself is
// broken.
func (l *issueList) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	if dec.PeekKind() != '[' {
		return dec.SkipValue()
	}
	l.there = true
	if _, err := dec.ReadToken(); err != nil {
		return err
	}
	for dec.PeekKind() != ']' {
		n := len(l.issues)
		l.issues = append(l.issues, issue.Issue{}) // read in place: an issue is large
		i := &l.issues[n]
		bad, err := l.d.issue(dec, i)
		if bad != nil {
			l.bad = append(l.bad, issue.Bad{ID: i.ID, Key: i.Key, Err: bad})
		}
		if bad != nil || err != nil {
			l.issues = l.issues[:n]
		}
		if err != nil {
			return err
		}
	}
	_, err := dec.ReadToken()
	return err
}

// summary is the field of the title, as it stands in JSON.
const summary = `"summary"`

var (
	errNoObject = errors.New("the issue is not an object")
	errNoID     = errors.New("the issue has no usable id or key")
	errNoFields = errors.New("the issue came without its fields")
	errNoTitle  = errors.New("the summary did not load")
)

// issue reads one issue. bad tells why it cannot be used, err that the rest of
// the answer cannot be read.
func (d *decoder) issue(dec *jsontext.Decoder, i *issue.Issue) (bad, err error) {
	if dec.PeekKind() != '{' {
		return errNoObject, dec.SkipValue()
	}
	i.Source = d.source
	seen, titled, hasFields := issue.Inputs(0), false, false
	err = members(dec, func(name []byte) error {
		switch string(name) {
		case `"id"`:
			i.ID, err = readText(dec)
			return err
		case `"key"`:
			i.Key, err = readText(dec)
			return err
		case `"fields"`:
			hasFields = dec.PeekKind() == '{'
			seen, titled, err = d.fields(dec, i)
			return err
		}
		return dec.SkipValue()
	})
	if err != nil {
		return nil, err
	}
	switch {
	case !numericID.MatchString(i.ID) || projectOf(i.Key) == "":
		return errNoID, nil
	case !hasFields:
		return errNoFields, nil
	case !titled && d.asks(summary):
		return errNoTitle, nil
	}
	i.Unknown |= d.present &^ seen
	if i.Project == "" {
		i.Project = projectOf(i.Key)
	}
	i.URL = d.browse + i.Key
	i.Gone = i.Gone || d.inScope != nil && !d.inScope[i.Project]
	return nil, nil
}

// asks reports whether a field, given as it stands in JSON, is asked for.
func (d *decoder) asks(field string) bool {
	_, ok := d.uses[field]
	return ok
}

// fields reads the fields object and returns the inputs that were there, and
// whether the issue has a title.
func (d *decoder) fields(dec *jsontext.Decoder, i *issue.Issue) (seen issue.Inputs, titled bool, err error) {
	if dec.PeekKind() != '{' {
		return 0, false, dec.SkipValue()
	}
	return seen, titled, members(dec, func(name []byte) error {
		u, wanted := d.uses[string(name)]
		if !wanted {
			return dec.SkipValue()
		}
		v, err := dec.ReadValue()
		if err != nil {
			return err
		}
		seen |= u.input
		if u.set(d, i, v) != nil {
			i.Unknown |= u.input
		} else if string(name) == summary {
			titled = true
		}
		return nil
	})
}

// members calls each for every member of the object that comes next, with the
// name as it stands in the JSON; each must read the value.
func members(dec *jsontext.Decoder, each func(name []byte) error) error {
	if _, err := dec.ReadToken(); err != nil {
		return err
	}
	for dec.PeekKind() != '}' {
		name, err := dec.ReadValue()
		if err != nil {
			return err
		}
		if err := each(name); err != nil {
			return err
		}
	}
	_, err := dec.ReadToken()
	return err
}

// readText reads a text or the digits of a number; anything else is skipped.
func readText(dec *jsontext.Decoder) (string, error) {
	v, err := dec.ReadValue()
	if err != nil {
		return "", err
	}
	if v.Kind() == '0' {
		return string(v), nil
	}
	s, _ := text(v)
	return s, nil
}

// sortedSet sorts and removes repetitions and the empty text.
func sortedSet(in []string) []string {
	slices.Sort(in)
	in = slices.Compact(in)
	if len(in) > 0 && in[0] == "" {
		in = in[1:]
	}
	return in
}
