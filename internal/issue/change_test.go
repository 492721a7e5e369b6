package issue_test

import (
	"slices"
	"testing"

	"github.com/lanekeeper/lanekeeper/internal/issue"
)

func TestLabelsOfAChange(t *testing.T) {
	tests := []struct {
		name, from, to string
		add, remove    []string
	}{
		{"first label", "", "lane:a", []string{"lane:a"}, nil},
		{"another label", "lane:a", "lane:b", []string{"lane:b"}, []string{"lane:a"}},
		{"no label", "lane:a", "", nil, []string{"lane:a"}},
		{"one of two stays", "lane:a lane:b", "lane:b", nil, []string{"lane:a"}},
		{"two come back", "lane:c", "lane:a lane:b", []string{"lane:a", "lane:b"}, []string{"lane:c"}},
		{"a label with spaces is one", "lane:needs a look lane:z", "lane:b", []string{"lane:b"}, []string{"lane:needs a look", "lane:z"}},
	}
	for _, tt := range tests {
		add, remove := issue.Change{Field: issue.FieldLane, From: tt.from, To: tt.to}.Labels()
		if !slices.Equal(add, tt.add) || !slices.Equal(remove, tt.remove) {
			t.Errorf("%s: add %q, remove %q; want %q, %q", tt.name, add, remove, tt.add, tt.remove)
		}
	}
}
