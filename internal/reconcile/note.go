package reconcile

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/policy"
	"github.com/lanekeeper/lanekeeper/state"
)

const (
	// withdrawn is what an undone comment says.
	withdrawn = "What lanekeeper said here was withdrawn."
	// namesShown is how many approvers a comment names.
	namesShown = 5
)

// note is what the marked comment is about, in this order.
type note struct {
	changes   []issue.Change // proposed
	contested *state.Override
	sla       *standing         // how the SLA stands
	lookBack  *state.PostMortem // that is asked for

	// left is the SLA that the comment spoke of and that holds no more; reopened
	// tells that a post-mortem was asked for and the issue is open again. Both are
	// said once and then forgotten.
	left     string
	reopened bool
	// unheard is why a label that is there does not answer the proposal, "" where
	// there is none or it was said.
	unheard string
	closed  bool // of a closed issue
	waits   bool // what is to be said is not known yet
}

// noteOf is what there is to say about an issue now. Only the suggest mode
// proposes, and only the enforce mode tells of SLAs and post-mortems.
func (c *cycle) noteOf(r *state.Record) note {
	var n note
	mode := c.Mode.narrow(r.Decision.Mode)
	switch {
	case isPinned(r):
	case !r.Issue.Open():
		if mode == Enforce && !r.Issue.Gone {
			c.lastWord(r, &n)
		}
	default:
		if mode == Suggest {
			n.changes = c.changes(r)
		}
		n.contested = contestOf(r)
		if mode == Enforce {
			c.tellSLA(r, &n)
			n.reopened = r.Comment.LookBack
		}
		n.unheard = n.unheardOf(r)
	}
	return n
}

// unheardOf is what must be said of a label that answers no proposal: one that is
// there before the proposal is, or that was looked at.
func (n note) unheardOf(r *state.Record) string {
	l := r.Comment.Label
	switch {
	case len(n.changes) == 0 || !slices.ContainsFunc(r.Issue.Labels, isAnswer):
		return ""
	case n.hash() != r.Comment.Hash:
		return setEarlier
	case l.Told:
		return ""
	}
	return l.Why
}

// lastWord is what is said on a closed issue, once: how its SLA stood where the
// comment had spoken of it, and that a post-mortem is asked for.
func (c *cycle) lastWord(r *state.Record, n *note) {
	n.closed = true
	asks := r.PostMortem.Outstanding() && !r.PostMortem.Said && c.termsOf(c.Policy.For(c.Source, r.Issue.Project)).asks(r.PostMortem.Lane)
	if !asks && (r.Comment.SLA == "" || r.Comment.Closed) {
		return
	}
	c.tellSLA(r, n)
	if r.PostMortem.Outstanding() {
		n.lookBack = r.PostMortem
	}
}

// told notes on a record what its comment says now.
func (n note) told(r *state.Record) {
	r.Comment.SLA, r.Comment.Closed, r.Comment.LookBack = "", n.closed, n.lookBack != nil
	if n.sla != nil {
		r.Comment.SLA = n.sla.name
	}
	if n.lookBack != nil && r.PostMortem != nil {
		r.PostMortem.Said = true
	}
	r.Comment.Label.Told = r.Comment.Label.Told || n.unheard != ""
}

// contestOf is the contested move that is to be said on the issue, nil for none.
func contestOf(r *state.Record) *state.Override {
	if at := laneOverride(r); at >= 0 {
		if o := &r.Overrides[at]; len(o.Contested) > 0 && o.Ask.IsZero() {
			return o
		}
	}
	return nil
}

func (n note) empty() bool {
	return len(n.changes) == 0 && n.contested == nil && n.sla == nil && n.lookBack == nil && !n.once()
}

// once tells that there is something to be said once.
func (n note) once() bool { return n.left != "" || n.reopened || n.unheard != "" }

// hash is of the proposed values, the contested move and how things stand: a new
// wording is no news.
func (n note) hash() string {
	var values strings.Builder
	for _, ch := range n.changes {
		fmt.Fprintf(&values, "%s=%s\n", ch.Field, ch.To)
	}
	if o := n.contested; o != nil {
		fmt.Fprintf(&values, "contested %s=%s by %s at %d\n", o.Field, o.Value, o.By.ID, o.At.UnixMilli())
	}
	if n.sla != nil {
		values.WriteString(n.sla.news + "\n")
	}
	if p := n.lookBack; p != nil {
		fmt.Fprintf(&values, "post-mortem of %d\n", p.Closed.UnixMilli())
	}
	h := sha256.Sum256([]byte(values.String()))
	return hex.EncodeToString(h[:8])
}

// change is the write that brings the comment up to date, none where it is.
func (n note) change(r *state.Record) (issue.Change, bool) {
	hash := n.hash()
	if n.empty() || n.waits || r.Comment.Hash == hash && !n.once() || writable(r, issue.FieldComment) == 0 {
		return issue.Change{}, false
	}
	var about []string
	if len(n.changes) > 0 {
		names := make([]string, len(n.changes))
		for k, ch := range n.changes {
			names[k] = string(ch.Field)
		}
		about = append(about, "proposal for "+strings.Join(names, ", "))
	}
	if n.contested != nil {
		about = append(about, "contested move of the lane")
	}
	switch {
	case n.sla != nil:
		about = append(about, "SLA "+n.sla.name+" "+words(n.sla.state))
	case n.left != "":
		about = append(about, "SLA "+n.left+" no longer holds")
	}
	if n.lookBack != nil {
		about = append(about, "post-mortem")
	}
	if n.reopened {
		about = append(about, "the issue is open again")
	}
	if n.unheard != "" {
		about = append(about, "a label that is no answer")
	}
	return issue.Change{Field: issue.FieldComment, From: r.Comment.Hash, To: hash, Reason: strings.Join(about, "; ")}, true
}

// noteDue is 1 where something must be said on the issue, beside the changes of
// its fields.
func (c *cycle) noteDue(r *state.Record) int {
	if contestOf(r) == nil && !c.speaks(r) || c.quiet(r) {
		return 0
	}
	if _, due := c.noteOf(r).change(r); !due {
		return 0
	}
	return 1
}

// speaks tells that the comment may have to say something of the SLA or of a
// post-mortem.
func (c *cycle) speaks(r *state.Record) bool {
	return c.Mode.narrow(r.Decision.Mode) == Enforce &&
		(r.Comment.SLA != "" || r.Comment.LookBack || r.PostMortem.Outstanding() || r.Issue.Open() && c.slaComment(r) != nil)
}

// body writes the comment out. A person who reads about a lane for the first time
// is told everything, later a line or two do.
func (c *cycle) body(r *state.Record, n note) (string, *state.Introduction) {
	var parts []string
	var greets *state.Introduction
	if len(n.changes) > 0 {
		greets = c.stranger(r)
		if greets != nil {
			parts = append(parts, proposal(r, n.changes))
		} else {
			parts = append(parts, shortProposal(r, n.changes))
		}
	}
	if n.unheard != "" {
		parts = append(parts, "The label that is there is no answer to this: "+n.unheard+". To answer, remove it and add it again.")
	}
	if n.contested != nil {
		parts = append(parts, c.contestText(r, n.contested))
	}
	switch {
	case n.sla != nil:
		parts = append(parts, n.sla.text)
	case n.left != "":
		parts = append(parts, "The SLA "+n.left+" no longer holds for this issue.")
	}
	if n.lookBack != nil {
		parts = append(parts, c.lookBackText(r, n.lookBack))
	}
	if n.reopened {
		parts = append(parts, "The issue is open again: a post-mortem is asked for when it is completed.")
	}
	return strings.Join(parts, "\n\n"), greets
}

// stranger is the introduction that an issue's person has not had yet: its
// assignee, or who reported it. Where nobody is known it is always due, and
// nothing is noted.
func (c *cycle) stranger(r *state.Record) *state.Introduction {
	i := state.Introduction{Person: cmp.Or(r.Issue.Assignee.ID, r.Issue.Reporter.ID), Lane: r.Decision.Lane}
	if i.Person == "" {
		return &i
	}
	if c.greeted[i] {
		return nil
	}
	known, err := c.Store.Introduced(c.Source, i)
	if err != nil {
		c.Log.Warn("introductions not read; the long comment is written", "source", c.Source, "issue", r.Issue.Key, "err", err)
	}
	if known {
		return nil
	}
	return &i
}

func listed(changes []issue.Change) string {
	var b strings.Builder
	for _, ch := range changes {
		fmt.Fprintf(&b, "- %s: %s instead of %s (%s)\n", ch.Field, shown(ch.To), shown(ch.From), strings.TrimSuffix(ch.Reason, "."))
	}
	return b.String()
}

const optOut = "To have lanekeeper leave this issue alone, give it the label " + issue.PinLabel + "."

func proposal(r *state.Record, changes []issue.Change) string {
	return fmt.Sprintf("lanekeeper proposes for %s:\n\n%s\nNothing was changed. To have it done, add the label %s, or: lanekeeper accept %s. To decline, add %s, or: "+
		"lanekeeper reject %s --reason \"why\". %s All reasons: lanekeeper explain %s",
		r.Issue.Key, listed(changes), issue.AcceptLabel, r.Issue.Ref(), issue.RejectLabel, r.Issue.Ref(), optOut, r.Issue.Ref())
}

func shortProposal(r *state.Record, changes []issue.Change) string {
	what := make([]string, len(changes))
	for n, ch := range changes {
		what[n] = fmt.Sprintf("%s %s (now %s)", ch.Field, shown(ch.To), shown(ch.From))
		if ch.Field.IsLabel() {
			what[n] = fmt.Sprintf("%s (now %s)", shown(ch.To), shown(ch.From))
		}
	}
	return fmt.Sprintf("lanekeeper proposes %s: %s. Answer with the label %s or %s, or lanekeeper accept or reject %s; reasons: lanekeeper explain %s; label %s to opt out.",
		strings.Join(what, ", "), strings.TrimSuffix(changes[0].Reason, "."), issue.AcceptLabel, issue.RejectLabel, r.Issue.Ref(), r.Issue.Ref(), issue.PinLabel)
}

// introduction tells a person about the first change that lanekeeper made to an
// issue of theirs in a lane.
func introduction(r *state.Record, changes []issue.Change) string {
	return fmt.Sprintf("lanekeeper now keeps %s in the lane %s. It changed:\n\n%s\nA value that you set otherwise stays as you set it. To take this back: lanekeeper undo %s. %s "+
		"All reasons: lanekeeper explain %s. You read this once for each lane.", r.Issue.Key, r.Decision.Lane, listed(changes), r.Issue.Ref(), optOut, r.Issue.Ref())
}

// introductionHash tells the comment of an introduction from others.
func introductionHash(lane string) string { return "introduced to " + lane }

// lookBackText asks for a post-mortem, with what it is to say.
func (c *cycle) lookBackText(r *state.Record, p *state.PostMortem) string {
	template := c.termsOf(c.Policy.For(c.Source, r.Issue.Project)).postMortem.Template
	return fmt.Sprintf("A post-mortem is asked for: %s.\n\n%s\n\nRemove the label %s when it is done. To withdraw this request: lanekeeper undo %s",
		p.Why, strings.TrimSpace(cmp.Or(template, policy.PostMortemTemplate)), issue.PostMortemLabel, r.Issue.Ref())
}

// contestText says who moved the issue, who may decide and how.
func (c *cycle) contestText(r *state.Record, o *state.Override) string {
	who := cmp.Or(o.By.Name, o.By.ID)
	why := who + " is not an approver of"
	if o.Unsure {
		who, why = "Somebody", "The history does not say who it was, so that an approver must agree for"
	}
	t := c.termsOf(c.Policy.For(c.Source, r.Issue.Project))
	names, more := c.names(t.mayDecide(o.Contested), namesShown)
	may := "The approvers that the policy names"
	if len(names) > 0 {
		may = strings.Join(names, ", ")
		if more {
			may += " and others"
		}
	}
	lanes := "the lane " + o.Contested[0]
	if len(o.Contested) > 1 {
		lanes = "the lanes " + strings.Join(o.Contested, ", ")
	}
	return fmt.Sprintf("%s moved this issue from %s to %s. %s %s.\n\n%s may decide: add the label %s to agree, set the lane label, or run "+
		"lanekeeper approve %s --as YOUR-ACCOUNT (with --reject for lanekeeper's value, %s). Until then it stays as it is.",
		who, shown(o.From), shown(o.Value), why, lanes, may, issue.ApprovalLabel, r.Issue.Ref(), shown(o.Wanted))
}

// quiet tells that a person undid our comment and wants no other for now.
func (c *cycle) quiet(r *state.Record) bool {
	return slices.ContainsFunc(r.Overrides, func(o state.Override) bool {
		return o.Field == issue.FieldComment && (o.Until.IsZero() || c.now.Before(o.Until))
	})
}

func shown(v string) string {
	if v == "" {
		return "none"
	}
	return v
}
