package analysis

import (
	"errors"
	"os"
	"os/exec"
	"syscall"
)

// start runs the command in a network namespace of its own, where there is
// nothing but a loopback that is down: the process that parses seized files
// can reach nobody. Where the kernel or an administrator forbids namespaces
// it runs without; the worker says so in its hello.
func start(cmd *exec.Cmd) error {
	plain := *cmd.SysProcAttr
	attr := plain
	attr.Cloneflags = syscall.CLONE_NEWNET
	if uid, gid := os.Getuid(), os.Getgid(); uid != 0 {
		attr.Cloneflags |= syscall.CLONE_NEWUSER
		attr.UidMappings = []syscall.SysProcIDMap{{ContainerID: uid, HostID: uid, Size: 1}}
		attr.GidMappings = []syscall.SysProcIDMap{{ContainerID: gid, HostID: gid, Size: 1}}
	}
	cmd.SysProcAttr = &attr
	err := cmd.Start()
	for _, no := range []error{syscall.EPERM, syscall.EINVAL, syscall.ENOSPC, syscall.ENOSYS, syscall.EACCES} {
		if errors.Is(err, no) && cmd.Process == nil {
			cmd.SysProcAttr = &plain
			return cmd.Start()
		}
	}
	return err
}
