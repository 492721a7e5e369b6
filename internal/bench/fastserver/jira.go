package fastserver

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// jiraPages holds, for each list of fields that was asked for, the parts of
// issues that do not depend on their number.
type jiraPages struct {
	s  *Server
	mu sync.RWMutex
	// parts are keyed by the field list.
	parts map[string]*jiraPart
}

type jiraPart struct {
	fields                                  []string
	summary, created, updated, labels, prio bool
	constant                                [variants][]byte // the other fields
	priorities                              [6][]byte
}

func newJiraPages(s *Server) *jiraPages { return &jiraPages{s: s, parts: map[string]*jiraPart{}} }

const jiraURL = "https://acme.atlassian.net"

// The constant values of a variant, as Jira renders them.
var jiraValues = map[string]func(s *Server, v int) string{
	"project": func(*Server, int) string {
		return `{"self":"` + jiraURL + `/rest/api/3/project/10000","id":"10000","key":"PAY","name":"Payments","projectTypeKey":"software","simplified":false}`
	},
	"issuetype": func(s *Server, v int) string {
		names := [...]string{"Bug", "Story", "Task", "Epic", "Story"}
		k := s.pick(v, len(names))
		return fmt.Sprintf(`{"self":"%s/rest/api/3/issuetype/%d","id":"%d","description":"","iconUrl":"%s/universal_avatar/view/type/issuetype/avatar/%d","name":"%s","subtask":false,"hierarchyLevel":0}`,
			jiraURL, 10001+k, 10001+k, jiraURL, 10300+k, names[k])
	},
	"status": func(s *Server, v int) string {
		names := [...]string{"To Do", "In Progress", "In Review"}
		k := s.pick(v, len(names))
		key, id := "new", 2
		if k > 0 {
			key, id = "indeterminate", 4
		}
		return fmt.Sprintf(`{"self":"%s/rest/api/3/status/%d","description":"","iconUrl":"%s/","name":"%s","id":"%d","statusCategory":{"self":"%s/rest/api/3/statuscategory/%d","id":%d,"key":"%s","colorName":"yellow","name":"%s"}}`,
			jiraURL, 10000+k, jiraURL, names[k], 10000+k, jiraURL, id, id, key, names[k])
	},
	"assignee": func(s *Server, v int) string {
		k := s.pick(v, 5)
		if k == 0 {
			return "null"
		}
		return person(k)
	},
	"reporter":       func(_ *Server, v int) string { return person(10 + v%7) },
	"duedate":        func(*Server, int) string { return "null" },
	"resolutiondate": func(*Server, int) string { return "null" },
	"description":    func(*Server, int) string { return `"` + filler + `"` },
	"votes":          func(s *Server, v int) string { return fmt.Sprintf(`{"votes":%d,"hasVoted":false}`, s.pick(v, 24)) },
	"watches": func(s *Server, v int) string {
		return fmt.Sprintf(`{"watchCount":%d,"isWatching":false}`, s.pick(v, 6))
	},
	"comment":           func(*Server, int) string { return `{"comments":[],"maxResults":0,"total":0,"startAt":0}` },
	"components":        func(*Server, int) string { return `[{"id":"10000","name":"checkout"}]` },
	"fixVersions":       func(*Server, int) string { return "[]" },
	"issuelinks":        func(*Server, int) string { return "[]" },
	"customfield_10016": func(s *Server, v int) string { return [...]string{"null", "1.0", "3.0", "5.0"}[s.pick(v, 4)] },
	"customfield_10050": func(s *Server, v int) string {
		names := [...]string{"enterprise", "pro", "free"}
		k := s.pick(v, len(names)+1)
		if k == len(names) {
			return "null"
		}
		return fmt.Sprintf(`{"self":"%s/rest/api/3/customFieldOption/%d","value":"%s","id":"%d"}`, jiraURL, 10100+k, names[k], 10100+k)
	},
}

func person(k int) string {
	return fmt.Sprintf(`{"self":"%s/rest/api/3/user?accountId=5b10ac8d82e05b22cc7d%04d","accountId":"5b10ac8d82e05b22cc7d%04d","displayName":"Person %d","active":true,"timeZone":"Europe/Berlin","accountType":"atlassian"}`,
		jiraURL, k, k, k)
}

func priority(k int) string {
	names := [...]string{"", "Highest", "High", "Medium", "Low", "Lowest"}
	return fmt.Sprintf(`{"self":"%s/rest/api/3/priority/%d","iconUrl":"%s/images/icons/priorities/%d.svg","name":"%s","id":"%d"}`, jiraURL, k, jiraURL, k, names[k], k)
}

// part prepares a list of fields.
func (p *jiraPages) part(fields []string) *jiraPart {
	key := strings.Join(fields, ",")
	p.mu.RLock()
	j := p.parts[key]
	p.mu.RUnlock()
	if j != nil {
		return j
	}
	j = &jiraPart{fields: fields}
	for _, f := range fields {
		switch f {
		case "summary":
			j.summary = true
		case "created":
			j.created = true
		case "updated":
			j.updated = true
		case "labels":
			j.labels = true
		case "priority":
			j.prio = true
		default:
			value, known := jiraValues[f]
			for v := range variants {
				text := "null"
				if known {
					text = value(p.s, v)
				}
				j.constant[v] = append(j.constant[v], `,"`+f+`":`+text...)
			}
		}
	}
	for k := range j.priorities {
		j.priorities[k] = []byte(`,"priority":` + priority(k))
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.parts[key] = j
	return j
}

// render appends one issue.
func (p *jiraPages) render(b []byte, j *jiraPart, n int) []byte {
	e := p.s.edited(n)
	b = append(b, `{"expand":"operations,versionedRepresentations,editmeta,changelog,renderedFields","id":"`...)
	b = strconv.AppendInt(b, int64(firstID+n), 10)
	b = append(b, `","self":"`+jiraURL+`/rest/api/3/issue/`...)
	b = strconv.AppendInt(b, int64(firstID+n), 10)
	b = append(b, `","key":"`+Project+`-`...)
	b = strconv.AppendInt(b, int64(n+1), 10)
	b = append(b, `","fields":{"timespent":null`...)
	if j.summary {
		b = append(b, `,"summary":"`...)
		b = append(b, subject(n)...)
		b = append(b, ` #`...)
		b = strconv.AppendInt(b, int64(n), 10)
		b = append(b, '"')
	}
	if j.created {
		b = append(b, `,"created":"`...)
		b = append(stamp(b, createdAt(n), "+0000"), '"')
	}
	if j.updated {
		t := updatedAt(n)
		if e != nil {
			t = e.updated
		}
		b = append(b, `,"updated":"`...)
		b = append(stamp(b, t, "+0000"), '"')
	}
	if j.labels {
		b = append(b, `,"labels":[`...)
		list := p.s.initialLabels(n)
		if e != nil {
			list = e.labels
		}
		b = append(quoted(b, list), ']')
	}
	if j.prio {
		k := 3
		if !p.s.o.Alike {
			k = 1 + n%5
		}
		if e != nil && e.priority > 0 {
			k = e.priority
		}
		b = append(b, j.priorities[k]...)
	}
	b = append(b, j.constant[n%variants]...)
	return append(b, "}}"...)
}

func quoted(b []byte, list []string) []byte {
	for k, l := range list {
		if k > 0 {
			b = append(b, ',')
		}
		b = append(b, '"')
		b = append(b, l...)
		b = append(b, '"')
	}
	return b
}

// search is what both flavors ask.
type search struct {
	JQL    string   `json:"jql"`
	Fields []string `json:"fields"`
	Size   int      `json:"maxResults"`
	Start  int      `json:"startAt"`
	Token  string   `json:"nextPageToken"`
	IDs    []string `json:"issueIdsOrKeys"`
}

var (
	updatedSince = regexp.MustCompile(`updated >= "?(\d+)`)
	keyAbove     = regexp.MustCompile(`key > "?` + Project + `-(\d+)`)
	keyUpTo      = regexp.MustCompile(`key <= "?` + Project + `-(\d+)`)
	idIn         = regexp.MustCompile(`id in \(([^)]*)\)`)
	keyIn        = regexp.MustCompile(`key IN \(([^)]*)\)`)
	done         = regexp.MustCompile(`statusCategory = "?Done`)
)

// matches is the positions that a JQL matches, in the order of keys. Ranges
// stay ranges: list is nil then.
func (s *Server) matches(jql string) (lo, hi int, list []int) {
	lo, hi = 0, s.o.Issues
	number := func(re *regexp.Regexp, fallback int) int {
		if m := re.FindStringSubmatch(jql); m != nil {
			v, _ := strconv.Atoi(m[1])
			return v
		}
		return fallback
	}
	lo, hi = max(lo, number(keyAbove, 0)), min(hi, number(keyUpTo, hi))
	if done.MatchString(jql) {
		return 0, 0, nil
	}
	if m := updatedSince.FindStringSubmatch(jql); m != nil {
		ms, _ := strconv.ParseInt(m[1], 10, 64)
		list = s.changedSince(time.UnixMilli(ms))
		list = slices.DeleteFunc(list, func(n int) bool { return n < lo || n >= hi })
		return 0, len(list), append([]int{}, list...)
	}
	if m := idIn.FindStringSubmatch(jql); m != nil {
		list = []int{}
		for _, id := range strings.Split(m[1], ",") {
			if n, ok := s.position(strings.TrimSpace(id)); ok && n >= lo && n < hi {
				list = append(list, n)
			}
		}
		return 0, len(list), list
	}
	if m := keyIn.FindStringSubmatch(jql); m != nil {
		list = []int{}
		for _, key := range strings.Split(m[1], ",") {
			number, ok := strings.CutPrefix(strings.Trim(key, ` "`), Project+"-")
			if n, err := strconv.Atoi(number); ok && err == nil && n >= 1 && n <= s.o.Issues {
				list = append(list, n-1)
			}
		}
		return 0, len(list), list
	}
	return lo, max(lo, hi), nil
}

func (s *Server) position(id string) (int, bool) {
	n, err := strconv.Atoi(id)
	return n - firstID, err == nil && n >= firstID && n < firstID+s.o.Issues
}

// page appends the issues at from..to of a match.
func (s *Server) page(b []byte, fields []string, list []int, from, to int) []byte {
	p := s.jira.part(fields)
	for k := from; k < to; k++ {
		if k > from {
			b = append(b, ',')
		}
		n := k
		if list != nil {
			n = list[k]
		}
		b = s.jira.render(b, p, n)
	}
	return b
}

// cloud answers as Jira Cloud; path is without the version.
func (s *Server) cloud(a *answer, r *http.Request, path string, body []byte) {
	s.count(operation(r.Method, path))
	var q search
	if len(body) > 0 && r.Method == http.MethodPost && !strings.HasPrefix(path, "bulk/") {
		if err := json.Unmarshal(body, &q); err != nil {
			return
		}
	}
	switch path {
	case "search/jql":
		s.cloudSearch(a, q)
	case "search/approximate-count":
		lo, hi, _ := s.matches(q.JQL)
		a.json(`{"count":%d}`, hi-lo)
	case "issue/bulkfetch":
		list := []int{}
		for _, id := range q.IDs[:min(len(q.IDs), 100)] {
			if n, ok := s.position(id); ok {
				list = append(list, n)
			}
		}
		b := append(make([]byte, 0, len(list)*2048), `{"expand":"schema,names","issues":[`...)
		a.raw(append(s.page(b, q.Fields, list, 0, len(list)), `],"issueErrors":[]}`...))
	case "changelog/bulkfetch":
		a.json(`{"issueChangeLogs":[]}`)
	case "bulk/issues/fields":
		s.bulkEdit(a, body)
	default:
		s.common(a, r, path, body, "Cloud")
	}
}

// cloudSearch gives at most 5,000 ids or 100 issues a page.
func (s *Server) cloudSearch(a *answer, q search) {
	lo, hi, list := s.matches(q.JQL)
	if q.Token != "" {
		lo, _ = strconv.Atoi(strings.TrimPrefix(q.Token, "after-"))
	}
	most := 100
	if len(q.Fields) == 1 && q.Fields[0] == "id" {
		most = 5000
	}
	to := min(hi, lo+min(max(1, q.Size), most))
	b := append(make([]byte, 0, (to-lo)*1024), `{"issues":[`...)
	if most == 5000 {
		for k := lo; k < to; k++ {
			n := k
			if list != nil {
				n = list[k]
			}
			if k > lo {
				b = append(b, ',')
			}
			b = append(b, `{"id":"`...)
			b = strconv.AppendInt(b, int64(firstID+n), 10)
			b = append(b, `"}`...)
		}
	} else {
		b = s.page(b, q.Fields, list, lo, to)
	}
	if to < hi {
		b = fmt.Appendf(b, `],"nextPageToken":"after-%d","isLast":false}`, to)
	} else {
		b = append(b, `],"isLast":true}`...)
	}
	a.raw(b)
}

// dataCenter answers as Jira Data Center.
func (s *Server) dataCenter(a *answer, r *http.Request, path string, body []byte) {
	s.count(operation(r.Method, path))
	if path != "search" {
		s.common(a, r, path, body, "Server")
		return
	}
	var q search
	if err := json.Unmarshal(body, &q); err != nil {
		return
	}
	lo, hi, list := s.matches(q.JQL)
	total, size := hi-lo, min(max(1, q.Size), 1000)
	from := min(hi, lo+q.Start)
	to := min(hi, from+size)
	if strings.Contains(q.JQL, "DESC") {
		from, to = max(lo, hi-size), hi
	}
	b := fmt.Appendf(make([]byte, 0, (to-from)*2048), `{"expand":"schema,names","startAt":%d,"maxResults":%d,"total":%d,"issues":[`, q.Start, size, total)
	a.raw(append(s.page(b, q.Fields, list, from, to), "]}"...))
}

// operation is the path without what names one issue.
func operation(method, path string) string {
	parts := strings.Split(path, "/")
	for k := range parts {
		if _, err := strconv.Atoi(parts[k]); err == nil {
			parts[k] = "ID"
		}
	}
	return method + " " + strings.Join(parts, "/")
}

// common answers what both flavors share.
func (s *Server) common(a *answer, r *http.Request, path string, body []byte, deployment string) {
	switch {
	case path == "serverInfo":
		a.json(`{"baseUrl":"%s","version":"9.12.0","deploymentType":"%s","serverTitle":"Jira","serverTime":"%s"}`,
			jiraURL, deployment, stamp(nil, s.now().UTC(), "+0000"))
	case path == "myself":
		a.json(`{"accountId":"bot-1","name":"bot","key":"bot","displayName":"Bot","emailAddress":"bot@acme.example","active":true}`)
	case path == "field":
		a.json(`[{"id":"customfield_10016","name":"Story Points","schema":{"type":"number","custom":"com.pyxis.greenhopper.jira:jsw-story-points"}},` +
			`{"id":"customfield_10050","name":"Customer tier","schema":{"type":"option","custom":"com.atlassian.jira.plugin.system.customfieldtypes:select"}}]`)
	case path == "priority":
		a.json(`[%s,%s,%s,%s,%s]`, priority(1), priority(2), priority(3), priority(4), priority(5))
	case path == "status":
		a.json(`[%s,%s,%s]`, jiraValues["status"](s, 0), jiraValues["status"](s, 1), jiraValues["status"](s, 2))
	case path == "project/"+Project:
		a.json(`{"id":"10000","key":"PAY","name":"Payments","projectTypeKey":"software","style":"classic"}`)
	case path == "mypermissions":
		a.json(`{"permissions":{"BROWSE_PROJECTS":{"id":"10","key":"BROWSE_PROJECTS","havePermission":true}}}`)
	case strings.HasSuffix(path, "/editmeta"):
		a.json(`{"fields":{"labels":{"required":false},"assignee":{"required":false},"duedate":{"required":false},"priority":{"required":false,"allowedValues":[%s,%s,%s,%s,%s]}}}`,
			priority(1), priority(2), priority(3), priority(4), priority(5))
	case strings.HasPrefix(path, "bulk/queue/"):
		a.json(`{"taskId":"1","status":"COMPLETE","progressPercent":100}`)
	case r.Method == http.MethodPut && strings.HasPrefix(path, "issue/"):
		s.editOne(a, strings.TrimPrefix(path, "issue/"), body)
	}
}

func (s *Server) editOne(a *answer, id string, body []byte) {
	var in struct {
		Update struct {
			Labels []map[string]string `json:"labels"`
		} `json:"update"`
		Fields struct {
			Priority struct {
				ID string `json:"id"`
			} `json:"priority"`
		} `json:"fields"`
	}
	n, ok := s.position(id)
	if err := json.Unmarshal(body, &in); err != nil || !ok {
		return
	}
	var add, remove []string
	for _, l := range in.Update.Labels {
		if l["add"] != "" {
			add = append(add, l["add"])
		}
		if l["remove"] != "" {
			remove = append(remove, l["remove"])
		}
	}
	s.apply(n, add, remove, in.Fields.Priority.ID)
	b := append([]byte{}, s.jira.render(nil, s.jira.part([]string{"updated"}), n)...)
	a.raw(b)
}

func (s *Server) bulkEdit(a *answer, body []byte) {
	var in struct {
		IDs   []string `json:"selectedIssueIdsOrKeys"`
		Input struct {
			Labels []struct {
				How    string              `json:"bulkEditMultiSelectFieldOption"`
				Labels []map[string]string `json:"labels"`
			} `json:"labelsFields"`
			Priority struct {
				ID string `json:"priorityId"`
			} `json:"priority"`
		} `json:"editedFieldsInput"`
	}
	if err := json.Unmarshal(body, &in); err != nil || len(in.IDs) > 1000 {
		return
	}
	var add, remove []string
	for _, f := range in.Input.Labels {
		for _, l := range f.Labels {
			if f.How == "REMOVE" {
				remove = append(remove, l["name"])
			} else {
				add = append(add, l["name"])
			}
		}
	}
	for _, id := range in.IDs {
		if n, ok := s.position(id); ok {
			s.apply(n, add, remove, in.Input.Priority.ID)
		}
	}
	a.json(`{"taskId":"1"}`)
}

// apply writes labels and a priority to an issue.
func (s *Server) apply(n int, add, remove []string, prio string) {
	s.write(n, func(e *edit) {
		list := slices.DeleteFunc(slices.Clone(e.labels), func(l string) bool { return slices.Contains(remove, l) || slices.Contains(add, l) })
		e.labels = append(list, add...)
		if k, err := strconv.Atoi(prio); err == nil {
			e.priority = k
		}
	})
}
