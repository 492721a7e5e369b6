package reconcile

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/lanekeeper/lanekeeper/connectors"
	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/state"
)

// Why a label is not taken for an answer.
const (
	setEarlier = "it was there before this was proposed"
	setUnknown = "the history does not tell who set it and when"
)

// isAnswer tells whether a label answers a proposal.
func isAnswer(label string) bool {
	return strings.EqualFold(label, issue.AcceptLabel) || strings.EqualFold(label, issue.RejectLabel)
}

// labelled tells whether a person says yes or no to what the comment on an issue
// proposes now, by a label that was not looked at yet.
func (c *cycle) labelled(r *state.Record) bool {
	if !slices.ContainsFunc(r.Issue.Labels, isAnswer) || r.Absent > 0 || r.Parked != nil && c.now.Before(r.Parked.Until) {
		return false
	}
	n := c.noteOf(r)
	return len(n.changes) > 0 && n.unheard == "" && n.hash() == r.Comment.Hash && !c.seen[r.Issue.ID].Equal(r.Issue.Updated)
}

// answers carries out what people said by a label to what is proposed. A label
// counts where the history shows that a person set it after the comment began to
// say what it says. Another is left alone, and the comment says so once. The next
// cycle looks again at what could not be read.
func (c *cycle) answers() error {
	if len(c.labels) > 0 {
		c.Replan()
	}
	for batch := range slices.Chunk(c.labels, smallBatch) {
		switch err := c.answerBatch(batch); {
		case errors.Is(err, ErrPaused):
			return nil
		case err != nil:
			return err
		}
	}
	return nil
}

func (c *cycle) answerBatch(ids []string) error {
	found, err := c.reread(ids, "read before an answer")
	if err != nil {
		return err
	}
	records, err := c.Store.Records(c.Source, readable(ids, found.Bad))
	if err != nil {
		return fmt.Errorf("read records: %w", err)
	}
	records = slices.DeleteFunc(records, func(r *state.Record) bool { return r == nil || !c.labelled(r) })
	if len(records) == 0 {
		return nil
	}
	histories, err := c.Tracker.History(c.ctx, idsOf(records))
	switch {
	case err == nil:
	case c.ctx.Err() != nil || connectors.KindOf(err) == connectors.Auth:
		return fmt.Errorf("read who answered %d proposals: %w", len(records), err)
	default:
		c.Log.Warn("history not read; answers by label wait", "source", c.Source, "issues", len(records), "err", err)
	}
	for _, r := range records {
		if h, read := histories[r.Issue.ID]; read {
			if err := c.answered(clone(r), h); err != nil {
				return fmt.Errorf("answer by label on %s: %w", r.Issue.Ref(), err)
			}
		}
	}
	return nil
}

// answered carries out the answer of the newest such label of an issue.
func (c *cycle) answered(r *state.Record, h issue.History) error {
	e, used, ok := lastAnswer(r, h)
	known := r.Comment.Label
	switch {
	case !ok && known.Why == setUnknown, ok && !known.Earlier && e.At.UnixMilli() == known.At.UnixMilli():
		c.seen[r.Issue.ID] = r.Issue.Updated
		return nil
	case !ok && c.now.Sub(r.Issue.Updated) < askAgainAfter: // the history may be behind
		return nil
	case !ok:
		return c.noteLabel(r, state.AnswerLabel{Why: setUnknown})
	case known.Earlier || used || !e.At.After(r.Comment.Said):
		return c.noteLabel(r, state.AnswerLabel{At: e.At, Why: setEarlier, Told: known.Told && known.Earlier})
	}
	who := e.By.Person
	var out Replied
	err := c.replyTo(r, Reply{ID: r.Issue.ID, Key: r.Issue.Key, Accept: strings.EqualFold(e.To, issue.AcceptLabel), By: cmp.Or(who.Name, who.ID, "somebody"),
		Via: "label " + e.To, label: &e}, r.Comment.Hash, &out)
	denied, is := errors.AsType[*deniedError](err)
	switch {
	case is:
		c.Log.Warn("a proposal was accepted by somebody who may not decide", "source", c.Source, "issue", r.Issue.Key, "by", named(who), "lanes", strings.Join(denied.lanes, " "))
		return c.noteLabel(r, state.AnswerLabel{At: e.At, Why: denied.who + " is not an approver of " + strings.Join(denied.lanes, ", ")})
	case errors.Is(err, errUnsureWho):
		c.Log.Warn("an answer by label waits", "source", c.Source, "issue", r.Issue.Key, "by", named(who), "err", err)
		return nil
	case err != nil || !out.done:
		return err
	}
	c.Log.Info("proposal answered by label", "source", c.Source, "issue", r.Issue.Key, "label", e.To, "by", named(who))
	return c.noteLabel(r, state.AnswerLabel{At: e.At})
}

// lastAnswer is the event that set the newest of the labels with an answer that
// are on the issue. It is used up where lanekeeper wrote since: to suggest is to
// write what was accepted alone.
func lastAnswer(r *state.Record, h issue.History) (e issue.Event, used, ok bool) {
	for _, e := range slices.Backward(h.Events) {
		if e.By.Self {
			used = true
		} else if e.Field == issue.FieldLabels && isAnswer(e.To) && slices.Contains(r.Issue.Labels, e.To) {
			return e, used, true
		}
	}
	return issue.Event{}, used, false
}

func (c *cycle) noteLabel(r *state.Record, l state.AnswerLabel) error {
	return c.change([]string{r.Issue.ID}, func(r *state.Record) bool {
		r.Comment.Label = l
		return true
	})
}

// said notes that the comment says something new from now on. A label with an
// answer that is there already was meant for something else.
func said(r *state.Record, hash string, at time.Time) {
	if r.Comment.Hash == hash {
		return
	}
	r.Comment.Hash, r.Comment.Said = hash, at
	r.Comment.Label = state.AnswerLabel{At: r.Comment.Label.At, Earlier: slices.ContainsFunc(r.Issue.Labels, isAnswer)}
}
