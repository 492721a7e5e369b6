// Package plan compares, for each managed field of an issue, what policy wants
// with what the tracker holds and with what lanekeeper wrote last. It is pure:
// no clock, no store, no network; the same input gives the same plan.
package plan

import (
	"slices"
	"strings"
	"time"

	"github.com/lanekeeper/lanekeeper/internal/issue"
)

// Want is what policy wants of one field.
type Want struct {
	Field  issue.Field
	Value  string // "" wants the field empty
	Reason string
}

// Applied is what lanekeeper last wrote; a field never written is absent.
type Applied map[issue.Field]string

// Override is a field that stays as a person set it.
type Override struct {
	Field issue.Field
	Value string
	Until time.Time // zero: no end
	Lane  string    // the lane when it began
	// Firm keeps the value until Until even where policy wants the same now.
	Firm bool
	// Displaced tells that a pin took the value's label away, which comes back
	// when the pin is gone.
	Displaced bool
}

// Policy says how to treat what is not lanekeeper's.
type Policy struct {
	// Adopt names the fields whose value at first sight is kept; the others
	// are claimed.
	Adopt map[issue.Field]bool
	// ReleaseOnMove ends overrides when policy moves the issue to another lane.
	ReleaseOnMove bool
}

// Input is one issue as the diff sees it.
type Input struct {
	Issue   *issue.Issue
	Lane    string // policy's lane now
	Wants   []Want
	Applied Applied
	// Freed are values of people that may be written over, since their override
	// ended. A person who sets such a value again takes nothing back.
	Freed     map[issue.Field]string
	Overrides []Override
	Policy    Policy
	Now       time.Time
}

// Outcome says what the diff found for one field.
type Outcome uint8

// The outcomes, one for each row of the table at Diff.
const (
	Agreed   Outcome = iota // the tracker holds what policy wants
	Changed                 // a change is planned
	Taken                   // new: a person changed what lanekeeper wrote
	Adopted                 // new: a value from before lanekeeper is kept
	Kept                    // an override goes on
	Unseen                  // the field failed to load
	Released                // an override ended and a change is planned
	Returned                // what a person chose and a pin displaced is planned again
)

// Verdict is the result for one field.
type Verdict struct {
	Want
	Outcome Outcome
	Actual  string
}

// Writes reports whether the verdict plans a change.
func (v Verdict) Writes() bool {
	return v.Outcome == Changed || v.Outcome == Released || v.Outcome == Returned
}

// Change is the planned change of a verdict that writes.
func (v Verdict) Change() issue.Change {
	return issue.Change{Field: v.Field, From: v.Actual, To: v.Value, Reason: v.Reason}
}

// Diff compares the three values of every wanted field:
//
//	actual vs desired | actual vs applied | verdict
//	equal             | any               | Agreed: nothing to do, applied becomes actual
//	differs           | equal             | Changed: write desired
//	differs           | differs           | Taken: a person's change is an override;
//	                  |                   | Changed where an override of that value ended
//	differs           | never applied     | Adopted or Changed, by field; an empty
//	                  |                   | field holds nobody's work and is always set
//	override active   |                   | Kept, until it expires, a person takes it
//	                  |                   | back, or policy moves the issue (if so set);
//	                  |                   | a value of a person that is new then is Taken
//	override displaced by a pin           | Returned: write the person's value again
//
// A firm override is kept although policy wants the same, until its time is over
// or a person sets another value. An issue with the pin label is not compared.
//
// Verdicts come in the order of Wants.
func Diff(in Input) []Verdict {
	out := make([]Verdict, 0, len(in.Wants))
	for _, w := range in.Wants {
		v := Verdict{Want: w, Actual: Actual(in.Issue, w.Field)}
		v.Outcome = in.judge(v)
		if v.Outcome == Returned {
			v.Value, v.Reason = in.override(v.Field).Value, "the pin that displaced it is gone"
		}
		out = append(out, v)
	}
	return out
}

func (in *Input) judge(v Verdict) Outcome {
	if in.Issue.Unknown.Any(input(v.Field)) {
		return Unseen
	}
	o := in.override(v.Field)
	switch {
	case o == nil:
	case o.Firm && v.Actual == o.Value && (o.Until.IsZero() || in.Now.Before(o.Until)):
		return Kept
	case o.Displaced && v.Actual == "" && o.Value != "" && !in.ended(*o):
		return Returned
	}
	if v.Actual == v.Value {
		return Agreed
	}
	applied, written := in.Applied[v.Field]
	if o != nil {
		pinned := o.Displaced && v.Actual == ""   // the pin took the value away
		changed := v.Actual != o.Value && !pinned // by a person, since it was last looked at
		takenBack := written && v.Actual == applied && changed
		switch {
		case takenBack:
			return Released
		case in.ended(*o) && changed:
			return Taken
		case in.ended(*o):
			return Released
		}
		return Kept
	}
	freed, free := in.Freed[v.Field]
	switch {
	case written && v.Actual == applied, free && v.Actual == freed:
		return Changed
	case written, free:
		return Taken
	case in.Policy.Adopt[v.Field] && v.Actual != "":
		return Adopted
	}
	return Changed
}

// override is the one of a field, nil for none.
func (in *Input) override(f issue.Field) *Override {
	if i := slices.IndexFunc(in.Overrides, func(o Override) bool { return o.Field == f }); i >= 0 {
		return &in.Overrides[i]
	}
	return nil
}

func (in *Input) ended(o Override) bool {
	if !o.Until.IsZero() && !in.Now.Before(o.Until) {
		return true
	}
	return in.Policy.ReleaseOnMove && o.Lane != in.Lane
}

// Actual is what the tracker holds for a field. A label field gives every
// label of its prefix, sorted and separated by spaces, so that a second label
// that a person added is seen. The pin is no value of any field.
func Actual(i *issue.Issue, f issue.Field) string {
	switch f {
	case issue.FieldPriority:
		if i.Priority == issue.None {
			return ""
		}
		return i.Priority.String()
	case issue.FieldDue:
		return string(i.Due)
	case issue.FieldAssignee:
		return i.Assignee.ID
	}
	var one string
	var more []string
	for _, l := range i.Labels {
		if !f.Owns(l) || l == issue.PinLabel {
			continue
		}
		if one == "" {
			one = l
		} else {
			more = append(more, l)
		}
	}
	if more == nil {
		return one
	}
	more = append(more, one)
	slices.Sort(more)
	return strings.Join(more, " ")
}

// Write puts a change's value into the issue, as the tracker holds it after
// the change was written.
func Write(i *issue.Issue, c issue.Change) {
	switch c.Field {
	case issue.FieldPriority:
		i.Priority, _ = issue.ParsePriority(c.To) // a name of ours; "" is none
	case issue.FieldDue:
		i.Due = issue.Date(c.To)
	case issue.FieldAssignee:
		i.Assignee = issue.Person{ID: c.To}
	case issue.FieldComment:
	default:
		labels := slices.DeleteFunc(slices.Clone(i.Labels), func(l string) bool { return c.Field.Owns(l) && l != issue.PinLabel })
		labels = append(labels, c.Field.Values(c.To)...)
		slices.Sort(labels)
		i.Labels = slices.Compact(labels)
	}
}

func input(f issue.Field) issue.Inputs {
	switch f {
	case issue.FieldPriority:
		return issue.InputPriority
	case issue.FieldDue:
		return issue.InputDue
	case issue.FieldAssignee:
		return issue.InputAssignee
	case issue.FieldComment:
		return 0
	}
	return issue.InputLabels
}
