package web

import (
	"cmp"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/lanekeeper/lanekeeper/internal/issue"
)

// patience is how long the few requests may take that speak to trackers.
const patience = 15 * time.Minute

// apiRoutes are the JSON API. What is not known answers in JSON too.
func (s *server) apiRoutes(mux *http.ServeMux) {
	get := func(path string, h func(*http.Request) (any, error)) {
		mux.Handle("/api/v1/"+path, s.only(http.MethodGet, s.answering(h)))
	}
	get("issues", s.listIssues)
	get("issues/{source}/{key}", func(r *http.Request) (any, error) { return s.Issues.Explain(r.Context(), refOf(r)) })
	get("issues/{source}/{key}/history", s.history)
	get("decisions", s.decisions)
	get("changes", s.changes)
	get("plans", s.plans)
	get("plans/{id}", func(r *http.Request) (any, error) { return s.Log.Plan(r.Context(), r.PathValue("id")) })
	get("policy/report", s.report)
	get("pilot", s.pilot)
	get("slas", s.slas)
	get("post-mortems", s.postMortems)
	get("lanes", s.lanes)
	get("sources", func(r *http.Request) (any, error) { return s.Overview.Sources(r.Context()) })
	mux.Handle("/api/v1/plan", s.only(http.MethodGet, s.planNow))
	s.post(mux, "plans/{id}/approve", s.approve)
	s.post(mux, "approve", s.approve)
	s.post(mux, "pause", s.pause)
	s.post(mux, "resume", s.resume)
	s.post(mux, "undo", s.undo)
	mux.HandleFunc("/api/", func(w http.ResponseWriter, r *http.Request) {
		s.fail(w, r, Errorf(NotFound, "there is no %s here", r.URL.Path))
	})
}

// answering makes a handler of a function that returns what to answer.
func (s *server) answering(h func(*http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		v, err := h(r)
		if err != nil {
			s.fail(w, r, err)
			return
		}
		s.reply(w, http.StatusOK, v)
	}
}

// refOf reads the issue of the path; the source may be left open.
func refOf(r *http.Request) issue.Ref {
	ref := issue.Ref{Source: r.PathValue("source"), Key: r.PathValue("key")}
	if ref.Source == anySource {
		ref.Source = ""
	}
	return ref
}

func (s *server) listIssues(r *http.Request) (any, error) {
	p := s.params(r.URL.RawQuery, "lane", "source", "sla", "q", "limit", "cursor")
	f := p.issues()
	if p.err != nil {
		return nil, p.err
	}
	return s.Issues.Issues(r.Context(), f)
}

func (s *server) slas(r *http.Request) (any, error) {
	p := s.params(r.URL.RawQuery, "lane", "source", "sla", "state", "q", "limit", "cursor")
	f := p.issues()
	f.State = p.state()
	if p.err != nil {
		return nil, p.err
	}
	return s.Issues.SLAs(r.Context(), f)
}

func (s *server) postMortems(r *http.Request) (any, error) {
	p := s.params(r.URL.RawQuery, "lane", "source", "q", "limit", "cursor")
	f := p.issues()
	if p.err != nil {
		return nil, p.err
	}
	return s.Issues.PostMortems(r.Context(), f)
}

func (s *server) history(r *http.Request) (any, error) {
	p := s.params(r.URL.RawQuery, "limit")
	limit := p.limit()
	if p.err != nil {
		return nil, p.err
	}
	return s.Issues.History(r.Context(), refOf(r), limit)
}

func (s *server) decisions(r *http.Request) (any, error) {
	p := s.params(r.URL.RawQuery, "lane", "source", "move", "since", "until", "limit", "cursor")
	f := DecisionFilter{
		Lane: p.Get("lane"), Source: p.Get("source"), Move: p.move(), Since: p.time("since"), Until: p.time("until"),
		Limit: p.limit(), Cursor: p.Get("cursor"),
	}
	if p.err != nil {
		return nil, p.err
	}
	return s.Log.Decisions(r.Context(), f)
}

func (s *server) changes(r *http.Request) (any, error) {
	p := s.params(r.URL.RawQuery, "lane", "source", "since", "limit", "cursor")
	f := ChangeFilter{
		Lane: p.Get("lane"), Source: p.Get("source"), Since: p.time("since"), Limit: p.limit(), Cursor: p.Get("cursor"),
	}
	if p.err != nil {
		return nil, p.err
	}
	return s.Log.Changes(r.Context(), f)
}

func (s *server) plans(r *http.Request) (any, error) {
	p := s.params(r.URL.RawQuery, "source", "status", "since", "limit", "cursor")
	f := PlanFilter{
		Source: p.Get("source"), Status: p.Get("status"), Since: p.time("since"), Limit: p.limit(), Cursor: p.Get("cursor"),
	}
	if p.err != nil {
		return nil, p.err
	}
	return s.Log.Plans(r.Context(), f)
}

func (s *server) report(r *http.Request) (any, error) {
	p := s.params(r.URL.RawQuery, "since", "source", "team", "anonymous")
	f := ReportFilter{Since: p.time("since"), Source: p.Get("source"), Team: p.Get("team")}
	switch text := p.Get("anonymous"); text {
	case "", "false":
	case "true":
		f.Anonymous = true
	default:
		p.err = Errorf(Invalid, "anonymous %q: want true or false", text)
	}
	if p.err != nil {
		return nil, p.err
	}
	return s.Log.Report(r.Context(), f)
}

func (s *server) lanes(r *http.Request) (any, error) {
	p := s.params(r.URL.RawQuery, "source")
	if p.err != nil {
		return nil, p.err
	}
	return s.Overview.Lanes(r.Context(), p.Get("source"))
}

func (s *server) planNow(w http.ResponseWriter, r *http.Request) {
	s.answering(func(r *http.Request) (any, error) {
		if s.Planner == nil {
			return nil, Errorf(Unavailable, "this server cannot plan")
		}
		p := s.params(r.URL.RawQuery, "source")
		if p.err != nil {
			return nil, p.err
		}
		s.patient(w)
		return s.Planner.PlanNow(r.Context(), p.Get("source"))
	})(w, r)
}

// patient gives an answer more time than the server's own limit. A writer that
// has no limit has nothing to extend.
func (s *server) patient(w http.ResponseWriter) {
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(patience))
}

// Command is the body of the operations.
type Command struct {
	By     string `json:"by,omitempty"`
	Reason string `json:"reason,omitempty"`
}

// post registers an operation: a JSON request, logged with the person.
func (s *server) post(mux *http.ServeMux, path string, h func(w http.ResponseWriter, r *http.Request) (any, error)) {
	mux.Handle("/api/v1/"+path, s.only(http.MethodPost, func(w http.ResponseWriter, r *http.Request) {
		if s.Operator == nil {
			s.fail(w, r, Errorf(Unavailable, "this server takes no operations"))
			return
		}
		if err := direct(r); err != nil {
			s.fail(w, r, err)
			return
		}
		s.patient(w)
		s.answering(func(r *http.Request) (any, error) { return h(w, r) })(w, r)
	}))
}

// direct refuses an operation that came by a host name, unless somebody signed
// in: a page elsewhere can have its own name resolve to this address and then
// counts as the same site (DNS rebinding).
func direct(r *http.Request) error {
	host := r.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	_, _, signedIn := r.BasicAuth()
	if signedIn || host == "localhost" || net.ParseIP(strings.Trim(host, "[]")) != nil {
		return nil
	}
	return Errorf(Denied, "operations are taken by IP address or localhost, or with basic auth; this came by the name %q", host)
}

// command reads the body of an operation. A signed-in name goes before the one
// that the body claims.
func command(w http.ResponseWriter, r *http.Request) (Command, error) {
	var c Command
	err := body(w, r, &c)
	c.By = asker(r, c.By)
	return c, err
}

func asker(r *http.Request, claimed string) string {
	name, _, _ := r.BasicAuth()
	return cmp.Or(name, claimed, "the API")
}

func (s *server) approve(w http.ResponseWriter, r *http.Request) (any, error) {
	var a ApproveRequest
	if err := body(w, r, &a); err != nil {
		return nil, err
	}
	if id := r.PathValue("id"); id != "" {
		a.Plan = id
	}
	if err := a.Validate(); err != nil {
		return nil, err
	}
	a.By = asker(r, a.By)
	return s.Operator.Approve(r.Context(), a)
}

func (s *server) pause(w http.ResponseWriter, r *http.Request) (any, error) {
	c, err := command(w, r)
	if err != nil {
		return nil, err
	}
	return s.Operator.Pause(r.Context(), c.By, c.Reason)
}

func (s *server) resume(w http.ResponseWriter, r *http.Request) (any, error) {
	c, err := command(w, r)
	if err != nil {
		return nil, err
	}
	return s.Operator.Resume(r.Context(), c.By)
}

func (s *server) undo(w http.ResponseWriter, r *http.Request) (any, error) {
	var u UndoRequest
	if err := body(w, r, &u); err != nil {
		return nil, err
	}
	if err := u.Validate(); err != nil {
		return nil, err
	}
	u.By = asker(r, u.By)
	return s.Operator.Undo(r.Context(), u)
}
