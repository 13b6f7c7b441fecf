package main

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// mog2Loop reads a file with OpenCV and keeps nothing but a count: the least
// that a program written around OpenCV does.
//
//go:embed peers/mog2.py
var mog2Loop string

// peer is another program that looks for motion.
type peer struct {
	name string
	what string
	cmd  func(ctx context.Context, python, clip string) *exec.Cmd
}

// peers are measured where -peers names a Python environment that has them;
// nothing is installed by the benchmark.
var peers = []peer{
	{"DVR-Scan, MOG2", "its default; motion in the whole picture, no objects", dvrScan("MOG2")},
	{"DVR-Scan, CNT", "its quickest; motion in the whole picture, no objects", dvrScan("CNT")},
	{"OpenCV loop, MOG2", "VideoCapture and createBackgroundSubtractorMOG2, nothing else", func(ctx context.Context, python, clip string) *exec.Cmd {
		return exec.CommandContext(ctx, python, "-c", mog2Loop, clip)
	}},
}

func dvrScan(method string) func(context.Context, string, string) *exec.Cmd {
	return func(ctx context.Context, python, clip string) *exec.Cmd {
		return exec.CommandContext(ctx, filepath.Join(filepath.Dir(python), "dvr-scan"), "-i", clip, "-so", "-b", method, "-q")
	}
}

// peerPython is the interpreter of the environment that -peers names.
func (e *env) peerPython() (string, error) {
	python := filepath.Join(e.peers, "bin", "python")
	if _, err := os.Stat(python); err != nil {
		return "", fmt.Errorf("-peers %s holds no Python environment: %w", e.peers, err)
	}
	return python, nil
}
