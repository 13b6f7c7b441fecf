package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
	"golang.org/x/term"

	"posteriori/engine/analysis"
	"posteriori/engine/batch"
	"posteriori/engine/batch/survey"
	"posteriori/models"
)

// plainEvery is the distance between two lines of progress where there is no
// terminal to redraw.
const plainEvery = 10 * time.Second

// meter shows how far an analysis is: a bar on a terminal, lines elsewhere.
type meter struct {
	w       io.Writer
	began   time.Time
	firstUS int64      // media time done before this run
	mu      sync.Mutex // of last and firstUS: the bar draws itself in a goroutine of its own
	last    analysis.Progress
	bars    *mpb.Progress
	bar     *mpb.Bar
	told    time.Time
}

func newMeter(w io.Writer) *meter {
	m := &meter{w: w, began: time.Now(), firstUS: -1}
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return m
	}
	m.bars = mpb.New(mpb.WithOutput(w), mpb.WithWidth(40), mpb.WithRefreshRate(200*time.Millisecond))
	m.bar = m.bars.New(0, mpb.BarStyle().Rbound("]").Lbound("["),
		mpb.PrependDecorators(decor.Name("analysing "), decor.Percentage(decor.WCSyncSpace)),
		mpb.AppendDecorators(decor.Any(func(decor.Statistics) string { return m.figures() + m.hashing() })))
	return m
}

// show takes the state of the run. It is called from one goroutine at a time.
func (m *meter) show(p analysis.Progress) {
	line := p.Line
	p.Line = ""
	m.mu.Lock()
	if m.firstUS < 0 {
		m.firstUS = p.DoneUS
	}
	m.last = p
	m.mu.Unlock() // before the bar is told: it may be drawing
	if m.bar != nil {
		m.bar.SetTotal(max(1, p.TotalUS), false)
		m.bar.SetCurrent(min(p.DoneUS, p.TotalUS))
		if line != "" {
			fmt.Fprintln(m.bars, line)
		}
		return
	}
	if line != "" {
		fmt.Fprintln(m.w, line)
	}
	if time.Since(m.told) >= plainEvery {
		m.told = time.Now()
		fmt.Fprintf(m.w, "analysing %3.0f %%, %s%s\n", 100*share(p.DoneUS, p.TotalUS), m.figures(), hashed(p))
	}
}

// hashed says how much of the originals has been hashed while that goes on.
func hashed(p analysis.Progress) string {
	if p.HashDone >= p.HashTotal {
		return ""
	}
	return fmt.Sprintf(", %.0f %% of the originals hashed", 100*share(p.HashDone, p.HashTotal))
}

// figures are fps, times real time, objects so far and time left.
func (m *meter) figures() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	took := time.Since(m.began).Seconds()
	media := float64(m.last.DoneUS-max(0, m.firstUS)) / 1e6
	left := "time left unknown"
	if media > 0 && took > 1 {
		d := time.Duration(float64(m.last.TotalUS-m.last.DoneUS) / 1e6 / (media / took) * float64(time.Second))
		left = max(0, d).Round(time.Second).String() + " left"
	}
	return fmt.Sprintf(" %.0f fps, %.1f × real time, %d objects, %s",
		float64(m.last.Frames)/max(took, 0.001), media/max(took, 0.001), m.last.Tracks, left)
}

func (m *meter) hashing() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return hashed(m.last)
}

// stop ends the display.
func (m *meter) stop() {
	if m.bar != nil {
		m.bar.SetTotal(-1, true)
		m.bar.Abort(false)
		m.bars.Wait()
	}
}

func share(part, whole int64) float64 {
	if whole <= 0 {
		return 1
	}
	return min(1, float64(part)/float64(whole))
}

// installBar shows models being copied: a bar each on a terminal.
type installBar struct {
	bars *mpb.Progress
	bar  *mpb.Bar
	name string
}

func newInstallBar(w io.Writer) *installBar {
	b := &installBar{}
	if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		b.bars = mpb.New(mpb.WithOutput(w), mpb.WithWidth(40))
	}
	return b
}

func (b *installBar) show(p models.Progress) {
	if b.bars == nil {
		return
	}
	if p.State == models.Installing && b.name != p.Model.Name {
		b.name = p.Model.Name
		b.bar = b.bars.New(p.Model.Bytes, mpb.BarStyle().Lbound("[").Rbound("]"),
			mpb.PrependDecorators(decor.Name(p.Model.Name+" ")),
			mpb.AppendDecorators(decor.CountersKibiByte("% .1f / % .1f")))
	}
	if b.bar != nil && b.name == p.Model.Name {
		b.bar.SetCurrent(p.Done)
		if p.State != models.Installing {
			b.bar.SetTotal(-1, true)
		}
	}
}

func (b *installBar) stop() {
	if b.bars == nil {
		return
	}
	if b.bar != nil {
		b.bar.Abort(false)
	}
	b.bars.Wait()
}

// stepMeter tells of work in steps: a line now and then, where nothing is
// drawn anew.
type stepMeter struct {
	w    io.Writer
	mu   sync.Mutex
	told time.Time
}

func newStepMeter(w io.Writer) *stepMeter { return &stepMeter{w: w, told: time.Now()} }

func (m *stepMeter) show(p survey.Progress) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if time.Since(m.told) < plainEvery {
		return
	}
	m.told = time.Now()
	switch {
	case p.Total > 0:
		fmt.Fprintf(m.w, "%s: %d of %d\n", p.Step, p.Done, p.Total)
	case p.Done > 0:
		fmt.Fprintf(m.w, "%s: %.1f GiB read\n", p.Step, float64(p.Done)/(1<<30))
	default:
		fmt.Fprintf(m.w, "%s\n", p.Step)
	}
}

// batchMeter shows how far a batch is: one line that is drawn anew on a
// terminal, lines elsewhere.
type batchMeter struct {
	w    io.Writer
	mu   sync.Mutex
	live bool
	told time.Time
}

func newBatchMeter(w io.Writer) *batchMeter {
	f, ok := w.(*os.File)
	return &batchMeter{w: w, live: ok && term.IsTerminal(int(f.Fd()))}
}

func (m *batchMeter) show(p batch.Progress) {
	m.mu.Lock()
	defer m.mu.Unlock()
	clear := ""
	if m.live {
		clear = "\r\x1b[K"
	}
	if p.Line != "" {
		fmt.Fprintf(m.w, "%s%s\n", clear, p.Line)
	}
	if m.live {
		fmt.Fprint(m.w, clear+progressText(p))
	} else if time.Since(m.told) >= plainEvery {
		m.told = time.Now()
		fmt.Fprintln(m.w, progressText(p))
	}
}

// stop ends the display.
func (m *batchMeter) stop() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.live {
		fmt.Fprint(m.w, "\r\x1b[K")
	}
}
