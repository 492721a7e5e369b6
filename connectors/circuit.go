package connectors

import (
	"net/http"
	"sync"
	"time"
)

// circuitLink stops all requests after the tracker refused the credential:
// asking again and again locks the account (CAPTCHA) and alarms people. It
// closes when the credential changes, when Reset is called, or, after the hold,
// when one trial request succeeds.
type circuitLink struct {
	next       http.RoundTripper
	credential Credential
	hold       time.Duration
	now        func() time.Time

	mu     sync.Mutex
	err    *Error // nil: closed
	until  time.Time
	opened string // the credential that was refused
}

func (l *circuitLink) RoundTrip(req *http.Request) (*http.Response, error) {
	value, _ := l.credential() // unreadable: the auth link says so
	if err := l.admit(OpFrom(req.Context()).Name, value); err != nil {
		return nil, err
	}
	resp, err := l.next.RoundTrip(req)
	l.learn(err, value)
	return resp, err
}

// admit lets one trial through after the hold, and pushes the next one out.
func (l *circuitLink) admit(op, value string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err == nil {
		return nil
	}
	if now := l.now(); value != l.opened {
		l.err = nil
		return nil
	} else if !now.Before(l.until) {
		l.until = now.Add(l.hold)
		return nil
	}
	refused := *l.err
	refused.Op = op
	return &refused
}

func (l *circuitLink) learn(err error, value string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch kind := KindOf(err); {
	case kind == Auth:
		e, _ := asError(err)
		l.err, l.until, l.opened = e, l.now().Add(l.hold), value
	case err == nil && value == l.opened:
		l.err = nil
	}
}

func (l *circuitLink) reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.err = nil
}
