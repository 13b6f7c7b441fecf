package access

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"posteriori/engine/fault"
	"posteriori/engine/journal"
	"posteriori/engine/procedure"
)

var day = time.Date(2025, 3, 1, 12, 0, 0, 0, time.Local)

func habilitation(natures ...Nature) Habilitation {
	return Habilitation{Authority: "Directeur", Reference: "H-1", Document: strings.Repeat("ab", 32),
		From: "2025-01-01", Until: "2025-12-31", Natures: natures}
}

func someone(roles ...Role) User {
	return User{Account: "jmartin", UID: "1001", Matricule: "1048576", Name: "Jeanne Martin", Quality: "OPJ, capitaine",
		Service: "SRPJ Lille", Roles: roles, Habilitations: []Habilitation{habilitation(Video, Plates)}, Assigned: []string{"P1"}}
}

func inCharge(t *testing.T) procedure.Document {
	t.Helper()
	d, err := procedure.New(procedure.Document{ID: "P1", Frame: procedure.Flagrance, Offence: "vol", Imprisonment: true,
		Service: "SRPJ", Parquet: "25/1"}, day)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func rule(err error) string {
	var f *fault.Error
	if errors.As(err, &f) {
		return f.Rule
	}
	return ""
}

// The matrix is compared cell by cell with a table that was written by hand,
// and Check says of each cell what the table says.
func TestMatrix(t *testing.T) {
	b, err := os.ReadFile("testdata/matrix.txt")
	if err != nil {
		t.Fatal(err)
	}
	d := inCharge(t)
	vetoed := d
	vetoed.Authorisations = append(slices.Clone(d.Authorisations), procedure.Authorisation{Kind: procedure.Vetoed, Frame: d.Frame})
	seen := map[journal.Sub]bool{}
	for line := range strings.Lines(string(b)) {
		f := strings.Fields(line)
		if len(f) == 0 || f[0] == "#" || strings.HasPrefix(f[0], "#") {
			continue
		}
		if len(f) < 8 {
			t.Fatalf("line %q", line)
		}
		sub := journal.Sub(f[0])
		seen[sub] = true
		looks := len(f) > 8 && f[8] == "looks"
		for i, r := range Roles {
			want := f[1+i] == "x"
			if Allowed(sub, r) != want {
				t.Errorf("%s as %s: allowed %v, the table says %v", sub, r, !want, want)
			}
			u := someone(r)
			err := Check(u, sub, &d, day)
			if (err == nil) != want || err != nil && rule(err) != "7" {
				t.Errorf("%s as %s: %v", sub, r, err)
			}
			if !want {
				continue
			}
			if err := Check(u, sub, &vetoed, day); (err != nil) != looks || err != nil && rule(err) != "4" {
				t.Errorf("%s as %s after a veto: %v", sub, r, err)
			}
			needs := f[7] != "-" && (r == Officer || r == Agent)
			u.Habilitations = nil
			if err := Check(u, sub, &d, day); (err != nil) != needs || err != nil && rule(err) != "5" {
				t.Errorf("%s as %s without habilitation: %v", sub, r, err)
			}
			u.Habilitations = []Habilitation{habilitation(Video)}
			if err := Check(u, sub, &d, day); (err != nil) != (needs && f[7] == "plates") {
				t.Errorf("%s as %s, habilitated for video: %v", sub, r, err)
			}
		}
	}
	for _, s := range journal.Subs {
		if !seen[s] {
			t.Errorf("%s is not in the table", s)
		}
	}
	for s := range Matrix {
		if !slices.Contains(journal.Subs, s) {
			t.Errorf("%s is in the matrix and no act", s)
		}
	}
	all := someone(Roles...)
	if err := Check(all, "surprise", &d, day); rule(err) != "7" {
		t.Errorf("an act that nobody listed: %v", err)
	}
}

func TestDesignated(t *testing.T) {
	d := inCharge(t)
	for name, c := range map[string]struct {
		change func(*User)
		rule   string
	}{
		"in order":           {func(*User) {}, ""},
		"revoked":            {func(u *User) { u.Revoked = true }, "5"},
		"unassigned":         {func(u *User) { u.Assigned = []string{"P2"} }, "5"},
		"expired":            {func(u *User) { u.Habilitations[0].Until = "2025-02-28" }, "5"},
		"last day":           {func(u *User) { u.Habilitations[0].Until = "2025-03-01" }, ""},
		"first day":          {func(u *User) { u.Habilitations[0].From = "2025-03-01" }, ""},
		"to come":            {func(u *User) { u.Habilitations[0].From = "2025-03-02" }, "5"},
		"wrong nature":       {func(u *User) { u.Habilitations[0].Natures = []Nature{Plates} }, "5"},
		"no role":            {func(u *User) { u.Roles = nil }, "7"},
		"administrator only": {func(u *User) { u.Roles = []Role{Administrator} }, "7"},
		"expired, and another role that may not": {func(u *User) {
			u.Roles, u.Habilitations = []Role{Officer, Administrator}, nil
		}, "5"},
	} {
		u := someone(Officer)
		c.change(&u)
		if err := Check(u, journal.SubQuery, &d, day); rule(err) != c.rule || (err == nil) != (c.rule == "") {
			t.Errorf("%s: %v, want rule %q", name, err, c.rule)
		}
	}
	opener := someone(Officer)
	opener.Assigned, d.OpenedBy = nil, opener.UID
	if err := Check(opener, journal.SubQuery, &d, day); err != nil {
		t.Errorf("who opened it: %v", err)
	}
	opener, err := opener.WithdrawnFrom("P1")
	if err != nil || rule(Check(opener, journal.SubQuery, &d, day)) != "5" || opener.Sees(d) {
		t.Errorf("withdrawn from what he opened: %v", err)
	}
	if auditor := someone(Auditor); !auditor.Sees(d) || Check(auditor, journal.SubJournalShow, &d, day) != nil {
		t.Error("an auditor is assigned to nothing")
	}
}

func TestActing(t *testing.T) {
	var r Register
	var err error
	for i, u := range []User{{Account: "root", UID: "0", Roles: []Role{Administrator}}, someone(Officer)} {
		sub := []journal.Sub{journal.SubInit, journal.SubUserAdd}[i]
		if r, err = r.With(Change{At: day, By: "root", Sub: sub, User: u}); err != nil {
			t.Fatal(err)
		}
	}
	if u, err := r.Acting(Account{Name: "jmartin", UID: "1001"}); err != nil || u.Name != "Jeanne Martin" {
		t.Error(u, err)
	}
	for _, a := range []Account{{Name: "jmartin", UID: "1002"}, {Name: "other", UID: "1001"}, {Name: "", UID: ""}, {Name: "uid-7", UID: "7"}} {
		if _, err := r.Acting(a); rule(err) != "5" {
			t.Errorf("%+v: %v", a, err)
		}
	}
	same := someone(Agent)
	same.UID = "1002"
	if _, err := r.With(Change{Sub: journal.SubUserAdd, User: same}); fault.KindOf(err) != fault.BadInput {
		t.Errorf("a name twice: %v", err)
	}
	same.UID, same.Account = "1001", "other"
	if _, err := r.With(Change{Sub: journal.SubUserAdd, User: same}); fault.KindOf(err) != fault.BadInput {
		t.Errorf("an ID twice: %v", err)
	}
	same.UID = "77"
	if _, err := r.With(Change{Sub: journal.SubUserAssign, User: same}); fault.KindOf(err) != fault.NotFound {
		t.Errorf("a change of nobody: %v", err)
	}
	last, _ := r.Users()[0].Gone()
	if _, err := r.With(Change{Sub: journal.SubUserRevoke, User: last}); rule(err) != "7" {
		t.Errorf("the last administrator: %v", err)
	}
}

// The register tells anyone's state at the time of an act, whatever came
// later, and survives its file.
func TestHistory(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		r, err := Register{}.With(Change{At: day, Sub: journal.SubInit, User: User{Account: "root", UID: "0", Roles: []Role{Administrator}}})
		if err != nil {
			rt.Fatal(err)
		}
		u := someone(Officer)
		u.Assigned, u.Habilitations = nil, nil
		r, err = r.With(Change{At: day, Sub: journal.SubUserAdd, User: u})
		if err != nil {
			rt.Fatal(err)
		}
		states := []User{u}
		for i := range rapid.IntRange(0, 12).Draw(rt, "changes") {
			next, err := step(rt, u, i)
			if err != nil {
				continue // refused: nothing changes
			}
			if r, err = r.With(Change{At: day.Add(time.Duration(len(states)) * time.Hour), Sub: journal.SubUserRevoke, User: next}); err != nil {
				rt.Fatal(err)
			}
			u = next
			states = append(states, u)
		}
		b, err := r.Encode()
		if err != nil {
			rt.Fatal(err)
		}
		if r, err = ParseRegister(b); err != nil {
			rt.Fatal(err)
		}
		for i, want := range states {
			got, err := r.At(day.Add(time.Duration(i)*time.Hour + time.Minute)).Named("jmartin")
			if err != nil || cmp.Diff(want, got, cmpopts.EquateEmpty()) != "" {
				rt.Fatalf("after change %d: %v %s", i, err, cmp.Diff(want, got))
			}
		}
	})
}

// step is one random change of a user.
func step(rt *rapid.T, u User, i int) (User, error) {
	id := rapid.SampledFrom([]string{"P1", "P2", "P3", "*"}).Draw(rt, "id")
	switch rapid.IntRange(0, 4).Draw(rt, "step") {
	case 0:
		h := habilitation(Video)
		h.Reference += strings.Repeat("x", i)
		return u.With(h)
	case 1:
		return u.AssignedTo(id)
	case 2:
		return u.WithdrawnFrom(id)
	case 3:
		return u.Gone()
	default:
		return u.Back(someone(Agent))
	}
}

func TestNames(t *testing.T) {
	for _, bad := range []string{
		"", " ", "Jean\nne", "Jean\x00ne", "nitraM\u202eenna", "Jea\u200bnne", "Jeаnne", // Cyrillic а
		"Ｊｅａｎｎｅ\u3000\u2066", "\u00ad", "\ufeffJeanne", "Jean\xffne", "123", "Ιωάννα", strings.Repeat("x", 3000),
	} {
		u := someone(Officer)
		u.Name = bad
		if err := u.Check(); fault.KindOf(err) != fault.Usage {
			t.Errorf("name %q: %v", bad, err)
		} else if strings.ContainsAny(err.Error(), "\n\x00\u202e\u200b") {
			t.Errorf("name %q is told as it is: %q", bad, err)
		}
	}
	for _, good := range []string{"Jeanne Martin", "Zoë d'Éstaing-Œuvré", "Ng", "Łukasz Żak", "Le\u0301a"} {
		u := someone(Officer)
		if u.Name = good; u.Check() != nil {
			t.Errorf("name %q: %v", good, u.Check())
		}
	}
	for _, bad := range []string{"", "jmаrtin", "a b", "a/b", "a:b", "-x", "..", "a\n", "\u202ex", "é", "a\x00"} {
		if CheckAccount(bad) == nil {
			t.Errorf("account %q passes", bad)
		}
		if _, ok := Find(bad); ok {
			t.Errorf("account %q is found", bad)
		}
	}
	for _, good := range []string{"root", "j.martin", `PN\jmartin`, "jmartin@interieur", "machine$", "_apt"} {
		if err := CheckAccount(good); err != nil {
			t.Error(err)
		}
	}
}

func TestHabilitationIsComplete(t *testing.T) {
	for name, change := range map[string]func(*Habilitation){
		"authority": func(h *Habilitation) { h.Authority = " " },
		"reference": func(h *Habilitation) { h.Reference = "" },
		"document":  func(h *Habilitation) { h.Document = "ab" },
		"from":      func(h *Habilitation) { h.From = "1/1/2025" },
		"until":     func(h *Habilitation) { h.Until = "" },
		"backwards": func(h *Habilitation) { h.Until = "2024-12-31" },
		"nature":    func(h *Habilitation) { h.Natures = nil },
		"unknown":   func(h *Habilitation) { h.Natures = []Nature{"faces"} },
		"twice":     func(h *Habilitation) { h.Natures = []Nature{Video, Video} },
	} {
		h := habilitation(Video)
		change(&h)
		if _, err := someone(Officer).With(h); rule(err) != "5" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestLine(t *testing.T) {
	u := someone(Officer)
	got := u.Line(time.Date(2025, 3, 1, 9, 5, 0, 0, time.Local))
	for _, want := range []string{"OPJ, capitaine Jeanne Martin, matricule 1048576, SRPJ Lille", "Directeur", "H-1",
		"du 01/01/2025 au 31/12/2025", "enregistrements vidéo", "le 01/03/2025 à 09 h 05", "CPP 230-25", "CPP 15-5"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in %q", want, got)
		}
	}
	if got := u.Line(day.AddDate(1, 0, 0)); !strings.Contains(got, "aucune habilitation") {
		t.Errorf("expired: %q", got)
	}
	if p := u.Person(day.AddDate(1, 0, 0)); p.Habilitation != "" || u.Person(day).Habilitation != "H-1" {
		t.Errorf("%+v", p)
	}
}

// The account is the process's own, whatever the environment says.
func TestCurrent(t *testing.T) {
	want := Current()
	for _, v := range []string{"USER", "LOGNAME", "HOME", "SUDO_USER", "PATH"} {
		t.Setenv(v, "/nobody")
	}
	if got := Current(); got != want || got.Name == "" || got.UID == "" {
		t.Errorf("%+v, want %+v", got, want)
	}
	if got, ok := Find(want.Name); ok && got.UID != want.UID {
		t.Errorf("%+v", got)
	}
}

func FuzzParseRegister(f *testing.F) {
	f.Add([]byte(`{"format":1,"changes":[{"at":"2025-01-01T00:00:00Z","by":"root","sub":"init","user":{"account":"root","uid":"0","roles":["administrator"]}}]}`))
	f.Add([]byte(`{"format":2}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := ParseRegister(b)
		if err != nil {
			return
		}
		for _, u := range r.Users() {
			if err := u.Check(); err != nil {
				t.Fatal(err)
			}
			_ = u.Line(day)
		}
	})
}
