package issue

import "fmt"

// Priority is the normalised urgency. Greater is more urgent; None is below
// Low and means that nobody chose one.
type Priority uint8

// The priorities from the least to the most urgent.
const (
	None Priority = iota
	Low
	Medium
	High
	Urgent
)

var priorityNames = [...]string{"none", "low", "medium", "high", "urgent"}

func (p Priority) String() string {
	if int(p) < len(priorityNames) {
		return priorityNames[p]
	}
	return fmt.Sprintf("priority(%d)", uint8(p))
}

// ParsePriority reads the names that String writes.
func ParsePriority(s string) (Priority, error) {
	for i, n := range priorityNames {
		if n == s {
			return Priority(i), nil
		}
	}
	return None, fmt.Errorf("unknown priority %q: want urgent, high, medium, low or none", s)
}

// MarshalText writes the name.
func (p Priority) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText reads the name.
func (p *Priority) UnmarshalText(b []byte) (err error) {
	*p, err = ParsePriority(string(b))
	return err
}
