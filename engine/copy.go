package engine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"posteriori/engine/evidence"
	"posteriori/engine/fault"
	"posteriori/engine/index"
	"posteriori/engine/procedure"
	"posteriori/engine/scene"
)

// dataCopy is a copy of all data, made beside its final place. Its files are
// JSON and pictures, with a list MANIFEST.sha256 that sha256sum -c checks.
type dataCopy struct {
	temp, final string
	drop        func() // removes a copy that was not placed
	manifest    []byte
	sha256      string // of the manifest
	counts      map[string]int64
}

// copyData writes all that the index of a procedure holds into a new folder
// that will be dir, which must not be there.
func copyData(ctx context.Context, ix *index.Store, doc procedure.Document, dir string) (*dataCopy, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, fault.Wrap(fault.Usage, err, "no such path").OnFile(dir)
	}
	if _, err := os.Lstat(abs); !errors.Is(err, fs.ErrNotExist) {
		return nil, fault.New(fault.BadInput, "it exists already").OnFile(dir).WithHint("name a folder that is not there yet")
	}
	temp, remove, err := evidence.TempDir(abs)
	if err != nil {
		return nil, copyFault(dir, err)
	}
	c := &dataCopy{temp: temp, drop: remove, final: abs, counts: map[string]int64{}}
	err = c.fill(ctx, ix, doc)
	if err == nil {
		err = c.seal()
	}
	if err != nil {
		c.drop()
		return nil, err
	}
	return c, nil
}

func copyFault(path string, err error) error {
	return fault.Wrap(fault.NoSpace, err, "the copy cannot be written").OnFile(path).
		WithHint("name a folder on a disk with room that this account may write to")
}

func (c *dataCopy) fill(ctx context.Context, ix *index.Store, doc procedure.Document) error {
	recs, err := ix.Recordings(ctx)
	if err != nil {
		return err
	}
	analyses, err := ix.Analyses(ctx)
	if err != nil {
		return err
	}
	decisions, err := ix.Decisions(ctx, 0, 0)
	if err != nil {
		return err
	}
	corrections, err := ix.Rectifications(ctx, 0, 0)
	if err != nil {
		return err
	}
	derived, err := ix.DerivedFiles(ctx)
	if err != nil {
		return err
	}
	erased, err := ix.Tombstones(ctx)
	if err != nil {
		return err
	}
	for name, v := range map[string]any{"procedure.json": doc, "recordings.json": recs, "analyses.json": analyses,
		"decisions.json": decisions, "rectifications.json": corrections, "derived.json": derived, "erased.json": erased} {
		if err := c.json(name, v); err != nil {
			return err
		}
	}
	c.counts["recordings"], c.counts["decisions"] = int64(len(recs)), int64(len(decisions))
	for _, r := range recs {
		if err := c.recording(ctx, ix, r); err != nil {
			return err
		}
	}
	return nil
}

// copiedTrack is a track as the copy holds it: all the index has, the picture
// in a file of its own.
type copiedTrack struct {
	Recording int64 `json:"recording"`
	scene.Track
	Picture string `json:"picture,omitempty"`
}

// recording writes one recording's coverage, backgrounds, tracks and pictures.
func (c *dataCopy) recording(ctx context.Context, ix *index.Store, r index.Recording) error {
	cov, err := ix.Coverage(ctx, r.ID)
	if err != nil {
		return err
	}
	base := fmt.Sprintf("recording-%d", r.ID)
	if err := c.json(filepath.Join(base, "coverage.json"), cov); err != nil {
		return err
	}
	plates, err := ix.Plates(ctx, r.ID)
	if err != nil {
		return err
	}
	for _, p := range plates {
		if err := c.write(filepath.Join(base, "background", fmt.Sprintf("%d.jpg", p.TUS)), p.JPEG); err != nil {
			return err
		}
		c.counts["backgrounds"]++
	}
	keys, err := ix.Keys(ctx, index.Where{SQL: "t.recording = ?", Args: []any{r.ID}})
	if err != nil {
		return err
	}
	for _, k := range keys {
		t, err := ix.Track(ctx, k.Recording, k.Track, true)
		if err != nil {
			return err
		}
		out := copiedTrack{Recording: r.ID, Track: t}
		if t.Crop != nil {
			out.Picture = fmt.Sprintf("track-%d.jpg", k.Track)
			if err := c.write(filepath.Join(base, "tracks", out.Picture), t.Crop.JPEG); err != nil {
				return err
			}
			out.Crop = nil
		}
		if err := c.json(filepath.Join(base, "tracks", fmt.Sprintf("track-%d.json", k.Track)), out); err != nil {
			return err
		}
		c.counts["tracks"]++
	}
	return nil
}

func (c *dataCopy) json(name string, v any) error {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	return c.write(name, append(b, '\n'))
}

// write adds a file to the copy and to its manifest.
func (c *dataCopy) write(name string, b []byte) error {
	path := filepath.Join(c.temp, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return copyFault(path, err)
	}
	if err := writeNew(path, b); err != nil {
		return copyFault(path, err)
	}
	sum := sha256.Sum256(b)
	c.manifest = fmt.Appendf(c.manifest, "%x  %s\n", sum, filepath.ToSlash(name))
	return nil
}

// seal writes the manifest.
func (c *dataCopy) seal() error {
	sum := sha256.Sum256(c.manifest)
	c.sha256 = hex.EncodeToString(sum[:])
	return writeNew(filepath.Join(c.temp, "MANIFEST.sha256"), c.manifest)
}

// place puts the copy where it was asked for.
func (c *dataCopy) place() error {
	if err := os.Rename(c.temp, c.final); err != nil {
		return copyFault(c.final, err)
	}
	return nil
}
