package linear

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lanekeeper/lanekeeper/internal/issue"
)

// Who waits for what another is reading waits no longer than its own context.
func TestAWaitForAnotherReaderEndsWithTheContext(t *testing.T) {
	for name, root := range map[string]string{"the workspace": "viewer", "the features": "organization"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				slow := func(w http.ResponseWriter, s sent) any {
					time.Sleep(30 * time.Second)
					return standard[root](w, s)
				}
				c, _ := newWire(t, script{root: slow}, func(_ *Settings, o *Options) { o.Inputs = issue.InputCustomers })
				read := func(ctx context.Context) error {
					if root == "viewer" {
						_, err := c.workspace(ctx)
						return err
					}
					_, _, err := c.customersOn(ctx)
					return err
				}
				first := make(chan error, 1)
				go func() { first <- read(t.Context()) }()
				synctest.Wait()
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				began := time.Now()
				if err := read(ctx); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) > 2*time.Second {
					t.Errorf("%v after %s", err, time.Since(began))
				}
				if err := <-first; err != nil {
					t.Error(err)
				}
			})
		})
	}
}
