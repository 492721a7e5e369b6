package alert

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lanekeeper/lanekeeper/state"
)

func TestTwentyIssuesOfOneOutageAreOneMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var in inbox
		d := open(t, newStore(t), chatty("oncall", &in))
		defer d.stop()
		for n := range 20 {
			d.Report(breach(fmt.Sprint(n)))
			time.Sleep(time.Second)
		}
		time.Sleep(time.Hour)
		if got := in.mails(); len(got) != 1 || len(got[0].batch.items) != 20 || got[0].at.Sub(d.began) != 30*time.Second {
			t.Fatalf("got %q", in.list(d.began))
		}
		m := message(in.mails()[0].batch)
		if len(m.Items) != 10 || m.More != 10 || m.Total != 20 {
			t.Errorf("lists %d and %d more", len(m.Items), m.More)
		}
		if d.counts.of("oncall", "sent") != 20 {
			t.Errorf("counted %v", d.counts.n)
		}
	})
}

func TestOnceThenAgainThenOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var in inbox
		d := open(t, newStore(t), chatty("oncall", &in))
		defer d.stop()
		e := breach("1")
		for range 9 * 60 { // reported each minute for nine hours
			d.Report(e)
			time.Sleep(time.Minute)
		}
		d.Report(over(e))
		d.Report(over(e))
		time.Sleep(24 * time.Hour)
		d.expect("nine hours", &in, "30s firing 1", "4h0m30s repeated 1", "8h0m30s repeated 1", "9h0m0s resolved 1")
		if live, _ := d.store.LiveAlerts(); len(live) != 0 || len(d.live) != 0 {
			t.Error("it is still kept as live")
		}
	})
}

func TestARestartTellsNothingTwiceAndForgetsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var in inbox
		s := newStore(t)
		d := open(t, s, chatty("oncall", &in))
		d.Report(breach("told"))
		time.Sleep(time.Minute)
		d.Report(breach("waits"))
		d.stop()
		began := d.began
		time.Sleep(10 * time.Minute)
		d = open(t, s, chatty("oncall", &in))
		d.began = began
		d.Report(breach("told"), breach("waits"))
		time.Sleep(time.Minute)
		d.stop()
		d = open(t, s, chatty("oncall", &in))
		d.began = began
		d.Report(over(breach("told")))
		time.Sleep(time.Hour)
		d.expect("three lives", &in, "30s firing told", "11m0s firing waits", "12m0s resolved told")
		d.stop()
	})
}

func TestWhatCameAndWentBeforeItWasToldIsNotTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var in inbox
		d := open(t, newStore(t), chatty("oncall", &in))
		defer d.stop()
		d.Report(breach("1"))
		time.Sleep(10 * time.Second)
		d.Report(over(breach("1")))
		time.Sleep(time.Hour)
		d.expect("ten seconds", &in)
		if d.counts.of("oncall", "dropped") != 1 {
			t.Errorf("counted %v", d.counts.n)
		}
	})
}

func TestWhatBeginsAgainWhileItsEndIsNotToldGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var in inbox
		d := open(t, newStore(t), chatty("oncall", &in))
		defer d.stop()
		d.Report(breach("1"))
		time.Sleep(time.Minute)
		in.failing(errDown)
		d.Report(over(breach("1")))
		time.Sleep(time.Second)
		d.Report(breach("1"))
		in.well()
		time.Sleep(time.Hour)
		d.Report(over(breach("1")))
		time.Sleep(time.Minute)
		d.Report(breach("1"))
		time.Sleep(time.Minute)
		d.expect("to and fro", &in, "30s firing 1", "1h1m1s resolved 1", "1h2m31s firing 1")
	})
}

// The end of an alert cannot be told, and while that is tried the alert begins
// again: what the channel was told before stands.
func TestWhatBeginsAgainWhileItsEndIsRefusedIsKnownToHaveBeenTold(t *testing.T) {
	for _, x := range []struct {
		name string
		ends bool
		want []string
	}{
		{"and lasts: the channel knows", false, []string{"30s firing 1"}},
		{"and is over once more: the channel is told so", true, []string{"30s firing 1", "1m5.75s resolved 1"}},
	} {
		t.Run(x.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var in inbox
				c := chatty("oncall", &in)
				d := open(t, newStore(t), c)
				defer d.stop()
				d.Jitter = func() float64 { return 0 }
				d.Report(breach("1"))
				time.Sleep(time.Minute)
				in.mu.Lock()
				in.fail = func() error { time.Sleep(2 * time.Second); return errDown }
				in.mu.Unlock()
				d.Report(over(breach("1")))
				time.Sleep(time.Second)
				d.Report(breach("1"))
				if x.ends {
					d.Report(over(breach("1")))
				}
				in.well()
				time.Sleep(time.Hour)
				d.expect("the channel", &in, x.want...)
			})
		})
	}
}

func TestQuietHoursEndInOneDigest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var in inbox
		c := chatty("team", &in)
		c.Always = []Severity{Critical}
		var err error
		// The bubble begins on 2000-01-01, a Saturday, at 0:00 UTC, 1:00 in Berlin.
		if c.Quiet, err = ParseQuiet(zone(t, "Europe/Berlin"), map[string]string{"mon-sun": "22:00-08:00"}); err != nil {
			t.Fatal(err)
		}
		d := open(t, newStore(t), c)
		defer d.stop()
		d.Report(breach("critical"))
		guard := Event{Kind: Guard, Source: "payments", Subject: "p-1", Summary: "it waits"}
		brief := Event{Kind: Guard, Source: "payments", Subject: "p-2", Summary: "it waited"}
		lane := Event{Kind: LaneOutOfBalance, Source: "payments", Lane: "hotfix", Subject: "lane hotfix", Summary: "too much"}
		d.Report(guard, brief)
		time.Sleep(2 * time.Hour)
		d.Report(over(brief), lane)
		a, _ := d.store.NewestAlert(guard.ID())
		if st := d.Status(&a)[0]; st.Is != "pending" || st.Why != "quiet hours until 2000-01-01T07:00:00Z" {
			t.Errorf("it is %s: %s", st.Is, st.Why)
		}
		time.Sleep(5*time.Hour + 10*time.Minute)
		d.Report(Event{Kind: Guard, Source: "payments", Subject: "p-3", Summary: "new"})
		time.Sleep(time.Hour)
		d.expect("a night", &in, "30s firing critical", "4h0m30s repeated critical",
			"7h0m0s digest: firing p-1, resolved p-2, firing lane hotfix", "7h10m30s firing p-3", "8h0m30s repeated critical")
	})
}

func TestADeadChannelBacksOffAndDelaysNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var dead, well inbox
		var tries atomic.Int64
		dead.fail = func() error { tries.Add(1); return errDown }
		d := open(t, newStore(t), chatty("dead", &dead), chatty("well", &well))
		defer d.stop()
		d.Report(breach("1"))
		time.Sleep(24 * time.Hour)
		if n := tries.Load(); n < 140 || n > 200 {
			t.Errorf("%d tries in a day, want about one in ten minutes", n)
		}
		if got := well.mails(); len(got) == 0 || got[0].at.Sub(d.began) != 30*time.Second {
			t.Errorf("the other channel got %q", well.list(d.began))
		}
		h := d.Channels()
		if int64(h[0].Failures) != tries.Load() || h[0].Error != errDown.Error() || h[0].Pending != 1 || h[1].Failures != 0 {
			t.Errorf("health %+v", h)
		}
		a, _ := d.store.NewestAlert((&Event{Kind: SLABreached, Source: "payments", SLA: "urgent-fix", Issue: Issue{ID: "1"}, State: "resolve"}).ID())
		if st := d.Status(&a); st[0].Is != outcomeFailed || st[1].Is != outcomeSent {
			t.Errorf("status %+v", st)
		}
	})
}

// After a day without the channel: what is over is not sent, what lasts is sent
// once, in one message a group.
func TestNoStormAfterADayOfSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var in inbox
		in.failing(errDown)
		d := open(t, newStore(t), chatty("oncall", &in))
		defer d.stop()
		for n := range 24 * 12 {
			e := breach(fmt.Sprint(n))
			d.Report(e)
			time.Sleep(5 * time.Minute)
			if n%3 > 0 {
				d.Report(over(e))
			}
		}
		in.well()
		time.Sleep(time.Hour)
		got := in.mails()
		if len(got) != 1 || len(got[0].batch.items) != 96 {
			t.Fatalf("%d messages, the first of %d alerts", len(got), len(got[0].batch.items))
		}
		if d.counts.of("oncall", "dropped") != 192 || d.counts.of("oncall", "sent") != 96 {
			t.Errorf("counted %v", d.counts.n)
		}
	})
}

func TestAHangingChannelIsBoundedAndOneSendAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var stuck, well inbox
		stuck.hang = make(chan struct{})
		d := open(t, newStore(t), chatty("stuck", &stuck), chatty("well", &well))
		d.Report(breach("1"))
		time.Sleep(10 * time.Minute)
		if h := d.Channels()[0]; h.Failures < 3 || h.Error != errHangs.Error() {
			t.Errorf("health %+v", h)
		}
		if len(well.mails()) != 1 {
			t.Errorf("the other channel got %q", well.list(d.began))
		}
		close(stuck.hang) // the one send under way ends well after all: it counts
		time.Sleep(time.Hour)
		if got := stuck.mails(); len(got) != 1 {
			t.Errorf("sent %q", stuck.list(d.began))
		}
		if h := d.Channels()[0]; h.Failures != 0 || h.Pending != 0 {
			t.Errorf("health %+v", h)
		}
		d.stop()
	})
}

func TestWhatCameAndWentBehindAHangingSendIsNotTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var in inbox
		in.hang = make(chan struct{})
		d := open(t, newStore(t), chatty("stuck", &in))
		defer d.stop()
		d.Report(breach("1"))
		time.Sleep(10 * time.Minute)
		d.Report(breach("2"))
		time.Sleep(10 * time.Minute)
		d.Report(over(breach("1")), over(breach("2")))
		time.Sleep(10 * time.Minute)
		close(in.hang)
		time.Sleep(time.Hour)
		var got []string
		for _, m := range in.list(d.began) {
			_, text, _ := strings.Cut(m, " ")
			got = append(got, text)
		}
		if diff := cmp.Diff([]string{"firing 1", "resolved 1"}, got); diff != "" {
			t.Errorf("want - got +\n%s", diff)
		}
	})
}

func TestAStormIsHeldToTheRateAndGrouped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var in inbox
		c := chatty("team", &in)
		c.MaxPerHour, c.GroupWait, c.Repeat = 6, 0, 0
		d := open(t, newStore(t), c)
		defer d.stop()
		for n := range 600 { // two sources, so that there are two groups
			e := breach(fmt.Sprint(n))
			e.Source = []string{"a", "b"}[n%2]
			d.Report(e)
			time.Sleep(6 * time.Second)
		}
		time.Sleep(2 * time.Hour)
		told := 0
		for _, m := range in.mails() {
			told += len(m.batch.items)
		}
		mails := in.mails()
		if n := len(mails); n < 7 || n > 12 || told != 600 {
			t.Errorf("%d messages told %d alerts", n, told)
		}
		for n := 6; n < len(mails); n++ {
			if d := mails[n].at.Sub(mails[n-6].at); d < time.Hour-time.Second {
				t.Errorf("7 messages within %v, want at most 6 in an hour", d)
			}
		}
	})
}

func TestStoppingEndsAStartedSendAndRecordsIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStore(t)
		slow := &slowSender{takes: 3 * time.Second}
		c := chatty("oncall", nil)
		c.sender, c.GroupWait = slow, 0
		d := open(t, s, c)
		d.Report(breach("1"))
		time.Sleep(time.Second)
		began := time.Now()
		d.stop()
		if took := time.Since(began); took != 2*time.Second || slow.sent != 1 {
			t.Errorf("stopped after %s with %d sent", took, slow.sent)
		}
		live, _ := s.LiveAlerts()
		if len(live) != 1 || live[0].Sent[0].Times != 1 {
			t.Errorf("recorded %+v", live)
		}
		slow.takes = time.Minute // longer than anybody waits
		d = open(t, s, c)
		d.Report(breach("2"))
		time.Sleep(time.Second)
		began = time.Now()
		d.stop()
		if took := time.Since(began); took != stopGrace {
			t.Errorf("stopped after %s", took)
		}
	})
}

// slowSender keeps to its context.
type slowSender struct {
	takes time.Duration
	sent  int
}

func (s *slowSender) send(ctx context.Context, _ batch) error {
	select {
	case <-time.After(s.takes):
		s.sent++
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func TestAReloadKeepsWhatWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var a, b, c inbox
		a.failing(errDown)
		d := open(t, newStore(t), chatty("a", &a), chatty("b", &b))
		defer d.stop()
		d.Report(breach("1"))
		time.Sleep(time.Minute)
		a.well() // before the new channels begin, which try at once
		if err := d.Swap(t.Context(), []*Channel{chatty("a", &a), chatty("c", &c)}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		d.Report(over(breach("1")))
		time.Sleep(time.Minute)
		d.expect("the channel that stayed", &a, "1m0s firing 1", "2m0s resolved 1")
		d.expect("the one that went", &b, "30s firing 1")
		d.expect("the one that came", &c, "1m0s firing 1", "2m0s resolved 1")
	})
}

func TestWhatAChannelIsNotTold(t *testing.T) {
	c := Channel{Name: "x", Lanes: []string{"hotfix"}, Events: []Kind{SLABreached, Guard, SourceRecovered}, Severities: []Severity{Critical, Warning}}
	for _, x := range []struct {
		name string
		c    Channel
		a    state.Alert
		want string
	}{
		{"what fits is told", c, state.Alert{Kind: "sla_breached", Lane: "hotfix", Severity: "critical"}, ""},
		{"another lane is not", c, state.Alert{Kind: "sla_breached", Lane: "feature", Severity: "critical"}, "lane feature is not among its lanes"},
		{"what is of no lane is not narrowed by lanes", c, state.Alert{Kind: "guard", Severity: "warning"}, ""},
		{"another event is not", c, state.Alert{Kind: "sla_warning", Lane: "hotfix", Severity: "warning"}, "sla_warning is not among its events"},
		{"another severity is not", c, state.Alert{Kind: "guard", Severity: "info"}, "info is not among its severities"},
		{"a channel without lists is told everything", Channel{}, state.Alert{Kind: "report", Severity: "info"}, ""},
		{"recovery says what the end of source_down says", Channel{}, state.Alert{Kind: "source_recovered"},
			"the end of source_down says the same; name source_recovered among its events to have both"},
		{"unless the channel is not told ends", Channel{Silent: true}, state.Alert{Kind: "source_recovered"}, ""},
	} {
		if got := x.c.mutes(&x.a); got != x.want {
			t.Errorf("%s: %q, want %q", x.name, got, x.want)
		}
	}
}

func TestNewsOfAMomentAreToldOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var in inbox
		s := newStore(t)
		at := time.Now()
		met := Event{Kind: SLAMet, Source: "payments", SLA: "urgent-fix", Issue: Issue{ID: "1"}, StartsAt: at, Summary: "resolved in 2 h"}
		for range 3 { // reported in each of three lives
			d := open(t, s, chatty("oncall", &in))
			d.Report(met, met)
			time.Sleep(time.Hour)
			d.Report(met)
			d.stop()
		}
		again := met
		again.StartsAt = at.Add(24 * time.Hour) // reopened and met again is other news
		d := open(t, s, chatty("oncall", &in))
		d.began = at
		d.Report(again)
		old := met
		old.StartsAt = at.Add(-100 * 24 * time.Hour) // older than the log: it may have been told
		d.Report(old)
		time.Sleep(time.Hour)
		d.expect("moments", &in, "30s firing 1", "3h0m30s firing 1")
		d.stop()
	})
}
