package answer

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/lanekeeper/lanekeeper/internal/issue"
)

// WriteText answers like a colleague: where the issue is and why, what would
// change that, what people decided, what was written and what was not.
func (e Explanation) WriteText(w io.Writer, s Style) error {
	d := &document{Style: s}
	d.explainHead(e)
	if e.DecidedAt != nil {
		d.explainScore(e)
		d.explainRules(e)
		d.explainFlips(e)
	}
	d.explainOverrides(e)
	d.explainAbsence(e)
	d.explainWrites(e)
	d.explainFoot(e)
	return d.writeTo(w)
}

func (d *document) explainHead(e Explanation) {
	d.para(0, bold, headline(e.Ref, e.Title))
	if e.URL != "" {
		d.para(0, faint, e.URL)
	}
	d.blank()
	for _, l := range e.Verdict(d.Style) {
		d.line("%s", l)
	}
}

// headline names an issue.
func headline(ref, title string) string {
	if title == "" {
		return ref
	}
	return ref + ": " + title
}

// Verdict says in a few sentences where the issue is and why.
func (e Explanation) Verdict(s Style) []string {
	switch {
	case e.DecidedAt == nil:
		return []string{"Not evaluated yet: the next cycle decides."}
	case e.Undecided != "":
		return []string{
			"Undecided: " + e.Undecided + ".",
			"Nothing is written to it until that is put right; what was written before stays.",
		}
	}
	out := append([]string{e.laneSentence(s)}, e.numbers()...)
	if !e.Open {
		out = append(out, "It is closed"+inStatus(e.Status)+" or out of scope, so this last decision is kept and nothing more is written.")
	}
	if e.Stale != "" {
		out = append(out, "This may be out of date: "+e.Stale+".")
	}
	return out
}

func inStatus(name string) string {
	if name == "" {
		return ""
	}
	return " (" + name + ")"
}

// laneSentence names the lane with its own reason. That no rule matched is said
// in words.
func (e Explanation) laneSentence(s Style) string {
	text := "It is in the lane " + e.Lane
	if e.NoRule() {
		text = "No rule matched, so it is in the last lane, " + e.Lane
	}
	if e.Horizon != "" {
		text += " (" + e.Horizon + ")"
	}
	if !e.Since.IsZero() {
		text += ", since " + s.When(e.Since)
	}
	text = strings.TrimSuffix(text, ".")
	if e.Why != "" {
		return text + ": " + strings.TrimSuffix(e.Why, ".") + "."
	}
	return text + "."
}

// NoRule reports whether only the last lane, the catch-all, took the issue.
func (e Explanation) NoRule() bool {
	for i, r := range e.Rules {
		switch r.Result {
		case Matched:
			return i == len(e.Rules)-1 && i > 0
		case Stayed:
			return false
		}
	}
	return false
}

// numbers says what came out beside the lane.
func (e Explanation) numbers() []string {
	score := fmt.Sprintf("Score %s out of 100", Number(e.Score))
	if e.Effort > 0 {
		score += fmt.Sprintf("; value per effort %s, at an effort of %s", Number(e.ValuePerEffort), Number(e.Effort))
	}
	out := []string{score + ".", "Priority " + cmp.Or(e.Because.Priority, e.bandSentence()) + "."}
	var more []string
	for _, m := range e.Marks {
		more = append(more, m.Prefix+":"+m.Value)
	}
	if e.SLA != nil {
		more = append(more, "SLA "+e.SLA.Name)
	}
	if e.Owner != "" {
		more = append(more, "owner "+e.Owner)
	}
	if len(more) > 0 {
		out = append(out, "Also: "+strings.Join(more, ", ")+".")
	}
	if e.Confidence < 1 {
		out = append(out, "Confidence: "+cmp.Or(e.Because.Confidence, "only "+Percent(e.Confidence)+" of the score rests on real inputs")+".")
	}
	return out
}

// bandSentence says the priority where the policy does not.
func (e Explanation) bandSentence() string {
	if e.Band != e.Priority {
		return fmt.Sprintf("%s; the score alone gives %s, the lane bounds it", e.Priority, e.Band)
	}
	return e.Priority.String()
}

func (d *document) explainScore(e Explanation) {
	if len(e.Pillars) == 0 {
		return
	}
	d.heading("Why this score")
	t := &table{indent: 2, columns: []column{{}, {right: true}, {right: true}, {flex: true}}}
	for _, name := range sortedKeys(e.Pillars) {
		p := e.Pillars[name]
		value := cell{"unknown", yellow}
		if p.Value != nil {
			value = cell{Number(*p.Value), bold}
		}
		t.row(text(name), value, cell{"× " + Number(p.Weight), faint}, text(p.Reason()))
	}
	d.table(t)
}

// Reason is why a pillar has its value, with the inputs that were missing.
func (p Pillar) Reason() string {
	reason := p.Because
	if p.Rubric != "" {
		reason = strings.TrimPrefix(reason+" – "+p.Rubric, " – ")
	}
	if len(p.Missing) > 0 && reason == "" {
		reason = "no value for " + strings.Join(p.Missing, ", ")
		if p.Defaulted {
			reason += ", so the policy's default counts"
		}
	}
	return reason
}

func (d *document) explainRules(e Explanation) {
	if len(e.Rules) == 0 {
		return
	}
	d.heading("Which rule decided")
	t := &table{indent: 2, columns: []column{{}, {}, {}, {flex: true}}}
	for _, r := range e.Rules {
		mark, c := r.Result.mark()
		t.row(cell{mark, c}, cell{r.Name, c}, text(r.Result.Words()), text(r.Because))
	}
	d.table(t)
}

func (r RuleResult) mark() (string, color) {
	switch r {
	case Matched, Stayed:
		return "✓", green
	case NotMatched:
		return "✗", none
	}
	return "·", faint
}

// Words says the result for people.
func (r RuleResult) Words() string {
	switch r {
	case Matched:
		return "matched"
	case Stayed:
		return "stays"
	case NotMatched:
		return "no match"
	}
	return "not tried"
}

func (d *document) explainFlips(e Explanation) {
	if len(e.Flips) == 0 {
		return
	}
	d.heading("What would change it")
	for _, f := range e.Flips {
		d.item(none, "%s", f.Sentence)
	}
}

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
		return text + "suggest mode only proposes it in the comment."
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

func (d *document) explainWrites(e Explanation) {
	if len(e.Writes) == 0 {
		return
	}
	d.heading("What lanekeeper wrote")
	t := &table{indent: 2, columns: []column{{}, {}, {}, {}, {flex: true}}}
	for _, c := range slices.Backward(e.Writes) {
		from, to := c.Values()
		t.row(cell{d.Stamp(c.At), faint}, text(string(c.Field)), text(from+" → "+to),
			cell{string(c.Status), statusColor(c.Status)}, text(c.Why()))
	}
	d.table(t)
}

func (d *document) explainFoot(e Explanation) {
	if e.DecidedAt == nil {
		return
	}
	d.blank()
	text := "Decided " + d.When(*e.DecidedAt)
	if e.Cause != "" {
		text += " (" + e.Cause + ")"
	}
	text += " by policy " + orDash(ShortHash(e.PolicyHash))
	if e.Mode != "" {
		text += " in " + e.Mode + " mode"
	}
	if !e.Seen.IsZero() {
		text += "; the issue was read " + d.Relative(e.Seen)
	}
	d.para(0, faint, text+".")
}

// Class is the result as one word, for style sheets.
func (r RuleResult) Class() string {
	if r == NotTried {
		return "later"
	}
	return string(r)
}
