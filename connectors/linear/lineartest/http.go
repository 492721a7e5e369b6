package lineartest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
)

// maxBody bounds what a client may send.
const maxBody = 16 << 20

// answer is what goes back to the client.
type answer struct {
	status int
	body   []byte
	kind   string // content type
	header http.Header
	drop   bool
}

// ServeHTTP answers POST /graphql.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	req, body := s.receive(r)
	s.mu.Lock()
	hooks := s.hooks
	s.mu.Unlock()
	var fault *Fault
	if hooks.Before != nil {
		fault = hooks.Before(req)
	}
	s.lock()
	if fault == nil {
		fault = s.fault(req)
	}
	s.mu.Unlock()
	ans := s.answer(r, req, body, fault, hooks)
	if hooks.After != nil {
		hooks.After(req)
	}
	s.send(w, r, ans, fault)
}

// call is the body of a request.
type call struct {
	Query         string         `json:"query"`
	OperationName string         `json:"operationName"`
	Variables     map[string]any `json:"variables"`
	err           error
}

// receive reads a request as far as it can be read; nothing is refused yet.
func (s *Server) receive(r *http.Request) (*Request, *call) {
	c := &call{}
	raw, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
	if err == nil {
		err = json.Unmarshal(raw, c)
	}
	c.err = err
	req := &Request{Time: s.now(), Query: c.Query, Variables: c.Variables}
	doc, err := parser.ParseQueryWithTokenLimit(&ast.Source{Input: c.Query}, 20_000)
	if err == nil {
		for _, op := range doc.Operations {
			req.Mutation = req.Mutation || op.Operation == ast.Mutation
			req.Fields = appendFields(req.Fields, op.SelectionSet)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.log.n++
	req.N = s.log.n
	return req, c
}

func appendFields(out []string, set ast.SelectionSet) []string {
	for _, sel := range set {
		if f, ok := sel.(*ast.Field); ok {
			out = append(out, f.Name)
		}
	}
	return out
}

// answer decides and executes. It logs the request with its outcome.
func (s *Server) answer(r *http.Request, req *Request, c *call, fault *Fault, hooks Hooks) answer {
	if fault != nil {
		req.Fault = string(fault.Kind)
	}
	ans, done := s.instead(req, fault)
	if !done {
		ans = s.process(r, req, c, fault, hooks)
	}
	if fault != nil {
		ans = spoiled(ans, fault)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	req.Status = ans.status
	ans.header = http.Header{}
	s.meter.refill(s.now())
	s.meter.headers(ans.header, req.Charged, s.now())
	ans.header.Set("Date", s.now().Add(s.behavior.DateSkew).Format(http.TimeFormat))
	ans.header.Set("Content-Type", ans.kind)
	s.log.requests = append(s.log.requests, *req)
	return ans
}

// instead is the answer of a fault that keeps the request from being looked
// at.
func (s *Server) instead(req *Request, f *Fault) (answer, bool) {
	if f == nil {
		return answer{}, false
	}
	switch f.Kind {
	case Status:
		return answer{status: f.Status, kind: "text/plain", body: []byte(http.StatusText(f.Status))}, true
	case HTML:
		return answer{status: http.StatusOK, kind: "text/html", body: []byte("<!doctype html><title>Linear</title><p>Just a moment…")}, true
	case Drop:
		return answer{drop: true}, true
	case RateLimited:
		ans := refuse(req, rateLimited(s.limits().Requests))
		if f.Status != 0 {
			ans.status = f.Status
		}
		return ans, true
	case InternalError:
		ans := refuse(req, asAPIError(io.ErrUnexpectedEOF))
		ans.status = http.StatusOK
		return ans, true
	}
	return answer{}, false
}

// spoiled changes an answer after the fact.
func spoiled(ans answer, f *Fault) answer {
	switch f.Kind {
	case StatusAfter:
		return answer{status: f.Status, kind: "text/plain", body: []byte(http.StatusText(f.Status))}
	case Truncated:
		ans.body = ans.body[:len(ans.body)/2]
	case DropAfter:
		ans.drop = true
	}
	return ans
}

// process is the ordinary way of a request: who, what, how much, do.
func (s *Server) process(r *http.Request, req *Request, c *call, fault *Fault, hooks Hooks) answer {
	if err := s.authenticate(r); err != nil {
		return refuse(req, err)
	}
	if r.Method != http.MethodPost || r.URL.Path != "/graphql" {
		return answer{status: http.StatusNotFound, kind: "text/plain", body: []byte("Not found")}
	}
	steps, apiErr := s.prepare(req, c)
	if apiErr != nil {
		return refuse(req, apiErr)
	}
	if req.Mutation && hooks.BeforeMutation != nil {
		hooks.BeforeMutation(req)
	}
	s.lock()
	defer s.mu.Unlock()
	return s.execute(req, steps, fault)
}

func (s *Server) authenticate(r *http.Request) *apiError {
	s.mu.Lock()
	defer s.mu.Unlock()
	auth := r.Header.Get("Authorization")
	token, bearer := strings.CutPrefix(auth, "Bearer ")
	switch {
	case bearer && strings.HasPrefix(token, "lin_api_"):
		return bearerKey()
	case s.revoked:
		return unauthenticated()
	case auth == s.opt.Key:
		return nil
	case bearer && s.opt.OAuthToken != "" && token == s.opt.OAuthToken:
		return nil
	}
	return unauthenticated()
}

// prepare checks the document and its variables, prices it and takes it from
// the budget.
func (s *Server) prepare(req *Request, c *call) ([]step, *apiError) {
	if c.err != nil {
		return nil, badDocument("the body is not JSON: " + c.err.Error())
	}
	s.lock()
	defer s.mu.Unlock()
	steps, err := s.compile(c)
	if s.opt.Schema != nil {
		if e := s.opt.Schema.Check(c.Query, c.Variables); e != nil {
			s.log.violations = append(s.log.violations, fmt.Sprintf("request %d: %v", req.N, e))
			err = e
		}
	}
	if err != nil {
		return nil, badDocument(err.Error())
	}
	req.Complexity = points(listPrice(steps))
	if req.Complexity > s.meter.limits.Query {
		e := invalid("Query too complex", fmt.Sprintf("Query complexity %d exceeds the maximum of %d.", req.Complexity, s.meter.limits.Query))
		return nil, e
	}
	s.meter.refill(s.now())
	if s.meter.complexity.left < float64(req.Complexity) && s.behavior.ChargeListed || s.meter.complexity.left < 1 {
		return nil, complexityLimited(s.meter.limits.Complexity)
	}
	if !s.meter.requests.take(1) {
		return nil, rateLimited(s.meter.limits.Requests)
	}
	return steps, nil
}

func (s *Server) compile(c *call) ([]step, error) {
	doc, err := s.load(c.Query)
	if err != nil {
		return nil, err
	}
	op := doc.Operations.ForName(c.OperationName)
	if op == nil {
		return nil, fmt.Errorf("the document has no operation %q", c.OperationName)
	}
	root := map[ast.Operation]string{ast.Query: "Query", ast.Mutation: "Mutation"}[op.Operation]
	if root == "" {
		return nil, fmt.Errorf("subscriptions are not served here")
	}
	vars, err := variables(s.api.schema, op, c.Variables)
	if err != nil {
		return nil, err
	}
	comp := &compiler{api: s.api, vars: vars}
	return comp.steps(op.SelectionSet, root), nil
}

// execute carries the document out and writes the answer.
func (s *Server) execute(req *Request, steps []step, fault *Fault) answer {
	x := &run{s: s, fault: fault, nulls: map[string]bool{}}
	for _, f := range s.behavior.NullFields {
		x.nulls[f] = true
	}
	data := x.execute(steps)
	req.Applied = true
	req.Charged = points(x.cost)
	if s.behavior.ChargeListed {
		req.Charged = req.Complexity
	}
	s.meter.complexity.left = max(0, s.meter.complexity.left-float64(req.Charged))
	if fault != nil && fault.Kind == PartialData {
		x.errs = append(x.errs, asAPIError(fmt.Errorf("something went wrong on the way")))
	}
	body := make([]byte, 0, len(data)+64)
	body = append(body, '{')
	if len(x.errs) > 0 {
		body = append(appendJSON(append(body, `"errors":`...), x.errs), ',')
	}
	for _, e := range x.errs {
		req.Codes = append(req.Codes, e.Code)
	}
	body = append(append(append(body, `"data":`...), data...), '}')
	return answer{status: http.StatusOK, kind: "application/json; charset=utf-8", body: body}
}

// refuse answers an error instead of data.
func refuse(req *Request, e *apiError) answer {
	req.Codes = append(req.Codes, e.Code)
	body := appendJSON(append([]byte{}, `{"errors":`...), []*apiError{e})
	status := e.Status
	if e.Code == "RATELIMITED" {
		status = http.StatusBadRequest // the body says 429, the answer does not
	}
	return answer{status: status, kind: "application/json; charset=utf-8", body: append(body, '}')}
}

func rateLimited(limit int) *apiError {
	return &apiError{
		Message: fmt.Sprintf("Rate limit exceeded. Only %d requests are allowed per 1 hour", limit),
		Type:    "ratelimited", Code: "RATELIMITED", Status: http.StatusTooManyRequests, User: true,
	}
}

func complexityLimited(limit int) *apiError {
	e := rateLimited(limit)
	e.Message = fmt.Sprintf("Rate limit exceeded. Only %d complexity points are allowed per 1 hour", limit)
	return e
}

func (s *Server) send(w http.ResponseWriter, r *http.Request, ans answer, fault *Fault) {
	if ans.drop {
		panic(http.ErrAbortHandler)
	}
	for k, v := range ans.header {
		w.Header()[k] = v
	}
	if fault != nil && fault.Kind == Endless {
		endless(w, r, fault.Size)
		return
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(ans.body)))
	w.WriteHeader(ans.status)
	_, _ = w.Write(ans.body) // the client may be gone
}

// endless writes one long string that never closes.
func endless(w http.ResponseWriter, r *http.Request, size int) {
	if size == 0 {
		size = 64 << 20
	}
	w.WriteHeader(http.StatusOK)
	_, err := w.Write([]byte(`{"data":{"x":"`))
	chunk := bytes.Repeat([]byte("0123456789abcdef"), 4096)
	for sent := 0; err == nil && sent < size && r.Context().Err() == nil; sent += len(chunk) {
		_, err = w.Write(chunk)
	}
}
