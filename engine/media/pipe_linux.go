package media

import (
	"os"

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
