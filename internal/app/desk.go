package app

import (
	"errors"

	"github.com/lanekeeper/lanekeeper/internal/config"
	"github.com/lanekeeper/lanekeeper/internal/web"
	"github.com/lanekeeper/lanekeeper/state"
)

// Desk answers questions and takes orders: an App on the state file, or the
// client of the daemon that holds it.
type Desk interface {
	web.Issues
	web.Log
	web.Overview
	web.Planner
	web.Operator
	web.Health
}

// Open returns a Desk for a configuration: the state file itself, or, while a
// daemon holds it, that daemon's API at server.listen. The returned function
// must be called at the end.
func Open(cfg *config.Config, o Options) (Desk, func() error, error) {
	a, err := New(cfg, o)
	if err == nil {
		return a, a.Close, nil
	}
	if !errors.Is(err, state.ErrLocked) {
		return nil, nil, err
	}
	c, err := web.NewClient(cfg.Server.Listen)
	if err != nil {
		return nil, nil, err
	}
	return c, func() error { return nil }, nil
}
