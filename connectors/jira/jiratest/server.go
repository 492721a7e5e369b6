// Package jiratest simulates Jira Cloud and Jira Data Center in the process
// of a test or a demo: an http.Handler over a small world of projects, people
// and issues that people go on editing. It is strict where the real service is
// strict and has the real service's traps, switchable. It starts no goroutine,
// never sleeps, reads no clock but Options.Now, and gives the same answers for
// the same seed and the same calls.
package jiratest

import (
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// The flavors.
const (
	Cloud      = "cloud"
	DataCenter = "datacenter"
)

// Options say what kind of site to simulate. The zero value is a Cloud site
// with an empty world whose clock stands at the wall's time.
type Options struct {
	// Flavor is Cloud (default) or DataCenter.
	Flavor string
	// Now is the clock; nil: time.Now. It is called without any lock held.
	Now func() time.Time
	// Seed is mixed into the backlogs that Generate makes up.
	Seed int64
	// BasePath is a prefix of every path, such as "/jira" on Data Center or
	// "/ex/jira/{cloudId}" behind the gateway.
	BasePath string
	// URL is what self links start with; default https://jira.example.
	URL string
	// AccountZone is the time zone of the account's profile, which quoted JQL
	// dates are read in. Default: the user's own, else UTC.
	AccountZone *time.Location
	// ServerZone is the zone that times are written in; default UTC.
	ServerZone *time.Location
	// Language of texts: "" or "en" English, "de" German.
	Language string
	// Account is the bot that signs in; the zero value is "lanekeeper-bot".
	Account User
	// Token is the one credential that signs Account in; "" accepts any.
	Token string
	// Version is the product version, default 10.3.1 on Data Center. A Data
	// Center before 11 has no changelog sub-resource.
	Version string
	// ViewsMax caps maxResults on Data Center; default 1000.
	ViewsMax int
	// BulkTime is how long a bulk edit takes; the changes appear at its end.
	BulkTime time.Duration
	// Pause is called for the delays of faults; nil: they take no time. It
	// returns an error when the request ended meanwhile.
	Pause func(r *http.Request, d time.Duration) error
	// Fault may break any request; see Fault.
	Fault func(r *http.Request, op string, when When) *Fault
	// Limits are the budgets; see Limits.
	Limits Limits
	// KeepRequests bounds the log of requests; default 100,000.
	KeepRequests int
}

// Server is one simulated site. It is safe for concurrent use.
type Server struct {
	opt    Options
	routes *router
	sys    map[string]*sysField
	sysIDs []string

	mu         sync.RWMutex
	users      map[string]*User
	userOrder  []*User
	groups     map[string][]string // account ids by group
	tokens     map[string]*grant
	projects   []*Project
	priorities []*Priority
	statuses   []*Status
	linkTypes  []LinkType
	fields     []*Field
	fieldByID  map[string]*Field

	recs        []*rec // by id
	byUpdated   []*rec // by update time, id
	byID        map[int64]*rec
	byKey       map[string]*rec
	oldKeys     map[string]int64
	commentOf   map[string]*rec
	tasks       []*task
	nextIssueID int64
	lastID      int64
	world       int64 // counts changes of anything

	cache   resultCache
	cursors cursors
	trap    atomic.Pointer[Traps]
	log     requestLog
	script  script
	limit   limiter
}

// grant is what a token stands for.
type grant struct {
	user *User
	dead bool
}

// New returns a site with the default priorities, statuses and link types and
// no projects.
func New(opt Options) *Server {
	if opt.Flavor == "" {
		opt.Flavor = Cloud
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.URL == "" {
		opt.URL = "https://jira.example"
	}
	if opt.ViewsMax == 0 {
		opt.ViewsMax = 1000
	}
	if opt.Version == "" {
		opt.Version = "10.3.1"
	}
	if opt.KeepRequests == 0 {
		opt.KeepRequests = 100_000
	}
	if opt.Account.AccountID == "" {
		opt.Account.AccountID = "lanekeeper-bot"
	}
	if opt.Account.Name == "" {
		opt.Account.Name = "lanekeeper"
	}
	s := &Server{
		opt: opt, users: map[string]*User{}, tokens: map[string]*grant{}, fieldByID: map[string]*Field{},
		byID: map[int64]*rec{}, byKey: map[string]*rec{}, oldKeys: map[string]int64{}, commentOf: map[string]*rec{},
		nextIssueID: 10000, lastID: 20000,
	}
	s.trap.Store(&Traps{})
	s.sys, s.sysIDs = systemFields()
	s.routes = newRouter()
	s.defaults()
	bot := s.addUser(opt.Account)
	s.tokens[opt.Token] = &grant{user: bot}
	return s
}

func (s *Server) cloud() bool { return s.opt.Flavor != DataCenter }

func (s *Server) zone() *time.Location {
	if s.opt.ServerZone != nil {
		return s.opt.ServerZone
	}
	return time.UTC
}

// now is the server's clock, which may be skewed.
func (s *Server) now() time.Time { return ms(s.opt.Now().Add(s.traps().ClockSkew)) }

func (s *Server) nextID() int64 {
	s.lastID++
	return s.lastID
}

// dirty notes that anything that a search could show has changed.
func (s *Server) dirty() { s.world++ }

func (s *Server) self(path string) string {
	return s.opt.URL + s.opt.BasePath + "/rest/api/2/" + path
}

// Account returns the bot's account id.
func (s *Server) Account() string { return s.opt.Account.AccountID }

// Flavor returns Cloud or DataCenter.
func (s *Server) Flavor() string { return s.opt.Flavor }

// Now returns the server's own time.
func (s *Server) Now() time.Time { return s.now() }

// AddToken lets another user sign in.
func (s *Server) AddToken(token, accountID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tokens[token] = &grant{user: s.users[accountID]}
}

// RevokeToken kills the bot's credential: endpoints that strangers may call
// answer 200 with nothing, the others 401.
func (s *Server) RevokeToken() { s.kill(true) }

// RestoreToken makes the bot's credential good again.
func (s *Server) RestoreToken() { s.kill(false) }

func (s *Server) kill(dead bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tokens[s.opt.Token].dead = dead
}

// grant finds what a request's credential stands for. given tells whether
// there was any credential at all.
func (s *Server) grant(r *http.Request) (g *grant, given bool) {
	auth := r.Header.Get("Authorization")
	if auth == "" {
		return nil, false
	}
	token := strings.TrimPrefix(auth, "Bearer ")
	mail := ""
	if name, pass, ok := r.BasicAuth(); ok {
		if !s.cloud() && s.opt.Token != "" {
			return nil, true // a personal access token is no password
		}
		mail, token = name, pass
	}
	g = s.tokens[token]
	if g == nil && s.opt.Token == "" && token != "" {
		g = s.tokens[""]
	}
	if g == nil || g.dead || g.user == nil || g.user.Inactive {
		return nil, true
	}
	if mail != "" && g.user.Email != "" && !strings.EqualFold(mail, g.user.Email) {
		return nil, true
	}
	return g, true
}
