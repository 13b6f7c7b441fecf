package render

import (
	"context"

	"posteriori/engine/frame"
	"posteriori/engine/media"
	"posteriori/engine/wire"
)

// sink takes finished pictures; engine/media's encoder is one.
type sink interface {
	// Write takes a picture; its samples may be changed afterwards.
	Write(y frame.YUV) error
	Close() error
}

// openSink starts the encoder on the job's new file.
func openSink(ctx context.Context, j *wire.RenderJob) (sink, error) {
	e, err := media.NewEncoder(ctx, j.Out, j.Width, j.Height, j.FrameUS, j.Meta)
	if err != nil {
		return nil, err
	}
	return newAhead(e, j.Width, j.Height), nil
}

// ahead writes to a sink in a goroutine of its own, so that one picture is
// composed while another is encoded.
type ahead struct {
	sink   sink
	free   chan frame.YUV
	full   chan frame.YUV
	broken chan struct{} // closed at the first error of the sink
	done   chan struct{} // closed when all is written
	err    error         // of the sink; read it after broken or done
}

// aheadPictures is how many pictures may wait.
const aheadPictures = 2

func newAhead(s sink, w, h int) *ahead {
	a := &ahead{sink: s, free: make(chan frame.YUV, aheadPictures), full: make(chan frame.YUV, aheadPictures),
		broken: make(chan struct{}), done: make(chan struct{})}
	for range aheadPictures {
		a.free <- frame.NewYUV(w, h)
	}
	go func() {
		defer close(a.done)
		for y := range a.full {
			if a.err == nil {
				if a.err = a.sink.Write(y); a.err != nil {
					close(a.broken)
				}
			}
			a.free <- y
		}
	}()
	return a
}

// Write is [sink]. An error may be that of an earlier picture.
func (a *ahead) Write(y frame.YUV) error {
	select {
	case <-a.broken:
		return a.err
	case to := <-a.free:
		copy(to.Y.Pix, y.Y.Pix)
		copy(to.U.Pix, y.U.Pix)
		copy(to.V.Pix, y.V.Pix)
		a.full <- to // never waits: there are no more pictures than it has room
		return nil
	}
}

// Close is [sink]: it waits for what was written. It is called once.
func (a *ahead) Close() error {
	close(a.full)
	<-a.done
	if err := a.sink.Close(); err != nil {
		return err
	}
	return a.err
}
