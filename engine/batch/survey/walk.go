package survey

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"
	"unicode/utf8"

	"golang.org/x/sync/errgroup"

	"posteriori/engine/batch"
	"posteriori/engine/fault"
	"posteriori/engine/wire"
)

// entry is one file, or what else has a name, on its way into a manifest.
type entry struct {
	root     int
	path     string // absolute
	rel      string // to its root
	bytes    int64
	modified time.Time
	dev, ino uint64
	kind     batch.Kind
	what     string // the format, in words
	reason   string // why it is left out; empty: analyse it
	sum      string // SHA-256, where it was taken
	twin     bool   // left out as a duplicate

	name     named
	side     time.Time // start that a sidecar states
	sideUTC  bool
	probe    *wire.Probe // the container's word; nil: not asked, or no answer
	warnings []string

	start time.Time // by the camera's clock source, in its zone
	zero  bool      // start is not known
}

// walk lists everything under the roots, in order. No link is followed, so
// there are no loops; what cannot be entered or read is an entry like others.
func walk(ctx context.Context, roots []string) ([]*entry, error) {
	var out []*entry
	for i, root := range roots {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if err == nil && d.IsDir() {
				return nil
			}
			e := &entry{root: i, path: path}
			if e.rel, _ = filepath.Rel(root, path); e.rel == "." {
				e.rel = filepath.Base(path)
			}
			e.enter(d, err)
			out = append(out, e)
			if err != nil && d != nil && d.IsDir() {
				return fs.SkipDir
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// enter notes what the folder says of an entry.
func (e *entry) enter(d fs.DirEntry, err error) {
	var info fs.FileInfo
	if err == nil {
		info, err = d.Info()
	}
	if err != nil {
		e.kind, e.reason = batch.Unreadable, "it cannot be read: "+because(err)
		if d != nil && d.IsDir() {
			e.reason = "the folder cannot be read, so nothing in it is listed: " + because(err)
		}
		return
	}
	e.bytes, e.modified = info.Size(), info.ModTime()
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		e.dev, e.ino = uint64(st.Dev), st.Ino
	}
	switch m := info.Mode(); {
	case m&fs.ModeSymlink != 0:
		e.kind, e.reason = batch.Link, "a symbolic link is not followed; what it points to is listed where it lies"
		e.bytes = 0
	case !m.IsRegular():
		e.kind, e.reason = batch.Special, "it is a pipe, a device or a socket, not a finished file"
	case e.bytes == 0:
		e.kind, e.reason = batch.Empty, "the file is empty (0 bytes)"
	}
}

// because is a system's error without the path, which stands beside it.
func because(err error) string {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err.Error()
	}
	return err.Error()
}

// lookers is how many files are opened at once to read their first bytes:
// disks and network shares answer better to several questions at a time.
const lookers = 8

// recognise tells each entry's kind by its first bytes.
func recognise(ctx context.Context, all []*entry, report func(done int)) error {
	g, ctx := errgroup.WithContext(ctx)
	work := make(chan *entry)
	g.Go(func() error {
		defer close(work)
		for i, e := range all {
			report(i)
			if e.kind != "" {
				continue
			}
			select {
			case work <- e:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	})
	for range lookers {
		g.Go(func() error {
			for e := range work {
				e.recognise()
			}
			return nil
		})
	}
	return g.Wait()
}

func (e *entry) recognise() {
	kind, what, err := look(e.path, e.bytes)
	e.kind, e.what = kind, what
	if err != nil {
		e.reason = "it cannot be read: " + because(err)
		return
	}
	e.name = read(e.rel)
	switch kind {
	case batch.Video, batch.Photograph:
		if !utf8.ValidString(e.path) {
			e.reason = "its name is not in UTF-8, so no index can hold it: mount its volume so that names are UTF-8, or give the copy another name"
		}
		return
	case batch.Archive:
		e.reason = "an archive (" + what + "): not opened; unpack it and plan the folder to have what is in it analysed"
	case batch.DiskImage:
		e.reason = "a disk image (" + what + "): not opened; mount it read-only and plan the folder to have what is in it analysed"
	case batch.Picture:
		e.reason = "a picture in a format that is not read (" + what + ")"
	case batch.Other:
		e.reason = "not recognised: it " + what
	default:
		e.reason = "not a recording: " + what
	}
	if videoNamed(e.path) {
		e.reason += ", whatever its name says"
	}
}

// resolve makes roots absolute and real, each once, and refuses one that is
// not there or lies in another.
func resolve(roots []string) ([]string, error) {
	var out []string
	for _, r := range roots {
		abs, err := filepath.Abs(r)
		if err == nil {
			abs, err = filepath.EvalSymlinks(abs)
		}
		if err == nil {
			_, err = os.Stat(abs)
		}
		if err != nil {
			return nil, fault.New(fault.BadInput, "it cannot be read: %s", because(err)).OnFile(r).
				WithHint("check the name, and that the medium is connected")
		}
		for _, o := range out {
			if within(abs, o) || within(o, abs) {
				return nil, fault.New(fault.BadInput, "it lies in another folder that is given, or holds it").OnFile(r).
					WithHint("name the outer folder only")
			}
		}
		out = append(out, abs)
	}
	return out, nil
}

func within(path, dir string) bool {
	rel, err := filepath.Rel(dir, path)
	return err == nil && rel != ".." && (len(rel) < 3 || rel[:3] != "../")
}
