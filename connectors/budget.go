package connectors

import (
	"context"
	"net/http"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Budget is a named allowance of the tracker: Burst tokens at most, refilled
// at Rate tokens a second. What the server says later replaces both.
type Budget struct {
	Name  string
	Rate  float64
	Burst int
}

// BudgetReading is what a server said of a budget.
type BudgetReading struct {
	Name      string
	Limit     int // size of the bucket
	Remaining int
	// Rate is how many tokens a second come back; 0: none before Reset.
	Rate float64
	// Reset is when the bucket is full again; zero: not told.
	Reset time.Time
}

// budgetLink delays requests so that the tracker's budgets are kept, and holds
// all of them back while it asked for a pause.
type budgetLink struct {
	next    http.RoundTripper
	feed    func(http.Header) []BudgetReading // nil: the server tells nothing
	metrics Metrics
	now     func() time.Time
	longest time.Duration

	mu      sync.Mutex
	order   []string
	buckets map[string]*bucket
	paused  time.Time // no request starts before
	limited time.Time // when the tracker last limited us
}

// bucket mirrors the server's own count.
type bucket struct {
	limiter *rate.Limiter
	reset   time.Time
	flying  int // charged for requests under way
}

func newBudgetLink(o Options) *budgetLink {
	l := &budgetLink{feed: o.Feed, metrics: o.Metrics, now: o.Now, longest: o.MaxWait, buckets: map[string]*bucket{}}
	for _, b := range o.Budgets {
		l.order = append(l.order, b.Name)
		l.buckets[b.Name] = &bucket{limiter: rate.NewLimiter(rate.Limit(b.Rate), b.Burst)}
	}
	return l
}

func (l *budgetLink) RoundTrip(req *http.Request) (*http.Response, error) {
	if err := l.wait(req.Context()); err != nil {
		return nil, err
	}
	defer l.landed(OpFrom(req.Context()))
	return l.next.RoundTrip(req)
}

// landed notes that a request is no longer under way.
func (l *budgetLink) landed(op Op) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, name := range l.order {
		b := l.buckets[name]
		b.flying = max(0, b.flying-op.cost(name)) // a bucket may be younger than the request
	}
}

// wait returns when the request may start.
func (l *budgetLink) wait(ctx context.Context) error {
	op := OpFrom(ctx)
	for {
		d := l.take(op)
		if d <= 0 {
			return ctx.Err()
		}
		if d > l.longest {
			return &Error{Kind: RateLimited, Op: op.Name, RetryAfter: d, Detail: "the budget is used up until " + l.now().Add(d).UTC().Format(time.RFC3339)}
		}
		if err := sleep(ctx, d); err != nil {
			return err
		}
	}
}

// take charges every budget, or charges none and returns how long to wait.
func (l *budgetLink) take(op Op) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	if d := l.paused.Sub(now); d > 0 {
		return d
	}
	var longest time.Duration
	for _, name := range l.order {
		longest = max(longest, l.buckets[name].missing(now, op.cost(name)))
	}
	if longest > 0 {
		return longest
	}
	for _, name := range l.order {
		b := l.buckets[name]
		b.limiter.AllowN(now, min(op.cost(name), b.limiter.Burst()))
		b.flying += op.cost(name)
		l.metrics.Budget(name, b.ratio(now))
	}
	return 0
}

// missing is how long until the bucket holds n tokens. More than it can ever
// hold is asked for as a full bucket.
func (b *bucket) missing(now time.Time, n int) time.Duration {
	if !b.reset.IsZero() && !now.Before(b.reset) {
		b.refill()
	}
	lack := float64(min(n, b.limiter.Burst())) - b.limiter.TokensAt(now)
	if lack <= 0 {
		return 0
	}
	wait := time.Duration(1<<62 - 1)
	if r := float64(b.limiter.Limit()); r > 0 {
		wait = time.Duration(lack / r * float64(time.Second))
	}
	if !b.reset.IsZero() {
		wait = min(wait, b.reset.Sub(now))
	}
	return max(wait, time.Millisecond)
}

// refill is what the reset brings. Where the server told no rate, nothing is
// known of the time after it until the server tells more: it may speak of the
// budget only when it refuses.
func (b *bucket) refill() {
	perSecond := b.limiter.Limit()
	if perSecond <= 0 {
		perSecond = rate.Inf
	}
	b.limiter = rate.NewLimiter(perSecond, b.limiter.Burst())
	b.reset = time.Time{}
}

func (b *bucket) ratio(now time.Time) float64 {
	if b.limiter.Burst() <= 0 {
		return 0
	}
	return max(0, min(1, b.limiter.TokensAt(now)/float64(b.limiter.Burst())))
}

// learn takes over what the server said.
func (l *budgetLink) learn(h http.Header) {
	if l.feed == nil {
		return
	}
	readings := l.feed(h)
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	for _, r := range readings {
		if r.Limit <= 0 {
			continue
		}
		b := l.buckets[r.Name]
		if b == nil {
			b = &bucket{}
			l.buckets[r.Name] = b
			l.order = append(l.order, r.Name)
		}
		b.mirror(now, r)
		l.metrics.Budget(r.Name, b.ratio(now))
	}
}

func (b *bucket) mirror(now time.Time, r BudgetReading) {
	perSecond := r.Rate
	if perSecond <= 0 && r.Reset.IsZero() {
		// Nothing tells when tokens come back: assume a bucket that fills in an hour.
		perSecond = float64(r.Limit) / time.Hour.Seconds()
	}
	// Answers come out of order, and requests under way may not be in the count.
	left := r.Remaining - b.flying
	b.limiter = rate.NewLimiter(rate.Limit(perSecond), r.Limit)
	b.limiter.AllowN(now, r.Limit-max(0, min(left, r.Limit)))
	b.reset = r.Reset
	if latest := now.Add(longestWait); b.reset.After(latest) {
		b.reset = latest
	}
}

// pause holds every request back for d.
func (l *budgetLink) pause(d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.limited = l.now()
	if until := l.limited.Add(d); until.After(l.paused) {
		l.paused = until
	}
}

func (l *budgetLink) remaining(name string) (float64, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	b, ok := l.buckets[name]
	if !ok {
		return 1, false
	}
	return b.ratio(l.now()), true
}

func (l *budgetLink) lastLimited() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.limited
}
