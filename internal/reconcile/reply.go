package reconcile

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/state"
)

// Reply is a person's answer to what suggest mode proposes for one issue.
type Reply struct {
	ID     string // of the issue
	Key    string // for people
	Accept bool   // or the present values stay
	// Fields are those that the answer is about; none means all that is proposed.
	Fields []issue.Field
	// Hash names the proposal that the person saw; "" is the one that the comment
	// on the issue shows.
	Hash   string
	As     string        // an approver, by address or account id, where a lane has any
	By     string        // who gave the order
	Via    string        // command or API
	For    time.Duration // how long a rejected proposal is not made again; 0 is the policy's overrides.ttl
	Reason string

	label *issue.Event // that set the label by which it was given; nil for another way
}

// rejectedFor is how long a rejected proposal is not made again where neither
// the person nor the policy says so.
const rejectedFor = 90 * 24 * time.Hour

// Hashes of the comment that no proposal has: when one was answered, and when it
// is not known whether an edit arrived.
const (
	acceptedHash = "accepted"
	rejectedHash = "rejected"
	unsureHash   = "unsure"
)

// The reasons for which an answer is refused, beside those of a Ruling and
// ErrGated.
var (
	ErrNoProposal      = errors.New("nothing is proposed")
	ErrProposalChanged = errors.New("another proposal than the one that was answered")
)

// ProposalChangedError is an ErrProposalChanged that names the present one.
type ProposalChangedError struct {
	Ref     issue.Ref
	Shown   bool   // a proposal was shown at all
	Hash    string // of the present one
	Changes []issue.Change
}

func (e *ProposalChangedError) Error() string {
	what := "the proposal changed since it was shown"
	if !e.Shown {
		what = "no comment shows this proposal yet"
	}
	return fmt.Sprintf("%s: %s; it is now %s: add --proposal %s to answer this one", e.Ref, what, proposed(e.Changes), e.Hash)
}

// Is makes it an ErrProposalChanged.
func (e *ProposalChangedError) Is(target error) bool { return target == ErrProposalChanged }

// proposed is a list of changes on one line.
func proposed(changes []issue.Change) string {
	out := make([]string, len(changes))
	for n, ch := range changes {
		out[n] = fmt.Sprintf("%s %s (now %s)", ch.Field, shown(ch.To), shown(ch.From))
	}
	return strings.Join(out, ", ")
}

// Replied tells what became of an answer.
type Replied struct {
	Report
	By    issue.Person   // who answered
	Rule  string         // the lane whose rule had proposed
	Until time.Time      // of a rejection: when it may be proposed again
	Left  []issue.Change // still proposed

	done bool // something of it
}

// deniedError is the ErrMayNot of a person who is no approver of some lanes.
type deniedError struct {
	who   string
	lanes []string
}

func (e *deniedError) Error() string {
	return fmt.Sprintf("%q %v: not an approver of %s", e.who, ErrMayNot, strings.Join(e.lanes, ", "))
}

func (e *deniedError) Is(target error) bool { return target == ErrMayNot }

// errUnsureWho is returned where the approvers cannot be read.
var errUnsureWho = errors.New("who the approvers are cannot be read now; try again")

// Reply carries out a person's answer to a proposal, at once. What they accept
// is written although the mode only suggests, through the same gate, outbox and
// journal as everything else; what they reject stays as it is, and the comment
// says so. The issue is read and decided anew first: an answer to another
// proposal than the present one is refused with a ProposalChangedError, and
// carries out nothing. So is one in observe mode or while writes are paused. It
// waits for a running cycle.
func (c *Cycler) Reply(ctx context.Context, r Reply) Replied {
	out := Replied{Report: Report{Source: c.Source, Mode: c.Mode}}
	if out.Err = c.Turn.take(ctx); out.Err != nil {
		return out
	}
	defer c.Turn.give()
	run := c.start(ctx, Task{List: true})
	run.report = out.Report
	run.sense()
	err := run.reply(r, &out)
	run.catchUp(err)
	run.lag()
	run.sortLines()
	out.Report, out.Err = run.report, err
	return out
}

func (c *cycle) reply(a Reply, out *Replied) error {
	if c.Mode == Observe {
		return fmt.Errorf("%w: source %s is in mode observe, which proposes and writes nothing; set its mode to suggest", ErrGated, c.Source)
	}
	if paused, err := c.gate.Paused(); err != nil || paused {
		return fmt.Errorf("%w%s; lanekeeper resume ends the pause", ErrPaused, because(err))
	}
	if err := c.recover(); err != nil { // a write without an answer may have arrived
		return fmt.Errorf("recover: %w", err)
	}
	shown, err := c.commentHash(a.ID)
	if err != nil {
		return err
	}
	bad, err := c.rereadStrays([]string{a.ID})
	if err != nil {
		return err
	}
	if len(bad) > 0 {
		return fmt.Errorf("read %s: %w", cmp.Or(a.Key, a.ID), bad[0].Err)
	}
	records, err := c.Store.Records(c.Source, []string{a.ID})
	if err != nil {
		return fmt.Errorf("read the record: %w", err)
	}
	if records[0] == nil {
		return fmt.Errorf("%w for %s: it is not known any more", ErrNoProposal, cmp.Or(a.Key, a.ID))
	}
	return c.replyTo(clone(records[0]), a, cmp.Or(a.Hash, shown), out)
}

// replyTo carries out an answer to the proposal of a hash, for an issue that was
// just read.
func (c *cycle) replyTo(r *state.Record, a Reply, hash string, out *Replied) error {
	chosen, err := c.chosen(r, a, hash)
	if err != nil {
		return err
	}
	out.Rule, out.By = r.Decision.Lane, issue.Person{Name: a.By}
	if a.label != nil && a.label.By.Person != (issue.Person{}) {
		out.By = a.label.By.Person
	}
	p := state.Plan{ID: c.planID(1), Source: c.Source, At: c.now, Mode: string(c.Mode), PolicyHash: c.Policy.Hash(), Status: state.PlanRunning,
		By: a.By, ByAt: c.now}
	if a.Accept {
		err = c.accept(&p, r, a, chosen, out)
	} else {
		err = c.reject(&p, r, a, chosen, out)
	}
	if p.Changes == 0 {
		return err
	}
	c.report.Plan, p.Status = p.ID, state.PlanDone
	return errors.Join(err, c.commit(state.Batch{Plan: &p}))
}

// commentHash names the proposal that the comment on an issue shows, "" for
// none.
func (c *cycle) commentHash(id string) (string, error) {
	records, err := c.Store.Records(c.Source, []string{id})
	if err != nil || records[0] == nil {
		return "", err
	}
	switch h := records[0].Comment.Hash; h {
	case acceptedHash, rejectedHash, unsureHash:
		return "", nil
	default:
		return h, nil
	}
}

// chosen lists the changes that an answer is about, if they are those that the
// person saw.
func (c *cycle) chosen(r *state.Record, a Reply, shown string) ([]issue.Change, error) {
	n := c.noteOf(r)
	switch {
	case !r.Issue.Open() || r.Absent > 0:
		return nil, fmt.Errorf("%w for %s: it is closed or out of scope", ErrNoProposal, r.Issue.Ref())
	case len(n.changes) > 0:
	case isPinned(r):
		return nil, fmt.Errorf("%w for %s: it is pinned with the label %s", ErrNoProposal, r.Issue.Ref(), issue.PinLabel)
	case c.Mode.narrow(r.Decision.Mode) != Suggest:
		return nil, fmt.Errorf("%w for %s: it is in mode %s", ErrNoProposal, r.Issue.Ref(), c.Mode.narrow(r.Decision.Mode))
	default:
		return nil, fmt.Errorf("%w for %s: it is as policy wants it, or people keep what differs", ErrNoProposal, r.Issue.Ref())
	}
	if hash := n.hash(); hash != shown {
		return nil, &ProposalChangedError{Ref: r.Issue.Ref(), Shown: shown != "", Hash: hash, Changes: n.changes}
	}
	if len(a.Fields) == 0 {
		return n.changes, nil
	}
	var out []issue.Change
	for _, ch := range n.changes {
		if slices.Contains(a.Fields, ch.Field) {
			out = append(out, ch)
		}
	}
	for _, f := range a.Fields {
		if !slices.ContainsFunc(out, func(ch issue.Change) bool { return ch.Field == f }) {
			return nil, fmt.Errorf("%w for %s of %s; proposed is %s", ErrNoProposal, f, r.Issue.Ref(), proposed(n.changes))
		}
	}
	return out, nil
}

// accept writes what a person agreed to. The answer is on record together with
// the outbox, before the first request.
func (c *cycle) accept(p *state.Plan, r *state.Record, a Reply, chosen []issue.Change, out *Replied) error {
	if err := c.mayAccept(r, a, chosen, out); err != nil {
		return err
	}
	p.Accepted, p.Reason = true, a.Reason
	i := item{id: r.Issue.ID, key: r.Issue.Key, lane: r.Decision.Lane, applied: r.Applied, changes: chosen}
	for _, ch := range chosen {
		c.gate.accepting(r.Issue.ID, ch.Field)
		c.noted(r, state.Act{Verb: state.Accepted, Field: ch.Field, From: ch.From, To: ch.To, By: out.By, Plan: p.ID, Rule: out.Rule, Reason: reasoned(Ruling{Via: a.Via, By: a.By, Reason: a.Reason})})
	}
	box := c.outbox()
	box.add(p, i, r)
	if err := box.carry(p); err != nil {
		return err
	}
	f := box.flights[r.Issue.ID]
	if len(f.applied()) == 0 {
		return nil
	}
	out.done = true
	return c.sayReplied(p, f.record, acceptedHash, acceptedText(f.record, a, out.By, f.applied()), out)
}

// mayAccept tells who accepts. A move into or out of lanes with approvers needs
// one who may decide about all of them.
func (c *cycle) mayAccept(r *state.Record, a Reply, chosen []issue.Change, out *Replied) error {
	at := slices.IndexFunc(chosen, func(ch issue.Change) bool { return ch.Field == issue.FieldLane })
	if at < 0 {
		return nil
	}
	t := c.termsOf(c.Policy.For(c.Source, r.Issue.Project))
	guarded := t.guarded(chosen[at].From, chosen[at].To)
	if len(guarded) == 0 {
		return nil
	}
	var mine []string
	if a.label != nil {
		var sure bool
		if mine, sure = c.lanesOf(t, guarded, out.By.ID); len(mine) < len(guarded) && !sure {
			return fmt.Errorf("%s: %w", r.Issue.Ref(), errUnsureWho)
		}
	} else {
		who, theirs, err := c.mayRule(t, guarded, cmp.Or(a.As, a.By))
		if err != nil {
			return fmt.Errorf("%s: %w", r.Issue.Ref(), err)
		}
		mine, out.By = theirs, who
	}
	if len(mine) < len(guarded) {
		others := slices.DeleteFunc(guarded, func(lane string) bool { return slices.Contains(mine, lane) })
		return fmt.Errorf("%s: %w", r.Issue.Ref(), &deniedError{cmp.Or(a.As, a.By), others})
	}
	return nil
}

// reject keeps the present values, and withdraws the proposal.
func (c *cycle) reject(p *state.Plan, r *state.Record, a Reply, chosen []issue.Change, out *Replied) error {
	t := c.termsOf(c.Policy.For(c.Source, r.Issue.Project))
	u := Ruling{By: a.By, Via: a.Via, For: cmp.Or(a.For, max(t.ttl, 0), rejectedFor), Reason: a.Reason}
	if u.For < 0 || u.For > longestHold {
		return badSpan(u.For)
	}
	out.Until, out.done = c.now.Add(u.For), true
	err := c.change([]string{r.Issue.ID}, func(r *state.Record) bool {
		for _, ch := range chosen {
			u.Field = ch.Field
			o := c.keepPresent(r, u)
			c.noted(r, state.Act{Verb: state.Declined, Field: o.Field, From: o.Wanted, To: o.Value, By: o.By, Rule: out.Rule, Reason: untilWhen(o, u)})
			c.report.Lines = append(c.report.Lines, Line{Ref: r.Issue.Ref(), ID: r.Issue.ID, Change: ch, Status: Kept})
		}
		return true
	})
	if err != nil {
		return err
	}
	records, err := c.Store.Records(c.Source, []string{r.Issue.ID})
	if err != nil || records[0] == nil {
		return err
	}
	return c.sayReplied(p, clone(records[0]), rejectedHash, rejectedText(a, out.By, chosen), out)
}

// sayReplied brings the comment up to date with an answer: what is left of the
// proposal, or that nothing is. A comment that was never written stays so.
func (c *cycle) sayReplied(p *state.Plan, r *state.Record, hash, text string, out *Replied) error {
	n := c.noteOf(r)
	out.Left = n.changes
	i := item{id: r.Issue.ID, key: r.Issue.Key, lane: r.Decision.Lane, applied: r.Applied}
	switch ch, due := n.change(r); {
	case c.quiet(r) || writable(r, issue.FieldComment) == 0 || r.Comment.ID == "" || r.Parked != nil:
		return nil
	case due:
		i.changes = []issue.Change{ch}
	case n.empty():
		i.says = text
		i.changes = []issue.Change{{Field: issue.FieldComment, From: r.Comment.Hash, To: hash, Reason: "the proposal was " + hash}}
	default:
		return nil
	}
	box := c.outbox()
	box.add(p, i, clone(r))
	return box.carry(p)
}

func acceptedText(r *state.Record, a Reply, by issue.Person, changes []issue.Change) string {
	return fmt.Sprintf("%s accepted lanekeeper's proposal%s. It changed:\n\n%s\nTo take this back: lanekeeper undo %s. All reasons: lanekeeper explain %s",
		cmp.Or(by.Name, by.ID), reasonGiven(a.Reason), listed(changes), r.Issue.Ref(), r.Issue.Ref())
}

func rejectedText(a Reply, by issue.Person, changes []issue.Change) string {
	return fmt.Sprintf("%s rejected lanekeeper's proposal%s. Nothing was changed: %s.", cmp.Or(by.Name, by.ID), reasonGiven(a.Reason), proposed(changes))
}

func reasonGiven(reason string) string {
	if reason == "" {
		return ""
	}
	return " (" + reason + ")"
}
