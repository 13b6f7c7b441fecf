package media

import (
	"container/heap"

	"posteriori/engine/wire"
)

const (
	// reorderDepth is how many packets are held to put them in order of
	// presentation: H.264 and HEVC reorder at most 16 frames, or 32 fields.
	reorderDepth = 48
	// noDTSJumpUS tells a jump from reordering where there is no DTS to go by.
	noDTSJumpUS = 10_000_000
)

// orderer puts packets, which come in file order, in order of presentation,
// separately on either side of a jump of the timestamps.
type orderer struct {
	emit    func(queued) error
	lastDTS int64
	maxPTS  int64
	queue   ptsHeap
	jumpDTS int64
	jumpPTS int64
}

func newOrderer(tb wire.Rational, emit func(queued) error) orderer {
	c := Clock{TB: tb}
	return orderer{emit: emit, lastDTS: noPTS, maxPTS: noPTS, jumpDTS: c.ticks(jumpUS), jumpPTS: c.ticks(noDTSJumpUS)}
}

// order takes the next packet in file order. Packets
// not to be shown are passed over.
func (o *orderer) order(k *packet) error {
	if k.discard {
		return nil
	}
	defer func() {
		if k.dts != noPTS {
			o.lastDTS = k.dts
		}
	}()
	if k.pts == noPTS { // counts, about where it stands
		if at := max(k.dts, o.maxPTS); at != noPTS {
			heap.Push(&o.queue, queued{pts: at, guess: true})
		}
		return o.drain(reorderDepth)
	}
	if o.jumped(k) {
		if err := o.drain(0); err != nil {
			return err
		}
		o.maxPTS = noPTS
	}
	o.maxPTS = max(o.maxPTS, k.pts)
	heap.Push(&o.queue, queued{pts: k.pts, duration: k.duration, key: k.key})
	return o.drain(reorderDepth)
}

// jumped tells whether timestamps start anew at this packet.
func (o *orderer) jumped(k *packet) bool {
	if k.dts != noPTS && o.lastDTS != noPTS {
		return k.dts < o.lastDTS-o.jumpDTS
	}
	return o.maxPTS != noPTS && k.pts < o.maxPTS-o.jumpPTS
}

// drain passes packets on until keep are left.
func (o *orderer) drain(keep int) error {
	for len(o.queue) > keep {
		if err := o.emit(heap.Pop(&o.queue).(queued)); err != nil {
			return err
		}
	}
	return nil
}

// queued is a packet that waits for its turn in order of presentation.
type queued struct {
	pts, duration int64
	key           bool
	guess         bool // there was no PTS
}

type ptsHeap []queued

func (h ptsHeap) Len() int           { return len(h) }
func (h ptsHeap) Less(i, j int) bool { return h[i].pts < h[j].pts }
func (h ptsHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *ptsHeap) Push(x any)        { *h = append(*h, x.(queued)) }
func (h *ptsHeap) Pop() any {
	old := *h
	x := old[len(old)-1]
	*h = old[:len(old)-1]
	return x
}
