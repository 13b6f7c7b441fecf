package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"posteriori/testdata/postgres"
	"posteriori/testdata/timedworker"
)

// fleet is a coordinator's store with a manifest, a queue, a spool, and machines
// that see the recordings at another place.
type fleet struct {
	programs
	server   *postgres.Server
	dir      string
	seized   string
	share    string // seized, as machines see it
	spool    string
	manifest string
}

// newFleet has the recordings in a folder whose name must show nowhere.
func newFleet(t *testing.T, p programs) *fleet {
	t.Helper()
	f := &fleet{programs: p, server: postgres.New(t), dir: t.TempDir()}
	f.seized, f.share, f.spool = filepath.Join(f.dir, "scellé Dupont"), filepath.Join(f.dir, "share"), filepath.Join(f.dir, "spool")
	for _, d := range []string{f.seized, f.spool} {
		if err := os.Mkdir(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(f.seized, f.share); err != nil {
		t.Fatal(err)
	}
	f.manifest = filepath.Join(f.dir, "manifest.yaml")
	return f
}

// timedPrograms are the programs with a worker that takes a set time.
func timedPrograms(t *testing.T) programs {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(t.TempDir(), timedworker.Name)
	if err := os.Symlink(exe, link); err != nil {
		t.Fatal(err)
	}
	return programs{t, append(os.Environ(), "POSTERIORI_WORKER="+link, "POSTERIORI_ONNXRUNTIME=", "POSTERIORI_REASON=audition Martin", "POSTERIORI_PROCEDURE=E2E")}
}

// record puts a recording in; the manifest lists what was put in.
func (f *fleet) record(name string, text []byte) {
	f.t.Helper()
	if err := os.WriteFile(filepath.Join(f.seized, name), text, 0o600); err != nil {
		f.t.Fatal(err)
	}
}

func (f *fleet) writeManifest() {
	f.t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "plan:\n  version: 1\n  made: 2026-03-02T10:00:00Z\n  roots: [%q]\n  exhibit: S1\n  basis: seizure\n  zone: UTC\n  totals: {files: 1, bytes: 1, analyse: 1, leave-out: 0, duplicates: 0, cameras: 1, length: 1s, unknown-length: 0}\n---\n", f.seized)
	b.WriteString("camera:\n  name: rue Haute\n  confirmed: true\n  clock: {from: none, offset: 0s, uncertainty: 0s}\n  key: k\n  length: 0s\n  gaps: {count: 0, length: 0s}\n  overlaps: {count: 0, length: 0s}\n  files:\n")
	list, err := os.ReadDir(f.seized)
	if err != nil {
		f.t.Fatal(err)
	}
	for _, e := range list {
		info, err := e.Info()
		if err != nil {
			f.t.Fatal(err)
		}
		fmt.Fprintf(&b, "  - {path: %q, bytes: %d, kind: video, action: analyse}\n", filepath.Join(f.seized, e.Name()), info.Size())
	}
	if err := os.WriteFile(f.manifest, []byte(b.String()), 0o600); err != nil {
		f.t.Fatal(err)
	}
}

// newStore makes one with an authorised procedure.
func (f *fleet) newStore(name string) string {
	f.t.Helper()
	store := filepath.Join(f.dir, name, "store")
	if err := os.Mkdir(filepath.Dir(store), 0o755); err != nil {
		f.t.Fatal(err)
	}
	f.run(store, "init", "--demo")
	f.run(store, "procedure", "open", "E2E", "--frame", "flagrance", "--offence", "vol", "--imprisonment", "--service", "SRPJ", "--parquet", "1")
	return store
}

// process is a program under way.
type process struct {
	*exec.Cmd
	out  bytes.Buffer
	done chan error
}

// begin starts posteriori with the queue.
func (f *fleet) begin(store string, args ...string) *process {
	f.t.Helper()
	p := &process{Cmd: f.command(store, args...), done: make(chan error, 1)}
	p.Env = append(p.Env, "POSTERIORI_QUEUE="+f.server.URL, "POSTERIORI_SPOOL="+f.spool)
	p.Stdout, p.Stderr = &p.out, &p.out
	if err := p.Start(); err != nil {
		f.t.Fatal(err)
	}
	go func() { p.done <- p.Wait() }()
	return p
}

// machine starts a worker machine that takes two chunks at a time.
func (f *fleet) machine() *process {
	none := filepath.Join(f.dir, "machine", "store") // it must open none
	if err := os.MkdirAll(filepath.Dir(none), 0o755); err != nil {
		f.t.Fatal(err)
	}
	p := f.begin(none, "batch", "worker", "--workers", "2", "--map", f.seized+"="+f.share, "--device", "cpu", "--name", "PC-7")
	f.t.Cleanup(func() {
		if p.ProcessState == nil {
			_ = p.Process.Kill()
			<-p.done
		}
	})
	return p
}

// kill is kill -9.
func (p *process) kill(t *testing.T) {
	t.Helper()
	if err := p.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		t.Fatal(err)
	}
	p.done <- <-p.done
}

// ended tells whether a program has, and its exit status.
func (p *process) ended() (code int, ended bool) {
	select {
	case err := <-p.done:
		p.done <- err
		return p.ProcessState.ExitCode(), true
	default:
		return 0, false
	}
}

// ends waits for a program and returns its exit status.
func (p *process) ends(t *testing.T, within time.Duration) int {
	t.Helper()
	select {
	case err := <-p.done:
		p.done <- err
		return p.ProcessState.ExitCode()
	case <-time.After(within):
		t.Fatalf("it does not end within %v:\n%s", within, p.out.String())
		return 0
	}
}

// canonical is what an index holds: each object with the name of its file in
// place of the recording's number, which is the order of imports.
func (f *fleet) canonical(store string) []string {
	f.t.Helper()
	var account struct {
		Items []struct {
			Path      string
			Recording int64
			State     string
		}
	}
	if err := json.Unmarshal([]byte(f.run(store, "batch", "status", "--all", "--json")), &account); err != nil {
		f.t.Fatal(err)
	}
	names := map[int64]string{}
	for _, it := range account.Items {
		names[it.Recording] = it.Path + " " + it.State
	}
	var out []string
	for _, o := range objects(f.t, f.index(store)) {
		m := o.(map[string]any)
		id, ok := m["recording"].(float64)
		if !ok {
			f.t.Fatalf("an object without a recording: %v", m)
		}
		m["recording"] = names[int64(id)]
		b, err := json.Marshal(m)
		if err != nil {
			f.t.Fatal(err)
		}
		out = append(out, string(b))
	}
	slices.Sort(out)
	return out
}

// counts of records say that nothing was done twice or not at all.
func (f *fleet) records(store, sub string) int {
	f.t.Helper()
	return strings.Count(f.run(store, "journal", "show", "--sub", sub, "--outcome", "ok", "--json"), fmt.Sprintf("%q: %q", "sub", sub))
}

// Two machines and a coordinator find what one machine finds. The queue holds
// nothing but references all the while, and the password is nowhere.
func TestManyMachines(t *testing.T) {
	p := newPrograms(t)
	f := newFleet(t, p)
	clip, _ := street(t, 320, 180)
	for i := range 3 { // files of their own: the same scene, cut differently
		out := filepath.Join(f.seized, fmt.Sprintf("Jean Martin %d.mp4", i))
		cmd := exec.Command("ffmpeg", "-v", "error", "-t", strconv.Itoa(12+2*i), "-i", clip, "-c", "copy", out)
		if b, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, b)
		}
	}
	f.writeManifest()
	alone := f.newStore("alone")
	f.run(alone, "batch", "run", f.manifest, "--detector", "none")
	want := f.canonical(alone)
	if len(want) < 5 {
		t.Fatalf("only %d objects: this proves little", len(want))
	}

	store := f.newStore("many")
	one, two := f.machine(), f.machine()
	c := f.begin(store, "batch", "run", f.manifest, "--detector", "none")
	var dumps int
	for running := true; running; {
		select {
		case err := <-c.done:
			c.done <- err
			running = false
		case <-time.After(50 * time.Millisecond):
			b, err := f.server.Dump()
			if err != nil || !bytes.Contains(b, []byte("INSERT INTO public.river_job")) {
				continue // its tables are being made, or nothing is in them yet
			}
			dumps++
			for _, bad := range []string{"Martin", "Dupont", "mp4", "seized", "E2E", "SRPJ", "rue Haute", "vol", f.dir, "audition"} {
				if bytes.Contains(b, []byte(bad)) {
					t.Errorf("the queue holds %q:\n%s", bad, b)
				}
			}
		}
	}
	if code := c.ends(t, time.Minute); code != 0 {
		t.Fatalf("exit status %d\n%s", code, c.out.String())
	}
	if dumps == 0 {
		t.Error("the queue was never seen at work")
	}
	if d := cmp.Diff(want, f.canonical(store)); d != "" {
		t.Errorf("another index (-one machine +many):\n%s", d)
	}
	if n := f.records(store, "import"); n != 3 {
		t.Errorf("%d imports in the journal", n)
	}
	f.run(store, "journal", "verify")
	report := filepath.Join(f.dir, "rapport.html")
	f.run(store, "report", "-o", report)
	if b, err := os.ReadFile(report); err != nil || !bytes.Contains(b, []byte("PC-7")) {
		t.Errorf("the report does not say which machines worked: %v", err)
	}
	status := f.begin(store, "batch", "status")
	if status.ends(t, time.Minute) != 0 || !strings.Contains(status.out.String(), "queue: 2 machines for 4 chunks at a time; 0 chunks under way, 0 wait") {
		t.Errorf("status: %s", status.out.String())
	}
	for _, m := range []*process{one, two} {
		if err := m.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		if code := m.ends(t, 20*time.Second); code != 0 {
			t.Errorf("a machine that was told to stop: exit status %d", code)
		}
		if bytes.Contains(m.out.Bytes(), []byte("Martin")) {
			t.Errorf("a machine names a file:\n%s", m.out.String())
		}
	}
	for _, where := range []string{filepath.Join(f.dir, "many"), f.spool} {
		if found := holding(t, where, postgres.Password); found != "" {
			t.Errorf("%s holds the password", found)
		}
	}
	for _, text := range []string{c.out.String(), one.out.String(), status.out.String(), f.run(store, "batch", "run", "--help")} {
		if strings.Contains(text, postgres.Password) {
			t.Errorf("the password is told:\n%s", text)
		}
	}
	if left, err := os.ReadDir(f.spool); err != nil || len(left) > 0 {
		t.Errorf("left in the spool: %v, %v", left, err)
	}
	if _, err := os.Stat(filepath.Join(f.dir, "machine", "store")); !errors.Is(err, fs.ErrNotExist) {
		t.Error("a machine made a store")
	}
}

// holding is the first file below dir with such bytes in it.
func holding(t *testing.T, dir, what string) (found string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() || found != "" {
			return err
		}
		b, err := os.ReadFile(path)
		if bytes.Contains(b, []byte(what)) {
			found = path
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// A veto stops the work on every machine within seconds, and a pause does.
func TestManyMachinesVeto(t *testing.T) {
	f := newFleet(t, timedPrograms(t))
	for i := range 6 {
		f.record(fmt.Sprintf("%d.mp4", i), timedworker.Recording(1, time.Hour, strconv.Itoa(i)))
	}
	f.writeManifest()
	paper := filepath.Join(f.dir, "paper.pdf")
	if err := os.WriteFile(paper, []byte("%PDF-1.7\nmade up\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	veto := func(store string) {
		f.run(store, "procedure", "veto", "E2E", "--magistrate", "M", "--quality", "procureur", "--date", "2025-03-03", "--reference", "V", "--document", paper)
	}
	// One that waits for machines to read its files stops too.
	waiting := f.newStore("waiting")
	c := f.begin(waiting, "batch", "run", f.manifest, "--detector", "none")
	eventually(t, "the run waits", 20*time.Second, func() bool {
		b, err := f.server.Dump()
		return err == nil && bytes.Count(b, []byte("INSERT INTO public.river_job ")) > 0
	})
	veto(waiting)
	if code := c.ends(t, 10*time.Second); code != 3 || !strings.Contains(c.out.String(), "rule: 4") {
		t.Errorf("vetoed while it waited: exit status %d\n%s", code, c.out.String())
	}

	store := f.newStore("many")
	f.machine()
	f.machine()
	c = f.begin(store, "batch", "run", f.manifest, "--detector", "none")
	busy := func(n int) func() bool { return func() bool { return f.working() == n } }
	eventually(t, "four chunks are worked on", 30*time.Second, busy(4))
	f.run(store, "batch", "pause")
	t.Logf("paused: all stopped after %v", eventually(t, "all stops", 8*time.Second, busy(0)))
	if code := c.ends(t, 10*time.Second); code != 0 {
		t.Errorf("paused: exit status %d\n%s", code, c.out.String())
	}
	c = f.begin(store, "batch", "resume", "--detector", "none")
	eventually(t, "four chunks are worked on", 30*time.Second, busy(4))
	veto(store)
	t.Logf("vetoed: all stopped after %v", eventually(t, "all stops", 8*time.Second, busy(0)))
	if code := c.ends(t, 10*time.Second); code != 3 || !strings.Contains(c.out.String(), "rule: 4") {
		t.Errorf("vetoed: exit status %d\n%s", code, c.out.String())
	}
	time.Sleep(2 * time.Second)
	if n := f.working(); n > 0 {
		t.Errorf("%d chunks are worked on after the veto", n)
	}
	// A batch that is cancelled with nobody there leaves nothing behind.
	cancel := f.begin(store, "batch", "cancel")
	if code := cancel.ends(t, 20*time.Second); code != 0 {
		t.Errorf("cancel: %s", cancel.out.String())
	}
	b, err := f.server.Dump()
	if err != nil || bytes.Contains(b, []byte("INSERT INTO public.river_job ")) || bytes.Contains(b, []byte("INSERT INTO public.posteriori_run ")) {
		t.Errorf("left in the queue: %v\n%s", err, b)
	}
	if left, err := os.ReadDir(f.spool); err != nil || len(left) > 0 {
		t.Errorf("left in the spool: %v, %v", left, err)
	}
}

// working is how many worker processes of this test's there are.
func (f *fleet) working() (n int) {
	worker := ""
	for _, e := range f.env {
		if v, ok := strings.CutPrefix(e, "POSTERIORI_WORKER="); ok {
			worker = v
		}
	}
	all, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, path := range all {
		b, err := os.ReadFile(path)
		if err == nil && bytes.HasPrefix(b, []byte(worker+"\x00")) {
			n++
		}
	}
	return n
}

func eventually(t *testing.T, what string, within time.Duration, ok func() bool) time.Duration {
	t.Helper()
	began := time.Now()
	for !ok() {
		if time.Since(began) > within {
			t.Fatalf("%s: not within %v", what, within)
		}
		time.Sleep(30 * time.Millisecond)
	}
	return time.Since(began).Round(10 * time.Millisecond)
}
