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
	Plans     int      `json:"plans"`
	Entries   int      `json:"entries"`
	Problems  []string `json:"problems"`
	More      int      `json:"more,omitempty"` // problems beyond those listed
}

// WriteText renders the answer for people.
func (v Verification) WriteText(w io.Writer, s Style) error {
	for _, p := range v.Problems {
		if _, err := fmt.Fprintln(w, s.paint(red, "problem")+"  "+p); err != nil {
			return err
		}
	}
	if v.More > 0 {
		if _, err := fmt.Fprintf(w, "and %d more\n", v.More); err != nil {
			return err
		}
	}
	verdict := s.paint(green, "the state is sound")
	if !v.OK {
		verdict = s.paint(red, "the state is damaged")
	}
	_, err := fmt.Fprintf(w, "%s: %s, %s, %s, %s\n", verdict, Count(v.Records, "record"), Count(v.Decisions, "decision"), Count(v.Plans, "plan"), Count(v.Entries, "change"))
	return err
}
