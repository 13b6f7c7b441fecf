package machines

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"posteriori/engine/batch/queue"
	"posteriori/engine/fault"
)

// spool is the folder on shared storage where tasks and results lie: one folder
// a run, named as the run, and in it NAME.task and NAME.result.
type spool string

func (s spool) run(id string) string       { return filepath.Join(string(s), id) }
func (s spool) task(t queue.Task) string   { return filepath.Join(s.run(t.Run.ID), t.Name+".task") }
func (s spool) result(t queue.Task) string { return filepath.Join(s.run(t.Run.ID), t.Name+".result") }
func (s spool) has(path string) bool       { _, err := os.Stat(path); return err == nil }
func (s spool) writing(t queue.Task) (*os.File, error) {
	f, err := os.CreateTemp(s.run(t.Run.ID), t.Name+".*.part")
	if err == nil {
		err = f.Chmod(spoolFile)
	}
	return f, err
}

// Machines may run under accounts of their own, in one group. What lies there is
// sealed, whoever reads it.
const (
	spoolDir  = fs.ModeSetgid | 0o770
	spoolFile = 0o660
)

// CheckSpool refuses a spool that is no folder this process can write to.
func CheckSpool(dir string) error {
	if dir == "" {
		return fault.New(fault.Usage, "many machines need a folder on shared storage, where tasks and results are left sealed").
			WithHint("pass --spool DIR or set $POSTERIORI_SPOOL, on every machine as it sees the folder")
	}
	f, err := os.CreateTemp(dir, "*.part")
	if err != nil {
		return fault.Wrap(fault.NoSpace, err, "the spool folder cannot be written").OnFile(dir).
			WithHint("it must be there, and this account, or its group, may write to it")
	}
	f.Close()
	return os.Remove(f.Name())
}

// make makes the folder of a run, or opens one that was left half made to the
// group.
func (s spool) make(run string) error {
	dir := s.run(run)
	if err := os.Mkdir(dir, 0o770); err != nil && !errors.Is(err, fs.ErrExist) {
		return spoolFault(dir, err)
	}
	info, err := os.Stat(dir)
	if err != nil {
		return spoolFault(dir, err)
	}
	if info.Mode()&(fs.ModeSetgid|fs.ModePerm) == spoolDir {
		return nil
	}
	err = os.Chmod(dir, spoolDir) // whatever the umask
	if errors.Is(err, fs.ErrPermission) && info.Mode().Perm() == spoolDir.Perm() {
		return nil // a share or a service manager that allows no more, or another account's
	}
	return spoolFault(dir, err)
}

// put writes a whole file in one step. It is not flushed to the disk: one that a
// crash leaves damaged does not open, and is made anew.
func (s spool) put(path string, b []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), "*.part")
	if err != nil {
		return spoolFault(path, err)
	}
	_, err = f.Write(b)
	if err == nil {
		err = f.Chmod(spoolFile)
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return spoolFault(path, err)
}

func spoolFault(path string, err error) error {
	if err == nil {
		return nil
	}
	return fault.Wrap(fault.NoSpace, err, "the spool folder cannot be written").OnFile(path).
		WithHint("free some space and see that the share is there; posteriori batch resume goes on")
}

// Mapping says where a machine sees what the coordinator sees elsewhere.
type Mapping struct{ From, To string }

// ParseMapping reads FROM=TO, two absolute folders.
func ParseMapping(s string) (Mapping, error) {
	from, to, ok := strings.Cut(s, "=")
	if !ok || !filepath.IsAbs(from) || !filepath.IsAbs(to) {
		return Mapping{}, fault.New(fault.Usage, "--map %q is not FROM=TO with two absolute folders", s)
	}
	return Mapping{filepath.Clean(from), filepath.Clean(to)}, nil
}

// mapped is where a path of the coordinator's is seen here: by the longest
// mapping that fits. Without any mapping paths are the same on both; with some,
// what none fits is not looked for.
func mapped(maps []Mapping, path string) (string, error) {
	if len(maps) == 0 {
		return path, nil
	}
	best := -1
	out := ""
	for _, m := range maps {
		rest, ok := strings.CutPrefix(path, m.From)
		if ok && (rest == "" || rest[0] == filepath.Separator || m.From == "/") && len(m.From) > best {
			best, out = len(m.From), filepath.Join(m.To, rest)
		}
	}
	if best < 0 {
		return "", queue.Unmapped
	}
	return out, nil
}
