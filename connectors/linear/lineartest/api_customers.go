package lineartest

import (
	"time"

	"github.com/google/uuid"
)

// derivedID is a stable id for a thing that has no record of its own.
func derivedID(kind, name string) string {
	return uuid.NewSHA1(uuid.NameSpaceURL, []byte("lineartest/"+kind+"/"+name)).String()
}

func statusID(c *Customer) string { return derivedID("customer-status", c.Status) }

func (a *api) addCustomers() {
	a.types["Customer"] = fields{
		"id":          text(func(c *Customer) string { return c.ID }),
		"name":        text(func(c *Customer) string { return c.Name }),
		"domains":     texts(func(c *Customer) []string { return c.Domains }),
		"externalIds": constant("[]"),
		"slugId":      text(func(c *Customer) string { return c.ID[:8] }),
		"url":         text(func(c *Customer) string { return "https://linear.example.org/customer/" + c.ID[:8] }),
		"revenue":     leafOf(appendRevenue),
		"size":        number(func(c *Customer) float64 { return c.Size }),
		"tier":        ref(tierOf),
		"status":      ref(func(_ *run, c *Customer) *Customer { return c }),
		"owner":       ref(func(x *run, c *Customer) *User { return x.user(c.OwnerID) }),
		"needs":       many(func(x *run, c *Customer) []*Need { return x.needsOf(c) }),
		"approximateNeedCount": {leaf: func(x *run, v any, b []byte) []byte {
			return appendNumber(b, float64(len(x.needsOf(v.(*Customer)))))
		}},
		"archivedAt": null(),
		"createdAt":  instant(func(c *Customer) time.Time { return c.CreatedAt }),
		"updatedAt":  instant(func(c *Customer) time.Time { return c.UpdatedAt }),
	}
	a.types["CustomerTier"] = fields{
		"id":          text(func(t *Tier) string { return t.ID }),
		"name":        text(func(t *Tier) string { return t.Name }),
		"displayName": text(func(t *Tier) string { return t.Name }),
		"description": null(),
		"color":       constant(`"#5e6ad2"`),
		"position":    number(func(t *Tier) float64 { return t.Position }),
		"archivedAt":  null(),
		"createdAt":   orgTime(),
		"updatedAt":   orgTime(),
	}
	a.types["CustomerStatus"] = fields{
		"id":          text(statusID),
		"name":        text(func(c *Customer) string { return c.Status }),
		"displayName": text(func(c *Customer) string { return c.Status }),
		"description": null(),
		"color":       constant(`"#5e6ad2"`),
		"position":    constant("0"),
		"archivedAt":  null(),
		"createdAt":   orgTime(),
		"updatedAt":   orgTime(),
	}
	a.types["CustomerNeed"] = fields{
		"id":            text(func(n *Need) string { return n.ID }),
		"body":          optional(func(n *Need) string { return n.Body }),
		"priority":      number(importance),
		"customer":      ref(needCustomer),
		"issue":         ref(needIssue),
		"originalIssue": ref(func(x *run, n *Need) *record { return x.issue(n.FormerIssueID) }),
		"creator":       ref(func(x *run, n *Need) *User { return x.user(n.CreatorID) }),
		"url":           null(),
		"archivedAt":    instant(func(n *Need) time.Time { return n.ArchivedAt }),
		"createdAt":     instant(func(n *Need) time.Time { return n.CreatedAt }),
		"updatedAt":     instant(func(n *Need) time.Time { return n.UpdatedAt }),
	}
}

// orgTime answers the workspace's own creation time.
func orgTime() resolver {
	return resolver{leaf: func(x *run, _ any, b []byte) []byte { return appendTime(b, x.s.world.org.CreatedAt) }}
}

func appendRevenue(b []byte, c *Customer) []byte {
	if c.Revenue < 0 {
		return append(b, "null"...)
	}
	return appendNumber(b, float64(c.Revenue))
}

func (x *run) needsOf(c *Customer) []*Need {
	var out []*Need
	for _, n := range x.s.world.needs.all {
		if n.CustomerID == c.ID {
			out = append(out, n)
		}
	}
	return out
}

func customerKeys() keyed[*Customer] {
	return keyed[*Customer]{
		id:      func(c *Customer) string { return c.ID },
		created: func(c *Customer) time.Time { return c.CreatedAt },
		updated: func(c *Customer) time.Time { return c.UpdatedAt },
	}
}
