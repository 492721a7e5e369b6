package answer

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/policy"
)

func (d *document) explainOverrides(e Explanation) {
	if len(e.Overrides) == 0 {
		return
	}
	d.heading("What people decided")
	for _, o := range e.Overrides {
		d.item(yellow, "%s", o.Sentence(d.Style))
	}
}

// Sentence says what stays as it is, whose decision that was and how long it
// holds.
func (o Override) Sentence(s Style) string {
	wants := "wants " + o.Wanted
	if o.Wanted == "" {
		wants = "would clear it"
	}
	text := fmt.Sprintf("%s stays %s (policy %s): ", o.Field, cmp.Or(o.Value, "empty"), wants)
	switch o.Kind {
	case "adopted":
		text += "it was there before lanekeeper"
	case "undone":
		text += "an undo put it back"
	case "operator":
		text += "held by " + cmp.Or(o.By, "an operator")
	default:
		text += "set by " + cmp.Or(o.By, "a person")
	}
	if !o.At.IsZero() {
		text += " " + s.When(o.At)
	}
	if o.Until == nil {
		text += ", until a person takes it back"
	} else {
		text += ", until " + s.Stamp(*o.Until)
		if !s.Now.IsZero() {
			text += " (" + s.Relative(*o.Until) + ")"
		}
	}
	if o.Reason != "" {
		text += "; " + o.Reason
	}
	if o.ApprovedBy != "" && len(o.Contested) == 0 {
		text += "; approved by " + o.ApprovedBy + " " + s.When(o.ApprovedAt) + " (" + o.ApprovedHow + ")"
	}
	if c := o.Contest(); c != "" {
		text += "; " + c
	}
	return text + "."
}

// explainAbsence tells what did not happen and why.
func (d *document) explainAbsence(e Explanation) {
	reasons := e.Absence(d.Style)
	if len(reasons) == 0 {
		return
	}
	d.heading("What did not happen, and why")
	for _, r := range reasons {
		d.item(yellow, "%s", r)
	}
}

// Absence lists what policy wants and does not happen, each with its reason.
func (e Explanation) Absence(s Style) []string {
	var out []string
	if e.Pinned != nil {
		out = append(out, e.Pinned.Sentence(s))
	}
	unsure := e.LowConfidence
	for _, h := range e.Holds {
		out = append(out, h.Sentence(s))
		unsure = unsure && h.Why != "confidence"
	}
	if unsure {
		out = append(out, fmt.Sprintf("Nothing is written: the lane %s demands more confidence than %s.", e.Lane, Percent(e.Confidence)))
	}
	if e.Parked != nil {
		out = append(out, e.Parked.Sentence(s))
	}
	for _, f := range e.Gaps {
		out = append(out, fmt.Sprintf("%s is not written: the tracker refuses the field on this issue (screen or permission).", f))
	}
	for _, c := range e.Outstanding {
		out = append(out, c.Waiting())
	}
	return out
}

// Sentence says a hold: "Not moved to hotfix because: 2 h of settle left".
func (h Hold) Sentence(s Style) string {
	if h.What == policy.HoldOwner {
		return "Nobody is assigned because: " + h.duty(s) + "."
	}
	what := h.What + " not changed to " + h.Wanted
	switch {
	case h.Why == "confidence":
		what = "Nothing is written for the lane " + h.Wanted
	case h.What == "lane":
		what = "Not moved to " + h.Wanted
	case h.What == "band":
		what = "Priority not changed to " + h.Wanted
	}
	var why []string
	if !h.Until.IsZero() {
		if left := h.Until.Sub(s.Now); !s.Now.IsZero() && left > 0 {
			why = append(why, Span(left)+" of "+h.Why+" left, until "+s.Stamp(h.Until))
		} else {
			why = append(why, h.Why+" until "+s.Stamp(h.Until))
		}
	}
	if h.Need != 0 || h.Have != 0 {
		why = append(why, h.comparison())
	}
	if len(why) == 0 {
		why = []string{h.Why}
	}
	return what + " because: " + strings.Join(why, "; ") + "."
}

// duty says why a rota gives no owner.
func (h Hold) duty(s Style) string {
	if h.Why == string(policy.HeldByRota) {
		return "rota " + h.Wanted + " " + h.Detail
	}
	text := "nobody is on duty in rota " + h.Wanted
	if !h.Until.IsZero() {
		text += " until " + s.Stamp(h.Until)
	}
	if h.Detail != "" {
		text += ": " + h.Detail
	}
	return text
}

func (h Hold) comparison() string {
	if h.Why == "confidence" {
		return fmt.Sprintf("confidence %s of %s", Percent(h.Have), Percent(h.Need))
	}
	return fmt.Sprintf("score %s of %s", Number(h.Have), Number(h.Need))
}

// Sentence says why an issue is parked and when it is tried again.
func (p Park) Sentence(s Style) string {
	text := fmt.Sprintf("Parked after %s: %s", Count(p.Tries, "failed write"), p.Error)
	if !p.Until.IsZero() {
		text += "; tried again " + s.When(p.Until)
	}
	return text + "."
}

// Waiting says why an outstanding change is not written.
func (c Change) Waiting() string {
	from, to := c.Values()
	text := fmt.Sprintf("%s %s → %s is not written: ", c.Field, from, to)
	if c.Op == issue.Set {
		text = fmt.Sprintf("%s %s is not written: ", c.Field, to)
	}
	switch c.Status {
	case Observed:
		return text + "observe mode writes nothing."
	case Suggested:
		return text + "suggest mode only proposes it; lanekeeper accept " + c.Ref + " does it."
	case Paused:
		return text + "writes are paused."
	case Held:
		return text + "plan " + orDash(c.Plan) + " waits for approval."
	case Parked:
		return text + "the issue is parked."
	case Failed, Refused:
		return text + cmp.Or(c.Error, string(c.Status)) + "."
	}
	return text + "the next cycle writes it."
}
