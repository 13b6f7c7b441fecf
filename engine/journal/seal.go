package journal

import (
	"encoding/base64"

	"golang.org/x/mod/sumdb/note"

	"posteriori/engine/fault"
)

// sealed is what a seal covers: the text behind a line with its kind, which no
// record and no checkpoint begins with.
func sealed(kind string, text []byte) []byte {
	return append([]byte("posteriori sealed "+kind+" v1\n"), text...)
}

// Seal signs a text of that kind with the journal's key (Ed25519, base64), for
// files that only an act may change.
func (k Key) Seal(kind string, text []byte) (string, error) {
	signer, err := note.NewSigner(k.Private)
	if err != nil {
		return "", fault.Wrap(fault.Integrity, err, "the journal's signing key cannot be used")
	}
	sig, err := signer.Sign(sealed(kind, text))
	return base64.StdEncoding.EncodeToString(sig), err
}

// Sealed tells whether seal is this key's over the text of that kind.
func (k Key) Sealed(kind string, text []byte, seal string) bool {
	v, err := note.NewVerifier(k.Public)
	if err != nil {
		return false
	}
	sig, err := base64.StdEncoding.Strict().DecodeString(seal)
	return err == nil && v.Verify(sealed(kind, text), sig)
}
