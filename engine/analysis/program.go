package analysis

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
	"os/exec"
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

// facts remembers what is known of program files, by each as it was.
type facts struct {
	sync.Mutex
	of map[string]fact
}

type fact struct {
	info os.FileInfo
	text string
}

// hashes are those of files, ffmpegs the versions that workers told.
var hashes, ffmpegs facts

// get is what is known of a file that is as it was then.
func (f *facts) get(path string, now os.FileInfo) (text string, ok bool) {
	f.Lock()
	defer f.Unlock()
	was, ok := f.of[path]
	if !ok || !os.SameFile(was.info, now) || !was.info.ModTime().Equal(now.ModTime()) || was.info.Size() != now.Size() {
		return "", false
	}
	return was.text, true
}

// put remembers, of a file older than a minute: a younger one may change within
// the clock's grain.
func (f *facts) put(path string, info os.FileInfo, text string) {
	if time.Since(info.ModTime()) <= time.Minute {
		return
	}
	f.Lock()
	defer f.Unlock()
	if f.of == nil {
		f.of = map[string]fact{}
	}
	f.of[path] = fact{info, text}
}

// ffmpeg is the program that a worker will find, and its version where a worker
// told that before. A worker has our PATH.
type ffmpeg struct {
	path    string
	info    os.FileInfo
	version string
}

func findFFmpeg() (f ffmpeg) {
	var err error
	if f.path, err = exec.LookPath("ffmpeg"); err != nil {
		return ffmpeg{}
	}
	if f.info, err = os.Stat(f.path); err != nil {
		return ffmpeg{}
	}
	f.version, _ = ffmpegs.get(f.path, f.info)
	return f
}

// told notes the version that a worker has from the program itself.
func (f ffmpeg) told(h wire.Hello) {
	if v := h.Versions["ffmpeg"]; f.info != nil && f.version == "" && v != "" {
		ffmpegs.put(f.path, f.info, v)
	}
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
	if sum, ok := hashes.get(path, info); ok {
		return sum
	}
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return unknown
	}
	sum := hex.EncodeToString(h.Sum(nil))
	hashes.put(path, info, sum)
	return sum
}
