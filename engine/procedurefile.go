package engine

import (
	"path/filepath"

	"posteriori/engine/fault"
	"posteriori/engine/procedure"
)

// saveProcedure writes a procedure's document into dir under the store's seal.
func (s *Store) saveProcedure(dir string, d procedure.Document) error {
	text, err := procedure.Unsealed(d)
	if err != nil {
		return err
	}
	if d.Seal, err = s.key.Seal("procedure", text); err != nil {
		return err
	}
	return procedure.Save(filepath.Join(dir, procedureFile), d)
}

// loadProcedure reads a procedure's document from dir. One that was written
// past the engine, an authorisation put in by hand, say, is fault.Integrity
// (rule 18).
func (s *Store) loadProcedure(dir string) (procedure.Document, error) {
	path := filepath.Join(dir, procedureFile)
	d, err := procedure.Load(path)
	if err != nil {
		return d, err
	}
	text, err := procedure.Unsealed(d)
	if err != nil {
		return d, err
	}
	if !s.key.Sealed("procedure", text, d.Seal) {
		return d, fault.New(fault.Integrity, "it was changed past this program: its seal does not fit").
			OnFile(path).UnderRule("18").
			WithHint("restore it from the backup; what was decided stands in posteriori journal show -p %s", d.ID)
	}
	d.Seal = ""
	return d, nil
}
