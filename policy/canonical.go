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
	b, err := json.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("canonical policy: %w", err)
	}
	var tree any
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.UseNumber() // keeps the digits as they are
	if err := dec.Decode(&tree); err != nil {
		return nil, fmt.Errorf("canonical policy: %w", err)
	}
	tree, _ = prune(tree)
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(tree); err != nil {
		return nil, fmt.Errorf("canonical policy: %w", err)
	}
	return bytes.TrimSpace(out.Bytes()), nil
}

// prune drops objects and the keys of objects that hold nothing. Elements of
// lists stay, because their place means something.
func prune(v any) (pruned any, empty bool) {
	switch v := v.(type) {
	case nil:
		return nil, true
	case map[string]any:
		for k, e := range v {
			if kept, empty := prune(e); empty {
				delete(v, k)
			} else {
				v[k] = kept
			}
		}
		return v, len(v) == 0
	case []any:
		for i, e := range v {
			v[i], _ = prune(e)
		}
		return v, len(v) == 0
	}
	return v, false
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
