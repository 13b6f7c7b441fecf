package main

import (
	"fmt"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Program of the classic BPF that seccomp runs for every system call
// (seccomp(2)): the data is struct seccomp_data, whose number stands at 0, the
// architecture at 4 and the first argument at 16.
const (
	atNumber = 0
	atArch   = 4
	atArg0   = 16
)

// denied are the system calls that no decoder needs and an intruder would:
// into other processes, other namespaces, the kernel, mounts and keys. They
// fail with EPERM.
var denied = []uint32{
	unix.SYS_PTRACE, unix.SYS_PROCESS_VM_READV, unix.SYS_PROCESS_VM_WRITEV, unix.SYS_KCMP, unix.SYS_PIDFD_GETFD,
	unix.SYS_UNSHARE, unix.SYS_SETNS, unix.SYS_MOUNT, unix.SYS_UMOUNT2, unix.SYS_PIVOT_ROOT, unix.SYS_CHROOT,
	unix.SYS_OPEN_TREE, unix.SYS_MOVE_MOUNT, unix.SYS_FSOPEN, unix.SYS_FSMOUNT, unix.SYS_OPEN_BY_HANDLE_AT,
	unix.SYS_BPF, unix.SYS_PERF_EVENT_OPEN, unix.SYS_USERFAULTFD, unix.SYS_IO_URING_SETUP,
	unix.SYS_INIT_MODULE, unix.SYS_FINIT_MODULE, unix.SYS_DELETE_MODULE, unix.SYS_KEXEC_LOAD, unix.SYS_REBOOT,
	unix.SYS_ADD_KEY, unix.SYS_REQUEST_KEY, unix.SYS_KEYCTL, unix.SYS_SWAPON, unix.SYS_SWAPOFF, unix.SYS_ACCT,
	unix.SYS_SETTIMEOFDAY, unix.SYS_CLOCK_SETTIME, unix.SYS_SYSLOG, unix.SYS_QUOTACTL,
}

var arches = map[string]uint32{"amd64": unix.AUDIT_ARCH_X86_64, "arm64": unix.AUDIT_ARCH_AARCH64}

// filterCalls denies this process and its children the calls above, and all
// sockets; with a GPU, sockets but those of this machine, over which its
// driver speaks to its services.
func filterCalls(gpu bool) (string, error) {
	arch, ok := arches[runtime.GOARCH]
	if !ok {
		return "", fmt.Errorf("no filter for %s", runtime.GOARCH)
	}
	prog := program(arch, gpu)
	fprog := &unix.SockFprog{Len: uint16(len(prog)), Filter: &prog[0]}
	const setModeFilter, flagTSync = 1, 1 // SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC: all threads
	_, _, errno := unix.Syscall(unix.SYS_SECCOMP, setModeFilter, flagTSync, uintptr(unsafe.Pointer(fprog)))
	runtime.KeepAlive(prog)
	if errno != 0 {
		return "", errno
	}
	if gpu {
		return "system calls by seccomp, no sockets but local ones", nil
	}
	return "system calls by seccomp, no sockets", nil
}

func program(arch uint32, gpu bool) []unix.SockFilter {
	load := func(at uint32) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: at}
	}
	equal := func(k uint32, yes, no uint8) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, Jt: yes, Jf: no, K: k}
	}
	end := func(k uint32) unix.SockFilter { return unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: k} }
	const allow, kill, deny = 0x7fff0000, 0x80000000, 0x00050000 | uint32(unix.EPERM)
	p := []unix.SockFilter{load(atArch), equal(arch, 1, 0), end(kill), load(atNumber)}
	if arch == unix.AUDIT_ARCH_X86_64 { // the x32 calls are others by the same numbers
		p = append(p, unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JGE | unix.BPF_K, Jf: 1, K: 0x40000000}, end(deny))
	}
	for _, n := range denied {
		p = append(p, equal(n, 0, 1), end(deny))
	}
	if gpu {
		p = append(p, equal(unix.SYS_SOCKET, 0, 4), load(atArg0), equal(unix.AF_UNIX, 0, 1), end(allow), end(deny))
	} else {
		p = append(p, equal(unix.SYS_SOCKET, 0, 1), end(deny))
	}
	return append(p, end(allow))
}
