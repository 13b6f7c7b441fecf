package engine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"posteriori/engine/evidence"
	"posteriori/engine/fault"
	"posteriori/engine/index"
	"posteriori/engine/journal"
	"posteriori/engine/procedure"
	"posteriori/engine/report"
)

// Dossier is one document that an act draws up. Nothing is recorded or
// written before [Act.Issue].
type Dossier struct {
	report.Renderer
	Kind    string // of the derived file: report, mention, certificate …
	Version int    // 0: documents of this kind are not counted
}

// kindDocument is the kind of journal object that a document is.
const kindDocument = "document"

// Render writes the document in the form that the name's ending asks for.
func (d Dossier) Render(name string) ([]byte, error) {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".pdf":
		return d.PDF()
	case ".html":
		return d.HTML()
	}
	return nil, fault.New(fault.Usage, "it ends neither in .pdf nor in .html").OnFile(name)
}

// Issue writes the document to path: its record, with its hash, first. Where
// the procedure's index lives, the document is listed there as a derived file.
func (a *Act) Issue(ctx context.Context, d Dossier, path string, clobber bool) (evidence.Derived, error) {
	data, err := d.Render(path)
	if err != nil {
		return evidence.Derived{}, err
	}
	w, err := evidence.Create(path, clobber)
	if err != nil {
		return evidence.Derived{}, err
	}
	defer w.Abort()
	if _, err := w.Write(data); err != nil {
		return evidence.Derived{}, fault.Wrap(fault.NoSpace, err, "it cannot be written").OnFile(path)
	}
	sum := sha256.Sum256(data)
	about := journal.Details{Objects: []journal.Object{{Kind: kindDocument, ID: d.Kind, SHA256: hex.EncodeToString(sum[:])}}}
	if d.Version > 0 {
		about.Params = fmt.Sprintf(`{"version":%d}`, d.Version)
	}
	if err := a.Record(about); err != nil {
		return evidence.Derived{}, err
	}
	made, err := w.Commit()
	if err != nil {
		return made, err
	}
	return made, a.listDocument(ctx, d.Kind, made)
}

// listDocument lists a document in the procedure's index; not after its purge,
// nor for a document about the store.
func (a *Act) listDocument(ctx context.Context, kind string, made evidence.Derived) error {
	if a.proc == nil || procedure.Gone(a.proc.Doc) {
		return nil
	}
	ix, err := a.proc.Index(ctx)
	if err != nil {
		return err
	}
	defer ix.Close()
	return a.AddDerived(ctx, ix, index.DerivedKind(kind), made)
}

// frame is what every document of this act carries.
func (a *Act) frame() report.Frame {
	b := BuildOf()
	f := report.Frame{Mark: a.store.Mark(), Made: a.store.now(), Zone: time.Local, Service: a.user.Service,
		Software: report.Software{Name: "posteriori", Version: b.Version, Revision: b.Revision, SHA256: b.SHA256}}
	if a.proc != nil {
		f.Procedure, f.Service = a.proc.Doc.ID, a.proc.Doc.Service
	}
	return f
}

// checkpoint is the state of the act's journal, before its own record.
func (a *Act) checkpoint() (report.Checkpoint, journal.Checkpoint, error) {
	cp, _, err := a.log.Checkpoint()
	if err != nil {
		return report.Checkpoint{}, cp, err
	}
	key, err := a.log.PublicKey()
	return report.Checkpoint{Origin: cp.Origin, Size: cp.Size, Root: cp.Root.String(), Key: key}, cp, err
}

// MakeMention draws up the mention en procédure (rule 12).
func MakeMention(ctx context.Context, a *Act) (Dossier, error) {
	if err := procedure.CheckGone(a.proc.Doc); err != nil {
		return Dossier{}, err
	}
	log, err := a.readAll()
	if err != nil {
		return Dossier{}, err
	}
	m := report.Mention{Frame: a.frame(), Case: caseOf(a.proc.Doc), Compliance: a.compliance()}
	if m.Agent, m.Users, err = a.agents(ctx, log); err != nil {
		return Dossier{}, err
	}
	if m.Journal, _, err = a.checkpoint(); err != nil {
		return Dossier{}, err
	}
	ix, err := a.proc.Index(ctx)
	if err != nil {
		return Dossier{}, err
	}
	defer ix.Close()
	m.Recordings, err = recordingsOf(ctx, ix, log)
	return Dossier{Renderer: m, Kind: "mention"}, err
}

// MakeTechnical draws up the dossier technique. The caller brings what only it
// knows (functions, components, model cards, evidence); frame, deployment
// record and journal are filled here.
func MakeTechnical(a *Act, d report.Technical) (Dossier, error) {
	var err error
	d.Frame, d.Compliance = a.frame(), a.compliance()
	d.Journal, _, err = a.checkpoint()
	return Dossier{Renderer: d, Kind: "technical"}, err
}

// MakeImpact draws up the draft of the AIPD; see [MakeTechnical].
func MakeImpact(a *Act, d report.ImpactDraft) (Dossier, error) {
	d.Frame, d.Compliance = a.frame(), a.compliance()
	return Dossier{Renderer: d, Kind: "impact"}, nil
}

func (a *Act) compliance() report.Compliance {
	c := a.store.Meta().Compliance
	return report.Compliance{Reference: c.Reference, Date: c.Date, ImpactAssessment: c.ImpactAssessment}
}

// recordingsOf are the recordings of the index, with the checks of their
// originals that the journal tells of.
func recordingsOf(ctx context.Context, ix *index.Store, log *caseLog) ([]report.Recording, error) {
	recs, err := ix.Recordings(ctx)
	if err != nil {
		return nil, err
	}
	analyses, err := ix.Analyses(ctx)
	if err != nil {
		return nil, err
	}
	done := map[int64]bool{}
	for _, an := range analyses {
		done[an.Recording] = an.State == index.Complete
	}
	out := make([]report.Recording, 0, len(recs))
	for _, r := range recs {
		p := r.Probe
		x := report.Recording{ID: r.ID, Name: filepath.Base(r.Path), SHA256: r.SHA256, Bytes: r.Bytes, Exhibit: r.Exhibit, Basis: r.Basis,
			Camera: r.Camera, Imported: time.UnixMicro(r.ImportedUS), Format: p.Format, Codec: p.Codec, Width: p.Width, Height: p.Height,
			LengthUS: p.LengthUS(), Still: p.Still, ClockUncertaintyUS: r.ClockUncertaintyUS, ClockSource: r.ClockSource,
			Analysed: done[r.ID], Checks: log.checks[r.SHA256]}
		if r.ClockUS != nil {
			x.Clock = time.UnixMicro(*r.ClockUS)
		}
		spans, err := ix.Coverage(ctx, r.ID)
		if err != nil {
			return nil, err
		}
		for _, s := range spans {
			x.Coverage = append(x.Coverage, report.Stretch{FromUS: s.FromUS, ToUS: s.ToUS, Kind: string(s.Kind), Reason: s.Reason})
		}
		out = append(out, x)
	}
	return out, nil
}
