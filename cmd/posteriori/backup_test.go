package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestBackupDuringAnalysis backs a store up again and again while an analysis
// runs in it. Each backup, put back, is whole by doctor; and the analysis that is
// taken up in it ends with the index of the unbroken one.
func TestBackupDuringAnalysis(t *testing.T) {
	t.Parallel()
	p := newPrograms(t)
	clip, _ := street(t, 320, 180)
	const chunk = "5s"
	whole := p.store(clip, chunk)
	p.run(whole, "analyse", "--detector", "none")
	want := p.index(whole)

	store := p.store(clip, chunk)
	dir := t.TempDir()
	keys := filepath.Join(dir, "keys")
	_, said, ended := p.launch(store, "analyse", "--detector", "none", "--workers", "1")
	var backups []string
	for running := true; running; {
		select {
		case err := <-ended:
			if err != nil {
				t.Fatalf("%v\n%s", err, said.String())
			}
			running = false
		case <-time.After(200 * time.Millisecond):
			to := filepath.Join(dir, "backup-"+time.Now().Format("150405.000"))
			p.run(store, "store", "backup", "-o", to, "--keys", keys)
			backups = append(backups, to)
		}
	}
	if got := p.index(store); got != want {
		t.Error("the analysis beside the backups ended otherwise")
	}
	if len(backups) < 3 {
		t.Fatalf("only %d backups were made meanwhile: this proves little", len(backups))
	}
	for _, from := range []string{backups[0], backups[len(backups)/2], backups[len(backups)-1]} {
		back := filepath.Join(dir, filepath.Base(from)+"-restored", "store")
		if err := os.Mkdir(filepath.Dir(back), 0o755); err != nil {
			t.Fatal(err)
		}
		p.run(back, "store", "restore", from, "--keys", keys, "--store", back)
		p.run(back, "doctor", "--store", back)
		p.run(back, "analyse", "--detector", "none")
		if got := p.index(back); got != want {
			t.Errorf("taken up from %s the index is another", filepath.Base(from))
		}
		p.run(back, "journal", "verify")
	}
}
