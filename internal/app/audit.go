package app

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/lanekeeper/lanekeeper/internal/answer"
	"github.com/lanekeeper/lanekeeper/internal/audit"
	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/internal/web"
	"github.com/lanekeeper/lanekeeper/state"
)

// Audit implements web.Keeper. It works while everything else goes on.
func (a *App) Audit(ctx context.Context, f web.AuditFilter, w io.Writer) error {
	if !f.Since.IsZero() && !f.Until.IsZero() && !f.Since.Before(f.Until) {
		return web.Errorf(web.Invalid, "since %s is not before until %s", f.Since.Format("2006-01-02T15:04"), f.Until.Format("2006-01-02T15:04"))
	}
	af := audit.Filter{Since: f.Since, Until: f.Until, Source: f.Source, Person: f.Person, Rule: f.Rule}
	if f.Issue != "" {
		ref := issue.ParseRef(f.Issue)
		r, err := a.find(ref)
		switch {
		case err == nil:
			af.Issue, af.ID = r.Issue.Ref().String(), r.Issue.ID
		case web.KindOf(err) == web.NotFound && ref.Source != "":
			af.Issue = ref.String() // its record is gone; the log may still have it
		default:
			return err
		}
	}
	if err := audit.Export(ctx, w, a.store, af, a.opts.Now()); err != nil {
		return fmt.Errorf("export the log: %w", err)
	}
	return nil
}

// VerifyAudit checks a file that Audit wrote; "-" is standard input.
func VerifyAudit(path string) (answer.AuditCheck, error) {
	var in io.Reader = os.Stdin
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return answer.AuditCheck{}, fmt.Errorf("verify the export: %w", err)
		}
		defer f.Close()
		in = f
	}
	r, err := audit.Verify(in)
	if err != nil {
		return answer.AuditCheck{}, fmt.Errorf("%s: %w", path, err)
	}
	out := answer.AuditCheck{OK: r.OK(), Filtered: r.Filtered, At: r.At, Decisions: r.Decisions, Acts: r.Acts, Writes: r.Writes,
		Gaps: r.Gaps, First: r.First, Last: r.Last, Problems: []answer.AuditProblem{}, More: r.More}
	for _, p := range r.Problems {
		out.Problems = append(out.Problems, answer.AuditProblem(p))
	}
	return out, nil
}

// AuditTo exports into a file, which appears under its name when it is whole.
func AuditTo(ctx context.Context, k Keeper, f web.AuditFilter, path string) error {
	return writeWhole(path, func(w io.Writer) error { return k.Audit(ctx, f, w) })
}

var _ audit.Log = (*state.DB)(nil)
