package state

import (
	"bytes"
	"cmp"
	"errors"
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

// TestOtherKeysAreMalformed names the keys that say the same as another one.
func TestOtherKeysAreMalformed(t *testing.T) {
	for what, key := range map[string][]byte{
		"nothing":                     nil,
		"a number of 20 digits":       {8, 0xff, 0x30, 0x30, 0x30, 0x30, 0x30, 0x30, 0x30},
		"a number with a zero before": {2, 0, 7},
		"a number cut short":          {4, 1, 2},
		"a number as text":            append([]byte{tagText}, "10042"...),
		"a UUID as text":              append([]byte{tagText}, "00000000-0000-4000-8000-000000000000"...),
		"a UUID cut short":            {tagUUID, 1, 2, 3},
		"another tag":                 {9, 1},
	} {
		if id, err := parseID(key); !errors.Is(err, errBadKey) {
			t.Errorf("%s was read as %q, %v", what, id, err)
		}
	}
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
