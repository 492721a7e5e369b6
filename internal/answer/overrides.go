package answer

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/state"
)

// Overrides is a page of what is held, in the order of the issues.
type Overrides struct {
	Overrides []Holding `json:"overrides"`
	Total     int       `json:"total"` // on all pages
	Next      string    `json:"next,omitempty"`
}

// Holding is a field of an issue that stays as somebody wanted it, or a whole issue
// that is pinned: then the field is "all".
type Holding struct {
	Ref   string `json:"ref"`
	ID    string `json:"id"`
	Title string `json:"title,omitempty"`
	Override
}

// FieldAll stands for every field of a pinned issue.
const FieldAll issue.Field = "all"

// Pin is a person's wish that an issue be left alone.
type Pin struct {
	By string    `json:"by"`
	At time.Time `json:"at,omitzero"`
}

// pinOf describes a pin, nil for none.
func pinOf(p *state.Pin) *Pin {
	if p == nil {
		return nil
	}
	return &Pin{By: personName(p.By), At: p.At.UTC()}
}

// Sentence says who pinned the issue and how it ends.
func (p Pin) Sentence(s Style) string {
	text := "Pinned by " + orSomebody(p.By)
	if !p.At.IsZero() {
		text += " since " + s.When(p.At)
	}
	return text + ": nothing is written to it until the label " + issue.PinLabel + " is removed."
}

func orSomebody(name string) string {
	if name == "" {
		return "somebody"
	}
	return name
}

// HoldingsOf lists what is held on an issue: the pin first. Approvers names those who
// may decide about lanes.
func HoldingsOf(r *state.Record, approvers func(lanes []string) []string) []Holding {
	head := Holding{Ref: r.Issue.Ref().String(), ID: r.Issue.ID, Title: r.Issue.Title}
	var out []Holding
	if p := r.Pin; p != nil {
		h := head
		h.Override = Override{Field: FieldAll, Kind: "pinned", By: personName(p.By), At: p.At.UTC(), Lane: r.Decision.Lane}
		out = append(out, h)
	}
	for _, o := range r.Overrides {
		h := head
		h.Override = overrideOf(o)
		if len(o.Contested) > 0 {
			h.Approvers = approvers(o.Contested)
		}
		out = append(out, h)
	}
	return out
}

// WriteText shows one line for each field that is held, and beneath it who may
// decide what is contested.
func (l Overrides) WriteText(w io.Writer, s Style) error {
	d := &document{Style: s}
	t := &table{columns: []column{
		{head: "ISSUE"}, {head: "FIELD"}, {head: "STAYS"}, {head: "POLICY WANTS"}, {head: "SINCE"}, {head: "UNTIL"}, {head: "WHY", flex: true},
	}}
	var contested []string
	for _, h := range l.Overrides {
		why := cell{h.Why(), none}
		if len(h.Contested) > 0 {
			why.color = yellow
			contested = append(contested, fmt.Sprintf("%s: %s", h.Ref, h.Contest()))
		}
		stays, wants := orDash(h.bare(h.Value)), orDash(h.bare(h.Wanted))
		if h.Field == FieldAll {
			stays, wants = "as it is", "–"
		}
		t.row(text(h.Ref), cell{string(h.Field), cyan}, text(stays), text(wants), text(s.Age(h.At)), text(h.until(s)), why)
	}
	d.table(t)
	if len(l.Overrides) > 0 {
		d.blank()
	}
	for _, c := range contested {
		d.para(0, yellow, c)
	}
	switch {
	case l.Total == 0:
		d.line("Nothing is held.")
	case len(l.Overrides) < l.Total:
		d.line("%d of %d held.", len(l.Overrides), l.Total)
	default:
		d.line("%d held.", l.Total)
	}
	return d.writeTo(w)
}

// bare is a value without the prefix that the field's name says already.
func (h Holding) bare(value string) string { return strings.ReplaceAll(value, h.Field.Prefix(), "") }

// Came is the lane that a contested move began in.
func (h Holding) Came() string { return orDash(h.bare(h.From)) }

// Went is the lane that the move ended in.
func (h Holding) Went() string { return orDash(h.bare(h.Value)) }

// Back is the lane that a rejection brings back.
func (h Holding) Back() string { return orDash(h.bare(h.Wanted)) }

// Mover is who made the move, as far as it is known.
func (h Holding) Mover() string {
	if h.Unsure {
		return "somebody"
	}
	return orSomebody(h.By)
}

func (h Holding) until(s Style) string {
	switch {
	case h.Field == FieldAll:
		return "unpinned"
	case h.Until == nil:
		return "taken back"
	}
	return s.Relative(*h.Until)
}

// Why says whose decision an override is.
func (o Override) Why() string {
	var text string
	switch o.Kind {
	case "pinned":
		return "pinned by " + orSomebody(o.By)
	case "adopted":
		text = "it was there before lanekeeper"
	case "undone":
		text = "undone by " + orSomebody(o.By)
	case "operator":
		text = "held by " + orSomebody(o.By)
	default:
		text = "set by " + orSomebody(o.By)
	}
	if len(o.Contested) > 0 {
		text += ", contested (" + strings.Join(o.Contested, ", ") + ")"
	}
	if o.ApprovedBy != "" && len(o.Contested) == 0 {
		text += ", approved by " + o.ApprovedBy + " (" + o.ApprovedHow + ")"
	}
	if o.Reason != "" {
		text += "; " + o.Reason
	}
	return text
}

// Contest says why a move is contested and who ends that, "" where nobody
// contests it.
func (o Override) Contest() string {
	if len(o.Contested) == 0 {
		return ""
	}
	lanes := "the lane " + o.Contested[0]
	if len(o.Contested) > 1 {
		lanes = "the lanes " + strings.Join(o.Contested, ", ")
	}
	why := orSomebody(o.By) + " is not an approver of " + lanes
	if o.Unsure {
		why = "it cannot be told who did it, and " + lanes + " has approvers"
	}
	text := "the move is contested: " + why
	if len(o.Approvers) > 0 {
		text += "; " + strings.Join(o.Approvers, ", ") + " may decide"
	}
	return text + " (lanekeeper approve, or the label " + issue.ApprovalLabel + ")"
}

// Ruled is what became of a person's decision about one field.
type Ruled struct {
	Ref   string      `json:"ref"`
	ID    string      `json:"id"`
	Verb  string      `json:"verb"` // approve, reject, release or hold
	Field issue.Field `json:"field"`
	By    string      `json:"by"`
	// Override is what holds now; null: the next cycle writes Wanted.
	Override *Override `json:"override"`
	Wanted   string    `json:"wanted,omitempty"`
	Pinned   bool      `json:"pinned,omitempty"`
}

// WriteText says what holds from now on.
func (r Ruled) WriteText(w io.Writer, s Style) error {
	d := &document{Style: s}
	switch o := r.Override; {
	case o != nil && len(o.Contested) > 0:
		d.line("%s: agreed by %s. Still open: %s.", r.Ref, o.ApprovedBy, o.Contest())
	case o != nil && r.Verb == "approve":
		d.line("%s: approved by %s. %s", r.Ref, o.ApprovedBy, o.Sentence(s))
	case o != nil:
		d.line("%s: %s", r.Ref, o.Sentence(s))
	case r.Wanted == "":
		d.line("%s: %s is lanekeeper's again.", r.Ref, r.Field)
	default:
		d.line("%s: %s is lanekeeper's again; policy wants %s, and the next cycle sees to it.", r.Ref, r.Field, r.Wanted)
	}
	if r.Pinned {
		d.line("The issue is pinned: nothing is written to it while it has the label %s.", issue.PinLabel)
	}
	return d.writeTo(w)
}

func (l Overrides) normal() any { l.Overrides = some(l.Overrides); return l }
