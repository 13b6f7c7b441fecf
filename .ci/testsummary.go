// Command testsummary reads the events of `go test -json`. With -print it
// copies standard input's to standard output as go test itself would print
// them without -v, as they come; without, it counts those of the files named,
// and says why tests were skipped, so that a skip is never taken for a pass.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"sort"
	"strings"
)

// event is one line of go test -json (go doc test2json, go doc buildjson).
type event struct {
	Action, Package, Test, Output string
}

func main() {
	printing := flag.Bool("print", false, "print go test's own lines from standard input")
	flag.Parse()
	if *printing {
		printLines(os.Stdin, os.Stdout)
		return
	}
	c := counts{skipped: map[string][]string{}, output: map[string][]string{}}
	for _, name := range flag.Args() {
		f, err := os.Open(name)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		each(f, c.add)
		f.Close()
	}
	if !c.print(os.Stdout) {
		os.Exit(1)
	}
}

func each(r io.Reader, do func(event)) {
	in := bufio.NewScanner(r)
	in.Buffer(nil, 64<<20)
	for in.Scan() {
		var e event
		if json.Unmarshal(in.Bytes(), &e) != nil {
			e = event{Action: "output", Output: in.Text() + "\n"}
		}
		do(e)
	}
}

// printLines holds a test's lines back until it ends, and drops those of
// tests that passed.
func printLines(r io.Reader, w io.Writer) {
	held := map[string][]string{}
	each(r, func(e event) {
		key := e.Package + " " + e.Test
		switch {
		case e.Action == "output" && e.Test == "" && e.Output == "PASS\n":
		case e.Action == "build-output", e.Action == "output" && e.Test == "":
			io.WriteString(w, e.Output)
		case e.Action == "output":
			held[key] = append(held[key], e.Output)
		case e.Action == "fail" && e.Test != "":
			io.WriteString(w, strings.Join(held[key], ""))
			delete(held, key)
		case e.Action == "pass" || e.Action == "skip":
			delete(held, key)
		}
	})
	for _, lines := range held { // a package that died in the middle of a test
		io.WriteString(w, strings.Join(lines, ""))
	}
}

type counts struct {
	passed, failed, packages int
	failures                 []string
	skipped                  map[string][]string // why → tests
	output                   map[string][]string // test → its lines
}

func (c *counts) add(e event) {
	name := e.Package + " " + e.Test
	switch e.Action {
	case "output":
		c.output[name] = append(c.output[name], e.Output)
		return
	case "pass":
		if e.Test == "" {
			c.packages++
		} else {
			c.passed++
		}
	case "fail":
		c.failures = append(c.failures, strings.TrimSpace(name))
		c.failed++
	case "skip":
		if e.Test != "" {
			why := reason(c.output[name])
			c.skipped[why] = append(c.skipped[why], name)
		}
	}
	delete(c.output, name)
}

// reason is what the test gave t.Skip, without its file and line.
func reason(lines []string) string {
	for _, l := range lines {
		l = strings.TrimSpace(l)
		if _, msg, ok := strings.Cut(l, ".go:"); ok {
			if _, msg, _ = strings.Cut(msg, ": "); msg != "" {
				return msg
			}
		}
	}
	return "no reason given"
}

// print writes the summary and tells whether all went well.
func (c *counts) print(w io.Writer) bool {
	skipped := 0
	var whys []string
	for why, tests := range c.skipped {
		skipped += len(tests)
		whys = append(whys, why)
	}
	sort.Strings(whys)
	fmt.Fprintf(w, "\n%d tests passed in %d packages, %d failed, %d skipped\n", c.passed, c.packages, c.failed, skipped)
	for _, why := range whys {
		fmt.Fprintf(w, "  skipped %d: %s\n", len(c.skipped[why]), why)
	}
	for _, f := range c.failures {
		fmt.Fprintf(w, "  FAILED %s\n", f)
	}
	return c.failed == 0 && c.passed > 0
}
