package access

import (
	"slices"

	"posteriori/engine/fault"
	"posteriori/engine/procedure"
)

// With is u with one more habilitation, or the refusal of an incomplete one.
func (u User) With(h Habilitation) (User, error) {
	if err := h.Check(); err != nil {
		return u, err
	}
	if u.Revoked {
		return u, u.isGone()
	}
	u.Habilitations = append(slices.Clone(u.Habilitations), h)
	return u, nil
}

// AssignedTo is u working in the procedure of that ID.
func (u User) AssignedTo(id string) (User, error) {
	if err := procedure.CheckID(id); err != nil {
		return u, err
	}
	if u.Revoked {
		return u, u.isGone()
	}
	if slices.Contains(u.Assigned, id) {
		return u, fault.New(fault.Usage, "account %s is assigned to procedure %s already", u.Account, id)
	}
	u.Assigned = append(slices.Clone(u.Assigned), id)
	u.Withdrawn = without(u.Withdrawn, id)
	return u, nil
}

// WithdrawnFrom is u no longer working in the procedure of that ID, also where
// he opened it.
func (u User) WithdrawnFrom(id string) (User, error) {
	if err := procedure.CheckID(id); err != nil {
		return u, err
	}
	if slices.Contains(u.Withdrawn, id) {
		return u, fault.New(fault.Usage, "account %s is withdrawn from procedure %s already", u.Account, id)
	}
	u.Assigned = without(u.Assigned, id)
	u.Withdrawn = append(slices.Clone(u.Withdrawn), id)
	return u, nil
}

// Gone is u as no user any more. He loses the procedures that he was assigned
// to, so that coming back opens none of them but those he opened himself.
func (u User) Gone() (User, error) {
	if u.Revoked {
		return u, u.isGone()
	}
	u.Withdrawn = append(slices.Clone(u.Withdrawn), u.Assigned...)
	u.Assigned, u.Revoked = nil, true
	return u, nil
}

// Back is a revoked user designated anew, with the identity and the roles of
// as. His earlier habilitations do not come back (the register's history has
// them): a new order is needed, and so is a new assignment.
func (u User) Back(as User) (User, error) {
	if !u.Revoked {
		return u, fault.New(fault.Usage, "account %s is not revoked", u.Account).WithHint("see posteriori user show %s", u.Account)
	}
	as.Account, as.UID, as.Withdrawn = u.Account, u.UID, u.Withdrawn
	return as, nil
}

func (u User) isGone() error {
	return fault.New(fault.Usage, "account %s was revoked", u.Account).
		WithHint("designate it anew with posteriori user add --again %s", u.Account)
}

// SeesUsers says whether a role may see users other than oneself.
func SeesUsers(r Role) bool { return r != Agent }

// RefuseOther refuses a look at another user (rule 7).
func RefuseOther(u User) error {
	return procedure.Refuse("7", "posteriori user show shows your own", "%s may see no user but himself", list(u.Roles))
}

func without(list []string, id string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(s string) bool { return s == id })
}
