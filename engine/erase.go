package engine

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"slices"
	"strings"

	"posteriori/engine/index"
	"posteriori/engine/journal"
	"posteriori/engine/procedure"
)

// The methods of erasure, as records and the certificate name them.
const (
	methodRows  = "rows overwritten in the encrypted index (secure_delete), its log emptied; derived files in the store overwritten and removed; keys of earlier backups of the procedure overwritten and removed"
	methodPurge = "key of the procedure overwritten, synchronised and removed, so that the index it encrypted can no longer be read; index and files in the store overwritten and removed; keys of its backups overwritten and removed"
	methodLost  = "not restored: the key of the procedure in the backup that was put back had been overwritten and removed, or was left aside"
)

// Erased is what an erasure by reference removed.
type Erased struct {
	Recordings []int64          `json:"recordings,omitempty"`
	Tracks     []index.Key      `json:"tracks,omitempty"`
	Counts     map[string]int64 `json:"counts"`
	Outside    []index.Derived  `json:"outside"` // files outside the store that may show it still
}

// Order is what to erase or correct on order (rule 15).
type Order struct {
	Recording index.Recording
	Track     int64 // 0: the whole recording
	Decision  procedure.Authorisation
}

// decision is how a record names the decision behind an act.
func decision(d procedure.Authorisation) *journal.Decision {
	return &journal.Decision{Quality: string(d.Quality), Date: d.Date, Reference: d.Reference, Document: d.SHA256}
}

// EraseOrdered erases what a magistrate or controller ordered erased, by
// reference: the act's record first, then the item with all that hangs on it.
// An original is never touched: it is the exhibit's.
func (a *Act) EraseOrdered(ctx context.Context, ix *index.Store, o Order) (Erased, error) {
	a.About(journal.Details{Decision: decision(o.Decision)})
	if err := procedure.CheckOrder(o.Decision, a.store.now()); err != nil {
		return Erased{}, err
	}
	unlock, err := a.proc.LockAnalysis(ctx)
	if err != nil {
		return Erased{}, err
	}
	defer unlock()
	erasure := journal.Erasure{Scope: "recording", Ground: groundText("15", "on order"), Decision: o.Decision.Reference}
	if o.Track == 0 {
		return a.eraseRecordings(ctx, ix, []index.Recording{o.Recording}, procedure.GroundOrder, erasure, decision(o.Decision))
	}
	t, err := ix.Track(ctx, o.Recording.ID, o.Track, false)
	if err != nil {
		return Erased{}, err
	}
	inside, outside, err := a.proc.derivedOf(ctx, ix, o.Recording, t.ID, t.StartUS, t.EndUS+1)
	if err != nil {
		return Erased{}, err
	}
	erasure.Scope, erasure.Method = "track", methodRows
	erasure.Counts = map[string]int64{"tracks": 1, "derived": int64(len(inside))}
	obj := recordingObject(o.Recording)
	obj.Tracks = []int64{t.ID}
	d := journal.Details{Objects: append([]journal.Object{obj}, derivedObjects(inside, outside)...), Erasure: &erasure, Decision: decision(o.Decision)}
	if err := a.Record(d); err != nil {
		return Erased{}, err
	}
	if err := a.store.dueShred(a.proc.Doc.ID, goneErased); err != nil {
		return Erased{}, err
	}
	rows, err := ix.EraseTrack(ctx, o.Recording.ID, t.ID)
	if err != nil {
		return Erased{}, err
	}
	out := Erased{Tracks: []index.Key{{Recording: o.Recording.ID, Track: t.ID}}, Counts: rows.Rows, Outside: outside}
	if err := forget(ctx, ix, inside); err != nil {
		return out, err
	}
	return out, a.store.shredBackups(a.proc.Doc.ID, goneErased)
}

// eraseRecordings records the act and erases recordings from the index, with
// the derived files in the store that show them. The caller holds the lock of
// analysis. Killed at any point it can be done again.
func (a *Act) eraseRecordings(ctx context.Context, ix *index.Store, recs []index.Recording, ground string, e journal.Erasure, why *journal.Decision) (Erased, error) {
	out := Erased{Counts: map[string]int64{}}
	var inside []index.Derived
	var sums []string
	d := journal.Details{Decision: why}
	for _, r := range recs {
		in, outside, err := a.proc.derivedOf(ctx, ix, r, 0, 0, 0)
		if err != nil {
			return out, err
		}
		inside, out.Outside = join(inside, in), join(out.Outside, outside)
		sums = append(sums, r.SHA256)
		d.Objects = append(d.Objects, recordingObject(r))
	}
	tracks, err := tracksOf(ctx, ix, recs)
	if err != nil {
		return out, err
	}
	e.Method = methodRows
	e.Counts = map[string]int64{"recordings": int64(len(recs)), "tracks": tracks, "derived": int64(len(inside))}
	d.Objects = append(d.Objects, derivedObjects(inside, out.Outside)...)
	d.Erasure = &e
	if !a.proc.erasing() {
		if err := writeNew(a.proc.erasingPath(), nil); err != nil {
			return out, err
		}
	}
	err = a.ChangeProcedure(ctx, d, func(doc procedure.Document) (procedure.Document, error) {
		for _, r := range recs { // one that an older program brought in is not known yet
			doc = procedure.NoteItems(doc, []string{r.SHA256}, a.store.now())
		}
		if ground == procedure.GroundRetention { // also what was recorded and never reached the index
			for _, it := range procedure.Stand(doc, a.store.now()).Due {
				sums = append(sums, it.SHA256)
			}
		}
		return procedure.NoteErased(doc, sums, ground, a.store.now()), nil
	})
	if err != nil {
		if !a.recorded {
			os.Remove(a.proc.erasingPath())
		}
		return out, err
	}
	if err := forget(ctx, ix, inside); err != nil {
		return out, err
	}
	for _, r := range recs {
		rows, err := ix.EraseRecording(ctx, r.ID)
		if err != nil {
			return out, err
		}
		out.Recordings = append(out.Recordings, r.ID)
		for table, n := range rows.Rows {
			out.Counts[table] += n
		}
	}
	if err := a.store.shredBackups(a.proc.Doc.ID, goneErased); err != nil {
		return out, err
	}
	return out, os.Remove(a.proc.erasingPath())
}

// join adds to list the files that are not in it.
func join(list, more []index.Derived) []index.Derived {
	for _, d := range more {
		if !slices.ContainsFunc(list, func(x index.Derived) bool { return x.ID == d.ID }) {
			list = append(list, d)
		}
	}
	return list
}

func tracksOf(ctx context.Context, ix *index.Store, recs []index.Recording) (n int64, err error) {
	all, err := ix.Analyses(ctx)
	if err != nil {
		return 0, err
	}
	for _, an := range all {
		if slices.ContainsFunc(recs, func(r index.Recording) bool { return r.ID == an.Recording }) {
			n += an.Tracks
		}
	}
	return n, nil
}

// recordingObject names a recording as records do.
func recordingObject(r index.Recording) journal.Object {
	return journal.Object{Kind: kindRecording, ID: fmt.Sprint(r.ID), SHA256: r.SHA256}
}

// derivedObjects names files that are destroyed and files that were handed
// over, which the store cannot reach.
func derivedObjects(inside, outside []index.Derived) []journal.Object {
	var out []journal.Object
	for _, d := range inside {
		out = append(out, journal.Object{Kind: kindDerived, ID: fmt.Sprint(d.ID), SHA256: d.SHA256, Note: string(d.Kind) + ", erased"})
	}
	for _, d := range outside {
		out = append(out, journal.Object{Kind: kindDerived, ID: fmt.Sprint(d.ID), SHA256: d.SHA256, Note: string(d.Kind) + ", handed over"})
	}
	return out
}

// RectifyOrdered corrects a track's class or colours on order (rule 15). The
// engine's own proposal stays beside it.
func (a *Act) RectifyOrdered(ctx context.Context, ix *index.Store, o Order, what index.Correction) error {
	obj := recordingObject(o.Recording)
	obj.Tracks = []int64{o.Track}
	d := journal.Details{Objects: []journal.Object{obj}, Decision: decision(o.Decision)}
	a.About(d)
	if err := procedure.CheckOrder(o.Decision, a.store.now()); err != nil {
		return err
	}
	if _, err := ix.Track(ctx, o.Recording.ID, o.Track, false); err != nil {
		return err
	}
	d.Params = rectification(what)
	if err := a.Record(d); err != nil {
		return err
	}
	return ix.Rectify(ctx, o.Recording.ID, o.Track, what, a.By(), a.seq)
}

func rectification(what index.Correction) string {
	var parts []string
	_ = what.Each(func(field string, value fmt.Stringer, _ int64) error {
		parts = append(parts, fmt.Sprintf("%q:%q", field, value.String()))
		return nil
	})
	return "{" + strings.Join(parts, ",") + "}"
}

// By is how the index names who acts: the matricule, or the account.
func (a *Act) By() string {
	p := a.draft().Person
	return cmp.Or(p.Matricule, p.Account, p.UID)
}
