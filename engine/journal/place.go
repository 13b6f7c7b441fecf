package journal

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"

	"golang.org/x/mod/sumdb/tlog"
)

// place writes how a record must begin at its place, in a buffer of its own.
type place struct {
	want   []byte
	origin string // that quoted is of
	quoted []byte
}

// fits says whether line begins as record seq of the log must that follows
// records with that root. It is much faster than to parse the line.
func (p *place) fits(line []byte, origin string, seq int64, root tlog.Hash) bool {
	if p.quoted == nil || p.origin != origin {
		var b bytes.Buffer
		enc := json.NewEncoder(&b)
		enc.SetEscapeHTML(false)
		if enc.Encode(origin) != nil {
			return false
		}
		p.origin, p.quoted = origin, bytes.TrimSpace(b.Bytes())
	}
	w := append(p.want[:0], `{"schema":`...)
	w = strconv.AppendInt(w, Schema, 10)
	w = append(append(w, `,"log":`...), p.quoted...)
	w = strconv.AppendInt(append(w, `,"seq":`...), seq, 10)
	w = base64.StdEncoding.AppendEncode(append(w, `,"root":"`...), root[:])
	p.want = append(w, `",`...)
	return bytes.HasPrefix(line, p.want)
}

// head is the part of a record that its place depends on.
type head struct {
	Log  string    `json:"log"`
	Seq  int64     `json:"seq"`
	Root tlog.Hash `json:"root"`
}

// misplaced says why a line does not fit its place.
func misplaced(line []byte, origin string, seq int64, root tlog.Hash) string {
	var h head
	if err := json.Unmarshal(line, &h); err != nil {
		return "it is no record: " + err.Error()
	}
	switch {
	case h.Log != origin:
		return fmt.Sprintf("it belongs to another log, %s", h.Log)
	case h.Seq > seq:
		return fmt.Sprintf("it is missing or moved: record %d stands in its place", h.Seq)
	case h.Seq < seq:
		return fmt.Sprintf("record %d stands here a second time or moved", h.Seq)
	case h.Root != root:
		return "it follows other records than those before it"
	}
	return "it does not begin as a record of this schema does"
}
