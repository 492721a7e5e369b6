package linear

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lanekeeper/lanekeeper/connectors"
	"github.com/lanekeeper/lanekeeper/connectors/linear/lineartest"
	"github.com/lanekeeper/lanekeeper/internal/issue"
)

func TestAWriteThatLostItsAnswerIsNotLost(t *testing.T) {
	for _, kind := range []lineartest.Kind{lineartest.Drop, lineartest.DropAfter, lineartest.InternalError, lineartest.RateLimited} {
		t.Run(string(kind), func(t *testing.T) {
			inWorld(t, nil, func(w *world) {
				made := w.create(1, func(i *lineartest.Issue) { i.LabelIDs = []string{w.ids["feature"]} })
				w.srv.Inject(lineartest.Fault{Kind: kind, Times: 1, Match: lineartest.OnMutation})
				w.ok(w.apply(w.edits(made, lane("lane:feature", "lane:hotfix"))...), 1)
				if names := w.srv.LabelNames(made[0].ID); !slices.Equal(names, []string{"lane:hotfix"}) {
					t.Errorf("labels %v", names)
				}
			})
		})
	}
}

func TestReadsSurviveTrouble(t *testing.T) {
	for _, kind := range []lineartest.Kind{lineartest.Drop, lineartest.InternalError, lineartest.RateLimited, lineartest.PartialData} {
		t.Run(string(kind), func(t *testing.T) {
			inWorld(t, nil, func(w *world) {
				w.create(30, nil)
				w.srv.Inject(lineartest.Fault{Kind: kind, Status: 400, Times: 1, Match: lineartest.OnField("issues")})
				out, _, err := drain(w.c.All(w.Context(), ""))
				if err != nil || len(out) != 30 {
					t.Errorf("%d issues, %v", len(out), err)
				}
			})
		})
	}
	for _, kind := range []lineartest.Kind{lineartest.HTML, lineartest.Truncated, lineartest.EmptyCursor, lineartest.RepeatedCursor} {
		t.Run(string(kind), func(t *testing.T) {
			inWorld(t, nil, func(w *world) {
				w.create(30, nil)
				w.srv.Inject(lineartest.Fault{Kind: kind, Match: lineartest.OnField("issues")})
				if _, _, err := drain(w.c.Changed(w.Context(), time.Time{})); connectors.KindOf(err) != connectors.Contract {
					t.Errorf("got %v", err)
				}
			})
		})
	}
}

func TestDataBesideErrorsIsNoPage(t *testing.T) {
	c, _ := newWire(t, script{"issues": func(w http.ResponseWriter, _ sent) any {
		fmt.Fprintf(w, `{"data":{"issues":{"nodes":[],"pageInfo":{"hasNextPage":false}}},"errors":[{"message":"partly","extensions":{"type":"user error"}}]}`)
		return nil
	}}, nil)
	if _, _, err := drain(c.Changed(t.Context(), serverTime)); err == nil {
		t.Error("half a page passed for a whole one")
	}
}

func TestDeadKeyStopsApply(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		made := w.create(3, nil)
		w.changed(time.Now())
		w.srv.RevokeKey()
		done := 0
		err := w.c.Apply(w.Context(), w.edits(made, lane("", "lane:hotfix")), func(issue.Result) { done++ })
		if connectors.KindOf(err) != connectors.Auth || done > 0 {
			t.Errorf("%d done, %v", done, err)
		}
	})
}

// The scripted server answers success and changes nothing.
func TestSuccessWithoutEffectIsAnError(t *testing.T) {
	for name, payload := range map[string]object{
		"success false":      {"success": false, "issue": nil},
		"no issue":           {"success": true, "issue": nil},
		"the old priority":   {"success": true, "issue": anIssue(1, object{"priority": 3})},
		"another issue":      {"success": true, "issue": anIssue(2, object{"priority": 1})},
		"no priority at all": {"success": true, "issue": anIssue(1, object{"priority": nil})},
	} {
		t.Run(name, func(t *testing.T) {
			c, _ := newWire(t, script{"issueUpdate": func(http.ResponseWriter, sent) any { return object{"issueUpdate": payload} }}, nil)
			got := applied(t, c, edit(1, issue.Change{Field: issue.FieldPriority, To: "high"}))[issueID(1)]
			if connectors.KindOf(got.Err) != connectors.Contract {
				t.Errorf("got %v", got.Err)
			}
		})
	}
}

func TestATeamThatWeCannotSeeIsAnError(t *testing.T) {
	inWorld(t, func(s *Settings, _ *Options, _ *lineartest.Options) { s.Teams = []string{"ENG", "eng"} }, func(w *world) {
		_, err := w.c.IDs(w.Context())
		if connectors.KindOf(err) != connectors.NotFound || !strings.Contains(err.Error(), "eng") {
			t.Errorf("got %v", err)
		}
	})
}

func TestAnEmptiedSweepIsAnError(t *testing.T) {
	for _, tc := range []struct {
		name  string
		count int
		want  connectors.Kind
	}{
		{"the team counts issues that we do not see", 9, connectors.Forbidden},
		{"a new team has none", 0, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c, _ := newWire(t, script{"viewer": func(w http.ResponseWriter, s sent) any {
				data := standard["viewer"](w, s).(object)
				data["teams"].(object)["nodes"].([]object)[0]["issueCount"] = tc.count
				return data
			}}, nil)
			ids, err := c.IDs(t.Context())
			if connectors.KindOf(err) != tc.want || len(ids) > 0 {
				t.Errorf("%v %v", ids, err)
			}
		})
	}
}

func TestTooComplexPagesAreHalved(t *testing.T) {
	var sizes []float64
	c, _ := newWire(t, script{"issues": func(w http.ResponseWriter, s sent) any {
		first := s.Variables["first"].(float64)
		if sizes = append(sizes, first); first > 40 {
			return fail(w, http.StatusBadRequest, refusedInput)
		}
		return object{"issues": conn(anIssue(1, nil))}
	}}, nil)
	out, _, err := drain(c.Changed(t.Context(), serverTime))
	if err != nil || len(out) != 1 || !slices.Equal(sizes, []float64{250, 125, 62, 31}) {
		t.Errorf("%d issues, sizes %v, %v", len(out), sizes, err)
	}
}

// Rate limiting in the middle of a pull: it waits for the refill and goes on.
func TestARateLimitIsWaitedOut(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		w.create(600, nil)
		w.srv.SetLimits(lineartest.Limits{Requests: 1200, Complexity: 3_000_000, Query: 10_000})
		w.srv.SetRemaining(2, 3_000_000)
		began := time.Now()
		out, _, err := drain(w.c.Changed(w.Context(), time.Time{}))
		if err != nil || len(out) != 600 {
			t.Fatalf("%d issues, %v", len(out), err)
		}
		if d := time.Since(began); d > time.Minute {
			t.Errorf("trap 3: waited %s", d)
		}
		if n := w.srv.Counters().Limited; n > 2 {
			t.Errorf("%d requests went over the budget", n)
		}
	})
}

func TestServerPriceAboveOursIsSurvived(t *testing.T) {
	inWorld(t, func(_ *Settings, o *Options, so *lineartest.Options) {
		o.Inputs, so.Limits = issue.InputLinks, lineartest.Limits{Requests: 2500, Complexity: 3_000_000, Query: 1500}
	}, func(w *world) {
		w.create(100, nil)
		if out, _, err := drain(w.c.All(w.Context(), "")); err != nil || len(out) != 100 {
			t.Errorf("%d issues, %v", len(out), err)
		}
	})
}
