package issue

import "time"

// Page is one answer of a pull.
type Page struct {
	Issues []Issue
	// Bad are issues that could not be decoded; the pull goes on without them
	// and they are counted and asked for again.
	Bad []Bad
	// Total is the expected number of issues of the whole pull; 0 is not known.
	Total int
	// ServerTime is the tracker's clock when the pull began.
	ServerTime time.Time
	// Cursor lets a first pull go on after this page; "" where the pull cannot
	// be resumed.
	Cursor string
}

// Bad is an issue that could not be read.
type Bad struct {
	ID, Key string // as far as known
	Err     error
}

// Lookup is the answer to reading issues by id, consistently and now.
type Lookup struct {
	Found []Issue
	// Gone are ids that the tracker, asked directly, no longer shows: deleted,
	// or hidden from our account.
	Gone []string
	// Bad are ids whose state could not be learned now; nothing follows from
	// that.
	Bad []Bad
}
