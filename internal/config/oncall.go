package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/lanekeeper/lanekeeper/internal/oncall"
)

func (c *Config) checkOnCall(d *decoder) {
	d.unique("on_call", len(c.OnCall), func(i int) string { return c.OnCall[i].Name })
	for i := range c.OnCall {
		r, at := &c.OnCall[i], fmt.Sprintf("on_call[%d]", i)
		var from []string
		for _, k := range []string{"ics", "json", "linear_triage"} {
			if d.has(at+"."+k) && !d.isNull(at+"."+k) && (k != "linear_triage" || r.LinearTriage || d.out.unread[at+"."+k]) {
				from = append(from, k)
			}
		}
		switch {
		case len(from) == 0 && d.isMapping(at):
			d.problem(at, "", "needs one of ics, json and linear_triage")
		case len(from) > 1:
			d.problem(at+"."+from[1], "", "a rota has one place to come from; keep one of %s", strings.Join(from, " and "))
		}
		if r.ICS != nil {
			d.rotaPlace(at+".ics", &r.ICS.Place)
			d.people(at+".ics", r.ICS.People)
			if zone := r.ICS.Timezone; zone != "" {
				if err := new(Timezone).UnmarshalText([]byte(zone)); err != nil {
					d.problem(at+".ics.timezone", "", "%s", err)
				}
			}
		}
		if r.JSON != nil {
			d.rotaPlace(at+".json", &r.JSON.Place)
			d.people(at+".json", r.JSON.People)
		}
	}
}

// rotaPlace checks where a rota is read from.
func (d *decoder) rotaPlace(at string, p *oncall.Place) {
	if !d.isMapping(at) {
		return
	}
	var from []string
	for _, k := range []string{"path", "url"} {
		if d.has(at+"."+k) && !d.isNull(at+"."+k) {
			from = append(from, k)
		}
	}
	if secret := d.given(at, "url"); secret != "" {
		from = append(from, strings.TrimPrefix(secret, at+"."))
		if address, err := p.Secret.Reveal(); err == nil {
			if c := urlComplaint(address); c != "" {
				d.problem(secret, "", "holds no address: want one that begins with https:// or http://, without user, password and #")
			}
			d.plainHTTP(secret, address)
		}
	}
	token := d.given(at, "token")
	switch {
	case len(from) == 0:
		d.problem(at, "", "needs one of path, url, url_file and url_env")
	case len(from) > 1:
		d.problem(at+"."+from[1], "", "a rota has one place to come from; keep one of %s", strings.Join(from, " and "))
	case token != "" && p.Path != "":
		d.problem(token, "", "a file needs no token; remove it, or give url in place of path")
	case token != "":
		d.plainHTTP(at+"."+from[0], p.URL)
	}
}

// people checks that every name stands for somebody.
func (d *decoder) people(at string, people map[string]string) {
	for _, name := range sortedKeys(people) {
		p := path{text: at + ".people"}.member(name).text
		switch {
		case strings.TrimSpace(name) == "":
			d.problemAtKey(p, "must not be empty")
		case strings.TrimSpace(people[name]) == "" && !d.out.unread[p]:
			d.problem(p, "", "must not be empty; want an e-mail address or account id")
		}
	}
}

// checkRotas warns of rotas that cannot give an owner where they are used.
func (doc *document) checkRotas(d *decoder) {
	if doc.Set == nil {
		return
	}
	for i := range doc.Sources {
		s := &doc.Sources[i]
		if s.Linear != nil {
			continue
		}
		for n, l := range doc.Set.For(s.Name, "").Lanes() {
			if slices.ContainsFunc(doc.OnCall, func(r oncall.Spec) bool { return r.LinearTriage && r.Name == l.Owner.OnCall }) {
				d.warn(fmt.Sprintf("policy.lanes[%d].owner.on_call", n), "the rota %s asks Linear, and the source %s is Jira: nobody is assigned there", l.Owner.OnCall, s.Name)
			}
		}
	}
}

// RotasOf are the names of the rotas that the policies of a source use, sorted.
func (c *Config) RotasOf(s Source) []string {
	var out []string
	for _, project := range append([]string{""}, s.Projects()...) {
		out = append(out, c.Set.For(s.Name, project).RotaNames()...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}
