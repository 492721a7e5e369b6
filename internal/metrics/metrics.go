// Package metrics measures lanekeeper for Prometheus. Names and labels are a
// public contract: labels are bounded (source, lane, field, outcome), never an
// issue key.
package metrics

import (
	"runtime"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/lanekeeper/lanekeeper/internal/issue"
)

// Metrics holds every metric. Its methods may be called from any goroutine.
type Metrics struct {
	issues       *family
	lastSuccess  *prometheus.GaugeVec
	duration     *prometheus.HistogramVec
	failures     *prometheus.GaugeVec
	requests     *prometheus.CounterVec
	budget       *prometheus.GaugeVec
	changes      *prometheus.CounterVec
	overrides    *family
	contested    *family
	postMortems  *family
	flaps        *prometheus.CounterVec
	parked       *prometheus.GaugeVec
	guard        *prometheus.GaugeVec
	paused       prometheus.Gauge
	shares       *family
	targets      *prometheus.GaugeVec
	configLoaded prometheus.Gauge
	stateSize    prometheus.Gauge
	webhooks     *prometheus.CounterVec
	rotas        *prometheus.GaugeVec

	slaIssues   *group
	slaNext     *group
	slaAttained *group
	slaBreaches *prometheus.CounterVec

	alerts        *prometheus.CounterVec
	alertPending  *prometheus.GaugeVec
	alertSuccess  *prometheus.GaugeVec
	alertFailures *prometheus.GaugeVec
}

// Build says what runs.
type Build struct{ Version, Revision string }

// New makes the metrics and registers them. It panics where reg already has
// one of them, which is a mistake of the program.
func New(reg prometheus.Registerer, b Build) *Metrics {
	f := factory{reg}
	f.gauge("build_info").WithLabelValues(b.Version, b.Revision, runtime.Version()).Set(1)
	return &Metrics{
		issues:       newFamily(f.gauge("issues")),
		lastSuccess:  f.gauge("cycle_last_success_timestamp_seconds"),
		duration:     f.histogram("cycle_duration_seconds"),
		failures:     f.gauge("cycle_consecutive_failures"),
		requests:     f.counter("requests_total"),
		budget:       f.gauge("request_budget_remaining_ratio"),
		changes:      f.counter("changes_total"),
		overrides:    newFamily(f.gauge("overrides")),
		contested:    newFamily(f.gauge("contested")),
		postMortems:  newFamily(f.gauge("post_mortems_open")),
		flaps:        f.counter("flaps_total"),
		parked:       f.gauge("parked_issues"),
		guard:        f.gauge("guard_tripped"),
		paused:       f.gauge("paused").WithLabelValues(),
		shares:       newFamily(f.gauge("lane_share_ratio")),
		targets:      f.gauge("lane_share_target_ratio"),
		configLoaded: f.gauge("config_last_reload_successful").WithLabelValues(),
		stateSize:    f.gauge("state_size_bytes").WithLabelValues(),
		webhooks:     f.counter("webhooks_total"),
		rotas:        f.gauge("on_call_known"),

		slaIssues:   newGroup(f.gauge("sla_issues")),
		slaNext:     newGroup(f.gauge("sla_next_breach_timestamp_seconds")),
		slaAttained: newGroup(f.gauge("sla_attainment_ratio")),
		slaBreaches: f.counter("sla_breaches_total"),

		alerts:        f.counter("alerts_total"),
		alertPending:  f.gauge("alerts_pending"),
		alertSuccess:  f.gauge("alert_channel_last_success_timestamp_seconds"),
		alertFailures: f.gauge("alert_channel_consecutive_failures"),
	}
}

// factory registers metrics by their definition.
type factory struct{ reg prometheus.Registerer }

func (f factory) gauge(name string) *prometheus.GaugeVec {
	d := lookup(name)
	v := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: d.Name, Help: d.Help}, d.Labels)
	f.reg.MustRegister(v)
	return v
}

func (f factory) counter(name string) *prometheus.CounterVec {
	d := lookup(name)
	v := prometheus.NewCounterVec(prometheus.CounterOpts{Name: d.Name, Help: d.Help}, d.Labels)
	f.reg.MustRegister(v)
	return v
}

// histogram has buckets from the cycle in which nothing changed (milliseconds)
// to the first pull of a large backlog (ten minutes).
func (f factory) histogram(name string) *prometheus.HistogramVec {
	d := lookup(name)
	v := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: d.Name, Help: d.Help, Buckets: []float64{.01, .05, .1, .5, 1, 5, 10, 30, 60, 300, 600},
	}, d.Labels)
	f.reg.MustRegister(v)
	return v
}

// Source makes the series of a source appear with 0, so that rates and alerts
// see the first event.
func (m *Metrics) Source(source string) {
	m.failures.WithLabelValues(source).Set(0)
	m.flaps.WithLabelValues(source).Add(0)
	m.parked.WithLabelValues(source).Set(0)
	m.guard.WithLabelValues(source).Set(0)
}

// Forget removes every series of a source that is no longer configured.
func (m *Metrics) Forget(source string) {
	for _, f := range []*family{m.issues, m.shares, m.overrides, m.contested, m.postMortems} {
		f.replace(source, nil)
	}
	m.SLAs(source, SLAs{})
	l := prometheus.Labels{"source": source}
	for _, v := range []interface{ DeletePartialMatch(prometheus.Labels) int }{
		m.lastSuccess, m.duration, m.failures, m.requests, m.budget, m.changes, m.flaps, m.parked, m.guard, m.targets, m.webhooks, m.slaBreaches,
	} {
		v.DeletePartialMatch(l)
	}
}

// Issues sets the open issues of a source by lane, "" for the undecided, and
// the lanes' shares. Lanes that are not given disappear.
func (m *Metrics) Issues(source string, lanes map[string]int) {
	open := 0
	for _, n := range lanes {
		open += n
	}
	counts, shares := map[string]float64{}, map[string]float64{}
	for l, n := range lanes {
		counts[l] = float64(n)
		if l != "" && open > 0 {
			shares[l] = float64(n) / float64(open)
		}
	}
	m.issues.replace(source, counts)
	m.shares.replace(source, shares)
}

// Rota tells whether it is known who is on duty in a rota.
func (m *Metrics) Rota(name string, known bool) { m.rotas.WithLabelValues(name).Set(number(known)) }

// ForgetRota removes the series of a rota that is no longer configured.
func (m *Metrics) ForgetRota(name string) { m.rotas.DeleteLabelValues(name) }

// Target sets the bounds of a lane's share; nil is no bound.
func (m *Metrics) Target(source, lane string, least, most *float64) {
	for bound, v := range map[string]*float64{"min": least, "max": most} {
		if v == nil {
			m.targets.DeleteLabelValues(source, lane, bound)
			continue
		}
		m.targets.WithLabelValues(source, lane, bound).Set(*v)
	}
}

// CycleDone records the end of a cycle: when the last good one ended (zero:
// there was none) and how many failed since.
func (m *Metrics) CycleDone(source string, lastSuccess time.Time, failures int) {
	if !lastSuccess.IsZero() {
		m.lastSuccess.WithLabelValues(source).Set(float64(lastSuccess.UnixMilli()) / 1000)
	}
	m.failures.WithLabelValues(source).Set(float64(failures))
}

// Step records how long one step of a cycle took.
func (m *Metrics) Step(source, step string, took time.Duration) {
	m.duration.WithLabelValues(source, step).Observe(took.Seconds())
}

// Request counts one attempt.
func (m *Metrics) Request(source, operation, outcome string) {
	m.requests.WithLabelValues(source, operation, outcome).Inc()
}

// Budget sets what is left of one of the tracker's budgets, 0 to 1.
func (m *Metrics) Budget(source, budget string, remaining float64) {
	m.budget.WithLabelValues(source, budget).Set(remaining)
}

// Tracker counts for one source: what connectors report to.
type Tracker struct {
	m      *Metrics
	source string
}

// Tracker returns the counter of one source.
func (m *Metrics) Tracker(source string) Tracker { return Tracker{m, source} }

// Request counts one attempt.
func (t Tracker) Request(operation, outcome string) { t.m.Request(t.source, operation, outcome) }

// Budget sets what is left of one budget, 0 to 1.
func (t Tracker) Budget(name string, remaining float64) { t.m.Budget(t.source, name, remaining) }

// Change counts one change by what became of it.
func (m *Metrics) Change(source string, field issue.Field, outcome string) {
	m.changes.WithLabelValues(source, string(field), outcome).Inc()
}

// Overrides sets the fields that stay as people set them. Fields that are not
// given disappear.
func (m *Metrics) Overrides(source string, fields map[issue.Field]int) {
	counts := map[string]float64{}
	for f, n := range fields {
		counts[string(f)] = float64(n)
	}
	m.overrides.replace(source, counts)
}

// Contested sets the moves that wait for an approver, by lane. Lanes that are not
// given disappear.
func (m *Metrics) Contested(source string, lanes map[string]int) {
	counts := map[string]float64{}
	for l, n := range lanes {
		counts[l] = float64(n)
	}
	m.contested.replace(source, counts)
}

// PostMortems sets the post-mortems that are asked for and not done, by lane. Lanes
// that are not given disappear.
func (m *Metrics) PostMortems(source string, lanes map[string]int) {
	counts := map[string]float64{}
	for l, n := range lanes {
		counts[l] = float64(n)
	}
	m.postMortems.replace(source, counts)
}

// Flap counts one held return.
func (m *Metrics) Flap(source string) { m.flaps.WithLabelValues(source).Inc() }

// Parked sets the number of issues that wait after a failed write.
func (m *Metrics) Parked(source string, n int) { m.parked.WithLabelValues(source).Set(float64(n)) }

// Guard tells whether a plan waits for approval.
func (m *Metrics) Guard(source string, tripped bool) {
	m.guard.WithLabelValues(source).Set(number(tripped))
}

// Paused tells whether all writes are stopped.
func (m *Metrics) Paused(on bool) { m.paused.Set(number(on)) }

// ConfigLoaded tells whether the last load of the configuration worked.
func (m *Metrics) ConfigLoaded(ok bool) { m.configLoaded.Set(number(ok)) }

// StateSize sets the size of the state file.
func (m *Metrics) StateSize(bytes int64) { m.stateSize.Set(float64(bytes)) }

func number(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// The outcomes of a tracker's call.
const (
	WebhookAccepted   = "accepted"
	WebhookOwn        = "own"        // about a change of ours
	WebhookRefused    = "refused"    // not signed, or signed too long ago
	WebhookUnreadable = "unreadable" // signed, and not what trackers send
)

// Webhook counts a call of a tracker.
func (m *Metrics) Webhook(source, outcome string) { m.webhooks.WithLabelValues(source, outcome).Inc() }
