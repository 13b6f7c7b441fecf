package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"posteriori/engine/evidence"
	"posteriori/engine/fault"
	"posteriori/engine/index"
	"posteriori/engine/journal"
	"posteriori/engine/procedure"
)

// CloseOptions are how a procedure is closed.
type CloseOptions struct {
	Reason  string
	Copy    *procedure.CopyRequest // the magistrate's request, or nil
	CopyDir string                 // where the copy goes
	// Paper makes the document of one step (report, mention or certificate) as
	// an act of its own. Nil: there is nowhere to put one, and a closure that
	// needs one is refused (rules 12 to 14).
	Paper func(ctx context.Context, step procedure.Step) error
	// Tell is told of each step that has been done. It may be nil.
	Tell func(step procedure.Step)
}

// CloseProcedure closes a procedure step by step, each an act of its own:
// report, mention, the copy a magistrate asked for, purge, certificate. Killed
// at any point it goes on where it stopped when it is called again.
func (s *Store) CloseProcedure(ctx context.Context, id string, o CloseOptions) error {
	if o.Copy != nil && o.CopyDir == "" || o.Copy == nil && o.CopyDir != "" {
		return s.refuseClosing(ctx, id, o, procedure.Refuse("13", "give --copy DIR with --copy-request and --copy-magistrate",
			"a copy of all data is made only at the magistrate's request"))
	}
	for last := procedure.Step(""); ; {
		left, err := s.ClosingSteps(id, o.Copy)
		if err != nil {
			return s.refuseClosing(ctx, id, o, err)
		}
		if left[0] == last {
			return fault.New(fault.Internal, "closing procedure %s does not get past its step %s", id, last)
		}
		if err := mustHavePaper(left, o); err != nil {
			return s.refuseClosing(ctx, id, o, err)
		}
		last = left[0]
		if err := s.closeStep(ctx, id, last, o); err != nil {
			return err
		}
		if o.Tell != nil {
			o.Tell(last)
		}
		if last == procedure.StepFinish {
			return nil
		}
	}
}

// mustHavePaper refuses, before anything is done, a closure that lacks a
// document and cannot make it.
func mustHavePaper(left []procedure.Step, o CloseOptions) error {
	rules := map[procedure.Step]string{procedure.StepMention: "12", procedure.StepReport: "13", procedure.StepCertificate: "14"}
	for _, step := range left {
		if rule, ok := rules[step]; ok && o.Paper == nil {
			return procedure.Refuse(rule, "say with -o DIR where to put it", "there is no %s that is up to date", step)
		}
	}
	return nil
}

// ClosingSteps lists what closing a procedure still takes.
func (s *Store) ClosingSteps(id string, copy *procedure.CopyRequest) ([]procedure.Step, error) {
	p, err := s.OpenProcedure(id)
	if err != nil {
		return nil, err
	}
	have, err := s.Papers(id)
	if err != nil {
		return nil, err
	}
	return procedure.Remaining(p.Doc, copy, have)
}

// refuseClosing records that closing was refused.
func (s *Store) refuseClosing(ctx context.Context, id string, o CloseOptions, why error) error {
	return s.Do(ctx, ActSpec{Procedure: id, Operation: journal.Modify, Sub: journal.SubClose, Reason: o.Reason}, func(*Act) error { return why })
}

func (s *Store) closeStep(ctx context.Context, id string, step procedure.Step, o CloseOptions) error {
	now := s.now
	switch step {
	case procedure.StepBegin:
		return s.closing(ctx, id, step, o.Reason, func(d procedure.Document) (procedure.Document, error) {
			return procedure.BeginClosing(d, o.Copy, now())
		})
	case procedure.StepReport, procedure.StepMention, procedure.StepCertificate:
		return o.Paper(ctx, step)
	case procedure.StepCopy:
		return s.copyAll(ctx, id, o)
	case procedure.StepPurge:
		return s.purge(ctx, id, o.Reason)
	case procedure.StepFinish:
		// An interrupted purge may have left files; nothing is closed over them.
		if err := s.destroy(id); err != nil {
			return s.refuseClosing(ctx, id, o, err)
		}
		return s.closing(ctx, id, step, o.Reason, func(d procedure.Document) (procedure.Document, error) {
			return procedure.FinishClosing(d, now())
		})
	}
	return fault.New(fault.Internal, "no such step: %s", step)
}

// closing does a step that only changes the procedure's state.
func (s *Store) closing(ctx context.Context, id string, step procedure.Step, reason string,
	change func(procedure.Document) (procedure.Document, error)) error {
	spec := ActSpec{Procedure: id, Operation: journal.Modify, Sub: journal.SubClose, Reason: reason}
	return s.Do(ctx, spec, func(act *Act) error {
		unlock, err := act.proc.LockAnalysis(ctx)
		if err != nil {
			return err
		}
		defer unlock()
		return act.ChangeProcedure(ctx, journal.Details{Result: string(step)}, change)
	})
}

// purge destroys a procedure's key, index and files. The record, with the
// account of what there was, comes first.
func (s *Store) purge(ctx context.Context, id, reason string) error {
	spec := ActSpec{Procedure: id, Operation: journal.Erase, Sub: journal.SubPurge, Reason: reason}
	return s.Do(ctx, spec, func(act *Act) error {
		unlock, err := act.proc.LockAnalysis(ctx)
		if err != nil {
			return err
		}
		defer unlock()
		d, err := act.proc.inventory(ctx)
		if err != nil {
			return err
		}
		err = act.ChangeProcedure(ctx, d, func(doc procedure.Document) (procedure.Document, error) {
			return procedure.NotePurged(doc, s.now())
		})
		if err != nil {
			return err
		}
		return s.destroy(id)
	})
}

// inventory is the account of what a purge destroys: counts, the originals it
// was taken from, the derived files by whether they lie in the store. An index
// that cannot be read is said to be so; it is destroyed all the same.
func (p *Procedure) inventory(ctx context.Context) (journal.Details, error) {
	e := journal.Erasure{Scope: "procedure", Ground: groundText("14", "closure of the procedure"), Method: methodPurge}
	d := journal.Details{Erasure: &e}
	ix, err := p.Index(ctx)
	if fault.KindOf(err) == fault.Integrity {
		d.Result = "the index could not be read, so what it held is not counted"
		return d, nil
	}
	if err != nil {
		return d, err
	}
	defer ix.Close()
	recs, err := ix.Recordings(ctx)
	if err != nil {
		return d, err
	}
	for _, r := range recs {
		d.Objects = append(d.Objects, recordingObject(r))
	}
	files, err := ix.DerivedFiles(ctx)
	if err != nil {
		return d, err
	}
	var inside, outside []index.Derived
	for _, f := range files {
		own := false
		if f.Path, own = p.here(f.Path); own {
			inside = append(inside, f)
		} else {
			outside = append(outside, f)
		}
	}
	d.Objects = append(d.Objects, derivedObjects(inside, outside)...)
	tracks, err := tracksOf(ctx, ix, recs)
	if err != nil {
		return d, err
	}
	decisions, err := ix.Decisions(ctx, 0, 0)
	e.Counts = map[string]int64{"recordings": int64(len(recs)), "tracks": tracks, "decisions": int64(len(decisions)),
		"derived": int64(len(inside)), "handed_over": int64(len(outside)), "keys": 1}
	return d, err
}

// remains are the files of a procedure that its purge leaves: what it was,
// and its journal.
var remains = []string{procedureFile, "journal", "lock"}

// destroy destroys what a purge destroys, the key first: from then on the
// index cannot be read, whatever becomes of its file. Done again it destroys
// what an interruption left.
func (s *Store) destroy(id string) error {
	if err := evidence.Destroy(s.keyPath(id)); err != nil {
		return err
	}
	if err := s.shredBackups(id, gonePurged); err != nil {
		return err
	}
	dir := s.procedureDir(id)
	list, err := os.ReadDir(dir)
	if err != nil {
		return storeFault(dir, err)
	}
	for _, e := range list {
		if slices.Contains(remains, e.Name()) {
			continue
		}
		if err := evidence.Destroy(filepath.Join(dir, e.Name())); err != nil {
			return err
		}
	}
	return nil
}

// staleReport and staleMention are the acts after which a report, or mention,
// no longer says what the procedure holds.
var (
	staleMention = []journal.Sub{journal.SubImport, journal.SubAuthorise, journal.SubVeto, journal.SubRevoke,
		journal.SubFrame, journal.SubErase, journal.SubPurge}
	staleReport = append(slices.Clone(staleMention), journal.SubAnalyse, journal.SubCamera, journal.SubQuery, journal.SubView,
		journal.SubSynopsis, journal.SubValidate, journal.SubReject, journal.SubComment, journal.SubExport, journal.SubUnmask,
		journal.SubRectify, journal.SubExtend, journal.SubReview, journal.SubExplain)
)

// Papers says which of a procedure's documents are there and up to date, by
// its journal: a report or mention is stale once an act has changed what it
// says, a certificate is that of the purge before it.
func (s *Store) Papers(id string) (procedure.Papers, error) {
	var p papers
	for r, err := range journal.Read(os.DirFS(s.journalDir(id)), journal.Filter{}) {
		if errors.Is(err, fs.ErrNotExist) {
			return procedure.Papers{}, fault.Wrap(fault.Integrity, err, "the procedure's journal is gone").OnFile(s.journalDir(id))
		}
		if err != nil {
			return procedure.Papers{}, err
		}
		p.take(r)
	}
	return p.Papers, nil
}

// papers follows a journal.
type papers struct {
	procedure.Papers
	report, mention, certificate int64 // the records that made them
}

func (p *papers) take(r journal.Record) {
	if r.Outcome == journal.Failed && r.Of != nil { // the act failed after its record
		p.Report = p.Report && *r.Of != p.report
		p.Mention = p.Mention && *r.Of != p.mention
		p.Certificate = p.Certificate && *r.Of != p.certificate
	}
	if r.Outcome != journal.OK {
		return
	}
	switch r.Sub {
	case journal.SubReport:
		p.Report, p.report = true, r.Seq
	case journal.SubMention:
		p.Mention, p.mention = true, r.Seq
	case journal.SubCertificate:
		p.Certificate, p.certificate = true, r.Seq
	case journal.SubPurge:
		p.Certificate = false
	}
	if slices.Contains(staleReport, r.Sub) {
		p.Report = false
	}
	if slices.Contains(staleMention, r.Sub) {
		p.Mention = false
	}
}

// copyAll makes the copy of all data that a magistrate asked for.
func (s *Store) copyAll(ctx context.Context, id string, o CloseOptions) error {
	spec := ActSpec{Procedure: id, Operation: journal.Communicate, Sub: journal.SubCopy, Reason: o.Reason}
	return s.Do(ctx, spec, func(act *Act) error {
		ask := o.Copy
		if c := act.proc.Doc.Retention.Closing; ask == nil && c != nil {
			ask = c.Copy
		}
		if ask == nil || o.CopyDir == "" {
			return procedure.Refuse("13", "say where with --copy DIR, and by whose request with --copy-request and --copy-magistrate",
				"a copy was asked for and there is nowhere to put it")
		}
		ix, err := act.proc.Index(ctx)
		if err != nil {
			return err
		}
		defer ix.Close()
		made, err := copyData(ctx, ix, act.proc.Doc, o.CopyDir)
		if err != nil {
			return err
		}
		defer made.drop()
		counts, err := json.Marshal(made.counts)
		if err != nil {
			return err
		}
		d := journal.Details{Params: string(counts), Decision: &journal.Decision{Reference: ask.Reference},
			Recipients: []journal.Recipient{{Who: ask.Magistrate, Medium: "copy of all data", Reference: ask.Reference, SHA256: made.sha256}}}
		err = act.ChangeProcedure(ctx, d, func(doc procedure.Document) (procedure.Document, error) { return procedure.NoteCopied(doc, *ask) })
		if err != nil {
			return err
		}
		if err := made.place(); err != nil {
			// It is not there: the next run makes it anew.
			act.undo = procedure.NoteNotCopied
			return err
		}
		return nil
	})
}

// StepText says what a step of closing does, for people.
func StepText(step procedure.Step) string {
	text := map[procedure.Step]string{
		procedure.StepBegin:       "nothing more is added to the procedure",
		procedure.StepReport:      "rapport d'exploitation",
		procedure.StepMention:     "mention en procédure",
		procedure.StepCopy:        "copy of all data for the magistrate",
		procedure.StepPurge:       "key, index and files in the store are destroyed; the journal stays",
		procedure.StepCertificate: "certificat d'effacement",
		procedure.StepFinish:      "the procedure is closed",
	}
	return fmt.Sprintf("%-12s %s", step, text[step])
}
