package app

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/lanekeeper/lanekeeper/connectors"
	"github.com/lanekeeper/lanekeeper/connectors/jira/jiratest"
	"github.com/lanekeeper/lanekeeper/connectors/linear/lineartest"
	"github.com/lanekeeper/lanekeeper/internal/answer"
	"github.com/lanekeeper/lanekeeper/internal/config"
	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/internal/metrics"
	"github.com/lanekeeper/lanekeeper/internal/web"
)

//go:embed demo.yaml
var demoConfig []byte

// demoPeople is how often somebody changes something in each demo tracker.
const demoPeople = 3 * time.Second

// Demo runs lanekeeper against a simulated Jira and Linear in this process.
type Demo struct {
	Out    io.Writer
	Style  answer.Style
	Log    *slog.Logger
	Build  metrics.Build
	Listen string
	Issues int   // in each tracker
	Seed   int64 // of the simulated world
	Once   bool  // end after the first pass
	For    time.Duration
}

// Run shows the first pass and then keeps going, with people changing issues,
// until ctx or For ends. Nothing is kept: the state lives in a folder that is
// removed.
func (d *Demo) Run(ctx context.Context) (err error) {
	if d.Issues < 1 {
		return fmt.Errorf("demo needs at least 1 issue, not %d", d.Issues)
	}
	dir, err := os.MkdirTemp("", "lanekeeper-demo-")
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	trackers := d.trackers()
	a, err := d.app(dir, trackers)
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	if err := d.firstPass(ctx, a); err != nil || d.Once {
		return err
	}
	return d.keepGoing(ctx, a, trackers)
}

// demoTrackers are the two simulated sites.
type demoTrackers struct {
	jira   *jiratest.Server
	linear *lineartest.Server
}

func (d *Demo) trackers() demoTrackers {
	t := demoTrackers{
		jira:   jiratest.New(jiratest.Options{Now: time.Now, Token: demoEnv["DEMO_JIRA_TOKEN"]}),
		linear: lineartest.New(lineartest.Options{Now: time.Now, Seed: uint64(d.Seed)}),
	}
	t.jira.Generate(d.Seed, d.Issues, jiratest.GenerateOptions{Projects: []string{"PAY", "WEB", "HELP"}})
	t.linear.Generate(uint64(d.Seed), d.Issues, lineartest.GenerateOptions{Teams: []string{"ENG", "MOB"}})
	return t
}

var demoEnv = map[string]string{"DEMO_JIRA_TOKEN": "demo-token", "DEMO_LINEAR_KEY": lineartest.APIKey}

func (d *Demo) app(dir string, t demoTrackers) (*App, error) {
	env := func(k string) (string, bool) { v, ok := demoEnv[k]; return v, ok }
	cfg, err := config.Parse(filepath.Join(dir, "demo.yaml"), demoConfig, config.Options{Env: env})
	if err != nil {
		return nil, err
	}
	cfg.Server.Listen = d.Listen
	transports := map[string]http.RoundTripper{"payments": connectors.HandlerTransport(t.jira), "core": connectors.HandlerTransport(t.linear)}
	return New(cfg, Options{Log: d.Log, Build: d.Build, Transport: func(source string) http.RoundTripper { return transports[source] }})
}

// firstPass puts both backlogs in order and shows what came of it.
func (d *Demo) firstPass(ctx context.Context, a *App) error {
	fmt.Fprintf(d.Out, "Two simulated trackers with %d issues each: payments (Jira Cloud) and core (Linear).\nFirst pass: read, decide, write back.\n\n", d.Issues)
	c := a.Once(ctx, false)
	for _, s := range c.Sources {
		if s.Error != "" {
			return fmt.Errorf("source %s: %s", s.Source, s.Error)
		}
		fmt.Fprintf(d.Out, "%s: %s open, %s changed\n", s.Source, answer.Count(s.Issues, "issue"), answer.Count(s.Changed, "issue"))
	}
	fmt.Fprintln(d.Out)
	lanes, err := a.Lanes(ctx, "")
	if err != nil {
		return err
	}
	if err := lanes.WriteText(d.Out, d.Style); err != nil {
		return err
	}
	top, err := a.Issues(ctx, web.IssueFilter{Limit: 1})
	if err != nil || len(top.Issues) == 0 {
		return err
	}
	fmt.Fprintf(d.Out, "\nWhy is the first one where it is?  lanekeeper explain %s\n\n", top.Issues[0].Ref)
	x, err := a.Explain(ctx, issue.ParseRef(top.Issues[0].Ref))
	if err != nil {
		return err
	}
	return x.WriteText(d.Out, d.Style)
}

// keepGoing runs the daemon while people change issues.
func (d *Demo) keepGoing(ctx context.Context, a *App, t demoTrackers) error {
	stop := ctx
	if d.For > 0 {
		var cancel context.CancelFunc
		stop, cancel = context.WithTimeout(ctx, d.For)
		defer cancel()
	}
	g, run := errgroup.WithContext(stop)
	g.Go(func() error {
		return a.Run(run, func(addr net.Addr) {
			fmt.Fprintf(d.Out, "\nPeople keep changing both trackers. Page, API and metrics: http://%s  (/metrics, /api/v1/issues)\nCtrl-C ends the demo; nothing is kept.\n\n", addr)
		})
	})
	g.Go(func() error {
		r := rand.New(rand.NewPCG(uint64(d.Seed), 1))
		every(run, demoPeople, func() {
			t.jira.Reset() // the logs of requests are for tests
			t.linear.Forget()
			if act := t.jira.Tick(r); act.Key != "" {
				d.Log.Info("somebody changed an issue", "tracker", "payments", "issue", act.Key, "what", act.Kind)
			}
			if act := t.linear.Tick(r); act.IssueID != "" {
				key := act.IssueID
				if i, ok := t.linear.Issue(act.IssueID); ok {
					key = i.Identifier
				}
				d.Log.Info("somebody changed an issue", "tracker", "core", "issue", key, "what", act.Kind)
			}
		})
		return nil
	})
	err := g.Wait()
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return nil
	}
	return err
}
