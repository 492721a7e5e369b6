// Package reconcile runs the cycle of one source (pull, evaluate, plan, guard,
// write, record) and the loop around it.
package reconcile

import (
	"context"
	"iter"
	"time"

	"github.com/lanekeeper/lanekeeper/internal/issue"
)

// A Source is one tracker connection. Both connectors implement it.
type Source interface {
	Puller
	Reader
	Writer
}

// Puller streams issues. A sequence ends after the last page, or with one
// error: a pull is complete or it is an error. Pages arrive in order, and a
// consumer that stops early ends all work behind the sequence. At no time are
// more than a few pages in memory.
type Puller interface {
	// Changed streams the issues in scope that changed at or after since, the
	// ones that are closed by now among them. An issue may come twice and an
	// answer may lag behind the tracker's truth.
	Changed(ctx context.Context, since time.Time) iter.Seq2[issue.Page, error]
	// All streams every open issue in scope, in the order of their ids where the
	// tracker's ids have an order, fetched in parallel within the budget. A
	// cursor from an earlier Page goes on after that page; "" starts anew.
	All(ctx context.Context, cursor string) iter.Seq2[issue.Page, error]
	// IDs lists the ids of every open issue in scope, for the sweep. An answer
	// that a lost permission could have emptied is an error.
	IDs(ctx context.Context) ([]string, error)
}

// Reader reads issues directly, never from an index that lags.
type Reader interface {
	// Fetch reads the issues with these ids now. It takes any number of ids.
	Fetch(ctx context.Context, ids []string) (issue.Lookup, error)
	// History reads the changes of the managed fields and of the status, for
	// any number of ids. An id without an entry in the answer could not be read.
	History(ctx context.Context, ids []string) (map[string]issue.History, error)
	// Comments reads who commented and when, not what, for any number of ids. An id
	// without an entry in the answer could not be read.
	Comments(ctx context.Context, ids []string) (map[string][]issue.Comment, error)
	// Person resolves an e-mail address or account id to the account, for the
	// assignee. The error says what to do about an address that finds nobody.
	Person(ctx context.Context, who string) (issue.Person, error)
}

// Writer changes issues.
type Writer interface {
	// Apply sends the edits, alike ones in batches, and calls done once for each
	// of them, from one goroutine at a time, as soon as its outcome is known.
	// An edit is at most one request for its issue. Apply returns an error only
	// where it had to stop (credential refused, context ended); every edit that
	// was not sent then has no call of done.
	Apply(ctx context.Context, edits []issue.Edit, done func(issue.Result)) error
}
