package jira

import (
	"testing"

	"github.com/lanekeeper/lanekeeper/internal/issue"
)

// A field that did not load when a bulk edit is verified proves nothing.
func TestAnUnreadFieldDoesNotConfirmABulkEdit(t *testing.T) {
	nobody := ""
	for name, tt := range map[string]struct {
		p       patch
		unknown issue.Inputs
	}{
		"a label taken away": {patch{remove: []string{"lane:a"}}, issue.InputLabels},
		"nobody assigned":    {patch{assignee: &nobody}, issue.InputAssignee},
	} {
		if !tt.p.holds(&issue.Issue{}) || tt.p.holds(&issue.Issue{Unknown: tt.unknown}) {
			t.Errorf("%s: an unread field counts as written", name)
		}
	}
}
