package metrics

import (
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// SLAs are the gauges of a source's SLA clocks.
type SLAs struct {
	Issues map[SLAState]int
	// NextBreach is when the next clock runs out, by SLA.
	NextBreach map[string]time.Time
	// Attainment is the share of clocks that ended in time, 0 to 1.
	Attainment map[SLAWindow]float64
}

// SLAState are the labels of sla_issues beside the source.
type SLAState struct{ Lane, SLA, State string }

// SLAWindow are the labels of sla_attainment_ratio beside the source.
type SLAWindow struct{ SLA, Window string }

// SLAs sets the gauges of a source. Series that are not given disappear.
func (m *Metrics) SLAs(source string, s SLAs) {
	issues, next, ratios := map[string]float64{}, map[string]float64{}, map[string]float64{}
	for k, n := range s.Issues {
		issues[joined(k.Lane, k.SLA, k.State)] = float64(n)
	}
	for sla, at := range s.NextBreach {
		next[joined(sla)] = float64(at.UnixMilli()) / 1000
	}
	for k, v := range s.Attainment {
		ratios[joined(k.SLA, k.Window)] = v
	}
	m.slaIssues.replace(source, issues)
	m.slaNext.replace(source, next)
	m.slaAttained.replace(source, ratios)
}

// SLABreaches counts n clocks that ran out; 0 makes the series appear.
func (m *Metrics) SLABreaches(source, sla string, n int) {
	m.slaBreaches.WithLabelValues(source, sla).Add(float64(n))
}

// group is a family with several labels beside the source.
type group struct {
	vec   *prometheus.GaugeVec
	mu    sync.Mutex
	known map[string]map[string]bool // joined values of the other labels by source
}

func newGroup(vec *prometheus.GaugeVec) *group {
	return &group{vec: vec, known: map[string]map[string]bool{}}
}

// joined makes one key of label values, which hold no zero byte.
func joined(values ...string) string { return strings.Join(values, "\x00") }

// replace makes the series of a source exactly those of values.
func (g *group) replace(source string, values map[string]float64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := make(map[string]bool, len(values))
	for k, v := range values {
		g.vec.WithLabelValues(append([]string{source}, strings.Split(k, "\x00")...)...).Set(v)
		now[k] = true
	}
	for k := range g.known[source] {
		if !now[k] {
			g.vec.DeleteLabelValues(append([]string{source}, strings.Split(k, "\x00")...)...)
		}
	}
	g.known[source] = now
}
