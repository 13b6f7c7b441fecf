package engine

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"regexp"
	"strings"

	"posteriori/engine/procedure"
)

// errOtherFormat is of a backup by another program's version.
var errOtherFormat = errors.New("it has another format")

// backupID is how a backup is named; it names a folder among the keys, too.
var backupID = regexp.MustCompile(`^[0-9]{8}T[0-9]{6}Z-[0-9a-f]{8}$`)

// parseBackup reads backup.json. Nothing in it may lead elsewhere: its names
// become paths.
func parseBackup(text []byte) (b Backup, err error) {
	if err := json.Unmarshal(text, &b); err != nil {
		return b, err
	}
	if b.Format != backupFormat {
		return b, errOtherFormat
	}
	if !backupID.MatchString(b.ID) {
		return b, errors.New("its name is none")
	}
	seen := map[string]bool{}
	for _, p := range b.Procedures {
		if err := procedure.CheckID(p.ID); err != nil {
			return b, err
		}
		if seen[p.ID] {
			return b, fmt.Errorf("procedure %s stands in it twice", p.ID)
		}
		seen[p.ID] = true
	}
	return b, nil
}

// parseSums reads a list as sha256sum -c takes it: the hash of each file by its
// name, a path within the folder with slashes.
func parseSums(list []byte) (map[string]string, error) {
	sums := map[string]string{}
	in := bufio.NewScanner(bytes.NewReader(list))
	for in.Scan() {
		sum, name, ok := strings.Cut(in.Text(), "  ")
		raw, err := hex.DecodeString(sum)
		switch {
		case !ok || err != nil || len(raw) != 32 || sum != strings.ToLower(sum):
			return nil, errors.New("a line does not begin with a hash")
		case !filepath.IsLocal(filepath.FromSlash(name)) || path.Clean(name) != name || name == ".":
			return nil, errors.New("a name leads elsewhere")
		case sums[name] != "":
			return nil, errors.New("a file stands in it twice")
		}
		sums[name] = sum
	}
	return sums, in.Err()
}
