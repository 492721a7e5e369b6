package jira

import (
	"context"
	"errors"
	"iter"
	"net/http"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/lanekeeper/lanekeeper/connectors"
)

const (
	// cloudIDs and cloudIssues are the page sizes asked for on Cloud; the server
	// gives fewer as it likes.
	cloudIDs    = 5000
	cloudIssues = 500
	// pageBudget ends a search that never ends: 5,000 pages of ids are 25
	// million issues.
	pageBudget = 5000
)

// searchPage is one page of a search.
type searchPage struct {
	Issues issueList `json:"issues"`
	Token  string    `json:"nextPageToken"`
	Total  int       `json:"total"`
}

// idPage is one page of a search for ids alone.
type idPage struct {
	Issues idList `json:"issues"`
	Token  string `json:"nextPageToken"`
	Total  int    `json:"total"`
}

// listed is an issue of which only the identity was asked for.
type listed struct{ id, key string }

// idList reads ids and keys of an array of issues, and nothing else of them.
type idList []listed

// UnmarshalJSONFrom reads the array.
func (l *idList) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	if dec.PeekKind() != '[' {
		return dec.SkipValue()
	}
	*l = idList{} // not nil: the answer has the array
	if _, err := dec.ReadToken(); err != nil {
		return err
	}
	for dec.PeekKind() != ']' {
		var i listed
		if dec.PeekKind() != '{' {
			return errNoObject
		}
		err := members(dec, func(name []byte) (err error) {
			switch string(name) {
			case `"id"`:
				i.id, err = readText(dec)
			case `"key"`:
				i.key, err = readText(dec)
			default:
				err = dec.SkipValue()
			}
			return err
		})
		if err != nil {
			return err
		}
		if !numericID.MatchString(i.id) {
			return errNoID
		}
		*l = append(*l, i)
	}
	_, err := dec.ReadToken()
	return err
}

// query is the body of a search on Cloud.
type query struct {
	JQL    string   `json:"jql"`
	Fields []string `json:"fields"`
	Size   int      `json:"maxResults"`
	Token  string   `json:"nextPageToken,omitempty"`
	// Reconcile are ids that are answered as they are now, not as the index has
	// them; the list must be the same for every page.
	Reconcile []int64 `json:"reconcileIssues,omitempty"`
}

func (p *searchPage) complete() bool { return p.Issues.there }
func (p *idPage) complete() bool     { return p.Issues != nil }

func (p *searchPage) token() string { return p.Token }
func (p *idPage) token() string     { return p.Token }
func newIDPage() *idPage            { return new(idPage) }

// cloudSearch pages through search/jql. Only a missing token ends it: a short
// page means nothing, and the last flag has been seen to lie. A token that
// comes again, or no end, is an error. Pages that are too large are asked for
// in smaller ones.
func cloudSearch[P any](ctx context.Context, c *Client, q query, fresh func() *P, token func(*P) string) iter.Seq2[*P, error] {
	return func(yield func(*P, error) bool) {
		seen := map[string]bool{}
		next := ""
		for range pageBudget {
			page := fresh()
			q.Token = next
			_, err := c.do(ctx, call{op: opSearch, again: true, method: http.MethodPost, path: "search/jql", body: q, into: page})
			if q.Size > 1 && errors.Is(err, connectors.ErrTooLarge) {
				q.Size /= 2
				continue
			}
			if err != nil {
				yield(nil, err)
				return
			}
			next = token(page)
			if seen[next] {
				yield(nil, &connectors.Error{Kind: connectors.Contract, Op: opSearch, Detail: "the server gave the same page token twice",
					Hint: "nothing was concluded from this pull; the next one starts again"})
				return
			}
			seen[next] = true
			if !yield(page, nil) || next == "" {
				return
			}
		}
		yield(nil, &connectors.Error{Kind: connectors.Contract, Op: opSearch, Detail: "the search has no end"})
	}
}

// dcSearch asks Data Center for one page. Paging is by key, never by startAt:
// offsets over a moving list lose rows, and end at 10,000. The server checks
// the query: without that, a project that is hidden from us would look empty.
func dcSearch(ctx context.Context, c *Client, jql string, fields []string, size int, page dcAnswer) error {
	return c.dcPage(ctx, jql, fields, size, page, true)
}

// dcLookup is dcSearch for a query that names keys or ids. Some of them may
// not exist, which is fine, hence no check.
func dcLookup(ctx context.Context, c *Client, jql string, fields []string, size int, page dcAnswer) error {
	return c.dcPage(ctx, jql, fields, size, page, false)
}

// dcAnswer is a page of Data Center, which always tells how many issues match:
// paging ends by that number.
type dcAnswer interface {
	total() *int
	count() int
}

func (p *searchPage) total() *int { return &p.Total }
func (p *searchPage) count() int  { return len(p.Issues.issues) + len(p.Issues.bad) }
func (p *idPage) total() *int     { return &p.Total }
func (p *idPage) count() int      { return len(p.Issues) }

func (c *Client) dcPage(ctx context.Context, jql string, fields []string, size int, page dcAnswer, checked bool) error {
	*page.total() = -1
	_, err := c.do(ctx, call{op: opSearch, again: true, method: http.MethodPost, path: "search", into: page,
		body: map[string]any{"jql": jql, "fields": fields, "maxResults": size, "startAt": 0, "validateQuery": checked}})
	switch total := *page.total(); {
	case err != nil:
		return err
	case total < 0:
		return hollow(opSearch, "the answer does not tell how many issues match")
	case total > 0 && page.count() == 0:
		return hollow(opSearch, "the answer has none of the issues that match")
	}
	return nil
}

// count is Cloud's estimate of how many issues match: good for progress and a
// sanity check only. 0 where it is not known.
func (c *Client) count(ctx context.Context, jql string) int {
	var n struct {
		Count int `json:"count"`
	}
	_, err := c.do(ctx, call{op: opCount, again: true, method: http.MethodPost, path: "search/approximate-count",
		body: map[string]any{"jql": jql}, into: &n})
	if err != nil {
		c.log.Debug("no approximate count", "err", err)
	}
	return n.Count
}

// farOff reports whether a listing is far from the estimate: the index lags,
// or, as one site did, the server stopped handing out tokens.
func farOff(got, estimate int) bool {
	d := max(got-estimate, estimate-got)
	return d > 100 && d > estimate/10
}

// among restricts a search to issue ids, which the caller has checked.
func among(ids []string) string { return "id in (" + strings.Join(ids, ", ") + ")" }
