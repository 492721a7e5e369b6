package reconcile

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/lanekeeper/lanekeeper/connectors"
	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/policy"
)

// Directory knows the people of a tracker.
type Directory interface {
	// Account finds the active account of an e-mail address or account id. That
	// there is none is an error of the kind NotFound, which says what to do.
	Account(ctx context.Context, who string) (issue.Person, error)
	// Members lists the active accounts of a group. A group that does not exist
	// is NotFound; a tracker without groups answers Invalid.
	Members(ctx context.Context, group string) ([]issue.Person, error)
}

const (
	// approversLife is how long an answer about approvers counts, and
	// approversRetry how long one is not asked about again after a failure.
	approversLife  = time.Hour
	approversRetry = time.Minute
)

// approverList is what is known about one of the policy's words for approvers.
type approverList struct {
	people []issue.Person
	known  bool // people is the tracker's word, possibly an older one
	asked  time.Time
	good   bool  // the last question had an answer
	err    error // of the last question, also that there is nobody
}

// People resolves one of the policy's words for approvers: an address, an account
// id or group:NAME.
func People(ctx context.Context, d Directory, word string) ([]issue.Person, error) {
	if group, ok := strings.CutPrefix(word, policy.GroupPrefix); ok {
		list, err := d.Members(ctx, group)
		if err != nil {
			return nil, fmt.Errorf("members of the group %s: %w", group, err)
		}
		return list, nil
	}
	p, err := d.Account(ctx, word)
	if err != nil {
		return nil, fmt.Errorf("account of %s: %w", word, err)
	}
	return []issue.Person{p}, nil
}

// lookUp resolves a word, from memory while that is fresh.
func (c *cycle) lookUp(word string) approverList {
	c.caches.Lock()
	l := c.approving[word]
	c.caches.Unlock()
	life := approversRetry
	if l.good {
		life = approversLife
	}
	if c.offline || c.Directory == nil || !l.asked.IsZero() && c.now.Sub(l.asked) < life {
		return l
	}
	people, err := People(c.ctx, c.Directory, word)
	l.asked, l.err = c.now, err
	switch k := connectors.KindOf(err); {
	case err == nil, k == connectors.NotFound, k == connectors.Invalid: // nobody is an answer too
		l.people, l.known, l.good = people, true, true
	default:
		l.good = false
	}
	if err != nil {
		c.Log.Warn("approver not found", "source", c.Source, "approver", word, "err", err)
	}
	c.caches.Lock()
	defer c.caches.Unlock()
	c.approving[word] = l
	return l
}

// approvers are the account ids of those who may decide. Without the tracker's
// word about each of them it is not sure that nobody else may.
func (c *cycle) approvers(words []string) (ids map[string]bool, sure bool) {
	ids, sure = map[string]bool{}, true
	for _, w := range words {
		l := c.lookUp(w)
		sure = sure && l.known
		for _, p := range l.people {
			if p.ID != "" {
				ids[p.ID] = true
			}
		}
	}
	return ids, sure
}

// names are the approvers' names as the tracker shows them, at most most of them;
// addresses are not for a comment that everybody reads.
func (c *cycle) names(words []string, most int) (names []string, more bool) {
	seen := map[string]bool{}
	for _, w := range words {
		for _, p := range c.lookUp(w).people {
			if p.Name == "" || seen[p.ID] {
				continue
			}
			if len(names) == most {
				return names, true
			}
			seen[p.ID] = true
			names = append(names, p.Name)
		}
	}
	return names, false
}
