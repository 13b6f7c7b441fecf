package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sort"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"posteriori/engine"
	"posteriori/engine/analysis"
	"posteriori/engine/fault"
	"posteriori/engine/report"
	"posteriori/engine/wire"
	"posteriori/models"
)

func newDoctorCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "doctor",
		Short: "Say what is installed, what is missing and how to get it",
		Long: `Say what is installed, in which version, which devices can compute, what is
missing and how to get it. It needs no store and changes nothing. The exit
status is 6 when something is missing that the engine cannot do without.

With --store given on the command line it also looks through that store as a
whole, which may be in use: keys and who may read them, journals, the files that
only acts change, each index (the file, its references, and what it says against
the journal), the originals' presence, the hashes of derived files, and what
belongs to nothing; and says how to mend what it finds. It names things by
number, never by a path, a plate or a person. That is an act, for magistrates,
controllers, auditors and administrators, and needs a --reason. The exit status
is 5 when something is wrong. (posteriori evidence check hashes originals.)
` + exitStatus,
		Example: `  posteriori doctor
  posteriori doctor --store /srv/posteriori --reason "weekly check"`,
		Args: argsBetween(0, 0),
		RunE: func(c *cobra.Command, _ []string) error { return a.doctor(c.Context(), c.Flags().Changed("store")) },
	}
}

// finding is one line of doctor.
type finding struct {
	Name    string `json:"name"`
	State   string `json:"state"` // ok, missing, absent (can be done without), wrong, remark (works all the same)
	Version string `json:"version,omitempty"`
	Where   string `json:"where,omitempty"`
	Hint    string `json:"hint,omitempty"`
}

// The states of a finding.
const (
	isOK      = "ok"
	isMissing = "missing"
	isAbsent  = "absent"
	isWrong   = "wrong"
	isRemark  = "remark"
)

func (a *app) doctor(ctx context.Context, whole bool) error {
	b := engine.BuildOf()
	list := []finding{{Name: "posteriori", State: isOK, Version: strings.TrimSpace(version + " " + b.Revision),
		Where: runtime.GOOS + "/" + runtime.GOARCH + ", " + runtime.Version()}}
	for _, name := range []string{"ffmpeg", "ffprobe"} {
		list = append(list, lookAtProgram(ctx, name))
	}
	list = append(list, lookAtWorker(ctx)...)
	dir, err := a.storeDir()
	if err != nil {
		list = append(list, finding{Name: "store", State: isAbsent, Hint: "name one with --store"})
	} else {
		list = append(list, lookAtStore(dir)...)
	}
	var sick []finding
	if whole {
		if sick, err = a.lookThrough(ctx, dir); err != nil {
			return err
		}
		list = append(list, sick...)
	}
	if err := a.print(list, func(w io.Writer) error { return printFindings(w, list) }); err != nil {
		return err
	}
	if n := len(wrongOnes(sick)); n > 0 {
		return fault.New(fault.Integrity, "%d things are wrong in the store", n).WithHint("the list says how to mend each")
	}
	var missing []string
	for _, f := range list {
		if f.State == isMissing || f.State == isWrong {
			missing = append(missing, f.Name)
		}
	}
	if len(missing) > 0 {
		return fault.New(fault.Missing, "not in order: %s", strings.Join(missing, ", ")).WithHint("see the list")
	}
	return nil
}

func lookAtProgram(ctx context.Context, name string) finding {
	f := finding{Name: name, State: isMissing, Hint: "install it: apt-get install ffmpeg"}
	path, err := exec.LookPath(name)
	if err != nil {
		return f
	}
	f.Where = path
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, path, "-version").Output()
	words := strings.Fields(string(out))
	if err != nil || len(words) < 3 {
		f.State, f.Hint = isWrong, "it does not run: "+path+" -version"
		return f
	}
	f.State, f.Version, f.Hint = isOK, words[2], ""
	return f
}

// lookAtWorker asks the worker what it is and what it would compute with.
func lookAtWorker(ctx context.Context) []finding {
	w, err := analysis.FindWorker()
	if err != nil {
		return []finding{{Name: "posteriori-worker", State: isMissing, Where: w.Path, Hint: hintOf(err)}}
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	hello, err := w.Describe(ctx, wire.Engine{Device: "auto", Threads: 1, ORTPath: w.Library("auto")})
	if err != nil {
		return []finding{{Name: "posteriori-worker", State: isWrong, Where: w.Path, Version: err.Error(), Hint: hintOf(err)}}
	}
	list := []finding{
		{Name: "posteriori-worker", State: isOK, Version: strings.Split(hello.Build, " sha256:")[0], Where: w.Path},
		lookAtSandbox(hello.Sandbox),
		{Name: "device", State: isOK, Version: hello.Device},
	}
	var names []string
	for name := range hello.Versions {
		if name != "ffmpeg" {
			names = append(names, name)
		}
	}
	sort.Strings(names)
	for _, name := range names {
		list = append(list, finding{Name: name, State: isOK, Version: hello.Versions[name]})
	}
	ort := finding{Name: "onnxruntime library", State: isOK, Where: w.ORTPath}
	if w.ORTPath == "" {
		ort.State = isAbsent
		ort.Hint = "run make build, or name it with $POSTERIORI_ONNXRUNTIME; without it the engine goes by motion alone"
	}
	return append(list, ort)
}

// lookAtSandbox says plainly which protections the worker goes without. It works
// without them: a system that has none is no reason not to.
func lookAtSandbox(said string) finding {
	f := finding{Name: "sandbox", State: isOK, Version: said}
	if lacks := report.NotConfined(said); len(lacks) > 0 {
		f.State = isAbsent
		f.Hint = "not in force on this machine: " + strings.Join(lacks, "; ") + ". The worker runs without and the report says so; allow Landlock, seccomp and network namespaces to it, or run its container with --network none"
	}
	return f
}

// hintOf is what an error tells its reader to do.
func hintOf(err error) string {
	var f *fault.Error
	if errors.As(err, &f) {
		return f.Hint
	}
	return ""
}

// lookAtStore says whether the store can be used, and which models are in it.
func lookAtStore(dir string) []finding {
	s, err := engine.Open(dir)
	if err != nil {
		f := finding{Name: "store", State: isWrong, Where: dir, Version: err.Error(), Hint: hintOf(err)}
		if fault.KindOf(err) == fault.NotFound {
			f.State, f.Version = isAbsent, ""
		}
		return []finding{f}
	}
	f := finding{Name: "store", State: isOK, Where: dir, Version: strings.TrimSpace(s.Mark() + " " + freeSpace(dir))}
	if err := writable(dir); err != nil {
		f.State, f.Hint = isWrong, "let this account write there: "+err.Error()
	}
	return append([]finding{f}, lookAtModels(s.ModelsDir())...)
}

func writable(dir string) error {
	f, err := os.CreateTemp(filepath.Join(dir, "tmp"), "doctor-*")
	if err != nil {
		return err
	}
	f.Close()
	return os.Remove(f.Name())
}

func freeSpace(dir string) string {
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		return ""
	}
	return fmt.Sprintf("%.1f GB free", float64(s.Bavail)*float64(s.Bsize)/1e9)
}

func lookAtModels(dir string) []finding {
	m, err := models.Load()
	if err != nil {
		return []finding{{Name: "models", State: isWrong, Version: err.Error()}}
	}
	var list []finding
	for _, s := range m.Verify(dir) {
		f := finding{Name: "model " + s.Model.Name, Where: s.Path, Version: s.Model.SHA256[:12]}
		switch {
		case s.State == models.OK:
			f.State = isOK
		case s.State == models.Wrong:
			f.State, f.Hint = isWrong, "remove it and install it again: posteriori models install"
		case s.Model.Loadable():
			f.State, f.Hint = isAbsent, "posteriori models install --from DIR"
		default:
			continue
		}
		list = append(list, f)
	}
	return list
}

func printFindings(w io.Writer, list []finding) error {
	t := tabwriter.NewWriter(w, 2, 0, 2, ' ', 0)
	for _, f := range list {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", f.Name, f.State, f.Version, f.Where)
		if f.Hint != "" {
			fmt.Fprintf(t, "\thint: %s\n", f.Hint)
		}
	}
	return t.Flush()
}
