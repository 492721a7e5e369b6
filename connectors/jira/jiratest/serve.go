package jiratest

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// call is one request on its way to an answer.
type call struct {
	s      *Server
	r      *http.Request
	route  *route
	v3     bool
	args   []string
	q      url.Values
	body   []byte
	now    time.Time
	user   *User // nil: anonymous
	header http.Header
	times  int // turns of the trap OddTimes
}

// reply is an answer.
type reply struct {
	status int
	body   []byte
	typ    string
	// location is set by operations that answer elsewhere.
	location string
}

// maxBody is the most that the site reads of a request.
const maxBody = 32 << 20

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	now := s.now()
	s.settle()
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	c := &call{s: s, r: r, q: r.URL.Query(), body: body, now: now, header: w.Header()}
	problem := c.match()
	entry := c.entry()
	s.log.add(entry, s.opt.KeepRequests)
	before := s.fault(c, Before)
	var rep reply
	switch {
	case before != nil && before.Abort:
		s.deliver(c, w, reply{}, before)
	case before != nil && before.Status != 0:
		rep = reply{status: before.Status}
	case problem != nil:
		rep = *problem
	default:
		rep = c.answer()
	}
	after := before
	if before == nil || before.Status == 0 {
		s.check(c, rep)
		if f := s.fault(c, After); f != nil {
			after = f
		}
	}
	s.log.done(entry, rep.status)
	s.deliver(c, w, rep, after)
}

func (c *call) entry() *Request {
	e := &Request{
		Method: c.r.Method, Path: c.r.URL.Path, Query: c.r.URL.RawQuery, Body: string(c.body),
		Header: c.r.Header.Clone(), At: c.now,
	}
	if c.route != nil {
		e.Op, e.Template, e.Mutation = c.route.op, c.route.template, c.route.write
	}
	return e
}

func (s *Server) fault(c *call, when When) *Fault {
	op := ""
	if c.route != nil {
		op = c.route.op
	}
	if s.opt.Fault != nil {
		if f := s.opt.Fault(c.r, op, when); f != nil {
			return f
		}
	}
	return s.script.take(op, when, c.now)
}

func (s *Server) check(c *call, rep reply) {
	if c.route == nil || !s.cloud() || !c.route.platform {
		return
	}
	s.checked(c.route.op, Exchange{c.r, c.body, rep.status, c.header, rep.body, c.route.template})
}

// answer takes the call through the gates to its handler.
func (c *call) answer() reply {
	if rep := c.strict(); rep != nil {
		return *rep
	}
	if rep := c.signIn(); rep != nil {
		return *rep
	}
	if rep := c.s.limit.admit(c); rep != nil {
		return *rep
	}
	if c.route.write {
		c.s.mu.Lock()
		defer c.s.mu.Unlock()
	} else {
		c.s.mu.RLock()
		defer c.s.mu.RUnlock()
	}
	return c.route.handle(c)
}

// strict refuses what the real front door refuses (facts §2).
func (c *call) strict() *reply {
	if c.r.Method == http.MethodGet && len(c.body) > 0 && c.s.cloud() {
		return ptr(c.problem(400, "Bad Request", "A GET request must not have a body."))
	}
	if c.r.Method == http.MethodGet || c.r.Method == http.MethodDelete {
		return nil
	}
	typ, _, err := mime.ParseMediaType(c.r.Header.Get("Content-Type"))
	if err != nil || typ != "application/json" || len(c.body) == 0 {
		return ptr(c.problem(415, "Unsupported Media Type", "The request needs a body of the type application/json."))
	}
	if !json.Valid(c.body) {
		return ptr(c.fail(400, "There was an error parsing JSON. Check that your request body is valid."))
	}
	return nil
}

func ptr(r reply) *reply { return &r }

// signIn finds the caller. A credential that is not good makes a stranger of
// the caller, who gets nothing where strangers may ask and 401 elsewhere.
func (c *call) signIn() *reply {
	if c.s.traps().Captcha && c.r.Header.Get("Authorization") != "" {
		c.header.Set("X-Seraph-LoginReason", "AUTHENTICATION_DENIED")
		c.header.Set("X-Authentication-Denied-Reason", "CAPTCHA_CHALLENGE; login-url="+c.s.opt.URL+"/login.jsp")
		return &reply{status: 403, typ: "text/html;charset=UTF-8", body: []byte(htmlLogin)}
	}
	c.s.mu.RLock()
	g, given := c.s.grant(c.r)
	c.s.mu.RUnlock()
	switch {
	case g != nil:
		c.user = g.user
		c.signedIn()
	case given:
		c.header.Set("X-Seraph-LoginReason", "AUTHENTICATED_FAILED")
	}
	if c.user == nil && !c.route.anon {
		c.header.Set("WWW-Authenticate", `OAuth realm="`+url.QueryEscape(c.s.opt.URL)+`"`)
		return ptr(c.message(401, msgAuth))
	}
	return nil
}

func (c *call) signedIn() {
	if c.s.cloud() {
		c.header.Set("X-AAccountId", c.user.AccountID)
		return
	}
	c.header.Set("X-AUSERNAME", c.user.login())
	c.header.Set("X-Seraph-LoginReason", "OK")
}

// writer starts an answer.
func (c *call) writer() *writer {
	return &writer{b: make([]byte, 0, 4096), badUTF8: c.s.traps().InvalidUTF8}
}

func ok(w *writer) reply { return reply{status: 200, body: w.b} }

func noContent() reply { return reply{status: 204} }

// fail is an ErrorCollection with messages.
func (c *call) fail(status int, messages ...string) reply {
	w := c.writer()
	w.obj()
	w.key("errorMessages")
	w.strs(messages)
	w.key("errors")
	w.obj()
	w.end()
	w.end()
	return reply{status: status, body: w.b}
}

func (c *call) message(status int, id msgID, args ...any) reply {
	return c.fail(status, c.s.text(id, args...))
}

// failed is the refusal for an error of JQL or of a field.
func (c *call) failed(err error) reply {
	if e, ok := errors.AsType[*jqlError](err); ok {
		return c.message(400, e.id, e.args...)
	}
	return c.fail(400, err.Error())
}

// fieldErrors is an ErrorCollection with texts by field.
func (c *call) fieldErrors(errs map[string]string) reply {
	w := c.writer()
	w.obj()
	w.key("errorMessages")
	w.strs(nil)
	w.key("errors")
	w.obj()
	for _, k := range sortedKeys(errs) {
		w.kstr(k, errs[k])
	}
	w.end()
	w.end()
	return reply{status: 400, body: w.b}
}

func (c *call) problem(status int, title, detail string) reply {
	w := c.writer()
	w.obj()
	w.kstr("title", title)
	w.kint("status", status)
	w.kstr("detail", detail)
	w.kstr("instance", c.r.URL.Path)
	w.end()
	return reply{status: status, body: w.b, typ: "application/problem+json"}
}

func sortedKeys[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// decode reads the body strictly: an unknown member is refused.
func (c *call) decode(v any) *reply {
	d := json.NewDecoder(strings.NewReader(string(c.body)))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		if name, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
			return ptr(c.message(400, msgUnknownMember, strings.Trim(name, `"`)))
		}
		return ptr(c.fail(400, "Invalid request payload. Refer to the REST API documentation and try again."))
	}
	return nil
}

// page reads startAt and maxResults of an offset-paged list.
func (c *call) page(def, most int) (start, size int) {
	start, _ = strconv.Atoi(c.q.Get("startAt"))
	size, err := strconv.Atoi(c.q.Get("maxResults"))
	if err != nil || size <= 0 {
		size = def
	}
	return max(start, 0), min(size, most)
}

// slice cuts the page out of n elements.
func slicePage(n, start, size int) (from, to int) {
	from = min(start, n)
	return from, min(from+size, n)
}
