package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
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
			if cond == "worker" {
				_, err := os.Stat(worker)
				return err == nil, nil
			}
			return false, errors.New("unknown condition " + cond)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": exits, "flip": flip, "fillindex": fillIndex},
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
