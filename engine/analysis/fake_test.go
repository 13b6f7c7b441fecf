package analysis

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"posteriori/engine/scene"
	"posteriori/engine/wire"
)

// The test binary plays the worker when it is started as one: exec.Command
// passes no arguments, and go test always does.
func TestMain(m *testing.M) {
	if len(os.Args) == 1 {
		os.Exit(fakeWorker())
	}
	exitGrace, killAfter = 200*time.Millisecond, 500*time.Millisecond
	goleak.VerifyTestMain(m)
}

// fakeWorker speaks the protocol and misbehaves as the file beside the
// recording says, whose name ends in .play: lines "CHUNK MANNER", where a
// manner with a ! is for the first time only.
func fakeWorker() int {
	in := bufio.NewReader(os.Stdin)
	line, err := in.ReadBytes('\n')
	var job wire.Job
	if err != nil || json.Unmarshal(line, &job) != nil {
		return 1
	}
	go func() {
		_, _ = io.Copy(io.Discard, in)
		if !deaf.Load() {
			os.Exit(1)
		}
	}()
	w := wire.NewWriter(os.Stdout)
	hello := fakeHello()
	if plays(job.Path, -1) == "other" {
		hello.Build = "another"
	}
	_ = w.Send(wire.KindHello, hello)
	if job.Analyse == nil { // any other job hangs
		select {}
	}
	for _, c := range job.Analyse.Chunks {
		if code := fakeChunk(w, job, c); code >= 0 {
			return code
		}
	}
	_ = w.Send(wire.KindDone, wire.Done{})
	if plays(job.Path, -1) == "linger" {
		deaf.Store(true)
		select {}
	}
	return 0
}

// deaf is a worker that hangs and does not see that nobody waits for it.
var deaf atomic.Bool

func fakeHello() wire.Hello {
	return wire.Hello{Version: wire.Version, Build: "fake", Device: "cpu", Versions: map[string]string{"a": "1"}}
}

// plays is the manner for a chunk; -1 is the worker as a whole.
func plays(path string, chunk int) string {
	script, err := os.ReadFile(path + ".play")
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(script)) {
		var n int
		var manner string
		if _, err := fmt.Sscan(line, &n, &manner); err != nil || n != chunk {
			continue
		}
		if once, ok := strings.CutSuffix(manner, "!"); ok {
			f, err := os.OpenFile(fmt.Sprintf("%s.%d.done", path, chunk), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
			if err != nil {
				return ""
			}
			f.Close()
			return once
		}
		return manner
	}
	return ""
}

// fakeChunk answers one chunk; a result of 0 or more ends the worker.
func fakeChunk(w *wire.Writer, job wire.Job, c wire.Chunk) int {
	end := fakeEnd(c)
	send := func(t wire.TrackMsg) { _ = w.Send(wire.KindTrack, t) }
	switch plays(job.Path, c.Index) {
	case "":
		send(fakeTrack(c))
	case "crash":
		send(fakeTrack(c))
		fmt.Fprintf(os.Stderr, "%s: boom\n", job.Path)
		return 139
	case "crash-after":
		send(fakeTrack(c))
		_ = w.Send(wire.KindChunkEnd, end)
		return 139
	case "hang":
		select {}
	case "deaf":
		deaf.Store(true)
		select {}
	case "order":
		end.Chunk++
	case "garbage":
		_, _ = os.Stdout.Write(slices.Repeat([]byte{0, 0, 0, 9, 'T', '{'}, 9))
		return 0
	case "long":
		_, _ = os.Stdout.Write([]byte{0xff, 0xff, 0xff, 0xff, 'T'})
		return 0
	case "foreign-track":
		t := fakeTrack(c)
		t.Chunk += 7
		send(t)
	case "no-path":
		t := fakeTrack(c)
		t.Track.Path = []byte("junk")
		send(t)
	case "times":
		end.Times = []byte("junk")
	case "frames":
		end.Frames = 1 << 40
	case "coverage":
		end.Coverage[0].ToUS -= 1000
	case "kind":
		end.Coverage[0].Kind = "all is well"
	case "plane":
		end.PlaneW = 1 << 30
	case "no-space":
		_ = w.Send(wire.KindFailure, wire.Failure{Fault: 8, Msg: "the disk is full"})
		return 1
	case "zero-kind":
		_ = w.Send(wire.KindFailure, wire.Failure{Fault: 0, Msg: "a\x1b[2Jb\nc", Cause: "/home/someone.mp4"})
		return 1
	case "touch":
		f, err := os.OpenFile(job.Path, os.O_APPEND|os.O_WRONLY, 0)
		if err == nil {
			_, _ = f.WriteString("more")
			f.Close()
		}
	case "remove":
		_ = os.Remove(job.Path)
	case "kill":
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	case "flood":
		for {
			_ = w.Send(wire.Kind('?'), "x")
		}
	}
	_ = w.Send(wire.KindProgress, wire.Progress{Frames: -5, ReachedUS: 1 << 62})
	_ = w.Send(wire.KindChunkEnd, end)
	return -1
}

func fakeEnd(c wire.Chunk) wire.ChunkEnd {
	times := []int64{c.StartUS, c.StartUS + 500_000}
	return wire.ChunkEnd{
		Chunk: c.Index, Frames: 2, Times: scene.PackTimes(times), PlaneW: 32, PlaneH: 18,
		Coverage: []scene.Coverage{{FromUS: c.StartUS, ToUS: c.EndUS, Kind: scene.Seen}},
	}
}

// fakeTrack is one object, elsewhere in every chunk.
func fakeTrack(c wire.Chunk) wire.TrackMsg {
	x := float64(40 * c.Index)
	path := scene.Path{
		{TUS: c.StartUS + 100_000, Box: scene.Box{X: x, Y: 10, W: 30, H: 20}},
		{TUS: c.StartUS + 600_000, Box: scene.Box{X: x + 50, Y: 10, W: 30, H: 20}},
	}
	return wire.TrackMsg{Chunk: c.Index, ClassVotes: map[string]float64{"car": 2}, Detections: 3,
		Track: wire.PackedTrack{StartUS: path[0].TUS, EndUS: path[1].TUS, Observed: 1, Path: scene.PackPath(path)}}
}

// recordingFile writes an "original" and the manners for it.
func recordingFile(t *testing.T, name, script string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte("the original "+name), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path+".play", []byte(script), 0o600); err != nil {
		t.Fatal(err)
	}
	old := time.Now().Add(-time.Hour)
	if err := os.Chtimes(path, old, old); err != nil {
		t.Fatal(err)
	}
	return path
}
