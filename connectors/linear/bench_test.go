package linear

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/lanekeeper/lanekeeper/connectors"
	"github.com/lanekeeper/lanekeeper/internal/issue"
)

// readyPages serves n open issues of about 4 KB that were encoded before, to
// the number ranges of a scan.
type readyPages struct {
	nodes   [][]byte
	latency time.Duration
}

func newReadyPages(n int, latency time.Duration) *readyPages {
	p := &readyPages{latency: latency}
	for k := 1; k <= n; k++ {
		b, _ := json.Marshal(anIssue(k, object{"description": strings.Repeat("Lorem ipsum dolor sit amet, \"consectetur\".\n", 70)}))
		p.nodes = append(p.nodes, b)
	}
	return p
}

func (p *readyPages) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var s sent
	json.NewDecoder(r.Body).Decode(&s)
	if h := standard[s.root()]; h != nil && s.root() != "issues" {
		json.NewEncoder(w).Encode(object{"data": h(w, s)})
		return
	}
	time.Sleep(p.latency)
	lo, hi := len(p.nodes), len(p.nodes)+1
	if number, ok := s.filter()["number"].(map[string]any); ok {
		lo = int(number["gte"].(float64))
		if v, ok := number["lt"].(float64); ok {
			hi = min(hi, int(v))
		}
	}
	var body bytes.Buffer
	body.WriteString(`{"data":{"issues":{"nodes":[`)
	if lo < hi {
		body.Write(bytes.Join(p.nodes[lo-1:hi-1], []byte(",")))
	}
	body.WriteString(`],"pageInfo":{"hasNextPage":false,"endCursor":null}}}}`)
	w.Write(body.Bytes())
}

// BenchmarkAll reads 20,000 issues over loopback.
func BenchmarkAll(b *testing.B) {
	const n = 20_000
	for _, latency := range []time.Duration{0, 20 * time.Millisecond} {
		b.Run(fmt.Sprint(latency), func(b *testing.B) {
			srv := httptest.NewServer(newReadyPages(n, latency))
			defer srv.Close()
			for b.Loop() {
				c, err := New(Settings{URL: srv.URL + "/graphql", Auth: Auth{APIKey: connectors.NewSecret("k")}, Teams: []string{"ENG"}},
					Options{Inputs: issue.InputDescription})
				if err != nil {
					b.Fatal(err)
				}
				if out, _, err := drain(c.All(b.Context(), "")); err != nil || len(out) != n {
					b.Fatal(len(out), err)
				}
			}
			b.ReportMetric(n*float64(b.N)/b.Elapsed().Seconds(), "issues/s")
		})
	}
}
