package engine

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"posteriori/engine/access"
	"posteriori/engine/fault"
	"posteriori/engine/journal"
	"posteriori/engine/procedure"
)

// Users reads the register of users. It is fault.Integrity when the file is
// not the one that the last act on it recorded.
func (s *Store) Users(ctx context.Context) (access.Register, error) {
	r, err := s.readUsers()
	if fault.KindOf(err) != fault.Integrity {
		return r, err
	}
	// Another process may be between its record and its file, or was killed there.
	unlock, lerr := journal.Lock(ctx, filepath.Join(s.dir, usersFile+".lock"))
	if lerr != nil {
		return access.Register{}, errors.Join(err, lerr)
	}
	defer unlock()
	return s.recoverUsers()
}

func (s *Store) readUsers() (access.Register, error) {
	path := filepath.Join(s.dir, usersFile)
	b, err := os.ReadFile(path)
	if err != nil {
		return access.Register{}, fault.Wrap(fault.Integrity, err, "the register of users cannot be read").OnFile(path).
			UnderRule("5").WithHint("restore it from the backup")
	}
	if err := s.checkSealed(usersFile, b); err != nil {
		return access.Register{}, err
	}
	r, err := access.ParseRegister(b)
	if err != nil {
		return r, fault.Wrap(fault.Integrity, err, "the register of users cannot be read").OnFile(path).UnderRule("5")
	}
	return r, nil
}

// recoverUsers reads the register under its lock. A change that was recorded
// but not put in place is put there.
func (s *Store) recoverUsers() (access.Register, error) {
	if err := s.recoverSealed(usersFile); err != nil {
		return access.Register{}, err
	}
	return s.readUsers()
}

// ChangeUsers changes the register: under its lock it lets change make a user
// of what is there, records the act with the new file's hash, and puts the
// file in place. It returns the user as he stands then. Nobody designates
// himself in a store for cases (rule 5).
func (a *Act) ChangeUsers(ctx context.Context, d journal.Details, change func(access.Register) (access.User, error)) (access.User, error) {
	a.About(d)
	s := a.store
	unlock, err := journal.Lock(ctx, filepath.Join(s.dir, usersFile+".lock"))
	if err != nil {
		return access.User{}, err
	}
	defer unlock()
	r, err := s.recoverUsers()
	if err != nil {
		return access.User{}, err
	}
	u, err := change(r)
	if err == nil {
		err = a.notHimself(u)
	}
	if err != nil {
		return access.User{}, err
	}
	r, err = r.With(access.Change{At: s.now().UTC(), By: a.user.Account, Sub: a.spec.Sub, User: u})
	if err != nil {
		return access.User{}, err
	}
	b, err := r.Encode()
	if err != nil {
		return access.User{}, err
	}
	o := seal(usersFile, b)
	o.ID = u.UID
	return u, a.replaceSealed(usersFile, b, o, d)
}

// notHimself refuses a change by which whoever acts gives himself a role, a
// habilitation or a procedure: the designation is another's act. He may
// withdraw.
func (a *Act) notHimself(u access.User) error {
	if a.store.meta.Demo || a.spec.Sub == journal.SubUserRevoke || u.UID != a.user.UID {
		return nil
	}
	return procedure.Refuse("5", "another administrator records it", "nobody designates himself")
}
