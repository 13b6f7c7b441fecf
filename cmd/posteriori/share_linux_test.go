package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"posteriori/testdata/netshare"
)

// onShare puts a recording on a network share.
func onShare(t *testing.T, clip string) (s *netshare.Share, path string) {
	t.Helper()
	from, at := t.TempDir(), t.TempDir()
	b, err := os.ReadFile(clip)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(from, "street.mp4"), b, 0o644); err != nil {
		t.Fatal(err)
	}
	s, err = netshare.Mount(from, at)
	if err != nil {
		t.Skipf("no share can be made here: %v", err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s, filepath.Join(at, "street.mp4")
}

// TestShareVanishes: whenever the share of an original goes away, for long or for
// a moment that FFmpeg takes for damage or for the file's end, import and analysis
// fail with a reason or try again by themselves; done again, the index is the
// unbroken one: nothing is called damaged that is not. A slow share costs time
// alone.
func TestShareVanishes(t *testing.T) {
	t.Parallel()
	p, clip, want := unbroken(t)
	s, path := onShare(t, clip)
	imports := []string{"import", "--exhibit", "1", "--basis", "seizure", "--camera", "C", "--chunk", "8s", path}
	s.Slow(10 * time.Millisecond)
	store := p.emptyStore()
	before := s.Reads()
	p.run(store, imports...)
	read := s.Reads() - before
	p.run(store, analyseArgs...)
	all := s.Reads() - before
	if got := p.index(store); got != want {
		t.Error("on a slow share the index is another")
	}
	s.Back()
	again, ended := 0, map[int]int{}
	for i, n := 0, int64(0); n < all; i, n = i+1, n+max(1, all/7) {
		errno := []syscall.Errno{syscall.EIO, syscall.ESTALE, syscall.EHOSTDOWN}[i%3]
		away := []time.Duration{15 * time.Millisecond, 400 * time.Millisecond}[i%2]
		gone := make(chan struct{})
		s.After(n, func() {
			s.Away(errno)
			time.AfterFunc(away, func() { s.Back(); close(gone) })
		})
		store := p.emptyStore()
		for _, args := range [][]string{imports, analyseArgs} {
			for try := 0; ; try++ {
				code, said := p.tries(store, nil, args...)
				if ended[code]++; code == 0 {
					if strings.Contains(said, "trying once more") {
						again++
					}
					break
				}
				if try == 2 || !strings.Contains(said, "hint: ") || strings.Contains(said, "goroutine") {
					t.Fatalf("%v, away for %v at read %d of %d: status %d: %s", errno, away, n, all, code, said)
				}
				time.Sleep(away)
			}
		}
		s.After(0, func() {})
		if got := p.index(store); got != want {
			t.Errorf("%v, away for %v at read %d of %d (%d of the import): the index is another: %.400s", errno, away, n, all, read, got)
		}
		p.run(store, "journal", "verify")
		select {
		case <-gone:
		case <-time.After(2 * time.Second):
			t.Logf("at read %d the share did not go away", n)
		}
	}
	t.Logf("tried again by itself in %d runs, runs by exit status: %v", again, ended)
	if again+ended[5]+ended[4]+ended[1] < 4 {
		t.Errorf("tried again %d times, %v: this proves little", again, ended)
	}
}

// TestShareStopsToAnswer: on a share that was mounted to wait for its server, which
// does not answer any more, an interruption still ends a run soon, and what was
// finished is kept: when the share is back the run goes on.
func TestShareStopsToAnswer(t *testing.T) {
	t.Parallel()
	p, clip, want := unbroken(t)
	s, path := onShare(t, clip)
	store := p.emptyStore()
	imports := []string{"import", "--exhibit", "1", "--basis", "seizure", "--camera", "C", "--chunk", "8s", path}
	for _, c := range []struct {
		args  []string
		after int64
	}{{imports, 0}, {nil, 0}, {analyseArgs, 20}} {
		if c.args == nil { // the share is well for once
			p.run(store, imports...)
			continue
		}
		mute := make(chan struct{})
		s.After(c.after, func() { s.Mute(); close(mute) })
		cmd, said, ended := p.launch(store, c.args...)
		select {
		case <-mute:
			time.Sleep(500 * time.Millisecond)
			_ = cmd.Process.Signal(syscall.SIGINT)
		case err := <-ended:
			t.Fatalf("%v has ended after less than %d reads: %v, %s", c.args[:1], c.after, err, said.String())
		}
		select {
		case <-ended:
			if code := cmd.ProcessState.ExitCode(); code != 130 {
				t.Errorf("%v, mute after %d reads: status %d: %s", c.args[:1], c.after, code, said.String())
			}
		case <-time.After(patience + 15*time.Second):
			t.Errorf("%v, mute after %d reads: not ended long after it was interrupted", c.args[:1], c.after)
			_ = cmd.Process.Kill()
			s.Back()
			<-ended
		}
		s.Back()
	}
	p.run(store, analyseArgs...)
	if got := p.index(store); got != want {
		t.Error("the index is another")
	}
	p.run(store, "journal", "verify")
}
