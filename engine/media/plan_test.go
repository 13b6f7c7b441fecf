package media

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"posteriori/engine/wire"
)

// drawPackets makes a plausible stream in file order: groups of pictures,
// reordering by up to 3, uneven distances, holes.
func drawPackets(t *rapid.T) []packet {
	n := rapid.IntRange(1, 400).Draw(t, "n")
	gop := rapid.IntRange(1, 60).Draw(t, "gop")
	pts := make([]int64, n)
	at := rapid.Int64Range(-5000, 1<<40).Draw(t, "start")
	for i := range pts {
		pts[i] = at
		at += rapid.SampledFrom([]int64{3600, 3600, 3600, 1800, 7200, 9000, 400_000}).Draw(t, "step")
	}
	out := make([]packet, n)
	for i := range out {
		out[i] = packet{pts: pts[i], dts: pts[i] - 20_000, duration: 3600, key: i%gop == 0}
	}
	// Swap neighbours that are not key frames, as B-frames are: DTS stay in order.
	for i := 1; i+1 < n; i += 2 {
		if !out[i].key && !out[i+1].key && rapid.Bool().Draw(t, "swap") {
			out[i].pts, out[i+1].pts = out[i+1].pts, out[i].pts
		}
	}
	return out
}

func TestPlan(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		packets := drawPackets(t)
		chunkUS := rapid.Int64Range(minChunkUS, 60_000_000).Draw(t, "chunk")
		p := &wire.Probe{Format: "mpegts", TimeBase: wire.Rational{Num: 1, Den: 90000}}
		s := newScan(p, &streamFacts{}, chunkUS)
		keys := map[int64]bool{}
		for i := range packets {
			keys[packets[i].pts] = packets[i].key
			if err := s.packet(&packets[i]); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.finish(p, &messages{}); err != nil {
			t.Fatal(err)
		}
		checkPlan(t, p, packets, keys, chunkUS)
	})
}

// checkPlan checks what the contract in engine/wire says of chunks.
func checkPlan(t *rapid.T, p *wire.Probe, packets []packet, keys map[int64]bool, chunkUS int64) {
	c := NewClock(p)
	if p.Packets != int64(len(packets)) || p.FirstPTS != packets[0].pts {
		t.Fatalf("%d packets from %d", p.Packets, p.FirstPTS)
	}
	sum, at := int64(0), int64(0)
	for i, k := range p.Chunks {
		count := int64(0)
		for _, x := range packets {
			if x.pts >= k.StartPTS && x.pts < k.EndPTS {
				count++
			}
		}
		if k.Packets != count || count == 0 || k.Index != i || k.StartUS != at || k.EndUS <= k.StartUS || k.StartUS != c.US(k.StartPTS) {
			t.Fatalf("chunk %+v holds %d packets, starts at %d", k, count, at)
		}
		if !keys[k.StartPTS] || !keys[k.LeadPTS] {
			t.Fatalf("chunk %+v does not start at key frames", k)
		}
		checkLead(t, c, p, k, keys)
		if i > 0 && k.StartUS-p.Chunks[i-1].StartUS < chunkUS {
			t.Fatalf("chunk %d is shorter than %d", i-1, chunkUS)
		}
		sum, at = sum+count, k.EndUS
	}
	last := p.Chunks[len(p.Chunks)-1]
	if sum != p.Packets || at != p.DurationUS || last.EndPTS != math.MaxInt64 {
		t.Fatalf("%d packets of %d, end %d of %d", sum, p.Packets, at, p.DurationUS)
	}
	if n := len(p.Chunks); n > 1 && float64(last.EndUS-last.StartUS) < tailShare*float64(chunkUS) {
		t.Fatalf("tail of %d µs", last.EndUS-last.StartUS)
	}
}

// checkLead: the lead is the last key frame 12 s or more before, or the first.
func checkLead(t *rapid.T, c Clock, p *wire.Probe, k wire.Chunk, keys map[int64]bool) {
	want := p.FirstPTS
	for pts, key := range keys {
		if key && c.US(k.StartPTS)-c.US(pts) >= leadUS {
			want = max(want, pts)
		}
	}
	// Differences of rounded times may be off by a µs.
	if k.Index > 0 && k.LeadPTS != want && c.US(k.StartPTS)-c.US(max(want, k.LeadPTS)) != leadUS {
		t.Fatalf("chunk %+v, lead wanted %d", k, want)
	}
	if k.Index == 0 && k.LeadPTS != k.StartPTS {
		t.Fatalf("first chunk %+v", k)
	}
}

func TestDistances(t *testing.T) {
	var d distances
	for i := range 1000 {
		d.add(3600 + int64(i%2)) // a time base that rounds
	}
	if d.median() != 3600 || d.uneven() {
		t.Errorf("median %d, uneven %v", d.median(), d.uneven())
	}
	for range 10 {
		d.add(9000)
	}
	if !d.uneven() {
		t.Error("one in a hundred is not seen")
	}
	for i := range int64(10 * maxDistances) {
		d.add(i)
	}
	if len(d.n) > maxDistances {
		t.Errorf("%d values kept", len(d.n))
	}
}

func TestMenderAgreesWithItself(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		first := rapid.Int64Range(-1<<40, 1<<40).Draw(t, "first")
		m := newMender(first, wire.Rational{Num: 1, Den: 90000})
		last, in := int64(math.MinInt64), first
		for range rapid.IntRange(1, 50).Draw(t, "n") {
			in += rapid.SampledFrom([]int64{3600, 1, 0, -3000, -90_000, -10_000_000}).Draw(t, "step")
			out := m.next(in)
			if out <= last || out < first {
				t.Fatalf("%d after %d", out, last)
			}
			last = out
		}
	})
	m := newMender(100, wire.Rational{Num: 1, Den: 1000})
	var out []int64
	for _, in := range []int64{100, 140, 180, 170, 920, 5, 45} {
		out = append(out, m.next(in))
	}
	if want := []int64{100, 140, 180, 181, 920, 960, 1000}; !slices.Equal(out, want) {
		t.Errorf("%v, wanted %v", out, want)
	}
}

func TestClock(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		// Ticks of a µs or more are told apart in µs and found again.
		c := Clock{First: rapid.Int64Range(-1<<40, 1<<40).Draw(t, "first"),
			TB: wire.Rational{Num: rapid.Int64Range(1, 1000).Draw(t, "num"), Den: rapid.Int64Range(1, 1e6).Draw(t, "den")}}
		pts := c.First + rapid.Int64Range(-1<<30, 1<<30).Draw(t, "pts")
		if got := c.PTS(c.US(pts)); got != pts {
			t.Fatalf("%d is %d µs is %d", pts, c.US(pts), got)
		}
		if got := c.US(pts + 1); got <= c.US(pts) {
			t.Fatalf("time stands still at %d", pts)
		}
	})
	if got := (Clock{TB: wire.Rational{Num: 1001, Den: 30000}}).US(3); got != 100_100 {
		t.Errorf("3 frames of NTSC: %d µs", got)
	}
	if got := mulDiv(math.MaxInt64, 1000, 1); got != math.MaxInt64 {
		t.Errorf("saturates at %d", got)
	}
}

func TestExactRescale(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		to := wire.Rational{Num: rapid.Int64Range(1, 1e6).Draw(t, "num"), Den: rapid.Int64Range(1, 1e6).Draw(t, "den")}
		k := rapid.Int64Range(1, 1<<10).Draw(t, "finer")
		x := rapid.Int64Range(0, 1<<40).Draw(t, "x")
		fine := wire.Rational{Num: to.Num, Den: to.Den * k}
		if got, ok := exactRescale(x*k, fine, to); !ok || got != x {
			t.Fatalf("%d of %v in %v is %d (%v)", x*k, fine, to, got, ok)
		}
		if _, ok := exactRescale(x*k+1, fine, to); ok && k > 1 {
			t.Fatal("a time between ticks was taken")
		}
	})
}

func TestParsePacket(t *testing.T) {
	for line, want := range map[string]string{
		"pts=5|dts=-3|duration=2|size=77|flags=K_":            "{5 -3 2 0 77 true false false}",
		"pts=N/A|dts=4|duration=N/A|pos=640|size=1|flags=_D_": fmt.Sprintf("{%d 4 0 640 1 false true false}", int64(noPTS)),
		"pts=99999999999999999|dts=4|pos=N/A|flags=__C":       fmt.Sprintf("{%d 4 0 0 0 false false true}", int64(noPTS)),
	} {
		var p packet
		if !parsePacket(line, &p) || fmt.Sprint(p) != want {
			t.Errorf("%s: %v, wanted %s", line, p, want)
		}
	}
	var p packet
	for _, line := range []string{"", "side_datum/mpegts_stream_id:id=224", "||"} {
		if parsePacket(line, &p) {
			t.Errorf("%q is a packet", line)
		}
	}
}

func FuzzParsePacket(f *testing.F) {
	f.Add("pts=5|dts=-3|duration=2|size=77|flags=K_")
	f.Fuzz(func(t *testing.T, line string) {
		var p packet
		if parsePacket(line, &p) && (p.size < 0 && p.size != noPTS || p.duration < 0) {
			t.Fatalf("%q: %+v", line, p)
		}
	})
}
