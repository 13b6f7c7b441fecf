package plate

import (
	"crypto/hmac"
	"crypto/sha256"
	"strings"

	"posteriori/engine/fault"
)

// Block stands for a hidden character.
const Block = '█'

// Mask is what may be shown of a plate before it is validated: blocks in the
// groups of the first syntax that the text fits, or in one row. It tells how
// long a plate is and nothing of what stands on it; a text that fits none is
// grouped by nothing, so that no dash betrays where letters end.
func Mask(text string) string {
	bare := Normal(text)
	shape := bare
	for _, s := range Syntaxes {
		if s.Fits(bare) {
			shape = s.Grouped(bare)
			break
		}
	}
	return strings.Map(func(c rune) rune {
		if c == '-' {
			return c
		}
		return Block
	}, shape)
}

// minKey is the least length of a commitment key, in bytes.
const minKey = 16

// Commit is the keyed commitment to a plate for the journal: HMAC-SHA-256
// (RFC 2104) over the text as [Normal] gives it, under a key of the procedure.
// Who has the key can prove that a plate was the one searched for; who has
// only the journal cannot try plates one by one, of which there are few enough
// for that. Destroying the key makes commitments meaningless. A short key is
// fault.Internal.
func Commit(key []byte, text string) ([32]byte, error) {
	if len(key) < minKey {
		return [32]byte{}, fault.New(fault.Internal, "a commitment key of %d bytes is too short", len(key))
	}
	return commit(key, Normal(text)), nil
}

// CommitPattern is Commit for a pattern with its wildcards. No pattern and no
// plate share a commitment.
func CommitPattern(key []byte, p Pattern) ([32]byte, error) {
	if len(key) < minKey {
		return [32]byte{}, fault.New(fault.Internal, "a commitment key of %d bytes is too short", len(key))
	}
	return commit(key, "pattern "+string(p.tokens)), nil
}

func commit(key []byte, text string) (out [32]byte) {
	h := hmac.New(sha256.New, key)
	h.Write([]byte("posteriori plate 1\x00" + text))
	h.Sum(out[:0])
	return out
}
