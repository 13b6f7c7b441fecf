package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
	"golang.org/x/term"

	"posteriori/engine/evidence"
)

// hashMeter shows how much of some files has been read: a bar on a terminal,
// a line now and then elsewhere.
type hashMeter struct {
	w     io.Writer
	label string
	total int64
	base  int64 // bytes of the files before
	told  time.Time
	bars  *mpb.Progress
	bar   *mpb.Bar
}

// newHashMeter shows the reading of so many bytes, called by label.
func newHashMeter(w io.Writer, label string, total int64) *hashMeter {
	m := &hashMeter{w: w, label: label, total: max(1, total), told: time.Now()}
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return m
	}
	m.bars = mpb.New(mpb.WithOutput(w), mpb.WithWidth(40))
	m.bar = m.bars.New(m.total, mpb.BarStyle().Lbound("[").Rbound("]"),
		mpb.PrependDecorators(decor.Name(label+" ")),
		mpb.AppendDecorators(decor.CountersKibiByte("% .1f / % .1f")))
	return m
}

// file is the progress of the next file, which skip ends.
func (m *hashMeter) file() evidence.Progress {
	return func(done, _ int64) { m.show(m.base+done, m.total) }
}

// skip goes on behind a file of so many bytes, read or not.
func (m *hashMeter) skip(bytes int64) {
	m.base += bytes
	m.show(m.base, m.total)
}

// show says that so many bytes of all have been read.
func (m *hashMeter) show(done, _ int64) {
	switch {
	case m.bar != nil:
		m.bar.SetCurrent(min(done, m.total))
	case m.bars == nil && time.Since(m.told) >= plainEvery:
		m.told = time.Now()
		fmt.Fprintf(m.w, "%s %3.0f %% of %.1f GiB\n", m.label, 100*share(done, m.total), float64(m.total)/(1<<30))
	}
}

// stop ends the display; a second time it does nothing.
func (m *hashMeter) stop() {
	if m.bars == nil {
		return
	}
	m.bar.SetTotal(-1, true)
	m.bars.Wait()
	m.bars, m.bar = nil, nil
	m.told = time.Now().Add(time.Hour) // nothing is said any more
}

// sizeOf is the bytes of those of the paths that are files.
func sizeOf(paths []string) (total int64) {
	for _, path := range paths {
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
			total += info.Size()
		}
	}
	return total
}
