package render

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"

	"posteriori/engine/fault"
	"posteriori/engine/frame"
)

// cut is one cut-out as spooled, and for which output frames.
type cut struct {
	off   int64
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

// size is the bytes of a cut-out: Y, U, V, the alpha of each luma sample and,
// when rimmed, how near each is to the body.
func (c *cut) size() int {
	n := int(c.w) * int(c.h)
	if c.rimmed {
		n *= 2
	}
	return frame.PackedSize(int(c.w), int(c.h)) + n
}

// spool keeps cut-outs in one unlinked file of the scratch folder.
type spool struct {
	f    *os.File
	end  int64
	cuts []cut
	buf  []byte
}

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

// add writes a cut-out's samples, which the caller put into s.buffer.
func (s *spool) add(c cut) error {
	c.off = s.end
	n, err := s.f.WriteAt(s.buf[:c.size()], c.off)
	if err != nil {
		return spaceError(err, filepath.Dir(s.f.Name()))
	}
	s.end += int64(n)
	s.cuts = append(s.cuts, c)
	return nil
}

// buffer is room for a cut-out's samples, valid until the next call.
func (s *spool) buffer(c *cut) (yuv frame.YUV, alpha, body frame.Plane) {
	if n := c.size(); cap(s.buf) < n {
		s.buf = make([]byte, n)
	} else {
		s.buf = s.buf[:n]
	}
	return c.planes(s.buf)
}

// planes slices a cut-out's samples. body is alpha again when it is not rimmed.
func (c *cut) planes(buf []byte) (yuv frame.YUV, alpha, body frame.Plane) {
	w, h := int(c.w), int(c.h)
	n := frame.PackedSize(w, h)
	alpha = frame.Plane{Pix: buf[n : n+w*h], W: w, H: h, Stride: w}
	body = alpha
	if c.rimmed {
		body.Pix = buf[n+w*h : n+2*w*h]
	}
	return frame.YUVFromPacked(buf, w, h), alpha, body
}

// read fetches a cut-out; the planes are valid until the next buffer or read.
func (s *spool) read(c *cut) (yuv frame.YUV, alpha, body frame.Plane, err error) {
	yuv, alpha, body = s.buffer(c)
	if _, err := s.f.ReadAt(s.buf[:c.size()], c.off); err != nil {
		return yuv, alpha, body, fault.Wrap(fault.Internal, err, "cut-outs cannot be read back")
	}
	return yuv, alpha, body, nil
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
