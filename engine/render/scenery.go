package render

import (
	"posteriori/engine/frame"
)

// scenery is the background as it changes over the output.
type scenery struct {
	r         *renderer
	at        int // index into the job's Backs of now
	now, next frame.YUV
	nextAt    int // index that next holds, when nextAt > at
}

// paint fills pic with the background of output frame f.
func (s *scenery) paint(pic frame.YUV, f int64) error {
	backs := s.r.job.Backs
	for s.at < 0 || s.at+1 < len(backs) && backs[s.at+1].Start <= f {
		s.at++
		var err error
		if s.nextAt == s.at && s.at > 0 {
			s.now = s.next
		} else if s.now, err = s.r.background(&backs[s.at]); err != nil {
			return err
		}
	}
	fade := fadeUS / s.r.job.FrameUS
	share := int64(0) // of the next background, in 255ths
	if n := s.at + 1; n < len(backs) && backs[n].Scene == backs[s.at].Scene && backs[n].Start-f < fade {
		share = 255 * (fade - (backs[n].Start - f)) / (fade + 1)
		if s.nextAt != n {
			next, err := s.r.background(&backs[n])
			if err != nil {
				return err
			}
			s.next, s.nextAt = next, n
		}
	}
	if share == 0 {
		copy(pic.Y.Pix, s.now.Y.Pix)
		copy(pic.U.Pix, s.now.U.Pix)
		copy(pic.V.Pix, s.now.V.Pix)
		return nil
	}
	fadeInto(pic.Y.Pix, s.now.Y.Pix, s.next.Y.Pix, int(share))
	fadeInto(pic.U.Pix, s.now.U.Pix, s.next.U.Pix, int(share))
	fadeInto(pic.V.Pix, s.now.V.Pix, s.next.V.Pix, int(share))
	return nil
}

// fadeInto is a with the share c/255 of b.
func fadeInto(dst, a, b []byte, c int) {
	for i := range dst {
		dst[i] = byte((int(a[i])*(255-c) + int(b[i])*c + 127) / 255)
	}
}
