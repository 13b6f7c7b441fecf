package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/sys/unix"

	"posteriori/engine"
)

// TestProceduresStayApart: the same clip in two procedures; what is asked in
// one shows nothing of the other.
func TestProceduresStayApart(t *testing.T) {
	t.Parallel()
	p := newPrograms(t)
	clip, _ := street(t, 320, 180)
	store := p.store(clip, "5m")
	p.run(store, "analyse", "--detector", "none")
	alone := p.index(store)
	p.run(store, "procedure", "open", "OTHER", "--frame", "flagrance", "--offence", "vol", "--imprisonment", "--service", "S", "--parquet", "2")
	p.run(store, "-p", "OTHER", "import", "--exhibit", "OTHER-EXHIBIT", "--basis", "seizure", "--camera", "OTHER-CAMERA", clip)
	p.run(store, "-p", "OTHER", "analyse", "--detector", "none")
	if got := p.index(store); len(objects(t, got)) != len(objects(t, alone)) || strings.Contains(got, "OTHER") {
		t.Errorf("the second procedure shows in the first: %d objects, %d before", len(objects(t, got)), len(objects(t, alone)))
	}
	if other := p.run(store, "-p", "OTHER", "query", "--format", "json"); len(objects(t, other)) == 0 {
		t.Error("nothing was found in the second: this proves nothing")
	}
}

// across are the commands that may reach several procedures, and why.
var across = map[string]string{
	"store backup": "it copies each procedure apart, under a key of its own, and shows none",
	"purge":        "the law has each item erased after three years, in whichever procedure; it shows none (rule 14)",
}

// useful are arguments with which a command gets to a procedure's data. A
// command that is not here is run without any.
var useful = map[string][]string{
	"query": {"--class", "car"}, "explain": {"1:1"}, "hit validate": {"1:2"}, "hit reject": {"1:1"},
	"hit comment": {"1:2", "--text", "x"}, "hit list": {}, "hit unmask": {"1:1"}, "export clip": {"--track", "1:1", "-o", "c.mp4"},
	"synopsis": {"-o", "s.mp4"}, "review": {"-o", "review"}, "evidence check": {}, "evidence list": {},
	"report": {"-o", "r.html", "--overwrite"}, "mention": {"-o", "m.html", "--overwrite"}, "habilitation": {},
	"procedure show": {}, "procedure close": {"--dry-run"}, "journal show": {}, "journal verify": {}, "journal stats": {},
	"erase":   {"--track", "1:9", "--order", "O", "--magistrate", "M", "--quality", "procureur", "--date", "2025-01-01"},
	"rectify": {"--track", "1:1", "--colour", "blue", "--order", "O", "--magistrate", "M", "--quality", "procureur", "--date", "2025-01-01"},
	"import":  {"--exhibit", "S", "--basis", "seizure", "clip.mp4"}, "analyse": {"--detector", "none"}, "purge": {"--due"}, "store backup": {"-o", "backup", "--keys", "keys"},
}

// leaves lists the commands that do something, by their words.
func leaves(c *cobra.Command, words []string, out map[string]*cobra.Command) {
	if len(c.Commands()) == 0 {
		out[strings.Join(words, " ")] = c
	}
	for _, sub := range c.Commands() {
		leaves(sub, append(slices.Clone(words), sub.Name()), out)
	}
}

// namings are all the ways in which a user could try to name two procedures.
func namings(words, args []string, flags []string) [][]string {
	with := func(more ...string) []string { return slices.Concat(words, args, more) }
	out := [][]string{with("-p", "P1"), with("-p", "P1", "P2"), with("P1", "P2"), with("-p", "P1", "-p", "P2"), with("-p", "P1", "--", "-p", "P2")}
	for _, both := range []string{"P1,P2", "P1 P2", "*", "P?", "P1/../P2", "P1\nP2", ""} {
		out = append(out, with("-p", both))
	}
	for _, f := range flags {
		out = append(out, with("-p", "P1", "--"+f, "P2"), with("-p", "P1", "--"+f+"=../P2"))
	}
	return out
}

// textFlags lists the flags of c that take a text of any form.
func textFlags(c *cobra.Command) []string {
	var out []string
	c.LocalFlags().VisitAll(func(f *pflag.Flag) {
		if strings.HasPrefix(f.Value.Type(), "string") && f.Name != "store" && f.Name != "procedure" && f.Name != "reason" {
			out = append(out, f.Name)
		}
	})
	return out
}

// TestNoCommandReachesTwoProcedures runs every command of the tree, naming two
// procedures in every way there is. The system tells which files are opened: of
// no run may it be the key or the index of both; and no run may leave a record
// in the journals of both.
func TestNoCommandReachesTwoProcedures(t *testing.T) {
	t.Chdir(t.TempDir())
	t.Setenv("POSTERIORI_WORKER", "/nonexistent")
	t.Setenv("POSTERIORI_STORE", "store")
	t.Setenv("POSTERIORI_REASON", "test")
	w := watchTwo(t)
	tree := map[string]*cobra.Command{}
	leaves(freshTree(), nil, tree)
	opened := map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(tree)) {
		words := strings.Fields(name)
		runs := namings(words, useful[name], textFlags(tree[name]))
		if words[0] == "compliance" || words[0] == "doctor" { // these start or read programs, seconds each
			runs = runs[1:6]
		}
		for _, args := range runs {
			for _, env := range []string{"", "P2"} {
				if env != "" && slices.Contains(args, "-p") {
					continue
				}
				t.Setenv("POSTERIORI_PROCEDURE", env)
				both, some := w.run(args)
				opened[name] = opened[name] || some
				if both != "" && across[name] == "" {
					t.Errorf("%q reached two procedures: %s", args, both)
				}
			}
		}
	}
	seen := 0
	for name := range opened {
		if opened[name] {
			seen++
		}
	}
	if len(tree) < 40 || seen < 12 {
		t.Errorf("%d commands, of which %d opened an index: this proves little", len(tree), seen)
	}
	// The watching finds a command that does reach two.
	both, _ := w.watch(func() {
		s, err := engine.Open("store")
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range w.ids {
			if _, err := s.ProcedureKey(id); err != nil {
				t.Fatal(err)
			}
		}
	})
	if both == "" {
		t.Error("opening two keys is not noticed: this proves nothing")
	}
}

// twoProcedures watches the files of two procedures.
type twoProcedures struct {
	t    *testing.T
	ids  []string
	fd   int
	dirs map[int32]string // by watch: the procedure, or "" for the keys
}

// watchTwo makes a store of two procedures with the same content, and watches.
func watchTwo(t *testing.T) *twoProcedures {
	t.Helper()
	w := &twoProcedures{t: t, ids: []string{"P1", "P2"}, dirs: map[int32]string{}}
	must := func(args ...string) {
		t.Helper()
		var errs strings.Builder
		if code := newApp(strings.NewReader(""), io.Discard, &errs).execute(args); code != 0 {
			t.Fatalf("%v: %s", args, errs.String())
		}
	}
	must("init", "--demo")
	for _, id := range w.ids {
		must("procedure", "open", id, "--frame", "flagrance", "--offence", "vol", "--imprisonment", "--service", "S", "--parquet", "1")
	}
	s, err := engine.Open("store")
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range w.ids {
		p, err := s.OpenProcedure(id)
		if err != nil {
			t.Fatal(err)
		}
		ix, err := p.Index(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := fill(ix); err != nil {
			t.Fatal(err)
		}
		ix.Close()
	}
	if w.fd, err = unix.InotifyInit1(unix.IN_NONBLOCK | unix.IN_CLOEXEC); err != nil {
		t.Skipf("this system tells no accesses: %v", err)
	}
	t.Cleanup(func() { unix.Close(w.fd) })
	for dir, id := range map[string]string{"store/keys": "", "store/procedures/P1": "P1", "store/procedures/P2": "P2"} {
		n, err := unix.InotifyAddWatch(w.fd, dir, unix.IN_OPEN)
		if err != nil {
			t.Fatal(err)
		}
		w.dirs[int32(n)] = id
	}
	return w
}

// run runs one command line, at most for some seconds: a server would stay.
func (w *twoProcedures) run(args []string) (both string, some bool) {
	return w.watch(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
		defer cancel()
		root := newApp(strings.NewReader(""), io.Discard, io.Discard).root()
		root.SetArgs(args)
		_ = root.ExecuteContext(ctx)
	})
}

// watch calls f and tells what of both procedures it opened or wrote, and
// whether it opened anything.
func (w *twoProcedures) watch(f func()) (both string, some bool) {
	w.opened()
	before := w.journals()
	f()
	touched := w.opened()
	for i, n := range w.journals() {
		if n != before[i] {
			touched[w.ids[i]] = append(touched[w.ids[i]], "a record in its journal")
		}
	}
	for _, what := range touched {
		some = some || slices.Contains(what, "index.db")
	}
	if len(touched) > 1 {
		both = fmt.Sprint(touched)
	}
	return both, some
}

func (w *twoProcedures) journals() (sizes []int64) {
	for _, id := range w.ids {
		info, err := os.Stat(filepath.Join("store", "procedures", id, "journal", "entries"))
		if err != nil {
			w.t.Fatal(err)
		}
		sizes = append(sizes, info.Size())
	}
	return sizes
}

// opened reads which keys and indexes were opened since the last call.
func (w *twoProcedures) opened() map[string][]string {
	out := map[string][]string{}
	buf := make([]byte, 1<<20)
	for {
		n, err := unix.Read(w.fd, buf)
		if err != nil || n <= 0 {
			return out
		}
		for b := buf[:n]; len(b) >= unix.SizeofInotifyEvent; {
			length := binary.NativeEndian.Uint32(b[12:])
			name := strings.TrimRight(string(b[unix.SizeofInotifyEvent:][:length]), "\x00")
			id := w.dirs[int32(binary.NativeEndian.Uint32(b))]
			if id == "" {
				id, _ = strings.CutSuffix(name, ".index.key")
			}
			if slices.Contains(w.ids, id) && (strings.HasPrefix(name, "index.db") || strings.HasSuffix(name, ".index.key")) {
				out[id] = append(out[id], name)
			}
			b = b[unix.SizeofInotifyEvent+length:]
		}
	}
}
