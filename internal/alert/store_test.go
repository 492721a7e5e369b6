package alert

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lanekeeper/lanekeeper/state"
)

// A disk that is full does not silence alerts.
func TestAlertsAreToldWhileTheStoreRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var in inbox
		s := &refusing{Memory: newStore(t)}
		s.full.Store(true)
		d := openOn(t, s, s.Memory, chatty("oncall", &in))
		defer d.stop()
		d.Report(breach("1"))
		time.Sleep(time.Minute)
		d.expect("with a full disk", &in, "30s firing 1")
		s.full.Store(false)
		time.Sleep(2 * time.Minute)
		if live, _ := s.LiveAlerts(); len(live) != 1 || live[0].Sent[0].Times != 1 {
			t.Errorf("stored later: %+v", live)
		}
	})
}

type refusing struct {
	*state.Memory
	full atomic.Bool
}

func (r *refusing) PutAlerts(list []state.Alert) error {
	if r.full.Load() {
		return state.ErrFull
	}
	return r.Memory.PutAlerts(list)
}

func TestFlushTellsAtOnceWhatWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var in, dead inbox
		dead.failing(errDown)
		m, err := New(Options{Store: newStore(t), Meter: newCounts(), Log: discard(), Now: time.Now}, []*Channel{chatty("oncall", &in), chatty("dead", &dead)})
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		m.Report(breach("1"), breach("2"), Event{Kind: Guard, Source: "payments", Subject: "p-1"})
		m.Flush(t.Context())
		m.Flush(t.Context())
		if got := in.list(began); len(got) != 2 {
			t.Errorf("got %q", got)
		}
	})
}
