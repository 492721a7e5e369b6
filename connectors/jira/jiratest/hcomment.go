package jiratest

import (
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// commentMax is the number of comments that an issue can hold.
const commentMax = 5000

// inlineComments is how many comments come with a search on Cloud.
const inlineComments = 20

// commentField is the field "comment" of an issue.
func (c *call) commentField(w *writer, i *issue) {
	list := i.comments
	if c.s.cloud() && c.route.op == "search" {
		list = list[:min(len(list), inlineComments)]
	}
	w.obj()
	w.key("comments")
	w.arr()
	for _, cm := range list {
		c.comment(w, i, cm, false)
	}
	w.endArr()
	w.kstr("self", c.s.self("issue/"+idText(i.id)+"/comment"))
	w.kint("maxResults", len(list))
	w.kint("total", len(i.comments))
	w.kint("startAt", 0)
	w.end()
}

// comment writes one comment.
func (c *call) comment(w *writer, i *issue, cm *Comment, props bool) {
	w.obj()
	w.kstr("self", c.s.self("issue/"+idText(i.id)+"/comment/"+cm.ID))
	w.kstr("id", cm.ID)
	if u := c.s.users[cm.Author]; u != nil {
		w.key("author")
		c.userRef(w, u)
		w.key("updateAuthor")
		if by := c.s.users[cm.Editor]; by != nil {
			u = by
		}
		c.userRef(w, u)
	}
	w.key("body")
	switch {
	case c.v3 && cm.doc != nil:
		w.raw(cm.doc)
	case c.v3:
		document(w, cm.Body)
	default:
		w.str(cm.Body)
	}
	w.key("created")
	c.time(w, cm.Created)
	w.key("updated")
	c.time(w, cm.Updated)
	if i.proj.desk() {
		w.kbool("jsdPublic", !cm.Internal)
	}
	if props {
		w.key("properties")
		w.arr()
		for _, k := range sortedKeys(cm.Properties) {
			w.obj()
			w.kstr("key", k)
			w.key("value")
			w.raw(cm.Properties[k])
			w.end()
		}
		w.endArr()
	}
	w.end()
}

// comments pages the comments of an issue.
func (c *call) comments() reply {
	r, rep := c.target()
	if rep != nil {
		return *rep
	}
	start, size := c.page(100, 5000)
	list := r.cur.comments
	if order := c.q.Get("orderBy"); strings.HasPrefix(order, "-") {
		list = slices.Clone(list)
		slices.Reverse(list)
	}
	from, to := slicePage(len(list), start, size)
	w := c.writer()
	w.obj()
	w.kint("startAt", start)
	w.kint("maxResults", size)
	w.kint("total", len(list))
	w.key("comments")
	w.arr()
	for _, cm := range list[from:to] {
		c.comment(w, r.cur, cm, strings.Contains(c.q.Get("expand"), "properties"))
	}
	w.endArr()
	w.end()
	return ok(w)
}

// commentRequest is the body of a comment write. The members that a client may
// send back and the site ignores are taken raw.
type commentRequest struct {
	Body       json.RawMessage `json:"body"`
	Visibility json.RawMessage `json:"visibility"`
	Properties []struct {
		Key   string          `json:"key"`
		Value json.RawMessage `json:"value"`
	} `json:"properties"`
}

// readComment checks the body of a comment and puts it into cm.
func (c *call) readComment(cm *Comment) *reply {
	var q commentRequest
	if rep := c.decode(&q); rep != nil {
		return rep
	}
	text, err := c.richText(q.Body)
	if err != nil {
		return ptr(c.fieldErrors(map[string]string{"comment": c.s.text(msgBadADF)}))
	}
	if strings.TrimSpace(text) == "" {
		return ptr(c.fieldErrors(map[string]string{"comment": c.s.text(msgEmptyComment)}))
	}
	if len(text) > richMax {
		return ptr(c.fieldErrors(map[string]string{"comment": c.s.text(msgTooLong, richMax)}))
	}
	cm.Body, cm.doc = text, nil
	if c.v3 {
		cm.doc = q.Body
	}
	for _, p := range q.Properties {
		if rep := c.checkProperty(p.Key, p.Value); rep != nil {
			return rep
		}
		cm.set(p.Key, p.Value)
	}
	return nil
}

// set stores a property; one of them hides the comment from the customer.
func (cm *Comment) set(key string, v json.RawMessage) {
	cm.Properties = cloneProps(cm.Properties)
	cm.Properties[key] = v
	cm.visibility()
}

func (cm *Comment) visibility() {
	var p struct{ Internal bool }
	v, ok := cm.Properties["sd.public.comment"]
	cm.Internal = ok && json.Unmarshal(v, &p) == nil && p.Internal
}

func (c *call) commentPost() reply {
	r, rep := c.target()
	if rep != nil {
		return *rep
	}
	if r.cur.proj.NoComment || !r.cur.proj.live() {
		return c.message(400, msgNoComment)
	}
	if len(r.cur.comments) >= commentMax {
		return c.fail(413, "The issue has reached its limit of comments.")
	}
	cm := &Comment{Author: c.user.AccountID, Created: c.now, Updated: c.now}
	if rep := c.readComment(cm); rep != nil {
		return *rep
	}
	c.s.addComment(r, cm, c.now)
	w := c.writer()
	c.comment(w, r.cur, cm, strings.Contains(c.q.Get("expand"), "properties"))
	return reply{status: 201, body: w.b}
}

// oneComment finds the comment that the path names.
func (c *call) oneComment() (*rec, int, *reply) {
	r, rep := c.target()
	if rep != nil {
		return nil, 0, rep
	}
	at := slices.IndexFunc(r.cur.comments, func(cm *Comment) bool { return cm.ID == c.args[1] })
	if at < 0 {
		return nil, 0, ptr(c.message(404, msgNoCommentID, c.args[1]))
	}
	return r, at, nil
}

func (c *call) commentGet() reply {
	r, at, rep := c.oneComment()
	if rep != nil {
		return *rep
	}
	w := c.writer()
	c.comment(w, r.cur, r.cur.comments[at], strings.Contains(c.q.Get("expand"), "properties"))
	return ok(w)
}

// replaceComment makes the next version of the issue with a changed comment;
// nil removes it.
func (s *Server) replaceComment(r *rec, at int, cm *Comment, now time.Time) {
	v := *r.cur
	v.comments = slices.Clone(v.comments)
	if cm == nil {
		delete(s.commentOf, v.comments[at].ID)
		v.comments = slices.Delete(v.comments, at, at+1)
	} else {
		v.comments[at] = cm
	}
	v.updated = now
	s.put(&v, now)
}

func (c *call) commentPut() reply {
	r, at, rep := c.oneComment()
	if rep != nil {
		return *rep
	}
	if rep := c.editFlags(r.cur.proj); rep != nil {
		return *rep
	}
	if rep := c.mayChange(r, at); rep != nil {
		return *rep
	}
	cm := *r.cur.comments[at]
	if rep := c.readComment(&cm); rep != nil {
		return *rep
	}
	cm.Updated, cm.Editor = c.now, c.user.AccountID
	c.s.replaceComment(r, at, &cm, c.now)
	w := c.writer()
	c.comment(w, r.cur, &cm, false)
	return ok(w)
}

// mayChange lets the account change its own comments only.
func (c *call) mayChange(r *rec, at int) *reply {
	if r.cur.proj.NoComment || !r.cur.proj.live() || r.cur.comments[at].Author != c.user.AccountID {
		return ptr(c.message(400, msgNoComment))
	}
	return nil
}

func (c *call) commentDelete() reply {
	r, at, rep := c.oneComment()
	if rep != nil {
		return *rep
	}
	if rep := c.mayChange(r, at); rep != nil {
		return *rep
	}
	c.s.replaceComment(r, at, nil, c.now)
	return noContent()
}
