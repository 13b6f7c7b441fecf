package access

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"posteriori/engine/fault"
	"posteriori/engine/procedure"
)

// Habilitation is the order that lets a user work with this software. Days
// are YYYY-MM-DD and count in the machine's time zone, both included.
type Habilitation struct {
	Authority string   `json:"authority"` // who habilitates
	Reference string   `json:"reference"` // of the order
	Document  string   `json:"document"`  // SHA-256 of the order
	From      string   `json:"from"`
	Until     string   `json:"until"`
	Natures   []Nature `json:"natures"`
}

// User is one designated user as he stands at one moment.
type User struct {
	Account       string         `json:"account"` // the operating system's
	UID           string         `json:"uid"`     // the operating system's; what counts
	Matricule     string         `json:"matricule"`
	Name          string         `json:"name"`
	Quality       string         `json:"quality"` // as on a PV: OPJ, APJ, capitaine de police …
	Service       string         `json:"service"`
	Roles         []Role         `json:"roles"`
	Habilitations []Habilitation `json:"habilitations,omitempty"`
	Assigned      []string       `json:"assigned,omitempty"`  // IDs of procedures
	Withdrawn     []string       `json:"withdrawn,omitempty"` // IDs of procedures that he opened and no longer works in
	Revoked       bool           `json:"revoked,omitempty"`
}

// Account is an account of the operating system.
type Account struct {
	Name  string // "uid-N" when the system has none for the UID
	UID   string
	Login string // the account that logged in, where it is another (su, sudo)
}

// accountForm is what an account's name may be: ASCII, so that no name looks
// like another. Directories give names as DOMAIN\name or name@domain.
var accountForm = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._@\\+-]{0,127}\$?$`)

// CheckAccount refuses what cannot name an account.
func CheckAccount(name string) error {
	if !accountForm.MatchString(name) {
		return fault.New(fault.Usage, "%q cannot be an account's name", fault.Printable(name)).
			WithHint("name an account of this machine, in ASCII letters")
	}
	return nil
}

// Check says what of a user's own fields is wrong.
func (u User) Check() error {
	if err := CheckAccount(u.Account); err != nil {
		return err
	}
	if u.UID == "" || strings.Trim(u.UID, "0123456789") != "" {
		return fault.New(fault.Usage, "%q is no user ID", u.UID)
	}
	if err := u.checkIdentity(); err != nil {
		return err
	}
	if len(u.Roles) == 0 {
		return fault.New(fault.Usage, "the user has no role").WithHint("give one with --role %s", list(Roles))
	}
	for i, r := range u.Roles {
		if !slices.Contains(Roles, r) || slices.Contains(u.Roles[:i], r) {
			return fault.New(fault.Usage, "%q is no role, or is named twice", r).WithHint("the roles are %s", list(Roles))
		}
	}
	for _, h := range u.Habilitations {
		if err := h.Check(); err != nil {
			return err
		}
	}
	return nil
}

// checkIdentity wants the full identity of whoever may be named on a PV; who
// only keeps or audits the store is known by the account.
func (u User) checkIdentity() error {
	named := slices.ContainsFunc(u.Roles, Role.assigned)
	for _, f := range [][3]string{
		{"the name", u.Name, "name"}, {"the quality", u.Quality, "quality"}, {"the service", u.Service, "service"},
	} {
		if f[1] == "" {
			if named {
				return fault.New(fault.Usage, "%s of the user is not given", f[0]).WithHint("give it with --%s", f[2])
			}
			continue
		}
		if err := procedure.CheckName(f[0], f[1]); err != nil {
			return err
		}
	}
	if named && strings.TrimSpace(u.Matricule) == "" {
		return fault.New(fault.Usage, "the matricule of the user is not given").WithHint("give it with --matricule")
	}
	return procedure.CheckText("the matricule", u.Matricule)
}

// Check refuses an incomplete habilitation (rule 5).
func (h Habilitation) Check() error {
	from, err1 := time.Parse(time.DateOnly, h.From)
	until, err2 := time.Parse(time.DateOnly, h.Until)
	switch {
	case strings.TrimSpace(h.Authority) == "":
		return procedure.Refuse("5", "name who habilitates with --authority", "the habilitation names no authority")
	case strings.TrimSpace(h.Reference) == "":
		return procedure.Refuse("5", "give it with --reference", "the habilitation has no reference")
	case len(h.Document) != 64 || strings.Trim(h.Document, "0123456789abcdef") != "":
		return procedure.Refuse("5", "give the signed order with --document", "the habilitation has no document")
	case err1 != nil || err2 != nil:
		return procedure.Refuse("5", "give its days as --from YYYY-MM-DD --until YYYY-MM-DD",
			"the habilitation has no first and last day (%q, %q)", h.From, h.Until)
	case until.Before(from):
		return procedure.Refuse("5", "", "the habilitation ends on %s, before it begins on %s", h.Until, h.From)
	case len(h.Natures) == 0:
		return procedure.Refuse("5", "name it with --nature "+list(Natures), "the habilitation names no nature of data")
	}
	for i, n := range h.Natures {
		if !slices.Contains(Natures, n) || slices.Contains(h.Natures[:i], n) {
			return procedure.Refuse("5", "the natures are "+list(Natures), "%q is no nature of data, or is named twice", n)
		}
	}
	for _, f := range [][2]string{{"the authority", h.Authority}, {"the reference", h.Reference}} {
		if err := procedure.CheckText(f[0], f[1]); err != nil {
			return err
		}
	}
	return nil
}

// covers says whether h holds on that day.
func (h Habilitation) covers(day string) bool { return h.From <= day && day <= h.Until }

// Habilitated gives the latest habilitation of u that holds on the day of at
// and covers the nature; any nature for "".
func (u User) Habilitated(n Nature, at time.Time) (Habilitation, bool) {
	day := at.Local().Format(time.DateOnly)
	for _, h := range slices.Backward(u.Habilitations) {
		if h.covers(day) && (n == "" || slices.Contains(h.Natures, n)) {
			return h, true
		}
	}
	return Habilitation{}, false
}

// In says whether u works in d: he is assigned to it, or opened it and was not
// withdrawn.
func (u User) In(d procedure.Document) bool {
	return slices.Contains(u.Assigned, d.ID) ||
		d.OpenedBy != "" && d.OpenedBy == u.UID && !slices.Contains(u.Withdrawn, d.ID)
}

// Has says whether u has the role.
func (u User) Has(r Role) bool { return slices.Contains(u.Roles, r) }

// Sees says whether u may know that d exists: those who control and keep the
// store know all procedures, others theirs.
func (u User) Sees(d procedure.Document) bool {
	return u.In(d) || slices.ContainsFunc(u.Roles, func(r Role) bool { return !r.assigned() })
}

func list[T ~string](all []T) string {
	parts := make([]string, len(all))
	for i, v := range all {
		parts[i] = string(v)
	}
	return strings.Join(parts, "|")
}
