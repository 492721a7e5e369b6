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
// says only that it is one.
type Secret struct{ value, file string }

// NewSecret holds a value, such as one from the environment.
func NewSecret(value string) Secret { return Secret{value: strings.TrimSpace(value)} }

// SecretFile reads the value from a file at each use.
func SecretFile(path string) Secret { return Secret{file: path} }

// IsZero reports whether no secret was given.
func (s Secret) IsZero() bool { return s == Secret{} }

// Reveal returns the credential without surrounding white space.
func (s Secret) Reveal() (string, error) {
	if s.file == "" {
		return s.value, nil
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
