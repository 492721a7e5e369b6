package connectors

import (
	"fmt"
	"log/slog"
	"os"
	"strings"
)

const masked = "<secret>"

// Secret is a credential. It comes from a file, which is read anew for each
// use so that it can be rotated, or is a fixed value. However it is printed, it
// says only that it is one. The value stands behind a pointer because fmt skips
// the methods of what it prints under a wrong verb, and then shows fields.
type Secret struct {
	value *string // nil where there is a file
	file  string
}

// NewSecret holds a value, such as one from the environment.
func NewSecret(value string) Secret {
	if value = strings.TrimSpace(value); value == "" {
		return Secret{}
	}
	return Secret{value: &value}
}

// SecretFile reads the value from a file at each use.
func SecretFile(path string) Secret { return Secret{file: path} }

// IsZero reports whether no secret was given.
func (s Secret) IsZero() bool { return s == Secret{} }

// Reveal returns the credential without surrounding white space.
func (s Secret) Reveal() (string, error) {
	switch {
	case s.value != nil:
		return *s.value, nil
	case s.file == "":
		return "", nil
	}
	b, err := os.ReadFile(s.file)
	if err != nil {
		return "", fmt.Errorf("read secret: %w", err)
	}
	v := strings.TrimSpace(string(b))
	if v == "" {
		return "", fmt.Errorf("read secret: %s is empty", s.file)
	}
	return v, nil
}

// Format keeps every fmt verb from showing the value.
func (s Secret) Format(f fmt.State, _ rune) { fmt.Fprint(f, masked) }

func (s Secret) String() string   { return masked }
func (s Secret) GoString() string { return masked }

// MarshalText keeps encoders of JSON, YAML and others from showing the value.
func (s Secret) MarshalText() ([]byte, error) { return []byte(masked), nil }

// LogValue keeps slog from showing the value.
func (s Secret) LogValue() slog.Value { return slog.StringValue(masked) }
