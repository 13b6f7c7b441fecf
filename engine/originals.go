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

// UseOriginals hashes the originals of recs before they are used and refuses
// what was altered or is gone (rule 21); an alteration raises an alert. show
// may be nil; it is told how many of all their bytes were read. The after that
// it returns hashes them once more when the use has ended, to the same effect.
func (a *Act) UseOriginals(ctx context.Context, recs []index.Recording, show evidence.Progress) (after func(context.Context) error, err error) {
	look := func(ctx context.Context) error {
		var total, done int64
		for _, r := range recs {
			total += r.Bytes
		}
		for _, r := range recs {
			base := done
			_, err := evidence.Check(ctx, r.Path, r.SHA256, func(n, _ int64) {
				if show != nil {
					show(base+n, total)
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
	return look, look(ctx)
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
