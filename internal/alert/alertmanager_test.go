package alert

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"
)

// fakeAlertmanager takes what the v2 API takes and refuses the rest, and keeps
// alerts as the real one does: by their labels, until they end.
type fakeAlertmanager struct {
	t      *testing.T
	mu     sync.Mutex
	alerts map[string]posted
	told   []string // begins and ends, as its own receivers would be told
	posts  int
	down   bool
}

func newFakeAlertmanager(t *testing.T) *fakeAlertmanager {
	return &fakeAlertmanager{t: t, alerts: map[string]posted{}}
}

// RoundTrip serves a request without a network.
func (f *fakeAlertmanager) RoundTrip(r *http.Request) (*http.Response, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.down {
		return nil, errors.New("connection refused")
	}
	w := httptest.NewRecorder()
	f.serve(w, r)
	return w.Result(), nil
}

func (f *fakeAlertmanager) serve(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost || r.URL.Path != "/am/api/v2/alerts" || r.Header.Get("Content-Type") != "application/json" {
		f.t.Errorf("%s %s with %q", r.Method, r.URL, r.Header.Get("Content-Type"))
	}
	body, _ := io.ReadAll(r.Body)
	var raw []map[string]json.RawMessage
	var list []posted
	if err := errors.Join(json.Unmarshal(body, &raw), json.Unmarshal(body, &list)); err != nil || len(list) == 0 {
		f.t.Errorf("body %s: %v", body, err)
		http.Error(w, "bad body", http.StatusBadRequest)
		return
	}
	for n := range list {
		if why := refused(raw[n], list[n]); why != "" {
			f.t.Errorf("%s: %s", why, body)
			http.Error(w, why, http.StatusBadRequest)
			return
		}
	}
	f.posts++
	for _, p := range list {
		f.take(p)
	}
}

// take notes begins and ends.
func (f *fakeAlertmanager) take(p posted) {
	key := name(p)
	f.expire()
	_, lasts := f.alerts[key]
	switch ends := !p.EndsAt.After(time.Now()); {
	case ends && lasts:
		delete(f.alerts, key)
		f.told = append(f.told, "resolved "+key)
	case !ends && !lasts:
		f.told = append(f.told, "firing "+key)
		fallthrough
	case !ends:
		f.alerts[key] = p
	}
}

// expire ends what was not posted again.
func (f *fakeAlertmanager) expire() {
	for key, p := range f.alerts {
		if !p.EndsAt.After(time.Now()) {
			delete(f.alerts, key)
			f.told = append(f.told, "resolved "+key)
		}
	}
}

func name(p posted) string {
	return strings.TrimSpace(p.Labels["alertname"] + " " + p.Labels["issue"] + " " + p.Labels["lane"])
}

// refused checks one alert against the published schema (openapi.yaml of the v2
// API) and the rules of the server.
func refused(raw map[string]json.RawMessage, p posted) string {
	for k := range raw {
		if !slices.Contains([]string{"labels", "annotations", "startsAt", "endsAt", "generatorURL"}, k) {
			return "unknown member " + k
		}
	}
	if p.Labels["alertname"] == "" {
		return "no alertname"
	}
	for _, set := range []map[string]string{p.Labels, p.Annotations} {
		for k, v := range set {
			if !regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]*$`).MatchString(k) || !utf8.ValidString(v) || v == "" {
				return fmt.Sprintf("label or annotation %q is %q", k, v)
			}
		}
	}
	for k := range p.Labels {
		if !slices.Contains([]string{"alertname", "source", "lane", "sla", "severity", "issue", "project"}, k) {
			return "a label that is not in the contract: " + k
		}
	}
	if u, err := url.ParseRequestURI(p.GeneratorURL); p.GeneratorURL != "" && (err != nil || u.Host == "") {
		return "generatorURL " + p.GeneratorURL
	}
	if p.StartsAt.IsZero() || p.EndsAt.IsZero() || p.StartsAt.After(p.EndsAt) {
		return "times are missing or turned round"
	}
	return ""
}

func (f *fakeAlertmanager) set(down bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.down = down
}

func (f *fakeAlertmanager) list() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.expire()
	return slices.Clone(f.told)
}

func TestAlertmanagerIsToldKeptAliveAndToldTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeAlertmanager(t)
		c := Alertmanager("http://am.example:9093/am/", 20*time.Second, f)
		if c.Name != "alertmanager:am.example:9093/am" {
			t.Errorf("its name is %q", c.Name)
		}
		s := newStore(t)
		d := open(t, s, c)
		left := -5 * time.Minute
		e := breach("1")
		e.StartsAt, e.Remaining, e.ExplainURL = time.Now().Add(-5*time.Minute), &left, "http://127.0.0.1:9275/issues/payments/PAY-1"
		d.Report(e)
		synctest.Wait()
		body, _ := json.MarshalIndent(f.alerts["sla_breached PAY-1 hotfix"], "", "  ")
		golden(t, "alertmanager.json", string(body)+"\n")
		for range 60 {
			d.Report(e)
			time.Sleep(time.Minute)
		}
		writes := s.Size()
		d.stop()
		time.Sleep(2 * time.Minute) // a restart
		d = open(t, s, c)
		d.Report(e)
		time.Sleep(time.Hour)
		d.Report(over(e))
		synctest.Wait()
		if got := f.list(); !slices.Equal(got, []string{"firing sla_breached PAY-1 hotfix", "resolved sla_breached PAY-1 hotfix"}) {
			t.Errorf("it was told %q", got)
		}
		if f.posts < 118 || f.posts > 125 {
			t.Errorf("%d posts in two hours, want one a minute", f.posts)
		}
		if s.Size() != writes {
			t.Error("keeping an alert alive wrote to the state")
		}
		d.stop()
	})
}

func TestAlertmanagerDownForADay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeAlertmanager(t)
		f.set(true)
		d := open(t, newStore(t), Alertmanager("http://am.example/am", 20*time.Second, f))
		defer d.stop()
		for n := range 24 {
			e := breach(fmt.Sprint(n))
			d.Report(e)
			time.Sleep(30 * time.Minute)
			if n%2 == 0 {
				d.Report(over(e))
			}
			time.Sleep(30 * time.Minute)
		}
		f.set(false)
		time.Sleep(10 * time.Minute)
		if got := f.list(); len(got) != 12 || f.posts > 11 {
			t.Errorf("told %q in %d posts", got, f.posts)
		}
	})
}

// A plan that takes another's place, or a second warning, has the same labels:
// for Alertmanager nothing is over.
func TestAlertsWithTheSameLabelsAreOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeAlertmanager(t)
		d := open(t, newStore(t), Alertmanager("http://am.example/am", 20*time.Second, f))
		defer d.stop()
		plan := func(id string) Event {
			return Event{Kind: Guard, Source: "payments", Subject: id, Summary: "plan " + id + " waits"}
		}
		d.Sync("payments", []Kind{Guard}, []Event{plan("p-1")}, nil)
		time.Sleep(10 * time.Minute)
		d.Sync("payments", []Kind{Guard}, []Event{plan("p-2")}, nil)
		time.Sleep(10 * time.Minute)
		f.mu.Lock()
		if got := f.alerts["guard"].Annotations["summary"]; got != "plan p-2 waits" {
			t.Errorf("it says %q", got)
		}
		f.mu.Unlock()
		d.Sync("payments", []Kind{Guard}, nil, nil)
		time.Sleep(10 * time.Minute)
		if got := f.list(); !slices.Equal(got, []string{"firing guard", "resolved guard"}) {
			t.Errorf("told %q", got)
		}
	})
}

func TestAMomentLivesLongEnoughToBeTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeAlertmanager(t)
		d := open(t, newStore(t), Alertmanager("http://am.example/am", 20*time.Second, f))
		defer d.stop()
		d.Report(Event{Kind: Report, Source: "payments", Subject: "week 3", Summary: "the report", StartsAt: time.Now()})
		time.Sleep(14 * time.Minute)
		if got := f.list(); !slices.Equal(got, []string{"firing report"}) || f.posts != 1 {
			t.Errorf("told %q in %d posts", got, f.posts)
		}
		time.Sleep(time.Hour)
		if got := f.list(); !slices.Equal(got, []string{"firing report", "resolved report"}) {
			t.Errorf("told %q", got)
		}
	})
}

func TestWhatAnAlertmanagerAnswers(t *testing.T) {
	for status, want := range map[int]string{200: "", 400: "answered 400 Bad Request: no such thing", 302: "answered 302 Found: no such thing", 503: "answered 503 Service Unavailable: no such thing"} {
		rt := roundTrip(func(*http.Request) (*http.Response, error) {
			w := httptest.NewRecorder()
			w.WriteHeader(status)
			fmt.Fprint(w, "no such\n  thing")
			return w.Result(), nil
		})
		err := CheckAlertmanager(t.Context(), "http://am.example", rt)
		if got := fmt.Sprint(err); want == "" && err != nil || want != "" && got != want {
			t.Errorf("%d: %v, want %q", status, err, want)
		}
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
