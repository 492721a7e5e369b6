package simulation

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/lanekeeper/lanekeeper/connectors"
)

// wire carries the requests of one source of one process to its tracker.
type wire struct {
	*process
	src  *source
	base http.RoundTripper
}

var errDead = errors.New("the process is dead")

// RoundTrip gives each request a moment of its own, and breaks it where the
// script says so. The process may die before it arrives and after.
func (x *wire) RoundTrip(req *http.Request) (*http.Response, error) {
	var body []byte
	if req.Body != nil {
		body, _ = io.ReadAll(req.Body)
		req.Body.Close()
		req = req.Clone(req.Context())
		req.Body = io.NopCloser(bytes.NewReader(body))
	}
	op := connectors.OpFrom(req.Context()).Name
	id, wait := x.src.latency(op, req, body)
	if err := sleep(req.Context(), wait); err != nil {
		return nil, err
	}
	if !x.point(x.src.name) {
		return nil, errDead
	}
	write := x.src.site.isWrite(op, req.Method, string(body))
	text := req.URL.Path + " " + string(body)
	broken := x.src.strike(id, write, text)
	if broken == reset {
		x.world.say(x.src.name, "%s %s: reset", x.src.name, op)
		return nil, errors.New("connection reset by peer")
	}
	resp, err := x.base.RoundTrip(req)
	x.world.say(x.src.name, "%s %s %s %s: %s", x.src.name, op, req.Method, req.URL.Path, outcomeOf(resp, err, broken))
	if write {
		x.src.written(op, text)
	}
	if !x.point(x.src.name) {
		return nil, errDead
	}
	return resp, err
}

func outcomeOf(resp *http.Response, err error, broken string) string {
	if err != nil {
		return err.Error() + " (" + broken + ")"
	}
	if broken != "" {
		return fmt.Sprintf("%d (%s)", resp.StatusCode, broken)
	}
	return fmt.Sprint(resp.StatusCode)
}

var uuids = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}`)

// latency is how long a request is under way. It follows from the seed, the
// request and how often it was seen; markers of comments are random and do not
// count. Several alike requests of one moment are one: whoever sent them, they
// fare alike.
func (s *source) latency(op string, req *http.Request, body []byte) (id uint64, wait time.Duration) {
	if strings.Contains(strings.ToLower(op), "comment") {
		body = uuids.ReplaceAllFunc(body, func(id []byte) []byte {
			if s.known(string(id)) {
				return id
			}
			return []byte("marker")
		})
	}
	h := fnv.New64a()
	fmt.Fprintf(h, "%d %s %s %s %s ", s.world.script.seed, s.name, op, req.Method, req.URL.RequestURI())
	h.Write(body)
	id = h.Sum64()
	n := s.ordinal(id)
	h.Write([]byte{byte(n), byte(n >> 8), byte(n >> 16)})
	return id, 15*time.Millisecond + time.Duration(mix(h.Sum64())%uint64(600*time.Millisecond))
}

// mix spreads the bits of a hash.
func mix(x uint64) uint64 {
	x ^= x >> 33
	x *= 0xff51afd7ed558ccd
	x ^= x >> 33
	x *= 0xc4ceb9fe1a85ec53
	return x ^ x>>33
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// fault breaks one request, and lets some pass before it, so that every step of a
// cycle is hit.
type fault struct {
	kind  string
	after int // requests that are still to pass
}

// struck is what became of the newest request.
type struck struct {
	id     uint64
	at     time.Time
	broken string
}

// strike breaks the request that is about to be sent, if one is to be, and
// lets a person be faster where one is to be.
func (s *source) strike(id uint64, write bool, text string) (broken string) {
	w := s.world
	w.mu.Lock()
	defer w.mu.Unlock()
	if last := s.struck; last.id == id && last.at.Equal(w.now()) {
		if last.broken != "" && last.broken != reset {
			s.site.fault(last.broken)
		}
		return last.broken
	}
	defer func() { s.struck = struck{id, w.now(), broken} }()
	if write && len(s.races) > 0 {
		if id := s.mentioned(text); id != "" {
			e := s.races[0]
			s.races = s.races[1:]
			s.race(id, e)
		}
	}
	if s.down {
		return reset
	}
	defer func() {
		if broken != "" {
			s.troubled = w.now()
		}
	}()
	if id := s.jam; write && id != "" && strings.Contains(text, id) {
		s.tried()
		s.site.fault(s.jamKind)
		return s.jamKind
	}
	if len(s.faults) == 0 {
		return ""
	}
	if s.faults[0].after > 0 {
		s.faults[0].after--
		return ""
	}
	broken = s.faults[0].kind
	s.faults = s.faults[1:]
	if broken != reset {
		s.site.fault(broken)
	}
	return broken
}

// mentioned is the first issue, by id, that a request names.
func (s *source) mentioned(text string) string {
	for _, id := range s.order {
		if c := s.cards[id]; !c.gone && strings.Contains(text, id) {
			return id
		}
	}
	return ""
}
