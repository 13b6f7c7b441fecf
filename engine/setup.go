package engine

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"posteriori/engine/access"
	"posteriori/engine/alert"
	"posteriori/engine/fault"
	"posteriori/engine/journal"
	"posteriori/engine/procedure"
)

// Compliance is the record of deployment: without it a store holds nothing
// but demonstration data (rule 19).
type Compliance struct {
	Reference        string `json:"reference"`         // of the compliance statement
	Date             string `json:"date"`              // of that, YYYY-MM-DD
	ImpactAssessment string `json:"impact_assessment"` // version or reference of the AIPD
}

// Meta is store.json.
type Meta struct {
	Format     int          `json:"format"`
	ID         string       `json:"id"`
	Demo       bool         `json:"demo"`
	Created    time.Time    `json:"created"`
	Group      string       `json:"group,omitempty"` // of accounts that share the store
	Compliance Compliance   `json:"compliance,omitzero"`
	Alert      alert.Config `json:"alert,omitzero"` // who is told of what the law wants known at once
}

// encode is the text of store.json.
func (m Meta) encode() ([]byte, error) {
	b, err := json.MarshalIndent(m, "", "  ")
	return append(b, '\n'), err
}

// InitOptions says what store [Init] makes.
type InitOptions struct {
	Reason     string
	Demo       bool       // for demonstration: what it makes is marked
	Compliance Compliance // needed unless Demo
	Alert      alert.Config
	Group      string // of the operating system; empty: the store is one account's

	first func(access.User) access.User // changes the first user, in tests
}

// check refuses a store for cases without its deployment record (rule 19).
func (o InitOptions) check(now time.Time) error {
	if err := procedure.CheckReason(o.Reason); err != nil {
		return err
	}
	if err := o.Alert.Check(); err != nil {
		return err
	}
	c := o.Compliance
	if c == (Compliance{}) && o.Demo {
		return nil
	}
	const orDemo = "; posteriori init --demo makes a store for demonstration data only"
	day, err := time.Parse(time.DateOnly, c.Date)
	switch {
	case c.Reference == "":
		return procedure.Refuse("19", "give it with --compliance-reference"+orDemo, "no compliance statement is named")
	case err != nil:
		return procedure.Refuse("19", "give it as --compliance-date YYYY-MM-DD", "the compliance statement has no date (%q)", c.Date)
	case day.After(now.Add(24 * time.Hour)): // a day's grace for time zones
		return procedure.Refuse("19", "", "the compliance statement is dated %s, which is to come", c.Date)
	case c.ImpactAssessment == "":
		return procedure.Refuse("19", "give its version with --impact-assessment"+orDemo, "no data-protection impact assessment is named")
	}
	if err := procedure.CheckText("the compliance reference", c.Reference); err != nil {
		return err
	}
	return procedure.CheckText("the impact assessment", c.ImpactAssessment)
}

// Init makes a store in dir, which must be absent or empty, as one act: when
// its record cannot be written nothing is left. Whoever makes it administers
// it; in a demonstration store he has every role.
func Init(dir string, o InitOptions) (*Store, error) {
	if err := o.check(time.Now()); err != nil {
		return nil, err
	}
	if _, err := os.Stat(filepath.Join(dir, storeFile)); err == nil {
		return nil, fault.New(fault.BadInput, "there is a store already").OnFile(dir).
			WithHint("use it, or name another place with --store")
	}
	if list, err := os.ReadDir(dir); err == nil && len(list) > 0 {
		return nil, fault.New(fault.BadInput, "the folder is not empty").OnFile(dir).
			WithHint("name an empty or new one with --store")
	}
	_, err := os.Stat(dir)
	fresh := errors.Is(err, fs.ErrNotExist)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, storeFault(dir, err)
	}
	if err := initIn(dir, o); err != nil {
		if fresh {
			_ = os.Remove(dir)
		}
		return nil, err
	}
	return Open(dir)
}

// initIn makes the store in a folder inside dir, which may be a mount point,
// and moves its parts up when the act is recorded; store.json, which makes it
// a store, comes last.
func initIn(dir string, o InitOptions) error {
	temp, err := os.MkdirTemp(dir, ".init-*")
	if err != nil {
		return storeFault(dir, err)
	}
	defer os.RemoveAll(temp)
	s, err := makeStore(temp, o)
	if err != nil {
		return err
	}
	gid := -1
	if o.Group != "" {
		if gid, err = groupID(o.Group); err != nil {
			return err
		}
		if err := setGroup(temp, gid); err != nil {
			return storeFault(dir, err)
		}
		s.share(temp)
	}
	return moveUp(temp, dir, gid)
}

var storeFolders = []string{"keys", "procedures", "models", "tmp"}

// makeStore fills a new folder and records that in its journal, with the
// hashes of the files that must not be changed but by an act.
func makeStore(dir string, o InitOptions) (*Store, error) {
	for _, sub := range storeFolders {
		if err := os.Mkdir(filepath.Join(dir, sub), 0o700); err != nil {
			return nil, storeFault(dir, err)
		}
	}
	id := make([]byte, 6)
	rand.Read(id)
	s := newStore(dir)
	s.meta = Meta{Format: storeFormat, ID: hex.EncodeToString(id), Demo: o.Demo, Created: s.now().UTC(),
		Group: o.Group, Compliance: o.Compliance, Alert: o.Alert}
	key, err := journal.NewKey("posteriori-" + s.meta.ID)
	if err != nil {
		return nil, err
	}
	s.key = key
	meta, err := s.meta.encode()
	if err != nil {
		return nil, err
	}
	users, err := s.firstUsers(o)
	if err != nil {
		return nil, err
	}
	for name, data := range map[string][]byte{
		"keys/journal.key": []byte(key.Private + "\n"), "keys/journal.pub": []byte(key.Public + "\n"),
		usersFile: users, storeFile: meta,
	} {
		if err := writeNew(filepath.Join(dir, name), data); err != nil {
			return nil, err
		}
	}
	log, err := journal.Create(s.journalDir(""), s.origin(""), s.key, s.journalOptions())
	if err != nil {
		return nil, err
	}
	defer log.Close()
	r := s.record(ActSpec{Operation: journal.Modify, Sub: journal.SubInit, Reason: o.Reason})
	r.Outcome = journal.OK
	r.Objects = []journal.Object{{Kind: "store"}, {Kind: "users"}}
	r.Sealed = map[string]string{storeFile: hashOf(meta), usersFile: hashOf(users)}
	_, err = log.Append(r)
	return s, err
}

// firstUsers is the register with whoever makes the store.
func (s *Store) firstUsers(o InitOptions) ([]byte, error) {
	who := s.who()
	u := access.User{Account: who.Name, UID: who.UID, Roles: []access.Role{access.Administrator}}
	if o.Demo {
		u = demoUser(u)
	}
	if o.first != nil {
		u = o.first(u)
	}
	r, err := access.Register{}.With(access.Change{At: s.now().UTC(), By: who.Name, Sub: journal.SubInit, User: u})
	if err != nil {
		return nil, err
	}
	return r.Encode()
}

// demoUser gives u all that a demonstration needs.
func demoUser(u access.User) access.User {
	u.Matricule, u.Name, u.Quality, u.Service = "DEMO", "Démonstration", "OPJ (démonstration)", "Service de démonstration"
	u.Roles = []access.Role{access.Officer, access.Magistrate, access.Controller, access.Auditor, access.Administrator}
	u.Habilitations = []access.Habilitation{{Authority: "Démonstration", Reference: "DÉMONSTRATION",
		Document: hashOf([]byte("DÉMONSTRATION")), From: "2000-01-01", Until: "2099-12-31",
		Natures: slices.Clone(access.Natures)}}
	return u
}
