package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/landlock-lsm/go-landlock/landlock"
	ll "github.com/landlock-lsm/go-landlock/landlock/syscall"

	"posteriori/engine/fault"
	"posteriori/engine/wire"
)

// confine takes away from this process and its children (FFmpeg) all files
// but those of the job, by Landlock, as far as the kernel can. It returns what
// holds the process in, in words.
func confine(job wire.Job) (string, error) {
	var files []string
	var dirs []string // written to
	if job.Path != "" {
		files = append(files, job.Path)
	}
	engines := func(e wire.Engine) {
		for _, m := range e.Models {
			files = append(files, m.Path)
		}
		if e.ORTPath != "" {
			files = append(files, filepath.Dir(e.ORTPath))
			if real, err := filepath.EvalSymlinks(e.ORTPath); err == nil {
				files = append(files, filepath.Dir(real))
			}
		}
	}
	switch {
	case job.Describe != nil:
		engines(job.Describe.Engine)
	case job.Analyse != nil:
		engines(job.Analyse.Engine)
	case job.Render != nil:
		for _, s := range job.Render.Sources {
			files = append(files, s.Path)
		}
		dirs = append(dirs, filepath.Dir(job.Render.Out), job.Render.Scratch)
	case job.Clip != nil:
		dirs = append(dirs, filepath.Dir(job.Clip.Out))
	}
	rules := []landlock.Rule{
		landlock.RODirs("/usr", "/lib", "/lib64", "/etc", "/proc", "/sys", "/opt").IgnoreIfMissing(),
		landlock.RWFiles("/dev/null").IgnoreIfMissing(),
		landlock.RODirs("/dev").IgnoreIfMissing(),
	}
	for _, n := range []string{"ffmpeg", "ffprobe"} {
		if p, err := exec.LookPath(n); err == nil {
			rules = append(rules, landlock.RODirs(filepath.Dir(p)))
		}
	}
	for _, d := range filepath.SplitList(os.Getenv("LD_LIBRARY_PATH")) {
		rules = append(rules, landlock.RODirs(d).IgnoreIfMissing())
	}
	if gpus, _ := filepath.Glob("/dev/nvidia*"); len(gpus) > 0 {
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
	if err := landlock.V6.BestEffort().RestrictPaths(rules...); err != nil {
		return "", fault.Wrap(fault.Internal, err, "the sandbox cannot be set up")
	}
	return holds(), nil
}

// holds says in words what confines the process.
func holds() string {
	var out []string
	if v, err := ll.LandlockGetABIVersion(); err == nil && v > 0 {
		out = append(out, fmt.Sprintf("files by landlock v%d", v))
	} else {
		out = append(out, "files not confined (no landlock in this kernel)")
	}
	ifs, err := net.Interfaces()
	alone := err == nil
	for _, i := range ifs {
		if i.Flags&net.FlagUp != 0 {
			alone = false
		}
	}
	if alone {
		out = append(out, "no network")
	} else {
		out = append(out, "network not confined")
	}
	return strings.Join(out, ", ")
}
