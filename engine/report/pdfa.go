package report

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/xml"
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// xmp is the metadata packet (ISO 16684-1), with the same values as the
// document information. Part 2, level B names what the file is made after
// (ISO 19005-2).
func (t *tree) xmp() []byte {
	esc := func(s string) string {
		var b strings.Builder
		_ = xml.EscapeText(&b, []byte(pdfText(s))) // a Builder takes everything
		return b.String()
	}
	date := t.made.UTC().Format(time.RFC3339)
	return fmt.Appendf(nil, `<?xpacket begin="%s" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:pdf="http://ns.adobe.com/pdf/1.3/">
<dc:title><rdf:Alt><rdf:li xml:lang="x-default">%s</rdf:li></rdf:Alt></dc:title>
<dc:description><rdf:Alt><rdf:li xml:lang="x-default">%s</rdf:li></rdf:Alt></dc:description>
<dc:language><rdf:Bag><rdf:li>fr-FR</rdf:li></rdf:Bag></dc:language>
<dc:format>application/pdf</dc:format>
<xmp:CreateDate>%s</xmp:CreateDate><xmp:ModifyDate>%s</xmp:ModifyDate><xmp:MetadataDate>%s</xmp:MetadataDate>
<pdf:Producer>%s</pdf:Producer>
</rdf:Description></rdf:RDF></x:xmpmeta>
<?xpacket end="r"?>`, "\ufeff", esc(t.fullTitle()), esc(clean(t.running)), date, date, date, esc(t.producer))
}

// srgbProfile builds a minimal ICC v2.1 display profile of sRGB: primaries
// adapted to D50 (ICC.1:2010 annex E, Bradford), and the transfer curve of
// IEC 61966-2-1 in 1,024 steps.
func srgbProfile() []byte {
	xyz := func(v ...float64) []byte {
		b := []byte("XYZ \x00\x00\x00\x00")
		for _, x := range v {
			b = binary.BigEndian.AppendUint32(b, uint32(int32(math.Round(x*65536))))
		}
		return b
	}
	curve := binary.BigEndian.AppendUint32([]byte("curv\x00\x00\x00\x00"), 1024)
	for i := range 1024 {
		c := float64(i) / 1023
		if c <= 0.04045 {
			c /= 12.92
		} else {
			c = math.Pow((c+0.055)/1.055, 2.4)
		}
		curve = binary.BigEndian.AppendUint16(curve, uint16(math.Round(c*65535)))
	}
	const name = "sRGB IEC61966-2.1\x00"
	desc := binary.BigEndian.AppendUint32([]byte("desc\x00\x00\x00\x00"), uint32(len(name)))
	desc = append(append(desc, name...), make([]byte, 4+4+2+1+67)...)
	cprt := []byte("text\x00\x00\x00\x00No copyright\x00")
	tags := []struct {
		name string
		data []byte
	}{
		{"desc", desc}, {"cprt", cprt}, {"wtpt", xyz(0.9642, 1, 0.8249)},
		{"rXYZ", xyz(0.4360747, 0.2225045, 0.0139322)}, {"gXYZ", xyz(0.3850649, 0.7168786, 0.0971045)},
		{"bXYZ", xyz(0.1430804, 0.0606169, 0.7141733)}, {"rTRC", curve}, {"gTRC", curve}, {"bTRC", curve},
	}
	table := binary.BigEndian.AppendUint32(nil, uint32(len(tags)))
	body, start, curveAt := []byte{}, 128+4+12*len(tags), 0
	for _, t := range tags {
		at := start + len(body)
		if strings.HasSuffix(t.name, "TRC") && curveAt != 0 {
			at = curveAt // the three curves are one
		} else {
			if strings.HasSuffix(t.name, "TRC") {
				curveAt = at
			}
			body = append(body, t.data...)
			body = append(body, make([]byte, (4-len(body)%4)%4)...)
		}
		table = append(table, t.name...)
		table = binary.BigEndian.AppendUint32(table, uint32(at))
		table = binary.BigEndian.AppendUint32(table, uint32(len(t.data)))
	}
	head := make([]byte, 128)
	binary.BigEndian.PutUint32(head, uint32(start+len(body)))
	binary.BigEndian.PutUint32(head[8:], 0x02100000)
	copy(head[12:], "mntrRGB XYZ ")
	for i, v := range []uint16{2000, 1, 1, 0, 0, 0} {
		binary.BigEndian.PutUint16(head[24+2*i:], v)
	}
	copy(head[36:], "acsp")
	copy(head[68:], xyz(0.9642, 1, 0.8249)[8:])
	return slices.Concat(head, table, body)
}

var (
	errPDF     = errors.New("the PDF writer made a file of another form than expected")
	groupForm  = regexp.MustCompile(`/Group <</Type /Group /S /Transparency /CS /DeviceRGB>>\n?`)
	namesForm  = regexp.MustCompile(`(?s)/Names <<\n/EmbeddedFiles.*?\n>>\n`)
	dateForm   = regexp.MustCompile(`\(D:(\d{14})\)`)
	fontForm   = regexp.MustCompile(`/(BaseFont|FontName) /utf8go(\w*)`)
	startForm  = regexp.MustCompile(`startxref\n(\d+)\n%%EOF\s*$`)
	headerForm = []byte("%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
)

// finishPDF rewrites what fpdf wrote: no transparency group on the pages and
// no list of embedded files, dates with their zone, the title shown in the
// window, and a file identifier, the hash of the content (ISO 19005-2, 6.1.3).
func finishPDF(in []byte) ([]byte, error) {
	objects, err := pdfObjects(in)
	if err != nil {
		return nil, err
	}
	out := bytes.Clone(headerForm)
	offsets := make([]int, len(objects))
	for i, o := range objects {
		offsets[i] = len(out)
		out = append(out, finishObject(o)...)
	}
	sum := sha256.Sum256(out)
	xref := len(out)
	out = fmt.Appendf(out, "xref\n0 %d\n0000000000 65535 f \n", len(objects)+1)
	for _, at := range offsets {
		out = fmt.Appendf(out, "%010d 00000 n \n", at)
	}
	n := len(objects)
	out = fmt.Appendf(out, "trailer\n<<\n/Size %d\n/Root %d 0 R\n/Info %d 0 R\n/ID [<%x> <%x>]\n>>\nstartxref\n%d\n%%%%EOF\n",
		n+1, n, infoObject(objects), sum[:16], sum[:16], xref)
	return out, nil
}

// finishObject changes the dictionaries of pages, information and catalogue.
func finishObject(o []byte) []byte {
	if bytes.Contains(o, []byte("\nstream\n")) {
		return o
	}
	switch {
	case bytes.Contains(o, []byte("/Type /Page\n")):
		return groupForm.ReplaceAll(o, nil)
	case fontForm.Match(o):
		return fontForm.ReplaceAll(o, []byte("/$1 /GOFNTS+Go$2")) // a subset names itself so (ISO 32000-1, 9.6.4)
	case bytes.Contains(o, []byte("/CreationDate")):
		return dateForm.ReplaceAll(o, []byte("(D:${1}Z)"))
	case bytes.Contains(o, []byte("/Type /Catalog\n")):
		o = namesForm.ReplaceAll(o, nil)
		return bytes.Replace(o, []byte("/Type /Catalog\n"), []byte("/Type /Catalog\n/ViewerPreferences <</DisplayDocTitle true>>\n"), 1)
	}
	return o
}

func infoObject(objects [][]byte) int {
	for i, o := range objects {
		if bytes.Contains(o, []byte("/CreationDate")) && !bytes.Contains(o, []byte("\nstream\n")) {
			return i + 1
		}
	}
	return 0
}

// pdfObjects cuts a PDF with one cross-reference table into its objects, in
// the order of their numbers, each with its "N 0 obj" and "endobj".
func pdfObjects(in []byte) ([][]byte, error) {
	m := startForm.FindSubmatch(in)
	if m == nil {
		return nil, errPDF
	}
	at, err := strconv.Atoi(string(m[1]))
	if err != nil || at >= len(in) {
		return nil, errPDF
	}
	rows := strings.Split(string(in[at:]), "\n")
	if len(rows) < 3 || rows[0] != "xref" {
		return nil, errPDF
	}
	var n int
	if _, err := fmt.Sscanf(rows[1], "0 %d", &n); err != nil || n < 2 || len(rows) < n+2 {
		return nil, errPDF
	}
	starts := make([]int, 0, n)
	for _, r := range rows[3 : n+2] {
		var off int
		if _, err := fmt.Sscanf(r, "%d 00000 n", &off); err != nil || off >= at {
			return nil, errPDF
		}
		starts = append(starts, off)
	}
	ends := append(slices.Sorted(slices.Values(starts)), at)
	out := make([][]byte, len(starts))
	for i, s := range starts {
		k, _ := slices.BinarySearch(ends, s)
		out[i] = in[s:ends[k+1]]
		if !bytes.HasPrefix(out[i], fmt.Appendf(nil, "%d 0 obj", i+1)) {
			return nil, errPDF
		}
	}
	return out, nil
}
