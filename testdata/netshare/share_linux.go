// Package netshare is a network share for tests: a folder that is mounted by FUSE,
// read only, and that can be slow, go away or stop to answer. It speaks the
// kernel's protocol (linux/fuse.h, version 7) as far as reading files needs it.
package netshare

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// Share is a mounted folder of files; folders in it are not seen.
type Share struct {
	from, at string
	dev      *os.File
	served   sync.WaitGroup

	mu    sync.Mutex
	names []string      // node 2+i is names[i]
	delay time.Duration // of each answer
	gone  syscall.Errno // in place of each answer; 0: none
	mute  chan struct{} // closed: answers are given again; nil: they are given

	reads atomic.Int64
	from0 int64  // of reads: then is called as the next is asked for
	then  func() // nil: nothing is to be done
}

// Mount shows the files of from at the folder at. It needs /dev/fuse and the right
// to mount; the error says what lacks.
func Mount(from, at string) (*Share, error) {
	fd, err := syscall.Open("/dev/fuse", syscall.O_RDWR|syscall.O_CLOEXEC, 0) // not polled: reads are to block
	if err != nil {
		return nil, fmt.Errorf("/dev/fuse: %w", err)
	}
	s := &Share{from: from, at: at, dev: os.NewFile(uintptr(fd), "/dev/fuse")}
	how := fmt.Sprintf("fd=%d,rootmode=40755,user_id=%d,group_id=%d,allow_other", fd, os.Getuid(), os.Getgid())
	if err := syscall.Mount("share", at, "fuse.share", syscall.MS_NOSUID|syscall.MS_NODEV|syscall.MS_RDONLY, how); err != nil {
		s.dev.Close()
		return nil, fmt.Errorf("mount: %w", err)
	}
	s.served.Add(1)
	go s.serve()
	if err := s.once(); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// once opens and closes a file, from which the kernel learns what the share cannot.
func (s *Share) once() error {
	all, err := os.ReadDir(s.at)
	if err != nil || len(all) == 0 {
		return err
	}
	f, err := os.Open(filepath.Join(s.at, all[0].Name()))
	if err != nil {
		return err
	}
	return f.Close()
}

// Close unmounts the share. What still waits for an answer gets an error.
func (s *Share) Close() error {
	s.Back()
	err := syscall.Unmount(s.at, syscall.MNT_DETACH)
	s.served.Wait()
	return err
}

// Slow has each answer take so long.
func (s *Share) Slow(d time.Duration) { s.set(func() { s.delay = d }) }

// Away has everything end with an error, such as EIO, ESTALE or EHOSTDOWN.
func (s *Share) Away(e syscall.Errno) { s.set(func() { s.gone = e }) }

// Mute has nothing be answered, as a share does whose server is gone and which
// was mounted to wait for it.
func (s *Share) Mute() { s.set(func() { s.mute = make(chan struct{}) }) }

// Back makes the share what it was; what waits is answered.
func (s *Share) Back() { s.set(func() { s.delay, s.gone = 0, 0 }) }

// Reads is how often a piece of a file was asked for.
func (s *Share) Reads() int64 { return s.reads.Load() }

// After does something as the read is asked for that follows n more, before it
// is answered.
func (s *Share) After(n int64, do func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.from0, s.then = s.reads.Load()+n, do
}

// count counts a read.
func (s *Share) count() {
	n := s.reads.Add(1)
	s.mu.Lock()
	do := s.then
	if do == nil || n <= s.from0 {
		s.mu.Unlock()
		return
	}
	s.then = nil
	s.mu.Unlock()
	do()
}

func (s *Share) set(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.mute != nil {
		close(s.mute)
		s.mute = nil
	}
	f()
}

// The requests that are known.
const (
	opLookup     = 1
	opForget     = 2
	opGetattr    = 3
	opOpen       = 14
	opRead       = 15
	opStatfs     = 17
	opRelease    = 18
	opFlush      = 25
	opInit       = 26
	opOpendir    = 27
	opReaddir    = 28
	opReleasedir = 29
	opAccess     = 34
	opInterrupt  = 36
	opDestroy    = 38
	opForgetMany = 42
)

// request is one that the kernel made.
type request struct {
	Len, Op      uint32
	Unique, Node uint64
	UID, GID     uint32
	PID, Pad     uint32
	body         []byte
}

const headLen = 40

func (s *Share) serve() {
	defer s.served.Done()
	defer s.dev.Close()
	buf := make([]byte, 256<<10)
	for {
		if mute := s.muted(); mute != nil {
			<-mute
		}
		n, err := syscall.Read(int(s.dev.Fd()), buf)
		if errors.Is(err, syscall.EINTR) || errors.Is(err, syscall.ENOENT) { // a request that was taken back
			continue
		}
		if err != nil || n < headLen { // ENODEV: unmounted
			return
		}
		var r request
		if err := r.read(buf[:n]); err != nil {
			return
		}
		switch r.Op {
		case opForget, opForgetMany, opInterrupt: // want no answer
		case opInit, opDestroy:
			s.answer(r)
		default:
			go func() {
				if r.Op == opRead {
					s.count()
				}
				if !s.await() {
					// Whoever waits for a request that was taken cannot be killed, as with
					// no real share: so it is sent back, and comes again to a deaf door.
					s.reply(r, nil, syscall.EINTR)
					return
				}
				s.answer(r)
			}()
		}
	}
}

func (r *request) read(b []byte) error {
	in := bytes.NewReader(b)
	for _, v := range []any{&r.Len, &r.Op, &r.Unique, &r.Node, &r.UID, &r.GID, &r.PID, &r.Pad} {
		if err := binary.Read(in, binary.NativeEndian, v); err != nil {
			return err
		}
	}
	r.body = bytes.Clone(b[headLen:])
	return nil
}

// await waits as the share is slow, and says whether it answers at all.
func (s *Share) await() bool {
	s.mu.Lock()
	delay := s.delay
	s.mu.Unlock()
	time.Sleep(delay)
	return s.muted() == nil
}

// muted is what is closed once answers are given again; nil: they are.
func (s *Share) muted() chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.mute
}

// answer answers a request.
func (s *Share) answer(r request) {
	s.mu.Lock()
	errno := s.gone
	s.mu.Unlock()
	var body []byte
	if errno == 0 || r.Op == opInit {
		body, errno = s.do(r)
	}
	if errno != 0 {
		body = nil
	}
	s.reply(r, body, errno)
}

func (s *Share) reply(r request, body []byte, errno syscall.Errno) {
	out := pack(uint32(16+len(body)), -int32(errno), r.Unique)
	_, _ = syscall.Write(int(s.dev.Fd()), append(out, body...)) // ENOENT: nobody waits any more
}

func pack(fields ...any) []byte {
	var b bytes.Buffer
	for _, f := range fields {
		_ = binary.Write(&b, binary.NativeEndian, f) // numbers only
	}
	return b.Bytes()
}

func (s *Share) do(r request) ([]byte, syscall.Errno) {
	switch r.Op {
	case opInit:
		// major, minor, readahead, flags, background and congestion, the largest
		// write, grain of times, and what is left out
		return pack(uint32(7), uint32(31), uint32(0), uint32(0), uint16(64), uint16(48), uint32(4096), uint32(1), make([]byte, 36)), 0
	case opLookup:
		name := string(bytes.TrimRight(r.body, "\x00"))
		info, err := os.Stat(filepath.Join(s.from, name))
		if err != nil || !info.Mode().IsRegular() || filepath.Base(name) != name {
			return nil, syscall.ENOENT
		}
		node := s.node(name)
		return append(pack(node, uint64(0), uint64(0), uint64(0), uint32(0), uint32(0)), attr(node, info)...), 0
	case opGetattr:
		info, err := os.Stat(s.path(r.Node))
		if err != nil {
			return nil, syscall.ENOENT
		}
		return append(pack(uint64(0), uint32(0), uint32(0)), attr(r.Node, info)...), 0
	case opOpen, opOpendir:
		const directIO = 1 // each read of a program's is asked for
		return pack(uint64(0), uint32(directIO), uint32(0)), 0
	case opRead:
		return s.read(r)
	case opReaddir:
		return s.list(r)
	case opStatfs:
		return make([]byte, 80), 0
	case opRelease, opReleasedir, opAccess, opDestroy:
		return nil, 0
	}
	// So is opFlush: a program that is killed would wait for its answer.
	return nil, syscall.ENOSYS
}

// node is the number of a file.
func (s *Share) node(name string) uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, n := range s.names {
		if n == name {
			return uint64(i) + 2
		}
	}
	s.names = append(s.names, name)
	return uint64(len(s.names)) + 1
}

// path is where a node's bytes are.
func (s *Share) path(node uint64) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := int(node) - 2; i >= 0 && i < len(s.names) {
		return filepath.Join(s.from, s.names[i])
	}
	return s.from
}

// attr is struct fuse_attr.
func attr(node uint64, info os.FileInfo) []byte {
	mode, size := uint32(syscall.S_IFDIR|0o755), uint64(0)
	if info.Mode().IsRegular() {
		mode, size = syscall.S_IFREG|0o444, uint64(info.Size())
	}
	sec, ns := uint64(info.ModTime().Unix()), uint32(info.ModTime().Nanosecond())
	return pack(node, size, (size+511)/512, sec, sec, sec, ns, ns, ns, mode, uint32(1), uint32(0), uint32(0), uint32(0), uint32(4096), uint32(0))
}

// where is from which byte how many are asked for.
func (r request) where() (off int64, n int) {
	return int64(binary.NativeEndian.Uint64(r.body[8:])), int(binary.NativeEndian.Uint32(r.body[16:]))
}

func (s *Share) read(r request) ([]byte, syscall.Errno) {
	f, err := os.Open(s.path(r.Node))
	if err != nil {
		return nil, syscall.ENOENT
	}
	defer f.Close()
	off, n := r.where()
	b := make([]byte, n)
	n, err = f.ReadAt(b, off)
	if err != nil && err != io.EOF {
		return nil, syscall.EIO
	}
	return b[:n], 0
}

// list is the folder's names: struct fuse_dirent, each filled up to eight bytes.
func (s *Share) list(r request) ([]byte, syscall.Errno) {
	all, err := os.ReadDir(s.from)
	if err != nil {
		return nil, syscall.EIO
	}
	off, room := r.where()
	var out []byte
	for i, e := range all {
		if int64(i) < off || !e.Type().IsRegular() {
			continue
		}
		name := e.Name()
		d := append(pack(s.node(name), uint64(i+1), uint32(len(name)), uint32(syscall.DT_REG)), name...)
		d = append(d, make([]byte, (8-len(d)%8)%8)...)
		if len(out)+len(d) > room {
			break
		}
		out = append(out, d...)
	}
	return out, 0
}
