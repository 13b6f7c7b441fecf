// Package timedworker plays posteriori-worker for tests of what goes on around
// it: it takes a set time for each chunk and finds one object in it, which
// depends on the recording and on the chunk. A program that was started under
// [Name] calls [Main].
//
// A recording is a text file: "timed CHUNKS MILLISECONDS", then anything.
package timedworker

import (
	"bufio"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"time"

	"posteriori/engine/fault"
	"posteriori/engine/scene"
	"posteriori/engine/wire"
)

// Name is what the program is called, by a link to it, when it plays the worker.
const Name = "timed-worker"

// chunkUS is the length of a chunk.
const chunkUS = 10_000_000

// Recording is the text of one.
func Recording(chunks int, each time.Duration, rest string) []byte {
	return fmt.Appendf(nil, "timed %d %d\n%s\n", chunks, each.Milliseconds(), rest)
}

// Main does the one job on standard input and returns the exit status.
func Main() int {
	in := bufio.NewReader(os.Stdin)
	line, err := in.ReadBytes('\n')
	var job wire.Job
	if err != nil || json.Unmarshal(line, &job) != nil {
		return 1
	}
	go func() { // as the real one: it dies when nobody waits
		_, _ = io.Copy(io.Discard, in)
		os.Exit(1)
	}()
	w := wire.NewWriter(os.Stdout)
	hello := wire.Hello{Version: wire.Version, Build: Name, Device: "cpu", Versions: map[string]string{"ffmpeg": "none", "opencv": "none"}}
	if job.Describe != nil {
		return said(errors.Join(w.Send(wire.KindHello, hello), w.Send(wire.KindDone, wire.Done{})))
	}
	r, err := read(job.Path)
	if err != nil {
		_ = w.Send(wire.KindHello, hello)
		_ = w.Send(wire.KindFailure, wire.Failure{Fault: int(fault.BadInput), Msg: "it is no timed recording"})
		return 1
	}
	if err := w.Send(wire.KindHello, hello); err != nil {
		return 1
	}
	switch {
	case job.Probe != nil:
		err = w.Send(wire.KindProbe, r.probe())
	case job.Analyse != nil:
		for _, c := range job.Analyse.Chunks {
			if err = r.chunk(w, c); err != nil {
				return 1
			}
		}
	default:
		return 1
	}
	if err != nil {
		return 1
	}
	return said(w.Send(wire.KindDone, wire.Done{}))
}

func said(err error) int {
	if err != nil {
		return 1
	}
	return 0
}

// recording is one as its file says.
type recording struct {
	chunks int
	each   time.Duration
	sum    [32]byte
}

func read(path string) (recording, error) {
	var r recording
	text, err := os.ReadFile(path)
	if err != nil {
		return r, err
	}
	var ms int
	if _, err := fmt.Sscanf(string(text), "timed %d %d\n", &r.chunks, &ms); err != nil {
		return r, err
	}
	r.each, r.sum = time.Duration(ms)*time.Millisecond, sha256.Sum256(text)
	return r, nil
}

func (r recording) probe() wire.Probe {
	p := wire.Probe{Format: "mov,mp4", Codec: "h264", Width: 640, Height: 360, TimeBase: wire.Rational{Num: 1, Den: 1000},
		DurationUS: int64(r.chunks) * chunkUS, Packets: int64(2 * r.chunks), KeyFrames: int64(r.chunks), FrameUS: chunkUS / 2, Seekable: true}
	for k := range r.chunks {
		c := wire.Chunk{Index: k, StartPTS: int64(k) * chunkUS / 1000, EndPTS: int64(k+1) * chunkUS / 1000,
			StartUS: int64(k) * chunkUS, EndUS: int64(k+1) * chunkUS, Packets: 2}
		c.LeadPTS = max(0, c.StartPTS-1000)
		if k == r.chunks-1 {
			c.EndPTS = math.MaxInt64
		}
		p.Chunks = append(p.Chunks, c)
	}
	return p
}

// chunk takes its time and tells one object, which crosses the picture.
func (r recording) chunk(w *wire.Writer, c wire.Chunk) error {
	time.Sleep(r.each)
	at := r.sum[c.Index%len(r.sum)]
	y := float64(at)
	path := scene.Path{
		{TUS: c.StartUS + 2_000_000, Box: scene.Box{X: 10, Y: y, W: 30, H: 20}},
		{TUS: c.StartUS + 4_000_000 + int64(at)*1000, Box: scene.Box{X: 300, Y: y, W: 30, H: 20}},
	}
	track := wire.TrackMsg{Chunk: c.Index, ClassVotes: map[string]float64{"car": 2}, Detections: 3,
		Track: wire.PackedTrack{StartUS: path[0].TUS, EndUS: path[1].TUS, Observed: 1, Path: scene.PackPath(path)}}
	if err := w.Send(wire.KindTrack, track); err != nil {
		return err
	}
	times := []int64{c.StartUS, c.StartUS + chunkUS/2}
	return w.Send(wire.KindChunkEnd, wire.ChunkEnd{Chunk: c.Index, Frames: 2, Times: scene.PackTimes(times), PlaneW: 32, PlaneH: 18,
		Coverage: []scene.Coverage{{FromUS: c.StartUS, ToUS: c.EndUS, Kind: scene.Seen}}})
}
