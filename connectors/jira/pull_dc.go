package jira

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/lanekeeper/lanekeeper/connectors"
	"github.com/lanekeeper/lanekeeper/internal/issue"
)

// dcPage is the page size asked for on Data Center. Servers cap it at 1,000
// unless told otherwise, and may answer fewer.
const dcPage = 1000

// dcChanged reads the changed issues in the order of their keys: a key does not
// move when an issue is edited while we page, so that nothing slips past. One
// request does where everything fits on a page.
func (c *Client) dcChanged(ctx context.Context, from time.Time) iter.Seq2[*issueList, error] {
	return func(yield func(*issueList, error) bool) {
		cat, err := c.fields(ctx)
		if err != nil {
			yield(nil, err)
			return
		}
		first := searchPage{Issues: issueList{d: cat.decoder}}
		err = dcSearch(ctx, c, c.set.scope()+since(from)+" ORDER BY key ASC", cat.request, dcPage, &first)
		if err != nil && !errors.Is(err, connectors.ErrTooLarge) {
			yield(nil, err)
			return
		}
		if err == nil && first.count() >= first.Total {
			yield(&first.Issues, nil)
			return
		}
		for _, p := range c.set.Projects {
			r := keyRange{project: p, restrict: since(from)}
			for list, err := range c.keyed(ctx, cat, r) {
				if !yield(list, err) || err != nil {
					return
				}
			}
		}
	}
}

// keyRange is a run of keys of one project: after < number <= last, last 0 for
// no end. The newest range has a last number to go on from, and takes in what
// comes after it too.
type keyRange struct {
	project     string
	after, last int
	newest      bool
	restrict    string // further JQL, with its AND
}

func (r keyRange) jql(s Settings) string {
	jql := s.scope(r.project) + r.restrict
	if r.after > 0 {
		jql += fmt.Sprintf(" AND key > %s", quote(r.key(r.after)))
	}
	if r.last > 0 && !r.newest {
		jql += fmt.Sprintf(" AND key <= %s", quote(r.key(r.last)))
	}
	return jql
}

func (r keyRange) key(n int) string { return r.project + "-" + strconv.Itoa(n) }

// keyed reads a range page by page, each beginning after the last key of the
// one before. Pages that are too large are asked for in smaller ones.
func (c *Client) keyed(ctx context.Context, cat *catalog, r keyRange) iter.Seq2[*issueList, error] {
	return func(yield func(*issueList, error) bool) {
		size, left := dcPage, 0
		for range pageBudget {
			page := searchPage{Issues: issueList{d: cat.decoder}}
			if r.last > 0 {
				page.Issues.issues = make([]issue.Issue, 0, min(size, r.last-r.after))
			}
			err := dcLookup(ctx, c, r.jql(c.set)+" ORDER BY key ASC", cat.request, size, &page)
			if size > 1 && errors.Is(err, connectors.ErrTooLarge) {
				size /= 2
				continue
			}
			if err != nil {
				yield(nil, err)
				return
			}
			if page.count() == 0 && left > 0 {
				yield(nil, &connectors.Error{Kind: connectors.Contract, Op: opSearch, Detail: fmt.Sprintf("%d issues are missing after %s: the issue may have been moved meanwhile", left, r.key(r.after))})
				return
			}
			left = page.Total - page.count()
			if !yield(&page.Issues, nil) || page.count() == 0 || left <= 0 {
				return
			}
			last := page.Issues.lastNumber(r.project)
			if last <= r.after {
				yield(nil, &connectors.Error{Kind: connectors.Contract, Op: opSearch, Detail: "the search by key does not advance"})
				return
			}
			r.after = last
		}
		yield(nil, &connectors.Error{Kind: connectors.Contract, Op: opSearch, Detail: "the search has no end"})
	}
}

// lastNumber is the greatest number of the project's keys on the page.
func (l *issueList) lastNumber(project string) int {
	last := 0
	for i := range l.issues {
		last = max(last, keyNumber(project, l.issues[i].Key))
	}
	for _, b := range l.bad {
		last = max(last, keyNumber(project, b.Key))
	}
	return last
}

// keyNumber is the number of a key of the project, 0 for another's.
func keyNumber(project, key string) int {
	digits, ok := strings.CutPrefix(key, project+"-")
	n, err := strconv.Atoi(digits)
	if !ok || err != nil || n < 0 {
		return 0
	}
	return n
}

// dcParts divides the open issues of each project into ranges of keys that hold
// about a page each.
func (c *Client) dcParts(ctx context.Context, cursor string) ([]part, int, error) {
	cat, err := c.fields(ctx)
	if err != nil {
		return nil, 0, err
	}
	var parts []part
	total, skip := 0, cursor != ""
	for _, p := range c.set.Projects {
		ranges, n, err := c.keyRanges(ctx, p)
		if err != nil {
			return nil, 0, err
		}
		total += n
		if skip && p != projectOf(cursor) {
			continue
		}
		after := 0
		if skip {
			there, err := c.standing(ctx, p, []int{keyNumber(p, cursor)})
			if err != nil {
				return nil, 0, err
			}
			if len(there) > 0 { // else the project is read anew
				after = there[0]
			}
			skip = false
		}
		for _, r := range ranges {
			if r.last <= after {
				continue
			}
			r.after = max(r.after, after)
			parts = append(parts, part{cursor: r.key(r.last), read: func(ctx context.Context) (*issueList, error) { return c.readRange(ctx, cat, r) }})
		}
	}
	if skip {
		return nil, 0, &connectors.Error{Kind: connectors.Invalid, Op: opSearch, Detail: "the stored cursor is of a project that is no longer configured"}
	}
	return parts, total, nil
}

func (c *Client) readRange(ctx context.Context, cat *catalog, r keyRange) (*issueList, error) {
	all := &issueList{d: cat.decoder}
	for list, err := range c.keyed(ctx, cat, r) {
		if err != nil {
			return nil, err
		}
		if all.issues == nil {
			all.issues = list.issues
		} else {
			all.issues = append(all.issues, list.issues...)
		}
		all.bad = append(all.bad, list.bad...)
	}
	return all, nil
}

// keyRanges learns the first and last key and the number of open issues of a
// project, and cuts the keys so that a range holds fewer issues than a page.
func (c *Client) keyRanges(ctx context.Context, project string) ([]keyRange, int, error) {
	whole := keyRange{project: project, restrict: openOnly}
	var ends [2]int
	total := 0
	for n, order := range []string{" ORDER BY key ASC", " ORDER BY key DESC"} {
		var page idPage
		if err := dcSearch(ctx, c, whole.jql(c.set)+order, []string{"summary"}, 1, &page); err != nil {
			return nil, 0, err
		}
		if len(page.Issues) == 0 {
			return nil, 0, nil
		}
		ends[n], total = keyNumber(project, page.Issues[0].key), page.Total
	}
	low, high := ends[0], ends[1]
	if low <= 0 || high < low {
		return nil, 0, &connectors.Error{Kind: connectors.Contract, Op: opSearch, Detail: "the search by key is not in the order of keys"}
	}
	keys := high - low + 1
	step := max(dcPage, keys*(dcPage*9/10)/max(total, 1))
	var cuts []int
	for n := low - 1 + step; n < high; n += step {
		cuts = append(cuts, n)
	}
	cuts, err := c.standing(ctx, project, cuts)
	if err != nil {
		return nil, 0, err
	}
	var out []keyRange
	after := 0
	for _, n := range append(cuts, high) {
		r := whole
		r.after, r.last, r.newest = after, n, n == high
		out = append(out, r)
		after = n
	}
	return out, total, nil
}

// standing are the numbers whose issue is in the project under that key. Jira
// takes the key of an issue that was moved for the one it has now: a range that
// begins or ends there is one of another project, and silently empty.
func (c *Client) standing(ctx context.Context, project string, numbers []int) ([]int, error) {
	var out []int
	for chunk := range slices.Chunk(numbers, dcPage) {
		keys := make([]string, len(chunk))
		for n, number := range chunk {
			keys[n] = quote(keyRange{project: project}.key(number))
		}
		var page idPage
		if err := dcLookup(ctx, c, "key IN ("+strings.Join(keys, ", ")+")", []string{"summary"}, len(chunk), &page); err != nil {
			return nil, err
		}
		for _, i := range page.Issues {
			if n := keyNumber(project, i.key); slices.Contains(chunk, n) {
				out = append(out, n)
			}
		}
	}
	slices.Sort(out)
	return out, nil
}

// dcIDs lists the ids of the open issues by ranges of keys.
func (c *Client) dcIDs(ctx context.Context) ([]string, error) {
	bare := &catalog{decoder: &decoder{inScope: map[string]bool{}}, request: []string{"summary"}}
	var ids []string
	expected := 0
	for _, p := range c.set.Projects {
		ranges, n, err := c.keyRanges(ctx, p)
		if err != nil {
			return nil, err
		}
		expected += n
		read := func(ctx context.Context, n int) (*issueList, error) { return c.readRange(ctx, bare, ranges[n]) }
		for list, err := range ordered(ctx, len(ranges), c.reading(), read) {
			if err != nil {
				return nil, err
			}
			if len(list.bad) > 0 {
				return nil, fmt.Errorf("list ids: %w", list.bad[0].Err)
			}
			for i := range list.issues {
				ids = append(ids, list.issues[i].ID)
			}
		}
	}
	if farOff(len(ids), expected) && len(ids) < expected/2 {
		return nil, tooFew(len(ids), expected)
	}
	slices.Sort(ids)
	return slices.Compact(ids), nil
}
