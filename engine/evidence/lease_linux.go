package evidence

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// beingWritten says whether any process has f's file open for writing. The
// kernel grants a read lease only on a file without writers (fcntl(2),
// F_SETLEASE); asking is enough, so it is given back at once. Where it cannot
// tell (another's file without CAP_LEASE, a network file system), it says no,
// and the look at size and time before and after must do.
func beingWritten(f *os.File) bool {
	_, err := unix.FcntlInt(f.Fd(), unix.F_SETLEASE, unix.F_RDLCK)
	if err == nil {
		_, _ = unix.FcntlInt(f.Fd(), unix.F_SETLEASE, unix.F_UNLCK)
		return false
	}
	return errors.Is(err, unix.EAGAIN)
}
