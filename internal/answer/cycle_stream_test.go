package answer

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lanekeeper/lanekeeper/internal/issue"
)

func TestChangesThatAreVisitedReadLikeThoseInMemory(t *testing.T) {
	for _, n := range []int{0, 1, 3} {
		c := Cycle{Mode: "observe", PolicyHash: "abc", Sources: []CycleSource{{Source: "p", Issues: 7, Error: `"changes": []`}}, Paused: true}
		for k := range n {
			c.Changes = append(c.Changes, NewChange("p", "1", "PAY-1", issue.Change{Field: issue.FieldLane, To: "lane:<feature>", Reason: string(rune('a' + k))}, Observed))
		}
		var want, got strings.Builder
		if err := WriteJSON(&want, c.Normal()); err != nil {
			t.Fatal(err)
		}
		all := c.Changes
		c.Changes, c.Unlisted = nil, 1
		c.Each = func(visit func(Change) error) error {
			for _, ch := range all {
				if err := visit(ch); err != nil {
					return err
				}
			}
			return nil
		}
		if err := WriteJSON(&got, c.Normal()); err != nil {
			t.Fatal(err)
		}
		w := want.String()
		if n == 0 {
			w = strings.Replace(w, `"changes": []`, "\"changes\": [\n  ]", 1)
		}
		if d := cmp.Diff(w, got.String()); d != "" {
			t.Errorf("%d changes (-in memory +visited):\n%s", n, d)
		}
	}
}
