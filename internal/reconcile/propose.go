package reconcile

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/state"
)

// withdrawn is what an undone comment says.
const withdrawn = "This proposal was withdrawn."

// proposal is the marked comment of the suggest mode.
type proposal struct {
	body    string
	hash    string // of the proposed values alone: a new wording is no news
	summary string
}

func propose(r *state.Record, changes []issue.Change) proposal {
	var body, values strings.Builder
	names := make([]string, len(changes))
	fmt.Fprintf(&body, "lanekeeper proposes for %s:\n\n", r.Issue.Key)
	for n, ch := range changes {
		names[n] = string(ch.Field)
		fmt.Fprintf(&body, "- %s: %s instead of %s (%s)\n", ch.Field, shown(ch.To), shown(ch.From), strings.TrimSuffix(ch.Reason, "."))
		fmt.Fprintf(&values, "%s=%s\n", ch.Field, ch.To)
	}
	fmt.Fprintf(&body, "\nNothing was changed. All reasons: lanekeeper explain %s", r.Issue.Ref())
	h := sha256.Sum256([]byte(values.String()))
	return proposal{body: body.String(), hash: hex.EncodeToString(h[:8]), summary: strings.Join(names, ", ")}
}

func shown(v string) string {
	if v == "" {
		return "none"
	}
	return v
}
