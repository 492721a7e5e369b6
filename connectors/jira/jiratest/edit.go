package jiratest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"
)

// Edit is what a person changes on one issue; see Server.Edit.
type Edit struct {
	s   *Server
	d   *issue
	err error
}

func (e *Edit) fail(format string, args ...any) {
	if e.err == nil {
		e.err = fmt.Errorf(format, args...)
	}
}

// Summary sets the title.
func (e *Edit) Summary(t string) { e.d.summary = t }

// Description sets the description, as wiki text.
func (e *Edit) Description(t string) { e.d.description = t }

// Priority sets the priority by name or id; "" clears it.
func (e *Edit) Priority(nameOrID string) {
	e.d.prio = e.s.priority(nameOrID)
	if e.d.prio == nil && nameOrID != "" {
		e.fail("no priority %q", nameOrID)
	}
}

// Status moves the issue to a status by name or id, or to the first status of
// a category ("Done", "In Progress", "To Do"). Entering the category Done
// resolves the issue, leaving it takes the resolution away.
func (e *Edit) Status(nameOrID string) {
	st := e.s.status(nameOrID)
	if cat := lookupCategory(e.s, nameOrID); st == nil && cat != nil {
		st = e.s.category(cat[0])
	}
	if st == nil {
		e.fail("no status %q", nameOrID)
		return
	}
	if st.Category == Done && e.d.status.Category != Done {
		e.d.resolution = "Done"
		e.d.resolved = e.d.since
	}
	if st.Category != Done {
		e.d.resolution, e.d.resolved = "", time.Time{}
	}
	e.d.status = st
}

// AddLabel puts a label on the issue.
func (e *Edit) AddLabel(l string) { e.d.labels = sortedSet(append(slices.Clone(e.d.labels), l)) }

// RemoveLabel takes a label off the issue.
func (e *Edit) RemoveLabel(l string) {
	e.d.labels = slices.DeleteFunc(slices.Clone(e.d.labels), func(x string) bool { return x == l })
}

// Labels replaces all labels.
func (e *Edit) Labels(list ...string) { e.d.labels = sortedSet(list) }

// Components replaces the components.
func (e *Edit) Components(list ...string) { e.d.components = slices.Clone(list) }

// Versions replaces the fix versions.
func (e *Edit) Versions(list ...string) { e.d.versions = slices.Clone(list) }

// Due sets the due date (YYYY-MM-DD); "" clears it.
func (e *Edit) Due(day string) { e.d.due = day }

// Assignee sets the assignee by account id; "" clears it.
func (e *Edit) Assignee(id string) {
	var err error
	if e.d.assignee, err = e.s.person(id); err != nil {
		e.fail("%w", err)
	}
}

// Type changes the issue type by name or id.
func (e *Edit) Type(nameOrID string) {
	t := e.d.proj.issueType(nameOrID)
	if t == nil {
		e.fail("no issue type %q in %s", nameOrID, e.d.proj.Key)
		return
	}
	e.d.typ = t
}

// Parent hangs the issue under another one; "" takes it away.
func (e *Edit) Parent(key string) {
	e.d.parent = 0
	if key == "" {
		return
	}
	r := e.s.find(key)
	if r == nil {
		e.fail("no issue %q", key)
		return
	}
	e.d.parent = r.id
}

// Field sets a custom field by id to one of the types of checkValue; nil
// clears it.
func (e *Edit) Field(id string, v any) {
	if err := checkValue(v); err != nil {
		e.fail("%s: %w", id, err)
		return
	}
	if v == nil {
		delete(e.d.custom, id)
		return
	}
	if e.d.custom == nil {
		e.d.custom = map[string]any{}
	}
	e.d.custom[id] = v
}

// Votes sets the number of votes, which is neither history nor an update.
func (e *Edit) Votes(n int) { e.d.votes = n }

// Watches sets the number of watchers, which is neither history nor an update.
func (e *Edit) Watches(n int) { e.d.watches = n }

// Edit changes an issue as a person would: the differences become one history
// entry and updated moves. by is an account id, "" an automation.
func (s *Server) Edit(key, by string, f func(*Edit)) error {
	s.settle()
	now := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.editAs(key, by, now, f)
}

func (s *Server) editAs(key, by string, now time.Time, f func(*Edit)) error {
	r := s.find(key)
	if r == nil {
		return fmt.Errorf("edit %s: no such issue", key)
	}
	u, err := s.person(by)
	if err != nil {
		return fmt.Errorf("edit %s: %w", key, err)
	}
	d := *r.cur
	d.custom = cloneMap(d.custom)
	d.since = now
	e := &Edit{s: s, d: &d}
	f(e)
	if e.err != nil {
		return fmt.Errorf("edit %s: %w", key, e.err)
	}
	s.edit(r, u, now, nil, func(v *issue) { *v = d })
	return nil
}

// Transition moves an issue to another status.
func (s *Server) Transition(key, by, status string) error {
	return s.Edit(key, by, func(e *Edit) { e.Status(status) })
}

// Comment adds a comment by a person and returns its id.
func (s *Server) Comment(key, by, text string) (string, error) {
	s.settle()
	now := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.find(key)
	if r == nil {
		return "", fmt.Errorf("comment %s: no such issue", key)
	}
	c := &Comment{Author: by, Body: text, Created: now, Updated: now}
	s.addComment(r, c, now)
	return c.ID, nil
}

// EditComment changes the text of a comment as by would; "" deletes it.
func (s *Server) EditComment(key, by, id, text string) error {
	s.settle()
	now := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.find(key)
	if r == nil {
		return fmt.Errorf("edit comment of %s: no such issue", key)
	}
	at := slices.IndexFunc(r.cur.comments, func(c *Comment) bool { return c.ID == id })
	if at < 0 {
		return fmt.Errorf("edit comment of %s: no comment %s", key, id)
	}
	if text == "" {
		s.replaceComment(r, at, nil, now)
		return nil
	}
	c := *r.cur.comments[at]
	c.Body, c.doc, c.Editor, c.Updated = text, nil, by, now
	s.replaceComment(r, at, &c, now)
	return nil
}

func (s *Server) addComment(r *rec, c *Comment, now time.Time) {
	c.ID = strconv.FormatInt(s.nextID(), 10)
	v := *r.cur
	v.comments = append(v.comments[:len(v.comments):len(v.comments)], c)
	v.updated = now
	s.commentOf[c.ID] = r
	s.put(&v, now)
}

// Link relates two issues by the name of a link type, read as "key <outward>
// other": Link("A-1", "amy", "Blocks", "A-2") says that A-1 blocks A-2.
func (s *Server) Link(key, by, typ, other string) error {
	s.settle()
	now := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	a, b := s.find(key), s.find(other)
	if a == nil || b == nil {
		return fmt.Errorf("link %s %s: no such issue", key, other)
	}
	u, err := s.person(by)
	if err != nil {
		return fmt.Errorf("link %s %s: %w", key, other, err)
	}
	id := s.nextID()
	s.edit(a, u, now, nil, func(v *issue) { v.links = addLink(v.links, link{id, typ, true, b.id}) })
	s.edit(b, u, now, nil, func(v *issue) { v.links = addLink(v.links, link{id, typ, false, a.id}) })
	return nil
}

func addLink(list []link, l link) []link { return append(list[:len(list):len(list)], l) }

// Move takes an issue to another project: the id stays, the key changes, the
// old key goes on to resolve. It returns the new key.
func (s *Server) Move(key, project, by string) (string, error) {
	s.settle()
	now := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	r, p := s.find(key), s.project(project)
	if r == nil || p == nil {
		return "", fmt.Errorf("move %s to %s: no such issue or project", key, project)
	}
	u, err := s.person(by)
	if err != nil {
		return "", fmt.Errorf("move %s: %w", key, err)
	}
	p.lastNum++
	d := s.edit(r, u, now, nil, func(v *issue) {
		v.proj, v.num = p, p.lastNum
		v.key = p.Key + "-" + strconv.Itoa(v.num)
		if t := p.issueType(v.typ.Name); t != nil {
			v.typ = t
		} else {
			v.typ = &p.Types[0]
		}
	})
	return d.key, nil
}

// RenameKey gives a project another key, and with it every issue. Nothing is
// written into histories and updated does not move.
func (s *Server) RenameKey(project, key string) bool {
	now := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.project(project)
	if p == nil {
		return false
	}
	p.OldKeys = append(p.OldKeys, p.Key)
	p.Key = key
	for _, r := range s.recs {
		if r.cur.proj != p {
			continue
		}
		v := *r.cur
		s.oldKeys[v.key] = r.id
		v.key = key + "-" + strconv.Itoa(v.num)
		s.put(&v, now)
	}
	return true
}

// Delete removes an issue for good.
func (s *Server) Delete(key string) error { return s.flag(key, func(v *issue) { v.deleted = true }) }

// Archive hides an issue from search; reading it by key goes on.
func (s *Server) Archive(key string) error { return s.flag(key, func(v *issue) { v.archived = true }) }

// Restore takes an issue out of the archive.
func (s *Server) Restore(key string) error { return s.flag(key, func(v *issue) { v.archived = false }) }

func (s *Server) flag(key string, f func(*issue)) error {
	s.settle()
	now := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.find(key)
	if r == nil {
		return fmt.Errorf("%s: no such issue", key)
	}
	v := *r.cur
	f(&v)
	s.put(&v, now)
	return nil
}

// SetHistory replaces an issue's history, for tests of odd ones.
func (s *Server) SetHistory(key string, h []Change) error {
	return s.flag(key, func(v *issue) {
		v.history = nil
		for _, c := range h {
			if c.ID == "" {
				c.ID = strconv.FormatInt(s.nextID(), 10)
			}
			v.history = append(v.history, &c)
		}
	})
}

func cloneMap(m map[string]any) map[string]any {
	out := make(map[string]any, len(m))
	for k, v := range m {
		out[k] = v
	}
	return out
}

func cloneProps(m map[string]json.RawMessage) map[string]json.RawMessage {
	out := make(map[string]json.RawMessage, len(m)+1)
	for k, v := range m {
		out[k] = v
	}
	return out
}
