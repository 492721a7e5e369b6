package state_test

import (
	"path/filepath"
	"testing"

	"github.com/lanekeeper/lanekeeper/state"
	"github.com/lanekeeper/lanekeeper/state/statetest"
)

// openChecked opens a store in a temporary folder and verifies it when the test
// ends.
func openChecked(t testing.TB) *state.DB {
	t.Helper()
	d, err := state.Open(filepath.Join(t.TempDir(), "lanekeeper.db"), state.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		rep, err := d.Verify()
		if err != nil || !rep.OK() {
			t.Errorf("verify: %v %q", err, rep.Problems)
		}
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

func openMemory(t testing.TB) *state.Memory {
	t.Helper()
	m, err := state.NewMemory()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestBoltKeepsTheContract(t *testing.T) {
	t.Parallel()
	statetest.Run(t, func(t *testing.T) statetest.Store { return openChecked(t) })
}

func TestMemoryKeepsTheContract(t *testing.T) {
	t.Parallel()
	statetest.Run(t, func(t *testing.T) statetest.Store { return openMemory(t) })
}
