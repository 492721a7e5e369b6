package jira

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/lanekeeper/lanekeeper/connectors"
)

// fastCloud answers like Jira Cloud from pages made beforehand, each answer
// after a delay.
type fastCloud struct {
	issues int
	delay  time.Duration
	issue  []byte // without its id and key
}

func newFastCloud(issues int, delay time.Duration) *fastCloud {
	page := benchPage(1)
	at := bytes.Index(page, []byte(`"fields"`))
	return &fastCloud{issues: issues, delay: delay, issue: page[at : len(page)-2]}
}

func (f *fastCloud) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	if f.delay > 0 {
		<-time.After(f.delay)
	}
	var q struct {
		Token string   `json:"nextPageToken"`
		IDs   []string `json:"issueIdsOrKeys"`
	}
	json.Unmarshal(body, &q)
	switch _, op, _ := strings.Cut(r.URL.Path, "/rest/api/"); op[2:] {
	case "serverInfo":
		io.WriteString(w, `{"deploymentType":"Cloud","serverTime":"2026-01-01T00:00:00.000+0000"}`)
	case "myself":
		io.WriteString(w, `{"accountId":"us"}`)
	case "field":
		io.WriteString(w, siteFields)
	case "search/approximate-count":
		fmt.Fprintf(w, `{"count":%d}`, f.issues)
	case "search/jql":
		f.list(w, q.Token)
	case "issue/bulkfetch":
		f.read(w, q.IDs)
	default:
		io.WriteString(w, `{"fields":{"priority":{"allowedValues":[{"id":"1","name":"Highest"},{"id":"2","name":"High"},{"id":"3","name":"Medium"},{"id":"4","name":"Low"}]}}}`)
	}
}

func (f *fastCloud) list(w io.Writer, token string) {
	from, _ := strconv.Atoi(token)
	to := min(from+cloudIDs, f.issues)
	var b bytes.Buffer
	b.WriteString(`{"issues":[`)
	for i := from; i < to; i++ {
		if i > from {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"id":"%d"}`, 10000+i)
	}
	b.WriteString(`]`)
	if to < f.issues {
		fmt.Fprintf(&b, `,"nextPageToken":"%d"`, to)
	}
	b.WriteString(`}`)
	w.Write(b.Bytes())
}

func (f *fastCloud) read(w io.Writer, ids []string) {
	var b bytes.Buffer
	b.WriteString(`{"issues":[`)
	for n, id := range ids {
		if n > 0 {
			b.WriteByte(',')
		}
		b.WriteString(`{"id":"` + id + `","key":"PAY-` + id + `",`)
		b.Write(f.issue)
	}
	b.WriteString(`]}`)
	w.Write(b.Bytes())
}

// BenchmarkFirstPull reads a whole backlog of 4 KB issues, server included.
// Give -benchtime 1x: one round takes seconds.
func BenchmarkFirstPull(b *testing.B) {
	for _, delay := range []time.Duration{0, 20 * time.Millisecond} {
		b.Run(delay.String(), func(b *testing.B) {
			const issues = 100_000
			f := newFastCloud(issues, delay)
			for b.Loop() {
				c, err := New(Settings{URL: "https://acme.example", Projects: []string{"PAY"}, Auth: Auth{Token: connectors.NewSecret("x")}},
					Options{Source: "payments", Base: connectors.HandlerTransport(f)})
				if err != nil {
					b.Fatal(err)
				}
				n := 0
				for page, err := range c.All(b.Context(), "") {
					if err != nil {
						b.Fatal(err)
					}
					n += len(page.Issues)
				}
				if n != issues {
					b.Fatalf("%d issues", n)
				}
			}
			b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s/pull")
		})
	}
}
