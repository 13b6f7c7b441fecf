package engine

import (
	"cmp"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
	"runtime/debug"
	"sync"

	"posteriori/engine/journal"
)

// version is set by the linker (-X posteriori/engine.version=…), from git.
var version string

// ownBuild is what [BuildOf] says, found once. Whoever starts it beforehand
// need not wait for the hash later.
var ownBuild = sync.OnceValue(BuildOf)

// hostName is the machine's name, empty when it has none.
var hostName = sync.OnceValue(func() string {
	name, _ := os.Hostname()
	return name
})

// BuildOf says which build this program is: version and revision as the
// linker wrote them, and the SHA-256 of the executable file.
func BuildOf() journal.Build {
	var b journal.Build
	if info, ok := debug.ReadBuildInfo(); ok {
		b.Version = info.Main.Version
		for _, s := range info.Settings {
			switch s.Key {
			case "vcs.revision":
				b.Revision = s.Value + b.Revision
			case "vcs.modified":
				if s.Value == "true" {
					b.Revision += "+modified"
				}
			}
		}
	}
	b.Version = cmp.Or(version, b.Version)
	if path, err := os.Executable(); err == nil {
		b.SHA256 = hashFile(path)
	}
	return b
}

func hashFile(path string) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return ""
	}
	return hex.EncodeToString(h.Sum(nil))
}

func randomKey(n int) []byte {
	k := make([]byte, n)
	rand.Read(k)
	return k
}
