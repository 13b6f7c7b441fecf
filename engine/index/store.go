// Package index is the store of one procedure's recordings and tracks: one
// encrypted SQLite file.
//
// Encryption is the Adiantum VFS of ncruces/go-sqlite3, which covers the
// database, its write-ahead log and its journals. It hides content; it does
// not prove that nobody tampered (the journal does that). The schema, with
// what each column means, is schema.sql.
//
// One process writes at a time; any number read while it does.
package index

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/ncruces/go-sqlite3"
	"github.com/ncruces/go-sqlite3/driver"
	_ "github.com/ncruces/go-sqlite3/vfs/adiantum" // registers the encrypting VFS

	"posteriori/engine/fault"
)

// KeySize is the length of the key that opens a store, in bytes.
const KeySize = 32

// maxReaders bounds the connections that read, for their memory.
const maxReaders = 4

// Page caches of a connection in KiB. What a batch writes lies near by what it
// wrote before: more would only fill up, over the thousands of files of a
// seizure. Completing 100,000 tracks at once costs 8.9 s with it, 6.5 s with 16 MiB.
const (
	readerCache = 16 << 10
	writerCache = 2 << 10
)

// ErrDuplicate is returned by AddRecording, with the id that is there, when a
// recording of the same hash has been imported before.
var ErrDuplicate = errors.New("the recording is already in the index")

// Store is an open index. It is safe for concurrent use.
type Store struct {
	path string
	w    *sql.DB // one connection, immediate transactions
	r    *sql.DB // query-only connections
}

// Open opens the index at path, or makes it, mode 0600. The key is KeySize
// bytes. A wrong key, or a file that is no index, is fault.Integrity.
func Open(ctx context.Context, path string, key []byte) (*Store, error) {
	if len(key) != KeySize {
		return nil, fault.New(fault.Internal, "index key has %d bytes, want %d", len(key), KeySize).OnFile(path)
	}
	return openFile(ctx, path, key)
}

// openFile opens the index. Without a key it is not encrypted: for tests that
// measure what encryption costs.
func openFile(ctx context.Context, path string, key []byte) (*Store, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "cannot find the index").OnFile(path)
	}
	s := &Store{path: path}
	f, err := os.OpenFile(abs, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, s.fail(err, "cannot open the index")
	}
	fi, err := f.Stat()
	f.Close()
	if err != nil {
		return nil, s.fail(err, "cannot open the index")
	}
	isNew := fi.Size() == 0
	// Neither connects before it is used: who only reads pays for one connection.
	if s.w, err = open(abs, "immediate", key, false); err == nil {
		s.w.SetMaxOpenConns(1)
		s.r, err = open(abs, "deferred", key, true)
	}
	if err == nil {
		s.r.SetMaxOpenConns(maxReaders)
		s.r.SetMaxIdleConns(maxReaders)
		err = s.prepare(ctx, isNew)
	}
	if err != nil {
		s.Close()
		return nil, s.fail(err, "cannot open the index")
	}
	return s, nil
}

func open(abs, lock string, key []byte, readOnly bool) (*sql.DB, error) {
	query := url.Values{"_txlock": {lock}}
	setup := ""
	if key != nil {
		query.Set("vfs", "adiantum")
		setup = "PRAGMA hexkey='" + hex.EncodeToString(key) + "';"
	}
	u := url.URL{Scheme: "file", OmitHost: true, Path: filepath.ToSlash(abs), RawQuery: query.Encode()}
	cache := readerCache
	if !readOnly {
		cache = writerCache
	}
	setup += fmt.Sprintf(`
		PRAGMA busy_timeout=20000;
		PRAGMA temp_store=memory;
		PRAGMA foreign_keys=on;
		PRAGMA synchronous=full;
		PRAGMA secure_delete=on;
		PRAGMA cache_size=-%d;
		PRAGMA journal_mode=wal;`, cache)
	if readOnly {
		setup += "PRAGMA query_only=on;"
	}
	return driver.Open(u.String(), func(c *sqlite3.Conn) error { return c.Exec(setup) })
}

// Close releases the file. Nothing may use the store after.
func (s *Store) Close() error {
	var errs []error
	for _, db := range []*sql.DB{s.r, s.w} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	if err := errors.Join(errs...); err != nil {
		return s.fail(err, "cannot close the index")
	}
	return nil
}

// write runs f in a transaction: all of it happens, or none.
func (s *Store) write(ctx context.Context, f func(*sql.Tx) error) error {
	tx, err := s.w.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() // does nothing after Commit
	if err := f(tx); err != nil {
		return err
	}
	return tx.Commit()
}

// fail turns an error of SQLite or the system into one that its reader can
// act on. A fault.Error passes as it is.
func (s *Store) fail(err error, what string) error {
	var known *fault.Error
	if err == nil || errors.As(err, &known) {
		return err
	}
	wrap := func(k fault.Kind, hint string) error {
		return fault.Wrap(k, cause{err}, "%s", what).OnFile(s.path).WithHint("%s", hint)
	}
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded), errors.Is(err, sqlite3.INTERRUPT):
		return wrap(fault.Interrupted, "")
	case errors.Is(err, sqlite3.NOTADB), errors.Is(err, sqlite3.CORRUPT):
		return wrap(fault.Integrity, "the key is not this index's, or the file is damaged: check that the key file belongs to the procedure, or restore both from the backup")
	case errors.Is(err, sqlite3.FULL), errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return wrap(fault.NoSpace, "free some space and run the command again: nothing that was stored is lost")
	case errors.Is(err, sqlite3.IOERR): // what SQLite says where its log cannot grow
		return wrap(fault.NoSpace, "the disk is full, or fails: free some space, check the disk, and run the command again: nothing that was stored is lost")
	case errors.Is(err, sqlite3.READONLY), errors.Is(err, sqlite3.CANTOPEN), errors.Is(err, os.ErrPermission), errors.Is(err, syscall.EROFS):
		return wrap(fault.NoSpace, "check that the folder exists and that you may write in it")
	case errors.Is(err, os.ErrNotExist):
		return wrap(fault.NotFound, "")
	case errors.Is(err, sqlite3.BUSY), errors.Is(err, sqlite3.LOCKED):
		return wrap(fault.Internal, "another posteriori is writing to this procedure: wait for it to end")
	}
	return wrap(fault.Internal, "")
}

// cause is an error without the name of the library that made it.
type cause struct{ error }

func (c cause) Error() string { return strings.ReplaceAll(c.error.Error(), "sqlite3: ", "") }
func (c cause) Unwrap() error { return c.error }

// placeholders is "?, ?, …", n of them.
func placeholders(n int) string {
	return strings.TrimSuffix(strings.Repeat("?, ", n), ", ")
}
