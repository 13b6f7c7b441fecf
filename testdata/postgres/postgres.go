// Package postgres starts a PostgreSQL server of a test's own, from Debian's
// package: in a temporary folder, on a free port of the loopback, for the time
// of the test. The system's own server, if any, is left alone.
package postgres

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// ErrMissing says that this machine has no PostgreSQL server to start.
var ErrMissing = errors.New("there is no PostgreSQL server on this machine (Debian's package is called postgresql)")

// Password is what the server asks for: tests look for it where it must not be.
const Password = "tr3s-secret"

// Server is one server.
type Server struct {
	URL string // with the password

	dir  string
	bin  string
	port int
	cred *syscall.Credential
	cmd  *exec.Cmd
	log  string
}

// New starts a server for a test, and skips the test where none can be had.
func New(t testing.TB) *Server {
	t.Helper()
	s, err := Start()
	if errors.Is(err, ErrMissing) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			if b, err := os.ReadFile(s.log); err == nil {
				t.Logf("the server's log ends:\n%s", b[max(0, len(b)-4000):])
			}
		}
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// Start makes a new cluster and runs its server. It is durable, as one for
// work is.
func Start() (*Server, error) {
	bin, err := binaries()
	if err != nil {
		return nil, err
	}
	s := &Server{bin: bin}
	if s.dir, err = os.MkdirTemp("", "pg"); err != nil {
		return nil, err
	}
	if err := s.initialise(); err != nil {
		os.RemoveAll(s.dir)
		return nil, err
	}
	if err := s.Run(); err != nil {
		os.RemoveAll(s.dir)
		return nil, err
	}
	return s, nil
}

// binaries is the folder of the newest server that is installed.
func binaries() (string, error) {
	all, err := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	if err != nil || len(all) == 0 {
		if path, err := exec.LookPath("postgres"); err == nil {
			return filepath.Dir(path), nil
		}
		return "", ErrMissing
	}
	version := func(path string) int {
		n, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path))))
		return n
	}
	return filepath.Dir(slices.MaxFunc(all, func(a, b string) int { return version(a) - version(b) })), nil
}

func (s *Server) initialise() error {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return err
	}
	s.port = l.Addr().(*net.TCPAddr).Port
	l.Close()
	if err := s.unprivileged(); err != nil {
		return err
	}
	s.log = filepath.Join(s.dir, "log")
	u := url.URL{Scheme: "postgres", User: url.UserPassword("posteriori", Password), Host: fmt.Sprintf("127.0.0.1:%d", s.port),
		Path: "/postgres", RawQuery: "sslmode=disable"}
	s.URL = u.String()
	word := filepath.Join(s.dir, "word")
	if err := os.WriteFile(word, []byte(Password+"\n"), 0o644); err != nil {
		return err
	}
	defer os.Remove(word)
	cmd := s.command("initdb", "-D", filepath.Join(s.dir, "data"), "-U", "posteriori", "-E", "UTF8", "--locale=C",
		"--auth=scram-sha-256", "--pwfile="+word, "--no-sync")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}
	return nil
}

// unprivileged lets root start what refuses root.
func (s *Server) unprivileged() error {
	if os.Getuid() != 0 {
		return nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, uerr := strconv.ParseUint(u.Uid, 10, 32)
		gid, gerr := strconv.ParseUint(u.Gid, 10, 32)
		if err := errors.Join(uerr, gerr); err != nil {
			return err
		}
		s.cred = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
		return os.Chown(s.dir, int(uid), int(gid))
	}
	return fmt.Errorf("%w: root may not start one, and there is no account postgres or nobody", ErrMissing)
}

func (s *Server) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(s.bin, name), args...)
	cmd.Dir = s.dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Credential: s.cred, Pdeathsig: syscall.SIGINT}
	return cmd
}

// Run starts the server on the same port and files as before, and waits until
// it answers.
func (s *Server) Run() error {
	out, err := os.OpenFile(s.log, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer out.Close()
	var last error
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		cmd := s.command("postgres", "-D", "data", "-p", strconv.Itoa(s.port), "-c", "listen_addresses=127.0.0.1",
			"-c", "unix_socket_directories=", "-c", "logging_collector=off")
		cmd.Stdout, cmd.Stderr = out, out
		if err := cmd.Start(); err != nil {
			return err
		}
		if last = s.answers(deadline); last == nil {
			s.cmd = cmd
			return nil
		}
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // what another had left may keep it from starting yet
	}
	b, _ := os.ReadFile(s.log)
	return fmt.Errorf("the server does not start: %w\n%s", last, b[max(0, len(b)-2000):])
}

func (s *Server) answers(deadline time.Time) error {
	var last error
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end) && time.Now().Before(deadline); time.Sleep(30 * time.Millisecond) {
		out, err := s.command("pg_isready", "-q", "-h", "127.0.0.1", "-p", strconv.Itoa(s.port)).CombinedOutput()
		if err == nil {
			return nil
		}
		last = fmt.Errorf("pg_isready: %w %s", err, bytes.TrimSpace(out))
	}
	return last
}

// Kill kills the server and its children at once, as kill -9 does.
func (s *Server) Kill() error {
	pid := s.cmd.Process.Pid
	children, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	err := s.cmd.Process.Kill()
	for _, c := range strings.Fields(string(children)) {
		if n, err := strconv.Atoi(c); err == nil {
			_ = syscall.Kill(n, syscall.SIGKILL) // it may have gone with its parent
		}
	}
	_ = s.cmd.Wait()
	s.cmd = nil
	return err
}

// Dump is all that the server's databases hold, as SQL.
func (s *Server) Dump() ([]byte, error) {
	cmd := s.command("pg_dump", "--inserts", "--no-owner", s.URL)
	return cmd.Output()
}

// CPU is how long the server and all its processes were busy so far, those that
// have ended included.
func (s *Server) CPU() (time.Duration, error) {
	pid := s.cmd.Process.Pid
	children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	if err != nil {
		return 0, err
	}
	ticks, err := busy(strconv.Itoa(pid), true)
	for _, c := range strings.Fields(string(children)) {
		if n, cerr := busy(c, false); cerr == nil { // else it has ended meanwhile
			ticks += n
		}
	}
	return time.Duration(ticks) * 10 * time.Millisecond, err // USER_HZ is 100 on all that Go runs on
}

// busy is a process's time in ticks, of proc(5)'s utime and stime, and with it
// that of its ended children.
func busy(pid string, ended bool) (n int64, err error) {
	b, err := os.ReadFile("/proc/" + pid + "/stat")
	if err != nil {
		return 0, err
	}
	f := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:])) // from the state, field 3, on
	fields := []int{14, 15}
	if ended {
		fields = append(fields, 16, 17)
	}
	for _, i := range fields {
		t, err := strconv.ParseInt(f[i-3], 10, 64)
		if err != nil {
			return 0, err
		}
		n += t
	}
	return n, nil
}

// Stop ends the server and removes its files.
func (s *Server) Stop() error {
	if s.cmd != nil {
		_ = s.cmd.Process.Signal(syscall.SIGINT) // fast shutdown
		_ = s.cmd.Wait()
	}
	return os.RemoveAll(s.dir)
}
