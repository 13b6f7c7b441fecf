package review

import (
	"context"
	"fmt"

	"posteriori/engine/index"
	"posteriori/engine/wire"
)

// maxPlates bounds the backgrounds shown of one recording: enough to see the
// day change and the camera move.
const maxPlates = 8

// Plates are the backgrounds of a recording that the page shows, spread over
// its length.
func Plates(ctx context.Context, ix *index.Store, rec int64) ([]wire.Plate, error) {
	all, err := ix.Plates(ctx, rec)
	if err != nil || len(all) <= maxPlates {
		return all, err
	}
	out := make([]wire.Plate, maxPlates)
	for i := range out {
		out[i] = all[i*(len(all)-1)/(maxPlates-1)]
	}
	return out, nil
}

// PlateName is the address of a recording's k-th background, relative to the page.
func PlateName(rec int64, k int) string { return fmt.Sprintf("plates/%d-%d.jpg", rec, k) }

// CropName is the address of a track's picture, relative to the page.
func CropName(k index.Key) string { return fmt.Sprintf("crops/%d-%d.jpg", k.Recording, k.Track) }

// ClipName is the address of a track's clip, relative to the page.
func ClipName(k index.Key) string { return fmt.Sprintf("clips/%d-%d.mp4", k.Recording, k.Track) }
