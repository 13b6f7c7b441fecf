package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"posteriori/testdata/seizure"
	"posteriori/testdata/timedworker"
)

func TestMain(m *testing.M) {
	if what := os.Getenv(netEnv); what != "" {
		os.Exit(netHelper(what))
	}
	if filepath.Base(os.Args[0]) == timedworker.Name {
		os.Exit(timedworker.Main())
	}
	testscript.Main(m, map[string]func(){"posteriori": func() { os.Exit(run()) }})
}

// TestScripts runs what users type. Scripts that need the worker say
// [!worker] skip; it is $POSTERIORI_WORKER or the one that make build leaves.
func TestScripts(t *testing.T) {
	worker := findWorker(t)
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("testdata", "script"),
		RequireExplicitExec: true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("POSTERIORI_STORE", filepath.Join(e.WorkDir, "store"))
			e.Setenv("POSTERIORI_WORKER", worker)
			e.Setenv("POSTERIORI_ONNXRUNTIME", os.Getenv("POSTERIORI_ONNXRUNTIME"))
			e.Setenv("TZ", "UTC")
			return nil
		},
		Condition: func(cond string) (bool, error) {
			switch cond {
			case "worker":
				_, err := os.Stat(worker)
				return err == nil, nil
			case "root":
				return os.Geteuid() == 0, nil
			case "tmpfs": // a small disk can be made, in a mount namespace
				return exec.Command("unshare", "--mount", "mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", os.TempDir()).Run() == nil, nil
			}
			return false, errors.New("unknown condition " + cond)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": exits, "flip": flip, "damage": damage, "fillindex": fillIndex, "fillplates": fillPlates,
			"seizure": makeSeizure},
	})
}

func findWorker(t *testing.T) string {
	name := os.Getenv("POSTERIORI_WORKER")
	if name == "" {
		name = filepath.Join("..", "..", "bin", "posteriori-worker")
	}
	abs, err := filepath.Abs(name)
	if err != nil {
		t.Fatal(err)
	}
	return abs
}

// exits STATUS ARGS… runs posteriori and wants that exit status.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits STATUS ARGS…")
	}
	got := 0
	err := ts.Exec("posteriori", args[1:]...)
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		got = exit.ExitCode()
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if strconv.Itoa(got) != args[0] {
		ts.Fatalf("exit status %d, want %s", got, args[0])
	}
}

// seizure DIR N makes a folder as it is seized, of which each recorder has N
// files.
func makeSeizure(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: seizure DIR N")
	}
	dir := ts.MkAbs(args[0])
	ts.Check(os.MkdirAll(dir, 0o755))
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	_, err = seizure.Make(dir, n)
	ts.Check(err)
	ts.Defer(func() { _ = os.Chmod(filepath.Join(dir, "locked"), 0o755) })
}

// damage FROM TO FILE NEW writes FILE to NEW with noise in it, from one
// thousandth of its length to another; with "cut" for TO it ends at FROM.
func damage(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 4 {
		ts.Fatalf("usage: damage FROM TO|cut FILE NEW")
	}
	b, err := os.ReadFile(ts.MkAbs(args[2]))
	ts.Check(err)
	at := func(s string) int {
		n, err := strconv.Atoi(s)
		ts.Check(err)
		return len(b) * n / 1000
	}
	if args[1] == "cut" {
		b = b[:at(args[0])]
	} else {
		for i := at(args[0]); i < at(args[1]); i++ {
			b[i] = byte(i * 7919 >> 3)
		}
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[3]), b, 0o600))
}

// flip FILE TEXT changes the last letter of the first TEXT in FILE.
func flip(ts *testscript.TestScript, neg bool, args []string) {
	name := ts.MkAbs(args[0])
	b, err := os.ReadFile(name)
	ts.Check(err)
	for i := 0; i+len(args[1]) <= len(b); i++ {
		if string(b[i:i+len(args[1])]) == args[1] {
			b[i+len(args[1])-1] ^= 1
			ts.Check(os.WriteFile(name, b, 0o600))
			return
		}
	}
	ts.Fatalf("%s does not hold %q", args[0], args[1])
}
