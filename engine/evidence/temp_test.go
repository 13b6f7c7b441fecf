package evidence

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// leftovers lists what is in dir beside finished files.
func leftovers(t *testing.T, dir string) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, tempPrefix+"*"))
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// A process that is killed leaves its work beside the output; the next one that
// writes there destroys it, and leaves alone what a running one is making.
func TestKilledWorkIsSwept(t *testing.T) {
	if dir := os.Getenv("POSTERIORI_TEST_TEMP"); dir != "" { // the process to be killed
		folder, _, err := TempDir(filepath.Join(dir, "a.mp4"))
		if err != nil {
			t.Fatal(err)
		}
		w, err := Create(filepath.Join(dir, "a.json"), false)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte("plain")); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, "new.mp4"), []byte("plain"), 0o600); err != nil {
			t.Fatal(err)
		}
		os.Stdout.WriteString("ready\n")
		select {}
	}
	dir := t.TempDir()
	cmd := exec.Command(os.Args[0], "-test.run=^TestKilledWorkIsSwept$")
	cmd.Env = append(os.Environ(), "POSTERIORI_TEST_TEMP="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if line, _ := bufio.NewReader(out).ReadString('\n'); strings.TrimSpace(line) != "ready" {
		t.Fatalf("the other process said %q", line)
	}
	make := func() {
		t.Helper()
		w, err := Create(filepath.Join(dir, "b.json"), true)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Commit(); err != nil {
			t.Fatal(err)
		}
	}
	make()
	if left := leftovers(t, dir); len(left) != 2 {
		t.Errorf("of a running process: %v", left)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	make()
	if left := leftovers(t, dir); len(left) != 0 {
		t.Errorf("of a killed process: %v", left)
	}
}

// What must not be destroyed by sweeping: a finished file whose process was
// killed between its two names, what a link names, and what is not ours.
func TestSweepSpares(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	made, other := write("made.mp4", "finished"), write("other", "other")
	for _, err := range []error{os.Link(made, filepath.Join(dir, tempPrefix+"1.mp4")), os.Symlink(other, filepath.Join(dir, tempPrefix+"2"))} {
		if err != nil {
			t.Fatal(err)
		}
	}
	write(".posterior", "not ours")
	Sweep(dir)
	for name, want := range map[string]string{"made.mp4": "finished", "other": "other", ".posterior": "not ours"} {
		if b, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(b) != want {
			t.Errorf("%s: %q, %v", name, b, err)
		}
	}
}
