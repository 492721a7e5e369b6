package jiratest

import (
	"strconv"
	"strings"
	"time"
)

// target finds the issue that the call's path names, or the 404 that does not
// tell missing from hidden.
func (c *call) target() (*rec, *reply) {
	r := c.s.find(c.args[0])
	if r == nil || c.user == nil || !c.s.browse(r.cur) {
		return nil, ptr(c.message(404, msgNoIssue))
	}
	return r, nil
}

// issueGet reads one issue.
func (c *call) issueGet() reply {
	r, rep := c.target()
	if rep != nil {
		return *rep
	}
	o := issueOptions{
		fields: c.fieldSet(c.q["fields"], "*all"), properties: splitList(c.q["properties"]),
		changelog: strings.Contains(c.q.Get("expand"), "changelog"), embedMax: 100,
	}
	w := c.issuesWriter(1, o)
	c.issue(w, r.cur, o)
	return ok(w)
}

// embeddedChangelog is the expansion inside an issue: on Cloud the newest
// entries first and only so many, on Data Center all of them, oldest first.
func (c *call) embeddedChangelog(w *writer, i *issue, most int) {
	h := i.history
	w.obj()
	w.kint("startAt", 0)
	if !c.s.cloud() {
		most = len(h)
	}
	n := min(most, len(h))
	w.kint("maxResults", n)
	w.kint("total", len(h))
	w.key("histories")
	w.arr()
	for k := range n {
		e := h[k]
		if c.s.cloud() {
			e = h[len(h)-1-k]
		}
		c.change(w, e, nil, 0)
	}
	w.endArr()
	w.end()
}

// change writes one history entry with the items of the asked fields. epoch
// writes the time as a number: 1 seconds, 2 milliseconds.
func (c *call) change(w *writer, h *Change, fields []string, epoch int) {
	w.obj()
	w.kstr("id", h.ID)
	if h.Author != "" {
		w.key("author")
		c.userRef(w, c.s.users[h.Author])
	}
	w.key("created")
	switch epoch {
	case 0:
		c.time(w, h.At)
	case 1:
		w.int(h.At.Unix())
	default:
		w.int(h.At.UnixMilli())
	}
	w.key("items")
	w.arr()
	for _, it := range h.Items {
		if wanted(it, fields) {
			c.item(w, it)
		}
	}
	w.endArr()
	if h.Metadata != nil {
		w.key("historyMetadata")
		w.raw(h.Metadata)
	}
	w.end()
}

func (c *call) item(w *writer, it Item) {
	w.obj()
	w.kstr("field", it.Field)
	w.kstr("fieldtype", it.FieldType)
	if c.s.cloud() && it.FieldID != "" {
		w.kstr("fieldId", it.FieldID)
	}
	w.key("from")
	w.strOrNull(it.From)
	w.key("fromString")
	textOrNull(w, it.FromString, it.FieldID)
	w.key("to")
	w.strOrNull(it.To)
	w.key("toString")
	textOrNull(w, it.ToString, it.FieldID)
	w.end()
}

// textOrNull writes null for no value, but "" for labels and texts, as Jira.
func textOrNull(w *writer, s, field string) {
	if s == "" && field != "labels" && field != "summary" {
		w.null()
		return
	}
	w.str(s)
}

func wanted(it Item, fields []string) bool {
	if len(fields) == 0 {
		return true
	}
	for _, f := range fields {
		if f == it.FieldID {
			return true
		}
	}
	return false
}

// changelog pages the history, oldest first. Data Center before 11 has none.
func (c *call) changelog() reply {
	if major, _, _ := strings.Cut(c.s.opt.Version, "."); !c.s.cloud() && atoi(major) < 11 {
		return *c.nowhere()
	}
	r, rep := c.target()
	if rep != nil {
		return *rep
	}
	start, size := c.page(100, 100)
	h := r.cur.history
	from, to := slicePage(len(h), start, size)
	w := c.writer()
	w.obj()
	w.kstr("self", c.s.self("issue/"+idText(r.id)+"/changelog"))
	c.pageHead(w, start, size, len(h))
	w.key("values")
	w.arr()
	for _, e := range h[from:to] {
		c.change(w, e, nil, 0)
	}
	w.endArr()
	w.end()
	return ok(w)
}

func (c *call) pageHead(w *writer, start, size, total int) {
	w.kint("maxResults", size)
	w.kint("startAt", start)
	w.kint("total", total)
	w.kbool("isLast", start+size >= total)
}

func atoi(s string) int {
	n, _ := strconv.Atoi(s)
	return n
}

// changelogList reads entries by id.
func (c *call) changelogList() reply {
	r, rep := c.target()
	if rep != nil {
		return *rep
	}
	var q struct {
		IDs []int64 `json:"changelogIds"`
	}
	if rep := c.decode(&q); rep != nil {
		return *rep
	}
	want := map[string]bool{}
	for _, id := range q.IDs {
		want[idText(id)] = true
	}
	w := c.writer()
	w.obj()
	w.kint("startAt", 0)
	w.kint("maxResults", len(q.IDs))
	w.kint("total", len(q.IDs))
	w.key("histories")
	w.arr()
	for _, h := range r.cur.history {
		if want[h.ID] {
			c.change(w, h, nil, 0)
		}
	}
	w.endArr()
	w.end()
	return ok(w)
}

// changelogRequest is the body of changelog/bulkfetch.
type changelogRequest struct {
	IDs           []string `json:"issueIdsOrKeys"`
	FieldIDs      []string `json:"fieldIds"`
	MaxResults    *int     `json:"maxResults"`
	NextPageToken string   `json:"nextPageToken"`
}

// changelogBulk reads the histories of many issues, grouped by issue, oldest
// entry first. One issue's entries may be split over pages.
func (c *call) changelogBulk() reply {
	var q changelogRequest
	if rep := c.decode(&q); rep != nil {
		return *rep
	}
	size := 1000
	if q.MaxResults != nil {
		size = *q.MaxResults
	}
	switch {
	case len(q.IDs) < 1 || len(q.IDs) > 1000:
		return c.message(400, msgTooMany, "issueIdsOrKeys", 1000)
	case len(q.FieldIDs) > 10:
		return c.message(400, msgTooMany, "fieldIds", 10)
	case size < 1 || size > 10_000:
		return c.message(400, msgMaxResults, 1, 10_000)
	}
	skip := 0
	if q.NextPageToken != "" {
		n, err := strconv.Atoi(strings.TrimPrefix(q.NextPageToken, "cl-"))
		if err != nil || !strings.HasPrefix(q.NextPageToken, "cl-") {
			return c.message(400, msgBadToken)
		}
		skip = n
	}
	if limit := c.s.traps().PageCap; limit > 0 {
		size = min(size, limit)
	}
	list, _ := c.direct(q.IDs)
	w := c.writer()
	w.obj()
	w.key("issueChangeLogs")
	w.arr()
	more := c.changelogPage(w, list, q.FieldIDs, skip, size)
	w.endArr()
	if more {
		w.kstr("nextPageToken", "cl-"+strconv.Itoa(skip+size))
	}
	w.end()
	return ok(w)
}

// changelogPage writes size entries after the first skip ones and reports
// whether any are left.
func (c *call) changelogPage(w *writer, list []*issue, fields []string, skip, size int) (more bool) {
	epoch := c.s.traps().EpochChangelog
	at := 0
	for _, i := range list {
		open := false
		for _, h := range i.history {
			if !anyWanted(h, fields) {
				continue
			}
			at++
			if at <= skip {
				continue
			}
			if at > skip+size {
				if open {
					w.endArr()
					w.end()
				}
				return true
			}
			if !open {
				open = true
				w.obj()
				w.kstr("issueId", idText(i.id))
				w.key("changeHistories")
				w.arr()
			}
			c.change(w, h, fields, epoch)
		}
		if open {
			w.endArr()
			w.end()
		}
	}
	return false
}

func anyWanted(h *Change, fields []string) bool {
	for _, it := range h.Items {
		if wanted(it, fields) {
			return true
		}
	}
	return false
}

// watchers and votes are the sub-resources behind the counts.
func (c *call) watchers() reply {
	r, rep := c.target()
	if rep != nil {
		return *rep
	}
	w := c.writer()
	w.obj()
	w.kstr("self", c.s.self("issue/"+r.cur.key+"/watchers"))
	w.kbool("isWatching", false)
	w.kint("watchCount", r.cur.watches)
	w.key("watchers")
	w.arr()
	w.endArr()
	w.end()
	return ok(w)
}

func (c *call) votes() reply {
	r, rep := c.target()
	if rep != nil {
		return *rep
	}
	w := c.writer()
	w.obj()
	w.kstr("self", c.s.self("issue/"+r.cur.key+"/votes"))
	w.kint("votes", r.cur.votes)
	w.kbool("hasVoted", false)
	w.key("voters")
	w.arr()
	w.endArr()
	w.end()
	return ok(w)
}

// remoteLinks answers an array although the schema says object (facts §13).
func (c *call) remoteLinks() reply {
	if _, rep := c.target(); rep != nil {
		return *rep
	}
	return reply{status: 200, body: []byte("[]")}
}

// deskSLA is Service Management's view of the SLA fields of a request.
func (c *call) deskSLA() reply {
	r, rep := c.target()
	if rep != nil {
		return *rep
	}
	if !r.cur.proj.desk() {
		return c.fail(404, "The request does not exist.")
	}
	var list []SLA
	for _, f := range c.s.fields {
		if v, ok := r.cur.custom[f.ID].(SLA); ok {
			list = append(list, v)
		}
	}
	w := c.writer()
	w.obj()
	w.kint("size", len(list))
	w.kint("start", 0)
	w.kint("limit", 50)
	w.kbool("isLastPage", true)
	w.key("values")
	w.arr()
	for i, v := range list {
		w.obj()
		w.kstr("id", strconv.Itoa(i+1))
		w.kstr("name", v.Name)
		c.slaCycles(w, v)
		w.end()
	}
	w.endArr()
	w.end()
	return ok(w)
}

// day reports whether s is a date of the form YYYY-MM-DD.
func day(s string) bool {
	_, err := time.Parse(time.DateOnly, s)
	return err == nil
}
