package alert

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lanekeeper/lanekeeper/state"
)

var update = flag.Bool("update", false, "write the golden files")

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v; run the test with -update and read what it wrote", err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("%s: want - got +\n%s", path, d)
	}
}

// counts is a Meter that can be asked.
type counts struct {
	mu       sync.Mutex
	n        map[string]int
	failures map[string]int
	pending  map[string]int
}

func newCounts() *counts {
	return &counts{n: map[string]int{}, failures: map[string]int{}, pending: map[string]int{}}
}

func (c *counts) Alerts(channel, outcome string, n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n[channel+" "+outcome] += n
}

func (c *counts) AlertChannel(channel string, _ time.Time, failures, pending int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.failures[channel], c.pending[channel] = failures, pending
}

func (c *counts) ForgetAlertChannel(string) {}

func (c *counts) of(channel, outcome string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.n[channel+" "+outcome]
}

// inbox is a receiver that keeps what it gets.
type inbox struct {
	mu   sync.Mutex
	got  []mail
	fail func() error // nil: all is well
	hang chan struct{}
}

type mail struct {
	at    time.Time
	batch batch
}

func (i *inbox) send(ctx context.Context, b batch) error {
	i.mu.Lock()
	fail, hang := i.fail, i.hang
	i.mu.Unlock()
	if hang != nil {
		<-hang // as shoutrrr does, whatever the context says
	}
	if fail != nil {
		if err := fail(); err != nil {
			return err
		}
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.got = append(i.got, mail{time.Now(), b})
	return nil
}

func (i *inbox) failing(err error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.fail = func() error { return err }
}

func (i *inbox) well() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.fail = nil
}

func (i *inbox) mails() []mail {
	i.mu.Lock()
	defer i.mu.Unlock()
	return slices.Clone(i.got)
}

// list says what arrived: the time since the beginning, the message's status,
// and the issues it told.
func (i *inbox) list(since time.Time) (out []string) {
	for _, m := range i.mails() {
		var ids []string
		for n := range m.batch.items {
			x := &m.batch.items[n]
			ids = append(ids, status(x)+" "+x.IssueID+x.Subject)
		}
		kind := ""
		if m.batch.digest {
			kind = "digest: "
		}
		out = append(out, fmt.Sprintf("%s %s%s", m.at.Sub(since), kind, strings.Join(ids, ", ")))
	}
	return out
}

// desk is a Manager at work in a bubble.
type desk struct {
	*Manager
	t      *testing.T
	began  time.Time
	store  *state.Memory
	counts *counts
	stop   func()
}

func newStore(t testing.TB) *state.Memory {
	s, err := state.NewMemory()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// open starts a Manager on a store.
func open(t *testing.T, s *state.Memory, channels ...*Channel) *desk {
	return openOn(t, s, s, channels...)
}

// openOn starts a Manager on a link before a store.
func openOn(t *testing.T, link Store, s *state.Memory, channels ...*Channel) *desk {
	d := &desk{t: t, began: time.Now(), store: s, counts: newCounts()}
	var err error
	d.Manager, err = New(Options{Store: link, Meter: d.counts, Log: slog.New(slog.DiscardHandler), Now: time.Now, Retention: 90 * 24 * time.Hour}, channels)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); d.Run(ctx) }()
	d.stop = sync.OnceFunc(func() { cancel(); <-done })
	synctest.Wait()
	return d
}

// chatty is a channel to an inbox with the usual settings.
func chatty(name string, i *inbox) *Channel {
	return &Channel{Name: name, GroupWait: 30 * time.Second, Repeat: 4 * time.Hour, MaxListed: 10, Timeout: 20 * time.Second, sender: i}
}

// breach is an issue beyond its SLA.
func breach(id string) Event {
	return Event{
		Kind: SLABreached, Source: "payments", Lane: "hotfix", SLA: "urgent-fix", Project: "PAY", State: "resolve",
		Issue: Issue{ID: id, Key: "PAY-" + id, URL: "https://jira.example/browse/PAY-" + id, Title: "Checkout fails"}, Summary: "urgent-fix ran out",
	}
}

func over(e Event) Event {
	e.EndedAt = time.Now()
	return e
}

// expect compares what arrived.
func (d *desk) expect(what string, i *inbox, want ...string) {
	d.t.Helper()
	synctest.Wait()
	if diff := cmp.Diff(want, i.list(d.began)); diff != "" {
		d.t.Errorf("%s: want - got +\n%s", what, diff)
	}
}

func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }

var errDown = errors.New("connection refused")
