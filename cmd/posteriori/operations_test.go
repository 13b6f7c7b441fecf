package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"posteriori/engine/batch"
	"posteriori/engine/oplog"
)

// TestLogAndFigures: the log of a batch and of an analysis tells what happened
// by reference, and holds nothing of paths, names, plates, cameras, exhibits or
// reasons, whatever goes wrong; the figures neither.
func TestLogAndFigures(t *testing.T) {
	t.Parallel()
	p := newPrograms(t)
	dir := t.TempDir()
	const name = "Jeanne Dupont AB-123-CD"
	clip, _ := street(t, 320, 180)
	seized := filepath.Join(dir, name)
	if err := os.Mkdir(seized, 0o755); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(clip)
	if err != nil {
		t.Fatal(err)
	}
	for file, data := range map[string][]byte{name + ".mp4": b, "cut " + name + ".mp4": b[:len(b)/3]} {
		if err := os.WriteFile(filepath.Join(seized, file), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	p.env = append(p.env, "POSTERIORI_REASON=find Dupont of "+name)
	store := filepath.Join(dir, "store")
	p.run(store, "init", "--demo")
	p.run(store, "procedure", "open", "E2E", "--frame", "flagrance", "--offence", "vol chez Dupont", "--imprisonment", "--service", "Dupont", "--parquet", "1")
	manifest := filepath.Join(dir, "manifest.yaml")
	p.run(store, "batch", "plan", "--exhibit", "scellé Dupont", "--basis", "seizure", "-o", manifest, seized)

	log := filepath.Join(dir, "run.log")
	cmd := p.command(store, "batch", "run", manifest, "--detector", "none", "--log", log, "--log-format", "json", "--log-level", "debug", "--metrics", "127.0.0.1:0")
	figures := runWithFigures(t, cmd)
	p.run(store, "analyse", "--detector", "none", "--log", log, "--log-level", "debug")

	text, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	all := string(text) + figures
	for _, word := range []string{"Jeanne", "Dupont", "AB-123", "scellé", ".mp4", "find", dir, "camera", "vol", "street"} {
		if strings.Contains(all, word) {
			t.Errorf("%q is in the log or the figures:\n%s", word, all)
		}
	}
	if info, err := os.Stat(log); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	said := map[string]int{}
	for line := range strings.Lines(string(text)) {
		if !strings.HasPrefix(line, "{") {
			continue // analyse's, as text
		}
		var rec map[string]any
		if err := json.Unmarshal([]byte(line), &rec); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		said[rec["msg"].(string)]++
		for k := range rec {
			if !slices.Contains(oplog.Keys, strings.TrimSuffix(k, "_s")) {
				t.Errorf("key %q: %s", k, line)
			}
		}
		if msg := rec["msg"]; msg == "a file is done" && (rec["procedure"] != "E2E" || rec["batch"] != 1.0 || rec["item"] == nil || rec["recording"] == nil) {
			t.Errorf("%s", line)
		}
	}
	for _, want := range []string{"posteriori batch run begins", "figures are shown", "a file begins", "a file is done", "a chunk is done", "a recording is complete", "it ended"} {
		if said[want] == 0 && said[want+" with an error"] == 0 {
			t.Errorf("the log does not say %q: %v", want, said)
		}
	}
	if !strings.Contains(string(text), `msg="posteriori analyse begins" procedure=E2E`) {
		t.Errorf("analyse: %s", text)
	}
	for _, want := range []string{"posteriori_files{state=", "posteriori_build_info{version=", "posteriori_store_free_bytes ", "process_open_fds "} {
		if !strings.Contains(figures, want) {
			t.Errorf("no %q in\n%s", want, figures)
		}
	}
}

// runWithFigures runs a command and gives the fullest figures that it showed: before
// and after its batch there are none of files.
func runWithFigures(t *testing.T, cmd *exec.Cmd) (fullest string) {
	t.Helper()
	errs, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	in := bufio.NewScanner(errs)
	at := regexp.MustCompile(`http://127\.0\.0\.1:\d+/metrics`)
	address := ""
	var said bytes.Buffer
	for address == "" && in.Scan() {
		said.WriteString(in.Text() + "\n")
		address = at.FindString(in.Text())
	}
	if address == "" {
		t.Fatalf("no address: %s, %v", said.String(), cmd.Wait())
	}
	ended := make(chan struct{})
	go func() { _, _ = io.Copy(io.Discard, errs); close(ended) }()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for {
		select {
		case <-ended:
			_ = cmd.Wait() // a cut file is an error of the batch
			return fullest
		case <-time.After(20 * time.Millisecond):
		}
		r, err := client.Get(address)
		if err != nil {
			continue
		}
		b, err := io.ReadAll(r.Body)
		r.Body.Close()
		if err == nil && r.StatusCode == 200 && len(b) >= len(fullest) {
			fullest = string(b)
		}
	}
}

// TestTimeLeftNotKnown: a collector is told -1, as the figure's help says, while
// the time left is not known.
func TestTimeLeftNotKnown(t *testing.T) {
	for left, want := range map[time.Duration]string{-1: "-1", 90 * time.Second: "90"} {
		var log, figures bytes.Buffer
		o := newOperations()
		o.log, _ = oplog.New(&log, "json", "info")
		o.report(func(batch.Progress) {})(batch.Progress{Files: 1, Left: left})
		if _, err := o.set.WriteTo(&figures); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(figures.String(), "\nposteriori_batch_left_seconds "+want+"\n") || !strings.Contains(log.String(), `"left_s":`+want+",") {
			t.Errorf("%v left: %s%s", left, figures.String(), log.String())
		}
	}
}

// TestLogFlags: wrong ones, and places where no log may be.
func TestLogFlags(t *testing.T) {
	t.Chdir(t.TempDir())
	t.Setenv("POSTERIORI_STORE", "store")
	t.Setenv("POSTERIORI_REASON", "test")
	run := func(args ...string) (int, string) {
		var out, errs strings.Builder
		code := newApp(strings.NewReader(""), &out, &errs).execute(args)
		return code, errs.String()
	}
	if code, said := run("init", "--demo"); code != 0 {
		t.Fatal(said)
	}
	for want, args := range map[string][]string{
		"is none of text, json":          {"--log", "-", "--log-format", "xml"},
		"is none of debug":               {"--log", "-", "--log-level", "loud"},
		"127.0.0.1 alone":                {"--metrics", "0.0.0.0:9464"},
		"which only acts change":         {"--log", "store/run.log"},
		"the log cannot be written":      {"--log", "nowhere/run.log"},
		"no address like 127.0.0.1:9464": {"--metrics", "9464"},
		`level=ERROR msg="it ended with an error" procedure=P1 kind=not-found error="there is no procedure P1"`: {"--log", "-"},
	} {
		if code, said := run(append([]string{"analyse", "-p", "P1"}, args...)...); code == 0 || !strings.Contains(said, want) {
			t.Errorf("%v: %d, %s", args, code, said)
		}
	}
}
