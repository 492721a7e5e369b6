package lineartest

import (
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"
)

// APIKey is the personal API key that New accepts unless Options.Key names
// another.
const APIKey = "lin_api_lineartest0000000000000000000000"

// Options set a workspace up. The zero value is a small usable one.
type Options struct {
	// Now is the only clock. Nil stands still at 2026-01-05 09:00 UTC.
	Now func() time.Time
	// Seed decides every id and everything random.
	Seed uint64
	// Organization is the workspace itself.
	Organization Organization
	// Key is the personal API key that signs in the viewer; "" is APIKey.
	Key string
	// OAuthToken, where set, signs the viewer in as "Bearer …".
	OAuthToken string
	// Viewer is the user whom the credentials belong to.
	Viewer User
	// Schema, where set, is Linear's whole schema: each document and its
	// variables are then checked against it as well, see Violations.
	Schema *Schema
	// Limits are the budgets; the zero value takes DefaultLimits.
	Limits   Limits
	Behavior Behavior
	Hooks    Hooks
}

// Server is the workspace. It is an http.Handler for POST /graphql and safe
// for concurrent use; requests are executed one after another.
type Server struct {
	opt   Options
	api   *api
	docs  documents
	mu    sync.Mutex
	world world
	queue []event // what Linear does by itself, by time
	ids   map[string]int
	sync  int   // lastSyncId
	seq   int64 // of the newest issue
	meter meter
	log   journal

	hook     *webhook
	revoked  bool
	faults   []*Fault
	behavior Behavior
	hooks    Hooks
}

// New builds a workspace with its viewer and no team.
func New(opt Options) *Server {
	if opt.Now == nil {
		still := time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)
		opt.Now = func() time.Time { return still }
	}
	if opt.Key == "" {
		opt.Key = APIKey
	}
	if opt.Limits == (Limits{}) {
		opt.Limits = DefaultLimits()
	}
	s := &Server{opt: opt, api: newAPI(), ids: map[string]int{}, behavior: opt.Behavior, hooks: opt.Hooks}
	s.world = newWorld(opt.Organization)
	s.meter = newMeter(opt.Limits, s.now())
	org := &s.world.org
	org.ID = s.idFor("organization", org.ID)
	org.CreatedAt = s.at(org.CreatedAt)
	viewer := opt.Viewer
	if viewer.Name == "" {
		viewer.Name, viewer.Email, viewer.App = "lanekeeper", "lanekeeper@example.org", true
	}
	s.world.viewer = s.addUser(viewer)
	return s
}

// now is the time as Linear stores it: UTC, milliseconds.
func (s *Server) now() time.Time { return s.opt.Now().UTC().Truncate(time.Millisecond) }

// at is t as stored, or now where t is zero.
func (s *Server) at(t time.Time) time.Time {
	if t.IsZero() {
		return s.now()
	}
	return t.UTC().Truncate(time.Millisecond)
}

// lock takes the workspace and lets everything happen that was due meanwhile.
func (s *Server) lock() {
	s.mu.Lock()
	s.settle()
}

// newID is the next id of a kind: version 5 over seed, kind and counter.
func (s *Server) newID(kind string) string {
	s.ids[kind]++
	name := fmt.Sprintf("lineartest/%d/%s/%d", s.opt.Seed, kind, s.ids[kind])
	return uuid.NewSHA1(uuid.NameSpaceURL, []byte(name)).String()
}

func (s *Server) idFor(kind, id string) string {
	if id != "" {
		return id
	}
	return s.newID(kind)
}

// Now is the workspace's time.
func (s *Server) Now() time.Time { return s.now() }

// Viewer is the user whom the credentials belong to.
func (s *Server) Viewer() User {
	s.lock()
	defer s.mu.Unlock()
	return *s.world.viewer
}

// RevokeKey makes every later request answer 401 until RestoreKey.
func (s *Server) RevokeKey() {
	s.lock()
	defer s.mu.Unlock()
	s.revoked = true
}

// RestoreKey undoes RevokeKey.
func (s *Server) RestoreKey() {
	s.lock()
	defer s.mu.Unlock()
	s.revoked = false
}

// SetPlan moves the workspace to another plan.
func (s *Server) SetPlan(p Plan) {
	s.lock()
	defer s.mu.Unlock()
	s.world.org.Plan = p
}
