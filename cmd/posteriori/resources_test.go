package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"posteriori/testdata/timedworker"
)

// analyseArgs is an analysis that needs no model.
var analyseArgs = []string{"analyse", "--detector", "none", "--workers", "2"}

// unbroken is the index of an analysis that nothing disturbed.
func unbroken(t *testing.T) (p programs, clip, want string) {
	t.Helper()
	p = newPrograms(t)
	clip, _ = street(t, 320, 180)
	store := p.store(clip, "8s")
	p.run(store, analyseArgs...)
	return p, clip, p.index(store)
}

// tries runs posteriori and gives its exit status and what it said.
func (p programs) tries(store string, wrap []string, args ...string) (int, string) {
	p.t.Helper()
	cmd := p.command(store, args...)
	if len(wrap) > 0 {
		env := cmd.Env
		cmd = exec.Command(wrap[0], append(append([]string{}, wrap[1:]...), cmd.Args...)...)
		cmd.Env = env
	}
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		p.t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), said.String()
}

// mounted makes dir a file system of its own until the test ends; it skips where
// that is not allowed.
func mounted(t *testing.T, dir, size string) {
	t.Helper()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size="+size); err != nil {
		t.Skipf("no small disk can be made here: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
}

// TestDiskFullAtEveryWrite: with so little room left that the disk is full at
// one write or another of an analysis, in steps of some kilobytes, it ends with 8
// and says what to do; with room again it goes on, and the index is the unbroken
// one and the journal whole.
func TestDiskFullAtEveryWrite(t *testing.T) {
	p, clip, want := unbroken(t)
	disk := t.TempDir()
	mounted(t, disk, "4m")
	store := filepath.Join(disk, "store")
	made := p.store(clip, "8s")
	ended := map[int]int{}
	for free := 0; free <= 1280; free += 80 {
		if out, err := exec.Command("cp", "-a", made, store).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		fillDisk(t, disk, free)
		code, said := p.tries(store, nil, analyseArgs...)
		ended[code]++
		if code != 0 && (code != 8 || !strings.Contains(said, "hint: ") || !strings.Contains(said, "space") && !strings.Contains(said, "room")) {
			t.Errorf("with %d KiB free: status %d: %s", free, code, said)
		}
		if err := os.Remove(filepath.Join(disk, "fill")); err != nil {
			t.Fatal(err)
		}
		if code, said := p.tries(store, nil, analyseArgs...); code != 0 {
			t.Errorf("with room again after %d KiB: status %d: %s", free, code, said)
		}
		if got := p.index(store); got != want {
			t.Errorf("with %d KiB free the index is another", free)
		}
		p.run(store, "journal", "verify")
		if err := os.RemoveAll(store); err != nil {
			t.Fatal(err)
		}
	}
	if ended[8] < 3 || ended[0] == 0 {
		t.Errorf("runs by exit status: %v: this proves little", ended)
	}
}

// TestDiskFullInBatch: so does a batch, which writes its queue and its account
// besides: with room again it is resumed, or run again where it had not begun, and
// no file is imported or accounted for twice.
func TestDiskFullInBatch(t *testing.T) {
	t.Parallel()
	p := newPrograms(t)
	clip, _ := street(t, 320, 180)
	manifest := filepath.Join(t.TempDir(), "manifest.yaml")
	empty := p.emptyStore()
	p.run(empty, "batch", "plan", "--exhibit", "1", "--basis", "seizure", "-o", manifest, filepath.Dir(clip))
	begin := []string{"batch", "run", manifest, "--detector", "none", "--workers", "2"}
	whole := p.emptyStore()
	p.run(whole, begin...)
	want := p.index(whole)
	disk := t.TempDir()
	mounted(t, disk, "8m")
	store := filepath.Join(disk, "store")
	ended := map[int]int{}
	for free := 0; free <= 2400; free += 400 {
		if out, err := exec.Command("cp", "-a", empty, store).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		fillDisk(t, disk, free)
		code, said := p.tries(store, nil, begin...)
		ended[code]++
		if code != 0 && (code != 8 || !strings.Contains(said, "hint: ") || !strings.Contains(said, "space") && !strings.Contains(said, "room") && !strings.Contains(said, "full")) {
			t.Errorf("with %d KiB free: status %d: %s", free, code, said)
		}
		if err := os.Remove(filepath.Join(disk, "fill")); err != nil {
			t.Fatal(err)
		}
		again := []string{"batch", "resume", "--detector", "none", "--workers", "2"}
		if code, said := p.tries(store, nil, "batch", "status"); code == 7 {
			again = begin // it had not begun
		} else if code != 0 {
			t.Errorf("status with room again after %d KiB: status %d: %s", free, code, said)
		}
		if code, said := p.tries(store, nil, again...); code != 0 {
			t.Errorf("with room again after %d KiB: %v: status %d: %s", free, again[:2], code, said)
		}
		if got := p.index(store); got != want {
			t.Errorf("with %d KiB free the index is another: %.300s", free, got)
		}
		p.run(store, "journal", "verify")
		if err := os.RemoveAll(store); err != nil {
			t.Fatal(err)
		}
	}
	if ended[8] < 2 || ended[0] == 0 {
		t.Errorf("runs by exit status: %v: this proves little", ended)
	}
}

// fillDisk leaves so many KiB of a small disk.
func fillDisk(t *testing.T, disk string, free int) {
	t.Helper()
	var s syscall.Statfs_t
	if err := syscall.Statfs(disk, &s); err != nil {
		t.Fatal(err)
	}
	n := int64(s.Bavail)*s.Bsize - int64(free)<<10
	if err := os.WriteFile(filepath.Join(disk, "fill"), make([]byte, max(0, n)), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestReadOnlyStore: no act goes ahead in a store that cannot be written, as it
// could not be recorded; each says so, and nothing changes. Writable again it goes
// on.
func TestReadOnlyStore(t *testing.T) {
	p, clip, want := unbroken(t)
	disk := t.TempDir()
	mounted(t, disk, "64m")
	store := filepath.Join(disk, "store")
	if out, err := exec.Command("cp", "-a", p.store(clip, "8s"), store).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	p.run(store, "journal", "verify") // which puts the program beside the store
	before := tree(t, store)
	if err := syscall.Mount("", disk, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Skip(err)
	}
	for _, args := range [][]string{analyseArgs, {"query"}, {"report", "-o", filepath.Join(t.TempDir(), "r.html")}, {"journal", "verify"},
		{"import", "--exhibit", "2", "--basis", "seizure", clip}, {"purge", "--due"}, {"batch", "status"}} {
		code, said := p.tries(store, nil, args...)
		if code != 8 || !strings.Contains(said, "hint: ") || strings.Contains(said, "goroutine") {
			t.Errorf("%v: status %d: %s", args, code, said)
		}
	}
	if err := syscall.Mount("", disk, "", syscall.MS_REMOUNT, "size=64m"); err != nil {
		t.Fatal(err)
	}
	if after := tree(t, store); after != before {
		t.Errorf("something changed:\n%s\n%s", before, after)
	}
	p.run(store, analyseArgs...)
	if got := p.index(store); got != want {
		t.Error("the index is another")
	}
}

// tree lists the files under dir with their sizes.
func tree(t *testing.T, dir string) string {
	t.Helper()
	out, err := exec.Command("find", dir, "-type", "f", "-printf", "%P %s\n").Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// TestMemoryLimit: where there is too little memory the analysis fails with a
// word why, be it that the system's libraries end the process, and nothing is
// lost: with enough it gives the unbroken index.
func TestMemoryLimit(t *testing.T) {
	if _, err := exec.LookPath("prlimit"); err != nil {
		t.Skip("prlimit is not installed")
	}
	p, clip, want := unbroken(t)
	store := p.store(clip, "8s")
	failed := 0
	for _, mib := range []int{40, 80, 120, 160, 240} {
		code, said := p.tries(store, []string{"prlimit", "--data=" + strconv.Itoa(mib<<20)}, analyseArgs...)
		if code == 0 {
			continue
		}
		failed++
		if strings.TrimSpace(said) == "" {
			t.Errorf("%d MiB: status %d without a word", mib, code)
		}
	}
	if failed == 0 {
		t.Error("no run failed for want of memory: this proves nothing")
	}
	p.run(store, append(analyseArgs, "--again")...)
	if got := p.index(store); got != want {
		t.Error("the index is another")
	}
	p.run(store, "journal", "verify")
}

// TestClockJumps: a clock that leaps years ahead and back between and during runs
// changes nothing that is found; the journal verifies and says so.
func TestClockJumps(t *testing.T) {
	p, clip, want := unbroken(t)
	store := p.store(clip, "8s")
	now := time.Now()
	for i, at := range []time.Time{now.AddDate(0, 14, 0), now.AddDate(0, -14, 0), now} {
		q := p
		q.env = append(append([]string{}, p.env...), "POSTERIORI_TEST_CLOCK="+at.UTC().Format(time.RFC3339))
		cmd := q.command(store, analyseArgs...)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		if i < 2 { // broken off in the middle
			time.Sleep(1500 * time.Millisecond)
			_ = cmd.Process.Kill()
		}
		if err := cmd.Wait(); i == 2 && err != nil {
			t.Fatal(err)
		}
	}
	if got := p.index(store); got != want {
		t.Error("the index is another")
	}
	if said := p.run(store, "journal", "verify"); !strings.Contains(said, "verdict     intact") || !strings.Contains(said, "the machine's clock was set back by") {
		t.Errorf("%s", said)
	}
}

// TestTwoCoordinators: of two analyses begun at once one goes on and the other
// says why it does not; the index is that of one.
func TestTwoCoordinators(t *testing.T) {
	p, clip, want := unbroken(t)
	store := p.store(clip, "8s")
	type end struct {
		code int
		said string
	}
	ends := make(chan end, 2)
	for range 2 {
		go func() {
			code, said := p.tries(store, nil, analyseArgs...)
			ends <- end{code, said}
		}()
	}
	a, b := <-ends, <-ends
	if a.code == 0 {
		a, b = b, a
	}
	if b.code != 0 || a.code != 1 || !strings.Contains(a.said, "another analysis of procedure E2E is under way") {
		t.Errorf("%+v\n%+v", a, b)
	}
	if got := p.index(store); got != want {
		t.Error("the index is another")
	}
	p.run(store, "journal", "verify")
}

// TestTwoBatches: so it is with two runs of one batch.
func TestTwoBatches(t *testing.T) {
	t.Parallel()
	p := newPrograms(t)
	clip, _ := street(t, 320, 180)
	manifest := filepath.Join(t.TempDir(), "manifest.yaml")
	store := p.emptyStore()
	p.run(store, "batch", "plan", "--exhibit", "1", "--basis", "seizure", "-o", manifest, filepath.Dir(clip))
	first := p.command(store, "batch", "run", manifest, "--detector", "none")
	if err := first.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "there is a batch", 20*time.Second, func() bool {
		code, _ := p.tries(store, nil, "batch", "status")
		return code == 0
	})
	code, said := p.tries(store, nil, "batch", "resume", "--detector", "none")
	if code != 1 || !strings.Contains(said, "another analysis of procedure E2E is under way") {
		t.Errorf("the second: status %d: %s", code, said)
	}
	if err := first.Wait(); err != nil {
		t.Errorf("the first: %v", err)
	}
	if code, said := p.tries(store, nil, "batch", "resume", "--detector", "none"); code != 0 || !strings.Contains(said, "1 analysed") {
		t.Errorf("after it: status %d: %s", code, said)
	}
	if n := len(objects(t, p.index(store))); n < 3 {
		t.Errorf("%d objects", n)
	}
	p.run(store, "journal", "verify")
}

// TestVetoStopsABatch: a veto stops the workers of a running batch within seconds,
// and the run says why and exits as refused; TestManyMachinesVeto is the same for
// other machines.
func TestVetoStopsABatch(t *testing.T) {
	t.Parallel()
	f := &fleet{programs: timedPrograms(t), dir: t.TempDir()}
	f.seized, f.manifest = filepath.Join(f.dir, "seized"), filepath.Join(f.dir, "manifest.yaml")
	if err := os.Mkdir(f.seized, 0o755); err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		f.record(strconv.Itoa(i)+".mp4", timedworker.Recording(1, time.Hour, strconv.Itoa(i)))
	}
	f.writeManifest()
	paper := filepath.Join(f.dir, "paper.pdf")
	if err := os.WriteFile(paper, []byte("%PDF-1.7\nmade up\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	store := f.newStore("one")
	cmd, said, ended := f.launch(store, "batch", "run", f.manifest, "--detector", "none", "--workers", "2")
	eventually(t, "two chunks are worked on", 60*time.Second, func() bool { return f.working() == 2 })
	f.run(store, "procedure", "veto", "E2E", "--magistrate", "M", "--quality", "procureur", "--date", "2025-03-03", "--reference", "V", "--document", paper)
	t.Logf("all stopped after %v", eventually(t, "all stops", 8*time.Second, func() bool { return f.working() == 0 }))
	select {
	case <-ended:
	case <-time.After(10 * time.Second):
		_ = cmd.Process.Kill()
		<-ended
		t.Error("the run went on")
	}
	if code := cmd.ProcessState.ExitCode(); code != 3 || !strings.Contains(said.String(), "rule: 4") {
		t.Errorf("status %d: %s", code, said.String())
	}
	f.run(store, "journal", "verify")
}
