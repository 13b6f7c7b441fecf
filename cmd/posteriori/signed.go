package main

import (
	"bytes"
	"context"
	"io"
	"os"

	"posteriori/engine/evidence"
	"posteriori/engine/fault"
)

// pdfHeader begins a PDF, within its first bytes (ISO 32000-1, 7.5.2 and
// annex H.3.4.1).
const (
	pdfHeader = "%PDF-"
	pdfWithin = 1024
)

// hashSigned hashes the signed document of a decision or an order, which is a PDF
// as the service keeps it: what else is named by mistake, a recording or an empty
// file, proves no decision.
func hashSigned(ctx context.Context, path string) (sha256 string, err error) {
	id, err := evidence.Hash(ctx, path, nil)
	if err != nil {
		return "", err
	}
	f, err := os.Open(path)
	if err != nil {
		return "", fault.Wrap(fault.BadInput, err, "it cannot be read").OnFile(path)
	}
	defer f.Close()
	head, err := io.ReadAll(io.LimitReader(f, pdfWithin))
	if err != nil {
		return "", fault.Wrap(fault.BadInput, err, "it cannot be read").OnFile(path)
	}
	if !bytes.Contains(head, []byte(pdfHeader)) {
		return "", fault.New(fault.BadInput, "the signed document is no PDF").OnFile(path).
			WithHint("give the signed PDF, or scan the paper as one")
	}
	return id.SHA256, nil
}
