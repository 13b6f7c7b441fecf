package review_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"posteriori/engine/query"
	"posteriori/engine/scene"
)

// A zone is drawn with the mouse, filters at once, and stands as text.
func TestBrowserDrawsAZone(t *testing.T) {
	s := town(t, 100)
	b := openTab(t, writeFolder(t, s, pageOf(t, s, query.Filter{}, false)))
	b.until("review.rows().length === 200")
	b.keys("3")
	b.keys("z")
	place := func(x, y float64) {
		r := eval[[4]float64](b, `const c=document.getElementById('scene').getBoundingClientRect(),s=Math.min(c.width/320,c.height/180);
			return [c.left+(c.width-320*s)/2, c.top+(c.height-180*s)/2, s, 0]`)
		b.click(r[0]+x*r[2], r[1]+y*r[2])
	}
	for _, p := range [][2]float64{{60, 60}, {200, 70}, {180, 150}, {50, 140}} {
		place(p[0], p[1])
	}
	b.keys("\r")
	b.until("review.filter.shapes.length === 1")
	b.until("review.rows().length < 200")
	got := eval[[]any](b, "return [review.rows().length, review.filter.shapes[0].points, review.commandLine(), document.querySelector('#shapes input[type=text]').value]")
	var g scene.Polygon
	for _, p := range got[1].([]any) {
		xy := p.([]any)
		g = append(g, scene.Point{X: xy[0].(float64), Y: xy[1].(float64)})
	}
	if len(g) != 4 || g[0].Dist(scene.Point{X: 60, Y: 60}) > 2 || g[2].Dist(scene.Point{X: 180, Y: 150}) > 2 {
		t.Fatalf("drawn: %v", g)
	}
	z := scene.Zone{Name: "zone1", Polygon: g}
	if !strings.Contains(got[2].(string), "--camera gare --zone '"+z.String()+"' --dwell 0s@zone1") || got[3] != z.String() {
		t.Errorf("command %s, text %s", got[2], got[3])
	}
	res, err := query.Run(t.Context(), s, query.Filter{Zones: []scene.Zone{z}, Dwell: []query.Dwell{{Zone: "zone1"}}, Cameras: []string{"gare"}})
	if err != nil || float64(res.Len()) != got[0] || res.Len() == 0 {
		t.Errorf("the page keeps %v, the search %d: %v", got[0], res.Len(), err)
	}
	b.quiet("file://")
}

// Keys choose, decide and remark; from a folder decisions leave as a file.
func TestBrowserKeys(t *testing.T) {
	s := town(t, 20)
	b := openTab(t, writeFolder(t, s, pageOf(t, s, query.Filter{}, false)))
	b.until("review.rows().length === 40")
	b.keys("n")
	b.keys("n")
	b.until("review.selected() === 1")
	b.keys("x")
	b.keys("n")
	b.keys("v")
	b.keys("c")
	b.until("document.getElementById('remark').open")
	eval[any](b, "document.getElementById('remark-text').value='porte'; document.querySelector('#remark button[value=ok]').click()")
	b.until("review.pending.length === 3")
	got := eval[[]map[string]any](b, "return review.pending")
	var said []string
	for _, d := range got {
		said = append(said, fmt.Sprint(d["recording"], ":", d["track"], " ", d["verdict"], " ", d["text"], " ", len(d["sha256"].(string))))
	}
	if want := []string{"1:2 rejected  64", "1:3 validated  64", "1:3 comment porte 64"}; !slices.Equal(said, want) {
		t.Errorf("%q, want %q", said, want)
	}
	if n := eval[int](b, "review.filter.statuses.add(1); review.update(); return review.rows().length"); n != 1 {
		t.Errorf("%d validated", n)
	}
	if text := eval[string](b, "return document.getElementById('original-say').textContent"); !strings.Contains(text, "posteriori export clip -p P1 --track 1:3") {
		t.Errorf("without a clip the page says %q", text)
	}
	b.keys("?")
	b.until("document.getElementById('keys').open")
	b.quiet("file://")
}

// Pages at the edges: nothing, one track, one as long as the recording, a filter
// that keeps nothing, the night on which the clocks go back.
func TestBrowserEdges(t *testing.T) {
	empty := openStore(t)
	at := clocksBack.UnixMicro()
	add(t, empty, recordingOf(1, "gare", &at), whole(scene.Seen), walks(0, 1, 1))
	b := openTab(t, writeFolder(t, empty, pageOf(t, empty, query.Filter{}, false)))
	b.until("document.getElementById('grid-none').textContent.includes('aucun objet')")
	if text := eval[string](b, "return document.getElementById('scope').textContent"); !strings.Contains(text, "10\u00a0min") {
		t.Errorf("scope: %q", text)
	}
	b.quiet("file://")

	none := openStore(t)
	b = openTab(t, writeFolder(t, none, pageOf(t, none, query.Filter{}, false)))
	b.until("document.getElementById('found').textContent.startsWith('0')")
	b.quiet("file://")

	one := openStore(t)
	long := scene.Track{ID: 1, Class: scene.Car, EndUS: 599_000_000, Observed: 1}
	for us := int64(0); us <= 599_000_000; us += 1_000_000 {
		long.Path = append(long.Path, scene.PathPoint{TUS: us, Box: scene.Box{X: 50, Y: 50, W: 40, H: 30}})
	}
	long.Best = long.Path[0].Box
	add(t, one, recordingOf(1, "gare", &at), whole(scene.Seen), slices.Values([]scene.Track{long}))
	b = openTab(t, writeFolder(t, one, pageOf(t, one, query.Filter{}, false)))
	b.until("review.rows().length === 1")
	b.keys("n")
	b.until("document.getElementById('facts').textContent.includes('9\u00a0min')")
	eval[any](b, "review.filter.colours.add(5); review.filter.minDuration=1e6; review.update()")
	if text := eval[string](b, "return document.getElementById('grid-none').textContent"); !strings.Contains(text, "Couleur") || !strings.Contains(text, "1") {
		t.Errorf("near misses: %q", text)
	}
	eval[any](b, "document.querySelector('.relax').click()")
	b.until("review.rows().length === 1")

	eval[any](b, "review.setZone('Europe/Paris')")
	first, second := at+1800e6, at+5400e6 // 02:30 of summer, 02:30 of winter
	got := eval[[]any](b, fmt.Sprintf("return [review.clockText(%d), review.clockText(%d), review.parseClock('26/10/2025 02:30:00'), review.parseClock('2025-10-26 02:30:00+01:00'), review.parseClock('x')]", first, second))
	want := []any{"26/10/2025 02:30:00 (UTC+02:00)", "26/10/2025 02:30:00 (UTC+01:00)", float64(first), float64(second), nil}
	if !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if time.UnixMicro(first).UTC().Hour() != 0 {
		t.Error("the test's own times are wrong")
	}
	b.quiet("file://")
}
