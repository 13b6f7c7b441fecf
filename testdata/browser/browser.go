// Package browser drives the Chromium that is installed, for tests and figures
// of pages: one process, tabs in it, and for each tab what its console said and
// what it asked for.
package browser

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/performance"
	"github.com/chromedp/chromedp"
)

// ErrNone: no Chromium is installed.
var ErrNone = errors.New("no chromium is installed (Debian: apt-get install chromium)")

// names are what Chromium is called, the first found is taken.
var names = []string{"chromium", "chromium-browser", "google-chrome"}

// Browser is one headless Chromium with a profile of its own.
type Browser struct {
	ctx  context.Context
	stop func()
}

// Start starts Chromium; ErrNone when there is none.
func Start(ctx context.Context) (*Browser, error) {
	path := ""
	for _, name := range names {
		if p, err := exec.LookPath(name); err == nil {
			path = p
			break
		}
	}
	if path == "" {
		return nil, ErrNone
	}
	opts := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]), chromedp.ExecPath(path), chromedp.NoSandbox,
		chromedp.Flag("autoplay-policy", "no-user-gesture-required"))
	alloc, stopAlloc := chromedp.NewExecAllocator(ctx, opts...)
	own, stop := chromedp.NewContext(alloc)
	b := &Browser{own, func() { stop(); stopAlloc() }}
	if err := chromedp.Do(own); err != nil {
		b.Close()
		return nil, err
	}
	return b, nil
}

// Close ends the process.
func (b *Browser) Close() { b.stop() }

// Tab is one page. It is closed with the browser, or by Close.
type Tab struct {
	ctx  context.Context
	stop func()

	mu       sync.Mutex
	console  []string
	requests []string
}

// Open opens a page in a window of that size, in pixels.
func (b *Browser) Open(address string, width, height int64) (*Tab, error) {
	ctx, stop := chromedp.NewContext(b.ctx)
	t := &Tab{ctx: ctx, stop: stop}
	if err := t.watch(width, height); err != nil {
		stop()
		return nil, err
	}
	if err := chromedp.Do(ctx, chromedp.Navigate(address)); err != nil {
		stop()
		return nil, err
	}
	return t, nil
}

// watch notes what the console says and what is asked for.
func (t *Tab) watch(width, height int64) error {
	if err := t.Resize(width, height); err != nil {
		return err
	}
	messages := chromedp.Console(t.ctx)
	go func() {
		for m, err := range messages {
			if err != nil {
				return
			}
			t.mu.Lock()
			t.console = append(t.console, fmt.Sprint(m))
			t.mu.Unlock()
		}
	}()
	if _, err := chromedp.Call(t.ctx, network.Enable, network.EnableParams{}); err != nil {
		return err
	}
	if _, err := chromedp.Call(t.ctx, performance.Enable, performance.EnableParams{TimeDomain: performance.EnableTimeDomainThreadTicks}); err != nil {
		return err
	}
	return chromedp.Listen(t.ctx, func(ev any) {
		if e, ok := ev.(*network.EventRequestWillBeSent); ok {
			t.mu.Lock()
			t.requests = append(t.requests, e.Request.URL)
			t.mu.Unlock()
		}
	})
}

// Busy is the processor time that the page's thread has used.
func (t *Tab) Busy() (time.Duration, error) {
	got, err := chromedp.Call(t.ctx, performance.GetMetrics, cdp.Empty{})
	for _, m := range got.Metrics {
		if m.Name == "TaskDuration" {
			return time.Duration(m.Value * float64(time.Second)), err
		}
	}
	return 0, err
}

// Close closes the page.
func (t *Tab) Close() { t.stop() }

// Console lists what the console said.
func (t *Tab) Console() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.console)
}

// Left lists the requests that left an origin, given as the beginning of an address.
func (t *Tab) Left(origin string) (out []string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, r := range t.requests {
		if !strings.HasPrefix(r, origin) && !strings.HasPrefix(r, "data:") && !strings.HasPrefix(r, "blob:") {
			out = append(out, r)
		}
	}
	return out
}

// Eval runs the body of a function in the page and reads what it returns, or what
// the promise that it returns comes to, into v.
func (t *Tab) Eval(script string, v any) error {
	text, err := chromedp.Run(t.ctx, chromedp.Evaluate[string](
		"Promise.resolve((()=>{"+script+"})()).then(v=>JSON.stringify(v===undefined?null:v))", chromedp.EvalAwaitPromise))
	if err == nil {
		err = json.Unmarshal([]byte(text), v)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", script, err)
	}
	return nil
}

// Until waits for an expression to be true, for so long at most.
func (t *Tab) Until(limit time.Duration, expression string) error {
	for end := time.Now().Add(limit); ; {
		var so bool
		if err := t.Eval("return Boolean("+expression+")", &so); err != nil || so {
			return err
		}
		if time.Now().After(end) {
			return fmt.Errorf("never so: %s; console %q", expression, t.Console())
		}
		time.Sleep(25 * time.Millisecond)
	}
}

// Keys types, where the focus is.
func (t *Tab) Keys(keys string) error { return chromedp.Do(t.ctx, chromedp.KeyEvent(keys)) }

// Click presses and releases the mouse at a place of the window.
func (t *Tab) Click(x, y float64) error { return chromedp.Do(t.ctx, chromedp.MouseClickXY(x, y)) }

// Resize changes the window.
func (t *Tab) Resize(width, height int64) error {
	return chromedp.Do(t.ctx, chromedp.EmulateViewport(width, height))
}

// Print tells the page that it is printed, or no longer.
func (t *Tab) Print(on bool) error {
	var p emulation.SetEmulatedMediaParams
	if on {
		p.Media = "print"
	}
	_, err := chromedp.Call(t.ctx, emulation.SetEmulatedMedia, p)
	return err
}

// Screenshot is a PNG of what the window shows.
func (t *Tab) Screenshot() ([]byte, error) { return chromedp.Run(t.ctx, chromedp.CaptureScreenshot()) }

// PDF is the page as it prints.
func (t *Tab) PDF() ([]byte, error) {
	return chromedp.Run(t.ctx, chromedp.PrintToPDF(chromedp.PDFPreferCSSPageSize(), chromedp.PDFPrintBackground()))
}
