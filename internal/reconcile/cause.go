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
	changed := policy.Changed(before, after)
	switch n := len(changed); {
	case n == 0:
		return how
	case n > causesShown:
		changed = append(changed[:causesShown], fmt.Sprintf("and %d more inputs", n-causesShown))
	}
	return strings.Join(changed, "; ")
}
