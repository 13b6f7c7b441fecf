package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	ll "github.com/landlock-lsm/go-landlock/landlock/syscall"
	"golang.org/x/sys/unix"

	"posteriori/engine/fault"
	"posteriori/engine/wire"
)

// The test binary is the worker when it is started as one. With
// $POSTERIORI_TEST_READ it confines itself as for its job and then tries to
// read that file, or what else try knows.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 {
		os.Exit(m.Run())
	}
	if name := os.Getenv("POSTERIORI_TEST_READ"); name != "" {
		os.Exit(tryRead(name))
	}
	main()
}

func tryRead(name string) int {
	var job wire.Job
	if err := json.NewDecoder(os.Stdin).Decode(&job); err != nil {
		return 90
	}
	if _, err := confine(job); err != nil {
		return 91
	}
	err := try(name)
	switch {
	case err == nil:
		return 0
	case errors.Is(err, os.ErrPermission), errors.Is(err, syscall.EAGAIN), errors.Is(err, syscall.EFBIG):
		return 13
	}
	fmt.Fprintln(os.Stderr, err)
	return 92
}

// try does what no worker may: reads a file, or what stands before a colon.
func try(what string) error {
	verb, name, _ := strings.Cut(what, ":")
	switch verb {
	case "write":
		signal.Ignore(syscall.SIGXFSZ)
		return os.WriteFile(name, []byte("x"), 0o600)
	case "socket":
		_, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_DGRAM, 0)
		return err
	case "local socket":
		_, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
		return err
	case "namespace":
		return syscall.Unshare(syscall.CLONE_NEWUSER)
	case "trace":
		return syscall.PtraceAttach(os.Getppid())
	case "signal":
		return syscall.Kill(os.Getppid(), 0)
	case "become root":
		return syscall.Setuid(0)
	case "fork":
		return forkWithoutEnd()
	case "memory":
		return takeMemory()
	case "compute":
		return computeWithoutEnd()
	case "child": // as FFmpeg is
		out, err := exec.Command("/bin/sh", "-c", name).CombinedOutput()
		if err != nil && (bytes.Contains(out, []byte("ermission denied")) || bytes.Contains(out, []byte("not permitted"))) {
			return os.ErrPermission
		}
		if err != nil {
			return fmt.Errorf("%w: %s", err, out)
		}
		return nil
	}
	_, err := os.ReadFile(what)
	return err
}

// takeMemory maps memory until no more is given.
func takeMemory() error {
	for range 60 << 10 { // MiB
		if _, err := unix.Mmap(-1, 0, 1<<20, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON); err != nil {
			return os.ErrPermission
		}
	}
	return nil
}

// computeWithoutEnd says whether an end is set, and that it can only be lowered.
func computeWithoutEnd() error {
	var l unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_CPU, &l); err != nil || l.Max > uint64((90*24*time.Hour).Seconds()) {
		return err
	}
	return unix.Setrlimit(unix.RLIMIT_CPU, &unix.Rlimit{Cur: l.Max + 1, Max: l.Max + 1})
}

// forkWithoutEnd starts processes until one is refused. Where the limit leaves
// room for those of other containers, it says that there is one to stay.
func forkWithoutEnd() error {
	if n := unseenTasks(); n > 0 {
		var l unix.Rlimit
		if err := unix.Getrlimit(unix.RLIMIT_NPROC, &l); err != nil || l.Max > uint64(2*n) {
			return err
		}
		return unix.Setrlimit(unix.RLIMIT_NPROC, &unix.Rlimit{Cur: l.Max + 1, Max: l.Max + 1})
	}
	var all []*exec.Cmd
	defer func() {
		for _, c := range all {
			_ = c.Process.Kill()
			_ = c.Wait()
		}
	}()
	for range 1000 + 100*runtime.NumCPU() {
		c := exec.Command("/bin/sleep", "60")
		if err := c.Start(); err != nil {
			return err
		}
		all = append(all, c)
	}
	return nil
}

// command is the worker with this job, in a group of its own as the parent
// starts it.
func command(t *testing.T, env ...string) *exec.Cmd {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), exe)
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "LD_LIBRARY_PATH=" + os.Getenv("LD_LIBRARY_PATH"), "HOME=/nonexistent"}, env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return cmd
}

func jobLine(t *testing.T, job wire.Job) string {
	t.Helper()
	if job.Version == 0 {
		job.Version = wire.Version
	}
	b, err := json.Marshal(job)
	if err != nil {
		t.Fatal(err)
	}
	return string(b) + "\n"
}

// ask gives the worker a line and reads its answer to the end, its input held open.
func ask(t *testing.T, line string) (kinds string, last wire.Message) {
	t.Helper()
	cmd := command(t)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(in, line)
	r := wire.NewReader(out)
	for {
		m, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		kinds, last = kinds+string(rune(m.Kind)), m
	}
	in.Close()
	_ = cmd.Wait()
	return kinds, last
}

func film(t *testing.T, seconds int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "film.mkv")
	out, err := exec.Command("ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc2=s=640x360:r=25:d="+strconv.Itoa(seconds),
		"-c:v", "libx264", "-preset", "ultrafast", path).CombinedOutput()
	if err != nil {
		t.Fatalf("ffmpeg: %v: %s", err, out)
	}
	return path
}

func TestRefusesWhatIsNoJob(t *testing.T) {
	for line, want := range map[string]fault.Kind{
		"{\n":                             fault.Usage,
		"null\n":                          fault.Usage,
		jobLine(t, wire.Job{Version: 99}): fault.Usage,
		jobLine(t, wire.Job{}):            fault.Usage,
		jobLine(t, wire.Job{Path: "/dev/zero", Probe: &wire.ProbeJob{ChunkUS: 1e6}}):     fault.Refused,
		jobLine(t, wire.Job{Path: "/no/such/file", Probe: &wire.ProbeJob{ChunkUS: 1e6}}): fault.BadInput,
	} {
		_, m := ask(t, line)
		var f wire.Failure
		if err := m.Into(&f); m.Kind != wire.KindFailure || err != nil || fault.Kind(f.Fault) != want {
			t.Errorf("%s: %c %+v, %v", line, m.Kind, f, err)
		}
		if strings.Contains(f.Msg, "/no/such") {
			t.Errorf("the message names the file: %q", f.Msg)
		}
	}
}

func TestProbes(t *testing.T) {
	kinds, _ := ask(t, jobLine(t, wire.Job{Path: film(t, 1), Probe: &wire.ProbeJob{ChunkUS: 1e6}}))
	if kinds != "HPD" {
		t.Errorf("messages %q, want hello, probe, done", kinds)
	}
}

// TestSandbox: with a job over one file the process reads that file and what
// programs need, no other, and can do nothing else to the machine.
func TestSandbox(t *testing.T) {
	if v, err := ll.LandlockGetABIVersion(); err != nil || v <= 0 {
		t.Skip("no landlock in this kernel")
	}
	dir := t.TempDir()
	mine, other := filepath.Join(dir, "film"), filepath.Join(dir, "key")
	lib := filepath.Join(dir, "libonnxruntime.so.1")
	for _, f := range []string{mine, other, lib} {
		if err := os.WriteFile(f, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	store := filepath.Join(dir, "store")
	for _, f := range []string{"keys/journal.key", "keys/P1.index.key", "journal/entries", "procedures/P1/index.db"} {
		f = filepath.Join(store, f)
		if err := os.MkdirAll(filepath.Dir(f), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(f, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	probe := jobLine(t, wire.Job{Path: mine, Probe: &wire.ProbeJob{}})
	describe := jobLine(t, wire.Job{Describe: &wire.DescribeJob{Engine: wire.Engine{ORTPath: lib}}})
	if err := os.Mkdir(filepath.Join(dir, "out"), 0o700); err != nil {
		t.Fatal(err)
	}
	clip := jobLine(t, wire.Job{Path: mine, Clip: &wire.ClipJob{Out: filepath.Join(dir, "out", "clip.mkv")}})
	gpus, _ := filepath.Glob("/dev/nvidia*")
	tests := []struct {
		name, job, file string
		want            int
	}{
		{"its file", probe, mine, 0},
		{"another", probe, other, 13},
		{"a library beside", probe, lib, 13},
		{"the library", describe, lib, 0},
		{"a file beside the library", describe, other, 13},
		{"this test", probe, filepath.Join(mustWd(t), "worker_test.go"), 13},
		{"parent's environment", probe, fmt.Sprintf("/proc/%d/environ", os.Getpid()), 13},
		{"the first process's environment", probe, "/proc/1/environ", 13},
		{"the parent's memory map", probe, fmt.Sprintf("/proc/%d/maps", os.Getpid()), 13},
		{"a new file", probe, "write:" + filepath.Join(dir, "new"), 13},
		{"its file, to write", probe, "write:" + mine, 13},
		{"a socket", probe, "socket", 13},
		{"a socket of this machine", probe, "local socket", 13},
		{"a namespace", probe, "namespace", 13},
		{"tracing the parent", probe, "trace", 13},
		{"forks without end", probe, "fork", 13},
		{"the signing key", probe, filepath.Join(store, "keys", "journal.key"), 13},
		{"a procedure's key", probe, filepath.Join(store, "keys", "P1.index.key"), 13},
		{"the journal", probe, filepath.Join(store, "journal", "entries"), 13},
		{"the index", probe, filepath.Join(store, "procedures", "P1", "index.db"), 13},
		{"memory without end", probe, "memory", 13},
		{"computing without end", probe, "compute", 13},
		{"its child: its file", probe, "child:cat " + mine, 0},
		{"its child: another", probe, "child:cat " + other, 13},
		{"its child: the signing key", probe, "child:cat " + filepath.Join(store, "keys", "journal.key"), 13},
		{"its child: a new file", probe, "child:: > " + filepath.Join(dir, "new"), 13},
		{"its child: a socket", probe, "child:ffmpeg -v error -i tcp://127.0.0.1:9 -f null -", 13},
		{"its child: the first process's environment", probe, "child:cat /proc/1/environ", 13},
		{"its child: a namespace", probe, "child:unshare --user true", 13},
		{"a file of a render, beside its folder", clip, "write:" + filepath.Join(dir, "new"), 13},
		{"a file of a render", clip, "write:" + filepath.Join(dir, "out", "clip.mkv"), 0},
	}
	if os.Getuid() == 0 {
		tests = append(tests, []struct {
			name, job, file string
			want            int
		}{
			{"a signal to root's process", probe, "signal", 13},
			{"being root again", probe, "become root", 13},
		}...)
	}
	for _, c := range tests {
		t.Run(c.name, func(t *testing.T) {
			if len(gpus) > 0 && c.file == "local socket" {
				t.Skip("a GPU's driver needs it")
			}
			cmd := command(t, "POSTERIORI_TEST_READ="+c.file)
			cmd.Stdin = strings.NewReader(c.job)
			var said bytes.Buffer
			cmd.Stderr = &said
			_ = cmd.Run()
			if got := cmd.ProcessState.ExitCode(); got != c.want {
				t.Errorf("%s ended with %d, want %d: %s", c.file, got, c.want, said.String())
			}
		})
	}
}

// TestUnseenTasks: room for processes that count and cannot be seen is left in a
// container, and nowhere else: not on the machine itself, and not where a user
// namespace of the worker's own counts for itself.
func TestUnseenTasks(t *testing.T) {
	const ask = "POSTERIORI_TEST_UNSEEN"
	if os.Getenv(ask) != "" {
		fmt.Printf("unseen %d\n", unseenTasks())
		return
	}
	own := []syscall.SysProcIDMap{{ContainerID: os.Getuid(), HostID: os.Getuid(), Size: 1}}
	hidden := fmt.Sprint(4096 + 512*runtime.NumCPU())
	for name, c := range map[string]struct {
		attr syscall.SysProcAttr
		want string
	}{
		"here":                  {syscall.SysProcAttr{}, "0"},
		"container":             {syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID}, hidden},
		"worker in a container": {syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWUSER, UidMappings: own}, "0"},
	} {
		t.Run(name, func(t *testing.T) {
			if ns, _ := os.Readlink("/proc/self/ns/pid"); ns != "pid:[4026531836]" {
				t.Skip("this is a container already")
			}
			exe, err := os.Executable()
			if err != nil {
				t.Fatal(err)
			}
			cmd := exec.Command(exe, "-test.run=^TestUnseenTasks$")
			cmd.Env, cmd.SysProcAttr = append(os.Environ(), ask+"=1"), &c.attr
			out, err := cmd.CombinedOutput()
			if err != nil && c.attr.Cloneflags != 0 {
				t.Skipf("no namespaces here: %v: %s", err, out)
			}
			if !strings.Contains(string(out), "unseen "+c.want+"\n") {
				t.Errorf("want %s: %s", c.want, out)
			}
		})
	}
}

func mustWd(t *testing.T) string {
	t.Helper()
	wd, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	return wd
}

// TestDiesWithItsParent: when its input ends, or it is killed, it leaves
// neither itself nor FFmpeg behind.
func TestDiesWithItsParent(t *testing.T) {
	path := film(t, 40)
	job := jobLine(t, wire.Job{Path: path, Analyse: &wire.AnalyseJob{
		Probe: wire.Probe{Format: "matroska,webm", Width: 640, Height: 360, TimeBase: wire.Rational{Num: 1, Den: 1000},
			DurationUS: 40e6, FrameUS: 40_000},
		Chunks: []wire.Chunk{{EndPTS: 1 << 62, EndUS: 40e6, Packets: 1000}},
		Engine: wire.Engine{Device: "cpu", Threads: 1},
	}})
	for _, how := range []string{"input ends", "killed"} {
		t.Run(how, func(t *testing.T) {
			cmd := command(t)
			in, err := cmd.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			fmt.Fprint(in, job)
			r := wire.NewReader(out)
			for m, err := r.Next(); m.Kind != wire.KindProgress; m, err = r.Next() {
				if err != nil {
					t.Fatalf("it ended too soon: %v", err)
				}
			}
			if len(users(path)) == 0 {
				t.Fatal("no FFmpeg reads the film")
			}
			if how == "killed" {
				_ = cmd.Process.Kill()
			} else {
				in.Close()
			}
			_, _ = io.Copy(io.Discard, out)
			_ = cmd.Wait()
			for end := time.Now().Add(20 * time.Second); len(users(path)) > 0; time.Sleep(20 * time.Millisecond) {
				if time.Now().After(end) {
					t.Fatalf("still there: %q", users(path))
				}
			}
		})
	}
}

// users are the command lines of the processes that name path.
func users(path string) []string {
	var out []string
	lines, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, l := range lines {
		if b, err := os.ReadFile(l); err == nil && bytes.Contains(b, []byte(path)) {
			out = append(out, string(b))
		}
	}
	return out
}
