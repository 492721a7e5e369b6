// Package connectors holds what the connectors of all trackers share: the
// kinds of error, credentials that cannot be printed, and the transport chain.
package connectors

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Kind classifies a failure by what has to be done about it. Nobody decides
// on the text of an error.
type Kind string

// The kinds of error.
const (
	Auth        Kind = "auth"         // credential refused: stop the source, tell a person
	NotFound    Kind = "not_found"    // missing or invisible; the tracker does not tell which
	Invalid     Kind = "invalid"      // the request is wrong: park the issue
	RateLimited Kind = "rate_limited" // wait RetryAfter
	Conflict    Kind = "conflict"     // changed meanwhile: read again
	Server      Kind = "server"       // the tracker is in trouble
	Network     Kind = "network"      // no answer; a write may have happened
	Contract    Kind = "contract"     // the answer is not what the tracker promises
	Forbidden   Kind = "forbidden"    // signed in, but not allowed
	Unavailable Kind = "unavailable"  // feature not in this plan or deployment
)

// Error is a failed exchange with a tracker.
type Error struct {
	Kind Kind
	Op   string // operation, such as "search"; never a URL
	// Status is the HTTP status, 0 where there was no answer.
	Status     int
	RetryAfter time.Duration
	// Local tells that a RateLimited error concerns one item only (one issue
	// that was written too often), so that the other calls need not wait.
	Local bool
	// Fields names the refused fields of an Invalid error with the tracker's
	// text, in the tracker's own field ids.
	Fields map[string]string
	// Detail is a short, cleaned excerpt of what the tracker said.
	Detail string
	// Hint says what a person can do.
	Hint string
	// Tried tells that an earlier try of the same request had no clear outcome:
	// it may have taken effect, whatever this one says. The error is an ErrUnsure.
	Tried bool
	Err   error
}

// ErrUnsure is what an error of a write is that may have happened all the same.
var ErrUnsure = errors.New("the write may have happened")

// Unsure makes an error an ErrUnsure: an earlier try of the same write, in another
// way, may have arrived.
func Unsure(err error) error { return fmt.Errorf("%w: %w", ErrUnsure, err) }

// Is tells whether the request may have taken effect, for ErrUnsure.
func (e *Error) Is(target error) bool {
	return target == ErrUnsure && (e.Tried || e.Kind == Network || e.Kind == Server || e.Kind == Contract)
}

func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Op)
	fmt.Fprintf(&b, ": %s", strings.ReplaceAll(string(e.Kind), "_", " "))
	if e.Status != 0 {
		fmt.Fprintf(&b, " (HTTP %d)", e.Status)
	}
	if e.Detail != "" {
		b.WriteString(": " + e.Detail)
	}
	for _, f := range slices.Sorted(maps.Keys(e.Fields)) {
		b.WriteString(": " + f + ": " + e.Fields[f])
	}
	if e.Err != nil {
		b.WriteString(": " + e.Err.Error())
	}
	if e.Hint != "" {
		b.WriteString("; " + e.Hint)
	}
	return b.String()
}

func (e *Error) Unwrap() error { return e.Err }

// KindOf returns the kind of the first Error in err's chain, or "".
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return ""
}
