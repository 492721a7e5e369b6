package connectors

import (
	"net/http"
	"net/url"
)

// Credential returns the value of the Authorization header. It is asked for
// each attempt, so that a rotated token is used at once.
type Credential func() (string, error)

// authLink adds the credential to requests to the tracker's own origin, and to
// no other.
type authLink struct {
	next       http.RoundTripper
	credential Credential
	origin     *url.URL
}

func (l *authLink) RoundTrip(req *http.Request) (*http.Response, error) {
	op := OpFrom(req.Context()).Name
	if !sameOrigin(req.URL, l.origin) {
		return nil, &Error{Kind: Contract, Op: op, Detail: "refused to send the credential to another host"}
	}
	value, err := l.credential()
	if err != nil {
		return nil, &Error{Kind: Auth, Op: op, Err: err, Hint: "make the token readable"}
	}
	out := req.Clone(req.Context())
	if value != "" {
		out.Header.Set("Authorization", value)
	}
	return l.next.RoundTrip(out)
}
