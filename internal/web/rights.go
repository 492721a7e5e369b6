package web

import (
	"cmp"
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/lanekeeper/lanekeeper/internal/answer"
	"github.com/lanekeeper/lanekeeper/internal/issue"
)

// Rights answers what is held against policy, and takes people's decisions about
// it.
type Rights interface {
	// Overrides lists fields that stay as people want them, and pinned issues.
	Overrides(context.Context, OverrideFilter) (answer.Overrides, error)
	// Rule carries out a person's decision. One that is not theirs is Denied; one
	// about what is not held, or is contested, is a Conflict.
	Rule(context.Context, RulingRequest) (answer.Ruled, error)
	// Reply carries out a person's answer to a proposal of suggest mode. One that
	// is not theirs is Denied; one to what is not proposed, or not any more, is a
	// Conflict, as is one in observe mode or while writes are paused.
	Reply(context.Context, ReplyRequest) (answer.Replied, error)
}

// OverrideFilter narrows the list of overrides. Zero fields do not narrow.
type OverrideFilter struct {
	Source string
	Lane   string // policy's present one, or one that is contested
	Field  string
	// By is searched in the name and the account id of who decided, without
	// regard to case.
	By        string
	Contested bool // only these
	Limit     int
	Cursor    string
}

// RulingRequest is a person's decision about one field of an issue.
type RulingRequest struct {
	Ref    issue.Ref
	Verb   string // approve, reject, release or hold
	Field  string // of release and hold
	As     string // approve and reject: the approver
	By     string // who asks
	Via    string // command or API
	Hold   time.Duration
	Reason string
}

// ReplyRequest is a person's answer to what is proposed for an issue.
type ReplyRequest struct {
	Ref      issue.Ref
	Accept   bool          // or reject
	Fields   []string      // none means all that is proposed
	Proposal string        // hash of the one that is meant; "" is the one that the comment shows
	As       string        // accept: an approver, where a lane has any
	By       string        // who asks
	Via      string        // command or API
	Hold     time.Duration // reject: how long; 0 is the policy's overrides.ttl
	Reason   string
}

// Verb is accept or reject.
func (r ReplyRequest) Verb() string {
	if r.Accept {
		return "accept"
	}
	return "reject"
}

// approval is the body of POST /api/v1/issues/{source}/{key}/approve.
type approval struct {
	As     string `json:"as,omitempty"`
	Reject bool   `json:"reject,omitempty"`
	By     string `json:"by,omitempty"`
	Via    string `json:"via,omitempty"`
	Reason string `json:"reason,omitempty"`
}

// override is the body of POST /api/v1/issues/{source}/{key}/override: release,
// or a length of time to hold.
type override struct {
	Field   string `json:"field"`
	Release bool   `json:"release,omitempty"`
	Hold    string `json:"hold,omitempty"` // 12h or 30d
	By      string `json:"by,omitempty"`
	Via     string `json:"via,omitempty"`
	Reason  string `json:"reason,omitempty"`
}

// reply is the body of POST /api/v1/issues/{source}/{key}/accept and reject; as is
// of accept alone, hold of reject.
type reply struct {
	Fields   []string `json:"fields,omitempty"`
	Proposal string   `json:"proposal,omitempty"`
	As       string   `json:"as,omitempty"`
	Hold     string   `json:"hold,omitempty"` // 12h or 30d
	By       string   `json:"by,omitempty"`
	Via      string   `json:"via,omitempty"`
	Reason   string   `json:"reason,omitempty"`
}

func (s *server) rightsRoutes(mux *http.ServeMux) {
	if s.Rights == nil {
		return
	}
	mux.Handle("/api/v1/overrides", s.only(http.MethodGet, s.answering(s.overrides)))
	s.post(mux, "issues/{source}/{key}/approve", s.approveMove)
	s.post(mux, "issues/{source}/{key}/override", s.override)
	s.post(mux, "issues/{source}/{key}/accept", s.accept)
	s.post(mux, "issues/{source}/{key}/reject", s.reject)
}

func (s *server) overrides(r *http.Request) (any, error) {
	p := s.params(r.URL.RawQuery, "source", "lane", "field", "by", "contested", "limit", "cursor")
	f := OverrideFilter{Source: p.Get("source"), Lane: p.Get("lane"), Field: p.Get("field"), By: p.Get("by"), Limit: p.limit(), Cursor: p.Get("cursor")}
	switch text := p.Get("contested"); text {
	case "", "false":
	case "true":
		f.Contested = true
	default:
		p.err = Errorf(Invalid, "contested %q: want true or false", text)
	}
	if p.err != nil {
		return nil, p.err
	}
	return s.Rights.Overrides(r.Context(), f)
}

func (s *server) approveMove(w http.ResponseWriter, r *http.Request) (any, error) {
	var b approval
	if err := body(w, r, &b); err != nil {
		return nil, err
	}
	u := RulingRequest{Ref: refOf(r), Verb: "approve", As: b.As, By: asker(r, b.By), Via: via(b.Via), Reason: b.Reason}
	if b.Reject {
		u.Verb = "reject"
	}
	u.As = cmp.Or(u.As, u.By)
	return s.Rights.Rule(r.Context(), u)
}

func (s *server) override(w http.ResponseWriter, r *http.Request) (any, error) {
	var b override
	if err := body(w, r, &b); err != nil {
		return nil, err
	}
	u := RulingRequest{Ref: refOf(r), Verb: "release", Field: b.Field, By: asker(r, b.By), Via: via(b.Via), Reason: b.Reason}
	switch {
	case strings.TrimSpace(b.Field) == "":
		return nil, Errorf(Invalid, "say which field, such as lane or priority")
	case b.Release == (b.Hold != ""):
		return nil, Errorf(Invalid, "say one of release: true and hold: 30d")
	case !b.Release:
		d, err := holdFor(b.Hold)
		if err != nil {
			return nil, err
		}
		u.Verb, u.Hold = "hold", d
	}
	return s.Rights.Rule(r.Context(), u)
}

func holdFor(text string) (time.Duration, error) {
	d, ok := length(text)
	if !ok || d <= 0 {
		return 0, Errorf(Invalid, "hold %q: want a length of time such as 12h or 30d", text)
	}
	return d, nil
}

func (s *server) accept(w http.ResponseWriter, r *http.Request) (any, error) {
	return s.answerProposal(w, r, true)
}

func (s *server) reject(w http.ResponseWriter, r *http.Request) (any, error) {
	return s.answerProposal(w, r, false)
}

func (s *server) answerProposal(w http.ResponseWriter, r *http.Request, accept bool) (any, error) {
	var b reply
	if err := body(w, r, &b); err != nil {
		return nil, err
	}
	q := ReplyRequest{Ref: refOf(r), Accept: accept, Fields: b.Fields, Proposal: b.Proposal, As: b.As, By: asker(r, b.By), Via: via(b.Via), Reason: b.Reason}
	var err error
	switch {
	case accept && b.Hold != "":
		return nil, Errorf(Invalid, "hold is of reject: what is accepted stays until policy or a person wants otherwise")
	case !accept && b.As != "":
		return nil, Errorf(Invalid, "as is of accept: anybody may reject")
	case b.Hold != "":
		if q.Hold, err = holdFor(b.Hold); err != nil {
			return nil, err
		}
	}
	return s.Rights.Reply(r.Context(), q)
}

// via says by which way a decision came.
func via(claimed string) string {
	if claimed == "command" {
		return claimed
	}
	return "API"
}

var _ Rights = (*Client)(nil)

// Overrides implements Rights.
func (c *Client) Overrides(ctx context.Context, f OverrideFilter) (all answer.Overrides, err error) {
	all.Overrides = []answer.Holding{}
	contested := ""
	if f.Contested {
		contested = "true"
	}
	all.Next, err = pull(f.Limit, f.Cursor, func(limit int, cursor string) (int, string, error) {
		var page answer.Overrides
		q := query("source", f.Source, "lane", f.Lane, "field", f.Field, "by", f.By, "contested", contested, "limit", strconv.Itoa(limit), "cursor", cursor)
		err := c.call(ctx, http.MethodGet, c.at(q, "overrides"), nil, &page)
		all.Overrides, all.Total = append(all.Overrides, page.Overrides...), page.Total
		return len(page.Overrides), page.Next, err
	})
	return all, err
}

// Rule implements Rights.
func (c *Client) Rule(ctx context.Context, u RulingRequest) (out answer.Ruled, err error) {
	place, in := "approve", any(approval{As: u.As, Reject: u.Verb == "reject", By: u.By, Via: u.Via, Reason: u.Reason})
	if u.Verb == "release" || u.Verb == "hold" {
		o := override{Field: u.Field, Release: u.Verb == "release", By: u.By, Via: u.Via, Reason: u.Reason}
		if !o.Release {
			o.Hold = u.Hold.String()
		}
		place, in = "override", o
	}
	at, err := c.issue(u.Ref, nil, place)
	if err == nil {
		err = c.call(ctx, http.MethodPost, at, in, &out)
	}
	return out, err
}

// Reply implements Rights.
func (c *Client) Reply(ctx context.Context, q ReplyRequest) (out answer.Replied, err error) {
	in := reply{Fields: q.Fields, Proposal: q.Proposal, As: q.As, By: q.By, Via: q.Via, Reason: q.Reason}
	if q.Hold != 0 {
		in.Hold = q.Hold.String()
	}
	at, err := c.issue(q.Ref, nil, q.Verb())
	if err == nil {
		err = c.call(ctx, http.MethodPost, at, in, &out)
	}
	return out, err
}
