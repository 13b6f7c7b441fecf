package engine

import (
	"context"
	"errors"
	"fmt"

	"posteriori/engine/evidence"
	"posteriori/engine/fault"
	"posteriori/engine/index"
	"posteriori/engine/journal"
)

// EvidenceCheck stands in Params of the record of an act that hashed the
// procedure's files and compared them; each object's Note then says what came
// of it.
const EvidenceCheck = `{"view":"evidence-check"}`

// What came of comparing a file.
const (
	FileUnchanged = "unchanged"
	FileAltered   = "altered"
	FileMissing   = "missing" // or unreadable; a derived file may have been handed over
)

// UseOriginals hashes the originals of recs, as is due before each use and
// after it, and refuses what was altered or is gone (rule 21); an alteration
// raises an alert. show may be nil; it is told how many of all their bytes have
// been read.
func (a *Act) UseOriginals(ctx context.Context, recs []index.Recording, show evidence.Progress) error {
	var total, done int64
	for _, r := range recs {
		total += r.Bytes
	}
	for _, r := range recs {
		_, err := evidence.Check(ctx, r.Path, r.SHA256, func(n, _ int64) {
			if show != nil {
				show(done+n, total)
			}
		})
		if err != nil {
			a.AlertAltered(ctx, err, r)
			return err
		}
		done += r.Bytes
	}
	return nil
}

// AlertAltered raises the alert that the original of a recording was altered,
// when that is what err says: a file that is there and is another now. That the
// alert could not be raised never hides err.
func (a *Act) AlertAltered(ctx context.Context, err error, rec index.Recording) {
	if !evidence.Altered(err) {
		return
	}
	var f *fault.Error
	errors.As(err, &f)
	id := ""
	if a.proc != nil {
		id = a.proc.Doc.ID
	}
	_ = a.store.Alert(ctx, AlertOriginal, fmt.Sprintf("procedure %s, recording %d: %s", id, rec.ID, f.Msg),
		[]journal.Object{{Kind: kindRecording, ID: fmt.Sprint(rec.ID), SHA256: rec.SHA256, Camera: rec.Camera}})
}
