package config

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestDurations(t *testing.T) {
	for in, want := range map[string]time.Duration{
		"0": 0, "0s": 0, "30m": 30 * time.Minute, "6h30m": 6*time.Hour + 30*time.Minute, "14d": 14 * 24 * time.Hour,
		"2w": 14 * 24 * time.Hour, "1d12h": 36 * time.Hour, "1.5h": 90 * time.Minute, "0.5d": 12 * time.Hour, "250ms": 250 * time.Millisecond,
		"400d": 400 * 24 * time.Hour,
	} {
		if got, err := ParseDuration(in); got != want || err != nil {
			t.Errorf("%s is %s, %v; want %s", in, got, err, want)
		}
	}
	for _, in := range []string{"", "5", "d", "-1d", "+1d", "1 d", "1D", "1y", "@every 1m", "1h30", "1..5h", ".", "1e3s", "999999w", "1d-2h", "NaNh", "½h"} {
		if got, err := ParseDuration(in); err == nil {
			t.Errorf("%q was read as %s", in, got)
		}
	}
}

func TestADurationIsReadAsItWasWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := time.Duration(rapid.Int64Range(0, 1e12).Draw(t, "ms")) * time.Millisecond
		if got, err := ParseDuration(FormatDuration(d)); got != d || err != nil {
			t.Fatalf("%s was written as %s and read as %s, %v", d, FormatDuration(d), got, err)
		}
	})
}

func TestSuggestions(t *testing.T) {
	known := []string{"mode", "sources", "schedule", "state", "server"}
	for in, want := range map[string]string{
		"mdoe": "mode", "Mode": "mode", "scheduel": "schedule", "soruces": "sources", "sever": "server", "sate": "state",
		"xyz": "", "": "", "mo": "", "completely-else": "", strings.Repeat("s", 5000): "",
	} {
		if got := nearest(in, known); got != want {
			t.Errorf("%.20q: got %q, want %q", in, got, want)
		}
	}
}

func TestDistanceIsSymmetricAndZeroOnlyForEqualWords(t *testing.T) {
	word := rapid.StringMatching(`[a-d]{0,8}`)
	rapid.Check(t, func(t *rapid.T) {
		a, b := word.Draw(t, "a"), word.Draw(t, "b")
		d := distance(a, b)
		if d != distance(b, a) || (d == 0) != (a == b) || d > max(len(a), len(b)) {
			t.Fatalf("%q and %q are %d apart", a, b, d)
		}
	})
}

func TestCron(t *testing.T) {
	for _, bad := range []string{"", " ", "@every", "@every ", "@every 0s", "@every -1h", "@every 1d", "TZ=UTC", "CRON_TZ=UTC * * * * *", "* * * * * *", "@reboot", "0 0 31 2 *"} {
		var c Cron
		if err := c.UnmarshalText([]byte(bad)); err == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
	for _, good := range []string{"@hourly", "@daily", "@every 1m", "*/5 * * * *", "0 9-17 * * mon-fri", "0 0 29 2 *"} {
		var c Cron
		if err := c.UnmarshalText([]byte(good)); err != nil || c.Text != good {
			t.Errorf("%q: %v", good, err)
		}
	}
}

func TestDecodeReadsOtherFilesAsStrictly(t *testing.T) {
	var v struct {
		Cases []struct {
			Name  string            `yaml:"name"`
			Wait  time.Duration     `yaml:"wait"`
			Free  map[string]any    `yaml:"free"`
			Names map[string]string `yaml:"names"`
		} `yaml:"cases"`
	}
	err := Decode("t.yaml", []byte("cases:\n  - {name: a, wait: 2d, free: {a: 1, b: x, c: [1, y], d: true}}\n"), &v)
	if err != nil || v.Cases[0].Wait != 48*time.Hour || len(v.Cases[0].Free) != 4 || v.Cases[0].Free["a"] != 1.0 {
		t.Errorf("got %+v, %v", v, err)
	}
	err = Decode("t.yaml", []byte("cases:\n  - {nam: a}\n"), &v)
	if want := `t.yaml:2:6: cases[0].nam: unknown key (did you mean "name"?)`; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestAliasesCannotBlowUpAFile(t *testing.T) {
	var b strings.Builder
	b.WriteString("mode: observe\nx0: &x0 {a: b}\n")
	b.WriteString("sources: &s [" + strings.Repeat("{name: a, jira: {projects: [A]}},", 400) + "]\n")
	b.WriteString("policy: {lanes: [")
	b.WriteString(`&l {name: a, approvers: &a [` + strings.Repeat("x,", 2000) + "]}," + strings.Repeat("*l,", 2000) + "]}\n")
	_, err := Parse("x.yaml", []byte(b.String()), Options{})
	if err == nil || !strings.Contains(err.Error(), "grows to more than") {
		t.Errorf("got %.300v", err)
	}
}
