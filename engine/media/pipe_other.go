//go:build !linux

package media

import (
	"os"
	"syscall"
)

func widenPipe(*os.File, int) {}

func dieWithParent(*syscall.SysProcAttr) {}
