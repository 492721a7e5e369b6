package jira

import (
	"cmp"
	"context"
	"iter"
	"slices"
	"strconv"
	"time"

	"github.com/lanekeeper/lanekeeper/connectors"
	"github.com/lanekeeper/lanekeeper/internal/issue"
)

// bulkSize is how many issues Cloud reads in one bulkfetch.
const bulkSize = 100

// Changed streams the issues in scope that changed at or after since. There is
// no upper bound: an issue that is touched all the time would never be inside.
// Every Page carries the server's time at the start of the pull.
func (c *Client) Changed(ctx context.Context, from time.Time) iter.Seq2[issue.Page, error] {
	return func(yield func(issue.Page, error) bool) {
		s, err := c.begin(ctx)
		if err != nil {
			yield(issue.Page{}, err)
			return
		}
		pages := c.cloudChanged(ctx, from)
		if c.flavor() == DataCenter {
			pages = c.dcChanged(ctx, from)
		}
		some := false
		for list, err := range pages {
			if err != nil {
				yield(issue.Page{}, err)
				return
			}
			page, err := c.page(ctx, list)
			page.ServerTime, some = s.time, true
			if !yield(page, err) || err != nil {
				return
			}
		}
		if !some {
			yield(issue.Page{ServerTime: s.time}, nil)
		}
	}
}

func (c *Client) cloudChanged(ctx context.Context, from time.Time) iter.Seq2[*issueList, error] {
	return func(yield func(*issueList, error) bool) {
		cat, err := c.fields(ctx)
		if err != nil {
			yield(nil, err)
			return
		}
		jql := c.set.scope() + since(from) + " ORDER BY updated ASC, key ASC"
		fresh := func() *searchPage { return &searchPage{Issues: issueList{d: cat.decoder}} }
		for p, err := range cloudSearch(ctx, c, query{JQL: jql, Fields: cat.request, Size: cloudIssues}, fresh, (*searchPage).token) {
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield(&p.Issues, nil) {
				return
			}
		}
	}
}

// page completes decoded issues: what needs the project's priorities or the
// history.
func (c *Client) page(ctx context.Context, l *issueList) (issue.Page, error) {
	if err := c.rank(ctx, l.issues); err != nil {
		return issue.Page{}, err
	}
	if err := c.addStarted(ctx, l.issues); err != nil {
		return issue.Page{}, err
	}
	return issue.Page{Issues: l.issues, Bad: l.bad}, nil
}

// All streams every open issue in scope. On Cloud the ids are listed first and
// the issues then read in parallel, in the order of their ids; the cursor is the
// last id of a page. On Data Center ranges of keys are read in parallel, in the
// order of projects and keys; the cursor is the last key looked at.
func (c *Client) All(ctx context.Context, cursor string) iter.Seq2[issue.Page, error] {
	return func(yield func(issue.Page, error) bool) {
		s, err := c.begin(ctx)
		if err != nil {
			yield(issue.Page{}, err)
			return
		}
		parts, total, err := c.parts(ctx, cursor)
		if err != nil {
			yield(issue.Page{}, err)
			return
		}
		if len(parts) == 0 {
			yield(issue.Page{ServerTime: s.time, Total: total}, nil)
			return
		}
		read := func(ctx context.Context, n int) (issue.Page, error) {
			list, err := parts[n].read(ctx)
			if err != nil {
				return issue.Page{}, err
			}
			page, err := c.page(ctx, list)
			page.ServerTime, page.Total, page.Cursor = s.time, total, parts[n].cursor
			return page, err
		}
		for page, err := range ordered(ctx, len(parts), c.reading(), read) {
			if !yield(page, err) || err != nil {
				return
			}
		}
	}
}

// part is a share of a first pull that is read on its own.
type part struct {
	read   func(context.Context) (*issueList, error)
	cursor string // of the pull after this part
}

func (c *Client) parts(ctx context.Context, cursor string) ([]part, int, error) {
	if c.flavor() == DataCenter {
		return c.dcParts(ctx, cursor)
	}
	return c.cloudParts(ctx, cursor)
}

func (c *Client) cloudParts(ctx context.Context, cursor string) ([]part, int, error) {
	ids, err := c.cloudIDs(ctx)
	if err != nil {
		return nil, 0, err
	}
	total := len(ids)
	if estimate := c.count(ctx, c.set.scope()+openOnly); estimate > 0 && farOff(total, estimate) {
		c.log.Warn("the listing and Jira's estimate differ", "listed", total, "estimate", estimate)
	}
	if cursor != "" {
		after, err := strconv.ParseInt(cursor, 10, 64)
		if err != nil {
			return nil, 0, &connectors.Error{Kind: connectors.Invalid, Op: opSearch, Detail: "the stored cursor is not an issue id"}
		}
		n, _ := slices.BinarySearch(ids, after+1)
		ids = ids[n:]
	}
	var parts []part
	for chunk := range slices.Chunk(ids, bulkSize) {
		parts = append(parts, part{cursor: strconv.FormatInt(chunk[len(chunk)-1], 10),
			read: func(ctx context.Context) (*issueList, error) { return c.readOpen(ctx, chunk) }})
	}
	return parts, total, nil
}

// cloudIDs lists the ids of the open issues in scope, ascending and once each.
func (c *Client) cloudIDs(ctx context.Context) ([]int64, error) {
	var ids []int64
	all := query{JQL: c.set.scope() + openOnly + " ORDER BY key ASC", Fields: []string{"id"}, Size: cloudIDs}
	for p, err := range cloudSearch(ctx, c, all, newIDPage, (*idPage).token) {
		if err != nil {
			return nil, err
		}
		for _, i := range p.Issues {
			n, err := strconv.ParseInt(i.id, 10, 64)
			if err != nil {
				return nil, contractError(opSearch, err)
			}
			ids = append(ids, n)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids), nil
}

// readOpen reads issues that the index called open. Those that were deleted or
// closed since are left out; those that could not be read now are Bad.
func (c *Client) readOpen(ctx context.Context, ids []int64) (*issueList, error) {
	texts := make([]string, len(ids))
	for n, id := range ids {
		texts[n] = strconv.FormatInt(id, 10)
	}
	list, err := c.bulkFetch(ctx, texts)
	if err != nil {
		return nil, err
	}
	list.issues = slices.DeleteFunc(list.issues, func(i issue.Issue) bool {
		return i.Gone || !i.Open() && !i.Unknown.Has(issue.InputStatus)
	})
	slices.SortFunc(list.issues, byID)
	return list, nil
}

func byID(a, b issue.Issue) int {
	return cmp.Or(cmp.Compare(len(a.ID), len(b.ID)), cmp.Compare(a.ID, b.ID))
}

// IDs lists the ids of every open issue in scope, for the sweep. Each project
// must be readable first, since search shows nothing, and says nothing, of a
// project that we lost.
func (c *Client) IDs(ctx context.Context) ([]string, error) {
	if _, err := c.begin(ctx); err != nil {
		return nil, err
	}
	for _, p := range c.set.Projects {
		if err := c.mayBrowse(ctx, p); err != nil {
			return nil, err
		}
	}
	if c.flavor() == DataCenter {
		return c.dcIDs(ctx)
	}
	ids, err := c.cloudIDs(ctx)
	if err != nil {
		return nil, err
	}
	if estimate := c.count(ctx, c.set.scope()+openOnly); farOff(len(ids), estimate) && len(ids) < estimate/2 {
		return nil, tooFew(len(ids), estimate)
	}
	out := make([]string, len(ids))
	for n, id := range ids {
		out[n] = strconv.FormatInt(id, 10)
	}
	return out, nil
}

func tooFew(got, expected int) error {
	return &connectors.Error{Kind: connectors.Contract, Op: opSearch,
		Detail: "the listing has " + strconv.Itoa(got) + " issues where Jira counts about " + strconv.Itoa(expected),
		Hint:   "a permission may have been lost; nothing is concluded from issues that are absent now"}
}
