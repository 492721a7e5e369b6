package jiratest

import (
	"encoding/json"
	"maps"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"
)

// issue is one version of an issue. A version never changes once it is
// current: an edit makes the next one, so that answers can be written, and the
// lagging index read, without copying.
type issue struct {
	id          int64
	num         int
	key         string
	proj        *Project
	typ         *IssueType
	status      *Status
	prio        *Priority
	resolution  string
	summary     string
	description string
	labels      []string
	components  []string
	versions    []string
	reporter    *User
	assignee    *User
	created     time.Time
	updated     time.Time
	resolved    time.Time
	due         string
	parent      int64
	links       []link
	votes       int
	watches     int
	comments    []*Comment
	custom      map[string]any
	props       map[string]json.RawMessage
	history     []*Change
	archived    bool
	deleted     bool

	since time.Time // when this version became current
}

type link struct {
	id      int64
	typ     string // LinkType.Name
	outward bool
	other   int64
}

// rec is an issue with the versions that the search index may still show.
type rec struct {
	id   int64
	cur  *issue
	past []*issue // oldest first
}

// at returns the version that was current at t, nil before the creation.
func (r *rec) at(t time.Time) *issue {
	if !r.cur.since.After(t) {
		return r.cur
	}
	for _, v := range slices.Backward(r.past) {
		if !v.since.After(t) {
			return v
		}
	}
	return nil
}

// Comment is one comment of an issue.
type Comment struct {
	ID       string
	Author   string // account id
	Editor   string // account id of who edited it last, "" is the author
	Body     string // wiki text, or the text of the document
	Created  time.Time
	Updated  time.Time
	Internal bool // on a service desk: hidden from the customer
	// Properties are the comment's own, such as a client's marker.
	Properties map[string]json.RawMessage
	// doc is the document as it was sent.
	doc json.RawMessage
}

// Change is one entry of an issue's history.
type Change struct {
	ID       string
	At       time.Time
	Author   string // account id; empty: automation or a deleted user
	Items    []Item
	Metadata json.RawMessage // historyMetadata as it was sent
}

// Item is one field's part of a Change.
type Item struct {
	Field, FieldID, FieldType      string
	From, FromString, To, ToString string
}

// Snapshot is a copy of an issue's present state with its complete history.
type Snapshot struct {
	ID, Key, Project, Type     string
	Status, Category           string
	Priority, Resolution       string
	Summary, Description       string
	Labels, Components         []string
	Versions                   []string
	Reporter, Assignee         string // account ids
	Created, Updated, Resolved time.Time
	Due, Parent                string
	Votes, Watches             int
	Comments                   []Comment
	Custom                     map[string]any
	Properties                 map[string]json.RawMessage
	History                    []Change
	Archived                   bool
}

// Open reports whether the issue's status is not in the category Done.
func (s Snapshot) Open() bool { return s.Category != Done }

// HasLabel reports whether the issue bears the label.
func (s Snapshot) HasLabel(l string) bool { return slices.Contains(s.Labels, l) }

func (s *Server) snapshot(i *issue) Snapshot {
	out := Snapshot{
		ID: strconv.FormatInt(i.id, 10), Key: i.key, Project: i.proj.Key, Type: i.typ.Name,
		Status: i.status.Name, Category: i.status.Category, Resolution: i.resolution,
		Summary: i.summary, Description: i.description,
		Labels: slices.Clone(i.labels), Components: slices.Clone(i.components), Versions: slices.Clone(i.versions),
		Created: i.created, Updated: i.updated, Resolved: i.resolved, Due: i.due,
		Votes: i.votes, Watches: i.watches, Custom: maps.Clone(i.custom), Properties: maps.Clone(i.props),
		Archived: i.archived,
	}
	if i.prio != nil {
		out.Priority = i.prio.Name
	}
	if i.reporter != nil {
		out.Reporter = i.reporter.AccountID
	}
	if i.assignee != nil {
		out.Assignee = i.assignee.AccountID
	}
	if p := s.byID[i.parent]; p != nil {
		out.Parent = p.cur.key
	}
	for _, c := range i.comments {
		cc := *c
		cc.Properties = maps.Clone(c.Properties)
		out.Comments = append(out.Comments, cc)
	}
	for _, c := range i.history {
		cc := *c
		cc.Items = slices.Clone(c.Items)
		out.History = append(out.History, cc)
	}
	return out
}

// Issue returns the issue with this key (old ones count) or numeric id.
func (s *Server) Issue(keyOrID string) (Snapshot, bool) {
	s.settle()
	s.mu.RLock()
	defer s.mu.RUnlock()
	r := s.find(keyOrID)
	if r == nil {
		return Snapshot{}, false
	}
	return s.snapshot(r.cur), true
}

// Issues returns every issue that is not deleted, in the order of ids.
func (s *Server) Issues() []Snapshot {
	s.settle()
	s.mu.RLock()
	defer s.mu.RUnlock()
	out := make([]Snapshot, 0, len(s.recs))
	for _, r := range s.recs {
		if !r.cur.deleted {
			out = append(out, s.snapshot(r.cur))
		}
	}
	return out
}

// Keys returns the keys of the issues that are not deleted, by id.
func (s *Server) Keys() []string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	out := make([]string, 0, len(s.recs))
	for _, r := range s.recs {
		if !r.cur.deleted {
			out = append(out, r.cur.key)
		}
	}
	return out
}

// find returns the live record for a key, an old key or an id, or nil.
func (s *Server) find(keyOrID string) *rec {
	var r *rec
	if id, err := strconv.ParseInt(keyOrID, 10, 64); err == nil {
		r = s.byID[id]
	} else {
		r = s.findKey(keyOrID)
	}
	if r == nil || r.cur.deleted {
		return nil
	}
	return r
}

func (s *Server) findKey(key string) *rec {
	key = strings.ToUpper(key)
	if r := s.byKey[key]; r != nil && r.cur.key == key {
		return r
	}
	if id, ok := s.oldKeys[key]; ok {
		return s.byID[id]
	}
	prefix, num, ok := strings.Cut(key, "-")
	if !ok {
		return nil
	}
	if p := s.project(prefix); p != nil && p.Key != prefix {
		return s.byKey[p.Key+"-"+num]
	}
	return nil
}

// put makes v the current version of its issue.
func (s *Server) put(v *issue, now time.Time) *rec {
	v.since = now
	r := s.byID[v.id]
	if r == nil {
		r = &rec{id: v.id, cur: v}
		s.byID[v.id] = r
		s.insertByID(r)
	} else {
		s.dropUpdated(r)
		r.past = append(s.recent(r.past, now), r.cur)
		r.cur = v
	}
	s.byKey[v.key] = r
	s.insertUpdated(r)
	s.dirty()
	return r
}

// keepVersions is how long replaced versions stay for the lagging index.
const keepVersions = time.Hour

func (s *Server) recent(past []*issue, now time.Time) []*issue {
	n := 0
	for n+1 < len(past) && past[n+1].since.Before(now.Add(-keepVersions)) {
		n++
	}
	return past[n:]
}

func (s *Server) insertByID(r *rec) {
	n := len(s.recs)
	if n == 0 || s.recs[n-1].id < r.id {
		s.recs = append(s.recs, r)
		return
	}
	at := sort.Search(n, func(i int) bool { return s.recs[i].id > r.id })
	s.recs = slices.Insert(s.recs, at, r)
}

// afterInUpdated is the order of byUpdated: update time, then id.
func afterInUpdated(a *rec, t time.Time, id int64) bool {
	if c := a.cur.updated.Compare(t); c != 0 {
		return c > 0
	}
	return a.id > id
}

func (s *Server) insertUpdated(r *rec) {
	n := len(s.byUpdated)
	if n == 0 || !afterInUpdated(s.byUpdated[n-1], r.cur.updated, r.id) {
		s.byUpdated = append(s.byUpdated, r)
		return
	}
	at := sort.Search(n, func(i int) bool { return afterInUpdated(s.byUpdated[i], r.cur.updated, r.id) })
	s.byUpdated = slices.Insert(s.byUpdated, at, r)
}

func (s *Server) dropUpdated(r *rec) {
	at := sort.Search(len(s.byUpdated), func(i int) bool { return afterInUpdated(s.byUpdated[i], r.cur.updated, r.id-1) })
	if at < len(s.byUpdated) && s.byUpdated[at] == r {
		s.byUpdated = slices.Delete(s.byUpdated, at, at+1)
	}
}
