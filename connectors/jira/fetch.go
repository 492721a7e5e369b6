package jira

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/lanekeeper/lanekeeper/connectors"
	"github.com/lanekeeper/lanekeeper/internal/issue"
)

// Fetch reads issues by id, past the index. An issue that is archived, moved
// to a project that is not configured, or no longer matched by the configured
// JQL is Found with Gone set; one that Jira does not show at all is in Gone.
func (c *Client) Fetch(ctx context.Context, ids []string) (issue.Lookup, error) {
	var out issue.Lookup
	if err := c.ensure(ctx); err != nil {
		return out, err
	}
	ids, out.Bad = usableIDs(opBulkFetch, ids)
	chunks := slices.Collect(slices.Chunk(ids, bulkSize))
	read := func(ctx context.Context, n int) (issue.Lookup, error) { return c.lookup(ctx, chunks[n]) }
	width := c.reading()
	if c.flavor() == DataCenter {
		width = 1 // each chunk is many requests
	}
	for l, err := range ordered(ctx, len(chunks), width, read) {
		if err != nil {
			return issue.Lookup{}, err
		}
		out.Found = append(out.Found, l.Found...)
		out.Gone = append(out.Gone, l.Gone...)
		out.Bad = append(out.Bad, l.Bad...)
	}
	return out, nil
}

func usableIDs(op string, ids []string) (good []string, bad []issue.Bad) {
	for _, id := range sortedSet(slices.Clone(ids)) {
		if err := checkID(op, id); err != nil {
			bad = append(bad, issue.Bad{ID: id, Err: err})
			continue
		}
		good = append(good, id)
	}
	return good, bad
}

func (c *Client) lookup(ctx context.Context, ids []string) (issue.Lookup, error) {
	read := c.bulkFetch
	if c.flavor() == DataCenter {
		read = c.dcFetch
	}
	list, err := read(ctx, ids)
	if err != nil {
		return issue.Lookup{}, err
	}
	page, err := c.page(ctx, list)
	if err != nil {
		return issue.Lookup{}, err
	}
	if err := c.markOutside(ctx, page.Issues); err != nil {
		return issue.Lookup{}, err
	}
	out := issue.Lookup{Found: page.Issues, Bad: page.Bad}
	seen := map[string]bool{}
	for i := range page.Issues {
		seen[page.Issues[i].ID] = true
	}
	for _, b := range page.Bad {
		seen[b.ID] = true
	}
	for _, id := range ids {
		if !seen[id] {
			out.Gone = append(out.Gone, id)
		}
	}
	return out, nil
}

// bulkAnswer is what bulkfetch says: an issue in neither list is deleted or
// hidden; one in issueErrors could not be read now.
type bulkAnswer struct {
	Issues issueList `json:"issues"`
	Errors []struct {
		ID      string `json:"id"`
		Message string `json:"errorMessage"`
	} `json:"issueErrors"`
}

func (a *bulkAnswer) complete() bool { return a.Issues.there }

func (c *Client) bulkFetch(ctx context.Context, ids []string) (*issueList, error) {
	cat, err := c.fields(ctx)
	if err != nil {
		return nil, err
	}
	answer := bulkAnswer{Issues: issueList{d: cat.decoder, issues: make([]issue.Issue, 0, len(ids))}}
	_, err = c.do(ctx, call{op: opBulkFetch, again: true, method: http.MethodPost, path: "issue/bulkfetch", into: &answer,
		body: map[string]any{"issueIdsOrKeys": ids, "fields": cat.request}})
	if errors.Is(err, connectors.ErrTooLarge) {
		return c.bulkFetchHalves(ctx, cat, ids, err)
	}
	if err != nil {
		return nil, err
	}
	for _, e := range answer.Errors {
		answer.Issues.bad = append(answer.Issues.bad, issue.Bad{ID: e.ID,
			Err: &connectors.Error{Kind: connectors.Server, Op: opBulkFetch, Detail: connectors.Excerpt(e.Message)}})
	}
	return &answer.Issues, nil
}

// bulkFetchHalves reads what is too large for one answer in two; an issue that
// is too large on its own is Bad.
func (c *Client) bulkFetchHalves(ctx context.Context, cat *catalog, ids []string, tooLarge error) (*issueList, error) {
	if len(ids) == 1 {
		return &issueList{d: cat.decoder, bad: []issue.Bad{{ID: ids[0], Err: tooLarge}}}, nil
	}
	a, err := c.bulkFetch(ctx, ids[:len(ids)/2])
	if err != nil {
		return nil, err
	}
	b, err := c.bulkFetch(ctx, ids[len(ids)/2:])
	if err != nil {
		return nil, err
	}
	a.issues, a.bad = append(a.issues, b.issues...), append(a.bad, b.bad...)
	return a, nil
}

// dcFetch asks for each issue by itself. A search would take one request for all
// of them, but it answers from an index that may not show the newest change, and
// whoever fetches is about to write or to judge what a person did. Only a 404
// means gone.
func (c *Client) dcFetch(ctx context.Context, ids []string) (*issueList, error) {
	cat, err := c.fields(ctx)
	if err != nil {
		return nil, err
	}
	list := &issueList{d: cat.decoder}
	one := func(ctx context.Context, n int) (*issueList, error) { return c.dcOne(ctx, cat, ids[n]) }
	for l, err := range ordered(ctx, len(ids), min(c.reading(), writers), one) {
		if err != nil {
			return nil, err
		}
		list.issues, list.bad = append(list.issues, l.issues...), append(list.bad, l.bad...)
	}
	return list, nil
}

// dcOne reads one issue; a list without it means gone.
func (c *Client) dcOne(ctx context.Context, cat *catalog, id string) (*issueList, error) {
	list := &issueList{d: cat.decoder}
	var raw jsontext.Value
	_, err := c.do(ctx, call{op: opIssue, again: true, method: http.MethodGet, path: "issue/" + id,
		query: url.Values{"fields": {strings.Join(cat.request, ",")}}, into: &raw})
	switch connectors.KindOf(err) {
	case "":
		if err != nil {
			return nil, err
		}
	case connectors.NotFound:
		return list, nil
	case connectors.Forbidden, connectors.Invalid, connectors.Contract:
		list.bad = append(list.bad, issue.Bad{ID: id, Err: err})
		return list, nil
	default:
		return nil, err
	}
	if err := decode(append(append(jsontext.Value{'['}, raw...), ']'), list); err != nil {
		return nil, contractError(opIssue, err)
	}
	for n := range list.bad {
		list.bad[n].ID = id
	}
	return list, nil
}

// reconcileLimit is how many issues Cloud answers consistently in one search.
const reconcileLimit = 50

// markOutside sets Gone on issues that the configured JQL no longer takes in.
func (c *Client) markOutside(ctx context.Context, list []issue.Issue) error {
	if strings.TrimSpace(c.set.JQL) == "" {
		return nil
	}
	for chunk := range slices.Chunk(list, reconcileLimit) {
		inside, err := c.inside(ctx, chunk)
		if err != nil {
			return err
		}
		for i := range chunk {
			chunk[i].Gone = chunk[i].Gone || !inside[chunk[i].ID]
		}
	}
	return nil
}

func (c *Client) inside(ctx context.Context, list []issue.Issue) (map[string]bool, error) {
	var ids []string
	var numbers []int64
	for i := range list {
		n, ok := numeric(jsontext.Value(list[i].ID))
		if !ok {
			return nil, errors.New("issue id is not a number")
		}
		ids, numbers = append(ids, list[i].ID), append(numbers, int64(n))
	}
	inside := map[string]bool{}
	jql := c.set.scope() + " AND " + among(ids)
	if c.flavor() == DataCenter {
		var page idPage
		err := dcLookup(ctx, c, jql, []string{"summary"}, len(ids), &page)
		for _, i := range page.Issues {
			inside[i.id] = true
		}
		return inside, err
	}
	q := query{JQL: jql, Fields: []string{"id"}, Size: reconcileLimit, Reconcile: numbers}
	for page, err := range cloudSearch(ctx, c, q, newIDPage, (*idPage).token) {
		if err != nil {
			return nil, err
		}
		for _, i := range page.Issues {
			inside[i.id] = true
		}
	}
	return inside, nil
}
