package render

import (
	"context"

	"posteriori/engine/frame"
	"posteriori/engine/media"
	"posteriori/engine/wire"
)

// sink encodes pictures in a goroutine of its own, so that one is composed
// while another is encoded.
type sink struct {
	to     *media.Encoder
	free   chan frame.YUV
	full   chan frame.YUV
	broken chan struct{} // closed at the encoder's first error
	done   chan struct{} // closed when all is written
	err    error         // of the encoder; read it after broken or done
}

// sinkPictures is how many pictures there are: one that is composed, and those
// that wait.
const sinkPictures = 3

// openSink starts the encoder on the job's new file.
func openSink(ctx context.Context, j *wire.RenderJob) (*sink, error) {
	e, err := media.NewEncoder(ctx, j.Out, j.Width, j.Height, j.FrameUS, j.Meta)
	if err != nil {
		return nil, err
	}
	s := &sink{to: e, free: make(chan frame.YUV, sinkPictures), full: make(chan frame.YUV, sinkPictures),
		broken: make(chan struct{}), done: make(chan struct{})}
	for range sinkPictures {
		s.free <- frame.NewYUV(j.Width, j.Height)
	}
	go func() {
		defer close(s.done)
		for y := range s.full {
			if s.err == nil {
				if s.err = s.to.Write(y); s.err != nil {
					close(s.broken)
				}
			}
			s.free <- y
		}
	}()
	return s, nil
}

// blank is a picture to compose, its content unknown. An error is that of an
// earlier picture.
func (s *sink) blank() (frame.YUV, error) {
	select {
	case <-s.broken:
		return frame.YUV{}, s.err
	case y := <-s.free:
		return y, nil
	}
}

// write takes a picture that blank gave. It never waits: there is room for all.
func (s *sink) write(y frame.YUV) { s.full <- y }

// Close waits for what was written. It is called once.
func (s *sink) Close() error {
	close(s.full)
	<-s.done
	if err := s.to.Close(); err != nil {
		return err
	}
	return s.err
}
