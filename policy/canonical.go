package policy

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
)

// canonical writes a spec as JSON: sorted keys, nothing that is empty, so that
// a key which a later version adds does not change the hash of policies
// without it.
func canonical(s Spec) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil {
		return nil, fmt.Errorf("canonical policy: %w", err)
	}
	return bytes.TrimSpace(b.Bytes()), nil
}

func parseCanonical(b []byte) (Spec, error) {
	var s Spec
	dec := json.NewDecoder(bytes.NewReader(b))
	// A key that is not known here means that the policy was written by a newer
	// version: running it without the key would explain something else.
	dec.DisallowUnknownFields()
	if err := dec.Decode(&s); err != nil {
		return Spec{}, fmt.Errorf("read stored policy: %w", err)
	}
	return s, nil
}

func hashOf(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
