package config

import (
	"maps"
	"time"
)

// key is what is to be known of one key of the file beside its type. The
// table of keys is the one place of every default, bound and description;
// decoding, the JSON Schema and the reference all come from it.
type key struct {
	doc string
	// def is the default as it would stand in the file; "" is none.
	def      string
	required bool

	least, above, most *float64      // bounds of a number
	shortest           time.Duration // least duration
	form               form          // of a text
	// oneOf are the allowed texts where the Go type does not tell them.
	oneOf []string
	// given says what an absent key means where that is no fixed value.
	given string
}

// form is a shape that a text must have.
type form string

const (
	formAny      form = ""
	formName     form = "name"     // [a-z0-9-]+
	formVariable form = "variable" // [a-z][a-z0-9_]*, usable in expressions
	formURL      form = "url"      // http or https
	formAddress  form = "address"  // host:port
	formKey      form = "project"  // project or team key
	formFilled   form = "filled"   // not empty
)

func ptr(f float64) *float64 { return &f }

// keyTable returns the table. A list's element has the path of the list and
// [], the value of a mapping with free keys has .*.
func keyTable() map[string]key {
	t := map[string]key{
		"mode": {required: true, doc: "How far lanekeeper may go: observe decides and records and writes nothing; suggest writes only the marked comment, and what a person accepts; " +
			"enforce writes what the policy wants. There is no default: you choose."},
		"sources":                   {required: true, doc: "Tracker connections; at least one."},
		"schedule":                  {doc: "When lanekeeper works."},
		"schedule.timezone":         {def: "UTC", doc: "Time zone of the schedules, by its IANA name."},
		"schedule.pull":             {def: `"@every 1m"`, doc: "When to pull changed issues: five cron fields, or a descriptor such as @every 1m."},
		"schedule.sweep":            {def: `"17 3 * * *"`, doc: "When to list all open issues, which finds the ones that are gone."},
		"schedule.report":           {given: "never", doc: "When to tell of the policy report, as the event report; such as 0 9 * * mon. It covers the time since the one before."},
		"state":                     {doc: "What lanekeeper remembers."},
		"state.path":                {def: "lanekeeper.db", form: formFilled, doc: "The state file."},
		"state.retention":           {doc: "How long entries of the logs are kept."},
		"state.retention.decisions": {def: "400d", shortest: time.Hour, doc: "Decisions and the changes that followed; undo reaches back as far."},
		"state.retention.alerts":    {def: "90d", shortest: time.Hour, doc: "Which alerts were sent."},
		"server":                    {doc: "The page, the API and the metrics."},
		"server.listen":             {def: `"127.0.0.1:9275"`, form: formAddress, doc: "Address to listen on."},
		"server.web_config_file":    {given: "no TLS, no password", doc: "File of the Prometheus exporter-toolkit with TLS and basic auth."},
		"guard":                     {doc: "The brake: a cycle that would change more waits for lanekeeper approve."},
		"guard.max_changes":         {def: "200", least: ptr(1), doc: "Most issues that one cycle of a source may change."},
		"guard.expires":             {def: "7d", shortest: time.Minute, doc: "How long a held plan waits for a person; the next cycle then makes a new one if it is still needed."},
		"guard.approval_expires":    {def: "24h", shortest: time.Minute, doc: "How long an approval waits for the cycle that carries it out."},
		"guard.lanes":               {given: "no limit of its own for any lane", doc: "Narrower limits by lane."},
		"guard.lanes.*":             {doc: "Limit of one lane."},
		"guard.lanes.*.max_changes": {required: true, least: ptr(1), doc: "Most issues of this lane that one cycle of a source may change."},
		"guard.max_share":           {def: "0.10", above: ptr(0), most: ptr(1), doc: "Most of a source's open issues that one cycle may change, as a fraction."},
		"signals":                   {given: "none", doc: "Measurements from outside the trackers; policies read them as signal.NAME."},
		"policy":                    {given: "the built-in policy", doc: "How issues are scored and put into lanes."},
		"policy_file":               {given: "policy stands in this file", doc: "File that holds what would stand under policy."},
	}
	maps.Copy(t, sourceKeys())
	maps.Copy(t, alertKeys())
	maps.Copy(t, signalKeys())
	maps.Copy(t, onCallKeys())
	maps.Copy(t, policyKeys())
	maps.Copy(t, exampleKeys())
	return t
}

func sourceKeys() map[string]key {
	return map[string]key{
		"sources[].name": {required: true, form: formName, doc: "Unique name; issues are shown as name/KEY."},
		"sources[].mode": {given: "mode", doc: "Mode of this source, to pilot one source first."},

		"sources[].jira":                 {doc: "A Jira, Cloud or Data Center. A source has either jira or linear."},
		"sources[].jira.url":             {required: true, form: formURL, doc: "Address of the site, with the context path if there is one."},
		"sources[].jira.flavor":          {given: "asks the server", doc: "Deployment."},
		"sources[].jira.auth":            {required: true, doc: "Credential. E-mail and API token on Cloud; on Data Center a personal access token alone."},
		"sources[].jira.auth.email":      {given: "the token is sent as bearer", doc: "E-mail of the token's account."},
		"sources[].jira.auth.token":      {required: true},
		"sources[].jira.auth.token_file": {doc: "File with the token; it is read anew for each use. This or token_env is required."},
		"sources[].jira.auth.token_env":  {doc: "Environment variable with the token."},
		"sources[].jira.projects":        {required: true, doc: "Keys of the projects in scope."},
		"sources[].jira.projects[]":      {form: formKey, doc: "Key of one project."},
		"sources[].jira.jql":             {given: "every open issue", doc: "JQL that narrows the scope further, without ORDER BY."},
		"sources[].jira.fields":          {given: "none", doc: "Custom fields for the policy, as issue.fields.NAME. story_points is the estimate too, and customer or customers name the customers."},
		"sources[].jira.fields.*":        {form: formFilled, doc: "Name of the field in Jira, its id (customfield_10016) or its schema type."},
		"sources[].jira.priorities":      {given: "by the order of the project's own list", doc: "Jira's priority for each of ours."},
		"sources[].jira.priorities.*":    {form: formFilled, doc: "Name or id of a priority in Jira."},
		"sources[].jira.kinds":           {given: "by the usual names", doc: "What the issue types of this Jira are, where their names do not tell."},
		"sources[].jira.kinds.*":         {doc: "Kind of the issue type."},
		"sources[].jira.notify_users":    {def: "true", doc: "Whether Jira mails watchers of a change. false needs the right to administer the project."},
		"sources[].jira.concurrency":     {given: "8 reads (3 on Data Center, whose pages are ten times as long), 4 writes", least: ptr(1), most: ptr(32), doc: "Most requests at the same time."},

		"sources[].jira.webhook_secret_file": {doc: "File with the secret of a webhook that an administrator of Jira pointed to /webhooks/NAME. Without a secret, webhooks are refused."},
		"sources[].jira.webhook_secret_env":  {doc: "Environment variable with that secret."},

		"sources[].linear":                       {doc: "A Linear workspace."},
		"sources[].linear.url":                   {def: "https://api.linear.app/graphql", form: formURL, doc: "Address of the GraphQL API."},
		"sources[].linear.auth":                  {required: true, doc: "Credential: an API key or an OAuth token, from a file or the environment."},
		"sources[].linear.auth.api_key_file":     {doc: "File with a personal API key; it is read anew for each use."},
		"sources[].linear.auth.api_key_env":      {doc: "Environment variable with a personal API key."},
		"sources[].linear.auth.oauth_token_file": {doc: "File with an OAuth access token; it is read anew for each use."},
		"sources[].linear.auth.oauth_token_env":  {doc: "Environment variable with an OAuth access token."},
		"sources[].linear.teams":                 {required: true, doc: "Keys of the teams in scope."},
		"sources[].linear.teams[]":               {form: formKey, doc: "Key of one team."},
		"sources[].linear.dates": {def: "due", doc: "Where the resolve target is written. Due date and SLA erase each other in Linear, " +
			"so it is one of them or none."},
		"sources[].linear.kinds":               {given: "by the usual label names", doc: "What labels say of an issue's kind: Linear has no issue types."},
		"sources[].linear.kinds.*":             {doc: "Kind of issues with the label."},
		"sources[].linear.concurrency":         {given: "8 reads, 4 writes", least: ptr(1), most: ptr(32), doc: "Most requests at the same time."},
		"sources[].linear.webhook_secret_file": {doc: "File with the signing secret of a webhook that an administrator of Linear pointed to /webhooks/NAME. Without a secret, webhooks are refused."},
		"sources[].linear.webhook_secret_env":  {doc: "Environment variable with that secret."},
	}
}

func signalKeys() map[string]key {
	t := map[string]key{
		"signals[].name":             {required: true, form: formVariable, doc: "Unique name; the policy reads signal.NAME."},
		"signals[].by":               {def: "issue", doc: "What the keys name. Of several components or customers the largest value counts."},
		"signals[].max_age":          {required: true, shortest: time.Second, doc: "Age above which a value is stale and no longer used."},
		"signals[].csv":              {doc: "A CSV file with a header line. A signal has one of csv, ndjson, http and prometheus."},
		"signals[].ndjson":           {doc: "A file of one JSON object a line."},
		"signals[].http":             {doc: "A JSON document behind a URL."},
		"signals[].http.url":         {required: true, form: formURL, doc: "Address of the document."},
		"signals[].http.items":       {given: "the document is the list", doc: "Where in the document the list of objects is, such as data.rows."},
		"signals[].prometheus":       {doc: "An instant query to Prometheus."},
		"signals[].prometheus.url":   {required: true, form: formURL, doc: "Address of the server, without /api/v1."},
		"signals[].prometheus.query": {required: true, form: formFilled, doc: "PromQL that gives one series for each key."},
		"signals[].prometheus.label": {required: true, form: formFilled, doc: "Label that holds the key."},
	}
	for _, kind := range []string{"csv", "ndjson", "http"} {
		at := "signals[]." + kind
		t[at+".key"] = key{def: "key", form: formFilled, doc: "Column or member with the key."}
		t[at+".value"] = key{def: "value", form: formFilled, doc: "Column or member with the number."}
		t[at+".time"] = key{given: "the time of the file or answer", doc: "Column or member with the time of the value: RFC 3339, or seconds or milliseconds since 1970."}
	}
	for _, kind := range []string{"csv", "ndjson"} {
		t["signals[]."+kind+".path"] = key{required: true, form: formFilled, doc: "The file."}
	}
	for _, kind := range []string{"http", "prometheus"} {
		t["signals[]."+kind+".token_file"] = key{doc: "File with a bearer token to send."}
		t["signals[]."+kind+".token_env"] = key{doc: "Environment variable with a bearer token to send."}
	}
	return t
}
