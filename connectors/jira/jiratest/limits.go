package jiratest

import (
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Limits are the site's budgets. The zero value has the two per-issue limits of
// Cloud, which cannot be switched off by a customer, and nothing else.
type Limits struct {
	// Burst switches Cloud's token buckets on: per operation and method, with
	// the published rates a second.
	Burst bool
	// Quota is Cloud's points an hour for the whole site, spent 1 a request and
	// 1 for each issue read; 0: no quota (API tokens are exempt).
	Quota int
	// Bucket is Data Center's bucket for each user; 0: rate limiting is off.
	Bucket int
	// Fill and Interval say how many requests come back how often.
	Fill     int
	Interval time.Duration
	// NoPerIssue switches the per-issue write limits off, for benchmarks.
	NoPerIssue bool
}

// SetLimits replaces the budgets and forgets what was spent.
func (s *Server) SetLimits(l Limits) {
	s.limit.mu.Lock()
	defer s.limit.mu.Unlock()
	s.opt.Limits = l
	s.limit.buckets, s.limit.writes, s.limit.spent = nil, nil, 0
}

type bucket struct {
	left float64
	last time.Time
}

type limiter struct {
	mu      sync.Mutex
	buckets map[string]*bucket
	writes  map[string][]time.Time // by issue id
	hour    time.Time
	spent   int
}

// admit charges the call, or refuses it.
func (l *limiter) admit(c *call) *reply {
	id := ""
	if c.route.issueWrite && len(c.args) > 0 {
		id = c.issueID() // before the lock: the world's comes first
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if !c.s.cloud() {
		return l.user(c)
	}
	if rep := l.quota(c); rep != nil {
		return rep
	}
	if rep := l.burst(c); rep != nil {
		return rep
	}
	return l.perIssue(c, id)
}

// quota is the hourly wall.
func (l *limiter) quota(c *call) *reply {
	most := c.s.opt.Limits.Quota
	if most == 0 {
		return nil
	}
	hour := c.now.UTC().Truncate(time.Hour)
	if !hour.Equal(l.hour) {
		l.hour, l.spent = hour, 0
	}
	reset := hour.Add(time.Hour)
	if l.spent >= most {
		return c.tooMany(ReasonGlobal, reset.Sub(c.now), reset, most)
	}
	l.spent++
	c.budget(most, most-l.spent, reset)
	return nil
}

// spend charges points for what an answer holds.
func (l *limiter) spend(points int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.spent += points
}

func (c *call) budget(most, left int, reset time.Time) {
	c.header.Set("X-RateLimit-Limit", strconv.Itoa(most))
	c.header.Set("X-RateLimit-Remaining", strconv.Itoa(max(left, 0)))
	c.header.Set("X-RateLimit-Reset", reset.UTC().Format("2006-01-02T15:04Z"))
	if left*5 < most {
		c.header.Set("X-RateLimit-NearLimit", "true")
	}
}

func (c *call) tooMany(reason string, wait time.Duration, reset time.Time, most int) *reply {
	f := TooMany(reason, wait, reset)
	for k, v := range f.Header {
		c.header[k] = v
	}
	c.header.Set("X-RateLimit-Limit", strconv.Itoa(most))
	return &reply{status: f.Status, body: []byte(f.Body)}
}

// burstRate is the published rate of an operation a second.
func burstRate(r *route) float64 {
	switch {
	case r.op == "issue":
		return 150
	case r.op == "changelog":
		return 200
	case r.op == "count":
		return 150
	case r.method == http.MethodPut || r.method == http.MethodDelete:
		return 50
	}
	return 100
}

func (l *limiter) burst(c *call) *reply {
	if !c.s.opt.Limits.Burst {
		return nil
	}
	rate := burstRate(c.route)
	b := l.bucket(c.route.method+" "+c.route.template, c.now, rate)
	b.left = min(rate, b.left+c.now.Sub(b.last).Seconds()*rate)
	b.last = c.now
	if b.left < 1 {
		wait := time.Duration((1 - b.left) / rate * float64(time.Second))
		return c.tooMany(ReasonBurst, wait, c.now.Add(wait), int(rate))
	}
	b.left--
	return nil
}

func (l *limiter) bucket(key string, now time.Time, full float64) *bucket {
	b := l.buckets[key]
	if b == nil {
		if l.buckets == nil {
			l.buckets = map[string]*bucket{}
		}
		b = &bucket{left: full, last: now}
		l.buckets[key] = b
	}
	return b
}

// The per-issue limits on writes (facts §10).
var perIssue = [...]struct {
	most int
	span time.Duration
}{{20, 2 * time.Second}, {100, 30 * time.Second}}

func (l *limiter) perIssue(c *call, key string) *reply {
	if key == "" || c.s.opt.Limits.NoPerIssue {
		return nil
	}
	list := l.writes[key]
	for len(list) > 0 && c.now.Sub(list[0]) >= perIssue[1].span {
		list = list[1:]
	}
	for _, lim := range perIssue {
		if len(list) < lim.most {
			continue
		}
		first := list[len(list)-lim.most]
		if free := first.Add(lim.span); free.After(c.now) {
			return c.tooMany(ReasonPerIssue, free.Sub(c.now), free, lim.most)
		}
	}
	if l.writes == nil {
		l.writes = map[string][]time.Time{}
	}
	l.writes[key] = append(list, c.now)
	return nil
}

// issueID is the id of the issue that the call's path names.
func (c *call) issueID() string {
	c.s.mu.RLock()
	defer c.s.mu.RUnlock()
	if r := c.s.find(c.args[0]); r != nil {
		return idText(r.id)
	}
	return strings.ToUpper(c.args[0])
}

// user is Data Center's bucket, whose state is on every answer.
func (l *limiter) user(c *call) *reply {
	lim := c.s.opt.Limits
	if lim.Bucket == 0 || c.user == nil {
		return nil
	}
	b := l.bucket(c.user.AccountID, c.now, float64(lim.Bucket))
	interval := max(lim.Interval, time.Second)
	if n := int(c.now.Sub(b.last) / interval); n > 0 {
		b.left = min(float64(lim.Bucket), b.left+float64(n*max(lim.Fill, 1)))
		b.last = b.last.Add(time.Duration(n) * interval)
	}
	short := b.left < 1
	wait := 0
	if short {
		wait = int((b.last.Add(interval).Sub(c.now) + time.Second - 1) / time.Second)
	} else {
		b.left--
	}
	c.header.Set("X-RateLimit-Limit", strconv.Itoa(lim.Bucket))
	c.header.Set("X-RateLimit-Remaining", strconv.Itoa(int(b.left)))
	c.header.Set("X-RateLimit-FillRate", strconv.Itoa(max(lim.Fill, 1)))
	c.header.Set("X-RateLimit-Interval-Seconds", strconv.Itoa(int(interval/time.Second)))
	c.header.Set("Retry-After", strconv.Itoa(wait))
	if short {
		return &reply{status: 429, body: []byte(`{"message":"Rate limit exceeded."}`)}
	}
	return nil
}
