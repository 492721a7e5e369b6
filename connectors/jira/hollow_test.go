package jira_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/lanekeeper/lanekeeper/connectors"
	"github.com/lanekeeper/lanekeeper/connectors/jira"
)

// hollow replaces the answers of reading operations with a 200 that holds less
// than Jira promises.
type hollow struct {
	next http.RoundTripper
	body func(honest []byte) string // of searches and reads by id
}

func (h hollow) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := h.next.RoundTrip(r)
	path := r.URL.Path
	if err != nil || !strings.Contains(path, "/search") && !strings.HasSuffix(path, "/bulkfetch") && !strings.Contains(path, "/issue/1") {
		return resp, err
	}
	honest, _ := io.ReadAll(resp.Body)
	resp.Body.Close()
	resp.Body, resp.ContentLength = io.NopCloser(strings.NewReader(h.body(honest))), -1
	return resp, nil
}

// An answer without its list is no empty list: nothing may be concluded from it,
// least of all that issues are gone.
func TestAHollowAnswerIsNotEmptiness(t *testing.T) {
	without := func(names ...string) func([]byte) string {
		return func(honest []byte) string {
			var m map[string]json.RawMessage
			if json.Unmarshal(honest, &m) != nil {
				return "{}"
			}
			for _, n := range names {
				delete(m, n)
			}
			b, _ := json.Marshal(m)
			return string(b)
		}
	}
	bodies := map[string]func([]byte) string{
		"no body":   func([]byte) string { return "" },
		"no member": func([]byte) string { return "{}" },
		"null":      func([]byte) string { return "null" },
		"null list": func([]byte) string { return `{"issues":null,"issueChangeLogs":null,"total":0}` },
		"no list":   without("issues", "issueChangeLogs"),
	}
	both(t, func(t *testing.T, flavor jira.Flavor) {
		s := site(t, flavor, 3)
		id := fetch(t, client(t, s), s, "PAY-1").ID
		if flavor == jira.DataCenter {
			bodies["no total"] = without("total")
			bodies["a total without issues"] = func([]byte) string { return `{"issues":[],"total":3}` }
		}
		for name, body := range bodies {
			c := client(t, s, func(_ *jira.Settings, o *jira.Options) { o.Base = hollow{o.Base, body} })
			ctx := context.Background()
			for call, try := range map[string]func() error{
				"changed": func() error { _, _, err := collect(t, c.Changed(ctx, time.Now().Add(-48*time.Hour))); return err },
				"all":     func() error { _, _, err := collect(t, c.All(ctx, "")); return err },
				"ids":     func() error { _, err := c.IDs(ctx); return err },
				"fetch": func() error {
					l, err := c.Fetch(ctx, []string{id})
					if len(l.Gone) > 0 {
						return fmt.Errorf("issue %s is called gone", l.Gone)
					}
					if len(l.Bad) > 0 {
						return &connectors.Error{Kind: connectors.Contract, Err: l.Bad[0].Err}
					}
					return err
				},
				"history": func() error {
					h, err := c.History(ctx, []string{id})
					if err == nil && len(h) == 0 {
						return &connectors.Error{Kind: connectors.Contract}
					}
					return err
				},
			} {
				counts := name == "no total" || name == "a total without issues"
				if counts && (call == "history" || call == "fetch") || name == "no list" && (call == "history" || call == "fetch") && flavor == jira.DataCenter {
					continue
				}
				if err := try(); connectors.KindOf(err) != connectors.Contract {
					t.Errorf("%s: %s: got %v, want a broken contract", name, call, err)
				}
			}
		}
	})
}
