package app

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/goccy/go-yaml"

	"github.com/lanekeeper/lanekeeper/connectors"
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
	web.Alerts
}

// Open returns a Desk for a configuration: the state file itself, or, while a
// daemon holds it, that daemon's API at server.listen. The returned function
// must be called at the end.
func Open(cfg *config.Config, o Options) (Desk, func() error, error) {
	a, err := New(cfg, o)
	if err == nil {
		return a, a.Close, nil
	}
	c, err := instead(cfg, o, err)
	return c, func() error { return nil }, err
}

// instead is the client of the daemon where its state file cannot be opened
// because the daemon holds it, or because it belongs to the daemon's account.
func instead(cfg *config.Config, o Options, err error) (*web.Client, error) {
	if !errors.Is(err, state.ErrLocked) && !errors.Is(err, fs.ErrPermission) {
		return nil, err
	}
	c, cerr := client(cfg, o.Env)
	if cerr != nil {
		return nil, fmt.Errorf("%w; and reaching the running daemon: %w", err, cerr)
	}
	return c, nil
}

// client reaches the daemon of a configuration. Its certificate is the one that
// the web configuration names; with basic auth, who asks is told by
// LANEKEEPER_USER and LANEKEEPER_PASSWORD, for the file holds only hashes.
func client(cfg *config.Config, env func(string) (string, bool)) (*web.Client, error) {
	o := web.ClientOptions{Address: cfg.Server.Listen}
	if env != nil {
		o.User, _ = env("LANEKEEPER_USER")
		password, _ := env("LANEKEEPER_PASSWORD")
		o.Password = connectors.NewSecret(password)
	}
	if file := cfg.Server.WebConfigFile; file != "" {
		cert, err := certOf(file)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", file, err)
		}
		o.TLS, o.CAFile = cert != "", cert
	}
	return web.NewClient(o)
}

// certOf reads the server's certificate file from a web configuration, "" for
// plain HTTP.
func certOf(file string) (string, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	var w struct {
		TLS struct {
			Cert string `yaml:"cert_file"`
		} `yaml:"tls_server_config"`
	}
	if err := yaml.Unmarshal(b, &w); err != nil {
		return "", err
	}
	if w.TLS.Cert != "" && !filepath.IsAbs(w.TLS.Cert) {
		w.TLS.Cert = filepath.Join(filepath.Dir(file), w.TLS.Cert)
	}
	return w.TLS.Cert, nil
}
