package answer

import (
	"fmt"
	"time"
)

// Ago says how long something is past: "2 h ago", "just now".
func Ago(d time.Duration) string {
	if d < time.Minute {
		return "just now"
	}
	return Span(d) + " ago"
}

// Span says a length of time in its largest unit, rounded down, with the next
// smaller unit while the number is small: "45 s", "1 h 20 min", "3 d".
func Span(d time.Duration) string {
	d = max(d, -d)
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	case d < 24*time.Hour:
		return two(d, time.Hour, "h", time.Minute, "min", 4)
	}
	return two(d, 24*time.Hour, "d", time.Hour, "h", 3)
}

// two says d in units of big, and while there are fewer than few of them in
// units of small too.
func two(d, big time.Duration, bigName string, small time.Duration, smallName string, few int) string {
	n, rest := int(d/big), int(d%big/small)
	if n >= few || rest == 0 {
		return fmt.Sprintf("%d %s", n, bigName)
	}
	return fmt.Sprintf("%d %s %d %s", n, bigName, rest, smallName)
}
