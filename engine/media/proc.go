package media

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"posteriori/engine/fault"
)

// waitDelay is how long a killed process may keep its pipes open.
const waitDelay = 5 * time.Second

// lookTool finds ffmpeg or ffprobe.
func lookTool(name string) (string, error) {
	p, err := exec.LookPath(name)
	if err != nil {
		return "", fault.Wrap(fault.Missing, err, "%s is not installed", name).
			WithHint("install FFmpeg 5.1 or newer (Debian: apt install ffmpeg)")
	}
	return p, nil
}

// Version is the version of the installed ffmpeg, such as "5.1.9-0+deb12u1".
func Version(ctx context.Context) (string, error) {
	out, _, err := runTool(ctx, "ffmpeg", []string{"-version"})
	if err != nil {
		return "", err
	}
	f := strings.Fields(string(out))
	if len(f) < 3 || f[0] != "ffmpeg" || f[1] != "version" {
		return "", fault.New(fault.Missing, "ffmpeg does not tell its version")
	}
	return f[2], nil
}

// childEnv is the environment of the tools. FFREPORT and its kin are not
// passed on: they would make FFmpeg write files.
func childEnv() []string {
	env := []string{"LC_ALL=C", "AV_LOG_FORCE_NOCOLOR=1"}
	for _, k := range []string{"PATH", "LD_LIBRARY_PATH", "HOME", "TMPDIR", "SystemRoot",
		"CUDA_VISIBLE_DEVICES", "NVIDIA_VISIBLE_DEVICES", "NVIDIA_DRIVER_CAPABILITIES"} {
		if v, ok := os.LookupEnv(k); ok {
			env = append(env, k+"="+v)
		}
	}
	return env
}

// errKilled is wrapped by the error of a tool that was killed by none of ours: by
// the system, for want of memory or for its limit of computing time, or by
// somebody. That says nothing of the file, so it never becomes damage of one.
var errKilled = errors.New("killed from outside")

// command is one run of a tool.
type command struct {
	*exec.Cmd
	tool    string
	stopped atomic.Bool // by us
}

// killed is what to say of a tool that has ended by a kill from outside, else nil.
func (c *command) killed() error {
	if c.stopped.Load() || !wasKilled(c.ProcessState) {
		return nil
	}
	return fault.Wrap(fault.Internal, errKilled, "%s was killed", c.tool).
		WithHint("the system does so where memory runs out: close other programs, or give fewer --workers")
}

// newCommand prepares a tool in a process group of its own, killed as a whole
// when ctx ends.
func newCommand(ctx context.Context, tool string, args []string) (*command, error) {
	path, err := lookTool(tool)
	if err != nil {
		return nil, err
	}
	cmd := &command{Cmd: exec.CommandContext(ctx, path, args...), tool: tool}
	cmd.Env = childEnv()
	cmd.WaitDelay = waitDelay
	ownGroup(cmd.Cmd)
	cmd.Cancel = func() error {
		cmd.stopped.Store(true)
		return killGroup(cmd.Process)
	}
	return cmd, nil
}

// runTool runs a tool that writes little, and returns what it wrote and its
// messages. Its error is the process's own or ctx's. Messages are nil when it did
// not run, or was killed from outside.
func runTool(ctx context.Context, tool string, args []string) ([]byte, *messages, error) {
	cmd, err := newCommand(ctx, tool, args)
	if err != nil {
		return nil, nil, err
	}
	var out limitedBuffer
	msgs := &messages{}
	cmd.Stdout, cmd.Stderr = &out, msgs
	err = cmd.Run()
	msgs.flush()
	if ctx.Err() != nil {
		return out.b.Bytes(), msgs, interrupted(ctx)
	}
	if kerr := cmd.killed(); kerr != nil {
		return nil, nil, kerr
	}
	return out.b.Bytes(), msgs, err
}

// interrupted is the error for a ctx that ended.
func interrupted(ctx context.Context) error {
	return fault.Wrap(fault.Interrupted, context.Cause(ctx), "stopped")
}

// limitedBuffer takes up to 16 MiB and fails beyond.
type limitedBuffer struct{ b bytes.Buffer }

func (l *limitedBuffer) Write(p []byte) (int, error) {
	if l.b.Len()+len(p) > 16<<20 {
		return 0, errors.New("the tool wrote too much")
	}
	return l.b.Write(p)
}

// Bounds on what is kept of a tool's messages.
const (
	headLines = 20
	tailLines = 40
	lineBytes = 400
)

// messages is the standard error of a tool: every line is counted, the first
// and the last ones are kept. It is safe for concurrent use.
type messages struct {
	mu    sync.Mutex
	part  []byte
	head  []string
	tail  []string
	count int64
	each  func(line string) // called for every line when set, in order
}

// Write takes part of the stream; it never fails and never blocks.
func (m *messages) Write(p []byte) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := len(p)
	for len(p) > 0 {
		i := bytes.IndexAny(p, "\r\n")
		if i < 0 {
			m.grow(p)
			break
		}
		m.grow(p[:i])
		m.endLine()
		p = p[i+1:]
	}
	return n, nil
}

func (m *messages) grow(p []byte) {
	if room := lineBytes - len(m.part); room < len(p) {
		p = p[:max(room, 0)]
	}
	m.part = append(m.part, p...)
}

func (m *messages) endLine() {
	s := strings.ToValidUTF8(strings.TrimSpace(string(m.part)), "?")
	m.part = m.part[:0]
	if s == "" || strings.Contains(s, "Codec (") && strings.Contains(s, "not on whitelist") {
		return // sound, which is never decoded
	}
	if n, ok := repeated(s); ok {
		m.count += n
		return
	}
	if m.each != nil {
		m.each(s)
	}
	m.count++
	if len(m.head) < headLines {
		m.head = append(m.head, s)
		return
	}
	if len(m.tail) == tailLines {
		copy(m.tail, m.tail[1:])
		m.tail = m.tail[:tailLines-1]
	}
	m.tail = append(m.tail, s)
}

// repeated reads FFmpeg's "Last message repeated 3 times".
func repeated(s string) (int64, bool) {
	_, t, ok := strings.Cut(s, "Last message repeated ")
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseInt(strings.TrimSuffix(t, " times"), 10, 64)
	return max(n, 0), err == nil
}

// flush ends a last line that had no newline.
func (m *messages) flush() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.endLine()
}

// lines are the kept lines and the number of all.
func (m *messages) lines() ([]string, int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append(append([]string(nil), m.head...), m.tail...), m.count
}

// has tells whether a kept line contains s.
func (m *messages) has(s string) bool {
	ls, _ := m.lines()
	for _, l := range ls {
		if strings.Contains(l, s) {
			return true
		}
	}
	return false
}

// last is the last line without FFmpeg's "[name @ 0x…]" prefixes, or "".
func (m *messages) last() string {
	ls, _ := m.lines()
	if len(ls) == 0 {
		return ""
	}
	return stripPrefix(ls[len(ls)-1])
}

// stripPrefix takes away "[h264 @ 0x55…] " and "[error] " at the head of a line.
func stripPrefix(s string) string {
	for strings.HasPrefix(s, "[") {
		_, rest, ok := strings.Cut(s, "] ")
		if !ok {
			break
		}
		s = rest
	}
	return s
}

// stallReader kills what it reads from when one Read takes longer than limit.
// Only time spent waiting for the tool counts, never the consumer's own.
type stallReader struct {
	r     io.Reader
	limit time.Duration
	kill  func()
	timer *time.Timer
	fired bool
	mu    sync.Mutex
}

func (s *stallReader) Read(p []byte) (int, error) {
	if s.timer == nil {
		s.timer = time.AfterFunc(s.limit, func() {
			s.mu.Lock()
			s.fired = true
			s.mu.Unlock()
			s.kill()
		})
	} else {
		s.timer.Reset(s.limit)
	}
	n, err := s.r.Read(p)
	s.timer.Stop()
	return n, err
}

func (s *stallReader) stalled() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.fired
}
