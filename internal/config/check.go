package config

import (
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// check looks at what single values cannot show, and fills in what depends on
// other values.
func (c *Config) check(d *decoder) {
	c.checkSources(d)
	c.checkSignals(d)
	c.checkOnCall(d)
	c.checkAlerts(d)
	c.Schedule.Pull.in(c.Schedule.Timezone.Location)
	c.Schedule.Sweep.in(c.Schedule.Timezone.Location)
	c.Schedule.Report.in(c.Schedule.Timezone.Location)
}

func (c *Config) checkSources(d *decoder) {
	if e, ok := d.at["sources"]; ok && e.value.kind == list && len(c.Sources) == 0 {
		d.problem("sources", "", "needs at least one source")
	}
	d.unique("sources", len(c.Sources), func(i int) string { return c.Sources[i].Name })
	for i := range c.Sources {
		s, at := &c.Sources[i], fmt.Sprintf("sources[%d]", i)
		if s.Mode == "" {
			s.Mode = c.Mode
		}
		switch {
		case s.Jira != nil && s.Linear != nil:
			d.problem(at+".linear", "", "a source is one tracker: jira or linear, not both")
		case s.Jira != nil:
			s.Jira.check(d, at+".jira")
		case s.Linear != nil:
			s.Linear.check(d, at+".linear")
		case !d.has(at+".jira") && !d.has(at+".linear") && d.isMapping(at):
			d.problem(at, "", "needs jira or linear")
		case d.isNull(at + ".jira"):
			d.problem(at+".jira", "", "needs a value")
		case d.isNull(at + ".linear"):
			d.problem(at+".linear", "", "needs a value")
		}
	}
	c.checkOverlap(d)
}

// checkOverlap warns of two sources that work on the same project.
func (c *Config) checkOverlap(d *decoder) {
	seen := map[string]string{}
	for i := range c.Sources {
		s := &c.Sources[i]
		for j, p := range s.Projects() {
			id := s.host() + " " + strings.ToUpper(p)
			if first, ok := seen[id]; ok && s.host() != "" && first != s.Name {
				d.warn(fmt.Sprintf("sources[%d].%s[%d]", i, s.projectsKey(), j), "source %s works on %s too: each writes its own labels and comment", first, p)
			}
			seen[id] = s.Name
		}
	}
}

func (s *Source) projectsKey() string {
	if s.Jira != nil {
		return "jira.projects"
	}
	return "linear.teams"
}

// host tells sources of different sites apart. All of Linear is one site, so
// its workspaces, known only by their credentials, are not compared.
func (s *Source) host() string {
	if s.Jira == nil {
		return ""
	}
	return strings.TrimRight(s.Jira.URL, "/")
}

func (j *Jira) check(d *decoder, at string) {
	d.plainHTTP(at+".url", j.URL)
	d.keyList(at+".projects", j.Projects)
	cloud := j.Flavor == "cloud" || j.Flavor == "" && strings.HasSuffix(hostOf(j.URL), ".atlassian.net")
	if cloud && j.Auth.Email == "" && d.has(at+".auth") {
		d.problem(at+".auth", "", "needs email: Jira Cloud takes an API token only together with its account's e-mail")
	}
	if j.Auth.Email != "" && !strings.Contains(j.Auth.Email, "@") && cloud {
		d.problem(at+".auth.email", "", "%q is not an e-mail address", shorten(j.Auth.Email))
	}
	if ordered(j.JQL) {
		d.problem(at+".jql", "", "must have no ORDER BY; lanekeeper sets the order itself")
	}
	for _, name := range sortedKeys(j.Fields) {
		if c := formVariable.complaint(name); c != "" {
			d.problemAtKey(path{text: at + ".fields"}.member(name).text, c)
		}
	}
}

// ordered reports whether a JQL has an ORDER BY outside of quoted texts.
func ordered(jql string) bool {
	bare := regexp.MustCompile(`"(\\.|[^"\\])*"|'(\\.|[^'\\])*'`).ReplaceAllString(jql, "''")
	return regexp.MustCompile(`(?i)\border\s+by\b`).MatchString(bare)
}

func (l *Linear) check(d *decoder, at string) {
	d.plainHTTP(at+".url", l.URL)
	d.keyList(at+".teams", l.Teams)
	key, oauth := d.given(at+".auth", "api_key"), d.given(at+".auth", "oauth_token")
	switch {
	case key != "" && oauth != "":
		d.problem(oauth, "", "both an API key and an OAuth token are given; keep one")
	case key == "" && oauth == "" && d.isMapping(at+".auth"):
		d.problem(at+".auth", "", "needs one of api_key_file, api_key_env, oauth_token_file and oauth_token_env")
	}
}

// given is the path of the file or environment key of a secret that is in the
// file, or "".
func (d *decoder) given(at, secret string) string {
	for _, k := range []string{"_file", "_env"} {
		if p := at + "." + secret + k; d.has(p) && !d.isNull(p) {
			return p
		}
	}
	return ""
}

// keyList checks a list of project or team keys.
func (d *decoder) keyList(at string, keys []string) {
	if d.has(at) && len(keys) == 0 && d.at[at].value.kind == list {
		d.problem(at, "", "needs at least one key")
	}
	for i, k := range keys {
		if j := slices.IndexFunc(keys[:i], func(o string) bool { return strings.EqualFold(o, k) }); j >= 0 && k != "" {
			d.problem(fmt.Sprintf("%s[%d]", at, i), "", "%q is already in the list", k)
		}
	}
}

// plainHTTP warns where a credential would travel unencrypted.
func (d *decoder) plainHTTP(at, address string) {
	host := hostOf(address)
	if strings.HasPrefix(address, "http://") && host != "localhost" && !strings.HasPrefix(host, "127.") && host != "::1" {
		d.warn(at, "the credential travels unencrypted; use https")
	}
}

func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return strings.ToLower(u.Hostname())
}

func (c *Config) checkSignals(d *decoder) {
	d.unique("signals", len(c.Signals), func(i int) string { return c.Signals[i].Name })
	for i, s := range c.Signals {
		at := fmt.Sprintf("signals[%d]", i)
		var from []string
		for _, k := range []string{"csv", "ndjson", "http", "prometheus"} {
			if d.has(at+"."+k) && !d.isNull(at+"."+k) {
				from = append(from, k)
			}
		}
		switch {
		case len(from) == 0 && d.isMapping(at):
			d.problem(at, "", "needs one of csv, ndjson, http and prometheus")
		case len(from) > 1:
			d.problem(at+"."+from[1], "", "a signal has one place to come from; keep one of %s", strings.Join(from, " and "))
		}
		if s.HTTP != nil && !s.HTTP.Token.IsZero() {
			d.plainHTTP(at+".http.url", s.HTTP.URL)
		}
		if s.Prometheus != nil && !s.Prometheus.Token.IsZero() {
			d.plainHTTP(at+".prometheus.url", s.Prometheus.URL)
		}
	}
}

// unique reports names in a list that were used before.
func (d *decoder) unique(at string, n int, name func(int) string) {
	first := map[string]int{}
	for i := range n {
		switch j, ok := first[name(i)]; {
		case name(i) == "":
		case ok:
			d.problem(fmt.Sprintf("%s[%d].name", at, i), "", "the name %q is already used by %s[%d]", name(i), at, j)
		default:
			first[name(i)] = i
		}
	}
}

func (d *decoder) has(path string) bool { _, ok := d.at[path]; return ok }

func (d *decoder) isNull(path string) bool {
	e, ok := d.at[path]
	return ok && e.value.kind == null
}

func (d *decoder) isMapping(path string) bool {
	e, ok := d.at[path]
	return ok && e.value.kind == mapping
}

// problemAtKey reports something wrong with a key rather than its value.
func (d *decoder) problemAtKey(path, message string) {
	k := d.at[path].key
	d.out.add(Problem{File: k.file.name, Line: k.pos.line, Col: k.pos.col, Path: path, Message: message})
}

func sortedKeys[V any](m map[string]V) []string {
	return slices.Sorted(maps.Keys(m))
}
