package reconcile

import (
	"cmp"
	"errors"
	"fmt"
	"iter"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/internal/plan"
	"github.com/lanekeeper/lanekeeper/state"
)

const (
	// sendBatch is how many issues are confirmed, committed and sent together:
	// the most that one bulk request takes.
	sendBatch = 1000
	// smallBatch is the same for issues that differ, which are sent one by one.
	smallBatch = 50
)

// item is one issue with something to write. What is sent is computed anew from
// the tracker's answer, so that a long plan keeps the changes of its first items
// only.
type item struct {
	id, key, lane string
	changes       []issue.Change
	applied       map[issue.Field]string
	size, clears  int  // of changes
	moved         bool // lanekeeper wrote one of these fields before
	signature     string
	introduces    bool           // the comment is an introduction
	told          []issue.Change // that it tells about
	says          string         // the whole comment, where it is neither
}

// write plans all outstanding changes, lets the guard judge the whole, and
// sends what the mode allows.
func (c *cycle) write() error {
	if c.waits && !c.heldUntil.IsZero() && !c.now.Before(c.heldUntil) {
		c.planned = false // what waited too long is judged anew
	}
	if !c.task.List && (c.planned || c.Mode == Observe) {
		return nil
	}
	items, sum, err := c.outstanding()
	if err != nil {
		return err
	}
	c.waits = false
	defer c.sortLines()
	if len(items)+len(c.labels) == 0 || c.task.DryRun {
		c.lines(items, Planned)
		c.planned = len(items)+len(c.labels) == 0
		return nil
	}
	paused, err := c.Store.Paused()
	if err != nil {
		return fmt.Errorf("read pause: %w", err)
	}
	if paused.On {
		c.lines(items, Paused)
		c.planned = true // Replan is called when the pause ends
		return nil
	}
	if err := c.answers(); err != nil {
		return err
	}
	if len(items) == 0 {
		c.planned = true
		return nil
	}
	pass, err := c.admit(items, sum.done())
	if err != nil {
		return err
	}
	c.lines(without(items, pass), Held)
	if len(pass) == 0 {
		c.planned = true // Replan is called when the plan is approved
		return nil
	}
	if err := c.send(pass); err != nil && !errors.Is(err, ErrPaused) {
		return err // what a pause stopped is no failure and goes on with its end
	}
	c.planned = true
	return nil
}

// without are the items that are not among others.
func without(items, others []item) []item {
	if len(others) == len(items) {
		return nil
	}
	is := map[string]bool{}
	for _, o := range others {
		is[o.id] = true
	}
	return slices.DeleteFunc(slices.Clone(items), func(i item) bool { return is[i.id] })
}

// spelled is of how many items a plan keeps the changes: those of a held one, and
// those that the report lists.
func (c *cycle) spelled() int {
	if c.task.List && c.task.Most == 0 {
		return math.MaxInt
	}
	return max(heldShown, c.task.Most)
}

// outstanding lists what is to be written now, sums it up, and reports what is
// not.
func (c *cycle) outstanding() ([]item, *summary, error) {
	var items []item
	sum := c.summing()
	signatures := map[string]string{} // alike ones share their text
	for after := ""; ; {
		records, err := c.Store.Work(c.Source, after, revisitBatch)
		if err != nil {
			return nil, nil, fmt.Errorf("list outstanding changes: %w", err)
		}
		for _, r := range records {
			after = r.Issue.ID
			if c.labelled(r) {
				c.labels = append(c.labels, r.Issue.ID)
			}
			i, status := c.item(r)
			switch {
			case len(i.changes) == 0:
			case status != Planned:
				c.lines([]item{i}, status)
			default:
				sum.add(r, i.changes)
				if len(items) >= c.spelled() {
					i.changes, i.applied = nil, nil
				}
				if s, ok := signatures[i.signature]; ok {
					i.signature = s
				} else {
					signatures[i.signature] = i.signature
				}
				items = append(items, i)
			}
		}
		if len(records) < revisitBatch || c.Mode == Observe && c.report.More {
			return items, sum, nil
		}
	}
}

// item is what the mode lets us write to an issue now. A status other than
// Planned says why it is not to be written.
func (c *cycle) item(r *state.Record) (item, string) {
	i := item{id: r.Issue.ID, key: r.Issue.Key, lane: r.Decision.Lane, applied: r.Applied, changes: c.changes(r)}
	for _, ch := range i.changes {
		_, wrote := r.Applied[ch.Field]
		_, freed := r.Freed[ch.Field]
		i.moved = i.moved || wrote || freed
	}
	status := Planned
	switch mode := c.Mode.narrow(r.Decision.Mode); {
	case mode == Observe:
		status = Observed
	case mode == Suggest || len(i.changes) == 0: // the comment goes alone
		if note, due := c.noteOf(r).change(r); due && !c.quiet(r) {
			i.changes = []issue.Change{note}
		} else {
			status = Suggested
		}
	}
	if len(i.changes) == 0 {
		return i, Planned
	}
	if r.Parked != nil && c.now.Before(r.Parked.Until) && status == Planned {
		status = Parked
	}
	i.signature, i.size = signature(i.changes, r.Issue.Project), len(i.changes)
	for _, ch := range i.changes {
		if ch.Op() == issue.Clear {
			i.clears++
		}
	}
	return i, status
}

// changes lists the writable changes of a record, with their reasons.
func (c *cycle) changes(r *state.Record) []issue.Change {
	if isPinned(r) {
		return nil
	}
	t := c.termsOf(c.Policy.For(c.Source, r.Issue.Project))
	var out []issue.Change
	for _, v := range c.diff(t, r) {
		if v.Writes() && writable(r, v.Field) == 1 {
			ch := v.Change()
			if v.Outcome != plan.Returned {
				ch.Reason = c.reason(t, r, v.Field)
			}
			ch.FromRaw = raw(r, v.Field)
			out = append(out, ch)
		}
	}
	return out
}

// raw is the tracker's own id behind the value that a field holds.
func raw(r *state.Record, f issue.Field) string {
	if f == issue.FieldPriority {
		return r.Issue.RawPriority.ID
	}
	return ""
}

// signature is alike for edits that one batch can carry.
func signature(changes []issue.Change, project string) string {
	var b strings.Builder
	b.WriteString(project)
	for _, c := range changes {
		from := c.From
		if !c.Field.IsLabel() {
			from = "" // only labels are taken away by name
		}
		b.WriteString("\x00" + string(c.Field) + "\x00" + from + "\x00" + c.To)
	}
	return b.String()
}

// send carries the items out as one plan, in batches of alike edits.
func (c *cycle) send(items []item) error {
	slices.SortStableFunc(items, func(a, b item) int {
		return cmp.Or(cmp.Compare(a.signature, b.signature), cmp.Compare(a.id, b.id))
	})
	t, err := c.Store.Totals(c.Source)
	if err != nil {
		return fmt.Errorf("count issues: %w", err)
	}
	p := state.Plan{ID: c.planID(len(items)), Source: c.Source, At: c.now, Mode: string(c.Mode), PolicyHash: c.Policy.Hash(), Open: t.Open, Status: state.PlanRunning}
	c.report.Plan = p.ID
	var failed error
	for batch := range batches(items) {
		ids := make([]string, len(batch))
		for n, i := range batch {
			ids[n] = i.id
		}
		if failed = c.sendBatch(&p, ids); failed != nil {
			break
		}
	}
	if p.Changes == 0 {
		c.report.Plan = ""
		return failed // everything was settled before it was sent: no plan to keep
	}
	p.Status = state.PlanDone
	if err := c.commit(state.Batch{Plan: &p}); err != nil && failed == nil {
		failed = err
	}
	return failed
}

// batches cuts sorted items into what is confirmed and sent together. Alike ones
// go in large batches, which the tracker takes as few requests; the others in
// small ones, so that little time passes between reading an issue and writing
// to it.
func batches(items []item) iter.Seq[[]item] {
	return func(yield func([]item) bool) {
		for len(items) > 0 {
			alike := 1
			for alike < min(len(items), sendBatch) && items[alike].signature == items[0].signature {
				alike++
			}
			n := alike
			if alike < smallBatch {
				n = min(smallBatch, len(items))
			}
			if !yield(items[:n]) {
				return
			}
			items = items[n:]
		}
	}
}

// sendBatch confirms the issues with the tracker, commits what is still wanted
// to the outbox, sends it and records the outcomes.
func (c *cycle) sendBatch(p *state.Plan, ids []string) error {
	found, err := c.reread(ids, "read before writing")
	if err != nil {
		return err
	}
	if err := c.parkUnread(found.Bad); err != nil {
		return err
	}
	records, err := c.Store.Records(c.Source, readable(ids, found.Bad))
	if err != nil {
		return fmt.Errorf("read records: %w", err)
	}
	out := c.outbox()
	for _, r := range records {
		if r == nil || r.Outstanding == 0 {
			continue
		}
		if i, status := c.item(r); status == Planned && len(i.changes) > 0 {
			out.add(p, i, clone(r))
		}
	}
	if err := out.carry(p); err != nil {
		return err
	}
	return c.sendNotes(p, out)
}

// sendNotes writes the comments of issues whose fields were just written: about a
// contested move, or as an introduction.
func (c *cycle) sendNotes(p *state.Plan, sent *outbox) error {
	out := c.outbox()
	for _, e := range sent.edits {
		f := sent.flights[e.ID]
		if e.Comment != nil || f.record.Parked != nil || c.Mode.narrow(f.record.Decision.Mode) != Enforce {
			continue
		}
		if i, ok := c.afterwards(f); ok {
			out.add(p, i, clone(f.record))
		}
	}
	return out.carry(p)
}

// afterwards is the comment that follows the changes of an issue's fields.
func (c *cycle) afterwards(f *flight) (item, bool) {
	r := f.record
	i := item{id: r.Issue.ID, key: r.Issue.Key, lane: r.Decision.Lane, applied: r.Applied, size: 1}
	if c.quiet(r) || r.Issue.Gone {
		return i, false
	}
	if note, due := c.noteOf(r).change(r); due {
		i.changes = []issue.Change{note}
		return i, true
	}
	if !r.Issue.Open() {
		return i, false
	}
	t := c.termsOf(c.Policy.For(c.Source, r.Issue.Project))
	if !t.introduce || r.Comment.Hash != "" || writable(r, issue.FieldComment) == 0 || len(f.applied()) == 0 {
		return i, false
	}
	if who := c.stranger(r); who == nil || who.Person == "" {
		return i, false
	}
	i.introduces, i.told = true, f.applied()
	i.changes = []issue.Change{{Field: issue.FieldComment, To: introductionHash(r.Decision.Lane), Reason: "introduction to the lane " + r.Decision.Lane}}
	return i, true
}

// lines reports items that were not sent.
func (c *cycle) lines(items []item, status string) {
	if !c.task.List && status != FailedNow {
		return
	}
	for _, i := range items {
		if c.task.Most > 0 && len(c.report.Lines) >= c.task.Most || len(i.changes) < i.size {
			c.report.More = true
			return
		}
		for _, ch := range i.changes {
			c.report.Lines = append(c.report.Lines, Line{Ref: issue.Ref{Source: c.Source, Key: i.key}, ID: i.id, Change: ch, Status: status})
		}
	}
}

// sortLines puts the report in an order that does not depend on the tracker's
// answers.
func (c *cycle) sortLines() {
	slices.SortStableFunc(c.report.Lines, func(a, b Line) int {
		return cmp.Or(cmp.Compare(len(a.ID), len(b.ID)), cmp.Compare(a.ID, b.ID))
	})
}

// takenBackWhy is the reason for writing the lane over a move that is taken back,
// "" where none is.
func takenBackWhy(r *state.Record, now time.Time) string {
	if len(r.Restores) == 0 {
		return ""
	}
	last := r.Restores[len(r.Restores)-1]
	if now.Sub(last.At) >= restoreSpan || last.Value != plan.Actual(&r.Issue, last.Field) {
		return ""
	}
	return fmt.Sprintf("%s moved it to %s and is not an approver of %s", cmp.Or(last.By.Name, last.By.ID), shown(last.Value), strings.Join(last.Lanes, ", "))
}

// reason says in one sentence why policy wants a value.
func (c *cycle) reason(t terms, r *state.Record, f issue.Field) string {
	d := &r.Decision
	switch f {
	case issue.FieldLane:
		if why := takenBackWhy(r, c.now); why != "" {
			return why
		}
		if why := t.lanes[d.Lane].Why; why != "" {
			return why
		}
		return "rule of lane " + d.Lane
	case issue.FieldHorizon:
		return "lane " + d.Lane + " plans for " + d.Horizon
	case issue.FieldPriority:
		if d.Priority != d.Band {
			return fmt.Sprintf("lane %s bounds the band %s of score %.0f", d.Lane, d.Band, d.Score)
		}
		return fmt.Sprintf("score %.0f is in the band %s", d.Score, d.Band)
	case issue.FieldAssignee:
		if d.Rota != "" {
			return fmt.Sprintf("lane %s is assigned to who is on duty in rota %s: %s", d.Lane, d.Rota, d.Owner)
		}
		return "lane " + d.Lane + " is assigned to " + d.Owner
	case issue.FieldSLA, issue.FieldDue:
		return c.slaReason(r, f)
	case issue.FieldPostMortem:
		if p := r.PostMortem; p.Outstanding() {
			return p.Why
		}
		return "the issue is open again"
	}
	if slices.Contains(slices.Collect(maps.Keys(d.Marks)), string(f)) {
		return fmt.Sprintf("score %.0f", d.Score)
	}
	return "policy no longer gives this label"
}
