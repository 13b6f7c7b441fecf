package engine

import (
	"context"
	"path/filepath"
	"slices"

	"posteriori/engine/access"
	"posteriori/engine/fault"
	"posteriori/engine/journal"
	"posteriori/engine/procedure"
)

// Users reads the register of users. It is fault.Integrity when the file is
// not the one that the last act on it recorded.
func (s *Store) Users(ctx context.Context) (access.Register, error) {
	b, err := s.sealedInStore(usersFile).read(ctx)
	if err != nil {
		return access.Register{}, err
	}
	return s.parseUsers(b)
}

func (s *Store) parseUsers(b []byte) (access.Register, error) {
	r, err := access.ParseRegister(b)
	if err != nil {
		return r, fault.Wrap(fault.Integrity, err, "the register of users cannot be read").OnFile(filepath.Join(s.dir, usersFile)).UnderRule("5")
	}
	return r, nil
}

// ChangeUsers changes the register: under its lock it lets change make a user
// of what is there, records the act with the new file's hash, and puts the
// file in place. It returns the user as he stands then. Nobody designates
// himself in a store for cases (rule 5).
func (a *Act) ChangeUsers(ctx context.Context, d journal.Details, change func(access.Register) (access.User, error)) (access.User, error) {
	a.About(d)
	s := a.store
	var u access.User
	d.Objects = append(slices.Clip(d.Objects), journal.Object{Kind: "users"})
	err := s.sealedInStore(usersFile).change(ctx, a.log, func(old []byte) ([]byte, error) {
		r, err := s.parseUsers(old)
		if err != nil {
			return nil, err
		}
		if u, err = change(r); err != nil {
			return nil, err
		}
		if err := a.notHimself(u); err != nil {
			return nil, err
		}
		d.Objects[len(d.Objects)-1].ID = u.UID
		r, err = r.With(access.Change{At: s.now().UTC(), By: a.user.Account, Sub: a.spec.Sub, User: u})
		if err != nil {
			return nil, err
		}
		return r.Encode()
	}, a.recordSealed(&d))
	if err != nil {
		return access.User{}, err
	}
	return u, nil
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
