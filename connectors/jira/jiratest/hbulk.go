package jiratest

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// task is one bulk edit on its way.
type task struct {
	id      string
	by      *User
	created time.Time
	due     time.Time
	issues  []int64
	invalid int
	apply   func(d *issue) string // returns the refusal
	done    bool
	good    []int64
	failed  map[int64]string
}

// bulkRequest is the body of POST bulk/issues/fields, with the edits that the
// simulator knows.
type bulkRequest struct {
	IDs     []string  `json:"selectedIssueIdsOrKeys"`
	Actions []string  `json:"selectedActions"`
	Notify  *bool     `json:"sendBulkNotification"`
	Input   bulkInput `json:"editedFieldsInput"`
}

type bulkInput struct {
	Labels []struct {
		FieldID string `json:"fieldId"`
		Option  string `json:"bulkEditMultiSelectFieldOption"`
		Labels  []struct {
			Name string `json:"name"`
		} `json:"labels"`
	} `json:"labelsFields"`
	Priority *struct {
		ID string `json:"priorityId"`
	} `json:"priority"`
	Dates []struct {
		FieldID string `json:"fieldId"`
		Date    *struct {
			Text string `json:"formattedDate"`
		} `json:"date"`
	} `json:"datePickerFields"`
	Users []struct {
		FieldID string `json:"fieldId"`
		User    *struct {
			AccountID string `json:"accountId"`
		} `json:"user"`
	} `json:"singleSelectClearableUserPickerFields"`
}

// bulkTasks is how many bulk operations may run at a time on the site.
const bulkTasks = 5

// bulkEdit submits the same change for many issues.
func (c *call) bulkEdit() reply {
	var q bulkRequest
	if rep := c.decode(&q); rep != nil {
		return *rep
	}
	if c.user.NoBulkChange {
		return c.bulkFail(403, c.s.text(msgBulkPermission))
	}
	switch {
	case len(q.IDs) == 0 || len(q.IDs) > 1000:
		return c.bulkFail(400, "The number of selected issues must be between 1 and 1000.")
	case len(q.Actions) == 0 || len(q.Actions) > 200:
		return c.bulkFail(400, "The number of selected actions must be between 1 and 200.")
	case c.running() >= bulkTasks:
		return c.bulkFail(400, "There are too many bulk operations in progress.")
	}
	apply, problem := c.bulkApply(&q)
	if problem != "" {
		return c.bulkFail(400, problem)
	}
	t := &task{id: strconv.FormatInt(c.s.nextID(), 10), by: c.user, created: c.now, due: c.now.Add(c.s.opt.BulkTime), apply: apply, failed: map[int64]string{}}
	for _, id := range q.IDs {
		if r := c.s.find(id); r != nil && c.s.browse(r.cur) {
			t.issues = append(t.issues, r.id)
		} else {
			t.invalid++
		}
	}
	c.s.tasks = append(c.s.tasks, t)
	w := c.writer()
	w.obj()
	w.kstr("taskId", t.id)
	w.end()
	return reply{status: 201, body: w.b}
}

func (c *call) bulkFail(status int, text string) reply {
	w := c.writer()
	w.obj()
	w.key("errors")
	w.arr()
	w.obj()
	w.kstr("message", text)
	w.end()
	w.endArr()
	w.end()
	return reply{status: status, body: w.b}
}

func (c *call) running() (n int) {
	for _, t := range c.s.tasks {
		if !t.done {
			n++
		}
	}
	return n
}

// bulkApply builds the edit of one issue. Every edited field must be among the
// selected actions and the other way round.
func (c *call) bulkApply(q *bulkRequest) (func(*issue) string, string) {
	var steps []func(*issue) string
	var ids []string
	step := func(id string, f func(*issue) string) {
		ids = append(ids, id)
		steps = append(steps, func(d *issue) string {
			if !c.editable(d, id) {
				return c.s.text(msgNotOnScreen, id)
			}
			return f(d)
		})
	}
	for _, l := range q.Input.Labels {
		var names []string
		for _, n := range l.Labels {
			if e := c.badLabel(n.Name); e != "" {
				return nil, e
			}
			names = append(names, n.Name)
		}
		if !slices.Contains([]string{"ADD", "REMOVE", "REPLACE", "REMOVE_ALL"}, l.Option) {
			return nil, "Unknown option " + l.Option
		}
		step(l.FieldID, func(d *issue) string { d.labels = bulkLabels(d.labels, l.Option, names); return "" })
	}
	if p := q.Input.Priority; p != nil {
		step("priority", func(d *issue) string { return c.setPriority(d, []byte(`{"id":`+strconv.Quote(p.ID)+`}`)) })
	}
	for _, f := range q.Input.Dates {
		due := ""
		if f.Date != nil {
			var ok bool
			if due, ok = bulkDate(f.Date.Text); !ok {
				return nil, c.s.text(msgBadDay, f.Date.Text)
			}
		}
		step(f.FieldID, func(d *issue) string { d.due = due; return "" })
	}
	for _, f := range q.Input.Users {
		var u *User
		if f.User != nil {
			var e string
			if u, _, e = c.assignableUser(f.User.AccountID); e != "" {
				return nil, e
			}
		}
		step(f.FieldID, func(d *issue) string { d.assignee = u; return "" })
	}
	slices.Sort(ids)
	actions := slices.Sorted(slices.Values(q.Actions))
	if !slices.Equal(slices.Compact(ids), slices.Compact(actions)) {
		return nil, "selectedActions and editedFieldsInput do not name the same fields."
	}
	return func(d *issue) string {
		for _, f := range steps {
			if e := f(d); e != "" {
				return e
			}
		}
		return ""
	}, ""
}

func bulkLabels(have []string, option string, names []string) []string {
	switch option {
	case "ADD":
		return sortedSet(append(slices.Clone(have), names...))
	case "REMOVE":
		return slices.DeleteFunc(slices.Clone(have), func(l string) bool { return slices.Contains(names, l) })
	case "REPLACE":
		return sortedSet(names)
	}
	return nil
}

// bulkDate reads the date forms of the bulk edit, which are not ISO.
func bulkDate(s string) (string, bool) {
	for _, layout := range []string{"2/Jan/06", "02/Jan/06", "02-01-2006"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.Format(time.DateOnly), true
		}
	}
	return "", false
}

// settle applies the bulk edits whose time has come.
func (s *Server) settle() {
	now := s.now()
	s.mu.RLock()
	due := slices.ContainsFunc(s.tasks, func(t *task) bool { return s.ripe(t, now) })
	s.mu.RUnlock()
	if !due {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.tasks {
		if s.ripe(t, now) {
			s.runTask(t)
		}
	}
}

func (s *Server) ripe(t *task, now time.Time) bool {
	return !t.done && !t.due.After(now) && !s.traps().BulkStuck
}

func (s *Server) runTask(t *task) {
	t.done = true
	for _, id := range t.issues {
		r := s.byID[id]
		if r == nil || r.cur.deleted {
			t.invalid++
			continue
		}
		if why, bad := s.traps().BulkFail[r.cur.key]; bad {
			t.failed[id] = why
			continue
		}
		d := *r.cur
		if why := t.apply(&d); why != "" {
			t.failed[id] = why
			continue
		}
		s.edit(r, t.by, t.due, nil, func(i *issue) { *i = d })
		t.good = append(t.good, id)
	}
}

func (c *call) findTask() *task {
	for _, t := range c.s.tasks {
		if t.id == c.args[0] {
			return t
		}
	}
	return nil
}

// bulkTask reports the progress. COMPLETE does not mean that all went well.
func (c *call) bulkTask() reply {
	t := c.findTask()
	if t == nil {
		return c.bulkFail(404, c.s.text(msgNoTask, c.args[0]))
	}
	w := c.writer()
	w.obj()
	w.kstr("taskId", t.id)
	status, percent := "COMPLETE", 100
	if !t.done {
		status, percent = "RUNNING", 50
	}
	w.kstr("status", status)
	w.kint("progressPercent", percent)
	w.key("submittedBy")
	w.obj()
	w.kstr("accountId", t.by.AccountID)
	w.end()
	w.key("created")
	w.int(t.created.UnixMilli())
	w.key("started")
	w.int(t.created.UnixMilli())
	w.key("updated")
	w.int(c.now.UnixMilli())
	w.kint("totalIssueCount", len(t.issues)+t.invalid)
	w.kint("invalidOrInaccessibleIssueCount", t.invalid)
	w.key("processedAccessibleIssues")
	w.arr()
	for _, id := range t.good {
		w.int(id)
	}
	w.endArr()
	w.key("failedAccessibleIssues")
	w.obj()
	for _, id := range t.issues {
		if why, bad := t.failed[id]; bad {
			w.key(idText(id))
			w.strs([]string{why})
		}
	}
	w.end()
	w.end()
	return ok(w)
}

// taskGet is the general view of a task.
func (c *call) taskGet() reply {
	t := c.findTask()
	if t == nil {
		return c.message(404, msgNoTask, c.args[0])
	}
	w := c.writer()
	w.obj()
	w.kstr("self", c.s.self("task/"+t.id))
	w.kstr("id", t.id)
	w.kstr("description", "Bulk edit")
	w.kstr("status", map[bool]string{true: "COMPLETE", false: "RUNNING"}[t.done])
	w.kint("submittedBy", 10000)
	w.kint("progress", map[bool]int{true: 100, false: 50}[t.done])
	for _, k := range []string{"submitted", "started", "lastUpdate"} {
		w.key(k)
		w.int(t.created.UnixMilli())
	}
	w.kint("elapsedRuntime", int(c.now.Sub(t.created).Milliseconds()))
	w.end()
	return ok(w)
}

// bulkFields lists the fields that a bulk edit may set on all given issues.
func (c *call) bulkFields() reply {
	ids := splitList(c.q["issueIdsOrKeys"])
	if c.user.NoBulkChange {
		return c.bulkFail(403, c.s.text(msgBulkPermission))
	}
	list, _ := c.direct(ids)
	if len(list) == 0 {
		return c.bulkFail(404, c.s.text(msgNoIssue))
	}
	search := strings.ToLower(c.q.Get("searchText"))
	w := c.writer()
	w.obj()
	w.key("fields")
	w.arr()
	for _, id := range []string{"assignee", "duedate", "labels", "priority"} {
		f := c.s.sys[id]
		if !strings.Contains(strings.ToLower(f.name), search) || slices.ContainsFunc(list, func(i *issue) bool { return !c.editable(i, id) }) {
			continue
		}
		w.obj()
		w.kstr("id", id)
		w.kstr("name", f.name)
		w.kstr("type", id)
		w.kbool("isRequired", false)
		if id == "labels" {
			w.key("multiSelectFieldOptions")
			w.strs([]string{"ADD", "REMOVE", "REPLACE", "REMOVE_ALL"})
		}
		if id == "priority" {
			c.bulkPriorities(w, list)
		}
		w.end()
	}
	w.endArr()
	w.end()
	return ok(w)
}

// bulkPriorities are those that every chosen issue's scheme has.
func (c *call) bulkPriorities(w *writer, list []*issue) {
	w.key("fieldOptions")
	w.arr()
	for _, p := range c.s.priorities {
		if slices.ContainsFunc(list, func(i *issue) bool { return !slices.Contains(c.s.scheme(i.proj), p) }) {
			continue
		}
		w.obj()
		w.kstr("id", p.ID)
		w.kstr("priority", p.Name)
		w.kstr("description", "")
		w.end()
	}
	w.endArr()
}
