package linear

import (
	"net/http"
	"testing"

	"github.com/lanekeeper/lanekeeper/connectors"
)

// An answer without its list is no empty list: nothing may be concluded from it,
// least of all that issues are gone.
func TestAHollowAnswerIsNotEmptiness(t *testing.T) {
	last := object{"hasNextPage": false, "endCursor": nil}
	for name, data := range map[string]any{
		"nothing":      object{"x": 1},
		"null":         object{"issues": nil},
		"no list":      object{"issues": object{"pageInfo": last}},
		"null list":    object{"issues": object{"nodes": nil, "pageInfo": last}},
		"no page info": object{"issues": object{"nodes": []object{}}},
	} {
		t.Run(name, func(t *testing.T) {
			c, _ := newWire(t, script{"issues": func(_ http.ResponseWriter, s sent) any {
				if s.Variables["after"] == nil && s.Variables["first"] == 1.0 && s.Variables["filter"].(map[string]any)["id"] == nil {
					return object{"issues": conn(object{"id": issueID(9), "number": 9})} // the newest
				}
				return data
			}}, nil)
			for call, try := range map[string]func() error{
				"changed": func() error { _, _, err := drain(c.Changed(t.Context(), serverTime)); return err },
				"all":     func() error { _, _, err := drain(c.All(t.Context(), "")); return err },
				"ids":     func() error { _, err := c.IDs(t.Context()); return err },
				"fetch": func() error {
					l, err := c.Fetch(t.Context(), []string{issueID(1)})
					if len(l.Bad) > 0 {
						return l.Bad[0].Err
					}
					return err
				},
			} {
				if err := try(); connectors.KindOf(err) != connectors.Contract {
					t.Errorf("%s: got %v, want a broken contract", call, err)
				}
			}
			if h, err := c.History(t.Context(), []string{issueID(1)}); err == nil && len(h) > 0 {
				t.Errorf("history: got %v", h)
			}
		})
	}
}

func TestAHistoryThatDidNotLoadIsLeftOut(t *testing.T) {
	c, _ := newWire(t, script{"issues": func(http.ResponseWriter, sent) any {
		return object{"issues": conn(object{"id": issueID(1), "history": object{"nodes": nil, "pageInfo": object{"hasNextPage": false}}})}
	}}, nil)
	if h, err := c.History(t.Context(), []string{issueID(1)}); err != nil || len(h) > 0 {
		t.Errorf("got %v, %v", h, err)
	}
}
