package access

import (
	"time"

	"posteriori/engine/journal"
	"posteriori/engine/procedure"
)

// Check says whether u may do such an act at that time, in the procedure d or,
// for nil, on the store. One of the user's roles must allow it whole: its row
// in the [Matrix] (rule 7), assignment to the procedure and a habilitation for
// the nature of data (rule 5). An act that shows what analysis found is
// refused where the magistrate's word forbids the use (rule 4).
func Check(u User, sub journal.Sub, d *procedure.Document, at time.Time) error {
	if u.Revoked {
		return procedure.Refuse("5", "", "account %s is no longer a designated user", u.Account)
	}
	g := Matrix[sub]
	err := procedure.Refuse("7", "", "%s may not do this (%s); it is for %s", list(u.Roles), sub, list(g.Roles))
	allowed := false
	for _, r := range g.Roles {
		if !u.Has(r) {
			continue
		}
		if err2 := u.as(r, g, d, at); err2 == nil {
			allowed = true
			break
		} else if !allowed {
			err = err2
		}
	}
	if !allowed {
		return err
	}
	if g.Looks && d != nil {
		return procedure.MayConsult(*d)
	}
	return nil
}

// as says whether u may do the act in this role.
func (u User) as(r Role, g Grant, d *procedure.Document, at time.Time) error {
	if d != nil && r.assigned() && !u.In(*d) {
		return procedure.Refuse("5", "an administrator assigns with posteriori user assign "+u.Account+" "+d.ID,
			"account %s is not assigned to procedure %s", u.Account, d.ID)
	}
	if g.Nature == "" || !r.habilitated() {
		return nil
	}
	if _, ok := u.Habilitated(g.Nature, at); ok {
		return nil
	}
	todo := "an administrator records an order with posteriori user habilitate " + u.Account
	day := at.Local().Format(time.DateOnly)
	if _, ok := u.Habilitated("", at); ok {
		return procedure.Refuse("5", todo, "the habilitation of account %s does not cover %s", u.Account, g.Nature)
	}
	if len(u.Habilitations) > 0 {
		return procedure.Refuse("5", todo, "no habilitation of account %s holds on %s", u.Account, day)
	}
	return procedure.Refuse("5", todo, "account %s has no habilitation", u.Account)
}

// Person is how a journal record names u at that time.
func (u User) Person(at time.Time) journal.Person {
	p := journal.Person{Account: u.Account, UID: u.UID, Matricule: u.Matricule,
		Name: u.Name, Quality: u.Quality, Service: u.Service}
	if h, ok := u.Habilitated("", at); ok {
		p.Habilitation = h.Reference
	}
	return p
}
