package audit

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"time"

	"github.com/lanekeeper/lanekeeper/state"
)

// maxLine bounds one line of a file that somebody hands us; maxProblems how
// many problems are listed.
const (
	maxLine     = 16 << 20
	maxProblems = 100
)

// Report is what a check of an exported file found.
type Report struct {
	Filtered  bool
	At        time.Time // when it was exported
	Decisions int
	Acts      int
	Writes    int
	Gaps      int
	// First and Last are the numbers of the log that the file covers, 0 for none.
	First, Last uint64
	Problems    []Problem
	More        int // problems beyond those that are listed
}

// Problem is what is wrong with one line; 0 is the file as a whole.
type Problem struct {
	Line int
	Text string
}

// OK reports whether nothing is wrong.
func (r *Report) OK() bool { return len(r.Problems) == 0 }

// ErrNotExport is returned for a file that is none of ours.
var ErrNotExport = errors.New("this is no export of lanekeeper audit")

// Verify checks an exported file: that each line's hash is that of its stored
// bytes, that its readable fields are what these bytes say, that the lines of
// an unfiltered export follow one another without a hole, and that none is
// missing at the end. The error is for a file that cannot be read or is no
// export; what the check found is in the report.
func Verify(r io.Reader) (Report, error) {
	dec, err := state.NewDecoder()
	if err != nil {
		return Report{}, err
	}
	v := &verifier{dec: dec, digest: sha256.New()}
	s := bufio.NewScanner(r)
	s.Buffer(make([]byte, 0, 64<<10), maxLine)
	s.Split(wholeLines)
	for s.Scan() {
		v.n++
		if v.n == 1 {
			if err := v.header(s.Bytes()); err != nil {
				return Report{}, err
			}
			continue
		}
		v.line(s.Bytes())
	}
	switch err := s.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		v.n++
		v.problem("it is longer than %d bytes", maxLine)
	case err != nil:
		return Report{}, fmt.Errorf("read line %d: %w", v.n+1, err)
	case v.n == 0:
		return Report{}, ErrNotExport
	}
	if !v.ended {
		v.n = 0
		v.problem("its last line is missing: the end of the file was cut off")
	}
	return v.rep, nil
}

// wholeLines keeps the line break, so that a missing one shows.
func wholeLines(data []byte, atEOF bool) (advance int, token []byte, err error) {
	if i := bytes.IndexByte(data, '\n'); i >= 0 {
		return i + 1, data[:i+1], nil
	}
	if atEOF && len(data) > 0 {
		return len(data), data, nil
	}
	return 0, nil, nil
}

type verifier struct {
	dec    state.Decoder
	rep    Report
	n      int // of the line
	digest hash.Hash
	ended  bool

	seq    uint64 // of the log
	hash   [32]byte
	writes uint64
	wrote  [32]byte // the hash of the chain over the writes
}

func (v *verifier) problem(format string, args ...any) {
	if len(v.rep.Problems) >= maxProblems {
		v.rep.More++
		return
	}
	v.rep.Problems = append(v.rep.Problems, Problem{v.n, fmt.Sprintf(format, args...)})
}

func (v *verifier) header(b []byte) error {
	var h header
	if err := json.Unmarshal(b, &h); err != nil || h.Kind != kindHeader || h.Format < 1 {
		return ErrNotExport
	}
	if h.Format != format {
		return fmt.Errorf("the export has format %d and this lanekeeper checks format %d: verify it with the version that wrote it", h.Format, format)
	}
	v.digest.Write(b)
	v.rep.Filtered, v.rep.At = h.Filtered, h.At
	return nil
}

func (v *verifier) line(b []byte) {
	if v.ended {
		v.problem("it stands behind the last line of the export")
		return
	}
	var l Line
	if err := json.Unmarshal(b, &l); err != nil {
		v.problem("it is no JSON of ours: %v", err)
		v.digest.Write(b)
		return
	}
	if l.Kind == kindEnd {
		v.end(b)
		return
	}
	v.digest.Write(b)
	again, ok := v.again(&l)
	if !ok {
		return
	}
	if want, err := encode(again); err != nil || !bytes.Equal(b, want) {
		v.problem("its readable part was changed: it is not what its stored bytes say")
	}
}

// again makes a line anew from its stored bytes, and checks its hashes.
func (v *verifier) again(l *Line) (Line, bool) {
	var before [32]byte
	if l.Kind != kindGap && !unhex(&before, l.Previous) {
		v.problem("its previous hash is no hash")
		return Line{}, false
	}
	if l.Kind == kindWrite {
		return v.write(l, before)
	}
	c := v.dec.Chained(l.Seq, before, l.Raw)
	again := lineOf(c)
	v.count(again.Kind)
	if again.Hash != l.Hash {
		v.problem("entry %d: its hash does not fit its stored bytes: one of them was changed", l.Seq)
	}
	if v.rep.Filtered {
		if l.Seq <= v.seq {
			v.problem("entry %d stands behind entry %d", l.Seq, v.seq)
		}
	} else {
		v.follows(l.Seq, c)
	}
	if v.seq = l.Seq; v.rep.First == 0 {
		v.rep.First = v.seq
	}
	v.rep.Last, v.hash = v.seq, c.Hash
	return again, true
}

// follows checks that an entry of an unfiltered export follows the one before.
func (v *verifier) follows(seq uint64, c state.Chained) {
	switch {
	case c.Gap && seq > v.seq:
	case c.Gap || seq != v.seq+1:
		v.problem("entry %d follows entry %d: what was between them is gone, or their order was changed", seq, v.seq)
	case c.Before != v.hash:
		v.problem("entry %d does not follow from entry %d: one of them was changed", seq, v.seq)
	}
}

func (v *verifier) write(l *Line, before [32]byte) (Line, bool) {
	v.count(kindWrite)
	e, err := v.dec.Write(l.Raw)
	if err != nil {
		v.problem("write %d: its stored bytes do not decode: %v", l.Seq, err)
		return Line{}, false
	}
	again, hash := writeOf(l.Seq, before, e, l.Raw)
	switch {
	case again.Hash != l.Hash:
		v.problem("write %d: its hash does not fit its stored bytes: one of them was changed", l.Seq)
	case l.Seq != v.writes+1:
		v.problem("write %d follows write %d: what was between them is gone, or their order was changed", l.Seq, v.writes)
	case before != v.wrote:
		v.problem("write %d does not follow from write %d: one of them was changed", l.Seq, v.writes)
	}
	v.writes, v.wrote = l.Seq, hash
	return again, true
}

func (v *verifier) count(kind string) {
	switch kind {
	case kindDecision:
		v.rep.Decisions++
	case kindAct:
		v.rep.Acts++
	case kindWrite:
		v.rep.Writes++
	case kindGap:
		v.rep.Gaps++
	}
}

// end checks the last line against what came before it.
func (v *verifier) end(b []byte) {
	v.ended = true
	want, err := encode(trailer{Kind: kindEnd, Lines: v.n - 2, Digest: hex.EncodeToString(v.digest.Sum(nil))})
	if err != nil || bytes.Equal(b, want) {
		return
	}
	var t trailer
	if err := json.Unmarshal(b, &t); err == nil && t.Lines != v.n-2 {
		v.problem("the export had %d entries and %d are here", t.Lines, v.n-2)
		return
	}
	v.problem("the digest of the file does not come out: a line was changed or moved")
}

// unhex reads a hash in lower-case hex.
func unhex(out *[32]byte, s string) bool {
	b, err := hex.DecodeString(s)
	return err == nil && copy(out[:], b) == len(out) && len(b) == len(out)
}
