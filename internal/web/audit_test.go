package web_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/lanekeeper/lanekeeper/internal/answer"
	"github.com/lanekeeper/lanekeeper/internal/web"
)

// logKeeper is a Keeper that has only a log.
type logKeeper struct {
	asked web.AuditFilter
	lines []string
	err   error // behind the lines
}

func (*logKeeper) Backup(context.Context, io.Writer) error { return nil }

func (*logKeeper) Verify(context.Context) (answer.Verification, error) {
	return answer.Verification{}, nil
}

func (*logKeeper) Stats(context.Context) (answer.StateStats, error) { return answer.StateStats{}, nil }

func (k *logKeeper) Audit(_ context.Context, f web.AuditFilter, w io.Writer) error {
	k.asked = f
	for _, l := range k.lines {
		if _, err := io.WriteString(w, l); err != nil {
			return err
		}
	}
	return k.err
}

func auditClient(t *testing.T, k *logKeeper) (*web.Client, http.Handler) {
	t.Helper()
	o := options(newFake())
	o.Keeper = k
	h, err := web.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return client(t, h), h
}

func TestTheLogIsStreamedLineByLine(t *testing.T) {
	k := &logKeeper{lines: []string{"{\"kind\":\"audit\"}\n", "{\"kind\":\"end\"}\n"}}
	c, _ := auditClient(t, k)
	want := web.AuditFilter{Since: now, Until: now.Add(1), Source: "payments", Issue: "payments/PAY-1", Person: "Ana Díaz", Rule: "hotfix"}
	var b bytes.Buffer
	if err := c.Audit(t.Context(), want, &b); err != nil || b.String() != strings.Join(k.lines, "") {
		t.Errorf("%q, %v", b.String(), err)
	}
	if k.asked != want {
		t.Errorf("asked %+v, want %+v", k.asked, want)
	}
}

func TestAnExportThatFails(t *testing.T) {
	t.Run("before its first line says why", func(t *testing.T) {
		c, _ := auditClient(t, &logKeeper{err: web.Errorf(web.NotFound, "PAY-9 is not known")})
		err := c.Audit(t.Context(), web.AuditFilter{Issue: "PAY-9"}, io.Discard)
		if web.KindOf(err) != web.NotFound || !strings.Contains(err.Error(), "PAY-9 is not known") {
			t.Errorf("err = %v", err)
		}
	})
	t.Run("in the middle is not taken for a whole one", func(t *testing.T) {
		_, h := auditClient(t, &logKeeper{lines: []string{"{}\n"}, err: errors.New("the disk is gone")})
		defer func() {
			if r := recover(); r != http.ErrAbortHandler {
				t.Errorf("recovered %v, want the connection to be broken", r)
			}
		}()
		ask(h, http.MethodGet, "/api/v1/audit", "")
		t.Error("the answer came to its end")
	})
	t.Run("by a wrong parameter", func(t *testing.T) {
		_, h := auditClient(t, &logKeeper{})
		if res := ask(h, http.MethodGet, "/api/v1/audit?sicne=1d", ""); res.Code != http.StatusBadRequest {
			t.Errorf("status %d", res.Code)
		}
	})
}
