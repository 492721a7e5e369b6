package answer

import (
	"fmt"
	"io"
	"time"
)

// AuditCheck is the answer of audit verify: what the check of an exported file
// found.
type AuditCheck struct {
	OK        bool           `json:"ok"`
	Filtered  bool           `json:"filtered"` // only each line by itself could be checked
	At        time.Time      `json:"exported_at"`
	Decisions int            `json:"decisions"`
	Acts      int            `json:"acts"`
	Writes    int            `json:"writes"`
	Gaps      int            `json:"gaps"`  // where retention removed entries
	First     uint64         `json:"first"` // number in the log
	Last      uint64         `json:"last"`
	Problems  []AuditProblem `json:"problems"`
	More      int            `json:"more,omitempty"` // problems beyond those listed
}

// AuditProblem is what is wrong with one line of the file; 0 is the whole file.
type AuditProblem struct {
	Line int    `json:"line,omitempty"`
	Text string `json:"text"`
}

// WriteText shows the problems and a verdict.
func (a AuditCheck) WriteText(w io.Writer, s Style) error {
	d := &document{Style: s}
	for _, p := range a.Problems {
		if p.Line == 0 {
			d.para(0, red, "✗ "+p.Text)
		} else {
			d.para(0, red, fmt.Sprintf("✗ line %d: %s", p.Line, p.Text))
		}
	}
	if a.More > 0 {
		d.line("and %d more", a.More)
	}
	verdict, c := "The export is whole and unchanged", green
	if !a.OK {
		verdict, c = "The export was changed or is not whole", red
	}
	d.para(0, c, fmt.Sprintf("%s: %s, %s of people, %s, exported %s.", verdict, Count(a.Decisions, "decision"), Count(a.Acts, "act"),
		Count(a.Writes, "write"), s.When(a.At)))
	switch {
	case a.Filtered:
		d.line("It is filtered: each line was checked by itself, and the whole by its digest.")
	case a.Last > 0:
		d.line("The chain was followed from entry %d to entry %d%s.", a.First, a.Last, gaps(a.Gaps))
	}
	return d.writeTo(w)
}

func gaps(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(", over %s that retention left", Count(n, "gap"))
}
