// Package answer holds what lanekeeper answers: the JSON shapes of the public
// contract, how they are made from stored records, and how they read as text
// for people. Everything is a value or a pure function; the time that texts
// are relative to and the zone that they show come with a Style.
package answer

import (
	"encoding/json"
	"io"
	"math"
	"time"
)

// Texter is an answer that people can read. Every answer of this package is
// one.
type Texter interface {
	// WriteText renders the answer for people. It fails only where w does.
	WriteText(w io.Writer, s Style) error
}

// WriteJSON renders any answer for machines: indented, one document, with a
// final line break. An empty list is [] and never null.
func WriteJSON(w io.Writer, v any) error {
	if c, ok := v.(Cycle); ok && c.Each != nil {
		return c.stream(w)
	}
	if n, ok := v.(normaler); ok {
		v = n.normal()
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// Fault is the text of an error; the empty one is null in JSON.
type Fault string

// FaultOf returns the text of err, "" for nil.
func FaultOf(err error) Fault {
	if err == nil {
		return ""
	}
	return Fault(err.Error())
}

// MarshalJSON writes null where there is no error.
func (f Fault) MarshalJSON() ([]byte, error) {
	if f == "" {
		return []byte("null"), nil
	}
	return json.Marshal(string(f))
}

// Round gives a number the two decimals that answers carry. What is not a
// Number becomes 0, since JSON cannot say it.
func Round(x float64) float64 {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return 0
	}
	return math.Round(x*100) / 100
}

// instant returns the moment in UTC, nil for the zero time.
func instant(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

// some keeps an empty list from becoming null in JSON.
func some[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
