package media

import (
	"context"

	"posteriori/engine/wire"
)

// Packet is one packet of a recording, as triage sees it.
type Packet struct {
	PTS  int64
	TUS  int64 // media time, µs
	Size int64 // bytes
	Key  bool
}

// Packets walks the packets of a recording in file order, without decoding.
// Those without a timestamp are passed over. The recording must be one whose
// times are its packets' own: Probe.Seekable says that it is.
func Packets(ctx context.Context, path string, p *wire.Probe, each func(Packet) error) error {
	src, err := reopen(path, p)
	if err != nil {
		return err
	}
	clock := NewClock(p)
	_, err = scanPackets(ctx, src, p.Stream, "", func(k *packet) error {
		if k.discard || k.pts == noPTS {
			return nil
		}
		return each(Packet{PTS: k.pts, TUS: clock.US(k.pts), Size: k.size, Key: k.key})
	})
	if err != nil {
		return onFile(err, path)
	}
	return nil
}
