package jiratest

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"slices"
	"sort"
	"strconv"
	"strings"
	"sync"
	"time"
)

// tokenLife is how long a page token stays good.
const tokenLife = 7 * 24 * time.Hour

// cursor is where a page ended: after the version of an issue that was
// delivered last, in the order of the query. An issue that moves while a
// client pages is met again or not, but none that stays is passed over.
type cursor struct {
	query uint64
	done  int
	last  *issue
	until time.Time
}

// cursors are the page tokens that are out.
type cursors struct {
	mu   sync.Mutex
	byID map[string]cursor
}

// maxCursors bounds the tokens that are remembered.
const maxCursors = 200_000

func (cs *cursors) put(c cursor) string {
	raw := fmt.Sprintf("%x.%d.%d.%d", c.query, c.done, c.last.id, c.last.since.UnixMilli())
	token := base64.RawURLEncoding.EncodeToString([]byte(raw))
	cs.mu.Lock()
	defer cs.mu.Unlock()
	if cs.byID == nil || len(cs.byID) >= maxCursors {
		cs.byID = map[string]cursor{}
	}
	cs.byID[token] = c
	return token
}

func (cs *cursors) get(token string, query uint64, now time.Time) (cursor, bool) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	c, ok := cs.byID[token]
	return c, ok && c.query == query && now.Before(c.until)
}

// searchRequest is the body of POST search/jql.
type searchRequest struct {
	JQL           string   `json:"jql"`
	NextPageToken string   `json:"nextPageToken"`
	MaxResults    *int     `json:"maxResults"`
	Fields        []string `json:"fields"`
	Expand        string   `json:"expand"`
	Properties    []string `json:"properties"`
	FieldsByKeys  bool     `json:"fieldsByKeys"`
	Reconcile     []int64  `json:"reconcileIssues"`
}

// fromQuery reads the same request off a GET.
func (q *searchRequest) fromQuery(c *call) *reply {
	q.JQL, q.NextPageToken, q.Expand = c.q.Get("jql"), c.q.Get("nextPageToken"), c.q.Get("expand")
	q.Fields, q.Properties = c.q["fields"], splitList(c.q["properties"])
	if m := c.q.Get("maxResults"); m != "" {
		n, err := strconv.Atoi(m)
		if err != nil {
			return ptr(c.message(400, msgMaxResults, 1, searchMax))
		}
		q.MaxResults = &n
	}
	for _, id := range splitList(c.q["reconcileIssues"]) {
		n, err := strconv.ParseInt(id, 10, 64)
		if err != nil {
			return ptr(c.message(400, msgBadValue, "reconcileIssues"))
		}
		q.Reconcile = append(q.Reconcile, n)
	}
	return nil
}

func splitList(list []string) []string {
	var out []string
	for _, l := range list {
		for p := range strings.SplitSeq(l, ",") {
			if p = strings.TrimSpace(p); p != "" {
				out = append(out, p)
			}
		}
	}
	return out
}

const (
	searchMax    = 5000 // page ceiling when only ids are asked for
	searchFields = 100  // page ceiling with fields
)

// searchJQL is Cloud's search.
func (c *call) searchJQL() reply {
	var q searchRequest
	if c.r.Method == "POST" {
		if rep := c.decode(&q); rep != nil {
			return *rep
		}
	} else if rep := q.fromQuery(c); rep != nil {
		return *rep
	}
	size, rep := c.searchSize(&q)
	if rep != nil {
		return *rep
	}
	f, err := c.s.search(c, q.JQL, false, q.Reconcile)
	if err != nil {
		return c.failed(err)
	}
	h := fnv.New64a()
	h.Write([]byte(q.JQL))
	cur := cursor{query: h.Sum64(), until: c.now.Add(tokenLife)}
	from := 0
	if q.NextPageToken != "" {
		prev, ok := c.s.cursors.get(q.NextPageToken, cur.query, c.now)
		if !ok {
			return c.message(400, msgBadToken)
		}
		cur.done = prev.done
		from = sort.Search(len(f.issues), func(i int) bool { return f.less(f.issues[i], prev.last) > 0 })
		from = max(0, from-c.s.traps().Overlap)
	}
	to := min(from+size, len(f.issues))
	return c.searchPage(&q, f.issues[from:to], len(f.issues)-to, cur)
}

// searchSize checks the request's limits and returns the page size.
func (c *call) searchSize(q *searchRequest) (int, *reply) {
	size := 50
	if q.MaxResults != nil {
		size = *q.MaxResults
	}
	if size < 1 || size > searchMax {
		return 0, ptr(c.message(400, msgMaxResults, 1, searchMax))
	}
	if len(q.Properties) > 5 {
		return 0, ptr(c.message(400, msgTooMany, "properties", 5))
	}
	if len(q.Reconcile) > 50 {
		return 0, ptr(c.message(400, msgTooMany, "reconcileIssues", 50))
	}
	if hasFields(q.Fields) {
		size = min(size, searchFields)
	}
	if limit := c.s.traps().PageCap; limit > 0 {
		size = min(size, limit)
	}
	return size, nil
}

// hasFields reports whether more than ids and keys is asked for.
func hasFields(asked []string) bool {
	for _, f := range splitList(asked) {
		if f != "id" && f != "key" && f != "issuekey" {
			return true
		}
	}
	return false
}

func (c *call) searchPage(q *searchRequest, page []*issue, left int, cur cursor) reply {
	o := issueOptions{properties: q.Properties, changelog: strings.Contains(q.Expand, "changelog"), embedMax: 40}
	if hasFields(q.Fields) {
		o.fields = c.fieldSet(q.Fields, "id")
	}
	w := c.issuesWriter(len(page), o)
	w.obj()
	w.key("issues")
	w.arr()
	for _, i := range page {
		c.searchIssue(w, i, o, q.Fields)
	}
	w.endArr()
	if strings.Contains(q.Expand, "names") {
		c.names(w, o.fields)
	}
	cur.done += len(page)
	last := left == 0 || len(page) == 0
	if n := c.s.traps().StopAfter; n > 0 && cur.done >= n {
		last = true
	}
	if !last {
		w.key("nextPageToken")
		if c.s.traps().RepeatToken && q.NextPageToken != "" {
			w.str(q.NextPageToken)
		} else {
			cur.last = page[len(page)-1]
			w.str(c.s.cursors.put(cur))
		}
	}
	w.kbool("isLast", last)
	w.end()
	c.s.limit.spend(len(page))
	return ok(w)
}

// issuesWriter sizes the buffer for so many issues.
func (c *call) issuesWriter(n int, o issueOptions) *writer {
	per := 128
	if len(o.fields.ids) > 0 {
		per = 3000
	}
	w := c.writer()
	w.b = make([]byte, 0, 256+n*per)
	return w
}

// searchIssue writes an issue of a search; without fields it is the id alone.
func (c *call) searchIssue(w *writer, i *issue, o issueOptions, asked []string) {
	if len(o.fields.ids) > 0 || len(o.properties) > 0 || o.changelog || hasFields(asked) || slices.Contains(splitList(asked), "key") {
		c.issue(w, i, o)
		return
	}
	w.obj()
	w.kstr("id", idText(i.id))
	w.end()
}

// names writes the display names of the answered fields.
func (c *call) names(w *writer, set fieldSet) {
	w.key("names")
	w.obj()
	for _, id := range set.ids {
		if f := c.s.sys[id]; f != nil {
			w.kstr(id, f.name)
		} else if f := c.s.fieldByID[id]; f != nil {
			w.kstr(id, f.Name)
		}
	}
	w.end()
}

// count is an estimate: as late as the index.
func (c *call) count() reply {
	var q struct {
		JQL string `json:"jql"`
	}
	if rep := c.decode(&q); rep != nil {
		return *rep
	}
	f, err := c.s.search(c, q.JQL, false, nil)
	if err != nil {
		return c.failed(err)
	}
	w := c.writer()
	w.obj()
	w.kint("count", len(f.issues))
	w.end()
	return ok(w)
}

// oldRequest is the body of Data Center's POST search.
type oldRequest struct {
	JQL           string          `json:"jql"`
	StartAt       int             `json:"startAt"`
	MaxResults    *int            `json:"maxResults"`
	Fields        []string        `json:"fields"`
	Expand        []string        `json:"expand"`
	ValidateQuery json.RawMessage `json:"validateQuery"`
}

// oldSearch is Data Center's search, which Cloud has removed.
func (c *call) oldSearch() reply {
	if c.s.cloud() {
		return c.message(410, msgGone)
	}
	q := oldRequest{JQL: c.q.Get("jql"), Fields: c.q["fields"], Expand: splitList(c.q["expand"])}
	lenient := false
	if c.r.Method == "POST" {
		q = oldRequest{}
		if rep := c.decode(&q); rep != nil {
			return *rep
		}
		lenient = strings.Contains(string(q.ValidateQuery), "none") || string(q.ValidateQuery) == "false"
	} else {
		q.StartAt, _ = strconv.Atoi(c.q.Get("startAt"))
		if n, err := strconv.Atoi(c.q.Get("maxResults")); err == nil {
			q.MaxResults = &n
		}
		v := c.q.Get("validateQuery")
		lenient = v == "none" || v == "false"
	}
	f, err := c.s.search(c, q.JQL, lenient, nil)
	if err != nil {
		return c.failed(err)
	}
	return c.oldPage(&q, f.issues)
}

// searchWindow is the wall of newer index engines.
const searchWindow = 10_000

func (c *call) oldPage(q *oldRequest, all []*issue) reply {
	size := 50
	if q.MaxResults != nil {
		size = *q.MaxResults
	}
	if size < 0 || q.StartAt < 0 {
		return c.message(400, msgBadValue, "maxResults")
	}
	size = min(size, c.s.opt.ViewsMax)
	t := c.s.traps()
	if t.PageCap > 0 {
		size = min(size, t.PageCap)
	}
	if t.SearchWindow && q.StartAt+size > searchWindow {
		return c.fail(500, "Search limit exceeded")
	}
	start := q.StartAt
	if start > 0 {
		start = max(0, start-t.Overlap)
	}
	from, to := slicePage(len(all), start, size)
	o := issueOptions{fields: c.fieldSet(q.Fields, "*navigable"), changelog: slices.Contains(q.Expand, "changelog")}
	w := c.issuesWriter(to-from, o)
	w.obj()
	w.kstr("expand", "schema,names")
	w.kint("startAt", q.StartAt)
	w.kint("maxResults", size)
	w.kint("total", len(all))
	w.key("issues")
	w.arr()
	for _, i := range all[from:to] {
		c.issue(w, i, o)
	}
	w.endArr()
	w.end()
	return ok(w)
}

// fetchRequest is the body of issue/bulkfetch.
type fetchRequest struct {
	IDs          []string `json:"issueIdsOrKeys"`
	Fields       []string `json:"fields"`
	Expand       []string `json:"expand"`
	Properties   []string `json:"properties"`
	FieldsByKeys bool     `json:"fieldsByKeys"`
}

// bulkFetch reads issues directly. What is missing or hidden is in neither of
// the answer's lists.
func (c *call) bulkFetch() reply {
	var q fetchRequest
	if rep := c.decode(&q); rep != nil {
		return *rep
	}
	switch {
	case len(q.IDs) == 0:
		return c.message(400, msgBadValue, "issueIdsOrKeys")
	case len(q.IDs) > 100:
		return c.message(400, msgTooMany, "issueIdsOrKeys", 100)
	case len(q.Properties) > 5:
		return c.message(400, msgTooMany, "properties", 5)
	}
	o := issueOptions{
		fields: c.fieldSet(q.Fields, "*navigable"), properties: q.Properties,
		changelog: slices.Contains(q.Expand, "changelog"), embedMax: 40,
	}
	list, bad := c.direct(q.IDs)
	w := c.issuesWriter(len(list), o)
	w.obj()
	w.kstr("expand", "schema,names")
	w.key("issues")
	w.arr()
	for _, i := range list {
		c.issue(w, i, o)
	}
	w.endArr()
	w.key("issueErrors")
	w.arr()
	for _, i := range bad {
		w.obj()
		w.kstr("id", idText(i.id))
		w.kstr("errorMessage", "The issue could not be loaded. Try again.")
		w.end()
	}
	w.endArr()
	w.end()
	c.s.limit.spend(len(list))
	return ok(w)
}

// direct finds the visible issues of a list by id order; bad are those that
// the trap IssueErrors holds back.
func (c *call) direct(ids []string) (list, bad []*issue) {
	seen := map[int64]bool{}
	for _, id := range ids {
		r := c.s.find(id)
		if r == nil || c.user == nil || !c.s.browse(r.cur) || seen[r.id] {
			continue
		}
		seen[r.id] = true
		if slices.Contains(c.s.traps().IssueErrors, r.cur.key) {
			bad = append(bad, r.cur)
			continue
		}
		list = append(list, r.cur)
	}
	slices.SortFunc(list, func(a, b *issue) int { return int(a.id - b.id) })
	return list, bad
}
