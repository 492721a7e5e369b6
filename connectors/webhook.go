package connectors

import (
	"crypto/hmac"
	"encoding/hex"
	"errors"
	"hash"
)

// Notice is what lanekeeper takes from a tracker's webhook: that something about
// an issue changed. What a call says of the new state is not read, for calls
// come late, twice, in any order or not at all. Repeated calls need no memory:
// an issue that was announced twice is read once.
type Notice struct {
	// ID is the immutable id; "" tells only that something changed.
	ID string
	// Self tells that our own account made the change.
	Self bool
}

// The reasons to refuse a call.
var (
	// ErrNoSecret: the source takes no webhooks.
	ErrNoSecret = errors.New("no webhook secret is configured for this source")
	// ErrUnsigned: the signature is missing, wrong or too old.
	ErrUnsigned = errors.New("the call is not signed with the configured secret")
	// ErrNotice: the call is signed and not what the tracker promises.
	ErrNotice = errors.New("the call cannot be read")
)

// CheckSignature compares a signature in hex with the HMAC of the raw body, in
// constant time. The error is ErrNoSecret, ErrUnsigned, or says why the secret
// cannot be read.
func CheckSignature(secret Secret, newHash func() hash.Hash, body []byte, signature string) error {
	key, err := secret.Reveal()
	if err != nil {
		return err
	}
	if key == "" { // an empty key would let anybody sign
		return ErrNoSecret
	}
	given, err := hex.DecodeString(signature)
	if err != nil {
		return ErrUnsigned
	}
	mac := hmac.New(newHash, []byte(key))
	mac.Write(body)
	if !hmac.Equal(mac.Sum(nil), given) {
		return ErrUnsigned
	}
	return nil
}
