package media

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// widenPipe asks for a larger pipe (the default is 64 KiB), so that ffmpeg
// and the reader switch less often. Failure costs speed only.
func widenPipe(f *os.File, size int) {
	c, err := f.SyscallConn()
	if err != nil {
		return
	}
	_ = c.Control(func(fd uintptr) {
		_, _ = unix.FcntlInt(fd, unix.F_SETPIPE_SZ, min(size, 1<<20))
	})
}

// dieWithParent has a process killed when the one that started it dies in a
// way that leaves it no time to see to that itself.
func dieWithParent(a *syscall.SysProcAttr) { a.Pdeathsig = syscall.SIGKILL }
