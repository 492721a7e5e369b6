package state

import (
	"bytes"
	"fmt"
	"slices"
	"time"

	"go.etcd.io/bbolt"
)

// Alert is one alert from its beginning to its end, and what each channel was
// told of it. Texts that describe it are those of its newest report.
type Alert struct {
	// ID says what it is about: two alerts of one ID never live at the same time.
	ID     string
	Raised time.Time // when it was first reported; with ID the key of the entry

	Kind, Severity       string
	Source, Lane, SLA    string
	Project              string
	IssueID, Key         string // both "" where it is about no issue
	URL, Title           string // of the issue
	Subject              string // what it is about where that is no issue, such as a plan
	State                string
	Summary, ExplainURL  string
	StartsAt             time.Time
	Remaining            time.Duration // until the target, where Timed; below 0 is past it
	Timed, Moment, Ended bool          // Moment: news that lasts no time
	EndedAt              time.Time

	// Live tells that it lasts, or that a channel is still to be told something.
	Live bool
	Sent []Delivery // by channel
}

// Delivery is what one channel was told of an alert.
type Delivery struct {
	Channel string
	First   time.Time // the first message that told it; zero: none
	Last    time.Time // the newest
	Times   int       // messages
	Done    time.Time // since when the channel needs to be told nothing more
	Outcome string    // how it was done
	Tries   int       // failed ones since the last success
	Error   string    // of the last of them
	ErrorAt time.Time
	// Doubt is set before a message is sent that it began or is over, and taken
	// back when its fate is known: with it, nobody knows what the channel was told
	// last.
	Doubt bool
}

const (
	inAlerts       = "alerts"
	inAlertLog     = "log"    // time raised, id → alert
	inAlertsNewest = "newest" // id → key in the log of its newest alert
	inAlertsLive   = "live"   // key in the log, of alerts that are live
)

// alertStep bounds the alerts that one transaction reads or writes.
const alertStep = 500

func alertKey(id string, raised int64) []byte { return append(appendTime(nil, raised), id...) }

func (a *Alert) check() error {
	switch {
	case a.ID == "" || len(a.ID) > maxKeyLen:
		return fmt.Errorf("%w: an alert's id has %d bytes", ErrInvalid, len(a.ID))
	case a.Raised.IsZero():
		return fmt.Errorf("%w: alert %s was never raised", ErrInvalid, a.ID)
	}
	return nil
}

// alertTx are the buckets of the alerts in a transaction. A file from before
// there were alerts has none: they are made with the first alert, which asks
// for no new schema.
type alertTx struct{ log, newest, live *bbolt.Bucket }

// alertsOf opens the buckets; nil where no alert was stored yet.
func alertsOf(tx *bbolt.Tx) *alertTx {
	root := tx.Bucket([]byte(inAlerts))
	if root == nil {
		return nil
	}
	return &alertTx{log: root.Bucket([]byte(inAlertLog)), newest: root.Bucket([]byte(inAlertsNewest)), live: root.Bucket([]byte(inAlertsLive))}
}

func makeAlerts(tx *bbolt.Tx) (*alertTx, error) {
	root, err := tx.CreateBucketIfNotExists([]byte(inAlerts))
	if err != nil {
		return nil, err
	}
	for _, name := range []string{inAlertLog, inAlertsNewest, inAlertsLive} {
		if _, err := root.CreateBucketIfNotExists([]byte(name)); err != nil {
			return nil, err
		}
	}
	return alertsOf(tx), nil
}

// PutAlerts stores alerts by id and the time they were raised, in the place of
// what was stored there.
func (d *DB) PutAlerts(list []Alert) error {
	for n := range list {
		if err := list[n].check(); err != nil {
			return err
		}
	}
	for part := range slices.Chunk(list, alertStep) {
		if err := d.update(func(tx *bbolt.Tx) error { return d.putAlerts(tx, part) }); err != nil {
			return err
		}
	}
	return nil
}

func (d *DB) putAlerts(tx *bbolt.Tx, list []Alert) error {
	b, err := makeAlerts(tx)
	if err != nil {
		return err
	}
	for n := range list {
		a := &list[n]
		key := alertKey(a.ID, millis(a.Raised))
		stored := storeAlert(a)
		if err := d.put(b.log, string(key), &stored); err != nil {
			return err
		}
		if old := b.newest.Get([]byte(a.ID)); bytes.Compare(old, key) < 0 {
			if err := b.newest.Put([]byte(a.ID), key); err != nil {
				return err
			}
		}
		if a.Live {
			err = b.live.Put(key, nil)
		} else {
			err = b.live.Delete(key)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// alert decodes an entry of the log, or reports it.
func (d *DB) alert(key, value []byte) (Alert, bool) {
	var stored storedAlert
	if len(key) <= 8 {
		d.log.Warn("skipping an alert with a malformed key")
		return Alert{}, false
	}
	if err := d.codec.read(value, &stored); err != nil {
		d.log.Warn("skipping a damaged alert", "id", string(key[8:]), "err", err)
		return Alert{}, false
	}
	return stored.load(string(key[8:]), parseTime(key)), true
}

// LiveAlerts lists the alerts that are live, in the order they were raised.
func (d *DB) LiveAlerts() (list []Alert, err error) {
	err = d.view(func(tx *bbolt.Tx) error {
		b := alertsOf(tx)
		if b == nil {
			return nil
		}
		each(b.live, func(k, _ []byte) {
			if a, ok := d.alert(k, b.log.Get(k)); ok {
				list = append(list, a)
			}
		})
		return nil
	})
	return list, err
}

// NewestAlert is the newest alert of an id, or ErrNotFound.
func (d *DB) NewestAlert(id string) (a Alert, err error) {
	err = d.view(func(tx *bbolt.Tx) error {
		if b := alertsOf(tx); b != nil {
			if key := b.newest.Get([]byte(id)); key != nil {
				var ok bool
				if a, ok = d.alert(key, b.log.Get(key)); ok {
					return nil
				}
			}
		}
		return fmt.Errorf("alert %s: %w", id, ErrNotFound)
	})
	return a, err
}

// EachAlert visits the alerts that were raised at a time or later, the newest
// first, until fn says false. It reads in short transactions, and the visitor
// may use the store.
func (d *DB) EachAlert(since time.Time, fn func(Alert) bool) error {
	var before []byte
	for {
		var page []Alert
		var err error
		page, before, err = d.alertPage(appendTime(nil, millis(since)), before)
		if err != nil {
			return err
		}
		for _, a := range page {
			if !fn(a) {
				return nil
			}
		}
		if before == nil {
			return nil
		}
	}
}

// alertPage reads backwards from before (nil: the end) down to least. It
// returns the key to go on before, nil at the end.
func (d *DB) alertPage(least, before []byte) (list []Alert, next []byte, err error) {
	err = d.view(func(tx *bbolt.Tx) error {
		b := alertsOf(tx)
		if b == nil {
			return nil
		}
		c := b.log.Cursor()
		move := c.Last
		if before != nil {
			if at, _ := c.Seek(before); at != nil {
				move = c.Prev
			}
		}
		k, v := move()
		for n := 0; k != nil && bytes.Compare(k, least) >= 0; k, v = c.Prev() {
			if a, ok := d.alert(k, v); ok {
				list = append(list, a)
			}
			if n++; n == alertStep {
				next = slices.Clone(k)
				return nil
			}
		}
		return nil
	})
	return list, next, err
}

// PruneAlerts removes alerts that were over, for every channel, longer ago than
// keep. One that still lasts stays however old it is.
func (d *DB) PruneAlerts(now time.Time, keep time.Duration) (removed int, err error) {
	cutoff := millis(now.Add(-keep))
	from := []byte{}
	for from != nil {
		n := 0
		err := d.update(func(tx *bbolt.Tx) (err error) {
			n, from, err = d.pruneAlerts(tx, from, cutoff)
			return err
		})
		if err != nil {
			return removed, err
		}
		removed += n
	}
	return removed, nil
}

func (d *DB) pruneAlerts(tx *bbolt.Tx, from []byte, cutoff int64) (removed int, next []byte, err error) {
	b := alertsOf(tx)
	if b == nil {
		return 0, nil, nil
	}
	var old [][]byte
	c := b.log.Cursor()
	seen := 0
	for k, v := c.Seek(from); len(k) > 8 && parseTime(k) < cutoff; k, v = c.Next() {
		if seen++; seen > alertStep {
			next = slices.Clone(k)
			break
		}
		var stored storedAlert
		if d.codec.read(v, &stored) != nil || !stored.Live && stored.touched(parseTime(k)) < cutoff {
			old = append(old, slices.Clone(k))
		}
	}
	for _, k := range old {
		id := k[8:]
		if bytes.Equal(b.newest.Get(id), k) {
			if err := b.newest.Delete(id); err != nil {
				return 0, nil, err
			}
		}
		if err := b.live.Delete(k); err != nil {
			return 0, nil, err
		}
		if err := b.log.Delete(k); err != nil {
			return 0, nil, err
		}
	}
	return len(old), next, nil
}

// alerts checks that every alert decodes and that both indexes agree with them.
func (v *verifier) alerts() {
	b := alertsOf(v.tx)
	if b == nil {
		return
	}
	newest, live := map[string]string{}, 0
	each(b.log, func(k, value []byte) {
		var stored storedAlert
		if err := v.codec.read(value, &stored); err != nil || len(k) <= 8 {
			v.problem("alert %q cannot be read: %v", k, err)
			return
		}
		newest[string(k[8:])] = string(k)
		if stored.Live {
			live++
			if c, _ := b.live.Cursor().Seek(k); !bytes.Equal(c, k) {
				v.problem("alert %q is live and not listed so", k)
			}
		}
	})
	each(b.live, func(k, _ []byte) { live-- })
	if live != 0 {
		v.problem("the list of live alerts is %d too short", live)
	}
	each(b.newest, func(id, k []byte) {
		if newest[string(id)] != string(k) {
			v.problem("the newest alert of %q is not %q", id, k)
		}
		delete(newest, string(id))
	})
	for id := range newest {
		v.problem("alert %q is not found by its id", id)
	}
}
