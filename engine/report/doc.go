// Package report writes the documents that the law asks for, in French: the
// mention en procédure, the rapport d'exploitation, the habilitation line, the
// certificat d'effacement, and drafts of the dossier technique and the AIPD.
//
// Status: current. The package is pure: data in, bytes out. It reads no file,
// no clock, no environment; the same data give the same bytes. The engine
// gathers the data and records the act.
//
// Each document type builds one tree of headings, paragraphs, tables and
// figures (tree.go), and both writers, HTML (html.go) and PDF (pdf*.go), show
// that tree, so the two cannot say different things.
//
// The PDF is made after PDF/A-2b: fonts embedded, sRGB output intent from a
// profile built here, XMP metadata equal to the document information, no
// script, no transparency, no attachment. It has not been put before a
// conformance checker.
//
// A proposal of the engine enters a report as a finding only through
// [NewFinding], which asks for a person's validation (rule 20). Nothing here
// prints « valeur probante », and every time of the machine's own clock is
// said to be one.
package report

import "time"

// Renderer is a document that can be shown in both forms. The same document
// gives the same bytes each time.
type Renderer interface {
	HTML() ([]byte, error)
	PDF() ([]byte, error)
}

// Frame is what every document carries on each page and in its metadata.
type Frame struct {
	Service   string         // the service that drew it up
	Procedure string         // its number; empty for a document about the store
	Mark      string         // DÉMONSTRATION in a demonstration store, else empty
	Made      time.Time      // when it was drawn up, by the machine's clock
	Zone      *time.Location // in which all its times are written; nil: UTC
	Software  Software
}

// Software is what wrote the document.
type Software struct {
	Name     string // "posteriori"
	Version  string
	Revision string
	SHA256   string // of the executable
}

func (f Frame) zone() *time.Location {
	if f.Zone == nil {
		return time.UTC
	}
	return f.Zone
}

// when writes a moment in the document's zone.
func (f Frame) when(t time.Time) string { return Moment(t, f.zone()) }

// start makes the tree that a document fills.
func (f Frame) start(title, subtitle string) *tree {
	t := &tree{title: title, subtitle: subtitle, service: f.Service, mark: f.Mark, made: f.Made.UTC()}
	t.running = title
	if f.Procedure != "" {
		t.running = "Procédure " + f.Procedure + " — " + title
	}
	t.producer = join(" ", orElse(f.Software.Name, "posteriori"), f.Software.Version)
	return t
}
