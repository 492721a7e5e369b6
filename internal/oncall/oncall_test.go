package oncall

import (
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

var _ policy.Rotas = Snapshot{}

// handler answers requests without a listener.
type handler func(http.ResponseWriter, *http.Request)

func (h handler) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	h(w, r)
	resp := w.Result()
	resp.Request = r
	return resp, nil
}

// rota makes a Set of one rota named platform that counts for an hour.
func rota(spec Spec, client http.RoundTripper, triage map[string]Triager) (*Set, *strings.Builder) {
	spec.Name, spec.MaxAge = "platform", time.Hour
	log := &strings.Builder{}
	return New([]Spec{spec}, Options{Client: &http.Client{Transport: client}, Now: time.Now, Log: slog.New(slog.NewTextHandler(log, nil)), Triage: triage}), log
}

func duties(s *Set, source, team string) policy.Duty {
	return s.Snapshot(source, []string{"platform"}).OnDuty("platform", &issue.Issue{Source: source, Project: team})
}

func TestARotaThatCannotBeReadIsUnknownAndSaysWhy(t *testing.T) {
	says := func(status int, text string) handler {
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status); io.WriteString(w, text) }
	}
	ics, doc := Place{URL: "https://cal.example/a?key=s3cret"}, Place{URL: "https://pd.example/oncalls?key=s3cret"}
	for name, tc := range map[string]struct {
		spec   Spec
		server handler
		says   string
	}{
		"a page to sign in for a calendar": {Spec{ICS: &Calendar{Place: ics}}, says(200, "<html>Sign in</html>"), "this is no calendar"},
		"a page to sign in for a document": {Spec{JSON: &Document{Place: doc}}, says(200, "<html>Sign in</html>"), "not JSON"},
		"a refused token":                  {Spec{JSON: &Document{Place: doc}}, says(401, "{}"), "pd.example answered HTTP 401"},
		"an answer that does not end":      {Spec{ICS: &Calendar{Place: ics}}, says(200, strings.Repeat("x", fetch.MaxBody+1)), "is larger than 16 MiB"},
		"a redirect elsewhere": {Spec{ICS: &Calendar{Place: ics}}, func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://evil.example/", http.StatusFound)
		}, "redirected to another place"},
		"a file that is missing": {Spec{ICS: &Calendar{Place: Place{Path: "/nowhere/a.ics"}}}, nil, "read /nowhere/a.ics: no such file"},
		"a folder":               {Spec{JSON: &Document{Place: Place{Path: os.TempDir()}}}, nil, "is not a regular file"},
	} {
		t.Run(name, func(t *testing.T) {
			s, log := rota(tc.spec, tc.server, nil)
			err := s.Refresh(t.Context())
			if err == nil || !strings.Contains(err.Error(), "rota platform: ") || !strings.Contains(err.Error(), tc.says) {
				t.Errorf("got %v, want it to say %q", err, tc.says)
			}
			d := duties(s, "payments", "PAY")
			if d.Who != "" || !strings.Contains(d.Unknown, "could not be read: ") || !strings.Contains(d.Unknown, tc.says) {
				t.Errorf("duty %+v", d)
			}
			if strings.Contains(err.Error()+log.String()+d.Unknown, "s3cret") {
				t.Error("an address may hold a credential and is shown")
			}
			s.Refresh(t.Context())
			if strings.Count(log.String(), "rota not read") != 1 {
				t.Errorf("a lasting error is logged once: %s", log)
			}
		})
	}
}

type never struct{}

func (never) RoundTrip(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

func TestAURLThatHangsIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _ := rota(Spec{ICS: &Calendar{Place: Place{URL: "https://cal.example/"}}}, never{}, nil)
		began := time.Now()
		if err := s.Refresh(t.Context()); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		if took := time.Since(began); took != fetch.Timeout {
			t.Errorf("it took %s", took)
		}
	})
}

func TestTheTokenTravelsAsTheServerWantsIt(t *testing.T) {
	var got []string
	server := handler(func(w http.ResponseWriter, r *http.Request) {
		got = append(got, r.Header.Get("Authorization"), r.URL.String())
		io.WriteString(w, "[]")
	})
	p := Place{Token: connectors.NewSecret("abc"), TokenPrefix: "Token token=", Secret: connectors.NewSecret("https://cal.example/private-7")}
	s, _ := rota(Spec{JSON: &Document{Place: p}}, server, nil)
	if err := s.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(got) != 2 || got[0] != "Token token=abc" || got[1] != "https://cal.example/private-7" {
		t.Errorf("sent %q", got)
	}
}

func TestARotaThatIsTooOldIsUnknown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // from midnight of 1 January 2000
		broken := false
		server := handler(func(w http.ResponseWriter, _ *http.Request) {
			if broken {
				w.WriteHeader(500)
				return
			}
			io.WriteString(w, calendarOf("DTSTART:20000101T000000Z|DURATION:PT30M"+ann, "DTSTART:20000101T003000Z|DURATION:PT8H"+bob))
		})
		s, log := rota(Spec{ICS: &Calendar{Place: Place{URL: "https://cal.example/"}}}, server, nil)
		if d := duties(s, "payments", "PAY"); d.Unknown != "has not been read yet" {
			t.Errorf("before the first reading: %+v", d)
		}
		s.Refresh(t.Context())
		began := time.Now().UTC()
		first := s.Snapshot("payments", []string{"platform"})
		if d := duties(s, "payments", "PAY"); d != (policy.Duty{Who: "ann@acme.example", Until: began.Add(30 * time.Minute)}) {
			t.Errorf("now: %+v", d)
		}
		broken = true
		time.Sleep(40 * time.Minute)
		s.Refresh(t.Context())
		if d := duties(s, "payments", "PAY"); d.Who != "bob@acme.example" {
			t.Errorf("a calendar tells the future too: %+v", d)
		}
		if first.Version() == s.Snapshot("payments", []string{"platform"}).Version() {
			t.Error("a hand-over, and the version is the same")
		}
		if d := first.OnDuty("platform", &issue.Issue{}); d.Who != "ann@acme.example" {
			t.Error("a snapshot changed after it was taken")
		}
		known := s.Snapshot("payments", []string{"platform"}).Version()
		time.Sleep(3 * time.Hour)
		if d := duties(s, "payments", "PAY"); d != (policy.Duty{Unknown: "is 3 h old and counts for 1 h"}) {
			t.Errorf("too old: %+v", d)
		}
		old := s.Snapshot("payments", []string{"platform"}).Version()
		time.Sleep(time.Hour)
		if old == known || old != s.Snapshot("payments", []string{"platform"}).Version() {
			t.Error("that a rota became unknown is news, how old it is is none")
		}
		broken = false
		s.Refresh(t.Context())
		if d := duties(s, "payments", "PAY"); d.Who != "bob@acme.example" || !strings.Contains(log.String(), "rota read again") {
			t.Errorf("read again: %+v", d)
		}
	})
}

func TestAFileIsAsOldAsWhatItTells(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.WriteFile(path, []byte(text), 0o600), os.Chtimes(path, time.Now(), time.Now().Add(-2*time.Hour))); err != nil {
			t.Fatal(err)
		}
		return path
	}
	s, _ := rota(Spec{JSON: &Document{Place: Place{Path: write("a.json", `[{"email":"ann@acme.example"}]`)}}}, nil, nil)
	if err := s.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	if d := duties(s, "payments", "PAY"); d.Unknown != "is 2 h old and counts for 1 h" {
		t.Errorf("a document says who was on duty when it was written: %+v", d)
	}
	s, _ = rota(Spec{ICS: &Calendar{Place: Place{Path: write("a.ics", calendarOf("DTSTART:20200101T000000Z|DURATION:P1D|RRULE:FREQ=DAILY"+ann))}}}, nil, nil)
	if err := s.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	if d := duties(s, "payments", "PAY"); d.Who != "ann@acme.example" {
		t.Errorf("a calendar is written long before: %+v", d)
	}
}

type triagers map[string]issue.Person

func (t triagers) Triage(context.Context) (map[string]issue.Person, error) { return t, nil }

func TestTheTriageResponsibilityIsThatOfTheIssuesTeam(t *testing.T) {
	s, _ := rota(Spec{LinearTriage: true}, nil, map[string]Triager{
		"core": triagers{"ENG": {ID: "u1", Email: "ann@acme.example"}, "OPS": {}, "APP": {ID: "u2"}},
	})
	if err := s.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name, source, team string
		want               policy.Duty
	}{
		{"a team with somebody on duty", "core", "ENG", policy.Duty{Who: "ann@acme.example"}},
		{"an account without an address", "core", "APP", policy.Duty{Who: "u2"}},
		{"a team with nobody on duty", "core", "OPS", policy.Duty{}},
		{"a team without the responsibility", "core", "WEB", policy.Duty{Unknown: "has no triage responsibility for this team in Linear"}},
		{"a source that is no Linear", "payments", "PAY", policy.Duty{Unknown: "asks Linear, and payments is no source of Linear"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := duties(s, tc.source, tc.team); got != tc.want {
				t.Errorf("got %+v, want %+v", got, tc.want)
			}
		})
	}
	if n := len(s.Status()); n != 3 {
		t.Errorf("%d teams", n)
	}
}

func TestWhyNobodyIsOnDuty(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.ics")
	if err := os.WriteFile(path, []byte(calendarOf("DTSTART:20200101T000000Z|DURATION:P1D|RRULE:FREQ=DAILY|SUMMARY:Holiday", "DTSTART:20200101T000000Z|DURATION:P1D|RRULE:FREQ=DAILY|SUMMARY:x"+ann+"|EXDATE:20200101T000000Z|STATUS:CANCELLED")), 0o600); err != nil {
		t.Fatal(err)
	}
	s, _ := rota(Spec{ICS: &Calendar{Place: Place{Path: path}}}, nil, nil)
	if err := s.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	if d := duties(s, "payments", "PAY"); d.Nobody != `"Holiday" names nobody` || d.Unknown != "" {
		t.Errorf("duty %+v", d)
	}
}
