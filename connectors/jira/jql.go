package jira

import (
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
