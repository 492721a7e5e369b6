package answer

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
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
	d.explainSLA(e)
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
	out := append([]string{e.laneSentence(s)}, e.numbers(s)...)
	if !e.Open {
		out = append(out, "It is closed"+inStatus(e.Status)+" or out of scope, so this last decision is kept and nothing more is written.")
	}
	if e.PostMortem != nil {
		out = append(out, e.PostMortem.Sentence(s))
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
func (e Explanation) numbers(s Style) []string {
	score := fmt.Sprintf("Score %s out of 100", Number(e.Score))
	if p := e.TeamPercentile; p != nil {
		score += fmt.Sprintf(" (in its team %.0f %% score no higher)", *p)
	}
	if e.Effort > 0 {
		score += fmt.Sprintf("; value per effort %s, at an effort of %s", Number(e.ValuePerEffort), Number(e.Effort))
	}
	out := []string{score + ".", "Priority " + cmp.Or(e.Because.Priority, e.bandSentence()) + "."}
	var more []string
	for _, m := range e.Marks {
		more = append(more, m.Prefix+":"+m.Value)
	}
	if e.SLA != nil {
		more = append(more, e.SLA.phrase())
	}
	if e.Owner != "" {
		more = append(more, e.ownerPhrase(s))
	}
	if len(more) > 0 {
		out = append(out, "Also: "+strings.Join(more, ", ")+".")
	}
	if e.Confidence < 1 {
		out = append(out, "Confidence: "+cmp.Or(e.Because.Confidence, "only "+Percent(e.Confidence)+" of the score rests on real inputs")+".")
	}
	return out
}

// ownerPhrase names the owner, and the rota that gave the issue to them.
func (e Explanation) ownerPhrase(s Style) string {
	text := "owner " + e.Owner
	if e.Rota == "" {
		return text
	}
	return text + " (on duty in rota " + e.Rota + " at " + s.Stamp(e.OwnerSince) + ")"
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

func (d *document) explainWrites(e Explanation) {
	if len(e.Writes) == 0 {
		return
	}
	d.heading("What lanekeeper wrote")
	t := &table{indent: 2, columns: []column{{}, {}, {}, {}, {flex: true}}}
	writes := slices.Clone(e.Writes)
	slices.SortStableFunc(writes, func(a, b Change) int { return b.At.Compare(a.At) })
	for _, c := range writes {
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
