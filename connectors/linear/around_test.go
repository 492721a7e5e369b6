package linear

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"github.com/lanekeeper/lanekeeper/connectors"
	"github.com/lanekeeper/lanekeeper/connectors/linear/lineartest"
	"github.com/lanekeeper/lanekeeper/internal/issue"
)

func TestCredentialFormByKind(t *testing.T) {
	for _, tc := range []struct {
		name string
		auth Auth
		want string
	}{
		{"a personal key goes raw (trap 1)", Auth{APIKey: connectors.NewSecret("lin_api_k")}, "lin_api_k"},
		{"an OAuth token as bearer (trap 1)", Auth{OAuthToken: connectors.NewSecret("lin_oauth_t")}, "Bearer lin_oauth_t"},
		{"a personal key in the wrong place goes raw all the same", Auth{OAuthToken: connectors.NewSecret("lin_api_k")}, "lin_api_k"},
		{"a token in the place of a key goes as bearer all the same", Auth{APIKey: connectors.NewSecret("lin_oauth_t")}, "Bearer lin_oauth_t"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c, w := newWire(t, script{}, func(s *Settings, _ *Options) { s.Auth = tc.auth })
			if _, err := c.workspace(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := w.all()[0].auth; got != tc.want {
				t.Errorf("sent %q", got)
			}
		})
	}
}

func TestSettingsAreChecked(t *testing.T) {
	_, err := New(Settings{URL: "x", Dates: "soon", Concurrency: 99}, Options{})
	for _, part := range []string{"url", "auth", "teams", "dates", "concurrency"} {
		if err == nil || !strings.Contains(err.Error(), part+":") {
			t.Errorf("%v does not name %s", err, part)
		}
	}
	key := connectors.NewSecret("k")
	if _, err := New(Settings{Teams: []string{"ENG"}, Auth: Auth{APIKey: key, OAuthToken: key}}, Options{}); err == nil {
		t.Error("two credentials were taken")
	}
}

func TestCustomersAreAskedForApart(t *testing.T) {
	want := func(s *Settings, o *Options, so *lineartest.Options) { o.Inputs = issue.InputCustomers }
	t.Run("a plan without customers costs no page", func(t *testing.T) {
		inWorld(t, func(s *Settings, o *Options, so *lineartest.Options) {
			want(s, o, so)
			so.Organization.Plan = lineartest.Basic
		}, func(w *world) {
			w.create(2, nil)
			if got := w.changed(time.Time{}); len(got) != 2 {
				t.Errorf("got %v", keys(got))
			}
		})
	})
	t.Run("a refusal in the middle makes the field unknown", func(t *testing.T) {
		asked := 0
		c, _ := newWire(t, script{"issues": func(w http.ResponseWriter, s sent) any {
			if asked++; strings.Contains(s.Query, "needs(") {
				return fail(w, http.StatusOK, object{"type": "feature not accessible"})
			}
			return object{"issues": conn(anIssue(1, nil))}
		}}, func(_ *Settings, o *Options) { o.Inputs = issue.InputCustomers })
		for range 2 {
			out, _, err := drain(c.Changed(t.Context(), serverTime))
			if err != nil || len(out) != 1 || out[0].Unknown != issue.InputCustomers {
				t.Errorf("%+v, %v", out, err)
			}
		}
		if asked != 3 {
			t.Errorf("%d page requests", asked)
		}
	})
}

func TestOnlyWhatThePolicyReadsIsAskedFor(t *testing.T) {
	c, w := newWire(t, script{}, nil)
	if _, _, err := drain(c.Changed(t.Context(), serverTime)); err != nil {
		t.Fatal(err)
	}
	for _, s := range w.all() {
		for _, private := range []string{"email", "customer", "description", "creator", "comments", "relations"} {
			if s.root() != "issueLabels" && strings.Contains(s.Query, private) {
				t.Errorf("trap 28: %s is asked for in %s", private, s.Query)
			}
		}
	}
}

func TestHistoryIsNormalised(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		made := w.create(1, nil)[0]
		w.edit(made.ID, func(i *lineartest.Issue) { i.Priority = 2; i.DueDate = "2026-05-01"; i.AssigneeID = w.ann.ID })
		time.Sleep(time.Hour)
		w.edit(made.ID, func(i *lineartest.Issue) { i.StateID = w.state("started"); i.LabelIDs = []string{w.ids["feature"]} })
		time.Sleep(time.Hour)
		w.ok(w.apply(w.edits([]lineartest.Issue{made}, lane("lane:feature", "lane:hotfix"))...), 1)
		got, err := w.c.History(w.Context(), []string{made.ID, uuid.NewString()})
		if err != nil || len(got) != 1 {
			t.Fatal(got, err)
		}
		h := got[made.ID]
		if !h.Complete || !slices.IsSortedFunc(h.Events, func(a, b issue.Event) int { return a.At.Compare(b.At) }) {
			t.Errorf("%+v", h)
		}
		for _, tc := range []struct {
			field    issue.Field
			from, to string
			self     bool
		}{
			{issue.FieldPriority, "medium", "high", false}, {issue.FieldDue, "", "2026-05-01", false},
			{issue.FieldAssignee, "", w.ann.ID, false}, {issue.FieldLane, "", "lane:hotfix", true},
		} {
			e, ok := h.Last(tc.field)
			if !ok || e.From != tc.from || e.To != tc.to || e.By.Self != tc.self || e.By.ID == "" {
				t.Errorf("%s: %+v", tc.field, e)
			}
		}
		if e, _ := h.Last(issue.FieldStatus); e.ToCategory != issue.Started || e.By.Email != "ann@acme.example" {
			t.Errorf("status: %+v", e)
		}
	})
}

func TestLongHistoryIsFollowed(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		made := w.create(1, nil)[0]
		for k := range 130 {
			w.edit(made.ID, func(i *lineartest.Issue) { i.Priority = 1 + k%4 })
			time.Sleep(time.Hour)
		}
		got, err := w.c.History(w.Context(), []string{made.ID})
		if h := got[made.ID]; err != nil || !h.Complete || len(h.Events) < 125 {
			t.Errorf("%d events, %v", len(h.Events), err)
		}
	})
}

func TestPerson(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		gone := w.srv.AddUser(lineartest.User{Name: "Gone", Email: "gone@acme.example", Inactive: true})
		bot := w.srv.AddUser(lineartest.User{Name: "Bot", Email: "bot@acme.example", Unassignable: true})
		for _, who := range []string{"ann@acme.example", "ANN@acme.example", w.ann.ID} {
			if p, err := w.c.Person(w.Context(), who); err != nil || p.ID != w.ann.ID || p.Email != "ann@acme.example" {
				t.Errorf("%s: %+v %v", who, p, err)
			}
		}
		for _, who := range []string{gone.Email, bot.Email, "nobody@acme.example", uuid.NewString()} {
			_, err := w.c.Person(w.Context(), who)
			if e, ok := errors.AsType[*connectors.Error](err); !ok || e.Kind != connectors.NotFound || e.Hint == "" {
				t.Errorf("%s: %v", who, err)
			}
		}
	})
}

func TestCheckSaysWhatIsMissing(t *testing.T) {
	inWorld(t, func(s *Settings, o *Options, so *lineartest.Options) {
		s.Teams, o.Inputs = []string{"ENG", "NOPE"}, issue.InputCustomers
		so.Organization.CustomersDisabled = true
	}, func(w *world) {
		w.srv.DefaultSLARules()
		w.srv.AddLabel(lineartest.Label{Name: "sla"})
		w.srv.EditLabel(w.ids["feature"], func(l *lineartest.Label) { l.RetiredAt = time.Now() })
		got, err := w.c.Check(w.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []connectors.Finding{
			{Level: connectors.OK, What: "credential"}, {Level: connectors.Failed, What: "team NOPE"}, {Level: connectors.OK, What: "team ENG"},
			{Level: connectors.OK, What: "label group lane"}, {Level: connectors.Warning, What: "label group lane"},
			{Level: connectors.Warning, What: "label group horizon"}, {Level: connectors.Failed, What: "label group sla"},
			{Level: connectors.Warning, What: "customers"}, {Level: connectors.Warning, What: "SLA rules of ENG"},
		} {
			k := slices.IndexFunc(got, func(f connectors.Finding) bool { return f.What == want.What && f.Level == want.Level })
			if k < 0 || got[k].Text == "" || want.Level != connectors.OK && got[k].Fix == "" {
				t.Errorf("no %s finding on %s in %+v", want.Level, want.What, got)
			}
		}
		if n := len(w.srv.Mutations()); n > 0 {
			t.Errorf("check wrote %d times", n)
		}
	})
}

func TestCheckOfADeadKey(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		w.srv.RevokeKey()
		got, err := w.c.Check(w.Context())
		if err != nil || len(got) != 1 || got[0].Level != connectors.Failed || got[0].Fix == "" {
			t.Errorf("%+v %v", got, err)
		}
	})
}

// A first pull in parallel takes at most 0.3 of a sequential loop's time when
// each answer takes 20 ms.
func TestParallelPullIsFasterThanALoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const n, latency = 5000, 20 * time.Millisecond
		c, w := newWire(t, nil, nil)
		w.next = http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			time.Sleep(latency)
			numbered(n).ServeHTTP(rw, r)
		})
		if err := c.open(t.Context()); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		out, _, err := drain(c.All(t.Context(), ""))
		if err != nil || len(out) != n {
			t.Fatal(len(out), err)
		}
		if loop, took := n/maxFirst*latency, time.Since(began); took > loop*35/100 {
			t.Errorf("%s, a loop takes %s", took, loop)
		}
	})
}

// numbered answers number ranges over n open issues.
func numbered(n int) script {
	return script{"issues": func(_ http.ResponseWriter, s sent) any {
		first := int(s.Variables["first"].(float64))
		number, ok := s.filter()["number"].(map[string]any)
		if !ok {
			return object{"issues": conn(object{"id": issueID(n), "number": n})}
		}
		lo, hi := int(number["gte"].(float64)), n+1
		if v, ok := number["lt"].(float64); ok {
			hi = min(hi, int(v))
		}
		var nodes []object
		for k := lo; k < hi && len(nodes) < first; k++ {
			nodes = append(nodes, anIssue(k, nil))
		}
		return object{"issues": conn(nodes...)}
	}}
}
