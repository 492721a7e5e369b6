// Package calendar counts working time. It is pure: what it answers depends on
// its arguments and on the time zone rules alone.
//
// An instant is working time when the clock on the wall of the calendar's zone
// shows it: when its local day and time lie in a span of the week. So a night
// shift of 22:00-06:00 has nine hours in the night that is an hour longer, and
// seven in the one that is shorter; a time that comes twice counts twice, and
// one that is left out does not count. A span belongs to the day on which it
// begins, also behind midnight: a holiday takes the whole of it away.
package calendar

import (
	"cmp"
	"slices"
	"sort"
	"sync"
	"time"
)

// The instants between which time is counted; what is outside has none.
var (
	earliest = time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC)
	latest   = time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC)
)

// Calendar is a team's working time. It is safe for concurrent use. A nil
// Calendar works around the clock.
type Calendar struct {
	zone *time.Location
	week Week
	off  func(day int64) bool // days since 1970-01-01

	blocks sync.Map // int64 → *block, computed when first asked for
}

// New makes a calendar of hours that do not overlap.
func New(zone *time.Location, week Week, off Days) *Calendar {
	for d := range week {
		week[d] = slices.SortedFunc(slices.Values(week[d]), func(a, b Span) int { return cmp.Compare(a.From, b.From) })
	}
	return &Calendar{zone: zone, week: week, off: off.set()}
}

// Zone is where the calendar's team reads its clocks; UTC for a nil Calendar.
func (c *Calendar) Zone() *time.Location {
	if c == nil {
		return time.UTC
	}
	return c.zone
}

// String names hours and zone: "mon-fri 09:00-18:00 Europe/Berlin".
func (c *Calendar) String() string {
	if c == nil {
		return "all hours"
	}
	return c.week.String() + " " + c.zone.String()
}

// Between is the working time from a to b; 0 where b is not after a.
func (c *Calendar) Between(a, b time.Time) time.Duration {
	if !b.After(a) {
		return 0
	}
	if c == nil {
		return b.Sub(a)
	}
	a, b = clamp(a), clamp(b)
	first, last := blockOf(a), blockOf(b)
	if first == last {
		x := c.block(first)
		return x.until(b) - x.until(a)
	}
	x := c.block(first)
	sum := x.total - x.until(a)
	for n := first + 1; n < last; n++ {
		sum += c.block(n).total
	}
	return sum + c.block(last).until(b)
}

// Add is the earliest instant by which d of working time has passed since t.
// It is the zero time where the calendar does not have that much.
func (c *Calendar) Add(t time.Time, d time.Duration) time.Time {
	if d <= 0 {
		return t
	}
	if c == nil {
		return t.Add(d)
	}
	at := clamp(t)
	n := blockOf(at)
	x := c.block(n)
	for left := x.until(at) + d; n <= blockOf(latest); x = c.block(n) {
		if left <= x.total {
			return x.at(left)
		}
		left -= x.total
		n++
	}
	return time.Time{}
}

func clamp(t time.Time) time.Time {
	switch {
	case t.Before(earliest):
		return earliest
	case t.After(latest):
		return latest
	}
	return t
}

// blockLength is about a year: what is computed and kept together.
const blockLength = 1 << 25 // seconds

func blockOf(t time.Time) int64 { return t.Unix() / blockLength }

// block is the working time of a stretch of blockLength seconds: intervals in
// order, in seconds since 1970, and the time before each of them.
type block struct {
	from, to []int64
	before   []time.Duration
	total    time.Duration
}

// until is the working time of the block before t.
func (x *block) until(t time.Time) time.Duration {
	sec := t.Unix()
	i := sort.Search(len(x.from), func(i int) bool { return x.from[i] > sec }) - 1
	if i < 0 {
		return 0
	}
	if sec >= x.to[i] {
		return x.before[i] + time.Duration(x.to[i]-x.from[i])*time.Second
	}
	return x.before[i] + time.Duration(sec-x.from[i])*time.Second + time.Duration(t.Nanosecond())
}

// at is the earliest instant of the block before which d has passed; d is more
// than 0 and no more than the total.
func (x *block) at(d time.Duration) time.Time {
	i := sort.Search(len(x.before), func(i int) bool { return x.before[i] >= d }) - 1
	return time.Unix(x.from[i], 0).UTC().Add(d - x.before[i])
}

func (c *Calendar) block(n int64) *block {
	if x, ok := c.blocks.Load(n); ok {
		return x.(*block)
	}
	x, _ := c.blocks.LoadOrStore(n, c.compute(n))
	return x.(*block)
}

// compute goes through the stretches in which the zone's offset stays the same:
// inside one, local time is plain arithmetic.
func (c *Calendar) compute(n int64) *block {
	x := &block{}
	for at, end := n*blockLength, (n+1)*blockLength; at < end; {
		t := time.Unix(at, 0).In(c.zone)
		_, offset := t.Zone()
		next := end
		if _, change := t.ZoneBounds(); !change.IsZero() {
			next = min(end, change.Unix())
		}
		c.stretch(x, at, next, int64(offset))
		at = next
	}
	return x
}

const daySeconds = 86_400

// stretch adds the working time from one instant to another.
func (c *Calendar) stretch(x *block, from, to, offset int64) {
	// A span over midnight may have begun the day before.
	for d := floorDiv(from+offset, daySeconds) - 1; d*daySeconds < to+offset; d++ {
		if c.off(d) {
			continue
		}
		midnight := d*daySeconds - offset
		for _, s := range c.week[weekday(d)] {
			x.add(max(from, midnight+int64(s.From)*60), min(to, midnight+int64(s.To)*60))
		}
	}
}

// add appends an interval; one that goes on where the last ended makes it
// longer.
func (x *block) add(from, to int64) {
	if to <= from {
		return
	}
	if n := len(x.to); n > 0 && x.to[n-1] == from {
		x.to[n-1] = to
	} else {
		x.from, x.to, x.before = append(x.from, from), append(x.to, to), append(x.before, x.total)
	}
	x.total += time.Duration(to-from) * time.Second
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// weekday of a day since 1970-01-01, which was a Thursday.
func weekday(day int64) time.Weekday { return time.Weekday(((day+4)%7 + 7) % 7) }
