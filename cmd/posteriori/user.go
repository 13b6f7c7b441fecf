package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"posteriori/engine"
	"posteriori/engine/access"
	"posteriori/engine/fault"
	"posteriori/engine/journal"
)

func newUserCommand(a *app) *cobra.Command {
	return group("user", "Designate who may work with the store, and for what",
		newUserAddCommand(a), newUserHabilitateCommand(a), newUserAssignCommand(a),
		newUserRevokeCommand(a), newUserListCommand(a), newUserShowCommand(a))
}

// userChange makes the new state of a user out of the register.
type userChange func(access.Register) (access.User, error)

// changeUser runs one act that changes a user, and prints him.
func (a *app) changeUser(c *cobra.Command, sub journal.Sub, prepare func(*engine.Store, *engine.Act) (journal.Details, userChange, error)) error {
	store, err := a.openStore()
	if err != nil {
		return err
	}
	var u access.User
	spec := engine.ActSpec{Operation: journal.Modify, Sub: sub, Reason: a.reason}
	err = store.Do(c.Context(), spec, func(act *engine.Act) error {
		d, change, err := prepare(store, act)
		if err != nil {
			return err
		}
		u, err = act.ChangeUsers(c.Context(), d, change)
		return err
	})
	if err != nil {
		return err
	}
	return a.printUser(u, store.Now())
}

// onNamed is a change of the user of that account.
func onNamed(account string, change func(access.User) (access.User, error)) userChange {
	return func(r access.Register) (access.User, error) {
		u, err := r.Named(account)
		if err != nil {
			return u, err
		}
		return change(u)
	}
}

func newUserAddCommand(a *app) *cobra.Command {
	var u access.User
	var roles []string
	c := &cobra.Command{
		Use:   "add ACCOUNT",
		Short: "Add an account of this machine as a designated user",
		Long: `Add an account of this machine as a designated user. Who acts is always the
account that runs the command; no option names another.

Roles: officer (OPJ), agent (APJ), magistrate, controller, auditor and
administrator; --role is given once for each. Whoever may be named on a PV needs
matricule, name, quality and service. Adding an account that was revoked is done
with --again and keeps its history.
` + exitStatus,
		Example: `  posteriori user add jmartin --role officer --matricule 1048576 --name "Jeanne Martin" \
    --quality "OPJ, capitaine" --service "SRPJ Lille" --reason "prise de fonctions"`,
		Args: argsBetween(1, 1),
	}
	f := c.Flags()
	f.StringArrayVar(&roles, "role", nil, "a `role`; again for each")
	f.StringVar(&u.Matricule, "matricule", "", "service `number`")
	f.StringVar(&u.Name, "name", "", "first and last `name`")
	f.StringVar(&u.Quality, "quality", "", "`quality`, as on a PV")
	f.StringVar(&u.Service, "service", "", "`name` of the service")
	again := f.Bool("again", false, "the account was revoked and comes back")
	c.RunE = func(c *cobra.Command, args []string) error {
		return a.changeUser(c, journal.SubUserAdd, func(*engine.Store, *engine.Act) (journal.Details, userChange, error) {
			u.Roles = nil
			for _, r := range roles {
				u.Roles = append(u.Roles, access.Role(r))
			}
			d := journal.Details{Params: "roles " + strings.Join(roles, " ")}
			if *again {
				return d, onNamed(args[0], func(old access.User) (access.User, error) { return old.Back(u) }), nil
			}
			who, ok := access.Find(args[0])
			if err := access.CheckAccount(args[0]); err != nil {
				return d, nil, err
			}
			if !ok {
				return d, nil, fault.New(fault.NotFound, "this machine has no account %q", args[0]).
					WithHint("make it first (useradd), or check the spelling")
			}
			u.Account, u.UID = who.Name, who.UID
			return d, func(access.Register) (access.User, error) { return u, nil }, nil
		})
	}
	return c
}

func newUserHabilitateCommand(a *app) *cobra.Command {
	var h access.Habilitation
	var natures []string
	var document string
	c := &cobra.Command{
		Use:   "habilitate ACCOUNT",
		Short: "Record the order that habilitates a user",
		Long: `Record the order that habilitates a user: authority, reference, first and last
day, nature of the data (video: recordings and what is derived from them; plates:
number plates in clear text), and the signed document, which is hashed, not
copied. Earlier orders stay on record.
` + exitStatus,
		Example: `  posteriori user habilitate jmartin --authority "Directeur interrégional" --reference H-2025-17 \
    --from 2025-01-01 --until 2026-12-31 --nature video --nature plates --document ordre.pdf \
    --reason "habilitation annuelle"`,
		Args: argsBetween(1, 1),
	}
	f := c.Flags()
	f.StringVar(&h.Authority, "authority", "", "`who` habilitates")
	f.StringVar(&h.Reference, "reference", "", "the order's `reference`")
	f.StringVar(&h.From, "from", "", "first `day`, YYYY-MM-DD")
	f.StringVar(&h.Until, "until", "", "last `day`, YYYY-MM-DD")
	f.StringArrayVar(&natures, "nature", nil, "`nature` of data, video or plates; again for each")
	f.StringVar(&document, "document", "", "the signed `file`; its SHA-256 is recorded")
	c.RunE = func(c *cobra.Command, args []string) error {
		return a.changeUser(c, journal.SubUserHabilitate, func(*engine.Store, *engine.Act) (journal.Details, userChange, error) {
			h.Natures = nil
			for _, n := range natures {
				h.Natures = append(h.Natures, access.Nature(n))
			}
			var d journal.Details
			if document != "" {
				var err error
				if h.Document, err = hashSigned(c.Context(), document); err != nil {
					return d, nil, err
				}
			}
			d.Decision = &journal.Decision{Date: h.From, Reference: h.Reference, Document: h.Document}
			return d, onNamed(args[0], func(u access.User) (access.User, error) { return u.With(h) }), nil
		})
	}
	return c
}

func newUserAssignCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "assign ACCOUNT [ID]",
		Short: "Assign a user to a procedure",
		Long: `Assign a user to a procedure, named by its ID or with -p. Officers, agents and
magistrates act only in procedures that they are assigned to; the officer who
opens a procedure is assigned to it by that.
` + exitStatus,
		Args: argsBetween(1, 2),
		RunE: func(c *cobra.Command, args []string) error {
			id, err := a.oneID(c, args[1:])
			if err != nil {
				return err
			}
			return a.changeUser(c, journal.SubUserAssign, inProcedure(args[0], id, access.User.AssignedTo))
		},
	}
}

func newUserRevokeCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "revoke ACCOUNT [ID]",
		Short: "Withdraw a user from a procedure, or from the store",
		Long: `Withdraw a user: with an ID from that procedure, without one from the store
altogether. It takes effect at once: work that he has running is stopped. His
acts and habilitations stay on record.
` + exitStatus,
		Args: argsBetween(1, 2),
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 2 || c.Flags().Changed("procedure") {
				id, err := a.oneID(c, args[1:])
				if err != nil {
					return err
				}
				return a.changeUser(c, journal.SubUserRevoke, inProcedure(args[0], id, access.User.WithdrawnFrom))
			}
			return a.changeUser(c, journal.SubUserRevoke, func(*engine.Store, *engine.Act) (journal.Details, userChange, error) {
				return journal.Details{}, onNamed(args[0], access.User.Gone), nil
			})
		},
	}
}

// inProcedure prepares a change of a user in one procedure, which must exist.
func inProcedure(account, id string, change func(access.User, string) (access.User, error)) func(*engine.Store, *engine.Act) (journal.Details, userChange, error) {
	return func(s *engine.Store, _ *engine.Act) (journal.Details, userChange, error) {
		d := journal.Details{Objects: []journal.Object{{Kind: "procedure", ID: id}}}
		if _, err := s.OpenProcedure(id); err != nil {
			return journal.Details{}, nil, err
		}
		return d, onNamed(account, func(u access.User) (access.User, error) { return change(u, id) }), nil
	}
}

func newUserListCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the designated users",
		Long:  "List the designated users with their roles and whether their habilitation holds\ntoday.\n" + exitStatus,
		Args:  argsBetween(0, 0),
		RunE: func(c *cobra.Command, _ []string) error {
			store, err := a.openStore()
			if err != nil {
				return err
			}
			spec := engine.ActSpec{Operation: journal.Consult, Sub: journal.SubUserList, Reason: a.reason}
			return store.Do(c.Context(), spec, func(act *engine.Act) error {
				r, err := store.Users(c.Context())
				if err != nil {
					return err
				}
				users := r.Users()
				if err := act.Record(journal.Details{Result: fmt.Sprintf("%d users", len(users))}); err != nil {
					return err
				}
				return a.printUsers(users, store.Now())
			})
		},
	}
}

func newUserShowCommand(a *app) *cobra.Command {
	var at string
	c := &cobra.Command{
		Use:   "show [ACCOUNT]",
		Short: "Show a user, and the habilitation line for the PV",
		Long: `Show a user and the line on his habilitation for the procès-verbal; without an
account, whoever runs the command. --at shows him as he stood at the time of an
act, as posteriori journal show prints it.
` + exitStatus,
		Example: `  posteriori user show jmartin --at 2025-03-01T10:12:00+01:00 --reason "pièce de procédure"`,
		Args:    argsBetween(0, 1),
	}
	c.Flags().StringVar(&at, "at", "", "as of that `time`: RFC 3339, or a day")
	c.RunE = func(c *cobra.Command, args []string) error {
		store, err := a.openStore()
		if err != nil {
			return err
		}
		spec := engine.ActSpec{Operation: journal.Consult, Sub: journal.SubUserShow, Reason: a.reason}
		return store.Do(c.Context(), spec, func(act *engine.Act) error {
			when, err := timeOr(at, store.Now())
			if err != nil {
				return err
			}
			r, err := store.Users(c.Context())
			if err != nil {
				return err
			}
			account := act.User().Account
			if len(args) > 0 {
				account = args[0]
			}
			u, err := r.At(when).Named(account)
			if err != nil {
				return err
			}
			if account != act.User().Account && !slices.ContainsFunc(act.User().Roles, access.SeesUsers) {
				return access.RefuseOther(act.User())
			}
			if err := act.Record(journal.Details{Objects: []journal.Object{{Kind: "user", ID: u.UID}}}); err != nil {
				return err
			}
			return a.printUser(u, when)
		})
	}
	return c
}
