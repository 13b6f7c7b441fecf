package review_test

import (
	"encoding/json"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"posteriori/engine/index"
	"posteriori/engine/plate"
	"posteriori/engine/query"
	"posteriori/engine/review"
	"posteriori/engine/scene"
	"posteriori/engine/synopsis"
)

// withRare gives some of the tracks a plate, and some an event.
func withRare(tracks iter.Seq[scene.Track]) iter.Seq[scene.Track] {
	return func(yield func(scene.Track) bool) {
		for t := range tracks {
			if t.ID%3 == 1 {
				r := plate.Read{Box: scene.Box{W: 120, H: 26}, Found: 1}
				for _, c := range []byte("AB123CD") {
					var ch plate.Char
					ch[plate.Bit(c)] = 1
					r.Chars = append(r.Chars, ch)
				}
				t.Plates = plate.Pack(plate.Fuse([]plate.Read{r}))
			}
			if t.ID%5 == 2 {
				t.Event, t.EventUS, t.Linked = scene.ThingLeft, t.StartUS, t.ID-1
			}
			if !yield(t) {
				return
			}
		}
	}
}

// rareTown is a small procedure with plates, events and decisions.
func rareTown(t *testing.T) *index.Store {
	t.Helper()
	s := openStore(t)
	at := clocksBack.UnixMicro()
	add(t, s, recordingOf(1, "gare", &at), []scene.Coverage{{ToUS: 500_000_000, Kind: scene.Seen}, {FromUS: 100_000_000, ToUS: 200_000_000, Kind: scene.Damaged}}, withRare(walks(12, 3, 40)))
	if _, err := s.AddRecording(t.Context(), recordingOf(2, "cave", nil)); err != nil {
		t.Fatal(err)
	}
	for track, v := range map[int64]index.Verdict{1: index.Validated, 4: index.Rejected} {
		if _, err := s.Decide(t.Context(), index.Decision{Recording: 1, Track: track, Verdict: v, Text: "vu de près", By: "M1"}); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// contrast lists the texts in sight whose contrast with what is behind them is
// under that of WCAG 2.2, 1.4.3 (AA), and controls that have no name (4.1.2).
const contrast = `const lin=v=>(v/=255)<=.04045?v/12.92:((v+.055)/1.055)**2.4, lum=c=>.2126*lin(c[0])+.7152*lin(c[1])+.0722*lin(c[2]);
	const rgba=s=>{const m=s.match(/[\d.]+/g).map(Number);return m.length<4?[...m,1]:m}, over=(a,b)=>[0,1,2].map(k=>a[k]*a[3]+b[k]*(1-a[3])).concat(1);
	const behind=el=>{let layers=[];for(let e=el;e;e=e.parentElement){const c=rgba(getComputedStyle(e).backgroundColor);layers.push(c);if(c[3]===1)break}
		return layers.reverse().reduce((b,c)=>over(c,b),[255,255,255,1])};
	const out=[];
	for(const el of document.body.querySelectorAll('*')){
		if(!el.checkVisibility({visibilityProperty:true})||/^(SCRIPT|STYLE|CANVAS)$/.test(el.tagName))continue;
		const text=[...el.childNodes].filter(n=>n.nodeType===3).map(n=>n.data.trim()).join('');
		if(/^(BUTTON|INPUT|SELECT|TEXTAREA)$/.test(el.tagName)&&!el.innerText&&!el.getAttribute('aria-label')&&!(el.labels&&[...el.labels].some(l=>l.innerText.trim())))out.push('no name: '+el.outerHTML.slice(0,120));
		if(!text||el.disabled)continue;
		const s=getComputedStyle(el), b=behind(el), f=over(rgba(s.color),b), [hi,lo]=[lum(f),lum(b)].sort((x,y)=>y-x), ratio=(hi+.05)/(lo+.05), px=parseFloat(s.fontSize);
		if(ratio<(px>=24||px>=18.66&&s.fontWeight>=700?3:4.5))out.push(ratio.toFixed(2)+' '+text.slice(0,30)+' '+el.className+' '+s.color+' on '+b);
	}
	return out`

// strays lists words of the other language that are in sight.
const strays = `const c=document.getElementById('command'),said=c.textContent;c.textContent='';const text=document.body.innerText;c.textContent=said;const en=document.documentElement.lang==='en', w=Object.values(review.words).filter(x=>typeof x[0]==='string');
	const own=w.map(x=>x[en?1:0]).join(' ');
	return w.map(x=>x[en?0:1]).filter(x=>x.length>4&&!own.includes(x)&&new RegExp('(^|\\s)'+x.replace(/[.*+?^${}()|[\]\\]/g,'\\$&')+'(\\s|$)').test(text))`

// In every state and in both languages texts can be read, controls have names, and
// no word is of the other language.
func TestBrowserReadsWell(t *testing.T) {
	b := openTab(t, writeFolder(t, rareTown(t), pageOf(t, rareTown(t), query.Filter{}, false)))
	b.until("review.rows().length === 12 && review.havePaths()")
	for _, lang := range []string{"fr", "en"} {
		if got := eval[string](b, "return document.documentElement.lang"); got != lang {
			t.Fatalf("language %s, want %s", got, lang)
		}
		for _, state := range []string{"", "review.choose(0,true)", "review.choose(1,false)", "document.getElementById('tab-synopsis').click()", "document.getElementById('tab-grid').click()",
			"review.filter.colours.add(3);review.filter.minDuration=1e12;review.update()", "review.filter.minDuration=0;review.filter.events.add(1);review.filter.plateRead=true;review.update()",
			"document.getElementById('clear').click();document.getElementById('tab-camera').click();review.filter.shapes.push({kind:'zone',name:'z',points:[[60,60],[200,70],[180,170]],rule:'dwell',side:'',dwell:0});review.update()",
			"document.getElementById('do-reject').click();document.getElementById('help').click()", "document.getElementById('keys').close();document.getElementById('do-comment').click()"} {
			for _, bad := range eval[[]string](b, state+";"+contrast) {
				t.Errorf("%s, after %q: %s", lang, state, bad)
			}
			for _, bad := range eval[[]string](b, strays) {
				t.Errorf("%s, after %q: the page says %q", lang, state, bad)
			}
		}
		eval[any](b, "document.getElementById('remark').close();document.getElementById('clear').click();document.getElementById('lang').click()")
	}
	if bad := eval[[]string](b, "return Object.entries(review.words).filter(([k,w])=>w.length!==2||!w[0]||!w[1]).map(x=>x[0])"); len(bad) > 0 {
		t.Errorf("words that are not in two languages: %q", bad)
	}
	b.quiet("file://")
}

// Plates are masked, things left name who was there, and both filter.
func TestBrowserPlatesAndEvents(t *testing.T) {
	s := rareTown(t)
	b := openTab(t, writeFolder(t, s, pageOf(t, s, query.Filter{}, false)))
	b.until("review.rows().length === 12")
	got := eval[[]string](b, "review.filter.plateRead=true;review.update();return review.rows().map(i=>review.name(i))")
	if want := []string{"1:1", "1:7", "1:10"}; !slices.Equal(got, want) { // 1:4 was rejected
		t.Errorf("with a plate: %v, want %v", got, want)
	}
	if html := eval[string](b, "return document.documentElement.outerHTML"); strings.Contains(html, "AB123CD") || strings.Count(html, "██-███-██") < 3 {
		t.Error("a plate is told, or none is masked")
	}
	got = eval[[]string](b, "document.getElementById('clear').click();review.filter.events.add(1);review.update();review.choose(review.rows()[1],false);return review.rows().map(i=>review.name(i))")
	if want := []string{"1:2", "1:7", "1:12"}; !slices.Equal(got, want) {
		t.Errorf("left: %v, want %v", got, want)
	}
	if text := eval[string](b, "return document.getElementById('facts').innerText"); !strings.Contains(text, "déposé") || !strings.Contains(text, "par 1:6") {
		t.Errorf("the facts: %q", text)
	}
	eval[any](b, "document.querySelector('#facts button.link').click()")
	b.until("review.name(review.selected()) === '1:6'")
	b.quiet("file://")
}

// The lanes show what was damaged and what nobody analysed, and the legend says how much.
func TestBrowserShowsCoverage(t *testing.T) {
	s := rareTown(t)
	b := openTab(t, writeFolder(t, s, pageOf(t, s, query.Filter{}, false)))
	b.until("review.rows().length === 12")
	legend := eval[string](b, "return document.getElementById('legend').innerText")
	for _, want := range []string{"vu 6\u00a0min 40\u00a0s", "endommagé 1\u00a0min 40\u00a0s", "non analysé 11\u00a0min 40\u00a0s"} {
		if !strings.Contains(legend, want) {
			t.Errorf("the legend %q does not say %q", legend, want)
		}
	}
	n := eval[map[string]int](b, `const c=document.getElementById('timeline'),g=c.getContext('2d'),n={},h=c.height;
		const colours={damaged:[0xd1,0x49,0x5b],hatch:[0x5b,0x64,0x72],seen:[0xcf,0xe3,0xcf]};
		for(const [k,want] of Object.entries(colours)){const p=g.getImageData(150,0,c.width-150,h).data;n[k]=0;for(let i=0;i<p.length;i+=4)if(want.every((v,j)=>Math.abs(p[i+j]-v)<3))n[k]++}
		return n`)
	if n["damaged"] < 500 || n["hatch"] < 500 || n["seen"] < 500 {
		t.Errorf("pixels of each kind: %v", n)
	}
}

// A print has the cards of what is shown, each with its own marks, and the command.
func TestBrowserPrints(t *testing.T) {
	s := rareTown(t)
	b := openTab(t, writeFolder(t, s, pageOf(t, s, query.Filter{}, false)))
	b.until("review.rows().length === 12")
	if err := b.Print(true); err != nil {
		t.Fatal(err)
	}
	outside := eval[[]string](b, `window.dispatchEvent(new Event('beforeprint')); const cards=[...document.querySelectorAll('#print-list .card')];
		if(cards.length!==12)return ['cards: '+cards.length];
		const bad=cards.flatMap(c=>{const r=c.getBoundingClientRect();return [...c.querySelectorAll('.mark,.tag')].filter(x=>{const q=x.getBoundingClientRect();return q.left<r.left||q.right>r.right||q.top<r.top||q.bottom>r.bottom}).map(x=>x.textContent)});
		for(const id of ['filters','main','side'])if(document.getElementById(id).checkVisibility())bad.push(id+' is printed');
		if(!document.getElementById('command').checkVisibility())bad.push('no command');
		return bad`)
	if len(outside) > 0 {
		t.Errorf("%q", outside)
	}
	stretched := `return ['timeline','axis'].map(id=>{const c=document.getElementById(id),r=c.getBoundingClientRect();return r.width/r.height/(c.width/c.height)})`
	for _, r := range eval[[]float64](b, stretched) {
		if r < .99 || r > 1.01 {
			t.Errorf("on paper the timeline is stretched %.2f times", r)
		}
	}
	if err := b.Print(false); err != nil {
		t.Fatal(err)
	}
	for _, r := range eval[[]float64](b, "window.dispatchEvent(new Event('afterprint'));"+stretched) {
		if r < .99 || r > 1.01 {
			t.Errorf("after printing the timeline is stretched %.2f times", r)
		}
	}
	if pdf, err := b.PDF(); err != nil || len(pdf) < 5000 {
		t.Errorf("%d bytes of PDF, %v", len(pdf), err)
	}
}

// withSynopses puts synopses of three densities on a page of four tracks: in the
// first all play one after another, in the last all at once.
func withSynopses(t *testing.T, s *index.Store, p *review.Page) string {
	t.Helper()
	video, err := os.ReadFile(bars(t))
	if err != nil {
		t.Fatal(err)
	}
	for i, density := range []float64{1, 2, 4} {
		side := synopsis.Sidecar{Schema: synopsis.SidecarSchema, Procedure: "P1", Output: synopsis.SidecarOutput{Width: 320, Height: 180, FrameUS: 40_000, Frames: 200 / int64(density)}, Figures: synopsis.Figures{Density: density}}
		for k := range int64(4) {
			play := synopsis.SidecarPlay{Play: synopsis.Play{Start: k * 40 / int64(density*density), Frames: 40, FromUS: k * 140_000_000, ToUS: k*140_000_000 + 1_600_000}}
			side.Objects = append(side.Objects, synopsis.SidecarObject{Recording: "1", Track: k + 1, Plays: []synopsis.SidecarPlay{play}})
		}
		text, err := json.Marshal(side)
		if err != nil {
			t.Fatal(err)
		}
		syn, err := review.SynopsisOf(text, fmt.Sprintf("synopsis-%d.mp4", i+1))
		if err != nil {
			t.Fatal(err)
		}
		p.Meta.Synopses = append(p.Meta.Synopses, syn)
	}
	address := writeFolder(t, s, p)
	for _, syn := range p.Meta.Synopses {
		if err := os.WriteFile(filepath.Join(filepath.Dir(strings.TrimPrefix(address, "file://")), syn.Src), video, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return address
}

// The slider goes among the densities that were rendered, and what is chosen stays
// in sight; a click on an object of the synopsis chooses it at that moment.
func TestBrowserSynopsis(t *testing.T) {
	s := openStore(t)
	at := clocksBack.UnixMicro()
	add(t, s, recordingOf(1, "gare", &at), whole(scene.Seen), walks(4, 9, 40))
	b := openTab(t, withSynopses(t, s, pageOf(t, s, query.Filter{}, false)))
	b.until("review.havePaths() && document.getElementById('synopsis').readyState >= 2")
	eval[any](b, "document.getElementById('density').focus()")
	for i, want := range []string{"1 objets à la fois · 8\u00a0s", "2 objets à la fois · 4\u00a0s", "4 objets à la fois · 2\u00a0s"} {
		src := fmt.Sprintf("synopsis-%d.mp4", i+1)
		b.until("document.getElementById('synopsis').currentSrc.endsWith('" + src + "')")
		if got := eval[string](b, "return document.getElementById('density-now').textContent"); got != want {
			t.Errorf("%s: %q, want %q", src, got, want)
		}
		b.keys(kb.ArrowRight)
	}
	b.keys(kb.ArrowLeft)
	b.keys(kb.ArrowLeft)
	b.until("document.getElementById('synopsis').currentSrc.endsWith('synopsis-1.mp4') && document.getElementById('synopsis').readyState >= 2")
	eval[any](b, "review.choose(2,false)") // it plays from frame 80 on: the synopsis goes there
	b.until("review.synopsisAt().frame === 100 && !document.getElementById('synopsis').seeking")
	eval[any](b, "review.choose(-1)")
	spot := eval[[2]float64](b, `const c=document.getElementById('synopsis-over').getBoundingClientRect(),k=Math.min(c.width/320,c.height/180),p=review.pathOf(2),t=280e6+.5*1.6e6;
		let j=0;while(j+1<p.n&&p.t[j+1]<=t)j++;return [c.left+(c.width-320*k)/2+(p.x[j]+p.w[j]/2)*k, c.top+(c.height-180*k)/2+(p.y[j]+p.h[j]/2)*k]`)
	b.click(spot[0], spot[1])
	b.until("review.selected() === 2 && review.shownClip.wanted === 280800000")
	b.quiet("file://")
}

// The player's keys: play, stop, back, faster, slower, two seconds, one frame.
func TestBrowserPlayerKeys(t *testing.T) {
	s := openStore(t)
	at := clocksBack.UnixMicro()
	add(t, s, recordingOf(1, "gare", &at), whole(scene.Seen), walks(4, 9, 40))
	b := openTab(t, withSynopses(t, s, pageOf(t, s, query.Filter{}, false)))
	b.until("review.havePaths() && document.getElementById('synopsis').readyState >= 2")
	eval[any](b, "window.v=document.getElementById('synopsis'); v.pause(); v.currentTime=4")
	b.until("!v.seeking && v.currentTime === 4")
	b.keys(kb.ArrowRight)
	b.until("!v.seeking && v.currentTime === 6")
	b.keys(kb.ArrowLeft)
	b.until("!v.seeking && v.currentTime === 4")
	b.keys(".")
	b.until("!v.seeking && review.synopsisAt().frame === 101")
	b.keys(",")
	b.until("!v.seeking && review.synopsisAt().frame === 100")
	// Keys pressed faster than the film can follow are all counted.
	eval[any](b, "for(const k of '...,...')document.body.dispatchEvent(new KeyboardEvent('keydown',{key:k,bubbles:true}))")
	b.until("!v.seeking && review.synopsisAt().frame === 105")
	b.keys(" ")
	b.until("!v.paused && v.currentTime > 4.3")
	b.keys("k")
	b.until("v.paused")
	b.keys("l")
	b.until("!v.paused && v.playbackRate === 1")
	b.keys("l")
	b.until("v.playbackRate === 2")
	b.keys("[")
	b.keys("[")
	b.until("v.playbackRate === .5")
	b.keys("]")
	b.until("v.playbackRate === 1")
	at0 := eval[float64](b, "return v.currentTime")
	b.keys("j")
	b.until(fmt.Sprintf("v.paused && v.currentTime < %f", at0))
	b.keys("k")
	b.quiet("file://")
}

// Without a mouse: a zone and a line are drawn, the line filters by side, and the
// tabs and the grid are walked.
func TestBrowserByKeysAlone(t *testing.T) {
	s := town(t, 60)
	b := openTab(t, writeFolder(t, s, pageOf(t, s, query.Filter{}, false)))
	b.until("review.rows().length === 120 && review.havePaths()")
	b.keys("d")
	b.until("document.activeElement.id === 'scene'")
	for range 9 { // from the middle up, then through all of the picture downwards
		b.keys(kb.ArrowUp)
	}
	b.keys(" ")
	for range 18 {
		b.keys(kb.ArrowDown)
	}
	b.keys(" ")
	b.until("review.filter.shapes.length === 1 && review.filter.shapes[0].kind === 'line'")
	got := eval[[]any](b, "return [review.filter.shapes[0].points, review.rows().length, review.commandLine()]")
	if fmt.Sprint(got[0]) != "[[160 0] [160 180]]" || !strings.Contains(got[2].(string), "--line 'ligne1=160,0 160,180' --crosses ligne1") {
		t.Errorf("drawn by keys: %v", got)
	}
	line := scene.Line{Name: "ligne1", A: scene.Point{X: 160}, B: scene.Point{X: 160, Y: 180}}
	for _, side := range []string{"", "left", "right"} {
		res, err := query.Run(t.Context(), s, query.Filter{Lines: []scene.Line{line}, Crosses: []query.Cross{{Line: "ligne1", Side: side}}, Cameras: []string{"gare"}})
		if err != nil {
			t.Fatal(err)
		}
		if n := eval[int](b, "review.filter.shapes[0].side='"+side+"';review.update();return review.rows().length"); n != res.Len() || n == 0 {
			t.Errorf("side %q: the page keeps %d, the search %d", side, n, res.Len())
		}
	}
	b.keys("z")
	for _, k := range []string{" ", kb.ArrowRight, kb.ArrowRight, kb.ArrowRight, " ", kb.ArrowDown, kb.ArrowDown, kb.ArrowDown, " ", "\r"} {
		b.keys(k)
	}
	b.until("review.filter.shapes.length === 2 && review.filter.shapes[1].kind === 'zone' && review.filter.shapes[1].points.length === 3")
	eval[any](b, "document.getElementById('clear').click()")
	b.keys("2")
	b.until("document.activeElement.id === 'grid'")
	b.keys(kb.ArrowRight)
	b.keys(kb.ArrowRight)
	b.until("review.selected() === 1 && document.getElementById('grid').getAttribute('aria-activedescendant') === 'row-1'")
	b.keys("f")
	b.until("document.activeElement.id === 'clear'")
	b.keys("\t")
	b.keys(" ")
	b.until("review.rows().length < 120 && review.rows().length > 0")
	b.quiet("file://")
}
