package main

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"posteriori/engine/evidence"
	"posteriori/engine/fault"
	"posteriori/engine/index"
	"posteriori/engine/procedure"
)

// originals are the procedure's recordings as files that nothing may replace.
type originals struct {
	paths map[string]bool
	infos []fs.FileInfo
}

func originalsOf(ctx context.Context, ix *index.Store) (originals, error) {
	recs, err := ix.Recordings(ctx)
	if err != nil {
		return originals{}, err
	}
	o := originals{paths: map[string]bool{}}
	for _, r := range recs {
		o.paths[r.Path] = true
		if info, err := os.Stat(r.Path); err == nil {
			o.infos = append(o.infos, info)
		}
	}
	return o, nil
}

// spare refuses a path that names an original, by whatever link (rule 21).
func (o originals) spare(path string) error {
	abs, err := filepath.Abs(path)
	if err != nil {
		return fault.Wrap(fault.Usage, err, "no such path").OnFile(path)
	}
	hit := o.paths[abs]
	if info, err := os.Stat(abs); err == nil {
		for _, x := range o.infos {
			hit = hit || os.SameFile(info, x)
		}
	}
	if !hit {
		return nil
	}
	err = procedure.Refuse("21", "name another file", "it is an original of this procedure, which nothing may replace")
	var f *fault.Error
	if errors.As(err, &f) {
		return f.OnFile(path)
	}
	return err
}

// spareOriginals refuses paths that name an original of ix.
func spareOriginals(ctx context.Context, ix *index.Store, paths ...string) error {
	o, err := originalsOf(ctx, ix)
	if err != nil {
		return err
	}
	for _, p := range paths {
		if err := o.spare(p); err != nil {
			return err
		}
	}
	return nil
}

// writePicture writes a file that may be there already with the same bytes;
// with others only if it may be replaced.
func writePicture(o originals, path string, data []byte, overwrite bool) error {
	if err := errors.Join(o.spare(path), evidence.CheckPlace(path)); err != nil {
		return err
	}
	switch was, err := os.ReadFile(path); {
	case err == nil && bytes.Equal(was, data):
		return nil
	case !errors.Is(err, fs.ErrNotExist) && !overwrite:
		return fault.New(fault.BadInput, "it exists already").OnFile(path).
			WithHint("name another folder, or pass --overwrite")
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		return fault.Wrap(fault.NoSpace, err, "the picture cannot be written").OnFile(path).
			WithHint("free some space, or name a folder that this account may write to")
	}
	return nil
}
