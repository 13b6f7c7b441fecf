package review_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"posteriori/engine/index"
	"posteriori/engine/query"
	"posteriori/engine/review"
	"posteriori/engine/scene"
	"posteriori/testdata/browser"
)

// tab is a page in a headless browser.
type tab struct {
	*browser.Tab
	t *testing.T
}

// shared is the browser that all tests use, started by the first that needs it.
var shared struct {
	once sync.Once
	*browser.Browser
	err error
}

func TestMain(m *testing.M) {
	code := m.Run()
	if shared.Browser != nil {
		shared.Close()
	}
	os.Exit(code)
}

// openTab opens a page in the browser that is installed, or skips.
func openTab(t *testing.T, address string) *tab {
	t.Helper()
	shared.once.Do(func() { shared.Browser, shared.err = browser.Start(context.Background()) })
	if errors.Is(shared.err, browser.ErrNone) {
		t.Skip("the page is not tested in a browser: ", shared.err)
	}
	if shared.err != nil {
		t.Fatal(shared.err)
	}
	b, err := shared.Open(address, 1280, 800)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	return &tab{b, t}
}

// quiet fails when the console said anything or a request left the origin.
func (b *tab) quiet(origin string) {
	b.t.Helper()
	for _, m := range b.Console() {
		b.t.Errorf("console: %s", m)
	}
	for _, r := range b.Left(origin) {
		b.t.Errorf("a request left %s: %s", origin, r)
	}
}

// eval runs a script in the page and reads its value.
func eval[T any](b *tab, script string) (v T) {
	b.t.Helper()
	if err := b.Eval(script, &v); err != nil {
		b.t.Fatal(err)
	}
	return v
}

// until waits for a script to be true.
func (b *tab) until(script string) {
	b.t.Helper()
	if err := b.Until(30*time.Second, script); err != nil {
		b.t.Fatal(err)
	}
}

func (b *tab) keys(keys string) {
	b.t.Helper()
	if err := b.Keys(keys); err != nil {
		b.t.Fatal(err)
	}
}

func (b *tab) click(x, y float64) {
	b.t.Helper()
	if err := b.Click(x, y); err != nil {
		b.t.Fatal(err)
	}
}

// writeFolder writes a page as posteriori review does, without videos.
func writeFolder(t *testing.T, s *index.Store, p *review.Page) string {
	t.Helper()
	dir := t.TempDir()
	put := func(name string, b []byte) {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var page strings.Builder
	if err := p.WriteHTML(&page); err != nil {
		t.Fatal(err)
	}
	put("index.html", []byte(page.String()))
	for i, f := range p.Meta.PathFiles {
		if b, err := p.PathScript(i); err != nil {
			t.Fatal(err)
		} else if f.Src != "" {
			put(f.Src, b)
		}
	}
	for _, k := range p.Keys() {
		if _, err := s.Crop(t.Context(), k.Recording, k.Track); err == nil || len(p.Keys()) < 1000 {
			put(review.CropName(k), smallJPEG)
		}
	}
	for _, r := range p.Meta.Recordings {
		for _, pl := range r.Plates {
			put(pl.Src, plain(t))
		}
	}
	return "file://" + dir + "/index.html"
}

// The page's filters keep what the search keeps, and its command line says so.
func TestBrowserFilters(t *testing.T) {
	s := town(t, 300)
	address := writeFolder(t, s, pageOf(t, s, query.Filter{}, false))
	b := openTab(t, address)
	b.until("review.rows().length === 600 && review.havePaths()")
	zone := scene.Zone{Name: "z", Polygon: scene.Polygon{{X: 60, Y: 60}, {X: 200, Y: 70}, {X: 180, Y: 170}, {X: 50, Y: 150}}}
	line := scene.Line{Name: "l", A: scene.Point{X: 160, Y: 10}, B: scene.Point{X: 150, Y: 178}}
	at := func(us int64) query.Moment { return query.Moment{Set: true, US: us} }
	for name, c := range map[string]struct {
		script string
		f      query.Filter
	}{
		"class, colour": {`f.classes.add(1); f.classes.add(4); f.colours.add(5); f.colours.add(9)`, query.Filter{Classes: []string{"person", "car"}, Colours: []string{"red", "blue"}}},
		"heading":       {`f.headings.add(0); f.headings.add(3)`, query.Filter{Headings: []string{"N", "SE"}}},
		"camera, duration, size": {`f.cameras.add(1); f.minDuration=7e6; f.maxDuration=9e6; f.minSize=[11,25]; f.maxSize=[0,27]`,
			query.Filter{Cameras: []string{"quai <b>&'"}, MinDurationUS: 7e6, MaxDurationUS: 9e6, MinSize: query.Size{W: 11, H: 25}, MaxSize: query.Size{H: 27}}},
		"time": {fmt.Sprintf(`f.from={us:%d,media:false}; f.to={us:%d,media:false}`, clocksBack.UnixMicro()+100e6, clocksBack.UnixMicro()+300e6),
			query.Filter{From: at(clocksBack.UnixMicro() + 100e6), To: at(clocksBack.UnixMicro() + 300e6)}},
		"stop": {`f.stop=1e6`, query.Filter{StopUS: 1e6}},
		"zone": {`f.shapes.push({kind:'zone',name:'z',points:[[60,60],[200,70],[180,170],[50,150]],rule:'enters',side:'',dwell:0})`,
			query.Filter{Zones: []scene.Zone{zone}, Enters: []string{"z"}, Cameras: []string{"gare"}}},
		"line": {`f.shapes.push({kind:'line',name:'l',points:[[160,10],[150,178]],rule:'cross',side:'left',dwell:0})`,
			query.Filter{Lines: []scene.Line{line}, Crosses: []query.Cross{{Line: "l", Side: "left"}}, Cameras: []string{"gare"}}},
	} {
		res, err := query.Run(t.Context(), s, c.f)
		if err != nil {
			t.Fatal(err)
		}
		var want []string
		for _, k := range res.Keys() {
			want = append(want, fmt.Sprintf("%d:%d", k.Recording, k.Track))
		}
		got := eval[[]string](b, `document.getElementById('clear').click(); const f=review.filter; `+c.script+`; review.update();
			return review.rows().map(i=>review.name(i))`)
		if len(want) == 0 || len(want) == 600 {
			t.Errorf("%s: %d results prove nothing", name, len(want))
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: the page keeps %d, the search %d", name, len(got), len(want))
		}
	}
	got := eval[string](b, `document.getElementById('clear').click(); const f=review.filter; f.classes.add(4); f.headings.add(1); f.minDuration=1500000; f.cameras.add(1);
		f.from={us:`+fmt.Sprint(clocksBack.UnixMicro()+1800e6)+`,media:false}; review.setZone('Europe/Paris'); return review.commandLine()`)
	want := `posteriori query -p P1 --class car --camera 'quai <b>&'\''' --heading NE --from 2025-10-26T02:30:00+02:00 --min-duration 1500ms`
	if got != want {
		t.Errorf("command line\n%s, want\n%s", got, want)
	}
	b.quiet("file://")
}

// What the page says of zones, lines and stops is what engine/scene says.
func TestBrowserGeometryAgrees(t *testing.T) {
	s := town(t, 200)
	p := pageOf(t, s, query.Filter{}, false)
	b := openTab(t, writeFolder(t, s, p))
	b.until("review.rows().length === 400")
	zones := []scene.Zone{{Name: "a", Polygon: scene.Polygon{{X: 60, Y: 60}, {X: 200, Y: 70}, {X: 180, Y: 170}, {X: 50, Y: 150}}},
		{Name: "bow", Polygon: scene.Polygon{{X: 40, Y: 40}, {X: 280, Y: 170}, {X: 280, Y: 40}, {X: 40, Y: 170}}}, // crosses itself
		{Name: "thin", Polygon: scene.Polygon{{X: 0, Y: 100}, {X: 320, Y: 100}, {X: 320, Y: 104}, {X: 0, Y: 103}}}}
	lines := []scene.Line{{Name: "v", A: scene.Point{X: 160}, B: scene.Point{X: 150, Y: 180}}, {Name: "h", A: scene.Point{X: 300, Y: 90}, B: scene.Point{X: 20, Y: 120}}}
	type visit struct {
		From, To      int64
		Entered, Left bool
	}
	type cross struct {
		T       int64
		ToRight bool `json:"toRight"`
	}
	tracks := make([]scene.Track, len(p.Keys()))
	for i, k := range p.Keys() {
		var err error
		if tracks[i], err = s.Track(t.Context(), k.Recording, k.Track, false); err != nil {
			t.Fatal(err)
		}
	}
	n := 0
	for _, z := range zones {
		ring, _ := json.Marshal(corners(z.Polygon))
		got := eval[[][]visit](b, fmt.Sprintf("return review.rows().map(i=>review.visits(%s,review.pathOf(i)))", ring))
		for i := range tracks {
			want := []visit{}
			for _, v := range z.Visits(tracks[i].Path) {
				want = append(want, visit{v.FromUS, v.ToUS, v.Entered, v.Left})
			}
			if n += len(want); !slices.Equal(got[i], want) {
				t.Fatalf("zone %s, track %v: %v, want %v", z.Name, p.Keys()[i], got[i], want)
			}
		}
	}
	for _, l := range lines {
		ends, _ := json.Marshal(corners(scene.Polygon{l.A, l.B}))
		got := eval[[][]cross](b, fmt.Sprintf("return review.rows().map(i=>review.crossings(...%s,review.pathOf(i)))", ends))
		for i := range tracks {
			want := []cross{}
			for _, c := range l.Crossings(tracks[i].Path) {
				want = append(want, cross{c.TUS, c.ToRight})
			}
			if n += len(want); !slices.Equal(got[i], want) {
				t.Fatalf("line %s, track %v: %v, want %v", l.Name, p.Keys()[i], got[i], want)
			}
		}
	}
	got := eval[[][][2]int64](b, "return review.rows().map(i=>review.stops(review.pathOf(i),400000))")
	for i := range tracks {
		want := [][2]int64{}
		for _, x := range tracks[i].Path.Stops(400_000) {
			want = append(want, [2]int64{x.FromUS, x.ToUS})
		}
		if n += len(want); !slices.Equal(got[i], want) {
			t.Fatalf("stops of %v: %v, want %v", p.Keys()[i], got[i], want)
		}
	}
	if n < 500 {
		t.Errorf("%d visits, crossings and stops: too few to tell", n)
	}
}

func corners(g scene.Polygon) (out [][2]float64) {
	for _, p := range g {
		out = append(out, [2]float64{p.X, p.Y})
	}
	return out
}
