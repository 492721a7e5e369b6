package signal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/lanekeeper/lanekeeper/connectors"
	"github.com/lanekeeper/lanekeeper/internal/fetch"
)

// settleTime is how long a file must not have changed to be taken as whole.
const settleTime = 5 * time.Second

// load reads all rows of a signal from where its spec says.
func (s *Set) load(ctx context.Context, spec Spec) ([]row, error) {
	switch {
	case spec.CSV != nil:
		return loadFile(*spec.CSV, parseCSV, s.now())
	case spec.NDJSON != nil:
		return loadFile(*spec.NDJSON, parseNDJSON, s.now())
	case spec.HTTP != nil:
		return s.loadDocument(ctx, *spec.HTTP)
	case spec.Prometheus != nil:
		return s.loadPrometheus(ctx, *spec.Prometheus)
	}
	return nil, errors.New("has no place to come from")
}

type parser func([]byte, File, time.Time) ([]row, error)

func loadFile(f File, parse parser, now time.Time) ([]row, error) {
	data, modified, err := fetch.File(f.Path)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", f.Path, err)
	}
	if unfinished(data, now.Sub(modified)) {
		return nil, fmt.Errorf("%s: the last line is not finished; it is still being written", f.Path)
	}
	rows, err := parse(data, f, modified)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.Path, err)
	}
	return rows, nil
}

// unfinished reports whether a file looks as if its writer is not done: its
// last line does not end and it has just changed. A cut number would still read
// as one.
func unfinished(data []byte, age time.Duration) bool {
	return len(data) > 0 && data[len(data)-1] != '\n' && age.Abs() < settleTime
}

func (s *Set) loadDocument(ctx context.Context, d Document) ([]row, error) {
	data, at, err := s.fetch(ctx, d.URL, d.Token)
	if err != nil {
		return nil, err
	}
	var document any
	if err := fetch.JSON(data, &document); err != nil {
		return nil, fmt.Errorf("the answer %w", err)
	}
	items, ok := dig(document, d.Items).([]any)
	if !ok {
		if d.Items == "" {
			return nil, errors.New("the answer is not a list; name where the list is with items")
		}
		return nil, fmt.Errorf("the answer has no list at %q", d.Items)
	}
	var out []row
	for i, item := range items {
		one, ok, err := member{d.Key, d.Value, d.Time}.row(item, at)
		if err != nil {
			return nil, fmt.Errorf("item %d: %w", i, err)
		}
		if ok {
			out = append(out, one)
		}
	}
	return out, nil
}

// vector is the answer of Prometheus to an instant query
// (https://prometheus.io/docs/prometheus/latest/querying/api/).
type vector struct {
	Status string `json:"status"`
	Error  string `json:"error"`
	Data   struct {
		Type   string          `json:"resultType"`
		Result json.RawMessage `json:"result"` // its shape depends on Type
	} `json:"data"`
}

type sample struct {
	Metric map[string]string `json:"metric"`
	Value  [2]any            `json:"value"` // seconds and a number as text
}

func (s *Set) loadPrometheus(ctx context.Context, p Prometheus) ([]row, error) {
	at := strings.TrimRight(p.URL, "/") + "/api/v1/query?" + url.Values{"query": {p.Query}}.Encode()
	data, _, err := s.fetch(ctx, at, p.Token)
	if err != nil {
		return nil, err
	}
	var v vector
	if err := json.Unmarshal(data, &v); err != nil {
		return nil, fmt.Errorf("the answer is not Prometheus's: %w", err)
	}
	switch {
	case v.Status != "success":
		return nil, fmt.Errorf("the query failed: %s", clip(v.Error))
	case v.Data.Type != "vector":
		return nil, fmt.Errorf("the query gives a %s; want an instant vector", clip(v.Data.Type))
	}
	var samples []sample
	if err := fetch.JSON(v.Data.Result, &samples); err != nil {
		return nil, fmt.Errorf("the result %w", err)
	}
	return rowsOf(samples, p.Label)
}

// rowsOf reads the samples. NaN and infinities, which a division by zero gives,
// are no values.
func rowsOf(samples []sample, label string) ([]row, error) {
	var out []row
	for i, one := range samples {
		key, ok := one.Metric[label]
		if !ok {
			return nil, fmt.Errorf("series %d has no label %q; aggregate by it", i, label)
		}
		at, text, err := one.parts()
		if err != nil {
			return nil, fmt.Errorf("series %d: %w", i, err)
		}
		if value, err := parseValue(text); err == nil {
			out = append(out, row{key, value, at})
		}
	}
	return out, nil
}

// parts are the time and the value's text.
func (s sample) parts() (time.Time, string, error) {
	stamp, err := plainText(s.Value[0])
	if err != nil {
		return time.Time{}, "", err
	}
	at, err := parseTime(stamp)
	if err != nil {
		return time.Time{}, "", err
	}
	text, err := plainText(s.Value[1])
	return at, text, err
}

// fetch gets a JSON answer and the server's time.
func (s *Set) fetch(ctx context.Context, address string, token connectors.Secret) ([]byte, time.Time, error) {
	return s.client.Get(ctx, fetch.Request{URL: address, Accept: "application/json", Token: token, Prefix: "Bearer "})
}
