package engine

import (
	"io/fs"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"posteriori/engine/fault"
	"posteriori/engine/journal"
)

// A store is one account's (modes 0700 and 0600) or, made with --group, that
// of a group of accounts on one machine (2770 and 0660, the group inherited).
// Whoever is in the group can read keys and files without this program: the
// group is those who may work with the store at all, the register of users
// says who of them may do what, and the journal shows what went past it. What
// a part of the engine makes for its own account alone is opened to the group
// when an act ends, by the account that made it.
const (
	sharedDir  = fs.ModeSetgid | 0o770
	sharedFile = 0o660
)

// Group is the group of accounts that share the store, or empty.
func (s *Store) Group() string { return s.meta.Group }

// groupID is the number of a group of the operating system.
func groupID(name string) (int, error) {
	bad := func() error {
		return fault.New(fault.Usage, "this machine has no group %q", fault.Printable(name)).WithHint("make it with groupadd, or name another")
	}
	if name == "" || strings.HasPrefix(name, "-") {
		return 0, bad()
	}
	if g, err := user.LookupGroup(name); err == nil {
		return strconv.Atoi(g.Gid)
	}
	out, err := exec.Command("/usr/bin/getent", "group", name).Output()
	f := strings.Split(string(out), ":")
	if err != nil || len(f) < 3 {
		return 0, bad()
	}
	return strconv.Atoi(f[2])
}

// setGroup gives all below dir to a group.
func setGroup(dir string, gid int) error {
	return filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(path, -1, gid)
	})
}

// share opens what lies below dir to the store's group, as far as this account
// made it. What fails stays closed to others, which is told when they meet it.
func (s *Store) share(dir string) {
	if s.meta.Group == "" {
		return
	}
	_ = filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return nil // another act removed it meanwhile
		}
		info, err := e.Info()
		if err != nil {
			return nil
		}
		switch mode := info.Mode(); {
		case mode.IsDir() && mode&(fs.ModeSetgid|0o777) != sharedDir:
			_ = os.Chmod(path, sharedDir)
		case mode.IsRegular() && mode.Perm()&0o600 == 0o600 && mode.Perm() != sharedFile:
			_ = os.Chmod(path, sharedFile)
		}
		return nil
	})
}

// shareAct opens what an act may have made.
func (s *Store) shareAct(p *Procedure) {
	if s.meta.Group == "" {
		return
	}
	for _, d := range []string{"journal", "keys", "tmp", "models"} {
		s.share(filepath.Join(s.dir, d))
	}
	for _, f := range []string{usersFile, usersFile + ".lock", storeFile, storeFile + ".lock", "procedures.lock"} {
		s.share(filepath.Join(s.dir, f))
	}
	if p != nil {
		s.share(s.procedureDir(p.Doc.ID))
	}
}

// checkModes refuses a store that is open to more than its account or group.
func (s *Store) checkModes() error {
	info, err := os.Stat(s.dir)
	if err != nil {
		return fault.Wrap(fault.BadInput, err, "the store cannot be read").OnFile(s.dir)
	}
	open, want := info.Mode().Perm()&0o077, "700"
	if s.meta.Group != "" {
		open, want = info.Mode().Perm()&0o007, "2770"
		if err := s.checkGroup(s.dir, info); err != nil {
			return err
		}
	}
	if open != 0 {
		return fault.New(fault.Integrity, "others on this machine may enter the store (mode %04o)", info.Mode().Perm()).OnFile(s.dir).
			UnderRule("18").WithHint("chmod %s %s; if others had access, tell the data controller: its keys may be known", want, s.dir)
	}
	return nil
}

// checkGroup refuses a file that does not belong to the store's group.
func (s *Store) checkGroup(path string, info fs.FileInfo) error {
	gid, err := groupID(s.meta.Group)
	if err != nil {
		return err
	}
	if st, ok := info.Sys().(*syscall.Stat_t); ok && int(st.Gid) != gid {
		return fault.New(fault.Integrity, "it does not belong to the store's group %s", s.meta.Group).OnFile(path).
			UnderRule("18").WithHint("chgrp %s %s", s.meta.Group, path)
	}
	return nil
}

// readKey reads a key file of the store, which none but the store's account,
// or its group, may be able to read.
func (s *Store) readKey(name string) (string, error) {
	path := filepath.Join(s.dir, "keys", name)
	if s.meta.Group == "" {
		b, err := journal.ReadKeyFile(path)
		if name != "journal.key" {
			return string(b), err // bytes, not text
		}
		return string(trimLine(b)), err
	}
	info, err := os.Lstat(path)
	if err != nil {
		return "", fault.Wrap(fault.Integrity, err, "the key cannot be read").OnFile(path).UnderRule("18")
	}
	if !info.Mode().IsRegular() || info.Mode().Perm()&0o007 != 0 {
		return "", fault.New(fault.Integrity, "others on this machine may use the key (mode %04o)", info.Mode().Perm()).OnFile(path).
			UnderRule("18").WithHint("chmod 660 %s; if others had access, tell the data controller: the key may be known", path)
	}
	if err := s.checkGroup(path, info); err != nil {
		return "", err
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return "", fault.Wrap(fault.Integrity, err, "the key cannot be read").OnFile(path).UnderRule("18").
			WithHint("the account that made it opens it to the group with chmod 660, or by any act in the store")
	}
	if name == "journal.key" {
		b = trimLine(b)
	}
	return string(b), nil
}
