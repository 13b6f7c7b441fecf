package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"

	"pgregory.net/rapid"

	"posteriori/engine/journal"
)

// Whatever texts a record holds, it is one line of the list, and nothing in it
// steers a terminal or turns the reading direction.
func TestPrintRecordsSafely(t *testing.T) {
	nasty := rapid.OneOf(rapid.String(), rapid.StringOfN(rapid.SampledFrom([]rune{'\n', '\r', '\t', '\v', 0, 0x1b, 0x85, 0x2028, 0x2029,
		0x202e, 0x2066, 0x200b, 0x200d, 0xfeff, 0x301, 0x7f, 0x9b, 'a', ' ', 0xe0041}), 0, 20, -1),
		rapid.Just("x\n9  2026-01-01 00:00:00Z  root  effacement  purge  ok  forged"), rapid.Just("\xff\xfe\n"))
	rapid.Check(t, func(rt *rapid.T) {
		var rs []journal.Record
		for i := range rapid.IntRange(0, 4).Draw(rt, "records") {
			text := func(label string) string { return nasty.Draw(rt, label) }
			rs = append(rs, journal.Record{Seq: int64(i), Reason: text("reason"), TimeUTC: text("utc"), TimeLocal: text("local"),
				Rule: text("rule"), ClockBack: text("back"), Operation: journal.Operation(text("operation")),
				Sub: journal.Sub(text("sub")), Outcome: journal.Outcome(text("outcome")), Person: journal.Person{Account: text("account")}})
		}
		var out bytes.Buffer
		if err := printRecords(&out, rs); err != nil {
			rt.Fatal(err)
		}
		lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
		if len(lines) != len(rs)+1 {
			rt.Fatalf("%d records on %d lines:\n%s", len(rs), len(lines), &out)
		}
		for i, line := range lines[1:] {
			if !strings.HasPrefix(line, fmt.Sprint(i)+" ") {
				rt.Fatalf("line %d begins otherwise: %q", i, line)
			}
			for _, r := range line {
				if !unicode.IsPrint(r) {
					rt.Fatalf("%U on line %d: %q", r, i, line)
				}
			}
		}
	})
}

// The list shows both times as the record bears them, whatever the zone of
// who reads.
func TestRecordTimes(t *testing.T) {
	defer func(z *time.Location) { time.Local = z }(time.Local)
	time.Local = time.FixedZone("", -5*3600)
	utc, local := recordTimes(journal.Record{TimeUTC: "2026-07-01T10:00:00.123456Z", TimeLocal: "2026-07-01T12:00:00.123456+02:00"})
	if utc != "2026-07-01 10:00:00Z" || local != "2026-07-01 12:00:00+02:00" {
		t.Errorf("%s, %s", utc, local)
	}
}

// Bounds of what an act needs to say by reference.
const (
	maxLine  = 16 << 10 // bytes of a record
	maxText  = 2 << 10  // bytes of one text in it
	maxToken = 40       // letters and digits in a row, but for hashes
	maxReals = 8        // fractions in one list
)

var (
	tokens  = regexp.MustCompile(`[A-Za-z0-9+/_=-]{` + fmt.Sprint(maxToken) + `,}`)
	hashHex = regexp.MustCompile(`^[0-9a-f]{64}$`)
	picture = regexp.MustCompile(`data:image|/9j/|iVBOR|R0lGOD|UklGR`)
)

// carried says what in a record's line could be a picture, a vector, or text
// out of footage rather than a reference. The fields root and sig apart, only
// SHA-256 in hexadecimal may look like noise.
func carried(line []byte) []string {
	var found []string
	say := func(path, format string, args ...any) {
		found = append(found, path+": "+fmt.Sprintf(format, args...))
	}
	if len(line) > maxLine {
		say("record", "%d bytes", len(line))
	}
	var walk func(path string, v any)
	walk = func(path string, v any) {
		switch v := v.(type) {
		case map[string]any:
			for k, x := range v {
				walk(path+"."+k, x)
			}
		case []any:
			reals := 0
			for _, x := range v {
				if f, ok := x.(float64); ok && f != math.Trunc(f) {
					reals++
				}
				walk(path+"[]", x)
			}
			if reals > maxReals {
				say(path, "a list of %d fractions", reals)
			}
		case string:
			if path == ".root" || path == ".sig" {
				return
			}
			if len(v) > maxText {
				say(path, "%d bytes of text", len(v))
			}
			if picture.MatchString(v) {
				say(path, "a picture")
			}
			if _, err := journal.ParseHeld(v); err == nil { // size and root of a journal
				return
			}
			for _, tok := range tokens.FindAllString(v, -1) {
				if !hashHex.MatchString(tok) && entropy(tok) > 3.5 {
					say(path, "%d characters of noise: %.40s…", len(tok), tok)
				}
			}
			var inner any
			if strings.HasPrefix(v, "{") && json.Unmarshal([]byte(v), &inner) == nil {
				walk(path+"{}", inner)
			}
		}
	}
	var all any
	if err := json.Unmarshal(line, &all); err != nil {
		return []string{err.Error()}
	}
	walk("", all)
	return found
}

// entropy is that of a text's letters in bits each.
func entropy(s string) float64 {
	count := map[rune]float64{}
	for _, r := range s {
		count[r]++
	}
	var h float64
	for _, n := range count {
		p := n / float64(len(s))
		h -= p * math.Log2(p)
	}
	return h
}

// The check sees each kind of thing that must not be there.
func TestCarriedSees(t *testing.T) {
	noise := make([]byte, 96)
	rng := rand.New(rand.NewPCG(1, 2))
	vector := make([]string, 16)
	for i := range noise {
		noise[i] = byte(rng.Uint32())
	}
	for i := range vector {
		vector[i] = fmt.Sprintf("%.4f", rng.Float64()+.00001)
	}
	for name, params := range map[string]string{
		"vector as text":   base64.StdEncoding.EncodeToString(noise),
		"vector as list":   `{"v":[` + strings.Join(vector, ",") + `]}`,
		"picture":          "data:image/png;base64,AAAA",
		"jpeg":             "/9j/4AAQSkZJRg",
		"much text":        strings.Repeat("a word ", maxText/6),
		"very much of all": strings.Repeat("ab ", maxLine),
	} {
		line, err := json.Marshal(journal.Record{Details: journal.Details{Params: params}})
		if err != nil {
			t.Fatal(err)
		}
		if len(carried(line)) == 0 {
			t.Errorf("%s passes", name)
		}
	}
	line, err := json.Marshal(journal.Record{Sig: strings.Repeat("aB3", 29), Details: journal.Details{Params: strings.Repeat("5a", 32)}})
	if found := carried(line); err != nil || len(found) > 0 {
		t.Errorf("a hash: %v, %v", found, err)
	}
}

// What the commands write into the journals, from import to what is handed
// out, is references only: no picture, no vector, no name of a seized file.
func TestJournalsHoldReferencesOnly(t *testing.T) {
	p := newPrograms(t)
	clip, _ := street(t, 320, 180)
	named := filepath.Join(filepath.Dir(clip), "DUPONT-Jean.mp4")
	if err := os.Rename(clip, named); err != nil {
		t.Fatal(err)
	}
	store := p.store(named, "8s")
	out := func(name string) string { return filepath.Join(t.TempDir(), name) }
	p.run(store, "analyse", "--detector", "none")
	p.run(store, "query", "--zone", "gate=10,10 300,10 300,170 10,170", "--enters", "gate")
	p.run(store, "query", "--sheet", out("sheet.html"))
	p.run(store, "synopsis", "-o", out("short.mp4"))
	p.run(store, "journal", "export", "-o", out("j.zip"))
	p.run(store, "journal", "prove", "0", "-o", out("p.json"))
	p.run(store, "journal", "stats")
	n := 0
	for _, dir := range []string{"journal", "procedures/E2E/journal"} {
		text, err := os.ReadFile(filepath.Join(store, dir, "entries"))
		if err != nil {
			t.Fatal(err)
		}
		for line := range bytes.Lines(text) {
			n++
			for _, what := range carried(line) {
				t.Errorf("%s: %s", dir, what)
			}
			if bytes.Contains(line, []byte("DUPONT")) {
				t.Errorf("%s: the name of a seized file: %s", dir, line)
			}
		}
	}
	if n < 9 {
		t.Errorf("only %d records", n)
	}
}
