package index

import (
	"context"
	"database/sql"
	"encoding/json"

	"posteriori/engine/fault"
)

// DerivedKind says what a derived file is.
type DerivedKind string

// The kinds of derived file, documents among them.
const (
	DerivedSynopsis     DerivedKind = "synopsis"
	DerivedSidecar      DerivedKind = "sidecar"
	DerivedClip         DerivedKind = "clip"
	DerivedSheet        DerivedKind = "sheet"
	DerivedThumbnail    DerivedKind = "thumbnail"
	DerivedReview       DerivedKind = "review"
	DerivedActivity     DerivedKind = "activity"
	DerivedManifest     DerivedKind = "manifest"
	DerivedBatch        DerivedKind = "batch"
	DerivedReport       DerivedKind = "report"
	DerivedMention      DerivedKind = "mention"
	DerivedCertificate  DerivedKind = "certificate"
	DerivedHabilitation DerivedKind = "habilitation"
)

// DerivedKinds are all of them.
var DerivedKinds = []DerivedKind{DerivedSynopsis, DerivedSidecar, DerivedClip, DerivedSheet, DerivedThumbnail, DerivedReview,
	DerivedActivity, DerivedManifest, DerivedBatch, DerivedReport, DerivedMention, DerivedCertificate, DerivedHabilitation}

// Derived is a file that was made from recordings.
type Derived struct {
	ID     int64       `json:"id"` // set by AddDerived
	Kind   DerivedKind `json:"kind"`
	Name   string      `json:"name"` // as people know it
	Path   string      `json:"path"` // absolute: where it was put
	SHA256 string      `json:"sha256"`
	Bytes  int64       `json:"bytes"`
	MadeUS int64       `json:"made_unix_us"`
	Record int64       `json:"record"` // the journal record's seq
	How    string      `json:"how"`    // how it was made, as compact JSON
}

// AddDerived lists derived files, all or none, and returns the number of the
// last; those before have the numbers before.
func (s *Store) AddDerived(ctx context.Context, files ...Derived) (id int64, err error) {
	err = s.write(ctx, func(tx *sql.Tx) error {
		for _, d := range files {
			if d.How == "" {
				d.How = "{}"
			}
			if !json.Valid([]byte(d.How)) {
				return fault.New(fault.Internal, "how a %s was made is not JSON", d.Kind)
			}
			res, err := tx.ExecContext(ctx, `INSERT INTO derived (kind, name, path, sha256, size_bytes, made_unix_us, record, how)
				VALUES (?, ?, ?, ?, ?, ?, ?, ?)`, d.Kind, d.Name, d.Path, d.SHA256, d.Bytes, d.MadeUS, d.Record, d.How)
			if err != nil {
				return err
			}
			if id, err = res.LastInsertId(); err != nil {
				return err
			}
		}
		return nil
	})
	return id, s.fail(err, "cannot list the derived files")
}

// DerivedFiles lists the derived files in the order they were made.
func (s *Store) DerivedFiles(ctx context.Context) ([]Derived, error) {
	rows, err := s.r.QueryContext(ctx, "SELECT id, kind, name, path, sha256, size_bytes, made_unix_us, record, how FROM derived ORDER BY id")
	if err != nil {
		return nil, s.fail(err, "cannot list the derived files")
	}
	defer rows.Close()
	var out []Derived
	for rows.Next() {
		var d Derived
		if err := rows.Scan(&d.ID, &d.Kind, &d.Name, &d.Path, &d.SHA256, &d.Bytes, &d.MadeUS, &d.Record, &d.How); err != nil {
			return nil, s.fail(err, "cannot list the derived files")
		}
		out = append(out, d)
	}
	return out, s.fail(rows.Err(), "cannot list the derived files")
}

// ForgetDerived takes a derived file off the list, its file having been
// erased; its row's content is overwritten. fault.NotFound when it is not listed.
func (s *Store) ForgetDerived(ctx context.Context, id int64) error {
	err := s.overwrite(ctx, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, "DELETE FROM derived WHERE id = ?", id)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 1 {
			return err
		}
		return fault.New(fault.NotFound, "there is no derived file %d", id)
	})
	return s.fail(err, "cannot forget the derived file")
}

// MoveDerived notes where a derived file lies now. fault.NotFound when it is not
// listed.
func (s *Store) MoveDerived(ctx context.Context, id int64, path string) error {
	err := s.write(ctx, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, "UPDATE derived SET path = ? WHERE id = ?", path, id)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 1 {
			return err
		}
		return fault.New(fault.NotFound, "there is no derived file %d", id)
	})
	return s.fail(err, "cannot list the derived files")
}
