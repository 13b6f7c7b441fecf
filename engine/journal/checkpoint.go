package journal

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Checkpoint is the state of a log: how many records, and the root of their
// tree. Its text is that of C2SP tlog-checkpoint: origin, size, base64 root,
// and one extension line with the length of the entries, "bytes N", so that a
// log of a million records is opened without counting them.
type Checkpoint struct {
	Origin string    `json:"origin"`
	Size   int64     `json:"size"`
	Root   tlog.Hash `json:"root"`
	Bytes  int64     `json:"bytes,omitempty"` // of the entries; 0: not said
}

// bytesLine begins the extension line.
const bytesLine = "bytes "

// ErrCheckpoint is under every error about a text that is no checkpoint.
var ErrCheckpoint = errors.New("not a checkpoint")

// Text is the checkpoint as it is signed.
func (c Checkpoint) Text() string {
	text := c.Origin + "\n" + strconv.FormatInt(c.Size, 10) + "\n" +
		base64.StdEncoding.EncodeToString(c.Root[:]) + "\n"
	if c.Bytes > 0 {
		text += bytesLine + strconv.FormatInt(c.Bytes, 10) + "\n"
	}
	return text
}

// ParseCheckpoint reads the text of a checkpoint, without signatures. It
// accepts exactly what [Checkpoint.Text] writes; other extension lines, which
// C2SP allows, are refused because nothing here writes them.
func ParseCheckpoint(text string) (Checkpoint, error) {
	body, whole := strings.CutSuffix(text, "\n")
	lines := strings.Split(body, "\n")
	if !whole || len(lines) < 3 || len(lines) > 4 {
		return Checkpoint{}, fmt.Errorf("%w: want three lines or four", ErrCheckpoint)
	}
	c := Checkpoint{Origin: lines[0]}
	if c.Origin == "" {
		return Checkpoint{}, fmt.Errorf("%w: no origin", ErrCheckpoint)
	}
	var ok bool
	if c.Size, ok = parseCount(lines[1]); !ok {
		return Checkpoint{}, fmt.Errorf("%w: size %q", ErrCheckpoint, lines[1])
	}
	root, err := base64.StdEncoding.Strict().DecodeString(lines[2])
	if err != nil || len(root) != tlog.HashSize {
		return Checkpoint{}, fmt.Errorf("%w: root %q", ErrCheckpoint, lines[2])
	}
	c.Root = tlog.Hash(root)
	if len(lines) == 4 {
		count, named := strings.CutPrefix(lines[3], bytesLine)
		if c.Bytes, ok = parseCount(count); !named || !ok || c.Bytes == 0 {
			return Checkpoint{}, fmt.Errorf("%w: extension %q", ErrCheckpoint, lines[3])
		}
	}
	return c, nil
}

// parseCount reads a number as strconv writes it, not below zero.
func parseCount(s string) (int64, bool) {
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil && n >= 0 && strconv.FormatInt(n, 10) == s
}

// ParseHeld reads SIZE:ROOT, the form in which a checkpoint is printed in a
// mention or report, root in base64.
func ParseHeld(s string) (Checkpoint, error) {
	size, root, ok := strings.Cut(s, ":")
	n, counted := parseCount(size)
	if !ok || !counted {
		return Checkpoint{}, fmt.Errorf("%w: want SIZE:ROOT, got %q", ErrCheckpoint, s)
	}
	h, err := tlog.ParseHash(root)
	if err != nil || h.String() != root { // base64 has several texts for one hash: one is printed
		return Checkpoint{}, fmt.Errorf("%w: root %q", ErrCheckpoint, root)
	}
	return Checkpoint{Size: n, Root: h}, nil
}

// Held is c as SIZE:ROOT.
func (c Checkpoint) Held() string { return fmt.Sprintf("%d:%s", c.Size, c.Root) }

// Sign makes the signed note of c.
func (c Checkpoint) Sign(s note.Signer) ([]byte, error) {
	return note.Sign(&note.Note{Text: c.Text()}, s)
}

// OpenCheckpoint checks the signature of a note and reads its checkpoint.
func OpenCheckpoint(signed []byte, v note.Verifier) (Checkpoint, error) {
	n, err := note.Open(signed, note.VerifierList(v))
	if err != nil {
		return Checkpoint{}, fmt.Errorf("%w signed by %s: %w", ErrCheckpoint, v.Name(), err)
	}
	return ParseCheckpoint(n.Text)
}
