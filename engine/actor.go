package engine

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
	"os/user"
	"runtime/debug"
	"strconv"

	"posteriori/engine/journal"
)

// actor is who acts, with what, on which machine, as far as the machine knows.
type actor struct {
	Person journal.Person
	Build  journal.Build
	Host   string
}

// findActor asks the operating system. What it cannot say stays empty: an
// unknown account name is no reason to lose the record.
func findActor() actor {
	a := actor{Person: journal.Person{UID: strconv.Itoa(os.Getuid())}, Build: BuildOf()}
	if u, err := user.Current(); err == nil {
		a.Person.Account, a.Person.UID = u.Username, u.Uid
	}
	a.Host, _ = os.Hostname()
	return a
}

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
