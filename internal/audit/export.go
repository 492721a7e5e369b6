package audit

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"strings"
	"time"

	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/state"
)

// Log is what an export reads: the state, page by page.
type Log interface {
	Chain(fn func(state.Chained) bool) error
	Sources() ([]string, error)
	Writes(from, to time.Time, source string, fn func(e state.Entry, raw []byte) bool) error
}

// Filter narrows an export. Zero fields do not narrow.
type Filter struct {
	Since  time.Time `json:"since,omitzero"` // inclusive
	Until  time.Time `json:"until,omitzero"` // exclusive
	Source string    `json:"source,omitempty"`
	Issue  string    `json:"issue,omitempty"` // SOURCE/KEY
	ID     string    `json:"id,omitempty"`    // of that issue, which may have had other keys
	// Person is an account id, a name or an e-mail address, in any case; or
	// lanekeeper itself.
	Person string `json:"person,omitempty"`
	Rule   string `json:"rule,omitempty"` // a lane
}

// narrows tells whether anything is left out.
func (f Filter) narrows() bool { return f != Filter{} }

func (f Filter) keeps(l *Line) bool {
	ref := issue.ParseRef(l.Ref)
	source := ref.Source
	if l.Ref == "" {
		source = l.Source
	}
	switch {
	case !f.Since.IsZero() && l.At.Before(f.Since), !f.Until.IsZero() && !l.At.Before(f.Until):
		return false
	case f.Source != "" && f.Source != source:
		return false
	case f.Issue != "" && !(f.ID != "" && f.ID == l.ID && source == issue.ParseRef(f.Issue).Source) && !strings.EqualFold(f.Issue, l.Ref):
		return false
	case f.Rule != "" && !l.concerns(f.Rule):
		return false
	}
	return f.Person == "" || l.by(f.Person)
}

// concerns tells whether the rule of a lane is behind a line.
func (l *Line) concerns(lane string) bool {
	if l.Rule == lane {
		return true
	}
	label := issue.FieldLane.Prefix() + lane
	return l.Field == issue.FieldLane && l.Kind == kindAct && (*l.From == label || *l.To == label)
}

func (l *Line) by(who string) bool {
	if l.By == nil {
		return strings.EqualFold(l.Actor, who)
	}
	return strings.EqualFold(l.By.ID, who) || strings.EqualFold(l.By.Name, who) || strings.EqualFold(l.By.Email, who)
}

// Export writes the log and what was sent to the trackers as JSON Lines: a line
// that says what the file is, the log in its order, the writes of each source
// by time, and a line that closes the file. It holds a page in memory at a
// time.
func Export(ctx context.Context, w io.Writer, log Log, f Filter, now time.Time) error {
	x := &exporter{ctx: ctx, w: bufio.NewWriterSize(w, 64<<10), digest: sha256.New(), filter: f}
	h := header{Kind: kindHeader, Format: format, At: now.UTC(), Filtered: f.narrows()}
	if h.Filtered {
		h.Filter = &f
	}
	x.put(h)
	if err := log.Chain(x.chained); err != nil {
		return fmt.Errorf("read the log: %w", err)
	}
	sources, err := log.Sources()
	if err != nil {
		return fmt.Errorf("list sources: %w", err)
	}
	until := f.Until
	if until.IsZero() {
		until = now.Add(24 * time.Hour) // clocks of two runs may differ
	}
	for _, s := range sources {
		if err := log.Writes(f.Since, until, s, x.written); err != nil {
			return fmt.Errorf("read the writes of %s: %w", s, err)
		}
	}
	if x.err == nil {
		x.put(trailer{Kind: kindEnd, Lines: x.lines, Digest: hex.EncodeToString(x.digest.Sum(nil))})
	}
	if x.err == nil {
		x.err = x.w.Flush()
	}
	return x.err
}

type exporter struct {
	ctx    context.Context
	w      *bufio.Writer
	digest hash.Hash
	filter Filter
	lines  int
	writes uint64
	hash   [32]byte // of the chain over the writes
	err    error
}

// put writes one line, unless an earlier one failed.
func (x *exporter) put(v any) bool {
	if x.err == nil {
		x.err = x.ctx.Err()
	}
	if x.err != nil {
		return false
	}
	var b []byte
	if b, x.err = encode(v); x.err != nil {
		return false
	}
	x.digest.Write(b)
	_, x.err = x.w.Write(b)
	return x.err == nil
}

func (x *exporter) line(l *Line) bool {
	x.lines++
	return x.put(l)
}

func (x *exporter) chained(c state.Chained) bool {
	l := lineOf(c)
	if x.filter.narrows() && !x.filter.keeps(&l) {
		return x.ctx.Err() == nil
	}
	return x.line(&l)
}

func (x *exporter) written(e state.Entry, raw []byte) bool {
	if e.Status != state.EntryApplied && e.Status != state.EntryFailed && e.Status != state.EntryUndone {
		return true
	}
	l, hash := writeOf(x.writes+1, x.hash, e, raw)
	if !x.filter.keeps(&l) {
		return x.ctx.Err() == nil
	}
	x.writes++
	x.hash = hash
	return x.line(&l)
}
