package fastserver

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// label is one label of the workspace.
type label struct {
	id, name, parent string
	group            bool
}

// linearPages holds, for each selection that was asked for, the parts of issues
// that do not depend on their number.
type linearPages struct {
	s     *Server
	mu    sync.RWMutex
	parts map[string]*linearPart
}

type linearPart struct {
	has      map[string]bool
	constant [variants][]byte
}

func newLinearPages(s *Server) *linearPages {
	return &linearPages{s: s, parts: map[string]*linearPart{}}
}

const teamID = "11111111-0000-4000-8000-000000000001"

var linearValues = map[string]func(s *Server, v int) string{
	"dueDate": null, "archivedAt": null, "trashed": null, "completedAt": null, "canceledAt": null, "slaBreachesAt": null,
	"startedAt": null, "parent": null, "project": null, "cycle": null, "projectMilestone": null, "creator": null,
	"description":      func(*Server, int) string { return `"` + filler + `"` },
	"estimate":         func(s *Server, v int) string { return [...]string{"null", "1", "3", "5"}[s.pick(v, 4)] },
	"team":             func(*Server, int) string { return `{"id":"` + teamID + `","key":"` + Project + `"}` },
	"relations":        func(*Server, int) string { return noNodes },
	"inverseRelations": func(*Server, int) string { return noNodes },
	"needs":            func(*Server, int) string { return noNodes },
	"comments":         func(*Server, int) string { return noNodes },
	"subscribers":      func(*Server, int) string { return noNodes },
	"reactions": func(s *Server, v int) string {
		list := make([]string, s.pick(v, 6))
		for k := range list {
			list[k] = fmt.Sprintf(`{"emoji":"+1","user":{"id":"22222222-0000-4000-8000-%012d"}}`, k)
		}
		return "[" + strings.Join(list, ",") + "]"
	},
	"state": func(s *Server, v int) string {
		return [...]string{`{"name":"Todo","type":"unstarted"}`, `{"name":"Backlog","type":"backlog"}`, `{"name":"In Progress","type":"started"}`}[s.pick(v, 3)]
	},
	"assignee": func(s *Server, v int) string {
		k := s.pick(v, 5)
		if k == 0 {
			return "null"
		}
		return fmt.Sprintf(`{"id":"22222222-0000-4000-8000-%012d","name":"person%d"}`, k, k)
	},
}

func null(*Server, int) string { return "null" }

const noNodes = `{"nodes":[],"pageInfo":{"hasNextPage":false}}`

// kindIDs are the labels that tell kinds: bug, feature, chore.
var kindIDs = [...]string{
	"33333333-0000-4000-8000-000000000001", "33333333-0000-4000-8000-000000000002", "33333333-0000-4000-8000-000000000003",
}

func (s *Server) initialLabelIDs(n int) []string { return kindIDs[s.pick(n, 3) : s.pick(n, 3)+1] }

// selection lists the fields of the nodes of the issues in a document.
func selection(doc string) []string {
	at := strings.Index(doc, "nodes{")
	depth, start := 0, at+len("nodes{")
	var out []string
	name := start
	flush := func(end int) {
		if f, _, _ := strings.Cut(doc[name:end], "("); depth == 0 && f != "" {
			out = append(out, f)
		}
	}
	for k := start; k < len(doc); k++ {
		switch doc[k] {
		case '{', '(':
			if depth == 0 {
				flush(k)
			}
			depth++
		case '}', ')':
			if depth == 0 {
				flush(k)
				return out
			}
			depth--
			name = k + 1
		case ',':
			if depth == 0 {
				flush(k)
				name = k + 1
			}
		}
	}
	return out
}

func (p *linearPages) part(doc string) *linearPart {
	p.mu.RLock()
	l := p.parts[doc]
	p.mu.RUnlock()
	if l != nil {
		return l
	}
	l = &linearPart{has: map[string]bool{}}
	for _, f := range selection(doc) {
		l.has[f] = true
		if value, ok := linearValues[f]; ok {
			for v := range variants {
				l.constant[v] = append(l.constant[v], `,"`+f+`":`+value(p.s, v)...)
			}
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.parts[doc] = l
	return l
}

// linearID is the id of an issue; it ends in the position.
func linearID(b []byte, n int) []byte {
	b = append(b, "44444444-0000-4000-8000-"...)
	digits := strconv.AppendInt(nil, int64(n), 10)
	for range 12 - len(digits) {
		b = append(b, '0')
	}
	return append(b, digits...)
}

func (s *Server) linearPosition(id string) (int, bool) {
	n, err := strconv.Atoi(id[max(0, len(id)-12):])
	return n, err == nil && n >= 0 && n < s.o.Issues
}

func (p *linearPages) render(b []byte, l *linearPart, n int) []byte {
	e := p.s.edited(n)
	b = append(linearID(append(b, `{"id":"`...), n), '"')
	number := func(name string, v int) {
		if l.has[name] {
			b = append(append(append(b, `,"`...), name...), `":`...)
			b = strconv.AppendInt(b, int64(v), 10)
		}
	}
	instant := func(name string, t time.Time) {
		if l.has[name] {
			b = append(append(append(b, `,"`...), name...), `":"`...)
			b = append(stamp(b, t, "Z"), '"')
		}
	}
	number("number", n+1)
	if l.has["identifier"] {
		b = append(b, `,"identifier":"`+Project+`-`...)
		b = append(strconv.AppendInt(b, int64(n+1), 10), '"')
	}
	if l.has["url"] {
		b = append(b, `,"url":"https://linear.app/acme/issue/`+Project+`-`...)
		b = append(strconv.AppendInt(b, int64(n+1), 10), '"')
	}
	if l.has["title"] {
		b = append(append(b, `,"title":"`...), subject(n)...)
		b = append(strconv.AppendInt(append(b, " #"...), int64(n), 10), '"')
	}
	prio, updated, ids := 3, updatedAt(n), p.s.initialLabelIDs(n)
	if !p.s.o.Alike {
		prio = n % 5
	}
	if e != nil {
		updated, ids = e.updated, e.labels
		if e.priority > 0 {
			prio = e.priority
		}
	}
	number("priority", prio)
	instant("createdAt", createdAt(n))
	instant("updatedAt", updated)
	if l.has["labelIds"] {
		b = append(quoted(append(b, `,"labelIds":[`...), ids), ']')
	}
	b = append(b, l.constant[n%variants]...)
	return append(b, '}')
}

// request is one GraphQL document with its variables.
type request struct {
	Query string `json:"query"`
	Vars  struct {
		First  int             `json:"first"`
		After  string          `json:"after"`
		Filter json.RawMessage `json:"filter"`
		ID     string          `json:"id"`
		IDs    []string        `json:"ids"`
		Input  struct {
			ID       string   `json:"id"`
			Name     string   `json:"name"`
			ParentID string   `json:"parentId"`
			IsGroup  bool     `json:"isGroup"`
			Added    []string `json:"addedLabelIds"`
			Removed  []string `json:"removedLabelIds"`
			Priority *int     `json:"priority"`
		} `json:"input"`
	} `json:"variables"`
}

// condition is what is understood of a filter of issues.
type condition struct {
	Number struct {
		From int `json:"gte"`
		To   int `json:"lt"`
	} `json:"number"`
	Updated struct {
		Since time.Time `json:"gte"`
	} `json:"updatedAt"`
	ID struct {
		In []string `json:"in"`
	} `json:"id"`
}

// linear answers by the first root of the document.
func (s *Server) linear(a *answer, body []byte) {
	var q request
	if err := json.Unmarshal(body, &q); err != nil {
		return
	}
	has := func(root string) bool { return strings.Contains(q.Query, root) }
	switch {
	case has("issueBatchUpdate("):
		s.count("issueBatchUpdate")
		s.batchUpdate(a, &q)
	case has("issueUpdate("):
		s.count("issueUpdate")
		q.Vars.IDs = []string{q.Vars.ID}
		s.batchUpdate(a, &q)
	case has("issueLabelCreate("):
		s.count("issueLabelCreate")
		s.createLabel(a, &q)
	case has("viewer{"):
		s.count("teams")
		a.json(`{"data":{"viewer":{"id":"22222222-0000-4000-8000-999999999999","name":"bot","displayName":"bot","active":true,"admin":true,"guest":false,"app":false},`+
			`"teams":{"nodes":[{"id":"%s","key":"%s","name":"Payments","timezone":"UTC","retiredAt":null,"issueCount":%d}],"pageInfo":{"hasNextPage":false}}}}`, teamID, Project, s.o.Issues)
	case has("workflowStates("):
		s.count("changes")
		a.json(`{"data":{"issueLabels":%s,"workflowStates":%s,"issueRelations":%s,"comments":%s}}`, noNodes, noNodes, noNodes, noNodes)
	case has("organization{"):
		s.count("organization")
		a.json(`{"data":{"organization":{"customersEnabled":false}}}`)
	case has("issueLabels("):
		s.count("labels")
		s.listLabels(a)
	case has("issues("):
		s.count("issues")
		s.listIssues(a, &q)
	}
}

// listIssues gives at most 250 nodes a page, in the order of numbers; one
// alone is the newest.
func (s *Server) listIssues(a *answer, q *request) {
	var c condition
	if err := json.Unmarshal(q.Vars.Filter, &c); err != nil {
		return
	}
	lo, hi := max(0, c.Number.From-1), s.o.Issues
	if c.Number.To > 0 {
		hi = min(hi, c.Number.To-1)
	}
	var list []int
	switch {
	case !c.Updated.Since.IsZero():
		list = s.changedSince(c.Updated.Since)
		lo, hi = 0, len(list)
	case c.ID.In != nil:
		for _, id := range c.ID.In {
			if n, ok := s.linearPosition(id); ok {
				list = append(list, n)
			}
		}
		lo, hi = 0, len(list)
	case q.Vars.First == 1:
		lo = max(0, hi-1)
	}
	if q.Vars.After != "" {
		lo, _ = strconv.Atoi(q.Vars.After)
	}
	to := max(lo, min(hi, lo+min(max(1, q.Vars.First), 250)))
	p := s.lin.part(q.Query)
	b := append(make([]byte, 0, (to-lo)*1024), `{"data":{"issues":{"nodes":[`...)
	for k := lo; k < to; k++ {
		if k > lo {
			b = append(b, ',')
		}
		n := k
		if list != nil {
			n = list[k]
		}
		b = s.lin.render(b, p, n)
	}
	a.raw(fmt.Appendf(b, `],"pageInfo":{"hasNextPage":%t,"endCursor":"%d"}}}}`, to < hi && q.Vars.First > 1, to))
}

func (s *Server) listLabels(a *answer) {
	all := []label{{id: kindIDs[0], name: "Bug"}, {id: kindIDs[1], name: "Feature"}, {id: kindIDs[2], name: "Chore"}}
	s.mu.RLock()
	all = append(all, s.labels...)
	s.mu.RUnlock()
	var nodes []string
	for _, l := range all {
		nodes = append(nodes, labelJSON(l, all))
	}
	a.json(`{"data":{"issueLabels":{"nodes":[%s],"pageInfo":{"hasNextPage":false}}}}`, strings.Join(nodes, ","))
}

func labelJSON(l label, all []label) string {
	parent := "null"
	if at := slices.IndexFunc(all, func(p label) bool { return p.id == l.parent }); l.parent != "" && at >= 0 {
		parent = fmt.Sprintf(`{"id":"%s","name":"%s"}`, all[at].id, all[at].name)
	}
	return fmt.Sprintf(`{"id":"%s","name":"%s","isGroup":%t,"createdAt":"2020-01-01T00:00:00.000Z","retiredAt":null,"archivedAt":null,"parent":%s,"team":null}`,
		l.id, l.name, l.group, parent)
}

func (s *Server) createLabel(a *answer, q *request) {
	in := q.Vars.Input
	l := label{id: in.ID, name: in.Name, parent: in.ParentID, group: in.IsGroup}
	s.mu.Lock()
	s.labels = append(s.labels, l)
	text := labelJSON(l, s.labels)
	s.mu.Unlock()
	a.json(`{"data":{"issueLabelCreate":{"success":true,"issueLabel":%s}}}`, text)
}

// batchUpdate writes alike changes to issues. The labels of a group exclude one
// another, which the caller takes care of.
func (s *Server) batchUpdate(a *answer, q *request) {
	in := q.Vars.Input
	var nodes []string
	for _, id := range q.Vars.IDs {
		n, ok := s.linearPosition(id)
		if !ok {
			return
		}
		s.write(n, func(e *edit) {
			if s.edits[n] == nil {
				e.labels = s.initialLabelIDs(n)
			}
			list := slices.DeleteFunc(slices.Clone(e.labels), func(l string) bool { return slices.Contains(in.Removed, l) || slices.Contains(in.Added, l) })
			e.labels = append(list, in.Added...)
			if in.Priority != nil {
				e.priority = *in.Priority
			}
		})
		e := s.edited(n)
		nodes = append(nodes, fmt.Sprintf(`{"id":"%s","updatedAt":"%s","priority":%d,"dueDate":null,"labelIds":[%s],"assignee":null,"team":{"id":"%s","key":"%s"}}`,
			id, stamp(nil, e.updated, "Z"), e.priority, quoted(nil, e.labels), teamID, Project))
	}
	if strings.Contains(q.Query, "issueBatchUpdate(") {
		a.json(`{"data":{"issueBatchUpdate":{"success":true,"issues":[%s]}}}`, strings.Join(nodes, ","))
		return
	}
	a.json(`{"data":{"issueUpdate":{"success":true,"issue":%s}}}`, nodes[0])
}
