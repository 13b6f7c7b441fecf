package analysis

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"posteriori/engine/evidence"
	"posteriori/engine/fault"
	"posteriori/engine/index"
	"posteriori/engine/scene"
	"posteriori/engine/wire"
)

const sec = int64(1_000_000)

// bench is an index with recordings, and what a run over them said.
type bench struct {
	t     *testing.T
	ix    *index.Store
	recs  []index.Recording
	opt   Options
	lines []string
	sure  []Progress

	silence time.Duration
}

// newBench imports a recording of four chunks for each script.
func newBench(t *testing.T, scripts ...string) *bench {
	t.Helper()
	ix, err := index.Open(t.Context(), filepath.Join(t.TempDir(), "index.db"), make([]byte, index.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ix.Close() })
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{t: t, ix: ix, opt: Options{Workers: 2, Worker: Worker{Path: exe}.named(fakeHello())}}
	for i, s := range scripts {
		path := recordingFile(t, "film"+string(rune('a'+i)), s)
		data, _ := os.ReadFile(path)
		sum := sha256.Sum256(data)
		rec := index.Recording{SHA256: hex.EncodeToString(sum[:]), Path: path, Bytes: int64(len(data)),
			Probe: wire.Probe{Width: 640, Height: 360, DurationUS: 4 * sec, Seekable: true, TimeBase: wire.Rational{Num: 1, Den: 1000}}}
		for k := range int64(4) {
			rec.Probe.Chunks = append(rec.Probe.Chunks, wire.Chunk{Index: int(k), StartPTS: k * 1000, EndPTS: (k + 1) * 1000,
				StartUS: k * sec, EndUS: (k + 1) * sec, LeadPTS: max(0, k-1) * 1000})
		}
		rec.Probe.Chunks[3].EndPTS = math.MaxInt64
		if rec.ID, err = ix.AddRecording(t.Context(), rec); err != nil {
			t.Fatal(err)
		}
		b.recs = append(b.recs, rec)
	}
	return b
}

func (b *bench) run(ctx context.Context) ([]Outcome, error) {
	b.t.Helper()
	exe, err := os.Executable()
	if err != nil {
		b.t.Fatal(err)
	}
	return Run(ctx, b.ix, Worker{Path: exe, silence: b.silence}, b.recs, b.opt, func(p Progress) {
		if p.Line != "" {
			b.lines = append(b.lines, p.Line)
		}
		b.sure = append(b.sure, p)
	})
}

// tracks are the IDs and starts in the index.
func (b *bench) tracks() [][2]int64 {
	b.t.Helper()
	var out [][2]int64
	for row, err := range b.ix.Search(b.t.Context(), index.Where{}) {
		if err != nil {
			b.t.Fatal(err)
		}
		out = append(out, [2]int64{row.Track.ID, row.Track.StartUS})
	}
	return out
}

var whole = [][2]int64{{1, 100_000}, {2, 1_100_000}, {3, 2_100_000}, {4, 3_100_000}}

func seen(from, to int64) scene.Coverage {
	return scene.Coverage{FromUS: from, ToUS: to, Kind: scene.Seen}
}

// TestMisbehavesOnce: whatever a worker does once, the next try gives the
// index of an undisturbed run.
func TestMisbehavesOnce(t *testing.T) {
	for _, manner := range []string{"", "crash", "kill", "deaf", "order", "garbage", "long", "foreign-track", "no-path",
		"times", "frames", "coverage", "kind", "plane", "zero-kind", "flood", "hang", "crash-after"} {
		t.Run(manner, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, "2 "+manner+"!\n")
			if manner == "hang" || manner == "deaf" {
				b.silence = 3 * time.Second
			}
			out, err := b.run(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(whole, b.tracks()); d != "" {
				t.Error(d)
			}
			if d := cmp.Diff([]scene.Coverage{seen(0, 4*sec)}, out[0].Coverage); d != "" {
				t.Error(d)
			}
			wantLines := 1
			if manner == "" || manner == "crash-after" {
				wantLines = 0 // all was said before
			}
			if len(b.lines) != wantLines {
				t.Errorf("the user reads %q", b.lines)
			}
			for _, p := range b.sure {
				if p.DoneUS < 0 || p.DoneUS > p.TotalUS || p.Frames < 0 {
					t.Errorf("progress %+v", p)
				}
			}
		})
	}
}

// TestFailsTwice: a chunk that breaks two workers is not analysed; the others
// are, their masks keep their plane, and the account says so.
func TestFailsTwice(t *testing.T) {
	b := newBench(t, "1 crash\n3 zero-kind\n")
	b.opt.Workers = 1
	out, err := b.run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]int{1, 3}, out[0].Failed); d != "" {
		t.Error(d)
	}
	want := []scene.Coverage{
		seen(0, sec),
		{FromUS: sec, ToUS: 2 * sec, Kind: scene.NotAnalysed, Reason: "the worker broke off"},
		seen(2*sec, 3*sec),
		{FromUS: 3 * sec, ToUS: 4 * sec, Kind: scene.NotAnalysed, Reason: "a[2Jb c"},
	}
	if d := cmp.Diff(want, out[0].Coverage); d != "" {
		t.Error(d)
	}
	if out[0].NotSeenUS != 2*sec || out[0].Tracks != 2 || out[0].Frames != 4 {
		t.Errorf("outcome %+v", out[0])
	}
	all, err := b.ix.Analyses(t.Context())
	if err != nil || all[0].State != index.Complete || all[0].PlaneW != 32 || all[0].PlaneH != 18 {
		t.Errorf("analysis %+v, %v", all, err)
	}
}

// TestLostBehindTwo: in what cannot be sought, two chunks lost in a row lose all
// behind them, without a try; one alone does not. A run that is killed among the
// losses, and goes on, comes to the same.
func TestLostBehindTwo(t *testing.T) {
	coverage := func(script string, seekable bool, stopAfter int) ([]int, []scene.Coverage, []string) {
		t.Helper()
		b := newBench(t, script)
		b.recs[0].Probe.Seekable = seekable
		b.opt.Workers = 1
		if stopAfter > 0 {
			ctx, stop := context.WithCancel(t.Context())
			n := 0
			b.opt.Watch = func(e Event) {
				if e.What == EventLost {
					if n++; n == stopAfter {
						stop()
					}
				}
			}
			if _, err := b.run(ctx); err == nil {
				t.Fatal("it was not interrupted")
			}
			b.opt.Watch, b.lines = nil, nil
		}
		out, err := b.run(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		slices.Sort(out[0].Failed)
		return out[0].Failed, out[0].Coverage, b.lines
	}
	const two = "0 crash\n1 crash\n"
	failed, whole, lines := coverage(two, false, 0)
	if d := cmp.Diff([]int{0, 1, 2, 3}, failed); d != "" {
		t.Error(d)
	}
	last := whole[len(whole)-1]
	if last.Kind != scene.NotAnalysed || last.ToUS != 4*sec || !strings.Contains(last.Reason, "it lies behind") || !strings.Contains(strings.Join(lines, "\n"), "2 chunks behind it") {
		t.Errorf("%+v, %q", whole, lines)
	}
	if failed, _, _ := coverage(two, true, 0); len(failed) != 2 {
		t.Errorf("what can be sought loses %v", failed)
	}
	if failed, _, _ := coverage("1 crash\n", false, 0); len(failed) != 1 {
		t.Errorf("one lost chunk loses %v", failed)
	}
	for _, n := range []int{1, 2, 3, 4} {
		if _, got, _ := coverage(two, false, n); !cmp.Equal(whole, got) {
			t.Errorf("killed at loss %d: %s", n, cmp.Diff(whole, got))
		}
	}
}

// TestOneWorkerTakesAll: what cannot be sought is read by one worker; one that
// breaks in the middle loses nothing.
func TestOneWorkerTakesAll(t *testing.T) {
	for _, script := range []string{"", "2 crash!", "3 crash-after", "0 crash!\n3 hang!", "-1 linger"} {
		t.Run(script, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, script)
			b.recs[0].Probe.Seekable = false
			b.silence = 3 * time.Second
			if _, err := b.run(t.Context()); err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(whole, b.tracks()); d != "" {
				t.Error(d)
			}
		})
	}
}

// TestFullDiskStops: and the next run goes on from what was finished.
func TestFullDiskStops(t *testing.T) {
	b := newBench(t, "2 no-space!\n")
	b.opt.Workers = 1
	out, err := b.run(t.Context())
	if fault.KindOf(err) != fault.NoSpace {
		t.Fatalf("error %v", err)
	}
	if out[0].Error == "" || len(b.tracks()) != 0 {
		t.Errorf("an unfinished recording looks finished: %+v", out[0])
	}
	out, err = b.run(t.Context())
	if err != nil || out[0].Reused != 2 {
		t.Fatalf("%+v, %v", out, err)
	}
	if d := cmp.Diff(whole, b.tracks()); d != "" {
		t.Error(d)
	}
}

// TestOriginalChanges: what was found in an original that changes under way is
// forgotten; when it goes away it is kept. The others go on.
func TestOriginalChanges(t *testing.T) {
	for _, manner := range []string{"touch", "remove"} {
		t.Run(manner, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, "2 "+manner+"\n", "")
			b.opt.Workers = 1
			path := b.recs[0].Path
			data, _ := os.ReadFile(path)
			info, _ := os.Stat(path)
			out, err := b.run(t.Context())
			if fault.KindOf(err) != fault.Integrity || out[0].Error == "" || out[1].Tracks != 4 {
				t.Fatalf("%+v, %v", out, err)
			}
			// Put back as it was, it is analysed.
			if err := os.WriteFile(path, data, 0o600); err != nil {
				t.Fatal(err)
			}
			_ = os.Chtimes(path, info.ModTime(), info.ModTime())
			_ = os.Remove(path + ".play")
			out, err = b.run(t.Context())
			if err != nil || out[0].Tracks != 4 {
				t.Fatalf("%+v, %v", out, err)
			}
			if want := map[string]int{"touch": 0, "remove": 2}[manner]; out[0].Reused != want {
				t.Errorf("%d chunks of an original that did %q were kept, want %d", out[0].Reused, manner, want)
			}
		})
	}
}

// TestAnotherWorker: a program replaced under way mixes no two builds.
func TestAnotherWorker(t *testing.T) {
	b := newBench(t, "-1 other\n")
	if _, err := b.run(t.Context()); fault.KindOf(err) != fault.Missing {
		t.Fatalf("error %v", err)
	}
	all, err := b.ix.Analyses(t.Context())
	if err != nil || all[0].ChunksDone != 0 {
		t.Errorf("%+v, %v", all, err)
	}
}

// A machine that did a chunk stands in its account by a name that may stand in
// a report, and what the worker itself says of that counts for nothing.
func TestMachineIsNamed(t *testing.T) {
	in := &intake{run: &run{}}
	if err := in.hello(wire.Hello{Machine: "PC-7"}); err != nil || in.at != "PC-7" {
		t.Errorf("%q, %v", in.at, err)
	}
	if err := in.hello(wire.Hello{Machine: "<b>Jean Martin</b>"}); !errors.Is(err, wire.ErrProtocol) {
		t.Errorf("a name that is none: %v", err)
	}
	if h := (Worker{Path: os.Args[0]}).named(wire.Hello{Version: wire.Version, Machine: "PC-7"}); h.Machine != "" {
		t.Errorf("a worker here names its machine: %q", h.Machine)
	}
}

// TestInterrupted: cancelled at any message, the next run ends as an unbroken one.
func TestInterrupted(t *testing.T) {
	for n := 1; n < 9; n += 2 {
		b := newBench(t, "")
		b.recs[0].Probe.Seekable = n%4 == 1
		ctx, cancel := context.WithCancel(t.Context())
		exe, _ := os.Executable()
		count := 0
		_, err := Run(ctx, b.ix, Worker{Path: exe}, b.recs, b.opt, func(Progress) {
			if count++; count == n {
				cancel()
			}
		})
		cancel()
		if err == nil {
			t.Logf("message %d came too late to interrupt", n)
		}
		if _, err := b.run(t.Context()); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(whole, b.tracks()); d != "" {
			t.Errorf("interrupted at message %d: %s", n, d)
		}
	}
}

// TestAgain: a finished analysis stands until it is done anew.
func TestAgain(t *testing.T) {
	b := newBench(t, "")
	for _, c := range []struct {
		again  bool
		reused int
	}{{false, 0}, {false, 4}, {true, 0}} {
		b.opt.Again = c.again
		out, err := b.run(t.Context())
		if err != nil || out[0].Reused != c.reused || out[0].Tracks != 4 {
			t.Fatalf("again %v: %+v, %v", c.again, out, err)
		}
	}
}

// TestAgainGoesOn: an analysis that is done anew and is broken off goes on
// where it stopped, and tries again what could not be analysed.
func TestAgainGoesOn(t *testing.T) {
	b := newBench(t, "0 crash\n2 no-space!\n")
	b.opt.Workers, b.opt.Again = 1, true
	if _, err := b.run(t.Context()); fault.KindOf(err) != fault.NoSpace {
		t.Fatal(err)
	}
	if err := os.WriteFile(b.recs[0].Path+".play", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := b.run(t.Context())
	if err != nil || out[0].Reused != 1 || len(out[0].Failed) != 0 {
		t.Fatalf("%+v, %v; want chunk 1 kept, chunk 0 tried again", out, err)
	}
	if d := cmp.Diff(whole, b.tracks()); d != "" {
		t.Error(d)
	}
}

// TestHashing: every original is read once before it is worked on and the
// display is told; one that was altered keeps nobody else out.
func TestHashing(t *testing.T) {
	b := newBench(t, "", "", "")
	if err := os.WriteFile(b.recs[1].Path, []byte("something else"), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := b.run(t.Context())
	if fault.KindOf(err) != fault.Integrity || !evidence.Altered(err) {
		t.Fatalf("error %v", err)
	}
	if out[0].Tracks != 4 || out[1].Error == "" || out[2].Tracks != 4 {
		t.Errorf("%+v", out)
	}
	var last int64
	for _, p := range b.sure {
		if p.HashDone < last || p.HashTotal < p.HashDone {
			t.Fatalf("hashing went from %d to %d of %d", last, p.HashDone, p.HashTotal)
		}
		last = p.HashDone
	}
	if last == 0 {
		t.Error("nobody was told of the hashing")
	}
}

// TestDecidedStands: what people have decided on is not replaced, and the
// other recordings are.
func TestDecidedStands(t *testing.T) {
	b := newBench(t, "", "")
	if _, err := b.run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := b.ix.Decide(t.Context(), index.Decision{Recording: 1, Track: 2, Verdict: index.Validated, By: "M", AtUS: 1}); err != nil {
		t.Fatal(err)
	}
	b.opt.Again = true
	out, err := b.run(t.Context())
	if fault.KindOf(err) != fault.Refused || out[0].Error == "" || out[1].Reused != 0 || out[1].Tracks != 4 {
		t.Fatalf("%+v, %v", out, err)
	}
	if d, err := b.ix.Decisions(t.Context(), 1, 2); err != nil || len(d) != 1 {
		t.Errorf("%v, %v", d, err)
	}
}

// TestHangingProbe: every job has an end, not only an analysis.
func TestHangingProbe(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	w := Worker{Path: exe, silence: 3 * time.Second}
	path := recordingFile(t, "film", "")
	if _, _, err := w.Probe(t.Context(), path, sec); err == nil || !strings.Contains(err.Error(), "said nothing for 3s") {
		t.Errorf("error %v", err)
	}
}

// TestStartsWithoutNamespaces: where the kernel forbids them the worker still
// gets its job.
func TestStartsWithoutNamespaces(t *testing.T) {
	was := isolations
	defer func() { isolations = was }()
	isolations = func() []*syscall.SysProcAttr {
		return []*syscall.SysProcAttr{{Setpgid: true, Pgid: 1 << 30}, {Setpgid: true}}
	}
	b := newBench(t, "")
	if _, err := b.run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(whole, b.tracks()); d != "" {
		t.Error(d)
	}
}

// TestSaysNoNames: what reaches the journal (the message) names no file.
func TestSaysNoNames(t *testing.T) {
	for _, err := range []error{
		crashed("/x/Dupont.mp4", errors.New("exit status 2"), "panic at /x/Dupont.mp4\nmore"),
		failure(wire.Failure{Fault: 4, File: "/x/Dupont.mp4", Msg: "it cannot be read", Cause: "open /x/Dupont.mp4"}),
	} {
		var e *fault.Error
		if !errors.As(err, &e) || strings.Contains(e.Msg+e.Hint, "Dupont") || !strings.Contains(err.Error(), "Dupont") {
			t.Errorf("%#v", err)
		}
	}
}

func TestPlain(t *testing.T) {
	for in, want := range map[string]string{
		"a\nb\tc":           "a b c",
		"\x1b[31mred":       "[31mred",
		"a\u202eb\x00":      "ab",
		"été \xff":          "été ?",
		"a\u200bb ordinary": "ab ordinary",
	} {
		if got := plain(in); got != want {
			t.Errorf("plain(%q) = %q, want %q", in, got, want)
		}
	}
	if n := len(plain(string(bytes.Repeat([]byte{'x'}, 1<<20)))); n > maxText+8 {
		t.Errorf("%d bytes", n)
	}
}
