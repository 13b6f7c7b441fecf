package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// treeRSS is the resident memory of a process and all below it, in bytes, as
// Linux's /proc has it. A process that ends meanwhile counts nothing.
func treeRSS(root int) int64 {
	children := map[int][]int{}
	resident := map[int]int64{}
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
		parent, pages, err := parseStat(string(raw))
		if err != nil {
			continue
		}
		children[parent] = append(children[parent], pid)
		resident[pid] = pages * int64(os.Getpagesize())
	}
	var sum int64
	queue := []int{root}
	for len(queue) > 0 {
		pid := queue[0]
		queue = append(queue[1:], children[pid]...)
		sum += resident[pid]
	}
	return sum
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
