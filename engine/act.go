package engine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"posteriori/engine/access"
	"posteriori/engine/fault"
	"posteriori/engine/index"
	"posteriori/engine/journal"
	"posteriori/engine/procedure"
)

// ActSpec says what a command is about to do.
type ActSpec struct {
	Procedure string // ID, or empty for an act on the store
	Operation journal.Operation
	Sub       journal.Sub
	Reason    string

	byLaw bool // the engine's own act, which no role is asked for
}

// Act is one act under way. Exactly one record of it reaches the journal:
// [Act.Record] when it goes ahead, a refusal or a failure otherwise; only an
// act that fails after its record adds a second, which names the first.
type Act struct {
	spec  ActSpec
	store *Store
	log   *journal.Log
	done  func()     // gives log back
	proc  *Procedure // nil for an act on the store
	user  access.User

	about    journal.Details
	worker   string
	seq      int64
	recorded bool
	sealed   map[string]string                                    // hashes of files that the record being written changes
	undo     func(procedure.Document) (procedure.Document, error) // what the document becomes if the act fails
}

// Do does one act: it calls do, which decides, calls [Act.Record], and only
// then lets its effect be seen. Do refuses a blank reason (rule 8), an account
// that may not do this here (rules 5 and 7) and an unknown procedure, and sees to it that exactly one record is written
// whichever way do ends, panics included. A do that returns nil without
// having called Record is an error.
func (s *Store) Do(ctx context.Context, spec ActSpec, do func(*Act) error) (err error) {
	a, err := s.Begin(ctx, spec)
	if err != nil {
		return err
	}
	defer func() {
		if p := recover(); p != nil {
			_ = a.End(ctx, fault.New(fault.Internal, "panic"))
			panic(p)
		}
	}()
	return a.End(ctx, do(a))
}

// Begin starts an act for callers that cannot use [Store.Do]; they must call
// [Act.End]. When it returns an error, that is in the journal already.
func (s *Store) Begin(ctx context.Context, spec ActSpec) (*Act, error) {
	a := &Act{spec: spec, store: s}
	err := procedure.CheckReason(spec.Reason)
	own, ownDone, oerr := s.openJournal("")
	uerr := oerr
	if uerr == nil {
		uerr = a.identify(ctx)
	}
	if spec.Procedure != "" {
		uerr = errors.Join(uerr, a.enter())
	}
	if err = first(errors.Join(err, uerr)); err == nil {
		err = a.mayDo()
	}
	switch {
	case a.log == nil && oerr != nil:
		s.alertOn(ctx, oerr, "", nil)
		return nil, oerr
	case a.log == nil: // also where the procedure or its journal cannot be used
		a.log, a.done = own, ownDone
	case oerr == nil:
		defer ownDone()
	}
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return nil, a.End(ctx, err)
	}
	s.settleVaults()
	a.warnClock()
	if err := a.eraseOverdue(ctx); err != nil {
		return nil, a.End(ctx, err)
	}
	a.warnRetention()
	return a, nil
}

// warnClock tells whoever acts that the machine's clock was set back since the
// last record; the record of this act says so too.
func (a *Act) warnClock() {
	s := a.store
	if s.notice == nil {
		return
	}
	if by, back := a.log.ClockBack(s.now()); back {
		s.notice(fmt.Sprintf("warning: the clock stands %v before the journal's last record: set it right, or tell the data controller", by.Round(time.Second)))
	}
}

// enter opens the act's procedure and its journal.
func (a *Act) enter() error {
	if err := procedure.CheckID(a.spec.Procedure); err != nil {
		return err
	}
	log, done, err := a.store.openJournal(a.spec.Procedure)
	p, perr := a.store.OpenProcedure(a.spec.Procedure)
	switch {
	case perr != nil && err == nil:
		done()
		return perr
	case perr != nil:
		return perr
	}
	a.proc, a.log, a.done = p, log, done
	return nil
}

// identify finds the user behind the account that acts (rule 5). In a store for
// cases there must be a deployment record (rule 19).
func (a *Act) identify(ctx context.Context) error {
	s := a.store
	r, err := s.Users(ctx)
	if err != nil {
		return err
	}
	u, err := r.Acting(s.who())
	if err != nil {
		return err
	}
	a.user = u
	if s.meta.Demo {
		return nil
	}
	// The date was checked when the sealed description was written: a clock set
	// back since then makes no statement one of the future.
	return InitOptions{Reason: a.spec.Reason, Compliance: s.meta.Compliance}.check(time.Unix(1<<40, 0))
}

// mayDo asks the one table whether the user may do this act here and now.
func (a *Act) mayDo() error {
	if a.spec.byLaw {
		return nil
	}
	var d *procedure.Document
	if a.proc != nil {
		d = &a.proc.Doc
	}
	return access.Check(a.user, a.spec.Sub, d, a.store.now())
}

// first is the first of joined errors, so that a user reads one.
func first(err error) error {
	for {
		j, ok := err.(interface{ Unwrap() []error })
		if !ok || len(j.Unwrap()) == 0 {
			return err
		}
		err = j.Unwrap()[0]
	}
}

// Procedure is the procedure that the act is in, or nil.
func (a *Act) Procedure() *Procedure { return a.proc }

// User is the designated user who acts.
func (a *Act) User() access.User { return a.user }

// Now is the time by the store's clock.
func (a *Act) Now() time.Time { return a.store.now() }

// Journal is the journal that the act is recorded in.
func (a *Act) Journal() *journal.Log { return a.log }

// Seq is the number of the act's record, once there is one.
func (a *Act) Seq() (seq int64, ok bool) { return a.seq, a.recorded }

// About says what the act is about before it is decided, so that a refusal
// or failure names it too. Record replaces it.
func (a *Act) About(d journal.Details) { a.about = d }

// Worker notes which build of the worker took part.
func (a *Act) Worker(build string) { a.worker = build }

// Record writes the act's record. After it has returned without error, and
// not before, the effect may be seen.
func (a *Act) Record(d journal.Details) error {
	if a.recorded {
		return fault.New(fault.Internal, "an act was recorded twice")
	}
	a.about = d
	r := a.draft()
	r.Outcome = journal.OK
	seq, err := a.log.Append(r)
	if err != nil {
		return err
	}
	a.seq, a.recorded = seq, true
	return nil
}

// End closes the act with what came of it and returns err, or what went wrong
// with recording it. A refusal is recorded with its rule, another error as a
// failure.
func (a *Act) End(ctx context.Context, err error) error {
	if a.log == nil {
		return err
	}
	defer func() { a.done(); a.log = nil; a.store.shareAct(a.proc) }()
	if err == nil && a.recorded {
		return nil
	}
	if err == nil {
		err = fault.New(fault.Internal, "the command did not record its act")
	}
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		err = fault.Wrap(fault.Interrupted, err, "interrupted").WithHint("run the same command again")
	}
	jerr := a.recordEnding(ctx, err)
	a.store.alertOn(ctx, err, a.spec.Procedure, a.about.Models)
	if jerr != nil {
		if fault.KindOf(jerr) == fault.KindOf(err) {
			return err // the journal is what failed
		}
		return fmt.Errorf("%w (and this could not be recorded: %w)", err, jerr)
	}
	return err
}

// recordEnding writes the record of an act that did not go ahead or broke off,
// with what it takes back of the document.
func (a *Act) recordEnding(ctx context.Context, err error) error {
	write := func(sealed map[string]string) error {
		r := a.ending(err)
		r.Sealed = sealed
		_, err := a.log.Append(r)
		return err
	}
	if a.undo == nil {
		return write(nil)
	}
	return a.editProcedure(context.WithoutCancel(ctx), a.undo, write)
}

// ending is the record of an act that did not go ahead or broke off.
func (a *Act) ending(err error) journal.Record {
	r := a.draft()
	r.Reason = fault.Printable(r.Reason) // it may be what was refused
	r.Outcome, r.Error = journal.Failed, "internal"
	var f *fault.Error
	if errors.As(err, &f) {
		// Not the file's name and not the cause: they may name people. Of a
		// mistake in the command line not even the message, which quotes it.
		r.Rule, r.Error = f.Rule, f.Kind.String()
		if f.Kind != fault.Usage {
			r.Error += ": " + f.Msg
		}
		if f.Kind == fault.Refused && f.Rule != "" && !a.recorded {
			r.Outcome = journal.Refused
		}
	}
	if a.recorded {
		r.Of = &a.seq
	}
	return r
}

func (a *Act) draft() journal.Record {
	r := a.store.record(a.spec)
	r.Details, r.Build.Worker, r.Sealed = a.about, a.worker, a.sealed
	if a.user.UID != "" {
		login := r.Person.Login
		r.Person = a.user.Person(a.store.now())
		r.Person.Login = login
	}
	switch {
	case a.proc != nil:
		d := a.proc.Doc
		r.Procedure = &journal.Case{ID: d.ID, Frame: string(d.Frame), Authorisation: d.Reference()}
	case procedure.CheckID(a.spec.Procedure) == nil:
		r.Procedure = &journal.Case{ID: a.spec.Procedure}
	}
	return r
}

// record starts a record with all that does not depend on how the act ends.
func (s *Store) record(spec ActSpec) journal.Record {
	who := s.who()
	return journal.Record{Operation: spec.Operation, Sub: spec.Sub, Reason: spec.Reason,
		Person: journal.Person{Account: who.Name, UID: who.UID, Login: who.Login},
		Build:  ownBuild(), Host: hostName(), Demo: s.meta.Demo}
}

// ChangeProcedure changes the document of the act's procedure: it reads it
// anew under a lock, lets change decide, records, and writes.
func (a *Act) ChangeProcedure(ctx context.Context, d journal.Details, change func(procedure.Document) (procedure.Document, error)) error {
	a.About(d)
	return a.editProcedure(ctx, change, a.recordSealed(&d))
}

// editProcedure changes the document with the record that record writes.
func (a *Act) editProcedure(ctx context.Context, change func(procedure.Document) (procedure.Document, error), record func(sealed map[string]string) error) error {
	var doc procedure.Document
	err := a.store.sealedProcedure(a.proc.Doc.ID).change(ctx, a.log, func(old []byte) ([]byte, error) {
		d, err := procedure.Parse(old)
		if err != nil {
			return nil, err
		}
		if doc, err = change(d); err != nil {
			return nil, err
		}
		return procedure.Encode(doc)
	}, record)
	if err != nil {
		return err
	}
	a.proc.Doc = doc
	return nil
}

// CreateProcedure opens a procedure with its key and its journal, whose first
// record is this act. A refusal or failure is recorded in the store's own
// journal, as the procedure is not there.
func (s *Store) CreateProcedure(ctx context.Context, reason string, d procedure.Document) (*Procedure, error) {
	var p *Procedure
	a, err := s.Begin(ctx, ActSpec{Operation: journal.Modify, Sub: journal.SubOpen, Reason: reason})
	if err != nil {
		return nil, err
	}
	if procedure.CheckID(d.ID) == nil {
		a.spec.Procedure = d.ID
	}
	p, err = a.create(ctx, d)
	if err != nil {
		a.recorded = false // what was recorded was in the journal that is gone
		return nil, a.End(ctx, err)
	}
	s.share(s.procedureDir(d.ID))
	return p, a.End(ctx, nil)
}

func (a *Act) create(ctx context.Context, d procedure.Document) (*Procedure, error) {
	s := a.store
	d.Demo, d.OpenedBy = s.meta.Demo, a.user.UID
	d, err := procedure.New(d, s.now())
	if err != nil {
		return nil, err
	}
	unlock, err := journal.Lock(ctx, filepath.Join(s.dir, "procedures.lock"))
	if err != nil {
		return nil, err
	}
	defer unlock()
	final := s.procedureDir(d.ID)
	if _, err := os.Lstat(final); err == nil {
		return nil, fault.New(fault.BadInput, "procedure %s exists already", d.ID).
			WithHint("posteriori procedure show %s", d.ID)
	}
	temp, remove, err := s.TempDir("procedure-*")
	if err != nil {
		return nil, err
	}
	defer remove()
	if err := os.Mkdir(filepath.Join(temp, "derived"), 0o700); err != nil {
		return nil, storeFault(temp, err)
	}
	text, err := procedure.Encode(d)
	if err != nil {
		return nil, err
	}
	if err := writeNew(filepath.Join(temp, procedureFile), text); err != nil {
		return nil, err
	}
	log, err := journal.Create(filepath.Join(temp, "journal"), s.origin(d.ID), s.key, s.journalOptions())
	if err != nil {
		return nil, err
	}
	defer log.Close()
	p := &Procedure{Doc: d, store: s}
	if err := a.recordIn(log, p, map[string]string{procedureFile: hashOf(text)}); err != nil {
		return nil, err
	}
	if err := s.makeKey(d.ID); err != nil {
		return nil, err
	}
	if err := s.makeIndex(ctx, d.ID, filepath.Join(temp, indexFile)); err != nil {
		return nil, err
	}
	if err := os.Rename(temp, final); err != nil {
		return nil, storeFault(final, err)
	}
	return p, nil
}

// recordIn records the act in another journal than that it began in.
func (a *Act) recordIn(log *journal.Log, p *Procedure, sealed map[string]string) error {
	own := a.log
	a.log, a.proc = log, p
	defer func() { a.log, a.proc = own, nil }()
	return a.recordSealed(&journal.Details{})(sealed)
}

// makeIndex makes the procedure's empty index, so that one that is not there
// later is known to be lost.
func (s *Store) makeIndex(ctx context.Context, id, path string) error {
	key, err := s.ProcedureKey(id)
	if err != nil {
		return err
	}
	ix, err := index.Open(ctx, path, key)
	if err != nil {
		return err
	}
	return ix.Close()
}

// makeKey makes the procedure's key. One that is there is kept: it is what an
// interrupted opening left, or it belongs to a folder that was moved away.
func (s *Store) makeKey(id string) error {
	if _, err := s.ProcedureKey(id); err == nil {
		return nil
	}
	return writeNew(s.keyPath(id), randomKey(index.KeySize))
}
