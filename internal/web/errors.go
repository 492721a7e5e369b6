package web

import (
	"errors"
	"fmt"
	"net/http"
)

// Kind says what became of a request that could not be answered.
type Kind string

// The kinds of error.
const (
	Invalid     Kind = "invalid" // the request is wrong
	Denied      Kind = "denied"  // not allowed
	NotFound    Kind = "not_found"
	Conflict    Kind = "conflict" // not in the state for it
	TooLarge    Kind = "too_large"
	BadType     Kind = "bad_type"
	Internal    Kind = "internal"
	Unavailable Kind = "unavailable" // later, perhaps
)

// Status is the HTTP status that carries the kind.
func (k Kind) Status() int {
	switch k {
	case Invalid:
		return http.StatusBadRequest
	case Denied:
		return http.StatusForbidden
	case NotFound:
		return http.StatusNotFound
	case Conflict:
		return http.StatusConflict
	case TooLarge:
		return http.StatusRequestEntityTooLarge
	case BadType:
		return http.StatusUnsupportedMediaType
	case Unavailable:
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

// Error is a request that could not be answered. Its text is for the person
// who asked: what is wrong and what to do.
type Error struct {
	Kind Kind
	Text string
	Err  error
}

// Errorf makes an Error; %w is kept in its chain.
func Errorf(k Kind, format string, args ...any) *Error {
	err := fmt.Errorf(format, args...)
	return &Error{Kind: k, Text: err.Error(), Err: errors.Unwrap(err)}
}

func (e *Error) Error() string { return e.Text }
func (e *Error) Unwrap() error { return e.Err }

// KindOf returns the kind of the first Error in err's chain, Internal for
// other errors and "" for nil.
func KindOf(err error) Kind {
	if err == nil {
		return ""
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return Internal
}

// kindOfStatus reads what status an answer has.
func kindOfStatus(status int) Kind {
	if status == http.StatusUnauthorized {
		return Denied
	}
	for _, k := range []Kind{Invalid, Denied, NotFound, Conflict, TooLarge, BadType, Unavailable} {
		if k.Status() == status {
			return k
		}
	}
	return Internal
}
