package metrics

import (
	"sync"

	"github.com/prometheus/client_golang/prometheus"
)

// family is a gauge by source and one more label whose values come and go. A
// scrape never sees a series missing that stays.
type family struct {
	vec   *prometheus.GaugeVec
	mu    sync.Mutex
	known map[string]map[string]bool // values of the other label by source
}

func newFamily(vec *prometheus.GaugeVec) *family {
	return &family{vec: vec, known: map[string]map[string]bool{}}
}

// replace makes the series of a source exactly those of values.
func (f *family) replace(source string, values map[string]float64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := make(map[string]bool, len(values))
	for k, v := range values {
		f.vec.WithLabelValues(source, k).Set(v)
		now[k] = true
	}
	for k := range f.known[source] {
		if !now[k] {
			f.vec.DeleteLabelValues(source, k)
		}
	}
	f.known[source] = now
}
