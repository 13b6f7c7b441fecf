package survey

import (
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"posteriori/engine/batch"
)

// sidecarBytes is how much of a text beside a recording is looked at.
const sidecarBytes = 64 << 10

var (
	// startWord is a word for the beginning, and what stands after it up to the time.
	startWord = regexp.MustCompile(`(?i)(?:start|begin|d[ée]but|from|creation|record|date)[\w -]{0,20}["'>:= \t]{1,8}`)
	isoTime   = regexp.MustCompile(`^(20\d\d)[-/.](\d\d)[-/.](\d\d)[T _]{1,3}(\d\d):(\d\d):(\d\d)(?:[.,]\d{1,6})? ?(Z|[+-]\d\d:?\d\d)?`)
)

// sidecars finds texts that lie beside a recording and bear its name, and takes
// from each the first time that is called a beginning. It reads words, and
// parses nothing.
func sidecars(all []*entry) {
	media := map[string]*entry{}
	for _, e := range all {
		if e.kind == batch.Video || e.kind == batch.Photograph {
			media[stemOf(e.path)] = e
			media[e.path] = e // clip.mp4.json
		}
	}
	for _, e := range all {
		if e.kind != batch.Text {
			continue
		}
		m := media[stemOf(e.path)]
		if m == nil || videoNamed(e.path) {
			continue
		}
		e.kind, e.reason = batch.Sidecar, "text beside "+filepath.Base(m.path)+": read for a time, not analysed"
		if t, utc, ok := sidecarTime(e.path); ok && m.side.IsZero() {
			m.side, m.sideUTC = t, utc
			e.reason += ", which it states"
		}
	}
}

func stemOf(path string) string { return strings.TrimSuffix(path, filepath.Ext(path)) }

// sidecarTime is the time of the beginning that a text states.
func sidecarTime(path string) (t time.Time, utc, ok bool) {
	f, err := os.Open(path)
	if err != nil {
		return t, false, false
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, sidecarBytes))
	if err != nil {
		return t, false, false
	}
	return statedTime(b)
}

// statedTime is the first time that stands right behind a word for the
// beginning. The text is gone through once, however many such words it has.
func statedTime(b []byte) (t time.Time, utc, ok bool) {
	for {
		at := startWord.FindIndex(b)
		if at == nil {
			return t, false, false
		}
		b = b[at[1]:]
		m := isoTime.FindSubmatch(b)
		if m == nil {
			continue
		}
		t, ok := moment(texts(m[1:7]))
		zone := string(m[7])
		if ok && zone != "" && zone != "Z" {
			if z, err := time.Parse("-07:00", zone[:3]+":"+zone[len(zone)-2:]); err == nil {
				_, off := z.Zone()
				t = t.Add(-time.Duration(off) * time.Second)
			}
		}
		return t, zone != "", ok
	}
}

func texts(bs [][]byte) []string {
	out := make([]string, len(bs))
	for i, b := range bs {
		out[i] = string(b)
	}
	return out
}
