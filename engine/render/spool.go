package render

import (
	"errors"
	"os"
	"path/filepath"
	"sync"
	"syscall"

	"posteriori/engine/fault"
)

// cut is one cut-out as spooled, and for which output frames.
type cut struct {
	off   int64
	size  int32
	first int64 // output frame
	n     int32 // output frames from first on
	tube  int32
	play  int32
	x, y  int16 // top-left corner in the output, even
	w, h  int16 // even
	boxX  int16 // the object's own box
	boxY  int16
	boxW  int16
	boxH  int16
	// The same with what of its body lies beyond it, for its time stamp.
	shownX, shownY, shownW, shownH int16
	tUS                            int64 // media time of the picture
	// matted: nothing of the recording's background is left in it.
	matted bool
	rimmed bool // its body is kept too, for a rim about it
}

// spool keeps cut-outs, as packed strips, in one unlinked file of the scratch
// folder.
type spool struct {
	f      *os.File
	mu     sync.Mutex
	end    int64  // of the file; with mu
	cuts   []cut  // in the file, in any order; with mu
	back   []byte // scratch of read
	strips []strip
}

// page is cut-outs on their way to a spool. One goroutine uses it.
type page struct {
	s      *spool
	cuts   []cut // off counts from the page's first byte
	held   []byte
	from   int    // where the cut-out under way begins in held
	blanks []byte // scratch of blank
}

// spoolAtOnce is the bytes that go to the file in one piece.
const spoolAtOnce = 1 << 20

func newSpool(dir string) (*spool, error) {
	f, err := os.CreateTemp(dir, "cutouts-*")
	if err != nil {
		return nil, spaceError(err, dir)
	}
	// Without a name it leaves nothing behind, however this ends.
	if err := os.Remove(f.Name()); err != nil {
		f.Close()
		return nil, spaceError(err, dir)
	}
	return &spool{f: f}, nil
}

// blank is a strip of n columns to be filled and put, its content unknown.
func (p *page) blank(n int, rimmed bool) strip {
	sized(&p.blanks, stripSize(n, rimmed))
	return stripOf(p.blanks, 0, n, rimmed)
}

// put takes the next strip of a cut-out.
func (p *page) put(s *strip, rimmed bool) { p.held = s.pack(p.held, rimmed) }

// add ends a cut-out.
func (p *page) add(c cut) error {
	c.off, c.size = int64(p.from), int32(len(p.held)-p.from)
	p.cuts = append(p.cuts, c)
	p.from = len(p.held)
	if len(p.held) < spoolAtOnce {
		return nil
	}
	return p.flush()
}

// flush puts what is held into the spool.
func (p *page) flush() error {
	p.s.mu.Lock()
	at := p.s.end
	p.s.end += int64(len(p.held))
	for _, c := range p.cuts {
		c.off += at
		p.s.cuts = append(p.s.cuts, c)
	}
	p.s.mu.Unlock()
	if _, err := p.s.f.WriteAt(p.held, at); err != nil {
		return spaceError(err, filepath.Dir(p.s.f.Name()))
	}
	p.cuts, p.held, p.from = p.cuts[:0], p.held[:0], 0
	return nil
}

// read fetches a cut-out, strip by strip from its top; they are valid until the
// next read.
func (s *spool) read(c *cut) ([]strip, error) {
	sized(&s.back, int(c.size))
	if _, err := s.f.ReadAt(s.back, c.off); err != nil {
		return nil, fault.Wrap(fault.Internal, err, "cut-outs cannot be read back")
	}
	s.strips = s.strips[:0]
	for rest := s.back; len(rest) > 0; {
		var p strip
		p, rest = unpack(rest, c.rimmed)
		s.strips = append(s.strips, p)
	}
	return s.strips, nil
}

func (s *spool) close() {
	if s != nil && s.f != nil {
		_ = s.f.Close()
	}
}

// spaceError says that the disk is the trouble.
func spaceError(err error, dir string) error {
	e := fault.Wrap(fault.NoSpace, err, "cut-outs of the synopsis cannot be kept").OnFile(dir)
	if errors.Is(err, syscall.ENOSPC) {
		return e.WithHint("free disk space there, or make a shorter synopsis with a narrower filter")
	}
	return e
}
