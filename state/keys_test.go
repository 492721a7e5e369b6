package state

import (
	"bytes"
	"cmp"
	"slices"
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func anyID() *rapid.Generator[string] {
	return rapid.OneOf(
		rapid.StringMatching(`[0-9]{1,21}`),
		rapid.StringMatching(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`),
		rapid.StringMatching(`[0-9A-Fg]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`),
		rapid.String(),
	)
}

func TestIDsComeBackAndNoTwoShareAKey(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := anyID().Draw(t, "a"), anyID().Draw(t, "b")
		got, err := parseID(appendID(nil, a))
		if err != nil || got != a {
			t.Fatalf("%q came back as %q, %v", a, got, err)
		}
		if a != b && bytes.Equal(appendID(nil, a), appendID(nil, b)) {
			t.Fatalf("%q and %q have one key", a, b)
		}
	})
}

func TestNumbersSortByValue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.Uint64Max(1<<62).Draw(t, "a"), rapid.Uint64Max(1<<62).Draw(t, "b")
		if compareIDs(strconv.FormatUint(a, 10), strconv.FormatUint(b, 10)) != cmp.Compare(a, b) {
			t.Fatalf("%d and %d", a, b)
		}
	})
}

func TestDisplayKeysSortByProjectAndNumber(t *testing.T) {
	keys := []string{"pay-9", "core-2", "pay-10", "no number", "pay-010", "core-10", "a-b-3", "-7", "x\x00y-1", "x-1"}
	slices.SortFunc(keys, func(a, b string) int { return bytes.Compare(appendKey(nil, a), appendKey(nil, b)) })
	want := []string{"-7", "no number", "pay-010", "x\x00y-1", "a-b-3", "core-2", "core-10", "pay-9", "pay-10", "x-1"}
	if !slices.Equal(keys, want) {
		t.Errorf("%q", keys)
	}
}

func TestNoTwoDisplayKeysShareARow(t *testing.T) {
	some := rapid.OneOf(rapid.StringMatching(`[ab\x00-]{0,3}-?[0-9]{0,20}`), rapid.String())
	rapid.Check(t, func(t *rapid.T) {
		a, b := some.Draw(t, "a"), some.Draw(t, "b")
		if a != b && bytes.Equal(appendKey(nil, a), appendKey(nil, b)) {
			t.Fatalf("%q and %q", a, b)
		}
	})
}

func TestTimesSortAndComeBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.Int64().Draw(t, "a"), rapid.Int64().Draw(t, "b")
		if bytes.Compare(appendTime(nil, a), appendTime(nil, b)) != cmp.Compare(a, b) || parseTime(appendTime(nil, a)) != a {
			t.Fatalf("%d and %d", a, b)
		}
	})
	if !instant(millis(time.Time{})).IsZero() || millis(time.Unix(0, 0)) != 1 {
		t.Error("the zero time and 1970 are not told apart")
	}
}
