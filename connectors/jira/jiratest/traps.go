package jiratest

import "time"

// Traps are the ways in which the real service surprises a client. Each is off
// in the zero value and may be switched at any time.
type Traps struct {
	// IndexLag makes search show issues as they were this long ago; reading by
	// id and reconcileIssues stay consistent. Up to one hour.
	IndexLag time.Duration
	// ClockSkew is added to the site's clock.
	ClockSkew time.Duration
	// PageCap makes search answer at most so many issues a page.
	PageCap int
	// RepeatToken makes every page after the first hand out the token that
	// led to it.
	RepeatToken bool
	// StopAfter ends a Cloud search without a token after so many issues.
	StopAfter int
	// Overlap repeats so many issues of the page before on every later page.
	Overlap int
	// StrictKeyRange refuses key > X-1 where X-1 does not exist.
	StrictKeyRange bool
	// MinutePrecision compares JQL instants at the precision of a minute.
	MinutePrecision bool
	// Captcha answers 403 with the CAPTCHA headers to every credential.
	Captcha bool
	// OddTimes writes times in several offset forms in turn.
	OddTimes bool
	// EpochChangelog writes changelog times of changelog/bulkfetch as epoch
	// seconds (1) or milliseconds (2).
	EpochChangelog int
	// InvalidUTF8 lets broken bytes of texts through unchanged.
	InvalidUTF8 bool
	// AbsentFields are left out of every issue, as if they failed to load.
	AbsentFields []string
	// NullFields are null in every issue.
	NullFields []string
	// Undecodable are issue keys whose fields have wrong JSON types.
	Undecodable []string
	// BulkFail are issue keys that a bulk edit fails on, with the reason.
	BulkFail map[string]string
	// BulkStuck leaves bulk tasks RUNNING for ever.
	BulkStuck bool
	// IssueErrors are issue keys that issue/bulkfetch reports as retriable
	// failures.
	IssueErrors []string
	// SearchWindow fails Data Center pages beyond 10,000 results.
	SearchWindow bool
}

func (s *Server) traps() *Traps { return s.trap.Load() }

// Trap changes the traps; a running request may still see the former ones.
func (s *Server) Trap(f func(*Traps)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := *s.traps()
	f(&t)
	s.trap.Store(&t)
	s.dirty()
}
