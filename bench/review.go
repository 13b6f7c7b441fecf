package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"posteriori/testdata/browser"
)

const (
	reviewTracks  = 50_000
	reviewCameras = 2
	reviewRounds  = 5
)

// reviewDeeds are what is timed on the open page, in order, each as a script
// that gives ms from the deed until its result is painted.
var reviewDeeds = []struct {
	name, goal, note, script string
}{
	{"a zone drawn at once", "", "before the paths have been read", reviewPaint + reviewZone},
	{"a class ticked", "100", "", `const box=document.querySelector('input[data-value="car"]');` + reviewPaint + `return painted(()=>box.click())`},
	{"a second class, a colour, a heading and a time", "100", "each alone, the slowest", reviewPaint + `
		const tick=v=>()=>document.querySelector('input[data-value="'+v+'"]').click();
		const deeds=[tick('truck'),tick('red'),()=>document.querySelector('[data-heading="E"]').click(),
			()=>{const i=document.getElementById('time-from');i.value='2026-03-05 14:00:00';i.dispatchEvent(new Event('change'))}];
		const run=(most)=>deeds.length?painted(deeds.shift()).then(ms=>run(Math.max(most,ms))):most;
		return run(0)`},
	{"a zone drawn later", "100", "all filters cleared, the paths read", reviewPaint + `document.getElementById('clear').click();` + reviewZone},
	{"a line drawn", "100", "", reviewPaint + `document.getElementById('clear').click();
		const l={kind:'line',name:'l',points:[[640,100],[600,700]],rule:'cross',side:'right',dwell:0};
		return painted(()=>{review.filter.shapes.push(l);review.update()})`},
}

// reviewPaint gives the ms from a deed until the frame with its result was painted.
const reviewPaint = `const shown=()=>review.settled?review.settled():Promise.resolve();
	const painted=deed=>{const t=performance.now();deed();return shown().then(()=>new Promise(r=>requestAnimationFrame(()=>setTimeout(()=>r(performance.now()-t)))))};`

const reviewZone = `const z={kind:'zone',name:'z',points:[[600,300],[700,300],[700,420],[600,420]],rule:'dwell',side:'',dwell:0};
	return painted(()=>{review.filter.shapes.push(z);review.update()})`

// reviewSuite writes the review page of 50,000 tracks, opens it in Chromium, and
// times what a person does on it.
func reviewSuite(ctx context.Context, e *env) ([]figure, error) {
	b, err := browser.Start(ctx)
	if errors.Is(err, browser.ErrNone) {
		e.note("  %v", err)
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer b.Close()
	p, err := newProgram(ctx, e)
	if err != nil {
		return nil, err
	}
	defer p.Close()
	e.note("  filling an index with %d tracks", reviewTracks)
	if err := fillIndex(ctx, p.store, reviewTracks, reviewCameras); err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(e.out, "page-") // outside the store, which only acts change
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	_, u, err := p.measured(ctx, "review", "--no-synopsis", "--clips", "0", "-o", dir)
	if err != nil {
		return nil, err
	}
	out := []figure{{"the folder is written", u.Wall.Seconds(), "s", "", "", fmt.Sprintf("%d tracks, no synopsis, no clips; %.1f s of processor time, %.0f MB", reviewTracks, u.CPU.Seconds(), float64(u.PeakRSS)/1e6)}}
	took, err := reviewTimes(ctx, b, "file://"+dir+"/index.html")
	if err != nil {
		return out, err
	}
	out = append(out, figure{"the page opens", median(took["open"]) / 1000, "s", "2", "goal of the project",
		fmt.Sprintf("%d tracks, %d cameras, to the first pictures painted and the filters ready; median of %d, best %.2f; %.0f ms of processor time",
			reviewTracks, reviewCameras, reviewRounds, slices.Min(took["open"])/1000, median(took["open"+busy]))})
	for _, d := range reviewDeeds {
		source := ""
		if d.goal != "" {
			source = "goal of the project"
		}
		out = append(out, figure{d.name, median(took[d.name]), "ms", d.goal, source,
			strings.TrimSuffix(fmt.Sprintf("to the result painted; median of %d, best %.0f; %.0f ms of processor time; %s",
				reviewRounds, slices.Min(took[d.name]), median(took[d.name+busy]), d.note), "; ")})
	}
	return out, nil
}

// busy after a deed's name stands for the processor time of the page's thread.
const busy = ", processor"

// reviewTimes opens the page anew in each round, and gives what each deed took, ms.
func reviewTimes(ctx context.Context, b *browser.Browser, address string) (map[string][]float64, error) {
	took := map[string][]float64{}
	for range reviewRounds {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err := reviewRound(b, address, took); err != nil {
			return nil, err
		}
	}
	return took, nil
}

func reviewRound(b *browser.Browser, address string, took map[string][]float64) error {
	t, err := b.Open(address, 1600, 900)
	if err != nil {
		return err
	}
	defer t.Close()
	if err := t.Until(time.Minute, "performance.getEntriesByName('ready').length"); err != nil {
		return err
	}
	var ms float64
	if err := t.Eval("return performance.getEntriesByName('ready')[0].startTime", &ms); err != nil {
		return err
	}
	before, err := t.Busy()
	if err != nil {
		return err
	}
	took["open"], took["open"+busy] = append(took["open"], ms), append(took["open"+busy], before.Seconds()*1000)
	for i, d := range reviewDeeds {
		if before, err = t.Busy(); err != nil {
			return err
		}
		if err := t.Eval(d.script, &ms); err != nil {
			return err
		}
		after, err := t.Busy()
		if err != nil {
			return err
		}
		took[d.name], took[d.name+busy] = append(took[d.name], ms), append(took[d.name+busy], (after-before).Seconds()*1000)
		var rows int
		if err := t.Eval("return review.rows().length", &rows); err != nil {
			return err
		}
		if rows == 0 || rows == reviewTracks {
			return fmt.Errorf("%q leaves %d tracks: it measures nothing", d.name, rows)
		}
		if i == 0 { // what comes after is with the paths read
			if err := t.Eval("document.getElementById('clear').click()", new(any)); err != nil {
				return err
			}
			if err := t.Until(time.Minute, "review.havePaths()"); err != nil {
				return err
			}
		}
	}
	for _, m := range t.Console() {
		return fmt.Errorf("the page's console: %s", m)
	}
	return nil
}
