package signal

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lanekeeper/lanekeeper/connectors"
	"github.com/lanekeeper/lanekeeper/internal/fetch"
	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/policy"
)

var _ policy.Signals = Snapshot{}

// handler answers requests without a listener.
type handler func(http.ResponseWriter, *http.Request)

func (h handler) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	h(w, r)
	resp := w.Result()
	resp.Request = r
	return resp, nil
}

func text(s string) handler {
	return func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, s) }
}

func client(h handler) *http.Client { return &http.Client{Transport: h} }

// clock is a time that a test moves.
type clock struct{ t time.Time }

func (c *clock) now() time.Time { return c.t }

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// file writes a file of a given age.
func file(t *testing.T, path, text string, modified time.Time) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(path, modified, modified); err != nil {
		t.Fatal(err)
	}
}

func csvSpec(name, path string, by By) Spec {
	return Spec{Name: name, By: by, MaxAge: time.Hour, CSV: &File{Path: path, Key: "key", Value: "value"}}
}

func pay(n string) *issue.Issue { return &issue.Issue{Source: "payments", Key: "PAY-" + n} }

func TestAnIssueIsFoundByItsKeys(t *testing.T) {
	dir := t.TempDir()
	c := &clock{noon}
	file(t, dir+"/issues.csv", "key,value\npay-1,1\nPAY-2,2\npayments/PAY-2,22\nother/PAY-3,3\nPAY-4,4\nPAY-4,5\n", noon)
	file(t, dir+"/parts.csv", "key,value\ncards,1\nCheckout,5\n", noon)
	file(t, dir+"/customers.csv", "key,value\nGlobex,-7\nInitech,-9\n", noon)
	s := New([]Spec{
		csvSpec("i", dir+"/issues.csv", ByIssue), csvSpec("p", dir+"/parts.csv", ByComponent), csvSpec("c", dir+"/customers.csv", ByCustomer),
	}, nil, c.now, quiet())
	if err := s.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	both := &issue.Issue{Components: []string{"Cards", "checkout", "x"}, Customers: []issue.Customer{{Name: "Globex"}, {Name: "Initech"}}}
	for name, tc := range map[string]struct {
		signal string
		issue  *issue.Issue
		want   float64
		fresh  policy.Freshness
	}{
		"by key, whatever its case":                                {"i", pay("1"), 1, policy.Fresh},
		"the ref before the key":                                   {"i", pay("2"), 22, policy.Fresh},
		"another source's ref is another issue":                    {"i", pay("3"), 0, policy.Missing},
		"of two rows equally new the larger":                       {"i", pay("4"), 5, policy.Fresh},
		"of several components the largest":                        {"p", both, 5, policy.Fresh},
		"of several customers the largest, of negative values too": {"c", both, -7, policy.Fresh},
		"an issue without components":                              {"p", pay("1"), 0, policy.Missing},
		"a signal that nobody declared":                            {"x", pay("1"), 0, policy.Missing},
	} {
		t.Run(name, func(t *testing.T) {
			if got, f := s.Snapshot().Signal(tc.signal, tc.issue); got != tc.want || f != tc.fresh {
				t.Errorf("got %v, %v; want %v, %v", got, f, tc.want, tc.fresh)
			}
		})
	}
}

func TestAValueThatIsTooOldIsStaleAndHasNoValue(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.csv")
	file(t, path, "key,value,at\nPAY-1,5,"+morning.Format(time.RFC3339)+"\nPAY-2,7,\n", noon)
	c := &clock{noon}
	spec := csvSpec("a", path, ByIssue)
	spec.CSV.Time = "at"
	s := New([]Spec{spec}, nil, c.now, quiet())
	if err := s.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	check := func(n string, want float64, fresh policy.Freshness) {
		t.Helper()
		if got, f := s.Snapshot().Signal("a", pay(n)); got != want || f != fresh {
			t.Errorf("at %s PAY-%s is %v, %v; want %v, %v", c.t, n, got, f, want, fresh)
		}
	}
	check("1", 0, policy.Stale)
	check("2", 7, policy.Fresh)
	if next, want := s.Snapshot().Next(), noon.Add(time.Hour); !next.Equal(want) {
		t.Errorf("the next value turns stale at %s, want %s", next, want)
	}
	before := s.Snapshot()
	c.t = noon.Add(time.Hour + time.Second)
	check("2", 0, policy.Stale)
	if before.Version() == s.Snapshot().Version() {
		t.Error("a value turned stale and the version is the same")
	}
	if got, f := before.Signal("a", pay("2")); got != 7 || f != policy.Fresh {
		t.Error("a snapshot changed after it was taken")
	}
	if !s.Snapshot().Next().IsZero() {
		t.Error("nothing is fresh, so nothing can turn stale")
	}
}

func TestAFreshValueWinsOverALargerStaleOne(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.csv")
	file(t, path, "key,value,at\nold,9,"+morning.Format(time.RFC3339)+"\nnew,2,"+noon.Format(time.RFC3339)+"\n", noon)
	spec := csvSpec("a", path, ByComponent)
	spec.CSV.Time = "at"
	s := New([]Spec{spec}, nil, (&clock{noon}).now, quiet())
	if err := s.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, f := s.Snapshot().Signal("a", &issue.Issue{Components: []string{"new", "old"}}); got != 2 || f != policy.Fresh {
		t.Errorf("got %v, %v", got, f)
	}
}

func TestABrokenFileKeepsTheLastValuesWhichGrowStale(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.csv")
	good := "key,value\nPAY-1,5\n"
	for name, breakIt := range map[string]func(*clock){
		"it disappears":        func(*clock) { os.Remove(path) },
		"it is truncated":      func(c *clock) { file(t, path, "", c.t) },
		"it is being written":  func(c *clock) { file(t, path, "key,value\nPAY-1,1", c.t) },
		"a row is cut":         func(c *clock) { file(t, path, "key,value\nPAY-1", c.t.Add(-time.Minute)) },
		"it becomes a folder":  func(*clock) { os.Remove(path); os.Mkdir(path, 0o700) },
		"a value is no number": func(c *clock) { file(t, path, good+"PAY-2,many\n", c.t) },
	} {
		t.Run(name, func(t *testing.T) {
			os.Remove(path)
			c := &clock{noon}
			file(t, path, good, noon)
			var log bytes.Buffer
			s := New([]Spec{csvSpec("a", path, ByIssue)}, nil, c.now, slog.New(slog.NewTextHandler(&log, nil)))
			if err := s.Refresh(t.Context()); err != nil {
				t.Fatal(err)
			}
			breakIt(c)
			for range 3 {
				if err := s.Refresh(t.Context()); err == nil || !strings.Contains(err.Error(), "signal a: ") || !strings.Contains(err.Error(), path) {
					t.Fatalf("got %v, want an error with the signal and the file", err)
				}
			}
			if got, f := s.Snapshot().Signal("a", pay("1")); got != 5 || f != policy.Fresh {
				t.Errorf("got %v, %v; want the last value", got, f)
			}
			if n := strings.Count(log.String(), "signal not read"); n != 1 {
				t.Errorf("the same error was logged %d times:\n%s", n, log.String())
			}
			c.t = noon.Add(2 * time.Hour)
			if _, f := s.Snapshot().Signal("a", pay("1")); f != policy.Stale {
				t.Errorf("the last value is %v after two hours, want stale", f)
			}
			os.Remove(path)
			file(t, path, good, c.t)
			if err := s.Refresh(t.Context()); err != nil || !strings.Contains(log.String(), "signal read again") {
				t.Errorf("after it was mended: %v\n%s", err, log.String())
			}
		})
	}
}

func TestOneBrokenSignalDoesNotStopTheOthers(t *testing.T) {
	dir := t.TempDir()
	file(t, dir+"/good.csv", "key,value\nPAY-1,5\n", noon)
	s := New([]Spec{csvSpec("a", dir+"/no.csv", ByIssue), csvSpec("b", dir+"/good.csv", ByIssue), csvSpec("c", dir+"/no.csv", ByIssue)}, nil, (&clock{noon}).now, quiet())
	err := s.Refresh(t.Context())
	if err == nil || strings.Count(err.Error(), "no such file") != 2 || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v, want one error for a and one for c", err)
	}
	if got, f := s.Snapshot().Signal("b", pay("1")); got != 5 || f != policy.Fresh {
		t.Errorf("b is %v, %v", got, f)
	}
	if _, f := s.Snapshot().Signal("a", pay("1")); f != policy.Missing {
		t.Errorf("a was never read and is %v", f)
	}
}

func TestTheVersionChangesWithValuesAndOnlyWithThem(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.csv")
	c := &clock{noon}
	s := New([]Spec{csvSpec("a", path, ByIssue)}, nil, c.now, quiet())
	version := func(text string) string {
		t.Helper()
		c.t = c.t.Add(time.Minute)
		file(t, path, text, c.t)
		if err := s.Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
		return s.Snapshot().Version()
	}
	empty := s.Snapshot().Version()
	one := version("key,value\nA,1\nB,2\n")
	if empty == one {
		t.Error("the first values did not change the version")
	}
	if other := version("value,key\n2,B\n1,A\n"); other != one {
		t.Error("the same values in another order and newer changed the version")
	}
	if other := version("key,value\nA,1\nB,3\n"); other == one {
		t.Error("another value did not change the version")
	}
	if other := version("key,value\nA,1\n"); other == one {
		t.Error("a row less did not change the version")
	}
}

func TestAnHTTPDocument(t *testing.T) {
	spec := Spec{Name: "h", By: ByCustomer, MaxAge: time.Hour, HTTP: &Document{
		URL: "https://crm.example/api?secret=hunter2", Token: connectors.NewSecret("tok-hunter2"),
		Items: "data.rows", Key: "customer.name", Value: "risk", Time: "at"}}
	date := morning.Format(http.TimeFormat)
	answer := func(body string) handler {
		return func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Authorization") != "Bearer tok-hunter2" {
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			w.Header().Set("Date", date)
			io.WriteString(w, body)
		}
	}
	good := `{"data":{"rows":[{"customer":{"name":"Globex"},"risk":0.5,"at":"` + noon.Format(time.RFC3339) + `"},{"customer":{"name":"Initech"},"risk":"0.7"},{"customer":null}]}}`
	s := New([]Spec{spec}, client(answer(good)), (&clock{noon}).now, quiet())
	if err := s.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	by := func(name string) *issue.Issue { return &issue.Issue{Customers: []issue.Customer{{Name: name}}} }
	if got, f := s.Snapshot().Signal("h", by("globex")); got != 0.5 || f != policy.Fresh {
		t.Errorf("Globex is %v, %v", got, f)
	}
	if _, f := s.Snapshot().Signal("h", by("Initech")); f != policy.Stale {
		t.Errorf("Initech has no time of its own and is as old as the answer's Date, four hours: %v", f)
	}
	for name, tc := range map[string]struct {
		h    handler
		want string
	}{
		"an error status":       {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) }, "crm.example answered HTTP 503"},
		"an HTML page":          {text("<html>"), "the answer is not JSON"},
		"a cut answer":          {text(`{"data":{"rows":[`), "the answer is not JSON"},
		"no list there":         {text(`{"data":{"rows":{}}}`), `the answer has no list at "data.rows"`},
		"an item that is wrong": {text(`{"data":{"rows":[{"customer":{"name":"x"},"risk":[]}]}}`), "item 0: risk: want text or a number"},
		"a redirect to another host": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://evil.example/", http.StatusFound)
		}, "get from crm.example: redirected to another place"},
		"an endless answer": {func(w http.ResponseWriter, _ *http.Request) {
			for range fetch.MaxBody>>20 + 1 {
				w.Write(bytes.Repeat([]byte(" "), 1<<20))
			}
		}, "is larger than 16 MiB"},
	} {
		t.Run(name, func(t *testing.T) {
			err := New([]Spec{spec}, client(tc.h), (&clock{noon}).now, quiet()).Refresh(t.Context())
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want %s", err, tc.want)
			}
			if err != nil && strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the error shows a secret: %v", err)
			}
		})
	}
}

func TestAServerThatDoesNotAnswerIsLeftAfterAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		silent := roundTripper(func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		})
		spec := Spec{Name: "h", MaxAge: time.Hour, HTTP: &Document{URL: "https://x.example"}}
		start := time.Now()
		err := New([]Spec{spec}, &http.Client{Transport: silent}, time.Now, quiet()).Refresh(t.Context())
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != fetch.Timeout {
			t.Errorf("after %s: %v", time.Since(start), err)
		}
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestAPrometheusQuery(t *testing.T) {
	spec := Spec{Name: "p", By: ByComponent, MaxAge: time.Hour, Prometheus: &Prometheus{URL: "http://127.0.0.1:9090/", Query: `sum by (component) (x{a="b"})`, Label: "component"}}
	good := `{"status":"success","data":{"resultType":"vector","result":[
		{"metric":{"component":"cards"},"value":[1795262400.123,"4.5"]},
		{"metric":{"component":"none"},"value":[1795262400,"NaN"]},
		{"metric":{"component":"all"},"value":[1795262400,"+Inf"]}]}}`
	var asked string
	s := New([]Spec{spec}, client(func(w http.ResponseWriter, r *http.Request) {
		asked = r.URL.Path + " " + r.URL.Query().Get("query")
		io.WriteString(w, good)
	}), (&clock{noon}).now, quiet())
	if err := s.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	if want := `/api/v1/query sum by (component) (x{a="b"})`; asked != want {
		t.Errorf("asked %s, want %s", asked, want)
	}
	for component, want := range map[string]policy.Freshness{"cards": policy.Fresh, "none": policy.Missing, "all": policy.Missing} {
		if got, f := s.Snapshot().Signal("p", &issue.Issue{Components: []string{component}}); f != want || want == policy.Fresh && got != 4.5 {
			t.Errorf("%s is %v, %v; want %v", component, got, f, want)
		}
	}
	for bad, want := range map[string]string{
		`{"status":"error","errorType":"bad_data","error":"parse error"}`:                                            "the query failed: parse error",
		`{"status":"success","data":{"resultType":"matrix","result":[]}}`:                                            "the query gives a matrix; want an instant vector",
		`{"status":"success","data":{"resultType":"scalar","result":[1,"2"]}}`:                                       "the query gives a scalar",
		`{"status":"success","data":{"resultType":"vector","result":[{"metric":{"job":"x"},"value":[1,"2"]}]}}`:      `series 0 has no label "component"; aggregate by it`,
		`{"status":"success","data":{"resultType":"vector","result":[{"metric":{"component":"x"}}]}}`:                "series 0: ",
		`{"status":"success","data":{"resultType":"vector","result":[{"metric":{"component":"x"},"value":[[],1]}]}}`: "series 0: want text or a number",
		`hello`: "the answer is not Prometheus's",
	} {
		err := New([]Spec{spec}, client(text(bad)), (&clock{noon}).now, quiet()).Refresh(t.Context())
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s\ngot %v, want %s", bad, err, want)
		}
	}
}

func TestRefreshAndSnapshotAtTheSameTime(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.csv")
	file(t, path, "key,value\nPAY-1,5\n", noon)
	s := New([]Spec{csvSpec("a", path, ByIssue), csvSpec("b", path, ByIssue)}, nil, func() time.Time { return noon }, quiet())
	done := make(chan error)
	for range 4 {
		go func() { done <- s.Refresh(t.Context()) }()
		go func() { s.Snapshot().Signal("a", pay("1")); done <- nil }()
	}
	for range 8 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}
