package engine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"posteriori/engine/evidence"
	"posteriori/engine/fault"
	"posteriori/engine/index"
	"posteriori/engine/journal"
	"posteriori/engine/procedure"
)

// WithTestClock returns a demonstration store whose clock begins at start and
// runs on, so that years can pass in a test. In a real store it is refused
// (rule 14): whoever sets the clock decides when data is erased. Records say
// that the clock was set.
func (s *Store) WithTestClock(start time.Time) (*Store, error) {
	if !s.Demo() {
		return nil, procedure.Refuse("14", "unset $POSTERIORI_TEST_CLOCK", "the clock of a real store cannot be set")
	}
	began := time.Now()
	return s.WithClock(func() time.Time { return start.Add(time.Since(began)) }), nil
}

// OnNotice has tell called with what whoever acts in a procedure must know
// beside the result: recordings whose time runs out (rule 14).
func (s *Store) OnNotice(tell func(line string)) { s.notice = tell }

// warnRetention tells of recordings that must soon, or should be, erased.
func (a *Act) warnRetention() {
	s := a.store
	if s.notice == nil || a.proc == nil || a.spec.Sub == journal.SubPurge {
		return
	}
	for _, line := range RetentionLines(a.proc.Doc, s.now()) {
		s.notice(line)
	}
}

// RetentionLines are the warnings about the time that d's recordings have
// left, for people; none when there is nothing to warn of.
func RetentionLines(d procedure.Document, at time.Time) []string {
	stands := procedure.Stand(d, at)
	var lines []string
	if n := len(stands.Due); n > 0 {
		lines = append(lines, fmt.Sprintf("warning: procedure %s: the time of %s is over: the next act in it erases them, or posteriori purge --due", d.ID, recordings(n)))
	}
	if n := len(stands.Soon); n > 0 {
		next := time.Time{}
		for _, it := range stands.Soon {
			if end := procedure.Deadline(it.Recorded, d.Retention.Extensions); next.IsZero() || end.Before(next) {
				next = end
			}
		}
		lines = append(lines, fmt.Sprintf("warning: procedure %s: %s will be erased by law, the first on %s", d.ID, recordings(n), next.Format(time.DateOnly)))
	}
	return lines
}

func recordings(n int) string {
	if n == 1 {
		return "1 recording"
	}
	return fmt.Sprintf("%d recordings", n)
}

// ErrOverdue is wrapped by the refusal of an act in a procedure that holds
// recordings beyond their time which cannot be erased at once (rule 14).
var ErrOverdue = errors.New("their time is over")

// overdueReason is the reason in the record of an erasure that nobody asked for.
const overdueReason = "effacement de plein droit : durée de conservation échue"

// eraseOverdue erases, before the act goes ahead, what its procedure holds
// beyond its time (rule 14), and what an interrupted erasure left: an act of
// its own, by law, whatever the role of who acts. Where that cannot be done
// the act is refused.
func (a *Act) eraseOverdue(ctx context.Context) error {
	if a.proc == nil || a.spec.Sub == journal.SubPurge || procedure.Gone(a.proc.Doc) {
		return nil
	}
	s, id := a.store, a.spec.Procedure
	due := procedure.Stand(a.proc.Doc, s.now()).Due
	if len(due) == 0 && !a.proc.erasing() {
		return nil
	}
	unlock, err := a.proc.LockAnalysis(ctx) // an attempt that cannot succeed is no act
	if err == nil {
		unlock()
		_, err = s.PurgeDueIn(ctx, id)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if errors.Is(err, ErrOverdue) {
		return err
	}
	if err != nil {
		return overdue(id, len(due), err)
	}
	p, err := s.OpenProcedure(id)
	if err != nil {
		return err
	}
	a.proc = p
	return s.checkDate(p.Doc, nil) // an erasure that was broken off may be all that was done
}

// PurgeDueIn erases the recordings of one procedure whose time is over, by law:
// one act, for which no role is asked and whose reason is the law's. Whoever
// acts is told.
func (s *Store) PurgeDueIn(ctx context.Context, id string) (DueResult, error) {
	spec := ActSpec{Procedure: id, Operation: journal.Erase, Sub: journal.SubPurge, Reason: overdueReason, byLaw: true}
	done, err := s.purgeDueIn(ctx, spec)
	if s.notice != nil && len(done.Recordings) > 0 {
		s.notice(fmt.Sprintf("note: procedure %s: recordings %v were erased first, with all that was found in them: their time was over", id, done.Recordings))
		for _, d := range done.Outside {
			s.notice(fmt.Sprintf("note: handed over, may still show it: %s (%s)", fault.Printable(d.Path), d.Kind))
		}
	}
	return done, err
}

// checkOverdue refuses to go on in a procedure that holds recordings beyond
// their time.
func checkOverdue(d procedure.Document, at time.Time) error {
	if due := procedure.Stand(d, at).Due; len(due) > 0 {
		return overdue(d.ID, len(due), errors.New("a job is running in it"))
	}
	return nil
}

func overdue(id string, n int, why error) error {
	return markOverdue(procedure.Refuse("14", "end what is running in the procedure, then run the command again: it erases them first",
		"procedure %s holds %s that must be erased and cannot be yet (%v)", id, recordings(n), why))
}

func markOverdue(err error) error {
	var f *fault.Error
	if errors.As(err, &f) {
		f.Err = ErrOverdue
	}
	return err
}

// erasingPath is the mark of an erasure under way. One that is killed after
// its record leaves the mark, and the next act does the rest.
func (p *Procedure) erasingPath() string {
	return filepath.Join(p.store.procedureDir(p.Doc.ID), "erasing")
}

func (p *Procedure) erasing() bool {
	_, err := os.Stat(p.erasingPath())
	return err == nil
}

// RecordItems records the act, d, and starts the clock of erasure for the
// originals that it brings in, by their hash, before the index takes them. One
// that was in before keeps its first date; one whose time is over is refused
// (rule 14).
func (a *Act) RecordItems(ctx context.Context, d journal.Details, sha256s []string) error {
	if len(sha256s) == 0 {
		return a.Record(d)
	}
	return a.ChangeProcedure(ctx, d, func(doc procedure.Document) (procedure.Document, error) {
		for _, sum := range sha256s {
			if err := procedure.MayRecord(doc, sum, a.store.now()); err != nil {
				return doc, err
			}
		}
		return procedure.NoteItems(doc, sha256s, a.store.now()), nil
	})
}

// DueResult is what [Store.PurgeDue] erased in one procedure.
type DueResult struct {
	Procedure  string           `json:"procedure"`
	Recordings []int64          `json:"recordings"`
	Counts     map[string]int64 `json:"counts"`
	Outside    []index.Derived  `json:"outside"` // files that show them and lie outside the store
}

// PurgeDue erases, in every procedure of the store, the recordings whose three
// years are over (rule 14): one act in each such procedure. It returns what it
// erased, also with an error: one procedure that fails does not keep the rest.
func (s *Store) PurgeDue(ctx context.Context, reason string) ([]DueResult, error) {
	docs, broken, err := s.ReadProcedures()
	if err != nil {
		return nil, err
	}
	var out []DueResult
	failed := first(errors.Join(broken...))
	for _, d := range docs {
		if procedure.Gone(d) {
			continue
		}
		p := &Procedure{Doc: d, store: s}
		due, err := s.due(ctx, p)
		if err == nil && (len(due) > 0 || len(procedure.Stand(d, s.now()).Due) > 0 || p.erasing()) {
			var r DueResult
			spec := ActSpec{Procedure: d.ID, Operation: journal.Erase, Sub: journal.SubPurge, Reason: reason}
			if r, err = s.purgeDueIn(ctx, spec); err == nil && len(r.Recordings) > 0 {
				out = append(out, r)
			}
		}
		if ctx.Err() != nil {
			return out, ctx.Err()
		}
		if err != nil && failed == nil {
			failed = fmt.Errorf("procedure %s: %w", d.ID, err)
		}
	}
	if len(out) == 0 && failed == nil {
		return out, s.nothingDue(ctx, reason)
	}
	return out, failed
}

// nothingDue records, in the store's own journal, that nothing was due.
func (s *Store) nothingDue(ctx context.Context, reason string) error {
	return s.Do(ctx, ActSpec{Operation: journal.Erase, Sub: journal.SubPurge, Reason: reason}, func(act *Act) error {
		return act.Record(journal.Details{Result: "nothing is due"})
	})
}

// due lists the recordings in a procedure's index whose time is over, those
// that an interrupted erasure left among them. One that the document does not
// know counts from its import as the index has it.
func (s *Store) due(ctx context.Context, p *Procedure) ([]index.Recording, error) {
	ix, err := p.Index(ctx)
	if err != nil {
		return nil, err
	}
	defer ix.Close()
	recs, err := ix.Recordings(ctx)
	if err != nil {
		return nil, err
	}
	return dueOf(p.Doc, recs, s.now()), nil
}

func dueOf(d procedure.Document, recs []index.Recording, at time.Time) []index.Recording {
	known := make(map[string]procedure.Item, len(d.Retention.Items)) // a seizure has tens of thousands
	for _, it := range d.Retention.Items {
		known[it.SHA256] = it
	}
	var out []index.Recording
	for _, r := range recs {
		it, ok := known[r.SHA256]
		if !ok {
			it.Recorded = time.UnixMicro(r.ImportedUS)
		}
		if it.Erased != nil || !at.Before(procedure.Deadline(it.Recorded, d.Retention.Extensions)) {
			out = append(out, r)
		}
	}
	return out
}

// erased tells whether r is recorded as erased.
func erased(d procedure.Document, r index.Recording) bool {
	return slices.ContainsFunc(d.Retention.Items, func(it procedure.Item) bool { return it.SHA256 == r.SHA256 && it.Erased != nil })
}

func (s *Store) purgeDueIn(ctx context.Context, spec ActSpec) (DueResult, error) {
	res := DueResult{Procedure: spec.Procedure}
	err := s.Do(ctx, spec, func(act *Act) error {
		unlock, err := act.proc.LockAnalysis(ctx)
		if err != nil {
			return err
		}
		defer unlock()
		ix, err := act.proc.Index(ctx)
		if err != nil {
			return err
		}
		defer ix.Close()
		all, err := ix.Recordings(ctx)
		if err != nil {
			return err
		}
		recs := dueOf(act.proc.Doc, all, s.now())
		ground := procedure.GroundRetention
		if err := s.checkDate(act.proc.Doc, recs); err != nil {
			if !act.proc.erasing() {
				return err
			}
			recs = slices.DeleteFunc(recs, func(r index.Recording) bool { return !erased(act.proc.Doc, r) })
			ground = procedure.GroundOrder // by it nothing else is marked that is due by the clock
		}
		erasure := journal.Erasure{Scope: "recordings whose time is over", Ground: groundText("14", "three years after recording")}
		if len(recs) > 0 && ordered(act.proc.Doc, recs) { // an erasure on order that was broken off goes on
			erasure = journal.Erasure{Scope: "recording", Ground: groundText("15", "on order")}
		}
		done, err := act.eraseRecordings(ctx, ix, recs, ground, erasure, nil)
		res.Recordings, res.Counts, res.Outside = done.Recordings, done.Counts, done.Outside
		return err
	})
	return res, err
}

// ordered tells whether all of recs were recorded as erased on order.
func ordered(d procedure.Document, recs []index.Recording) bool {
	return !slices.ContainsFunc(recs, func(r index.Recording) bool {
		return !slices.ContainsFunc(d.Retention.Items, func(it procedure.Item) bool {
			return it.SHA256 == r.SHA256 && it.Erased != nil && it.Ground == procedure.GroundOrder
		})
	})
}

// groundText names the ground of an erasure with its articles.
func groundText(rule, why string) string {
	r, _, _ := procedure.LookUp(rule)
	return strings.Join(r.Articles, ", ") + ": " + why
}

// derivedOf splits the derived files that may show something of a recording,
// or of one track, by whether they lie in the store.
func (p *Procedure) derivedOf(ctx context.Context, ix *index.Store, rec index.Recording, track, fromUS, toUS int64) (inside, outside []index.Derived, err error) {
	all, err := ix.DerivedFiles(ctx)
	if err != nil {
		return nil, nil, err
	}
	for _, d := range all {
		own := false
		d.Path, own = p.here(d.Path)
		switch {
		case !shows(d, rec, track, fromUS, toUS):
		case own:
			inside = append(inside, d)
		default:
			outside = append(outside, d)
		}
	}
	return inside, outside, nil
}

// holds says whether path lies in the procedure's own folder.
func (p *Procedure) holds(path string) bool {
	rel, err := filepath.Rel(p.store.procedureDir(p.Doc.ID), path)
	return err == nil && filepath.IsLocal(rel)
}

// here is where a derived file lies now, and whether that is the procedure's own
// folder. A store may have been moved as a whole since the file was made.
func (p *Procedure) here(path string) (string, bool) {
	if p.holds(path) {
		return path, true
	}
	inProcedure := string(filepath.Separator) + filepath.Join("procedures", p.Doc.ID, "derived") + string(filepath.Separator)
	i := strings.LastIndex(path, inProcedure)
	if i < 0 {
		return path, false
	}
	now := filepath.Join(p.DerivedDir(), path[i+len(inProcedure):])
	if !p.holds(now) {
		return path, false
	}
	if _, err := os.Lstat(now); err != nil {
		return path, false
	}
	if _, err := os.Lstat(path); err == nil { // another store's, or its copy
		return path, false
	}
	return now, true
}

// forget destroys derived files of the store and takes them off the list.
func forget(ctx context.Context, ix *index.Store, files []index.Derived) error {
	for _, d := range files {
		if err := evidence.Destroy(d.Path); err != nil {
			return err
		}
		if err := ix.ForgetDerived(ctx, d.ID); err != nil && fault.KindOf(err) != fault.NotFound {
			return err
		}
	}
	return nil
}

// TempDir makes an empty folder for work in progress on the procedure's data,
// which its purge destroys with the rest, and returns what removes it.
func (p *Procedure) TempDir(pattern string) (dir string, remove func(), err error) {
	base := filepath.Join(p.store.procedureDir(p.Doc.ID), "tmp")
	if err := os.MkdirAll(base, 0o700); err != nil {
		return "", nil, storeFault(base, err)
	}
	if dir, err = os.MkdirTemp(base, pattern); err != nil {
		return "", nil, storeFault(base, err)
	}
	return dir, func() { os.RemoveAll(dir) }, nil
}
