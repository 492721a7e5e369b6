//go:build unix && !linux

package state

import (
	"errors"
	"testing"
)

func mountSmall(string) error { return errors.ErrUnsupported }

func unmount(*testing.T, string) {}
