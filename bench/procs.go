package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// process is what /proc/PID/stat says of one.
type process struct {
	pid   int
	name  string
	pages int64 // resident
}

// tree lists a process and all below it, as Linux's /proc has them. One that
// ends meanwhile is left out.
func tree(root int) (out []process) {
	children, all := map[int][]int{}, map[int]process{}
	dirs, _ := filepath.Glob("/proc/[0-9]*")
	for _, d := range dirs {
		pid, err := strconv.Atoi(filepath.Base(d))
		if err != nil {
			continue
		}
		raw, err := os.ReadFile(filepath.Join(d, "stat"))
		if err != nil {
			continue
		}
		line := string(raw)
		parent, pages, err := parseStat(line)
		if err != nil {
			continue
		}
		children[parent] = append(children[parent], pid)
		all[pid] = process{pid, line[strings.IndexByte(line, '(')+1 : strings.LastIndexByte(line, ')')], pages}
	}
	for queue := []int{root}; len(queue) > 0; {
		pid := queue[0]
		queue = append(queue[1:], children[pid]...)
		if p, ok := all[pid]; ok {
			out = append(out, p)
		}
	}
	return out
}

// treeRSS is the resident memory of a process and all below it, in bytes.
func treeRSS(root int) (sum int64) {
	for _, p := range tree(root) {
		sum += p.pages * int64(os.Getpagesize())
	}
	return sum
}

// below lists the processes of that name in the tree under root, root included.
func below(root int, name string) (pids []int) {
	for _, p := range tree(root) {
		if p.name == name {
			pids = append(pids, p.pid)
		}
	}
	return pids
}

// parseStat takes the parent's number and the resident pages out of a line of
// /proc/PID/stat (proc(5), fields 4 and 24). The second field is the program's
// name in brackets and may hold anything.
func parseStat(line string) (parent int, pages int64, err error) {
	end := strings.LastIndexByte(line, ')')
	if end < 0 {
		return 0, 0, fmt.Errorf("no name in %q", line)
	}
	fields := strings.Fields(line[end+1:])
	if len(fields) < 22 {
		return 0, 0, fmt.Errorf("%d fields after the name", len(fields))
	}
	if parent, err = strconv.Atoi(fields[1]); err != nil {
		return 0, 0, err
	}
	pages, err = strconv.ParseInt(fields[21], 10, 64)
	return parent, pages, err
}
