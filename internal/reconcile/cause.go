package reconcile

import (
	"fmt"
	"strings"

	"github.com/lanekeeper/lanekeeper/policy"
)

// causesShown is how many changed inputs a cause names.
const causesShown = 3

// causeOf says what led from one decision to the next: the inputs that read
// otherwise, a new policy, or how the issue came to be looked at.
func causeOf(before, after *policy.Decision, how string) string {
	switch {
	case before.At.IsZero():
		return how
	case before.PolicyHash != after.PolicyHash:
		return "the policy changed"
	}
	was := map[string]string{}
	for _, r := range before.Inputs {
		was[r.Path] = r.Value
	}
	var changed []string
	for _, r := range after.Inputs {
		if old := was[r.Path]; old != r.Value && r.Path != "now" {
			changed = append(changed, fmt.Sprintf("%s: %s instead of %s", strings.TrimPrefix(r.Path, "issue."), shown(r.Value), shown(old)))
		}
	}
	switch n := len(changed); {
	case n == 0:
		return how
	case n > causesShown:
		changed = append(changed[:causesShown], fmt.Sprintf("and %d more inputs", n-causesShown))
	}
	return strings.Join(changed, "; ")
}
