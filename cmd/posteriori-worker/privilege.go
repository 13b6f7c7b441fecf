package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
	"kernel.org/pub/linux/libs/security/libcap/psx"

	"posteriori/engine/wire"
)

// nobody is the account without rights that root's worker becomes (the
// kernel's overflow account, and every distribution's "nobody").
const nobody = 65534

// limits bounds what a job may take: no core file (it would hold pictures), no
// file written but by a job that makes one, and only so many processes, so much
// memory and so much CPU time, each process of the job. The GPU's driver maps more
// than any bound of memory.
func limits(job wire.Job, writes, gpu bool) (string, error) {
	tasks := uint64(len(tasksOf(os.Getuid())) + unseenTasks() + 128 + 48*runtime.NumCPU())
	memory, cpu := memoryLimit(job), cpuLimit(job)
	set := map[int]uint64{unix.RLIMIT_CORE: 0, unix.RLIMIT_NPROC: tasks, unix.RLIMIT_FSIZE: 0, unix.RLIMIT_CPU: uint64(cpu.Seconds())}
	if writes {
		set[unix.RLIMIT_FSIZE] = 1 << 40
	}
	said := fmt.Sprintf("at most %d processes, %d min of CPU time each", tasks, int(cpu.Minutes()))
	if !gpu {
		set[unix.RLIMIT_AS], set[unix.RLIMIT_DATA] = 64<<30, memory
		said += fmt.Sprintf(", %d MiB of memory each", memory>>20)
	}
	for which, n := range set {
		var now unix.Rlimit
		if err := unix.Getrlimit(which, &now); err != nil {
			return "", err
		}
		n = min(n, now.Max)
		if err := unix.Setrlimit(which, &unix.Rlimit{Cur: n, Max: n}); err != nil {
			return "", err
		}
	}
	return said, nil
}

// memoryLimit is how much one process of a job may hold in memory of its own:
// half of the machine's, at least 2 GiB (4K takes a fifth of one) and at most 12,
// which 8K in ten bits on many cores may need. To look what a file is takes less:
// ffprobe took six for a stream of a million empty units.
func memoryLimit(job wire.Job) uint64 {
	n := uint64(2 << 30)
	var info unix.Sysinfo_t
	if unix.Sysinfo(&info) == nil {
		n = min(max(uint64(info.Totalram)*uint64(info.Unit)/2, n), 12<<30)
	}
	if job.Probe != nil {
		n = min(n, 3<<30)
	}
	return n
}

// cpuLimit is how long one process of a job may compute, all its threads taken
// together: far more than honest work takes, so that a hostile file that always
// gets on a little does not go on for ever.
func cpuLimit(job wire.Job) time.Duration {
	const base, perMedia, perMiB = time.Hour, 240, time.Second
	media := int64(0) // µs
	switch {
	case job.Analyse != nil:
		for _, c := range job.Analyse.Chunks {
			media += max(0, c.EndUS-c.StartUS)
		}
	case job.Triage != nil:
		media = job.Triage.Probe.DurationUS
	case job.Render != nil, job.Clip != nil:
		return 24 * time.Hour // a film of any length: what a person asked for
	}
	media = min(max(media, 0), (30 * 24 * time.Hour).Microseconds())
	size := int64(0)
	if info, err := os.Stat(job.Path); err == nil && job.Path != "" {
		size = info.Size()
	}
	return base + perMedia*time.Duration(media)*time.Microsecond + perMiB*time.Duration(min(size>>20, 1<<24))
}

// tasksOf lists the threads of an account's processes, which count towards its
// limit together.
func tasksOf(uid int) []string {
	var out []string
	procs, _ := filepath.Glob("/proc/[0-9]*")
	for _, p := range procs {
		var st syscall.Stat_t
		if syscall.Stat(p, &st) == nil && int(st.Uid) == uid {
			threads, _ := filepath.Glob(p + "/task/*")
			out = append(out, threads...)
		}
	}
	return out
}

// unseenTasks allows for processes of the account that count towards its limit
// and cannot be seen: those of other containers, which a PID namespace hides
// and a user namespace of the worker's own does not count.
func unseenTasks() int {
	const initial = "pid:[4026531836]" // the machine's own: PROC_PID_INIT_INO of the kernel's proc_ns.h
	ns, err := os.Readlink("/proc/self/ns/pid")
	if err != nil || ns == initial || ownUser() {
		return 0
	}
	return 4096 + 512*runtime.NumCPU()
}

// unprivileged makes the process, all its threads and what it starts, nobody
// in particular: without any capability, now or later. Root becomes the
// account nobody and keeps one right, to read the job's files whoever owns
// them (Landlock says which those are); a job that writes stays root by name,
// as its folder is root's, but without root's rights. It returns what holds,
// in words.
func unprivileged(writes bool) (string, error) {
	if err := every(unix.SYS_PRCTL, unix.PR_SET_NO_NEW_PRIVS, 1, 0); err != nil {
		return "", err
	}
	var keep uint64
	root := os.Geteuid() == 0 && initialUser()
	if root && holdsCap(unix.CAP_DAC_READ_SEARCH) {
		keep = 1 << unix.CAP_DAC_READ_SEARCH
	}
	for c := 0; c <= lastCap(); c++ {
		if keep>>c&1 == 0 { // fails without CAP_SETPCAP, where there is nothing to lose
			_ = every(unix.SYS_PRCTL, unix.PR_CAPBSET_DROP, uintptr(c), 0)
		}
	}
	who := ""
	if root && !writes {
		if err := becomeNobody(); err == nil {
			who = "as nobody, "
		}
	}
	if err := setCaps(keep); err != nil {
		return "", err
	}
	if keep != 0 { // FFmpeg, an ordinary program, needs it handed on
		if err := every(unix.SYS_PRCTL, unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_RAISE, unix.CAP_DAC_READ_SEARCH); err != nil {
			return "", err
		}
		return who + "no capability but to read the job's files", nil
	}
	return who + "no capability", nil
}

// becomeNobody changes the account of all threads and keeps the capabilities
// until they are set.
func becomeNobody() error {
	if err := every(unix.SYS_PRCTL, unix.PR_SET_KEEPCAPS, 1, 0); err != nil {
		return err
	}
	if err := syscall.Setgroups(nil); err != nil {
		return err
	}
	if err := syscall.Setresgid(nobody, nobody, nobody); err != nil {
		return err
	}
	return syscall.Setresuid(nobody, nobody, nobody)
}

// every makes a system call in every thread of the process.
func every(call uintptr, a, b, c uintptr) error {
	if _, _, errno := psx.Syscall6(call, a, b, c, 0, 0, 0); errno != 0 {
		return errno
	}
	return nil
}

// setCaps leaves the capabilities in keep, as permitted, effective and
// inheritable.
func setCaps(keep uint64) error {
	lo, hi := uint32(keep), uint32(keep>>32)
	capHeader = unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	capData = [2]unix.CapUserData{{Effective: lo, Permitted: lo, Inheritable: lo}, {Effective: hi, Permitted: hi, Inheritable: hi}}
	return every(unix.SYS_CAPSET, uintptr(unsafe.Pointer(&capHeader)), uintptr(unsafe.Pointer(&capData)), 0)
}

// What setCaps gives to all threads: globals, which do not move meanwhile.
var (
	capHeader unix.CapUserHeader
	capData   [2]unix.CapUserData
)

func holdsCap(c uint) bool {
	h := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var d [2]unix.CapUserData
	return unix.Capget(&h, &d[0]) == nil && d[c/32].Permitted>>(c%32)&1 == 1
}

// lastCap is the highest capability that this kernel knows.
func lastCap() int {
	n := 40
	if b, err := os.ReadFile("/proc/sys/kernel/cap_last_cap"); err == nil {
		_, _ = fmt.Sscan(string(b), &n)
	}
	return min(n, 63)
}

// initialUser tells whether the machine's own account numbers are in force: in
// a user namespace with one account there is no nobody to become.
func initialUser() bool {
	b, err := os.ReadFile("/proc/self/uid_map")
	f := strings.Fields(string(b))
	var size uint64
	if err == nil && len(f) >= 3 {
		_, _ = fmt.Sscan(f[2], &size)
	}
	return size > nobody
}

// ownUser tells whether this process is in a user namespace that was made for
// it, with one account.
func ownUser() bool {
	b, err := os.ReadFile("/proc/self/uid_map")
	f := strings.Fields(string(b))
	return err == nil && len(f) == 3 && f[2] == "1"
}
