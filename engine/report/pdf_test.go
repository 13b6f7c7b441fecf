package report

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"encoding/xml"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// pdfToText reads a PDF back with poppler's pdftotext, where it is installed.
func pdfToText(t testing.TB, pdf []byte) string {
	t.Helper()
	tool, err := exec.LookPath("pdftotext")
	if err != nil {
		t.Skip("pdftotext (poppler-utils) is not installed: the text of PDF pages is not checked")
	}
	name := filepath.Join(t.TempDir(), "a.pdf")
	if err := os.WriteFile(name, pdf, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(tool, "-enc", "UTF-8", "-layout", name, "-").Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// TestBothSayTheSame: every word of the page is in the PDF.
func TestBothSayTheSame(t *testing.T) {
	fold := strings.NewReplacer(nbsp, "", thin, "", " ", "", "\n", "", "\f", "", "•", "")
	for name, d := range samples(t) {
		page, pdf := both(t, d)
		tool := pdfRaw(t, pdf)
		text := fold.Replace(tool)
		body := string(page)
		body = body[strings.Index(body, "<main>"):strings.Index(body, "</main>")]
		for _, line := range strings.Split(textOf([]byte(body)), "\n") {
			for _, word := range strings.Fields(strings.NewReplacer(nbsp, " ", thin, " ").Replace(line)) {
				if !strings.Contains(text, fold.Replace(word)) && len(word) < 40 { // longer ones are cut by lines of cells beside them
					t.Errorf("%s: %q is not in the PDF", name, word)
				}
			}
		}
	}
}

// pdfRaw is the text in the order in which it was written.
func pdfRaw(t testing.TB, pdf []byte) string {
	t.Helper()
	tool, err := exec.LookPath("pdftotext")
	if err != nil {
		t.Skip("pdftotext (poppler-utils) is not installed: the two forms are not compared")
	}
	name := filepath.Join(t.TempDir(), "a.pdf")
	if err := os.WriteFile(name, pdf, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(tool, "-raw", "-enc", "UTF-8", name, "-").Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// TestPDFStructure holds the PDFs against what ISO 19005-2 asks and what this
// package says of them.
func TestPDFStructure(t *testing.T) {
	for name, d := range samples(t) {
		_, pdf := both(t, d)
		if !bytes.HasPrefix(pdf, headerForm) {
			t.Errorf("%s: the header is %q", name, pdf[:20])
		}
		objects, err := pdfObjects(pdf)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		dicts := dictsOf(objects)
		for _, no := range []string{"/JavaScript", "/JS", "/Transparency", "/SMask", "/EmbeddedFiles", "/Encrypt", "/AA", "/OpenAction", "/URI", "/Launch", "/LZWDecode", "/DeviceCMYK", "/ca ", "/CA "} {
			if strings.Contains(dicts, no) {
				t.Errorf("%s has %s", name, no)
			}
		}
		for _, want := range []string{"/Lang (fr-FR)", "/OutputIntents", "/GTS_PDFA1", "/DisplayDocTitle true", "/Metadata ", "/FontFile2", "/Outlines", "(D:20260302130307Z)"} {
			if !strings.Contains(dicts, want) {
				t.Errorf("%s lacks %s", name, want)
			}
		}
		if fonts, files := strings.Count(dicts, "/Type /FontDescriptor"), strings.Count(dicts, "/FontFile2"); fonts != files || fonts == 0 {
			t.Errorf("%s: %d fonts, %d embedded", name, fonts, files)
		}
		if regexp.MustCompile(`/BaseFont /(?:[^G]|G[^O])`).MatchString(dicts) {
			t.Errorf("%s has a font that is no embedded subset", name)
		}
		if !regexp.MustCompile(`/ID \[<[0-9a-f]{32}> <[0-9a-f]{32}>\]`).Match(pdf) {
			t.Errorf("%s has no identifier", name)
		}
	}
}

// dictsOf joins the objects without their streams.
func dictsOf(objects [][]byte) string {
	var b strings.Builder
	for _, o := range objects {
		dict, _, _ := bytes.Cut(o, []byte("\nstream\n"))
		b.Write(dict)
	}
	return b.String()
}

// TestMetadata: the XMP packet is XML, and says what the information does.
func TestMetadata(t *testing.T) {
	m := sampleMention()
	m.Frame.Procedure, m.Frame.Software.Version = `<&">-1`, "v1 & <2>"
	tree := m.tree()
	var texts []string
	dec := xml.NewDecoder(bytes.NewReader(tree.xmp()))
	for {
		tok, err := dec.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if c, ok := tok.(xml.CharData); ok {
			texts = append(texts, string(c))
		}
	}
	all := strings.Join(texts, "\n")
	for _, want := range []string{`Procédure <&">-1 — Mention en procédure — DÉMONSTRATION`, "posteriori v1 & <2>", "2026-03-02T13:03:07Z", "fr-FR"} {
		if !strings.Contains(all, want) {
			t.Errorf("the metadata lack %q", want)
		}
	}
}

// TestProfile reads the profile back as ICC.1 lays it out.
func TestProfile(t *testing.T) {
	p := srgbProfile()
	if n := binary.BigEndian.Uint32(p); int(n) != len(p) || string(p[36:40]) != "acsp" || string(p[12:24]) != "mntrRGB XYZ " {
		t.Fatalf("the header is wrong: %d of %d bytes", n, len(p))
	}
	sum := [3]float64{}
	for i := range binary.BigEndian.Uint32(p[128:]) {
		e := p[132+12*i:]
		at, n := binary.BigEndian.Uint32(e[4:]), binary.BigEndian.Uint32(e[8:])
		if int(at+n) > len(p) || at%4 != 0 {
			t.Errorf("tag %s lies outside", e[:4])
		}
		if name := string(e[:4]); strings.HasSuffix(name, "XYZ") {
			for k := range sum {
				sum[k] += float64(int32(binary.BigEndian.Uint32(p[int(at)+8+4*k:]))) / 65536
			}
		}
	}
	for k, want := range []float64{0.9642, 1, 0.8249} { // the primaries add up to the white point
		if d := sum[k] - want; d > 5e-4 || d < -5e-4 {
			t.Errorf("the primaries add up to %v", sum)
		}
	}
}

// TestPictures: one picture shown twice is one object; a damaged one is said
// to be missing, and nothing fails.
func TestPictures(t *testing.T) {
	e := sampleReport(t, 3, 0)
	_, pdf := both(t, e)
	objects, err := pdfObjects(pdf)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(dictsOf(objects), "/Subtype /Image"); n != 1 {
		t.Errorf("one picture is %d objects", n)
	}
	for _, bad := range [][]byte{nil, {}, []byte("no picture"), still(t, 30, 30)[:40]} {
		f, err := NewFinding(sampleProposal(1), sampleDecision("validated", 1), bad)
		if err != nil {
			t.Fatal(err)
		}
		e.Findings = []Finding{f}
		page, _ := both(t, e)
		if !bytes.Contains(page, []byte("image non disponible")) {
			t.Errorf("a damaged picture of %d bytes is not told", len(bad))
		}
	}
	if _, _, ok := pictureSize(still(t, 4, maxPictureSide+1)); ok {
		t.Error("a picture over the limit is shown")
	}
}

func TestFinishRefusesOtherFiles(t *testing.T) {
	_, pdf := both(t, sampleHabilitation())
	for _, bad := range [][]byte{nil, []byte("%PDF-1.7\n"), pdf[:len(pdf)-200], bytes.Replace(pdf, []byte("xref\n0 "), []byte("xref\n9 "), 1)} {
		if _, err := finishPDF(bad); err == nil {
			t.Errorf("%d bytes that are no such PDF were taken", len(bad))
		}
	}
}

// TestStreamsInflate: every compressed stream is whole.
func TestStreamsInflate(t *testing.T) {
	_, pdf := both(t, fullReport(t))
	objects, err := pdfObjects(pdf)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, o := range objects {
		dict, data, ok := bytes.Cut(o, []byte("\nstream\n"))
		if !ok || !bytes.Contains(dict, []byte("/FlateDecode")) {
			continue
		}
		r, err := zlib.NewReader(bytes.NewReader(data))
		if err == nil {
			_, err = io.Copy(io.Discard, r)
		}
		if err != nil {
			t.Error(err)
		}
		n++
	}
	if n < 8 {
		t.Errorf("only %d streams", n)
	}
}
