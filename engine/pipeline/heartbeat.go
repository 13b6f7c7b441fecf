package pipeline

import (
	"sync"
	"time"

	"posteriori/engine/wire"
)

// beatEvery is the distance of heartbeats. A variable for tests.
var beatEvery = 20 * time.Second

// heartbeat tells the parent, which takes a silent worker for a hung one, that
// FFmpeg is being waited for: reading a file that cannot be sought from its
// start, or finding out what is damaged, takes its time, and package media
// itself sees to it that it ends. It repeats the last progress.
type heartbeat struct {
	send Send

	mu      sync.Mutex
	last    wire.Progress
	waiting bool
	end     chan struct{}
	done    chan struct{}
}

func newHeartbeat(send Send) *heartbeat {
	h := &heartbeat{send: send, end: make(chan struct{}), done: make(chan struct{})}
	go h.beat(beatEvery)
	return h
}

func (h *heartbeat) beat(every time.Duration) {
	defer close(h.done)
	t := time.NewTicker(every)
	defer t.Stop()
	for {
		select {
		case <-h.end:
			return
		case <-t.C:
		}
		h.mu.Lock()
		if h.waiting {
			_ = h.send(wire.KindProgress, h.last) // who sends next meets the error
		}
		h.mu.Unlock()
	}
}

// during runs f, in which heartbeats are sent.
func (h *heartbeat) during(f func() error) error {
	h.wait(true)
	defer h.wait(false)
	return f()
}

func (h *heartbeat) wait(on bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.waiting = on
}

// tell sends progress, to be repeated.
func (h *heartbeat) tell(p wire.Progress) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.last = p
	return h.send(wire.KindProgress, p)
}

// stop ends the heartbeats; none comes after.
func (h *heartbeat) stop() {
	close(h.end)
	<-h.done
}
