package linear

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/shurcooL/graphql"

	"github.com/lanekeeper/lanekeeper/connectors"
)

// callInfo travels in the context of one request from its sender to the
// keeper, and back with what the client library drops.
type callInfo struct {
	// decode reads the body of a good answer.
	decode func(body []byte) error
	// began and date are the clocks of both sides: ours when the request left,
	// the server's on its answer (zero: it told none).
	began, date time.Time
	elapsed     time.Duration
	err         error
}

type callKey struct{}

// keeper stands between the client library and the transport chain. The
// library builds and sends the document; its own decoder is too slow for pages
// and drops what errors are made of. So the answer is decoded here, into the
// target that the context carries, and the library gets one without data.
type keeper struct {
	next http.RoundTripper
	// slots bounds the requests under way. A slot is free again before the
	// answer is decoded, so that the network does not wait for the processor.
	slots chan struct{}
}

func (k keeper) RoundTrip(req *http.Request) (*http.Response, error) {
	info, ok := req.Context().Value(callKey{}).(*callInfo)
	if !ok {
		return k.next.RoundTrip(req)
	}
	resp, err := k.inSlot(req)
	if err != nil {
		info.err = err
		return nil, err
	}
	defer resp.Body.Close()
	body, err := connectors.BodyBytes(resp)
	if err != nil {
		info.err = err
		return nil, err
	}
	if t, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
		info.date = t.UTC()
	}
	info.err = info.decode(body)
	return &http.Response{
		Status: "200 OK", StatusCode: http.StatusOK, Proto: resp.Proto, ProtoMajor: resp.ProtoMajor, ProtoMinor: resp.ProtoMinor,
		Header: resp.Header, Body: io.NopCloser(strings.NewReader("{}")), ContentLength: 2, Request: req,
	}, nil
}

// inSlot sends the request when there is room. The transport hands out complete
// answers, so nothing is left on the wire after it.
func (k keeper) inSlot(req *http.Request) (*http.Response, error) {
	select {
	case k.slots <- struct{}{}:
	case <-req.Context().Done():
		return nil, req.Context().Err()
	}
	defer func() { <-k.slots }()
	return k.next.RoundTrip(req)
}

// call is one request.
type call struct {
	op     string
	doc    any // the query struct that the document is written from
	vars   map[string]any
	price  int // points, charged to the complexity budget until the answer tells more
	decode func(body []byte) error
}

// query sends a read.
func (c *Client) query(ctx context.Context, q call) (*callInfo, error) {
	return c.send(ctx, q, c.gql.Query)
}

// mutate sends a write. All of ours may be sent again: labels change by
// deltas, other fields to a value, and what we create has an id of our own.
func (c *Client) mutate(ctx context.Context, q call) (*callInfo, error) {
	return c.send(ctx, q, c.gql.Mutate)
}

type sender func(ctx context.Context, q any, vars map[string]any) error

func (c *Client) send(ctx context.Context, q call, send sender) (*callInfo, error) {
	info := &callInfo{decode: q.decode, began: c.now()}
	ctx = connectors.WithOp(ctx, q.op, true)
	if q.price > 0 {
		ctx = connectors.WithCost(ctx, budgetComplexity, q.price)
	}
	err := send(context.WithValue(ctx, callKey{}, info), q.doc, q.vars)
	info.elapsed = c.now().Sub(info.began)
	if info.err != nil {
		err = info.err
	}
	if err == nil {
		return info, nil
	}
	return info, c.failed(q.op, err)
}

// failed gives every error an operation and a kind. The library's own errors
// are about a document or variable that cannot be built.
func (c *Client) failed(op string, err error) error {
	if e, ok := errors.AsType[*url.Error](err); ok {
		err = e.Err // without the address
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) || connectors.KindOf(err) != "" {
		return err
	}
	return &connectors.Error{Kind: connectors.Contract, Op: op, Err: err, Hint: "a proxy may have cut or changed the answer"}
}

// serverTime is the server's time when the request left here: the time of its
// answer less the whole exchange, so that nothing changed in between is
// skipped. It is zero where the server tells no time.
func (i *callInfo) serverTime() time.Time {
	if i.date.IsZero() {
		return time.Time{}
	}
	return i.date.Add(-i.elapsed)
}

// answer is the outer form of every answer.
type answer[T any] struct {
	Data *T `json:"data"`
}

var errNoData = errors.New("the answer has no data")

// into decodes the data of an answer into a fixed document.
func into[T any](target *T) func([]byte) error {
	return func(body []byte) error {
		out := answer[T]{Data: target}
		if err := json.Unmarshal(body, &out, jsonOptions); err != nil {
			return fmt.Errorf("decode: %w", err)
		}
		if out.Data == nil {
			return errNoData
		}
		return nil
	}
}

func newGraphQL(s Settings, tr *connectors.Transport) *graphql.Client {
	client := *tr.Client()
	client.Transport = keeper{next: client.Transport, slots: make(chan struct{}, s.Concurrency)}
	return graphql.NewClient(s.URL, &client)
}
