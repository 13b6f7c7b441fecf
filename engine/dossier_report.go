package engine

import (
	"context"
	"encoding/json"
	"maps"
	"path/filepath"
	"slices"
	"time"

	"posteriori/engine/fault"
	"posteriori/engine/index"
	"posteriori/engine/journal"
	"posteriori/engine/procedure"
	"posteriori/engine/report"
	"posteriori/engine/scene"
	"posteriori/models"
)

// maxProofs bounds the inclusion proofs that a report prints in full.
const maxProofs = 10

// MakeReport draws up the rapport d'exploitation (rule 13) from the index and
// the journal as they stand. Question may be empty. Its version is one more
// than the number of those that the journal holds.
func MakeReport(ctx context.Context, a *Act, question string) (Dossier, error) {
	if err := procedure.CheckGone(a.proc.Doc); err != nil {
		return Dossier{}, err
	}
	log, err := a.readAll()
	if err != nil {
		return Dossier{}, err
	}
	ix, err := a.proc.Index(ctx)
	if err != nil {
		return Dossier{}, err
	}
	defer ix.Close()
	e := report.Exploitation{Frame: a.frame(), Version: len(log.reports) + 1, Replaces: log.reports, Ordered: log.ordered,
		Case: caseOf(a.proc.Doc), Compliance: a.compliance(), Question: question, Reasons: log.reasons,
		Searches: log.searches, Recipients: log.recipients}
	if e.Agent, e.Users, err = a.agents(ctx, log); err != nil {
		return Dossier{}, err
	}
	if e.Recordings, err = recordingsOf(ctx, ix, log); err != nil {
		return Dossier{}, err
	}
	b := &reportBuilder{a: a, ix: ix, log: log, e: &e}
	for _, part := range []func(context.Context) error{b.method, b.decisions, b.derived, b.journal, b.erasure} {
		if err := part(ctx); err != nil {
			return Dossier{}, err
		}
	}
	return Dossier{Renderer: e, Kind: "report", Version: e.Version}, nil
}

// reportBuilder fills a report from a procedure's index and journal.
type reportBuilder struct {
	a   *Act
	ix  *index.Store
	log *caseLog
	e   *report.Exploitation
	cp  journal.Checkpoint
}

// method tells with what the recordings were analysed.
func (b *reportBuilder) method(ctx context.Context) error {
	list, err := b.ix.Analyses(ctx)
	if err != nil {
		return err
	}
	known, err := models.Load()
	if err != nil {
		return err
	}
	recs, err := b.ix.Recordings(ctx)
	if err != nil {
		return err
	}
	confined := map[int64]string{}
	for _, r := range recs {
		confined[r.ID] = b.log.confined[r.SHA256]
	}
	machines, err := b.ix.Machines(ctx)
	if err != nil {
		return err
	}
	seen := map[string]bool{}
	for _, an := range list {
		params, err := json.Marshal(an.Params)
		if err != nil {
			return err
		}
		x := report.Analysis{Recording: an.Recording, Identity: an.Identity, Build: an.Build, Params: string(params), Device: an.Device, Tracks: an.Tracks,
			Confined: confined[an.Recording]}
		if an.FinishedUS != 0 {
			x.Finished = time.UnixMicro(an.FinishedUS)
		}
		for _, name := range slices.Sorted(maps.Keys(machines[an.Recording])) {
			x.Machines = append(x.Machines, report.Machine{Name: name, Chunks: machines[an.Recording][name]})
		}
		for _, m := range an.Models {
			x.Models = append(x.Models, m.Name)
			if !seen[m.SHA256] {
				seen[m.SHA256] = true
				b.e.Method.Models = append(b.e.Method.Models, modelOf(m, known))
			}
		}
		b.e.Method.Analyses = append(b.e.Method.Analyses, x)
	}
	return nil
}

// modelOf adds what the list of models knows of one.
func modelOf(m index.ModelRef, known *models.Manifest) report.Model {
	out := report.Model{Name: m.Name, SHA256: m.SHA256}
	for _, k := range known.Models {
		if k.SHA256 == m.SHA256 {
			out.Task, out.Source, out.Licence = report.Term(report.Task, string(k.Task)), k.Source, k.Licence
		}
	}
	return out
}

// decisions are the findings, what was set aside, and the remarks.
func (b *reportBuilder) decisions(ctx context.Context) error {
	all, err := b.ix.Decisions(ctx, 0, 0)
	if err != nil {
		return err
	}
	last := map[index.Key]index.Decision{}
	var order []index.Key
	for _, d := range all {
		k := index.Key{Recording: d.Recording, Track: d.Track}
		if d.Verdict == index.Comment {
			b.e.Remarks = append(b.e.Remarks, report.Remark{Recording: d.Recording, Track: d.Track, By: b.by(d.By), Text: d.Text, At: time.UnixMicro(d.AtUS), Record: d.Record})
			continue
		}
		if _, ok := last[k]; !ok {
			order = append(order, k)
		}
		last[k] = d
	}
	slices.SortFunc(order, func(x, y index.Key) int {
		if x.Recording != y.Recording {
			return int(x.Recording - y.Recording)
		}
		return int(x.Track - y.Track)
	})
	frames := newFrameCounter(b.ix)
	for _, k := range order {
		if err := b.decided(ctx, k, last[k], frames); err != nil {
			return err
		}
	}
	keys, err := b.ix.Keys(ctx, index.Where{})
	if err != nil {
		return err
	}
	for _, k := range keys {
		if _, ok := last[k]; !ok {
			b.e.Undecided++
		}
	}
	return nil
}

// decided adds one track with its last decision.
func (b *reportBuilder) decided(ctx context.Context, k index.Key, d index.Decision, frames *frameCounter) error {
	p, err := b.proposal(ctx, k)
	if err != nil {
		return err
	}
	dec := report.Decision{Verdict: string(d.Verdict), By: b.by(d.By), Text: d.Text, At: time.UnixMicro(d.AtUS), Record: d.Record}
	if d.Verdict == index.Rejected {
		aside, err := report.NewSetAside(p, dec)
		b.e.Aside = append(b.e.Aside, aside)
		return err
	}
	var still []byte
	crop, err := b.ix.Crop(ctx, k.Recording, k.Track)
	switch {
	case err == nil:
		still, p.BestUS = crop.JPEG, crop.TUS
	case fault.KindOf(err) != fault.NotFound:
		return err
	}
	if p.Frame, err = frames.at(ctx, k.Recording, p.BestUS); err != nil {
		return err
	}
	f, err := report.NewFinding(p, dec, still)
	if err != nil {
		return err
	}
	if f, err = b.withPlate(ctx, k, f); err != nil {
		return err
	}
	b.e.Findings = append(b.e.Findings, f)
	return nil
}

// withPlate adds the plate of a finding, where it may be shown (rule 10).
func (b *reportBuilder) withPlate(ctx context.Context, k index.Key, f report.Finding) (report.Finding, error) {
	for r, err := range b.ix.Registrations(ctx, []index.Key{k}) {
		if err != nil {
			return f, err
		}
		if r.Shown(index.StatusValidated) {
			return f.WithPlate(report.Plate{Text: r.Best, By: b.by(r.UnmaskedBy), Record: r.UnmaskedRecord})
		}
	}
	return f, nil
}

func (b *reportBuilder) proposal(ctx context.Context, k index.Key) (report.Proposal, error) {
	t, err := b.ix.Track(ctx, k.Recording, k.Track, false)
	if err != nil {
		return report.Proposal{}, err
	}
	r, err := b.ix.Recording(ctx, k.Recording)
	if err != nil {
		return report.Proposal{}, err
	}
	p := report.Proposal{Recording: k.Recording, Track: k.Track, File: filepath.Base(r.Path), SHA256: r.SHA256, Camera: r.Camera,
		Class: t.Class.String(), ClassScore: t.ClassScore, Colour: t.Colour.String(), ColScore: t.ColourScore,
		Lower: t.Lower.String(), LowerScore: t.LowerScore,
		StartUS: t.StartUS, EndUS: t.EndUS, BestUS: t.BestUS, WithinUS: r.ClockUncertaintyUS,
		Box: [4]int{int(t.Best.X), int(t.Best.Y), int(t.Best.W), int(t.Best.H)}}
	if t.HasHeading {
		p.Compass = scene.Compass(t.Heading)
	}
	if r.ClockUS != nil {
		p.Start = time.UnixMicro(*r.ClockUS + t.StartUS)
	}
	list, err := b.ix.Rectifications(ctx, k.Recording, k.Track)
	for _, c := range list {
		p.Corrected = append(p.Corrected, report.Correction{Field: c.Field, Before: c.Before, After: c.After, By: b.by(c.By), At: time.UnixMicro(c.AtUS), Record: c.Record})
	}
	return p, err
}

// by names the person behind a matricule or account, as the journal last had
// him.
func (b *reportBuilder) by(who string) string {
	for _, p := range b.log.people {
		if p.Matricule == who && who != "" || p.Account == who {
			return personText(p)
		}
	}
	return who
}

func (b *reportBuilder) derived(ctx context.Context) error {
	files, err := b.ix.DerivedFiles(ctx)
	for _, d := range files {
		b.e.Derived = append(b.e.Derived, report.DerivedFile{Kind: string(d.Kind), Name: d.Name, SHA256: d.SHA256, Bytes: d.Bytes, Made: time.UnixMicro(d.MadeUS), Record: d.Record, How: howText(d)})
	}
	return err
}

// howText is how a derived file was made, without what stands elsewhere in the
// report (hashes of recordings, models and program).
func howText(d index.Derived) string {
	h := DerivedHow(d)
	var parts map[string]json.RawMessage
	if len(h.Params) > 0 && json.Unmarshal(h.Params, &parts) != nil {
		return ""
	}
	if len(parts) == 0 {
		return ""
	}
	out, err := json.Marshal(parts)
	if err != nil {
		return ""
	}
	return string(out)
}

// journal states the checkpoint and proves the findings' decisions.
func (b *reportBuilder) journal(context.Context) error {
	var err error
	if b.e.Journal, b.cp, err = b.a.checkpoint(); err != nil {
		return err
	}
	var seqs []int64
	for seq := range b.log.records {
		seqs = append(seqs, seq)
	}
	slices.Sort(seqs)
	for i, seq := range seqs {
		p, err := b.a.prove(b.log.records[seq], b.cp, i < maxProofs)
		if err != nil {
			return fault.Wrap(fault.Integrity, err, "record %d of the journal cannot be proved", seq)
		}
		b.e.Proofs = append(b.e.Proofs, p)
	}
	return nil
}

// erasure says until when each recording's data may be kept.
func (b *reportBuilder) erasure(ctx context.Context) error {
	recs, err := b.ix.Recordings(ctx)
	if err != nil {
		return err
	}
	doc := b.a.proc.Doc
	for _, r := range recs {
		at, ok := procedure.RecordedAt(doc, r.SHA256)
		if !ok {
			at = time.UnixMicro(r.ImportedUS)
		}
		b.e.Erasure = append(b.e.Erasure, report.Due{Recording: r.ID, Recorded: at, By: procedure.Deadline(at, doc.Retention.Extensions)})
	}
	for _, x := range doc.Retention.Extensions {
		b.e.Extensions = append(b.e.Extensions, report.Extension{Magistrate: x.Magistrate, Quality: string(x.Quality), Date: x.Date,
			Reference: x.Reference, SHA256: x.SHA256, Until: x.Until})
	}
	return nil
}

// frameCounter counts frames of recordings, each read once.
type frameCounter struct {
	ix    *index.Store
	times map[int64][]int64
}

func newFrameCounter(ix *index.Store) *frameCounter {
	return &frameCounter{ix: ix, times: map[int64][]int64{}}
}

// at is the number of the frame shown at that media time, from 1; 0 when it is
// not known.
func (c *frameCounter) at(ctx context.Context, rec, us int64) (int64, error) {
	list, ok := c.times[rec]
	if !ok {
		for t, err := range c.ix.FrameTimes(ctx, rec) {
			if err != nil {
				return 0, err
			}
			list = append(list, t)
		}
		slices.Sort(list)
		c.times[rec] = list
	}
	i, exact := slices.BinarySearch(list, us)
	if exact {
		i++
	}
	return int64(i), nil
}
