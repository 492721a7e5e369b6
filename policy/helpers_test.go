package policy

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestScale(t *testing.T) {
	for _, tt := range []struct{ x, low, high, want float64 }{
		{5, 0, 10, 50}, {-1, 0, 10, 0}, {11, 0, 10, 100}, {2, 10, 0, 80}, {5, 5, 5, 100}, {4, 5, 5, 0},
	} {
		if got := scale(tt.x, tt.low, tt.high); got != tt.want {
			t.Errorf("scale(%v, %v, %v) = %v, want %v", tt.x, tt.low, tt.high, got, tt.want)
		}
	}
}

func TestLogscale(t *testing.T) {
	for _, tt := range []struct{ x, low, high, want float64 }{
		{0, 0, 63, 0}, {63, 0, 63, 100}, {7, 0, 63, 50}, {1e9, 0, 63, 100}, {-5, 0, 63, 0}, {1, 5, 5, 0},
	} {
		if got := logscale(tt.x, tt.low, tt.high); got != tt.want {
			t.Errorf("logscale(%v, %v, %v) = %v, want %v", tt.x, tt.low, tt.high, got, tt.want)
		}
	}
}

func TestDecay(t *testing.T) {
	for _, tt := range []struct {
		age, half time.Duration
		want      float64
	}{{0, time.Hour, 1}, {time.Hour, time.Hour, 0.5}, {2 * time.Hour, time.Hour, 0.25}, {-time.Hour, time.Hour, 1}, {time.Hour, 0, 0}} {
		if got := decay(tt.age, tt.half); got != tt.want {
			t.Errorf("decay(%v, %v) = %v, want %v", tt.age, tt.half, got, tt.want)
		}
	}
}

func TestBusinessDays(t *testing.T) {
	for _, tt := range []struct {
		name, from, to string
		want           int64
	}{
		{"the same day", "2026-03-02", "2026-03-02", 0},
		{"Monday to Friday", "2026-03-02", "2026-03-06", 4},
		{"Friday to Monday", "2026-03-06", "2026-03-09", 1},
		{"Friday to Sunday", "2026-03-06", "2026-03-08", 0},
		{"Saturday to Monday", "2026-03-07", "2026-03-09", 1},
		{"two weeks", "2026-03-02", "2026-03-16", 10},
		{"backwards", "2026-03-16", "2026-03-02", 0},
		{"before 1970", "1969-12-26", "1970-01-02", 5},
	} {
		from, _ := time.Parse(time.DateOnly, tt.from)
		to, _ := time.Parse(time.DateOnly, tt.to)
		if got := businessDays(from, to); got != tt.want {
			t.Errorf("%s: %d, want %d", tt.name, got, tt.want)
		}
	}
}

func TestBusinessDaysCountsLikeACalendar(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		from := time.Unix(rapid.Int64Range(-4e9, 4e9).Draw(t, "from"), 0).UTC()
		to := from.Add(time.Duration(rapid.IntRange(0, 24*400).Draw(t, "hours")) * time.Hour)
		want := int64(0)
		for d := from.Truncate(24*time.Hour).AddDate(0, 0, 1); !d.After(to.Truncate(24 * time.Hour)); d = d.AddDate(0, 0, 1) {
			if w := d.Weekday(); w != time.Saturday && w != time.Sunday {
				want++
			}
		}
		if got := businessDays(from, to); got != want {
			t.Fatalf("%v to %v: %d, want %d", from, to, got, want)
		}
	})
}

func TestAnyWord(t *testing.T) {
	for _, tt := range []struct {
		name, text, word string
		want             bool
	}{
		{"whole word", "the login crashes", "crashes", true},
		{"other case", "The LOGIN crashes", "login", true},
		{"part of a word", "crashes", "crash", false},
		{"end of a word", "relogin", "login", false},
		{"between signs", "broken-(login)!", "login", true},
		{"two words", "we see data loss daily", "data loss", true},
		{"two words that go on", "we see data losses", "data loss", false},
		{"umlauts", "Der ÄRGER mit dem Zugriff", "ärger", true},
		{"umlauts next to a word", "überärger", "ärger", false},
		{"Greek with two forms of sigma", "ΛΌΓΟΣ", "λόγος", true},
		{"Hebrew", "שגיאה בכניסה", "שגיאה", true},
		{"emoji", "prod is 🔥 again", "🔥", true},
		{"sign at the end", "uses C++ here", "c++", true},
		{"second of overlapping", "aa aab aa b", "aa b", true},
		{"a word that begins with a sign", "x.net", ".net", true},
		{"digits", "error 500 again", "500", true},
		{"digits in a number", "error 5001", "500", false},
		{"empty word", "anything", " ", false},
		{"empty text", "", "x", false},
		{"broken text", "\xff\xfelogin\xff", "login", true},
	} {
		if got := anyWord(tt.text, []string{"zzz", tt.word}); got != tt.want {
			t.Errorf("%s: anyWord(%q, %q) = %v", tt.name, tt.text, tt.word, got)
		}
	}
}

func FuzzHelpers(f *testing.F) {
	f.Add("the login crashes", "login", 5.0, 0.0, 10.0, int64(1), int64(2))
	f.Add("\xff", "\xff", math.Inf(1), math.Inf(-1), 0.0, int64(math.MinInt64), int64(math.MaxInt64))
	f.Fuzz(func(t *testing.T, text, word string, x, low, high float64, age, half int64) {
		for name, v := range map[string]float64{"scale": scale(x, low, high), "logscale": logscale(x, low, high)} {
			if v < 0 || v > 100 {
				t.Errorf("%s(%v, %v, %v) = %v", name, x, low, high, v)
			}
		}
		if v := decay(time.Duration(age), time.Duration(half)); !(v >= 0 && v <= 1) {
			t.Errorf("decay(%d, %d) = %v", age, half, v)
		}
		anyWord(text, []string{word})
		if s := shorten(text); len([]rune(s)) > readingRunes+1 {
			t.Errorf("shorten(%q) = %q", text, s)
		}
		if n := businessDays(time.Unix(age%1e11, 0), time.Unix(half%1e11, 0)); n < 0 {
			t.Errorf("businessDays = %d", n)
		}
		if tidy(tidy(x)) != tidy(x) && !math.IsNaN(x) {
			t.Errorf("tidy is not stable at %v", x)
		}
	})
}

func FuzzAnyWordFindsWhatStandsAlone(f *testing.F) {
	f.Add("before", "word", "after")
	f.Fuzz(func(t *testing.T, before, word, after string) {
		runes := []rune(word)
		if len(runes) == 0 || !isWordRune(runes[0]) || !isWordRune(runes[len(runes)-1]) {
			t.Skip()
		}
		if text := before + " " + word + " " + after; !anyWord(text, []string{word}) {
			t.Errorf("%q not found in %q", word, text)
		}
	})
}
