package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/landlock-lsm/go-landlock/landlock"
	ll "github.com/landlock-lsm/go-landlock/landlock/syscall"

	"posteriori/engine/fault"
	"posteriori/engine/wire"
)

// confine takes away from this process and its children (FFmpeg) all that the
// job does not need, as far as the kernel can: files by Landlock, rights,
// numbers of processes, system calls. It returns what holds the process in, in
// words.
func confine(job wire.Job) (string, error) {
	gpus, _ := filepath.Glob("/dev/nvidia*")
	files, dirs := needs(job)
	writes := len(dirs) > 0 || os.Getenv("POSTERIORI_PROFILE") != ""
	hold := []string{networkHolds()}
	// Limits count the account's processes, so they follow the change of it;
	// Landlock comes before it, while the job's files can be named.
	if err := landlock.V6.BestEffort().RestrictPaths(rules(files, dirs, gpus)...); err != nil {
		return "", fault.Wrap(fault.Internal, err, "the sandbox cannot be set up")
	}
	for _, step := range []func() (string, error){
		func() (string, error) { return unprivileged(writes) },
		func() (string, error) { return limits(job, writes, len(gpus) > 0) },
		func() (string, error) { return filterCalls(len(gpus) > 0) },
	} {
		what, err := step()
		if err != nil {
			what = fmt.Sprintf("not in force: %v", err)
		}
		hold = append(hold, what)
	}
	return strings.Join(append([]string{filesHold()}, hold...), ", "), nil
}

// needs lists the files that the job reads and the folders it writes to.
func needs(job wire.Job) (files, dirs []string) {
	if job.Path != "" {
		files = append(files, job.Path)
	}
	engines := func(e wire.Engine) {
		for _, m := range e.Models {
			files = append(files, m.Path)
		}
		files = append(files, libraries(e.ORTPath)...)
	}
	switch {
	case job.Describe != nil:
		engines(job.Describe.Engine)
	case job.Analyse != nil:
		engines(job.Analyse.Engine)
	case job.Triage != nil:
		engines(job.Triage.Engine)
	case job.Render != nil:
		for _, s := range job.Render.Sources {
			files = append(files, s.Path)
		}
		dirs = append(dirs, filepath.Dir(job.Render.Out), job.Render.Scratch)
	case job.Clip != nil:
		dirs = append(dirs, filepath.Dir(job.Clip.Out))
	}
	return files, dirs
}

// rules are the files that a job and the programs it needs may use.
func rules(files, dirs, gpus []string) []landlock.Rule {
	rules := []landlock.Rule{
		landlock.RODirs("/usr", "/lib", "/lib64", "/etc", "/proc", "/sys").IgnoreIfMissing(),
		landlock.RODirs(loaderDirs()...).IgnoreIfMissing(),
		landlock.RWFiles("/dev/null").IgnoreIfMissing(),
		// Not all of /dev: root could read disks there.
		landlock.ROFiles("/dev/zero", "/dev/random", "/dev/urandom").IgnoreIfMissing(),
	}
	for _, n := range []string{"ffmpeg", "ffprobe"} {
		if p, err := exec.LookPath(n); err == nil {
			rules = append(rules, landlock.RODirs(filepath.Dir(p)))
		}
	}
	if len(gpus) > 0 {
		rules = append(rules, landlock.RWFiles(gpus...).WithIoctlDev())
	}
	for _, f := range files {
		st, err := os.Stat(f)
		switch {
		case err != nil: // whoever opens it says so better
		case st.IsDir():
			rules = append(rules, landlock.RODirs(f))
		default:
			rules = append(rules, landlock.ROFiles(f))
		}
	}
	for _, d := range dirs {
		if d != "" {
			rules = append(rules, landlock.RWDirs(d).IgnoreIfMissing())
		}
	}
	if p := os.Getenv("POSTERIORI_PROFILE"); p != "" {
		rules = append(rules, landlock.RWDirs(filepath.Dir(p)))
	}
	return rules
}

// libraries are the shared libraries beside ONNX Runtime's, which loads more
// of them as it needs them. Not their folder: it may hold anything.
func libraries(ort string) []string {
	if ort == "" {
		return nil
	}
	dirs := []string{filepath.Dir(ort)}
	if real, err := filepath.EvalSymlinks(ort); err == nil {
		dirs = append(dirs, filepath.Dir(real))
	}
	out := []string{ort}
	for _, d := range dirs {
		entries, err := os.ReadDir(d)
		if err != nil {
			continue // whoever opens it says so better
		}
		for _, e := range entries {
			if strings.HasSuffix(e.Name(), ".so") || strings.Contains(e.Name(), ".so.") {
				out = append(out, filepath.Join(d, e.Name()))
			}
		}
	}
	return out
}

// loaderDirs are the folders where the dynamic loader looks beside the usual
// ones (ld.so(8)): CUDA is often found so.
func loaderDirs() []string {
	var out []string
	add := func(d string) {
		if d = filepath.Clean(strings.TrimSpace(d)); filepath.IsAbs(d) && d != "/" {
			out = append(out, d)
		}
	}
	for _, d := range filepath.SplitList(os.Getenv("LD_LIBRARY_PATH")) {
		add(d)
	}
	confs, _ := filepath.Glob("/etc/ld.so.conf.d/*.conf")
	for _, c := range append(confs, "/etc/ld.so.conf") {
		b, err := os.ReadFile(c)
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(b)) {
			add(line)
		}
	}
	return out
}

// filesHold says in words what keeps files from the process.
func filesHold() string {
	if v, err := ll.LandlockGetABIVersion(); err == nil && v > 0 {
		return fmt.Sprintf("files by landlock v%d", v)
	}
	return "files not confined (no landlock in this kernel)"
}

// networkHolds says whether a network interface is in reach. It asks over a
// socket, so before those are taken away.
func networkHolds() string {
	ifs, err := net.Interfaces()
	up := slices.DeleteFunc(ifs, func(i net.Interface) bool { return i.Flags&net.FlagUp == 0 })
	switch {
	case err != nil:
	case len(up) == 0:
		return "no network"
	case !slices.ContainsFunc(up, func(i net.Interface) bool { return i.Flags&net.FlagLoopback == 0 }):
		return "no network but loopback" // a container's without a network
	}
	return "network not confined"
}
