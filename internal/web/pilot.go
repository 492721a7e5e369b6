package web

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/lanekeeper/lanekeeper/internal/answer"
)

func (s *server) pilot(r *http.Request) (any, error) {
	p := s.params(r.URL.RawQuery, "source", "project", "since", "baseline", "least", "target", "stop")
	f := PilotFilter{Source: p.Get("source"), Project: p.Get("project"), Since: p.time("since")}
	f.Limits.Targets, f.Limits.Stops = p.limits("target"), p.limits("stop")
	if f.Source == "" {
		p.err = Errorf(Invalid, "say which source the pilot is of")
	}
	if text := p.Get("baseline"); text != "" {
		d, ok := length(text)
		if !ok || d <= 0 {
			p.err = Errorf(Invalid, "baseline %q: want a length of time such as 30d", text)
		}
		f.Baseline = d
	}
	if text := p.Get("least"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			p.err = Errorf(Invalid, "least %q: want a number of cases, 1 or more", text)
		}
		f.Limits.Least = n
	}
	if p.err != nil {
		return nil, p.err
	}
	return s.Log.Pilot(r.Context(), f)
}

// limits reads a repeated MEASURE=NUMBER.
func (p *params) limits(name string) map[string]float64 {
	out := map[string]float64{}
	for _, text := range p.Values[name] {
		measure, number, _ := strings.Cut(text, "=")
		x, err := strconv.ParseFloat(number, 64)
		if err != nil {
			p.err = Errorf(Invalid, "%s %q: want MEASURE=NUMBER, such as overrides=0.15", name, text)
		}
		out[measure] = x
	}
	return out
}

// Pilot implements Log.
func (c *Client) Pilot(ctx context.Context, f PilotFilter) (answer.Pilot, error) {
	baseline, least := "", ""
	if f.Baseline != 0 {
		baseline = f.Baseline.String()
	}
	if f.Limits.Least != 0 {
		least = strconv.Itoa(f.Limits.Least)
	}
	q := query("source", f.Source, "project", f.Project, "since", stamp(f.Since), "baseline", baseline, "least", least)
	for name, m := range map[string]map[string]float64{"target": f.Limits.Targets, "stop": f.Limits.Stops} {
		for _, measure := range slices.Sorted(maps.Keys(m)) {
			q.Add(name, fmt.Sprintf("%s=%v", measure, m[measure]))
		}
	}
	return call[answer.Pilot](ctx, c, http.MethodGet, c.at(q, "pilot"), nil)
}
