package jira

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// quote makes a JQL string of a value.
func quote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\r", `\r`).Replace(s) + `"`
}

// scope is the restriction to the configured projects and the configured JQL.
func (s Settings) scope(projects ...string) string {
	if len(projects) == 0 {
		projects = s.Projects
	}
	quoted := make([]string, len(projects))
	for i, p := range projects {
		quoted[i] = quote(p)
	}
	jql := "project in (" + strings.Join(quoted, ", ") + ")"
	if strings.TrimSpace(s.JQL) != "" {
		jql += " AND (" + s.JQL + ")"
	}
	return jql
}

const openOnly = " AND statusCategory != Done"

// since is the restriction to issues that changed at or after t. A quoted date
// would be read in the time zone of the account's profile; a bare number is
// milliseconds since 1970. Comparisons are not trusted below the minute.
func since(t time.Time) string {
	return fmt.Sprintf(" AND updated >= %d", max(0, t.Truncate(time.Minute).UnixMilli()))
}

// balanced refuses a restriction that would not stay inside the brackets that
// are put around it and so could widen the scope.
func balanced(jql string) error {
	depth, quoted := 0, rune(0)
	escaped := false
	for _, r := range jql {
		switch {
		case escaped:
			escaped = false
		case r == '\\':
			escaped = true
		case quoted != 0:
			if r == quoted {
				quoted = 0
			}
		case r == '"' || r == '\'':
			quoted = r
		case r == '(':
			depth++
		case r == ')':
			if depth--; depth < 0 {
				return errors.New("jql: a closing bracket has no opening one")
			}
		}
	}
	if quoted != 0 {
		return errors.New("jql: a quotation mark is not closed")
	}
	if depth > 0 {
		return errors.New("jql: an opening bracket is not closed")
	}
	return nil
}
