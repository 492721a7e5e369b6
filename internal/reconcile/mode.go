package reconcile

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/lanekeeper/lanekeeper/internal/issue"
)

// Mode says how far lanekeeper may go.
type Mode string

// The modes, from the most careful.
const (
	Observe Mode = "observe" // decide and record; nothing leaves the process
	Suggest Mode = "suggest" // only the marked comment, and what a person accepts
	Enforce Mode = "enforce" // everything that policy wants
)

func (m Mode) rank() int {
	switch m {
	case Enforce:
		return 2
	case Suggest:
		return 1
	}
	return 0
}

// narrow is the more careful of two modes; an empty lane mode narrows nothing.
func (m Mode) narrow(lane string) Mode {
	if l := Mode(lane); lane != "" && l.rank() < m.rank() {
		return l
	}
	return m
}

// ErrGated is returned for a write that the mode or a pause forbids.
var ErrGated = errors.New("write refused by the gate")

// ErrPaused is the ErrGated of a pause.
var ErrPaused = fmt.Errorf("%w: writes are paused", ErrGated)

// Gate stands before a Writer and is the one place that every write passes.
// The cycle above plans no forbidden write; the gate refuses it all the same.
type Gate struct {
	Writer Writer
	Mode   Mode
	// Accepted are the fields of issues, by id, that a person said yes to: they
	// pass though the mode suggests. In observe mode nothing does.
	Accepted map[string][]issue.Field
	// Paused tells whether all writes are stopped now. An error stops them too.
	Paused func() (bool, error)
}

// Apply passes edits on, or refuses all of them.
func (g Gate) Apply(ctx context.Context, edits []issue.Edit, done func(issue.Result)) error {
	if len(edits) == 0 {
		return nil
	}
	if paused, err := g.Paused(); err != nil || paused {
		return fmt.Errorf("%w%s", ErrPaused, because(err))
	}
	for _, e := range edits {
		if err := g.allow(e); err != nil {
			return err
		}
	}
	return g.watched(ctx, edits, done)
}

// watched sends until a pause begins: a long batch does not outlive it. What
// was not sent is still in the outbox.
func (g Gate) watched(ctx context.Context, edits []issue.Edit, done func(issue.Result)) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	err := g.Writer.Apply(ctx, edits, func(r issue.Result) {
		if paused, err := g.Paused(); err != nil || paused {
			stop(fmt.Errorf("%w%s", ErrPaused, because(err)))
		}
		done(r)
	})
	if cause := context.Cause(ctx); err != nil && errors.Is(cause, ErrPaused) {
		return cause
	}
	return err
}

func (g Gate) allow(e issue.Edit) error {
	if g.Mode == Enforce {
		return nil
	}
	for _, c := range e.Changes {
		if g.Mode != Suggest || c.Field != issue.FieldComment && !g.accepted(e.ID, c.Field) {
			return fmt.Errorf("%w: %s of %s in mode %s", ErrGated, c.Field, e.Key, g.Mode)
		}
	}
	return nil
}

func (g Gate) accepted(id string, f issue.Field) bool { return slices.Contains(g.Accepted[id], f) }

// accepting lets a field of an issue pass.
func (g *Gate) accepting(id string, f issue.Field) {
	if g.Accepted == nil {
		g.Accepted = map[string][]issue.Field{}
	}
	g.Accepted[id] = append(g.Accepted[id], f)
}

func because(err error) string {
	if err == nil {
		return ""
	}
	return ": " + err.Error()
}
