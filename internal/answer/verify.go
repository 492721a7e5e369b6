package answer

import (
	"fmt"
	"io"
)

// Verification is the answer of state verify.
type Verification struct {
	OK        bool     `json:"ok"`
	Records   int      `json:"records"`
	Decisions int      `json:"decisions"`
	Acts      int      `json:"acts"` // of people, in the same log
	Plans     int      `json:"plans"`
	Entries   int      `json:"entries"`
	Problems  []string `json:"problems"`
	More      int      `json:"more,omitempty"` // problems beyond those listed
}

// WriteText shows the problems and a verdict.
func (v Verification) WriteText(w io.Writer, s Style) error {
	d := &document{Style: s}
	for _, p := range v.Problems {
		d.para(0, red, "✗ "+p)
	}
	if v.More > 0 {
		d.line("and %d more", v.More)
	}
	verdict, c := "The state is sound", green
	if !v.OK {
		verdict, c = "The state is damaged", red
	}
	d.para(0, c, fmt.Sprintf("%s: %s, %s, %s, %s, %s.", verdict, Count(v.Records, "record"), Count(v.Decisions, "decision"),
		Count(v.Acts, "act"), Count(v.Plans, "plan"), Count(v.Entries, "change")))
	return d.writeTo(w)
}
