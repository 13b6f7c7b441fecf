package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"posteriori/engine/evidence"
	"posteriori/engine/fault"
	"posteriori/engine/index"
	"posteriori/engine/journal"
)

// Where the keys of backups are kept.
//
// Status: current. Goal: a store whose disk is lost can be put back, and what the
// law has erased (CPP 230-22) is erased in its backups too, however many there
// are and wherever they lie. So a backup holds nothing that can be read without
// a key of its own, one for each procedure in it, and those keys lie in a vault:
// a folder on another medium than the backups, with one small file each.
//
//	journal.key                 the journals' signing key; nothing to erase in it
//	BACKUP/manifest.sha256      the hash that the backup's manifest must have
//	BACKUP/ID.key               opens procedure ID in that backup
//	BACKUP/ID.gone              instead of the key: when and why it was destroyed
//
// Each erasure, of a procedure, a recording or a track, destroys the keys of all
// earlier backups of that procedure. A vault that is away at that moment is noted
// in the store (keys/vaults.json), and every act tries again.
//
// Not a goal: to reach a vault that somebody copied. Whoever keeps it is told so.
//
// Alternatives: keys inside the backup (an erasure reaches no backup); the
// store's own keys in the vault (the erasure of one recording reaches no backup,
// as the procedure's key lives on); backups rewritten at each erasure (they lie
// on media that are not there).
const vaultsFile = "vaults.json"

// The reasons why a key of a backup was destroyed.
const (
	goneErased = "erased" // something of the procedure was: a later backup holds the rest
	gonePurged = "purged" // the procedure was, as a whole
)

// vaults is what a store knows of the vaults of its backups.
type vaults struct {
	Dirs    []string `json:"dirs"`
	Pending []shred  `json:"pending,omitempty"`
}

// shred is the destruction of a procedure's backup keys in one vault, which was
// away when it was due.
type shred struct {
	Dir       string    `json:"dir"`
	Procedure string    `json:"procedure"`
	Why       string    `json:"why"`
	At        time.Time `json:"at"`
}

func (s *Store) vaultsPath() string { return filepath.Join(s.dir, "keys", vaultsFile) }

func (s *Store) readVaults() (v vaults, err error) {
	b, err := os.ReadFile(s.vaultsPath())
	if errors.Is(err, fs.ErrNotExist) {
		return v, nil
	}
	if err == nil {
		err = json.Unmarshal(b, &v)
	}
	if err != nil {
		return v, fault.Wrap(fault.Integrity, err, "the list of the backups' keys cannot be read").OnFile(s.vaultsPath()).
			WithHint("restore it from the backup: erasures must reach the keys of backups")
	}
	return v, nil
}

// BackupKeys are the folders that the keys of backups lie in.
func (s *Store) BackupKeys() ([]string, error) {
	v, err := s.readVaults()
	return v.Dirs, err
}

// changeVaults changes the list under its lock.
func (s *Store) changeVaults(change func(*vaults) error) error {
	unlock, err := journal.Lock(context.Background(), s.vaultsPath()+".lock")
	if err != nil {
		return err
	}
	defer unlock()
	v, err := s.readVaults()
	if err != nil {
		return err
	}
	if err := change(&v); err != nil {
		return err
	}
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	next := s.vaultsPath() + ".next"
	_ = os.Remove(next)
	if err := writeNew(next, append(b, '\n')); err != nil {
		return err
	}
	s.share(next)
	if err := os.Rename(next, s.vaultsPath()); err != nil {
		return storeFault(s.vaultsPath(), err)
	}
	return syncDir(filepath.Dir(s.vaultsPath()))
}

// openVault makes dir the store's vault, where it is not yet.
func (s *Store) openVault(dir string) (string, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return "", fault.Wrap(fault.Usage, err, "no such path").OnFile(dir)
	}
	if err := evidence.CheckPlace(filepath.Join(abs, "x")); err != nil {
		return "", err
	}
	if err := os.MkdirAll(abs, 0o700); err != nil {
		return "", vaultFault(abs, err)
	}
	info, err := os.Stat(abs)
	if err != nil {
		return "", vaultFault(abs, err)
	}
	if open := info.Mode().Perm() & 0o077; open != 0 {
		return "", fault.New(fault.Integrity, "others on this machine may enter the folder of the backups' keys (mode %04o)", info.Mode().Perm()).
			OnFile(abs).UnderRule("18").WithHint("chmod 700 %s", abs)
	}
	path := filepath.Join(abs, "journal.key")
	have, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if err := writeNew(path, []byte(s.key.Private+"\n")); err != nil {
			return "", vaultFault(path, err)
		}
	case err != nil:
		return "", vaultFault(path, err)
	case string(trimLine(have)) != s.key.Private:
		return "", fault.New(fault.BadInput, "the keys of another store lie there").OnFile(abs).WithHint("name a folder of its own for each store")
	}
	return abs, s.changeVaults(func(v *vaults) error {
		if !slices.Contains(v.Dirs, abs) {
			v.Dirs = append(v.Dirs, abs)
		}
		return nil
	})
}

func vaultFault(path string, err error) error {
	return fault.Wrap(fault.NoSpace, err, "the backups' keys cannot be written or read").OnFile(path).
		WithHint("connect the medium that they lie on, and let this account write there")
}

// newBackupKey puts a fresh key of a procedure into a backup's part of a vault.
func newBackupKey(part, id string) ([]byte, error) {
	key := randomKey(index.KeySize)
	path := filepath.Join(part, id+".key")
	if err := evidence.Destroy(path); err != nil {
		return nil, err
	}
	_ = os.Remove(filepath.Join(part, id+".gone"))
	if err := writeNew(path, key); err != nil {
		return nil, vaultFault(path, err)
	}
	if err := syncDir(part); err != nil {
		return nil, vaultFault(part, err)
	}
	return key, nil
}

// dueShred notes that the keys of all backups of a procedure are to be
// destroyed, as something in its index or files is about to be erased.
func (s *Store) dueShred(id, why string) error {
	if _, err := os.Stat(s.vaultsPath()); errors.Is(err, fs.ErrNotExist) {
		return nil // no backup was ever made
	}
	return s.changeVaults(func(v *vaults) error { s.addPending(v, id, why); return nil })
}

func (s *Store) addPending(v *vaults, id, why string) {
	for _, dir := range v.Dirs {
		if !slices.ContainsFunc(v.Pending, func(p shred) bool { return p.Dir == dir && p.Procedure == id && p.Why == why }) {
			v.Pending = append(v.Pending, shred{dir, id, why, s.now().UTC()})
		}
	}
}

// shredBackups destroys the keys of all backups of a procedure, in whose index
// or files something was erased: nothing that was before can be read any more.
// What cannot be reached now stays pending, and whoever acts is told.
func (s *Store) shredBackups(id, why string) error {
	if _, err := os.Stat(s.vaultsPath()); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return s.changeVaults(func(v *vaults) error {
		s.addPending(v, id, why)
		s.shredPending(v)
		return nil
	})
}

// settleVaults does what was due while a vault was away.
func (s *Store) settleVaults() {
	v, err := s.readVaults()
	if err != nil || len(v.Pending) == 0 {
		return
	}
	_ = s.changeVaults(func(v *vaults) error { s.shredPending(v); return nil }) // else the next act
}

// shredPending does what can be done of what is pending.
func (s *Store) shredPending(v *vaults) {
	var left []shred
	for _, p := range v.Pending {
		if err := p.do(); err != nil {
			left = append(left, p)
			if s.notice != nil {
				s.notice(fmt.Sprintf("warning: procedure %s: keys of its backups in %s could not be destroyed: connect that medium, then any act does it", p.Procedure, fault.Printable(p.Dir)))
			}
		}
	}
	v.Pending = left
}

func (p shred) do() error {
	if _, err := os.Stat(filepath.Join(p.Dir, "journal.key")); err != nil {
		return err // the medium is away
	}
	keys, err := p.inBackups(".key")
	if err != nil {
		return err
	}
	text, err := json.Marshal(p.note())
	if err != nil {
		return err
	}
	for _, key := range keys {
		if err := evidence.Destroy(key); err != nil {
			return err
		}
		gone := filepath.Join(filepath.Dir(key), p.Procedure+".gone")
		_ = os.Remove(gone)
		if err := writeNew(gone, append(text, '\n')); err != nil {
			return err
		}
	}
	// A purge after an erasure: what was erased in part is now gone as a whole.
	if p.Why == gonePurged {
		gones, err := p.inBackups(".gone")
		if err != nil {
			return err
		}
		for _, gone := range gones {
			_ = os.Remove(gone)
			if err := writeNew(gone, append(text, '\n')); err != nil {
				return err
			}
		}
	}
	return nil
}

// inBackups lists the files of the procedure in the parts of all backups. A
// pattern would not do: the vault's own name may have brackets in it.
func (p shred) inBackups(ext string) (paths []string, err error) {
	parts, err := os.ReadDir(p.Dir)
	if err != nil {
		return nil, err
	}
	for _, part := range parts {
		path := filepath.Join(p.Dir, part.Name(), p.Procedure+ext)
		if _, err := os.Lstat(path); err == nil {
			paths = append(paths, path)
		} else if !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENOTDIR) {
			return nil, err
		}
	}
	return paths, nil
}

// gone is what lies in a key's place.
type gone struct {
	Why string    `json:"why"`
	At  time.Time `json:"at"`
}

func (p shred) note() gone { return gone{p.Why, p.At} }

func readGone(part, id string) (g gone, ok bool) {
	b, err := os.ReadFile(filepath.Join(part, id+".gone"))
	return g, err == nil && json.Unmarshal(b, &g) == nil
}
