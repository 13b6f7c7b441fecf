package machines

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"os"
)

// MachineName is how this machine is called where nobody named it: the same at
// each start, and nothing that says whose it is. It is made from the number that
// the system gave itself at its installation, machine-id(5), which must not
// leave the machine, as that page advises; without one, in a container say, it
// is another at each start.
func MachineName() string { return nameFrom("/etc/machine-id") }

func nameFrom(path string) string {
	id, err := os.ReadFile(path)
	id = bytes.TrimSpace(id)
	if raw, derr := hex.DecodeString(string(id)); err == nil && derr == nil && len(raw) == 16 {
		h := hmac.New(sha256.New, raw)
		h.Write([]byte("posteriori machine 1"))
		return "m-" + hex.EncodeToString(h.Sum(nil)[:6])
	}
	var b [6]byte
	_, _ = rand.Read(b[:]) // never fails
	return "r-" + hex.EncodeToString(b[:])
}
