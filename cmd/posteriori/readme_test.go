package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"posteriori/testdata/scene"
)

// readmeCommands are the lines of README's console blocks that a user types.
func readmeCommands(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	inside := false
	for line := range strings.Lines(string(text)) {
		line = strings.TrimRight(line, "\n")
		switch {
		case strings.HasPrefix(line, "```"):
			inside = line == "```console"
		case inside && strings.HasPrefix(line, "$ "):
			out = append(out, strings.TrimPrefix(line, "$ "))
		case inside && len(out) > 0 && strings.HasSuffix(out[len(out)-1], `\`):
			out[len(out)-1] = strings.TrimSuffix(out[len(out)-1], `\`) + line
		}
	}
	return out
}

// TestReadme types every command of README, in order, in a folder with the
// files that they name. `make` lines are what runs this test.
func TestReadme(t *testing.T) {
	p := newPrograms(t)
	dir := t.TempDir()
	for _, sub := range []string{"seized", "bin"} {
		if err := os.Mkdir(filepath.Join(dir, sub), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	s, err := scene.New("street", 640, 360, 7)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Encode(context.Background(), filepath.Join(dir, "seized", "street.mp4"), scene.Encoding{}); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"authorisation.pdf", "ordre.pdf"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("%PDF-1.7\nmade up\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	data := os.Getenv("POSTERIORI_DATA")
	if data == "" {
		data = filepath.Join("..", "..", "..", "shared", "data")
	}
	models, err := filepath.Abs(filepath.Join(data, "models"))
	if err != nil {
		t.Fatal(err)
	}
	_, noModels := os.Stat(models)
	if noModels == nil {
		if err := os.Symlink(models, filepath.Join(dir, "models")); err != nil {
			t.Fatal(err)
		}
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(exe, filepath.Join(dir, "bin", "posteriori")); err != nil {
		t.Fatal(err)
	}
	ran := 0
	for _, line := range readmeCommands(t) {
		if strings.HasPrefix(line, "make") || strings.HasPrefix(line, "git ") {
			continue
		}
		// By motion alone nothing has a class, and a video of nothing is refused.
		needsModels := strings.Contains(line, "models install") || strings.Contains(line, "synopsis") && strings.Contains(line, "--class")
		if noModels != nil && needsModels {
			t.Logf("passed over, as there are no models in %s: %s", models, line)
			continue
		}
		cmd := exec.Command("sh", "-ec", line)
		cmd.Dir = dir
		cmd.Env = append(p.env, "PATH="+filepath.Join(dir, "bin")+":"+os.Getenv("PATH"),
			"POSTERIORI_STORE="+filepath.Join(dir, "store"), "POSTERIORI_PROCEDURE=2026-00123", "TZ=Europe/Paris")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("$ %s\n%s%v", line, out, err)
		}
		t.Logf("$ %s\n%s", line, out)
		ran++
	}
	if ran < 10 {
		t.Errorf("README has %d commands: is its form still ```console with $ lines?", ran)
	}
}
