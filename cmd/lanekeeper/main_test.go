package main

import (
	"context"
	"flag"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/lanekeeper/lanekeeper/connectors/jira/jiratest"
	"github.com/lanekeeper/lanekeeper/connectors/linear/lineartest"
)

var update = flag.Bool("update", false, "write what the scripts print into them")

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"lanekeeper": func() {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		defer stop()
		os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
	}})
}

// TestCommands runs the scripts in testdata/script: the whole program against
// simulated trackers behind real listeners.
//
//	tracker NAME jira|datacenter|linear   starts one with a small backlog and
//	                                      puts its address into $NAME
//	mutations NAME N                      demands N writing requests so far
//	mutations NAME >N                     demands more than N
//	labels NAME KEY [LABEL...]            demands the managed labels of an issue
//	relabel NAME KEY LABEL                has a person set the lane label
//	freeport VAR                          puts a free address of this host there
//	waitfor URL                           waits until it answers 200
func TestCommands(t *testing.T) {
	w := &trackers{byName: map[string]simulated{}}
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("testdata", "script"),
		RequireExplicitExec: true,
		UpdateScripts:       *update,
		Setup: func(e *testscript.Env) error {
			e.Values[scriptKey{}] = &trackers{byName: map[string]simulated{}}
			docs, err := filepath.Abs(filepath.Join("..", "..", "docs"))
			if err != nil {
				return err
			}
			e.Setenv("DOCS", docs)
			e.Setenv("JIRA_TOKEN", "secret-token")
			e.Setenv("DC_TOKEN", "secret-token")
			e.Setenv("LINEAR_KEY", lineartest.APIKey)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"tracker": w.start, "mutations": w.mutations, "labels": w.labels, "relabel": w.relabel, "freeport": freePort, "waitfor": waitFor,
		},
	})
}

type scriptKey struct{}

// trackers are the simulated sites of one script.
type trackers struct{ byName map[string]simulated }

func of(ts *testscript.TestScript) *trackers { return ts.Value(scriptKey{}).(*trackers) }

// simulated is one tracker as a script sees it.
type simulated struct {
	mutations func() int
	labels    func(key string) []string
	relabel   func(key, label string) error
}

func (*trackers) start(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: tracker NAME jira|datacenter|linear")
	}
	var h http.Handler
	var s simulated
	switch args[1] {
	case "jira", "datacenter":
		h, s = startJira(map[string]string{"jira": jiratest.Cloud, "datacenter": jiratest.DataCenter}[args[1]])
	case "linear":
		h, s = startLinear()
	default:
		ts.Fatalf("no tracker %q", args[1])
	}
	server := httptest.NewServer(h)
	ts.Defer(server.Close)
	of(ts).byName[args[0]] = s
	ts.Setenv(args[0], server.URL)
}

func startJira(flavor string) (http.Handler, simulated) {
	s := jiratest.New(jiratest.Options{Flavor: flavor, Token: "secret-token"})
	s.Generate(7, 40, jiratest.GenerateOptions{Projects: []string{"PAY", "WEB"}})
	return s, simulated{
		mutations: func() int { return len(s.Mutations()) },
		labels:    func(key string) []string { i, _ := s.Issue(key); return i.Labels },
		relabel: func(key, label string) error {
			return s.Edit(key, s.Keys()[0], func(e *jiratest.Edit) { e.AddLabel(label) })
		},
	}
}

func startLinear() (http.Handler, simulated) {
	s := lineartest.New(lineartest.Options{Now: time.Now})
	s.Generate(7, 40, lineartest.GenerateOptions{Teams: []string{"ENG"}})
	return s, simulated{
		mutations: func() int { return len(s.Mutations()) },
		labels:    s.LabelNames,
	}
}

func (*trackers) mutations(ts *testscript.TestScript, neg bool, args []string) {
	n := of(ts).byName[args[0]].mutations()
	want, more := strings.CutPrefix(args[1], ">")
	ok := fmt.Sprint(n) == want
	if more {
		var least int
		fmt.Sscan(want, &least)
		ok = n > least
	}
	if ok == neg {
		ts.Fatalf("%s had %d mutations, want %s", args[0], n, args[1])
	}
}

func (*trackers) labels(ts *testscript.TestScript, neg bool, args []string) {
	var got []string
	for _, l := range of(ts).byName[args[0]].labels(args[1]) {
		if strings.HasPrefix(l, "lane:") || strings.HasPrefix(l, "horizon:") {
			got = append(got, l)
		}
	}
	if (strings.Join(got, " ") == strings.Join(args[2:], " ")) == neg {
		ts.Fatalf("%s %s has %q", args[0], args[1], got)
	}
}

func (*trackers) relabel(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(of(ts).byName[args[0]].relabel(args[1], args[2]))
}

func freePort(ts *testscript.TestScript, _ bool, args []string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Setenv(args[0], l.Addr().String())
	ts.Check(l.Close())
}

// waitFor polls: it is the one place that waits for another process.
func waitFor(ts *testscript.TestScript, _ bool, args []string) {
	deadline := time.NewTimer(30 * time.Second)
	defer deadline.Stop()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if res, err := http.Get(args[0]); err == nil {
			res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return
			}
		}
		select {
		case <-deadline.C:
			ts.Fatalf("%s did not answer 200 within 30 s", args[0])
		case <-tick.C:
		}
	}
}
