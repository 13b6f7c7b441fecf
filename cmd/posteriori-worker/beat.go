package main

import (
	"os"
	"time"

	"posteriori/engine/wire"
)

// beatEvery is the distance of heartbeats. A variable for tests.
var beatEvery = 20 * time.Second

// beat runs f, a job that says nothing of itself while it lasts, and tells the
// parent, which takes a silent worker for a hung one, that it gets on: each
// time that alive says so.
func beat(w *wire.Writer, alive func() bool, f func() error) error {
	end, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		t := time.NewTicker(beatEvery)
		defer t.Stop()
		for {
			select {
			case <-end:
				return
			case <-t.C:
			}
			if alive() {
				_ = w.Send(wire.KindProgress, wire.Progress{}) // who sends next meets the error
			}
		}
	}()
	defer func() { close(end); <-done }()
	return f()
}

// grows tells whether the file at path has changed since the last question.
func grows(path string) func() bool {
	last := int64(-1)
	return func() bool {
		info, err := os.Stat(path)
		if err != nil || info.Size() == last {
			return false
		}
		last = info.Size()
		return true
	}
}
