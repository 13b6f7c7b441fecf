package evidence

import (
	"os"
	"path/filepath"
	"strings"

	"posteriori/engine/fault"
)

// CheckPlace refuses a place for an output that lies inside a store: its
// register, journals and keys are changed by acts alone (rule 18), whatever a
// command is told to write or to replace, and by whatever link. A procedure's
// own folder of derived files is no such place.
func CheckPlace(path string) error {
	abs, err := filepath.Abs(path)
	if err != nil {
		return fault.Wrap(fault.Usage, err, "no such path").OnFile(path)
	}
	real, rest := filepath.Dir(abs), filepath.Base(abs)
	for { // what is not there yet has no links
		if r, err := filepath.EvalSymlinks(real); err == nil {
			real = r
			break
		}
		if real == filepath.Dir(real) {
			break
		}
		real, rest = filepath.Dir(real), filepath.Join(filepath.Base(real), rest)
	}
	for dir := real; ; dir = filepath.Dir(dir) {
		if isStore(dir) {
			rel, err := filepath.Rel(dir, filepath.Join(real, rest))
			part := strings.Split(rel, string(filepath.Separator))
			if err == nil && len(part) > 3 && part[0] == "procedures" && part[2] == "derived" {
				return nil
			}
			return refuseUnder("18", path, "name a place outside the store", "it lies in the store %s, which only acts change", dir)
		}
		if dir == filepath.Dir(dir) {
			return nil
		}
	}
}

// isStore says whether a folder looks like a store, whoever's.
func isStore(dir string) bool {
	for _, name := range []string{"store.json", "keys", "procedures"} {
		if _, err := os.Lstat(filepath.Join(dir, name)); err != nil {
			return false
		}
	}
	return true
}
