package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"posteriori/engine"
	"posteriori/engine/index"
	"posteriori/engine/query"
	"posteriori/engine/scene"
	"posteriori/engine/wire"
	"posteriori/testdata/browser"
)

// clocksBack is an hour before clocks in France went back in 2025: 02:30 comes twice.
var clocksBack = time.Date(2025, 10, 26, 0, 0, 0, 0, time.UTC)

// town fills a procedure: a camera recorded in two sizes, over the hour that
// comes twice, another without a clock, and a recording that nobody analysed.
// There are plates, things left and removed, and decisions.
func town(t *testing.T, store string) {
	t.Helper()
	s, err := engine.Open(store)
	if err != nil {
		t.Fatal(err)
	}
	p, err := s.OpenProcedure("P1")
	if err != nil {
		t.Fatal(err)
	}
	ix, err := p.Index(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer ix.Close()
	first, second := clocksBack.Add(20*time.Minute).UnixMicro(), clocksBack.Add(70*time.Minute).UnixMicro()
	add := func(n int, camera string, w, h int, clock *int64, unsure int64, tracks []scene.Track, cov ...scene.Coverage) {
		rec, err := ix.AddRecording(t.Context(), index.Recording{SHA256: fmt.Sprintf("%064x", n), Path: fmt.Sprintf("/e/%d.mp4", n), Exhibit: "S1", Basis: "seizure", Camera: camera,
			ClockUS: clock, ClockUncertaintyUS: unsure, Probe: wire.Probe{DurationUS: 600_000_000, Width: w, Height: h, FrameUS: 40_000, TimeBase: wire.Rational{Num: 1, Den: 12800}}})
		if err != nil || tracks == nil {
			return
		}
		if _, err = ix.BeginAnalysis(t.Context(), rec, index.Analysis{Identity: "test"}); err == nil {
			err = ix.Finish(t.Context(), rec, slices.Values(tracks), cov)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	seen := scene.Coverage{ToUS: 600_000_000, Kind: scene.Seen}
	add(1, "gare", 320, 180, &first, 20_000_000, walkers(1, 60), seen, scene.Coverage{FromUS: 100_000_000, ToUS: 160_000_000, Kind: scene.Damaged, Reason: "decoder"})
	add(2, "gare", 640, 360, &second, 0, walkers(2, 60), scene.Coverage{FromUS: 30_000_000, ToUS: 500_000_000, Kind: scene.Seen})
	add(3, "quai <b>&'", 320, 180, nil, 0, walkers(3, 60), seen)
	add(4, "quai <b>&'", 320, 180, &second, 60_000_000, nil)
	for i, v := range []index.Verdict{index.Validated, index.Rejected, index.Validated, index.Rejected, index.Comment} {
		if _, err := ix.Decide(t.Context(), index.Decision{Recording: int64(i%3 + 1), Track: int64(7*i + 2), Verdict: v, Text: "vu", By: "M1"}); err != nil {
			t.Fatal(err)
		}
	}
}

// walkers are tracks that wander through a picture of 320x180.
func walkers(seed uint64, n int) (out []scene.Track) {
	r := rand.New(rand.NewPCG(seed, 5))
	for i := range n {
		start := int64(i) * 9_000_000
		t := scene.Track{ID: int64(i + 1), Class: scene.Class(r.IntN(8)), ClassScore: .5, Colour: scene.Colour(r.IntN(6)), ColourScore: .5, Observed: 1, StartUS: start}
		x, y, way := 40+240*r.Float64(), 60+110*r.Float64(), 2*math.Pi*r.Float64()
		for k := range 20 + r.IntN(60) {
			way += .5 * (r.Float64() - .5)
			if k%20 > 4 { // it stands from time to time
				x, y = min(315, max(5, x+4*math.Cos(way))), min(175, max(30, y+4*math.Sin(way)))
			}
			w, h := 10+8*r.Float64(), 20+10*r.Float64()
			t.Path = append(t.Path, scene.PathPoint{TUS: start + int64(k)*150_000, Box: scene.Box{X: x - w/2, Y: y - h, W: w, H: h}})
		}
		t.EndUS, t.Best, t.BestUS = t.Path[len(t.Path)-1].TUS, t.Path[0].Box, start
		if d := t.Path.Displacement(); math.Hypot(d.X, d.Y) > 20 {
			t.Heading, t.HasHeading = scene.Turn(math.Atan2(d.X, -d.Y)*180/math.Pi), true
		}
		if t.Class == scene.Person && i%3 > 0 {
			t.Lower, t.LowerScore = scene.Colour(1+i%4), .5
		}
		if i%5 == 0 {
			t.Plates = packed(fmt.Sprintf("AB%d23CD", i%10))
		}
		if i%9 == 4 {
			t.Event, t.EventUS, t.Linked = scene.Event(1+i%2), start+1_000_000, int64(i)
		}
		out = append(out, t)
	}
	return out
}

// newTown makes a store with the town in P1, and gives how to run posteriori on it.
func newTown(t *testing.T) (store string, posteriori func(args ...string) string) {
	t.Helper()
	store = filepath.Join(t.TempDir(), "store")
	posteriori = func(args ...string) string {
		t.Helper()
		var out, errs bytes.Buffer
		if code := newApp(strings.NewReader(""), &out, &errs).execute(append(args, "--store", store, "--reason", "test")); code != 0 {
			t.Fatalf("posteriori %q: status %d, %s", args, code, errs.String())
		}
		return out.String()
	}
	posteriori("init", "--demo")
	posteriori("procedure", "open", "P1", "--frame", "flagrance", "--offence", "vol", "--imprisonment", "--service", "S", "--parquet", "1")
	town(t, store)
	return store, posteriori
}

// startBrowser starts a browser for one test, or skips.
func startBrowser(t *testing.T) *browser.Browser {
	t.Helper()
	b, err := browser.Start(context.Background())
	if errors.Is(err, browser.ErrNone) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	return b
}

// openPage opens a page and waits until it can be used.
func openPage(t *testing.T, b *browser.Browser, address string) *browser.Tab {
	t.Helper()
	page, err := b.Open(address, 1280, 800)
	if err == nil {
		err = page.Until(30*time.Second, "window.review && review.havePaths()")
	}
	if err != nil {
		t.Fatal(err)
	}
	return page
}

// inPage evaluates a script in the page.
func inPage[T any](t *testing.T, page *browser.Tab, script string) (v T) {
	t.Helper()
	if err := page.Eval(script, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// shellWords takes a command line apart as a shell does.
func shellWords(t *testing.T, line string) []string {
	t.Helper()
	out, err := exec.Command("sh", "-c", `posteriori() { printf '%s\0' "$@"; }; `+line).Output()
	if err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	return strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00")
}

// drawnFilter is a script that sets a filter by chance.
func drawnFilter(r *rand.Rand) string {
	var b strings.Builder
	b.WriteString("document.getElementById('clear').click(); const f=review.filter;")
	some := func(share float64, format string, args ...any) {
		if r.Float64() < share {
			fmt.Fprintf(&b, format+";", args...)
		}
	}
	clock := func() int64 {
		return clocksBack.UnixMicro() + (1200+3000*r.Int64N(2)+r.Int64N(600))*1_000_000 + r.Int64N(2)*123_456
	}
	some(.15, "f.classes.add(%d);f.classes.add(%d);f.classes.add(4)", r.IntN(8), r.IntN(8))
	some(.12, "f.colours.add(%d);f.colours.add(%d);f.colours.add(0)", r.IntN(6), r.IntN(6))
	some(.08, "f.uppers.add(%d);f.uppers.add(%d);f.uppers.add(0)", r.IntN(6), r.IntN(6))
	some(.1, "f.lowers.add(%d);f.lowers.add(%d)", r.IntN(5), r.IntN(5))
	some(.1, "f.statuses.add(%d)", r.IntN(3))
	some(.12, "f.headings.add(%d);f.headings.add(%d)", r.IntN(8), r.IntN(8))
	some(.2, "f.cameras.add(%d)", r.IntN(2))
	some(.05, "f.events.add(%d)", 1+r.IntN(2))
	some(.05, "f.plateRead=true")
	some(.25, "f.from={us:%d,media:false}", clock())
	some(.2, "f.to={us:%d,media:false}", clock())
	some(.12, "f.from={us:%d,media:true}", r.Int64N(500)*1_000_000)
	some(.12, "f.to={us:%d,media:true}", r.Int64N(500)*1_000_000+1)
	some(.12, "f.minDuration=%d", r.Int64N(9000)*1000)
	some(.1, "f.maxDuration=%d", r.Int64N(12000)*1000+1)
	some(.1, "f.minSize=[%d,%d]", r.IntN(16), r.IntN(28))
	some(.1, "f.maxSize=[%d,%d]", r.IntN(2)*14, r.IntN(2)*25)
	some(.08, "f.stop=%d", 300_000+r.Int64N(800)*1000)
	some(.3, "const c=document.getElementById('scene-plate');c.selectedIndex=%d%%c.options.length;c.dispatchEvent(new Event('change'))", r.IntN(4))
	at := func() string { return fmt.Sprintf("[%d,%d]", r.IntN(320), r.IntN(180)) }
	some(.3, "f.shapes.push({kind:'zone',name:'zone9',points:[[%d,40],[290,%d],[250,170],[%d,150]],rule:'%s',side:'',dwell:%d})",
		20+r.IntN(80), 30+r.IntN(60), 10+r.IntN(80), []string{"dwell", "enters", "leaves"}[r.IntN(3)], r.IntN(2)*1_500_000)
	some(.2, "f.shapes.push({kind:'line',name:'ligne9',points:[%s,[%d,%d]],rule:'cross',side:'%s',dwell:0})",
		at(), 330, r.IntN(180), []string{"", "left", "right"}[r.IntN(3)])
	return b.String()
}

// shownAnswer is what the page says: the rows, the command line and the scope.
type shownAnswer struct {
	Rows        []string
	Command     string
	Asked, Seen int64
	Mixed       bool // bounded by clock times and media times
}

const readAnswer = `review.update(); const s=review.scopeNow(), b=[f.from,f.to,review.meta.flags.from,review.meta.flags.to].filter(Boolean);
	return review.settled().then(()=>({rows:review.rows().map(i=>review.name(i)), command:review.commandLine(), asked:s.asked, seen:s.seen,
		mixed: new Set(b.map(x=>Boolean(x.media))).size > 1}))`

// TestPageAnswersAsTheProgram: whatever the filter, the command line that the page
// shares finds the very rows that the page shows, and saw as much.
func TestPageAnswersAsTheProgram(t *testing.T) {
	_, posteriori := newTown(t)
	b := startBrowser(t)
	r := rand.New(rand.NewPCG(7, 7))
	some := 0
	for _, base := range [][]string{
		nil,
		{"--class", "car,person,bus", "--from", "2025-10-26T02:25:00+02:00", "--max-duration", "11s", "--max-size", "16x29"},
		{"--heading", "N,100-260", "--heading-tolerance", "5", "--north", "gare=30", "--where", `duration < 8 or class == "bus"`, "--to", "7m"},
		{"--recording", "1", "--recording", "3", "--zone", "g=40,40 290,30 250,170 30,150", "--dwell", "0s@g", "--status", "proposed,validated"},
		{"--camera", "gare", "--plate-read", "--colour", "unknown,black,grey,white", "--stops", "400ms"},
		{"--event", "left,removed", "--min-size", "1x22"},
		{"--lower", "black,grey,silver", "--upper", "unknown,grey,white,black"},
	} {
		dir := filepath.Join(t.TempDir(), "page")
		posteriori(append([]string{"review", "-p", "P1", "--no-synopsis", "--clips", "0", "-o", dir}, base...)...)
		page := openPage(t, b, "file://"+dir+"/index.html")
		for range 22 {
			script := drawnFilter(r)
			shown := inPage[shownAnswer](t, page, script+readAnswer)
			var found struct {
				Scope  query.Scope
				Tracks []struct{ Recording, Track int64 }
			}
			if err := json.Unmarshal([]byte(posteriori(append(shellWords(t, shown.Command), "--format", "json")...)), &found); err != nil {
				t.Fatal(err)
			}
			want := []string{}
			for _, x := range found.Tracks {
				want = append(want, fmt.Sprintf("%d:%d", x.Recording, x.Track))
			}
			if !slices.Equal(shown.Rows, want) {
				t.Errorf("%s\nby %s\nthe page shows %v\nthe program finds %v", shown.Command, script, shown.Rows, want)
			}
			if !shown.Mixed && (shown.Asked != found.Scope.AskedUS() || shown.Seen != found.Scope.SeenUS()) && !strings.Contains(shown.Command, "false") {
				t.Errorf("%s\nthe page saw %d of %d, the program %d of %d", shown.Command, shown.Seen, shown.Asked, found.Scope.SeenUS(), found.Scope.AskedUS())
			}
			if len(want) > 0 && len(want) < 150 {
				some++
			}
		}
		for _, m := range page.Console() {
			t.Errorf("console: %s", m)
		}
		page.Close()
	}
	if some < 55 {
		t.Errorf("only %d of the filters kept some rows and not others: they tell too little", some)
	}
}
