package index

import (
	"context"
	"encoding/hex"
	"errors"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"

	"posteriori/engine/fault"
)

// maxProblems bounds what [Store.Problems] tells of one file.
const maxProblems = 20

// Problems has SQLite read the whole file: every page and index, and every
// reference from one table to another. It tells what is wrong in SQLite's words,
// which name tables and rows, never their content; none is an intact file.
func (s *Store) Problems(ctx context.Context) ([]string, error) {
	var out []string
	for _, q := range []string{
		"SELECT integrity_check FROM pragma_integrity_check WHERE integrity_check <> 'ok'",
		"SELECT concat_ws(' ', 'table', \"table\", 'row', rowid, 'refers to no', parent) FROM pragma_foreign_key_check LIMIT 20",
	} {
		rows, err := s.r.QueryContext(ctx, q)
		if err != nil {
			return out, s.fail(err, "cannot check the index")
		}
		for rows.Next() && len(out) < maxProblems {
			var line string
			if err = rows.Scan(&line); err != nil {
				break
			}
			out = append(out, line)
		}
		if err = errors.Join(err, rows.Err(), rows.Close()); err != nil {
			return out, s.fail(err, "cannot check the index")
		}
	}
	return out, nil
}

// CopyTo writes all that the index holds at one moment into a new file at path,
// mode 0600, encrypted under key: writers go on meanwhile. An existing file is
// fault.BadInput. On an error nothing is left there.
func (s *Store) CopyTo(ctx context.Context, path string, key []byte) error {
	if len(key) != KeySize {
		return fault.New(fault.Internal, "index key has %d bytes, want %d", len(key), KeySize).OnFile(path)
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return fault.Wrap(fault.Usage, err, "no such path").OnFile(path)
	}
	f, err := os.OpenFile(abs, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return fault.New(fault.BadInput, "it exists already").OnFile(path)
	}
	if err != nil {
		return fault.Wrap(fault.NoSpace, err, "the copy of the index cannot be written").OnFile(path)
	}
	f.Close()
	// VACUUM INTO takes an empty file, and none that holds anything.
	to := url.URL{Scheme: "file", OmitHost: true, Path: filepath.ToSlash(abs),
		RawQuery: url.Values{"vfs": {"adiantum"}, "hexkey": {hex.EncodeToString(key)}}.Encode()}
	c, err := s.r.Conn(ctx)
	if err == nil {
		defer c.Close()
		// It writes to the other file alone, which a connection for queries may not.
		_, err = c.ExecContext(ctx, "PRAGMA query_only=off")
		if err == nil {
			_, err = c.ExecContext(ctx, "VACUUM INTO ?", to.String())
		}
		_, qerr := c.ExecContext(context.WithoutCancel(ctx), "PRAGMA query_only=on")
		err = errors.Join(err, qerr)
	}
	if err == nil {
		err = syncFile(abs)
	}
	if err != nil {
		_ = os.Remove(abs)
		return s.fail(err, "cannot copy the index")
	}
	return nil
}

func syncFile(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}
