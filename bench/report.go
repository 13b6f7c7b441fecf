package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// figure is one measured number with what to hold it against.
type figure struct {
	Name      string  `json:"name"`
	Value     float64 `json:"value"`
	Unit      string  `json:"unit,omitempty"`
	Reference string  `json:"reference,omitempty"` // the figure of others, or the goal
	Source    string  `json:"source,omitempty"`    // where the reference is from
	Note      string  `json:"note,omitempty"`
}

// report is what one suite measured, and under which conditions.
type report struct {
	Suite   string   `json:"suite"`
	Date    string   `json:"date"` // UTC
	Machine string   `json:"machine"`
	Commit  string   `json:"commit"`
	Command string   `json:"command"`
	Figures []figure `json:"figures"`
	Lacks   string   `json:"lacks,omitempty"` // why figures are missing
}

func newReport(suite string, e *env, figures []figure) report {
	command := "make bench SUITE=" + suite
	if e.full {
		command += " FULL=1"
	}
	return report{
		Suite: suite, Date: time.Now().UTC().Format("2006-01-02 15:04 UTC"), Machine: machine(),
		Commit: commit(e.root), Command: command, Figures: figures,
	}
}

// machine describes the hardware without naming the host.
func machine() string {
	model := runtime.GOARCH
	if f, err := os.Open("/proc/cpuinfo"); err == nil {
		defer f.Close()
		for in := bufio.NewScanner(f); in.Scan(); {
			if key, value, ok := strings.Cut(in.Text(), ":"); ok && strings.TrimSpace(key) == "model name" {
				model = strings.TrimSpace(value)
				break
			}
		}
	}
	return fmt.Sprintf("%d × %s, %s", runtime.NumCPU(), model, runtime.GOOS)
}

// commit names the state of the sources; "+" marks changes that it has not, but
// for what bench itself writes.
func commit(root string) string {
	git := func(args ...string) (string, error) {
		out, err := exec.Command("git", append([]string{"-C", root}, args...)...).Output()
		return strings.TrimSpace(string(out)), err
	}
	id, err := git("rev-parse", "--short=12", "HEAD")
	if err != nil {
		return "unknown"
	}
	if changed, err := git("status", "--porcelain", "--untracked-files=no", "--", ".",
		":!bench/"+tallyName, ":!bench/results.json", ":!bench/*.md"); err == nil && changed != "" {
		id += "+"
	}
	return id
}

// text prints a value with as many places as it deserves.
func (f figure) text() string {
	places := 3
	switch {
	case f.Value == float64(int64(f.Value)):
		places = 0
	case f.Value >= 100 || f.Unit == "%":
		places = 1
	case f.Value >= 10:
		places = 2
	}
	s := fmt.Sprintf("%.*f", places, f.Value)
	if f.Unit != "" {
		s += " " + f.Unit
	}
	return s
}

func printTable(w io.Writer, reports []report) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, r := range reports {
		if r.Lacks != "" {
			fmt.Fprintf(t, "\n%s: %s\n", strings.ToUpper(r.Suite), r.Lacks)
		}
		if len(r.Figures) == 0 {
			continue
		}
		fmt.Fprintf(t, "\n%s\tvalue\treference\tsource\tconditions\n", strings.ToUpper(r.Suite))
		for _, f := range r.Figures {
			fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", f.Name, f.text(), f.Reference, f.Source, f.Note)
		}
	}
	t.Flush()
}

// updateResults puts the reports that lack nothing into DIR/results.json, each
// in the place of its suite's last, and rewrites DIR/RESULTS.md from all that
// are there.
func updateResults(dir string, reports []report) error {
	file := filepath.Join(dir, "results.json")
	var all []report
	raw, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(raw, &all)
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("%s: %w", file, err)
	}
	for _, r := range reports {
		if r.Lacks != "" {
			continue
		}
		i := slices.IndexFunc(all, func(o report) bool { return o.Suite == r.Suite })
		if i < 0 {
			all = append(all, r)
		} else {
			all[i] = r
		}
	}
	slices.SortFunc(all, func(a, b report) int { return order(a.Suite) - order(b.Suite) })
	if err := writeJSON(file, all); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "RESULTS.md"), []byte(markdown(all)), 0o644)
}

func order(suite string) int { return slices.Index(suiteNames(), suite) }

func markdown(all []report) string {
	var b strings.Builder
	b.WriteString("# Results\n\nWritten by `make bench`; do not edit. Each suite keeps its last run.\n")
	cell := strings.NewReplacer("|", "\\|", "\n", " ")
	for _, r := range all {
		fmt.Fprintf(&b, "\n## %s\n\n%s, %s, commit %s, `%s`\n\n", r.Suite, r.Date, r.Machine, r.Commit, r.Command)
		b.WriteString("| figure | value | reference | source of the reference | conditions |\n|---|---|---|---|---|\n")
		for _, f := range r.Figures {
			fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", cell.Replace(f.Name), f.text(),
				cell.Replace(f.Reference), cell.Replace(f.Source), cell.Replace(f.Note))
		}
	}
	return b.String()
}
