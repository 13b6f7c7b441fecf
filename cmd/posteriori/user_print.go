package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"posteriori/engine/access"
	"posteriori/engine/fault"
)

// timeOr reads a time as RFC 3339 or as a day, which stands for its end; the
// other for "".
func timeOr(s string, other time.Time) (time.Time, error) {
	if s == "" {
		return other, nil
	}
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t, nil
	}
	if t, err := time.ParseInLocation(time.DateOnly, s, time.Local); err == nil {
		return t.AddDate(0, 0, 1).Add(-time.Microsecond), nil
	}
	return time.Time{}, fault.New(fault.Usage, "%q is no time", s).WithHint("write it as 2025-03-01T10:12:00+01:00 or 2025-03-01")
}

// userJSON is a user as --json prints him.
type userJSON struct {
	access.User
	At   time.Time `json:"at"`
	Line string    `json:"line"` // for the procès-verbal
}

func (a *app) printUsers(users []access.User, at time.Time) error {
	rows := make([]userJSON, len(users))
	for i, u := range users {
		rows[i] = userJSON{u, at.UTC(), u.Line(at)}
	}
	return a.print(rows, func(w io.Writer) error {
		t := tabwriter.NewWriter(w, 2, 0, 2, ' ', 0)
		fmt.Fprintln(t, "ACCOUNT\tMATRICULE\tNAME\tROLES\tHABILITATION\tPROCEDURES")
		for _, u := range users {
			fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\n", u.Account, u.Matricule, u.Name,
				strings.Join(words(u.Roles), " "), standing(u, at), strings.Join(u.Assigned, " "))
		}
		return t.Flush()
	})
}

// standing says in short whether the user may work today.
func standing(u access.User, at time.Time) string {
	if u.Revoked {
		return "revoked"
	}
	h, ok := u.Habilitated("", at)
	if !ok {
		return "none"
	}
	return h.Reference + " until " + h.Until
}

func (a *app) printUser(u access.User, at time.Time) error {
	return a.print(userJSON{u, at.UTC(), u.Line(at)}, func(w io.Writer) error {
		t := tabwriter.NewWriter(w, 2, 0, 2, ' ', 0)
		row := func(k, v string) {
			if v != "" {
				fmt.Fprintf(t, "%s\t%s\n", k, v)
			}
		}
		row("account", u.Account+" ("+u.UID+")")
		row("as of", at.Format(time.RFC3339))
		if u.Revoked {
			row("state", "revoked")
		}
		row("matricule", u.Matricule)
		row("name", u.Name)
		row("quality", u.Quality)
		row("service", u.Service)
		row("roles", strings.Join(words(u.Roles), " "))
		for _, h := range u.Habilitations {
			row("habilitation", fmt.Sprintf("%s, %s, %s to %s, %s, SHA-256 %s", h.Authority, h.Reference, h.From, h.Until,
				strings.Join(words(h.Natures), " "), h.Document))
		}
		row("procedures", strings.Join(u.Assigned, " "))
		row("withdrawn from", strings.Join(u.Withdrawn, " "))
		row("for the PV", u.Line(at))
		return t.Flush()
	})
}

// words turns names of a kind into texts.
func words[T ~string](list []T) []string {
	out := make([]string, len(list))
	for i, v := range list {
		out[i] = string(v)
	}
	return out
}
