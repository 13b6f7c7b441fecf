package render

import (
	"context"
	"errors"
	"image"
	"io"

	"posteriori/engine/fault"
	"posteriori/engine/frame"
	"posteriori/engine/media"
	"posteriori/engine/wire"
)

// reel gives the pictures of a source one after another, at rising times.
type reel struct {
	d         *media.Decoder
	src       int
	atUS      int64 // last asked for
	toUS      int64
	now, next *media.Frame // now: the last with TUS <= the time asked for
	ended     bool
}

// playSpans renders condense and timelapse.
func (r *renderer) playSpans(ctx context.Context, out *sink) error {
	var rl *reel
	defer func() { rl.close() }()
	for i := range r.job.Spans {
		s := &r.job.Spans[i]
		if rl == nil || rl.src != s.Source || s.FromUS < rl.atUS || s.FromUS > rl.toUS {
			rl.close()
			var err error
			if rl, err = r.openReel(ctx, i); err != nil {
				return err
			}
		}
		for f := range s.Frames {
			if ctx.Err() != nil {
				return fault.Wrap(fault.Interrupted, ctx.Err(), "rendering was stopped")
			}
			// Each output frame shows the moment of its middle.
			t := s.FromUS + int64((float64(f)+.5)*float64(s.ToUS-s.FromUS)/float64(s.Frames))
			if err := rl.seek(t); err != nil {
				return err
			}
			pic, err := out.blank()
			if err != nil {
				return err
			}
			r.spanPicture(&pic, s, rl, t)
			out.write(pic)
			n := s.Start + f + 1
			r.progress(wire.Progress{Frames: n, ReachedUS: n * r.job.FrameUS})
		}
	}
	return nil
}

// openReel decodes from span i to the end of the spans that follow it closely.
func (r *renderer) openReel(ctx context.Context, i int) (*reel, error) {
	s := &r.job.Spans[i]
	frameUS := max(r.job.Sources[s.Source].Probe.FrameUS, 40_000)
	iv := interval{max(0, s.FromUS-frameUS), s.ToUS}
	for _, n := range r.job.Spans[i+1:] {
		if n.Source != s.Source || n.FromUS < iv.toUS || n.FromUS > iv.toUS+joinUS {
			break
		}
		iv.toUS = n.ToUS
	}
	d, err := r.open(ctx, s.Source, interval{iv.fromUS, iv.toUS + frameUS}, image.Rectangle{})
	if err != nil {
		return nil, err
	}
	return &reel{d: d, src: s.Source, toUS: iv.toUS}, nil
}

// seek goes on to the last picture at or before t.
func (l *reel) seek(t int64) error {
	l.atUS = t
	for !l.ended && (l.next == nil || l.next.TUS <= t) {
		if l.next != nil {
			l.now.Release()
			l.now = l.next
			l.next = nil
		}
		f, err := l.d.Next()
		if errors.Is(err, io.EOF) {
			l.ended = true
			break
		}
		if err != nil {
			return err
		}
		l.next = f
	}
	return nil
}

func (l *reel) close() {
	if l == nil {
		return
	}
	l.now.Release()
	l.next.Release()
	_ = l.d.Close()
}

// staleUS is for how long a picture may stand for a moment without one.
const staleUS = 2 * second

// spanPicture composes one output frame of a span.
func (r *renderer) spanPicture(pic *frame.YUV, s *wire.RenderSpan, l *reel, t int64) {
	paint(*pic, 16)
	f := l.now
	if f == nil && l.next != nil && l.next.TUS-t < staleUS {
		f = l.next
	}
	at := t
	if f != nil && t-f.TUS < staleUS {
		fi := r.fits[s.Source]
		place(pic.Y, f.Full.Y, fi.x, fi.y)
		place(pic.U, f.Full.U, fi.x/2, fi.y/2)
		place(pic.V, f.Full.V, fi.x/2, fi.y/2)
		at = f.TUS
	} else {
		r.lacking++
		r.text.draw(pic, 8, 8, "image manquante / no picture", white)
	}
	r.bandLine(pic, 0, 2, stampText(s.ClockUS, at, true, "", s.Note)+"   "+s.Label)
	r.bandLine(pic, 1, 2, r.job.Mark)
}
