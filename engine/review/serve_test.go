package review_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"posteriori/engine/fault"
	"posteriori/engine/index"
	"posteriori/engine/query"
	"posteriori/engine/review"
	"posteriori/engine/review/loopback"
)

// bars is a clip whose every picture tells its own number: eight bars, the n-th
// white when bit n is set. Its key frames are two seconds apart.
func bars(t *testing.T) string {
	t.Helper()
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		t.Skip("ffmpeg is not installed")
	}
	out := filepath.Join(t.TempDir(), "bars.mp4")
	ffmpeg(t, "-f", "lavfi", "-i", "color=c=black:s=320x180:r=25:d=10", "-vf",
		"geq=lum='if(mod(floor(N/pow(2,floor(X/40))),2),235,16)':cb=128:cr=128", "-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-g", "50", "-pix_fmt", "yuv420p", out)
	return out
}

func ffmpeg(t *testing.T, args ...string) {
	t.Helper()
	if out, err := exec.Command("ffmpeg", append([]string{"-v", "error", "-y"}, args...)...).CombinedOutput(); err != nil {
		t.Skipf("ffmpeg: %v: %s", err, out)
	}
}

// barsServer answers for one recording, whose clips are cut from bars: those of
// even tracks are copied, those of odd ones encoded anew.
type barsServer struct {
	t    *testing.T
	page *review.Page
	s    *index.Store
	clip string

	mu      sync.Mutex
	decided []string
}

func (b *barsServer) Open(ctx context.Context, name string) (loopback.Content, error) {
	switch {
	case name == "":
		var page strings.Builder
		err := b.page.WriteHTML(&page)
		return loopback.Content{Type: "text/html; charset=utf-8", Data: []byte(page.String())}, err
	case strings.HasSuffix(name, ".jpg"):
		return loopback.Content{Type: "image/jpeg", Data: plain(b.t)}, nil
	case strings.HasPrefix(name, "clips/"):
		f, err := os.Open(filepath.Join(filepath.Dir(b.clip), filepath.Base(name)))
		return loopback.Content{Type: "video/mp4", File: f}, err
	}
	return loopback.Content{}, fault.New(fault.NotFound, "no such file")
}

func (b *barsServer) Act(ctx context.Context, name string, body []byte) (any, error) {
	if name == "decide" {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.decided = append(b.decided, string(body))
		return map[string]any{"record": 42, "by": "M1", "at_unix_us": 1}, nil
	}
	var ask struct{ Recording, Track int64 }
	if err := json.Unmarshal(body, &ask); err != nil {
		return nil, err
	}
	c := review.Clip{Recording: ask.Recording, Track: ask.Track, Parts: 1, FromUS: 2_000_000, ToUS: 9_000_000, Copied: ask.Track%2 == 0, SHA256: "00", Src: fmt.Sprintf("clips/%d.mp4", ask.Track)}
	out := filepath.Join(filepath.Dir(b.clip), fmt.Sprintf("%d.mp4", ask.Track))
	if c.Copied {
		ffmpeg(b.t, "-ss", "2.1", "-i", b.clip, "-c", "copy", "-avoid_negative_ts", "make_zero", out)
	} else {
		ffmpeg(b.t, "-ss", "2", "-i", b.clip, "-c:v", "libx264", "-preset", "ultrafast", "-g", "25", out)
	}
	start, err := exec.Command("ffprobe", "-v", "error", "-show_entries", "format=start_time", "-of", "csv=p=0", out).Output()
	if err != nil {
		return nil, err
	}
	late, err := strconv.ParseFloat(strings.TrimSpace(string(start)), 64)
	if err != nil {
		return nil, err
	}
	c.FromUS -= int64(math.Round(late * 1e6))
	c.Times, err = review.FrameTimes(ctx, b.s, ask.Recording, c.FromUS, c.ToUS)
	return c, err
}

// shownNumber reads the picture's number off the video and the PTS that the page
// names; -1 while the two are not of one frame yet.
const shownNumber = `const v=document.getElementById('original'),c=document.createElement('canvas');c.width=320;c.height=180;
const g=c.getContext('2d',{willReadFrequently:true});g.drawImage(v,0,0,320,180);let n=0;for(let k=0;k<8;k++)if(g.getImageData(40*k+20,90,1,1).data[0]>128)n|=1<<k;
const cell=document.getElementById('fact-now');return [n,Number(cell&&cell.dataset.pts||-1),Number(cell&&cell.dataset.us||-1)]`

// The picture shown is the one whose PTS is named, in a copy and in a clip encoded
// anew, after a click, a step and a jump.
func TestBrowserShowsTheRightFrame(t *testing.T) {
	s := openStore(t)
	at := clocksBack.UnixMicro()
	add(t, s, recordingOf(1, "gare", &at), whole("seen"), walks(4, 9, 40))
	back := &barsServer{t: t, s: s, page: pageOf(t, s, query.Filter{}, true), clip: bars(t)}
	ctx, cancel := context.WithCancel(t.Context())
	address, done := make(chan string, 1), make(chan error, 1)
	go func() {
		done <- loopback.Serve(ctx, back, loopback.Options{Policy: review.Policy("'self'"), Ready: func(a string) { address <- a }})
	}()
	t.Cleanup(func() { cancel(); <-done })
	url := <-address
	b := openTab(t, url)
	b.until("review.rows().length === 4")
	wait := func(us int64) {
		t.Helper()
		want := [3]int64{us / 40_000, 1000 + us*12800/1_000_000, us}
		var got [3]int64
		for range 400 {
			if got = eval[[3]int64](b, shownNumber); got == want {
				return
			}
			time.Sleep(25 * time.Millisecond)
		}
		t.Fatalf("picture, PTS and time %v, want %v; row %d", got, want, eval[int](b, "return review.selected()"))
	}
	for _, row := range []int{0, 1} { // track 1 encoded anew, track 2 copied
		eval[any](b, fmt.Sprintf("review.choose(%d,true,3480000)", row))
		wait(3_480_000)
		eval[any](b, "document.activeElement.blur(); document.body.focus()")
		b.keys(".")
		wait(3_520_000)
		b.keys(",")
		wait(3_480_000)
		b.keys(",")
		wait(3_440_000)
		eval[any](b, fmt.Sprintf("review.choose(%d,true,6000000)", row))
		wait(6_000_000)
		eval[any](b, fmt.Sprintf("review.choose(%d,true,2000000)", row))
		wait(2_000_000)
	}
	b.keys("v")
	b.until(`document.getElementById('told').textContent.includes('42')`)
	back.mu.Lock()
	if len(back.decided) != 1 || !strings.Contains(back.decided[0], `"track":2,"verdict":"validated"`) {
		t.Errorf("decided: %v", back.decided)
	}
	back.mu.Unlock()
	b.quiet(url[:strings.Index(url, "/?")])
}
