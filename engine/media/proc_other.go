//go:build !unix

package media

import (
	"os"
	"os/exec"
)

func ownGroup(*exec.Cmd) {}

func wasKilled(*os.ProcessState) bool { return false }

func killGroup(p *os.Process) error { return p.Kill() }
