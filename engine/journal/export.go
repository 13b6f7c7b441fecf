package journal

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"text/template"
	"time"

	_ "embed"

	"posteriori/engine/fault"
)

// fileReadme is the file of an export that tells how to check it.
const fileReadme = "LISEZMOI.txt"

//go:embed lisezmoi.txt
var readmeText string

var readmeTemplate = template.Must(template.New(fileReadme).Parse(readmeText))

// Exported is a journal's state as it goes into an export.
type Exported struct {
	Checkpoint Checkpoint
	Signed     []byte // the checkpoint's signed note
	Mark       string // DÉMONSTRATION, or nothing
	dir        string
	key        string
}

// Snapshot fixes what [Exported.WriteDir] and [Exported.WriteZip] will write;
// records sealed later are not in it.
func (l *Log) Snapshot(mark string) (Exported, error) {
	cp, signed, err := l.Checkpoint()
	if err != nil {
		return Exported{}, err
	}
	key, err := l.PublicKey()
	if err != nil {
		return Exported{}, tampered(l.dir, "the copy of the public key cannot be read: %v", err)
	}
	return Exported{Checkpoint: cp, Signed: signed, Mark: mark, dir: l.dir, key: key}, nil
}

// each hands over the export's files: all that [Verify] reads, and a text in
// French that tells how.
func (e Exported) each(write func(name string, r io.Reader) error) error {
	var readme bytes.Buffer
	err := readmeTemplate.Execute(&readme, map[string]any{
		"Origin": e.Checkpoint.Origin, "Size": e.Checkpoint.Size, "Root": e.Checkpoint.Root.String(),
		"Held": e.Checkpoint.Held(), "Key": e.key, "Mark": e.Mark,
	})
	if err != nil {
		return err
	}
	for _, f := range []struct {
		name   string
		length int64
	}{{fileEntries, e.Checkpoint.Bytes}, {fileHashes, hashBytes(e.Checkpoint.Size)}} {
		in, err := os.Open(filepath.Join(e.dir, f.name))
		if err != nil {
			return err
		}
		err = write(f.name, io.NewSectionReader(in, 0, f.length))
		in.Close()
		if err != nil {
			return err
		}
	}
	for _, f := range []struct {
		name string
		text []byte
	}{{fileCheckpoint, e.Signed}, {fileKey, []byte(e.key + "\n")}, {fileReadme, readme.Bytes()}} {
		if err := write(f.name, bytes.NewReader(f.text)); err != nil {
			return err
		}
	}
	return nil
}

// WriteDir writes the export into dir, which must be there and empty.
func (e Exported) WriteDir(dir string) error {
	err := e.each(func(name string, r io.Reader) error {
		f, err := os.OpenFile(filepath.Join(dir, name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return err
		}
		defer f.Close()
		if _, err := io.Copy(f, r); err != nil {
			return err
		}
		return f.Sync()
	})
	return exportFault(dir, err)
}

// WriteZip writes the export as one ZIP file. It bears no time of writing, so
// the same state gives the same bytes.
func (e Exported) WriteZip(w io.Writer) error {
	z := zip.NewWriter(w)
	err := e.each(func(name string, r io.Reader) error {
		h := &zip.FileHeader{Name: name, Method: zip.Deflate, Modified: time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)}
		out, err := z.CreateHeader(h)
		if err != nil {
			return err
		}
		_, err = io.Copy(out, r)
		return err
	})
	if err == nil {
		err = z.Close()
	}
	return exportFault("", err)
}

func exportFault(name string, err error) error {
	if err == nil {
		return nil
	}
	return fault.Wrap(fault.NoSpace, err, "the export cannot be written").OnFile(name).
		WithHint("make room, or name another place with -o")
}

// VerifyFrom is [Verify] on a journal from elsewhere: a folder (an export, or
// a copy of a journal's), or an export as a ZIP file. Without a public key the
// one that lies in it is taken, and a note says what that is worth.
func VerifyFrom(ctx context.Context, name, publicKey string, check Check) (Report, error) {
	fsys, done, err := openFrom(name)
	if err != nil {
		return Report{}, err
	}
	defer done()
	own := publicKey == ""
	if own {
		b, err := fs.ReadFile(fsys, fileKey)
		if err != nil {
			return Report{}, fault.Wrap(fault.NotFound, err, "there is no public key in it").OnFile(name).
				WithHint("give the key as it was handed over with --key")
		}
		publicKey = string(b)
	}
	r, err := Verify(ctx, fsys, publicKey, check)
	if own && err == nil {
		r.Notes = append(r.Notes, fmt.Sprintf("the public key is the one that lies with the records (%s); compare it with the one handed over on its own", strings.TrimSpace(publicKey)))
	}
	return r, err
}

// openFrom opens a folder or a ZIP file.
func openFrom(name string) (fs.FS, func() error, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, nil, fault.Wrap(fault.NotFound, err, "there is no journal here").OnFile(name)
	}
	if info.IsDir() {
		return os.DirFS(name), func() error { return nil }, nil
	}
	z, err := zip.OpenReader(name)
	if err != nil {
		return nil, nil, fault.Wrap(fault.BadInput, err, "it is neither a journal's folder nor an export of one").OnFile(name)
	}
	return z, z.Close, nil
}
