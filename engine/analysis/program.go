package analysis

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
	"sync"
	"time"

	"posteriori/engine/wire"
)

// named is what a worker said of itself with the hashes of the program and of
// ONNX Runtime's library as this process reads them: a worker that
// $POSTERIORI_WORKER put in place of ours may say what it likes, and the
// journal must show that it was another (rules 11 and 22).
func (w Worker) named(h wire.Hello) wire.Hello {
	if h.Version == 0 { // it said nothing
		return h
	}
	h.Machine = "" // it is this one
	h.Build = plain(h.Build) + " sha256:" + hashOf(w.Path)
	if w.ORTPath != "" {
		h.Build += " onnxruntime sha256:" + hashOf(w.ORTPath)
	}
	return h
}

// hashes remembers what was hashed, by the file as it was.
var hashes struct {
	sync.Mutex
	seen map[string]hashed
}

type hashed struct {
	info os.FileInfo
	sum  string
}

// hashOf is the SHA-256 of a file, or "unknown".
func hashOf(path string) string {
	const unknown = "unknown"
	f, err := os.Open(path)
	if err != nil {
		return unknown
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return unknown
	}
	hashes.Lock()
	defer hashes.Unlock()
	if was, ok := hashes.seen[path]; ok && os.SameFile(was.info, info) && was.info.ModTime().Equal(info.ModTime()) && was.info.Size() == info.Size() {
		return was.sum
	}
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return unknown
	}
	sum := hex.EncodeToString(h.Sum(nil))
	if hashes.seen == nil {
		hashes.seen = map[string]hashed{}
	}
	if time.Since(info.ModTime()) > time.Minute { // a younger one may change within the clock's grain
		hashes.seen[path] = hashed{info, sum}
	}
	return sum
}
