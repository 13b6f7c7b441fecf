package access

import (
	"bytes"
	"encoding/json"
	"slices"
	"time"

	"posteriori/engine/fault"
	"posteriori/engine/journal"
	"posteriori/engine/procedure"
)

// RegisterFormat is the version of users.json that this package writes.
const RegisterFormat = 1

// Change is what one act made of one user.
type Change struct {
	At   time.Time   `json:"at"`
	By   string      `json:"by"` // account that made it
	Sub  journal.Sub `json:"sub"`
	User User        `json:"user"` // as he stands from then on
}

// Register is all users of a store with their history, oldest change first.
type Register struct {
	Format  int      `json:"format"`
	Changes []Change `json:"changes"`
}

// ParseRegister reads users.json strictly.
func ParseRegister(b []byte) (Register, error) {
	var r Register
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&r); err != nil {
		return Register{}, fault.Wrap(fault.BadInput, err, "not a register of users")
	}
	if r.Format != RegisterFormat {
		return Register{}, fault.New(fault.BadInput, "format %d, this program reads %d", r.Format, RegisterFormat)
	}
	for _, c := range r.Changes {
		if err := c.User.Check(); err != nil {
			return Register{}, fault.Wrap(fault.BadInput, err, "a user of the register is not in order")
		}
	}
	return r, nil
}

// Encode writes users.json.
func (r Register) Encode() ([]byte, error) {
	r.Format = RegisterFormat
	b, err := json.MarshalIndent(r, "", "  ")
	return append(b, '\n'), err
}

// Users lists each user as he stands now, in the order in which they came.
func (r Register) Users() []User {
	var out []User
	for _, c := range r.Changes {
		i := slices.IndexFunc(out, func(u User) bool { return u.UID == c.User.UID })
		if i < 0 {
			out = append(out, c.User)
		} else {
			out[i] = c.User
		}
	}
	return out
}

// At is the register as it was at that moment.
func (r Register) At(t time.Time) Register {
	return Register{Format: r.Format, Changes: slices.DeleteFunc(slices.Clone(r.Changes), func(c Change) bool { return c.At.After(t) })}
}

// Named finds the user of that account's name; fault.NotFound when none is.
func (r Register) Named(account string) (User, error) {
	for _, u := range r.Users() {
		if u.Account == account {
			return u, nil
		}
	}
	return User{}, fault.New(fault.NotFound, "account %q is not a user of this store", fault.Printable(account)).
		WithHint("posteriori user list shows those there are; posteriori user add adds one")
}

// Acting finds the user behind an account of the operating system, or refuses
// (rule 5): it must be known by its ID, and under the name that it was added
// with, so that an ID given to somebody else opens nothing.
func (r Register) Acting(a Account) (User, error) {
	todo := "an administrator adds it with posteriori user add"
	for _, u := range r.Users() {
		if u.UID != a.UID {
			continue
		}
		if u.Account != a.Name {
			return User{}, procedure.Refuse("5", todo,
				"user ID %s was that of account %s and is now that of %q", a.UID, u.Account, fault.Printable(a.Name))
		}
		return u, nil
	}
	name := a.Name
	if name == "" {
		name = "with user ID " + a.UID
	}
	return User{}, procedure.Refuse("5", todo, "account %s is not a designated user of this store", fault.Printable(name))
}

// With adds a change of one user. It refuses to add an account or ID that is
// there, unless it was revoked and comes back, to change one that is not, and
// whatever leaves no administrator.
func (r Register) With(c Change) (Register, error) {
	if err := c.User.Check(); err != nil {
		return r, err
	}
	known := slices.ContainsFunc(r.Users(), func(u User) bool { return u.UID == c.User.UID && u.Account == c.User.Account })
	clash := slices.ContainsFunc(r.Users(), func(u User) bool { return u.UID == c.User.UID || u.Account == c.User.Account })
	back := slices.ContainsFunc(r.Users(), func(u User) bool {
		return u.UID == c.User.UID && u.Account == c.User.Account && u.Revoked && !c.User.Revoked
	})
	if c.Sub == journal.SubUserAdd && clash && !back {
		return r, fault.New(fault.BadInput, "account %s (user ID %s) is in the register already", c.User.Account, c.User.UID).
			WithHint("posteriori user show %s; an ID or name once used is never given to somebody else", c.User.Account)
	}
	if c.Sub != journal.SubUserAdd && c.Sub != journal.SubInit && !known {
		return r, fault.New(fault.NotFound, "account %s is not a user of this store", c.User.Account)
	}
	r.Changes = append(slices.Clone(r.Changes), c)
	if !slices.ContainsFunc(r.Users(), func(u User) bool { return u.Has(Administrator) && !u.Revoked }) {
		return r, procedure.Refuse("7", "make another user administrator first", "the store would be without an administrator")
	}
	return r, nil
}
