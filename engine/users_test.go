package engine

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"posteriori/engine/access"
	"posteriori/engine/fault"
	"posteriori/engine/journal"
	"posteriori/engine/procedure"
)

// as is the store used by another account.
func (s *Store) as(name, uid string) *Store {
	c := *s
	c.who = func() access.Account { return access.Account{Name: name, UID: uid, Login: "lund"} }
	return &c
}

func changeUser(t *testing.T, s *Store, sub journal.Sub, change func(access.Register) (access.User, error)) error {
	t.Helper()
	return s.Do(ctx, ActSpec{Operation: journal.Modify, Sub: sub, Reason: "service"}, func(a *Act) error {
		_, err := a.ChangeUsers(ctx, journal.Details{}, change)
		return err
	})
}

func addOfficer(t *testing.T, s *Store) access.User { return addUser(t, s, access.Officer) }

func addUser(t *testing.T, s *Store, role access.Role) access.User {
	t.Helper()
	u := access.User{Account: "jmartin", UID: "70001", Matricule: "1", Name: "Jeanne Martin", Quality: "OPJ", Service: "SRPJ",
		Roles: []access.Role{role}}
	u, err := u.With(access.Habilitation{Authority: "D", Reference: "H-1", Document: strings.Repeat("ab", 32),
		From: "2025-01-01", Until: "2099-12-31", Natures: []access.Nature{access.Video}})
	if err != nil {
		t.Fatal(err)
	}
	if err := changeUser(t, s, journal.SubUserAdd, func(access.Register) (access.User, error) { return u, nil }); err != nil {
		t.Fatal(err)
	}
	return u
}

func on(change func(access.User) (access.User, error)) func(access.Register) (access.User, error) {
	return func(r access.Register) (access.User, error) {
		u, err := r.Named("jmartin")
		if err != nil {
			return u, err
		}
		return change(u)
	}
}

func ruleOf(err error) string {
	var f *fault.Error
	if errors.As(err, &f) {
		return f.Rule
	}
	return ""
}

// Rule 5 and 7 at the start of every act, with the refusal in the journal and
// the user's identity in the record.
func TestOnlyDesignatedUsersAct(t *testing.T) {
	s := testStore(t, false)
	withProcedure(t, s, "P1")
	record := func(a *Act) error { return a.Record(journal.Details{}) }
	theirs := s.as("jmartin", "70001")
	last := func(id string) journal.Record { rs := records(t, s, id); return rs[len(rs)-1] }

	if err := theirs.Do(ctx, spec("P1", "x"), record); ruleOf(err) != "5" {
		t.Errorf("a stranger: %v", err)
	}
	if r := last("P1"); r.Outcome != journal.Refused || r.Rule != "5" || r.Person.Account != "jmartin" || r.Person.Login != "lund" {
		t.Errorf("%+v", r)
	}
	addOfficer(t, s)
	if err := theirs.Do(ctx, spec("P1", "x"), record); ruleOf(err) != "5" {
		t.Errorf("unassigned: %v", err)
	}
	if err := changeUser(t, s, journal.SubUserAssign, on(func(u access.User) (access.User, error) { return u.AssignedTo("P1") })); err != nil {
		t.Fatal(err)
	}
	if err := theirs.Do(ctx, spec("P1", "x"), record); err != nil {
		t.Error(err)
	}
	if p := last("P1").Person; p.Name != "Jeanne Martin" || p.Matricule != "1" || p.Habilitation != "H-1" || p.UID != "70001" {
		t.Errorf("%+v", p)
	}
	if err := changeUser(t, theirs, journal.SubUserAdd, on(access.User.Gone)); ruleOf(err) != "7" {
		t.Errorf("an officer designates: %v", err)
	}
	if _, err := theirs.CreateProcedure(ctx, "x", testDoc("P2", procedure.Preliminary)); err != nil {
		t.Fatal(err)
	}
	if err := theirs.Do(ctx, spec("P2", "x"), record); err != nil {
		t.Errorf("in what he opened: %v", err)
	}
	if err := changeUser(t, s, journal.SubUserRevoke, on(access.User.Gone)); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"P1", "P2", ""} {
		if err := theirs.Do(ctx, spec(id, "x"), record); ruleOf(err) != "5" {
			t.Errorf("revoked, in %q: %v", id, err)
		}
	}
}

// A store for cases has an administrator and nothing else, and its record.
func TestRealStore(t *testing.T) {
	for _, c := range []Compliance{{}, {Reference: "R", Date: "2025-01-01"}, {Reference: "R", ImpactAssessment: "v"},
		{Date: "2025-01-01", ImpactAssessment: "v"}, {"R", "2999-01-01", "v"}, {"R", "1.1.2025", "v"}} {
		dir := filepath.Join(t.TempDir(), "s")
		if _, err := Init(dir, InitOptions{Compliance: c, Reason: "x"}); ruleOf(err) != "19" {
			t.Errorf("%+v: %v", c, err)
		}
		if _, err := os.Stat(dir); err == nil {
			t.Errorf("%+v: left something", c)
		}
	}
	s, err := Init(filepath.Join(t.TempDir(), "s"), InitOptions{Compliance: deployed, Reason: "x"})
	if err != nil {
		t.Fatal(err)
	}
	if s.Meta().Compliance != deployed {
		t.Errorf("%+v", s.Meta())
	}
	if _, err := s.CreateProcedure(ctx, "x", testDoc("P1", procedure.Flagrance)); ruleOf(err) != "7" {
		t.Errorf("an administrator opens a procedure: %v", err)
	}
}

// Nobody gives himself a role, a habilitation or a procedure; another does, and
// whoever has them may give them up. A demonstration needs one person only.
func TestNobodyDesignatesHimself(t *testing.T) {
	change := func(s *Store, sub journal.Sub) error {
		return changeUser(t, s, sub, func(r access.Register) (access.User, error) {
			u := r.Users()[0]
			switch sub {
			case journal.SubUserHabilitate:
				return u.With(access.Habilitation{Authority: "D", Reference: "H-9", Document: strings.Repeat("ab", 32),
					From: "2025-01-01", Until: "2099-12-31", Natures: []access.Nature{access.Plates}})
			case journal.SubUserAssign:
				return u.AssignedTo("P1")
			case journal.SubUserRevoke:
				return u.WithdrawnFrom("P1")
			}
			u.Roles = []access.Role{access.Administrator, access.Officer}
			return u, nil
		})
	}
	demo, s := testStore(t, true), testStore(t, false)
	withProcedure(t, demo, "P1")
	withProcedure(t, s, "P1")
	for _, sub := range []journal.Sub{journal.SubUserHabilitate, journal.SubUserAssign} {
		if err := change(s, sub); ruleOf(err) != "5" {
			t.Errorf("%s of himself: %v", sub, err)
		}
		if rs := records(t, s, ""); rs[len(rs)-1].Outcome != journal.Refused || rs[len(rs)-1].Rule != "5" {
			t.Errorf("%s: %+v", sub, rs[len(rs)-1])
		}
		if err := change(demo, sub); err != nil && fault.KindOf(err) == fault.Refused {
			t.Errorf("%s in a demonstration: %v", sub, err)
		}
	}
	if err := change(s, journal.SubUserAdd); err == nil {
		t.Error("he gave himself roles")
	}
	if err := changeUser(t, s, journal.SubUserAdd, func(access.Register) (access.User, error) {
		return access.User{Account: "second", UID: "70002", Roles: []access.Role{access.Administrator}}, nil
	}); err != nil {
		t.Fatal(err)
	}
	second := s.as("second", "70002")
	for _, sub := range []journal.Sub{journal.SubUserHabilitate, journal.SubUserAssign} {
		if err := change(second, sub); err != nil {
			t.Errorf("%s of another: %v", sub, err)
		}
	}
	if err := change(s, journal.SubUserRevoke); err != nil {
		t.Errorf("he withdraws: %v", err)
	}
}

// What is changed past the program is found: the register, an older register
// put back, the store's description.
func TestSealedFiles(t *testing.T) {
	s := testStore(t, false)
	users := filepath.Join(s.dir, usersFile)
	before, err := os.ReadFile(users)
	if err != nil {
		t.Fatal(err)
	}
	addOfficer(t, s)
	after, err := os.ReadFile(users)
	if err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string][]byte{"older": before, "edited": []byte(strings.Replace(string(after), "officer", "auditor", 1)), "empty": nil} {
		if err := os.WriteFile(users, b, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Users(ctx); fault.KindOf(err) != fault.Integrity {
			t.Errorf("%s: %v", name, err)
		}
		if err := s.Do(ctx, spec("", "x"), func(*Act) error { t.Error("went on"); return nil }); fault.KindOf(err) != fault.Integrity {
			t.Errorf("%s: %v", name, err)
		}
	}
	// Recorded, but the process died before the file was in place.
	if err := os.WriteFile(users, before, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(users+".next", after, 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := s.Users(ctx)
	if err != nil || len(r.Users()) != 2 {
		t.Errorf("not recovered: %+v, %v", r, err)
	}
	// Not recorded: the change did not happen.
	if err := os.WriteFile(users+".next", before, 0o600); err != nil {
		t.Fatal(err)
	}
	if r, err := s.Users(ctx); err != nil || len(r.Users()) != 2 {
		t.Errorf("%+v, %v", r, err)
	}
	meta := filepath.Join(s.dir, storeFile)
	b, err := os.ReadFile(meta)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(meta, []byte(strings.Replace(string(b), "AIPD v3", "AIPD v4", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(s.dir); fault.KindOf(err) != fault.Integrity {
		t.Errorf("store.json: %v", err)
	}
}

// A key or a store that others may read stops every act, and the error says
// which chmod.
func TestOpenModes(t *testing.T) {
	s := testStore(t, false)
	withProcedure(t, s, "P1")
	for _, c := range []struct {
		path       string
		open, shut os.FileMode
		hint       string
	}{
		{"", 0o755, 0o700, "chmod 700"}, {"", 0o750, 0o700, "chmod 700"}, {"keys/journal.key", 0o644, 0o600, "chmod 600"},
		{"keys/P1.index.key", 0o640, 0o600, "chmod 600"},
	} {
		path := filepath.Join(s.dir, c.path)
		if err := os.Chmod(path, c.open); err != nil {
			t.Fatal(err)
		}
		again, err := Open(s.dir)
		if err == nil {
			_, err = again.ProcedureKey("P1")
		}
		var f *fault.Error
		if !errors.As(err, &f) || f.Kind != fault.Integrity || !strings.Contains(f.Hint, c.hint) {
			t.Errorf("%s %o: %v, hint %q", c.path, c.open, err, f.Hint)
		}
		if err := os.Chmod(path, c.shut); err != nil {
			t.Fatal(err)
		}
	}
	if again, err := Open(s.dir); err != nil || again.meta.ID != s.meta.ID {
		t.Error(err)
	}
}

// A store of a group: everything in it is the group's and nobody else's.
func TestGroupStore(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root may give files to another group")
	}
	if _, err := Init(filepath.Join(t.TempDir(), "s"), InitOptions{Demo: true, Group: "no such group", Reason: "x"}); fault.KindOf(err) != fault.Usage {
		t.Errorf("unknown group: %v", err)
	}
	s, err := Init(filepath.Join(t.TempDir(), "s"), InitOptions{Demo: true, Group: "users", Reason: "x"})
	if err != nil {
		t.Skipf("this machine has no group users: %v", err)
	}
	withProcedure(t, s, "P1")
	if err := s.Do(ctx, spec("P1", "x"), func(a *Act) error { return a.Record(journal.Details{}) }); err != nil {
		t.Fatal(err)
	}
	err = filepath.Walk(s.dir, func(path string, info os.FileInfo, err error) error {
		if err != nil {
			return err
		}
		want := os.FileMode(0o660)
		if info.IsDir() {
			want = 0o770
		}
		if info.Mode().Perm() != want {
			t.Errorf("%s: %v", path, info.Mode())
		}
		return s.checkGroup(path, info)
	})
	if err != nil {
		t.Error(err)
	}
	if err := os.Chmod(filepath.Join(s.dir, "keys", "journal.key"), 0o664); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(s.dir); fault.KindOf(err) != fault.Integrity {
		t.Errorf("a key open to all: %v", err)
	}
}

// A veto, or a user's withdrawal, ends what is running; other changes do not.
func TestWatchStopsRunningJobs(t *testing.T) {
	defer goleak.VerifyNone(t)
	deny := func(t *testing.T, s *Store) {
		err := s.as("jmartin", "70001").Do(ctx, ActSpec{Procedure: "P1", Operation: journal.Modify, Sub: journal.SubVeto, Reason: "x"}, func(a *Act) error {
			return a.ChangeProcedure(ctx, journal.Details{}, func(d procedure.Document) (procedure.Document, error) {
				return procedure.Veto(d, procedure.Authorisation{Magistrate: "M", Quality: procedure.Procureur, Date: "2025-03-01", Reference: "V"}, s.now())
			})
		})
		if err != nil {
			t.Error(err)
		}
	}
	for name, c := range map[string]struct {
		change func(*testing.T, *Store)
		rule   string
	}{
		"veto": {deny, "4"},
		"withdrawn": {func(t *testing.T, s *Store) {
			if err := changeUser(t, s, journal.SubUserRevoke, on(access.User.Gone)); err != nil {
				t.Error(err)
			}
		}, "5"},
	} {
		s := testStore(t, false)
		s.poll = time.Millisecond
		addOfficer(t, s)
		theirs := s.as("jmartin", "70001")
		if _, err := theirs.CreateProcedure(ctx, "x", testDoc("P1", procedure.Flagrance)); err != nil {
			t.Fatal(err)
		}
		err := theirs.Do(ctx, ActSpec{Procedure: "P1", Operation: journal.Collect, Sub: journal.SubAnalyse, Reason: "x"}, func(a *Act) error {
			if err := a.Record(journal.Details{}); err != nil {
				return err
			}
			ctx, stop := a.Watch(ctx, procedure.MayAnalyse)
			c.change(t, s)
			<-ctx.Done() // as a job that runs for hours
			return stop(ctx.Err())
		})
		if ruleOf(err) != c.rule {
			t.Errorf("%s: %v", name, err)
		}
		rs := records(t, s, "P1")
		if last := rs[len(rs)-1]; last.Outcome != journal.Failed || last.Rule != c.rule || last.Of == nil {
			t.Errorf("%s: %+v", name, last)
		}
	}
	s := testStore(t, false)
	withProcedure(t, s, "P1")
	err := s.Do(ctx, spec("P1", "x"), func(a *Act) error {
		_, stop := a.Watch(ctx, procedure.MayConsult)
		return stop(a.Record(journal.Details{}))
	})
	if err != nil {
		t.Errorf("left alone: %v", err)
	}
}

// A habilitation that ends while a job runs ends the job, though no file changes.
func TestWatchFollowsTheClock(t *testing.T) {
	defer goleak.VerifyNone(t)
	s := testStore(t, false)
	s.poll = time.Millisecond
	u := access.User{Account: "jmartin", UID: "70001", Matricule: "1", Name: "Jeanne Martin", Quality: "OPJ", Service: "SRPJ",
		Roles: []access.Role{access.Officer}}
	u, err := u.With(access.Habilitation{Authority: "D", Reference: "H-1", Document: strings.Repeat("ab", 32),
		From: "2025-01-01", Until: "2025-03-01", Natures: []access.Nature{access.Video}})
	if err != nil {
		t.Fatal(err)
	}
	if err := changeUser(t, s, journal.SubUserAdd, func(access.Register) (access.User, error) { return u, nil }); err != nil {
		t.Fatal(err)
	}
	theirs := s.as("jmartin", "70001")
	if _, err := theirs.CreateProcedure(ctx, "x", testDoc("P1", procedure.Flagrance)); err != nil {
		t.Fatal(err)
	}
	var late atomic.Bool
	clock := theirs.now
	theirs = theirs.WithClock(func() time.Time {
		if late.Load() {
			return time.Date(2025, 3, 3, 9, 0, 0, 0, time.UTC)
		}
		return clock()
	})
	err = theirs.Do(ctx, ActSpec{Procedure: "P1", Operation: journal.Collect, Sub: journal.SubAnalyse, Reason: "x"}, func(a *Act) error {
		if err := a.Record(journal.Details{}); err != nil {
			return err
		}
		ctx, stop := a.Watch(ctx, procedure.MayAnalyse)
		late.Store(true)
		<-ctx.Done()
		return stop(ctx.Err())
	})
	if ruleOf(err) != "5" {
		t.Errorf("%v", err)
	}
}

// One procedure that cannot be read hides no other.
func TestBrokenProcedureHidesNone(t *testing.T) {
	s := testStore(t, false)
	withProcedure(t, s, "P1")
	withProcedure(t, s, "P2")
	if err := os.WriteFile(filepath.Join(s.procedureDir("P1"), procedureFile), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	docs, broken, err := s.ReadProcedures()
	if err != nil || len(docs) != 1 || docs[0].ID != "P2" || len(broken) != 1 {
		t.Errorf("%+v, %v, %v", docs, broken, err)
	}
}
