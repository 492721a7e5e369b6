package linear

import (
	"context"
	"time"

	"github.com/lanekeeper/lanekeeper/connectors"
	"github.com/lanekeeper/lanekeeper/internal/issue"
)

// feature is something that a workspace has or lacks by its plan. It is asked
// for apart, so that a refusal does not cost a page of issues.
type feature struct {
	turnstile
	asked   time.Time
	on      bool
	refused bool // not told, rather than told that it is off
}

// featureAge is how long it is believed that the workspace lacks the feature.
// That it has it is believed until a read is refused.
const featureAge = time.Hour

type organizationQuery struct {
	Organization struct {
		CustomersEnabled bool `json:"customersEnabled"`
	} `json:"organization"`
}

// documents returns the issue documents that this workspace answers.
func (c *Client) documents(ctx context.Context) (*documents, error) {
	on, _, err := c.customersOn(ctx)
	if err != nil || !on {
		return c.plain, err
	}
	return c.docs, nil
}

// customersOn tells whether customer requests can be read, and if not whether
// that was refused to us.
func (c *Client) customersOn(ctx context.Context) (on, refused bool, err error) {
	if !c.in.Has(issue.InputCustomers) {
		return false, false, nil
	}
	f := &c.customers
	leave, err := f.enter(ctx)
	if err != nil {
		return false, false, err
	}
	defer leave()
	if f.on || !f.asked.IsZero() && c.now().Sub(f.asked) < featureAge {
		return f.on, f.refused, nil
	}
	var q organizationQuery
	_, err = c.query(ctx, call{op: "organization", doc: &q, price: 2, decode: into(&q)})
	if off(err) {
		c.switchOff(f, err)
		return false, true, nil
	}
	if err != nil {
		return false, false, err
	}
	if !q.Organization.CustomersEnabled && f.asked.IsZero() {
		c.log.Info("customer requests are switched off in this Linear workspace; the policy's customer inputs are empty")
	}
	f.asked, f.on, f.refused = c.now(), q.Organization.CustomersEnabled, false
	return f.on, f.refused, nil
}

// customersRefused notes that a page was refused for its customers.
func (c *Client) customersRefused(ctx context.Context, err error) {
	leave, ended := c.customers.enter(ctx)
	if ended != nil {
		return
	}
	defer leave()
	c.switchOff(&c.customers, err)
}

// switchOff logs once, not in every cycle.
func (c *Client) switchOff(f *feature, err error) {
	if !f.refused {
		c.log.Warn("customer requests cannot be read; the policy's customer inputs are unknown", "err", err)
	}
	f.asked, f.on, f.refused = c.now(), false, true
}

// off reports whether an error says that the plan or the key lacks a feature.
func off(err error) bool {
	k := connectors.KindOf(err)
	return k == connectors.Unavailable || k == connectors.Forbidden
}
