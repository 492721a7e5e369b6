package jira

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/lanekeeper/lanekeeper/connectors"
)

// The names of operations in metrics and errors.
const (
	opServerInfo  = "server_info"
	opMyself      = "myself"
	opFields      = "fields"
	opSearch      = "search"
	opCount       = "count"
	opBulkFetch   = "bulk_fetch"
	opIssue       = "issue"
	opChangelog   = "changelog"
	opEditMeta    = "edit_meta"
	opEdit        = "edit"
	opBulkEdit    = "bulk_edit"
	opBulkPoll    = "bulk_progress"
	opComments    = "comments"
	opComment     = "comment"
	opPermissions = "permissions"
	opProjects    = "projects"
	opPriorities  = "priorities"
	opStatuses    = "statuses"
	opUsers       = "users"
	opGroup       = "group_members"
	opParse       = "jql_parse"
)

// site is which Jira this is.
type site struct {
	flavor  Flavor
	version string
	title   string
	baseURL string // what people see, without a trailing slash
	time    time.Time
}

// account is who we are.
type account struct {
	id    string // account id on Cloud, user name on Data Center
	key   string // Data Center
	name  string
	email string
}

// is reports whether the user is this account.
func (a account) is(u *user) bool {
	return u != nil && a.id != "" && (u.AccountID == a.id || u.Name == a.id || (u.Key != "" && u.Key == a.key))
}

// flavor is the deployment, Cloud until the server was asked.
func (c *Client) flavor() Flavor {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.set.Flavor != "":
		return c.set.Flavor
	case c.site != nil:
		return c.site.flavor
	}
	return Cloud
}

// begin prepares a pull: which Jira, what time it is there, and that the
// credential still counts. Search is open to strangers, so that only /myself,
// which never is, tells a dead token from an empty answer.
func (c *Client) begin(ctx context.Context) (*site, error) {
	s, err := c.readSite(ctx)
	if err != nil {
		return nil, err
	}
	if err := c.readAccount(ctx); err != nil {
		return nil, err
	}
	_, err = c.fields(ctx)
	return s, err
}

// ensure is begin for direct reads and writes, which need to know the site and
// ourselves but not the time: it asks only once.
func (c *Client) ensure(ctx context.Context) error {
	c.mu.Lock()
	ready := c.site != nil && c.account.id != "" && c.catalog != nil
	c.mu.Unlock()
	if ready {
		return nil
	}
	_, err := c.begin(ctx)
	return err
}

func (c *Client) readSite(ctx context.Context) (*site, error) {
	var info struct {
		BaseURL        string    `json:"baseUrl"`
		Version        string    `json:"version"`
		DeploymentType string    `json:"deploymentType"`
		ServerTitle    string    `json:"serverTitle"`
		ServerTime     timestamp `json:"serverTime"`
	}
	date, err := c.send(ctx, "rest/api/2/", call{op: opServerInfo, again: true, method: http.MethodGet, path: "serverInfo", into: &info})
	if e, ok := asError(err); ok && e.Kind == connectors.NotFound {
		e.Hint = "no Jira answers there: check url, and its path on Data Center"
	}
	if err != nil {
		return nil, err
	}
	s := &site{flavor: DataCenter, version: info.Version, title: info.ServerTitle, baseURL: strings.TrimRight(info.BaseURL, "/"), time: info.ServerTime.Time}
	if info.DeploymentType == "Cloud" {
		s.flavor = Cloud
	}
	if s.baseURL == "" {
		s.baseURL = strings.TrimRight(c.set.URL, "/")
	}
	if s.time.IsZero() {
		s.time = date
	}
	if s.time.IsZero() {
		return nil, &connectors.Error{Kind: connectors.Contract, Op: opServerInfo, Detail: "the server does not tell its time",
			Hint: "check that url is the address of a Jira"}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.site = s
	return s, nil
}

func (c *Client) readAccount(ctx context.Context) error {
	var u user
	if _, err := c.do(ctx, call{op: opMyself, again: true, method: http.MethodGet, path: "myself", into: &u}); err != nil {
		return err
	}
	a := account{id: u.id(), key: u.Key, name: u.DisplayName, email: u.EmailAddress}
	if a.id == "" {
		return &connectors.Error{Kind: connectors.Auth, Op: opMyself, Detail: "Jira does not say who we are", Hint: "check the token"}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.account.id != "" && c.account.id != a.id {
		c.log.Warn("the token now belongs to another account: earlier changes of the old one count as a person's", "account", a.name)
	}
	c.account = a
	return nil
}

func (c *Client) self() account {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.account
}
