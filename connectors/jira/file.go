package jira

import (
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/lanekeeper/lanekeeper/internal/issue"
)

// FileDecoder reads issues from a file that holds what Jira's REST interface
// answers. It keeps no more than Inputs asks for.
type FileDecoder struct {
	d    *decoder
	logs logReader
	seen issue.Inputs
	has  map[string]bool // ids of fields
}

// FileOptions say how names in a file are read.
type FileOptions struct {
	Source string
	Inputs issue.Inputs
	// Fields are the ids of custom fields by the name that policies use, as in
	// Settings.
	Fields map[string]string
	Kinds  map[string]issue.Kind
	// Rank gives a priority by its name.
	Rank func(name string) (issue.Priority, bool)
}

// NewFileDecoder never asks a server for anything.
func NewFileDecoder(o FileOptions) (*FileDecoder, error) {
	list := make([]field, 0, len(o.Fields))
	for _, name := range sortedKeys(o.Fields) {
		list = append(list, field{ID: o.Fields[name]})
	}
	cat, err := Settings{Fields: o.Fields, Kinds: o.Kinds}.catalog(list, o.Inputs|issue.InputManaged, o.Source, &site{})
	if err != nil {
		return nil, err
	}
	cat.decoder.present, cat.decoder.inScope = 0, nil
	f := &FileDecoder{d: cat.decoder, has: map[string]bool{}, logs: logReader{
		self: func(*user) bool { return false },
		rank: func(_, name string) string {
			if r, ok := o.Rank(name); ok {
				return r.String()
			}
			return name
		},
		category: func(_, _ string) issue.Category { return "" },
	}}
	return f, nil
}

// Seen are the inputs that some issue of the file had a field for, whether or
// not the field held a value.
func (f *FileDecoder) Seen() issue.Inputs { return f.seen }

// Has reports whether some issue of the file had the field of that id.
func (f *FileDecoder) Has(id string) bool { return f.has[id] }

// Decode reads one issue and its history; the history is nil where the file
// holds none. The priority is raw and has no rank yet, and the address is left
// out. The error says why the issue cannot be used.
func (f *FileDecoder) Decode(v jsontext.Value) (issue.Issue, *issue.History, error) {
	list := &issueList{d: f.d}
	if err := decode(append(append(jsontext.Value{'['}, v...), ']'), list); err != nil {
		return issue.Issue{}, nil, err
	}
	if len(list.bad) > 0 {
		return issue.Issue{ID: list.bad[0].ID, Key: list.bad[0].Key}, nil, list.bad[0].Err
	}
	var raw struct {
		Self   string         `json:"self"`
		Fields jsontext.Value `json:"fields"`
		Log    jsontext.Value `json:"changelog"`
	}
	if err := decode(v, &raw); err != nil {
		return issue.Issue{}, nil, err
	}
	i := list.issues[0]
	i.URL = ""
	if site, _, ok := strings.Cut(raw.Self, "/rest/api/"); ok {
		i.URL = site + "/browse/" + i.Key
	}
	if err := f.see(raw.Fields); err != nil {
		return i, nil, err
	}
	h, err := f.history(raw.Log)
	if h != nil {
		h.Comments, h.CommentsRead = f.comments(raw.Fields)
	}
	return i, h, err
}

// comments reads who commented; only a whole list is one.
func (f *FileDecoder) comments(fields jsontext.Value) ([]issue.Comment, bool) {
	var have struct {
		Comment struct {
			Total    int      `json:"total"`
			Comments []remark `json:"comments"`
		} `json:"comment"`
	}
	if decode(fields, &have) != nil || have.Comment.Comments == nil || len(have.Comment.Comments) < have.Comment.Total {
		return nil, false
	}
	out := []issue.Comment{}
	for _, r := range have.Comment.Comments {
		out = append(out, issue.Comment{At: r.Created.UTC(), By: actor(f.logs.self, r.Author), Public: r.public()})
	}
	slices.SortStableFunc(out, func(a, b issue.Comment) int { return a.At.Compare(b.At) })
	return out, true
}

// see notes which inputs the issue has fields for.
func (f *FileDecoder) see(fields jsontext.Value) error {
	var have map[string]jsontext.Value
	if err := decode(fields, &have); err != nil {
		return err
	}
	for name := range have {
		if u, ok := f.d.uses[`"`+name+`"`]; ok {
			f.seen |= u.input
			f.has[name] = true
		}
	}
	return nil
}

// history reads the expanded changelog, nil where there is none; only a whole
// one is complete.
func (f *FileDecoder) history(v jsontext.Value) (*issue.History, error) {
	if len(v) == 0 || v.Kind() != '{' {
		return nil, nil
	}
	var log struct {
		Total     int       `json:"total"`
		Histories []changes `json:"histories"`
	}
	if err := decode(v, &log); err != nil {
		return nil, err
	}
	if log.Histories == nil {
		return nil, nil
	}
	return &issue.History{Events: f.logs.events(log.Histories), Complete: len(log.Histories) >= log.Total}, nil
}

// KindOf maps an issue type by the names that Jira ships.
func KindOf(name string) (issue.Kind, bool) {
	k := (&decoder{}).kind(name, false, 0)
	return k, k != issue.Other
}

// LinkTypeOf maps the name of a link type that Jira ships; any other relates.
func LinkTypeOf(name string, outward bool) issue.LinkType { return linkType(name, outward) }
